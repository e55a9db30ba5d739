"""A chain of Nosé-Hoover thermostats.

The chain acts for half a step before and after each Verlet step (G. J. Martyna, M. E. Tuckerman, D. J. Tobias and
M. L. Klein, Mol. Phys. 87, 1117 (1996), eqs. 26-32), with the fourth-order weights of Yoshida (Phys. Lett. A 150, 262
(1990)). It conserves

    H = K + V + sum_k p_k²/(2 Q_k) + g ∫ kT dη_1 + sum_(k>1) ∫ kT dη_k,   Q_1 = g kT τ²,  Q_k = kT τ²,

also while the temperature T of the integrals changes with time; the masses Q belong to one temperature throughout.

ASE's integrator (``ase.md.nose_hoover_chain``) gives the same motion, but counts g = 3N degrees of freedom; with the
total momentum at zero there are 3N - 3, and a crystal of N atoms would run at T N/(N - 1).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from ase.units import fs, kB

from lianode.workflows.engines.motion.state import kinetic_energy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lianode.workflows.engines.motion.state import MotionState

CHAIN = 3
"""Thermostats in the chain; a single one does not sample a harmonic crystal."""
PERIOD_STEPS = 40
"""Time steps in a period of the thermostat where no time constant is given, as with VASP's ``SMASS = 0``."""
_CUBE_ROOT = 2.0 ** (1.0 / 3.0)
YOSHIDA = (1.0 / (2.0 - _CUBE_ROOT), -_CUBE_ROOT / (2.0 - _CUBE_ROOT), 1.0 / (2.0 - _CUBE_ROOT))


def thermostat_time(time_step_fs: float, wanted_fs: float | None) -> float:
    """Return τ, fs: what was asked for, or that of a period of 40 time steps.

    The chain's first thermostat oscillates with ω = √2/τ, so τ = 40 Δt/(√2 π).
    """
    return wanted_fs if wanted_fs is not None else PERIOD_STEPS * time_step_fs / (math.sqrt(2.0) * math.pi)


class NoseHooverChain:
    """The chain as a thermostat.

    Parameters
    ----------
    masses
        (n,), u.
    freedom
        g.
    temperature
        That of the masses Q, K.
    time_fs
        τ, fs.
    """

    def __init__(self, masses: NDArray[np.float64], freedom: int, *, temperature: float, time_fs: float) -> None:
        self.masses = masses
        self.freedom = freedom
        q = kB * temperature * (time_fs * fs) ** 2
        self.q = [freedom * q, *[q] * (CHAIN - 1)]

    def act(self, state: MotionState, time: float, thermal: float) -> None:
        """Let the chain act for a time (ASE's units) at kT (eV)."""
        chain = [float(p) for p in state.chain]
        twice_kinetic, factor = 2.0 * kinetic_energy(state.momenta, self.masses), 1.0
        for weight in YOSHIDA:
            span = weight * time
            for k in reversed(range(CHAIN)):
                self._push(chain, k, span, twice_kinetic, thermal)
            turns = [span * p / q for p, q in zip(chain, self.q, strict=True)]
            state.given += thermal * (self.freedom * turns[0] + sum(turns[1:]))
            drag = float(np.exp(-turns[0]))
            factor *= drag
            twice_kinetic *= drag * drag
            for k in range(CHAIN):
                self._push(chain, k, span, twice_kinetic, thermal)
        state.momenta *= factor
        state.chain[:] = chain

    def energy(self, state: MotionState) -> float:
        """Return the kinetic energy of the chain, eV."""
        return float(sum(0.5 * p * p / q for p, q in zip(state.chain, self.q, strict=True)))

    def _push(self, chain: list[float], k: int, span: float, twice_kinetic: float, thermal: float) -> None:
        """Accelerate thermostat ``k`` by what drives it: the kinetic energy, or the thermostat before it."""
        drive = twice_kinetic - self.freedom * thermal if k == 0 else chain[k - 1] ** 2 / self.q[k - 1] - thermal
        drag = float(np.exp(-0.25 * span * chain[k + 1] / self.q[k + 1])) if k + 1 < CHAIN else 1.0
        chain[k] = (chain[k] * drag + 0.5 * span * drive) * drag
