"""Where the jobs of a campaign stand, in words for people."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from lianode.hpc.cluster.allocations import Allocations, AllocationState
from lianode.hpc.cluster.jobspec import COMPUTES, SPEC_FIELD, JobSpec
from lianode.hpc.cluster.lost import last_trace
from lianode.hpc.cluster.submit import UNFINISHED
from lianode.workflows.calculation import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fireworks import LaunchPad

    from lianode.hpc.store import ResultsStore

STATES: Final = (
    "waits", "ready", "queued", "next", "running", "converged", "done", "unconverged", "interrupted", "failed",
    "broken", "stopped",
)  # fmt: skip
"""In the order of a job's life. ``next``: its allocation runs and will take it; ``broken``: the job itself failed."""
WRONG: Final = frozenset({"unconverged", "interrupted", "failed", "broken", "stopped"})
"""States that `lianode retry` takes up."""
ENDED: Final = frozenset({"converged", "done"}) | WRONG
_ORDER: Final = {
    state: number
    for number, state in enumerate(
        ("ARCHIVED", "DEFUSED", "PAUSED", "FIZZLED", "COMPLETED", "WAITING", "READY", "RESERVED", "RUNNING")
    )
}
"""Of FireWorks' states, which says most about a calculation that stands in several workflows."""


@dataclass(frozen=True, kw_only=True)
class JobStatus:
    """Where one job stands.

    Attributes
    ----------
    label, kind, engine, key
        As :class:`lianode.hpc.cluster.jobspec.JobSpec`.
    fw_id
        FireWorks' number of its latest run.
    state
        One of `STATES`.
    reason
        Why, where it is not obvious.
    queue_job, host
        The scheduler's number and the node, while it runs or is queued.
    step, energy, max_force
        Last step, its energy (eV, of the cell) and largest force (eV/Å), while it runs.
    left_s
        Seconds until its allocation ends, while it runs.
    runs
        How many jobs it took so far, continuations included.
    lost
        How often its process was lost.
    """

    label: str
    kind: str
    engine: str
    key: str | None
    fw_id: int
    state: str
    reason: str = ""
    queue_job: str = ""
    host: str = ""
    step: int | None = None
    energy: float | None = None
    max_force: float | None = None
    left_s: float | None = None
    runs: int = 1
    lost: int = 0


def campaign_status(results: ResultsStore, launchpad: LaunchPad, campaign: str) -> list[JobStatus]:
    """Return where each job of a campaign stands: in the order of submission, what derives documents last.

    Parameters
    ----------
    results, launchpad
        Of the project.
    campaign
        Its name; empty when it was never submitted.
    """
    fields = {"_id": 0, "fw_id": 1, "state": 1, "launches": 1, f"spec.{SPEC_FIELD}": 1, "spec._tasks.job.uuid": 1}
    found = sorted(
        launchpad.fireworks.find({f"spec.{SPEC_FIELD}.campaign": campaign}, fields), key=lambda one: one["fw_id"]
    )
    chains: dict[str, dict[str, Any]] = {}  # the jobs that continue one have its uuid
    for one in found:
        uuid = one["spec"]["_tasks"][0]["job"]["uuid"]
        known = chains.get(uuid, {"first": one["fw_id"], "runs": 0})
        spec = JobSpec.model_validate(one["spec"][SPEC_FIELD])
        chains[uuid] = one | {"spec": spec, "uuid": uuid, "first": known["first"], "runs": known["runs"] + 1}
    latest: dict[
        str, dict[str, Any]
    ] = {}  # a calculation that several entries want is shown once, where it is furthest
    for one in chains.values():
        same = one["spec"].key or one["uuid"]
        other = latest.get(same)
        if other is None or _ORDER[one["state"]] > _ORDER[other["state"]]:
            latest[same] = one
    jobs = sorted(latest.values(), key=lambda one: (one["spec"].kind not in COMPUTES, one["first"]))
    view = _View(results, launchpad, jobs)
    return [view.status(one) for one in jobs]


