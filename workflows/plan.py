"""What a campaign will do, known before anything runs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any, Final, Protocol

from lianode.structures.errors import InputError
from lianode.workflows.adsorption.entry import AdsorptionEntry
from lianode.workflows.adsorption.flow import plan_adsorptions
from lianode.workflows.barrier.entry import BarrierEntry
from lianode.workflows.barrier.flow import BarrierPlan, plan_barriers
from lianode.workflows.elastic.entry import ElasticEntry
from lianode.workflows.elastic.flow import plan_elastic
from lianode.workflows.electronic.entry import ElectronicEntry
from lianode.workflows.electronic.flow import plan_electronic
from lianode.workflows.engines.registry import VASP, make_engine
from lianode.workflows.hull.entry import HullEntry
from lianode.workflows.hull.flow import HullPlan, plan_hulls
from lianode.workflows.interface_energy.entry import InterfaceEnergyEntry
from lianode.workflows.interface_energy.flow import InterfaceEnergyPlan, plan_interface_energy
from lianode.workflows.interface_md.entry import InterfaceMdEntry
from lianode.workflows.interface_md.flow import InterfaceMdPlan, plan_interface_md
from lianode.workflows.reactivity.entry import ReactivityEntry
from lianode.workflows.reactivity.flow import plan_reactivities
from lianode.workflows.single_points.flow import SinglePointPlan, single_point_plans
from lianode.workflows.surface.entry import SurfaceEntry
from lianode.workflows.surface.flow import SurfacePlan, plan_surfaces
from lianode.workflows.task import ElectronicTask, MDTask, NebTask, RelaxTask, StaticTask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from jobflow import Flow, Job
    from pymatgen.core import Structure

    from lianode.workflows.calculation import Calculation
    from lianode.workflows.campaign.campaign import Campaign
    from lianode.workflows.campaign.entry import CalculationEntry
    from lianode.workflows.engines.vasp.cost import Workload
    from lianode.workflows.property_plan import PropertyPlan
    from lianode.workflows.request import Request
    from lianode.workflows.results import Results
    from lianode.workflows.task import Task

MOST_TIMED: Final = 50
"""Calculations of one engine that its speed is taken from."""
IMAGE_EVALUATIONS: Final = 10
"""Evaluations of one image until a band has converged."""

EMPTY_BANDS_FACTOR: Final = 1.5
"""Cost of the empty bands of an electronic structure, over that of an energy on the same mesh."""


class Planner(Protocol):
    """Makes the plans of one entry of a campaign with one engine."""

    def __call__(
        self, campaign: Campaign, entry: Any, engine_spec: dict[str, Any], /, *, retry_failed: bool
    ) -> Sequence[PropertyPlan]:
        """Return them; nothing is computed."""
        ...


PLANNERS: Final[dict[type[CalculationEntry], Planner]] = {
    HullEntry: plan_hulls,
    BarrierEntry: plan_barriers,
    InterfaceMdEntry: plan_interface_md,
    ReactivityEntry: plan_reactivities,
    SurfaceEntry: plan_surfaces,
    InterfaceEnergyEntry: plan_interface_energy,
    ElasticEntry: plan_elastic,
    ElectronicEntry: plan_electronic,
    AdsorptionEntry: plan_adsorptions,
}
"""What plans each kind of entry; a new property adds its own here."""


@dataclass(frozen=True, kw_only=True)
class CampaignPlan:
    """All that a campaign asks for.

    Attributes
    ----------
    campaign
        As the file says.
    properties
        One per entry and engine.
    """

    campaign: Campaign
    properties: tuple[PropertyPlan, ...]

    @property
    def hulls(self) -> tuple[HullPlan, ...]:
        """Those that are hulls."""
        return tuple(plan for plan in self.properties if isinstance(plan, HullPlan))

    @property
    def barriers(self) -> tuple[BarrierPlan, ...]:
        """Those that are migration barriers."""
        return tuple(plan for plan in self.properties if isinstance(plan, BarrierPlan))

    @property
    def interfaces(self) -> tuple[InterfaceMdPlan, ...]:
        """Those that are molecular dynamics of interfaces."""
        return tuple(plan for plan in self.properties if isinstance(plan, InterfaceMdPlan))

    @property
    def interface_energies(self) -> tuple[InterfaceEnergyPlan, ...]:
        """Those that are energies of interfaces."""
        return tuple(plan for plan in self.properties if isinstance(plan, InterfaceEnergyPlan))

    @property
    def surfaces(self) -> tuple[SurfacePlan, ...]:
        """Those that are surface energies."""
        return tuple(plan for plan in self.properties if isinstance(plan, SurfacePlan))

    @property
    def requests(self) -> dict[str, Request]:
        """The distinct calculations, by key, largest first (they take longest), each after its parents."""
        every = {request.key: request for plan in self.properties for request, _ in plan.calculations()}
        ordered: dict[str, Request] = {}

        def add(request: Request) -> None:
            for parent in request.source.parents:
                add(every[parent])
            ordered[request.key] = request

        for request in sorted(every.values(), key=lambda request: -request.n_atoms):
            add(request)
        return ordered


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
    properties: list[PropertyPlan] = []
    for entry in campaign.calculations:
        planner = PLANNERS.get(type(entry))
        if planner is None:
            raise InputError(f"`{entry.PROPERTY}` cannot be planned by this version", "calculations")
        for engine in campaign.engines_of(entry):
            for part in planner(campaign, entry, engine.spec, retry_failed=retry_failed):
                properties += [part, *single_point_plans(part)]
    return CampaignPlan(campaign=campaign, properties=tuple(properties))


def with_follow_ups(plan: CampaignPlan, results: Results) -> CampaignPlan:
    """Return the plan with what results ask for: hops without symmetry or in halves, the lowest terminations.

    Parameters
    ----------
    plan
        Of :func:`plan_campaign`.
    results
        Store with the bands and single points that are finished.
    """
    properties = (
        one.with_follow_ups(results) if isinstance(one, BarrierPlan | SurfacePlan | SinglePointPlan) else one
        for one in plan.properties
    )
    return replace(plan, properties=tuple(properties))


def entry_plans(plan: CampaignPlan) -> list[CampaignPlan]:
    """Return the plan in parts, one per entry of the campaign with all its engines, each of which can run alone."""
    parts: dict[str, list[PropertyPlan]] = {}
    for one in plan.properties:
        parts.setdefault(same_entry(one), []).append(one)
    return [CampaignPlan(campaign=plan.campaign, properties=tuple(part)) for part in parts.values()]


def same_entry(plan: PropertyPlan) -> str:
    """Return what the plans of one entry with several engines have in common."""
    return f"{plan.entry.PROPERTY} {plan.entry.model_dump_json(exclude={'engine', 'engines'})}"


def campaign_flow(plan: CampaignPlan) -> Flow:
    """Return the jobflow flow of a plan: one job per distinct calculation, then the analyses."""
    from jobflow import Flow

    from lianode.workflows.jobs import calculate, hull_spread

    calculations: dict[str, Job] = {}
    for key, request in plan.requests.items():
        after = [calculations[parent].output for parent in request.source.parents]
        job = calculate(request.model_dump(mode="json"), **({"after": after} if after else {}))
        job.name = request.label
        calculations[key] = job
    jobs: list[Flow | Job] = list(calculations.values())
    same_but_engine: dict[str, list[Job]] = {}
    for part in plan.properties:
        added, last = part.jobs(calculations)
        jobs += added
        if isinstance(part, HullPlan):
            same_but_engine.setdefault(same_entry(part), []).append(last)
    for lasts in same_but_engine.values():
        if len(lasts) > 1:
            spread = hull_spread([last.output for last in lasts])
            spread.name = "spread between models"
            jobs.append(spread)
    return Flow(jobs, name=plan.campaign.name)


@dataclass(frozen=True)
class Speed:
    """How much slower or faster than the built-in estimates a machine was.

    Attributes
    ----------
    factors
        Measured over estimated core-seconds, by engine; 1 for an engine that has not run.
    """

    factors: Mapping[str, float] = field(default_factory=dict)

    def of(self, engine: Mapping[str, Any]) -> float:
        """Return the factor on times of an engine, given its settings."""
        return self.factors.get(_program(engine), 1.0)


def expected_evaluations(request: Request) -> int:
    """Return how many evaluations of energy and forces a task is expected to take.

    Relaxations of the library's phases took 4 (one atom) to 150 (18 atoms, low symmetry), both stages together. A band
    takes some ten of each image; half of them where it is mirrored.
    """
    return _evaluations(request.task, request.n_atoms)


def expected_seconds(request: Request, speed: Speed | None = None) -> float:
    """Return the expected time of a request on one core, s.

    Parameters
    ----------
    request
        What is wanted.
    speed
        Of :func:`measured_speed`.
    """
    factor = 1.0 if speed is None else speed.of(request.engine)
    return factor * _estimate(request.engine, request.task, request.n_atoms, request.atoms)[1]


def measured_speed(finished: Iterable[Calculation]) -> Speed:
    """Return how this machine compares with the built-in estimates, for each engine by itself.

    The median over at most :data:`MOST_TIMED` calculations of an engine, of core-seconds per evaluation over the
    estimate for the same atoms.

    Parameters
    ----------
    finished
        Calculations of the store.
    """
    ratios: dict[str, list[float]] = {}
    for calculation in finished:
        mine = ratios.setdefault(_program(calculation.settings), [])
        timed = calculation.evaluations > 0 and calculation.evaluation_time_s > 0 and calculation.structure is not None
        if not timed or len(mine) >= MOST_TIMED:
            continue
        evaluations, seconds = _estimate(
            calculation.settings, calculation.task, calculation.n_atoms, partial(_cell, calculation.structure)
        )
        core_seconds = calculation.evaluation_time_s * calculation.cores
        mine.append(core_seconds / calculation.evaluations / (seconds / evaluations))
    return Speed({program: median(values) for program, values in ratios.items() if values})


def _program(engine: Mapping[str, Any]) -> str:
    """Return what times are kept under: a rehearsal says nothing about VASP."""
    return f"{engine['name']}{' rehearsal' if engine.get('rehearsal') else ''}"


def _evaluations(task: Task, n_atoms: int) -> int:
    if isinstance(task, MDTask):
        return task.steps
    if isinstance(task, NebTask):
        return IMAGE_EVALUATIONS * images_computed(task)
    return min(100, 10 + 4 * n_atoms) if isinstance(task, RelaxTask) else 1


def images_computed(task: NebTask) -> int:
    """Return how many images of a band are computed: half of them where it is mirrored."""
    return (task.images + 1) // 2 if task.mirrored else task.images


def vasp_workload(
    settings: Mapping[str, Any], task: RelaxTask | StaticTask | NebTask | ElectronicTask, atoms: Structure
) -> Workload:
    """Return what a task of VASP amounts to; a band is as many static calculations as its images need.

    Parameters
    ----------
    settings
        Of the engine.
    task, atoms
        What is computed, and of what; for a band one of its images.
    """
    from lianode.workflows.engines.vasp.cost import workload
    from lianode.workflows.engines.vasp.settings import resolve

    if not isinstance(task, NebTask):
        return workload(resolve(settings), task, atoms)
    one, times = workload(resolve(settings), StaticTask(), atoms), _evaluations(task, len(atoms))
    return replace(one, steps=times * one.steps, core_seconds=times * one.core_seconds)


def _estimate(
    settings: Mapping[str, Any], task: Task, n_atoms: int, atoms: Callable[[], Structure]
) -> tuple[int, float]:
    """Return evaluations and core-seconds expected of a task; VASP's own estimate knows the crystal."""
    if settings["name"] == VASP and not isinstance(task, MDTask):
        work = vasp_workload(settings, task, atoms())
        return work.steps, work.core_seconds
    evaluations = _evaluations(task, n_atoms)
    if isinstance(task, ElectronicTask):
        return 1, EMPTY_BANDS_FACTOR * task.k_factor**3 * make_engine(settings).seconds_per_evaluation(n_atoms)
    return evaluations, evaluations * make_engine(settings).seconds_per_evaluation(n_atoms)


def _cell(structure: dict[str, Any] | None) -> Structure:
    from pymatgen.core import Structure

    return Structure.from_dict(structure or {})
