"""What a campaign would ask of a cluster, known before anything is submitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lianode.workflows.calculate import is_settled
from lianode.workflows.engines.registry import VASP, make_engine
from lianode.workflows.plan import expected_seconds, measured_speed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lianode.hpc.cluster.resources import Resources
    from lianode.hpc.cluster.settings import ClusterSettings
    from lianode.structures.phase import Phase
    from lianode.workflows.calculation import Calculation
    from lianode.workflows.plan import CampaignPlan, Speed
    from lianode.workflows.request import Request
    from lianode.workflows.results import Results


@dataclass(frozen=True, kw_only=True)
class PlannedJob:
    """One calculation of a campaign.

    Attributes
    ----------
    request
        What is wanted.
    phase
        The phase it belongs to.
    engine
        Engine as documents name it.
    state, reason
        Of the calculation in the store; ``new`` where there is none.
    settled
        Whether nothing remains to be done.
    resources
        What it asks for; None where the project has no cluster.
    expected_s
        Time on one core, s, without parallel losses.
    core_hours
        Expected, with parallel losses and the start of the job.
    """

    request: Request
    phase: Phase
    engine: str
    state: str
    reason: str | None
    settled: bool
    resources: Resources | None
    expected_s: float
    core_hours: float


@dataclass(frozen=True, kw_only=True)
class VaspDetails:
    """What VASP would be given for a calculation; no POTCAR is needed to know it.

    Attributes
    ----------
    k_mesh
        Divisions of the mesh.
    incar_differences
        Tags in which the INCAR differs from that of the preset; None for one that it leaves out.
    potcar_symbols, potcar_functional
        PAW sets in the order of the POSCAR, and their release.
    """

    k_mesh: tuple[int, int, int]
    incar_differences: dict[str, Any]
    potcar_symbols: tuple[str, ...]
    potcar_functional: str


def planned_jobs(plan: CampaignPlan, results: Results, cluster: ClusterSettings | None) -> list[PlannedJob]:
    """Return the distinct calculations of a plan, in the order of its entries and phases.

    Parameters
    ----------
    plan
        Of :func:`lianode.workflows.plan.plan_campaign`.
    results
        The store, which says what is done and how fast it went.
    cluster
        Of the project's settings, or None.

    Raises
    ------
    InputError
        When no partition takes an engine.
    """
    phases = {request.key: phase for part in plan.properties for request, phase in part.calculations()}
    requests = plan.requests
    found = results.calculations(list(requests))
    speed = measured_speed(found.values())
    return [_planned(requests[key], phase, found.get(key), cluster, speed) for key, phase in phases.items()]


def _planned(
    request: Request, phase: Phase, found: Calculation | None, cluster: ClusterSettings | None, speed: Speed
) -> PlannedJob:
    from lianode.hpc.cluster.resources import resources_for

    resources = None if cluster is None else resources_for(request, cluster, speed)
    seconds = expected_seconds(request, speed)
    return PlannedJob(
        request=request,
        phase=phase,
        engine=make_engine(request.engine).name,
        state="new" if found is None else found.state.value,
        reason=None if found is None else found.reason,
        settled=is_settled(found, retry_failed=request.retry_failed),
        resources=resources,
        expected_s=seconds,
        core_hours=seconds / 3600.0 if resources is None else resources.core_hours,
    )


def core_hours_left(jobs: Sequence[PlannedJob]) -> float:
    """Return the core-hours of the calculations that are not settled."""
    return sum(job.core_hours for job in jobs if not job.settled)


def follow_up_jobs(plan: CampaignPlan, results: Results, cluster: ClusterSettings | None) -> list[PlannedJob]:
    """Return calculations that results will choose, with likely ones in their place.

    Parameters
    ----------
    plan, results, cluster
        As of :func:`planned_jobs`.
    """
    likely = {request.key: (request, part.phase) for part in plan.surfaces for request in part.likely_follow_ups()}
    found = results.calculations([*plan.requests, *likely])
    speed = measured_speed(found.values())
    return [_planned(request, phase, found.get(key), cluster, speed) for key, (request, phase) in likely.items()]


def vasp_details(request: Request) -> VaspDetails | None:
    """Return what VASP would be given, or None where another engine computes."""
    from lianode.workflows.task import MDTask, NebTask, StaticTask

    if request.engine["name"] != VASP or isinstance(request.task, MDTask):
        return None
    from lianode.workflows.engines.vasp.inputs import incar_differences, input_set

    structure = request.atoms()
    task = StaticTask() if isinstance(request.task, NebTask) else request.task  # what is run for each image of a band
    inputs = input_set(request.engine, task, structure)
    return VaspDetails(
        k_mesh=inputs.mesh,
        incar_differences=incar_differences(request.engine, task, structure),
        potcar_symbols=inputs.potcar_symbols,
        potcar_functional=inputs.potcar_functional,
    )


def shared_differences(details: Sequence[VaspDetails]) -> dict[str, Any]:
    """Return the INCAR differences that all of several calculations have."""
    if not details:
        return {}
    first = details[0].incar_differences
    return {
        tag: value
        for tag, value in first.items()
        if all(tag in other.incar_differences and other.incar_differences[tag] == value for other in details)
    }
