"""Submit a campaign: one FireWorks workflow per entry of the campaign file, none twice."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lianode.hpc.any_order import in_any_order
from lianode.hpc.cluster.jobspec import SPEC_FIELD, JobResources, JobSpec
from lianode.hpc.cluster.resources import SHORTEST_S, resources_for
from lianode.structures.errors import InputError
from lianode.workflows.calculate import is_settled
from lianode.workflows.hull.free_energy import FreeEnergySpec, stored_free_energy
from lianode.workflows.plan import campaign_flow, entry_plans, measured_speed
from lianode.workflows.request import Request

if TYPE_CHECKING:
    from fireworks import LaunchPad, Workflow
    from jobflow import Job

    from lianode.hpc.cluster.settings import ClusterSettings, Partition
    from lianode.hpc.store import ResultsStore
    from lianode.workflows.plan import CampaignPlan, Speed

DERIVING_S = 10.0
"""Expected time of a job that only derives documents, with the start of its process."""
UNFINISHED = ("WAITING", "READY", "RESERVED", "RUNNING", "PAUSED")
MOST_JOBS = 1000
"""Jobs of one workflow; FireWorks reads all of a workflow whenever one of its jobs changes state."""


@dataclass(frozen=True, kw_only=True)
class Submission:
    """What a submission did.

    Attributes
    ----------
    workflows
        Titles of the workflows that were added.
    already
        Titles of those that were in the queue, or had nothing left to do.
    jobs
        Jobs that were added.
    new, stored, queued
        Of the campaign's calculations: to be done, settled in the store, in the queue already (of any campaign).
    """

    workflows: tuple[str, ...]
    already: tuple[str, ...]
    jobs: int
    new: int
    stored: int
    queued: int


def submit(plan: CampaignPlan, results: ResultsStore, launchpad: LaunchPad, cluster: ClusterSettings) -> Submission:
    """Add what a campaign needs to FireWorks' database.

    Safe to repeat: an entry that waits or runs is not added again, and one whose calculations are all settled is added
    only as far as its documents have to be derived. Calculations that other entries or campaigns have in the queue
    stand in this workflow too, and `lianode launch` lets only one of them run; the others find its result.

    Parameters
    ----------
    plan
        Of :func:`lianode.workflows.plan.plan_campaign`.
    results, launchpad
        Of the project.
    cluster
        Of its settings.

    Raises
    ------
    InputError
        When a job does not fit any partition, an entry has too many jobs, or VASP or one of its POTCARs is not there.
    """
    from lianode.hpc.cluster.guard import only_one

    requests = plan.requests
    stored = results.calculations(list(requests))
    settled = {key for key, found in stored.items() if is_settled(found, retry_failed=requests[key].retry_failed)}
    if requests.keys() - settled:
        _refuse_without_vasp(plan, results, cluster)
    speed = measured_speed(stored.values())
    added, already, jobs = [], [], 0
    with only_one(results, "submit"):
        queued = keys_in_queue(launchpad, list(requests)) - settled
        workflows: list[Workflow] = []
        for part in entry_plans(plan):
            title, question = _title(part), _question(part)
            if _is_unfinished(launchpad, question) or _is_answered(part, settled, results, launchpad, question):
                already.append(title)
                continue
            workflow = _workflow(part, title, question, cluster, speed)
            jobs += len(workflow.id_fw)
            added.append(title)
            workflows.append(workflow)
        for workflow in workflows:
            launchpad.add_wf(workflow)
    return Submission(
        workflows=tuple(added),
        already=tuple(already),
        jobs=jobs,
        new=len(requests.keys() - settled - queued),
        stored=len(settled),
        queued=len(queued),
    )


def _refuse_without_vasp(plan: CampaignPlan, results: ResultsStore, cluster: ClusterSettings) -> None:
    """Raise ``InputError`` when the campaign needs VASP and the settings do not say where it and its POTCARs are."""
    from lianode.hpc.cluster.doctor import wanted_potcars
    from lianode.hpc.cluster.node_report import potcars_missing

    engines = [request.engine for request in plan.requests.values()]
    if not any(engine["name"] == "vasp" and not engine.get("rehearsal") for engine in engines):
        return
    where = str(results.settings.file)
    for name, example in (("vasp_std", '"srun --exact --mem=0 -n {tasks} vasp_std"'), ("potcar_folder", '"~/potcars"')):
        if getattr(cluster, name) is None:
            raise InputError(f"a campaign with VASP needs {name}; write {name} = {example} under [cluster]", where)
    missing = potcars_missing(results.settings, wanted_potcars(plan))
    if missing:
        raise InputError(
            f"these PAW sets are missing in {cluster.potcar_folder}: {', '.join(missing)}; see lianode doctor", where
        )


def keys_in_queue(launchpad: LaunchPad, keys: list[str]) -> set[str]:
    """Return those of ``keys`` that a job of FireWorks waits for, or works on."""
    wanted = {f"spec.{SPEC_FIELD}.key": {"$in": keys}, "state": {"$in": list(UNFINISHED)}}
    return set(launchpad.fireworks.distinct(f"spec.{SPEC_FIELD}.key", wanted))


def _title(part: CampaignPlan) -> str:
    return "; ".join(one.title for one in part.properties)


def _question(part: CampaignPlan) -> str:
    """Return what makes two submissions the same: the documents they derive, from which calculations."""
    text = json.dumps([one.spec.model_dump(mode="json") for one in part.properties], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _is_unfinished(launchpad: LaunchPad, question: str) -> bool:
    asked = {f"metadata.{SPEC_FIELD}.question": question, "state": {"$in": list(UNFINISHED)}}
    return launchpad.workflows.find_one(asked, {"_id": 1}) is not None


def _is_answered(
    part: CampaignPlan, settled: set[str], results: ResultsStore, launchpad: LaunchPad, question: str
) -> bool:
    """Whether a workflow of this question ended, and everything that it computes is there.

    One whose last job failed is not added again: `lianode retry` is for that.
    """
    if any(key not in settled for key in part.requests):
        return False
    warm = [wanted for hull in part.hulls for wanted in hull.free_energies]
    if any(wanted.retry_failed and stored_free_energy(wanted, results) is None for wanted in warm):
        return False
    asked = {f"metadata.{SPEC_FIELD}.question": question, "state": {"$in": ["COMPLETED", "FIZZLED"]}}
    return launchpad.workflows.find_one(asked, {"_id": 1}) is not None


def _workflow(part: CampaignPlan, title: str, question: str, cluster: ClusterSettings, speed: Speed) -> Workflow:
    """Return the workflow of one entry."""
    from jobflow.managers.fireworks import flow_to_workflow

    flow = campaign_flow(part)
    campaign = part.campaign.name
    with in_any_order():
        all_jobs = [job for job, _ in flow.iterflow()]  # type: ignore[no-untyped-call]
    if len(all_jobs) > MOST_JOBS:
        raise InputError(f"the entry has {len(all_jobs)} jobs, more than {MOST_JOBS}; divide its phases", title)
    for job in all_jobs:
        spec = _spec(job, campaign, cluster, speed)
        job.update_config({"manager_config": {SPEC_FIELD: spec.model_dump(mode="json")}}, dynamic=False)
    with in_any_order():
        workflow: Workflow = flow_to_workflow(
            flow,
            name=f"{campaign}: {title}",
            metadata={SPEC_FIELD: {"campaign": campaign, "title": title, "question": question}},
        )
    return workflow


def _spec(job: Job, campaign: str, cluster: ClusterSettings, speed: Speed) -> JobSpec:
    """Return what the queue has to know of a job."""
    kind: Any = job.function.__name__
    if kind == "calculate":
        request = Request.model_validate(job.function_args[0])
        wanted = resources_for(request, cluster, speed)
        return JobSpec(
            campaign=campaign,
            kind=kind,
            label=job.name,
            engine=_engine_name(request.engine),
            program=str(request.engine["name"]),
            key=request.key,
            hold=request.key,
            rehearsal=bool(request.engine.get("rehearsal", False)),
            resources=JobResources(**vars(wanted)),
            retry_failed=request.retry_failed,
        )
    if kind == "free_energy":
        warm = FreeEnergySpec.model_validate(job.function_args[0])
        program = str(warm.engine["name"])
        return JobSpec(
            campaign=campaign,
            kind=kind,
            label=job.name,
            engine=_engine_name(warm.engine),
            program=program,
            rehearsal=bool(warm.engine.get("rehearsal", False)),
            resources=_for_free_energy(warm, cluster.partition_for(program), cluster),
            retry_failed=warm.retry_failed,
            hold=f"free energy {warm.phase.key} {warm.phonon_length:g}",
        )
    short = JobResources(
        partition=cluster.partitions[0].name, nodes=1, tasks=1, walltime_s=SHORTEST_S, expected_s=DERIVING_S
    )
    return JobSpec(campaign=campaign, kind=kind, label=job.name, resources=short)


def _for_free_energy(warm: FreeEnergySpec, partition: Partition, cluster: ClusterSettings) -> JobResources:
    """Return what the displaced supercells of a phase ask for.

    How many there are and how large they are is known after the relaxation only. A costly engine gets a node for the
    target time, and goes on in the next job; a potential gets one core for as long as it may take.
    """
    from lianode.workflows.engines.registry import make_engine

    target = cluster.target_hours * 3600.0
    costly = make_engine(warm.engine).costly
    seconds = target if costly else min(target, warm.phonon_time_limit_s)
    return JobResources(
        partition=partition.name,
        nodes=1,
        tasks=partition.cores if costly else 1,
        walltime_s=min(partition.walltime, max(SHORTEST_S, int(2 * seconds))),
        expected_s=seconds,
    )


def _engine_name(settings: dict[str, Any]) -> str:
    from lianode.workflows.engines.registry import make_engine

    return make_engine(settings).name
