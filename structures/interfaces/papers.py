"""The interface cells of luo2021 and su2024, as far as the papers say what they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from lianode.structures.errors import InputError, nearest
from lianode.structures.interfaces.pairing import CellChoice, interface_cell
from lianode.structures.library import phase
from lianode.structures.ordering.electrolytes import argyrodite

if TYPE_CHECKING:
    from lianode.structures.interfaces.interface_cell import InterfaceCell
    from lianode.structures.phase import Phase


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
    model = electrolyte or argyrodite("Li6PS5Cl", keep=1).models[0].phase
    return interface_cell(anode or phase("In"), model, CellChoice(max_strain=0.03))


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
    model = electrolyte or argyrodite("Li5.5PS4.5Cl1.5", keep=1).models[0].phase
    choice = (
        CellChoice(anode_plane=(1, 0, 0), electrolyte_plane=(1, 0, 0), anode_thickness=13.5, max_strain=0.04)
        if anode == "Li"
        else CellChoice(
            anode_plane=(4, 0, 0), electrolyte_plane=(1, 0, 0), anode_thickness=17.0, width=10.0, strained="shared"
        )
    )
    return interface_cell(crystal or phase(anode), model, choice)
