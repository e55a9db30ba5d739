"""Values of stored documents: what may be stored, and how MongoDB orders and reaches them.

Both stores hold JSON values only (null, booleans, 64-bit integers, finite floats, strings, lists, objects with
string keys), so that a document read from either is the same. Their order is MongoDB's comparison order of BSON types
(https://www.mongodb.com/docs/v6.0/reference/bson-type-comparison-order/).
"""

from __future__ import annotations

import math
from datetime import date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

UNDEFINED, NULL, NUMBER, STRING, OBJECT, ARRAY, BOOLEAN = range(-1, 6)
"""Ranks of the types; ``UNDEFINED`` is what an empty list sorts as."""

MAX_DEPTH: Final = 90
"""Nesting of documents; BSON allows 100."""


class Missing(Enum):
    """The value of a field that a document does not have."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


def plain(value: Any, where: str = "", depth: int = 0) -> Any:  # noqa: PLR0911  one return per type
    """Return ``value`` as plain JSON values; dates become ISO strings, tuples lists.

    Raises
    ------
    InputError
        For anything the two stores would not keep alike: NaN and infinities, integers beyond 64 bits, keys that are
        not strings or start with ``$``, and objects of other types.
    """
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is str:
        return _text(value, where)
    if kind is int:
        return _integer(value, where)
    if kind is float:
        return _finite(value, where)
    if depth > MAX_DEPTH:
        raise InputError(f"a document may be nested {MAX_DEPTH} levels deep, not more", where or None)
    if isinstance(value, dict):
        return {
            _field_name(name, where): plain(entry, f"{where}.{name}" if where else str(name), depth + 1)
            for name, entry in value.items()
        }
    if isinstance(value, list | tuple):
        return [plain(entry, where, depth + 1) for entry in value]
    if isinstance(value, str):  # a StrEnum
        return _text(str.__str__(value), where)
    if isinstance(value, int):
        return _integer(int(value), where)
    if isinstance(value, float):  # numpy.float64 is one
        return _finite(float(value), where)
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise InputError(f"a {kind.__name__} cannot be stored; make it numbers, text, lists or objects", where or None)


def _text(value: str, where: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InputError("text with half of a surrogate pair cannot be stored", where or None) from None
    return value


def _integer(value: int, where: str) -> int:
    if -(2**63) <= value < 2**63:
        return value
    raise InputError(f"the integer {value} does not fit into 64 bits", where or None)


def _finite(value: float, where: str) -> float:
    if math.isfinite(value):
        return value
    raise InputError(f"{value} cannot be stored; write null for a number that is not known", where or None)


def _field_name(name: object, where: str) -> str:
    if not isinstance(name, str):
        raise InputError(f"the key {name!r} is not text", where or None)
    if name.startswith("$") or "\0" in name:
        raise InputError(f"the key {name!r} cannot be stored: '$' and zero bytes are reserved", where or None)
    return _text(name, where)


def rank(value: Any) -> int:
    """Return the place of the value's type in MongoDB's order."""
    if value is None or value is MISSING:
        return NULL
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, int | float):
        return NUMBER
    if isinstance(value, str):
        return STRING
    return OBJECT if isinstance(value, dict) else ARRAY


def order(value: Any) -> tuple[Any, ...]:
    """Return a key that compares as MongoDB compares values; equal keys are equal values.

    Objects are equal when their keys stand in the same order, as in BSON.
    """
    place = rank(value)
    if place == NULL:
        return (NULL,)
    if place == OBJECT:
        ordered = ((order(entry), name) for name, entry in value.items())
        return (OBJECT, *((key[0], name, key) for key, name in ordered))
    if place == ARRAY:
        return (ARRAY, *(order(entry) for entry in value))
    return (place, value)


def candidates(value: Any, path: Sequence[str]) -> list[Any]:
    """Return the values that MongoDB tests a condition on ``path`` against.

    A list at the end of the path stands for each element and for itself; a list on the way is descended into, by
    element and by index. ``MISSING`` stands for a field that is not there.
    """
    for position, part in enumerate(path):
        if isinstance(value, dict):
            if part not in value:
                return [MISSING]
            value = value[part]
        elif isinstance(value, list):
            return list(_through_list(value, path[position:]))
        else:
            return [MISSING]
    return [*value, value] if isinstance(value, list) else [value]


def _through_list(elements: list[Any], path: Sequence[str]) -> Iterator[Any]:
    for index, element in enumerate(elements):
        if isinstance(element, dict):
            yield from candidates(element, path)
        if path[0] == str(index):
            if len(path) == 1:
                yield element
            elif isinstance(element, dict | list):
                yield from candidates(element, path[1:])


def spread(value: Any, path: Sequence[str]) -> Iterator[Any]:
    """Yield what MongoDB's ``distinct`` collects at a path: the elements of lists, not the lists."""
    if isinstance(value, list):
        for element in value:
            if not path:
                yield element
            elif isinstance(element, dict):
                yield from spread(element, path)
    elif not path:
        yield value
    elif isinstance(value, dict) and path[0] in value:
        yield from spread(value[path[0]], path[1:])


def lookup(document: Mapping[str, Any], path: Sequence[str]) -> Any:
    """Return the value at a path through objects only, or ``MISSING``."""
    value: Any = document
    for part in path:
        if not isinstance(value, dict) or part not in value:
            return MISSING
        value = value[part]
    return value
