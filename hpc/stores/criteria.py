r"""The documented subset of MongoDB criteria, with MongoDB's meaning.

=============================================  ==================================================================
``{"phase": "LiIn"}``, ``$eq``, ``$ne``        equality; ``null`` also matches a missing field; ``$ne`` its opposite
``$gt $gte $lt $lte``                          a number, string, boolean (or null) against values of its own type
``$in $nin``                                   any, none of a list
``$exists``                                    whether the field is there
``$regex``                                     strings: ``^ $ . [a-z] * + ?``, letters, digits, ``_ - , : / %``, blanks,
                                               and other characters after a backslash; no groups, no options
``$not``                                       the opposite of one of the above: ``{"phase": {"$not": {"$gt": "Li"}}}``
``$and $or``                                   lists of criteria
=============================================  ==================================================================

Dotted paths reach into objects and lists (``checks.name``, ``stress.0``). A list matches when one of its elements
does, or the whole list is equal. Anything else is refused by name, with either store, so that one
query cannot mean two things.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from lianode.hpc.stores.values import BOOLEAN, MISSING, NULL, NUMBER, STRING, candidates, order, plain, rank
from lianode.structures.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_COMPARISONS: Final = ("$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$regex", "$not")
_LOGICAL: Final = ("$and", "$or")
_MAX_DEPTH: Final = 20

# The part of regular expressions that means the same to Python's re and to PCRE in UTF-8 mode.
_PATTERN: Final = re.compile(
    r"\^?(?:(?:[A-Za-z0-9_,:/% \-]|\\[.^$*+?()\[\]{}|/\\\-]|\."
    r"|\[\^?(?:[A-Za-z0-9]-[A-Za-z0-9]|[A-Za-z0-9_ ])+\])[*+?]?)*\$?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; no parts hold always."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One part holds."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Opposite:
    """The part does not hold."""

    part: Node


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of one field.

    Attributes
    ----------
    path
        Field, split at its dots.
    operator
        ``$eq $gt $gte $lt $lte $in $exists $regex``; the negative ones are :class:`Opposite`.
    operand
        Value; a list for ``$in``, a compiled pattern for ``$regex``.
    """

    path: tuple[str, ...]
    operator: str
    operand: Any


Node = All | Either | Opposite | Condition


def field_path(field: object) -> tuple[str, ...]:
    """Split a dotted field name.

    Raises
    ------
    InputError
        Unless it is a name that both stores can look up.
    """
    if not isinstance(field, str) or not field:
        raise InputError(f"{field!r} is not the name of a field")
    parts = tuple(field.split("."))
    if not all(parts) or any(part.startswith("$") or "\0" in part for part in parts):
        raise InputError(f"{field!r} is not the name of a field; write names joined by single dots")
    if parts[0] == "_id":
        raise InputError("'_id' belongs to MongoDB; ask for the document's own key")
    return parts


def parse(criteria: Mapping[str, Any] | None) -> Node:
    """Read criteria.

    Raises
    ------
    InputError
        For operators and values outside the subset, with their names.
    """
    return _parse(criteria or {}, 0)


def validate(criteria: Mapping[str, Any] | None) -> None:
    """Raise ``InputError`` unless the criteria belong to the subset."""
    parse(criteria)


def matches(document: Mapping[str, Any], criteria: Mapping[str, Any] | None) -> bool:
    """Whether a document (plain JSON values) meets the criteria, as MongoDB decides it."""
    return holds(parse(criteria), document)


def holds(node: Node, document: Mapping[str, Any]) -> bool:
    """Whether a document meets parsed criteria."""
    if isinstance(node, Condition):
        test = _TESTS[node.operator]
        return any(test(value, node.operand) for value in candidates(document, node.path))
    if isinstance(node, All):
        return all(holds(part, document) for part in node.parts)
    if isinstance(node, Either):
        return any(holds(part, document) for part in node.parts)
    return not holds(node.part, document)


