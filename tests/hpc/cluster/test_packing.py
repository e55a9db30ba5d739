"""Which jobs share an allocation: limits with known answers."""

from __future__ import annotations

import random

import pytest

from lianode.hpc.cluster.jobspec import JobResources, JobSpec
from lianode.hpc.cluster.packing import MARGIN, START_S, Waiting, pack
from lianode.hpc.cluster.settings import ClusterSettings, Partition

HOUR = 3600.0


def settings(**changes: object) -> ClusterSettings:
    partition = Partition.model_validate({"name": "main", "cores": 48, "nodes": 4, "walltime": "24:00:00"})
    return ClusterSettings.model_validate({"partitions": (partition,), "target_hours": 4.0} | changes)


def job(number: int, seconds: float, tasks: int = 1, nodes: int = 1, program: str = "vasp") -> Waiting:
    resources = JobResources(
        partition="main", nodes=nodes, tasks=tasks, walltime_s=max(900, int(2 * seconds)), expected_s=seconds
    )
    spec = JobSpec(campaign="c", kind="calculate", label=f"job {number}", program=program, resources=resources)
    return Waiting(number, spec)


def test_nothing() -> None:
    assert pack([], settings()) == []


def test_small_jobs_share_a_node() -> None:
    (one,) = pack([job(n, 600.0) for n in range(48)], settings())
    assert (one.nodes, one.tasks, len(one.jobs)) == (1, 48, 48)
    assert one.walltime_s == max(1200, int(START_S + MARGIN * 600.0))


def test_few_small_jobs_ask_for_no_more_than_they_use() -> None:
    (one,) = pack([job(n, 600.0, tasks=2) for n in range(3)], settings())
    assert one.tasks == 6


def test_a_job_that_is_long_or_fills_a_node_stands_alone() -> None:
    for alone in (job(0, 3 * HOUR), job(0, 60.0, tasks=48), job(0, 60.0, tasks=96, nodes=2)):
        packs = pack([alone, *(job(n, 60.0) for n in range(1, 4))], settings())
        assert [[one.fw_id for one in made.jobs] for made in packs if alone in made.jobs] == [[0]]
        assert len(packs) == 2


def test_programs_are_not_mixed() -> None:
    packs = pack([job(0, 60.0), job(1, 60.0, program="sevennet-0")], settings())
    assert sorted(made.program for made in packs) == ["sevennet-0", "vasp"]


def test_a_pack_keeps_its_node_busy_for_about_the_target_time() -> None:
    packs = pack([job(n, 1800.0) for n in range(1000)], settings())
    work = 1000 * 1800.0 / 48
    assert len(packs) == -(-work // (4 * HOUR))


@pytest.mark.parametrize("seed", range(5))
def test_every_job_is_in_one_pack_that_can_hold_it(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    jobs = [job(n, 10 ** chance.uniform(0, 5), tasks=chance.choice([1, 2, 8, 48, 192]), nodes=1) for n in range(200)]
    jobs = [
        one if one.spec.resources.tasks <= 48 else job(one.fw_id, one.spec.resources.expected_s, tasks=192, nodes=4)
        for one in jobs
    ]
    packs = pack(jobs, settings())
    assert sorted(one.fw_id for made in packs for one in made.jobs) == list(range(200))
    for made in packs:
        assert made.walltime_s <= 24 * HOUR
        assert all(one.spec.resources.tasks <= made.tasks for one in made.jobs)
        assert made.tasks <= made.nodes * 48
