"""The operation of a crystal that takes a hop into its own reverse, so that half a band is enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError
from lianode.structures.symmetry import cell_dataset

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

SYMPREC = 0.05
"""Å: for the operations of the configuration half-way."""
TOLERANCE = 0.05
"""Å: how far an atom of one end point may come to lie from its counterpart in the other."""


@dataclass(frozen=True)
class Mirror:
    """``x'[order[i]] = R x[i] + shifts[i]``, which takes each end point of a hop into the other.

    Attributes
    ----------
    rotation
        (3, 3), Cartesian.
    shifts
        (n, 3), Å.
    order
        (n,) atom that each atom becomes.
    """

    rotation: Array
    shifts: Array
    order: NDArray[np.intp]

    def positions(self, positions: Array) -> Array:
        """Return the image of positions (..., n, 3), Å."""
        made = np.empty_like(positions)
        made[..., self.order, :] = positions @ self.rotation.T + self.shifts
        return made

    def vectors(self, vectors: Array) -> Array:
        """Return the image of forces or gradients (..., n, 3)."""
        made = np.empty_like(vectors)
        made[..., self.order, :] = vectors @ self.rotation.T
        return made

    def whole(self, half: Array) -> Array:
        """Return all images from the first half (with the middle one, where there is one)."""
        return np.concatenate([half, self.positions(half[::-1])])


def find_mirror(first: Array, last: Array, cell: Array, numbers: NDArray[np.intp]) -> Mirror:
    """Return the operation that takes each end point (n, 3), Å, into the other.

    Raises
    ------
    InputError
        When there is none.
    """
    mirror = mirror_between(first, last, cell, numbers)
    if mirror is None:
        raise InputError(
            "the hop is said to be symmetric, but no operation of the crystal takes its end points into each other; "
            "compute the whole band (mirrored: false)",
            "band",
        )
    return mirror


def mirror_between(first: Array, last: Array, cell: Array, numbers: NDArray[np.intp]) -> Mirror | None:
    """Return the operation that takes each end point (n, 3), Å, into the other, or None where there is none.

    It is an operation of the configuration half-way between them.
    """
    inverse = np.linalg.inv(cell)
    half_way = 0.5 * (first + last) @ inverse
    found = cell_dataset(cell, half_way, numbers, SYMPREC)
    if found is not None:
        for rotation, translation in zip(found.rotations, found.translations, strict=True):
            made = _matched(first, last, cell, numbers, rotation=rotation, translation=translation)
            if made is not None:
                return made
    return None


def _matched(
    first: Array,
    last: Array,
    cell: Array,
    numbers: NDArray[np.intp],
    *,
    rotation: NDArray[np.intp],
    translation: Array,
) -> Mirror | None:
    """Return the operation with the atoms and lattice translations that it connects, or None where it does not fit."""
    inverse = np.linalg.inv(cell)
    turned = (first @ inverse) @ rotation.T + translation
    apart = (last @ inverse)[None, :, :] - turned[:, None, :]
    shifts = np.round(apart)
    distance = np.linalg.norm((apart - shifts) @ cell, axis=2)
    distance[numbers[:, None] != numbers[None, :]] = np.inf
    order = distance.argmin(axis=1)
    rows = np.arange(len(first))
    if len(set(order.tolist())) < len(order) or distance[rows, order].max() > TOLERANCE:
        return None
    cartesian = cell.T @ rotation @ inverse.T
    mirror = Mirror(cartesian, (translation + shifts[rows, order]) @ cell, order)
    back = mirror.positions(last) - first
    return mirror if float(np.linalg.norm(back, axis=1).max()) <= TOLERANCE else None
