"""Steps and times of frames from runs that continue one another, without the frames that two of them have."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lianode.analysis.trajectories.record import Reader, Record, Snapshot

REMEMBERED = 8
"""Frames of a run among which the first of the next is looked for; VASP's CONTCAR is at most a step or two behind."""
SAME_PLACE = 1e-4
"""Å; two frames are one when no atom is further apart. Rounding to six decimals of the cell moves atoms by a tenth of
it, thermal motion at 10 K by ten times as much in a femtosecond."""


@dataclass(frozen=True, slots=True)
class _Placed:
    """A frame with its step and time in the whole trajectory."""

    step: int
    time: float | None
    record: Record


@dataclass
class Timeline:
    """Gives each frame its step and time in the trajectory that the runs make together.

    A run begins after the last frame of the one before it, or at one of its last frames when it has the same positions:
    then what both have counts once, as the earlier run wrote it. The step that leads from one run into the next is of
    the earlier run's length, as its CONTCAR holds the positions after it.
    """

    _tail: deque[_Placed] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _offset: int = 0
    _time_offset: float | None = 0.0
    _reference: tuple[int, float | None] = (0, 0.0)
    _time_step: float | None = None
    _begins: bool = True
    _first_step: int | None = None

    def begin(self, first_step: int | None = None) -> None:
        """Announce a run.

        Parameters
        ----------
        first_step
            Number that its step 0 has in the whole trajectory, where it is known.
        """
        self._begins, self._first_step = True, first_step

    def place(self, record: Record, reader: Reader) -> tuple[int, float | None] | None:
        """Return step and time (fs) of a frame in the whole trajectory; None for one that is there already."""
        if self._begins or record.new_run:
            self._join(record, reader)
            self._begins = False
        step = record.step + self._offset
        if self._tail and step <= self._tail[-1].step:
            return None
        time = self._time(step, record)
        self._tail.append(_Placed(step, time, record))
        return step, time

    def _time(self, step: int, record: Record) -> float | None:
        if record.time is not None:
            return None if self._time_offset is None else record.time + self._time_offset
        reference, begun = self._reference
        return None if begun is None or self._time_step is None else begun + (step - reference) * self._time_step

    def _join(self, record: Record, reader: Reader) -> None:
        """Decide where a run begins."""
        before, first = self._time_step, self._first_step
        self._time_step, self._first_step = reader.time_step, None
        if not self._tail:
            self._offset = first or 0
            return
        last = self._tail[-1]
        same = self._seen(record) if first is None else None
        if first is not None:
            self._offset = first
        elif same is not None:
            self._offset = same.step - record.step
        elif reader.absolute and record.step > 0 and record.step != last.record.step:
            self._offset = 0
        else:
            self._offset = last.step + self._spacing() - record.step
        step = record.step + self._offset
        begun = same.time if same is not None else None
        if same is None and last.time is not None:
            length = before if before is not None else self._length()
            begun = None if length is None else last.time + (step - last.step) * length
        self._reference = (step, begun)
        if record.time is not None:
            keeps = reader.absolute and self._offset == 0
            self._time_offset = 0.0 if keeps else None if begun is None else begun - record.time

    def _spacing(self) -> int:
        return self._tail[-1].step - self._tail[-2].step if len(self._tail) > 1 else 1

    def _length(self) -> float | None:
        """Return the time from one step to the next, as the last two frames have it."""
        if len(self._tail) < 2:
            return None
        (earlier, later) = self._tail[-2], self._tail[-1]
        if earlier.time is None or later.time is None:
            return None
        return (later.time - earlier.time) / (later.step - earlier.step)

    def _seen(self, record: Record) -> _Placed | None:
        """Return the one of the last frames that has the same positions, or None."""
        try:
            start = record.load()
            distances = [_distance(start, placed.record.load()) for placed in self._tail]
        except ValueError:  # whoever wants the frame is told
            return None
        nearest = int(np.argmin(distances))
        return self._tail[nearest] if distances[nearest] <= SAME_PLACE else None


def _distance(one: Snapshot, other: Snapshot) -> float:
    """Return how far an atom is from where it is in the other frame at most, Å; infinite for other atoms or cells."""
    if one.positions.shape != other.positions.shape or np.abs(one.cell - other.cell).max() > SAME_PLACE:
        return np.inf
    apart = (one.positions - other.positions) @ np.linalg.pinv(one.cell)
    nearest = (apart - np.round(apart)) @ one.cell
    largest = float(np.linalg.norm(nearest, axis=1).max())
    return largest if np.isfinite(largest) else np.inf
