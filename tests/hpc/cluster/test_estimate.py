"""Planned jobs: every calculation once, with what VASP would be given and what it would cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lianode.hpc.cluster.estimate import core_hours_left, planned_jobs, shared_differences, vasp_details
from lianode.hpc.cluster.settings import ClusterSettings
from lianode.hpc.settings import load_settings, write_default
from lianode.hpc.store import open_store
from lianode.structures import library
from lianode.workflows.calculation import Calculation, State, cell_fields
from lianode.workflows.campaign.file import load_campaign
from lianode.workflows.engines.registry import make_engine
from lianode.workflows.plan import expected_seconds, measured_speed, plan_campaign

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lianode.hpc.store import ResultsStore
    from lianode.workflows.plan import CampaignPlan

CLUSTER = ClusterSettings.model_validate({"partitions": [{"name": "p", "cores": 48, "walltime": "24:00:00"}]})
CAMPAIGN = """\
name: two
engine: {name: vasp, preset: alloy, encut: 600, dispersion: d3-bj}
calculations:
  - hull: {system: Li-In, phases: [Li_bcc, In, LiIn]}
  - hull: {system: Li-Sn, phases: [Li_bcc, Sn_beta, Li5Sn2]}
"""


def plan_of(folder: Path, text: str = CAMPAIGN) -> CampaignPlan:
    file = folder / "two.yaml"
    file.write_text(text)
    return plan_campaign(load_campaign(file))


@pytest.fixture
def results(tmp_path: Path) -> Iterator[ResultsStore]:
    opened = open_store(load_settings(write_default(tmp_path)))
    yield opened
    opened.close()


def calculation(
    phase: str, engine: str | dict[str, object], evaluations: int, seconds: float, cores: int = 1
) -> Calculation:
    made = make_engine(engine)
    cell = library.phase(phase).primitive()
    return Calculation(
        key=f"{phase}-{evaluations}-{cores}",
        state=State.CONVERGED,
        engine=made.name,
        settings=made.settings,
        task={"kind": "relax"},
        method=made.method(),
        structure=cell.as_dict(),
        evaluations=evaluations,
        evaluation_time_s=seconds,
        cores=cores,
        **cell_fields(cell),
    )


def test_a_shared_reference_is_one_job(tmp_path: Path, results: ResultsStore) -> None:
    plan = plan_of(tmp_path)
    jobs = planned_jobs(plan, results, CLUSTER)
    assert [job.phase.name for job in jobs].count("Li_bcc") == 1
    assert len(jobs) == len(plan.requests) == 5
    assert all(job.state == "new" and not job.settled for job in jobs)
    assert core_hours_left(jobs) == pytest.approx(sum(job.resources.core_hours for job in jobs if job.resources))


def test_what_is_settled_costs_nothing(tmp_path: Path, results: ResultsStore) -> None:
    plan = plan_of(tmp_path)
    before = planned_jobs(plan, results, CLUSTER)
    key = before[0].request.key
    results.commit(calculation("Li_bcc", before[0].request.engine, 1, 0.0).model_copy(update={"key": key}))
    after = planned_jobs(plan, results, CLUSTER)
    assert after[0].settled
    assert core_hours_left(after) == pytest.approx(core_hours_left(before) - before[0].core_hours)


def test_without_a_cluster_the_time_on_one_core_is_known(tmp_path: Path, results: ResultsStore) -> None:
    for job in planned_jobs(plan_of(tmp_path), results, None):
        assert job.resources is None
        assert job.core_hours == pytest.approx(job.expected_s / 3600) == expected_seconds(job.request) / 3600


def test_vasp_details_need_no_potcar(tmp_path: Path, results: ResultsStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIANODE_POTCAR_FOLDER", raising=False)
    jobs = planned_jobs(plan_of(tmp_path), results, CLUSTER)
    details = {job.phase.name: found for job in jobs if (found := vasp_details(job.request))}
    assert details["LiIn"].potcar_symbols == ("Li_sv", "In_d")
    assert details["LiIn"].k_mesh == (11, 11, 11)
    assert details["LiIn"].incar_differences == {"ENCUT": 600.0, "IVDW": 12}
    assert shared_differences(list(details.values())) == {"ENCUT": 600.0, "IVDW": 12}
    assert shared_differences([]) == {}


def test_potentials_have_no_vasp_details(tmp_path: Path, results: ResultsStore) -> None:
    plan = plan_of(tmp_path, CAMPAIGN.replace("{name: vasp, preset: alloy, encut: 600, dispersion: d3-bj}", "morse"))
    assert [vasp_details(job.request) for job in planned_jobs(plan, results, CLUSTER)] == [None] * 5


def test_speed_is_measured_in_core_seconds_and_for_each_engine() -> None:
    usual = make_engine("morse").seconds_per_evaluation(4)
    slow = [calculation("LiIn", "morse", 10, 30 * usual), calculation("LiIn", "morse", 20, 15 * usual, cores=4)]
    fast = [calculation("LiIn", {"name": "vasp", "rehearsal": True}, 10, 1e-3)]
    speed = measured_speed([*slow, *fast])
    assert speed.of({"name": "morse"}) == pytest.approx(3.0)  # both are three times the estimate
    assert speed.of({"name": "vasp", "rehearsal": True}) < 1e-3
    assert speed.of({"name": "vasp"}) == 1.0  # a rehearsal says nothing about VASP
    assert measured_speed([]).of({"name": "morse"}) == 1.0


def test_vasp_is_measured_against_the_estimate_for_its_own_crystal() -> None:
    """Times of a relaxation of Li13In3 and a static of LiIn, both twice the estimate, give two."""
    from lianode.workflows.engines.vasp.cost import workload
    from lianode.workflows.engines.vasp.settings import resolve
    from lianode.workflows.task import RelaxTask

    timed = []
    for phase in ("Li13In3", "LiIn"):
        work = workload(resolve({}), RelaxTask(), library.phase(phase).primitive())
        timed.append(calculation(phase, "vasp", work.steps, 2 * work.core_seconds / 16, cores=16))
    for done in timed:
        assert measured_speed([done]).of({"name": "vasp"}) == pytest.approx(2.0, rel=1e-6)
