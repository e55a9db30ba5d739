"""A cell whose volume answers to a pressure: stochastic cell rescaling.

M. Bernetti and G. Bussi, J. Chem. Phys. 153, 114107 (2020). The logarithm of the volume moves with the difference of
the instantaneous pressure P from the wanted one P0, and with noise that makes the ensemble that of constant pressure:

    d ln V = -(β/τ) (P0 - P) dt + √(2 kT β/(V τ)) dW.

Positions scale with the cell, momenta by the inverse. As a function of λ = √V the noise is constant,

    dλ = -(β λ/(2 τ)) (P0 - P - kT/(2 V)) dt + √(kT β/(2 τ)) dW,

which is what is stepped. β and τ only ever occur as β/τ: a wrong compressibility changes how fast the volume answers,
not where it settles. The work that the atoms do on the cell, P dV with the mean of P before and after the move, is what
they give away; it makes the energy that is conserved.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import numpy as np
from ase.units import GPa, fs, kB

from lianode.workflows.engines.motion.state import volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lianode.workflows.engines.motion.state import MotionState
    from lianode.workflows.task import MDTask

LARGEST_MOVE = 0.1
"""Share of its √V by which a cell changes in one step at most; a motion that gets here has run away."""


class Barostat(Protocol):
    """Something that moves the cell."""

    def part(self, pressure: NDArray[np.float64], cell: NDArray[np.float64]) -> float:
        """Return the part of a pressure (3, 3) that it answers to, in the same unit."""
        ...

    def move(self, state: MotionState, time: float, pressure: float, thermal: float) -> float:
        """Move cell, positions and momenta, in place, and return by how much the volume grew, Å³.

        Parameters
        ----------
        state
            What is moved.
        time
            In ASE's units.
        pressure
            The part that it answers to, eV/Å³.
        thermal
            kT, eV.
        """
        ...


class StochasticCell:
    """Stochastic rescaling of all three cell vectors alike.

    Parameters
    ----------
    pressure
        P0, eV/Å³.
    rate
        β/τ, in Å³/eV per ASE's unit of time.
    """

    def __init__(self, *, pressure: float, rate: float) -> None:
        self.wanted = pressure
        self.rate = rate

    def part(self, pressure: NDArray[np.float64], cell: NDArray[np.float64]) -> float:  # noqa: ARG002
        """Return the mean of the diagonal."""
        return float(np.trace(pressure)) / 3.0

    def move(self, state: MotionState, time: float, pressure: float, thermal: float) -> float:
        """Move cell, positions and momenta; see :meth:`Barostat.move`."""
        before = volume(state.cell)
        root = math.sqrt(before)
        drift = -0.5 * self.rate * time * root * (self.wanted - pressure - 0.5 * thermal / before)
        kick = math.sqrt(0.5 * self.rate * time * thermal) * state.random.standard_normal()
        change = max(-LARGEST_MOVE, min(LARGEST_MOVE, (drift + kick) / root))
        factor = (1.0 + change) ** 2
        self.stretch(state, factor)
        return before * (factor - 1.0)

    def stretch(self, state: MotionState, factor: float) -> None:
        """Multiply the volume by a factor."""
        scale = factor ** (1.0 / 3.0)
        state.cell *= scale
        state.positions *= scale
        state.momenta /= scale


class StochasticHeight(StochasticCell):
    """The same along the normal of the first two vectors, which keep their lengths and directions.

    For cells of an interface, whose gap has to close while the area belongs to both sides. The height of the cell is
    its volume over a constant area, so that the equations stay as they are, with the pressure along the normal.

    Parameters
    ----------
    pressure, rate
        See :class:`StochasticCell`.
    """

    def part(self, pressure: NDArray[np.float64], cell: NDArray[np.float64]) -> float:
        """Return the pressure along the normal."""
        normal = _normal(cell)
        return float(normal @ pressure @ normal)

    def stretch(self, state: MotionState, factor: float) -> None:
        """Multiply the height, and with it the volume, by a factor."""
        normal = _normal(state.cell)
        state.cell[2] += (factor - 1.0) * (state.cell[2] @ normal) * normal
        state.positions += np.outer((factor - 1.0) * (state.positions @ normal), normal)
        state.momenta += np.outer((1.0 / factor - 1.0) * (state.momenta @ normal), normal)


def _normal(cell: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the unit vector along the normal of the first two cell vectors."""
    normal = np.cross(cell[0], cell[1])
    return np.asarray(normal / np.linalg.norm(normal))


def barostat_of(task: MDTask) -> StochasticCell:
    """Return the barostat of a task."""
    kind = StochasticHeight if task.pressure_axes == "normal" else StochasticCell
    return kind(
        pressure=task.pressure_GPa * GPa, rate=task.compressibility_per_GPa / GPa / (task.barostat_time_fs * fs)
    )


def pressure_error(temperature: float, mean_volume: float, rate: float, measured: float) -> float:
    """Return the standard error of a mean pressure, eV/Å³, that was measured over a time (ASE's units).

    Over a time t the logarithm of the volume ends where it began, but for what does not grow with t. Then the first
    equation above, integrated, makes the mean of P - P0 the noise's: its variance is 2 kT τ/(β V t), whatever the
    stiffness of the crystal. Times too short for the volume to answer scatter less.

    Parameters
    ----------
    temperature
        K.
    mean_volume
        Å³.
    rate
        β/τ, as for :class:`StochasticCell`.
    measured
        t.
    """
    return math.sqrt(2.0 * kB * temperature / (rate * mean_volume * measured))
