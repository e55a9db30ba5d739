"""The interface cells of luo2021 and su2024, as far as the papers say what they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from lianode.structures.errors import InputError, nearest
from lianode.structures.interfaces.building import build_interface
from lianode.structures.interfaces.lattice_matches import lattice_matches, ranked
from lianode.structures.interfaces.surface_cell import surface_cell
from lianode.structures.interfaces.variants import slab_of_thickness
from lianode.structures.library import phase
from lianode.structures.ordering.electrolytes import argyrodite

if TYPE_CHECKING:
    from lianode.structures.interfaces.interface_cell import InterfaceCell
    from lianode.structures.interfaces.strain import StrainedSide
    from lianode.structures.interfaces.surface_cell import SurfaceCell
    from lianode.structures.phase import Phase

_ELECTROLYTE_THICKNESS = 19.0  # Å, two cubic cells: the two interfaces leave a middle between them


def luo2021(electrolyte: Phase | None = None, anode: Phase | None = None) -> InterfaceCell:
    """Build In(001) on Li6PS5Cl(001), sandwiched, for NVT dynamics.

    The paper says "more than 250 atoms" and names neither planes nor ordering. Here five layers of In lie on two cubic
    cells of the ordered model with the lowest Ewald energy, √2 x √2 in the plane, 13.9 Å wide: 9 In on a cubic cell's
    face, indium strained by about 1 %.

    Parameters
    ----------
    electrolyte
        Ordered model in the cubic cell, as it is or relaxed; None makes the lowest one of Li6PS5Cl.
    anode
        Indium; None takes the library's.

    Raises
    ------
    InputError
        Where the two do not match.
    """
    substrate = surface_cell(electrolyte or argyrodite("Li6PS5Cl", keep=1).models[0].phase, (0, 0, 1))
    film = surface_cell(anode or phase("In"), (0, 0, 1))
    return _sandwiched(film, substrate, thickness=12.0, max_strain=0.03, strained="film")


def su2024(
    anode: Literal["Li", "Li9Al4"], electrolyte: Phase | None = None, crystal: Phase | None = None
) -> InterfaceCell:
    """Build Li(100) or Li9Al4(400) on Li5.5PS4.5Cl1.5(100), sandwiched, for NVT dynamics.

    The paper gives the planes, not the numbers of atoms. Eight layers of Li (16 on two cubic faces, turned by 45°,
    strained by 0.7 %) or two spacings of Li9Al4 lie on two cubic cells of the ordered model of lowest Ewald energy.
    Li9Al4 matches no cell of that size within 5 % alone, so both sides bear half of its mismatch, 3.6 % each.

    Parameters
    ----------
    anode
        ``Li`` or ``Li9Al4``.
    electrolyte
        Ordered model in the cubic cell, as it is or relaxed; None makes the lowest one of Li5.5PS4.5Cl1.5.
    crystal
        Of the anode; None takes the library's.

    Raises
    ------
    InputError
        Where the anode is another one, or the two do not match.
    """
    if anode not in {"Li", "Li9Al4"}:
        raise InputError(f"su2024 has cells with Li and Li9Al4, not '{anode}'{nearest(anode, ['Li', 'Li9Al4'])}")
    substrate = surface_cell(electrolyte or argyrodite("Li5.5PS4.5Cl1.5", keep=1).models[0].phase, (1, 0, 0))
    if anode == "Li":
        film = surface_cell(crystal or phase("Li"), (1, 0, 0))
        return _sandwiched(film, substrate, thickness=13.5, max_strain=0.04, strained="film")
    film = surface_cell(crystal or phase("Li9Al4"), (4, 0, 0))
    return _sandwiched(film, substrate, thickness=17.0, max_strain=0.05, strained="shared")


def _sandwiched(
    film: SurfaceCell, substrate: SurfaceCell, *, thickness: float, max_strain: float, strained: StrainedSide
) -> InterfaceCell:
    """Two cubic faces of the electrolyte in the plane, the least strained cell that is compact."""
    face = substrate.area
    matches = lattice_matches(film, substrate, max_area=2.1 * face, max_strain=max_strain, strained=strained)
    large = [match for match in matches if match.area > 1.9 * face] or matches
    return build_interface(
        slab_of_thickness(film, thickness),
        slab_of_thickness(substrate, _ELECTROLYTE_THICKNESS),
        ranked(large, ("strain", "shape", "area"))[0],
    )
