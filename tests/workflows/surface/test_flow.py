"""Surfaces of a campaign, from its file's content to its documents, with the test potential."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ase.build import fcc100, fcc111
from ase.optimize import BFGS
from jobflow import run_locally

from lianode.hpc.local.campaign import run_campaign
from lianode.structures.errors import InputError
from lianode.workflows.calculation import State
from lianode.workflows.campaign.campaign import Campaign
from lianode.workflows.engines.morse import MorseEngine
from lianode.workflows.engines.registry import make_engine
from lianode.workflows.plan import campaign_flow, plan_campaign, with_follow_ups
from lianode.workflows.rederive import rederive
from lianode.workflows.surface.analysis import screening_energies
from lianode.workflows.task import RelaxTask, StaticTask

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.hpc.store import ResultsStore

pytestmark = pytest.mark.filterwarnings("ignore:Some jobs are not connected", "ignore:cd is deprecated")


def surfaces(*phases: str, **settings: Any) -> Campaign:
    entry = {"surface": {"phases": list(phases), **settings}}
    return Campaign.model_validate({"name": "test", "engine": "morse", "calculations": [entry]})


def serially(campaign: Campaign, results: ResultsStore) -> None:
    plan = with_follow_ups(plan_campaign(campaign), results)
    run_locally(campaign_flow(plan), store=results.jobstore(), log=False)


def relaxed_by_ase(build: Any, a: float, layers: int) -> tuple[float, float]:
    """Energy as cut and relaxed of ASE's own slab of fcc Li, eV."""
    atoms = build("Li", (1, 1, layers), a=a, vacuum=10.0, periodic=True)
    atoms.calc = MorseEngine().calculator()
    cut = float(atoms.get_potential_energy())
    BFGS(atoms, logfile=None).run(fmax=0.002, steps=200)
    return cut, float(atoms.get_potential_energy())


def test_fcc_lithium_as_ase_has_it(results: ResultsStore) -> None:
    """The same slabs by ASE's builder and optimiser, at the lattice constant of the relaxed crystal."""
    campaign = surfaces("Li_fcc", planes=[[1, 0, 0], [1, 1, 1]], layers=[5, 7, 9], rattle=0)
    serially(campaign, results)
    plan = plan_campaign(campaign).surfaces[0]
    bulk = results.calculation(plan.spec.phase.key)
    assert bulk is not None
    assert bulk.energy is not None
    a = (4.0 * float(bulk.volume or 0.0)) ** (1.0 / 3.0)
    for label, build, area in (("(100)", fcc100, a * a / 2.0), ("(111)", fcc111, np.sqrt(3.0) / 4.0 * a * a)):
        (document,) = results.query(property="surface", criteria={"plane_label": label})
        ours = [document["unrelaxed_fit"], document["relaxed_fit"]]
        theirs = np.array([relaxed_by_ase(build, a, layers) for layers in (5, 7, 9)])
        for fit, energies in zip(ours, theirs.T, strict=True):
            slope, intercept = np.polyfit([5, 7, 9], energies, 1)
            assert fit["energy"] == pytest.approx(intercept / (2.0 * area), abs=2e-6)
            assert fit["fitted_bulk_energy"] == pytest.approx(slope, abs=1e-4)
            assert fit["bulk_energy"] == pytest.approx(bulk.energy)
        assert document["surface_energy"] == ours[1]["energy"] < ours[0]["energy"]
        failed = {check["name"] for check in document["checks"] if check["passed"] is False}
        assert failed <= {"volume_kept"}  # of the crystal: the test potential is not lithium
        assert document["completeness"] == "complete"
    (shape,) = results.query(property="wulff", phase="Li_fcc")
    assert shape["lowest_plane"] == "(111)"
    assert sum(row["area_fraction"] for row in shape["planes"]) == pytest.approx(1.0)
    assert shape["planes"][0]["surface_energy"] < shape["weighted_surface_energy"]


def test_what_is_derived_again_is_the_same(results: ResultsStore) -> None:
    serially(surfaces("Li_fcc", planes=[[1, 0, 0]], layers=[4, 6], relax=False), results)
    before = {one["key"]: one for one in results.query()}
    assert rederive(results) == 2  # the surface and the shape
    after = {one["key"]: one for one in results.query()}
    assert after.keys() == before.keys()
    for key, one in after.items():
        assert {**one, "created": ""} == {**before[key], "created": ""}


