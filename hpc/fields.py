"""Which fields the stored property documents have, for questions that find nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.structures.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lianode.hpc.store import ResultsStore


def check_fields(store: ResultsStore, words: Mapping[str, Any]) -> None:
    """Say so where a question finds nothing because no document has the field that it asks for.

    Parameters
    ----------
    store
        That was asked.
    words
        Of :meth:`lianode.hpc.store.ResultsStore.query`.

    Raises
    ------
    InputError
        With the nearest field that there is.
    """
    asked = words.get("property")
    properties = store.property_documents.distinct("property") if asked is None else _list(asked)
    known: dict[str, None] = {}
    for name in properties:
        document = store.property_documents.find_one({"property": name})
        known |= dict.fromkeys(document or ())
    if not known:
        return  # nothing of these properties is stored, which is answer enough
    for field in _fields(words.get("criteria") or {}):
        first = field.split(".")[0]
        if first not in known:
            of = f" of '{' '.join(_list(asked))}'" if asked else ""
            raise InputError(f"no result{of} has the field '{first}'{nearest(first, list(known))}")


def _list(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _fields(criteria: Mapping[str, Any]) -> Iterator[str]:
    for name, value in criteria.items():
        if name in {"$and", "$or"}:
            for part in value:
                yield from _fields(part)
        else:
            yield name
