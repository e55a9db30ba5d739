"""Reactions of anodes with electrolytes, from a campaign file's content to documents, with the test potential."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from jobflow import run_locally
from pymatgen.core import Lattice, Structure

from lianode.analysis.reactivity.reactivity import ReactivityDocument
from lianode.hpc.local.campaign import run_campaign
from lianode.structures import library
from lianode.structures.errors import InputError
from lianode.workflows.calculation import State
from lianode.workflows.campaign.campaign import Campaign, campaign_digest
from lianode.workflows.engines.morse import MorseCalculator
from lianode.workflows.plan import campaign_flow, entry_plans, plan_campaign
from lianode.workflows.reactivity.flow import ReactivityPlan
from lianode.workflows.rederive import rederive

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.hpc.store import ResultsStore

pytestmark = pytest.mark.filterwarnings("ignore:Some jobs are not connected", "ignore:cd is deprecated")

OWN: dict[str, Any] = {"structures": ["AlIn_B2.cif"], "include": ["AlIn_B2"]}


def campaign_of(*entries: dict[str, Any], folder: Path | None = None, **top: Any) -> Campaign:
    content = {
        "name": "test",
        "calculations": list(entries),
        **({} if "engines" in top else {"engine": "morse"}),
        **top,
    }
    campaign = Campaign.model_validate(content, context={"folder": folder} if folder else None)
    return campaign.in_folder(folder) if folder else campaign


def reactions(folder: Path | None = None, **settings: Any) -> Campaign:
    return campaign_of({"reactivity": {"electrolyte": "Al", "anodes": ["In"], **settings}}, folder=folder)


def planned(campaign: Campaign) -> list[ReactivityPlan]:
    return [plan for plan in plan_campaign(campaign).properties if isinstance(plan, ReactivityPlan)]


def serially(campaign: Campaign, results: ResultsStore, **options: Any) -> dict[str, Any]:
    """Run in this process; returns the outputs of the jobs by name."""
    store = results.jobstore()
    run_locally(campaign_flow(plan_campaign(campaign, **options)), store=store, log=False)
    return {document["name"]: document["output"] for document in store.query({})}


def one(results: ResultsStore, **criteria: Any) -> dict[str, Any]:
    (document,) = results.query(property="reactivity", **criteria)
    return document


def untimed(documents: Any) -> list[dict[str, Any]]:
    return sorted(({n: v for n, v in d.items() if n != "created"} for d in documents), key=lambda d: d["key"])


def let_fail(monkeypatch: pytest.MonkeyPatch, *compositions: str) -> None:
    """Let every evaluation of these raise."""
    original = MorseCalculator.calculate

    def broken(self: MorseCalculator, atoms: Any = None, *arguments: Any, **options: Any) -> None:
        if atoms.get_chemical_formula(empirical=True) in compositions:
            raise ValueError("no neighbours")
        original(self, atoms, *arguments, **options)

    monkeypatch.setattr(MorseCalculator, "calculate", broken)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with AlIn in the structure of CsCl, which the test potential holds to be stable."""
    Structure.from_spacegroup("Pm-3m", Lattice.cubic(3.5), ["Al", "In"], [[0, 0, 0], [0.5, 0.5, 0.5]]).to(
        filename=str(tmp_path / "AlIn_B2.cif")
    )
    return tmp_path


