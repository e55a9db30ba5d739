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
from typing import TYPE_CHECKING, Any, BinaryIO, Generic, TypeVar

from lianode.hpc.local.channel import Channel, ClosedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

JobT = TypeVar("JobT")
GIGABYTES_PER_WORKER = 2.0
"""A potential with its libraries, and room for a cell of a few hundred atoms."""


def default_workers() -> int:
    """Return the number of workers for this machine: its cores, as far as memory allows."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return max(1, min(len(os.sched_getaffinity(0)), int(memory / GIGABYTES_PER_WORKER)))


def thread_variables(threads: int) -> dict[str, str]:
    """Return the variables that give a worker its threads.

    They are for the potential (torch takes OMP and MKL); numpy's share is the optimiser's small matrices, for which
    OpenBLAS's threads cost up to ten times what they save.
    """
    return {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": "1"}


def memory_variables() -> dict[str, str]:
    """Return the variables with which glibc keeps a potential's memory between evaluations; a user's own ones stay.

    Every evaluation takes hundreds of megabytes and frees them. Given back to the system each time they cost a page
    fault for every 4 kB: 100,000 for SevenNet-0 and 105 atoms, a third of the time, and more with several workers.
    """
    kept = str(2**30)
    wanted = {"MALLOC_MMAP_THRESHOLD_": kept, "MALLOC_TRIM_THRESHOLD_": kept}
    return {name: value for name, value in wanted.items() if name not in os.environ}


@dataclass
class _Process(Generic[JobT]):
    """One worker as the pool sees it."""

    process: subprocess.Popen[bytes]
    channel: Channel
    log: Path
    job: JobT | None = None


@dataclass
class Report(Generic[JobT]):
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

    job: JobT
    kind: str
    message: dict[str, Any] = field(default_factory=dict)


class Pool(Generic[JobT]):
    """Worker processes of one project.

    Parameters
    ----------
    arguments
        What follows ``python -m MODULE DESCRIPTOR`` on the workers' command line; first of all the module.
    workers
        How many at most.
    logs
        Folder where workers leave what libraries print.
    environment
        Variables of the workers beside those of this process.
    """

    def __init__(self, arguments: Sequence[str], workers: int, logs: Path, environment: Mapping[str, str]) -> None:
        self.module, *self.arguments = arguments
        self.workers = workers
        self.logs = logs
        self.environment = dict(environment)
        self._started = 0
        self._processes: list[_Process[JobT]] = []
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

    def submit(self, job: JobT) -> None:
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

    def reports(self, timeout: float) -> Iterator[Report[JobT]]:
        """Wait up to ``timeout`` seconds and yield what workers said."""
        for key, _ in self._selector.select(timeout):
            worker: _Process[JobT] = key.data
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

    def _start(self) -> _Process[JobT]:
        ours, theirs = socket.socketpair()
        self._started += 1
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.logs / f"worker-{self._started}.log"
        with log.open("wb") as output:
            process = self._spawn(theirs, output)
        theirs.close()
        worker: _Process[JobT] = _Process(process, Channel(ours), log)
        self._processes.append(worker)
        self._selector.register(worker.channel, selectors.EVENT_READ, worker)
        return worker

    def _spawn(self, theirs: socket.socket, output: BinaryIO) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own module and a descriptor
            # -P: a file of the user's folder called like a library must not be imported instead of it
            [sys.executable, "-P", "-m", self.module, str(theirs.fileno()), *self.arguments],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=os.environ | self.environment,
            start_new_session=True,  # Ctrl-C is for the runner, which asks workers to save
        )

    def _lost(self, worker: _Process[JobT]) -> Iterator[Report[JobT]]:
        """Take a dead worker out of the pool and report its job."""
        code = self._remove(worker)
        if worker.job is not None:
            yield Report(worker.job, "lost", {"error": _how_it_died(code, worker.log)})

    def _remove(self, worker: _Process[JobT]) -> int:
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
