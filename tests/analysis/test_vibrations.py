"""Harmonic oscillators, whose free energy is known."""

from __future__ import annotations

import numpy as np
import pytest

from lianode.analysis.free_energy.vibrations import BOLTZMANN, EV_PER_THZ, spectrum


def test_constants_are_codata():
    from scipy import constants

    assert pytest.approx(constants.h * 1e12 / constants.e, rel=1e-9) == EV_PER_THZ
    assert pytest.approx(constants.k / constants.e, rel=1e-9) == BOLTZMANN


@pytest.mark.parametrize("temperature", [1.0, 50.0, 300.0, 2000.0])
def test_einstein_oscillator_is_the_sum_over_its_levels(temperature):
    quantum = 5.0 * EV_PER_THZ
    levels = quantum * (np.arange(20_000) + 0.5)
    boltzmann = np.exp(-(levels - levels[0]) / (BOLTZMANN * temperature))
    partition = boltzmann.sum()
    free_energy = levels[0] - BOLTZMANN * temperature * np.log(partition)
    energy = (levels * boltzmann).sum() / partition
    einstein = spectrum([5.0, 5.0, 5.0])
    assert einstein.free_energy(temperature) == pytest.approx(3 * free_energy, rel=1e-9)
    assert einstein.entropy(temperature) == pytest.approx(3 * (energy - free_energy) / temperature, rel=1e-6, abs=1e-15)


def test_zero_temperature_leaves_the_zero_point_energy():
    modes = spectrum([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [1, 3])
    expected = 0.5 * EV_PER_THZ * (6.0 + 3 * 15.0) / 4
    assert modes.zero_point_energy() == pytest.approx(expected)
    assert modes.free_energy(0.0) == modes.zero_point_energy()
    assert modes.free_energy(0.5) == pytest.approx(expected)
    assert modes.entropy(0.0) == 0.0


def test_high_temperature_is_classical():
    temperature = 1e5
    kT = BOLTZMANN * temperature
    modes = spectrum([1.0, 3.0, 7.0])
    classical = kT * np.log(EV_PER_THZ * np.array([1.0, 3.0, 7.0]) / kT).sum()
    assert modes.free_energy(temperature) == pytest.approx(classical, rel=1e-6)


def test_entropy_is_minus_the_slope_of_the_free_energy():
    modes = spectrum([[0.5, 2.0, 6.0]])
    slope = (modes.free_energy(300.01) - modes.free_energy(299.99)) / 0.02
    assert modes.entropy(300.0) == pytest.approx(-slope, rel=1e-6)


def test_translations_and_imaginary_modes_are_left_out_and_only_the_latter_counted():
    modes = spectrum([[-0.02, 0.0, 0.005, 2.0], [-1.5, 1.0, 2.0, 3.0]], [1, 4])
    assert modes.n_imaginary == 4
    assert modes.n_modes == 20
    real = spectrum([2.0]).free_energy(300.0) + 4 * spectrum([1.0, 2.0, 3.0]).free_energy(300.0)
    assert modes.free_energy(300.0) == pytest.approx(real / 5)


def test_impossible_input():
    with pytest.raises(ValueError, match="absolute zero"):
        spectrum([1.0]).free_energy(-1.0)
    with pytest.raises(ValueError, match="weights for"):
        spectrum([[1.0], [2.0]], [1.0])
