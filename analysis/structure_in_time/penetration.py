"""How far each element has gone into the other side of an interface.

An element's home is where it is in the first frame: the cell along the normal without the widest stretch that holds no
atom of it. The depth of an atom is its distance, along the normal, to the nearer border of its home, 0 inside. Atoms
vibrate across the border, so that only those deeper than a slack count as having left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lianode.analysis.structure_in_time.blocks import blocks, clock, opened, species_order
from lianode.analysis.structure_in_time.drift import Drift, fractional
from lianode.analysis.structure_in_time.layers import normal_and_period
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from lianode.analysis.frame import Frame

SLACK = 1.0
"""Å; several amplitudes of vibration at room temperature."""
SMALLEST_GAP = 4.0
"""Å; an element without so wide a stretch free of it is on both sides and cannot penetrate."""


@dataclass(frozen=True, kw_only=True)
class Penetration:
    """An element's penetration in time.

    Attributes
    ----------
    element
        Which one.
    home
        Heights between which it is in the first frame, Å; the second is beyond the period where the home crosses the
        cell's border.
    times
        (n_frames,) fs.
    deepest
        (n_frames,) depth of the deepest atom, Å; 0 where none has left.
    left
        (n_frames,) atoms deeper than the slack.
    mean_depth
        (n_frames,) of those that left, Å; 0 where none has.
    slack
        Å.
    """

    element: str
    home: tuple[float, float]
    times: NDArray[np.float64]
    deepest: NDArray[np.float64]
    left: NDArray[np.int64]
    mean_depth: NDArray[np.float64]
    slack: float


def penetration_depths(
    frames: Iterable[Frame],
    elements: Sequence[str],
    *,
    homes: Mapping[str, tuple[float, float]] | None = None,
    axis: int = 2,
    fixed: Sequence[str] = (),
    slack: float = SLACK,
    spacing: float | None = None,
    where: str = "trajectory",
) -> tuple[Penetration, ...]:
    """Return how deep each element is in the other side, in every frame.

    Parameters
    ----------
    frames
        Of one trajectory, in order of time.
    elements
        Which ones.
    homes
        Heights in Å between which an element is at home, in the first frame, where they are not to be found from its
        atoms: (8, 25), or (20, 33) through the border of a cell of 30 Å.
    axis
        0, 1 or 2: the vector of the cell that leaves the interface's plane.
    fixed
        Elements whose centre of mass stays in place; none takes all atoms.
    slack
        Å.
    spacing
        fs between frames, where frames have no time.
    where
        Name of the trajectory, for messages.

    Raises
    ------
    InputError
        When an element is on both sides in the first frame and has no home given; as in
        :func:`..pair_counts.count_pairs` otherwise.
    """
    if axis not in {0, 1, 2} or not elements or not slack >= 0:
        raise InputError("name elements, an axis of 0, 1 or 2, and a slack of 0 Å or more", where)
    first, frames = opened(frames, where)
    species = species_order(first, elements, where)
    drift = Drift(species, fixed, where)
    symbols = tuple(dict.fromkeys(elements))
    borders: dict[str, tuple[float, float]] = {}
    period = 1.0
    times: list[NDArray[np.float64]] = []
    found: dict[str, list[NDArray[np.float64]]] = {symbol: [] for symbol in symbols}
    done = 0
    for block in blocks(frames, species, where):
        fractions = fractional(block.positions, block.cells)
        heights = fractions[:, :, axis] - drift.of(fractions)[:, None, axis]
        periods = normal_and_period(block.cells, axis)[1]
        if not done:
            period = float(periods[0])
            for symbol in symbols:
                given = (homes or {}).get(symbol)
                at = heights[0, species.slice(symbol)]
                borders[symbol] = _given(given, period, symbol) if given else _home(at, period, symbol)
        for symbol in symbols:
            begin, end = borders[symbol]
            above = (heights[:, species.slice(symbol)] - begin) % 1.0
            outside = np.where(above > end - begin, np.minimum(above - (end - begin), 1.0 - above), 0.0)
            depth = outside * periods[:, None]
            out = depth > slack
            left = out.sum(axis=1)
            mean = np.where(out, depth, 0.0).sum(axis=1) / np.maximum(left, 1)
            found[symbol].append(np.stack([np.where(left > 0, depth.max(axis=1), 0.0), left, mean]))
        times.append(clock(block.times, spacing, done, where))
        done += len(block.times)
    result = []
    for symbol in symbols:
        deepest, left, mean = np.concatenate(found[symbol], axis=1)
        begin, end = borders[symbol]
        result.append(
            Penetration(
                element=symbol,
                home=(begin * period, end * period),
                times=np.concatenate(times),
                deepest=deepest,
                left=left.astype(np.int64),
                mean_depth=mean,
                slack=slack,
            )
        )
    return tuple(result)


def _given(home: tuple[float, float], period: float, symbol: str) -> tuple[float, float]:
    """Return a home that was given, as fractions of the period."""
    begin, end = home
    if not 0 < end - begin < period:
        raise InputError(
            f"a home from {begin:g} to {end:g} Å; shorter than the cell's {period:.2f} Å would be right", symbol
        )
    return begin / period, end / period


def _home(fractions: NDArray[np.float64], period: float, symbol: str) -> tuple[float, float]:
    """Return where an element is, as fractions of the period; it may cross the border."""
    ordered = np.sort(fractions % 1.0)
    gaps = np.diff(ordered, append=ordered[0] + 1.0)
    widest = int(np.argmax(gaps))
    if gaps[widest] * period < SMALLEST_GAP:
        raise InputError(
            f"it is everywhere along the normal (no {SMALLEST_GAP:g} Å without it): name its home, or leave it out",
            symbol,
        )
    begin = float(ordered[(widest + 1) % len(ordered)])
    return begin, begin + 1.0 - float(gaps[widest])
