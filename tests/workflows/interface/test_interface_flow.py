"""Molecular dynamics of an interface, from the campaign's content to its documents, with the test potential."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from jobflow import run_locally
from pymatgen.core import Structure

from lianode.analysis.trajectories.frames import frames
from lianode.structures.errors import InputError
from lianode.workflows.calculation import State
from lianode.workflows.campaign.campaign import Campaign
from lianode.workflows.interface_md.analysis import InterfaceMdSpec, derive_interface_md
from lianode.workflows.interface_md.starts import AFTER, CELL, RELAXED_SUPERCELL, built_cell
from lianode.workflows.plan import campaign_flow, plan_campaign
from lianode.workflows.rederive import rederive

if TYPE_CHECKING:
    from lianode.hpc.store import ResultsStore
    from lianode.workflows.interface_md.flow import InterfaceMdPlan

pytestmark = pytest.mark.filterwarnings("ignore:Some jobs are not connected", "ignore:cd is deprecated")

SMALL = {
    "electrolyte": "LiCl", "anode": "In", "width": 5, "max_area": 80, "max_strain": 0.15, "anode_thickness": 4,
    "electrolyte_thickness": 5, "time": 200, "equilibration": 60, "reference_time": 60, "windows": 2, "largest": 6,
    "frame_interval": 5, "max_force": 0.05, "bin_width": 0.05,
}  # fmt: skip


def campaign_of(**settings: Any) -> Campaign:
    entry = {"interface_md": SMALL | settings}
    return Campaign.model_validate({"name": "test", "engine": "morse", "calculations": [entry]})


def plan_of(campaign: Campaign) -> InterfaceMdPlan:
    (plan,) = plan_campaign(campaign).interfaces
    return plan


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A small campaign that has run, and the store with its documents."""
    from lianode.hpc.settings import load_settings, write_default
    from lianode.hpc.store import open_store

    folder = tmp_path_factory.mktemp("project")
    results = open_store(load_settings(write_default(folder)))
    campaign = campaign_of()
    run_locally(campaign_flow(plan_campaign(campaign)), store=results.jobstore(), log=False)
    yield campaign, results
    results.close()


def document(results: ResultsStore, name: str) -> dict[str, Any]:
    (found,) = results.query(property=name)
    return found


class TestPlan:
    def test_what_is_computed_and_in_which_order(self):
        plan = plan_of(campaign_of())
        recipes = [(request.source.recipe, request.task.kind) for request, _ in plan.calculations()]
        assert recipes == [
            ("primitive cell", "relax"),
            ("primitive cell", "relax"),
            (CELL, "relax"),
            (AFTER, "md"),
            (AFTER, "md"),
            ("primitive cell", "relax"),
            (RELAXED_SUPERCELL, "md"),
        ]
        requests = {request.key: request for request, _ in plan.calculations()}
        cell, equilibration, run = (requests[key] for key in (plan.spec.runs[0].cell, plan.spec.runs[0].equilibration,
                                                              plan.spec.runs[0].run))  # fmt: skip
        assert equilibration.source.parents == (cell.key,)
        assert run.source.parents == (equilibration.key,)
        assert (equilibration.task.ensemble, equilibration.task.pressure_axes) == ("npt-bussi", "normal")
        assert (run.task.ensemble, run.task.steps, run.task.frame_interval) == ("nvt-nose-hoover", 100, 5)

    def test_crystals_are_those_of_a_hull(self):
        hull = Campaign.model_validate(
            {"name": "h", "engine": "morse", "calculations": [{"hull": {"system": "Li-In"}}]}
        )
        shared = set(plan_campaign(hull).requests) & set(plan_campaign(campaign_of()).requests)
        assert len(shared) == 1  # indium

    def test_keys_follow_from_settings_and_not_from_numbers(self):
        assert plan_of(campaign_of()).spec == plan_of(campaign_of()).spec
        one, other = (plan_of(campaign_of(**settings)).spec for settings in ({}, {"closeness": 0.9}))
        assert one.runs[0].crystals == other.runs[0].crystals
        assert one.runs[0].cell != other.runs[0].cell

    def test_with_vacuum_the_height_is_fixed(self):
        plan = plan_of(campaign_of(vacuum=10))
        tasks = [request.task for request, _ in plan.calculations() if request.task.kind == "md"]
        assert tasks[0].ensemble == "nvt-nose-hoover"

    def test_an_equilibration_can_rise_to_the_temperature(self):
        plan = plan_of(campaign_of(start_temperature=50))
        tasks = [request.task for request, _ in plan.calculations() if request.label.startswith("In_bct/LiCl")]
        _, ramp, run = tasks
        assert (ramp.temperature, ramp.final_temperature) == (50.0, 300.0)
        assert (run.temperature, run.final_temperature) == (300.0, None)

    def test_every_model_has_a_run(self):
        settings = {"electrolyte": "Li6PS5Cl", "orderings": 2, "models": 2, "width": 9, "max_area": 200}
        plan = plan_of(campaign_of(**settings))
        assert [slot.rank for slot in plan.spec.runs] == [1, 2]
        assert len({slot.run for slot in plan.spec.runs}) == 2
        assert len(plan.spec.runs[0].crystals) == 3

    def test_without_equilibration_and_reference_runs(self):
        plan = plan_of(campaign_of(equilibration=0, reference_time=0))
        assert [request.task.kind for request, _ in plan.calculations()] == ["relax", "relax", "relax", "md", "relax"]
        assert plan.spec.references[0].run is None

    @pytest.mark.parametrize(
        ("settings", "says"),
        [
            ({"max_strain": 1e-5}, "no common cell up to 80 Å²"),
            ({"anode_termination": "Cl|Cl"}, "Cl|Cl"),
            ({"anode": "Sn"}, "no crystal tells how long a bond Sn-Cl is"),
            ({"references": ["InS"]}, "InS has none of the pairs In-Cl"),
        ],
    )
    def test_what_cannot_be_is_said_before_anything_runs(self, settings, says):
        with pytest.raises(InputError) as caught:
            plan_campaign(campaign_of(**settings))
        assert says in str(caught.value)

    def test_vasp_runs_what_a_potential_began(self):
        content = {
            "name": "test",
            "engine": {"name": "vasp", "preset": "luo2021"},
            "start_from": {"engine": "morse"},
            "calculations": [{"interface_md": SMALL}],
        }
        plan = plan_of(Campaign.model_validate(content))
        requests = {request.key: request for request, _ in plan.calculations()}
        slot = plan.spec.runs[0]
        assert requests[slot.cell].engine["name"] == "morse"
        assert requests[slot.equilibration or ""].engine["name"] == "morse"
        assert (requests[slot.run].engine["name"], requests[slot.run].engine["variant"]) == ("vasp", "aimd")
        reference = plan.spec.references[0]
        assert requests[reference.relaxed].engine["name"] == "vasp"  # its bonds are those of the engine that runs

    def test_a_thermostat_that_vasp_has_not_is_refused(self):
        content = {
            "name": "test",
            "engine": {"name": "vasp", "preset": "luo2021"},
            "calculations": [{"interface_md": SMALL | {"thermostat": "bussi"}}],
        }
        with pytest.raises(InputError):
            plan_campaign(Campaign.model_validate(content))


