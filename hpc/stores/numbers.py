"""Which numbers of a document have an index of their own, and which conditions that index answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lianode.hpc.stores.criteria import All, Condition
from lianode.hpc.stores.values import NUMBER, rank

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from lianode.hpc.stores.criteria import Node

    Path = tuple[str, ...]

BOUNDS: Final = {"$eq": "=", "$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}


def numbers_of(document: Mapping[str, Any], objects: Sequence[str]) -> Iterator[tuple[str, float | None]]:
    """Yield the fields of objects with their number, or None for anything else but null.

    Parameters
    ----------
    document
        As it is stored.
    objects
        Names of objects at the top level, ``""`` for the document itself. One that is no object is told of as ``name.``
    """
    for above in objects:
        values = document.get(above) if above else document
        if isinstance(values, dict):
            for name, value in values.items():
                if value is None or "." in name:  # no path leads to a name with a dot
                    continue
                single = isinstance(value, int | float) and not isinstance(value, bool)
                yield f"{above}.{name}" if above else name, value if single else None
        elif values is not None:
            yield f"{above}.", None


def object_of(path: Sequence[str]) -> str:
    """Return the object that a path is in."""
    return ".".join(path[:-1])


def ranges(node: Node, indexed: Callable[[Path], bool]) -> tuple[dict[Path, list[Condition]], list[Node]]:
    """Return the parts of a query that all hold: conditions that only numbers meet, by path, and the rest.

    Parameters
    ----------
    node
        Parsed criteria.
    indexed
        Whether the numbers at a path have an index.
    """
    found: dict[tuple[str, ...], list[Condition]] = {}
    rest: list[Node] = []
    for part in _flat(node):
        if is_numeric(part) and isinstance(part, Condition) and (part.path in found or indexed(part.path)):
            found.setdefault(part.path, []).append(part)
        else:
            rest.append(part)
    return found, rest


def is_numeric(node: Node) -> bool:
    """Whether a condition holds for numbers only."""
    if not isinstance(node, Condition):
        return False
    if node.operator == "$in":
        return all(rank(operand) == NUMBER for operand in node.operand)
    return node.operator in BOUNDS and rank(node.operand) == NUMBER


def _flat(node: Node) -> Iterator[Node]:
    if isinstance(node, All):
        for part in node.parts:
            yield from _flat(part)
    else:
        yield node
