"""One cell out of what a user says about it."""

from __future__ import annotations

import numpy as np
import pytest

from lianode.structures.errors import InputError
from lianode.structures.interfaces.pairing import CellChoice, interface_cell
from lianode.structures.library import phase


def test_the_least_strained_cell_that_is_wide_enough():
    narrow = interface_cell(phase("In"), phase("LiCl"), CellChoice(width=5.0, max_area=60.0, max_strain=0.1))
    wide = interface_cell(phase("In"), phase("LiCl"), CellChoice(width=12.0, max_strain=0.1))
    for cell, width in ((narrow, 5.0), (wide, 12.0)):
        a, b = cell.structure.lattice.abc[:2]
        assert cell.area / max(a, b) >= width - 1e-3
        assert np.allclose(cell.substrate_strain, 0)
    assert wide.match.strain <= narrow.match.strain
    assert wide.area <= 2 * 12.0**2


def test_the_side_that_is_strained():
    choice = CellChoice(width=8.0, max_strain=0.1, strained="electrolyte", electrolyte_thickness=8.0)
    cell = interface_cell(phase("In"), phase("LiCl"), choice)
    assert np.allclose(cell.film_strain, 0)
    assert not np.allclose(cell.substrate_strain, 0)


def test_thickness_and_vacuum():
    choice = CellChoice(width=8.0, max_strain=0.1, anode_thickness=9.0, electrolyte_thickness=10.0, vacuum=15.0)
    cell = interface_cell(phase("In"), phase("LiCl"), choice)
    assert cell.interfaces == 1
    assert cell.vacuum == 15.0
    assert cell.film_thickness >= 9.0 * cell.film_stretch[2, 2]
    assert cell.substrate_thickness >= 10.0 * cell.substrate_stretch[2, 2]


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        (CellChoice(anode_plane=(0, 0, 0)), "no plane"),
        (CellChoice(width=0.0), "a width of 0 Å is none"),
        (CellChoice(max_strain=0.001, width=5.0, max_area=30.0), "no common cell"),
        (CellChoice(max_strain=0.1, width=20.0, max_area=120.0), "is 20 Å wide"),
        (CellChoice(anode_termination="Cl|Cl", max_strain=0.1, width=8.0), "Cl|Cl"),
        (CellChoice(vacuum=0.0, max_strain=0.1, width=8.0), "vacuum"),
    ],
)
def test_what_cannot_be_built_is_said_in_one_sentence(choice, says):
    with pytest.raises(InputError, match=says.replace("|", r"\|")) as error:
        interface_cell(phase("In"), phase("LiCl"), choice)
    assert "\n" not in str(error.value)
