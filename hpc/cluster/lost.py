"""Jobs whose process is gone: found, and given back to the queue, with the reason."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lianode.hpc.cluster.allocations import SILENT_S, AllocationState
from lianode.hpc.cluster.jobspec import SPEC_FIELD, JobSpec
from lianode.hpc.cluster.queue import UnknownQueueError, queue_jobs

if TYPE_CHECKING:
    from fireworks import LaunchPad

    from lianode.hpc.cluster.allocations import Allocation, Allocations
    from lianode.hpc.cluster.settings import Scheduler

MOST_STRIKES: Final = 5
"""Times that a job may end its own process before it is left as failed: something about it kills processes."""
MOST_LOST: Final = 25
"""The same whatever the reason was."""
UNSUBMITTED_S: Final = 120.0
"""Age after which an allocation without a number of the scheduler was never submitted, and a job that was taken but not
begun is nobody's."""
TRANSIENT: Final = re.compile(
    r"ServerGoneError|AutoReconnect|ServerSelectionTimeoutError|NetworkTimeout|NotPrimaryError"
)
"""Exceptions of a database that was away, as they stand at the end of a trace of a job that FireWorks gave up."""


@dataclass(frozen=True)
class GivenBack:
    """A job that was given back.

    Attributes
    ----------
    label
        For people.
    reason
        What became of its process.
    """

    label: str
    reason: str


def give_back(launchpad: LaunchPad, fw_id: int, reason: str = "", *, strike: bool = False) -> bool:
    """Put a job whose process is gone back into the queue; what it left on disk and in the store is used.

    Returns False when the job had in truth ended, or lost its process so often that it stays failed.

    Parameters
    ----------
    launchpad
        FireWorks' database.
    fw_id
        The job.
    reason
        What became of its process, for `lianode status`.
    strike
        Whether the job itself may have ended it; after `MOST_STRIKES` it stays failed.
    """
    firework = launchpad.fireworks.find_one({"fw_id": fw_id}, {"state": 1, "launches": 1, f"spec.{SPEC_FIELD}": 1})
    if firework is None or firework["state"] in {"COMPLETED", "READY", "WAITING", "ARCHIVED"}:
        return False
    launches = list(launchpad.launches.find({"launch_id": {"$in": firework["launches"]}}, {"launch_id": 1, "state": 1}))
    if any(launch["state"] == "COMPLETED" for launch in launches):
        launchpad._refresh_wf(fw_id)
        return False
    ours = firework["spec"][SPEC_FIELD]
    lost = [*ours.get("lost", []), reason or "its process ended without warning"]
    strikes = ours.get("strikes", 0) + strike
    update = {f"spec.{SPEC_FIELD}.lost": lost[-MOST_LOST:], f"spec.{SPEC_FIELD}.strikes": strikes}
    launchpad.fireworks.update_one({"fw_id": fw_id}, {"$set": update})
    if (strikes >= MOST_STRIKES or len(lost) >= MOST_LOST) and launches:
        launchpad.mark_fizzled(launches[-1]["launch_id"])
        return False
    launchpad.rerun_fw(fw_id, rerun_duplicates=False)
    return True


def sweep(launchpad: LaunchPad, allocations: Allocations, scheduler: Scheduler, here: str) -> list[GivenBack]:
    """Find allocations that have ended and jobs that lost their process, and give those back.

    A process that is alive after all does no harm: its lease keeps another one from its calculation, and a result is
    committed once.

    Parameters
    ----------
    launchpad, allocations
        Of the project.
    scheduler
        Which is asked.
    here
        Name of the folder in which `lianode launch` itself runs jobs; whoever calls this is the only one that does.
    """
    reasons = _end_dead_allocations(allocations, scheduler)
    fields = {"fw_id": 1, "state": 1, "launches": 1, "updated_on": 1, f"spec.{SPEC_FIELD}": 1}
    wanted = {"state": {"$in": ["RUNNING", "RESERVED"]}, f"spec.{SPEC_FIELD}": {"$exists": True}}
    begun = list(launchpad.fireworks.find(wanted, fields))
    places = _places(launchpad, begun)
    known = allocations.named(places.values())
    live = {name for name, allocation in known.items() if allocation.is_live}
    given = []
    for firework in begun:
        place = places.get(firework["fw_id"])
        if place is not None and place != here and (place in live or place not in known):
            continue  # its allocation looks after it; or it is somebody else's launcher's
        if place is None and (firework["state"] == "RUNNING" or _age_s(firework["updated_on"]) < UNSUBMITTED_S):
            continue  # a rocket takes it at this very moment
        allocation = known.get(place or "")
        reason = reasons.get(place or "") or (allocation.reason if allocation else "") or "its process is gone"
        if give_back(launchpad, firework["fw_id"], reason):
            given.append(GivenBack(JobSpec.model_validate(firework["spec"][SPEC_FIELD]).label, reason))
    return given + _given_up_by_mistake(launchpad)


