"""The work function of a slab, as a document.

For a metal it is the vacuum level less the Fermi level. An insulator has no level of its own between its bands, and
programs put their Fermi level anywhere there, so that two numbers are given: the ionisation potential, from the top of
the valence band, and the electron affinity, from the bottom of the conduction band. What is called the work function
of an insulator is one of two conventions, and the document names which: ``vbm`` (the ionisation potential) or
``mid-gap``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lianode.analysis.documents import PropertyDocument
from lianode.analysis.electronic.checks import ElectronicTolerances, alignment_check, level_checks, vacuum_checks
from lianode.analysis.electronic.gap import band_gap
from lianode.analysis.electronic.potential import (
    Profile,
    dipole_per_area,
    inside,
    macroscopic_average,
    vacuum_levels,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lianode.analysis.checks import Check
    from lianode.analysis.electronic.gap import BandGap
    from lianode.analysis.electronic.levels import Levels
    from lianode.analysis.method import MethodKey

InsulatorReference = Literal["vbm", "mid-gap"]
Reference = Literal["fermi_level", "vbm", "mid-gap"]


class WorkFunctionDocument(PropertyDocument):
    """Work function of one termination of one plane at 0 K.

    Attributes
    ----------
    formula, plane, plane_label, surface, termination
        Which surface; ``surface`` is ``LiCl(001)``, as a campaign writes it.
    functional
        Of the levels.
    layers, thickness, vacuum, n_atoms
        Of the slab: lattice planes, Å, Å.
    relaxed
        Whether the slab's atoms are.
    equal_surfaces
        Whether symmetry makes both surfaces equal.
    metal, slab_band_gap
        Whether the slab has a gap, and which, eV.
    work_function
        eV, mean over both sides where the surfaces are equal, that of the upper surface where they are not.
    work_function_reference
        The level it counts from: ``fermi_level`` of a metal, ``vbm`` or ``mid-gap`` of an insulator.
    work_function_below, work_function_above
        Of the two sides, eV.
    ionisation_potential, electron_affinity
        Vacuum level less the slab's band edges, eV; None for a metal.
    ionisation_potential_of_crystal, electron_affinity_of_crystal
        The same with the band edges of the crystal, aligned by the macroscopic average of the potential in the middle
        of the slab; None where the crystal is a metal or was not computed.
    vacuum_level_below, vacuum_level_above, dipole_step, dipole_e_A_per_A2
        eV; the step above less below, and the dipole moment per area that makes it.
    fermi_level, valence_band_maximum, conduction_band_minimum
        Of the slab, eV, on the same scale.
    potential, macroscopic, macroscopic_period
        Planar average, its macroscopic average at the same heights (eV), and over which length (Å).
    tolerances
        That the checks used.
    """

    property: Literal["work_function"] = "work_function"
    formula: str
    plane: tuple[int, int, int]
    plane_label: str
    surface: str
    termination: str
    functional: str
    layers: int
    thickness: float
    vacuum: float
    n_atoms: int
    relaxed: bool
    equal_surfaces: bool
    metal: bool
    slab_band_gap: float
    work_function: float
    work_function_reference: Reference
    work_function_below: float
    work_function_above: float
    ionisation_potential: float | None = None
    electron_affinity: float | None = None
    ionisation_potential_of_crystal: float | None = None
    electron_affinity_of_crystal: float | None = None
    vacuum_level_below: float
    vacuum_level_above: float
    dipole_step: float
    dipole_e_A_per_A2: float
    fermi_level: float
    valence_band_maximum: float | None = None
    conduction_band_minimum: float | None = None
    potential: Profile
    macroscopic: list[float]
    macroscopic_period: float
    tolerances: ElectronicTolerances


@dataclass(frozen=True, kw_only=True)
class SlabOfSurface:
    """What the document says of the slab.

    Attributes
    ----------
    formula, plane, plane_label, surface, termination, layers, thickness, vacuum, n_atoms, relaxed, equal_surfaces
        As in :class:`WorkFunctionDocument`.
    period
        Distance of the crystal's lattice planes, Å.
    """

    formula: str
    plane: tuple[int, int, int]
    plane_label: str
    surface: str
    termination: str
    layers: int
    thickness: float
    vacuum: float
    n_atoms: int
    relaxed: bool
    equal_surfaces: bool
    period: float


@dataclass(frozen=True, kw_only=True)
class CrystalPotential:
    """The crystal that a slab was cut from.

    Attributes
    ----------
    gap
        Its band edges, on the scale of its own potential.
    mean
        Of that potential over its cell, eV.
    """

    gap: BandGap
    mean: float


def work_function(
    levels: Levels,
    profile: Profile,
    slab: SlabOfSurface,
    *,
    system: str,
    phase: str,
    engine: str,
    campaign: str,
    method: MethodKey,
    calculations: Mapping[str, str],
    crystal: CrystalPotential | None = None,
    insulator_reference: InsulatorReference = "vbm",
    settings: Mapping[str, Any] | None = None,
    checks: Iterable[Check] = (),
    tolerances: ElectronicTolerances | None = None,
) -> WorkFunctionDocument:
    """Return the document of one surface.

    Parameters
    ----------
    levels, profile
        Of the slab: its levels, and its planar potential, on one scale.
    slab
        What it is.
    system, phase, engine, campaign, method, calculations, settings
        For the document.
    crystal
        Levels and potential of the crystal, for the alignment.
    insulator_reference
        Which convention ``work_function`` follows for an insulator.
    checks
        Of the calculations that went in.
    tolerances
        Of the checks; None takes the usual ones.

    Raises
    ------
    InputError
        When there is no vacuum, or no empty band.
    """
    chosen = tolerances or ElectronicTolerances()
    gap = band_gap(levels)
    potential = profile.centred()
    below, above = vacuum_levels(potential)
    mean = 0.5 * (below.value + above.value)
    vacuum_level = mean if slab.equal_surfaces else above.value
    reference, zero = _zero(gap, levels.fermi_level, insulator_reference)
    averaged = macroscopic_average(potential, slab.period)
    edges = [] if gap.valence_band_maximum is None else [
        vacuum_level - edge for edge in (gap.valence_band_maximum, gap.conduction_band_minimum) if edge is not None
    ]  # fmt: skip
    aligned = _aligned(potential, averaged, slab.period, vacuum_level, crystal)
    found = [
        *vacuum_checks(below, above, equal_surfaces=slab.equal_surfaces, tolerances=chosen),
        *level_checks(levels, gap, chosen),
    ]
    if edges and aligned:
        found.append(alignment_check(edges[0], aligned[0], chosen))
    return WorkFunctionDocument(
        system=system,
        phase=phase,
        engine=engine,
        campaign=campaign,
        method=method,
        settings={
            **(settings or {}),
            "plane": slab.plane_label,
            "termination": slab.termination,
            "work_function_reference": insulator_reference,
        },
        calculations=dict(calculations),
        checks=[*found, *checks],
        **{name: value for name, value in vars(slab).items() if name != "period"},
        functional=method.functional,
        metal=gap.metal,
        slab_band_gap=gap.band_gap,
        work_function=vacuum_level - zero,
        work_function_reference=reference,
        work_function_below=below.value - zero,
        work_function_above=above.value - zero,
        ionisation_potential=edges[0] if edges else None,
        electron_affinity=edges[1] if edges else None,
        ionisation_potential_of_crystal=aligned[0] if aligned else None,
        electron_affinity_of_crystal=aligned[1] if aligned else None,
        vacuum_level_below=below.value,
        vacuum_level_above=above.value,
        dipole_step=above.value - below.value,
        dipole_e_A_per_A2=dipole_per_area(above.value - below.value),
        fermi_level=levels.fermi_level,
        valence_band_maximum=gap.valence_band_maximum,
        conduction_band_minimum=gap.conduction_band_minimum,
        potential=potential,
        macroscopic=np.round(averaged, 6).tolist(),
        macroscopic_period=slab.period,
        tolerances=chosen,
    )


def _zero(gap: BandGap, fermi_level: float, insulator_reference: InsulatorReference) -> tuple[Reference, float]:
    """Return the level that the work function counts from, and its name."""
    if gap.valence_band_maximum is None or gap.mid_gap is None:
        return "fermi_level", fermi_level
    return (
        (insulator_reference, gap.valence_band_maximum)
        if insulator_reference == "vbm"
        else (insulator_reference, gap.mid_gap)
    )


def _aligned(
    potential: Profile,
    averaged: np.ndarray[Any, np.dtype[np.float64]],
    period: float,
    vacuum_level: float,
    crystal: CrystalPotential | None,
) -> tuple[float, float] | None:
    """Return ionisation potential and electron affinity with the crystal's band edges, eV."""
    if crystal is None or crystal.gap.valence_band_maximum is None or crystal.gap.conduction_band_minimum is None:
        return None
    shift = inside(potential, averaged, period) - crystal.mean
    return (
        vacuum_level - (crystal.gap.valence_band_maximum + shift),
        vacuum_level - (crystal.gap.conduction_band_minimum + shift),
    )
