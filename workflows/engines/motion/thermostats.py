"""What exchanges heat with the atoms at a temperature that may change with time.

All leave the canonical distribution as it is, without total momentum, and count the heat that they take.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import numpy as np
from ase.units import fs

from lianode.workflows.engines.motion.nose_hoover import NoseHooverChain, thermostat_time
from lianode.workflows.engines.motion.state import degrees_of_freedom, kinetic_energy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lianode.workflows.engines.motion.state import MotionState
    from lianode.workflows.task import MDTask

STOCHASTIC_TIME_FS = 100.0
"""τ of the stochastic thermostats where none is given: a few vibrations of a crystal."""


class Thermostat(Protocol):
    """Something that exchanges heat with the atoms."""

    def act(self, state: MotionState, time: float, thermal: float) -> None:
        """Let it act for a time (ASE's units) at kT (eV), in place."""
        ...

    def energy(self, state: MotionState) -> float:
        """Return the energy that it holds itself, eV, beside what the state counts as given away."""
        ...


class NoThermostat:
    """Nothing: constant energy."""

    def act(self, state: MotionState, time: float, thermal: float) -> None:
        """Do nothing."""

    def energy(self, state: MotionState) -> float:  # noqa: ARG002
        """Return 0."""
        return 0.0


class Langevin:
    """Friction γ = 1/τ and noise on every atom; the exact solution for momenta between Verlet steps.

    The noise has its part along the total momentum taken out, so that 3N - 3 degrees of freedom have the temperature
    (the scheme is that of G. Bussi and M. Parrinello, Phys. Rev. E 75, 056707 (2007)).

    Parameters
    ----------
    masses
        (n,), u.
    time_fs
        τ, fs.
    """

    def __init__(self, masses: NDArray[np.float64], *, time_fs: float) -> None:
        self.masses = masses
        self.roots = np.sqrt(masses)[:, None]
        self.shares = masses[:, None] / masses.sum()
        self.friction = 1.0 / (time_fs * fs)

    def act(self, state: MotionState, time: float, thermal: float) -> None:
        """Damp the momenta for a time (ASE's units) and add the noise that belongs to it at kT (eV)."""
        before = kinetic_energy(state.momenta, self.masses)
        kept = math.exp(-self.friction * time)
        kicks = state.random.standard_normal(state.momenta.shape) * self.roots
        kicks -= self.shares * kicks.sum(axis=0)
        state.momenta *= kept
        state.momenta += math.sqrt((1.0 - kept * kept) * thermal) * kicks
        state.given += before - kinetic_energy(state.momenta, self.masses)

    def energy(self, state: MotionState) -> float:  # noqa: ARG002
        """Return 0."""
        return 0.0


class StochasticRescaling:
    """All momenta scaled by one factor, drawn so that the kinetic energy is distributed canonically.

    G. Bussi, D. Donadio and M. Parrinello, J. Chem. Phys. 126, 014101 (2007), eqs. A7 and A8. Motions of single
    atoms stay what they are: a thermostat for diffusion.

    Parameters
    ----------
    masses
        (n,), u.
    time_fs
        τ, with which the kinetic energy forgets, fs.
    """

    def __init__(self, masses: NDArray[np.float64], *, time_fs: float) -> None:
        self.masses = masses
        self.freedom = degrees_of_freedom(len(masses))
        self.rate = 1.0 / (time_fs * fs)

    def act(self, state: MotionState, time: float, thermal: float) -> None:
        """Scale the momenta for a time (ASE's units) at kT (eV)."""
        before = kinetic_energy(state.momenta, self.masses)
        kept = math.exp(-self.rate * time)
        first = state.random.standard_normal()
        others = 2.0 * state.random.standard_gamma(0.5 * (self.freedom - 1))
        width = math.sqrt((1.0 - kept) * 0.5 * thermal / before)
        along = math.sqrt(kept) + width * first  # what is left of the motion that was there
        squared = along * along + width * width * others
        state.momenta *= math.copysign(math.sqrt(squared), along)
        state.given += before * (1.0 - squared)

    def energy(self, state: MotionState) -> float:  # noqa: ARG002
        """Return 0."""
        return 0.0


def time_constant(task: MDTask) -> float:
    """Return τ of a task's thermostat, fs: what was asked for, or the thermostat's usual one."""
    if task.ensemble in {"nvt-langevin", "nvt-bussi", "npt-bussi"}:
        return task.thermostat_time_fs or STOCHASTIC_TIME_FS
    return thermostat_time(task.time_step_fs, task.thermostat_time_fs)


def thermostat_of(task: MDTask, masses: NDArray[np.float64]) -> Thermostat:
    """Return the thermostat of a task for atoms of these masses (n,), u."""
    time_fs = time_constant(task)
    if task.ensemble == "nve":
        return NoThermostat()
    if task.ensemble == "nvt-langevin":
        return Langevin(masses, time_fs=time_fs)
    if task.ensemble == "nvt-nose-hoover":
        # the masses of the hottest temperature: with those of a cold start the chain would outrun the time step
        return NoseHooverChain(
            masses, degrees_of_freedom(len(masses)), temperature=task.highest_temperature, time_fs=time_fs
        )
    return StochasticRescaling(masses, time_fs=time_fs)
