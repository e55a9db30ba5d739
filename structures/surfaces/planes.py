"""The planes of a crystal that its symmetry does not make equal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError
from lianode.structures.interfaces.surface_cell import plane_label
from lianode.structures.symmetry import space_group_operations

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lianode.structures.interfaces.surface_cell import Plane
    from lianode.structures.phase import Phase

LARGEST_INDEX = 6
"""Beyond it planes are vicinal ones, and there are hundreds of them."""


@dataclass(frozen=True, kw_only=True)
class PlaneFamily:
    """Planes that the point group of a crystal takes into each other.

    Attributes
    ----------
    plane
        The one that stands for all, Miller indices in the stored cell.
    equal
        All of them, this one included; normals point out of the crystal.
    polar
        Whether the opposite plane is another one, so that a slab shows two surfaces.
    """

    plane: Plane
    equal: tuple[Plane, ...]
    polar: bool

    @property
    def label(self) -> str:
        """``(110)``."""
        return plane_label(self.plane)


def distinct_planes(phase: Phase, max_index: int) -> list[PlaneFamily]:
    """List the distinct planes with indices up to a number, the smallest indices first.

    Both planes of a polar pair, such as (111) and (-1-1-1) of zinc blende, are listed.

    Parameters
    ----------
    phase
        Ordered crystal; indices are those of its stored cell.
    max_index
        Largest absolute index, 1 to :data:`LARGEST_INDEX`.

    Raises
    ------
    InputError
        When the largest index is none of these numbers, or the crystal is disordered.
    """
    if isinstance(max_index, bool) or not isinstance(max_index, int) or not 1 <= max_index <= LARGEST_INDEX:
        raise InputError(f"the largest index is a whole number from 1 to {LARGEST_INDEX}, not {max_index}", phase.name)
    _check_ordered(phase)
    indices = range(max_index, -max_index - 1, -1)
    every = [plane for plane in product(indices, indices, indices) if math.gcd(*plane) == 1]  # (0, 0, 0) has 0
    turned = _point_group(phase)
    families: list[PlaneFamily] = []
    seen: set[Plane] = set()
    for plane in sorted(every, key=_plainness):
        if plane not in seen:
            families.append(_family(plane, turned))
            seen.update(families[-1].equal)
    return families


def plane_family(phase: Phase, plane: Plane) -> PlaneFamily:
    """Return the family of one plane, which stands for it.

    Parameters
    ----------
    phase
        Ordered crystal.
    plane
        Miller indices in its stored cell; a common divisor is dropped.

    Raises
    ------
    InputError
        When the indices are all zero, or the crystal is disordered.
    """
    _check_ordered(phase)
    divisor = math.gcd(*plane)
    if not divisor:
        raise InputError("there is no plane (0, 0, 0); name three integers such as [0, 0, 1]", phase.name)
    return _family((plane[0] // divisor, plane[1] // divisor, plane[2] // divisor), _point_group(phase))


def _check_ordered(phase: Phase) -> None:
    if not phase.structure.is_ordered:
        raise InputError("planes of a disordered crystal cannot be cut; name one of its ordered models", phase.name)


def _plainness(plane: Plane) -> tuple[int, int, int, Plane]:
    """Small indices first, then few negative ones, then the first index before the last."""
    size = sum(index * index for index in plane)
    return size, max(map(abs, plane)), sum(index < 0 for index in plane), (-plane[0], -plane[1], -plane[2])


def _point_group(phase: Phase) -> NDArray[np.float64]:
    """Return the matrices (n, 3, 3) by which the point group takes Miller indices in the stored cell to others.

    Under x -> W x of fractional coordinates the plane h · x = const becomes that of the indices (W^-1)ᵀ h; over the
    group these are all Wᵀ h. The operations are those of the primitive cell, as a stored supercell may hide some; with
    the stored vectors M in units of the primitive ones indices are M h there, and the matrices M Wᵀ M^-1.
    """
    primitive = phase.primitive()
    rotations = np.unique(space_group_operations(primitive)[0], axis=0)
    stored = phase.stored_vectors.astype(np.float64)
    matrices: NDArray[np.float64] = stored @ rotations.transpose(0, 2, 1) @ np.linalg.inv(stored)
    return matrices


def _family(plane: Plane, turned: NDArray[np.float64]) -> PlaneFamily:
    images = {_reduced(image) for image in turned @ np.array(plane, dtype=np.float64)}
    opposite = (-plane[0], -plane[1], -plane[2])
    return PlaneFamily(plane=plane, equal=tuple(sorted(images, key=_plainness)), polar=opposite not in images)


def _reduced(indices: NDArray[np.float64]) -> Plane:
    """Return whole numbers without a common divisor in the ratio of some fractions."""
    parts = [Fraction(float(index)).limit_denominator(96) for index in indices]
    scale = math.lcm(*(part.denominator for part in parts))
    h, k, l = (int(part * scale) for part in parts)  # noqa: E741 - the crystallographers' letter
    divisor = math.gcd(h, k, l)
    return h // divisor, k // divisor, l // divisor
