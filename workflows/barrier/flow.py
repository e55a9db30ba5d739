"""Migration barriers as a property of a campaign: its calculations, and the job that turns them into documents."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from lianode.structures.errors import InputError
from lianode.structures.formulas import system_of
from lianode.workflows.barrier.analysis import BarrierSpec, HopSlot
from lianode.workflows.barrier.bands import end_point_task, is_on_ridge, split_band, without_symmetry
from lianode.workflows.barrier.starts import BAND_OF_HOP, SITE, survey_of
from lianode.workflows.engines.registry import make_engine
from lianode.workflows.keys import Source
from lianode.workflows.named_phases import named_phases
from lianode.workflows.promotion import promote
from lianode.workflows.property_plan import DerivedPlan
from lianode.workflows.request import derived_request, relax_phase, usual_rattle
from lianode.workflows.task import NebTask, RelaxTask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymatgen.core import Structure

    from lianode.structures.hops.hop import Hop
    from lianode.structures.hops.supercell import Supercell
    from lianode.structures.phase import Phase
    from lianode.workflows.barrier.entry import BarrierEntry
    from lianode.workflows.barrier.starts import Survey
    from lianode.workflows.campaign.campaign import Campaign
    from lianode.workflows.engine import Engine
    from lianode.workflows.request import Request
    from lianode.workflows.results import Results

ROOM = 2.01
"""Distance of images over the longest hop, at least: a hop has to be shorter than half the way to the next image."""


@dataclass(frozen=True, kw_only=True)
class BarrierPlan(DerivedPlan):
    """The barriers of one phase with one engine.

    Attributes
    ----------
    entry
        What the campaign asks for.
    spec
        What decides the documents.
    requests
        The crystal, the end points, the bands: each after what it begins from.
    phase
        For tables.
    notes
        What the user should know, one sentence each.
    """

    HOLDER: ClassVar[str] = "migration"

    entry: BarrierEntry
    spec: BarrierSpec
    requests: tuple[Request, ...]
    phase: Phase
    notes: tuple[str, ...]

    @property
    def title(self) -> str:
        """What people call it."""
        mechanism = "" if self.spec.mechanism == "vacancy" else f" by {self.spec.mechanism}"
        return f"barriers {self.spec.phase}{mechanism} with {self.spec.engine}"

    def calculations(self) -> list[tuple[Request, Phase]]:
        """Return the calculations with their phase; what others begin from comes first."""
        return [(request, self.phase) for request in self.requests]

    def with_follow_ups(self, results: Results) -> BarrierPlan:
        """Return the plan with what its finished bands ask for, as far as that is known.

        A symmetric hop whose saddle is on a ridge is computed without symmetry; one with a minimum on its way, in
        halves.

        Parameters
        ----------
        results
            Store in which finished bands tell.
        """
        engine = make_engine(next(request for request in self.requests if request.key == self.spec.crystal).engine)
        requests = {request.key: request for request in self.requests}
        found = results.calculations([slot.key for slot in self.spec.hops])
        slots, added = [], []
        for planned in self.spec.hops:
            slot, done = planned, found.get(planned.key)
            if done is not None and is_on_ridge(done):
                whole = without_symmetry(engine, requests[slot.key])
                requests[whole.key] = whole
                added.append(whole)
                slot, done = slot.model_copy(update={"key": whole.key}), results.calculation(whole.key)
            if slot.halves is None and done is not None and done.intermediate and done.end_points:
                middle, first, second = split_band(engine, requests[slot.key], done)
                added += [middle, first, second]
                slots.append(slot.model_copy(update={"halves": (first.key, second.key)}))
            else:
                slots.append(slot)
        spec = self.spec.model_copy(update={"hops": tuple(slots)})
        ridges = {old.key for old, new in zip(self.spec.hops, slots, strict=True) if old.key != new.key}
        kept = (request for request in self.requests if request.key not in ridges)
        return replace(self, spec=spec, requests=(*kept, *added))


def plan_barriers(
    campaign: Campaign, entry: BarrierEntry, engine_spec: dict[str, Any], *, retry_failed: bool
) -> list[BarrierPlan]:
    """Return all that one barrier entry needs with one engine, phase by phase; nothing is computed.

    Parameters
    ----------
    campaign, entry
        Of the campaign file.
    engine_spec
        As :func:`lianode.workflows.engines.registry.make_engine` takes it.
    retry_failed
        Whether calculations that failed before are tried again.

    Raises
    ------
    InputError
        For phases in which nothing hops by this mechanism, or that the engine cannot compute.
    """
    engine = make_engine(engine_spec)
    return [_plan(campaign, entry, phase, engine, retry_failed) for phase in _phases(campaign, entry)]


def _phases(campaign: Campaign, entry: BarrierEntry) -> list[Phase]:
    """Return the phases that an entry names."""
    phases = named_phases(campaign, entry.phases, "barrier")
    for phase in phases:
        if "Li" not in phase.elements:
            raise InputError(f"{phase.name} ({phase.formula}) has no Li that could move; leave it out", "barrier")
    return phases


def _plan(campaign: Campaign, entry: BarrierEntry, phase: Phase, engine: Engine, retry_failed: bool) -> BarrierPlan:
    from lianode.structures.hops.supercell import vacancy_supercell

    crystal = _crystal(entry, phase)
    survey = survey_of(entry.mechanism, crystal, entry.cutoff)
    if not survey.hops:
        raise InputError(
            f"nothing hops by the mechanism {entry.mechanism} within {survey.cutoff:g} Å; give a longer `cutoff`, or "
            "another `mechanism`",
            phase.name,
        )
    cell = vacancy_supercell(crystal, length=max(entry.supercell_length, ROOM * survey.longest))
    made = _Requests(entry, phase, engine, survey, cell, retry_failed)
    relaxations = made.crystal(campaign, crystal)
    end_points = made.end_points(relaxations[-1])
    bands = made.bands(relaxations[-1], end_points)
    spec = BarrierSpec(
        campaign=campaign.name,
        engine=engine.name,
        system=system_of(phase.elements),
        phase=phase.name,
        formula=phase.formula,
        mechanism=entry.mechanism,
        host=cell.crystal.as_dict(),
        repeats=cell.repeats,
        cutoff=entry.cutoff,
        crystal=relaxations[-1].key,
        end_points={orbit: request.key for orbit, request in end_points.items()},
        hops=tuple(HopSlot(label=label, key=request.key) for label, request in bands.items()),
        supercell_length=entry.supercell_length,
        images=entry.images,
        temperatures=entry.temperatures,
        attempt_frequency_THz=entry.attempt_frequency_THz,
        defect_concentration=entry.defect_concentration,
        max_force=entry.max_force,
        max_climb_force=entry.max_climb_force,
    )
    requests = (*relaxations, *end_points.values(), *bands.values())
    return BarrierPlan(entry=entry, spec=spec, requests=requests, phase=phase, notes=_notes(phase, survey, cell))


def _crystal(entry: BarrierEntry, phase: Phase) -> Phase:
    """Return the crystal that is relaxed: for the exchange, the host without its lithium."""
    if entry.mechanism != "exchange":
        return phase
    from lianode.structures.hops.dilute_host import dilute_host

    return dilute_host(phase)


def _notes(phase: Phase, survey: Survey, cell: Supercell) -> tuple[str, ...]:
    number = len(survey.hops)
    reach = f"{number} distinct hop{'s' if number > 1 else ''} up to {survey.cutoff:.2f} Å"
    across = (
        f"percolate{'s' if number == 1 else ''} in {survey.dimensions} dimension{'s' if survey.dimensions != 1 else ''}"
    )
    size = f"images of a defect are {cell.image_distance:.1f} Å apart"
    return (f"{phase.name}: {reach}, which {across}; {size}", *(f"{phase.name}: {one}" for one in survey.set_aside))


@dataclass(frozen=True)
class _Requests:
    """Makes the requests of one phase."""

    entry: BarrierEntry
    phase: Phase
    engine: Engine
    survey: Survey
    cell: Supercell
    retry_failed: bool

    def crystal(self, campaign: Campaign, crystal: Phase) -> tuple[Request, ...]:
        """Return the relaxation that a hull asks for too; before it, where it starts from another one, that one."""
        request = self._relaxation(self.engine, crystal)
        start = campaign.start_of(self.entry)
        if start is None or (other := make_engine(start.spec)).settings == self.engine.settings:
            return (request,)
        first = self._relaxation(other, crystal)
        return (first, promote(request, first))

    def _relaxation(self, engine: Engine, crystal: Phase) -> Request:
        task = RelaxTask(rattle=usual_rattle(engine))
        return relax_phase(engine, crystal, task, retry_failed=self.retry_failed)

    def end_points(self, crystal: Request) -> dict[str, Request]:
        """Return one relaxation for each distinct site (or pair) that hops begin or end at."""
        from lianode.structures.hops.end_points import distinct_end_points

        made = {}
        for orbit, structure in distinct_end_points(self.survey, self.cell).items():
            task = end_point_task(len(structure), rattle=usual_rattle(self.engine))
            near = min(h.length for h in self.survey.hops if orbit in (h.start_orbit, h.end_orbit))
            source = self._source(SITE, {"site": orbit}, near, (crystal.key,))
            made[orbit] = self._request(task, source, structure, f"{self.phase.name} {self.entry.mechanism} {orbit}")
        return made

    def bands(self, crystal: Request, end_points: Mapping[str, Request]) -> dict[str, Request]:
        """Return one band for each distinct hop."""
        from lianode.structures.hops.end_points import end_points as both_ends

        made = {}
        for hop in self.survey.hops:
            orbits = dict.fromkeys((hop.start_orbit, hop.end_orbit))
            parents = (crystal.key, *(end_points[orbit].key for orbit in orbits))
            source = self._source(BAND_OF_HOP, {"hop": hop.label}, hop.length, parents)
            points = both_ends(self.survey, hop, self.cell)
            band = self._request(self._task(hop), source, points.initial, f"{self.phase.name} hop {hop.label}")
            made[hop.label] = band.model_copy(update={"final": points.final.as_dict()})
        return made

    def _task(self, hop: Hop) -> NebTask:
        return NebTask(
            images=self.entry.images,
            max_force=self.entry.max_force,
            max_climb_force=self.entry.max_climb_force,
            mirrored=hop.symmetric,
            max_steps=self.entry.max_steps,
        )

    def _source(self, recipe: str, what: dict[str, Any], length: float, parents: tuple[str, ...]) -> Source:
        """Say what is computed and how to find it again.

        Names of sites and hops do not depend on the cut-off, so that a longer one adds hops and repeats none; the one
        that is written down reaches the hop. Those of pairs do depend on it.
        """
        reach = self.entry.cutoff if self.entry.mechanism == "exchange" else math.ceil(100 * length + 1) / 100
        parameters = {
            "mechanism": self.entry.mechanism,
            **what,
            "cutoff": reach,
            "repeats": [list(row) for row in self.cell.repeats],
        }
        return Source(recipe=recipe, parameters=parameters, parents=parents)

    def _request(self, task: RelaxTask | NebTask, source: Source, structure: Structure, label: str) -> Request:
        return derived_request(
            self.engine,
            task,
            source,
            structure,
            label=label,
            retry_failed=self.retry_failed,
            host=self.cell.crystal.as_dict(),
            where=self.phase.name,
        )
