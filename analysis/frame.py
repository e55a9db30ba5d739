"""One frame of molecular dynamics: what readers of trajectories give and what analyses of them take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Frame:
    """Atoms at one time.

    Attributes
    ----------
    cell
        (3, 3), rows are vectors, Å.
    positions
        (n, 3), Cartesian, Å; wrapped or not, as the file has them.
    numbers
        (n,) atomic numbers, the same in every frame of a trajectory.
    step
        Number of the step in the run that wrote the file, from 0.
    time
        fs since the beginning, or None where the file does not say.
    energy
        Potential energy of the cell, eV, or None.
    """

    cell: NDArray[np.float64]
    positions: NDArray[np.float64]
    numbers: NDArray[np.intp]
    step: int
    time: float | None = None
    energy: float | None = None
