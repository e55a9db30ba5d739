"""Reactions of two materials: cases worked out by hand, limits, and pymatgen's own interface reactions."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from lianode_test_tables import METHOD, phase
from pymatgen.analysis.interface_reactions import GrandPotentialInterfacialReactivity, InterfacialReactivity
from pymatgen.analysis.phase_diagram import GrandPotentialPhaseDiagram, PDEntry, PhaseDiagram
from pymatgen.core import Composition, Element

from lianode.analysis.checks import Check
from lianode.analysis.energies import MissingPhase
from lianode.analysis.hull.counting import HullImpossibleError
from lianode.analysis.method import MethodMismatchError
from lianode.analysis.reactivity.phases import EXPECTED, expected_formulas
from lianode.analysis.reactivity.reactivity import ReactivityDocument, flagged_phases, reactivity
from lianode.structures import library
from lianode.structures.errors import InputError
from lianode.structures.formulas import composition_key, parse_formula

# eV/atom; per formula unit LiCl -4, InCl3 -4, LiIn -0.6
LI_IN_CL = {"Li": 0.0, "In": 0.0, "Cl": 0.0, "InCl3": -1.0, "LiCl": -2.0, "LiIn": -0.3}
# a made-up system without any special ratio
LI_IN_S_CL = {
    "Li": 0.0, "In": 0.0, "S": 0.0, "Cl": 0.0, "LiIn": -0.27, "Li13In3": -0.2, "Li2S": -1.4, "LiCl": -2.0,
    "InS": -0.7, "In2S3": -0.74, "InCl": -0.9, "InCl3": -1.3, "LiInS2": -1.0, "Li3InCl6": -1.69,
}  # fmt: skip


def made_up(table, **fields):
    return [phase(name, energy, **fields) for name, energy in table.items()]


def between(first, second, energies, **options):
    return reactivity(energies, first=first, second=second, engine="made-up", campaign="test", **options)


def corners(document):
    return [(r.mixing_ratio, r.reaction_energy_per_atom) for r in document.reactions]


def test_two_elements_make_their_compound():
    document = between("In", "Sn", made_up({"In": 0.0, "Sn": 0.0, "InSn": -0.5}))
    np.testing.assert_allclose(corners(document), [(0, 0), (0.5, -0.5), (1, 0)], atol=1e-9)
    best = document.most_exothermic
    assert best.equation == "Sn + In -> InSn"
    assert best.products == {"InSn": pytest.approx(1.0)}
    assert document.energy_at(0.25) == pytest.approx(-0.25)


def test_lithium_reduces_a_chloride():
    """3 Li + InCl3 -> 3 LiCl + In gives -8 eV per 7 atoms, and a fourth lithium -0.6 eV more per 8 atoms."""
    document = between("Li", "InCl3", made_up(LI_IN_CL))
    np.testing.assert_allclose(corners(document), [(0, 0), (3 / 7, -8 / 7), (0.5, -8.6 / 8), (1, 0)], atol=1e-9)
    assert document.most_exothermic.equation == "InCl3 + 3 Li -> In + 3 LiCl"
    assert document.most_exothermic.products == pytest.approx({"In": 1 / 7, "LiCl": 6 / 7})
    assert document.reactions[2].equation == "InCl3 + 4 Li -> 3 LiCl + LiIn"


def test_at_a_potential_below_alloying_the_chloride_takes_lithium_up_alone():
    """At 1 V: InCl3 + 3 Li -> 3 LiCl + In is -12 + 4 + 3 eV for 4 atoms that are not lithium; In stays as it is."""
    document = between("In", "InCl3", made_up(LI_IN_CL), voltage=1.0)
    np.testing.assert_allclose(corners(document), [(0, -5 / 4), (1, 0)], atol=1e-9)
    assert document.reactions[0].equation == "InCl3 + 3 Li(exchanged) -> In + 3 LiCl"
    assert document.reactions[0].lithium_uptake_per_atom == pytest.approx(0.75)
    assert document.second_energy_above_hull_per_atom == pytest.approx(1.25)
    assert document.most_exothermic == document.reactions[0]
    assert document.strongest_mutual.mutual_energy_per_atom == pytest.approx(0.0)
    assert any("do not react with each other at 1 V" in note for note in document.notes)


def test_at_the_potential_of_lithium_metal_both_take_lithium_up():
    document = between("In", "InCl3", made_up(LI_IN_CL), voltage=0.0)
    np.testing.assert_allclose(corners(document), [(0, -8.6 / 4), (1, -0.6)], atol=1e-9)


@pytest.mark.parametrize(("voltage", "energy", "uptake"), [(0.0, -0.5, 0.5), (0.2, -0.4, 0.5), (1.2, None, 0.0)])
def test_a_reaction_that_needs_lithium_from_outside(voltage, energy, uptake):
    """In + Sn + Li -> LiInSn: -1 eV + V per two atoms that are not lithium, and nothing above 1 V."""
    table = {"Li": 0.0, "In": 0.0, "Sn": 0.0, "LiInSn": -1 / 3}
    document = between("In", "Sn", made_up(table), voltage=voltage)
    assert document.elements == ["Li", "In", "Sn"]
    assert document.most_exothermic.lithium_uptake_per_atom == pytest.approx(uptake)
    if energy is None:
        assert corners(document) == [(0, 0), (1, 0)]
    else:
        np.testing.assert_allclose(corners(document), [(0, 0), (0.5, energy), (1, 0)], atol=1e-9)
        assert document.most_exothermic.equation == "Sn + In + Li(exchanged) -> LiInSn"


def test_lithium_that_leaves_stands_on_the_other_side():
    document = between("LiIn", "Sn", made_up({"Li": 0.0, "In": 0.0, "Sn": 0.0, "LiIn": -0.3}), voltage=2.0)
    assert document.reactions[-1].equation == "LiIn -> In + Li(exchanged)"
    assert document.reactions[-1].reaction_energy_per_atom == pytest.approx(0.6 - 2.0)
    assert document.reactions[-1].lithium_uptake_per_atom == pytest.approx(-1.0)


@pytest.mark.parametrize("pair", [("In", "LiInS2"), ("LiIn", "In2S3"), ("Li13In3", "Li3InCl6"), ("LiCl", "InS")])
@pytest.mark.parametrize("voltage", [None, 0.0, 0.6, 1.9])
def test_energy_is_convex_and_mutual_energy_zero_at_both_ends(pair, voltage):
    document = between(*pair, made_up(LI_IN_S_CL), voltage=voltage)
    ratio, energy = np.array(corners(document)).T
    slopes = np.diff(energy) / np.diff(ratio)
    assert ratio[0] == 0
    assert ratio[-1] == 1
    assert all(before <= after + 1e-7 for before, after in pairwise(slopes))
    mutual = [reaction.mutual_energy_per_atom for reaction in document.reactions]
    assert mutual[0] == mutual[-1] == 0
    assert max(mutual) <= 0
    for reaction in document.reactions:
        assert sum(reaction.products.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("voltage", [None, 0.3, 1.5])
def test_equations_balance(voltage):
    document = between("Li13In3", "LiInS2", made_up(LI_IN_S_CL), voltage=voltage)
    for reaction in document.reactions:
        totals = []
        for side in reaction.equation.split(" -> "):
            found: dict[str, float] = {}
            for term in side.split(" + "):
                *number, formula = term.split(" ")
                for element, n in parse_formula(formula.removesuffix("(exchanged)")).items():
                    found[element] = found.get(element, 0) + n * float(number[0] if number else 1)
            totals.append(found)
        assert totals[0] == pytest.approx(totals[1], abs=2e-3)


def test_cells_of_any_size_and_any_zero_of_energy_give_the_same():
    one = between("In", "LiInS2", made_up(LI_IN_S_CL))
    many = between("In", "LiInS2", made_up(LI_IN_S_CL, cells=7))
    moved = between("In", "LiInS2", made_up(LI_IN_S_CL, shift={"Li": 3.3, "In": -2.0, "S": 0.7}))
    np.testing.assert_allclose(corners(many), corners(one), atol=1e-8)
    np.testing.assert_allclose(corners(moved), corners(one), atol=1e-8)


def test_phases_that_take_no_part_change_nothing():
    energies = made_up(LI_IN_CL)
    before = between("Li", "InCl3", energies)
    aside = made_up({"LiCl2": -1.4, "InCl_high": -0.1, "Sn": 0.0, "SnCl2": -1.0, "*LiInCl4": -9.0})
    after = between("Li", "InCl3", [*energies, *aside])
    np.testing.assert_allclose(corners(after), corners(before), atol=1e-9)
    assert [r.equation for r in after.reactions] == [r.equation for r in before.reactions]
    assert "SnCl2" not in after.calculations
    counted = between("Li", "InCl3", [*energies, *aside], include="hypothetical")
    assert counted.most_exothermic.reaction_energy_per_atom < before.most_exothermic.reaction_energy_per_atom


def test_the_order_of_the_materials_turns_the_axis_around():
    there = between("In", "Li3InCl6", made_up(LI_IN_S_CL))
    back = between("Li3InCl6", "In", made_up(LI_IN_S_CL))
    turned = [(1 - ratio, energy) for ratio, energy in reversed(corners(back))]
    np.testing.assert_allclose(turned, corners(there), atol=1e-9)


def test_an_unstable_material_falls_apart_alone():
    energies = [*made_up(LI_IN_CL), phase("Li3InCl6", -1.4)]  # 3 LiCl + InCl3 is -16 eV, the formula unit -14
    document = between("Li", "Li3InCl6", energies)
    assert document.second_energy_above_hull_per_atom == pytest.approx(0.2)
    assert document.reactions[0].equation == "Li3InCl6 -> InCl3 + 3 LiCl"
    # with 3 Li 13 atoms release 8 + 2 eV, with 4 Li 14 atoms 8.6 + 2 eV, of which 2 eV come alone
    assert document.most_exothermic.reaction_energy_per_atom == pytest.approx(-10 / 13)
    assert document.strongest_mutual.mutual_energy_per_atom == pytest.approx(-8 / 13)
    assert document.reactions[0].mutual_energy_per_atom == 0
    assert any("Li3InCl6 alone would release 200 meV/atom" in note for note in document.notes)


def entries_of(energies):
    return [PDEntry(Composition(energy.composition), energy.energy) for energy in energies]


@pytest.mark.parametrize("pair", [("Li", "InCl3"), ("In", "LiInS2"), ("Li13In3", "Li3InCl6"), ("LiCl", "InS")])
def test_closed_reactions_are_those_of_pymatgen(pair):
    energies = made_up(LI_IN_S_CL)
    document = between(*pair, energies)
    diagram = PhaseDiagram(entries_of([e for e in energies if e.name in document.calculations]))
    kinks = InterfacialReactivity(Composition(pair[0]), Composition(pair[1]), diagram).get_kinks()
    expected = sorted((ratio, energy) for _, ratio, energy, _, _ in kinks)
    np.testing.assert_allclose(corners(document), expected, atol=1e-7)


@pytest.mark.parametrize("voltage", [0.0, 0.5, 1.3, 2.2])
@pytest.mark.parametrize("pair", [("In", "LiInS2"), ("In", "Li3InCl6"), ("LiIn", "In2S3")])
def test_open_reactions_are_those_of_pymatgen(pair, voltage):
    energies = made_up(LI_IN_S_CL)
    document = between(*pair, energies, voltage=voltage)
    used = entries_of([e for e in energies if e.name in document.calculations])
    lithium = next(e for e in energies if e.name == "Li").energy_per_atom
    grand = GrandPotentialPhaseDiagram(used, {Element("Li"): lithium - voltage})
    ours = [(r.mutual_energy_per_atom, r.reaction_energy_per_atom) for r in document.reactions]
    # theirs counts formula units and states energies per formula unit, ours atoms other than lithium
    sizes = [sum(n for e, n in parse_formula(formula).items() if e != "Li") for formula in pair]
    for column, alone in enumerate([False, True]):
        theirs = GrandPotentialInterfacialReactivity(
            *map(Composition, pair),
            grand,
            PhaseDiagram(used),
            include_no_mixing_energy=alone,
            norm=False,
            use_hull_energy=False,
        )
        expected = []
        for _, share, energy, _, _ in theirs.get_kinks():
            atoms = share * sizes[0] + (1 - share) * sizes[1]
            expected.append((share * sizes[0] / atoms, energy / atoms))
        found = [(r.mixing_ratio, energies[column]) for r, energies in zip(document.reactions, ours, strict=True)]
        np.testing.assert_allclose(found, sorted(expected), atol=1e-7)


def test_missing_phases_are_named():
    document = between("Li", "InCl3", made_up(LI_IN_CL))
    assert document.completeness == "partial"
    named = [sentence.split(" is missing")[0] for sentence in document.missing]
    assert {"InCl", "InCl2", "Li3InCl6", "Li13In3"} <= set(named)
    assert "LiCl" not in named
    assert any(
        s.startswith("InCl2 is missing (expected, and the phase library has no structure") for s in document.missing
    )
    assert any(s.startswith("InCl is missing (expected, not computed)") for s in document.missing)


def test_a_phase_that_failed_keeps_its_reason():
    lost = MissingPhase(name="InCl_Cmcm", formula="InCl", reason="did not converge")
    foreign = MissingPhase(name="SnS", formula="SnS", reason="did not converge")
    document = between("Li", "InCl3", made_up(LI_IN_CL), missing=[lost, foreign])
    assert [s for s in document.missing if s.startswith("InCl_Cmcm is missing (did not converge)")]
    assert not [s for s in document.missing if s.startswith(("InCl is", "SnS"))]


def test_complete_where_every_expected_phase_is_there():
    names = [formula for formula in EXPECTED if set(parse_formula(formula)) <= {"Li", "In"}]
    document = between("Li", "In", [phase(name, 0.0 if len(parse_formula(name)) == 1 else -0.1) for name in names])
    assert document.completeness == "complete"
    assert document.missing == []


def test_known_systems_have_expected_phases():
    wanted = {"P", "S", "Cl", "LiP", "LiP7", "Li3P7", "P2S5", "P4S3", "Li4P2S6", "InCl2", "LiInS2", "Li3InCl6"}
    assert wanted <= set(expected_formulas({"Li", "In", "P", "S", "Cl"}))
    assert {"SnS", "LiCl"} <= set(expected_formulas({"Li", "Sn", "P", "S", "Cl"}))
    assert "InCl" not in expected_formulas({"Li", "Al", "Cl"})
    keys = [composition_key(formula) for formula in EXPECTED]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("anodes", "electrolyte"),
    [
        (["In", "Li", "LiIn", "Li13In3", "Li17Sn4", "Li9Al4"], "Li6PS5Cl"),
        *((["Li"], chloride) for chloride in ("InCl3", "GaCl3", "AlCl3")),
    ],
)
def test_the_library_has_the_materials_and_an_ordered_phase_of_every_element(anodes, electrolyte):
    for anode in anodes:
        for element in {*library.entry(anode).elements, *library.entry(electrolyte).elements}:
            assert library.phase(element).ordered
        assert library.phase(anode).ordered
    assert library.phase(electrolyte).ordered


def test_what_the_library_cannot_offer_is_known():
    """Sources for these were not found; whoever adds one takes it off this list."""
    known = {composition_key(entry.formula) for entry in library.entries()}
    lost = {f for f in expected_formulas({"Li", "In", "P", "S", "Cl"}) if composition_key(f) not in known}
    assert lost == {"LiP", "LiP7", "Li3P7", "P2S5", "P4S3", "PCl3", "PCl5", "InCl2", "LiInS2", "Li3InCl6"}


def test_mixed_methods_are_refused():
    other = METHOD.model_copy(update={"model": "CHGNet"})
    energies = [*made_up({"Li": 0.0, "In": 0.0, "Cl": 0.0, "InCl3": -1.0}), phase("LiCl", -2.0, method=other)]
    with pytest.raises(MethodMismatchError, match="reaction of Li with InCl3"):
        between("Li", "InCl3", energies)


def test_energies_without_corrections_say_so():
    document = between("Li", "InCl3", made_up(LI_IN_CL))
    (check,) = [check for check in document.checks if check.name == "anion_corrections"]
    assert check.passed is False
    assert document.flagged
    assert "0.61 eV per Cl in MP2020" in check.message
    assert "they cancel" in check.message
    bare = between("Li", "Cl", made_up(LI_IN_CL))
    assert any("it shifts the reactions with Cl" in check.message for check in bare.checks)


def test_corrected_energies_and_alloys_pass():
    corrected = METHOD.model_copy(update={"corrections": "MP2020"})
    document = between("Li", "InCl3", made_up(LI_IN_CL, method=corrected))
    assert not document.flagged
    assert [check.passed for check in document.checks if check.name == "anion_corrections"] == [True]
    alloy = between("Li", "In", made_up(LI_IN_CL))
    assert [check.name for check in alloy.checks] == ["one_method"]


def test_checks_of_phases_that_take_part_travel():
    bad = Check(name="space_group_kept", passed=False, message="225 became 1")
    energies = [e for e in made_up(LI_IN_CL) if e.name != "LiCl"]
    document = between(
        "Li", "InCl3", [*energies, phase("LiCl", -2.0, checks=(bad,)), phase("LiCl2", 0.1, checks=(bad,))]
    )
    assert flagged_phases(document) == ["LiCl"]


def test_the_document_survives_a_store():
    document = between("In", "LiInS2", made_up(LI_IN_S_CL), voltage=0.62)
    again = ReactivityDocument.model_validate_json(document.model_dump_json())
    assert again == document
    assert again.key == document.key
    assert document.key != between("In", "LiInS2", made_up(LI_IN_S_CL), voltage=0.63).key
    assert document.key != between("In", "LiInS2", made_up(LI_IN_S_CL)).key


@pytest.mark.parametrize(
    ("question", "options", "words"),
    [
        (("In", "InCl4"), {}, r"no energy of a phase 'InCl4' \(did you mean 'InCl3'\?\)"),
        (("In", "In"), {}, "one composition"),
        (("LiIn", "In"), {"voltage": 0.5}, "one composition but for lithium"),
        (("Li", "InCl3"), {"voltage": 0.5}, "Li is the lithium that is exchanged"),
        (("In", "InCl3"), {"voltage": -0.1}, "has to be 0 or more"),
        (("In", "InCl3"), {"voltage": float("nan")}, "has to be 0 or more"),
        (("In", "InCl3"), {"exclude": ["InCl3"]}, "both a material and excluded"),
    ],
)
def test_questions_without_answer_are_refused(question, options, words):
    with pytest.raises(InputError, match=words):
        between(*question, made_up(LI_IN_CL), **options)


def test_an_element_without_energy_is_named():
    energies = [e for e in made_up(LI_IN_CL) if e.name != "Cl"]
    with pytest.raises(HullImpossibleError, match="reaction of Li with InCl3 needs a phase of Cl"):
        between("Li", "InCl3", energies)


def test_ratios_outside_the_path_are_refused():
    document = between("Li", "InCl3", made_up(LI_IN_CL))
    with pytest.raises(InputError, match="between 0 and 1"):
        document.energy_at(1.2)
