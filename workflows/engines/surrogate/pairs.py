"""Neighbouring pairs of atoms, the same ones in every image of a path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

NEIGHBOURS = 5.5
"""Å: pairs that come this close in one of the images count as neighbours."""


@dataclass(frozen=True)
class Pairs:
    """Pairs of atoms, each with the lattice translation of the second, Å.

    Attributes
    ----------
    first, second
        (p,) indices, first < second.
    shifts
        (p, 3), Å.
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    shifts: Array

    def vectors(self, positions: Array) -> Array:
        """Return the vectors (..., p, 3) from first to second for positions (..., n, 3), Å."""
        return positions[..., self.second, :] - positions[..., self.first, :] + self.shifts


def neighbours(images: Array, cell: Array, cutoff: float = NEIGHBOURS) -> Pairs:
    """Return the pairs that come closer than ``cutoff`` (Å) in any of the images (k, n, 3)."""
    from ase import Atoms
    from ase.neighborlist import neighbor_list

    found = []
    for positions in images:
        atoms = Atoms(f"H{len(positions)}", positions=positions, cell=cell, pbc=True)
        i, j, shift = neighbor_list("ijS", atoms, cutoff)
        kept = i < j
        found.append(np.column_stack([i[kept], j[kept], shift[kept]]))
    rows = np.unique(np.concatenate(found), axis=0)
    return Pairs(rows[:, 0], rows[:, 1], rows[:, 2:] @ np.asarray(cell))


def kinds(pairs: Pairs, symbols: list[str]) -> NDArray[np.intp]:
    """Return (p,) which two elements each pair has, as a number 0, 1, ... by alphabet."""
    names = [tuple(sorted((symbols[i], symbols[j]))) for i, j in zip(pairs.first, pairs.second, strict=True)]
    known = {name: number for number, name in enumerate(sorted(set(names)))}
    return np.array([known[name] for name in names], dtype=np.intp)
