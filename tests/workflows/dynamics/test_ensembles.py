"""Thermostats sample the canonical ensemble: kinetic and potential energy, at two temperatures."""

from __future__ import annotations

from typing import Any

import pytest
from ase.units import kB
from scipy import stats

from lianode.workflows.task import MDTask

FREEDOM = 3 * 8 - 3
EQUILIBRATION = 500
TEMPERATURES = {300.0: 11, 390.0: 12}
"""K, and seeds: independent runs."""


@pytest.mark.parametrize(
    ("ensemble", "tau"), [("nvt-nose-hoover", 30.0), ("nvt-langevin", 60.0), ("nvt-bussi", 60.0), ("npt-bussi", 60.0)]
)
def test_the_canonical_ensemble_of_a_crystal(models: Any, ensemble: str, tau: float) -> None:
    """The kinetic energy follows a Gamma distribution of g/2 and kT; P(U) of two temperatures differ by their β.

    ln(P_1(U)/P_2(U)) = const - (β_1 - β_2) U, for whatever crystal, as the density of states is the same. At constant
    pressure zero the same holds for U, the work on nothing being nothing.
    """
    potential, target = [], []
    for temperature, seed in TEMPERATURES.items():
        task = MDTask(
            ensemble=ensemble, temperature=temperature, time_step_fs=4.0, thermostat_time_fs=tau, steps=25_000,
            seed=seed,
        )  # fmt: skip
        seen = models.sampled(models.Crystal(), task)
        kinetic = seen.kinetic[EQUILIBRATION:]
        thermal = kB * temperature
        mean, error = models.mean_and_error(kinetic)
        assert error < 0.02 * mean
        assert mean == pytest.approx(FREEDOM / 2 * thermal, abs=3.5 * error)
        independent = models.thinned(kinetic)
        variance, error = models.mean_and_error((kinetic - mean) ** 2)
        assert variance == pytest.approx(FREEDOM / 2 * thermal**2, abs=3.5 * error)
        assert error < 0.08 * variance
        assert stats.kstest(independent, stats.gamma(FREEDOM / 2, scale=thermal).cdf).pvalue > 0.005
        potential.append(models.thinned(seen.potential[EQUILIBRATION:]))
        target.append(-1.0 / thermal)
    slope, error = models.log_ratio_slope(*potential)
    assert error < 0.1 * abs(target[0] - target[1])
    assert slope == pytest.approx(target[0] - target[1], abs=3.5 * error)


def test_a_wrong_thermostat_is_found_out(models: Any) -> None:
    """The same tests refuse one that holds the kinetic energy too still."""
    task = MDTask(ensemble="nve", temperature=600.0, time_step_fs=4.0, steps=25_000, seed=1)
    kinetic = models.sampled(models.Crystal(), task).kinetic[EQUILIBRATION:]
    independent = models.thinned(kinetic)
    thermal = kinetic.mean() / (FREEDOM / 2)
    assert independent.var() < 0.7 * FREEDOM / 2 * thermal**2
    assert stats.kstest(independent, stats.gamma(FREEDOM / 2, scale=thermal).cdf).pvalue < 0.005
