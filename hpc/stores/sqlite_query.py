"""Criteria as SQL, as far as columns allow; what SQL leaves over is decided in Python.

A column holds SQL's NULL for null and missing, numbers, text, and a one-byte BLOB for booleans. SQLite orders these as
MongoDB does (null < numbers < text < booleans) and never confuses a boolean with a number. Lists and objects are never
in columns, so every translated condition is exact. Values are always bound, never written into the SQL.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from lianode.hpc.stores.criteria import All, Condition, Either
from lianode.hpc.stores.numbers import BOUNDS, ranges
from lianode.hpc.stores.values import MISSING, NULL, NUMBER, STRING, rank

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from lianode.hpc.stores.criteria import Node
    from lianode.hpc.stores.selection import SortField

FALSE: Final = b"\0"
TRUE: Final = b"\1"
_MAX_PARAMETERS: Final = 30_000  # SQLite's own limit is 32766
_SYMBOLS: Final = {"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}


@dataclass(frozen=True, slots=True)
class Known:
    """What SQL knows of the documents of a collection.

    Attributes
    ----------
    columns
        Fields with a column.
    numbers
        Table of numbers, quoted; empty for none.
    has_numbers
        Whether that table answers for a path.
    are_many
        Whether a condition on that table, with its values, holds for so many rows that documents are rather asked one
        by one than looked up in a list of them.
    """

    columns: Collection[str]
    numbers: str = ""
    has_numbers: Callable[[tuple[str, ...]], bool] = lambda _path: False
    are_many: Callable[[str, tuple[Any, ...]], bool] = lambda _sql, _values: False

    def has_range(self, path: tuple[str, ...]) -> bool:
        """Whether the table of numbers is to be asked."""
        return ".".join(path) not in self.columns and self.has_numbers(path)


@dataclass(frozen=True, slots=True)
class Where:
    """A WHERE clause.

    Attributes
    ----------
    sql
        Without the word; empty where every row has to be looked at.
    parameters
        Bound values.
    exact
        Whether exactly the matching rows pass; otherwise also others do.
    """

    sql: str
    parameters: tuple[Any, ...]
    exact: bool

    def clause(self) -> str:
        """Return it with the word."""
        return f" WHERE {self.sql}" if self.sql else ""


_ALL_ROWS: Final = Where("", (), exact=False)


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def column(field: str) -> str:
    """Return the quoted column of a field."""
    return quoted(f"f:{field}")


def column_value(value: Any) -> Any:
    """Return how a column holds a single value."""
    if isinstance(value, bool):
        return TRUE if value else FALSE
    return None if value is MISSING else value


def document_value(value: Any) -> Any:
    """Return the single value that a column holds; the inverse of :func:`column_value`."""
    return value == TRUE if isinstance(value, bytes) else value


def where(node: Node, known: Known) -> Where:
    """Translate parsed criteria."""
    translated = _translate(node, known)
    return _ALL_ROWS if len(translated.parameters) > _MAX_PARAMETERS else translated


@dataclass(frozen=True, slots=True)
class Order:
    """What rows are sorted by.

    Attributes
    ----------
    expressions
        One per field, in terms of the table ``t``.
    descending
        Whether each is sorted from its largest.
    parameters
        Bound values of the expressions.
    """

    expressions: tuple[str, ...]
    descending: tuple[bool, ...]
    parameters: tuple[Any, ...]

    def clause(self, names: Sequence[str] = ()) -> str:
        """Return ORDER BY, of the expressions or of names given to them; empty for no order."""
        pairs = zip(names or self.expressions, self.descending, strict=True)
        terms = ", ".join(f"{name}{' DESC' if down else ''}" for name, down in pairs)
        return f" ORDER BY {terms}" if terms else ""


def order(fields: Sequence[SortField], known: Known) -> Order | None:
    """Translate a sort order; None where a field's values are not all known to SQL."""
    expressions, parameters = [], []
    for field in fields:
        if field.field in known.columns:
            expressions.append(column(field.field))
        elif known.has_numbers(field.path):
            expressions.append(f"(SELECT value FROM {known.numbers} AS n WHERE n.id = t.id AND n.field = ?)")  # noqa: S608
            parameters.append(field.field)
        else:
            return None
    return Order(tuple(expressions), tuple(field.descending for field in fields), tuple(parameters))


