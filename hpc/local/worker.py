"""A worker process: runs jobs one after the other, keeps the model loaded, and dies with its parent.

Started by :mod:`lianode.hpc.local.pool` as ``python -m lianode.hpc.local.worker DESCRIPTOR PROJECT``. In an allocation
of a cluster :mod:`lianode.hpc.cluster.rocket` uses the same loop for the jobs of FireWorks.
"""

from __future__ import annotations

import os
import queue
import socket
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lianode.hpc.local.channel import Channel, ClosedError
from lianode.workflows.session import Session, session

if TYPE_CHECKING:
    from collections.abc import Callable

    from jobflow import JobStore, Response

    from lianode.workflows.engine import Progress

PROGRESS_INTERVAL_S = 0.1
"""Steps can be milliseconds apart; the terminal needs ten a second."""


class Worker:
    """The loop of a worker.

    Parameters
    ----------
    channel
        To the process that hands out jobs.
    run
        Runs one job, given what was sent and this worker, and returns the message that reports it.
    """

    def __init__(self, channel: Channel, run: Callable[[dict[str, Any], Worker], dict[str, Any]]) -> None:
        self.channel = channel
        self.run = run
        self.stopping = threading.Event()
        self.jobs: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._last_progress = 0.0

    def serve(self) -> None:
        """Run jobs until the parent closes the connection."""
        threading.Thread(target=self._listen, daemon=True).start()
        self.channel.send({"kind": "ready", "pid": os.getpid()})
        while True:
            message = self.jobs.get()
            self.channel.send(self.run(message["job"], self))

    def _listen(self) -> None:
        """Read the parent's messages while a job runs; when the parent is gone there is nobody to work for."""
        while True:
            try:
                for message in self.channel.receive():
                    if message["kind"] == "stop":
                        self.stopping.set()
                    else:
                        self.jobs.put(message)
            except ClosedError:
                os._exit(1)  # results are in the store and checkpoints on disk: nothing is lost by a hard end

    def progress(self, label: str, progress: Progress) -> None:
        """Tell the parent of a step, not too often."""
        now = time.monotonic()
        if now - self._last_progress < PROGRESS_INTERVAL_S:
            return
        self._last_progress = now
        self.channel.send(
            {
                "kind": "progress",
                "label": label,
                "step": progress.step,
                "energy": progress.energy,
                "max_force": progress.max_force,
            }
        )


def run_job(job_data: dict[str, Any], worker: Worker, store: JobStore) -> dict[str, Any]:
    """Run one job of jobflow and return the message that reports it."""
    from monty.json import MontyDecoder

    hooks = Session(progress=worker.progress, stop=worker.stopping.is_set)
    try:
        job = MontyDecoder().process_decoded(job_data)
        with session(hooks):
            response = job.run(store=store)
    except Exception as error:  # noqa: BLE001 - a job may fail in any way, and the runner reports it
        return {"kind": "failed", "error": describe(error), "traceback": traceback.format_exc()}
    return {"kind": "done", **diversion_message(response)}


def describe(error: BaseException) -> str:
    """Return an error as one line for people."""
    text = "; ".join(line.strip() for line in str(error).splitlines() if line.strip())
    return f"{type(error).__name__}: {text[:400]}" if text else type(error).__name__


def diversion_message(response: Response[Any]) -> dict[str, Any]:
    """Return what a response asks for beside its output, which is in the store by now."""
    return {
        "replace": response.replace,
        "detour": response.detour,
        "addition": response.addition,
        "stop_children": response.stop_children,
        "stop_jobflow": response.stop_jobflow,
    }


def main() -> None:
    """Serve the runner that started this process."""
    from lianode.hpc.settings import load_settings
    from lianode.hpc.store import open_store

    descriptor, project = int(sys.argv[1]), Path(sys.argv[2])
    channel = Channel(socket.socket(fileno=descriptor))
    store = open_store(load_settings(project)).jobstore()
    store.connect()
    Worker(channel, lambda data, worker: run_job(data, worker, store)).serve()


if __name__ == "__main__":
    main()
