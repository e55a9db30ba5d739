"""Relaxations: which of ions, shape and volume move (ISIF), how (IBRION) and when they stop (EDIFFG)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from lianode.hpc.rehearsal.potential import KBAR_PER_EV_A3

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lianode.hpc.rehearsal.dynamics import MdState
    from lianode.hpc.rehearsal.poscar import Geometry
    from lianode.hpc.rehearsal.potential import Evaluation

LONGEST_STEP = 0.15
"""Å per ion and ionic step."""
LARGEST_STRAIN = 0.04
"""Of the cell per ionic step."""
CURVATURE = 70.0
"""eV/Å²: first guess of the curvature at POTIM = 0.5."""
DAMPED_STEP = 0.02
"""Å²/eV at POTIM = 1: step along the force in damped dynamics."""
HISTORY = 40
RISE = 1e-3
"""eV per ion: after a larger rise of the energy, steps are halved and what was learnt of the surface is dropped."""
MOVES_IONS = frozenset({0, 1, 2, 3, 4, 8})
SHAPE = frozenset({3, 4, 5, 6})
VOLUME = frozenset({3, 6, 7, 8})


class Mover(Protocol):
    """What decides on the next positions."""

    def advance(self, geometry: Geometry, evaluation: Evaluation) -> Move:
        """Return where to go from here."""


@dataclass(frozen=True)
class Move:
    """The next positions.

    Attributes
    ----------
    geometry
        To evaluate next.
    converged
        Whether the criterion of the run is met at the present positions.
    final
        What CONTCAR holds if the run ends now: the present positions of a relaxation, the next ones of dynamics.
    md
        State of molecular dynamics at the present positions.
    """

    geometry: Geometry
    converged: bool
    final: Geometry
    md: MdState | None = None


def free_virial(virial: NDArray[np.float64], isif: int) -> NDArray[np.float64]:
    """Keep what ISIF lets the cell follow: all (3, 6), shape (4, 5), volume (7, 8) or nothing (0 to 2)."""
    symmetric = 0.5 * (virial + virial.T)
    mean = np.trace(symmetric) / 3.0 * np.eye(3)
    kept = np.zeros((3, 3))
    if isif in SHAPE:
        kept += symmetric - mean
    if isif in VOLUME:
        kept += mean
    return kept


class Static:
    """A run that moves nothing."""

    def advance(self, geometry: Geometry, evaluation: Evaluation) -> Move:  # noqa: ARG002 - the protocol's signature
        """Stay."""
        return Move(geometry, converged=False, final=geometry)


class Relaxation:
    """Moves ions and cell towards the minimum.

    The variables are the positions in the frame of the start cell and the deformation gradient F, r = u Fᵀ, scaled so
    that ions and cell are about equally stiff.

    Parameters
    ----------
    start
        First positions.
    ibrion
        1 and 2 go downhill with limited-memory quasi-Newton steps (VASP's own two methods differ in path, not in where
        they end); 3 is damped dynamics.
    isif
        Degrees of freedom, as VASP numbers them.
    potim
        Scales the first step, or every step of damped dynamics. At 0 nothing moves, as in VASP.
    ediffg
        Below zero: largest force, eV/Å (and largest free part of the stress, per ion); above zero: change of energy.
    smass
        Friction of damped dynamics; None quenches instead.
    pstress
        Pressure, kB.
    """

    def __init__(
        self,
        start: Geometry,
        *,
        ibrion: int,
        isif: int,
        potim: float,
        ediffg: float,
        smass: float | None = None,
        pstress: float = 0.0,
    ) -> None:
        self.isif, self.potim, self.ediffg, self.pstress = isif, potim, ediffg, pstress
        self.start = start.lattice
        self.scale = 0.5 * np.sqrt(len(start.fractional))
        self.stepper: Downhill | Damped = Damped(potim, smass) if ibrion == 3 else Downhill(potim)
        self.before: float | None = None
        self.reach = 1.0

    def advance(self, geometry: Geometry, evaluation: Evaluation) -> Move:
        """Take one step."""
        forces = geometry.movable(evaluation.forces)
        if self.isif not in MOVES_IONS:
            forces = np.zeros_like(forces)
        pressure = self.pstress / KBAR_PER_EV_A3 * geometry.volume * np.eye(3)
        virial = free_virial(evaluation.virial - pressure, self.isif)
        converged = self._converged(evaluation.energy, forces, virial)
        risen = self.before is not None and evaluation.energy > self.before + RISE * len(forces)
        self.before = evaluation.energy
        if self.potim == 0:
            return Move(geometry, converged, final=geometry)
        deformation = (np.linalg.inv(self.start) @ geometry.lattice).T
        reference = geometry.fractional @ self.start
        variables = np.concatenate([reference, deformation * self.scale])
        pull = virial @ np.linalg.inv(deformation).T / self.scale
        if risen:
            self.stepper.forget()
            self.reach *= 0.5
        else:
            self.reach = min(1.0, 1.3 * self.reach)
        limits = np.full(len(variables), LONGEST_STEP)
        limits[-3:] = LARGEST_STRAIN * self.scale
        step = self.stepper.step(variables, np.concatenate([forces @ deformation, pull]), self.reach * limits)
        ions, cell = step[:-3], step[-3:] / self.scale
        strained = deformation + cell
        if self.isif in SHAPE - VOLUME:
            strained *= (np.linalg.det(deformation) / np.linalg.det(strained)) ** (1 / 3)
        moved = replace(
            geometry,
            lattice=self.start @ strained.T if self.isif > 2 else geometry.lattice,
            fractional=geometry.fractional + ions @ np.linalg.inv(self.start),
            velocities=None,
            thermostat=None,
        )
        return Move(moved, converged, final=geometry)

    def _converged(self, energy: float, forces: NDArray[np.float64], virial: NDArray[np.float64]) -> bool:
        if self.ediffg > 0:
            return self.before is not None and abs(energy - self.before) < self.ediffg
        largest = float(np.linalg.norm(forces, axis=1).max())
        return largest < -self.ediffg and float(np.linalg.norm(virial)) < -self.ediffg * len(forces)


def capped(step: NDArray[np.float64], limits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shorten a step so that no row is longer than its limit."""
    excess = float((np.linalg.norm(step, axis=1) / limits).max())
    return step / max(excess, 1.0)


