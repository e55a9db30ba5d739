"""Frames of a trajectory, whatever wrote it: the one way in for analyses.

    for frame in frames("XDATCAR.gz", time_step=2.0):
        ...

A file is known by its content and read once from front to back; one frame is in memory at a time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lianode.analysis.frame import Frame
from lianode.analysis.trajectories.joining import Timeline
from lianode.analysis.trajectories.opening import TrajectoryFile
from lianode.analysis.trajectories.record import Given
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from os import PathLike
    from types import TracebackType
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

    from lianode.analysis.trajectories.opening import End
    from lianode.analysis.trajectories.record import Reader, Record, Snapshot


@dataclass(frozen=True, slots=True)
class _Slice:
    """Which frames are wanted."""

    every: int
    start: int
    stop: int | None

    def has(self, index: int) -> bool:
        return index >= self.start and (index - self.start) % self.every == 0


class Frames:
    """The frames of one or several files, in order; an iterator that can be gone through once.

    Made by :func:`frames` and :func:`chain`. Usable in a ``with`` statement, which closes the file when reading is left
    before the end.

    Attributes
    ----------
    ends
        How each file ended; grows as files are read to their ends.
    """

    def __init__(self, files: Sequence[TrajectoryFile], wanted: _Slice, first_steps: Sequence[int] | None) -> None:
        self.ends: list[End] = []
        self._files, self._wanted, self._first_steps = files, wanted, first_steps
        self._iterator = self._frames()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Frame:
        return next(self._iterator)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; no frame comes after that."""
        self._iterator.close()

    @property
    def cut(self) -> str | None:
        """What is missing, for each file that is not whole; None where all is there as far as it was read."""
        return "; ".join(f"{end.path} {end.cut}" for end in self.ends if end.cut is not None) or None

    def _frames(self) -> Generator[Frame]:
        timeline = Timeline()
        numbers: NDArray[np.intp] | None = None
        index = 0
        for path, reader, record in self._records(timeline):
            numbers = _same_atoms(record, numbers, index, path)
            placed = timeline.place(record, reader)
            if placed is None:
                continue
            if self._wanted.has(index):
                cell, positions, energy = _parsed(record, index, path)
                yield Frame(cell, positions, numbers, placed[0], placed[1], energy)
            index += 1
            if index == self._wanted.stop:
                return
        first = self._files[0].path
        where = str(first) if len(self._files) == 1 else f"{first} and the {len(self._files) - 1} after it"
        if index == 0:
            why = f": it {self.ends[-1].cut}" if self.ends[-1].cut is not None else ""
            raise InputError(f"there is no whole frame in it{why}", where)
        if index <= self._wanted.start:
            raise InputError(f"start={self._wanted.start} is beyond its {index} frames, of which the first is 0", where)

    def _records(self, timeline: Timeline) -> Iterator[tuple[Path, Reader, Record]]:
        """Yield the records of all files that count."""
        for number, file in enumerate(self._files):
            first = limit = None
            if self._first_steps is not None:
                first = self._first_steps[number]
                limit = min(self._first_steps[number + 1 :], default=None)
            timeline.begin(first)
            for reader, record in file.records():
                if limit is None or record.step + (first or 0) < limit:
                    yield file.path, reader, record
            if file.end is not None:
                self.ends.append(file.end)


def frames(
    path: str | PathLike[str],
    *,
    every: int = 1,
    start: int = 0,
    stop: int | None = None,
    symbols: Sequence[str] | None = None,
    cell: ArrayLike | None = None,
    time_step: float | None = None,
) -> Frames:
    """Read a trajectory.

    Parameters
    ----------
    path
        XDATCAR of any version, vasprun.xml, vaspout.h5, extended XYZ (also that of this project's molecular dynamics),
        or a .traj of ASE; packed with gzip, bzip2 or xz or not. Several runs in one XDATCAR are joined.
    every, start, stop
        Frames that are wanted, as in a slice. Frames between them are found, but not parsed.
    symbols
        Elements, where the file does not say them (VASP 4): of each species, or of each atom.
    cell
        (3, 3), rows are vectors, Å, where the file does not hold it (VASP 5.2 and before).
    time_step
        fs from one step to the next, where the file does not say it (XDATCAR).

    Returns
    -------
    Frames
        An iterator over :class:`~lianode.analysis.frame.Frame`. A file that is cut gives its whole frames; at the end
        ``.cut`` says where it ends, or is None, and ``.ends`` gives byte and frame. With ``stop``, what comes after it
        is not looked at.

    Raises
    ------
    InputError
        For a file that cannot be opened or is none of these, here; and while reading for positions that are no finite
        numbers, atoms that change, a cell without volume, and when there is no whole frame at all.
    """
    return chain([path], every=every, start=start, stop=stop, symbols=symbols, cell=cell, time_step=time_step)