class TestDocuments:
    def test_the_cell_is_made_of_the_relaxed_crystals(self, ran):
        campaign, results = ran
        slot = plan_of(campaign).spec.runs[0]
        found = results.calculations([*slot.crystals, slot.cell, slot.equilibration, slot.run])
        built = built_cell(slot.crystals, slot.parameters, found)
        cell = Structure.from_dict(found[slot.cell].structure)
        assert cell.lattice.matrix == pytest.approx(built.cell.structure.lattice.matrix)
        # the electrolyte is not strained: its spacing in the cell is that of the relaxed crystal
        salt = Structure.from_dict(found[slot.crystals[1]].structure)
        a = (4 * salt.volume) ** (1 / 3)
        assert built.cell.substrate.surface.area == pytest.approx(a * a / 2, rel=1e-6)
        assert np.allclose(built.cell.substrate_strain, 0)
        check = next(check for check in found[slot.cell].checks if check.name == "start_accepted")
        assert "strained by up to" in check.message

    def test_the_run_begins_in_the_mean_cell_of_the_equilibration(self, ran):
        campaign, results = ran
        slot = plan_of(campaign).spec.runs[0]
        found = results.calculations([slot.cell, slot.equilibration, slot.run])
        first = next(frames(Path(found[slot.run].directory) / found[slot.run].files["trajectory"].path))
        assert first.cell == pytest.approx(np.array(found[slot.equilibration].mean_cell))
        built = Structure.from_dict(found[slot.cell].structure).lattice.matrix
        assert first.cell[:2] == pytest.approx(built[:2])  # the plane is fixed, the height is not
        assert first.cell[2, 2] != pytest.approx(built[2, 2], abs=1e-3)

    def test_the_run(self, ran):
        _, results = ran
        run = document(results, "interface_md")
        assert run["interface"] == "In_bct(001)/LiCl(001)"
        assert run["anode"]["atoms"] + run["electrolyte"]["atoms"] == len(run["snapshots"][0]["elements"])
        assert [snapshot["time_fs"] for snapshot in run["snapshots"]] == [0.0, 260.0]  # the equilibration counts
        assert run["derivation"]
        assert set(run["calculations"]) == {"run", "cell", "anode", "electrolyte", "equilibration", "InCl_Cmcm"}

    def test_rdfs(self, ran):
        _, results = ran
        rdf = document(results, "rdf")
        assert [pair["pair"] for pair in rdf["pairs"]] == ["In-Cl"]
        assert rdf["frames"] == [11, 10]
        assert [window[0] for window in rdf["windows_fs"]] == pytest.approx([60.0, 160.0])
        (reference,) = rdf["references"]
        assert (reference["crystal"], reference["temperature"]) == ("InCl_Cmcm", 300.0)
        assert 2.3 < reference["first_minimum"]["peak"] < 3.2
        assert all(0 <= layer[0] <= 1 for layer in reference["similarity"])

    def test_bonds_are_followed_from_the_first_contact(self, ran):
        _, results = ran
        bonds = document(results, "bonds")
        (bond,) = bonds["bonds"]
        assert bond["cutoff_source"] == "first minimum of InCl_Cmcm at 300 K"
        assert bonds["times_fs"][0] == 0.0
        assert bonds["times_fs"][-1] == 260.0
        assert {one["element"] for one in bonds["penetration"]} == {"Cl", "In", "Li"}

    def test_profiles_hold_every_atom(self, ran):
        _, results = ran
        motion = document(results, "motion")
        run = document(results, "interface_md")
        width = motion["heights"][1] - motion["heights"][0]
        for profile in motion["profiles"]:
            atoms = run["snapshots"][0]["elements"].count(profile["element"])
            for window in profile["density_per_A3"]:
                assert sum(window) * width * run["area"] == pytest.approx(atoms, rel=1e-6)
        assert "no diffusivity" in motion["notes"][0]

    def test_the_whole_is_derived_again_from_what_is_stored(self, ran):
        _, results = ran
        before = {one["key"] for one in results.query(campaign="test")}
        assert rederive(results, campaign="test") == 4
        assert {one["key"] for one in results.query(campaign="test")} == before

    def test_nothing_is_computed_twice(self, ran, evaluations):
        campaign, results = ran
        run_locally(campaign_flow(plan_campaign(campaign)), store=results.jobstore(), log=False)
        assert evaluations == []

    def test_a_reference_crystal_at_rest_is_broadened(self, ran):
        campaign, results = ran
        spec = plan_of(campaign).spec
        still = spec.references[0].model_copy(update={"run": None})
        documents = derive_interface_md(spec.model_copy(update={"references": (still,)}), results)
        rdf = next(one for one in documents if one.property == "rdf")
        assert (rdf.references[0].temperature, rdf.references[0].sigma) == (None, 0.12)
        assert rdf.references[0].similarity_largest == 5.0
        bonds = next(one for one in documents if one.property == "bonds")
        assert bonds.bonds[0].cutoff_source == "first minimum of InCl_Cmcm at rest"

    def test_layers(self, ran):
        campaign, results = ran
        spec = plan_of(campaign).spec.model_copy(update={"layers": 3, "normalisation": "layer"})
        rdf = next(one for one in derive_interface_md(spec, results) if one.property == "rdf")
        assert len(rdf.layer_edges) == 4
        assert len(rdf.pairs[0].g[0]) == 3