def _parse(criteria: object, depth: int) -> Node:
    if not isinstance(criteria, dict):
        raise InputError(f"criteria are an object such as {{'system': 'Li-In'}}, not {criteria!r}")
    if depth > _MAX_DEPTH:
        raise InputError(f"criteria may be nested {_MAX_DEPTH} levels deep, not more")
    parts: list[Node] = []
    for name, value in criteria.items():
        if name in _LOGICAL:
            if not isinstance(value, list | tuple) or not value:
                raise InputError(f"{name} takes a list of criteria that is not empty")
            inner = tuple(_parse(entry, depth + 1) for entry in value)
            parts.append(All(inner) if name == "$and" else Either(inner))
        elif isinstance(name, str) and name.startswith("$"):
            raise _unknown(name, _LOGICAL)
        else:
            parts.append(_parse_field(field_path(name), value, depth + 1))
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _parse_field(path: tuple[str, ...], value: Any, depth: int) -> Node:
    if isinstance(value, dict) and any(isinstance(key, str) and key.startswith("$") for key in value):
        if depth > _MAX_DEPTH:
            raise InputError(f"criteria may be nested {_MAX_DEPTH} levels deep, not more")
        parts = tuple(_parse_operator(path, operator, operand, depth) for operator, operand in value.items())
        return parts[0] if len(parts) == 1 else All(parts)
    return Condition(path, "$eq", _operand(path, value))


def _parse_operator(path: tuple[str, ...], operator: str, operand: Any, depth: int) -> Node:
    field = ".".join(path)
    if operator not in _COMPARISONS:
        raise _unknown(operator, _COMPARISONS, field)
    if operator in {"$in", "$nin"}:
        if not isinstance(operand, list | tuple):
            raise InputError(f"{operator} takes a list", field)
        among = Condition(path, "$in", [_operand(path, entry) for entry in operand])
        return among if operator == "$in" else Opposite(among)
    if operator == "$exists":
        if not isinstance(operand, bool):
            raise InputError("$exists takes true or false", field)
        there = Condition(path, "$exists", True)
        return there if operand else Opposite(there)
    if operator == "$regex":
        return Condition(path, "$regex", _pattern(field, operand))
    if operator == "$not":
        if not isinstance(operand, dict) or not operand or not all(str(key).startswith("$") for key in operand):
            raise InputError("$not takes an object of operators, such as {'$gt': 1}", field)
        return Opposite(_parse_field(path, operand, depth + 1))
    value = _operand(path, operand)
    if operator == "$ne":
        return Opposite(Condition(path, "$eq", value))
    if operator != "$eq" and isinstance(value, dict | list):
        raise InputError(f"{operator} compares with a number, string or boolean, not with a list or object", field)
    return Condition(path, operator, value)


def _operand(path: tuple[str, ...], value: Any) -> Any:
    field = ".".join(path)
    if isinstance(value, re.Pattern):
        raise InputError("write a pattern as {'$regex': 'text'}", field)
    return plain(value, field)


def _pattern(field: str, text: object) -> re.Pattern[str]:
    if not isinstance(text, str) or not _PATTERN.fullmatch(text):
        raise InputError(
            f"the pattern {text!r} is outside the subset that means the same everywhere "
            "(letters, digits, '.', [a-z], * + ?, ^ and $ at the ends, backslash before other characters)",
            field,
        )
    try:
        return re.compile(text)
    except re.error as error:
        raise InputError(f"the pattern {text!r} cannot be read: {error}", field) from None


def _unknown(operator: object, known: tuple[str, ...], field: str | None = None) -> InputError:
    word = str(operator)
    if not word.startswith("$"):
        return InputError(f"operators and plain keys cannot be mixed ({word!r})", field)
    return InputError(f"the operator {word} is not supported{nearest(word, known)}; known: {', '.join(known)}", field)


def _comparable(value: Any, operand: Any) -> bool:
    kind = rank(operand)
    return kind in {NUMBER, STRING, BOOLEAN} and value is not MISSING and rank(value) == kind


def _equal(value: Any, operand: Any) -> bool:
    if isinstance(operand, str):
        return bool(value == operand)
    return order(value) == order(operand)


def _between(value: Any, operand: Any) -> bool:
    """Whether ``$gte`` and ``$lte`` hold for null: they mean equality there."""
    return rank(operand) == NULL and rank(value) == NULL


_TESTS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "$eq": _equal,
    "$gt": lambda value, operand: _comparable(value, operand) and value > operand,
    "$gte": lambda value, operand: _between(value, operand) or (_comparable(value, operand) and value >= operand),
    "$lt": lambda value, operand: _comparable(value, operand) and value < operand,
    "$lte": lambda value, operand: _between(value, operand) or (_comparable(value, operand) and value <= operand),
    "$in": lambda value, operand: any(_equal(value, entry) for entry in operand),
    "$exists": lambda value, _: value is not MISSING,
    "$regex": lambda value, operand: isinstance(value, str) and operand.search(value) is not None,
}
