"""Surface energies as a property of a campaign: its calculations, and the job that turns them into documents."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from lianode.structures.errors import InputError
from lianode.structures.formulas import system_of
from lianode.structures.interfaces.surface_cell import plane_label, surface_cell
from lianode.structures.surfaces.cuts import slab_cuts
from lianode.structures.surfaces.planes import distinct_planes, plane_family
from lianode.structures.surfaces.slabs import layers_of, vacuum_slab
from lianode.workflows.hull.entry import is_path
from lianode.workflows.keys import Source
from lianode.workflows.property_plan import DerivedPlan
from lianode.workflows.relaxations import plan_relaxations
from lianode.workflows.request import derived_request, usual_rattle
from lianode.workflows.slab_engines import slab_engines
from lianode.workflows.surface.analysis import SlabSlot, SurfaceSlot, SurfaceSpec, screening_energies
from lianode.workflows.surface.starts import SLAB, slab_parameters
from lianode.workflows.task import RelaxTask, StaticTask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lianode.structures.phase import Phase
    from lianode.structures.surfaces.cuts import SlabCut
    from lianode.structures.surfaces.planes import PlaneFamily
    from lianode.structures.surfaces.slabs import VacuumSlab
    from lianode.workflows.campaign.campaign import Campaign
    from lianode.workflows.engine import Engine
    from lianode.workflows.relaxations import Relaxations
    from lianode.workflows.request import Request
    from lianode.workflows.results import Results
    from lianode.workflows.slab_engines import SlabEngines
    from lianode.workflows.surface.entry import SurfaceEntry

MOST_ATOMS = 600
"""In one slab; more are a mistake in the plane or the thickness."""


@dataclass(frozen=True, kw_only=True)
class SurfacePlan(DerivedPlan):
    """The surfaces of one phase with one engine.

    Attributes
    ----------
    entry
        What the campaign asks for.
    spec
        What decides the documents.
    relaxations
        Of the crystal, and of the phases that limit its chemical potentials.
    slabs
        What is computed as far as is known.
    waiting
        What would be computed in full of terminations that single points have to choose between, by the place of the
        termination in ``spec.surfaces``: the requests, and the slots that hold their keys.
    phase
        For tables.
    notes
        What the user should know, one sentence each.
    """

    HOLDER: ClassVar[str] = "wulff"

    entry: SurfaceEntry
    spec: SurfaceSpec
    relaxations: Relaxations
    slabs: tuple[Request, ...]
    waiting: dict[int, tuple[tuple[Request, ...], tuple[SlabSlot, ...]]]
    phase: Phase
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What people call it."""
        return f"surfaces of {self.spec.phase.name} with {self.spec.engine}"

    def calculations(self) -> list[tuple[Request, Phase]]:
        """Return the calculations with the phases they belong to; what others begin from comes first."""
        return [*self.relaxations.calculations(), *((request, self.phase) for request in self.slabs)]

    def likely_follow_ups(self) -> list[Request]:
        """Return what will be computed once single points have chosen, with the first terminations for the lowest.

        The terminations of a plane differ little in size, so that this tells the cost before anything has run.
        """
        known = {request.key for request in self.slabs}
        likely: dict[str, Request] = {}
        chosen: dict[tuple[int, int, int], int] = {}
        for number, (requests, _) in self.waiting.items():
            plane = self.spec.surfaces[number].plane
            if chosen.setdefault(plane, 0) < self.entry.screen:
                chosen[plane] += 1
                likely |= {request.key: request for request in requests if request.key not in known}
        return list(likely.values())

    def with_follow_ups(self, results: Results) -> SurfacePlan:
        """Return the plan with the terminations that single points chose, once all of them are there.

        Parameters
        ----------
        results
            Store with the single points.
        """
        energies = screening_energies(self.spec, results) if self.waiting else None
        if energies is None:
            return self
        slots, added = list(self.spec.surfaces), list(self.slabs)
        for plane in dict.fromkeys(slots[number].plane for number in self.waiting):
            rivals = [number for number in self.waiting if slots[number].plane == plane]
            rivals.sort(key=lambda number: energies[slots[number].plane, slots[number].termination])
            for rank, number in enumerate(rivals):
                update: dict[str, Any] = {"undecided": False}
                if rank < self.entry.screen:
                    requests, computed = self.waiting[number]
                    added += [request for request in requests if request.key not in {one.key for one in added}]
                    update["slabs"] = computed
                slots[number] = slots[number].model_copy(update=update)
        spec = self.spec.model_copy(update={"surfaces": tuple(slots)})
        return replace(self, spec=spec, slabs=tuple(added), waiting={})


