"""The small Protocol that the results store is written against, once for SQLite and MongoDB."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from lianode.hpc.stores.values import lookup, plain
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

STORE_VERSION = 1
"""Version of the stored documents; raise it together with a function in :mod:`lianode.hpc.stores.upgrade`."""


@dataclass(frozen=True, slots=True)
class CollectionSpec:
    """What a collection holds.

    Attributes
    ----------
    name
        Lower-case letters, digits and ``_``.
    key
        Fields that together are unique, at the top level of every document; text or integers.
    columns
        Fields that hold single values and that queries filter by; SQLite keeps them as columns of their own.
    indexes
        Groups of fields that are indexed together.
    numbers
        Objects whose single numbers are indexed, each by its field, so that ranges are found at once; ``""`` is the
        document itself.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    numbers: tuple[str, ...] = ()

    def fields(self) -> tuple[str, ...]:
        """Return all fields that must hold single values."""
        indexed = (field for group in self.indexes for field in group)
        return tuple(dict.fromkeys((*self.key, *self.columns, *indexed)))


class Collection(Protocol):
    """Documents by key, with one meaning of criteria, sort orders and projections in every store."""

    spec: CollectionSpec

    def put(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """Insert documents, or replace those with the same key; durable when it returns."""
        ...

    def compare_and_set(self, expected_revision: int, document: Mapping[str, Any]) -> bool:
        """Store a document whose ``revision`` is ``expected_revision + 1``, if the stored one is still the expected.

        An expected revision of 0 means that there is none yet. Durable when it returns True.
        """
        ...

    def find(
        self,
        criteria: Mapping[str, Any] | None = None,
        *,
        projection: Iterable[str] | Mapping[str, Any] | None = None,
        sort: Sequence[tuple[str, int]] = (),
        skip: int = 0,
        limit: int = 0,
    ) -> Iterator[dict[str, Any]]:
        """Yield documents; a limit of 0 means all. Ties, and limited queries without ``sort``, go by key."""
        ...

    def find_one(
        self, criteria: Mapping[str, Any] | None = None, *, sort: Sequence[tuple[str, int]] = ()
    ) -> dict[str, Any] | None:
        """Return the first document, or None."""
        ...

    def count(self, criteria: Mapping[str, Any] | None = None, *, limit: int = 0) -> int:
        """Count documents, up to a limit where one is given."""
        ...

    def distinct(self, field: str, criteria: Mapping[str, Any] | None = None) -> list[Any]:
        """Return the different values of a field (elements, of lists) but null, in MongoDB's order of values.

        MongoDB itself counts a missing field as null when it answers from an index, and does not otherwise.
        """
        ...

    def remove(self, criteria: Mapping[str, Any]) -> int:
        """Remove documents and return how many."""
        ...

    def ensure_index(self, fields: Sequence[str]) -> None:
        """Index fields, which then have to hold single values."""
        ...


class Database(Protocol):
    """Several collections in one place, of one version."""

    version: int

    def collection(self, spec: CollectionSpec) -> Collection:
        """Open a collection; make it where it is missing."""
        ...

    def upgrade(
        self, changes: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]], specs: Sequence[CollectionSpec]
    ) -> int:
        """Bring every document to the next version and return that version; safe to repeat after an interruption."""
        ...

    def close(self) -> None:
        """Close what this process holds open."""
        ...


def keyed(spec: CollectionSpec, documents: Iterable[Mapping[str, Any]]) -> dict[tuple[str | int, ...], dict[str, Any]]:
    """Return documents as plain values by their keys; of two with one key, the later.

    Raises
    ------
    InputError
        For a value that cannot be stored, a missing key, and a list or object where single values are indexed.
    """
    result = {}
    singles = [(field, tuple(field.split("."))) for field in spec.fields()]
    for document in documents:
        values = plain(dict(document), spec.name)
        for field, path in singles:
            _require_single(spec, field, values, path)
        result[tuple(values[field] for field in spec.key)] = values
    return result


def _require_single(spec: CollectionSpec, field: str, document: Mapping[str, Any], path: tuple[str, ...]) -> None:
    value: Any = document
    for part in path[:-1]:
        value = value.get(part) if isinstance(value, dict) else None
        if isinstance(value, list):
            break
    else:
        value = lookup(document, path)
    if isinstance(value, list | dict):
        raise InputError("this is indexed, so it holds a single value, not a list or object", f"{spec.name}.{field}")
    if field in spec.key and (not isinstance(value, str | int) or isinstance(value, bool)):
        raise InputError("the key is missing; it has to be text or an integer", f"{spec.name}.{field}")


def check_revision(expected_revision: int, document: Mapping[str, Any]) -> None:
    """Raise ``ValueError`` unless the document carries the revision that follows the expected one."""
    if expected_revision < 0 or document.get("revision") != expected_revision + 1:
        raise ValueError(f"revision {document.get('revision')!r} does not follow {expected_revision}")


def check_range(skip: int, limit: int) -> None:
    """Raise ``InputError`` for a negative ``skip`` or ``limit``."""
    if skip < 0 or limit < 0:
        raise InputError(f"skip and limit are not negative (skip={skip}, limit={limit})")
