"""Criteria as SQL, as far as columns allow; what SQL leaves over is decided in Python.

A column holds SQL's NULL for null and missing, numbers, text, and a one-byte BLOB for booleans. SQLite orders these as
MongoDB does (null < numbers < text < booleans) and never confuses a boolean with a number. Lists and objects are never
in columns, so every translated condition is exact. Values are always bound, never written into the SQL.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from lianode.hpc.stores.criteria import All, Condition, Either
from lianode.hpc.stores.values import MISSING, NULL, NUMBER, STRING, rank

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from lianode.hpc.stores.criteria import Node
    from lianode.hpc.stores.selection import SortField

FALSE: Final = b"\0"
TRUE: Final = b"\1"
_MAX_PARAMETERS: Final = 30_000  # SQLite's own limit is 32766
_SYMBOLS: Final = {"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}


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


def where(node: Node, columns: Collection[str]) -> Where:
    """Translate parsed criteria."""
    translated = _translate(node, columns)
    return _ALL_ROWS if len(translated.parameters) > _MAX_PARAMETERS else translated


def order_by(fields: Sequence[SortField]) -> str:
    """Return an ORDER BY clause; all fields are columns."""
    if not fields:
        return ""
    return " ORDER BY " + ", ".join(f"{column(field.field)}{' DESC' if field.descending else ''}" for field in fields)


def _translate(node: Node, columns: Collection[str]) -> Where:
    if isinstance(node, Condition):
        field = ".".join(node.path)
        return _condition(column(field), node) if field in columns else _ALL_ROWS
    if isinstance(node, All):
        parts = [_translate(part, columns) for part in node.parts]
        useful = [part for part in parts if part.sql]
        return _join(" AND ", useful, exact=all(part.exact for part in parts))
    if isinstance(node, Either):
        parts = [_translate(part, columns) for part in node.parts]
        if not all(part.sql for part in parts):
            return _ALL_ROWS
        return _join(" OR ", parts, exact=all(part.exact for part in parts))
    part = _translate(node.part, columns)
    return Where(f"({part.sql}) IS NOT TRUE", part.parameters, exact=True) if part.exact and part.sql else _ALL_ROWS


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
