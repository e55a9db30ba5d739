"""Which bonds are watched, and which crystals tell how long they are."""

from __future__ import annotations

import pytest

from lianode.structures.errors import InputError
from lianode.structures.library import phase
from lianode.workflows.electrolytes import electrolyte_elements, electrolyte_fault, electrolyte_models
from lianode.workflows.interface_md.bond_references import choose_references, usual_pairs, usual_polyhedra

ELECTROLYTE = phase("Li6PS5Cl")


def test_bonds_of_luo2021():
    assert usual_pairs(["In"], ELECTROLYTE.elements) == ("In-S", "In-Cl", "P-S")
    assert usual_pairs(["Li", "In"], ELECTROLYTE.elements) == ("In-S", "In-Cl", "P-S")
    assert usual_polyhedra(ELECTROLYTE.elements) == ("PS4",)
    assert usual_pairs(["Li"], ["Li", "Cl"]) == ("Li-Cl",)
    assert usual_polyhedra(["Li", "Cl"]) == ()


def test_crystals_of_luo2021():
    chosen = choose_references(("In-S", "In-Cl", "P-S"), None, (), phase("In"), ELECTROLYTE)
    # InS and not In2S3, InCl and not InCl3: what forms beside the metal; P-S is in the electrolyte itself
    assert [one.phase.formula for one in chosen] == ["InS", "InCl"]
    assert [one.pairs for one in chosen] == [("In-S",), ("In-Cl",)]


def test_named_crystals_come_first():
    chosen = choose_references(("In-S", "In-Cl"), [phase("In2S3")], {"In-Cl"}, phase("In"), ELECTROLYTE)
    assert [one.phase.formula for one in chosen] == ["In2S3"]


def test_a_named_crystal_without_any_of_the_bonds_is_refused():
    with pytest.raises(InputError, match="InCl3 has none of the pairs In-S"):
        choose_references(("In-S",), [phase("InCl3")], (), phase("In"), ELECTROLYTE)


def test_a_bond_that_nothing_tells_the_length_of_is_refused():
    with pytest.raises(InputError, match="no crystal tells how long a bond Al-S is; name one under `references`"):
        choose_references(("Al-S",), None, (), phase("Li9Al4"), ELECTROLYTE)
    assert choose_references(("Al-S",), None, {"Al-S"}, phase("Li9Al4"), ELECTROLYTE) == ()


def test_electrolytes():
    ordered = electrolyte_models("LiCl", 3, 0)
    assert [(one.name, one.number) for one in ordered] == [("LiCl", None)]
    named = electrolyte_models("Li6PS5Cl_ordered_48h", 3, 0)
    assert [one.number for one in named] == [None]
    models = electrolyte_models("Li6PS5Cl", 2, 0)
    assert [(one.name, one.number) for one in models] == [("Li6PS5Cl", 1), ("Li6PS5Cl", 2)]
    assert all(len(one.phase.structure) == 52 for one in models)
    assert electrolyte_elements("Li5.5PS4.5Cl1.5") == {"Li", "P", "S", "Cl"}
    assert electrolyte_fault("Li5.5PS4.5Cl1.5") is None
    assert "did you mean" in (electrolyte_fault("LiCll") or "")


def test_a_model_is_relaxed_without_its_symmetry_and_an_ordered_crystal_as_a_hull_does(morse):
    from lianode.structures.symmetry import space_group_operations
    from lianode.workflows.request import relax_phase
    from lianode.workflows.task import RelaxTask

    model = electrolyte_models("Li6PS5Cl", 1, 0)[0]
    request = model.request(morse, RelaxTask(), retry_failed=False)
    assert len(space_group_operations(request.atoms())[0]) == 1
    assert request.task.rattle == 0.0
    assert request.key == model.request(morse, RelaxTask(), retry_failed=False).key
    crystal = electrolyte_models("LiCl", 1, 0)[0]
    again = relax_phase(morse, phase("LiCl"), RelaxTask(), retry_failed=False)
    assert crystal.request(morse, RelaxTask(), retry_failed=False).key == again.key
