"""End points that a user gives as two structures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError
from lianode.structures.hops.hop import EndPoints
from lianode.structures.hops.paths import check_path

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pymatgen.core import Structure

_SAME_CELL = 1e-3  # relative
_LEAST_MOVE = 0.3  # Å


def given_end_points(initial: Structure, final: Structure, where: str = "end points") -> EndPoints:
    """Give two structures one index map from end to end.

    Atoms of each element are paired so that the sum of squared distances, to the nearest periodic image, is least
    (Hungarian algorithm): files written by other programs often have another order of atoms, and a band between atoms
    that are not the same ones passes through overlaps.

    Parameters
    ----------
    initial, final
        One cell, the same atoms in any order.
    where
        For messages.

    Returns
    -------
    EndPoints
        In the order of ``initial``; the coordinates of ``final`` are those of the nearest images. The moving atom is
        the one that goes furthest.

    Raises
    ------
    InputError
        Where the atoms or the cells differ, nothing moves, or the moving atom's straight path leads through another
        atom.
    """
    from scipy.optimize import linear_sum_assignment

    if initial.composition != final.composition:
        raise InputError(
            f"the end points have different atoms, {initial.formula} and {final.formula}; both need the same ones",
            where,
        )
    cells = np.asarray(initial.lattice.matrix), np.asarray(final.lattice.matrix)
    if np.abs(cells[0] - cells[1]).max() > _SAME_CELL * np.abs(cells[0]).max():
        raise InputError("the end points have different cells; a band needs one", where)
    steps = _shortest_steps(initial, final)
    squares = np.sum((steps @ cells[0]) ** 2, axis=2)
    kinds = [np.array([site.specie.Z for site in one]) for one in (initial, final)]
    squares[kinds[0][:, None] != kinds[1][None, :]] = 1e6
    _, partners = linear_sum_assignment(squares)
    rows = np.arange(len(initial))
    moves = steps[rows, partners]
    distances = np.sqrt(squares[rows, partners])
    moving = int(np.argmax(distances))
    if distances[moving] < _LEAST_MOVE:
        raise InputError(
            f"the end points are the same structure: no atom moves by more than {distances[moving]:.2f} Å", where
        )
    start = np.asarray(initial.frac_coords)
    others = initial.copy()
    others.remove_sites([moving])
    check_path(others, initial[moving].specie.symbol, start[moving], start[moving] + moves[moving], where)
    placed = initial.copy()
    for number, place in enumerate(start + moves):
        placed.replace(number, initial[number].specie, place)
    return EndPoints(initial=initial.copy(), final=placed, moving=moving, repeats=((1, 0, 0), (0, 1, 0), (0, 0, 1)))


def _shortest_steps(initial: Structure, final: Structure) -> NDArray[np.float64]:
    """Fractional steps from each atom to the nearest image of each other one."""
    from pymatgen.util.coord import pbc_shortest_vectors

    vectors = np.asarray(pbc_shortest_vectors(initial.lattice, initial.frac_coords, final.frac_coords))
    steps = np.asarray(initial.lattice.get_fractional_coords(vectors.reshape(-1, 3)))
    return steps.reshape(vectors.shape)