def test_keys_are_known_before_and_say_what_is_computed() -> None:
    """Relaxed floats are in no key; plane, cut, thickness, vacuum and the crystal are."""

    def keys(**settings: Any) -> set[str]:
        plan = plan_campaign(surfaces("Li_fcc", **{"planes": [[1, 0, 0]], "layers": [4], **settings}))
        return {request.key for request in plan.surfaces[0].slabs}

    usual = keys()
    assert len(usual) == 2
    assert keys(screen=5) == usual
    assert keys(planes=[[2, 0, 0]]) == usual  # the same plane, with another label
    for other in ({"planes": [[1, 1, 0]]}, {"layers": [5]}, {"vacuum": 12.0}, {"supercell": [1, 2]},
                  {"max_force": 0.004}):  # fmt: skip
        assert not keys(**other) & usual
    assert len(keys(slab_force=0.02) & usual) == 1  # the single point


def test_single_points_choose_what_is_computed_in_full(project: Path, results: ResultsStore) -> None:
    """Diamond (111) has a wide and a narrow cut; one bond per atom goes through the wide one, three through the other.

    Only the first is relaxed, and the plan knows it once both single points are there.
    """
    campaign = surfaces("Sn_alpha", planes=[[1, 1, 1]], layers=[2, 3, 4], screen=1, rattle=0)
    plan = plan_campaign(campaign)
    (waiting,) = plan.surfaces
    assert [request.task.kind for request in waiting.slabs] == ["static"] * 2
    assert all(slot.undecided for slot in waiting.spec.surfaces)
    assert screening_energies(waiting.spec, results) is None
    assert with_follow_ups(plan, results).requests.keys() == plan.requests.keys()
    assert sorted(request.task.kind for request in waiting.likely_follow_ups()) == ["relax"] * 3 + ["static"] * 2

    ended = run_campaign(plan, results, project, workers=1)
    assert not ended.errors
    energies = screening_energies(waiting.spec, results)
    assert energies is not None
    low, high = sorted(energies, key=energies.__getitem__)
    (decided,) = with_follow_ups(plan, results).surfaces
    assert not any(slot.undecided for slot in decided.spec.surfaces)
    documents = {one["termination"]: one for one in ended.documents if one["property"] == "surface"}
    assert [row["relaxed"] for row in documents[low[1]]["slabs"]] == [False] * 3 + [True] * 3
    assert [row["relaxed"] for row in documents[high[1]]["slabs"]] == [False]
    assert documents[high[1]]["unrelaxed_fit"]["energy"] == pytest.approx(energies[high])
    assert energies[low] < energies[high]
    (shape,) = (one for one in ended.documents if one["property"] == "wulff")
    assert (shape["lowest_termination"], shape["completeness"]) == (low[1], "complete")

    again = run_campaign(plan_campaign(campaign), results, project, workers=1)
    assert len(again.reused) == len(again.calculations) == len(decided.calculations())


@pytest.mark.slow
def test_two_halves_of_a_crystal_cost_its_cleavage(project: Path, results: ResultsStore) -> None:
    """Both terminations of LiIn3(100) together have no excess: what one gains from a chemical potential the other pays.

    As they were cut, their mean is half of the bonds through one cut, with any potential.
    """
    campaign = surfaces("LiIn3_L12", planes=[[1, 0, 0]], layers=[3, 4, 5], rattle=0, relax=False)
    ended = run_campaign(plan_campaign(campaign), results, project, workers=2)
    first, second = (one for one in ended.documents if one["property"] == "surface")
    assert first["excess"].keys() != second["excess"].keys()
    assert len(first["limits"]) == 2
    means = [
        0.5 * (one["surface_energy"] + other["surface_energy"])
        for one, other in zip(first["limits"], second["limits"], strict=True)
    ]
    assert means[0] == pytest.approx(means[1], abs=1e-9)
    assert abs(first["limits"][0]["surface_energy"] - first["limits"][1]["surface_energy"]) > 1e-3
    for one, other in zip(first["limits"], second["limits"], strict=True):
        assert one["neighbours"] == other["neighbours"]
        assert all(mu <= 1e-9 for mu in one["chemical_potentials"].values())


def test_atoms_in_excess_ask_for_all_phases_of_the_elements() -> None:
    whole = plan_campaign(surfaces("LiCl", planes=[[1, 0, 0]])).surfaces[0]
    assert whole.spec.competitors == ()
    charged = plan_campaign(surfaces("LiCl", planes=[[1, 1, 1]])).surfaces[0]
    names = {slot.name for slot in charged.spec.competitors}
    assert {"Li_bcc", "Cl_A14"} <= names
    assert "LiCl" not in names
    assert {slot.kind for slot in charged.spec.surfaces} == {"non-stoichiometric"}
    without = plan_campaign(surfaces("LiCl", max_index=1, non_stoichiometric=False)).surfaces[0]
    assert {slot.plane_label for slot in without.spec.surfaces} == {"(100)", "(110)"}


