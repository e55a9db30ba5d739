"""Where the first shell of neighbours ends: the cut-off of a bond, from the RDF of a reference crystal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lianode.analysis.frame import Frame
from lianode.analysis.structure_in_time.distribution import neighbour_density, running_coordination, shell_volumes
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pymatgen.core import Structure

    from lianode.analysis.structure_in_time.pair_counts import PairCounts

THERMAL_WIDTH = 0.12
"""Å; standard deviation of a distance in a soft crystal at room temperature, where no MD of the crystal was made."""
_SMOOTH = 0.03
_PEAK = 0.2
_VALLEY = 0.5
_RISE = 0.02
_FLAT = 0.01
REACH = 5.0
"""Standard deviations up to which the tail of a broadened distance counts."""


@dataclass(frozen=True, kw_only=True)
class FirstMinimum:
    """First minimum of an RDF.

    Attributes
    ----------
    pair
        Such as ``In-S``.
    distance
        Å; the middle where the RDF is flat there (within 1 % of the first peak's height).
    half_width
        Half the length of that flat stretch, or a bin's width where it is longer: how freely the cut-off can be
        chosen, Å.
    peak
        Position of the first peak, Å.
    depth
        RDF at the minimum over that at the peak; 0 between shells of a crystal, and a bond is ill defined near 1.
    coordination
        Neighbours within ``distance``.
    """

    pair: str
    distance: float
    half_width: float
    peak: float
    depth: float
    coordination: float


def crystal_frame(structure: Structure) -> Frame:
    """Return an ordered crystal as a frame, for :func:`..pair_counts.count_pairs`.

    Raises
    ------
    InputError
        When sites are partly occupied.
    """
    if not structure.is_ordered:
        raise InputError("partly occupied sites; order it first", structure.composition.reduced_formula)
    return Frame(
        cell=np.array(structure.lattice.matrix, dtype=float),
        positions=np.array(structure.cart_coords, dtype=float),
        numbers=np.array([site.specie.Z for site in structure], dtype=np.intp),
        step=0,
    )


def broadened(values: NDArray[np.float64], width: float, sigma: float) -> NDArray[np.float64]:
    """Return dn/dr after every neighbour has become a Gaussian; the number of neighbours stays.

    Parameters
    ----------
    values
        (..., n_bins) per bin, such as dn/dr of a crystal at rest.
    width
        Of a bin, Å.
    sigma
        Standard deviation of the Gaussian, Å. For two atoms that vibrate independently, with mean squares u² along
        their bond, it is sqrt(u₁² + u₂²).

    Raises
    ------
    InputError
        When sigma is below 0.
    """
    if not sigma >= 0:
        raise InputError(f"{sigma:g} Å; 0 or more would be right", "broadening")
    if sigma == 0:
        return values
    from scipy.special import ndtr

    reach = int(np.ceil(REACH * sigma / width))
    edges = (np.arange(-reach, reach + 2) - 0.5) * width / sigma
    weights = np.diff(ndtr(edges))
    weights /= weights.sum()
    out = np.empty_like(values)
    flat_in, flat_out = values.reshape(-1, values.shape[-1]), out.reshape(-1, values.shape[-1])
    for row, target in zip(flat_in, flat_out, strict=True):
        # what leaves at r = 0 does not exist, what leaves at the largest distance may; zeros beyond both ends
        target[:] = np.convolve(row, weights)[reach : reach + len(row)]
    return out


def first_minimum(
    counted: PairCounts, pair: str, *, sigma: float = 0.0, window: int = 0, layer: int = 0
) -> FirstMinimum:
    """Return the first minimum of a pair's RDF.

    The first peak is the first maximum of at least a fifth of the highest. The valley behind it begins where the curve
    has fallen to half of the peak, so that dips within a split shell are passed over, and ends where it has risen by a
    fiftieth of the peak above its lowest point. Shapes are compared, so that no density enters. The curve is
    smoothed by a Gaussian of 0.03 Å in any case, against the noise of bins.

    Parameters
    ----------
    counted
        Pairs of a crystal at rest (with ``sigma``), or of its MD.
    pair
        Such as ``In-S``.
    sigma
        Broadening, Å; :data:`THERMAL_WIDTH` for a crystal at rest at room temperature.
    window, layer
        Which ones.

    Raises
    ------
    InputError
        When there is no peak, or no minimum behind it within the counted distances.
    """
    index = counted.index(pair)
    width, r = counted.radii.width, counted.radii.centres
    density = np.nan_to_num(neighbour_density(counted)[window, layer, index])
    shape = broadened(density, width, float(np.hypot(sigma, _SMOOTH))) / shell_volumes(counted.radii)
    # the outer edge has lost its neighbours from beyond; the first bins divide noise by next to no volume
    last = len(r) - int(np.ceil(REACH * float(np.hypot(sigma, _SMOOTH)) / width))
    shape = np.where(r < 0.5, 0.0, shape)[: max(last, 0)]
    if not len(shape) or shape.max() <= 0:
        raise InputError(
            f"no {pair} within {counted.radii.largest:g} Å; a longer largest distance would be right", pair
        )
    inner = shape[1:-1]
    maxima = 1 + np.flatnonzero((inner >= shape[:-2]) & (inner > shape[2:]) & (inner >= _PEAK * shape.max()))
    if not len(maxima):
        raise InputError(f"the RDF has no peak within {counted.radii.largest:g} Å", pair)
    peak = int(maxima[0])
    valley = peak + _end_of_valley(shape[peak:])
    if valley <= peak:
        raise InputError(
            f"no minimum behind the peak at {r[peak]:.2f} Å within {counted.radii.largest:g} Å; a longer "
            "largest distance would be right",
            pair,
        )
    bottom = peak + int(np.argmin(shape[peak:valley]))
    flat = shape <= shape[bottom] + _FLAT * shape[peak]
    first = bottom - int(np.argmin(flat[bottom::-1])) + 1
    end = bottom + int(np.argmin(flat[bottom:])) - 1
    distance = float((r[first] + r[end]) / 2)
    running = running_coordination(counted)[window, layer, index]
    return FirstMinimum(
        pair=pair,
        distance=distance,
        half_width=max(width, float(r[end] - r[first]) / 2),
        peak=float(r[peak]),
        depth=float(shape[bottom] / shape[peak]),
        coordination=float(np.interp(distance, counted.radii.edges, running)),
    )


def _end_of_valley(shape: NDArray[np.float64]) -> int:
    """Return the index behind the valley that follows the peak at index 0; 0 where it does not end."""
    low = np.flatnonzero(shape <= _VALLEY * shape[0])
    if not len(low):
        return 0
    rest = shape[low[0] :]
    risen = np.flatnonzero(rest > np.minimum.accumulate(rest) + _RISE * shape[0])
    return int(low[0] + risen[0]) if len(risen) else 0


def coordination_numbers(counted: PairCounts, cutoffs: dict[str, float]) -> dict[str, NDArray[np.float64]]:
    """Return mean coordination numbers of each pair's centres, (n_windows, n_layers), by pair.

    Parameters
    ----------
    counted
        Pairs.
    cutoffs
        Å, by pair. Between the edges of bins n(r) is interpolated.

    Raises
    ------
    InputError
        When a pair was not counted, or not so far.
    """
    running = running_coordination(counted)
    numbers = {}
    for pair, cutoff in cutoffs.items():
        edges = counted.radii.edges
        if not 0 < cutoff <= edges[-1]:
            raise InputError(f"a cut-off of {cutoff:g} Å; pairs were counted from 0 to {edges[-1]:g} Å", pair)
        n = running[:, :, counted.index(pair)]
        k = min(int(cutoff / counted.radii.width), len(edges) - 2)
        share = cutoff / counted.radii.width - k
        numbers[pair] = (1 - share) * n[..., k] + share * n[..., k + 1]
    return numbers
