"""Stop a campaign: nothing of it begins any more, and what runs only for it is ended."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lianode.hpc.cluster.jobspec import SPEC_FIELD
from lianode.hpc.cluster.submit import UNFINISHED

if TYPE_CHECKING:
    from fireworks import LaunchPad

    from lianode.hpc.cluster.allocations import Allocations
    from lianode.hpc.cluster.settings import Scheduler

COMMANDS: Final[dict[Scheduler, str]] = {
    "slurm": "scancel",
    "pbs": "qdel",
    "sge": "qdel",
    "cobalt": "qdel",
    "lsf": "bkill",
    "loadleveler": "llcancel",
    "moab": "canceljob",
}


@dataclass(frozen=True)
class Cancelled:
    """What was stopped.

    Attributes
    ----------
    workflows
        Workflows that were stopped.
    queue_jobs
        Jobs of the scheduler that were ended.
    shared
        Jobs of the scheduler that go on, because they have work of other campaigns too.
    """

    workflows: int
    queue_jobs: tuple[str, ...]
    shared: tuple[str, ...]


def cancel(launchpad: LaunchPad, allocations: Allocations, scheduler: Scheduler, campaign: str) -> Cancelled:
    """Stop the workflows of a campaign that have not ended; submitting it again begins new ones.

    Running calculations save what they have: the scheduler's command tells them first.

    Parameters
    ----------
    launchpad, allocations
        Of the project.
    scheduler
        Whose jobs are ended.
    campaign
        Its name.
    """
    asked = {f"metadata.{SPEC_FIELD}.campaign": campaign, "state": {"$in": [*UNFINISHED, "FIZZLED"]}}
    workflows = list(launchpad.workflows.find(asked, {"nodes": 1}))
    mine = {fw_id for one in workflows for fw_id in one["nodes"]}
    unfinished = {"fw_id": {"$in": sorted(mine)}, "state": {"$in": list(UNFINISHED)}}
    stopping = set(launchpad.get_fw_ids(unfinished))
    ended, shared = [], []
    for allocation in allocations.live():
        wanted = set(allocation.fw_ids) & set(
            launchpad.get_fw_ids({"fw_id": {"$in": allocation.fw_ids}, "state": {"$in": list(UNFINISHED)}})
        )
        if not wanted & stopping or allocation.queue_job is None:
            continue
        if wanted <= stopping:
            _end(scheduler, allocation.queue_job)
            ended.append(allocation.queue_job)
        else:
            shared.append(allocation.queue_job)
    count = 0
    for one in workflows:
        if stopping & set(one["nodes"]):
            launchpad.defuse_wf(one["nodes"][0])
            count += 1
    return Cancelled(count, tuple(ended), tuple(shared))


def _end(scheduler: Scheduler, queue_job: str) -> None:
    subprocess.run([COMMANDS[scheduler], queue_job], capture_output=True, timeout=60, check=False)  # noqa: S603
