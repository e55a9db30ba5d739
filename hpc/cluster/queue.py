"""What the scheduler says of its jobs: which are there, how one ended, when the time of one is over."""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lianode.hpc.cluster.settings import Scheduler

TIMEOUT_S: Final = 30.0
REASONS: Final = {
    "TIMEOUT": "wall time: the scheduler ended it",
    "OUT_OF_MEMORY": "out of memory: the scheduler ended it",
    "NODE_FAIL": "the node was lost",
    "CANCELLED": "the queue job was cancelled",
    "PREEMPTED": "the queue job was preempted",
    "BOOT_FAIL": "the node did not start",
    "DEADLINE": "the queue job missed its deadline",
    "FAILED": "the queue job failed",
    "COMPLETED": "the queue job ended",
}
"""Slurm's states of a job that has ended, in words for people."""
GONE: Final = "the scheduler does not know it any more"


@dataclass(frozen=True)
class QueueJob:
    """A job of the scheduler.

    Attributes
    ----------
    state
        ``pending``, ``running`` or ``ended``.
    reason
        How it ended, or why it waits.
    """

    state: str
    reason: str = ""


class UnknownQueueError(RuntimeError):
    """The scheduler did not answer, or is one whose answers are not read; nothing may be concluded from that."""


def queue_jobs(scheduler: Scheduler, ids: list[str]) -> Mapping[str, QueueJob]:
    """Return what the scheduler knows of its jobs; those it does not know have ended.

    Raises
    ------
    UnknownQueueError
        When it does not answer, or is not Slurm: then only heartbeats tell.
    """
    if not ids:
        return {}
    if scheduler != "slurm":
        raise UnknownQueueError(f"the answers of {scheduler} are not read")
    lines = _ask(["squeue", "--noheader", "--states=all", "--format=%i|%T|%r", "--jobs", ",".join(ids)])
    found = dict.fromkeys(ids, QueueJob("ended", GONE))
    for line in lines:
        number, state, reason = (line.strip().split("|") + [""] * 3)[:3]
        if number in found:
            found[number] = _read_slurm(state, reason)
    return found


def _read_slurm(state: str, reason: str) -> QueueJob:
    if state in {"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD", "REQUEUE_FED"}:
        return QueueJob("pending", "" if reason == "None" else reason)
    if state in {"RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT", "RESIZING"}:
        return QueueJob("running")
    return QueueJob("ended", REASONS.get(state, state.lower().replace("_", " ")))


def _ask(command: list[str]) -> list[str]:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnknownQueueError(f"{command[0]} does not answer ({type(error).__name__})") from error
    if done.returncode != 0 and "Invalid job id" not in done.stderr:  # one that was forgotten long ago
        raise UnknownQueueError(f"{command[0]}: {done.stderr.strip()[:200]}")
    return [line for line in done.stdout.splitlines() if line.strip()]


def queue_job_of_this_process(environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the number of the scheduler's job that this process runs in, or None outside of one."""
    for name in ("SLURM_JOB_ID", "PBS_JOBID", "JOB_ID", "COBALT_JOBID", "LSB_JOBID", "LOADL_STEP_ID"):
        if environment.get(name):
            return re.sub(r"[^A-Za-z0-9.\[\]-]", "", environment[name])
    return None


def seconds_left(scheduler: Scheduler, asked_s: float, began: float) -> float:
    """Return the seconds until the scheduler ends this job, s.

    Parameters
    ----------
    scheduler
        Slurm is asked; of others it is known what was asked for and when the job began.
    asked_s
        Wall time that the job asked for, s.
    began
        ``time.time()`` at its begin.
    """
    estimate = began + asked_s - time.time()
    number = queue_job_of_this_process()
    if scheduler != "slurm" or number is None:
        return estimate
    try:
        lines = _ask(["squeue", "--noheader", "--format=%L", "--jobs", number])
    except UnknownQueueError:
        return estimate
    left = _slurm_seconds(lines[0].strip()) if lines else None
    return estimate if left is None else left


def _slurm_seconds(text: str) -> float | None:
    """Read Slurm's ``1-02:03:04``, ``03:04`` or ``UNLIMITED``."""
    found = re.fullmatch(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)", text)
    if found is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return dt.timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds()
