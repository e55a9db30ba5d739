"""A cell at constant pressure: volumes against what is known of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ase.units import GPa, fs, kB
from scipy import stats

from lianode.workflows.engines.motion.pressure import StochasticCell, StochasticHeight, barostat_of, pressure_error
from lianode.workflows.engines.motion.state import maxwell_momenta, volume
from lianode.workflows.engines.motion.thermostats import Langevin
from lianode.workflows.engines.motion.verlet import PressureIntegrator
from lianode.workflows.task import MDTask

SKEWED = np.array([[1.0, 0.0, 0.0], [0.3, 1.2, 0.0], [0.4, -0.2, 2.0]])
THERMAL = kB * 300.0


@pytest.mark.parametrize("barostat", [StochasticCell, StochasticHeight])
def test_the_volume_of_a_gas(models: Any, barostat: type[StochasticCell]) -> None:
    """Gamma's distribution of N and kT/P, far from a Gaussian, with fluctuations of a third of the volume.

    Atoms that do not meet need a thermostat that acts on each.
    """
    n, mean = 8, 1000.0
    gas, pressure = models.Gas(n, mean, SKEWED), n * THERMAL / mean
    integrator = PressureIntegrator(
        gas.masses,
        gas,
        time_step_fs=4.0,
        thermostat=Langevin(gas.masses, time_fs=60.0),
        target=lambda _: 300.0,
        barostat=barostat(pressure=pressure, rate=1.0 / pressure / (400.0 * fs)),
    )
    state = integrator.start(gas.positions, maxwell_momenta(gas.masses, 300.0, 1), gas.cell, seed=4)
    seen = []
    for _ in range(40_000):
        integrator.advance(state)
        seen.append(volume(state.cell))
    volumes = np.array(seen[500:])
    found, error = models.mean_and_error(volumes)
    assert found == pytest.approx(mean, abs=3.5 * error)
    independent = models.thinned(volumes)
    spread = np.sqrt((2.0 + 6.0 / n) / len(independent))
    assert independent.var(ddof=1) == pytest.approx(mean**2 / n, rel=3.5 * spread)
    assert stats.kstest(independent, stats.gamma(n, scale=mean / n).cdf).pvalue > 0.005


@pytest.mark.parametrize("axes", ["isotropic", "normal"])
def test_the_volume_of_a_crystal_of_known_bulk_modulus(models: Any, axes: str) -> None:
    """Mean V0 (1 - P/B), variance kT V0/B, and a mean pressure that is the one asked for, within its stated error."""
    crystal = models.Einstein(SKEWED)
    task = MDTask(
        ensemble="npt-bussi", temperature=300.0, time_step_fs=4.0, thermostat_time_fs=60.0, pressure_GPa=1.0,
        pressure_axes=axes, barostat_time_fs=200.0, steps=40_000, seed=9,
    )  # fmt: skip
    seen = models.sampled(crystal, task)
    volumes, pressures = seen.volume[1000:], seen.pressure[1000:]
    mean, error = models.mean_and_error(volumes)
    assert mean == pytest.approx(crystal.first_volume * (1.0 - 1.0 * GPa / crystal.BULK), abs=3.5 * error)
    independent = models.thinned(volumes)
    bulk = THERMAL * mean / independent.var(ddof=1) / GPa
    assert bulk == pytest.approx(
        crystal.BULK / GPa * mean / crystal.first_volume, rel=3.5 * np.sqrt(2 / len(independent))
    )
    stated = pressure_error(300.0, mean, barostat_of(task).rate, len(pressures) * 4.0 * fs) / GPa
    assert models.mean_and_error(pressures)[1] == pytest.approx(stated, rel=0.3)
    assert pressures.mean() == pytest.approx(1.0, abs=3.5 * stated)


def test_volume_and_compressibility_are_those_of_the_equation_of_state(models: Any) -> None:
    """P(V) of runs in fixed cells gives the volume at a pressure, and the bulk modulus there."""
    wanted, temperature = 1.5, 200.0
    steady = {"temperature": temperature, "time_step_fs": 4.0, "thermostat_time_fs": 60.0}
    scales, pressures, errors, volumes = (0.982, 0.99, 0.998), [], [], []
    for seed, scale in enumerate(scales):
        crystal, seen = models.Crystal(), []
        crystal.cell, crystal.positions = crystal.cell * scale, crystal.positions * scale
        probe = PressureIntegrator(
            crystal.masses, crystal, time_step_fs=4.0, thermostat=Langevin(crystal.masses, time_fs=60.0),
            target=lambda _: temperature, barostat=StochasticCell(pressure=0.0, rate=1.0),
        )  # fmt: skip
        task = MDTask(ensemble="nvt-langevin", steps=8000, seed=seed, **steady)
        models.sampled(crystal, task, lambda state, _, probe=probe, seen=seen: seen.append(probe.pressure(state) / GPa))
        mean, error = models.mean_and_error(np.array(seen[500:]))
        pressures.append(mean)
        errors.append(error)
        volumes.append(volume(crystal.cell))
    fit = np.polyfit(volumes, pressures, 2)
    roots = np.roots(fit - [0.0, 0.0, wanted])
    expected = next(float(root.real) for root in roots if volumes[0] < root.real < volumes[-1])
    stiffness = -float(np.polyval(np.polyder(fit), expected))  # GPa/Å³
    task = MDTask(ensemble="npt-bussi", steps=40_000, pressure_GPa=wanted, barostat_time_fs=600.0, seed=3, **steady)
    seen_volumes = models.sampled(models.Crystal(), task).volume[1000:]
    mean, error = models.mean_and_error(seen_volumes)
    assert error < 0.002 * mean
    assert mean == pytest.approx(expected, abs=3.5 * np.hypot(error, max(errors) / stiffness))
    independent = models.thinned(seen_volumes)
    fluctuations = kB * temperature / GPa / independent.var(ddof=1)  # -dP/dV
    spread = np.hypot(np.sqrt(2 / len(independent)), 2.0 * max(errors) / (pressures[0] - pressures[-1]))
    assert fluctuations == pytest.approx(stiffness, rel=3.5 * spread)
