"""Atoms of a periodic cell seen along a vector of the interface's plane."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from lianode.analysis.plots.elements import radius_of
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lianode.analysis.interface_md import Snapshot

BONDED = (("P", "S"), ("P", "O"))
"""Bonds that are drawn: those of units that an interface breaks."""
BOND_LENGTH = 1.25
"""In sums of the covalent radii: 2.65 Å for P-S, whose RDF is 0 from 2.3 to 3 Å in Li6PS5Cl."""


@dataclass(frozen=True, kw_only=True)
class SideView:
    """Atoms as they are drawn, and the bonds' halves.

    Attributes
    ----------
    across, up
        (n,) along the normal and in the plane, Å, wrapped into the cell.
    depth
        (n,) 0 for the farthest and 1 for the nearest.
    width, height
        Of the cell, Å.
    bonds
        (m, 2, 2) ends of half bonds, from an atom to the middle: [bond][end][across, up].
    bond_atoms
        (m,) atom at which each half begins.
    """

    across: NDArray[np.float64]
    up: NDArray[np.float64]
    depth: NDArray[np.float64]
    width: float
    height: float
    bonds: NDArray[np.float64]
    bond_atoms: NDArray[np.int64]


def side_view(snapshot: Snapshot, *, origin: float = 0.0) -> SideView:
    """Return the atoms seen along the shorter vector of the plane.

    Parameters
    ----------
    snapshot
        Atoms.
    origin
        Share of the third vector at which the drawing begins.

    Raises
    ------
    InputError
        When the cell has no volume.
    """
    cell = np.array(snapshot.cell)
    fractions = _fractions(snapshot)
    fractions[:, 2] -= origin
    fractions -= np.floor(fractions)
    a, b = (np.linalg.norm(cell[axis]) for axis in (0, 1))
    seen, kept = (1, 0) if b <= a else (0, 1)
    normal = np.cross(cell[0], cell[1])
    normal /= np.linalg.norm(normal)
    normal *= np.sign(normal @ cell[2])
    along = cell[seen] / np.linalg.norm(cell[seen])
    up = np.cross(along, normal)
    up *= np.sign(up @ cell[kept])
    # the third vector may lean: sideways it counts for nothing, so that the cell is a rectangle
    axes = np.stack([normal, up])
    upright = cell.copy()
    upright[2] = (cell[2] @ normal) * normal
    projected = fractions @ upright @ axes.T
    depth = fractions[:, seen]
    bonds, atoms = _half_bonds(snapshot.elements, fractions, cell, upright, axes)
    return SideView(
        across=projected[:, 0],
        up=projected[:, 1],
        depth=depth,
        width=float(upright[2] @ normal),
        height=float(upright[kept] @ up),
        bonds=bonds,
        bond_atoms=atoms,
    )


def home_of(snapshot: Snapshot, atoms: slice) -> tuple[float, float]:
    """Return where a side begins and ends, as shares of the third vector; the end may be beyond 1.

    It is the cell without the widest stretch that holds none of its atoms.
    """
    heights = np.sort(_fractions(snapshot)[atoms, 2] % 1.0)
    gaps = [later - earlier for earlier, later in pairwise([*heights, heights[0] + 1])]
    widest = int(np.argmax(gaps))
    begin = float(heights[(widest + 1) % len(heights)])
    end = float(heights[widest])
    return begin, end if end >= begin else end + 1


def _fractions(snapshot: Snapshot) -> NDArray[np.float64]:
    cell = np.array(snapshot.cell)
    if not abs(np.linalg.det(cell)) > 0:
        raise InputError("a cell without volume", "snapshot")
    fractions: NDArray[np.float64] = np.array(snapshot.positions) @ np.linalg.inv(cell)
    return fractions


def _half_bonds(
    elements: Sequence[str],
    fractions: NDArray[np.float64],
    cell: NDArray[np.float64],
    upright: NDArray[np.float64],
    axes: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return both halves of every bond: one that crosses the border has a half on either side of the cell."""
    symbols = np.array(elements)
    halves: list[NDArray[np.float64]] = []
    atoms: list[int] = []
    for one, other in BONDED:
        first, second = np.flatnonzero(symbols == one), np.flatnonzero(symbols == other)
        if not len(first) or not len(second):
            continue
        steps = fractions[second][None] - fractions[first][:, None]
        steps -= np.round(steps)
        lengths = np.linalg.norm(steps @ cell, axis=2)
        for i, j in np.argwhere(lengths < BOND_LENGTH * (radius_of(one) + radius_of(other))):
            half = steps[i, j] / 2
            for atom, step in ((first[i], half), (second[j], -half)):
                halves.append(np.array([fractions[atom], fractions[atom] + step]) @ upright @ axes.T)
                atoms.append(int(atom))
    return np.array(halves).reshape(-1, 2, 2), np.array(atoms, dtype=np.int64)
