"""The electronic structure of a crystal, as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from lianode.analysis.documents import PropertyDocument
from lianode.analysis.electronic.checks import ElectronicTolerances, density_check, level_checks
from lianode.analysis.electronic.density import DensityOfStates, density_of_states
from lianode.analysis.electronic.gap import KPoint, band_gap

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lianode.analysis.checks import Check
    from lianode.analysis.electronic.levels import Levels, States
    from lianode.analysis.method import MethodKey


class ElectronicDocument(PropertyDocument):
    """Band gap and density of states of a crystal at 0 K.

    Attributes
    ----------
    formula
        As the papers write it.
    functional
        Of the levels: ``PBE``, ``HSE06``.
    metal
        Whether there is no gap.
    band_gap, direct_band_gap, direct, valence_k_point, conduction_k_point, direct_k_point
        As in :class:`lianode.analysis.electronic.gap.BandGap`: Kohn-Sham gaps, which PBE makes too small.
    valence_band_maximum, conduction_band_minimum, fermi_level
        eV, on the scale of the engine's potential.
    k_mesh, n_k_points
        Divisions of the mesh, and how many of its points are distinct.
    spin_polarised
        Whether the two spins were computed apart.
    magnetic_moment
        Of the cell, μB; 0 without spin polarisation.
    density
        Density of states, where it was asked for.
    tolerances
        That the checks used.
    """

    property: Literal["electronic"] = "electronic"
    formula: str
    functional: str
    metal: bool
    band_gap: float
    direct_band_gap: float
    direct: bool | None
    valence_band_maximum: float | None
    conduction_band_minimum: float | None
    valence_k_point: KPoint | None
    conduction_k_point: KPoint | None
    direct_k_point: KPoint | None
    fermi_level: float
    k_mesh: tuple[int, int, int]
    n_k_points: int
    spin_polarised: bool
    magnetic_moment: float
    density: DensityOfStates | None = None
    tolerances: ElectronicTolerances


def electronic(
    levels: Levels,
    *,
    system: str,
    phase: str,
    formula: str,
    engine: str,
    campaign: str,
    method: MethodKey,
    calculations: Mapping[str, str],
    broadening: float | None,
    own: States | None = None,
    settings: Mapping[str, Any] | None = None,
    checks: Iterable[Check] = (),
    tolerances: ElectronicTolerances | None = None,
) -> ElectronicDocument:
    """Return the document of a crystal.

    Parameters
    ----------
    levels
        On a mesh that contains Γ.
    system, phase, formula, engine, campaign, method, calculations, settings
        For the document.
    broadening
        Of the density of states, eV; None leaves that out.
    own
        Density of states as the program made it.
    checks
        Of the calculations that went in.
    tolerances
        Of the checks; None takes the usual ones.

    Raises
    ------
    InputError
        When there is no empty band, or no electron.
    """
    chosen = tolerances or ElectronicTolerances()
    gap = band_gap(levels)
    density = None if broadening is None else density_of_states(levels, gap, broadening=broadening, own=own)
    by_spin = levels.electrons_by_spin
    moment = float(by_spin[0] - by_spin[-1])
    return ElectronicDocument(
        system=system,
        phase=phase,
        engine=engine,
        campaign=campaign,
        method=method,
        settings={**(settings or {}), "broadening": broadening},
        calculations=dict(calculations),
        checks=[
            *level_checks(levels, gap, chosen),
            *([density_check(density, chosen)] if density is not None else []),
            *checks,
        ],
        formula=formula,
        functional=method.functional,
        **gap.model_dump(exclude={"largest_partial_occupation"}),
        fermi_level=levels.fermi_level,
        k_mesh=levels.mesh,
        n_k_points=len(levels.weights),
        spin_polarised=len(levels.energies) == 2,
        magnetic_moment=moment,
        density=density,
        tolerances=chosen,
    )
