"""Models whose thermodynamics is known, fast enough for many thousand steps, and what it takes to compare with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ase.units import GPa

from lianode.workflows.engines.motion.state import (
    Evaluation,
    kinetic_energy,
    maxwell_momenta,
    volume,
)
from lianode.workflows.engines.motion.verlet import PressureIntegrator, integrator_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lianode.workflows.engines.motion.state import MotionState
    from lianode.workflows.engines.motion.verlet import Integrator
    from lianode.workflows.task import MDTask

    Array = NDArray[np.float64]

INDIUM = 114.818
"""u: heavy atoms move slowly, and 4 fs are a short step."""


class Gas:
    """Atoms that do not see each other: V follows a Gamma distribution of N and kT/P at constant pressure.

    Positions and momenta scale with the cell and against it, so that their integral goes with V^(N - 1).
    """

    def __init__(self, n: int, first_volume: float, shape: Array | None = None) -> None:
        self.masses = np.full(n, INDIUM)
        directions = np.eye(3) if shape is None else shape
        self.cell = directions * (first_volume / volume(directions)) ** (1 / 3)
        self.positions = np.random.default_rng(0).random((n, 3)) @ self.cell

    def __call__(self, positions: Array, cell: Array) -> Evaluation:
        return Evaluation(0.0, np.zeros_like(positions), np.zeros(6))


class Einstein:
    """Atoms on springs of k (eV/Å²) to sites that move with the cell, whose own energy is B V0 (V/V0 - 1)²/2.

    The integral over atoms does not depend on V: at constant pressure V is Gaussian, with mean V0 (1 - P/B) and
    variance kT V0/B.
    """

    BULK = 20.0 * GPa
    SPRING = 2.0

    def __init__(self, shape: Array | None = None) -> None:
        sites = np.array([[x, y, z] for x in (0.1, 0.6) for y in (0.2, 0.7) for z in (0.3, 0.8)])
        directions = np.eye(3) if shape is None else shape
        self.first_volume = 160.0
        self.cell = directions * (self.first_volume / volume(directions)) ** (1 / 3)
        self.fractions = sites
        self.masses = np.linspace(60.0, 120.0, 8)
        self.positions = sites @ self.cell

    def __call__(self, positions: Array, cell: Array) -> Evaluation:
        away = positions - self.fractions @ cell
        away = away - away.mean(axis=0)
        growth = volume(cell) / self.first_volume - 1.0
        energy = 0.5 * self.SPRING * float((away**2).sum()) + 0.5 * self.BULK * self.first_volume * growth**2
        virial = self.SPRING * away.T @ away / volume(cell) + self.BULK * growth * np.eye(3)
        return Evaluation(energy, -self.SPRING * away, virial[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]])


class Crystal:
    """Eight atoms of an fcc crystal, or n³, with Morse bonds to their twelve neighbours for ever: anharmonic."""

    A, DEPTH, STEEPNESS, LENGTH = 4.6, 0.25, 1.7, 3.25

    def __init__(self, n: int = 2) -> None:
        primitive = 0.5 * self.A * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]])
        self.cell = n * primitive
        numbers = np.array(list(np.ndindex(n, n, n)))
        self.positions = numbers @ primitive
        self.masses = np.full(n**3, INDIUM)
        steps = np.array(list(np.ndindex(3, 3, 3))) - 1
        near = steps[abs(np.linalg.norm(steps @ primitive, axis=1) - self.A / 2**0.5) < 0.1]
        assert len(near) == 12
        target = numbers[:, None] + near
        self.second = (target % n) @ [n * n, n, 1]
        self.shifts = (target // n).astype(float)

    def __call__(self, positions: Array, cell: Array) -> Evaluation:
        bonds = positions[self.second] - positions[:, None] + self.shifts @ cell
        r = np.sqrt(np.einsum("nbi,nbi->nb", bonds, bonds))
        x = np.exp(-self.STEEPNESS * (r - self.LENGTH))
        energy = 0.5 * self.DEPTH * float((x * x - 2.0 * x).sum())
        pull = (-2.0 * self.STEEPNESS * self.DEPTH * (x * x - x) / r)[..., None] * bonds
        virial = 0.5 * np.einsum("nbi,nbj->ij", pull, bonds) / volume(cell)
        return Evaluation(energy, pull.sum(axis=1), virial[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]])


@dataclass
class Samples:
    """What was seen after every step: energies in eV, volumes in Å³, pressures in GPa."""

    kinetic: Array
    potential: Array
    volume: Array
    pressure: Array
    conserved: Array
    state: MotionState


def sampled(model: Any, task: MDTask, look: Callable[[MotionState, Integrator], None] | None = None) -> Samples:
    """Take the steps of a task, and look at each."""
    integrator = integrator_of(task, model.masses, model)
    momenta = maxwell_momenta(model.masses, task.temperature, task.seed)
    state = integrator.start(model.positions, momenta, model.cell, task.seed)
    rows = np.empty((task.steps, 5))
    moving = isinstance(integrator, PressureIntegrator)
    for row in rows:
        integrator.advance(state)
        kinetic = kinetic_energy(state.momenta, model.masses)
        pressure = integrator.pressure(state) / GPa if moving else 0.0
        row[:] = kinetic, state.energy, volume(state.cell), pressure, integrator.conserved(state)
        if look is not None:
            look(state, integrator)
    return Samples(*rows.T, state)


BLOCKS = 40


def mean_and_error(series: Array) -> tuple[float, float]:
    """Return the mean of correlated samples, and its standard error from the means of long blocks."""
    blocks = series[len(series) % BLOCKS :].reshape(BLOCKS, -1).mean(axis=1)
    return float(series.mean()), float(blocks.std(ddof=1) / np.sqrt(BLOCKS))


def correlation_time(series: Array) -> float:
    """Return the integrated correlation time in samples, 1 for independent ones, from the error of the mean."""
    return max(1.0, len(series) * mean_and_error(series)[1] ** 2 / float(series.var()))


def thinned(series: Array) -> Array:
    """Return every so manieth sample: neither they nor their squares remember each other."""
    squares = (series - series.mean()) ** 2
    return series[:: int(np.ceil(max(correlation_time(series), correlation_time(squares))))]


def log_ratio_slope(one: Array, other: Array) -> tuple[float, float]:
    """Return the slope of ln(P_one/P_other) over what was sampled, and its error, by greatest likelihood.

    With equal prior weights the probability that a sample x belongs to ``one`` is 1/(1 + exp(-(a + b x))), as in
    M. R. Shirts, J. Chem. Theory Comput. 9, 909 (2013), where a takes up the numbers of samples.
    """
    x = np.concatenate([one, other])
    centre, width = x.mean(), x.std()
    terms = np.stack([np.ones_like(x), (x - centre) / width], axis=1)
    belongs = np.concatenate([np.ones_like(one), np.zeros_like(other)])
    fit = np.zeros(2)
    for _ in range(50):
        chance = 1.0 / (1.0 + np.exp(-terms @ fit))
        information = (terms * (chance * (1.0 - chance))[:, None]).T @ terms
        fit = fit + np.linalg.solve(information, terms.T @ (belongs - chance))
    return float(fit[1] / width), float(np.sqrt(np.linalg.inv(information)[1, 1]) / width)


@pytest.fixture(scope="session")
def models() -> Any:
    """What this file defines, for the tests beside it."""
    from types import SimpleNamespace

    return SimpleNamespace(
        Gas=Gas,
        Einstein=Einstein,
        Crystal=Crystal,
        sampled=sampled,
        thinned=thinned,
        mean_and_error=mean_and_error,
        log_ratio_slope=log_ratio_slope,
    )