class TestEndToEnd:
    """One compound between two elements, whose reaction energy is its energy of formation."""

    def test_from_campaign_to_document(self, results: ResultsStore, project: Path, folder: Path) -> None:
        campaign = reactions(folder, **OWN)
        plan = plan_campaign(campaign)
        run = run_campaign(plan, results, project, workers=1)
        assert run.complete
        assert run.errors == ()
        energies = {c.label: (c.energy or 0.0) / c.n_atoms for c in run.calculations.values()}
        assert set(energies) == {"Al_fcc", "In_bct", "AlIn_B2"}
        formation = energies["AlIn_B2"] - 0.5 * (energies["Al_fcc"] + energies["In_bct"])
        document = one(results)
        assert formation < -0.1
        assert document["reaction"] == "Al + In -> AlIn"
        assert document["reaction_energy_per_atom"] == pytest.approx(formation, abs=1e-9)
        assert document["most_exothermic"]["mixing_ratio"] == pytest.approx(0.5)
        assert (document["phase"], document["second"], document["voltage_V"]) == ("In_bct", "Al_fcc", None)
        assert (document["system"], document["completeness"]) == ("Al-In", "complete")
        assert document["key"] in {d["key"] for d in run.documents}

        again = run_campaign(plan, results, project, workers=1)
        assert again.reused == set(plan.requests)
        assert one(results)["key"] == document["key"]

    def test_both_runners_give_the_same_documents(
        self, results: ResultsStore, project: Path, folder: Path, tmp_path: Path
    ) -> None:
        from lianode.hpc.settings import load_settings, write_default
        from lianode.hpc.store import open_store

        campaign = reactions(folder, **OWN, voltages=[0.0, "600 mV"], anodes=["In", "Li"])
        run = run_campaign(plan_campaign(campaign), results, project, workers=2)
        assert run.complete  # Li3Al2, which the library has no structure of, was not asked for
        other = tmp_path / "other"
        other.mkdir()
        second = open_store(load_settings(write_default(other)))
        serially(campaign, second)
        documents = list(results.query())
        assert {(d["first"], d["voltage_V"]) for d in documents} == {
            ("In_bct", None), ("In_bct", 0.0), ("In_bct", 0.6), ("Li_bcc", None),
        }  # fmt: skip
        assert untimed(second.query()) == untimed(documents)
        second.close()

    def test_at_a_potential_lithium_comes_from_the_metal(self, results: ResultsStore) -> None:
        """At 0 V a host takes up lithium until the alloy richest in it, whatever it stands beside."""
        serially(reactions(voltages=[0.0, 5.0]), results)
        closed, low, high = sorted(results.query(), key=lambda d: -1.0 if d["voltage_V"] is None else d["voltage_V"])
        assert closed["second_energy_above_hull_per_atom"] == pytest.approx(0.0, abs=1e-9)
        assert "Li(exchanged)" in low["reaction"]
        assert low["system"] == "Li-Al-In"
        assert low["reaction_energy_per_atom"] < -0.1
        assert high["reaction_energy_per_atom"] == pytest.approx(0.0, abs=1e-9)  # no alloy holds lithium at 5 V
        assert closed["missing"] == []
        assert any("Li3Al2" in sentence for sentence in low["missing"])

    def test_hypothetical_phases_are_named_where_they_would_matter(self, results: ResultsStore, folder: Path) -> None:
        serially(reactions(folder, structures=OWN["structures"]), results)
        document = one(results)
        assert document["reaction_energy_per_atom"] == pytest.approx(0.0, abs=1e-9)
        (note,) = (note for note in document["notes"] if note.startswith("hypothetical phases do not count"))
        assert "with AlIn_B2" in note
        serially(reactions(folder, structures=OWN["structures"], include="hypothetical"), results)
        (counted,) = results.query(criteria={"settings.include": ["hypothetical"]})
        assert f"up to {-1e3 * counted['reaction_energy_per_atom']:.0f} meV/atom more" in note

    def test_an_excluded_phase_does_not_form(self, results: ResultsStore, folder: Path) -> None:
        serially(reactions(folder, structures=OWN["structures"], include="hypothetical", exclude=["AlIn_B2"]), results)
        assert one(results)["reaction_energy_per_atom"] == pytest.approx(0.0, abs=1e-9)