class Downhill:
    """Limited-memory BFGS (Nocedal, Math. Comp. 35, 773 (1980)) without line search, with a longest step."""

    def __init__(self, potim: float) -> None:
        self.inverse = potim / 0.5 / CURVATURE
        self.forget()

    def forget(self) -> None:
        """Start again with the first guess of the curvature."""
        self.pairs: deque[tuple[NDArray[np.float64], NDArray[np.float64]]] = deque(maxlen=HISTORY)
        self.last: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None

    def step(
        self, variables: NDArray[np.float64], force: NDArray[np.float64], limits: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the step, shape (N, 3), for a force in eV/Å of the same shape."""
        if self.last is not None:
            moved, changed = variables - self.last[0], self.last[1] - force
            if float((moved * changed).sum()) > 1e-14:
                self.pairs.append((moved, changed))
            else:
                self.pairs.clear()  # the surface bends down here: what was learnt misleads
        self.last = (variables, force)
        direction, kept = force.copy(), []
        for moved, changed in reversed(self.pairs):
            share = float((moved * direction).sum() / (moved * changed).sum())
            direction -= share * changed
            kept.append(share)
        direction *= self.inverse
        for (moved, changed), share in zip(self.pairs, reversed(kept), strict=True):
            direction += moved * (share - float((changed * direction).sum() / (moved * changed).sum()))
        return capped(direction, limits)


class Damped:
    """Damped second-order dynamics, or quenched where no friction is given."""

    def __init__(self, potim: float, smass: float | None) -> None:
        self.rate, self.friction = potim * DAMPED_STEP, smass
        self.forget()

    def forget(self) -> None:
        """Start again from rest."""
        self.velocity: NDArray[np.float64] | None = None

    def step(
        self, variables: NDArray[np.float64], force: NDArray[np.float64], limits: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the step, shape (N, 3), for a force in eV/Å of the same shape."""
        velocity = np.zeros_like(variables) if self.velocity is None else self.velocity
        if self.friction is None:
            along = float((velocity * force).sum())
            size = float((force * force).sum())
            velocity = force * (along / size) if along > 0 and size > 0 else np.zeros_like(force)
            velocity = velocity + self.rate * force
        else:
            friction = self.friction
            velocity = ((1 - friction / 2) * velocity + self.rate * force) / (1 + friction / 2)
        self.velocity = capped(velocity, limits)
        return self.velocity
