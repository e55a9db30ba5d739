"""The barrier of one hop.

From the energies of the two end points E_i, E_f and of the saddle E_s between them::

    forward barrier    E_s - E_i        limit: 0 where the path leads downhill only
    backward barrier   E_s - E_f
    kinetically resolved barrier  E_KRA = E_s - (E_i + E_f)/2
                       (Van der Ven, Ceder, Asta, Tepesch, Phys. Rev. B 64, 184307 (2001))

The last does not depend on the direction, and is the part of the barrier that is not the difference of the sites.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from lianode.analysis.checks import Check
from lianode.analysis.documents import PropertyDocument
from lianode.analysis.migration.band import Band
from lianode.analysis.migration.barrier_checks import MEV, BandTolerances, band_checks
from lianode.analysis.migration.energy_path import EnergyPath, minima
from lianode.structures.hops.hop import Mechanism

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lianode.analysis.method import MethodKey
    from lianode.structures.hops.hop import Hop


class Coordination(BaseModel):
    """Neighbours of the moving atom along a hop.

    Attributes
    ----------
    radius
        Within which atoms count, Å.
    initial, saddle, final
        How many.
    effective_initial, effective_saddle, effective_final
        Weighted by distance (Hoppe), which needs no radius; None where they were not computed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    radius: float
    initial: int
    saddle: int
    final: int
    effective_initial: float | None = None
    effective_saddle: float | None = None
    effective_final: float | None = None


class BarrierDocument(PropertyDocument):
    """The barrier of one symmetry-distinct hop of a phase.

    Attributes
    ----------
    formula
        Of the phase, as the papers write it.
    hop
        Label, unique within the phase.
    mechanism
        How lithium moves.
    moves
        Element of the atom that moves.
    start_orbit, end_orbit
        Symmetry-distinct sites that the hop joins.
    hop_length
        Distance that the moving atom goes, between unrelaxed sites, Å.
    multiplicity
        Hops of this kind per primitive cell, each direction of a pair counted once.
    symmetric
        Whether symmetry takes the hop into its own reverse.
    coordination
        Of the moving atom; None where it was not counted.
    cell_formula, n_atoms
        Of the supercell, with its vacancy or its extra lithium.
    image_distance
        Shortest distance of the defect from its periodic images, Å.
    barrier_forward, barrier_backward, barrier_kra
        eV; see the module's formulas. From the curve through the images.
    barrier_highest_image
        Forward barrier by the highest image alone, eV.
    energy_difference
        E_f - E_i, eV.
    initial_energy, saddle_energy, final_energy
        Of the supercell, eV.
    zero
        Name of the zero of these energies: supercells of one composition share it.
    saddle_position
        Fraction of the path.
    path_length
        Å, over all atoms.
    intermediate_minima
        Fractions of the path where a minimum between the end points lies.
    tolerances
        That the checks used.
    bands
        Images, for figures and for deriving this again.
    """

    property: Literal["barrier"] = "barrier"
    formula: str
    hop: str
    mechanism: Mechanism
    moves: str = "Li"
    start_orbit: str
    end_orbit: str
    hop_length: float
    multiplicity: int
    symmetric: bool
    coordination: Coordination | None = None
    cell_formula: str
    n_atoms: int
    image_distance: float | None = None
    barrier_forward: float
    barrier_backward: float
    barrier_kra: float
    barrier_highest_image: float
    energy_difference: float
    initial_energy: float
    saddle_energy: float
    final_energy: float
    zero: str
    saddle_position: float
    path_length: float
    intermediate_minima: list[float] = Field(default_factory=list)
    tolerances: BandTolerances
    bands: list[Band]


def barrier(
    bands: Sequence[Band],
    hop: Hop,
    *,
    system: str,
    phase: str,
    formula: str,
    cell_formula: str,
    n_atoms: int,
    engine: str,
    campaign: str,
    method: MethodKey,
    calculations: Mapping[str, str],
    coordination: Coordination | None = None,
    image_distance: float | None = None,
    zero: str | None = None,
    tolerances: BandTolerances | None = None,
    settings: Mapping[str, Any] | None = None,
    checks: Sequence[Check] = (),
) -> BarrierDocument:
    """Derive the barrier of a hop from its band, or from several where intermediate minima split it.

    Parameters
    ----------
    bands
        In the order of the hop; all of one supercell.
    hop
        Its geometry.
    system, phase, formula, engine, campaign, method, calculations
        For the document.
    cell_formula, n_atoms
        Of the supercell.
    coordination
        Of the moving atom.
    image_distance
        Of the defect from its images, Å.
    zero
        Name of the zero of the energies; by default the composition of the supercell.
    tolerances
        Of the checks.
    settings
        Options of the calculation, for the key. The hop's label is added.
    checks
        Of the calculations that went in.

    Raises
    ------
    ValueError
        For a band that is none: fewer than three images, or images in no order.
    """
    tolerances = tolerances or BandTolerances()
    path = EnergyPath(bands)
    first, last, top = bands[0].energies[0], bands[-1].energies[-1], path.saddle()
    return BarrierDocument(
        system=system,
        phase=phase,
        engine=engine,
        campaign=campaign,
        method=method,
        settings={**(settings or {}), "hop": hop.label, "tolerances": tolerances.model_dump()},
        calculations=dict(calculations),
        checks=[*band_checks(bands, hop, tolerances), *checks],
        formula=formula,
        hop=hop.label,
        mechanism=hop.mechanism,
        moves=hop.moves,
        start_orbit=hop.start_orbit,
        end_orbit=hop.end_orbit,
        hop_length=hop.length,
        multiplicity=hop.multiplicity,
        symmetric=hop.symmetric,
        coordination=coordination,
        cell_formula=cell_formula,
        n_atoms=n_atoms,
        image_distance=image_distance,
        barrier_forward=top.energy - first,
        barrier_backward=top.energy - last,
        barrier_kra=top.energy - 0.5 * (first + last),
        barrier_highest_image=max(energy for band in bands for energy in band.energies) - first,
        energy_difference=last - first,
        initial_energy=first,
        saddle_energy=top.energy,
        final_energy=last,
        zero=zero or cell_formula,
        saddle_position=top.position / path.length,
        path_length=path.length,
        intermediate_minima=[p.position / path.length for p in minima(path.extrema(tolerances.noise))],
        tolerances=tolerances,
        bands=list(bands),
    )


def cell_size_check(small: BarrierDocument, large: BarrierDocument, tolerance: float = 0.01) -> Check:
    """Compare a barrier with the one of the next larger supercell.

    Parameters
    ----------
    small, large
        The same hop in two supercells.
    tolerance
        Change that is allowed, eV.
    """
    change = max(
        abs(large.barrier_forward - small.barrier_forward), abs(large.barrier_backward - small.barrier_backward)
    )
    return Check(
        name="supercell_size",
        passed=change <= tolerance,
        message=f"from {small.n_atoms} to {large.n_atoms} atoms the barrier changes by {MEV * change:.1f} meV "
        f"({MEV * tolerance:g} allowed)",
        subject=small.hop,
    )
