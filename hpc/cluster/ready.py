"""Which jobs of FireWorks may begin now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lianode.hpc.cluster.jobspec import COMPUTES, SPEC_FIELD, JobSpec
from lianode.hpc.cluster.packing import Waiting
from lianode.workflows.calculate import is_settled_state

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from fireworks import LaunchPad

    from lianode.hpc.store import ResultsStore


@dataclass
class Ready:
    """Jobs that may begin.

    Attributes
    ----------
    quick
        Their result is in the store, or they only derive documents.
    waiting
        They need an allocation.
    held
        Number of jobs whose calculation another job does at this moment.
    """

    quick: list[Waiting] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    held: int = 0


def ready_jobs(
    launchpad: LaunchPad,
    results: ResultsStore,
    taken: Collection[int],
    *,
    here: bool,
    among: Sequence[int] | None = None,
    limit: int = 0,
) -> Ready:
    """Return the jobs that may begin, each calculation once however many workflows want it.

    Parameters
    ----------
    launchpad, results
        Of the project.
    taken
        Jobs that stand in a live allocation.
    here
        Whether jobs that only derive documents are run by the one who asks; otherwise they need an allocation.
    among
        Look at these jobs only; None for all.
    limit
        Look at so many at most; 0 for all.
    """
    wanted: dict[str, Any] = {"state": "READY", f"spec.{SPEC_FIELD}": {"$exists": True}}
    wanted["fw_id"] = {"$nin": list(taken)} if among is None else {"$in": [one for one in among if one not in taken]}
    fields = {"_id": 0, "fw_id": 1, f"spec.{SPEC_FIELD}": 1}
    found = launchpad.fireworks.find(wanted, fields).sort("fw_id", 1).limit(limit)
    free = [Waiting(one["fw_id"], JobSpec.model_validate(one["spec"][SPEC_FIELD])) for one in found]
    keys = [job.spec.key for job in free if job.spec.key is not None]
    begun = _begun(launchpad, [job.spec.hold for job in free if job.spec.hold is not None], taken)
    states = results.states(keys)
    ready = Ready()
    for job in free:
        if (here and job.spec.kind not in COMPUTES) or is_settled_state(
            states.get(str(job.spec.key)), retry_failed=job.spec.retry_failed
        ):
            ready.quick.append(job)
        elif job.spec.hold in begun:
            ready.held += 1
        else:
            ready.waiting.append(job)
            if job.spec.hold is not None:
                begun.add(job.spec.hold)
    return ready


def _begun(launchpad: LaunchPad, held: list[str], taken: Collection[int]) -> set[str]:
    """Return those of ``held`` that another job works on, or is about to."""
    name = f"spec.{SPEC_FIELD}.hold"
    others = [{"state": {"$in": ["RESERVED", "RUNNING"]}}, {"state": "READY", "fw_id": {"$in": list(taken)}}]
    return set(launchpad.fireworks.distinct(name, {name: {"$in": held}, "$or": others}))
