"""OPTIMADE filters, decided on the attributes of one structure.

The grammar is that of https://github.com/Materials-Consortia/OPTIMADE/blob/v1.2.0/optimade.rst; the parser comes from
the package ``optimade``. A comparison with a value that is not known is neither true nor false, and so is its opposite.
"""

from __future__ import annotations

import operator
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from lianode.hpc.serve.optimade.structures import BULKY
from lianode.structures.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from lark import Lark, Tree

    from lianode.hpc.serve.optimade.fields import Kind

    Truth = bool | None
    Test = Callable[[Mapping[str, Any]], Truth]

COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
MIRRORED: Final = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
GRAMMAR: Final = (1, 2, 0)
LONGEST: Final = 2000
DEEPEST: Final = 60


class NotImplementedFilterError(InputError):
    """A part of the language that the standard leaves open and this server does not know."""


@cache
def _parser() -> Lark:
    """Return the parser of the standard's grammar, which keeps TRUE apart from FALSE."""
    from lark import Lark
    from optimade.filterparser.lark_parser import AVAILABLE_PARSERS

    grammar = AVAILABLE_PARSERS[GRAMMAR]["default"].read_text(encoding="utf-8")
    return Lark(grammar.replace("\nbool:", "\n!bool:"), maybe_placeholders=False)


def compiled(text: str, kinds: Mapping[str, Kind], own_prefix: str, unknown: Collection[str] = ()) -> Test:
    """Return a test of attributes for a filter.

    Parameters
    ----------
    text
        The filter.
    kinds
        Of the attributes that can be asked for.
    own_prefix
        Of this provider; attributes with that of another are not known of any structure.
    unknown
        Further attributes that are not known of any structure.

    Raises
    ------
    InputError
        For what is no filter, a field that there is not, and a comparison with a value of another kind.
    NotImplementedFilterError
        For a field and an operator that do not go together here.
    """
    from lark.exceptions import LarkError

    if len(text) > LONGEST or text.count("(") > DEEPEST:
        raise InputError(f"a filter has at most {LONGEST} characters and {DEEPEST} parentheses")
    try:
        tree = _parser().parse(text)
    except (LarkError, RecursionError):
        raise InputError('this is no OPTIMADE filter; an example: elements HAS ALL "Li","In"') from None
    return _Compiler(kinds, own_prefix, unknown).test(tree)


class _Compiler:
    def __init__(self, kinds: Mapping[str, Kind], own_prefix: str, unknown: Collection[str]) -> None:
        self._kinds = kinds
        self._unknown = unknown
        self._own = f"_{own_prefix}_"

    def test(self, tree: Tree[Any]) -> Test:
        parts = [child for child in tree.children if child is not None]
        match str(tree.data):
            case "filter" | "expression":
                return _any([self.test(part) for part in parts])
            case "expression_clause":
                return _all([self.test(part) for part in parts])
            case "expression_phrase":
                negated = len(parts) == 2
                return _not(self.test(parts[1])) if negated else self.test(parts[0])
            case "comparison":
                return self.test(parts[0])
            case "constant_first_comparison":
                constant, symbol, other = parts
                field = _only(other)
                if str(field.data) != "property":
                    raise NotImplementedFilterError("a constant is compared with a field")
                return self._compared(self._field(field), MIRRORED[str(symbol)], _constant(_only(constant)))
            case "property_first_comparison":
                return self._of_property(self._field(parts[0]), parts[1])
        raise NotImplementedFilterError(f"{tree.data} is not supported")

    def _field(self, tree: Tree[Any]) -> str:
        name = ".".join(map(str, tree.children))
        foreign = name.startswith("_") and not name.startswith(self._own)
        if name in BULKY:
            raise NotImplementedFilterError(f"filters do not ask '{name}' here")
        if name not in self._kinds and not foreign and name not in self._unknown:
            raise InputError(f"structures have no field '{name}'{nearest(name, list(self._kinds))}")
        return name

    def _of_property(self, name: str, tree: Tree[Any]) -> Test:
        parts = [child for child in tree.children if child is not None]
        kind = self._kinds.get(name)
        match str(tree.data):
            case "known_op_rhs":
                known = str(parts[1]) == "KNOWN"
                return lambda row: (row.get(name) is not None) == known
            case "value_op_rhs":
                return self._compared(name, str(parts[0]), _constant(_only(parts[1])))
            case "fuzzy_string_op_rhs":
                return self._part_of(name, str(parts[0]), _constant(_only(parts[-1])))
            case "set_op_rhs":
                if kind not in {None, "list"}:
                    raise InputError(f"HAS asks lists; '{name}' is none")
                return _has(name, parts[1:])
            case "length_op_rhs":
                if kind not in {None, "list"}:
                    raise InputError(f"LENGTH asks lists; '{name}' is none")
                symbol = str(parts[1]) if len(parts) == 3 else "="
                compare, wanted = COMPARE[symbol], int(str(parts[-1].children[0]))
                return _known(name, lambda value: compare(len(value), wanted))
        raise NotImplementedFilterError(f"this comparison of '{name}' is not supported")

    def _compared(self, name: str, symbol: str, wanted: Any) -> Test:
        kind = self._kinds.get(name)
        compare = COMPARE[symbol]
        if kind in {"list", "dictionary"}:
            raise NotImplementedFilterError(f"'{name}' is a {kind}; ask it with HAS or LENGTH")
        if kind == "timestamp":
            moment = _moment(wanted)
            return _known(name, lambda value: compare(_moment(value), moment))
        fits = {"float": int | float, "integer": int | float, "string": str, "boolean": bool}.get(kind or "", object)
        if not isinstance(wanted, fits) or (isinstance(wanted, bool) and kind in {"float", "integer"}):
            raise InputError(f"'{name}' is a {kind}, and {wanted!r} is none")
        if kind == "boolean" and symbol not in {"=", "!="}:
            raise InputError(f"'{name}' is true or false, and neither is the larger")
        return _known(name, lambda value: compare(value, wanted))

    def _part_of(self, name: str, word: str, wanted: Any) -> Test:
        if self._kinds.get(name) not in {None, "string"} or not isinstance(wanted, str):
            raise InputError(f"{word} compares text")
        tests: dict[str, Callable[[str], bool]] = {
            "CONTAINS": lambda value: wanted in value,
            "STARTS": lambda value: value.startswith(wanted),
            "ENDS": lambda value: value.endswith(wanted),
        }
        return _known(name, tests[word])


