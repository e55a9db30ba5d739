"""What has to hold before levels and potentials are believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from lianode.analysis.checks import Check
from lianode.analysis.electronic.gap import band_gap

if TYPE_CHECKING:
    from lianode.analysis.electronic.density import DensityOfStates
    from lianode.analysis.electronic.gap import BandGap
    from lianode.analysis.electronic.levels import Levels
    from lianode.analysis.electronic.potential import VacuumLevel


class ElectronicTolerances(BaseModel):
    """When a check of an electronic structure fails.

    Attributes
    ----------
    k_points
        Difference of the gap from that on every second k-point, eV.
    partial_occupation
        Largest distance of an occupation from 0 and 1 in a crystal with a gap.
    electrons
        Difference of the integrated density of states from the number of electrons, relative.
    flatness
        Change of the potential within the window of a vacuum level, eV.
    equal_sides
        Difference of the vacuum levels of two surfaces that symmetry makes equal, eV.
    alignment
        Difference of the slab's own band edge from the crystal's, aligned by the potential in the slab's middle, eV.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    k_points: float = Field(default=0.05, gt=0)
    partial_occupation: float = Field(default=0.01, gt=0)
    electrons: float = Field(default=0.01, gt=0)
    flatness: float = Field(default=0.02, gt=0)
    equal_sides: float = Field(default=0.02, gt=0)
    alignment: float = Field(default=0.2, gt=0)


def level_checks(levels: Levels, gap: BandGap, tolerances: ElectronicTolerances) -> list[Check]:
    """Ask whether the mesh tells a gap, whether the smearing respects it, and whether spins were looked at."""
    checks = [_mesh_check(levels, gap, tolerances), _spin_check(levels)]
    if not gap.metal:
        partial = gap.largest_partial_occupation
        checks.append(
            Check(
                name="bands_filled",
                passed=partial <= tolerances.partial_occupation,
                message=f"occupations next to the gap are up to {partial:.3f} off 0 or 1 "
                f"({tolerances.partial_occupation:g} allowed)",
            )
        )
    return checks


def _mesh_check(levels: Levels, gap: BandGap, tolerances: ElectronicTolerances) -> Check:
    name = "k_points_converged"
    mesh = "x".join(map(str, levels.mesh))
    half = levels.every_second()
    if half is None:
        single = all(n == 1 for n in levels.mesh)
        message = f"{mesh}: one k-point cannot tell a metal from an insulator" if single else (
            f"not made: the mesh {mesh} has no half"
        )  # fmt: skip
        return Check(name=name, passed=False if single else None, message=message)
    coarse = band_gap(half)
    change = coarse.band_gap - gap.band_gap
    words = "a metal" if coarse.metal else f"a gap of {coarse.band_gap:.3f} eV"
    return Check(
        name=name,
        passed=abs(change) <= tolerances.k_points,
        message=f"on every second point of the mesh {mesh} it is {words}, {change:+.3f} eV off "
        f"({tolerances.k_points:g} allowed)",
    )


def _spin_check(levels: Levels) -> Check:
    up, down = levels.electrons_by_spin[0], levels.electrons_by_spin[-1]
    if len(levels.energies) == 1:
        return Check(name="spin", passed=None, message="not looked at: computed without spin polarisation")
    return Check(name="spin", passed=True, message=f"spin-polarised, with a moment of {up - down:.2f} μB per cell")


def density_check(density: DensityOfStates, tolerances: ElectronicTolerances) -> Check:
    """Compare the integral of a density of states with the number of electrons."""
    off = density.integrated_electrons / density.electrons - 1.0
    return Check(
        name="states_hold_the_electrons",
        passed=abs(off) <= tolerances.electrons,
        message=f"below the zero or mid-gap are {density.integrated_electrons:.3f} electrons of "
        f"{density.electrons:.3f} ({100 * off:+.2f} %, {100 * tolerances.electrons:g} % allowed)",
    )


def vacuum_checks(
    below: VacuumLevel, above: VacuumLevel, *, equal_surfaces: bool, tolerances: ElectronicTolerances
) -> list[Check]:
    """Ask whether the vacuum is flat on both sides, and equal where the surfaces are."""
    worst = max(below.flatness, above.flatness)
    step = above.value - below.value
    checks = [
        Check(
            name="vacuum_flat",
            passed=worst <= tolerances.flatness,
            message=f"the potential changes by {1e3 * worst:.1f} meV over {below.window[1] - below.window[0]:.1f} Å of "
            f"vacuum ({1e3 * tolerances.flatness:g} allowed)",
        )
    ]
    if equal_surfaces:
        passed = abs(step) <= tolerances.equal_sides
        message = (
            f"equal surfaces, whose vacuum levels differ by {1e3 * step:.1f} meV ({1e3 * tolerances.equal_sides:g} "
            "allowed)"
        )
    else:
        passed = worst <= tolerances.flatness
        message = (
            f"different surfaces with a dipole step of {step:.3f} eV between them, "
            + ("which the dipole correction takes up" if passed else "and a vacuum that is not flat")
        )  # fmt: skip
    return [*checks, Check(name="dipole", passed=passed, message=message)]


def alignment_check(own: float, aligned: float, tolerances: ElectronicTolerances) -> Check:
    """Compare the slab's own valence band top with that of the crystal, aligned by potentials.

    Parameters
    ----------
    own, aligned
        Ionisation potentials, eV.
    tolerances
        When it fails.
    """
    return Check(
        name="slab_like_crystal",
        passed=abs(own - aligned) <= tolerances.alignment,
        message=f"the slab's own valence band gives {own:.3f} eV, the crystal's in the slab's potential "
        f"{aligned:.3f} eV ({tolerances.alignment:g} allowed; surface states, or a slab too thin)",
    )