def test_a_polar_pair_is_cut_once() -> None:
    spec = plan_campaign(surfaces("InP", max_index=1, non_stoichiometric=False)).surfaces[0].spec
    assert [(slot.plane_label, slot.kind) for slot in spec.surfaces] == [
        ("(110)", "stoichiometric"), ("(111)", "cleavage"), ("(111)", "cleavage"),
    ]  # fmt: skip


def test_a_crystal_that_fails_leaves_reasons(results: ResultsStore) -> None:
    """Black phosphorus runs away with the test potential: its slabs say so, and no document is made."""
    campaign = surfaces("P_black", planes=[[0, 1, 0]], layers=[1], relax=False)
    with pytest.raises(Exception, match="P_black"):
        run_locally(campaign_flow(plan_campaign(campaign)), store=results.jobstore(), log=False, raise_immediately=True)
    for request in plan_campaign(campaign).surfaces[0].slabs:
        found = results.calculation(request.key)
        assert found is not None
        assert found.state is State.FAILED
        assert "the crystal that it is cut from is failed" in str(found.reason)
    assert list(results.query()) == []


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"planes": [[0, 0, 0]]}, r"no plane \(0, 0, 0\)"),
        ({"planes": []}, "name at least one plane"),
        ({"planes": [[1, 0, 0]], "max_index": 1}, "both `planes` and `max_index`"),
        ({"layers": [5], "thicknesses": [10.0]}, "both `layers` and `thicknesses`"),
        ({"layers": [5, 5]}, "go up"),
        ({"layers": [0, 5]}, "one lattice plane or more"),
        ({"thicknesses": [15.0, 10.0]}, "go up"),
        ({"vacuum": 0}, "0 is not above zero"),
        ({"vacuum": 2.0}, "binds to its image"),
        ({"supercell": [0, 1]}, "two whole numbers from 1"),
        ({"phases": []}, "name at least one phase"),
        ({"phases": ["LiXx"]}, "LiXx"),
    ],
)
def test_what_an_entry_cannot_say(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Campaign.model_validate(
            {"name": "test", "engine": "morse", "calculations": [{"surface": {"phases": ["Li_fcc"], **settings}}]}
        )


@pytest.mark.parametrize(
    ("phase", "settings", "sentence"),
    [
        ("Li6PS5Cl_average", {}, "Li6PS5Cl_average is disordered"),
        ("Li13In3", {"planes": [[1, 0, 0]], "thicknesses": [3.0]}, "thinner than the crystal's period"),
        ("Li_fcc", {"planes": [[1, 0, 0], [0, 1, 0]]}, "equal or opposite to a plane that is listed"),
        ("InP", {"planes": [[1, 1, 1], [-1, -1, -1]]}, "equal or opposite to a plane that is listed"),
        ("LiCl", {"planes": [[1, 1, 1]], "non_stoichiometric": False}, "atoms in excess only"),
        ("Li13In3", {"planes": [[3, 2, 1]], "thicknesses": [40.0]}, "600 are the most"),
    ],
)
def test_what_cannot_be_planned(phase: str, settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        plan_campaign(surfaces(phase, **settings))


@pytest.mark.vasp
@pytest.mark.parametrize(("preset", "variant"), [("alloy", "bulk"), ("su2024", "slab-reference")])
def test_vasp_takes_its_variants(preset: str, variant: str) -> None:
    """Slabs and the crystal that is subtracted have one method; where a hull's crystals have it, they serve."""
    pytest.importorskip("atomate2")
    campaign = Campaign.model_validate(
        {
            "name": "test",
            "engine": {"name": "vasp", "preset": preset},
            "calculations": [{"surface": {"phases": ["LiCl"], "planes": [[1, 0, 0]]}}],
        }
    )
    plan = plan_campaign(campaign).surfaces[0]
    (crystal,) = plan.relaxations.requests
    assert crystal.engine["variant"] == variant
    assert {slab.engine["variant"] for slab in plan.slabs} == {"slab"}
    methods = {make_engine(one.engine).method().digest for one in (crystal, *plan.slabs)}
    assert len(methods) == 1


def test_tasks() -> None:
    plan = plan_campaign(surfaces("Li_fcc", planes=[[1, 0, 0]], layers=[4], rattle=0)).surfaces[0]
    static, relaxed = (request.task for request in plan.slabs)
    assert isinstance(static, StaticTask)
    assert isinstance(relaxed, RelaxTask)
    assert (relaxed.relax_cell, relaxed.max_force, relaxed.rattle) == (False, 0.01, 0.0)
