"""Hulls with known answers."""

from __future__ import annotations

import pytest
from lianode_test_tables import LI_IN, LI_SN, METHOD, phase, table

from lianode.analysis.checks import Check
from lianode.analysis.energies import MissingPhase
from lianode.analysis.hull.counting import HullImpossibleError
from lianode.analysis.hull.hull import HullDocument, hull
from lianode.analysis.hull.stability import PhaseStabilityDocument, phase_stabilities
from lianode.analysis.method import MethodMismatchError
from lianode.structures.errors import InputError


def hull_of(energies, system="Li-In", **options):
    return hull(energies, system=system, engine="sevennet-0", campaign="test", **options)


# LiIn at -0.3 and Li3In at -0.1 eV/atom: the line from LiIn to Li is at -0.15 eV/atom at Li3In, which is 50 meV above
# it and decomposes into half its atoms LiIn and half Li
MADE_UP = [phase("Li", 0.0), phase("In", 0.0), phase("LiIn", -0.3), phase("Li3In", -0.1)]


def test_binary_hull_with_a_known_answer():
    document = hull_of(MADE_UP)
    assert document.stable_phases == ["In", "LiIn", "Li"]
    unstable = document.phase_named("Li3In")
    assert unstable.formation_energy_per_atom == pytest.approx(-0.1, abs=1e-12)
    assert unstable.energy_above_hull_per_atom == pytest.approx(0.05, abs=1e-12)
    assert unstable.decomposition == pytest.approx({"LiIn": 0.5, "Li": 0.5})
    assert document.phase_named("LiIn").decomposition == pytest.approx({"LiIn": 1.0})
    assert document.references == {"Li": "Li", "In": "In"}
    assert not document.flagged
    assert document.completeness == "complete"


def test_ternary_hull_with_a_known_answer():
    # LiInSn at -0.1 lies in the triangle of LiIn (-0.3) and Sn: LiIn + Sn is at 2/3 * -0.3 = -0.2 eV/atom there
    energies = [*MADE_UP[:3], phase("Sn", 0.0), phase("LiInSn", -0.1)]
    document = hull_of(energies, "Li-In-Sn")
    row = document.phase_named("LiInSn")
    assert row.energy_above_hull_per_atom == pytest.approx(0.1, abs=1e-12)
    assert row.decomposition == pytest.approx({"LiIn": 2 / 3, "Sn": 1 / 3})
    assert set(document.stable_phases) == {"Li", "In", "Sn", "LiIn"}


def test_positive_formation_energy_is_above_the_hull_by_that_much():
    document = hull_of([*MADE_UP[:2], phase("LiIn", 0.02)])
    assert document.phase_named("LiIn").energy_above_hull_per_atom == pytest.approx(0.02)
    assert document.phase_named("LiIn").decomposition == pytest.approx({"Li": 0.5, "In": 0.5})
    assert document.stable_phases == ["In", "Li"]


def test_invariant_under_supercell_order_and_energy_shift_per_element():
    plain = hull_of(table(LI_IN))
    cells = [
        phase(name, e / 1000, volume_per_atom=v, cells=1 + i % 4, shift={"Li": 3.0, "In": -7.0})
        for i, (name, (e, v)) in enumerate(LI_IN.items())
    ]
    other = hull_of(list(reversed(cells)), "In-Li")
    assert other.system == "Li-In"
    assert other.stable_phases == plain.stable_phases
    for row in plain.phases:
        twin = other.phase_named(row.name)
        assert twin.formation_energy_per_atom == pytest.approx(row.formation_energy_per_atom, abs=1e-12)
        assert twin.energy_above_hull_per_atom == pytest.approx(row.energy_above_hull_per_atom, abs=1e-10)
        assert twin.volume_per_atom == pytest.approx(row.volume_per_atom)


def test_energies_of_several_methods_are_refused():
    other = METHOD.model_copy(update={"checksum": "1" * 64})
    with pytest.raises(MethodMismatchError, match="mix energies"):
        hull_of([*MADE_UP, phase("Li2In", -0.1, method=other)])


