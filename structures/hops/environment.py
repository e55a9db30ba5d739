"""Numbers that describe what surrounds a point, to give sites and hops names that do not depend on the cell."""

from __future__ import annotations

from functools import cmp_to_key
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.hops.neighbours import points_near

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from pymatgen.core import Structure

_WIDTHS = np.array([1.5, 2.0, 2.5])
_REACH = 10.0  # a Gaussian of 2.5 Å has fallen to 1e-7
_TIE = 1e-4  # relative; noise of 1e-6 Å changes the sums by about 1e-6


def environments(crystal: Structure, positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Describe the surroundings of points by sums of Gaussians on the atoms, weighted by atomic number.

    The sums are continuous in all coordinates and do not depend on the cell, the origin or the order of atoms.

    Parameters
    ----------
    crystal
        Ordered crystal.
    positions
        Fractional coordinates, shape (points, 3).

    Returns
    -------
    ndarray of shape (points, 3)
        One number per width of the Gaussians (1.5, 2 and 2.5 Å). An atom at the point itself counts.
    """
    charges = np.array([site.specie.Z for site in crystal], dtype=np.float64)
    rows = []
    for position in crystal.lattice.get_cartesian_coords(positions):
        _, distances, atoms = points_near(crystal.lattice, crystal.frac_coords, position, _REACH)
        rows.append(charges[atoms] @ np.exp(-((distances[:, None] / _WIDTHS) ** 2)))
    return np.array(rows).reshape(len(positions), len(_WIDTHS))


def stable_order(keys: Sequence[Sequence[float]]) -> list[int]:
    """Sort rows of numbers, first column first; numbers that differ by noise count as equal.

    Returns
    -------
    list[int]
        Numbers of the rows in ascending order.
    """

    def compare(a: int, b: int) -> int:
        for x, y in zip(keys[a], keys[b], strict=True):
            if abs(x - y) > _TIE * max(abs(x), abs(y)):
                return -1 if x < y else 1
        return 0

    return sorted(range(len(keys)), key=cmp_to_key(compare))
