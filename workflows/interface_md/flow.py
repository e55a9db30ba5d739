"""Molecular dynamics of an interface as a property of a campaign: its calculations, and the job that analyses them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from lianode.structures.errors import InputError
from lianode.structures.formulas import system_of
from lianode.structures.interfaces.pairing import interface_cell
from lianode.workflows.electrolytes import electrolyte_models, models_of
from lianode.workflows.engine import Capability
from lianode.workflows.engines.registry import VASP
from lianode.workflows.hull.entry import is_path
from lianode.workflows.interface_engines import engine_of_cells, engine_of_crystals, engine_of_motion
from lianode.workflows.interface_md.analysis import InterfaceMdSpec, ReferenceSlot, RunSlot
from lianode.workflows.interface_md.bond_references import choose_references, usual_pairs, usual_polyhedra
from lianode.workflows.interface_md.starts import AFTER, CELL, RELAXED_SUPERCELL, cell_parameters
from lianode.workflows.keys import Source
from lianode.workflows.property_plan import DerivedPlan
from lianode.workflows.request import derived_request, relax_phase, usual_rattle
from lianode.workflows.task import MDTask, RelaxTask

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from lianode.structures.phase import Phase
    from lianode.workflows.campaign.campaign import Campaign
    from lianode.workflows.electrolytes import ElectrolyteModel
    from lianode.workflows.engine import Engine
    from lianode.workflows.interface_md.bond_references import Reference
    from lianode.workflows.interface_md.entry import InterfaceMdEntry
    from lianode.workflows.request import Request

CELL_FORCE = 5.0
"""Force at which the built cell is relaxed enough to be heated, over that of the crystals."""
ENSEMBLES: Final = {"nose-hoover": "nvt-nose-hoover", "langevin": "nvt-langevin", "bussi": "nvt-bussi"}
REFERENCE_LENGTH = 10.0
"""Å: shortest distance of images in the supercell of a reference crystal, at least."""


@dataclass(frozen=True, kw_only=True)
class InterfaceMdPlan(DerivedPlan):
    """One interface with one engine.

    Attributes
    ----------
    entry
        What the campaign asks for.
    spec
        What decides the documents.
    requests
        With the phases they belong to: crystals, cells, equilibrations, runs, reference crystals.
    notes
        What the user should know, one sentence each.
    """

    HOLDER: ClassVar[str] = "interface_md"

    entry: InterfaceMdEntry
    spec: InterfaceMdSpec
    requests: tuple[tuple[Request, Phase], ...]
    notes: tuple[str, ...]

    @property
    def title(self) -> str:
        """What people call it."""
        return f"interface {self.spec.interface} with {self.spec.engine}"

    def calculations(self) -> list[tuple[Request, Phase]]:
        """Return the calculations with their phases; what others begin from comes first."""
        return list(self.requests)


def plan_interface_md(
    campaign: Campaign, entry: InterfaceMdEntry, engine_spec: dict[str, Any], *, retry_failed: bool
) -> list[InterfaceMdPlan]:
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
        When the crystals make no such cell, a bond has no reference crystal, or the engine cannot compute it.
    """
    anode = _phase(campaign, entry.anode)
    if not anode.ordered:
        raise InputError(f"{anode.name} is disordered; name one of its ordered models", "interface_md")
    models = _models(campaign, entry)
    made = _Requests(entry, engine_spec, campaign.start_of(entry), retry_failed)
    electrolyte_elements = set(models[0].phase.elements)
    pairs = entry.pairs or usual_pairs(anode.elements, electrolyte_elements)
    own = None if entry.references is None else [_phase(campaign, text) for text in entry.references]
    references = choose_references(pairs, own, set(entry.cutoffs), anode, models[0].phase)

    built = interface_cell(anode, models[0].phase, entry.choice)
    crystals = made.crystals(anode, models)
    runs, requests = [], [(request, phase) for request, phase in crystals]
    for rank in range(1, min(entry.models, len(models)) + 1):
        parameters = cell_parameters(anode, models[0], entry.choice, rank)
        slot, added = made.run(parameters, tuple(request.key for request, _ in crystals), built.structure, rank)
        runs.append(slot)
        requests += [(request, anode) for request in added]
    slots = []
    for reference in references:
        slot_of, added = made.reference(reference)
        slots.append(slot_of)
        requests += [(request, reference.phase) for request in added]
    elements = sorted({*anode.elements, *electrolyte_elements})
    spec = InterfaceMdSpec(
        campaign=campaign.name,
        engine=made.running.name,
        system=system_of(elements),
        interface=built.name.replace(models[0].phase.name, models[0].name),
        runs=tuple(runs),
        references=tuple(slots),
        pairs=tuple(pairs),
        polyhedra=tuple(usual_polyhedra(electrolyte_elements) if entry.polyhedra is None else entry.polyhedra),
        **{name: getattr(entry, name) for name in InterfaceMdSpec.OF_ENTRY},
    )
    size = f"{len(built.structure)} atoms, {built.area:.0f} Å², strained by up to {built.match.strain:.2%}"
    notes = [f"{spec.interface}: {size}; {entry.time / 1e3:g} ps in {entry.steps(entry.time)} steps"]
    if len(models) > len(runs) == 1:
        notes.append(
            f"{spec.interface}: one of {len(models)} relaxed orderings is run; `models` runs more, and shows how much "
            "depends on the ordering"
        )
    return [InterfaceMdPlan(entry=entry, spec=spec, requests=tuple(requests), notes=tuple(notes))]


