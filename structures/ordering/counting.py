"""How many ways there are to fill sites, where close neighbours exclude each other."""

from __future__ import annotations

import math
from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lianode.structures.ordering.sublattices import Sublattice


def fillings(sublattice: Sublattice, excluded: NDArray[np.bool_]) -> int:
    """Count the ways to fill a sublattice.

    Parameters
    ----------
    sublattice
        Sites and atoms.
    excluded
        Which of its sites exclude each other, shape (sites, sites); all false where every site may be filled.
    """
    if excluded.any():
        atoms = sum(sublattice.amounts.values())
        ways = independent_sets(excluded)
        count = ways[atoms] if atoms < len(ways) else 0
    else:
        atoms = sum(sublattice.amounts.values())
        count = math.comb(len(sublattice.sites), atoms)
    for amount in sublattice.amounts.values():
        count *= math.comb(atoms, amount)
        atoms -= amount
    return count


def independent_sets(excluded: NDArray[np.bool_]) -> list[int]:
    """Count the sets of nodes of a graph without neighbours, by size (its independence polynomial)."""
    neighbours = [sum(1 << int(other) for other in np.flatnonzero(row)) for row in excluded]

    @cache
    def ways(left: int) -> tuple[int, ...]:
        if not left:
            return (1,)
        first = _component(left, neighbours)
        if first != left:
            return _product(ways(first), ways(left & ~first))
        node = max(_bits(left), key=lambda one: (neighbours[one] & left).bit_count())
        without = ways(left & ~(1 << node))
        within = (0, *ways(left & ~(1 << node) & ~neighbours[node]))
        size = max(len(without), len(within))
        return tuple(
            (without[n] if n < len(without) else 0) + (within[n] if n < len(within) else 0) for n in range(size)
        )

    return list(ways((1 << len(excluded)) - 1))


def every_filling(sublattice: Sublattice, excluded: NDArray[np.bool_]) -> Iterator[tuple[str, ...]]:
    """Go through the ways to fill a sublattice: an element for each of its sites, empty for a vacancy."""
    sites = range(len(sublattice.sites))
    elements = [element for element, amount in sublattice.amounts.items() if amount]

    def place(done: dict[int, str], remaining: list[str]) -> Iterator[dict[int, str]]:
        if not remaining:
            yield done
            return
        free = [site for site in sites if site not in done and not any(excluded[site, other] for other in done)]
        for chosen in combinations(free, sublattice.amounts[remaining[0]]):
            if not any(excluded[a, b] for a, b in combinations(chosen, 2)):
                yield from place(done | dict.fromkeys(chosen, remaining[0]), remaining[1:])

    for filled in place({}, elements):
        yield tuple(filled.get(site, "") for site in sites)


def _bits(number: int) -> list[int]:
    return [bit for bit in range(number.bit_length()) if number >> bit & 1]


def _component(left: int, neighbours: list[int]) -> int:
    found = frontier = left & -left
    while frontier:
        reached = 0
        for node in _bits(frontier):
            reached |= neighbours[node]
        frontier = reached & left & ~found
        found |= frontier
    return found


def _product(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, ...]:
    result = [0] * (len(first) + len(second) - 1)
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            result[i + j] += a * b
    return tuple(result)
