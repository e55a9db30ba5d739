"""What a relaxation leaves behind so that it can go on after a kill."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

FILE = "checkpoint.json"


@dataclass
class Checkpoint:
    """State of a relaxation between two steps.

    Attributes
    ----------
    stage
        ``symmetric`` or ``free``.
    cell
        (3, 3), Å, rows are vectors.
    positions
        (n, 3), Å.
    symmetric
        What the symmetric stage ended with, once it has.
    steps, evaluations, evaluation_time_s, wall_time_s, continued
        Sums over all attempts.
    """

    stage: str
    cell: list[list[float]]
    positions: list[list[float]]
    symmetric: dict[str, Any] | None = None
    steps: int = 0
    evaluations: int = 0
    evaluation_time_s: float = 0.0
    wall_time_s: float = 0.0
    continued: int = 0
    _written: float = field(default=-1e9, repr=False)

    @classmethod
    def read(cls, directory: Path, n_atoms: int) -> Checkpoint | None:
        """Return the checkpoint in ``directory``, or None where there is none that can be used.

        A checkpoint is only a head start: one that is damaged or belongs to other atoms is left aside.
        """
        try:
            data = json.loads((directory / FILE).read_text(encoding="utf-8"))
            checkpoint = cls(**data)
            if not checkpoint._is_usable(n_atoms):
                return None
        except (OSError, ValueError, TypeError, KeyError):
            return None
        checkpoint.continued += 1
        return checkpoint

    def _is_usable(self, n_atoms: int) -> bool:
        done = self.symmetric
        if done is not None:
            numbers = np.array([done["energy"], done["max_force"], *done["stress_GPa"]], dtype=float)
            if numbers.shape != (8,) or not np.isfinite(numbers).all():
                return False
        counters = (self.steps, self.evaluations, self.evaluation_time_s, self.wall_time_s, self.continued)
        if not all(isinstance(counter, int | float) for counter in counters):
            return False
        known_stage = self.stage == "symmetric" or (self.stage == "free" and done is not None)
        crystals = [(self.cell, self.positions), *([(done["cell"], done["positions"])] if done else [])]
        return known_stage and all(_is_crystal(cell, positions, n_atoms) for cell, positions in crystals)

    def write(self, directory: Path) -> None:
        """Replace the file in one step, so that a kill leaves the old or the new one whole."""
        data = asdict(self)
        del data["_written"]
        temporary = directory / f"{FILE}.{os.getpid()}"
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(data, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(directory / FILE)
        self._written = time.monotonic()

    def due(self, interval_s: float) -> bool:
        """Whether the last write is longer ago than ``interval_s``."""
        return time.monotonic() - self._written >= interval_s


def remove_checkpoint(directory: Path) -> None:
    """Remove the checkpoint of a task that has ended, and what killed processes left of theirs."""
    for file in directory.glob(f"{FILE}*"):
        file.unlink(missing_ok=True)


def _is_crystal(cell: list[list[float]], positions: list[list[float]], n_atoms: int) -> bool:
    numbers = np.array([*cell, *positions], dtype=float)
    return numbers.shape == (3 + n_atoms, 3) and len(cell) == 3 and bool(np.isfinite(numbers).all())
