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
    fields = {"fw_id": 1, f"spec.{SPEC_FIELD}": 1, "spec._tasks": 1}
    numbers = [job.fw_id for job in chosen]
    found = {one["fw_id"]: one for one in launchpad.fireworks.find({"fw_id": {"$in": numbers}}, fields)}
    updates = {job.fw_id: _update(found[job.fw_id], cluster, changes) for job in chosen}
    for fw_id, update in updates.items():
        launchpad.fireworks.update_one({"fw_id": fw_id}, {"$set": update})
        launchpad.rerun_fw(fw_id, rerun_duplicates=False)
    return chosen


def _update(firework: dict[str, Any], cluster: ClusterSettings, changes: Changes) -> dict[str, Any]:
    """Return the fields of a Firework that change."""
    ours = firework["spec"][SPEC_FIELD]
    asked = dict(ours["resources"])
    given = {name: getattr(changes, name) for name in ("partition", "nodes", "tasks", "walltime_s")}
    asked |= {name: value for name, value in given.items() if value is not None}
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
    update: dict[str, Any] = {
        f"spec.{SPEC_FIELD}.resources": asked,
        f"spec.{SPEC_FIELD}.retry_failed": True,
        f"spec.{SPEC_FIELD}.lost": [],
        f"spec.{SPEC_FIELD}.tags": ours.get("tags", {}) | changes.incar,
    }
    job = firework["spec"]["_tasks"][0]["job"]
    wanted = "spec._tasks.0.job.function_args.0"
    if ours["kind"] in {"calculate", "free_energy"}:
        update[f"{wanted}.retry_failed"] = True
    if ours["kind"] == "calculate" and changes.max_steps is not None and "max_steps" in job["function_args"][0]["task"]:
        update[f"{wanted}.task.max_steps"] = changes.max_steps
    if ours["kind"] == "calculate" and len(job["function_args"]) > 1:
        update["spec._tasks.0.job.function_args.1"] = 0  # runs without a step count from here
    return update