def chain(
    paths: Sequence[str | PathLike[str]],
    *,
    first_steps: Sequence[int] | None = None,
    every: int = 1,
    start: int = 0,
    stop: int | None = None,
    symbols: Sequence[str] | None = None,
    cell: ArrayLike | None = None,
    time_step: float | None = None,
) -> Frames:
    """Read the files of runs that continue one another as one trajectory.

    A frame that two runs have counts once. It is found by its positions among the last frames of the earlier run,
    unless ``first_steps`` says where each run begins: then what an earlier run did from there on is left out, as when a
    run was killed and begun again from an earlier step.

    Parameters
    ----------
    paths
        In the order of time; files of several kinds may be mixed. One without a whole frame is passed over.
    first_steps
        For each file, the number that its step 0 has in the whole trajectory.
    every, start, stop, symbols, cell, time_step
        As in :func:`frames`, of the whole trajectory.

    Raises
    ------
    InputError
        As :func:`frames`, and for ``first_steps`` that are not one for each file.
    """
    if isinstance(paths, str):
        paths = [paths]
    if not paths:
        raise InputError("there is no file to read; name at least one", "trajectories")
    where = str(paths[0])
    if first_steps is not None and len(first_steps) != len(paths):
        raise InputError(f"{len(first_steps)} first steps for {len(paths)} files; give one each", where)
    if every < 1 or start < 0 or (stop is not None and stop <= start):
        raise InputError(
            f"every={every}, start={start}, stop={stop} name no frames; every is 1 or more, start 0 or more, and stop "
            "after start",
            where,
        )
    if time_step is not None and not (np.isfinite(time_step) and time_step > 0):
        raise InputError(f"time_step={time_step} is no time in fs", where)
    given = Given(symbols, _given_cell(cell, where), time_step)
    return Frames([TrajectoryFile(Path(path), given) for path in paths], _Slice(every, start, stop), first_steps)


def _given_cell(cell: ArrayLike | None, where: str) -> NDArray[np.float64] | None:
    if cell is None:
        return None
    try:
        array = np.array(cell, dtype=float)
    except (ValueError, TypeError):
        array = np.zeros(0)
    if array.shape != (3, 3) or not np.isfinite(array).all():
        raise InputError("the given cell is not three vectors of three numbers in Å", where)
    return array


def _parsed(record: Record, index: int, path: Path) -> Snapshot:
    """Parse a frame; refuse what no analysis could use."""
    try:
        snapshot = record.load()
    except ValueError as error:
        raise InputError(f"frame {index + 1} cannot be read: {error}", str(path)) from error
    (a, b, c), (d, e, f), (g, h, i) = snapshot.cell.tolist()
    volume = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    if not (math.isfinite(volume) and np.isfinite(snapshot.positions).all()):
        raise InputError(f"frame {index + 1} has a position or a cell vector that is not a finite number", str(path))
    if abs(volume) < 1e-6:
        raise InputError(f"frame {index + 1} has a cell without volume", str(path))
    return snapshot


def _same_atoms(record: Record, numbers: NDArray[np.intp] | None, index: int, path: Path) -> NDArray[np.intp]:
    """Return the atoms of the trajectory; raise ``InputError`` where this frame has others."""
    if numbers is None or record.numbers is numbers or np.array_equal(record.numbers, numbers):
        return record.numbers if numbers is None else numbers
    n, m = len(record.numbers), len(numbers)
    other = f"{n} atoms where the first frame has {m}" if n != m else "other atoms, or another order, than the first"
    raise InputError(f"frame {index + 1} has {other}; the atoms of a trajectory stay the same", str(path))
