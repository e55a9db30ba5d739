"""The cells of luo2021 and su2024: numbers of atoms, strain, area and thickness."""

from __future__ import annotations

import numpy as np
import pytest

from lianode.structures.errors import InputError
from lianode.structures.interfaces.building import rebuild
from lianode.structures.interfaces.papers import luo2021, su2024
from lianode.structures.library import phase
from lianode.structures.ordering.electrolytes import argyrodite
from lianode.structures.validity import check_crystal, shortest_contact

CUBIC = 9.86026  # Å, of Li6PS5Cl_average
INDIUM = 3.2523  # Å, of In_bct


@pytest.fixture(scope="module")
def chlorine_rich():
    return argyrodite("Li5.5PS4.5Cl1.5", keep=1).models[0].phase


def check_sandwich(cell, atoms, composition):
    structure = cell.structure
    check_crystal(structure, cell.name)
    assert len(structure) == atoms >= 250
    assert structure.composition.get_el_amt_dict() == composition
    assert cell.interfaces == 2
    assert cell.excess == {"film": {}, "substrate": {}}
    # no contact across the interface is shorter than the shortest in the electrolyte, Li-Li on 48h
    across = structure.distance_matrix[np.ix_(cell.film_atoms, cell.substrate_atoms)]
    assert across.min() > shortest_contact(structure).distance + 0.2
    # contacts as the radii have them leave gaps of a bond, not of a vacuum
    assert 1.0 < cell.gap < 3.5
    assert 1.0 < cell.upper_gap < 3.5
    # PS4 is whole
    phosphorus, sulfur = structure.indices_from_symbol("P"), structure.indices_from_symbol("S")
    assert ((structure.distance_matrix[np.ix_(phosphorus, sulfur)] < 2.3).sum(axis=1) == 4).all()


def test_luo2021():
    cell = luo2021()
    # 5 layers of 18 In on two cubic cells, sqrt(2) x sqrt(2): 4 x Li24P4S20Cl4
    check_sandwich(cell, 298, {"Li": 96, "P": 16, "S": 80, "Cl": 16, "In": 90})
    assert cell.area == pytest.approx(2 * CUBIC**2)
    assert cell.structure.lattice.abc[:2] == pytest.approx([np.sqrt(2) * CUBIC] * 2)
    assert np.allclose(cell.film_strain[:2, :2], (CUBIC / (3 * INDIUM) - 1) * np.eye(2), atol=1e-6)
    assert np.allclose(cell.substrate_strain, 0)
    assert cell.match.strain == pytest.approx(0.0106, abs=1e-4)
    assert cell.substrate_thickness == pytest.approx(2 * CUBIC)
    # five spacings c / 2 of indium at constant volume
    assert cell.film_thickness == pytest.approx(5 * 4.9461 / 2 * (3 * INDIUM / CUBIC) ** 2, rel=1e-4)
    assert (cell.film_formula_units, cell.substrate_formula_units) == (90, 16)


def test_su2024_lithium(chlorine_rich):
    cell = su2024("Li", chlorine_rich)
    check_sandwich(cell, 328, {"Li": 88 + 128, "P": 16, "S": 72, "Cl": 24})
    assert cell.area == pytest.approx(2 * CUBIC**2)
    # 8 Li cells on a cubic face, turned by 45°: a(Li) 2 sqrt(2) against a
    assert cell.match.strain == pytest.approx(1 - CUBIC / (3.5093 * 2 * np.sqrt(2)), abs=1e-6)
    assert abs(cell.match.angle) == pytest.approx(45)
    assert cell.film_formula_units == 128
    assert cell.substrate_formula_units == 8  # Li11P2S9Cl3


def test_su2024_alloy(chlorine_rich):
    cell = su2024("Li9Al4", chlorine_rich)
    check_sandwich(cell, 408, {"Li": 88 + 144, "Al": 64, "P": 16, "S": 72, "Cl": 24})
    assert cell.film.surface.label == "(400)"
    assert cell.area == pytest.approx(193.2, abs=0.1)
    assert cell.match.strain == pytest.approx(0.0360, abs=1e-4)
    assert cell.film_formula_units == 16
    logarithms = [np.log(np.linalg.eigvalsh(s[:2, :2])) for s in (cell.film_stretch, cell.substrate_stretch)]
    assert logarithms[0] == pytest.approx(-logarithms[1][::-1])


def test_a_relaxed_pair_goes_into_the_same_cell(chlorine_rich):
    cell = su2024("Li", chlorine_rich)
    lithium = phase("Li")
    lithium.structure.scale_lattice(lithium.structure.volume * (3.44 / 3.5093) ** 3)
    again = rebuild(cell.recipe, lithium, chlorine_rich)
    assert len(again.structure) == len(cell.structure)
    assert again.match.strain == pytest.approx(CUBIC / (3.44 * 2 * np.sqrt(2)) - 1, abs=1e-6)


def test_another_anode():
    with pytest.raises(InputError, match="su2024 has cells with Li and Li9Al4, not 'LiAl'"):
        su2024("LiAl")
