"""What FireWorks' database says about a job beside the job itself: enough to queue it without loading anything."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ConfigDict

SPEC_FIELD: Final = "lianode"
"""Name of it in a Firework's spec and in a workflow's metadata."""

COMPUTES: Final = frozenset({"calculate", "free_energy"})
"""Kinds of jobs with an engine; all others turn stored calculations into documents, which takes seconds."""


class JobResources(BaseModel):
    """What the job asks for; see :class:`lianode.hpc.cluster.resources.Resources`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    partition: str
    nodes: int
    tasks: int
    walltime_s: int
    expected_s: float
    k_groups: int = 1
    image_groups: int = 1


class JobSpec(BaseModel):
    """One job.

    Attributes
    ----------
    campaign
        Its campaign.
    kind
        Name of the job's function.
    label
        For people.
    engine
        Engine as documents name it.
    program
        Name of the program or potential, which decides the partition.
    key
        Of the calculation, where the job is one.
    rehearsal
        Whether the stand-in for VASP does it.
    resources
        What it asks for.
    retry_failed
        Whether a calculation that failed before is tried again.
    hold
        What only one job does at a time: the key, or the name of what is computed in several calculations.
    lost
        What became of processes that were lost while they ran it.
    strikes
        How many of those the job itself may have caused.
    tags
        INCAR tags of `lianode retry` that change the way to the result, not the result.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    campaign: str
    kind: str
    label: str
    engine: str = ""
    program: str = ""
    key: str | None = None
    rehearsal: bool = False
    resources: JobResources
    retry_failed: bool = False
    hold: str | None = None
    lost: tuple[str, ...] = ()
    strikes: int = 0
    tags: dict[str, Any] = {}
