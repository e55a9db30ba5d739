"""Interface energies as a property of a campaign: their calculations, and the job that turns them into a document."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from lianode.structures.errors import InputError
from lianode.structures.formulas import system_of
from lianode.structures.interfaces.pairing import interface_cell
from lianode.structures.interfaces.surface_cell import surface_cell
from lianode.workflows.electrolytes import electrolyte_models
from lianode.workflows.engine import Capability
from lianode.workflows.interface_energy.analysis import InterfaceEnergySpec
from lianode.workflows.interface_energy.parts import PART, part_of, part_parameters
from lianode.workflows.interface_engines import engine_of_cells
from lianode.workflows.interface_md.starts import cell_parameters
from lianode.workflows.keys import Source
from lianode.workflows.property_plan import DerivedPlan
from lianode.workflows.relaxations import plan_relaxations
from lianode.workflows.request import derived_request
from lianode.workflows.slab_engines import slab_engines
from lianode.workflows.task import RelaxTask

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from lianode.structures.interfaces.surface_cell import SurfaceCell
    from lianode.structures.phase import Phase
    from lianode.workflows.campaign.campaign import Campaign
    from lianode.workflows.interface_energy.entry import InterfaceEnergyEntry
    from lianode.workflows.interface_energy.parts import Part
    from lianode.workflows.request import Request

THINNEST: Final = 7.0
"""Å: the thinnest film of a series that nobody chose."""
MOST_ATOMS: Final = 1000
"""In one cell; more are a mistake in the planes or in the thickness."""
CELLS: Final = 3
"""Thicknesses of such a series: the least that give a line an error."""


@dataclass(frozen=True, kw_only=True)
class InterfaceEnergyPlan(DerivedPlan):
    """One interface with one engine.

    Attributes
    ----------
    entry
        What the campaign asks for.
    spec
        What decides the document.
    requests
        With the phases they belong to: crystals, closed cells, strained crystals, and the cells with vacuum.
    notes
        What the user should know, one sentence each.
    """

    HOLDER: ClassVar[str] = "interface_energy"

    entry: InterfaceEnergyEntry
    spec: InterfaceEnergySpec
    requests: tuple[tuple[Request, Phase], ...]
    notes: tuple[str, ...]

    @property
    def title(self) -> str:
        """What people call it."""
        return f"interface energy {self.spec.interface} with {self.spec.engine}"

    def calculations(self) -> list[tuple[Request, Phase]]:
        """Return the calculations with their phases; what others begin from comes first."""
        return list(self.requests)


def plan_interface_energy(
    campaign: Campaign, entry: InterfaceEnergyEntry, engine_spec: dict[str, Any], *, retry_failed: bool
) -> list[InterfaceEnergyPlan]:
    """Return all that one entry needs with one engine; nothing is computed.

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
        When the crystals make no such cell, or the engine cannot compute it.
    """
    from lianode.structures import library

    film = library.phase(entry.film_facet.phase)
    models = electrolyte_models(entry.substrate_facet.phase, entry.orderings, entry.seed)
    surface = surface_cell(film, entry.film_facet.plane)
    _check_thickness(entry, models[0].phase)
    layers = entry.film_layers or usual_layers(surface)
    made = _Requests(entry, engine_spec, retry_failed)
    relaxed = plan_relaxations(campaign, entry, made.crystals, [film], retry_failed=retry_failed)
    task = RelaxTask(max_force=entry.max_force, max_stress_GPa=entry.max_stress, max_steps=entry.max_steps)
    substrates = [(m.request(made.crystals, task, retry_failed=retry_failed), m.phase) for m in models]
    parents = (relaxed.requests[0].key, *(request.key for request, _ in substrates))

    def part(number: int, name: Part, *, vacuum: float | None = None) -> Request:
        choice = entry.choice(number, vacuum=vacuum)
        parameters = part_parameters(cell_parameters(film, models[0], choice, 1), name)
        structure = part_of(interface_cell(film, models[0].phase, choice), name)
        if len(structure) > MOST_ATOMS:
            raise InputError(
                f"its cell with {number} lattice planes of {entry.film} has {len(structure)} atoms, and {MOST_ATOMS} "
                "are the most; name thinner sides, or a smaller `width` or `max_area`",
                f"{entry.film}/{entry.substrate}",
            )
        what = "" if name == "whole" else f" {name}"
        label = f"{entry.film}/{entry.substrate} {number}{what}{'' if vacuum is None else ' apart'}"
        return made.request(name, parameters, parents, structure, label, closed=vacuum is None)

    series = {number: part(number, "whole") for number in layers}
    bulks = {name: part(layers[0], name) for name in ("film bulk", "substrate bulk")}
    apart = {name: part(layers[-1], name, vacuum=entry.vacuum) for name in ("whole", "film", "substrate")}
    parting = apart if entry.adhesion else {}
    spec = InterfaceEnergySpec(
        campaign=campaign.name,
        engine=made.name,
        system=system_of({*film.elements, *models[0].phase.elements}),
        interface=f"{film.name}{surface.label}/{models[0].name}{_label(entry)}",
        film=film.name,
        substrate=models[0].name,
        crystals=parents,
        parameters={
            number: cell_parameters(film, models[0], entry.choice(number, vacuum=None), 1)
            for number in layers
        },
        series={number: request.key for number, request in series.items()},
        bulks={name: request.key for name, request in bulks.items()},
        parting={name: request.key for name, request in parting.items()},
        settings={
            name: getattr(entry, name)
            for name in ("substrate_thickness", "width", "max_area", "max_strain", "strained", "closeness", "vacuum",
                         "film_termination", "substrate_termination", "cell_force", "max_force", "max_stress")
        } | {"film_layers": list(layers)},
    )  # fmt: skip
    added = [*series.values(), *bulks.values(), *parting.values()]
    every = [*relaxed.calculations(), *substrates, *((request, film) for request in added)]
    thickest = series[layers[-1]]
    note = f"{spec.interface}: films of {', '.join(map(str, layers))} lattice planes, up to {thickest.n_atoms} atoms"
    return [InterfaceEnergyPlan(entry=entry, spec=spec, requests=tuple(every), notes=(note,))]


def _check_thickness(entry: InterfaceEnergyEntry, substrate: Phase) -> None:
    """Refuse a thickness that someone chose and that no slab of the substrate can have."""
    period = surface_cell(substrate, entry.substrate_facet.plane).spacing
    if "substrate_thickness" in entry.model_fields_set and entry.substrate_thickness < period - 1e-3:
        raise InputError(
            f"a slab of {entry.substrate_thickness:g} Å is thinner than the crystal's period along the normal, "
            f"{period:.2f} Å; make `substrate_thickness` at least as large",
            entry.substrate,
        )


def usual_layers(surface: SurfaceCell) -> tuple[int, ...]:
    """Return the lattice planes of a series: whole stacking periods apart, so that all have the same two interfaces.

    The film has an odd number of planes where the stacking repeats after two: then both of its faces are alike.
    """
    period = stacking_period(surface)
    first = max(1, math.ceil(THINNEST / surface.spacing))
    if period == 2 and first % 2 == 0:
        first += 1
    return tuple(first + period * n for n in range(CELLS))


def stacking_period(surface: SurfaceCell) -> int:
    """Return after how many lattice planes a crystal repeats straight above itself."""
    lateral = np.linalg.solve(surface.in_plane.T, surface.vectors[2, :2])
    for number in range(1, 13):
        if np.abs(number * lateral - np.rint(number * lateral)).max() < 1e-4:
            return number
    return 1


def _label(entry: InterfaceEnergyEntry) -> str:
    from lianode.structures.interfaces.surface_cell import plane_label

    return plane_label(entry.substrate_facet.plane)


class _Requests:
    """Makes the requests of one interface."""

    def __init__(self, entry: InterfaceEnergyEntry, spec: dict[str, Any], retry_failed: bool) -> None:
        self.entry, self.retry_failed = entry, retry_failed
        engines = slab_engines(spec)
        self.name, self.crystals, self.slabs = engines.name, engines.crystals, engines.slabs
        self.cells = engine_of_cells(spec)

    def request(
        self, part: Part, parameters: dict[str, Any], parents: tuple[str, ...], structure: Structure, label: str,
        *, closed: bool,
    ) -> Request:  # fmt: skip
        """Return the relaxation of a part; the height of a closed cell relaxes, and a crystal's, where that can be."""
        entry = self.entry
        of_cells = self.cells if closed else self.slabs
        engine = self.crystals if part.endswith("bulk") else of_cells
        free = closed and Capability.CONSTANT_PRESSURE in engine.capabilities
        task = RelaxTask(
            relax_cell="height" if free else False,
            max_force=min(entry.cell_force, entry.max_force) if part.endswith("bulk") else entry.cell_force,
            max_stress_GPa=entry.max_stress,
            rattle=0.0,
            max_steps=entry.max_steps,
        )
        source = Source(recipe=PART, parameters=parameters, parents=parents)
        return derived_request(engine, task, source, structure, label=label, retry_failed=self.retry_failed)
