"""A campaign from its file's content to its documents, with the test potential."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from jobflow import run_locally
from pymatgen.core import Structure
from pymatgen.io.vasp import Poscar

from lianode.hpc.local.campaign import run_campaign
from lianode.structures import library
from lianode.workflows.calculation import State
from lianode.workflows.engines.morse import MorseCalculator
from lianode.workflows.plan import campaign_flow, plan_campaign

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lianode.hpc.local.campaign import CampaignRun
    from lianode.hpc.store import ResultsStore
    from lianode.workflows.campaign.campaign import Campaign

    MakeCampaign = Callable[..., Campaign]

pytestmark = pytest.mark.filterwarnings(  # of jobflow and phonopy, about themselves
    "ignore:Some jobs are not connected", "ignore:cd is deprecated", "ignore:Mesh", "ignore:Warning. Point group"
)

MEV = 1e-3
SMALL = ["Li", "In", "LiIn", "Li3In2"]


def _serially(campaign: Campaign, results: ResultsStore, **options: Any) -> dict[str, Any]:
    """Run in this process, with jobflow's own runner; returns the outputs of the analyses by job name."""
    store = results.jobstore()
    flow = campaign_flow(plan_campaign(campaign, **options))
    run_locally(flow, store=store, log=False)
    return {document["name"]: document["output"] for document in store.query({})}


def _by_workers(campaign: Campaign, results: ResultsStore, project: Path, **options: Any) -> CampaignRun:
    return run_campaign(plan_campaign(campaign, **options), results, project, workers=2)


def _one(results: ResultsStore, **criteria: Any) -> dict[str, Any]:
    (document,) = results.query(**criteria)
    return document


def _hull_at(results: ResultsStore, temperature: float | None) -> dict[str, Any]:
    return _one(results, property="hull", criteria={"settings.temperature": temperature})


def _rows(hull: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in hull["phases"]}


def _without_times(documents: Any) -> list[dict[str, Any]]:
    return sorted(
        ({name: value for name, value in d.items() if name != "created"} for d in documents), key=lambda d: d["key"]
    )


def _let_fail(monkeypatch: pytest.MonkeyPatch, n_atoms: int) -> None:
    """Let every evaluation of a cell of this size raise."""
    original = MorseCalculator.calculate

    def broken(self: MorseCalculator, atoms: Any = None, *arguments: Any, **options: Any) -> None:
        if len(atoms) == n_atoms:
            raise ValueError("no neighbours")
        original(self, atoms, *arguments, **options)

    monkeypatch.setattr(MorseCalculator, "calculate", broken)


