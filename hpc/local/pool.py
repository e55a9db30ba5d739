"""A pool of worker processes that start when there is work for them."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

from lianode.hpc.local.channel import Channel, ClosedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jobflow import Job

GIGABYTES_PER_WORKER = 2.0
"""A potential with its libraries, and room for a cell of a few hundred atoms."""


def default_workers() -> int:
    """Return the number of workers for this machine: its cores, as far as memory allows."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return max(1, min(len(os.sched_getaffinity(0)), int(memory / GIGABYTES_PER_WORKER)))


@dataclass
class _Process:
    """One worker as the pool sees it."""

    process: subprocess.Popen[bytes]
    channel: Channel
    log: Path
    job: Job | None = None


@dataclass
class Report:
    """Something that a worker said about its job.

    Attributes
    ----------
    job
        The job.
    kind
        ``progress``, ``done``, ``failed`` or ``lost`` (the worker died).
    message
        What it said.
    """

    job: Job
    kind: str
    message: dict[str, Any] = field(default_factory=dict)


class Pool:
    """Worker processes of one project.

    Parameters
    ----------
    project
        Path of ``lianode.toml``.
    workers
        How many at most.
    logs
        Folder where workers leave what libraries print.
    """

    def __init__(self, project: Path, workers: int, logs: Path) -> None:
        self.project = project
        self.workers = workers
        self.logs = logs
        self._started = 0
        self._processes: list[_Process] = []
        self._selector = selectors.DefaultSelector()

    @property
    def started(self) -> bool:
        """Whether any worker runs."""
        return bool(self._processes)

    @property
    def has_room(self) -> bool:
        """Whether another job can be given to someone."""
        return len(self._processes) < self.workers or any(worker.job is None for worker in self._processes)

    @property
    def busy(self) -> int:
        """Number of jobs that run."""
        return sum(worker.job is not None for worker in self._processes)

    def submit(self, job: Job) -> None:
        """Give a job to an idle worker, or to a new one."""
        message = {"kind": "run", "job": job}
        for worker in [worker for worker in self._processes if worker.job is None]:
            try:
                worker.channel.send(message)
            except ClosedError:  # it died while it had nothing to do
                self._remove(worker)
                continue
            worker.job = job
            return
        worker = self._start()
        worker.job = job
        with contextlib.suppress(ClosedError):  # one that dies while it starts is reported as lost
            worker.channel.send(message)

    def reports(self, timeout: float) -> Iterator[Report]:
        """Wait up to ``timeout`` seconds and yield what workers said."""
        for key, _ in self._selector.select(timeout):
            worker: _Process = key.data
            try:
                messages = list(worker.channel.receive())
            except ClosedError:
                yield from self._lost(worker)
                continue
            for message in messages:
                job = worker.job
                if job is None:
                    continue
                if message["kind"] in {"done", "failed"}:
                    worker.job = None
                if message["kind"] != "ready":
                    yield Report(job, message["kind"], message)

    def ask_to_stop(self) -> None:
        """Ask workers to save and end what they do."""
        for worker in self._processes:
            try:
                worker.channel.send({"kind": "stop"})
            except ClosedError:
                continue

    def close(self) -> None:
        """End all workers; those that are idle notice the closed connection, others are killed."""
        for worker in self._processes:
            self._selector.unregister(worker.channel)
            worker.channel.close()
            if worker.job is not None:
                worker.process.kill()
        for worker in self._processes:
            try:
                worker.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
        self._processes.clear()
        self._selector.close()

    def _start(self) -> _Process:
        ours, theirs = socket.socketpair()
        threads = str(max(1, len(os.sched_getaffinity(0)) // self.workers))
        # threads are for the potential (torch takes OMP and MKL); numpy's share is the optimiser's small matrices, for
        # which OpenBLAS's threads cost up to ten times what they save
        environment = os.environ | {
            "OMP_NUM_THREADS": threads,
            "MKL_NUM_THREADS": threads,
            "OPENBLAS_NUM_THREADS": "1",
        }
        self._started += 1
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.logs / f"worker-{self._started}.log"
        with log.open("wb") as output:
            process = self._spawn(theirs, environment, output)
        theirs.close()
        worker = _Process(process, Channel(ours), log)
        self._processes.append(worker)
        self._selector.register(worker.channel, selectors.EVENT_READ, worker)
        return worker

    def _spawn(self, theirs: socket.socket, environment: dict[str, str], output: BinaryIO) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own module and a descriptor
            # -P: a file of the user's folder called like a library must not be imported instead of it
            [sys.executable, "-P", "-m", "lianode.hpc.local.worker", str(theirs.fileno()), str(self.project)],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the runner, which asks workers to save
        )

    def _lost(self, worker: _Process) -> Iterator[Report]:
        """Take a dead worker out of the pool and report its job."""
        code = self._remove(worker)
        if worker.job is not None:
            yield Report(worker.job, "lost", {"error": _how_it_died(code, worker.log)})

    def _remove(self, worker: _Process) -> int:
        """Take a dead worker out of the pool and return its exit code."""
        self._selector.unregister(worker.channel)
        worker.channel.close()
        self._processes.remove(worker)
        return worker.process.wait()


def _how_it_died(code: int, log: Path) -> str:
    if code == -signal.SIGKILL:
        return "its process was killed (signal 9), often for lack of memory; the next run continues it"
    if code < 0:
        return f"its process was ended by {signal.Signals(-code).name}; the next run continues it"
    return f"its process ended with exit code {code} (see {log}); the next run continues it"
