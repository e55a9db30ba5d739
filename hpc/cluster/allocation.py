"""What a job of the scheduler runs: worker processes for the jobs it was made for, then for others that fit.

Started by the job script as ``python -m lianode.hpc.cluster.allocation PROJECT NAME``.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lianode.hpc.cluster.allocations import Allocations, AllocationState
from lianode.hpc.cluster.jobmessage import job_message
from lianode.hpc.cluster.jobspec import COMPUTES
from lianode.hpc.cluster.launchpad import open_launchpad
from lianode.hpc.cluster.lost import give_back
from lianode.hpc.cluster.queue import queue_job_of_this_process, seconds_left
from lianode.hpc.cluster.ready import ready_jobs
from lianode.hpc.local.pool import Pool, memory_variables, thread_variables
from lianode.hpc.stores.mongo import ServerGoneError
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from fireworks import LaunchPad

    from lianode.hpc.cluster.allocations import Allocation
    from lianode.hpc.cluster.packing import Waiting
    from lianode.hpc.cluster.ready import Ready
    from lianode.hpc.cluster.settings import ClusterSettings
    from lianode.hpc.local.pool import Report
    from lianode.hpc.store import ResultsStore

WAIT_S: Final = 1.0
SIGN_OF_LIFE_S: Final = 30.0
LOOK_S: Final = 15.0
"""Time between looks for more jobs while none has ended."""
MOST_OTHERS: Final = 100
LEAST_SHARE: Final = 0.02
"""Share of the time of an allocation below which nothing is begun any more."""
LARGEST_MARGIN: Final = 0.25
"""Share of the time of a job that may be kept for stopping."""


@dataclass
class Times:
    """When things have to happen, in seconds since the epoch.

    Attributes
    ----------
    ends
        The scheduler ends the job.
    stop_at
        Calculations save and stop.
    """

    ends: float
    stop_at: float

    def left(self) -> float:
        """Return the seconds until calculations stop."""
        return self.stop_at - time.time()


@dataclass
class Runner:
    """Runs the jobs of one allocation.

    Attributes
    ----------
    allocation
        Which one.
    results, launchpad, cluster
        Of the project.
    pool
        Its workers.
    times
        When it has to end.
    """

    allocation: Allocation
    results: ResultsStore
    launchpad: LaunchPad
    cluster: ClusterSettings
    pool: Pool[dict[str, Any]]
    times: Times
    stopping: bool = False
    _busy: dict[int, int] = field(default_factory=dict)
    _lost: list[tuple[int, str]] = field(default_factory=list)
    _told: float = 0.0
    _looked: float = 0.0

    def run(self) -> str:
        """Run until nothing is left to do, or the time is over; return why it ended."""
        from pymongo.errors import PyMongoError

        allocations = Allocations(self.results)
        asked = False
        while True:
            if (self.stopping or self.times.left() <= 0) and not asked:
                asked = True
                self.pool.ask_to_stop()
            try:
                self._tell(allocations)
                if not asked:
                    self._hand_out(allocations)
                if not self._busy:
                    return self._why_it_ends() if asked else "its jobs are done"
            except (PyMongoError, ServerGoneError):  # workers go on without the database, and so does this
                if asked and not self._busy:
                    return self._why_it_ends()
            for report in self.pool.reports(WAIT_S):
                self._take_in(report)

    def _tell(self, allocations: Allocations) -> None:
        """Say that this allocation is alive, and give back the jobs of workers that died."""
        while self._lost:
            give_back(self.launchpad, *self._lost[-1], strike=True)
            self._lost.pop()
        now = time.time()
        if now - self._told > SIGN_OF_LIFE_S:
            self.allocation = allocations.sign_of_life(self.allocation)
            self._told = now

    def _hand_out(self, allocations: Allocations) -> None:
        """Give jobs to workers while cores are free: the ones this allocation is for, then others that fit."""
        free = self.allocation.tasks - sum(self._busy.values())
        now = time.time()
        if free <= 0 or now - self._looked < (LOOK_S if self._busy else 0.0):
            return
        busy = set(self._busy)
        own = ready_jobs(self.launchpad, self.results, busy, here=False, among=self.allocation.fw_ids)
        jobs = [job for job in self._jobs(own) if self._belongs(job)]
        if not jobs:
            taken = {fw_id for one in allocations.live() for fw_id in one.fw_ids} | busy
            others = self._jobs(ready_jobs(self.launchpad, self.results, taken, here=False, limit=MOST_OTHERS))
            jobs = [job for job in others if self._belongs(job) and job.spec.resources.expected_s < self.times.left()]
        for job in jobs:
            tasks = job.spec.resources.tasks
            if tasks <= free:
                self._busy[job.fw_id] = tasks
                queue_job, times = self.allocation.queue_job, self.times
                self.pool.submit(job_message(job, queue_job=queue_job, ends=times.ends, stop_at=times.stop_at))
                free -= tasks
        self._looked = now

    def _jobs(self, ready: Ready) -> list[Waiting]:
        """Return jobs, the longest first."""
        return sorted([*ready.quick, *ready.waiting], key=lambda job: -job.spec.resources.expected_s)

    def _belongs(self, job: Waiting) -> bool:
        """Whether a job is one for this kind of allocation, and there is time to begin one at all.

        Also one of our own may have been put back with other resources by `lianode retry`.
        """
        asked, here = job.spec.resources, self.allocation
        alike = asked.partition == here.partition and asked.nodes <= here.nodes and asked.tasks <= here.tasks
        derives = job.spec.kind not in COMPUTES
        same = derives or (job.spec.program == here.program and job.spec.rehearsal == here.rehearsal)
        return (alike or derives) and same and self.times.left() > LEAST_SHARE * here.walltime_s

    def _why_it_ends(self) -> str:
        return "it was told to stop" if self.stopping else "its time was over"

    def _take_in(self, report: Report[dict[str, Any]]) -> None:
        """Act on what a worker said of its job."""
        if report.kind == "progress":
            return
        fw_id = int(report.job["fw_id"])
        self._busy.pop(fw_id, None)
        self._looked = 0.0
        label = report.job["spec"]["label"]
        if report.kind == "done":
            print(f"{label}: done", flush=True)  # noqa: T201 - this is the job's output
            return
        print(f"{label}: {report.message['error']}\n{report.message.get('traceback', '')}", flush=True)  # noqa: T201
        if report.kind == "lost":
            self._lost.append((fw_id, report.message["error"]))


def times_of(allocation: Allocation, cluster: ClusterSettings, began: float) -> Times:
    """Return when the job of the scheduler that this process runs in has to end."""
    left = seconds_left(cluster.scheduler, allocation.walltime_s, began)
    margin = min(cluster.stop_margin, LARGEST_MARGIN * left)
    return Times(time.time() + left, time.time() + left - margin)


def main() -> None:
    """Run the allocation that the job script names."""
    from lianode.hpc.settings import load_settings
    from lianode.hpc.store import open_store

    began = time.time()
    project, name = Path(sys.argv[1]), sys.argv[2]
    settings = load_settings(project)
    results = open_store(settings)
    allocations = Allocations(results)
    allocation = allocations.get(name)
    if settings.cluster is None or allocation is None or not allocation.is_live:
        raise InputError("this allocation is not known to the project, or has ended already", name)
    launchpad = open_launchpad(results)
    times = times_of(allocation, settings.cluster, began)
    allocation = allocations.sign_of_life(
        allocation,
        state=AllocationState.RUNNING,
        queue_job=queue_job_of_this_process() or allocation.queue_job,
        began=allocation.began or time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(began)),
        host=socket.gethostname(),
    )
    folder = Path(allocation.folder)
    threads = 1 if allocation.program == "vasp" else max(1, allocation.tasks // max(1, len(allocation.fw_ids)))
    # programs that bring their own ranks must not inherit our threads, unless the setup lines say so
    variables = {} if allocation.program == "vasp" and "OMP_NUM_THREADS" in os.environ else thread_variables(threads)
    if allocation.program != "vasp":
        variables = variables | memory_variables()
    arguments = ["lianode.hpc.cluster.rocket", str(project), str(folder)]
    pool: Pool[dict[str, Any]] = Pool(arguments, allocation.tasks, folder, variables)
    runner = Runner(allocation, results, launchpad, settings.cluster, pool, times)

    def stop(_signal: int, _frame: object) -> None:
        runner.stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        reason = runner.run()
    finally:
        pool.close()
    allocations.end(runner.allocation, reason)


if __name__ == "__main__":
    main()
