"""One interface cell of an anode and an electrolyte, from what a user says about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from lianode.structures.errors import InputError
from lianode.structures.interfaces.building import build_interface
from lianode.structures.interfaces.lattice_matches import lattice_matches, ranked
from lianode.structures.interfaces.surface_cell import surface_cell
from lianode.structures.interfaces.terminations import cut_slab, termination
from lianode.structures.interfaces.variants import slab_of_thickness

if TYPE_CHECKING:
    from lianode.structures.interfaces.interface_cell import InterfaceCell
    from lianode.structures.interfaces.lattice_matches import Match
    from lianode.structures.interfaces.strain import StrainedSide
    from lianode.structures.phase import Phase

Strained = Literal["anode", "electrolyte", "shared"]
_SIDES: dict[Strained, StrainedSide] = {"anode": "film", "electrolyte": "substrate", "shared": "shared"}
ROOM = 2.0
"""Largest area of a cell over the square of its least width, where none is given."""


@dataclass(frozen=True, kw_only=True)
class CellChoice:
    """What is said about an interface cell; lengths in Å.

    Attributes
    ----------
    anode_plane, electrolyte_plane
        Miller indices in the stored cells.
    anode_thickness, electrolyte_thickness
        Of either side, at least.
    anode_layers
        Lattice planes of the anode, instead of its thickness.
    anode_termination, electrolyte_termination
        Names of cuts, such as ``Li|Cl``; None takes the cut with the widest opening.
    width
        Of the cell in the plane, at least: the distance of an atom from its own image's row.
    max_area
        Of the cell in the plane, Å²; None takes twice the square of the width.
    max_strain
        Largest principal strain of either side.
    strained
        Which side is.
    vacuum
        Above the anode; None closes the cell with a second interface.
    closeness
        Share of the contact distances to which the anode is lowered.
    """

    anode_plane: tuple[int, int, int] = (0, 0, 1)
    electrolyte_plane: tuple[int, int, int] = (0, 0, 1)
    anode_thickness: float = 12.0
    electrolyte_thickness: float = 19.0
    anode_layers: int | None = None
    anode_termination: str | None = None
    electrolyte_termination: str | None = None
    width: float = 12.0
    max_area: float | None = None
    max_strain: float = 0.05
    strained: Strained = "anode"
    vacuum: float | None = None
    closeness: float = 1.0


def interface_cell(anode: Phase, electrolyte: Phase, choice: CellChoice) -> InterfaceCell:
    """Build the least strained cell that is wide enough: the anode is the film, the electrolyte the substrate.

    Of equally strained cells the most compact, then the smallest is taken, and in it the lateral position in which the
    anode sits deepest.

    Parameters
    ----------
    anode, electrolyte
        Ordered crystals in their stored cells, as they are or relaxed.
    choice
        What is wanted.

    Raises
    ------
    InputError
        For planes or terminations that there are not, and where the two do not match within the strain and the area.
    """
    film = surface_cell(anode, choice.anode_plane)
    substrate = surface_cell(electrolyte, choice.electrolyte_plane)
    if not choice.width > 0:
        raise InputError(
            f"a width of {choice.width:g} Å is none; 10 Å or more is usual", f"{film.name}/{substrate.name}"
        )
    area = ROOM * choice.width**2 if choice.max_area is None else choice.max_area
    matches = lattice_matches(
        film, substrate, max_area=area, max_strain=choice.max_strain, strained=_SIDES[choice.strained]
    )
    wide = [match for match in matches if _width(match) >= choice.width - 1e-3]
    if not wide:
        widest = max(map(_width, matches))
        raise InputError(
            f"no common cell up to {area:.0f} Å² within a strain of {choice.max_strain:.1%} is {choice.width:g} Å wide "
            f"(the widest is {widest:.1f} Å); allow a larger `max_area` or strain, or less width",
            f"{film.name}/{substrate.name}",
        )
    if choice.anode_layers is None:
        upper = slab_of_thickness(film, choice.anode_thickness, choice.anode_termination)
    else:
        upper = cut_slab(film, choice.anode_layers, termination(film, choice.anode_termination))
    return build_interface(
        upper,
        slab_of_thickness(substrate, choice.electrolyte_thickness, choice.electrolyte_termination),
        ranked(wide, ("strain", "shape", "area"))[0],
        vacuum=choice.vacuum,
        closeness=choice.closeness,
    )


def _width(match: Match) -> float:
    """Return the shorter distance of parallel edges, Å."""
    return match.area / float(np.linalg.norm(match.vectors, axis=1).max())
