"""Band gaps from levels on a mesh."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from lianode.analysis.electronic.levels import Levels

WHOLE = 0.02
"""Electrons per spin and cell: what is nearer to a whole number fills bands."""
CLOSED = 1e-3
"""eV: bands that are nearer touch."""

KPoint = tuple[float, float, float]


class BandGap(BaseModel):
    """The gap between filled and empty bands.

    Attributes
    ----------
    metal
        Whether there is none.
    band_gap
        Between the highest filled and the lowest empty level, wherever they are, eV; 0 for a metal.
    direct_band_gap
        Smallest one at one k-point and for one spin, eV; 0 for a metal.
    direct
        Whether both ends of the gap are at one k-point; None for a metal.
    valence_band_maximum, conduction_band_minimum
        eV, on the scale of the engine's potential; None for a metal.
    valence_k_point, conduction_k_point, direct_k_point
        In units of the reciprocal vectors of the computed cell; None for a metal.
    largest_partial_occupation
        How far an occupation is from 0 and 1 in a crystal with a gap: the smearing reaches across the gap.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    metal: bool
    band_gap: float = 0.0
    direct_band_gap: float = 0.0
    direct: bool | None = None
    valence_band_maximum: float | None = None
    conduction_band_minimum: float | None = None
    valence_k_point: KPoint | None = None
    conduction_k_point: KPoint | None = None
    direct_k_point: KPoint | None = None
    largest_partial_occupation: float = 0.0

    @property
    def mid_gap(self) -> float | None:
        """Middle between the band edges, eV; None for a metal."""
        if self.valence_band_maximum is None or self.conduction_band_minimum is None:
            return None
        return 0.5 * (self.valence_band_maximum + self.conduction_band_minimum)


def band_gap(levels: Levels) -> BandGap:
    """Return the gap of a crystal.

    Bands are counted, not compared with a Fermi level, which programs put anywhere between the band edges or at one of
    them. A crystal is a metal where a spin has no whole number of electrons, or where the band that they fill up
    overlaps the next one.

    Parameters
    ----------
    levels
        With at least one empty band.

    Raises
    ------
    InputError
        When there is no empty band, or no electron.
    """
    energies = levels.energies
    filled = levels.electrons_by_spin
    whole = np.rint(filled).astype(int)
    if filled.sum() < WHOLE:
        raise InputError("there are no electrons", "levels")
    if (whole >= energies.shape[2]).all():
        raise InputError(
            "all bands are filled, so the lowest empty level is not known; more bands are needed", "levels"
        )
    if (np.abs(filled - whole) > WHOLE).any():
        return BandGap(metal=True)
    tops = [(energies[s, :, n - 1].max(), s, int(energies[s, :, n - 1].argmax())) for s, n in enumerate(whole) if n > 0]
    bottoms = [
        (energies[s, :, n].min(), s, int(energies[s, :, n].argmin()))
        for s, n in enumerate(whole)
        if n < energies.shape[2]
    ]
    top, bottom = max(tops), min(bottoms)
    gap = float(bottom[0] - top[0])
    if gap <= CLOSED:
        return BandGap(metal=True)
    direct = [
        (energies[s, k, n] - energies[s, k, n - 1], k)
        for s, n in enumerate(whole)
        if 0 < n < energies.shape[2]
        for k in range(energies.shape[1])
    ]
    smallest = min(direct) if direct else (gap, top[2])
    partial = np.minimum(levels.occupations, 1.0 - levels.occupations)
    return BandGap(
        metal=False,
        band_gap=gap,
        direct_band_gap=float(smallest[0]),
        direct=bool(smallest[0] - gap < CLOSED),
        valence_band_maximum=float(top[0]),
        conduction_band_minimum=float(bottom[0]),
        valence_k_point=_point(levels, top[2]),
        conduction_k_point=_point(levels, bottom[2]),
        direct_k_point=_point(levels, smallest[1]),
        largest_partial_occupation=max(0.0, float(partial.max())),
    )


def _point(levels: Levels, number: int) -> KPoint:
    a, b, c = (round(float(x), 6) + 0.0 for x in levels.k_points[number])
    return a, b, c
