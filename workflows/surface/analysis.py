"""From stored calculations to the documents of a phase's surfaces."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, field_validator

from lianode.structures.errors import InputError
from lianode.structures.surfaces.cuts import CutKind
from lianode.workflows.calculation import State
from lianode.workflows.hull.analysis import PhaseSlot, gather
from lianode.workflows.surface.starts import relaxed_crystal, slab_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lianode.analysis.documents import PropertyDocument
    from lianode.analysis.energies import PhaseEnergy
    from lianode.analysis.hull.chemical_limits import ChemicalLimit
    from lianode.analysis.surface.energy import SlabEnergy
    from lianode.analysis.surface.surface import SurfaceDocument
    from lianode.structures.phase import Phase
    from lianode.workflows.calculation import Calculation
    from lianode.workflows.results import Results

Indices = tuple[int, int, int]
_NOT_OF_SLABS = frozenset({"start_accepted", "volume_kept", "space_group_kept"})


class SlabSlot(BaseModel):
    """One slab.

    Attributes
    ----------
    layers
        Lattice planes.
    static, relaxed
        Keys of the single point of the slab as it was cut, and of its relaxation; None where it is not wanted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    layers: int
    static: str | None
    relaxed: str | None


class SurfaceSlot(BaseModel):
    """One termination of one plane.

    Attributes
    ----------
    plane, plane_label, equal_planes, termination, kind, excess
        As in :class:`lianode.analysis.surface.surface.SurfaceDocument`; the excess of one surface cell.
    parameters
        Of its slabs' sources, see :func:`lianode.workflows.surface.starts.slab_parameters`; ``layers`` differs.
    slabs
        Those that are computed.
    undecided
        Whether single points of the plane's terminations still have to tell if it is computed in full.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    plane: Indices
    plane_label: str
    equal_planes: tuple[Indices, ...]
    termination: str
    kind: CutKind
    excess: dict[str, int]
    parameters: dict[str, Any]
    slabs: tuple[SlabSlot, ...]
    undecided: bool = False


class SurfaceSpec(BaseModel):
    """Everything that decides the surfaces of one phase, once their calculations are done.

    Attributes
    ----------
    campaign, engine, system
        For the documents.
    phase
        The crystal and the key of its relaxation.
    host
        Its primitive cell before that, as a pymatgen dictionary.
    vectors
        Of the stored cell in units of the primitive ones, (3, 3).
    competitors
        All other phases of its elements, where terminations have an excess.
    surfaces
        What is computed.
    settings
        Of the documents.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    campaign: str
    engine: str
    system: str
    phase: PhaseSlot
    host: dict[str, Any]
    vectors: tuple[tuple[int, int, int], ...]
    competitors: tuple[PhaseSlot, ...] = ()
    surfaces: tuple[SurfaceSlot, ...]
    settings: dict[str, Any]

    @field_validator("host", mode="before")
    @classmethod
    def _as_dictionary(cls, value: Any) -> Any:
        """Take a pymatgen object too: jobflow makes one of every dictionary that looks like one."""
        return value.as_dict() if hasattr(value, "as_dict") else value


def derive_surfaces(spec: SurfaceSpec, results: Results) -> list[PropertyDocument]:
    """Return the documents of a phase: one per termination that has an energy, then the shape.

    Parameters
    ----------
    spec
        What was asked for.
    results
        Store with the calculations; nothing is computed and nothing is written here.

    Raises
    ------
    InputError
        When the crystal or all of its slabs have no energy.
    """
    from lianode.analysis.surface.wulff_document import wulff_document

    bulk, limits, lacking = _crystal(spec, results)
    before, crystal = _cells(spec, results)
    keys = [key for slot in spec.surfaces for slab in slot.slabs for key in (slab.static, slab.relaxed) if key]
    found = results.calculations(keys)
    created = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    documents: list[SurfaceDocument] = []
    for slot in spec.surfaces:
        document, reasons = _document(spec, slot, (bulk, limits), (before, crystal), found)
        lacking += reasons
        if document is not None:
            documents.append(document.model_copy(update={"created": created}))
    if all(document.surface_energy is None and document.cleavage_energy is None for document in documents):
        raise InputError(f"no surface has an energy ({'; '.join(lacking) or 'nothing computed'})", spec.phase.name)
    shape = wulff_document(
        documents, np.asarray(crystal.structure.lattice.matrix), settings=spec.settings, missing=lacking
    )
    # one document holds what all are derived from
    return [*documents, shape.model_copy(update={"created": created, "derivation": spec.model_dump(mode="json")})]


def screening_energies(spec: SurfaceSpec, results: Results) -> dict[tuple[Indices, str], float] | None:
    """Return the lowest energy that each termination can have, eV/Å², from the first of its single points.

    Parameters
    ----------
    spec
        What was asked for.
    results
        Store with the single points.

    Returns
    -------
    dict or None
        By plane and termination, infinite where there is none; None while something that is needed has not ended.
    """
    from lianode.analysis.surface.energy import fit_surface

    keys = [slot.slabs[0].static for slot in spec.surfaces]
    needed = [spec.phase.key, *(one.key for one in spec.competitors), *(key for key in keys if key)]
    found = results.calculations(needed)
    ended = {State.CONVERGED, State.FAILED}
    if any(key not in found or found[key].state not in ended for key in needed):
        return None
    try:
        bulk, limits, _ = _crystal(spec, results)
        cells = _cells(spec, results)
    except InputError:
        return None
    lowest = {}
    for slot in spec.surfaces:
        energies = [np.inf]
        slab, _ = _slab(slot, slot.slabs[0].layers, slot.slabs[0].static, cells, found)
        if slab is not None:
            per_unit = bulk.energy_per_atom * sum(_unit(bulk).values())
            corners = [limit.absolute for limit in limits] if slot.excess else [{}]
            energies += [fit_surface([slab], per_unit, potentials).energy for potentials in corners]
        lowest[slot.plane, slot.termination] = float(min(energies))
    return lowest


