"""A band with its true energies and forces, and what computes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from lianode.workflows.engines.band.path import largest, perpendicular, tangents

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lianode.workflows.calculation import State
    from lianode.workflows.engines.band.archive import Archive
    from lianode.workflows.task import NebTask

    Array = NDArray[np.float64]


class StoppedError(Exception):
    """The band had to stop; its checkpoint is written."""


class EvaluationError(Exception):
    """An image has no energy; the message says why."""


class Evaluator(Protocol):
    """Computes images.

    Attributes
    ----------
    at_once
        Images that are computed together; the band is saved after each such batch.
    """

    at_once: int

    @property
    def seconds(self) -> float:
        """Time it has taken."""
        ...

    def __call__(self, images: Array, number: int) -> tuple[Array, Array]:
        """Return energies (k,), eV, and forces (k, n, 3), eV/Å, of images (k, n, 3), Å.

        ``number`` counts evaluations; an engine that leaves files behind names them by it.
        """
        ...


@dataclass(frozen=True)
class BandState:
    """A band with its true energies and forces, end points included; k images between them.

    Attributes
    ----------
    positions
        (k + 2, n, 3), Å.
    energies
        (k + 2,), eV.
    forces
        (k + 2, n, 3), eV/Å.
    climbing
        Number of the climbing image in these arrays, or None where no image is higher than both ends.
    """

    positions: Array
    energies: Array
    forces: Array
    climbing: int | None

    def perpendicular_forces(self) -> Array:
        """Return the largest perpendicular force on an atom of each image between the ends (k,), eV/Å."""
        k = len(self.energies)
        along = tangents(self.positions.reshape(k, -1), self.energies)
        return largest(perpendicular(self.forces[1:-1].reshape(k - 2, -1), along))

    def reached(self, task: NebTask) -> NDArray[np.bool_]:
        """Return which images (k,) are within the limits; the climbing image by its whole force."""
        within = self.perpendicular_forces() <= task.max_force
        if self.climbing is not None:
            within[self.climbing - 1] = self.climb_force() <= task.max_climb_force
        return np.asarray(within)

    def climb_force(self) -> float:
        """Return the largest force on an atom of the climbing image, eV/Å; 0 where none climbs."""
        return 0.0 if self.climbing is None else float(np.linalg.norm(self.forces[self.climbing], axis=1).max())

    @property
    def barrier(self) -> float:
        """Energy of the highest image above the first end point, eV."""
        return float(self.energies.max() - self.energies[0])


@dataclass(frozen=True)
class BandRun:
    """How a run ended."""

    state: State
    reason: str | None
    band: BandState | None
    archive: Archive
