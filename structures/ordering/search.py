"""Going through the arrangements of a disordered cell, one for each class that symmetry makes equal."""

from __future__ import annotations

import itertools
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError
from lianode.structures.ordering.annealing import PairEnergy, lowest_fillings
from lianode.structures.ordering.counting import every_filling, fillings
from lianode.structures.ordering.electrostatics import ewald_matrix

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from lianode.structures.ordering.sublattices import DisorderedCell, Sublattice

_SMALLEST_POOL = 1000  # fillings that are closed under single moves, however few are kept

Filling = bytes
"""Number of the element on each site, 0 for none, one byte each."""


class ArrangementSearch:
    """Arrangements of one cell and their energies.

    Parameters
    ----------
    cell
        With the atoms to be placed.
    charges
        Of each element, e.
    closest
        Å, below which two sites of a partly filled sublattice exclude each other.
    """

    def __init__(self, cell: DisorderedCell, charges: Mapping[str, float], closest: float) -> None:
        self.examined = 0
        self._cell = cell
        self._closest = closest
        self._distances = np.asarray(cell.average.distance_matrix)
        self._symbols = ["", *sorted(cell.amounts)]
        self._codes = {symbol: code for code, symbol in enumerate(self._symbols)}
        self._charges = np.array([0.0, *(charges[symbol] for symbol in self._symbols[1:])])

    @cached_property
    def _matrix(self) -> NDArray[np.float64]:
        return ewald_matrix(self._cell.average)

    @property
    def counts(self) -> list[int]:
        """Number of ways to fill each sublattice."""
        return [fillings(one, self._excluded(one)) for one in self._cell.sublattices]

    def elements(self, filling: Filling) -> list[str]:
        """Return the element on each site, empty for none."""
        return [self._symbols[code] for code in filling]

    def energy(self, filling: Filling) -> float:
        """Return the Ewald energy, eV per cell."""
        q = self._charges[np.frombuffer(filling, dtype=np.uint8)]
        return float(q @ self._matrix @ q)

    def enumerated(self) -> dict[Filling, tuple[float, int]]:
        """Return energy and degeneracy of every distinct arrangement."""
        found = self._classes(self._cell.sublattices)
        self.examined += len(found)
        return {filling: (self.energy(filling), degeneracy) for filling, degeneracy in found.items()}

    def sampled(self, largest: int, keep: int, generator: np.random.Generator) -> dict[Filling, tuple[float, int]]:
        """Return low arrangements: all classes of the smaller sublattices, the largest annealed for each of them.

        Raises
        ------
        InputError
            Where several elements share the largest sublattice.
        """
        sublattice = self._cell.sublattices[largest]
        placed = [symbol for symbol, amount in sublattice.amounts.items() if amount]
        if len(placed) > 1:
            raise InputError(
                f"the sites that {' and '.join(placed)} share have too many arrangements; take a smaller cell",
                self._cell.phase.name,
            )
        code = self._codes[placed[0]]
        charge = float(self._charges[code])
        sites = np.array(sublattice.sites)
        smaller = [one for number, one in enumerate(self._cell.sublattices) if number != largest]
        found: dict[Filling, tuple[float, int]] = {}
        for rest in self._classes(smaller):
            codes = np.frombuffer(rest, dtype=np.uint8)
            q = self._charges[codes]
            energy = PairEnergy(
                constant=float(q @ self._matrix @ q),
                field=2 * charge * (self._matrix[sites] @ q),
                coupling=self._matrix[np.ix_(sites, sites)] * charge**2,
                excluded=self._excluded(sublattice),
            )
            # a class has up to as many members among the lowest fillings as there are operations
            pool = max(keep * self._stabilizer(codes), _SMALLEST_POOL)
            states, energies, examined = lowest_fillings(energy, sublattice.amounts[placed[0]], pool, generator)
            self.examined += examined
            new = 0
            for state, value in zip(states, energies, strict=True):
                whole = codes.copy()
                whole[sites[state]] = code
                images = self._images(whole)
                first = min(images)
                if first not in found:
                    found[first] = (float(value), len(images))
                    new += 1
                if new == keep:
                    break
        return found

    def without(self, number: int, filling: Filling) -> Filling:
        """Return the class of a filling with one sublattice emptied."""
        codes = np.frombuffer(filling, dtype=np.uint8).copy()
        codes[list(self._cell.sublattices[number].sites)] = 0
        return min(self._images(codes))

    def _excluded(self, sublattice: Sublattice) -> NDArray[np.bool_]:
        near: NDArray[np.bool_] = self._distances[np.ix_(sublattice.sites, sublattice.sites)] < self._closest
        np.fill_diagonal(near, val=False)
        return near if sublattice.vacancies else np.zeros_like(near)

    def _classes(self, sublattices: Sequence[Sublattice]) -> dict[Filling, int]:
        """One filling of some sublattices out of each class, other shared sites empty, and the size of its class."""
        found: dict[Filling, int] = {}
        seen: set[Filling] = set()
        whole = np.zeros(len(self._cell.average), dtype=np.uint8)
        for site, symbol in self._cell.fixed.items():
            whole[site] = self._codes[symbol]
        for chosen in itertools.product(*(every_filling(one, self._excluded(one)) for one in sublattices)):
            for sublattice, filled in zip(sublattices, chosen, strict=True):
                whole[list(sublattice.sites)] = [self._codes[symbol] for symbol in filled]
            if whole.tobytes() not in seen:
                images = self._images(whole)
                seen |= images
                found[min(images)] = len(images)
        return found

    def _images(self, codes: NDArray[np.uint8]) -> set[Filling]:
        permutations = self._cell.permutations
        moved = np.empty(permutations.shape, dtype=np.uint8)
        np.put_along_axis(moved, permutations, np.broadcast_to(codes, permutations.shape), axis=1)
        return {row.tobytes() for row in moved}

    def _stabilizer(self, codes: NDArray[np.uint8]) -> int:
        """Operations that leave a filling as it is."""
        return len(self._cell.permutations) // len(self._images(codes))