def plan_surfaces(
    campaign: Campaign, entry: SurfaceEntry, engine_spec: dict[str, Any], *, retry_failed: bool
) -> list[SurfacePlan]:
    """Return all that one surface entry needs with one engine, phase by phase; nothing is computed.

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
        For planes, thicknesses and phases of which there are no slabs, or that the engine cannot compute.
    """
    engines = slab_engines(engine_spec)
    return [_plan(campaign, entry, phase, engines, retry_failed=retry_failed) for phase in _phases(campaign, entry)]


def _phases(campaign: Campaign, entry: SurfaceEntry) -> list[Phase]:
    """Return the phases that an entry names."""
    from lianode.structures import library
    from lianode.structures.files import read_phases

    chosen: dict[str, Phase] = {}
    for text in entry.phases:
        for phase in read_phases(campaign.path(text)) if is_path(text) else [library.phase(text)]:
            if phase.name in chosen:
                raise InputError(f"two phases are named {phase.name}; leave one out, or rename its file", "surface")
            if not phase.ordered:
                raise InputError(
                    f"{phase.name} is disordered, and planes of an average cannot be cut; name an ordered model of it",
                    "surface",
                )
            chosen[phase.name] = phase
    return list(chosen.values())


def _plan(
    campaign: Campaign, entry: SurfaceEntry, phase: Phase, engines: SlabEngines, *, retry_failed: bool
) -> SurfacePlan:
    cuts = _surfaces(entry, phase)
    charged = any(cut.excess for _, _, own in cuts for cut in own)
    others = _competitors(phase) if charged else []
    relaxations = plan_relaxations(campaign, entry, engines.crystals, [phase, *others], retry_failed=retry_failed)
    made = _Requests(entry, phase, engines.slabs, relaxations.requests[0], retry_failed)
    slots: list[SurfaceSlot] = []
    slabs: list[Request] = []
    waiting = {}
    for family, label, own in cuts:
        screened = len(own) > entry.screen
        for cut in own:
            first, full = made.series(family, label, cut)
            slots.append(made.slot(family, label, cut, first.slots if screened else full.slots, undecided=screened))
            slabs += first.requests if screened else full.requests
            if screened:
                waiting[len(slots) - 1] = (tuple(full.requests), full.slots)
    own_slot, *competitors = relaxations.slots
    spec = SurfaceSpec(
        campaign=campaign.name,
        engine=engines.name,
        system=system_of(phase.elements),
        phase=own_slot,
        host=made.host,
        vectors=made.vectors,
        competitors=tuple(competitors),
        surfaces=tuple(slots),
        settings=_settings(campaign, entry, phase),
    )
    names = ", ".join(label for _, label, _ in cuts)
    note = f"{phase.name}: {len(slots)} termination{'s' if len(slots) > 1 else ''} of {names}"
    if waiting:
        note += f"; single points choose the {entry.screen} lowest of {len(waiting)}"
    return SurfacePlan(
        entry=entry,
        spec=spec,
        relaxations=relaxations,
        slabs=tuple({request.key: request for request in slabs}.values()),
        waiting=waiting,
        phase=phase,
        notes=(note,),
    )


def _settings(campaign: Campaign, entry: SurfaceEntry, phase: Phase) -> dict[str, Any]:
    """Return what tells documents of several entries for one phase apart."""
    from lianode.workflows.surface.entry import SurfaceEntry as Entry

    def resolved(text: str) -> str:
        from lianode.structures import library

        return text if is_path(text) else library.phase(text).name

    same = [
        one
        for one in campaign.calculations
        if isinstance(one, Entry) and any(resolved(text) == phase.name for text in one.phases if not is_path(text))
    ]
    return {"entry": 1 + same.index(entry) if entry in same else 1, "vacuum": entry.vacuum}


def _surfaces(entry: SurfaceEntry, phase: Phase) -> list[tuple[PlaneFamily, str, list[SlabCut]]]:
    """Return the planes with their labels and the slabs that count; of a polar pair one plane stands for both."""
    if entry.planes is not None:
        wanted = [(plane_family(phase, plane), plane_label(plane)) for plane in entry.planes]
    else:
        wanted = [(family, family.label) for family in distinct_planes(phase, entry.max_index or 1)]
    found: list[tuple[PlaneFamily, str, list[SlabCut]]] = []
    done: set[tuple[int, int, int]] = set()
    for family, label in wanted:
        opposite = (-family.plane[0], -family.plane[1], -family.plane[2])
        if done & {family.plane, opposite}:
            if entry.planes is not None:
                raise InputError(f"{label} is equal or opposite to a plane that is listed; leave one out", phase.name)
            continue
        done |= set(family.equal)
        cuts = slab_cuts(surface_cell(phase, family.plane))
        counted = [cut for cut in cuts if not cut.excess or entry.non_stoichiometric]
        if counted:
            found.append((family, label, counted))
        elif entry.planes is not None:
            raise InputError(
                f"{label} has terminations with atoms in excess only; allow them with `non_stoichiometric: true`",
                phase.name,
            )
    return found