def _crystal(spec: SurfaceSpec, results: Results) -> tuple[PhaseEnergy, list[ChemicalLimit], list[str]]:
    """Return the crystal's energy, the limits of its stability, and what is missing for them."""
    from lianode.analysis.hull.chemical_limits import chemical_limits
    from lianode.analysis.hull.counting import HullImpossibleError

    energies, missing = gather((spec.phase, *spec.competitors), results)
    bulk = next((energy for energy in energies if energy.name == spec.phase.name), None)
    if bulk is None:
        raise InputError(f"it has no energy ({missing[0].reason})", spec.phase.name)
    if not spec.competitors:
        return bulk, [], []
    lacking = [f"{phase.name} is missing ({phase.reason}): limits may be wider than they are" for phase in missing]
    try:
        limits = chemical_limits(energies, bulk.name, missing=missing)
    except HullImpossibleError as error:
        return bulk, [], [*lacking, f"no chemical potentials: {error}"]
    if not limits:
        lacking.append(
            f"{bulk.name} is above the hull of its elements, so its non-stoichiometric surfaces are stable nowhere"
        )
    return bulk, limits, lacking


def _cells(spec: SurfaceSpec, results: Results) -> tuple[Phase, Phase]:
    """Return the crystal before and after its relaxation, in the stored cell."""
    from pymatgen.core import Structure

    vectors = [list(row) for row in spec.vectors]
    calculation = results.calculation(spec.phase.key)
    if calculation is None or calculation.structure is None:
        raise InputError("it has not been relaxed", spec.phase.name)
    return (
        relaxed_crystal(spec.phase.name, Structure.from_dict(spec.host), vectors),
        relaxed_crystal(spec.phase.name, Structure.from_dict(calculation.structure), vectors),
    )


def _document(
    spec: SurfaceSpec,
    slot: SurfaceSlot,
    energies: tuple[PhaseEnergy, Sequence[ChemicalLimit]],
    cells: tuple[Phase, Phase],
    found: Mapping[str, Calculation],
) -> tuple[SurfaceDocument | None, list[str]]:
    """Return the document of one termination, if there is anything, and what is missing.

    ``energies`` are the crystal's and the limits of its stability, ``cells`` it before and after its relaxation.
    """
    from lianode.analysis.surface.surface import surface_document

    series: dict[str, list[SlabEnergy]] = {"static": [], "relaxed": []}
    lacking = []
    for one in slot.slabs:
        for state, key in (("static", one.static), ("relaxed", one.relaxed)):
            slab, reason = _slab(slot, one.layers, key, cells, found)
            series[state] += [slab] if slab is not None else []
            if reason:
                lacking.append(f"{spec.phase.name}{slot.plane_label} {slot.termination}, {one.layers} layers: {reason}")
    if slot.undecided:
        lacking.append(
            f"{spec.phase.name}{slot.plane_label} {slot.termination}: screened; `lianode run` or `submit` once more "
            "computes the lowest terminations in full"
        )
    if not any(series.values()):
        return None, lacking
    document = surface_document(
        energies[0],
        unrelaxed=series["static"],
        relaxed=series["relaxed"],
        plane=slot.plane,
        plane_label=slot.plane_label,
        equal_planes=slot.equal_planes,
        termination=slot.termination,
        kind=slot.kind,
        limits=energies[1],
        engine=spec.engine,
        campaign=spec.campaign,
        system=spec.system,
        settings=spec.settings,
        missing=lacking,
    )
    return document, lacking


def _slab(
    slot: SurfaceSlot, layers: int, key: str | None, cells: tuple[Phase, Phase], found: Mapping[str, Calculation]
) -> tuple[SlabEnergy | None, str | None]:
    """Return one slab's energy, or why there is none."""
    from pymatgen.core import Structure

    from lianode.analysis.surface.checks import SurfaceTolerances, slab_checks
    from lianode.analysis.surface.energy import SlabEnergy

    if key is None:
        return None, None
    calculation = found.get(key)
    if calculation is None:
        return None, "not computed"
    if calculation.state is not State.CONVERGED or calculation.energy is None or calculation.structure is None:
        return None, f"{calculation.state.value}: {calculation.reason or 'no reason'}"
    before, crystal = cells
    slab = slab_in(crystal, before, slot.parameters | {"layers": layers})
    checks = tuple(check for check in calculation.checks if check.name not in _NOT_OF_SLABS)
    if calculation.task.kind == "relax":
        after = Structure.from_dict(calculation.structure)
        checks += slab_checks(slab.structure, after, slab.middle, SurfaceTolerances())
    energy = SlabEnergy(
        layers=layers,
        thickness=slab.thickness,
        formula_units=slab.formula_units,
        excess=slab.excess,
        n_atoms=calculation.n_atoms,
        area=slab.area,
        energy=calculation.energy,
        method=calculation.method,
        calculation_key=key,
        checks=checks,
    )
    return energy, None


def _unit(bulk: PhaseEnergy) -> dict[str, int]:
    import math

    divisor = math.gcd(*bulk.composition.values())
    return {element: amount // divisor for element, amount in bulk.composition.items()}