def test_most_stable_counted_element_is_the_reference():
    document = hull_of(table(LI_SN), "Li-Sn")
    assert document.references == {"Li": "Li_bcc", "Sn": "Sn_alpha"}
    # x(Sn) = 1/2 and the reference 13.6 meV/atom lower: -347.0 + 6.8, as the structures' own table says (-340.1)
    assert document.phase_named("LiSn_P2m").formation_energy_per_atom == pytest.approx(-0.3402, abs=1e-4)
    assert document.phase_named("Sn_beta").energy_above_hull_per_atom == pytest.approx(0.0136)
    # energies above hull of that table: 0.2, 0.2, 0.1 and 3.9 meV/atom
    for name, above in {"Li8Sn3": 0.2, "Li13Sn5": 0.2, "Li7Sn3": 0.1, "LiSn_I41amd": 3.9}.items():
        assert 1000 * document.phase_named(name).energy_above_hull_per_atom == pytest.approx(above, abs=0.11)


def test_fixed_reference_leaves_lower_polymorph_out_and_says_so():
    document = hull_of(table(LI_SN), "Li-Sn", references={"Sn": "Sn_beta"})
    alpha = document.phase_named("Sn_alpha")
    assert document.phase_named("LiSn_P2m").formation_energy_per_atom == pytest.approx(-0.3470)
    assert (alpha.counted, alpha.not_counted_because) == (False, "below fixed reference")
    assert alpha.formation_energy_per_atom == pytest.approx(-0.0136)
    assert "Sn_beta" in document.stable_phases
    assert any("Sn_alpha lies 13.6 meV/atom below Sn_beta" in note for note in document.notes)
    assert not document.flagged
    assert document.settings["references"] == {"Sn": "Sn_beta"}
    assert document.key != hull_of(table(LI_SN), "Li-Sn").key


def test_hypothetical_phases_count_only_when_asked():
    without = hull_of(table(LI_IN))
    assert "LiIn3_L12" not in without.stable_phases
    by_formula = hull_of(table(LI_IN), include=["LiIn3"])
    assert "LiIn3_L12" in by_formula.stable_phases
    assert by_formula.phase_named("LiIn3_D023").counted
    by_name = hull_of(table(LI_IN), include=["LiIn3_D023"])
    assert "LiIn3_D023" in by_name.stable_phases
    everything = hull_of(table(LI_IN), include=["hypothetical"])
    assert all(row.counted for row in everything.phases)
    assert hull_of(table(LI_IN), include="hypothetical").settings == everything.settings


def test_uncounted_phase_below_the_hull_flags_it_and_says_what_would_change():
    document = hull_of(table(LI_IN), include=["LiIn3", "Li3In", "LiIn2_C15"])
    row = document.phase_named("LiIn2_MoSi2")
    # the structures' own table: 14.6 meV/atom below the hull of the other phases
    assert 1000 * row.energy_above_hull_per_atom == pytest.approx(-14.6, abs=0.11)
    check = next(c for c in document.checks if c.subject == "LiIn2_MoSi2")
    assert not check.passed
    assert "14.6 meV/atom below the hull" in check.message
    assert "counting it adds a vertex" in check.message
    assert document.flagged
    assert not hull_of(table(LI_IN), include=["hypothetical"]).flagged


def test_uncounted_phase_that_would_replace_others_names_them():
    document = hull_of([*MADE_UP, phase("*Li3In_D03", -0.4)])
    check = next(c for c in document.checks if c.subject == "Li3In_D03")
    assert "counting it would take LiIn off the hull" not in check.message  # -0.4 at 0.75: LiIn is still below In-Li3In
    document = hull_of([*MADE_UP, phase("*Li3In_D03", -0.5)])
    check = next(c for c in document.checks if c.subject == "Li3In_D03")
    assert "counting it would take LiIn off the hull" in check.message
    document = hull_of([*MADE_UP, phase("*Li_hcp", -0.002)])
    check = next(c for c in document.checks if c.subject == "Li_hcp")
    assert "make it the reference" in check.message


def test_excluded_phase_is_listed_and_not_counted():
    document = hull_of(MADE_UP, exclude=["LiIn"])
    assert document.phase_named("LiIn").not_counted_because == "excluded"
    assert document.stable_phases == ["In", "Li3In", "Li"]
    assert not document.flagged
    assert any("LiIn was excluded" in note for note in document.notes)


def test_two_phases_of_one_composition_are_both_listed():
    document = hull_of(table(LI_SN), "Li-Sn")
    high = document.phase_named("LiSn_I41amd")
    assert not high.stable
    assert high.decomposition == pytest.approx({"LiSn_P2m": 1.0})
    assert high.energy_above_hull_per_atom == pytest.approx(0.004)


