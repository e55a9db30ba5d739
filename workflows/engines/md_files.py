"""What molecular dynamics leaves on disk as it runs: a trajectory that is only ever appended to, and a checkpoint.

The trajectory is extended XYZ, one frame after the other: positions in Å (not wrapped), ``velo`` in Å/fs, and in the
comment line cell (Å), step, time (fs), energy and conserved energy (eV) and temperature (K). A frame is handed to the
operating system as soon as it is written, so that a killed process loses none; before a checkpoint the file is forced
to disk. The checkpoint holds the length that the file had then: whoever goes on cuts off what came later, and computes
it again.
"""

from __future__ import annotations

import hashlib
import os
import time
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ase.units import fs

from lianode.analysis.trajectories.xyz_format import (
    ENERGY,
    POSITIONS,
    STEP,
    TIME,
    VELOCITIES,
    comment_line,
    lattice_text,
)
from lianode.workflows.calculation import FileReference
from lianode.workflows.engines.md_statistics import CellStatistics, Statistics
from lianode.workflows.engines.motion.state import MotionState, generator_of, words_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

TRAJECTORY = "trajectory.xyz"
CHECKPOINT = "md-checkpoint.npz"
_ARRAYS = ("positions", "momenta", "cell", "forces", "stress", "chain")


class Trajectory:
    """Appends frames to the file.

    Parameters
    ----------
    directory
        Of the calculation.
    symbols
        Elements of the atoms.
    masses
        (n,), u.
    length
        Bytes that count; the rest of the file is cut off.

    Raises
    ------
    OSError
        When the file cannot be opened or written.
    """

    def __init__(self, directory: Path, symbols: list[str], masses: NDArray[np.float64], *, length: int = 0) -> None:
        self.path = directory / TRAJECTORY
        self.symbols = symbols
        self.masses = masses
        self._file = self.path.open("r+b" if length else "wb")
        self._file.truncate(length)
        self._file.seek(length)

    def append(self, state: MotionState, *, time_fs: float, temperature: float, conserved: float) -> None:
        """Add a frame."""
        velocities = state.momenta / self.masses[:, None] * fs
        values = {
            STEP: f"{state.step}",
            TIME: f"{time_fs:.10g}",
            ENERGY: f"{state.energy!r}",
            "conserved": f"{conserved!r}",
            "temperature": f"{temperature:.10g}",
        }
        lines = [f"{len(self.symbols)}", comment_line(lattice_text(state.cell), f"{POSITIONS}:{VELOCITIES}", values)]
        lines += [
            f"{symbol:<2} {x:.10f} {y:.10f} {z:.10f} {u:.10e} {v:.10e} {w:.10e}"
            for symbol, (x, y, z), (u, v, w) in zip(self.symbols, state.positions, velocities, strict=True)
        ]
        self._file.write(("\n".join(lines) + "\n").encode())
        self._file.flush()

    def secure(self) -> int:
        """Force the file to the disk and return its length."""
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._file.tell()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


@dataclass
class MdCheckpoint:
    """Where a run can go on.

    Attributes
    ----------
    state
        All that the motion depends on, in double precision.
    measured, cells
        Sums over the steps so far.
    length
        Bytes of the trajectory.
    evaluations, continued, evaluation_time_s, wall_time_s
        Sums over all attempts.
    """

    state: MotionState
    measured: Statistics
    cells: CellStatistics
    length: int = 0
    evaluations: int = 0
    continued: int = 0
    evaluation_time_s: float = 0.0
    wall_time_s: float = 0.0

    def write(self, directory: Path) -> None:
        """Replace the file in one step, so that a kill leaves the old or the new one whole."""
        temporary = directory / f"{CHECKPOINT}.{os.getpid()}"
        state = self.state
        with temporary.open("wb") as file:
            np.savez(
                file,
                step=state.step,
                energy=state.energy,
                given=state.given,
                random=words_of(state.random),
                measured=np.array(self.measured.numbers()),
                cells=np.array(self.cells.numbers()),
                counts=np.array([self.length, self.evaluations, self.continued]),
                times=np.array([self.evaluation_time_s, self.wall_time_s]),
                **{name: getattr(state, name) for name in _ARRAYS},
            )
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(directory / CHECKPOINT)

    @classmethod
    def read(cls, directory: Path, n_atoms: int) -> MdCheckpoint | None:
        """Return the checkpoint, or None where there is none that can be used: then the run begins again.

        One that is damaged, belongs to other atoms, or is longer than its trajectory is left aside.
        """
        try:
            with np.load(directory / CHECKPOINT, allow_pickle=False) as data:
                arrays = {name: data[name].astype(float) for name in _ARRAYS}
                state = MotionState(
                    step=int(data["step"]),
                    energy=float(data["energy"]),
                    given=float(data["given"]),
                    random=generator_of(data["random"]),
                    **arrays,
                )
                length, evaluations, continued = (int(n) for n in data["counts"])
                evaluation_time, wall_time = (float(x) for x in data["times"])
                measured = Statistics.of([float(x) for x in data["measured"]])
                cells = CellStatistics.of([float(x) for x in data["cells"]])
            whole = (directory / TRAJECTORY).stat().st_size >= length
        except (OSError, EOFError, ValueError, TypeError, KeyError, zipfile.BadZipFile):
            return None
        motion = (state.positions, state.momenta, state.forces)
        usable = whole and all(array.shape == (n_atoms, 3) and np.isfinite(array).all() for array in motion)
        if not usable or not all(np.isfinite(part).all() for part in (state.cell, state.chain, state.given)):
            return None
        return cls(state, measured, cells, length, evaluations, continued + 1, evaluation_time, wall_time)


class Clock:
    """When the next checkpoint is due.

    Parameters
    ----------
    interval_s
        Seconds between two; 0 makes every step due.
    """

    def __init__(self, interval_s: float) -> None:
        self.interval_s = interval_s
        self._last = time.monotonic()

    def due(self) -> bool:
        """Whether the interval has passed; if so, it begins again."""
        now = time.monotonic()
        if now - self._last < self.interval_s:
            return False
        self._last = now
        return True


def file_reference(path: Path, directory: Path) -> FileReference:
    """Return path, checksum and size of a file below ``directory``; the file is read in pieces."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileReference(path=path.relative_to(directory).as_posix(), sha256=digest, bytes=path.stat().st_size)
