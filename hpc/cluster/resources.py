"""What a job asks the scheduler for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lianode.hpc.cluster.settings import ClusterSettings
    from lianode.workflows.request import Request

SHORTEST_S = 900
"""No job asks for less; starting, reading and a slow file system take minutes."""
MARGIN = 2.0
"""Time asked for over time expected."""


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Nodes, ranks and time of one job.

    Attributes
    ----------
    partition
        Where it runs.
    nodes, tasks
        Nodes, and ranks (cores) over all of them.
    walltime_s
        Time it asks for, s.
    expected_s
        Time it is expected to take, s.
    """

    partition: str
    nodes: int
    tasks: int
    walltime_s: int
    expected_s: float


def resources_for(request: Request, cluster: ClusterSettings, speed: float = 1.0) -> Resources:
    """Return what a calculation asks for.

    Parameters
    ----------
    request
        What is wanted.
    cluster
        Of the project's settings.
    speed
        Measured over estimated time of finished calculations.
    """
    from lianode.workflows.plan import expected_seconds

    partition = cluster.partition_for(str(request.engine["name"]))
    seconds = expected_seconds(request, speed)
    walltime = min(partition.walltime, max(SHORTEST_S, int(MARGIN * seconds)))
    return Resources(partition=partition.name, nodes=1, tasks=1, walltime_s=walltime, expected_s=seconds)
