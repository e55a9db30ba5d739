"""Ordered models, against sums over all arrangements and Madelung constants."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from pymatgen.analysis.ewald import EwaldSummation
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Lattice, Structure

from lianode.structures.errors import InputError
from lianode.structures.library import phase
from lianode.structures.ordering import ensemble as ensemble_module
from lianode.structures.ordering.electrolytes import FORMAL_CHARGES, argyrodite
from lianode.structures.ordering.electrostatics import ewald_matrix
from lianode.structures.ordering.ensemble import order
from lianode.structures.ordering.sublattices import disordered_cell
from lianode.structures.validity import check_crystal

COULOMB = 14.399645  # e² / 4 pi eps0, eV Å


def average(structure: Structure, name: str = "average", formula: str = "LiCl"):
    return replace(phase("Li6PS5Cl_average"), name=name, formula=formula, structure=structure, ordered=False)


def primitive_argyrodite():
    structure = phase("Li6PS5Cl_average").structure.get_primitive_structure(0.01)
    assert len(structure) == 19
    return average(structure, "argyrodite", "Li6PS5Cl")


@pytest.fixture(scope="module", params=["Li6PS5Cl", "Li5.5PS4.5Cl1.5"])
def electrolyte(request):
    return request.param, argyrodite(request.param, seed=0)


@pytest.mark.parametrize(
    ("lattice", "distance", "madelung"),
    [("LiCl", 0.5, 1.7475646), ("CsCl", np.sqrt(3) / 2, 1.7626748)],
)
def test_madelung_constants(lattice, distance, madelung):
    a = 5.0
    if lattice == "CsCl":
        structure = Structure(Lattice.cubic(a), ["Cs", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
        charges = np.array([1.0, -1.0])
    else:
        structure = Structure.from_spacegroup("Fm-3m", Lattice.cubic(a), ["Li", "Cl"], [[0, 0, 0], [0.5, 0, 0]])
        charges = np.array([1.0 if site.specie.symbol == "Li" else -1.0 for site in structure])
    energy = charges @ ewald_matrix(structure) @ charges
    assert energy / (len(structure) / 2) == pytest.approx(-COULOMB * madelung / (distance * a), rel=1e-6)


def test_energies_are_those_of_the_ordered_crystals(electrolyte):
    for model in electrolyte[1].models[:2]:
        charged = model.phase.structure.copy()
        charged.add_oxidation_state_by_element(FORMAL_CHARGES)
        assert model.ewald_energy == pytest.approx(EwaldSummation(charged, acc_factor=12).total_energy, abs=1e-4)


def test_every_class_of_arrangements_once():
    """Burnside: the number of classes is the mean number of arrangements that an operation leaves as they are."""
    cell = disordered_cell(primitive_argyrodite(), None, (1, 1, 1))
    found = order(primitive_argyrodite(), closest=2.0, keep=1000)
    assert found.method == "enumerated"
    assert found.arrangements == 2 * 2**6
    pairs = next(one for one in cell.sublattices if one.vacancies).sites
    distances = cell.average.distance_matrix
    partner = {a: next(b for b in pairs if 0 < distances[a, b] < 2.0) for a in pairs}
    first = [a for a in pairs if a < partner[a]]
    anions = next(one for one in cell.sublattices if not one.vacancies).sites
    arrangements = set()
    for bits in range(2**6):
        lithium = frozenset(a if bits >> n & 1 else partner[a] for n, a in enumerate(first))
        arrangements |= {(lithium, chlorine) for chlorine in anions}
    fixed = [
        (frozenset(permutation[list(lithium)].tolist()), permutation[chlorine]) == (lithium, chlorine)
        for permutation in cell.permutations
        for lithium, chlorine in arrangements
    ]
    assert found.distinct == len(found.models) == sum(fixed) / len(cell.permutations)
    assert sum(model.degeneracy for model in found.models) == found.arrangements


def test_models_are_different_crystals_or_mirror_images():
    found = order(primitive_argyrodite(), keep=1000)
    matcher = StructureMatcher(scale=False, ltol=1e-3, stol=1e-3, angle_tol=0.1, primitive_cell=False)
    structures = [model.phase.structure for model in found.models]
    assert len(matcher.group_structures(structures)) == len(structures)


def test_lithium_thiophosphate():
    """Four Li on 4b and 4c: 70 ways; the lowest has all of them on 4b, as the library's ordered model."""
    found = order(phase("Li3PS4_beta_average"), closest=0.5, keep=3)
    assert (found.method, found.arrangements, len(found.models)) == ("enumerated", 70, 3)
    best = found.models[0]
    assert best.degeneracy == 1
    assert StructureMatcher(scale=False).fit(best.phase.structure, phase("Li3PS4_beta_4b").structure)


