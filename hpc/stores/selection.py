"""Sorting and projection of documents, with MongoDB's meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lianode.hpc.stores.criteria import field_path
from lianode.hpc.stores.values import MISSING, UNDEFINED, order
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class SortField:
    """One field to sort by.

    Attributes
    ----------
    path
        Field, split at its dots.
    descending
        Largest first.
    """

    path: tuple[str, ...]
    descending: bool = False

    @property
    def field(self) -> str:
        """Dotted name."""
        return ".".join(self.path)


def sort_fields(sort: Sequence[tuple[str, int]], key: Sequence[str]) -> tuple[SortField, ...]:
    """Check a sort order and end it with the collection's key, so that ties have one order in every store.

    Raises
    ------
    InputError
        For a direction that is not 1 or -1, a field named twice, a position in a list, or something that is no field.
    """
    fields: dict[str, SortField] = {}
    for name, direction in sort:
        path = field_path(name)
        if direction not in {1, -1} or isinstance(direction, bool):
            raise InputError(f"the sort direction is 1 or -1, not {direction!r}", name)
        if any(part.isdecimal() for part in path):
            raise InputError("documents are not sorted by a position in a list; sort by the list or a field", name)
        if name in fields:
            raise InputError("a field can be sorted by once", name)
        fields[name] = SortField(path, direction == -1)
    for name in key:
        fields.setdefault(name, SortField((name,)))
    return tuple(fields.values())


def sort_documents(keyed: list[tuple[list[tuple[Any, ...]], Any]], fields: Sequence[SortField]) -> list[Any]:
    """Sort ``(sort_values(document), anything)`` pairs and return the second parts."""
    for position in range(len(fields) - 1, -1, -1):  # stable sorts, last field first
        keyed.sort(key=lambda pair: pair[0][position], reverse=fields[position].descending)
    return [item for _, item in keyed]


def sort_values(document: Mapping[str, Any], fields: Sequence[SortField]) -> list[tuple[Any, ...]]:
    """Return what a document is sorted by: of a list, its smallest element, or its largest when descending.

    Raises
    ------
    InputError
        When several sort fields hold lists; MongoDB refuses that too where the lists are different ones.
    """
    values = []
    lists = 0
    for field in fields:
        found = list(_sortable(document, field.path))
        lists += len(found) != 1
        values.append(max(found) if field.descending else min(found))
    if lists > 1:
        raise InputError("documents cannot be sorted by several fields that hold lists")
    return values


def _sortable(value: Any, path: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    for position, part in enumerate(path):
        if isinstance(value, dict):
            value = value.get(part, MISSING)
        elif isinstance(value, list):
            yield from _sortable_elements(value, path[position:])
            return
        else:
            yield order(None)
            return
    if isinstance(value, list):
        yield from (order(element) for element in value) if value else [(UNDEFINED,)]
    else:
        yield order(value)


def _sortable_elements(elements: list[Any], path: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    if not elements:
        yield order(None)
    for element in elements:
        if isinstance(element, dict):
            yield from _sortable(element, path)
        else:
            yield order(None)


def projection_fields(projection: Iterable[str] | Mapping[str, Any] | None) -> tuple[str, ...] | None:
    """Check the fields to return: a list of names, or MongoDB's ``{name: 1}``.

    Returns
    -------
    tuple of str or None
        None for whole documents.

    Raises
    ------
    InputError
        For exclusions and expressions, and for a field together with a part of it.
    """
    if projection is None:
        return None
    if isinstance(projection, str):
        projection = [projection]
    if isinstance(projection, dict):
        wanted = {name: value for name, value in projection.items() if name != "_id"}
        for name, value in wanted.items():
            if value is not True and value != 1:
                raise InputError("a projection names the fields to return ({name: 1})", name)
        projection = list(wanted)
    names = tuple(dict.fromkeys(name for name in projection if name != "_id"))
    for name in names:
        field_path(name)
        clash = next((other for other in names if other.startswith(f"{name}.")), None)
        if clash is not None:
            raise InputError(f"a projection cannot name both {name!r} and {clash!r}")
    return names or None


def project(document: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    """Return the part of a document that the fields name; lists on the way are descended into."""
    tree: dict[str, Any] = {}
    for field in fields:
        branch = tree
        *parents, leaf = field.split(".")
        for part in parents:
            branch = branch.setdefault(part, {})
        branch[leaf] = None
    return _project_object(document, tree)


def _project_object(value: Mapping[str, Any], tree: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, entry in value.items():
        if name not in tree:
            continue
        branch = tree[name]
        if branch is None:
            kept[name] = entry
        elif isinstance(entry, dict):
            kept[name] = _project_object(entry, branch)
        elif isinstance(entry, list):
            kept[name] = _project_list(entry, branch)
    return kept


def _project_list(elements: list[Any], tree: Mapping[str, Any]) -> list[Any]:
    kept: list[Any] = []
    for element in elements:
        if isinstance(element, dict):
            kept.append(_project_object(element, tree))
        elif isinstance(element, list):
            kept.append(_project_list(element, tree))
    return kept
