"""Elastic constants as a property of a campaign: relaxations, strained cells, and the job that derives the tensor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from lianode.structures.crystal_axes import crystal_axes
from lianode.structures.errors import InputError
from lianode.structures.formulas import system_of
from lianode.structures.strains import independent_strains, strained
from lianode.workflows.elastic.analysis import ElasticSpec, StrainSlot
from lianode.workflows.elastic.starts import STRAINED
from lianode.workflows.engine import Capability
from lianode.workflows.engines.registry import VASP, make_engine
from lianode.workflows.keys import Source
from lianode.workflows.named_phases import named_phases
from lianode.workflows.promotion import promote
from lianode.workflows.property_plan import DerivedPlan
from lianode.workflows.request import phase_request, relax_phase, usual_rattle
from lianode.workflows.task import RelaxTask

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from lianode.structures.phase import Phase
    from lianode.workflows.campaign.campaign import Campaign
    from lianode.workflows.elastic.entry import ElasticEntry
    from lianode.workflows.engine import Engine
    from lianode.workflows.request import Request

SYMPREC = 1e-4
"""Å: below what the smallest strain moves; with the usual tolerance a strained cell has the symmetry it lost."""


@dataclass(frozen=True, kw_only=True)
class ElasticPlan(DerivedPlan):
    """The elastic tensor of one phase with one engine.

    Attributes
    ----------
    entry
        What the campaign asks for.
    spec
        What decides the document.
    requests
        The relaxation that a hull asks for, the one that goes on from it, the strained cells.
    phase
        For tables.
    """

    HOLDER: ClassVar[str] = "elastic"

    entry: ElasticEntry
    spec: ElasticSpec
    requests: tuple[Request, ...]
    phase: Phase

    @property
    def title(self) -> str:
        """What people call it."""
        return f"elastic tensor of {self.spec.phase} with {self.spec.engine}"

    def calculations(self) -> list[tuple[Request, Phase]]:
        """Return the calculations with their phase; what others begin from comes first."""
        return [(request, self.phase) for request in self.requests]


def plan_elastic(
    campaign: Campaign, entry: ElasticEntry, engine_spec: dict[str, Any], *, retry_failed: bool
) -> list[ElasticPlan]:
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
        For phases that cannot be strained, or that the engine cannot compute.
    """
    engine = make_engine(engine_spec)
    if Capability.STRESS not in engine.capabilities:
        raise InputError(f"{engine.name} gives no stress, which elastic constants come from", "elastic")
    phases = named_phases(campaign, entry.phases, "elastic")
    return [_plan(campaign, entry, phase, engine, retry_failed) for phase in phases]


def _plan(campaign: Campaign, entry: ElasticEntry, phase: Phase, engine: Engine, retry_failed: bool) -> ElasticPlan:
    relaxations = _relaxations(campaign, entry, phase, engine, retry_failed)
    cell = phase.primitive()
    strict = _with_one_mesh(engine, cell)
    task = RelaxTask(max_force=entry.max_force, max_stress_GPa=entry.max_stress, max_steps=entry.max_steps, rattle=0.0)
    reference = promote(relax_phase(strict, phase, task, retry_failed=retry_failed), relaxations[-1])
    reference = reference.model_copy(update={"label": f"{phase.name} at rest"})
    slots, cells = [], []
    at_rest = task.model_copy(update={"relax_cell": False, "symprec": SYMPREC})
    axes = crystal_axes(cell)
    for strain in independent_strains(axes.rotations(cell.lattice.matrix), entry.strains):
        source = Source(
            recipe=STRAINED,
            parameters={"pattern": strain.pattern, "magnitude": strain.magnitude},
            parents=(reference.key,),
        )
        request = phase_request(
            strict, phase, strained(cell, axes, strain), at_rest, source, retry_failed=retry_failed
        ).model_copy(update={"label": f"{phase.name} {strain.name}", "host": cell.as_dict()})
        cells.append(request)
        slots.append(StrainSlot(pattern=strain.pattern, magnitude=strain.magnitude, key=request.key))
    spec = ElasticSpec(
        campaign=campaign.name,
        engine=engine.name,
        system=system_of(phase.elements),
        phase=phase.name,
        formula=phase.formula,
        crystal=cell.as_dict(),
        relaxation=relaxations[-1].key,
        reference=reference.key,
        strains=tuple(slots),
        magnitudes=entry.strains,
        max_force=entry.max_force,
        max_stress=entry.max_stress,
    )
    return ElasticPlan(entry=entry, spec=spec, requests=(*relaxations, reference, *cells), phase=phase)


def _relaxations(
    campaign: Campaign, entry: ElasticEntry, phase: Phase, engine: Engine, retry_failed: bool
) -> tuple[Request, ...]:
    """Return the relaxation that a hull asks for; before it, where it starts from another engine, that one."""
    request = relax_phase(engine, phase, RelaxTask(rattle=usual_rattle(engine)), retry_failed=retry_failed)
    start = campaign.start_of(entry)
    if start is None or (other := make_engine(start.spec)).settings == engine.settings:
        return (request,)
    first = relax_phase(other, phase, RelaxTask(rattle=usual_rattle(other)), retry_failed=retry_failed)
    return first, promote(request, first)


def _with_one_mesh(engine: Engine, cell: Structure) -> Engine:
    """Return the engine with one mesh of k-points for all strains of a crystal.

    A density gives another mesh where a strain takes a vector over a whole number, and the difference of two meshes
    would stand beside stresses of 0.1 GPa. The Materials Project's input sets allow no mesh.
    """
    if engine.settings["name"] != VASP:
        return engine
    from lianode.workflows.engines.vasp.kpoints import density_mesh
    from lianode.workflows.engines.vasp.settings import resolve

    settings = resolve(engine.settings)
    if settings.k_density is None or settings.definition.materials_project:
        return engine
    mesh = density_mesh(cell, settings.k_density)
    return make_engine({**engine.settings, "k_density": None, "k_mesh": list(mesh)})
