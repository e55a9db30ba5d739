"""Run a flow on this machine: independent jobs at the same time, nothing finished lost, nothing finished repeated."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lianode.hpc.local.events import Begun, Ended, Stepped, Stopping
from lianode.hpc.local.graph import Diversion, Graph
from lianode.hpc.local.pool import Pool, memory_variables, thread_variables
from lianode.hpc.local.worker import describe, diversion_message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import FrameType

    from jobflow import Flow, Job, JobStore

    from lianode.hpc.local.events import Event
    from lianode.hpc.local.graph import Outcome
    from lianode.hpc.local.pool import Report

WAIT_S = 0.2
"""Longest wait for workers before the runner looks at Ctrl-C again."""


@dataclass
class RunResult:
    """How a run ended.

    Attributes
    ----------
    outcomes
        By uuid and index of the job.
    errors
        Name of each failed job and why.
    stopped
        Whether the user stopped it.
    seconds
        Wall time.
    """

    outcomes: dict[tuple[str, int], Outcome] = field(default_factory=dict)
    errors: list[tuple[str, str]] = field(default_factory=list)
    stopped: bool = False
    seconds: float = 0.0


class LocalRunner:
    """Runs flows in worker processes that load a model once.

    Parameters
    ----------
    project
        Path of ``lianode.toml``; workers open its store themselves.
    logs
        Folder where workers leave what libraries print.
    store
        The same store, for jobs that are quick enough to run here.
    workers
        How many processes at most; the cores are shared between them.
    quick
        Says which jobs need no worker (their result is known, or they take no time).
    tell
        Called with every event.
    """

    def __init__(
        self,
        project: Path,
        store: JobStore,
        workers: int,
        *,
        logs: Path,
        quick: Callable[[Job], bool] = lambda _job: False,
        tell: Callable[[Event], None] = lambda _event: None,
    ) -> None:
        self.project = project
        self.store = store
        self.workers = workers
        self.logs = logs
        self.quick = quick
        self.tell = tell
        self._interrupts = 0

    def run(self, flow: Flow | Job) -> RunResult:
        """Run a flow to its end, or until Ctrl-C.

        The first Ctrl-C lets running calculations write a checkpoint and end; a second one ends at once, with the
        last checkpoint.
        """
        from jobflow.core.flow import get_flow

        graph = Graph(get_flow(flow))
        result = RunResult()
        clock = time.monotonic()
        threads = max(1, len(os.sched_getaffinity(0)) // self.workers)
        pool: Pool[Job] = Pool(
            ["lianode.hpc.local.worker", str(self.project)],
            self.workers,
            self.logs,
            thread_variables(threads) | memory_variables(),
        )
        self._interrupts = 0
        asked = False
        try:
            with self._counting_interrupts():
                while not graph.finished:
                    if self._interrupts and not asked:
                        asked = result.stopped = True
                        self.tell(Stopping())
                        graph.stop()
                        pool.ask_to_stop()
                    if self._interrupts > 1:
                        break
                    self._hand_out(graph, pool, result)
                    if not pool.busy and graph.waiting and not self._interrupts:
                        raise RuntimeError(f"{graph.waiting} jobs wait for each other and none of them can begin")
                    for report in pool.reports(WAIT_S if pool.busy else 0.0):
                        self._take_in(graph, report, result)
        finally:
            pool.close()
        result.outcomes = graph.outcomes
        result.seconds = time.monotonic() - clock
        return result

    def _hand_out(self, graph: Graph, pool: Pool[Job], result: RunResult) -> None:
        """Give jobs to workers while there is room; run the quick ones here."""
        while pool.has_room and not self._interrupts:
            job = graph.take()
            if job is None:
                return
            if self.quick(job):
                self._run_here(graph, job, result)
            else:
                self.tell(Begun(job.name))
                pool.submit(job)

    def _run_here(self, graph: Graph, job: Job, result: RunResult) -> None:
        try:
            response = job.run(store=self.store)
        except Exception as error:  # noqa: BLE001 - as in a worker
            self._failed(graph, job, describe(error), result)
            return
        graph.done(job, _diversion(diversion_message(response)))
        self.tell(Ended(job.name, quick=True))

    def _take_in(self, graph: Graph, report: Report[Job], result: RunResult) -> None:
        """Act on what a worker said."""
        job, message = report.job, report.message
        if report.kind == "progress":
            self.tell(Stepped(job.name, message["label"], message["step"], message["energy"], message["max_force"]))
        elif report.kind == "done":
            graph.done(job, _diversion(message))
            self.tell(Ended(job.name))
        else:
            self._failed(graph, job, message["error"], result)

    def _failed(self, graph: Graph, job: Job, error: str, result: RunResult) -> None:
        graph.fail(job)
        result.errors.append((job.name, error))
        self.tell(Ended(job.name, error))

    @contextmanager
    def _counting_interrupts(self) -> Iterator[None]:
        """Count Ctrl-C and SIGTERM instead of raising wherever the program happens to be."""

        def count(_signal: int, _frame: FrameType | None) -> None:
            self._interrupts += 1

        if threading.current_thread() is not threading.main_thread():
            yield  # signals belong to the main thread
            return
        before = {number: signal.signal(number, count) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _diversion(message: dict[str, Any]) -> Diversion:
    """Return what a job asked for, with its flows as objects."""
    from monty.json import MontyDecoder

    flows = {
        name: None if message[name] is None else MontyDecoder().process_decoded(message[name])
        for name in ("replace", "detour", "addition")
    }
    return Diversion(**flows, stop_children=message["stop_children"], stop_jobflow=message["stop_jobflow"])
