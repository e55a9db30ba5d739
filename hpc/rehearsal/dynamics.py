"""Molecular dynamics: leapfrog steps without thermostat, with Nosé-Hoover, Andersen or Langevin, or rescaled."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lianode.hpc.rehearsal.ionic import Move

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lianode.hpc.rehearsal.poscar import Geometry
    from lianode.hpc.rehearsal.potential import Evaluation

BOLTZMANN = 8.617333262e-5
"""eV/K."""
ACCELERATION = 9.64853321e-3
"""Å/fs² of 1 eV/Å on one atomic mass unit."""
NOSE_PERIOD = 40
"""Steps of one oscillation of the thermostat at SMASS = 0, as in VASP."""


@dataclass(frozen=True)
class MdState:
    """Molecular dynamics at one step, eV and K."""

    temperature: float
    kinetic: float
    thermostat_potential: float = 0.0
    thermostat_kinetic: float = 0.0

    def total(self, energy: float) -> float:
        """Return what a step conserves, eV."""
        return energy + self.kinetic + self.thermostat_potential + self.thermostat_kinetic


@dataclass(frozen=True)
class Thermostat:
    """How the temperature is kept.

    Attributes
    ----------
    kind
        ``none``, ``nose``, ``andersen``, ``langevin`` or ``rescale``.
    start, end
        K, at the first and after the last step.
    smass
        Mass of Nosé's thermostat, atomic mass unit times Å²; 0 takes the mass that oscillates once in 40 steps.
    probability
        Of a collision per atom and step (Andersen).
    friction
        1/ps per ion (Langevin).
    """

    kind: str
    start: float
    end: float
    smass: float = 0.0
    probability: float = 0.0
    friction: NDArray[np.float64] | None = None


class Dynamics:
    """Integrates the motion: v(n+1/2) = v(n-1/2) + a(n) dt, x(n+1) = x(n) + v(n+1/2) dt.

    Position n and velocity n-1/2, which CONTCAR holds, continue a run exactly to the digits written.

    Parameters
    ----------
    start
        Positions, with velocities (Å/fs) and thermostat if the run continues another; otherwise velocities are drawn
        from Maxwell's distribution at the start temperature.
    masses
        Atomic mass units, shape (N,).
    time_step
        fs.
    n_steps
        Of the whole run, for the temperature ramp.
    thermostat
        See `Thermostat`.
    seed
        Of the random numbers; mixed with the start positions, so that a continued run draws others.
    """

    def __init__(
        self,
        start: Geometry,
        *,
        masses: NDArray[np.float64],
        time_step: float,
        n_steps: int,
        thermostat: Thermostat,
        seed: int = 0,
    ) -> None:
        self.masses, self.time_step, self.n_steps, self.thermostat = masses[:, None], time_step, n_steps, thermostat
        self.random = np.random.default_rng([seed, zlib.crc32(np.round(start.fractional, 8).tobytes())])
        self.step = 0
        free = 3 * len(masses) if start.free is None else int(start.free.sum())
        self.freedom = max(1, free - 3 if start.free is None and len(masses) > 1 else free)
        given = start.velocities is not None and bool(np.any(start.velocities))
        self.velocity = start.velocities if given and start.velocities is not None else self._drawn(start)
        self.eta, self.rate = (start.thermostat or (0.0, 0.0, 0.0, 0.0))[:2]

    def _spread(self, temperature: float) -> NDArray[np.float64]:
        return np.asarray(np.sqrt(BOLTZMANN * temperature * ACCELERATION / self.masses))

    def _drawn(self, start: Geometry) -> NDArray[np.float64]:
        shape = start.fractional.shape
        velocity = start.movable(self.random.normal(size=shape) * self._spread(self.thermostat.start))
        if start.free is None and len(velocity) > 1:
            velocity = velocity - (self.masses * velocity).sum(axis=0) / self.masses.sum()
        return self._rescaled(velocity, self.thermostat.start)

    def _rescaled(self, velocity: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
        now = self._temperature(self._kinetic(velocity))
        return velocity * np.sqrt(temperature / now) if now > 0 else velocity

    def _kinetic(self, velocity: NDArray[np.float64]) -> float:
        return float(0.5 * (self.masses * velocity**2).sum() / ACCELERATION)

    def _temperature(self, kinetic: float) -> float:
        return 2.0 * kinetic / (self.freedom * BOLTZMANN)

    def _nose_mass(self, temperature: float) -> float:
        """Return the thermostat's mass, eV fs²."""
        if self.thermostat.smass > 0:
            return self.thermostat.smass / ACCELERATION
        period = NOSE_PERIOD * self.time_step
        return 2.0 * self.freedom * BOLTZMANN * temperature * (period / (2.0 * np.pi)) ** 2

    def advance(self, geometry: Geometry, evaluation: Evaluation) -> Move:
        """Take one time step."""
        dt, kind = self.time_step, self.thermostat.kind
        ramp = self.step / max(self.n_steps, 1)
        target = self.thermostat.start + (self.thermostat.end - self.thermostat.start) * ramp
        kick = geometry.movable(evaluation.forces) / self.masses * ACCELERATION * dt
        before, friction = self.velocity, self.rate * dt / 2 if kind == "nose" else 0.0
        after = (before * (1 - friction) + kick) / (1 + friction)
        if kind == "rescale":
            after = self._rescaled(after, target)
        elif kind == "langevin" and self.thermostat.friction is not None:
            kept = np.exp(-self.thermostat.friction[:, None] * 1e-3 * dt)
            noise = np.sqrt(1 - kept**2) * self._spread(target) * self.random.normal(size=before.shape)
            after = kept * before + kick + geometry.movable(noise)
        elif kind == "andersen" and self.thermostat.probability > 0:
            hit = self.random.random(len(before)) < self.thermostat.probability
            drawn = geometry.movable(self.random.normal(size=before.shape) * self._spread(target))
            after = np.where(hit[:, None], drawn, after)
        kinetic = 0.5 * (self._kinetic(before) + self._kinetic(after))
        state = MdState(self._temperature(kinetic), kinetic)
        if kind == "nose":
            state = self._drive_nose(state, self._kinetic(after), target)
        self.velocity = after
        self.step += 1
        following = replace(
            geometry,
            fractional=geometry.fractional + (after * dt) @ np.linalg.inv(geometry.lattice),
            velocities=after,
            thermostat=(self.eta, self.rate, 0.0, 0.0),
        )
        return Move(following, converged=False, final=following, md=state)

    def _drive_nose(self, state: MdState, kinetic_after: float, target: float) -> MdState:
        """Move the thermostat (Hoover, Phys. Rev. A 31, 1695 (1985)) and return the state with its energies."""
        mass = self._nose_mass(target)
        wanted = self.freedom * BOLTZMANN * target
        full = replace(
            state,
            thermostat_potential=wanted * self.eta,
            thermostat_kinetic=0.5 * mass * self.rate**2,
        )
        rate = self.rate + self.time_step * (2.0 * kinetic_after - wanted) / mass
        self.eta += self.time_step * 0.5 * (self.rate + rate)
        self.rate = rate
        return full
