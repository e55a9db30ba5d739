"""In how many directions a periodic network of hops goes on for ever."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Translation = tuple[int, int, int]
    Edge = tuple[int, int, Translation]


def dimensionality(edges: Iterable[Edge]) -> int:
    """Return the number of dimensions in which a periodic network percolates.

    It is the largest number of linearly independent lattice translations that closed walks of one connected component
    generate: each edge that closes a ring of the quotient graph carries one translation, and their rank counts (Sunada,
    "Topological Crystallography", 2013; Larsen et al., Phys. Rev. Mater. 3, 034003 (2019)). Components that only
    interpenetrate are not added up. All arithmetic is on integers.

    Parameters
    ----------
    edges
        Node, node and the lattice translation of the second one; each pair in one direction or in both. An edge from a
        node to its own image is one too.

    Returns
    -------
    int
        0 to 3; 0 for a network without edges.

    Examples
    --------
    >>> dimensionality([(0, 0, (1, 0, 0)), (0, 1, (0, 0, 0)), (1, 0, (0, 2, 0))])
    2
    """
    return max((len(generators) for _, generators in components(edges)), default=0)


def components(edges: Iterable[Edge]) -> Iterator[tuple[frozenset[int], tuple[Translation, ...]]]:
    """Go through the connected components of a periodic network.

    Parameters
    ----------
    edges
        As in :func:`dimensionality`.

    Yields
    ------
    tuple
        The nodes of a component, and linearly independent translations that its closed walks generate: as many as its
        dimensions. They span the directions, but are not always a basis of all translations generated.
    """
    neighbours: dict[int, list[tuple[int, Translation]]] = defaultdict(list)
    for start, end, image in edges:
        neighbours[start].append((end, image))
        neighbours[end].append((start, (-image[0], -image[1], -image[2])))
    left = set(neighbours)
    for root in sorted(neighbours):
        if root not in left:
            continue
        cells: dict[int, Translation] = {root: (0, 0, 0)}
        rows: list[Translation] = []
        queue = deque([root])
        while queue:
            node = queue.popleft()
            for other, image in neighbours[node]:
                cell = _sum(cells[node], image)
                if other not in cells:
                    cells[other] = cell
                    queue.append(other)
                elif len(rows) < 3:
                    ring = _difference(cell, cells[other])
                    if _independent(rows, ring):
                        rows.append(ring)
        left -= cells.keys()
        yield frozenset(cells), tuple(rows)


def _sum(a: Translation, b: Translation) -> Translation:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def _difference(a: Translation, b: Translation) -> Translation:
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


def _cross(a: Translation, b: Translation) -> Translation:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def _independent(rows: list[Translation], new: Translation) -> bool:
    """Tell whether a translation is independent of up to two others."""
    if not rows:
        return any(new)
    if len(rows) == 1:
        return any(_cross(rows[0], new))
    normal = _cross(rows[0], rows[1])
    return sum(n * x for n, x in zip(normal, new, strict=True)) != 0
