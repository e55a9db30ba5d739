"""Steps of a motion: against theory, against ASE's integrator, and how their error goes with the time step."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ase import Atoms
from ase.md.nose_hoover_chain import NoseHooverChainNVT
from ase.units import fs, kB
from pymatgen.core import Lattice, Structure

from lianode.workflows.engines.md_statistics import Statistics, md_checks, temperature_error
from lianode.workflows.engines.morse import MorseCalculator
from lianode.workflows.engines.motion.nose_hoover import NoseHooverChain
from lianode.workflows.engines.motion.state import (
    Evaluation,
    generator_of,
    kinetic_energy,
    kinetic_temperature,
    maxwell_momenta,
    noise,
    words_of,
)
from lianode.workflows.engines.motion.thermostats import Langevin, NoThermostat
from lianode.workflows.engines.motion.verlet import Integrator
from lianode.workflows.task import MDTask

if TYPE_CHECKING:
    from numpy.typing import NDArray

ENSEMBLES: tuple[dict[str, Any], ...] = (
    {"ensemble": "nve"},
    {"ensemble": "nvt-nose-hoover", "thermostat_time_fs": 60.0},
    {"ensemble": "nvt-langevin"},
    {"ensemble": "nvt-bussi"},
    {"ensemble": "npt-bussi"},
    {"ensemble": "npt-bussi", "pressure_axes": "normal"},
)
BOX = 10.0 * np.eye(3)


class Springs:
    """Atoms on springs of k (eV/Å²) to their common centre, so that the total momentum stays."""

    def __init__(self, k: float, masses: NDArray[np.float64]) -> None:
        self.k, self.masses, self.cell = k, masses, BOX
        self.positions = np.zeros((len(masses), 3))

    def __call__(self, positions: NDArray[np.float64], cell: NDArray[np.float64]) -> Evaluation:
        away = positions - positions.mean(axis=0)
        return Evaluation(0.5 * self.k * float((away**2).sum()), -self.k * away, np.zeros(6))


class TestVerlet:
    """Constant energy."""

    def test_the_energy_of_an_oscillator_swings_as_theory_says(self) -> None:
        """Verlet keeps E (1 - (ω Δt)²/4 sin²...): its swing is E (ω Δt)²/4, four times smaller at half the step."""
        springs = Springs(1.0, np.array([6.94, 6.94]))
        omega = np.sqrt(springs.k / springs.masses[0]) / (1.0 / fs)  # 1/fs
        swings = []
        for dt in (2.0, 1.0, 0.5):
            integrator = Integrator(
                springs.masses, springs, time_step_fs=dt, thermostat=NoThermostat(), target=lambda _: 300.0
            )
            away = np.array([[0.1, 0.0, 0.0], [-0.1, 0.0, 0.0]])
            state = integrator.start(away, np.zeros((2, 3)), BOX, seed=1)
            start, energies = integrator.conserved(state), []
            for _ in range(int(400 / dt)):
                integrator.advance(state)
                energies.append(integrator.conserved(state))
            swings.append(max(abs(energy - start) for energy in energies) / start)
            assert swings[-1] == pytest.approx((omega * dt) ** 2 / 4, rel=0.02)
        assert [a / b for a, b in pairwise(swings)] == pytest.approx([4.0, 4.0], rel=0.02)

    def test_half_of_the_kinetic_energy_goes_into_a_crystal(self, models: Any) -> None:
        crystal = models.Crystal()
        seen = models.sampled(crystal, MDTask(ensemble="nve", temperature=50.0, time_step_fs=4.0, steps=3000))
        assert kinetic_temperature(seen.kinetic[1000:].mean(), 8) == pytest.approx(25.0, rel=0.1)
        assert np.ptp(seen.conserved) / 8 < 2e-5  # eV/atom

    def test_a_net_force_of_rounding_moves_nothing(self, models: Any) -> None:
        crystal = models.Crystal()

        def rounded(positions: NDArray[np.float64], cell: NDArray[np.float64]) -> Evaluation:
            found = crystal(positions, cell)
            return found._replace(forces=found.forces.astype(np.float32).astype(float) + 1e-6)

        integrator = Integrator(
            crystal.masses, rounded, time_step_fs=4.0, thermostat=NoThermostat(), target=lambda _: 300.0
        )
        momenta = maxwell_momenta(crystal.masses, 300.0, 1)
        state = integrator.start(crystal.positions, momenta, crystal.cell, seed=1)
        for _ in range(500):
            integrator.advance(state)
        assert np.abs(state.momenta.sum(axis=0)).max() < 1e-12


@pytest.mark.parametrize("options", ENSEMBLES, ids=lambda options: " ".join(map(str, options.values())))
def test_errors_are_of_second_order_and_nothing_moves_as_a_whole(models: Any, options: dict[str, Any]) -> None:
    """What is conserved swings four times less at half the time step, and does not drift, whatever the bath does."""
    swings = {}
    crystal, common = models.Crystal(), 8.0
    for dt in (8.0, 4.0):
        task = MDTask(**options, temperature=300.0, time_step_fs=dt, steps=int(16_000 / dt), seed=2)
        seen = models.sampled(crystal, task)
        per_atom = seen.conserved[:: int(common / dt)] / 8 * 1e3
        assert abs(np.polyfit(np.arange(len(per_atom)) * common * 1e-3, per_atom, 1)[0]) < 0.1  # meV/atom/ps
        swings[dt] = np.diff(per_atom).std()
        assert np.abs(seen.state.momenta.sum(axis=0)).max() < 1e-11
    assert 2.5 < swings[8.0] / swings[4.0] < 7.0  # four, but for what the noise makes of it


class TestNoseHoover:
    """The chain."""

    def test_it_moves_as_that_of_ase_with_the_same_degrees_of_freedom(self) -> None:
        """ASE counts 3N; told the same, both make the same trajectory."""
        structure = Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.1496), ["Li"], [[0, 0, 0]])
        atoms = Atoms("Li4", positions=structure.cart_coords, cell=structure.lattice.matrix, pbc=True)
        atoms.calc = MorseCalculator()
        other = atoms.copy()
        other.calc = MorseCalculator()
        masses = atoms.get_masses()
        momenta = maxwell_momenta(masses, 300.0, 5)
        other.set_momenta(momenta)

        def evaluate(positions: NDArray[np.float64], cell: NDArray[np.float64]) -> Evaluation:
            atoms.set_positions(positions)
            return Evaluation(float(atoms.get_potential_energy()), atoms.get_forces(), np.zeros(6))

        chain = NoseHooverChain(masses, 12, temperature=300.0, time_fs=50.0)
        mine = Integrator(masses, evaluate, time_step_fs=2.0, thermostat=chain, target=lambda _: 300.0)
        state = mine.start(atoms.positions, momenta, atoms.cell.array, seed=1)
        theirs = NoseHooverChainNVT(other, timestep=2.0 * fs, temperature_K=300.0, tdamp=50.0 * fs)
        for _ in range(50):
            mine.advance(state)
            theirs.step()
        assert state.positions == pytest.approx(other.positions, abs=1e-9)
        assert mine.conserved(state) == pytest.approx(theirs.get_conserved_energy(), abs=1e-9)


class TestLangevin:
    """Friction and noise."""

    def test_a_free_atom_forgets_its_momentum_at_the_friction_that_was_asked_for(self, models: Any) -> None:
        gas, tau, seen = models.Gas(200, 1000.0), 100.0, []
        task = MDTask(ensemble="nvt-langevin", temperature=300.0, time_step_fs=10.0, thermostat_time_fs=tau, steps=1500)
        models.sampled(gas, task, lambda state, _: seen.append(state.momenta.copy()))
        momenta = np.array(seen)
        square = (momenta**2).mean()
        for steps in (5, 10, 20):
            correlation = (momenta[steps:] * momenta[:-steps]).mean() / square
            assert correlation == pytest.approx(np.exp(-steps * 10.0 / tau), abs=0.015)

    def test_oscillators_spread_as_the_splitting_predicts(self) -> None:
        """Momenta stay exact at any time step; <x²> = kT/k/(1 - (ω Δt)²/4), an error of second order."""
        springs = Springs(2.0, np.full(60, 6.94))
        freedom, thermal = 3 * 60 - 3, kB * 300.0
        for omega_dt in (1.0, 0.5):
            dt = omega_dt / np.sqrt(springs.k / 6.94) / fs
            integrator = Integrator(
                springs.masses,
                springs,
                time_step_fs=dt,
                thermostat=Langevin(springs.masses, time_fs=4.0 * dt),
                target=lambda _: 300.0,
            )
            state = integrator.start(springs.positions, maxwell_momenta(springs.masses, 300.0, 1), BOX, seed=3)
            potential, kinetic = [], []
            for _ in range(6000):
                integrator.advance(state)
                potential.append(state.energy)
                kinetic.append(kinetic_energy(state.momenta, springs.masses))
            assert np.mean(kinetic[200:]) == pytest.approx(freedom * thermal / 2, rel=0.01)
            expected = freedom * thermal / 2 / (1.0 - omega_dt**2 / 4)
            assert np.mean(potential[200:]) == pytest.approx(expected, rel=0.01)


def test_stochastic_rescaling_forgets_the_kinetic_energy_in_its_time(models: Any) -> None:
    task = MDTask(ensemble="nvt-bussi", temperature=300.0, time_step_fs=10.0, thermostat_time_fs=100.0, steps=40_000)
    kinetic = models.sampled(models.Gas(8, 1000.0), task).kinetic
    away = kinetic - kinetic.mean()
    for steps in (5, 10, 20):
        correlation = (away[steps:] * away[:-steps]).mean() / away.var()
        assert correlation == pytest.approx(np.exp(-steps / 10.0), abs=0.05)


@pytest.mark.parametrize("ensemble", ["nvt-nose-hoover", "nvt-langevin", "nvt-bussi"])
def test_a_ramp_is_followed_and_conserves(models: Any, ensemble: str) -> None:
    task = MDTask(
        ensemble=ensemble, temperature=150.0, final_temperature=350.0, time_step_fs=4.0, thermostat_time_fs=60.0,
        steps=20_000, seed=5,
    )  # fmt: skip
    seen = models.sampled(models.Crystal(), task)
    temperature = kinetic_temperature(1.0, 8) * seen.kinetic
    for part in range(4):
        steps = slice(part * 5000, (part + 1) * 5000)
        wanted = task.target((part + 0.5) * 5000)
        assert wanted == pytest.approx(150.0 + 200.0 * (part + 0.5) / 4)
        _, error = models.mean_and_error(temperature[steps])
        assert temperature[steps].mean() == pytest.approx(wanted, abs=3.5 * error)
    assert abs(np.polyfit(np.arange(task.steps) * 4e-3, seen.conserved / 8 * 1e3, 1)[0]) < 0.05  # meV/atom/ps


def test_velocities_are_maxwells_at_the_temperature_without_drift() -> None:
    masses = np.repeat([6.94, 114.8], 2000)
    momenta = maxwell_momenta(masses, 400.0, 1)
    assert kinetic_temperature(kinetic_energy(momenta, masses), 4000) == pytest.approx(400.0, rel=1e-12)
    assert np.abs(momenta.sum(axis=0)).max() < 1e-9
    for mass in (6.94, 114.8):
        component = momenta[masses == mass].ravel()
        assert component.var() == pytest.approx(mass * kB * 400.0, rel=0.05)
        assert (component**4).mean() / component.var() ** 2 == pytest.approx(3.0, rel=0.1)
    assert not np.array_equal(momenta, maxwell_momenta(masses, 400.0, 2))


def test_noise_goes_on_where_its_six_numbers_say() -> None:
    random = noise(7)
    random.standard_normal(5)
    random.integers(0, 10, dtype=np.int32)  # half of a word is kept for the next one
    words = words_of(random)
    assert (words.dtype, words.shape) == (np.uint64, (6,))
    again = generator_of(words)
    assert np.array_equal(random.integers(0, 10, 3, dtype=np.int32), again.integers(0, 10, 3, dtype=np.int32))
    assert np.array_equal(random.standard_gamma(3.0, 9), again.standard_gamma(3.0, 9))
    assert noise(7).random() != np.random.default_rng(7).random()  # which the first velocities come from


def test_a_drift_and_its_segments() -> None:
    measured = Statistics()
    for segment, offset in enumerate((0.0, 500.0)):
        measured.new_segment()
        for i in range(100):
            measured.add(segment + i * 0.01, 310.0, offset + 2.5 * i * 0.01)
    assert measured.drift == pytest.approx(2.5, rel=1e-9)
    assert Statistics.of(measured.numbers()) == measured
    run: dict[str, Any] = {"n_atoms": 100, "time_step_fs": 10, "thermostat_time_fs": 18}
    checks = {check.name: check for check in md_checks(measured, target=300, **run)}
    assert checks["energy_conserved"].passed is False
    error = temperature_error(300, 100, 0.018, 2.0)
    assert error == pytest.approx(300 * np.sqrt(2 / 297) * np.sqrt(0.036 / 2.0))
    assert checks["temperature_kept"].passed is (4 * error >= 10)
    trailing = md_checks(measured, target=300, ramp_K_per_ps=-500.0, **run)[1]
    assert trailing.passed is True  # 2 times 18 fs behind: 18 K more
    assert "18.0 K behind the ramp" in trailing.message
