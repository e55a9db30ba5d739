"""Adsorption energies as a property of a campaign: their calculations, and the job that turns them into documents."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from lianode.structures.adsorption.placing import (
    OFF_SITE,
    adsorbed,
    opposite_site,
    repeats_for,
    touching_distances,
)
from lianode.structures.adsorption.sites import distinct_sites
from lianode.structures.errors import InputError
from lianode.structures.formulas import system_of
from lianode.structures.interfaces.surface_cell import surface_cell
from lianode.structures.surfaces.cuts import slab_cut
from lianode.structures.surfaces.slabs import layers_of, vacuum_slab
from lianode.workflows.adsorption.analysis import AdsorptionSpec, SiteSlot
from lianode.workflows.adsorption.starts import ADSORBED, BOX, FREE_ATOM
from lianode.workflows.keys import Source
from lianode.workflows.property_plan import DerivedPlan
from lianode.workflows.relaxations import plan_relaxations
from lianode.workflows.request import derived_request, usual_rattle
from lianode.workflows.slab_engines import engine_of_free_atoms, slab_engines
from lianode.workflows.surface.starts import SLAB, slab_parameters
from lianode.workflows.task import RelaxTask, StaticTask

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from lianode.structures.adsorption.sites import DistinctSite, SiteAtom
    from lianode.structures.facets import Facet
    from lianode.structures.interfaces.surface_cell import SurfaceCell
    from lianode.structures.phase import Phase
    from lianode.structures.surfaces.slabs import VacuumSlab
    from lianode.workflows.adsorption.entry import AdsorptionEntry
    from lianode.workflows.campaign.campaign import Campaign
    from lianode.workflows.engine import Engine
    from lianode.workflows.relaxations import Relaxations
    from lianode.workflows.request import Request
    from lianode.workflows.slab_engines import SlabEngines

MOST_ATOMS = 600
"""In one slab; more are a mistake in the plane, the thickness or the distance of adsorbates."""
USUAL_THICKNESS = 10.0
"""Å."""


@dataclass(frozen=True, kw_only=True)
class AdsorptionPlan(DerivedPlan):
    """The sites of one surface with one engine.

    Attributes
    ----------
    entry
        What the campaign asks for.
    spec
        What decides the document.
    relaxations
        Of the crystal and of the adsorbate's own.
    requests
        The free atom, where the engine can compute one, the bare slab, and the slabs with adsorbates.
    phase
        For tables.
    notes
        What the user should know, one sentence each.
    """

    HOLDER: ClassVar[str] = "adsorption"

    entry: AdsorptionEntry
    spec: AdsorptionSpec
    relaxations: Relaxations
    requests: tuple[Request, ...]
    phase: Phase
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What people call it."""
        return f"{self.spec.adsorbate} on {self.spec.surface} with {self.spec.engine}"

    def calculations(self) -> list[tuple[Request, Phase]]:
        """Return the calculations with the phases they belong to; what others begin from comes first."""
        return [*self.relaxations.calculations(), *((request, self.phase) for request in self.requests)]


def plan_adsorptions(
    campaign: Campaign, entry: AdsorptionEntry, engine_spec: dict[str, Any], *, retry_failed: bool
) -> list[AdsorptionPlan]:
    """Return all that one adsorption entry needs with one engine, surface by surface; nothing is computed.

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
        For surfaces of which there is no slab or no site, and what the engine cannot compute.
    """
    engines = slab_engines(engine_spec)
    return [
        _plan(campaign, entry, _Surface(entry, text, facet), engines, retry_failed=retry_failed)
        for text, facet in zip(entry.surfaces, entry.facets, strict=True)
    ]