def _end_dead_allocations(allocations: Allocations, scheduler: Scheduler) -> dict[str, str]:
    """Note which allocations have ended, and why others wait; return the reasons of the dead by name."""
    live = allocations.live()
    reasons = {}
    try:
        jobs = queue_jobs(scheduler, [one.queue_job for one in live if one.queue_job is not None])
    except UnknownQueueError:
        jobs = None
    for allocation in live:
        job = None if jobs is None else jobs.get(allocation.queue_job or "")
        reason = _why_dead(allocation, job)
        if reason:
            words = allocations.words_of(allocation) if allocation.began is None else ""
            allocations.end(allocation, f"{reason}: {words}" if words else reason)
            reasons[allocation.id] = reason
        elif job is not None and job.state == "pending" and job.reason != allocation.reason:
            allocations.note_reason(allocation, job.reason)
    return reasons


def _why_dead(allocation: Allocation, job: Any) -> str:
    """Return why an allocation is over, or nothing where it is not."""
    if allocation.queue_job is None:
        return "it was never submitted" if allocation.silent_s() > UNSUBMITTED_S else ""
    if job is not None:
        return str(job.reason) if job.state == "ended" else ""
    if allocation.state is AllocationState.RUNNING and allocation.silent_s() > SILENT_S:
        return f"no sign of life for {SILENT_S:.0f} s"
    return ""


def _age_s(moment: dt.datetime | str) -> float:
    """Return the seconds since a time as FireWorks writes it: a date, or text; in UTC, with or without saying so."""
    found = dt.datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return (dt.datetime.now(dt.UTC) - found.replace(tzinfo=found.tzinfo or dt.UTC)).total_seconds()


def _places(launchpad: LaunchPad, fireworks: list[dict[str, Any]]) -> dict[int, str]:
    """Return the name of the folder in which each job was begun; the path to it differs where links are followed."""
    last = {one["fw_id"]: one["launches"][-1] for one in fireworks if one["launches"]}
    launches = launchpad.launches.find({"launch_id": {"$in": list(last.values())}}, {"launch_id": 1, "launch_dir": 1})
    names = {launch["launch_id"]: Path(launch["launch_dir"]).name for launch in launches}
    return {fw_id: names[launch_id] for fw_id, launch_id in last.items() if launch_id in names}


def _given_up_by_mistake(launchpad: LaunchPad) -> list[GivenBack]:
    """Give back jobs that FireWorks counts as failed only because the database was away."""
    wanted = {"state": "FIZZLED", f"spec.{SPEC_FIELD}": {"$exists": True}}
    given = []
    for firework in launchpad.fireworks.find(wanted, {"fw_id": 1, "launches": 1, f"spec.{SPEC_FIELD}": 1}):
        if len(firework["spec"][SPEC_FIELD].get("lost", [])) >= MOST_LOST:
            continue
        trace = last_trace(launchpad, firework["launches"])
        if trace and TRANSIENT.search(trace.strip().splitlines()[-1]):
            reason = "the database was away"
            if give_back(launchpad, firework["fw_id"], reason):
                given.append(GivenBack(firework["spec"][SPEC_FIELD]["label"], reason))
    return given


def last_trace(launchpad: LaunchPad, launch_ids: list[int]) -> str:
    """Return the trace that the last launch of a job left, or nothing."""
    if not launch_ids:
        return ""
    launch = launchpad.launches.find_one({"launch_id": launch_ids[-1]}, {"action.stored_data._exception": 1}) or {}
    stored = (launch.get("action") or {}).get("stored_data") or {}
    return str((stored.get("_exception") or {}).get("_stacktrace") or "")
