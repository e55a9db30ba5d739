"""Electronic structures as a property of a campaign: relaxations, levels of crystals and slabs, and their documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from lianode.structures.canonical import structure_hash
from lianode.structures.errors import InputError
from lianode.structures.formulas import system_of
from lianode.structures.interfaces.surface_cell import plane_label, surface_cell
from lianode.structures.surfaces.cuts import slab_cut
from lianode.structures.surfaces.slabs import has_equal_surfaces, layers_of, vacuum_slab
from lianode.workflows.electronic.analysis import ElectronicSpec, SlabSlot
from lianode.workflows.electronic.starts import RELAXED
from lianode.workflows.engine import Capability
from lianode.workflows.engines.registry import GPAW, VASP, make_engine
from lianode.workflows.keys import Source
from lianode.workflows.named_phases import named_phases
from lianode.workflows.property_plan import DerivedPlan
from lianode.workflows.relaxations import plan_relaxations
from lianode.workflows.request import derived_request
from lianode.workflows.surface.starts import SLAB, slab_parameters
from lianode.workflows.task import ElectronicTask, RelaxTask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymatgen.core import Structure

    from lianode.structures.facets import Facet
    from lianode.structures.phase import Phase
    from lianode.structures.surfaces.slabs import VacuumSlab
    from lianode.workflows.campaign.campaign import Campaign
    from lianode.workflows.electronic.entry import ElectronicEntry
    from lianode.workflows.engine import Engine
    from lianode.workflows.request import Request
    from lianode.workflows.task import ElectronicOutput

ABLE = (GPAW, VASP)
"""Engines that have electrons."""
AS_GIVEN = "slab as given"
"""Recipe of a slab of the crystal as the library has it."""


@dataclass(frozen=True, kw_only=True)
class ElectronicPlan(DerivedPlan):
    """The electronic structure of one phase and its surfaces with one engine.

    Attributes
    ----------
    entry
        What the campaign asks for.
    spec
        What decides the documents.
    requests
        What is computed; what others begin from comes first.
    phase
        For tables.
    """

    HOLDER: ClassVar[str] = "electronic"

    entry: ElectronicEntry
    spec: ElectronicSpec
    requests: tuple[Request, ...]
    phase: Phase

    @property
    def title(self) -> str:
        """What people call it."""
        return f"electronic structure of {self.spec.phase} with {self.spec.engine}"

    def calculations(self) -> list[tuple[Request, Phase]]:
        """Return the calculations with their phase; what others begin from comes first."""
        return [(request, self.phase) for request in self.requests]


class _Engines(NamedTuple):
    """One engine, as crystals and as slabs need it."""

    crystals: Engine
    slabs: Engine


def plan_electronic(
    campaign: Campaign, entry: ElectronicEntry, engine_spec: dict[str, Any], *, retry_failed: bool
) -> list[ElectronicPlan]:
    """Return all that one entry needs with one engine, phase by phase; nothing is computed.

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
        For an engine without electrons, and for phases, planes and settings that cannot be computed.
    """
    engines = _engines(engine_spec, entry)
    asked = named_phases(campaign, entry.phases, "electronic") if entry.phases else []
    phases = {phase.name: phase for phase in asked}
    facets: dict[str, list[Facet]] = {}
    for facet in entry.facets:
        (phase,) = named_phases(campaign, [facet.phase], "electronic")
        phases.setdefault(phase.name, phase)
        facets.setdefault(phase.name, []).append(facet)
    wanted = {phase.name for phase in asked}
    return [
        _Planner(campaign, entry, phase, engines, retry_failed).plan(facets.get(name, []), dos=name in wanted)
        for name, phase in phases.items()
    ]


def _engines(spec: dict[str, Any], entry: ElectronicEntry) -> _Engines:
    """Return the engine in its variants.

    Raises
    ------
    InputError
        When it has no electrons, or no hybrid functional where one is asked for.
    """
    engine = make_engine(spec)
    if Capability.ELECTRONIC_STRUCTURE not in engine.capabilities:
        raise InputError(
            f"{engine.name} is a potential and has no electrons, so it gives no band gap, density of states or work "
            f"function; engines that do: {', '.join(ABLE)}",
            "electronic",
        )
    if entry.hybrid and spec["name"] != VASP:
        raise InputError(f"hybrid functionals are computed with {VASP} here, not with {spec['name']}", "electronic")
    plain = {key: value for key, value in spec.items() if key != "variant"}
    return _Engines(make_engine(plain), make_engine({**plain, "variant": "slab"}) if entry.surfaces else engine)


@dataclass(frozen=True)
class _Planner:
    """Plans one phase."""

    campaign: Campaign
    entry: ElectronicEntry
    phase: Phase
    engines: _Engines
    retry_failed: bool

    def plan(self, facets: Sequence[Facet], *, dos: bool) -> ElectronicPlan:
        """Return the plan of the crystal and of surfaces; ``dos`` where the phase itself was asked for."""
        entry, phase = self.entry, self.phase
        relaxations = self._relaxations()
        parent = relaxations[-1] if relaxations else None
        cell = phase.primitive()
        dos = dos and entry.dos
        outputs: list[ElectronicOutput] = ["gap"]
        outputs += ["dos"] if dos else []
        outputs += ["projected_dos"] if dos and entry.projected else []
        outputs += ["potential"] if facets else []
        task = ElectronicTask(outputs=tuple(outputs), k_factor=entry.k_factor, hybrid=entry.hybrid)
        source = (
            Source(recipe=RELAXED, parents=(parent.key,))
            if parent is not None
            else Source(recipe="primitive cell", structure_hash=structure_hash(phase.structure))
        )
        crystal = self._request(self.engines.crystals, task, source, cell, f"{phase.name} levels")
        requests = [*relaxations, crystal]
        slots: list[SlabSlot] = []
        for facet in facets:
            slot, own = self._slab(facet, parent)
            slots.append(slot)
            requests += own
        spec = ElectronicSpec(
            campaign=self.campaign.name,
            engine=self.engines.crystals.name,
            system=system_of(phase.elements),
            phase=phase.name,
            formula=phase.formula,
            volume=float(cell.volume),
            relaxation=None if parent is None else parent.key,
            electronic=crystal.key,
            broadening=entry.broadening if dos else None,
            slabs=tuple(slots),
            work_function_reference=entry.work_function_reference,
            settings={"k_factor": entry.k_factor, "hybrid": entry.hybrid, "relax": entry.relax},
        )
        return ElectronicPlan(entry=entry, spec=spec, requests=tuple(requests), phase=phase)

    def _relaxations(self) -> list[Request]:
        """Return what relaxes the crystal; the last one is what its levels begin from."""
        if self.entry.relax:
            engine = self.engines.crystals
        else:
            start = self.campaign.start_of(self.entry)
            if start is None:
                return []
            engine = make_engine(start.spec)
        planned = plan_relaxations(self.campaign, self.entry, engine, [self.phase], retry_failed=self.retry_failed)
        return [request for request, _ in planned.calculations()]

    def _slab(self, facet: Facet, parent: Request | None) -> tuple[SlabSlot, list[Request]]:
        """Return what the analysis needs to know of a slab, and its calculations."""
        slab, label = self._cut(facet), plane_label(facet.plane)
        vectors = [[int(n) for n in row] for row in self.phase.stored_vectors]
        parameters = slab_parameters(slab, vectors)
        source = (
            Source(recipe=SLAB, parameters=parameters, parents=(parent.key,))
            if parent is not None
            else Source(recipe=AS_GIVEN, structure_hash=structure_hash(self.phase.structure), parameters=parameters)
        )
        name = f"{facet.phase}{label}"
        requests: list[Request] = []
        if self.entry.relax:
            task = RelaxTask(
                relax_cell=False, max_force=self.entry.slab_force, max_steps=self.entry.max_steps, rattle=0.0
            )
            words = f"{name} {slab.cut.name} {slab.layers} layers"
            requests.append(self._request(self.engines.slabs, task, source, slab.structure, words))
            source = Source(recipe=RELAXED, parents=(requests[-1].key,))
        levels = ElectronicTask(outputs=("gap", "potential"), k_factor=1.0, hybrid=self.entry.hybrid)
        requests.append(self._request(self.engines.slabs, levels, source, slab.structure, f"{name} levels"))
        slot = SlabSlot(
            surface=name,
            plane=slab.slab.surface.plane,
            plane_label=label,
            termination=slab.cut.name,
            layers=slab.layers,
            thickness=slab.thickness,
            vacuum=slab.vacuum,
            equal_surfaces=has_equal_surfaces(slab.structure),
            period=slab.slab.surface.spacing,
            relaxation=requests[0].key if self.entry.relax else None,
            electronic=requests[-1].key,
        )
        return slot, requests

    def _cut(self, facet: Facet) -> VacuumSlab:
        surface = surface_cell(self.phase, facet.plane)
        layers = self.entry.layers or layers_of(surface, [self.entry.thickness])[0]
        return vacuum_slab(surface, slab_cut(surface, self.entry.termination), layers, vacuum=self.entry.vacuum)

    def _request(
        self, engine: Engine, task: ElectronicTask | RelaxTask, source: Source, structure: Structure, label: str
    ) -> Request:
        """Return a request, once it is sure that VASP's inputs can be written."""
        if engine.settings["name"] == VASP:
            from lianode.workflows.engines.vasp.inputs import input_set

            try:
                input_set(engine.settings, task, structure)
            except InputError as error:
                raise InputError(error.message, label) from error
        return derived_request(
            engine,
            task,
            source,
            structure,
            label=label,
            retry_failed=self.retry_failed,
            host=dict(self.phase.primitive().as_dict()) if source.recipe == SLAB else None,
            where=self.phase.name,
        )
