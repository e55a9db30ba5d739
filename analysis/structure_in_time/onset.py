"""When a kind of bond begins to form.

With N(t) bonds at time t and N(0) in the first frame, the onset is the first time from which on there are m more
bonds than in the beginning, in every frame for a while τ:

    t_on = min { t : N(t') >= N(0) + m  for all t' in [t, t + τ] }.

The persistence τ keeps two atoms that swing past each other from counting. The answer depends on when frames were
written and on where the bond's cut-off lies, and its error has both:

    error = sqrt( Δt² / 12  +  ((t_on(r - δ) - t_on(r + δ)) / 2)² ),

with Δt the time between frames (the true time is equally likely anywhere in it), r the cut-off and δ its uncertainty.
That one run is one sample of a process that depends on chance is not in it: only more runs show that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lianode.analysis.structure_in_time.bonds import BondSeries

PERSISTENCE_FS = 100.0
"""A few periods of a bond's vibration (In-S: about 100 fs; P-S: about 60 fs)."""


@dataclass(frozen=True, kw_only=True)
class Onset:
    """When a kind of bond began to form.

    Attributes
    ----------
    pair
        Such as ``In-S``.
    time_fs
        Since the first frame; None where it did not begin.
    error_fs
        One standard deviation; None where the bond begins with one cut-off and not with the other, or not at all.
    earliest_fs, latest_fs
        With the cut-off plus and less its uncertainty; None where it did not begin.
    minimum
        m, bonds more than in the beginning.
    persistence_fs
        τ.
    """

    pair: str
    time_fs: float | None
    error_fs: float | None
    earliest_fs: float | None
    latest_fs: float | None
    minimum: int
    persistence_fs: float


def onset(
    times: NDArray[np.float64], series: BondSeries, *, minimum: int = 1, persistence_fs: float = PERSISTENCE_FS
) -> Onset:
    """Return when a kind of bond began to form.

    Parameters
    ----------
    times
        (n_frames,) fs.
    series
        Bonds of that kind.
    minimum
        m.
    persistence_fs
        τ.

    Raises
    ------
    InputError
        When m is below 1, τ below 0, or times do not ascend.
    """
    if minimum < 1 or not persistence_fs >= 0:
        raise InputError(f"{minimum} bonds for {persistence_fs:g} fs; at least one, for 0 or more", "onset")
    if (np.diff(times) <= 0).any():
        raise InputError("times that do not ascend", "onset")
    found = [
        _first(times, counts, minimum, persistence_fs) for counts in (series.counts, series.longer, series.shorter)
    ]
    error = None
    if len(times) > 1 and None not in found:
        spacing = float(np.diff(times).mean())
        by_cutoff = (float(found[2] or 0.0) - float(found[1] or 0.0)) / 2
        error = float(np.hypot(spacing / np.sqrt(12), by_cutoff))
    return Onset(
        pair=series.pair,
        time_fs=found[0],
        error_fs=error,
        earliest_fs=found[1],
        latest_fs=found[2],
        minimum=minimum,
        persistence_fs=persistence_fs,
    )


def _first(times: NDArray[np.float64], counts: NDArray[np.int64], minimum: int, persistence: float) -> float | None:
    """Return the first time from which on there are enough bonds for long enough, since the first frame."""
    few = counts < counts[0] + minimum
    n = len(times)
    # the next frame with too few bonds, seen from each frame; n where there is none
    following = np.minimum.accumulate(np.where(few, np.arange(n), n)[::-1])[::-1]
    until = np.where(following < n, times[np.minimum(following, n - 1)], np.inf)
    long_enough = ~few & (until > times + persistence) & (times + persistence <= times[-1])
    starts = np.flatnonzero(long_enough)
    return float(times[starts[0]] - times[0]) if len(starts) else None
