"""Which waiting jobs share an allocation, and what it asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lianode.hpc.cluster.jobspec import JobSpec
    from lianode.hpc.cluster.settings import ClusterSettings, Partition

START_S: Final = 300.0
"""Part of an allocation that passes before the first job runs: modules, imports, a slow file system."""
MARGIN: Final = 1.5
"""Time asked for over the time a pack is expected to take; what is cut is continued."""


@dataclass(frozen=True)
class Waiting:
    """A job that may begin.

    Attributes
    ----------
    fw_id
        FireWorks' number of it.
    spec
        What the queue has to know.
    """

    fw_id: int
    spec: JobSpec


@dataclass(frozen=True)
class Pack:
    """Jobs for one allocation.

    Attributes
    ----------
    partition
        Where it runs.
    program, rehearsal
        Program or potential, and whether its stand-in runs; the same for all of them.
    nodes, tasks
        Nodes, and ranks over all of them.
    walltime_s
        Time it asks for, s.
    jobs
        Longest first.
    """

    partition: str
    program: str
    rehearsal: bool
    nodes: int
    tasks: int
    walltime_s: int
    jobs: tuple[Waiting, ...]


def pack(waiting: Sequence[Waiting], cluster: ClusterSettings) -> list[Pack]:
    """Return allocations for the jobs that wait.

    A job that fills a node, or is expected to take half of the target time, gets an allocation of its own. Shorter ones
    of one program share a node: as many as keep it busy for about the target time, side by side.

    Parameters
    ----------
    waiting
        Jobs with resources.
    cluster
        Partitions and target time.
    """
    groups: dict[tuple[str, str, bool], list[Waiting]] = {}
    for job in (placed(job, cluster) for job in waiting):
        groups.setdefault((job.spec.resources.partition, job.spec.program, job.spec.rehearsal), []).append(job)
    packs = []
    for (name, program, rehearsal), jobs in groups.items():
        partition = cluster.partition(name)
        kind = (partition, program, rehearsal)
        open_pack: list[Waiting] = []
        for job in sorted(jobs, key=_longest_first):
            if _stands_alone(job, partition, cluster):
                packs.append(_alone(job, *kind))
            elif open_pack and not _fits([*open_pack, job], partition, cluster):
                packs.append(_closed(open_pack, *kind))
                open_pack = [job]
            else:
                open_pack.append(job)
        if open_pack:
            packs.append(_closed(open_pack, *kind))
    return packs


def placed(job: Waiting, cluster: ClusterSettings) -> Waiting:
    """Return a job with resources that today's partitions have; those of the day it was submitted may be gone.

    Raises
    ------
    InputError
        When no partition takes its program.
    """
    asked = job.spec.resources
    names = {partition.name for partition in cluster.partitions}
    partition = (
        cluster.partition(asked.partition) if asked.partition in names else cluster.partition_for(job.spec.program)
    )
    nodes = min(partition.nodes, max(asked.nodes, -(-asked.tasks // partition.cores)))
    fitting = asked.model_copy(
        update={
            "partition": partition.name,
            "nodes": nodes,
            "tasks": min(asked.tasks, nodes * partition.cores),
            "walltime_s": min(asked.walltime_s, partition.walltime),
        }
    )
    return job if fitting == asked else Waiting(job.fw_id, job.spec.model_copy(update={"resources": fitting}))


def _longest_first(job: Waiting) -> tuple[float, int]:
    return (-_expected(job), job.fw_id)


def _expected(job: Waiting) -> float:
    return job.spec.resources.expected_s


def _tasks(job: Waiting) -> int:
    return job.spec.resources.tasks


def _stands_alone(job: Waiting, partition: Partition, cluster: ClusterSettings) -> bool:
    asked = job.spec.resources
    target = min(partition.walltime, cluster.target_hours * 3600.0)
    return asked.nodes > 1 or asked.tasks > partition.cores // 2 or asked.expected_s > target / 2


def _fits(jobs: Sequence[Waiting], partition: Partition, cluster: ClusterSettings) -> bool:
    """Whether these jobs keep one node busy for no longer than the target time."""
    target = min(partition.walltime / MARGIN - START_S, cluster.target_hours * 3600.0)
    return _span(jobs, partition.cores) <= target


def _span(jobs: Sequence[Waiting], tasks: int) -> float:
    """Return the time that jobs take side by side, s: at least the longest, at least all the work over all cores."""
    work = sum(_expected(job) * _tasks(job) for job in jobs)
    return max(*map(_expected, jobs), work / tasks)


def _alone(job: Waiting, partition: Partition, program: str, rehearsal: bool) -> Pack:
    asked = job.spec.resources
    walltime = min(partition.walltime, asked.walltime_s)
    return Pack(partition.name, program, rehearsal, asked.nodes, asked.tasks, walltime, (job,))


def _closed(jobs: Sequence[Waiting], partition: Partition, program: str, rehearsal: bool) -> Pack:
    tasks = max(*map(_tasks, jobs), min(partition.cores, sum(map(_tasks, jobs)))) if len(jobs) > 1 else _tasks(jobs[0])
    least = max(job.spec.resources.walltime_s for job in jobs)
    walltime = min(partition.walltime, max(least, int(START_S + MARGIN * _span(jobs, tasks))))
    return Pack(partition.name, program, rehearsal, 1, tasks, walltime, tuple(jobs))