def _has(name: str, parts: list[Any]) -> Test:
    """Return a test of the elements of a list: HAS, HAS ALL, HAS ANY, HAS ONLY."""
    word = str(parts[0]) if str(parts[0]) in {"ALL", "ANY", "ONLY"} else ""
    entries = [child for child in (parts[1].children if word else parts) if child is not None]
    wanted: list[Callable[[Any], bool]] = []
    symbol = "="
    for entry in entries:
        if isinstance(entry, str):
            symbol = str(entry)
        else:
            wanted.append(_element(symbol, _constant(_only(entry))))
            symbol = "="
    match word:
        case "ALL":
            return _known(name, lambda values: all(any(map(one, values)) for one in wanted))
        case "ONLY":
            return _known(name, lambda values: all(any(one(value) for one in wanted) for value in values))
    return _known(name, lambda values: any(any(map(one, values)) for one in wanted))


def _element(symbol: str, wanted: Any) -> Callable[[Any], bool]:
    compare, text = COMPARE[symbol], isinstance(wanted, str)
    return lambda value: isinstance(value, str) == text and compare(value, wanted)


def _known(name: str, holds: Callable[[Any], bool]) -> Test:
    def test(row: Mapping[str, Any]) -> Truth:
        value = row.get(name)
        return None if value is None else holds(value)

    return test


def _any(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]

    def test(row: Mapping[str, Any]) -> Truth:
        found = [one(row) for one in tests]
        return True if True in found else None if None in found else False

    return test


def _all(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]

    def test(row: Mapping[str, Any]) -> Truth:
        found = [one(row) for one in tests]
        return False if False in found else None if None in found else True

    return test


def _not(inner: Test) -> Test:
    def test(row: Mapping[str, Any]) -> Truth:
        found = inner(row)
        return None if found is None else not found

    return test


def _only(tree: Tree[Any]) -> Tree[Any]:
    (inner,) = tree.children
    return inner


def _constant(tree: Tree[Any]) -> str | float | bool:
    """Return a number, text or truth."""
    match str(tree.data):
        case "string":
            return str(tree.children[0])[1:-1].replace('\\"', '"').replace("\\\\", "\\")
        case "number":
            written = str(tree.children[0])
            return int(written) if written.lstrip("+-").isdecimal() else float(written)
        case "bool":
            return str(tree.children[0]) == "TRUE"
    raise NotImplementedFilterError("a field is compared with a constant, not with another field")


def _moment(text: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{text!r} is no time; write 2026-11-20T12:00:00Z") from None
