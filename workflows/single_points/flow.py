"""Single points beside a hull or barriers: their calculations, and the job that compares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from lianode.analysis.parity.parity import ON
from lianode.structures.errors import InputError
from lianode.workflows.barrier.flow import BarrierPlan
from lianode.workflows.engines.registry import make_engine
from lianode.workflows.hull.flow import HullPlan
from lianode.workflows.property_plan import DerivedPlan
from lianode.workflows.single_points.analysis import ParitySpec
from lianode.workflows.single_points.starts import single_point

if TYPE_CHECKING:
    from lianode.structures.phase import Phase
    from lianode.workflows.campaign.single_points import SinglePointEntry
    from lianode.workflows.engine import Engine
    from lianode.workflows.property_plan import PropertyPlan
    from lianode.workflows.request import Request
    from lianode.workflows.results import Results

KEY = "single_points"


@dataclass(frozen=True, kw_only=True)
class SinglePointPlan(DerivedPlan):
    """The single points of one engine on what a hull or the barriers of a phase found with another one.

    Attributes
    ----------
    entry
        What the campaign asks for.
    spec
        What decides the documents.
    beside
        The plan whose structures are taken.
    points
        The single points, each with its phase.
    """

    HOLDER: ClassVar[str] = "parity"

    entry: SinglePointEntry
    spec: ParitySpec
    beside: HullPlan | BarrierPlan
    points: tuple[tuple[Request, Phase], ...]

    @property
    def title(self) -> str:
        """What people call it."""
        wanted = self.spec.hull
        of = f"hull {wanted.system}" if wanted is not None else self.beside.title.split(" with ")[0]
        return f"single points of {of} with {self.spec.engine}"

    def calculations(self) -> list[tuple[Request, Phase]]:
        """Return the calculations with the phases they belong to; what others begin from comes first."""
        return [*self.beside.calculations(), *self.points]

    def with_follow_ups(self, results: Results) -> SinglePointPlan:
        """Return the plan with the single points of what finished bands ask for.

        Parameters
        ----------
        results
            Store with the bands.
        """
        if isinstance(self.beside, HullPlan):
            return self
        (request, _), *_ = self.points
        return _plan(self.beside.with_follow_ups(results), self.entry, make_engine(request.engine))


def single_point_plans(plan: PropertyPlan) -> list[SinglePointPlan]:
    """Return what an entry asks for beside a plan of it: nothing without ``single_points``; nothing is computed.

    Parameters
    ----------
    plan
        Of the entry with one engine.

    Raises
    ------
    InputError
        When the structures are of the same engine, or it cannot compute them.
    """
    if not isinstance(plan, HullPlan | BarrierPlan) or plan.entry.single_points is None:
        return []
    engine = make_engine(plan.entry.single_points.spec)
    if engine.name == plan.spec.engine:
        raise InputError(
            f"the structures are relaxed with {engine.name} itself; name another engine, or leave it out", KEY
        )
    return [_plan(plan, plan.entry, engine)]


def _plan(beside: HullPlan | BarrierPlan, entry: SinglePointEntry, engine: Engine) -> SinglePointPlan:
    if isinstance(beside, HullPlan):
        parents = list(zip(beside.requests, beside.phases, strict=True))
    else:
        bands = [key for slot in beside.spec.hops for key in slot.halves or (slot.key,)]
        wanted = {*beside.spec.end_points.values(), *bands}
        parents = [(request, beside.phase) for request in beside.requests if request.key in wanted]
    points = tuple((single_point(engine, parent), phase) for parent, phase in parents)
    keys = {point.source.parents[0]: point.key for point, _ in points}
    name = f"{engine.name}{ON}{beside.spec.engine}"
    spec = (
        ParitySpec(engine=name, hull=beside.spec, keys=keys)
        if isinstance(beside, HullPlan)
        else ParitySpec(engine=name, barriers=beside.spec, keys=keys)
    )
    return SinglePointPlan(entry=entry, spec=spec, beside=beside, points=points)