@dataclass(frozen=True)
class _Surface:
    """One surface of an entry, before anything relaxes.

    Attributes
    ----------
    entry
        What the campaign asks for.
    name
        As it was written.
    facet
        Phase and plane.
    """

    entry: AdsorptionEntry
    name: str
    facet: Facet

    @cached_property
    def phase(self) -> Phase:
        """The crystal."""
        from lianode.structures import library

        return library.phase(self.facet.phase)

    @cached_property
    def adsorbate(self) -> Phase:
        """The adsorbate's own crystal."""
        from lianode.structures import library

        return library.phase(self.entry.adsorbate)

    @cached_property
    def vectors(self) -> tuple[tuple[int, int, int], ...]:
        """Of the stored cell in units of the primitive ones."""
        return tuple((int(a), int(b), int(c)) for a, b, c in self.phase.stored_vectors)

    @cached_property
    def slab(self) -> VacuumSlab:
        """The bare slab."""
        entry, surface = self.entry, surface_cell(self.phase, self.facet.plane)
        cut = slab_cut(surface, entry.termination)
        if entry.sides == "both" and not cut.symmetric:
            raise InputError(
                "no operation of the crystal turns this plane around, so that the two sides of its slab differ; set "
                "`sides: one`",
                self.name,
            )
        supercell = entry.supercell or repeats_for(surface, entry.adsorbate_distance)
        slab = vacuum_slab(surface, cut, self._layers(surface), vacuum=entry.vacuum, supercell=supercell)
        if len(slab.structure) > MOST_ATOMS:
            raise InputError(
                f"its slab of {slab.thickness:.0f} Å has {len(slab.structure)} atoms, and {MOST_ATOMS} are the most; "
                "name smaller indices, a smaller thickness, or a smaller distance between adsorbates",
                self.name,
            )
        return slab

    @cached_property
    def sites(self) -> list[DistinctSite]:
        """All distinct sites."""
        touching = touching_distances(self.slab.structure, self.phase, self.adsorbate)
        return distinct_sites(self.slab.structure, touching)

    def with_adsorbate(self, site: DistinctSite) -> tuple[Structure, tuple[SiteAtom, ...] | None]:
        """Return the slab with adsorbates, and the atoms of the site on the other side where there is one."""
        slab = self.slab.structure
        other = opposite_site(slab, site.site.atoms) if self.entry.sides == "both" else None
        touching = touching_distances(slab, self.phase, self.adsorbate)
        try:
            filled = adsorbed(slab, site.site.atoms, other, touching, self.entry.adsorbate, height=self.entry.height)
        except InputError as error:
            raise InputError(error.message, f"{self.name} {site.label}") from error
        return filled, other

    def _layers(self, surface: SurfaceCell) -> int:
        entry = self.entry
        if entry.layers is not None:
            return entry.layers
        usual = max(USUAL_THICKNESS, math.ceil(surface.spacing))
        return layers_of(surface, [usual if entry.thickness is None else entry.thickness])[0]


def _plan(
    campaign: Campaign, entry: AdsorptionEntry, surface: _Surface, engines: SlabEngines, *, retry_failed: bool
) -> AdsorptionPlan:
    phases = list({one.name: one for one in (surface.phase, surface.adsorbate)}.values())
    relaxations = plan_relaxations(campaign, entry, engines.crystals, phases, retry_failed=retry_failed)
    made = _Requests(entry, surface, engines.slabs, relaxations.requests[0], retry_failed)
    atom = made.free_atom(engine_of_free_atoms(engines.crystals))
    slots: list[SiteSlot] = []
    filled: list[Request] = []
    for site in surface.sites:
        wanted = made.with_adsorbate(site) if site.site.kind in entry.sites else None
        filled += [] if wanted is None else [wanted]
        slots.append(
            SiteSlot(
                label=site.label,
                kind=site.site.kind,
                equal=tuple(one.atoms for one in site.equal),
                key=None if wanted is None else wanted.key,
            )
        )
    if not filled:
        there = ", ".join(dict.fromkeys(site.site.kind for site in surface.sites))
        raise InputError(f"it has no sites of the kinds that were asked for; it has {there}", surface.name)
    cut = surface.slab.cut
    spec = AdsorptionSpec(
        campaign=campaign.name,
        engine=engines.name,
        system=system_of({*surface.phase.elements, entry.adsorbate}),
        phase=relaxations.slots[0],
        reference=relaxations.slots[-1],
        host=made.host,
        surface=surface.name,
        plane=surface.slab.slab.surface.plane,
        plane_label=surface_cell(surface.phase, surface.facet.plane).label,
        termination=cut.name,
        kind=cut.kind,
        slab_parameters=slab_parameters(surface.slab, surface.vectors),
        slab=made.bare.key,
        sites=tuple(slots),
        adsorbate=entry.adsorbate,
        sides=entry.sides,
        free_atom=None if atom is None else atom.key,
        settings={
            "surface": surface.name,
            "termination": cut.name,
            "sides": entry.sides,
            "supercell": list(surface.slab.supercell),
            "layers": surface.slab.layers,
            "vacuum": entry.vacuum,
            "adsorbate": entry.adsorbate,
        },
    )
    across = " x ".join(map(str, surface.slab.supercell))
    count = len(surface.slab.structure)
    sites = f"{len(filled)} site{'' if len(filled) == 1 else 's'}"
    return AdsorptionPlan(
        entry=entry,
        spec=spec,
        relaxations=relaxations,
        requests=(*([] if atom is None else [atom]), made.bare, *filled),
        phase=surface.phase,
        notes=(f"{surface.name}: {sites} of {cut.name}, {across} surface cells, {count} atoms",),
    )