class TestWhatIsMissing:
    def test_a_lost_trajectory(self, ran, tmp_path):
        campaign, results = ran
        spec = plan_of(campaign).spec
        run = results.calculation(spec.runs[0].run)
        path = Path(run.directory) / run.files["trajectory"].path
        shutil.move(path, tmp_path / "away")
        try:
            with pytest.raises(InputError, match="analyse it on the machine that ran it"):
                derive_interface_md(spec, results)
        finally:
            shutil.move(tmp_path / "away", path)

    def test_a_reference_crystal_that_failed(self, ran):
        campaign, results = ran
        spec = plan_of(campaign).spec
        lost = spec.references[0].model_copy(update={"run": "0" * 32})
        documents = derive_interface_md(spec.model_copy(update={"references": (lost,)}), results)
        assert [one.property for one in documents] == ["interface_md", "rdf", "motion"]
        run = documents[0]
        assert run.completeness == "partial"
        assert any("reference crystal InCl_Cmcm: not computed" in sentence for sentence in run.missing)
        assert any("bonds In-Cl are not counted" in sentence for sentence in run.missing)

    def test_a_given_length_needs_no_crystal(self, ran):
        campaign, results = ran
        spec = plan_of(campaign).spec.model_copy(update={"references": (), "cutoffs": {"In-Cl": 3.0}})
        bonds = next(one for one in derive_interface_md(spec, results) if one.property == "bonds")
        assert (bonds.bonds[0].cutoff, bonds.bonds[0].cutoff_source) == (3.0, "given")

    def test_no_finished_run(self, ran):
        campaign, results = ran
        spec = plan_of(campaign).spec
        lost = spec.runs[0].model_copy(update={"run": "0" * 32})
        with pytest.raises(InputError, match="no run of the interface is finished"):
            derive_interface_md(InterfaceMdSpec.model_validate(spec.model_dump() | {"runs": [lost]}), results)

    def test_crystals_that_do_not_relax(self, results):
        campaign = campaign_of(max_steps=1, equilibration=0, reference_time=0)
        store = results.jobstore()
        run_locally(campaign_flow(plan_campaign(campaign)), store=store, log=False)
        slot = plan_of(campaign).spec.runs[0]
        cell = results.calculation(slot.cell)
        assert cell is not None
        assert cell.state is State.UNCONVERGED
        assert "only 0 of 1 models of the electrolyte are relaxed" in (cell.reason or "")