def _competitors(phase: Phase) -> list[Phase]:
    """Return the other phases of the library that may form from a phase's elements.

    Raises
    ------
    InputError
        When an element has no phase of its own.
    """
    from lianode.structures import library

    known = {element for one in library.entries() for element in one.elements}
    inside = library.phases(system_of(known & set(phase.elements)))
    others = [one for one in inside if one.ordered and one.name != phase.name and one.kind == "experimental"]
    for element in phase.elements:
        if not any(one.elements == (element,) for one in others):
            raise InputError(
                f"the library has no phase of pure {element}, to which the atoms in excess on {phase.name} refer; set "
                "`non_stoichiometric: false`",
                "surface",
            )
    return others


@dataclass(frozen=True)
class _Series:
    """Slabs of one termination."""

    requests: list[Request]
    slots: tuple[SlabSlot, ...]


@dataclass(frozen=True)
class _Requests:
    """Makes the requests of one phase."""

    entry: SurfaceEntry
    phase: Phase
    engine: Engine
    bulk: Request
    retry_failed: bool

    @cached_property
    def host(self) -> dict[str, Any]:
        """The crystal before it relaxes, as a pymatgen dictionary."""
        return dict(self.phase.primitive().as_dict())

    @cached_property
    def vectors(self) -> tuple[tuple[int, int, int], ...]:
        """Of the stored cell in units of the primitive ones."""
        return tuple((int(a), int(b), int(c)) for a, b, c in self.phase.stored_vectors)

    def series(self, family: PlaneFamily, label: str, cut: SlabCut) -> tuple[_Series, _Series]:
        """Return the single point that screens a termination, and all slabs of it."""
        slabs = self._slabs(family, cut)
        statics = [self._request(slab, StaticTask(), label) for slab in slabs]
        relaxed = [self._request(slab, self._relaxation(), label) for slab in slabs] if self.entry.relax else []
        keys: list[str | None] = [request.key for request in relaxed]
        slots = tuple(
            SlabSlot(layers=slab.layers, static=static.key, relaxed=key)
            for slab, static, key in zip(slabs, statics, keys or [None] * len(slabs), strict=True)
        )
        first = SlabSlot(layers=slabs[0].layers, static=statics[0].key, relaxed=None)
        return _Series([statics[0]], (first,)), _Series([*statics, *relaxed], slots)

    def slot(
        self, family: PlaneFamily, label: str, cut: SlabCut, slabs: Sequence[SlabSlot], *, undecided: bool
    ) -> SurfaceSlot:
        """Return what the analysis needs to know of a termination."""
        return SurfaceSlot(
            plane=family.plane,
            plane_label=label,
            equal_planes=family.equal,
            termination=cut.name,
            kind=cut.kind,
            excess=cut.excess,
            parameters=slab_parameters(self._slabs(family, cut)[0], self.vectors),
            slabs=tuple(slabs),
            undecided=undecided,
        )

    def _slabs(self, family: PlaneFamily, cut: SlabCut) -> list[VacuumSlab]:
        surface = surface_cell(self.phase, family.plane)
        layers = self.entry.layers or layers_of(surface, self.entry.thicknesses)
        found = [
            vacuum_slab(surface, cut, number, vacuum=self.entry.vacuum, supercell=self.entry.supercell)
            for number in layers
        ]
        largest = len(found[-1].structure)
        if largest > MOST_ATOMS:
            raise InputError(
                f"its slab of {found[-1].thickness:.0f} Å has {largest} atoms, and {MOST_ATOMS} are the most; name "
                "smaller indices or thicknesses",
                surface.name,
            )
        return found

    def _relaxation(self) -> RelaxTask:
        rattle = usual_rattle(self.engine) if self.entry.rattle is None else self.entry.rattle
        return RelaxTask(
            relax_cell=False, max_force=self.entry.slab_force, max_steps=self.entry.max_steps, rattle=rattle
        )

    def _request(self, slab: VacuumSlab, task: StaticTask | RelaxTask, label: str) -> Request:
        source = Source(recipe=SLAB, parameters=slab_parameters(slab, self.vectors), parents=(self.bulk.key,))
        return derived_request(
            self.engine,
            task,
            source,
            slab.structure,
            label=f"{self.phase.name}{label} {slab.cut.name} {slab.layers} layers",
            retry_failed=self.retry_failed,
            host=self.host,
            where=self.phase.name,
        )
