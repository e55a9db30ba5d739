"""Motion at constant energy or temperature: velocity Verlet with a Nosé-Hoover chain around it.

The chain acts for half a step before and after each Verlet step (G. J. Martyna, M. E. Tuckerman, D. J. Tobias and
M. L. Klein, Mol. Phys. 87, 1117 (1996), eqs. 26-32), with the fourth-order weights of Yoshida (Phys. Lett. A 150, 262
(1990)). It conserves

    H = K + V + sum_k p_k²/(2 Q_k) + g kT η_1 + kT sum_(k>1) η_k,   Q_1 = g kT τ²,  Q_k = kT τ².

ASE's integrator (``ase.md.nose_hoover_chain``) gives the same motion, but counts g = 3N degrees of freedom; with the
total momentum at zero there are 3N - 3, and a crystal of N atoms would run at T N/(N - 1). Here all that the motion
depends on is in one small state, so that a run that is continued takes the very steps of one that was not interrupted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ase.units import fs, kB

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Forces = Callable[[NDArray[np.float64]], tuple[float, NDArray[np.float64]]]
    """Energy (eV) and forces (n, 3) (eV/Å) at positions (n, 3) (Å)."""

CHAIN = 3
"""Thermostats in the chain; a single one does not sample a harmonic crystal."""
PERIOD_STEPS = 40
"""Time steps in a period of the thermostat where no time constant is given, as with VASP's ``SMASS = 0``."""
_CUBE_ROOT = 2.0 ** (1.0 / 3.0)
YOSHIDA = (1.0 / (2.0 - _CUBE_ROOT), -_CUBE_ROOT / (2.0 - _CUBE_ROOT), 1.0 / (2.0 - _CUBE_ROOT))


@dataclass
class MotionState:
    """All that the next step depends on.

    Attributes
    ----------
    step
        Steps taken.
    positions
        (n, 3), Å, never wrapped into the cell.
    momenta
        (n, 3), in ASE's units (u Å / (Å √(u/eV))).
    energy, forces
        At these positions: eV, and (n, 3) in eV/Å.
    eta, p_eta
        Positions and momenta of the thermostats; zeros where there are none.
    """

    step: int
    positions: NDArray[np.float64]
    momenta: NDArray[np.float64]
    energy: float
    forces: NDArray[np.float64]
    eta: NDArray[np.float64]
    p_eta: NDArray[np.float64]


def thermostat_time(time_step_fs: float, wanted_fs: float | None) -> float:
    """Return τ, fs: what was asked for, or that of a period of 40 time steps.

    The chain's first thermostat oscillates with ω = √2/τ, so τ = 40 Δt/(√2 π).
    """
    return wanted_fs if wanted_fs is not None else PERIOD_STEPS * time_step_fs / (np.sqrt(2.0) * np.pi)


def maxwell_momenta(masses: NDArray[np.float64], temperature: float, seed: int) -> NDArray[np.float64]:
    """Return momenta (n, 3) of Maxwell's distribution without total momentum, scaled to the temperature.

    Parameters
    ----------
    masses
        (n,), u; at least two atoms.
    temperature
        K, over the 3N - 3 degrees of freedom that are left.
    seed
        Of the random numbers.
    """
    column = masses[:, None]
    momenta = np.sqrt(column * kB * temperature) * np.random.default_rng(seed).normal(size=(len(masses), 3))
    momenta -= column * momenta.sum(axis=0) / masses.sum()
    return np.asarray(
        momenta * np.sqrt(temperature / kinetic_temperature(kinetic_energy(momenta, masses), len(masses)))
    )


def kinetic_energy(momenta: NDArray[np.float64], masses: NDArray[np.float64]) -> float:
    """Return the kinetic energy, eV."""
    return float(0.5 * (momenta**2 / masses[:, None]).sum())


def kinetic_temperature(energy: float, n_atoms: int) -> float:
    """Return the temperature (K) of a kinetic energy (eV) over 3N - 3 degrees of freedom."""
    return float(2.0 * energy / ((3 * n_atoms - 3) * kB))


class Integrator:
    """Takes steps.

    Parameters
    ----------
    masses
        (n,), u.
    forces
        Energy and forces at positions.
    time_step_fs
        fs.
    temperature
        Of the thermostat, K; None for constant energy.
    thermostat_time_fs
        τ, fs.
    """

    def __init__(
        self,
        masses: NDArray[np.float64],
        forces: Forces,
        *,
        time_step_fs: float,
        temperature: float | None,
        thermostat_time_fs: float,
    ) -> None:
        self.masses = masses
        self.forces = forces
        self.time_step = time_step_fs * fs
        self.thermal = None if temperature is None else kB * temperature
        self.freedom = 3 * len(masses) - 3
        q = (self.thermal or 0.0) * (thermostat_time_fs * fs) ** 2
        self.q = np.array([self.freedom * q, *[q] * (CHAIN - 1)])

    def start(self, positions: NDArray[np.float64], momenta: NDArray[np.float64]) -> MotionState:
        """Return the state before the first step."""
        energy, forces = self.forces(positions)
        return MotionState(0, positions.copy(), momenta.copy(), energy, forces, np.zeros(CHAIN), np.zeros(CHAIN))

    def advance(self, state: MotionState) -> None:
        """Take one step, in place."""
        half, column = 0.5 * self.time_step, self.masses[:, None]
        self._chain(state, half)
        state.momenta += half * state.forces
        state.positions += self.time_step * state.momenta / column
        state.energy, state.forces = self.forces(state.positions)
        state.momenta += half * state.forces
        self._chain(state, half)
        state.step += 1

    def conserved(self, state: MotionState) -> float:
        """Return H, eV."""
        total = kinetic_energy(state.momenta, self.masses) + state.energy
        if self.thermal is None:
            return total
        bath = (0.5 * state.p_eta**2 / self.q).sum()
        return float(total + bath + self.thermal * (self.freedom * state.eta[0] + state.eta[1:].sum()))

    def _chain(self, state: MotionState, time: float) -> None:
        """Let the thermostats act for a time."""
        if self.thermal is None:
            return
        for weight in YOSHIDA:
            span = weight * time
            for k in reversed(range(CHAIN)):
                self._push(state, k, span)
            state.eta += span * state.p_eta / self.q
            state.momenta *= np.exp(-span * state.p_eta[0] / self.q[0])
            for k in range(CHAIN):
                self._push(state, k, span)

    def _push(self, state: MotionState, k: int, span: float) -> None:
        """Accelerate thermostat ``k`` by what drives it: the kinetic energy, or the thermostat before it."""
        thermal = self.thermal or 0.0
        if k == 0:
            drive = 2.0 * kinetic_energy(state.momenta, self.masses) - self.freedom * thermal
        else:
            drive = state.p_eta[k - 1] ** 2 / self.q[k - 1] - thermal
        drag = np.exp(-0.25 * span * state.p_eta[k + 1] / self.q[k + 1]) if k + 1 < CHAIN else 1.0
        state.p_eta[k] = (state.p_eta[k] * drag + 0.5 * span * drive) * drag
