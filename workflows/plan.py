"""What a campaign will do, known before anything runs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from lianode.structures.errors import InputError
from lianode.workflows.campaign_hull import HullEntry
from lianode.workflows.engines.registry import make_engine
from lianode.workflows.hull import hull_jobs, plan_hull
from lianode.workflows.task import RelaxTask

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jobflow import Flow, Job

    from lianode.workflows.calculation import Calculation
    from lianode.workflows.campaign import Campaign
    from lianode.workflows.hull import HullPlan
    from lianode.workflows.request import Request


@dataclass(frozen=True, kw_only=True)
class CampaignPlan:
    """All that a campaign asks for.

    Attributes
    ----------
    campaign
        As the file says.
    hulls
        One per entry and engine.
    """

    campaign: Campaign
    hulls: tuple[HullPlan, ...]

    @property
    def requests(self) -> dict[str, Request]:
        """The distinct calculations, by key, largest first: what takes longest begins first."""
        every = {request.key: request for plan in self.hulls for request in plan.requests}
        return dict(sorted(every.items(), key=lambda item: -item[1].n_atoms))


def plan_campaign(campaign: Campaign, *, retry_failed: bool = False) -> CampaignPlan:
    """Return the plan of a campaign.

    Parameters
    ----------
    campaign
        As loaded.
    retry_failed
        Whether calculations that failed before are tried again.

    Raises
    ------
    InputError
        For anything that cannot be computed; nothing has been started.
    """
    hulls = []
    numbers: Counter[str] = Counter()
    for entry in campaign.calculations:
        if not isinstance(entry, HullEntry):
            raise InputError(f"`{entry.PROPERTY}` cannot be planned by this version", "calculations")
        numbers[entry.system] += 1
        hulls += [
            plan_hull(campaign, entry, engine.spec, retry_failed=retry_failed, number=numbers[entry.system])
            for engine in campaign.engines_of(entry)
        ]
    return CampaignPlan(campaign=campaign, hulls=tuple(hulls))


def campaign_flow(plan: CampaignPlan) -> Flow:
    """Return the jobflow flow of a plan: one job per distinct calculation, then the analyses."""
    from jobflow import Flow

    from lianode.workflows.jobs import calculate, hull_spread

    calculations = {}
    for key, request in plan.requests.items():
        job = calculate(request.model_dump(mode="json"))
        job.name = request.label
        calculations[key] = job
    jobs: list[Flow | Job] = list(calculations.values())
    same_but_engine: dict[str, list[Job]] = {}
    for part in plan.hulls:
        added, last = hull_jobs(part, calculations)
        jobs += added
        same_but_engine.setdefault(part.entry.model_dump_json(exclude={"engine", "engines"}), []).append(last)
    for lasts in same_but_engine.values():
        if len(lasts) > 1:
            spread = hull_spread([last.output for last in lasts])
            spread.name = "spread between models"
            jobs.append(spread)
    return Flow(jobs, name=plan.campaign.name)


def expected_evaluations(request: Request) -> int:
    """Return how many evaluations of energy and forces a task is expected to take.

    Relaxations of the library's phases took 4 (one atom) to 150 (18 atoms, low symmetry), both stages together.
    """
    return min(100, 10 + 4 * request.n_atoms) if isinstance(request.task, RelaxTask) else 1


def expected_seconds(request: Request, speed: float = 1.0) -> float:
    """Return the expected time of a request on one core, s.

    Parameters
    ----------
    request
        What is wanted.
    speed
        Measured over estimated time of finished calculations, of :func:`measured_speed`.
    """
    engine = make_engine(request.engine)
    return expected_evaluations(request) * engine.seconds_per_evaluation(request.n_atoms) * speed


def measured_speed(finished: Iterable[Calculation]) -> float:
    """Return how much slower or faster than the built-in estimate this machine was, as a factor on times.

    Parameters
    ----------
    finished
        Calculations of the store; without any the factor is 1.
    """
    ratios = [
        calculation.evaluation_time_s
        / (calculation.evaluations * make_engine(calculation.settings).seconds_per_evaluation(calculation.n_atoms))
        for calculation in finished
        if calculation.evaluations > 0 and calculation.evaluation_time_s > 0
    ]
    return median(ratios) if ratios else 1.0
