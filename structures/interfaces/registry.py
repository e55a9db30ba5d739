"""Lateral positions of one crystal on the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError
from lianode.structures.interfaces.integers import joined_lattice, reduced_basis

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lianode.structures.interfaces.lattice_matches import Match

_DIVISIONS = (1, 2, 3, 4, 6, 12, 24, 48, 96)  # even ones hold hollow sites of squares, threes those of triangles


def registry_cell(match: Match) -> NDArray[np.float64]:
    """Return the cell that holds every lateral position of the film once, rows, Å, shape (2, 2).

    It is the cell of the lattice that both crystals' lattices in the plane generate together: a shift by one of its
    vectors changes nothing but which atom is which. Its area is that of the common cell divided by the numbers of both
    crystals' surface cells in it, in a smallest common cell: large ones of poor coincidence have no registry to speak
    of.
    """
    cell = joined_lattice(match.film_matrix, match.substrate_matrix) @ match.vectors
    reduced: NDArray[np.float64] = reduced_basis(cell) @ cell
    return reduced


def registries(match: Match, spacing: float = 0.8) -> NDArray[np.float64]:
    """Return a grid of the distinct lateral shifts of the film, Å, shape (n, 2), the first one zero.

    Parameters
    ----------
    match
        The common cell.
    spacing
        Distance of neighbouring shifts, at most, Å.

    Raises
    ------
    InputError
        Where the spacing is not above zero.
    """
    if not 0.01 <= spacing < np.inf:
        raise InputError(f"shifts {spacing:g} Å apart cannot be sampled; 0.01 Å and more can", "registry")
    cell = registry_cell(match)
    counts = [_division(float(length) / spacing) for length in np.linalg.norm(cell, axis=1)]
    grid = np.stack(np.meshgrid(*(np.arange(n) / n for n in counts), indexing="ij"), axis=-1).reshape(-1, 2)
    shifts: NDArray[np.float64] = grid @ cell
    return shifts


def _division(wanted: float) -> int:
    return next((n for n in _DIVISIONS if n >= wanted - 1e-9), int(np.ceil(wanted / 12)) * 12)
