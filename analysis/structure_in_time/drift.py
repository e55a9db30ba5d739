"""Motion of atoms across cell borders, and of the whole: what positions in a file, wrapped or not, do not say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lianode.analysis.structure_in_time.blocks import Species


def fractional(positions: NDArray[np.float64], cells: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return fractional coordinates, (n_frames, n, 3)."""
    if (cells == cells[0]).all():
        fixed: NDArray[np.float64] = positions @ np.linalg.inv(cells[0])
        return fixed
    return positions @ np.linalg.inv(cells)


def masses(species: Species) -> NDArray[np.float64]:
    """Return the mass of each atom in the order of the species, u."""
    from ase.data import atomic_masses

    ordered: NDArray[np.float64] = atomic_masses[species.numbers[species.order]]
    return ordered


class Unwrapped:
    """Follows atoms through the borders of the cell, block after block.

    From each frame to the next an atom takes the shortest way (in fractions of the cell's vectors), which is right as
    long as it moves by less than half the cell between two frames.
    """

    def __init__(self) -> None:
        self._last: NDArray[np.float64] | None = None
        self._sum: NDArray[np.float64] | None = None

    def follow(self, fractions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the next frames' fractional coordinates without jumps, (n_frames, n, 3); the first are kept."""
        if self._last is None or self._sum is None:
            self._last, self._sum = fractions[0], fractions[0]
        steps = np.diff(fractions, axis=0, prepend=self._last[None])
        steps -= np.rint(steps)
        unwrapped: NDArray[np.float64] = np.cumsum(steps, axis=0)
        unwrapped += self._sum
        self._last, self._sum = fractions[-1].copy(), unwrapped[-1].copy()
        return unwrapped


class Drift:
    """Displacement of the centre of mass of some atoms since the first frame, in fractions of the cell's vectors.

    A thermostat may let the whole cell drift, and a slab may move against another; planes that are fixed in the cell
    then sweep through the crystal.

    Parameters
    ----------
    species
        Order of the atoms.
    of
        Elements whose centre of mass stays in place; none takes all atoms.
    where
        Name of the trajectory, for messages.

    Raises
    ------
    InputError
        When an element is not in the trajectory.
    """

    def __init__(self, species: Species, of: Sequence[str] = (), where: str = "trajectory") -> None:
        for symbol in of:
            if symbol not in species.symbols:
                raise InputError(f"no {symbol} in it, whose centre of mass was to stay in place", where)
        weights = masses(species)
        if of:
            kept = np.zeros(len(weights), dtype=bool)
            for symbol in of:
                kept[species.slice(symbol)] = True
            weights = np.where(kept, weights, 0.0)
        self._weights = weights / weights.sum()
        self._unwrapped = Unwrapped()
        self._first: NDArray[np.float64] | None = None

    def of(self, fractions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the drift of the next frames, (n_frames, 3)."""
        centres: NDArray[np.float64] = np.einsum("i,fik->fk", self._weights, self._unwrapped.follow(fractions))
        if self._first is None:
            self._first = centres[0]
        drift: NDArray[np.float64] = centres - self._first
        return drift
