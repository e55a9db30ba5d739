"""Geometry of a band: minimum image, tangents and the forces of a nudged elastic band.

Positions are not wrapped: an atom keeps its coordinates along the whole path, and the path is continuous.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError
from lianode.workflows.engines.surrogate.pairs import neighbours

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pymatgen.core import Structure

    Array = NDArray[np.float64]

CROSSING = 0.4
"""Share of the shortest distance in the end points below which the straight path counts as crossing an atom."""
DIFFERENT = 0.1
"""Å: some atom has to be further than this from its place in the other end point."""


def unwrapped(initial: Structure, final: Structure) -> tuple[Array, Array]:
    """Return both ends' Cartesian positions (n, 3), Å, with every atom of the second nearest to its place in the first.

    Raises
    ------
    InputError
        When the two have other atoms, other cells, or are the same.
    """
    where = initial.composition.reduced_formula
    if [site.specie.symbol for site in initial] != [site.specie.symbol for site in final]:
        raise InputError(
            f"the end points of a band need the same atoms in the same order, not {initial.formula} and "
            f"{final.formula}{' in another order' if initial.composition == final.composition else ''}",
            where,
        )
    if not np.allclose(initial.lattice.matrix, final.lattice.matrix, atol=1e-5):
        raise InputError("the end points of a band need the same cell; relax them with relax_cell: false", where)
    moves = final.frac_coords - initial.frac_coords
    moves -= np.round(moves)
    steps = moves @ initial.lattice.matrix
    for _ in range(2):  # in a skewed cell the nearest image may be one more vector away
        grid = np.array(np.meshgrid(*[(-1, 0, 1)] * 3)).reshape(3, -1).T @ initial.lattice.matrix
        images = steps[:, None, :] + grid[None]
        nearest = np.linalg.norm(images, axis=2).argmin(axis=1)
        steps = images[np.arange(len(steps)), nearest]
    if len(steps) == 0 or np.linalg.norm(steps, axis=1).max() < DIFFERENT:
        raise InputError(f"the end points are the same: no atom moves by {DIFFERENT} Å or more", where)
    first = np.array(initial.cart_coords, dtype=float)
    return first, first + steps


def straight(first: Array, last: Array, images: int) -> Array:
    """Return ``images`` (k, n, 3) at equal distances between two ends."""
    share = np.arange(1, images + 1) / (images + 1)
    return first + share[:, None, None] * (last - first)


def refuse_crossing(first: Array, last: Array, cell: Array, symbols: list[str]) -> None:
    """Raise ``InputError`` when the straight path runs through another atom."""
    fine = straight(first, last, 19)
    pairs = neighbours(np.concatenate([[first], fine, [last]]), cell, 4.5)
    if not len(pairs.first):
        return
    ends = np.linalg.norm(pairs.vectors(np.array([first, last])), axis=2)
    along = np.linalg.norm(pairs.vectors(fine), axis=2).min(axis=0)
    closest = int(along.argmin())
    if along[closest] < CROSSING * ends.min():
        i, j = int(pairs.first[closest]), int(pairs.second[closest])
        raise InputError(
            f"the path crosses an atom: {symbols[i]} {i} and {symbols[j]} {j} come within {along[closest]:.2f} Å of "
            "each other; break the hop into its steps",
            "band",
        )


def tangents(band: Array, energies: Array) -> Array:
    """Return the unit tangents (k, d) at the images between the ends of a band (k + 2, d).

    The improved tangent: towards the higher neighbour, and at extrema both weighted by the energy differences
    (Henkelman and Jónsson, J. Chem. Phys. 113, 9978 (2000), equations 8 to 11).
    """
    ahead, behind = band[2:] - band[1:-1], band[1:-1] - band[:-2]
    up, down = energies[2:] - energies[1:-1], energies[:-2] - energies[1:-1]
    larger, smaller = np.maximum(abs(up), abs(down)), np.minimum(abs(up), abs(down))
    uphill = up > down
    w_ahead = np.where(uphill, larger, smaller)
    w_behind = np.where(uphill, smaller, larger)
    monotone_up, monotone_down = (up > 0) & (down < 0), (up < 0) & (down > 0)
    w_ahead = np.where(monotone_up, 1.0, np.where(monotone_down, 0.0, w_ahead))
    w_behind = np.where(monotone_up, 0.0, np.where(monotone_down, 1.0, w_behind))
    flat = (w_ahead + w_behind) < 1e-12
    w_ahead, w_behind = np.where(flat, 1.0, w_ahead), np.where(flat, 1.0, w_behind)
    vectors = w_ahead[:, None] * ahead + w_behind[:, None] * behind
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 1e-12, lengths, 1.0))


def largest(forces: Array) -> Array:
    """Return the largest norm per atom of vectors (k, 3n) or (k, n, 3)."""
    return np.asarray(np.linalg.norm(forces.reshape(len(forces), -1, 3), axis=2).max(axis=1))


def perpendicular(forces: Array, along: Array) -> Array:
    """Return what is left of forces (k, d) without their parts along unit vectors (k, d)."""
    return np.asarray(forces - (forces * along).sum(axis=1, keepdims=True) * along)


def lengths(band: Array) -> Array:
    """Return the distances between neighbouring images of a band (k, d)."""
    return np.asarray(np.linalg.norm(np.diff(band.reshape(len(band), -1), axis=0), axis=1))
