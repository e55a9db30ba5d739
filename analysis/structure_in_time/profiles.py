"""Density of each element along the normal of an interface, in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lianode.analysis.structure_in_time.blocks import blocks, clock, opened, species_order
from lianode.analysis.structure_in_time.drift import Drift, fractional
from lianode.analysis.structure_in_time.layers import normal_and_period
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from lianode.analysis.frame import Frame
    from lianode.analysis.structure_in_time.windows import Windows

_MOST_BINS = 100_000
_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class DensityProfiles:
    """Number densities along the normal.

    Attributes
    ----------
    elements
        In order.
    heights
        (n_bins,) middles of the bins above the origin of the cell, Å, in the first frame; they stretch with the cell.
    density
        (n_windows, n_elements, n_bins), atoms/Å³. Times the area of the interface and the width of a bin, its sum is
        the number of atoms.
    frames
        (n_windows,)
    """

    elements: tuple[str, ...]
    heights: NDArray[np.float64]
    density: NDArray[np.float64]
    frames: NDArray[np.int64]


def density_profiles(
    frames: Iterable[Frame],
    elements: Sequence[str],
    *,
    width: float = 0.2,
    axis: int = 2,
    windows: Windows | None = None,
    fixed: Sequence[str] = (),
    spacing: float | None = None,
    where: str = "trajectory",
) -> DensityProfiles:
    """Return how each element is distributed along the normal; the cell is periodic, and its drift is taken out.

    Parameters
    ----------
    frames
        Of one trajectory, in order of time.
    elements
        Which ones.
    width
        Of the bins, about, Å: the period is divided into whole ones.
    axis
        0, 1 or 2: the vector of the cell that leaves the interface's plane. Heights are along the plane's normal.
    windows
        Stretches of time; by default one of all frames.
    fixed
        Elements whose centre of mass stays in place; none takes all atoms.
    spacing
        fs between frames, where frames have no time and windows need it.
    where
        Name of the trajectory, for messages.

    Raises
    ------
    InputError
        As in :func:`..pair_counts.count_pairs`.
    """
    if axis not in {0, 1, 2} or not elements:
        raise InputError("name elements and an axis of 0, 1 or 2", where)
    first, frames = opened(frames, where)
    species = species_order(first, elements, where)
    drift = Drift(species, fixed, where)
    period = float(normal_and_period(first.cell[None], axis)[1][0])
    if not (np.isfinite(width) and width > 0 and period / width <= _MOST_BINS):
        raise InputError(f"bins of {width:g} Å; above 0, and at most {_MOST_BINS} of them, would be right", where)
    n_bins = max(1, round(period / width))
    n_windows = len(windows.spans) if windows else 1
    symbols = tuple(dict.fromkeys(elements))
    density = np.zeros((n_windows, len(symbols), n_bins))
    counted = np.zeros(n_windows, dtype=np.int64)
    done = 0
    for block in blocks(frames, species, where):
        fractions = fractional(block.positions, block.cells)
        heights = fractions[:, :, axis] - drift.of(fractions)[:, None, axis]
        heights -= np.floor(heights)
        index = (heights * n_bins + _ROUNDING).astype(np.int64) % n_bins
        per_atom = n_bins / np.abs(np.linalg.det(block.cells))
        runs = windows.runs(clock(block.times, spacing, done, where)) if windows else [(0, 0, len(block.times))]
        for window, begin, end in runs:
            counted[window] += end - begin
            for row, symbol in enumerate(symbols):
                inside = index[begin:end, species.slice(symbol)]
                weights = np.broadcast_to(per_atom[begin:end, None], inside.shape)
                density[window, row] += np.bincount(inside.ravel(), weights.ravel(), minlength=n_bins)
        done += len(block.times)
    if not counted.all():
        raise InputError("a window without frames; leave it out", where)
    return DensityProfiles(
        elements=symbols,
        heights=(np.arange(n_bins) + 0.5) * period / n_bins,
        density=density / counted[:, None, None],
        frames=counted,
    )
