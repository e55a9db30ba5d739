"""A list of neighbours that serves many frames, for any cell and any cut-off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.analysis.structure_in_time.drift import fractional
from lianode.analysis.structure_in_time.kernels import available
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lianode.analysis.structure_in_time.blocks import Species
    from lianode.analysis.structure_in_time.kernels import Kernels

    Visit = Callable[[int, NDArray[np.float64], NDArray[np.float64], Any, Any], int]
    Direct = Callable[[NDArray[np.float64], NDArray[np.float64]], int]

SKIN = 1.0
"""Å beyond the reach, to begin with."""
_SKINS = (0.4, 3.0)
_SHORT_LIFE, _LONG_LIFE = 40, 1000
"""Frames: making a list takes as long as counting from it some twenty times."""
_TRIED_AGAIN = (32, 4096)
"""Frames so far apart that no list serves two do without; after so many, and ever more, it is tried again."""
_MOST_DIRECT = 300_000
"""Pairs of atoms, beyond which making a list for a single frame is faster than looking at all of them."""
_AHEAD = 32
_ROUNDING = 1e-9
MOST_PAIRS = 200_000_000
"""Pairs in one list, 1.6 GB."""


@dataclass(frozen=True, slots=True)
class NeighbourList:
    """Pairs closer than a radius in one frame.

    Attributes
    ----------
    listed
        (fractions in [0, 1), cell, its inverse, radius in Å, parents and shifts of the images).
    pairs
        (centres, neighbours, ends); see :mod:`..vectorised`.
    """

    listed: tuple[Any, ...]
    pairs: tuple[Any, ...]


class Neighbours:
    """Visits the pairs of frame after frame, making a new list only when the last one is too old.

    Parameters
    ----------
    species
        Order of the atoms.
    kinds
        Species of the pairs, centre first.
    reach
        Distance within which every pair is visited, Å.
    where
        Name of the trajectory, for messages.
    kernels
        Code that makes lists; by default the fastest that is installed.
    skin
        Å beyond the reach to begin with. It changes speed only, and is adapted to the lists' lives.
    """

    def __init__(
        self,
        species: Species,
        kinds: list[tuple[str, str]],
        reach: float,
        where: str,
        *,
        kernels: Kernels | None = None,
        skin: float = SKIN,
    ) -> None:
        if not (np.isfinite(reach) and reach > 0):
            raise InputError(f"a largest distance of {reach:g} Å; it has to be above 0", where)
        self.kernels = available() if kernels is None else kernels
        self.reach = reach
        self.is_half = np.array([one == other for one, other in kinds])
        self.lists_made = 0
        self.kinds = np.array([[species.index(one), species.index(other)] for one, other in kinds], dtype=np.int64)
        self._species = species
        self.starts = species.starts[: int(np.searchsorted(species.starts, species.n_used)) + 1]
        sizes = np.diff(self.starts)
        self._is_small = int((sizes[self.kinds[:, 0]] * sizes[self.kinds[:, 1]]).sum()) <= _MOST_DIRECT
        self._where = where
        self._skin = skin
        self._without_skin = 0
        self._patience = _TRIED_AGAIN[0]
        self._list: NeighbourList | None = None
        self._life = 0

    @property
    def longest(self) -> float:
        """Distance that no pair of a list that still serves exceeds by much, Å: what a histogram has bins for."""
        return self.reach + 2 * _SKINS[1]

    def visit(
        self, positions: NDArray[np.float64], cells: NDArray[np.float64], visit: Visit, direct: Direct | None = None
    ) -> None:
        """Visit the pairs of frames.

        Parameters
        ----------
        positions, cells
            (n_frames, n, 3) and (n_frames, 3, 3), Å.
        visit
            Takes (index of the first frame, positions, cells, listed, pairs) from that frame on, and returns how many
            frames the list served.
        direct
            Takes (positions, cells) and counts without a list, where there is such a way; returns how many frames it
            could.
        """
        done = 0
        while done < len(positions):
            if self._without_skin and self._list is None and direct is not None and self._is_small:
                ahead = slice(done, done + self._without_skin)
                served = direct(positions[ahead], cells[ahead])
                done += served
                self._without_skin -= served
                if served:
                    continue
            if self._list is None:
                self._list = self._made(positions[done : done + _AHEAD, : self._species.n_used], cells[done:])
            served = visit(done, positions[done:], cells[done:], self._list.listed, self._list.pairs)
            if not served and not self._life:
                raise InputError("positions so far outside the cell that their digits are lost; wrap them", self._where)
            done += served
            self._life += served
            if done < len(positions):
                self._adapt()
                self._list, self._life = None, 0

    def _adapt(self) -> None:
        """Choose the next skin from how many frames the last list served."""
        if self._without_skin:
            self._without_skin -= 1
        elif self._life <= 1 and self._skin >= _SKINS[1]:
            self._without_skin = self._patience
            self._patience = min(_TRIED_AGAIN[1], 2 * self._patience)
        elif self._life < _SHORT_LIFE:
            self._skin = min(_SKINS[1], self._skin * 1.5)
        elif self._life > _LONG_LIFE:
            self._skin = max(_SKINS[0], self._skin * 0.8)

    def _made(self, positions: NDArray[np.float64], cells: NDArray[np.float64]) -> NeighbourList:
        """Return a list for the first frame and as many of the next ones as it can serve."""
        self.lists_made += 1
        cell = cells[0].copy()
        inverse = np.linalg.inv(cell)
        fractions = self._middle(positions, cells[: len(positions)])
        fractions -= np.floor(fractions)
        fractions[fractions >= 1.0] = 0.0  # the floor of -1e-17 is -1
        radius = self.reach + (0.0 if self._without_skin else self._skin) + _ROUNDING
        self._fits(cell, radius)
        margins = radius * np.linalg.norm(inverse, axis=0) + _ROUNDING
        parents, shifts, *pairs = self.kernels.neighbour_list(fractions, cell, self.starts, self.kinds, margins, radius)
        return NeighbourList((fractions, cell, inverse, radius, parents, shifts), tuple(pairs))

    def _middle(self, positions: NDArray[np.float64], cells: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where atoms are in the mean over the next frames, as fractions: in a solid all frames are near it.

        Where the first frame is too far from it, its own positions.
        """
        if self._without_skin:
            alone: NDArray[np.float64] = fractional(positions[:1], cells[:1])[0]
            return alone
        fractions = fractional(positions, cells)
        moved = fractions - fractions[0]
        moved -= np.rint(moved)
        mean = moved.mean(axis=0)
        middle: NDArray[np.float64] = fractions[0]
        if 2 * np.linalg.norm(mean @ cells[0], axis=1).max() <= self._skin:
            middle = middle + mean
        return middle

    def _fits(self, cell: NDArray[np.float64], radius: float) -> None:
        """Raise where a list would not fit into memory."""
        sizes = np.diff(self.starts)
        share = 4 / 3 * np.pi * radius**3 / abs(np.linalg.det(cell))
        expected = sum(float(sizes[one]) * float(sizes[other]) for one, other in self.kinds) * share
        if expected > MOST_PAIRS:
            raise InputError(
                f"{self.reach:g} Å around every atom makes {expected:.1e} pairs in each frame, more than "
                f"{MOST_PAIRS:.0e}; a shorter largest distance would be right",
                self._where,
            )
