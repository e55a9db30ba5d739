"""How a space group acts on the nodes of a periodic network and on hops between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.symmetry import space_group_operations

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from pymatgen.core import Structure

Step = tuple[int, int, tuple[int, int, int]]
"""Node, node, and the lattice translation of the second one."""


@dataclass(frozen=True, kw_only=True)
class GroupAction:
    """Where each operation takes each node.

    Attributes
    ----------
    rotations
        Shape (operations, 3, 3), on columns of fractional coordinates.
    images
        Node that each node becomes, shape (operations, nodes).
    shifts
        Lattice translation that the node then has, shape (operations, nodes, 3).
    """

    rotations: NDArray[np.int64]
    images: NDArray[np.int64]
    shifts: NDArray[np.int64]

    def orbits(self) -> list[list[int]]:
        """Return the nodes in classes that symmetry maps on each other, each sorted, by their first node."""
        return [list(orbit) for orbit in sorted({tuple(np.unique(column).tolist()) for column in self.images.T})]

    def transformed(self, step: Step) -> NDArray[np.int64]:
        """Return what each operation makes of a step: rows of start, end and translation, shape (operations, 5)."""
        start, end, image = step
        translations = self.shifts[:, end] - self.shifts[:, start] + self.rotations @ np.array(image, dtype=np.int64)
        return np.column_stack([self.images[:, start], self.images[:, end], translations])


@dataclass(frozen=True, kw_only=True)
class StepClass:
    """All steps of one primitive cell that symmetry maps on each other.

    Attributes
    ----------
    members
        One direction of each pair. Those of a class that is not symmetric are all turned the same way: an operation
        takes any into any other, start to start.
    symmetric
        Whether a step is mapped on its own reverse.
    """

    members: tuple[Step, ...]
    symmetric: bool


def act_on_points(crystal: Structure, positions: NDArray[np.float64], *, tolerance: float = 0.1) -> GroupAction:
    """Find the action of a crystal's space group on a set of points that it maps onto itself.

    Parameters
    ----------
    crystal
        Ordered crystal.
    positions
        Fractional coordinates, shape (points, 3).
    tolerance
        How far from a point an operation may end, Å: it is the noise of the points, not of the choice, which goes to
        the nearest.

    Raises
    ------
    RuntimeError
        Where an operation does not map the points onto themselves.
    """
    rotations, translations = space_group_operations(crystal)
    images = np.empty((len(rotations), len(positions)), dtype=np.int64)
    shifts = np.empty((len(rotations), len(positions), 3), dtype=np.int64)
    metric = np.asarray(crystal.lattice.matrix)
    for number, (rotation, translation) in enumerate(zip(rotations, translations, strict=True)):
        difference = (positions @ rotation.T + translation)[:, None, :] - positions[None, :, :]
        cells = np.rint(difference)
        # the residual is short wherever the points agree, so rounding finds the nearest image there in any cell
        distances = np.linalg.norm((difference - cells) @ metric, axis=2)
        nearest = np.argmin(distances, axis=1)
        rows = np.arange(len(positions))
        if (distances[rows, nearest] > tolerance).any() or len(np.unique(nearest)) < len(positions):
            raise RuntimeError(f"an operation of {crystal.formula} does not map its points onto themselves")
        images[number] = nearest
        shifts[number] = cells[rows, nearest]
    return GroupAction(rotations=rotations, images=images, shifts=shifts)


def step_classes(action: GroupAction, steps: Iterable[Step]) -> list[StepClass]:
    """Sort steps into classes of symmetry, a step and its reverse being one.

    Parameters
    ----------
    action
        Of the space group on the nodes.
    steps
        In one direction or both. A class is complete even where only one of its steps is given.

    Returns
    -------
    list[StepClass]
        In the order in which their first step came.
    """
    seen: set[Step] = set()
    classes = []
    for step in steps:
        if step in seen:
            continue
        directed = {_step(row) for row in np.unique(action.transformed(step), axis=0).tolist()}
        backwards = {reverse(member) for member in directed}
        seen |= directed | backwards
        symmetric = reverse(step) in directed
        members = {min(member, reverse(member)) for member in directed} if symmetric else directed
        classes.append(StepClass(members=tuple(sorted(members)), symmetric=symmetric))
    return classes


def reverse(step: Step) -> Step:
    """Turn a step around."""
    start, end, (a, b, c) = step
    return end, start, (-a, -b, -c)


def _step(row: list[int]) -> Step:
    start, end, a, b, c = row
    return start, end, (a, b, c)
