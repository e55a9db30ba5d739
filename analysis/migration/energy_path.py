"""The energy between the images of a band: a curve through their energies with the slopes that their forces give.

Between two images the energy is the cubic that has both energies and both slopes (cubic Hermite; the fit of Henkelman
and Jónsson, J. Chem. Phys. 113, 9978 (2000)). It is exact where the energy along the path is a cubic, and an image that
stands on the saddle, where its force along the path is 0, is a maximum of the curve.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from lianode.analysis.migration.band import Band


@dataclass(frozen=True)
class Extremum:
    """A point of a path.

    Attributes
    ----------
    position
        Along the path from its beginning, Å.
    energy
        Of the cell, eV.
    """

    position: float
    energy: float


class EnergyPath:
    """Energy along a band, or along several that follow each other.

    Parameters
    ----------
    bands
        In the order of the path. Each begins where the one before it ends, on one and the same relaxed structure.

    Raises
    ------
    ValueError
        Where a band has fewer than three images, lists of different lengths, or images in no order.
    """

    def __init__(self, bands: Sequence[Band]) -> None:
        if not bands:
            raise ValueError("a path needs a band")
        self._pieces: list[tuple[float, Any]] = []
        points: set[tuple[float, float]] = set()
        start = 0.0
        for band in bands:
            piece = _spline(band)
            self._pieces.append((start, piece))
            # an image has its own energy, to the last digit
            points |= {(start + float(x), energy) for x, energy in zip(piece.x, band.energies, strict=True)}
            points |= {(start + x, float(piece(x))) for x in _turning_points(piece)}
            start += band.coordinates[-1] - band.coordinates[0]
        self._points = sorted(points)
        self.length = start
        """Å."""

    def energies(self, positions: ArrayLike) -> NDArray[np.float64]:
        """Return the energy at positions along the path, eV; shape of ``positions``, in Å."""
        wanted = np.asarray(positions, dtype=float)
        found = np.empty_like(wanted)
        for start, piece in self._pieces:  # where two bands meet, both have the energy
            inside = wanted >= start - 1e-12
            found[inside] = piece(np.clip(wanted[inside] - start, 0.0, piece.x[-1]))
        return found

    def extrema(self, noise: float = 0.0) -> list[Extremum]:
        """Return the end points, and between them the maxima and minima in turn.

        Parameters
        ----------
        noise
            A wave whose top is less than this above its trough is none, eV.
        """
        return [Extremum(*self._points[i]) for i in _significant([energy for _, energy in self._points], noise)]

    def saddle(self) -> Extremum:
        """Return the highest point, which is an end point where nothing between them is higher."""
        return max(self.extrema(), key=lambda point: point.energy)


def maxima(extrema: Sequence[Extremum]) -> list[Extremum]:
    """Return those of :meth:`EnergyPath.extrema` that are maxima between the end points."""
    return [
        here
        for before, here, after in zip(extrema, extrema[1:], extrema[2:], strict=False)
        if here.energy > before.energy and here.energy > after.energy
    ]


def minima(extrema: Sequence[Extremum]) -> list[Extremum]:
    """Return those of :meth:`EnergyPath.extrema` that are minima between the end points."""
    return [
        here
        for before, here, after in zip(extrema, extrema[1:], extrema[2:], strict=False)
        if here.energy < before.energy and here.energy < after.energy
    ]


def _spline(band: Band) -> Any:
    from scipy.interpolate import CubicHermiteSpline

    x = np.array(band.coordinates)
    if not len(x) == len(band.energies) == len(band.tangential_forces) == len(band.perpendicular_forces):
        raise ValueError("a band needs one coordinate, one energy and two forces for each image")
    if len(x) < 3 or any(b <= a for a, b in pairwise(x)):
        raise ValueError("a band needs three images or more, each further along the path than the one before it")
    return CubicHermiteSpline(x - x[0], band.energies, -np.array(band.tangential_forces))


def _turning_points(piece: Any) -> list[float]:
    """Return where the slope is 0 between the images."""
    roots = piece.derivative().roots(extrapolate=False)
    return [float(x) for x in roots if np.isfinite(x) and piece.x[0] < x < piece.x[-1]]


def _significant(values: Sequence[float], noise: float) -> list[int]:
    """Return the numbers of both ends and of the alternating maxima and minima that differ by ``noise`` or more.

    The smallest wave is taken out until none is below the noise: topological persistence in one dimension.
    """
    kept = [0]
    for i in range(1, len(values) - 1):
        rises = (values[i] - values[kept[-1]]) * (values[i + 1] - values[i])
        if rises < 0:
            kept.append(i)
    kept.append(len(values) - 1)
    while len(kept) > 2:
        steps = [abs(values[b] - values[a]) for a, b in pairwise(kept)]
        smallest = int(np.argmin(steps))
        if steps[smallest] > 0 and steps[smallest] >= noise:
            break
        first, last = max(smallest, 1), min(smallest + 1, len(kept) - 2)
        del kept[first : last + 1]
    return kept
