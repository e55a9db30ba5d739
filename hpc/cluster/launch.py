"""Keep the queue of the scheduler fed from FireWorks' database."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from lianode.hpc.cluster.allocations import MOST_STILLBORN, Allocations, AllocationState
from lianode.hpc.cluster.guard import BusyError, only_one
from lianode.hpc.cluster.here import run_here
from lianode.hpc.cluster.lost import sweep
from lianode.hpc.cluster.packing import pack
from lianode.hpc.cluster.ready import ready_jobs
from lianode.hpc.cluster.script import QueueRefusedError, submit_allocation

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from pathlib import Path

    from fireworks import LaunchPad

    from lianode.hpc.cluster.allocations import Allocation
    from lianode.hpc.cluster.lost import GivenBack
    from lianode.hpc.cluster.packing import Pack
    from lianode.hpc.cluster.settings import ClusterSettings
    from lianode.hpc.store import ResultsStore

HERE: Final = "here"
"""Folder in which quick jobs are run by this process."""


@dataclass
class Pass:
    """What one pass did.

    Attributes
    ----------
    given_back
        Jobs that had lost their process.
    here
        Labels of the quick jobs that were run by this process.
    submitted
        Allocations that were asked for.
    refused
        What did not work, one sentence each: the scheduler's words where it did not take an allocation, ...
    waiting
        Jobs that may begin and found no room in the queue.
    queued, running
        Allocations in the queue and running, after the pass.
    left
        Jobs of FireWorks that have not ended.
    """

    given_back: list[GivenBack] = field(default_factory=list)
    here: list[str] = field(default_factory=list)
    submitted: list[Allocation] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    waiting: int = 0
    queued: int = 0
    running: int = 0
    left: int = 0


def feed(results: ResultsStore, launchpad: LaunchPad, cluster: ClusterSettings, project: Path) -> Pass:
    """Do one pass: find lost jobs, run the quick ones, ask for allocations for the rest.

    Parameters
    ----------
    results, launchpad
        Of the project.
    cluster
        Of its settings.
    project
        Path of ``lianode.toml``.

    Raises
    ------
    InputError
        When another process does this at the moment.
    """
    done = Pass()
    allocations = Allocations(results)
    here = allocations.folder / HERE
    here.mkdir(parents=True, exist_ok=True)
    with only_one(results, "launch"):
        done.given_back = sweep(launchpad, allocations, cluster.scheduler, HERE)
        live = allocations.live()
        taken = {fw_id for one in live for fw_id in one.fw_ids}
        ready = ready_jobs(launchpad, results, taken, here=cluster.analyse_here)
        while ready.quick and cluster.analyse_here:  # deriving a hull may make a comparison ready
            ended = run_here(ready.quick, project, here)
            done.here += ended
            if not ended:
                done.refused.append(f"quick jobs cannot run here; see {here / 'worker-1.log'}")
                break
            ready = ready_jobs(launchpad, results, taken, here=True)
        waiting = ready.waiting if cluster.analyse_here else [*ready.quick, *ready.waiting]
        room = max(0, cluster.max_queued - len(live))
        done.submitted, refused = _ask_for(pack(waiting, cluster), room, allocations, cluster, project)
        done.refused += refused
        submitted = sum(len(one.fw_ids) for one in done.submitted)
        done.waiting = len(waiting) + ready.held - submitted
    after = allocations.live()
    done.queued = sum(one.state is AllocationState.QUEUED for one in after)
    done.running = sum(one.state is AllocationState.RUNNING for one in after)
    done.left = jobs_left(launchpad)
    return done


def _ask_for(
    packs: list[Pack], room: int, allocations: Allocations, cluster: ClusterSettings, project: Path
) -> tuple[list[Allocation], list[str]]:
    """Ask for allocations while there is room; a partition that does not take one gets no more in this pass."""
    closed = {
        name: f"partition {name}: the last {MOST_STILLBORN} allocations ended before they began ({last.reason}); mend "
        f"that, and try again with lianode launch --anyway (see {last.folder})"
        for name, last in allocations.stillborn().items()
    }
    submitted: list[Allocation] = []
    refused = []
    for wanted in packs:
        if wanted.partition in closed:
            refused.append(closed[wanted.partition])
            continue
        if len(submitted) >= room:
            break
        allocation = allocations.new(wanted)
        try:
            number = submit_allocation(allocation, cluster, project)
        except QueueRefusedError as error:
            allocations.forget(allocation)
            closed[wanted.partition] = str(error)
            refused.append(str(error))
            continue
        # the job may have begun already, and keeps its own record from then on
        allocations.note_queue_job(allocation, number)
        submitted.append(allocation)
    return submitted, list(dict.fromkeys(refused))


def jobs_left(launchpad: LaunchPad) -> int:
    """Return the number of this project's jobs that can still run.

    Jobs that only wait for others which were paused or stopped by hand are not counted: nothing brings them on.
    """
    from lianode.hpc.cluster.jobspec import SPEC_FIELD

    ours = {f"spec.{SPEC_FIELD}": {"$exists": True}}
    moving: int = launchpad.fireworks.count_documents({"state": {"$in": ["READY", "RESERVED", "RUNNING"]}} | ours)
    waiting: int = launchpad.fireworks.count_documents({"state": "WAITING"} | ours)
    return moving + waiting if moving else 0


def keep_feeding(
    results: ResultsStore,
    launchpad: LaunchPad,
    cluster: ClusterSettings,
    project: Path,
    *,
    interval_s: float,
    stop: threading.Event,
    until_done: bool,
    tell: Callable[[Pass], None],
) -> None:
    """Do passes until ``stop`` is set, or nothing is left to do.

    Parameters
    ----------
    results, launchpad, cluster, project
        As of :func:`feed`.
    interval_s
        Seconds between passes.
    stop
        Ends it after the pass that runs; jobs in the scheduler's queue go on.
    until_done
        Whether to end when no job is left.
    tell
        Called after every pass.
    """
    from pymongo.errors import PyMongoError

    from lianode.hpc.stores.mongo import ServerGoneError

    while not stop.is_set():
        try:
            done = feed(results, launchpad, cluster, project)
        except (PyMongoError, ServerGoneError, BusyError):
            stop.wait(interval_s)  # the server may be restarting, or cron does a pass of its own
            continue
        tell(done)
        if until_done and done.left == 0:
            return
        stop.wait(interval_s)
