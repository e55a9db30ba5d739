"""A campaign with gaps and work functions: what is planned, what is refused, and what the rehearsal of VASP gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from jobflow import run_locally

from lianode.analysis.compare.electronic import compare_electronic
from lianode.analysis.electronic.document import ElectronicDocument
from lianode.analysis.electronic.work_function import WorkFunctionDocument
from lianode.analysis.plots.data import data_csv
from lianode.analysis.plots.electronic import dos_figure, potential_figure
from lianode.structures.errors import InputError
from lianode.workflows.campaign.campaign import Campaign
from lianode.workflows.plan import campaign_flow, expected_seconds, plan_campaign
from lianode.workflows.rederive import rederive
from lianode.workflows.task import ElectronicTask, RelaxTask

if TYPE_CHECKING:
    from lianode.hpc.store import ResultsStore
    from lianode.workflows.engines.vasp.commands import VaspCommands

VASP: dict[str, Any] = {"name": "vasp", "encut": 250, "k_density": 12, "rehearsal": True}


def campaign(default: Any = "morse", **settings: Any) -> Campaign:
    return Campaign.model_validate({"name": "test", "engine": default, "calculations": [{"electronic": settings}]})


@pytest.mark.parametrize("engine", ["morse", "sevennet-0", "chgnet"])
def test_a_potential_is_refused_when_it_is_planned(engine: str) -> None:
    with pytest.raises(InputError, match=r"has no electrons.*engines that do: gpaw, vasp"):
        plan_campaign(campaign(engine, phases=["LiCl"]))


@pytest.mark.vasp
def test_an_entry_may_name_an_engine_that_can() -> None:
    pytest.importorskip("custodian")
    (plan,) = plan_campaign(campaign("morse", phases=["LiCl"], engine=VASP)).properties
    assert [request.task.kind for request, _ in plan.calculations()] == ["relax", "electronic"]
    assert all(request.engine["name"] == "vasp" for request, _ in plan.calculations())


@pytest.mark.vasp
def test_hybrids_and_what_begins_from_what() -> None:
    pytest.importorskip("custodian")
    settings = {"phases": ["LiCl"], "surfaces": ["LiCl(001)", "Li(001)"], "hybrid": True}
    plans = plan_campaign(campaign(VASP, **settings)).properties
    assert [plan.spec.model_dump()["phase"] for plan in plans] == ["LiCl", "Li_bcc"]
    crystal, levels, slab, of_slab = (request for request, _ in plans[0].calculations())
    assert isinstance(crystal.task, RelaxTask)
    assert isinstance(slab.task, RelaxTask)
    assert slab.task.relax_cell is False
    assert isinstance(levels.task, ElectronicTask)
    assert levels.task.hybrid
    assert levels.task.wants("dos")
    assert isinstance(of_slab.task, ElectronicTask)
    assert not of_slab.task.wants("dos")
    assert (levels.source.parents, slab.source.parents) == ((crystal.key,), (crystal.key,))
    assert of_slab.source.parents == (slab.key,)
    assert (crystal.engine["variant"], of_slab.engine["variant"]) == ("bulk", "slab")
    assert expected_seconds(levels) > 10 * expected_seconds(levels.model_copy(update={"task": ElectronicTask()}))
    only_for_alignment = next(r.task for r, _ in plans[1].calculations() if r.label == "Li_bcc levels")
    assert isinstance(only_for_alignment, ElectronicTask)
    assert set(only_for_alignment.outputs) == {"gap", "potential"}


@pytest.mark.vasp
def test_structures_as_they_are_or_of_another_engine() -> None:
    pytest.importorskip("custodian")
    (plain,) = plan_campaign(campaign(VASP, phases=["LiCl"], surfaces=["LiCl(001)"], relax=False)).properties
    assert [request.task.kind for request, _ in plain.calculations()] == ["electronic"] * 2
    start = {"start_from": {"engine": "morse"}}
    (other,) = plan_campaign(campaign(VASP, phases=["LiCl"], relax=False, **start)).properties
    assert [(r.engine["name"], r.task.kind) for r, _ in other.calculations()] == [
        ("morse", "relax"),
        ("vasp", "electronic"),
    ]
    (both,) = plan_campaign(campaign(VASP, phases=["LiCl"], **start)).properties
    assert [(r.engine["name"], r.task.kind) for r, _ in both.calculations()] == [
        ("morse", "relax"), ("vasp", "relax"), ("vasp", "electronic"),
    ]  # fmt: skip


@pytest.mark.vasp
def test_a_campaign_with_the_rehearsal(rehearsal: VaspCommands, results: ResultsStore) -> None:
    """Its model has a gap of 3 eV around the Fermi level, 4 eV below the vacuum: 5.5 and 2.5 eV to the edges."""
    asked = campaign(
        VASP, phases=["LiCl"], surfaces=["LiCl(001)"], relax=False, work_function_reference="mid-gap", layers=2
    )
    flow = campaign_flow(plan_campaign(asked))
    run_locally(flow, store=results.jobstore(), log=False, ensure_success=True, raise_immediately=True)
    (stored,) = results.query(property="electronic")
    crystal = ElectronicDocument.model_validate(stored)
    assert crystal.band_gap == pytest.approx(3.0, abs=1e-4)
    assert crystal.density is not None
    assert crystal.density.method == "tetrahedra"
    assert crystal.density.integrated_electrons == pytest.approx(10, abs=0.01)
    assert set(crystal.density.projected) == {"Li s", "Cl p"}
    (stored,) = results.query(property="work_function")
    surface = WorkFunctionDocument.model_validate(stored)
    assert (surface.surface, surface.equal_surfaces, surface.layers) == ("LiCl(001)", True, 2)
    assert surface.work_function == pytest.approx(4.0, abs=1e-3)
    assert surface.work_function_reference == "mid-gap"
    assert surface.ionisation_potential == pytest.approx(5.5, abs=1e-3)
    assert surface.electron_affinity == pytest.approx(2.5, abs=1e-3)
    assert surface.ionisation_potential_of_crystal is not None
    assert surface.macroscopic_period == pytest.approx(2.565, abs=0.02)
    checks = {check.name: check.passed for check in surface.checks}
    assert checks["vacuum_flat"]
    assert checks["dipole"]

    before = {one["key"]: one for one in results.query()}
    assert rederive(results) == 2
    after = {one["key"]: one for one in results.query()}
    for key, one in after.items():
        assert {**one, "created": ""} == {**before[key], "created": ""}
    expected = {"band_gap_eV": {"LiCl": 6.2, "Li3P": 2.3}, "work_function_eV": {"LiCl": 5.3}, "source": "a paper"}
    rows = compare_electronic(expected, [crystal], [surface])
    assert [(row.quantity, row.phase, row.computed) for row in rows] == [
        ("band gap", "LiCl", crystal.band_gap), ("band gap", "Li3P", None),
        ("work function (mid-gap)", "LiCl", surface.work_function),
    ]  # fmt: skip
    assert "from the valence band 5.50, from mid-gap 4.00, from the conduction band 2.50" in rows[2].note
    assert data_csv(crystal).splitlines()[1].startswith("energy_above_vbm_eV,total_states_per_eV,Li_s")
    assert data_csv(surface).splitlines()[1] == "height_A,planar_average_eV,macroscopic_average_eV"
    assert dos_figure(crystal).axes[0].get_xlabel().startswith("$E - E_{VB}$")
    assert potential_figure(surface).axes[0].get_xlabel() == "height / Å"

    levels = results.run_directory(crystal.calculations["LiCl"]) / "levels.npz"
    levels.write_bytes(levels.read_bytes()[:-1])
    with pytest.raises(InputError, match="are not those that were computed"):
        rederive(results)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "nothing is asked for"),
        ({"phases": ["LiXx"]}, "LiXx"),
        ({"surfaces": ["LiCl"]}, "is no plane of a phase"),
        ({"surfaces": ["LiXx(001)"]}, "LiXx"),
        ({"surfaces": ["LiCl(001)", "LiCl(001)"]}, "listed twice"),
        ({"phases": ["LiCl"], "vacuum": 5.0}, "does not become flat"),
        ({"phases": ["LiCl"], "layers": 4, "thickness": 10.0}, "both `layers` and `thickness`"),
        ({"phases": ["LiCl"], "dos": False, "projected": True}, "divides a density of states"),
        ({"phases": ["LiCl"], "broadening": 0}, "not above zero"),
        ({"phases": ["LiCl"], "k_factor": 0.5}, "greater than or equal to 1"),
        ({"phases": ["LiCl"], "work_function_reference": "fermi"}, "'vbm' or 'mid-gap'"),
    ],
)
def test_what_an_entry_cannot_say(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        campaign(**settings)
