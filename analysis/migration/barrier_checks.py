"""What has to hold before a band is a hop and its highest point a barrier."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from lianode.analysis.checks import Check
from lianode.analysis.migration.energy_path import EnergyPath, maxima

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lianode.analysis.migration.band import Band
    from lianode.structures.hops.hop import Hop

MEV = 1000.0


class BandTolerances(BaseModel):
    """How well a band has to be converged.

    Attributes
    ----------
    max_force
        Largest perpendicular force on an atom of an image, eV/Å.
    climbing_force
        Largest force of the climbing image across the path, on an atom, and along it, over all atoms, eV/Å. Where the
        whole force on each atom is below half of it, both are.
    end_force
        Largest force on an atom of an end point, eV/Å.
    noise
        Energy differences below this mean nothing, eV: waves of the path, the energies of equal end points.
    saddle_error
        How far the fitted saddle may lie above the highest image, eV.
    step_ratio
        Longest over mean distance of neighbouring images.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_force: float = Field(default=0.03, gt=0)
    climbing_force: float = Field(default=0.02, gt=0)
    end_force: float = Field(default=0.03, gt=0)
    noise: float = Field(default=0.002, gt=0)
    saddle_error: float = Field(default=0.005, gt=0)
    step_ratio: float = Field(default=3.0, gt=1)


def band_checks(bands: Sequence[Band], hop: Hop, tolerances: BandTolerances) -> list[Check]:
    """Check the bands of one hop.

    Parameters
    ----------
    bands
        One, or several that follow each other where intermediate minima split the hop.
    hop
        That they are of.
    tolerances
        What is demanded.
    """
    of_each: list[Callable[[Band, BandTolerances], Check]] = [_forces, _end_points, _one_maximum, _continuous, _saddle]
    checks = []
    for number, band in enumerate(bands, start=1):
        subject = f"band {number}" if len(bands) > 1 else None
        checks += [check(band, tolerances).model_copy(update={"subject": subject}) for check in of_each]
    checks.append(_different(bands, hop))
    if hop.symmetric:
        checks.append(_symmetric(bands, tolerances))
    if len(bands) > 1:
        checks.append(_joined(bands, tolerances))
    return checks


def _forces(band: Band, tolerances: BandTolerances) -> Check:
    images = range(1, len(band.energies) - 1)
    others = max((band.perpendicular_forces[i] for i in images if i != band.climbing), default=0.0)
    passed = others <= tolerances.max_force
    text = f"largest perpendicular force {others:.3f} eV/Å ({tolerances.max_force:g} allowed)"
    if band.climbing is not None:
        across, along = band.perpendicular_forces[band.climbing], abs(band.tangential_forces[band.climbing])
        passed = passed and max(across, along) <= tolerances.climbing_force
        text += (
            f"; climbing image {across:.3f} eV/Å across and {along:.3f} eV/Å along the path "
            f"({tolerances.climbing_force:g} allowed)"
        )
    return Check(name="band_forces", passed=passed, message=text)


def _end_points(band: Band, tolerances: BandTolerances) -> Check:
    """Both ends are minima: no force, and the path leads up from them."""
    force = max(band.perpendicular_forces[0], band.perpendicular_forces[-1])
    points = EnergyPath([band]).extrema(tolerances.noise)
    below = max(points[0].energy - points[1].energy, points[-1].energy - points[-2].energy)
    if len(points) == 2:  # uphill all the way: the lower end may be a minimum, the higher one is none
        return Check(
            name="end_points_minima",
            passed=False,
            message=f"the energy goes one way by {MEV * abs(points[1].energy - points[0].energy):.1f} meV from end to "
            "end, so that the higher end point is no minimum",
        )
    text = f"largest force on an end point {force:.3f} eV/Å ({tolerances.end_force:g} allowed)"
    if below > 0:
        text += f"; the path falls by {MEV * below:.1f} meV from an end point, which is no minimum then"
    return Check(name="end_points_minima", passed=force <= tolerances.end_force and below <= 0, message=text)


def _one_maximum(band: Band, tolerances: BandTolerances) -> Check:
    found = maxima(EnergyPath([band]).extrema(tolerances.noise))
    if len(found) == 1:
        return Check(name="one_maximum", passed=True, message="one maximum between the end points")
    places = ", ".join(f"{point.position:.2f} Å" for point in found)
    return Check(
        name="one_maximum",
        passed=False,
        message=f"{len(found)} maxima along the path, at {places}: each minimum between them splits the hop"
        if found
        else "no maximum between the end points: the hop has no barrier, or an end point is no minimum",
    )


def _continuous(band: Band, tolerances: BandTolerances) -> Check:
    """Neighbouring images are near each other, and the energy between them is the work of the forces.

    The trapezoidal rule for that work is off by h³/12 E''' where the path is smooth; an atom that jumped leaves an
    energy difference that no force explains.
    """
    steps = np.diff(band.coordinates)
    forces, energies = np.array(band.tangential_forces), np.array(band.energies)
    unexplained = np.abs(np.diff(energies) + 0.5 * (forces[1:] + forces[:-1]) * steps)
    allowed = max(0.05, 0.3 * float(energies.max() - energies.min()))
    ratio = float(steps.max() / steps.mean())
    worst = int(unexplained.argmax())
    return Check(
        name="path_continuous",
        passed=ratio <= tolerances.step_ratio and float(unexplained[worst]) <= allowed,
        message=f"longest step between images {steps.max():.2f} Å, {ratio:.1f} times the mean "
        f"({tolerances.step_ratio:g} allowed); forces leave {MEV * unexplained[worst]:.0f} meV unexplained between "
        f"images {worst} and {worst + 1} ({MEV * allowed:.0f} allowed)",
    )


def _saddle(band: Band, tolerances: BandTolerances) -> Check:
    saddle = EnergyPath([band]).saddle()
    above = saddle.energy - max(band.energies)
    text = f"the fitted saddle lies {MEV * above:.1f} meV above the highest image"
    if band.climbing is not None and band.energies[band.climbing] < max(band.energies) - tolerances.noise:
        return Check(name="saddle_resolved", passed=False, message=f"{text}, which is not the one that climbed")
    return Check(
        name="saddle_resolved",
        passed=above <= tolerances.saddle_error,
        message=f"{text} ({MEV * tolerances.saddle_error:g} allowed)",
    )


def _different(bands: Sequence[Band], hop: Hop) -> Check:
    """All atoms together move at least as far as the one that hops, unless it slid back where it came from."""
    length = EnergyPath(bands).length
    return Check(
        name="end_points_different",
        passed=length > 0.5 * hop.length,
        message=f"the path is {length:.2f} Å long, the hop {hop.length:.2f} Å",
    )


def _symmetric(bands: Sequence[Band], tolerances: BandTolerances) -> Check:
    difference = bands[-1].energies[-1] - bands[0].energies[0]
    return Check(
        name="symmetric_end_points",
        passed=abs(difference) <= tolerances.noise,
        message=f"end points that symmetry makes equal differ by {MEV * abs(difference):.1f} meV "
        f"({MEV * tolerances.noise:g} allowed)",
    )


def _joined(bands: Sequence[Band], tolerances: BandTolerances) -> Check:
    gap = max(abs(after.energies[0] - before.energies[-1]) for before, after in pairwise(bands))
    return Check(
        name="bands_joined",
        passed=gap <= tolerances.noise,
        message=f"bands that share an intermediate minimum differ there by {MEV * gap:.1f} meV",
    )
