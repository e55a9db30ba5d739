"""Dilute cells, against ordered structures and counts that are known."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
import spglib
from pymatgen.core import Composition

from lianode.structures import library
from lianode.structures.canonical import structure_hash
from lianode.structures.dilute import dilute_cells, dilute_composition
from lianode.structures.errors import InputError
from lianode.structures.validity import shortest_contact


def space_group(structure):
    numbers = [site.specie.Z for site in structure]
    return spglib.get_symmetry_dataset((structure.lattice.matrix, structure.frac_coords, numbers), symprec=0.01).number


@pytest.mark.parametrize(("host", "solute"), [("In", "Li"), ("Al", "Li"), ("Li", "In"), ("Sn", "Li")])
@pytest.mark.parametrize("n_sites", [4, 12, 36])
def test_a_monatomic_host_has_one_distinct_site(host, solute, n_sites):
    cells = dilute_cells(library.phase(host), solute, n_sites)
    assert len(cells) == 1
    assert cells[0].structure.composition == Composition({solute: 1, host: n_sites - 1})


def test_one_in_four_of_fcc_is_l12_and_of_bcc_is_d03():
    (in_aluminium,) = dilute_cells(library.phase("Al"), "Li", 4)
    (in_lithium,) = dilute_cells(library.phase("Li"), "In", 4)
    assert (in_aluminium.formula, space_group(in_aluminium.structure)) == ("LiAl3", 221)
    assert (in_lithium.formula, space_group(in_lithium.structure)) == ("Li3In", 225)


def test_lithiated_indium():
    (cell,) = dilute_cells(library.phase("In"), "Li", 36)
    assert (cell.name, cell.formula, cell.kind, cell.default) == ("LiIn35", "LiIn35", "hypothetical", False)
    assert len(cell.structure) == 36
    host = library.phase("In").structure
    assert cell.structure.volume / 36 == pytest.approx(host.volume / 2)
    assert shortest_contact(cell.structure).distance == pytest.approx(shortest_contact(host).distance)
    lithium = cell.structure.indices_from_symbol("Li")[0]
    images = [
        site.nn_distance for site in cell.structure.get_neighbors(cell.structure[lithium], 14) if site.index == lithium
    ]
    assert min(images) == pytest.approx(10.285, abs=1e-3)
    assert min(images) > 3 * 3.2523  # images in 3 x 3 x 2 conventional cells


def test_sites_of_different_orbits_give_different_cells():
    # Li2Sn5: Sn on 2d and 8i; one primitive cell keeps every symmetry, so two cells
    cells = dilute_cells(library.phase("Li2Sn5"), "Li", 14)
    assert [cell.name for cell in cells] == ["Li5Sn9_1", "Li5Sn9_2"]
    assert len({structure_hash(cell.structure) for cell in cells}) == 2


def test_the_solute_does_not_replace_its_own_kind():
    (cell,) = dilute_cells(library.phase("LiIn"), "Li", 16)
    assert cell.structure.composition == Composition("Li9In7")


def test_pairs_are_the_shells_of_neighbours():
    # 2 of 32 sites in a 2 x 2 x 2 cell of fcc: shells at 1/2 (sqrt(2), 2, sqrt(6), sqrt(8), sqrt(12)) a inside the cell
    cells = dilute_composition(library.phase("Al"), "Li", "1/16", 32)
    distances = []
    for cell in cells:
        pair = cell.structure.indices_from_symbol("Li")
        distances.append(cell.structure.get_distance(*pair) / 4.0496)
    assert sorted(distances) == pytest.approx(np.sqrt([2, 4, 6, 8, 12]) / 2, abs=1e-4)
    assert distances == sorted(distances, reverse=True)


def test_pairs_are_distinct_crystals():
    from pymatgen.analysis.structure_matcher import StructureMatcher

    cells = dilute_composition(library.phase("In"), "Li", Fraction(1, 4), 8)
    matcher = StructureMatcher(primitive_cell=False, scale=False, ltol=0.01, stol=0.01, angle_tol=0.5)
    assert not any(matcher.fit(a.structure, b.structure) for a, b in combinations(cells, 2))


@pytest.mark.parametrize("ratio", ["1/36", Fraction(1, 36), 1 / 36])
def test_a_composition_takes_the_fewest_atoms(ratio):
    (cell,) = dilute_composition(library.phase("In"), "Li", ratio)
    assert cell.name == "LiIn35"


@pytest.mark.parametrize("n_sites", [0, 1, -4, 500])
def test_sizes_that_do_not_exist(n_sites):
    with pytest.raises(InputError):
        dilute_cells(library.phase("In"), "Li", n_sites)


def test_a_size_that_is_no_multiple_says_what_is():
    with pytest.raises(InputError, match="its primitive cell has 14"):
        dilute_cells(library.phase("Li2Sn5"), "Li", 36)


@pytest.mark.parametrize("solute", ["li", "Xx", "LiIn", "Li2", ""])
def test_solutes_that_are_no_element(solute):
    with pytest.raises(InputError):
        dilute_cells(library.phase("In"), solute, 36)


@pytest.mark.parametrize("ratio", ["a third", 0, 1, -0.1, "1/0", float("nan"), None])
def test_ratios_that_are_none(ratio):
    with pytest.raises(InputError):
        dilute_composition(library.phase("In"), "Li", ratio)


def test_a_cell_that_cannot_hold_the_ratio_says_which_can():
    with pytest.raises(InputError, match="multiples of 36"):
        dilute_composition(library.phase("In"), "Li", "1/36", 40)


def test_a_host_of_the_solute_alone_is_refused():
    with pytest.raises(InputError, match="no room"):
        dilute_cells(library.phase("Li"), "Li", 4)


def test_a_disordered_host_is_refused():
    with pytest.raises(InputError, match="ordered"):
        dilute_cells(library.phase("Li6PS5Cl_average"), "Na", 19)


def test_too_many_arrangements_are_refused():
    with pytest.raises(InputError, match="arrangements"):
        dilute_composition(library.phase("In"), "Li", "1/2", 40)