class _View:
    """What is needed to say where jobs stand, read once for all of them."""

    def __init__(self, results: ResultsStore, launchpad: LaunchPad, jobs: Iterable[dict[str, Any]]) -> None:
        self.launchpad = launchpad
        jobs = list(jobs)
        keys = [one["spec"].key for one in jobs if one["spec"].key]
        self.states = results.states(keys)
        unwell = [key for key, state in self.states.items() if state is not State.CONVERGED]
        self.reasons = {key: found.reason or "" for key, found in results.calculations(unwell).items()}
        self.leases = {} if results.leases is None else results.leases.all()
        self.running = {lease["fw_id"]: lease for lease in self.leases.values() if "fw_id" in lease}
        kept = Allocations(results)
        ready = [one["fw_id"] for one in jobs if one["state"] in {"READY", "RESERVED"}]
        self.allocations = kept.last_of(ready)
        ended = [one["uuid"] for one in jobs if one["spec"].kind == "free_energy" and one["state"] == "COMPLETED"]
        self.outputs = {one["uuid"]: one.get("output") or {} for one in results.jobs.find({"uuid": {"$in": ended}})}

    def status(self, job: Mapping[str, Any]) -> JobStatus:
        """Return where one job stands."""
        spec: JobSpec = job["spec"]
        known: dict[str, Any] = {
            "label": spec.label,
            "kind": spec.kind,
            "engine": spec.engine,
            "key": spec.key,
            "fw_id": job["fw_id"],
            "runs": job["runs"],
            "lost": len(spec.lost),
        }
        if spec.key is not None and self.states.get(spec.key) is State.CONVERGED and job["state"] != "RUNNING":
            return JobStatus(**known, state="converged")
        match job["state"]:
            case "WAITING":
                now: dict[str, Any] = {"state": "waits", "reason": "for other jobs"}
            case "READY" | "RESERVED":
                now = self._ready(job["fw_id"], spec)
            case "RUNNING":
                now = self._running(job["fw_id"])
            case "COMPLETED":
                now = self._ended(spec, job["uuid"])
            case "FIZZLED":
                now = {"state": "broken", "reason": self._trace(job["launches"], spec)}
            case other:
                now = {"state": "stopped", "reason": f"{str(other).lower()} in FireWorks"}
        return JobStatus(**known, **now)

    def _ready(self, fw_id: int, spec: JobSpec) -> dict[str, Any]:
        allocation = self.allocations.get(fw_id)
        if allocation is not None and allocation.is_live:
            begun = allocation.state is AllocationState.RUNNING
            return {
                "state": "next" if begun else "queued",
                "queue_job": allocation.queue_job or "",
                "host": allocation.host,
                "reason": "" if begun else allocation.reason,
            }
        if allocation is not None and allocation.began is None:
            return {"state": "ready", "reason": f"its allocation ended before it began: {allocation.reason}"}
        if spec.lost:
            return {"state": "ready", "reason": f"lost its process ({spec.lost[-1]}); waits for `lianode launch`"}
        if spec.key in self.leases:
            return {"state": "ready", "reason": "another job computes it"}
        return {"state": "ready", "reason": "waits for `lianode launch`"}

    def _running(self, fw_id: int) -> dict[str, Any]:
        lease = self.running.get(fw_id)
        if lease is None:
            return {"state": "running", "reason": "starts, or has just ended"}
        return {
            "state": "running",
            "queue_job": str(lease.get("queue_job") or ""),
            "host": lease["owner"]["host"],
            "step": lease.get("step"),
            "energy": lease.get("energy"),
            "max_force": lease.get("max_force"),
            "left_s": None if lease.get("ends") is None else max(0.0, lease["ends"] - time.time()),
        }

    def _ended(self, spec: JobSpec, uuid: str) -> dict[str, Any]:
        if spec.kind == "free_energy" and self.outputs.get(uuid, {}).get("reason"):
            return {"state": "failed", "reason": str(self.outputs[uuid]["reason"])}
        if spec.key is None:
            return {"state": "done"}
        state = self.states.get(spec.key)
        if state is None:
            return {"state": "broken", "reason": "its result is not in the store; `lianode retry` computes it again"}
        return {"state": state.value, "reason": self.reasons.get(spec.key, "")}

    def _trace(self, launches: list[int], spec: JobSpec) -> str:
        lines = [line for line in last_trace(self.launchpad, launches).strip().splitlines() if line.strip()]
        if lines:
            return lines[-1].strip()[:300]
        if spec.lost:
            return f"lost its process {len(spec.lost)} times, last: {spec.lost[-1]}"
        return "FireWorks could not load it; is the same lianode installed where it ran?"


@dataclass(frozen=True, kw_only=True)
class CampaignSummary:
    """A campaign that was submitted.

    Attributes
    ----------
    campaign
        Its name.
    left
        Jobs that have not ended.
    jobs
        All of its jobs, continuations included.
    """

    campaign: str
    left: int
    jobs: int


def submitted_campaigns(launchpad: LaunchPad) -> list[CampaignSummary]:
    """Return every campaign that was submitted, the latest last."""
    name = f"spec.{SPEC_FIELD}.campaign"
    group = {
        "_id": f"${name}",
        "jobs": {"$sum": 1},
        "left": {"$sum": {"$cond": [{"$in": ["$state", list(UNFINISHED)]}, 1, 0]}},
        "last": {"$max": "$fw_id"},
    }
    pipeline: list[dict[str, Any]] = [{"$match": {name: {"$exists": True}}}, {"$group": group}, {"$sort": {"last": 1}}]
    return [
        CampaignSummary(campaign=one["_id"], left=one["left"], jobs=one["jobs"])
        for one in launchpad.fireworks.aggregate(pipeline)
    ]


def counts(jobs: Iterable[JobStatus]) -> dict[str, int]:
    """Return how many calculations are in each state, in the order of a job's life."""
    found = Counter(job.state for job in jobs if job.kind in COMPUTES)
    return {state: found[state] for state in STATES if found[state]}
