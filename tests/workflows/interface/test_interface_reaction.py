"""What becomes of the atoms of an interface cell: two that react have no interface energy."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from lianode.analysis.interface_energy.document import interface_energy_document
from lianode.analysis.interface_energy.interface_energy import Parting, SeriesCell
from lianode.analysis.method import MethodKey
from lianode.structures.interfaces.pairing import CellChoice, interface_cell
from lianode.structures.library import phase
from lianode.workflows.interface_energy.analysis import arrangement_checks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lianode.structures.interfaces.interface_cell import InterfaceCell


@pytest.fixture(scope="module")
def cell() -> InterfaceCell:
    choice = CellChoice(anode_layers=5, width=5, max_area=80, max_strain=0.1, electrolyte_thickness=6, vacuum=None)
    return interface_cell(phase("Li"), phase("LiCl"), choice)


def outcome(cell: InterfaceCell, moved: NDArray[np.float64]) -> dict[str, bool | None]:
    after = cell.structure.copy()
    for index, vector in enumerate(moved):
        after.translate_sites(index, vector, frac_coords=False)
    done = cast("Any", SimpleNamespace(structure=after.as_dict()))
    return {check.name: check.passed for check in arrangement_checks(cell, done, "the cell")}


def test_sides_that_slide_past_each_other_have_not_reacted(cell: InterfaceCell) -> None:
    moved = np.zeros((len(cell.structure), 3))
    moved[cell.film_atoms] = [1.5, 0.7, 0.3]
    assert outcome(cell, moved) == {"no_reaction": True, "arrangement_kept": True}


def test_a_lithium_that_hops_changes_the_interface_and_leaves_one(cell: InterfaceCell) -> None:
    moved = np.zeros((len(cell.structure), 3))
    moved[cell.film_atoms[0]] = [0.0, 0.0, 2.0]
    assert outcome(cell, moved) == {"no_reaction": True, "arrangement_kept": False}


def test_an_anion_that_leaves_its_place_has_reacted(cell: InterfaceCell) -> None:
    chlorine = next(index for index, site in enumerate(cell.structure) if site.specie.symbol == "Cl")
    moved = np.zeros((len(cell.structure), 3))
    moved[chlorine] = [0.0, 0.0, 2.0]
    assert outcome(cell, moved) == {"no_reaction": False, "arrangement_kept": True}


def test_what_reacted_is_not_fitted() -> None:
    document = interface_energy_document(
        [SeriesCell(layers=n, units=n, other_units=4, energy=-10.0 - 2.0 * n, area=20.0) for n in (3, 5, 7)],
        [7, 9, 11],
        film_unit_energy=-1.9,
        substrate_unit_energy=-3.0,
        strained_film_unit_energy=-1.8,
        strained_substrate_unit_energy=-3.0,
        parting=Parting(together=-30.0, film=-13.0, substrate=-12.0, film_units=7, substrate_units=4, area=20.0),
        reacted=True,
        checks=[],
        system="Li-Cl",
        engine="morse",
        campaign="test",
        method=MethodKey(program="vasp", functional="PBE"),
        interface="Li(001)/LiCl(001)",
        film="Li",
        substrate="LiCl",
        film_strain=0.01,
        substrate_strain=0.0,
    )
    assert document.reacted
    assert document.interface_energy is None
    assert document.interface_energy_J_per_m2 is None
    assert document.strain_energy_per_unit is None
    assert document.closure is None
    assert document.work_of_adhesion == pytest.approx(0.25)  # with what the reaction gives
    assert [point.layers for point in document.series] == [3, 5, 7]
    assert type(document).model_validate(document.model_dump()) == document
