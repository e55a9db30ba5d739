"""Run jobs again that did not end well, with other resources where those were the reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lianode.hpc.cluster.jobspec import SPEC_FIELD
from lianode.hpc.cluster.status import WRONG
from lianode.structures.errors import InputError
from lianode.workflows.engines.vasp.commands import WAY_TAGS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fireworks import LaunchPad

    from lianode.hpc.cluster.settings import ClusterSettings
    from lianode.hpc.cluster.status import JobStatus


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What is different in the next run; nothing here changes a result, only whether it is reached.

    Attributes
    ----------
    partition, nodes, tasks, walltime_s
        Resources; None leaves them.
    max_steps
        Steps after which a relaxation gives up.
    incar
        INCAR tags of the way to the result, such as ``{"ALGO": "All"}``.
    """

    partition: str | None = None
    nodes: int | None = None
    tasks: int | None = None
    walltime_s: int | None = None
    max_steps: int | None = None
    incar: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        unknown = sorted(set(self.incar) - WAY_TAGS)
        if unknown:
            raise InputError(
                f"{', '.join(unknown)} would change the result, which is then another calculation: change the "
                f"campaign file and submit it; retry takes {', '.join(sorted(WAY_TAGS))}",
                "--incar",
            )


def retry(
    launchpad: LaunchPad, cluster: ClusterSettings, jobs: Iterable[JobStatus], changes: Changes
) -> list[JobStatus]:
    """Put the jobs that did not end well back into the queue, and what depends on them after them.

    They go on from what they have: checkpoints, attempts, finished parts.

    Parameters
    ----------
    launchpad
        Of the project.
    cluster
        Of its settings.
    jobs
        Candidates; those that are well are left alone.
    changes
        What is different.

    Returns
    -------
    list of JobStatus
        Those that were put back.

    Raises
    ------
    InputError
        For resources that no partition has; nothing has been put back.
    """
    chosen = [job for job in jobs if job.state in WRONG]
    fields = {"fw_id": 1, "state": 1, f"spec.{SPEC_FIELD}": 1, "spec._tasks": 1}
    numbers = {job.fw_id: job for job in chosen} | {fw_id: job for job in chosen for fw_id in _same(launchpad, job)}
    found = list(launchpad.fireworks.find({"fw_id": {"$in": list(numbers)}}, fields))
    updates = {one["fw_id"]: _update(one, cluster, changes) for one in found}
    put_back = set()
    for one in found:
        fw_id = one["fw_id"]
        launchpad.fireworks.update_one({"fw_id": fw_id}, {"$set": updates[fw_id]})
        if one["state"] == "DEFUSED":
            launchpad.reignite_fw(fw_id)
        elif one["state"] == "PAUSED":
            launchpad.resume_fw(fw_id)
        elif one["state"] in {"COMPLETED", "FIZZLED"}:
            launchpad.rerun_fw(fw_id, rerun_duplicates=False)
        else:
            continue
        put_back.add(numbers[fw_id].fw_id)
    return [job for job in chosen if job.fw_id in put_back]


def _same(launchpad: LaunchPad, job: JobStatus) -> list[int]:
    """Return the jobs of other workflows that wanted the same calculation, so that what depends on them runs too.

    Of a calculation that was continued, the last job of each chain.
    """
    if job.key is None:
        return []
    wanted = {f"spec.{SPEC_FIELD}.key": job.key, "state": {"$in": ["COMPLETED", "FIZZLED"]}}
    last: dict[str, int] = {}
    for one in launchpad.fireworks.find(wanted, {"fw_id": 1, "spec._tasks.job.uuid": 1}).sort("fw_id", 1):
        last[one["spec"]["_tasks"][0]["job"]["uuid"]] = one["fw_id"]
    return list(last.values())


def _update(firework: dict[str, Any], cluster: ClusterSettings, changes: Changes) -> dict[str, Any]:
    """Return the fields of a Firework that change."""
    ours = firework["spec"][SPEC_FIELD]
    asked = dict(ours["resources"])
    given = {name: getattr(changes, name) for name in ("partition", "nodes", "tasks", "walltime_s")}
    asked |= {name: value for name, value in given.items() if value is not None}
    if changes.tasks is not None:
        asked["k_groups"] = asked["image_groups"] = 1  # both were chosen for the old number of ranks
    partition = cluster.partition(asked["partition"])
    if asked["nodes"] > partition.nodes or asked["tasks"] > asked["nodes"] * partition.cores:
        raise InputError(
            f"{asked['tasks']} tasks on {asked['nodes']} nodes do not fit partition {partition.name}, which has "
            f"{partition.cores} cores a node and takes {partition.nodes} nodes at most",
            ours["label"],
        )
    if asked["walltime_s"] > partition.walltime:
        raise InputError(
            f"partition {partition.name} takes {partition.walltime / 3600:g} h at most; what takes longer is continued",
            ours["label"],
        )
    new = {
        "resources": asked,
        "retry_failed": True,
        "lost": [],
        "strikes": 0,
        "tags": ours.get("tags", {}) | changes.incar,
    }
    # FireWorks reads the first place, and jobflow hands on the second to the job that continues this one
    places = (f"spec.{SPEC_FIELD}", f"spec._tasks.0.job.config.manager_config.{SPEC_FIELD}")
    update: dict[str, Any] = {f"{place}.{name}": value for place in places for name, value in new.items()}
    job = firework["spec"]["_tasks"][0]["job"]
    wanted = "spec._tasks.0.job.function_args.0"
    if ours["kind"] in {"calculate", "free_energy"}:
        update[f"{wanted}.retry_failed"] = True
    if ours["kind"] == "calculate" and changes.max_steps is not None and "max_steps" in job["function_args"][0]["task"]:
        update[f"{wanted}.task.max_steps"] = changes.max_steps
    if ours["kind"] == "calculate" and len(job["function_args"]) > 1:
        update["spec._tasks.0.job.function_args.1"] = 0  # runs without a step count from here
    return update
