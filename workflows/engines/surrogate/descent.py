"""Relaxing atoms in a fixed cell with few evaluations: each is learned from, and the next is made where that leads.

Gaussian processes need a third of the evaluations of BFGS (Garijo del Río, Mortensen and Jacobsen, Phys. Rev. B 100,
104103 (2019)); with a pair potential below them also in crystals with hundreds of coordinates. What counts are the true
forces: a relaxation that does not get there follows them by BFGS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.linalg import LinAlgError
from scipy.optimize import minimize

from lianode.workflows.engines.surrogate.energy import Surrogate
from lianode.workflows.engines.surrogate.pairs import NEIGHBOURS, kinds, neighbours

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

TRUST, LEAST_TRUST, MOST_TRUST = 0.1, 0.02, 0.2
"""Å: how far an atom may move in a step, at first and at all; the last is that of BFGS in ASE."""
KEPT = 0.25
"""Error of a promised gain relative to the gain, below which the trust grows."""
MOST_STEPS = 40
"""Steps after which the atoms follow their forces."""
NOISE = 1e-6
"""Of the energy, relative to it: energies that differ by less are compared by their forces."""
SKIN = 0.5
"""Å: pairs so much further apart than neighbours are listed too, because they may come closer."""


class SurrogateDescent:
    """Steps to a minimum at fixed cell.

    Parameters
    ----------
    atoms
        With a calculator; a constraint is obeyed.
    """

    def __init__(self, atoms: Atoms) -> None:
        self.atoms = atoms
        self.positions: list[Array] = []
        self.energies: list[float] = []
        self.forces: list[Array] = []
        self.best = 0
        self.trust = TRUST
        self.promised = np.nan
        self.steps = 0
        self._bfgs: Any = None

    def begin_again(self) -> None:
        """Relax from where the atoms are now, and keep what was learned."""
        self.best = len(self.positions)
        self.trust, self.steps, self._bfgs = TRUST, 0, None

    def step(self) -> None:
        """Learn from where the atoms are, and move them once."""
        if self._bfgs is not None:
            self._bfgs.step()
            return
        self._learn()
        self.steps += 1
        try:
            moved = self._next() if self.steps <= MOST_STEPS else None
        except LinAlgError:
            moved = None
        if moved is None:
            self._bfgs = self._follow_forces()
            self._bfgs.step()
        else:
            self.atoms.set_positions(moved)

    def _follow_forces(self) -> Any:
        from ase.optimize import BFGS

        self.atoms.set_positions(self.positions[self.best])
        return BFGS(self.atoms, logfile=None)

    def _learn(self) -> None:
        """Remember this point, and trust the surrogate further where it kept its promise."""
        self.positions.append(self.atoms.get_positions())
        self.energies.append(float(self.atoms.get_potential_energy()))
        self.forces.append(np.array(self.atoms.get_forces(), dtype=float))
        last = len(self.positions) - 1
        if last == self.best:
            return
        gain = self.energies[self.best] - self.energies[last]
        if gain > 0 and abs(gain - self.promised) < KEPT * gain:
            self.trust = min(1.7 * self.trust, MOST_TRUST)
        noise = NOISE * abs(self.energies[last])
        if gain > noise or (gain > -noise and self._largest(last) < self._largest(self.best)):
            self.best = last
        elif gain < -noise:
            self.trust = max(0.5 * self.trust, LEAST_TRUST)

    def _largest(self, number: int) -> float:
        return float(np.linalg.norm(self.forces[number], axis=1).max())

    def _next(self) -> Array:
        """Return the minimum of the surrogate nearest to the best point, as far as it is trusted."""
        best = self.positions[self.best]
        pairs = neighbours(best[None], self.atoms.cell.array, NEIGHBOURS + SKIN)
        surrogate = Surrogate(
            pairs,
            kinds(pairs, self.atoms.get_chemical_symbols()),
            np.array(self.positions),
            np.array(self.energies),
            np.array(self.forces),
        )
        start, level = best.ravel(), self.energies[self.best]
        stretch = surrogate.stretch

        def surface(scaled: Array) -> tuple[float, Array]:
            energies, gradients = surrogate((start + stretch @ scaled)[None])
            return float(energies[0]) - level, stretch @ gradients[0]

        found = minimize(surface, np.zeros_like(start), jac=True, method="L-BFGS-B", options={"maxiter": 200})
        move = (stretch @ found.x).reshape(-1, 3)
        move *= min(1.0, self.trust / max(float(np.linalg.norm(move, axis=1).max()), 1e-30))
        self.promised = level - float(surrogate((start + move.ravel())[None])[0][0])
        return np.asarray(best + move)