class TestPartialResults:
    """What is missing is said, and everything else is there."""

    def test_a_product_that_fails(
        self, results: ResultsStore, project: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        campaign = reactions(folder, **OWN)
        with monkeypatch.context() as patched:
            let_fail(patched, "AlIn")
            serially(campaign, results)
        document = one(results)
        assert document["completeness"] == "partial"
        (sentence,) = document["missing"]
        assert sentence.startswith("AlIn_B2 is missing (failed: ValueError: no neighbours)")
        assert not run_campaign(plan_campaign(campaign), results, project, workers=1).complete
        serially(campaign, results, retry_failed=True)
        (document,) = results.query(criteria={"completeness": "complete"})
        assert document["reaction"] == "Al + In -> AlIn"

    def test_an_anode_that_fails_leaves_the_others(
        self, results: ResultsStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        let_fail(monkeypatch, "In")
        outputs = serially(reactions(anodes=["In", "Ga"]), results)
        assert one(results)["first"] == "Ga_alpha"
        assert "reaction of In_bct and Al_fcc with morse" not in outputs

    def test_what_failed_is_said(self, results: ResultsStore, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        let_fail(monkeypatch, "In")
        serially(reactions(), results)
        run = run_campaign(plan_campaign(reactions()), results, project, workers=1)
        ((name, error),) = run.errors
        assert name == "reaction of In_bct and Al_fcc with morse"
        assert "In_bct has no energy (failed: ValueError: no neighbours)" in error

    def test_without_lithium_metal_the_closed_mixture_stays(
        self, results: ResultsStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        let_fail(monkeypatch, "Li")
        serially(reactions(voltages=[0.6]), results)
        document = one(results)
        assert document["voltage_V"] is None
        (note,) = (note for note in document["notes"] if note.startswith("Nothing at 0.6 V: "))
        assert "needs a phase of Li, which has no energy" in note


class TestDocuments:
    """What the store gives back."""

    def test_rederiving_changes_nothing(self, results: ResultsStore, folder: Path) -> None:
        serially(reactions(folder, **OWN, voltages=[0.6]), results)
        before = untimed(results.query())
        assert rederive(results) == len(before) == 2
        assert untimed(results.query()) == before

    def test_a_stored_document_is_the_document(self, results: ResultsStore, folder: Path) -> None:
        serially(reactions(folder, **OWN), results)
        stored = one(results)
        assert ReactivityDocument.model_validate(stored).model_dump(mode="json") == stored
        assert list(results.query(criteria={"reaction_energy_per_atom": {"$lt": -0.1}})) == [stored]

    def test_two_entries_of_one_pair_do_not_replace_each_other(self, results: ResultsStore) -> None:
        entry = {"electrolyte": "Al", "anodes": ["In"]}
        serially(campaign_of({"reactivity": entry}, {"reactivity": {**entry, "max_force": "1 meV/Å"}}), results)
        assert {d["settings"]["entry"] for d in results.query()} == {1, 2}


class TestPlans:
    """What is known before anything runs."""

    def test_the_calculations_are_those_of_a_hull(self) -> None:
        (pair,) = planned(reactions(electrolyte="InCl3", anodes=["Li"]))
        (hull,) = plan_campaign(campaign_of({"hull": {"system": "Li-In-Cl"}})).hulls
        assert {request.key for request, _ in pair.calculations()} == {request.key for request in hull.requests}
        both = plan_campaign(
            campaign_of({"hull": {"system": "Li-In-Cl"}}, {"reactivity": {"electrolyte": "InCl3", "anodes": ["Li"]}})
        )
        assert len(both.requests) == len(hull.requests)

    def test_one_plan_per_anode_and_engine(self) -> None:
        engines = ["morse", {"name": "morse", "well_depth": 0.3}]
        entry = {"electrolyte": "Al", "anodes": ["In", "Ga"]}
        campaign = campaign_of({"reactivity": entry}, engines=engines)
        assert [plan.title for plan in planned(campaign)] == [
            f"reaction of {anode} and Al_fcc with {engine}"
            for engine in ("morse", "morse-0.3")
            for anode in ("In_bct", "Ga_alpha")
        ]
        assert len(entry_plans(plan_campaign(campaign))) == 1

    def test_relaxations_begin_from_another_engine(self) -> None:
        other = {"name": "morse", "well_depth": 0.3}
        (pair,) = planned(reactions(start_from={"engine": other}))
        assert len(pair.relaxations.starts) == len(pair.relaxations.requests) == 2
        for start, request in zip(pair.relaxations.starts, pair.relaxations.requests, strict=True):
            assert request.source.parents == (start.key,)

    def test_a_formula_is_the_default_entry(self) -> None:
        (pair,) = planned(reactions(electrolyte="Li6PS5Cl"))
        assert pair.spec.second == "Li6PS5Cl_ordered_48h"
        assert not {"Li6PS5Cl_average", "Li3PS4_beta_average"} & {slot.name for slot in pair.spec.phases}

    def test_lithium_metal_gets_the_closed_mixture(self) -> None:
        campaign = reactions(anodes=["Li", "In"], voltages=[0.6])
        metal, indium = planned(campaign)
        assert (metal.spec.voltages, indium.spec.voltages) == ((), (0.6,))
        (note,) = campaign.notes()
        assert note.startswith("Li with Al: lithium metal is itself what `voltages` exchange")

    def test_equal_questions_have_one_digest(self) -> None:
        digest = campaign_digest(reactions(anodes=["In", "Ga"], voltages=[0.0, 0.6]))
        assert campaign_digest(reactions(anodes=["Ga", "In"], voltages=["600 mV", "0 V"])) == digest
        assert campaign_digest(reactions(anodes=["Ga", "In"])) != digest


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no electrolyte": ({"electrolyte": None}, "electrolyte"),
    "unknown electrolyte": ({"electrolyte": "Li6PS5Br"}, "the phase library has no 'Li6PS5Br'"),
    "unknown anode": ({"anodes": ["LiInn"]}, "LiIn"),
    "no anode": ({"anodes": []}, "the list is empty; name at least one anode, such as [Li, LiIn]"),
    "twice": ({"anodes": ["In", "In_bct"]}, "this anode is listed twice"),
    "itself": ({"anodes": ["In", "Al"]}, "Al has the composition of the electrolyte Al; two different materials"),
    "another polymorph of itself": (
        {"electrolyte": "LiSn_P2m", "anodes": ["LiSn_I41amd"]},
        "LiSn_I41amd has the composition of the electrolyte LiSn_P2m",
    ),
    "lithium alone makes the difference": (
        {"electrolyte": "In", "anodes": ["LiIn"], "voltages": [0.6]},
        "LiIn and In differ in lithium only, which is exchanged at a voltage",
    ),
    "lithium as the electrolyte": ({"electrolyte": "Li"}, "'Li' is lithium metal, an anode"),
    "negative voltage": ({"voltages": [-0.1]}, "-0.1 is negative; write 0 or more"),
    "a voltage twice": ({"voltages": [0.6, "600 mV"]}, "this voltage is listed twice"),
    "no voltage": ({"voltages": ["0.6 eV"]}, "'0.6 eV' is an energy; a voltage is needed, such as '0.6 V'"),
    "disordered": (
        {"electrolyte": "Li6PS5Cl_average"},
        "disordered and has no single energy; name one of its ordered models: Li6PS5Cl_ordered_48h (the default), Li6",
    ),
    "a path": ({"electrolyte": "./mine.cif"}, "list it under `structures`, and name the phase by the file"),
    "include and exclude": ({"include": ["LiIn3"], "exclude": ["LiIn3_L12"]}, "is wanted and in `exclude`"),
    "the anode excluded": ({"exclude": ["In"]}, "'In' is wanted and in `exclude`"),
    "included elsewhere": ({"include": ["LiIn3"]}, "LiIn3_L12 (LiIn3) has elements that no pair of this entry has"),
    "a word for a list": ({"include": "LiIn3"}, "write `include: hypothetical` for all of them, or a list of phases"),
    "an unknown key": ({"anode": "In"}, "anode"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_computed_is_refused(name: str) -> None:
    settings, sentence = REFUSED[name]
    with pytest.raises((InputError, ValueError)) as caught:
        plan_campaign(reactions(**settings))
    assert sentence in str(caught.value)


class TestUsersStructures:
    """Files join a pair, as products or as materials."""

    def test_a_material_of_ones_own(self, results: ResultsStore, folder: Path) -> None:
        serially(reactions(folder, structures=OWN["structures"], electrolyte="AlIn_B2", anodes=["Li"]), results)
        document = one(results)
        assert (document["second"], document["second_formula"]) == ("AlIn_B2", "AlIn")

    def test_a_phase_of_other_elements_is_refused(self, folder: Path) -> None:
        with pytest.raises(InputError, match=r"AlIn_B2 \(AlIn\) has elements that no pair of this entry has"):
            plan_campaign(reactions(folder, structures=OWN["structures"], anodes=["Ga"]))

    def test_a_name_of_the_library_is_taken(self, folder: Path) -> None:
        library.phase("LiAl").structure.to(filename=str(folder / "LiAl.cif"))
        with pytest.raises(InputError, match="two phases are named LiAl; rename the file"):
            plan_campaign(reactions(folder, structures=["LiAl.cif"], anodes=["Li"]))

    def test_a_composition_of_the_electrolyte_is_refused(self, folder: Path) -> None:
        library.phase("LiAl").structure.to(filename=str(folder / "mine.cif"))
        with pytest.raises(InputError, match="mine has the composition of the electrolyte LiAl"):
            plan_campaign(reactions(folder, structures=["mine.cif"], electrolyte="LiAl", anodes=["mine"]))

    def test_an_element_without_a_phase_is_named(self, folder: Path) -> None:
        Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.2), ["Mg", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]]).to(
            filename=str(folder / "MgO.cif")
        )
        with pytest.raises(InputError, match="no phase of pure Mg is among the phases"):
            plan_campaign(reactions(folder, structures=["MgO.cif"], electrolyte="MgO", anodes=["Li"]))

    def test_an_unknown_name_beside_files(self, folder: Path) -> None:
        with pytest.raises(InputError, match=r"none of the phases is named 'AlIn_B3' \(did you mean 'AlIn_B2'"):
            plan_campaign(reactions(folder, structures=OWN["structures"], electrolyte="AlIn_B3"))


def test_a_calculation_that_stops_is_gone_on_with(results: ResultsStore, project: Path, folder: Path) -> None:
    """The same calculation as a hull's: a result that is not converged is continued by the next run."""
    campaign = reactions(folder, **OWN, max_steps=1)
    first = run_campaign(plan_campaign(campaign), results, project, workers=1)
    assert {c.state for c in first.calculations.values()} & {State.UNCONVERGED}
    assert not first.complete
    assert run_campaign(plan_campaign(reactions(folder, **OWN)), results, project, workers=1).complete
