"""Slabs of a crystal with vacuum above and below them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError
from lianode.structures.interfaces.terminations import cut_slab

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from pymatgen.core import Structure

    from lianode.structures.interfaces.surface_cell import SurfaceCell
    from lianode.structures.interfaces.terminations import Slab
    from lianode.structures.surfaces.cuts import SlabCut


MIDDLE = 4.0
"""Å: height of the middle of a slab, at least: there have to be bonds in it."""


@dataclass(frozen=True, kw_only=True)
class VacuumSlab:
    """A slab in a periodic cell: the crystal's own cell in the plane, vacuum along the normal.

    Attributes
    ----------
    structure
        Å; atoms bottom to top, the third vector along the normal, the slab in the middle of the cell.
    slab
        The atoms of one surface cell, and the cuts.
    cut
        How the slab is cut.
    layers
        Lattice planes of the crystal that it is thick; the plane of a cut with an excess comes on top of them.
    vacuum
        Between the highest atom and the next image of the lowest, Å.
    supercell
        Repeats of the surface cell along its two vectors.
    """

    structure: Structure
    slab: Slab
    cut: SlabCut
    layers: int
    vacuum: float
    supercell: tuple[int, int]

    @property
    def area(self) -> float:
        """Of one surface, Å²."""
        return self.slab.surface.area * self._cells

    @property
    def thickness(self) -> float:
        """Distance of the two cuts, Å."""
        return self.slab.thickness

    @property
    def formula_units(self) -> int:
        """Whole reduced formula units of the crystal in the cell."""
        return self.slab.formula_units * self._cells

    @property
    def excess(self) -> dict[str, int]:
        """Atoms in the cell beyond whole formula units, on both surfaces together."""
        return {element: amount * self._cells for element, amount in self.slab.excess.items()}

    @property
    def middle(self) -> NDArray[np.int64]:
        """Indices of the atoms in the middle of the slab, in one lattice plane or :data:`MIDDLE`, whichever is more."""
        heights = np.asarray(self.structure.cart_coords)[:, 2]
        away = np.abs(heights - 0.5 * (heights.min() + heights.max()))
        reach = 0.5 * max(self.slab.surface.spacing, MIDDLE)
        return np.flatnonzero(away <= max(reach, float(away.min())) + 1e-6)

    @property
    def _cells(self) -> int:
        return self.supercell[0] * self.supercell[1]


def vacuum_slab(
    surface: SurfaceCell, cut: SlabCut, layers: int, *, vacuum: float, supercell: tuple[int, int] = (1, 1)
) -> VacuumSlab:
    """Build one slab.

    Parameters
    ----------
    surface
        Crystal and plane.
    cut
        Of :func:`lianode.structures.surfaces.cuts.slab_cuts` of the same surface.
    layers
        Lattice planes, 1 or more.
    vacuum
        Å, more than 0.
    supercell
        Repeats along the two vectors in the plane.

    Raises
    ------
    InputError
        Without vacuum, atoms or a whole supercell.
    """
    if not 0 < vacuum < math.inf:
        raise InputError(
            f"a vacuum of {vacuum:g} Å leaves no surface; 15 Å is usual, and more than 0 is needed", surface.name
        )
    if layers < 1:
        raise InputError(
            f"a slab of {layers} lattice planes is thinner than the crystal's period along the normal, "
            f"{surface.spacing:.2f} Å; 1 or more are needed",
            surface.name,
        )
    if min(supercell) < 1:
        raise InputError(f"a supercell is two whole numbers from 1, not {supercell[0]} x {supercell[1]}", surface.name)
    slab = cut_slab(surface, layers, cut.lower, cut.upper)
    structure = _structure(slab, vacuum, supercell)
    return VacuumSlab(structure=structure, slab=slab, cut=cut, layers=layers, vacuum=vacuum, supercell=supercell)


def layers_of(surface: SurfaceCell, thicknesses: Sequence[float]) -> tuple[int, ...]:
    """Return the numbers of lattice planes of slabs that are at least so thick, each more than the one before.

    Parameters
    ----------
    surface
        Crystal and plane.
    thicknesses
        Å, ascending. Where two of them are within one lattice plane, the thicker slab gets one plane more.

    Raises
    ------
    InputError
        When a slab would be thinner than the crystal's period along the normal.
    """
    if not thicknesses:
        raise InputError("no thickness is given; name three, such as 10, 15 and 20 Å", surface.name)
    layers: list[int] = []
    for thickness in thicknesses:
        if not surface.spacing - 1e-3 <= thickness < math.inf:
            raise InputError(
                f"a slab of {thickness:g} Å is thinner than the crystal's period along the normal, "
                f"{surface.spacing:.2f} Å; make it at least as thick",
                surface.name,
            )
        wanted = math.ceil(thickness / surface.spacing - 1e-3)
        layers.append(max(wanted, layers[-1] + 1 if layers else 1))
    return tuple(layers)


def has_equal_surfaces(structure: Structure) -> bool:
    """Whether an operation of a slab turns it upside down, so that its surfaces are equal.

    Parameters
    ----------
    structure
        Slab with its third vector along the normal.
    """
    from lianode.structures.symmetry import space_group_operations

    rotations, _ = space_group_operations(structure)
    return bool((rotations[:, 2] == [0, 0, -1]).all(axis=1).any())


def _structure(slab: Slab, vacuum: float, supercell: tuple[int, int]) -> Structure:
    from pymatgen.core import Lattice, Structure

    heights = slab.positions[:, 2]
    matrix = np.zeros((3, 3))
    matrix[:2, :2] = slab.surface.in_plane
    matrix[2, 2] = heights.max() - heights.min() + vacuum
    centred = slab.positions + np.array([0.0, 0.0, 0.5 * (matrix[2, 2] - heights.min() - heights.max())])
    coordinates = centred @ np.linalg.inv(matrix)
    crystal = Structure(Lattice(matrix), list(slab.elements), coordinates)
    if supercell != (1, 1):
        crystal = crystal * (*supercell, 1)
    coordinates = np.array(crystal.frac_coords)
    # an atom on the border is at 0 and never at 1, whatever the noise: sites count cells from there
    coordinates[:, :2] -= np.floor(coordinates[:, :2] + 1e-6)
    return Structure(crystal.lattice, crystal.species, coordinates)