class TestEndToEnd:
    """From a campaign to documents, by jobflow's runner and by ours."""

    def test_both_runners_give_the_same_documents(
        self, results: ResultsStore, project: Path, make_campaign: MakeCampaign, tmp_path: Path
    ) -> None:
        from lianode.hpc.settings import load_settings, write_default
        from lianode.hpc.store import open_store

        campaign = make_campaign({"phases": [*SMALL, "LiIn2_MoSi2"], "temperature": 300, "phonon_length": 4.0})
        assert _by_workers(campaign, results, project).complete
        other = tmp_path / "other"
        other.mkdir()
        second = open_store(load_settings(write_default(other)))
        _serially(campaign, second)
        documents = list(results.query())
        assert {d["property"] for d in documents} == {"hull", "phase_stability", "voltage", "free_energy"}
        assert _without_times(second.query()) == _without_times(documents)
        second.close()

    def test_the_whole_of_li_in(self, results: ResultsStore, project: Path, make_campaign: MakeCampaign) -> None:
        campaign = make_campaign()
        plan = plan_campaign(campaign)
        run = _by_workers(campaign, results, project)
        assert run.complete
        assert run.errors == ()
        assert run.reused == frozenset()
        assert set(run.calculations) == set(plan.requests)
        assert {c.label for c in run.calculations.values()} == {
            phase.name for phase in library.phases("Li-In") if phase.ordered
        }
        hull = _one(results, property="hull")
        self._check_hull(hull, run)

        again = _by_workers(campaign, results, project)
        assert again.complete
        assert again.reused == set(plan.requests)
        assert _one(results, property="hull")["key"] == hull["key"]
        assert {key: c.revision for key, c in again.calculations.items()} == dict.fromkeys(plan.requests, 1)

    @staticmethod
    def _check_hull(hull: dict[str, Any], run: CampaignRun) -> None:
        energies = {c.label: (c.energy or 0) / c.n_atoms for c in run.calculations.values()}
        li, indium = (min(e for name, e in energies.items() if name.startswith(f"{el}_")) for el in ("Li", "In"))
        rows = _rows(hull)
        for calculation in run.calculations.values():
            x = calculation.composition.get("Li", 0) / calculation.n_atoms
            formation = energies[calculation.label] - x * li - (1 - x) * indium
            assert rows[calculation.label]["formation_energy_per_atom"] == pytest.approx(formation, abs=1e-9)
        assert hull["completeness"] == "complete"
        assert hull["missing"] == []
        assert all(rows[name]["energy_above_hull_per_atom"] == pytest.approx(0) for name in hull["stable_phases"])
        counted = [row for row in hull["phases"] if row["counted"]]
        assert all(row["energy_above_hull_per_atom"] > -1e-9 for row in counted)
        assert not any(row["counted"] for row in hull["phases"] if row["kind"] == "hypothetical")

    def test_the_voltage_follows_from_the_energies(
        self, results: ResultsStore, project: Path, make_campaign: MakeCampaign
    ) -> None:
        """One compound: V = -[E(LiIn) - E(Li) - E(In)] / 1 e, on one plateau from 0 to 1 Li per In."""
        run = _by_workers(make_campaign({"phases": ["Li", "In", "LiIn"]}), results, project)
        energy = {c.label: (c.energy or 0) / c.n_atoms for c in run.calculations.values()}
        known = -(2 * energy["LiIn"] - energy["Li_bcc"] - energy["In_bct"])
        (curve,) = results.query(property="voltage")
        assert [(p["x_start"], p["x_end"]) for p in curve["plateaus"]] == [(0.0, 1.0)]
        assert curve["plateaus"][0]["voltage_V"] == pytest.approx(known, abs=1e-9)
        assert curve["average_voltage_V"] == pytest.approx(known, abs=1e-9)


