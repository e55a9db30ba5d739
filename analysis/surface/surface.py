"""The energy of one surface of a phase: a plane and a termination, as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from lianode.analysis.checks import Check
from lianode.analysis.documents import PropertyDocument
from lianode.analysis.method import single_method
from lianode.analysis.surface.checks import SurfaceTolerances, fit_check, kind_checks
from lianode.analysis.surface.energy import J_PER_M2, SurfaceFit, fit_surface
from lianode.structures.surfaces.cuts import CutKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lianode.analysis.energies import PhaseEnergy
    from lianode.analysis.hull.chemical_limits import ChemicalLimit
    from lianode.analysis.surface.energy import SlabEnergy

Indices = tuple[int, int, int]


class SlabRow(BaseModel):
    """One slab that went in; fields as in :class:`lianode.analysis.surface.energy.SlabEnergy`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    relaxed: bool
    layers: int
    thickness: float
    n_atoms: int
    formula_units: int
    energy: float


class SurfaceAtLimit(BaseModel):
    """A surface energy at one corner of the region in which the phase is stable.

    Attributes
    ----------
    neighbours
        Phases in equilibrium with it there.
    chemical_potentials
        Above those in the reference phases, eV/atom.
    surface_energy, surface_energy_J_per_m2
        eV/Å² and J/m².
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    neighbours: tuple[str, ...]
    chemical_potentials: dict[str, float]
    surface_energy: float
    surface_energy_J_per_m2: float


class SurfaceDocument(PropertyDocument):
    """Energy of one termination of one plane at 0 K.

    Attributes
    ----------
    formula
        As the papers write it.
    plane, plane_label
        Miller indices in the stored cell, and as they were written: ``(400)``.
    equal_planes
        All planes that symmetry makes equal to it.
    termination
        The planes of atoms on both sides of the cut at the top: ``Li|Cl`` leaves lithium.
    kind
        ``stoichiometric``, ``non-stoichiometric`` or ``cleavage``; see
        :class:`lianode.structures.surfaces.cuts.SlabCut`.
    excess
        Atoms beyond whole formula units, on both surfaces of one slab together.
    area
        Of one surface of a slab, Å².
    surface_energy, surface_energy_J_per_m2
        eV/Å² and J/m², of relaxed slabs where there are any; of a non-stoichiometric termination in equilibrium with
        the neighbours of the first of ``limits``, the most lithium that the phase stands. None for a cleavage.
    cleavage_energy, cleavage_energy_J_per_m2
        Mean over the two different surfaces of a cleavage, eV/Å² and J/m²; None where both surfaces are equal.
    relaxed
        Whether those are of relaxed slabs.
    relaxed_fit, unrelaxed_fit
        From relaxed slabs, and from slabs as they were cut; at the first limit.
    limits
        The same energies over the range of chemical potentials; empty for a stoichiometric termination.
    slabs
        What was computed.
    tolerances
        That the checks used.
    """

    property: Literal["surface"] = "surface"
    formula: str
    plane: Indices
    plane_label: str
    equal_planes: list[Indices]
    termination: str
    kind: CutKind
    excess: dict[str, int]
    area: float
    surface_energy: float | None = None
    surface_energy_J_per_m2: float | None = None
    cleavage_energy: float | None = None
    cleavage_energy_J_per_m2: float | None = None
    relaxed: bool
    relaxed_fit: SurfaceFit | None = None
    unrelaxed_fit: SurfaceFit | None = None
    limits: list[SurfaceAtLimit] = Field(default_factory=list)
    slabs: list[SlabRow]
    tolerances: SurfaceTolerances


def energy_of(surface: SurfaceDocument) -> float | None:
    """Return the surface energy, or the mean of both surfaces of a cleavage, eV/Å²."""
    return surface.cleavage_energy if surface.kind == "cleavage" else surface.surface_energy


def surface_document(
    bulk: PhaseEnergy,
    *,
    unrelaxed: Sequence[SlabEnergy],
    relaxed: Sequence[SlabEnergy],
    plane: Indices,
    plane_label: str,
    equal_planes: Iterable[Indices],
    termination: str,
    kind: CutKind,
    limits: Sequence[ChemicalLimit] = (),
    engine: str,
    campaign: str,
    system: str,
    settings: Mapping[str, Any] | None = None,
    missing: Iterable[str] = (),
    tolerances: SurfaceTolerances | None = None,
) -> SurfaceDocument:
    """Return the document of one surface.

    Parameters
    ----------
    bulk
        The crystal that the slabs were cut from.
    unrelaxed, relaxed
        Slabs as they were cut, and as they relaxed; one of the two may be empty.
    plane, plane_label, equal_planes, termination, kind
        What surface it is.
    limits
        Chemical potentials between which the crystal is stable; used where atoms are in excess.
    engine, campaign, system, settings
        For the document; plane and termination are added to the settings.
    missing
        What was asked for and is not there, one sentence each.
    tolerances
        Of the checks; None takes the usual ones.

    Raises
    ------
    InputError
        When the slabs are not of one kind.
    MethodMismatchError
        When slabs and crystal were computed with different methods.
    """
    chosen = tolerances or SurfaceTolerances()
    slabs = [*unrelaxed, *relaxed]
    method = single_method([bulk.method, *(slab.method for slab in slabs)], f"{bulk.name}{plane_label}")
    unit = _formula_unit(bulk.composition)
    bulk_energy = bulk.energy_per_atom * sum(unit.values())
    excess = dict(slabs[0].excess)
    charged = list(limits) if excess else []
    possible = bool(charged) or not excess
    fits = {
        state: fit_surface(own, bulk_energy, charged[0].absolute if charged else None) if own and possible else None
        for state, own in (("as cut", unrelaxed), ("relaxed", relaxed))
    }
    checks = [
        Check(name="one_method", passed=True, message=f"crystal and {len(slabs)} slabs are from {method.label}"),
        *kind_checks(kind, excess, charged),
        *(fit_check(fit, sum(unit.values()), chosen, f"slabs {state}") for state, fit in fits.items() if fit),
        *(check.model_copy(update={"subject": f"{s.layers} layers"}) for s in slabs for check in s.checks),
        *(check.model_copy(update={"subject": bulk.name}) for check in bulk.checks),
    ]
    best = fits["relaxed"] or fits["as cut"]
    last = relaxed or unrelaxed
    lacking = list(missing)
    if not possible:
        lacking.append(f"the chemical potentials of {', '.join(excess)} are not known, so there is no surface energy")
    value = {} if best is None else {"": best.energy, "_J_per_m2": best.energy_J_per_m2}
    quantity = "cleavage_energy" if kind == "cleavage" else "surface_energy"
    return SurfaceDocument(
        system=system,
        phase=bulk.name,
        engine=engine,
        campaign=campaign,
        method=method,
        settings={**(settings or {}), "plane": plane_label, "termination": termination},
        calculations={bulk.name: bulk.calculation_key}
        | {_slab_name(slab, slab in relaxed): slab.calculation_key for slab in slabs},
        completeness="partial" if lacking else "complete",
        missing=lacking,
        checks=checks,
        formula=bulk.formula,
        plane=plane,
        plane_label=plane_label,
        equal_planes=list(equal_planes),
        termination=termination,
        kind=kind,
        excess=excess,
        area=slabs[0].area,
        relaxed=bool(relaxed),
        relaxed_fit=fits["relaxed"],
        unrelaxed_fit=fits["as cut"],
        limits=[_at(limit, last, bulk_energy) for limit in charged],
        slabs=[_row(slab, relaxed=slab in relaxed) for slab in slabs],
        tolerances=chosen,
        **{quantity + unit_name: energy for unit_name, energy in value.items()},
    )


def _formula_unit(composition: Mapping[str, int]) -> dict[str, int]:
    import math

    divisor = math.gcd(*composition.values())
    return {element: amount // divisor for element, amount in composition.items()}


def _at(limit: ChemicalLimit, slabs: Sequence[SlabEnergy], bulk_energy: float) -> SurfaceAtLimit:
    energy = fit_surface(slabs, bulk_energy, limit.absolute).energy
    return SurfaceAtLimit(
        neighbours=limit.neighbours,
        chemical_potentials=limit.relative,
        surface_energy=energy,
        surface_energy_J_per_m2=J_PER_M2 * energy,
    )


def _slab_name(slab: SlabEnergy, relaxed: bool) -> str:
    return f"{slab.layers} layers {'relaxed' if relaxed else 'as cut'}"


def _row(slab: SlabEnergy, *, relaxed: bool) -> SlabRow:
    return SlabRow(
        relaxed=relaxed,
        layers=slab.layers,
        thickness=slab.thickness,
        n_atoms=slab.n_atoms,
        formula_units=slab.formula_units,
        energy=slab.energy,
    )