def test_missing_phases_make_it_partial_and_say_what_could_change():
    lost = [
        MissingPhase(name="Li3In2", formula="Li3In2", reason="did not converge"),
        MissingPhase(name="Li_9R", formula="Li", reason="failed"),
        MissingPhase(name="LiIn_bcc", formula="LiIn", reason="failed", kind="hypothetical"),
        MissingPhase(name="LiIn_B2", formula="LiIn", reason="failed"),
    ]
    document = hull_of(MADE_UP, missing=lost)
    assert document.completeness == "partial"
    between, reference, ignored, polymorph = document.missing
    assert between.startswith("Li3In2 is missing (did not converge)")
    assert "between Li and LiIn is lower than given and Li3In lies further above it" in between
    # the line from In through LiIn reaches -0.36 eV/atom at Li3In2, the hull is at -0.24
    assert "more than 120 meV/atom below the present line it would take LiIn off" in between
    assert "every formation energy changes with the reference" in reference
    assert "stays as it is" in ignored
    assert "if it lies below LiIn, it takes its place" in polymorph


def test_missing_reference_makes_a_hull_impossible():
    with pytest.raises(HullImpossibleError, match=r"a phase of In.*In_bct: stopped"):
        hull_of([phase("Li", 0.0)], missing=[MissingPhase(name="In_bct", formula="In", reason="stopped")])
    with pytest.raises(HullImpossibleError, match="Sn_beta as the reference of Sn"):
        hull_of(
            [phase("Li", 0.0), phase("Sn_alpha", 0.0)],
            "Li-Sn",
            references={"Sn": "Sn_beta"},
            missing=[MissingPhase(name="Sn_beta", formula="Sn", reason="stopped")],
        )
    with pytest.raises(HullImpossibleError, match="no energies"):
        hull_of([])
    with pytest.raises(HullImpossibleError, match="In_x is not counted"):
        hull_of([phase("Li", 0.0), phase("*In_x", 0.0)])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"references": {"In": "Inn"}}, "references: In: 'Inn' is no phase of In here; there is In"),
        ({"references": {"In": "Li"}}, "'Li' is no phase of In"),
        ({"include": ["LiIn33"]}, r"include: no phase 'LiIn33' in Li-In \(did you mean 'LiIn'"),
        ({"exclude": ["hypothetical"]}, "exclude: no phase 'hypothetical'"),
        ({"references": {"In": "In"}, "exclude": ["In"]}, "both reference and excluded"),
        ({"system": "Li-Sn"}, "contains In, which Li-Sn does not"),
    ],
)
def test_wrong_options_are_one_clear_sentence(options, message):
    with pytest.raises(InputError, match=message):
        hull_of(MADE_UP, **options)


def test_two_energies_of_one_name_are_refused():
    with pytest.raises(InputError, match="two energies are named 'LiIn'"):
        hull_of([*MADE_UP, phase("LiIn", -0.2)])


def test_checks_of_the_calculations_are_carried_and_flag():
    bad = Check(name="space_group_kept", passed=False, message="139 became 225")
    energies = [*MADE_UP[:3], phase("Li3In", -0.1, checks=(bad,))]
    document = hull_of(energies)
    assert document.flagged
    assert document.phase_named("Li3In").flagged
    by_phase = {d.phase: d for d in phase_stabilities(document)}
    assert by_phase["Li3In"].flagged
    assert not by_phase["LiIn"].flagged  # it depends on Li and In only


def test_documents_survive_json():
    document = hull_of(table(LI_IN), missing=[MissingPhase(name="LiIn_B2", formula="LiIn", reason="failed")])
    assert HullDocument.model_validate_json(document.model_dump_json()) == document
    for stability in phase_stabilities(document):
        again = PhaseStabilityDocument.model_validate_json(stability.model_dump_json())
        assert again == stability
        assert again.key == stability.key
    assert len({d.key for d in phase_stabilities(document)}) == len(document.phases)


def test_temperature_is_recorded():
    assert hull_of(MADE_UP, temperature=300.0).settings["temperature"] == 300.0
    assert hull_of(MADE_UP, temperature=300.0).key != hull_of(MADE_UP).key