@dataclass(frozen=True)
class _Requests:
    """Makes the requests of one surface."""

    entry: AdsorptionEntry
    surface: _Surface
    engine: Engine
    bulk: Request
    retry_failed: bool

    @cached_property
    def host(self) -> dict[str, Any]:
        """The crystal before it relaxes, as a pymatgen dictionary."""
        return dict(self.surface.phase.primitive().as_dict())

    @cached_property
    def bare(self) -> Request:
        """The slab without adsorbates; the same calculation as in an entry of surface energies."""
        slab = self.surface.slab
        source = Source(recipe=SLAB, parameters=slab_parameters(slab, self.surface.vectors), parents=(self.bulk.key,))
        return self._request(source, self._relaxation(), slab.structure, f"{self.surface.name} {slab.cut.name} bare")

    def with_adsorbate(self, site: DistinctSite) -> Request:
        """Return the slab with adsorbates; they begin beside the middle of the site, where no symmetry holds them."""
        filled, other = self.surface.with_adsorbate(site)
        task = self._relaxation().model_copy(update={"rattle": 0.0})
        source = Source(
            recipe=ADSORBED,
            parameters={
                "slab": slab_parameters(self.surface.slab, self.surface.vectors),
                "adsorbate": self.entry.adsorbate,
                "site": site.label,
                "atoms": [list(atom) for atom in site.site.atoms],
                "opposite": None if other is None else [list(atom) for atom in other],
                "height": self.entry.height,
                "off_site": OFF_SITE,
            },
            parents=(self.bare.key, self.bulk.key),
        )
        label = f"{self.entry.adsorbate} on {self.surface.name} {site.label}"
        return self._request(source, task, filled, label)

    def free_atom(self, engine: Engine | None) -> Request | None:
        """Return the adsorbate alone in a box, where the engine can compute it."""
        from pymatgen.core import Lattice, Structure

        if engine is None:
            return None
        symbol = self.entry.adsorbate
        return derived_request(
            engine,
            StaticTask(),
            Source(recipe=FREE_ATOM, parameters={"element": symbol, "box": list(BOX)}),
            Structure(Lattice.orthorhombic(*BOX), [symbol], [[0.5, 0.5, 0.5]]),
            label=f"{symbol} free atom",
            retry_failed=self.retry_failed,
        )

    def _relaxation(self) -> RelaxTask:
        rattle = usual_rattle(self.engine) if self.entry.rattle is None else self.entry.rattle
        return RelaxTask(
            relax_cell=False, max_force=self.entry.slab_force, max_steps=self.entry.max_steps, rattle=rattle
        )

    def _request(self, source: Source, task: RelaxTask, structure: Structure, label: str) -> Request:
        return derived_request(
            self.engine,
            task,
            source,
            structure,
            label=label,
            retry_failed=self.retry_failed,
            host=self.host,
            where=self.surface.name,
        )
