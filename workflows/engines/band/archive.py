"""What a band has seen, and where it stands: the checkpoint from which it goes on after a kill, in double precision."""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FILE = "band-checkpoint.npz"
UNKNOWN = -1


@dataclass
class Archive:
    """Evaluations made, and the band between two of them.

    The first two evaluations are the end points.

    Attributes
    ----------
    images
        (k, n, 3), Å: where the images are.
    rows
        (k,) number of the evaluation of each image, :data:`UNKNOWN` where it is still to be made.
    predicted
        (k,) energies that the surrogate promised, eV; not a number before it has promised anything.
    before
        (k,) energies of the images in the round before, eV.
    barriers
        Barrier after each round, eV.
    trust
        Å: how far an atom may move in a round.
    best, best_rows, best_force
        The images with the least perpendicular force so far.
    positions, energies, forces
        Evaluations: (n, 3) Å, eV, (n, 3) eV/Å each.
    continued, evaluation_time_s, wall_time_s
        Sums over all attempts.
    """

    images: Array
    rows: NDArray[np.int64]
    predicted: Array
    before: Array
    barriers: list[float] = field(default_factory=list)
    trust: float = 0.1
    best: Array | None = None
    best_rows: NDArray[np.int64] | None = None
    best_force: float = float("inf")
    positions: list[Array] = field(default_factory=list)
    energies: list[float] = field(default_factory=list)
    forces: list[Array] = field(default_factory=list)
    continued: int = 0
    evaluation_time_s: float = 0.0
    wall_time_s: float = 0.0

    @classmethod
    def begin(cls, images: Array, trust: float) -> Archive:
        """Return the archive of a band of which nothing is known."""
        k = len(images)
        return cls(images, np.full(k, UNKNOWN, dtype=np.int64), np.full(k, np.nan), np.full(k, np.nan), trust=trust)

    def add(self, positions: Array, energy: float, forces: Array) -> int:
        """Keep an evaluation and return its number."""
        self.positions.append(np.array(positions, dtype=float))
        self.energies.append(float(energy))
        self.forces.append(np.array(forces, dtype=float))
        return len(self.energies) - 1

    @property
    def barrier(self) -> float:
        """Barrier after the last round, eV."""
        return self.barriers[-1] if self.barriers else float("nan")

    def write(self, directory: Path) -> None:
        """Replace the file in one step, so that a kill leaves the old or the new one whole."""
        temporary = directory / f"{FILE}.{os.getpid()}"
        best = self.images if self.best is None else self.best
        best_rows = self.rows if self.best_rows is None else self.best_rows
        with temporary.open("wb") as file:
            np.savez(
                file,
                images=self.images,
                rows=self.rows,
                predicted=self.predicted,
                before=self.before,
                barriers=np.array(self.barriers, dtype=float),
                best=best,
                best_rows=best_rows,
                numbers=np.array([self.trust, self.best_force, self.evaluation_time_s, self.wall_time_s]),
                continued=self.continued,
                positions=np.array(self.positions),
                energies=np.array(self.energies),
                forces=np.array(self.forces),
            )
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(directory / FILE)

    @classmethod
    def read(cls, directory: Path, ends: Array, images: int) -> Archive | None:
        """Return the checkpoint, or None where there is none that can be used: then the band begins again.

        Parameters
        ----------
        directory
            Of the calculation.
        ends
            (2, n, 3), Å: the end points; a checkpoint of others is left aside.
        images
            Images between them that are computed.
        """
        try:
            with np.load(directory / FILE, allow_pickle=False) as data:
                arrays = {name: data[name] for name in data.files}
            trust, best_force, evaluation_time, wall_time = (float(x) for x in arrays["numbers"])
            found = cls(
                images=arrays["images"].astype(float),
                rows=arrays["rows"].astype(np.int64),
                predicted=arrays["predicted"].astype(float),
                before=arrays["before"].astype(float),
                barriers=[float(x) for x in arrays["barriers"]],
                trust=trust,
                best=arrays["best"].astype(float) if np.isfinite(best_force) else None,
                best_rows=arrays["best_rows"].astype(np.int64) if np.isfinite(best_force) else None,
                best_force=best_force,
                positions=[x.astype(float) for x in arrays["positions"]],
                energies=[float(x) for x in arrays["energies"]],
                forces=[x.astype(float) for x in arrays["forces"]],
                continued=int(arrays["continued"]) + 1,
                evaluation_time_s=evaluation_time,
                wall_time_s=wall_time,
            )
        except (OSError, EOFError, ValueError, TypeError, KeyError, zipfile.BadZipFile):
            return None
        return found if found._is_usable(ends, images) else None

    def _is_usable(self, ends: Array, images: int) -> bool:
        shape = ends.shape[1:]
        m = len(self.energies)
        same = m >= 2 and len(self.positions) == len(self.forces) == m
        same = same and self.images.shape == (images, *shape) and self.rows.shape == (images,)
        same = same and all(x.shape == shape for x in (*self.positions, *self.forces))
        same = same and bool((self.rows < m).all()) and len(self.predicted) == len(self.before) == images
        if not same or not np.allclose(np.array(self.positions[:2]), ends, atol=1e-3):
            return False
        numbers = [self.images, np.array(self.positions), np.array(self.forces), np.array(self.energies)]
        return all(bool(np.isfinite(array).all()) for array in numbers)


def remove_archive(directory: Path) -> None:
    """Remove the checkpoint of a band that has ended, and what killed processes left of theirs."""
    for file in directory.glob(f"{FILE}*"):
        file.unlink(missing_ok=True)