def _phase(campaign: Campaign, text: str) -> Phase:
    """Return the one phase that a name, a formula or a path means."""
    from lianode.structures import library
    from lianode.structures.files import read_phases

    if not is_path(text):
        return library.phase(text)
    found = read_phases(campaign.path(text))
    if len(found) != 1:
        raise InputError(f"{text} holds {len(found)} structures; name a file with one", "interface_md")
    return found[0]


def _models(campaign: Campaign, entry: InterfaceMdEntry) -> tuple[ElectrolyteModel, ...]:
    if is_path(entry.electrolyte):
        return models_of(_phase(campaign, entry.electrolyte), entry.orderings, entry.seed)
    return electrolyte_models(entry.electrolyte, entry.orderings, entry.seed)


class _Requests:
    """Makes the requests of one interface."""

    def __init__(self, entry: InterfaceMdEntry, spec: dict[str, Any], start: Any, retry_failed: bool) -> None:
        self.entry, self.retry_failed = entry, retry_failed
        before = spec if start is None else start.spec
        self.relaxing, self.building = engine_of_crystals(before), engine_of_cells(before)
        self.equilibrating, self.running = engine_of_motion(before), engine_of_motion(spec)
        self.own = engine_of_crystals(spec)

    def crystals(self, anode: Phase, models: tuple[ElectrolyteModel, ...]) -> list[tuple[Request, Phase]]:
        """Return the relaxations of the anode, as a hull asks for it, and of the electrolyte's models."""
        entry = self.entry
        task = RelaxTask(rattle=usual_rattle(self.relaxing))
        made = [(relax_phase(self.relaxing, anode, task, retry_failed=self.retry_failed), anode)]
        loose = task.model_copy(
            update={
                "max_force": entry.max_force, "max_stress_GPa": entry.max_stress, "max_steps": entry.max_steps
            }
        )  # fmt: skip
        return made + [(m.request(self.relaxing, loose, retry_failed=self.retry_failed), m.phase) for m in models]

    def run(
        self, parameters: dict[str, Any], parents: tuple[str, ...], structure: Structure, rank: int
    ) -> tuple[RunSlot, list[Request]]:
        """Return the cell, its equilibration and its run."""
        entry = self.entry
        name = f"{parameters['anode']['name']}/{parameters['electrolyte']['name']}" + (f" {rank}" if rank > 1 else "")
        relax = RelaxTask(
            relax_cell=False, max_force=CELL_FORCE * entry.max_force, rattle=0.0, max_steps=entry.max_steps
        )
        cell = self._request(self.building, relax, Source(recipe=CELL, parameters=parameters, parents=parents),
                             structure, f"{name} cell")  # fmt: skip
        made = [cell]
        if entry.equilibration > 0:
            made.append(self._after(made[-1], self.equilibrating, self._equilibration(), f"{name} equilibration"))
        task = self._task(entry.time, frame_interval=entry.frame_interval)
        made.append(self._after(made[-1], self.running, task, f"{name} run"))
        equilibration = made[1].key if entry.equilibration > 0 else None
        slot = RunSlot(
            rank=rank, crystals=parents, parameters=parameters, cell=cell.key, equilibration=equilibration,
            run=made[-1].key,
        )  # fmt: skip
        return slot, made

    def reference(self, reference: Reference) -> tuple[ReferenceSlot, list[Request]]:
        """Return the relaxation of a reference crystal, and its run."""
        crystal = reference.phase
        task = RelaxTask(rattle=usual_rattle(self.own))
        relaxed = relax_phase(self.own, crystal, task, retry_failed=self.retry_failed)
        made, run = [relaxed], None
        if self.entry.reference_time > 0:
            primitive = crystal.primitive()
            heights = [1.0 / length for length in primitive.lattice.reciprocal_lattice_crystallographic.abc]
            repeats = [math.ceil(REFERENCE_LENGTH / height) for height in heights]
            source = Source(recipe=RELAXED_SUPERCELL, parameters={"repeats": repeats}, parents=(relaxed.key,))
            task_md = self._task(self.entry.reference_time, frame_interval=5)
            made.append(self._request(self.running, task_md, source, primitive * repeats, f"{crystal.name} in motion"))
            run = made[-1].key
        slot = ReferenceSlot(crystal=crystal.name, pairs=reference.pairs, relaxed=relaxed.key, run=run)
        return slot, made

    def _equilibration(self) -> MDTask:
        """Return the run before the run: at zero pressure along the normal where the cell is closed."""
        entry = self.entry
        ramp = entry.start_temperature is not None
        task = self._task(entry.equilibration).model_dump(exclude_unset=True) | {
            "temperature": entry.start_temperature or entry.temperature,
            "final_temperature": entry.temperature if ramp else None,
        }
        if entry.vacuum is None and Capability.CONSTANT_PRESSURE in self.equilibrating.capabilities:
            task |= {"ensemble": "npt-bussi", "pressure_axes": "normal"}
        return MDTask.model_validate(task)

    def _task(self, time: float, frame_interval: int = 10) -> MDTask:
        entry = self.entry
        return MDTask.model_validate(
            {
                "ensemble": ENSEMBLES[entry.thermostat],
                "temperature": entry.temperature,
                "time_step_fs": entry.time_step,
                "steps": max(1, entry.steps(time)),
                "thermostat_time_fs": entry.thermostat_time,
                "seed": entry.seed,
                "frame_interval": frame_interval,
            }
        )

    def _after(self, parent: Request, engine: Engine, task: MDTask, label: str) -> Request:
        return self._request(engine, task, Source(recipe=AFTER, parents=(parent.key,)), parent.atoms(), label)

    def _request(
        self, engine: Engine, task: MDTask | RelaxTask, source: Source, structure: Structure, label: str
    ) -> Request:
        made = derived_request(engine, task, source, structure, label=label, retry_failed=self.retry_failed)
        if isinstance(task, MDTask) and engine.settings["name"] == VASP:
            from lianode.workflows.engines.vasp.dynamics import dynamics_of
            from lianode.workflows.engines.vasp.settings import resolve

            dynamics_of(resolve(engine.settings), task)  # refuses what VASP cannot do before anything is queued
        return made