def test_sampling_finds_what_going_through_all_finds(monkeypatch):
    complete = order(primitive_argyrodite(), keep=10)
    monkeypatch.setattr(ensemble_module, "MOST_ENUMERATED", 10)
    sampled = order(primitive_argyrodite(), keep=10, seed=5)
    assert sampled.method == "sampled"
    assert sampled.distinct is None
    assert [(m.ewald_energy, m.degeneracy) for m in sampled.models] == [
        (pytest.approx(m.ewald_energy, abs=1e-6), m.degeneracy) for m in complete.models
    ]


def test_argyrodites(electrolyte):
    formula, found = electrolyte
    amounts = {"Li6PS5Cl": "Li24P4S20Cl4", "Li5.5PS4.5Cl1.5": "Li22P4S18Cl6"}[formula]
    # one of each pair of 48h sites
    arrangements = {"Li6PS5Cl": 70 * 2**24, "Li5.5PS4.5Cl1.5": 28 * 276 * 2**22}[formula]
    assert (found.formula, found.arrangements, found.method, found.seed) == (amounts, arrangements, "sampled", 0)
    assert len(found.models) == 20
    assert 10**5 < found.examined < arrangements
    energies = [model.ewald_energy for model in found.models]
    assert energies == pytest.approx(sorted(energies), abs=1e-9)  # equal ones differ in their last digits
    for model in found.models:
        structure = model.phase.structure
        check_crystal(structure, model.phase.name)
        assert structure.composition.formula.replace(" ", "") == amounts
        assert sum(FORMAL_CHARGES[site.specie.symbol] for site in structure) == 0
        assert model.shortest_distances["Li"] > 2.2
        assert model.phase.ordered
        assert model.phase.formula == formula
        assert "seed 0" in model.phase.source
        assert "Kraft" in model.phase.source
        assert "S -2" in model.phase.source
        assert 96 % model.degeneracy == 0
        phosphorus, sulfur = structure.indices_from_symbol("P"), structure.indices_from_symbol("S")
        assert ((structure.distance_matrix[np.ix_(phosphorus, sulfur)] < 2.3).sum(axis=1) == 4).all()
    names = [model.phase.name for model in found.models]
    assert names[0] == f"{formula}_ordered_01"
    assert len(set(names)) == 20


@pytest.mark.slow
def test_another_seed_finds_the_same_and_the_same_seed_the_very_same(electrolyte):
    formula, found = electrolyte
    other = argyrodite(formula, seed=1)
    assert [m.ewald_energy for m in other.models] == pytest.approx([m.ewald_energy for m in found.models], abs=1e-5)
    again = argyrodite(formula, seed=0)
    assert [m.phase.structure for m in again.models] == [m.phase.structure for m in found.models]


@pytest.mark.slow
def test_an_ensemble_with_disorder_of_the_anions():
    found = argyrodite("Li6PS5Cl", most_alike=1)
    # four Cl on two lattices of four sites: one class for each number on the first, but two ways for two and two, as
    # the pairs may lie along or across each other
    chlorine = Counter(model.shared_sites["(0, 0, 0)"].get("Cl", 0) for model in found.models)
    assert chlorine == {0: 1, 1: 1, 2: 2, 3: 1, 4: 1}
    # sulfur in the middle of the lithium cages, on 4d, is lowest
    assert found.models[0].shared_sites["(0, 0, 0)"] == {"Cl": 4}


def test_a_supercell_and_a_composition():
    cell = disordered_cell(primitive_argyrodite(), "Li5.5PS4.5Cl1.5", (2, 1, 1))
    assert cell.formula == "Li11P2S9Cl3"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"formula": "Li5.5PS4.5Cl1.5"}, "room for 5.5 Li on shared sites, which is no whole number"),
        ({"formula": "Li6PS5Br"}, "its elements are Cl, Li, P, S, not those of Li6PS5Br"),
        ({"formula": "Li7PS6Cl"}, "does not fit on 2 shared sites of Cl/S"),
        ({"formula": "Li5PS5Cl"}, "Li5PS5Cl is not neutral with common oxidation states"),
        ({"formula": "Li5PS5Cl", "charges": FORMAL_CHARGES}, "has a charge of -1 and not none"),
        ({"charges": {"Li": 1, "P": 5, "S": -2}}, "the charge of Cl is not stated"),
        ({"charges": {"Li": 1, "P": 3, "S": -2, "Cl": -1}}, "has a charge of -2 and not none"),
        ({"closest": 2.3}, "cannot be filled in without atoms closer than 2.3 Å"),
        ({"closest": float("nan")}, "cannot be kept nan Å apart"),
        ({"keep": 0}, "keep 1 or more"),
        ({"most_alike": 0}, "allow 1 or more"),
        ({"supercell": (1, 0, 1)}, "a supercell is three whole numbers above zero"),
        ({"supercell": (4, 3, 1)}, "take a smaller cell"),
    ],
)
def test_what_cannot_be_ordered(wrong, says):
    with pytest.raises(InputError) as caught:
        order(primitive_argyrodite(), **wrong)
    assert says in str(caught.value)
    assert str(caught.value).startswith("argyrodite: ")


def test_what_is_ordered_already():
    with pytest.raises(InputError, match="LiCl: it is ordered already"):
        order(phase("LiCl"))
