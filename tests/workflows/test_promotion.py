"""Relaxations that begin where another engine ended, with two depths of the test potential as the two engines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lianode.analysis.checks import failed
from lianode.hpc.local.campaign import run_campaign
from lianode.structures.errors import InputError
from lianode.workflows.calculate import obtain
from lianode.workflows.calculation import State
from lianode.workflows.campaign.campaign import campaign_digest
from lianode.workflows.engines.morse import MorseCalculator
from lianode.workflows.engines.vasp.engine import VaspEngine
from lianode.workflows.plan import campaign_flow, plan_campaign
from lianode.workflows.session import Session, session

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lianode.hpc.local.campaign import CampaignRun
    from lianode.hpc.store import ResultsStore
    from lianode.workflows.calculation import Calculation
    from lianode.workflows.campaign.campaign import Campaign

    MakeCampaign = Callable[..., Campaign]

pytestmark = pytest.mark.filterwarnings("ignore:Some jobs are not connected", "ignore:cd is deprecated")

DEEP = {"name": "morse", "well_depth": 0.3}
START = {"start_from": {"engine": DEEP}}
PHASES = {"phases": ["Li", "In", "Li3In2"]}


def _run(campaign: Campaign, results: ResultsStore, project: Path, **options: Any) -> CampaignRun:
    return run_campaign(plan_campaign(campaign, **options), results, project, workers=2)


def _found(run: CampaignRun, engine: str, label: str) -> Calculation:
    (found,) = [c for c in run.calculations.values() if (c.engine, c.label) == (engine, label)]
    return found


def test_the_other_engine_comes_first_and_its_structure_is_the_start(
    results: ResultsStore, project: Path, make_campaign: MakeCampaign
) -> None:
    """All energies of the two are proportional, so that the minimum of one is the minimum of the other."""
    run = _run(make_campaign({**PHASES, **START}), results, project)
    assert run.complete
    parent, promoted = _found(run, "morse-0.3", "Li3In2"), _found(run, "morse", "Li3In2")
    assert promoted.started_from == parent.key
    assert parent.started_from is None
    assert promoted.energy == pytest.approx((parent.energy or 0) * 0.25 / 0.3, abs=1e-4)
    assert promoted.settings["well_depth"] == 0.25
    (check,) = [check for check in promoted.checks if check.name == "start_accepted"]
    assert check.passed
    assert check.message.startswith("begun from the structure relaxed with morse-0.3")
    direct = _run(make_campaign({**PHASES}, name="direct"), results, project)
    usual = _found(direct, "morse", "Li3In2")
    assert promoted.energy == pytest.approx(usual.energy, abs=1e-4)
    assert promoted.evaluations < usual.evaluations
    assert promoted.key != usual.key


def test_a_start_that_became_another_crystal_is_not_used(
    results: ResultsStore, project: Path, make_campaign: MakeCampaign
) -> None:
    """The potential relaxes tetragonal In to fcc, as SevenNet-0 does."""
    run = _run(make_campaign({**PHASES, **START}), results, project)
    parent, promoted = _found(run, "morse-0.3", "In_bct"), _found(run, "morse", "In_bct")
    assert "space_group_kept" in {check.name for check in failed(parent.checks)}
    assert promoted.started_from is None
    assert promoted.space_group_before == 139
    check = promoted.checks[0]
    assert (check.name, check.passed) == ("start_accepted", True)
    assert "not from that of morse-0.3" in check.message
    assert "space group 139 before and 225 after" in check.message


def test_the_start_is_the_same_calculation_as_if_asked_for(
    results: ResultsStore, project: Path, make_campaign: MakeCampaign
) -> None:
    direct = _run(make_campaign({**PHASES}, engine=DEEP, name="direct"), results, project)
    campaign = make_campaign({**PHASES, **START})
    plan = plan_campaign(campaign)
    assert set(direct.calculations) == {start.key for start in plan.hulls[0].starts}
    before = {key: found.started for key, found in direct.calculations.items()}
    run = _run(campaign, results, project)
    assert set(before) <= run.reused
    again = _run(campaign, results, project)
    assert again.reused == set(plan.requests)
    assert {key: again.calculations[key].revision for key in before} == dict.fromkeys(before, 1)


def test_keys_are_known_before_anything_runs(make_campaign: MakeCampaign) -> None:
    (usual,), (promoted,) = (plan_campaign(make_campaign({**PHASES, **more})).hulls for more in ({}, START))
    for request, start, bare in zip(promoted.requests, promoted.starts, usual.requests, strict=True):
        assert request.source.parents == (start.key,)
        assert request.source.recipe == "promoted"
        assert request.key not in {start.key, bare.key}
    assert [slot.key for slot in promoted.spec.phases] == [request.key for request in promoted.requests]


def test_jobs_follow_the_jobs_they_begin_from(make_campaign: MakeCampaign) -> None:
    plan = plan_campaign(make_campaign({**PHASES, **START}))
    jobs = {
        job.function_args[0]["key"]: job for job, _ in campaign_flow(plan).iterflow() if job.name != plan.hulls[0].title
    }
    for request in plan.hulls[0].requests:
        (parent,) = request.source.parents
        assert jobs[request.key].input_uuids == (jobs[parent].uuid,)
        assert not jobs[parent].input_uuids


def test_the_whole_campaign_or_an_entry(make_campaign: MakeCampaign) -> None:
    other = {"name": "morse", "well_depth": 0.4}
    campaign = make_campaign(PHASES, {**PHASES, "start_from": {"engine": other}, "max_steps": 9}, **START)
    first, second = plan_campaign(campaign).hulls
    assert {start.engine["well_depth"] for start in first.starts} == {0.3}
    assert {start.engine["well_depth"] for start in second.starts} == {0.4}
    whole, inside = make_campaign(PHASES, **START), make_campaign({**PHASES, **START})
    assert campaign_digest(whole) == campaign_digest(inside) != campaign_digest(make_campaign(PHASES))


def test_an_engine_does_not_start_from_itself(make_campaign: MakeCampaign) -> None:
    campaign = make_campaign(PHASES, engines=["morse", DEEP], **START)
    promoted, itself = plan_campaign(campaign).hulls
    assert not itself.starts
    assert [start.key for start in promoted.starts] == [request.key for request in itself.requests]


def test_a_start_that_failed_is_said_and_nothing_begins_from_scratch(
    results: ResultsStore, make_campaign: MakeCampaign, monkeypatch: pytest.MonkeyPatch, evaluations: list[int]
) -> None:
    plan = plan_campaign(make_campaign({**PHASES, **START}))
    start, promoted = (requests[-1] for requests in (plan.hulls[0].starts, plan.hulls[0].requests))
    with monkeypatch.context() as patched:
        patched.setattr(MorseCalculator, "calculate", lambda *_, **__: 1 / 0)
        obtain(start, results)
    blocked = obtain(promoted, results)
    assert (blocked.state, blocked.energy) == (State.FAILED, None)
    assert blocked.reason == (
        "the relaxation with morse-0.3 it starts from failed: ZeroDivisionError: division by zero"
    )
    assert not evaluations
    retried = [request.model_copy(update={"retry_failed": True}) for request in (start, promoted)]
    assert [obtain(request, results).state for request in retried] == [State.CONVERGED] * 2


def test_a_start_that_is_not_done_is_waited_for(results: ResultsStore, make_campaign: MakeCampaign) -> None:
    plan = plan_campaign(make_campaign({**PHASES, **START}))
    start, promoted = (requests[-1] for requests in (plan.hulls[0].starts, plan.hulls[0].requests))
    blocked = obtain(promoted, results)
    assert (blocked.state, blocked.reason) == (
        State.UNCONVERGED,
        "the relaxation it starts from has not been done",
    )
    with session(Session(stop=lambda: True)):
        obtain(start, results)
    assert "is interrupted: stopped" in (obtain(promoted, results).reason or "")
    obtain(start, results)
    assert obtain(promoted, results).state is State.CONVERGED


def test_a_promoted_relaxation_that_is_stopped_goes_on(results: ResultsStore, make_campaign: MakeCampaign) -> None:
    plan = plan_campaign(make_campaign({**PHASES, **START}))
    start, promoted = (requests[-1] for requests in (plan.hulls[0].starts, plan.hulls[0].requests))
    obtain(start, results)
    with session(Session(stop=lambda: True, checkpoint_interval_s=0.0)):
        half = obtain(promoted, results)
    assert (half.state, half.started_from) == (State.INTERRUPTED, start.key)
    whole = obtain(promoted, results)
    assert (whole.state, whole.started_from) == (State.CONVERGED, start.key)


class TestRattle:
    """The relaxation after a rattle, which doubles the cost."""

    def test_it_is_left_out_where_it_costs_core_hours(self, make_campaign: MakeCampaign) -> None:
        assert VaspEngine.costly
        rattles = {}
        for engine in ("morse", "vasp"):
            (hull,) = plan_campaign(make_campaign(PHASES, engine=engine)).hulls
            rattles[engine] = {request.task.rattle for request in hull.requests}
        assert rattles == {"morse": {0.02}, "vasp": {0.0}}

    def test_it_is_a_key_of_the_entry_and_decides_the_result(self, make_campaign: MakeCampaign) -> None:
        hulls = [
            plan_campaign(make_campaign({**PHASES, **more}, engine="vasp")).hulls[0]
            for more in ({}, {"rattle": "0.02 Å"}, {"rattle": 0})
        ]
        keys = [tuple(request.key for request in hull.requests) for hull in hulls]
        assert keys[0] == keys[2] != keys[1]
        with pytest.raises((InputError, ValueError), match="rattle"):
            make_campaign({**PHASES, "rattle": -1})

    def test_the_start_has_the_rattle_of_its_own_engine(self, make_campaign: MakeCampaign) -> None:
        (hull,) = plan_campaign(make_campaign({**PHASES, **START}, engine="vasp")).hulls
        assert {request.task.rattle for request in hull.requests} == {0.0}
        assert {start.task.rattle for start in hull.starts} == {0.02}

    def test_a_hull_says_that_the_check_was_not_made(
        self, results: ResultsStore, project: Path, make_campaign: MakeCampaign
    ) -> None:
        run = _run(make_campaign({**PHASES, "rattle": 0}), results, project)
        (hull,) = [document for document in run.documents if document["property"] == "hull"]
        unmade = {check["subject"] for check in hull["checks"] if check["passed"] is None}
        assert unmade == {"Li_bcc", "In_bct", "Li3In2"}
        assert not {row["name"]: row["flagged"] for row in hull["phases"]}["Li3In2"]
