"""Velocity Verlet, with a bath that acts for half a step before and after it.

Splitting a step in this way keeps what each part keeps: the bath alone leaves the canonical distribution of momenta as
it is, whatever the time step, and Verlet's error in the distribution of positions is of second order (G. Bussi and
M. Parrinello, Phys. Rev. E 75, 056707 (2007)). The energy of the atoms and what they gave away together are conserved
as well as Verlet conserves the energy alone, at any temperature of the bath.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from ase.units import fs, kB

from lianode.workflows.engines.motion.nose_hoover import CHAIN
from lianode.workflows.engines.motion.pressure import barostat_of
from lianode.workflows.engines.motion.state import MotionState, kinetic_energy, noise, pressure_tensor
from lianode.workflows.engines.motion.thermostats import thermostat_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lianode.workflows.engines.motion.pressure import Barostat
    from lianode.workflows.engines.motion.state import Evaluate
    from lianode.workflows.engines.motion.thermostats import Thermostat
    from lianode.workflows.task import MDTask


class Integrator:
    """Takes steps in a fixed cell.

    Parameters
    ----------
    masses
        (n,), u.
    evaluate
        Energy, forces and stress at positions in a cell.
    time_step_fs
        fs.
    thermostat
        The bath.
    target
        Its temperature, K, after a number of steps; halves are asked for, too.
    """

    def __init__(
        self,
        masses: NDArray[np.float64],
        evaluate: Evaluate,
        *,
        time_step_fs: float,
        thermostat: Thermostat,
        target: Callable[[float], float],
    ) -> None:
        self.masses = masses
        self.column = masses[:, None]
        self.shares = self.column / masses.sum()
        self.evaluate = evaluate
        self.time_step = time_step_fs * fs
        self.thermostat = thermostat
        self.target = target

    def start(
        self, positions: NDArray[np.float64], momenta: NDArray[np.float64], cell: NDArray[np.float64], seed: int
    ) -> MotionState:
        """Return the state before the first step."""
        state = MotionState(
            step=0,
            positions=positions.copy(),
            momenta=momenta.copy(),
            cell=cell.copy(),
            energy=0.0,
            forces=np.zeros_like(positions),
            stress=np.zeros(6),
            chain=np.zeros(CHAIN),
            given=0.0,
            random=noise(seed),
        )
        self._evaluate(state)
        return state

    def advance(self, state: MotionState) -> None:
        """Take one step, in place."""
        half = 0.5 * self.time_step
        self.thermostat.act(state, half, kB * self.target(state.step))
        self._verlet(state)
        state.step += 1
        self.thermostat.act(state, half, kB * self.target(state.step))

    def conserved(self, state: MotionState) -> float:
        """Return what stays the same along an exact motion, eV: the energy, and what was given away."""
        kinetic = kinetic_energy(state.momenta, self.masses)
        return kinetic + state.energy + state.given + self.thermostat.energy(state)

    def _verlet(self, state: MotionState) -> None:
        half = 0.5 * self.time_step
        state.momenta += half * state.forces
        state.positions += self.time_step * (state.momenta / self.column)
        self._evaluate(state)
        state.momenta += half * state.forces

    def _evaluate(self, state: MotionState) -> None:
        """Take over what the potential says, without the force on the whole, which is its rounding."""
        state.energy, forces, state.stress = self.evaluate(state.positions, state.cell)
        state.forces = forces - self.shares * forces.sum(axis=0)


class PressureIntegrator(Integrator):
    """Takes steps in a cell that a barostat moves, once per step, in the middle of the atoms' drift.

    Parameters
    ----------
    masses, evaluate, time_step_fs, thermostat, target
        See :class:`Integrator`.
    barostat
        What moves the cell.
    """

    def __init__(
        self,
        masses: NDArray[np.float64],
        evaluate: Evaluate,
        *,
        time_step_fs: float,
        thermostat: Thermostat,
        target: Callable[[float], float],
        barostat: Barostat,
    ) -> None:
        super().__init__(masses, evaluate, time_step_fs=time_step_fs, thermostat=thermostat, target=target)
        self.barostat = barostat

    def pressure(self, state: MotionState) -> float:
        """Return the instantaneous pressure that the barostat answers to, eV/Å³."""
        return self.barostat.part(pressure_tensor(state, self.masses), state.cell)

    def _verlet(self, state: MotionState) -> None:
        half, thermal = 0.5 * self.time_step, kB * self.target(state.step + 0.5)
        before = self.pressure(state)
        state.momenta += half * state.forces
        state.positions += half * (state.momenta / self.column)
        growth = self.barostat.move(state, self.time_step, before, thermal)
        state.positions += half * (state.momenta / self.column)
        self._evaluate(state)
        state.momenta += half * state.forces
        state.given += 0.5 * (before + self.pressure(state)) * growth


def integrator_of(task: MDTask, masses: NDArray[np.float64], evaluate: Evaluate) -> Integrator:
    """Return what moves atoms of these masses (n,), u, as a task wants it."""
    thermostat = thermostat_of(task, masses)
    if task.ensemble == "npt-bussi":
        return PressureIntegrator(
            masses,
            evaluate,
            time_step_fs=task.time_step_fs,
            thermostat=thermostat,
            target=task.target,
            barostat=barostat_of(task),
        )
    return Integrator(masses, evaluate, time_step_fs=task.time_step_fs, thermostat=thermostat, target=task.target)