class TestPartialHulls:
    """What is missing is said, and everything else is there."""

    def test_a_failed_phase(
        self, results: ResultsStore, make_campaign: MakeCampaign, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patched:
            _let_fail(patched, 5)  # Li3In2
            _serially(make_campaign({"phases": SMALL}), results)
        hull = _one(results, property="hull")
        assert hull["completeness"] == "partial"
        assert set(_rows(hull)) == {"Li_bcc", "In_bct", "LiIn"}
        (sentence,) = hull["missing"]
        assert sentence.startswith("Li3In2 is missing (failed: ValueError: no neighbours): ")
        assert list(results.query(property="voltage"))

        _serially(make_campaign({"phases": SMALL}), results)
        assert _one(results, property="hull")["completeness"] == "partial"  # nobody asked for another attempt
        _serially(make_campaign({"phases": SMALL}), results, retry_failed=True)
        complete = [d for d in results.query(property="hull") if d["completeness"] == "complete"]
        assert len(complete) == 1
        assert "Li3In2" in _rows(complete[0])

    def test_a_phase_that_does_not_converge(
        self, results: ResultsStore, project: Path, make_campaign: MakeCampaign
    ) -> None:
        run = _by_workers(make_campaign({"phases": SMALL}), results, project)
        assert run.complete
        limited = make_campaign({"phases": [*SMALL, "Li5In4"], "max_steps": 2})
        run = _by_workers(limited, results, project)
        assert not run.complete
        assert run.errors == ()  # the job did its work, and its result says that it is not converged
        assert {c.label for c in run.calculations.values() if c.state is State.UNCONVERGED} == {"Li5In4"}
        (hull,) = (d for d in results.query(property="hull") if d["completeness"] == "partial")
        (sentence,) = hull["missing"]
        assert sentence.startswith("Li5In4 is missing (unconverged: not converged after 2 steps: largest force ")
        assert "Li5In4" not in _rows(hull)
        (key,) = (key for key, c in run.calculations.items() if c.label == "Li5In4")
        run = _by_workers(limited, results, project)
        assert (run.calculations[key].steps, run.calculations[key].continued) == (4, 1)
        run = _by_workers(make_campaign({"phases": [*SMALL, "Li5In4"]}), results, project)
        assert run.complete
        hulls = list(results.query(property="hull"))
        assert any(hull["completeness"] == "complete" and "Li5In4" in _rows(hull) for hull in hulls)

    def test_without_an_element_there_is_no_hull(
        self, results: ResultsStore, make_campaign: MakeCampaign, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _let_fail(monkeypatch, 1)  # Li and In
        campaign = make_campaign({"phases": ["Li", "In", "LiIn"]})
        outputs = _serially(campaign, results)
        assert not list(results.query(property="hull"))
        assert outputs["LiIn"]["state"] == "converged"
        assert outputs["Li_bcc"]["state"] == "failed"
        assert "hull Li-In with morse" not in outputs


class TestSeveralModels:
    """The spread between models."""

    ENGINES = ("morse", {"name": "morse", "well_depth": 0.3})

    def test_two_models_give_a_spread(self, results: ResultsStore, project: Path, make_campaign: MakeCampaign) -> None:
        campaign = make_campaign({"phases": ["Li", "In", "LiIn"]}, engines=self.ENGINES)
        run = _by_workers(campaign, results, project)
        assert run.complete
        assert len(run.calculations) == 6
        hulls = {d["engine"]: _rows(d)["LiIn"]["formation_energy_per_atom"] for d in results.query(property="hull")}
        assert set(hulls) == {"morse", "morse-0.3"}
        # all energies are proportional to the depth of the well
        assert hulls["morse-0.3"] == pytest.approx(hulls["morse"] * 0.3 / 0.25, abs=0.3 * MEV)
        spread = _one(results, property="hull_spread")
        assert spread["engines"] == ["morse", "morse-0.3"]
        (row,) = (row for row in spread["phases"] if row["name"] == "LiIn")
        assert row["spread_between_models"] == pytest.approx(abs(hulls["morse"] - hulls["morse-0.3"]), abs=1e-12)
        assert row["stable_in"] == ["morse", "morse-0.3"]

    def test_two_entries_of_one_model_are_not_compared(
        self, results: ResultsStore, make_campaign: MakeCampaign
    ) -> None:
        """They differ in their phases and limits, not in their model."""
        phases = ["Li", "In", "LiIn"]
        campaign = make_campaign({"phases": phases}, {"phases": SMALL}, {"phases": phases, "max_force": "2 meV/Å"})
        outputs = _serially(campaign, results)
        assert not list(results.query(property="hull_spread"))
        assert "spread between models" not in outputs
        assert len(list(results.query(property="hull", superseded=True))) == 3

    def test_entries_that_differ_in_their_engine_only_are_compared(
        self, results: ResultsStore, make_campaign: MakeCampaign
    ) -> None:
        phases = ["Li", "In", "LiIn"]
        campaign = make_campaign(*({"phases": phases, "engine": engine} for engine in self.ENGINES))
        _serially(campaign, results)
        assert _one(results, property="hull_spread")["engines"] == ["morse", "morse-0.3"]


class TestFiniteTemperature:
    """Hulls with free energies."""

    WARM = {"phases": ["Li_fcc", "In", "LiIn3_L12"], "temperature": 300, "phonon_length": 5.5}  # noqa: RUF012

    def test_a_hull_at_room_temperature(
        self, results: ResultsStore, make_campaign: MakeCampaign, evaluations: list[int]
    ) -> None:
        campaign = make_campaign({**self.WARM, "include": ["LiIn3_L12"]})
        _serially(campaign, results)
        cold, warm = _hull_at(results, None), _hull_at(results, 300.0)
        assert warm["completeness"] == "complete"
        thermal = {d["phase"]: d for d in results.query(property="free_energy")}
        assert set(thermal) == {"Li_fcc", "In_bct", "LiIn3_L12"}
        assert all(d["n_imaginary"] == 0 for d in thermal.values())
        f = {name: d["free_energy_vib_per_atom"] for name, d in thermal.items()}
        shift = f["LiIn3_L12"] - 0.25 * f["Li_fcc"] - 0.75 * f["In_bct"]
        energies = [_rows(hull)["LiIn3_L12"]["formation_energy_per_atom"] for hull in (cold, warm)]
        assert energies[1] - energies[0] == pytest.approx(shift, abs=1e-9)
        assert abs(shift) > 1e-5

        spent = len(evaluations)
        _serially(campaign, results)
        assert len(evaluations) == spent  # neither relaxations nor displacements are repeated
        assert _hull_at(results, 300.0)["key"] == warm["key"]

    def test_a_supercell_that_is_too_large_is_missing(self, results: ResultsStore, make_campaign: MakeCampaign) -> None:
        _serially(make_campaign({**self.WARM, "phonon_max_atoms": 30, "include": ["LiIn3_L12"]}), results)
        warm = _hull_at(results, 300.0)
        assert warm["completeness"] == "partial"
        (sentence,) = warm["missing"]
        assert sentence.startswith("LiIn3_L12 is missing (its supercell of 5.5 Å has 32 atoms, more than ")
        assert "phonon_max_atoms (30)" in sentence
        assert _hull_at(results, None)["completeness"] == "complete"

    def test_without_a_free_energy_of_an_element_the_cold_hull_stays(
        self, results: ResultsStore, make_campaign: MakeCampaign
    ) -> None:
        outputs = _serially(make_campaign({**self.WARM, "phonon_max_atoms": 5}), results)
        cold = _one(results, property="hull")
        assert (cold["completeness"], cold["settings"]["temperature"]) == ("complete", None)
        (note,) = (note for note in cold["notes"] if "300 K" in note)
        assert note.startswith("There is no hull at 300 K: ")
        assert "more than phonon_max_atoms (5)" in note
        assert outputs["hull Li-In with morse and at 300 K"]["keys"]

    def test_a_time_limit_leaves_what_was_done(
        self, results: ResultsStore, make_campaign: MakeCampaign, evaluations: list[int]
    ) -> None:
        phases = {"phases": ["Li_fcc", "In", "Li5In4"], "temperature": 300, "phonon_length": 4.0}
        outputs = _serially(make_campaign({**phases, "phonon_time_limit": "1e-4 s"}), results)
        reason = outputs["free energy Li5In4"]["reason"]
        assert reason.startswith("1 of ")
        assert reason.endswith("displaced supercells were done within phonon_time_limit (0.0001 s)")
        done = {c["label"] for c in results.calculation_documents.find({}) if " phonon " in c["label"]}
        assert any(label.startswith("Li5In4 phonon 1/") for label in done)
        cold = _hull_at(results, None)  # it is there whatever happens to the free energies
        assert cold["completeness"] == "complete"
        spent = len(evaluations)
        _serially(make_campaign(phases), results)
        all_done = {c["label"] for c in results.calculation_documents.find({}) if " phonon " in c["label"]}
        assert done < all_done
        assert len(evaluations) - spent == len(all_done - done)
        assert _hull_at(results, 300.0)["completeness"] == "complete"
        assert _hull_at(results, None)["notes"] == []

    def test_an_imaginary_mode_flags_the_phase(self, results: ResultsStore, make_campaign: MakeCampaign) -> None:
        """bcc is no minimum of a potential between pairs of this range."""
        _serially(make_campaign({**self.WARM, "phases": ["Li_fcc", "In", "LiIn2_C15"]}), results)
        thermal = _one(results, property="free_energy", phase="LiIn2_C15")
        assert thermal["n_imaginary"] > 0
        assert thermal["flagged"]
        assert _rows(_hull_at(results, 300.0))["LiIn2_C15"]["flagged"]


class TestUsersStructures:
    """Files join a campaign, however they write their crystal."""

    def test_formation_energies_do_not_depend_on_how_a_file_is_written(
        self, results: ResultsStore, make_campaign: MakeCampaign, tmp_path: Path
    ) -> None:
        crystal = library.phase("Li3In2").structure
        order = np.random.default_rng(2).permutation(len(crystal))
        turn = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
        turn *= np.sign(np.linalg.det(turn))
        variants = {
            "as_it_is": crystal,
            "supercell": crystal * (2, 1, 1),
            "turned": Structure(crystal.lattice.matrix @ turn.T, crystal.species, crystal.frac_coords),
            "shuffled": Structure.from_sites([crystal[i] for i in order]),
            "shifted": crystal.copy().translate_sites(range(len(crystal)), [0.1, 0.2, 0.3]),
        }
        for name, structure in variants.items():
            Poscar(structure, sort_structure=False).write_file(tmp_path / f"{name}.vasp", significant_figures=12)
        files = [f"{name}.vasp" for name in variants]
        _serially(make_campaign({"phases": ["Li", "In", "Li3In2", *files]}), results)
        hull = _one(results, property="hull")
        known = _rows(hull)["Li3In2"]["formation_energy_per_atom"]
        for name in variants:
            row = _rows(hull)[name]
            assert row["formation_energy_per_atom"] == pytest.approx(known, abs=0.1 * MEV), name
            assert row["volume_per_atom"] == pytest.approx(_rows(hull)["Li3In2"]["volume_per_atom"], rel=2e-3)

    def test_a_poscar_joins_the_library(
        self, results: ResultsStore, make_campaign: MakeCampaign, tmp_path: Path
    ) -> None:
        Poscar(library.phase("Li5In4").structure).write_file(tmp_path / "POSCAR_mine")
        campaign = make_campaign({"structures": ["POSCAR_mine"], "phases": SMALL})
        plan = plan_campaign(campaign)
        (mine,) = (phase for phase in plan.hulls[0].phases if phase.name not in {"Li_bcc", "In_bct", "LiIn", "Li3In2"})
        _serially(campaign, results)
        hull = _one(results, property="hull")
        assert mine.name in _rows(hull)
        assert _rows(hull)[mine.name]["formula"] == "Li5In4"

    def test_the_same_crystal_is_calculated_once(
        self, results: ResultsStore, make_campaign: MakeCampaign, tmp_path: Path
    ) -> None:
        """A copy of a library phase in a file has the library's key, though it has its own name in the hull."""
        Poscar(library.phase("LiIn").structure).write_file(tmp_path / "copy.vasp", significant_figures=16)
        campaign = make_campaign({"phases": ["Li", "In", "LiIn", "copy.vasp"]})
        plan = plan_campaign(campaign)
        keys = {request.label: request.key for request in plan.hulls[0].requests}
        assert keys["copy"] == keys["LiIn"]
        assert len(plan.requests) == 3
        _serially(campaign, results)
        assert {"LiIn", "copy"} <= set(_rows(_one(results, property="hull")))


class TestFlows:
    """What a plan becomes."""

    def test_equal_calculations_are_one_job(self, results: ResultsStore, make_campaign: MakeCampaign) -> None:
        campaign = make_campaign({"phases": ["Li", "In", "LiIn"]}, {"phases": SMALL, "hull_tolerance": "1 meV/atom"})
        flow = campaign_flow(plan_campaign(campaign))
        names = [job.name for job, _ in flow.iterflow()]
        assert sorted(names) == ["In_bct", "Li3In2", "LiIn", "Li_bcc", *["hull Li-In with morse"] * 2]
        run_locally(flow, store=results.jobstore(), log=False)
        assert len(list(results.calculation_documents.find({}))) == 4
        assert len(list(results.query(property="hull", superseded=True))) == 2

    def test_the_largest_come_first(self, make_campaign: MakeCampaign) -> None:
        plan = plan_campaign(make_campaign())
        sizes = [request.n_atoms for request in plan.requests.values()]
        assert sizes == sorted(sizes, reverse=True)

    def test_what_jobs_carry_and_leave_is_small_plain_data(
        self, results: ResultsStore, make_campaign: MakeCampaign
    ) -> None:
        campaign = make_campaign({"phases": ["Li", "In", "LiIn"], "temperature": 300, "phonon_length": 5.0})
        flow = campaign_flow(plan_campaign(campaign))
        for job, _ in flow.iterflow():
            text = json.dumps(job.as_dict(), default=str)
            assert len(text) < 20_000
            assert "lianode.db" not in text  # the store is found where the job runs
        outputs = _serially(campaign, results)
        assert all(len(json.dumps(output)) < 1000 for output in outputs.values())

    def test_a_job_without_our_store_says_what_it_needs(self, make_campaign: MakeCampaign) -> None:
        from jobflow import JobStore
        from maggma.stores import MemoryStore

        flow = campaign_flow(plan_campaign(make_campaign({"phases": ["Li", "In"]})))
        with pytest.raises(TypeError, match="needs the job store of a lianode project"):
            run_locally(flow, store=JobStore(MemoryStore()), log=False, raise_immediately=True)
