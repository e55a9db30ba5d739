"""What a worker process is told of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lianode.hpc.cluster.packing import Waiting


def job_message(job: Waiting, *, queue_job: str | None, ends: float | None, stop_at: float) -> dict[str, Any]:
    """Return the message that :class:`lianode.hpc.cluster.rocket.Rockets` runs.

    Parameters
    ----------
    job
        Which one.
    queue_job
        The scheduler's number of the job that the worker runs in, or None outside of one.
    ends, stop_at
        Seconds since the epoch: when the scheduler ends the worker (None: it does not), and when the job has to save
        and stop.
    """
    return {
        "fw_id": job.fw_id,
        "spec": job.spec.model_dump(mode="json"),
        "queue_job": queue_job,
        "ends": ends,
        "stop_at": stop_at,
    }
