"""Jobs of a second or so, run on the machine of `lianode launch`, in a process of their own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from lianode.hpc.cluster.jobmessage import job_message
from lianode.hpc.local.pool import Pool, thread_variables

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from lianode.hpc.cluster.packing import Waiting

LONGEST_S: Final = 600.0
"""Time that a quick job may take before it has to stop."""
WAIT_S: Final = 1.0


def run_here(jobs: Iterable[Waiting], project: Path, folder: Path) -> list[str]:
    """Run quick jobs one after the other; return the labels of those that were run.

    They have a process of their own, so that what they load and what may break in them stays out of the launcher.

    Parameters
    ----------
    jobs
        In their order.
    project
        Path of ``lianode.toml``.
    folder
        Where they run, and where their process leaves its log.
    """
    pool: Pool[dict[str, Any]] = Pool(
        ["lianode.hpc.cluster.rocket", str(project), str(folder)], 1, folder, thread_variables(1)
    )
    done: list[str] = []
    try:
        for job in jobs:
            pool.submit(job_message(job, queue_job=None, ends=None, stop_at=time.time() + LONGEST_S))
            while pool.busy:
                kinds = [report.kind for report in pool.reports(WAIT_S)]
                if "lost" in kinds:  # the process is dead, or never began: the next one would end alike
                    return done
                if "done" in kinds:
                    done.append(job.spec.label)
    finally:
        pool.close()
    return done
