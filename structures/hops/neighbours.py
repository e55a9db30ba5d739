"""Points of a crystal near a place, and near each other, periodic images included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pymatgen.core import Lattice, Structure

    from lianode.structures.hops.action import Step


def points_near(
    lattice: Lattice, points: NDArray[np.float64], middle: NDArray[np.float64], radius: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Find all images of points within a sphere.

    Parameters
    ----------
    lattice
        Of the crystal.
    points
        Fractional coordinates, shape (points, 3).
    middle
        Of the sphere, Cartesian, Å.
    radius
        Å.

    Returns
    -------
    tuple of ndarrays
        Cartesian coordinates (n, 3) and distances (n,), Å, and numbers (n,) of the points.
    """
    found: Any = lattice.get_points_in_sphere(points, middle, radius, zip_results=False)
    if not len(found) or not len(found[0]):
        return np.empty((0, 3)), np.empty(0), np.empty(0, dtype=np.int64)
    fractional, distances, numbers = found[0], found[1], found[2]
    places = np.asarray(lattice.get_cartesian_coords(fractional), dtype=np.float64)
    return places, np.asarray(distances, dtype=np.float64), np.asarray(numbers, dtype=np.int64)


def steps_between(crystal: Structure, positions: NDArray[np.float64], reach: float) -> list[Step]:
    """Find all steps from one point to another, or to an image of itself, up to a length.

    Parameters
    ----------
    crystal
        Whose lattice it is.
    positions
        Fractional coordinates, shape (points, 3), not necessarily within the cell: translations are from those given.
    reach
        Å.

    Returns
    -------
    list
        In both directions.
    """
    from ase.neighborlist import primitive_neighbor_list

    found = primitive_neighbor_list(
        "ijS", (True, True, True), np.asarray(crystal.lattice.matrix), positions, reach, use_scaled_positions=True
    )
    starts, ends, images = (column.tolist() for column in found)
    return [(int(i), int(j), (int(a), int(b), int(c))) for i, j, (a, b, c) in zip(starts, ends, images, strict=True)]
