"""Low-energy fillings of a sublattice with too many to go through: annealed from random ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

WALKERS = 64
STEPS = 6000
HOTTEST, COLDEST = 2.0, 0.03
"""k_B T of the schedule, eV. Formal charges on neighbouring sites differ by eV."""

_REMEMBERED = 0.4  # k_B T, eV, below which the states passed through are kept


@dataclass(frozen=True, kw_only=True)
class PairEnergy:
    """Energy of a filling: E = constant + field · x + x · coupling · x, with x = 1 on filled sites.

    Attributes
    ----------
    constant
        eV.
    field
        Shape (sites,), eV.
    coupling
        Symmetric, shape (sites, sites), eV.
    excluded
        Which sites exclude each other, shape (sites, sites).
    """

    constant: float
    field: NDArray[np.float64]
    coupling: NDArray[np.float64]
    excluded: NDArray[np.bool_]

    def of(self, states: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the energy of each row of states, eV."""
        x = states.astype(np.float64)
        energies: NDArray[np.float64] = self.constant + x @ self.field + ((x @ self.coupling) * x).sum(axis=1)
        return energies


def lowest_fillings(
    energy: PairEnergy, atoms: int, keep: int, generator: np.random.Generator
) -> tuple[NDArray[np.bool_], NDArray[np.float64], int]:
    """Search for the fillings of lowest energy.

    Walkers move single atoms, cooled from :data:`HOTTEST` to :data:`COLDEST`; the states they pass when cold are kept.
    Then every single move from each of the lowest states is tried, until none leads to another of the lowest. Nothing
    proves that the lowest of all is among them; that independent seeds find the same does suggest it.

    Parameters
    ----------
    energy
        Of a filling.
    atoms
        To be placed.
    keep
        How many of the lowest fillings are closed under single moves and returned.
    generator
        Of random numbers.

    Returns
    -------
    ndarray of shape (n, sites)
        Fillings, lowest first.
    ndarray of shape (n,)
        Their energies, eV.
    int
        Different fillings whose energies were computed.
    """
    states = np.array([_random_filling(energy.excluded, atoms, generator) for _ in range(WALKERS)])
    passed = _annealed(energy, states, generator)
    pool = np.unique(passed, axis=0)
    examined = {row.tobytes() for row in np.packbits(pool, axis=1)}
    closed: set[bytes] = set()
    while True:
        order = np.argsort(np.round(energy.of(pool), 6), kind="stable")
        pool = pool[order[:keep]]
        open_states = [state for state in pool if state.tobytes() not in closed]
        if not open_states:
            return pool, energy.of(pool), len(examined)
        closed.update(state.tobytes() for state in open_states)
        moved = np.concatenate([_single_moves(energy.excluded, state) for state in open_states])
        examined.update(row.tobytes() for row in np.packbits(moved, axis=1))
        pool = np.unique(np.concatenate([pool, moved]), axis=0)


def _random_filling(
    excluded: NDArray[np.bool_], atoms: int, generator: np.random.Generator, tries: int = 200
) -> NDArray[np.bool_]:
    """Fill sites at random, those with the fewest free neighbours first, so that a full lattice of pairs is reached."""
    for _ in range(tries):
        filled = np.zeros(len(excluded), dtype=bool)
        free = np.ones(len(excluded), dtype=bool)
        while filled.sum() < atoms and free.any():
            choices = np.flatnonzero(free)
            degree = (excluded[choices] & free).sum(axis=1)
            choices = choices[degree == degree.min()]
            site = int(generator.choice(choices))
            filled[site] = True
            free &= ~excluded[site]
            free[site] = False
        if filled.sum() == atoms:
            return filled
    raise InputError(f"{atoms} atoms do not fit on {len(excluded)} sites without being too close to each other")


def _annealed(energy: PairEnergy, states: NDArray[np.bool_], generator: np.random.Generator) -> NDArray[np.bool_]:
    """Move all walkers down the temperatures; returns the states they passed when cold."""
    rows = np.arange(len(states))
    states = states.copy()
    x = states.astype(np.float64)
    local = energy.field + 2 * x @ energy.coupling
    near = energy.excluded.astype(np.int64)
    taken = x.astype(np.int64) @ near
    own = np.diag(energy.coupling)
    passed = [states.copy()]
    for thermal in np.geomspace(HOTTEST, COLDEST, STEPS):
        target = _pick(~states, generator)
        blocked = taken[rows, target]
        # into a site that one atom blocks only that atom can move, into a free one any
        source = np.where(blocked == 1, np.argmax(states & energy.excluded[target], axis=1), _pick(states, generator))
        cost = (
            local[rows, target] - local[rows, source] + own[target] + own[source] - 2 * energy.coupling[source, target]
        )
        moves = (blocked <= 1) & (generator.random(len(rows)) < np.exp(np.minimum(-cost / thermal, 0.0)))
        who, gone, come = rows[moves], source[moves], target[moves]
        states[who, gone], states[who, come] = False, True
        local[who] += 2 * (energy.coupling[come] - energy.coupling[gone])
        taken[who] += near[come] - near[gone]
        if thermal < _REMEMBERED and len(who):
            passed.append(states[who])
    return np.concatenate(passed)


def _pick(allowed: NDArray[np.bool_], generator: np.random.Generator) -> NDArray[np.intp]:
    """One allowed column for each row, at random."""
    picked: NDArray[np.intp] = np.argmax(np.where(allowed, generator.random(allowed.shape), -1.0), axis=1)
    return picked


def _single_moves(excluded: NDArray[np.bool_], state: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """All fillings that differ by the place of one atom."""
    filled, empty = np.flatnonzero(state), np.flatnonzero(~state)
    blocked = excluded[np.ix_(empty, filled)]
    count = blocked.sum(axis=1)
    target, source = np.nonzero((count[:, None] == 0) | ((count[:, None] == 1) & blocked))
    moved = np.repeat(state[None], len(target), axis=0)
    rows = np.arange(len(target))
    moved[rows, filled[source]], moved[rows, empty[target]] = False, True
    return moved