def page(table: str, clause: Where, by: Order, limit: int, skip: int) -> tuple[str, tuple[Any, ...]]:
    """Return the query for a page of documents, and its parameters; the documents off the page are never read."""
    names = [f"o{number}" for number in range(len(by.expressions))]
    sorted_by = "".join(f", {what} AS {name}" for what, name in zip(by.expressions, names, strict=True))
    inner = f"SELECT id{sorted_by} FROM {table} AS t{clause.clause()}{by.clause(names)} LIMIT ? OFFSET ?"  # noqa: S608
    outer = by.clause([f"page.{name}" for name in names])
    sql = f"SELECT d.document FROM ({inner}) AS page JOIN {table} AS d ON d.id = page.id{outer}"  # noqa: S608
    return sql, (*by.parameters, *clause.parameters, limit or -1, skip)


def _translate(node: Node, known: Known) -> Where:
    if isinstance(node, Condition) and ".".join(node.path) in known.columns:
        return _condition(column(".".join(node.path)), node)
    if isinstance(node, Condition | All):
        found, rest = ranges(node, known.has_range)
        # a condition that is alone and neither a column nor a number is decided outside
        parts = [_ALL_ROWS if part is node else _translate(part, known) for part in rest]
        parts += [_numbers(conditions, known) for conditions in found.values()]
        return _join(" AND ", [part for part in parts if part.sql], exact=all(part.exact for part in parts))
    if isinstance(node, Either):
        parts = [_translate(part, known) for part in node.parts]
        if not all(part.sql for part in parts):
            return _ALL_ROWS
        return _join(" OR ", parts, exact=all(part.exact for part in parts))
    part = _translate(node.part, known)
    return Where(f"({part.sql}) IS NOT TRUE", part.parameters, exact=True) if part.exact and part.sql else _ALL_ROWS


def _numbers(conditions: Sequence[Condition], known: Known) -> Where:
    """Translate conditions on the number at one path."""
    terms, values = ["field = ?"], [".".join(conditions[0].path)]
    for condition in conditions:
        operands = condition.operand if condition.operator == "$in" else [condition.operand]
        symbol = BOUNDS.get(condition.operator)
        terms.append(f"value {symbol} ?" if symbol else f"value IN ({', '.join('?' * len(operands))})")
        values += operands
    all_terms, bound = " AND ".join(terms), tuple(values)
    if known.are_many(all_terms, bound):
        sql = f"EXISTS (SELECT 1 FROM {known.numbers} AS n WHERE n.id = t.id AND {all_terms})"  # noqa: S608
    else:
        sql = f"id IN (SELECT id FROM {known.numbers} WHERE {all_terms})"  # noqa: S608
    return Where(sql, bound, exact=True)


def _join(word: str, parts: list[Where], *, exact: bool) -> Where:
    sql = word.join(f"({part.sql})" for part in parts) if len(parts) > 1 else "".join(part.sql for part in parts)
    return Where(sql, tuple(value for part in parts for value in part.parameters), exact)


def _condition(name: str, condition: Condition) -> Where:
    operand = condition.operand
    if condition.operator == "$eq":
        return _among(name, [operand])
    if condition.operator == "$in":
        return _among(name, operand)
    if condition.operator in _SYMBOLS:
        return _comparison(name, condition.operator, operand)
    return _ALL_ROWS


def _among(name: str, operands: list[Any]) -> Where:
    values = tuple(
        column_value(operand) for operand in operands if operand is not None and not isinstance(operand, list | dict)
    )
    sql = f"{name} = ?" if len(values) == 1 else f"{name} IN ({', '.join('?' * len(values))})"
    if None in operands:
        sql = f"{name} IS NULL" if not values else f"{sql} OR {name} IS NULL"
    return Where(sql, values, exact=True)


def _comparison(name: str, operator: str, operand: Any) -> Where:
    kind = rank(operand)
    if kind == NULL:
        return Where(f"{name} IS NULL" if operator in {"$gte", "$lte"} else "0", (), exact=True)
    sql = f"{name} {_SYMBOLS[operator]} ?"
    if operator in {"$gt", "$gte"}:
        # the next type begins at the empty text, at the empty blob
        bound = {NUMBER: f" AND {name} < ''", STRING: f" AND {name} < x''"}.get(kind, "")
    else:
        bound = {NUMBER: ""}.get(kind, f" AND {name} >= ''" if kind == STRING else f" AND {name} >= x''")
    return Where(sql + bound, (column_value(operand),), exact=True)
