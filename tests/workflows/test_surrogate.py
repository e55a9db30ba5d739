"""Relaxing on what was learned: against known minima, against BFGS, where the surface is hard, and its parts."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.calculator import Calculator, all_changes
from ase.constraints import FixSymmetry
from ase.optimize import BFGS

from lianode.workflows.engines.evaluation import CountedCalculator
from lianode.workflows.engines.morse import MorseCalculator
from lianode.workflows.engines.surrogate import descent as descent_module
from lianode.workflows.engines.surrogate.descent import SurrogateDescent
from lianode.workflows.engines.surrogate.gaussian import GaussianProcess

A_FCC = 4.1496
LIMIT = 0.005


def vacancy(rattle: float = 0.02, seed: int = 1) -> Atoms:
    """Return fcc Li of the test potential with a vacancy."""
    atoms = bulk("Li", "fcc", a=A_FCC, cubic=True) * 2
    del atoms[0]
    atoms.positions += np.random.default_rng(seed).normal(0, rattle, (len(atoms), 3))
    return atoms


def largest(atoms: Atoms) -> float:
    return float(np.linalg.norm(atoms.get_forces(apply_constraint=False), axis=1).max())


def relaxed(
    atoms: Atoms, calculator: Any = None, limit: float = LIMIT, most: int = 300
) -> tuple[int, SurrogateDescent]:
    """Relax ``atoms`` in place; return the evaluations and what relaxed them."""
    atoms.calc = CountedCalculator(calculator or MorseCalculator())
    made = SurrogateDescent(atoms)
    while largest(atoms) > limit:
        assert atoms.calc.count < most
        made.step()
    return atoms.calc.count, made


class Springs(Calculator):  # type: ignore[misc]
    """Atoms in an anharmonic well each, ``k/2 u² + c u⁴``, that no pair potential describes; with noise on request."""

    implemented_properties: ClassVar[list[str]] = ["energy", "free_energy", "forces", "stress"]

    def __init__(self, places: Any, noise: float = 0.0) -> None:
        super().__init__()
        self.places, self.noise = places, noise
        self.random = np.random.default_rng(3)

    def calculate(self, atoms: Any = None, properties: Any = None, system_changes: Any = all_changes) -> None:
        super().calculate(atoms, properties, system_changes)
        u = self.atoms.positions - self.places
        k = np.array([0.3, 2.0, 8.0])
        energy = float((0.5 * k * u**2 + 1.5 * u**4).sum())
        forces = -(k * u + 6.0 * u**3) + self.noise * self.random.normal(size=u.shape)
        self.results = {"energy": energy, "free_energy": energy, "forces": forces, "stress": np.zeros(6)}


def test_the_minimum_is_that_of_bfgs_in_a_third_of_its_evaluations() -> None:
    ours, theirs = vacancy(), vacancy()
    theirs.calc = CountedCalculator(MorseCalculator())
    BFGS(theirs, logfile=None).run(fmax=1e-4)
    fine, _ = relaxed(ours, limit=1e-4)
    assert ours.get_potential_energy() == pytest.approx(theirs.get_potential_energy(), abs=1e-6)
    assert np.abs(ours.positions - theirs.positions - (ours.positions - theirs.positions).mean(axis=0)).max() < 2e-3
    assert fine < theirs.calc.count / 3


def test_a_minimum_that_no_pair_potential_knows() -> None:
    places = bulk("Li", "fcc", a=A_FCC, cubic=True).positions
    atoms = bulk("Li", "fcc", a=A_FCC, cubic=True)
    atoms.positions += np.random.default_rng(2).normal(0, 0.3, (4, 3))
    count, _ = relaxed(atoms, Springs(places))
    assert np.abs(atoms.positions - places).max() < LIMIT / 0.3 * 1.01  # the softest spring
    assert count < 40


def test_symmetry_stays_where_it_is_kept() -> None:
    atoms = vacancy(0.0)
    atoms.set_constraint(FixSymmetry(atoms))
    relaxed(atoms, limit=1e-3)
    radii = np.sort(np.linalg.norm(atoms.get_all_distances(mic=True), axis=1))
    counts = np.unique(np.round(radii, 6), return_counts=True)[1]
    assert counts.max() == 12  # the first shell of the vacancy is still a shell
    assert len(counts) <= 6


def test_what_was_learned_serves_the_next_start() -> None:
    atoms = vacancy(0.0)
    first, made = relaxed(atoms)
    known = atoms.get_potential_energy()
    atoms.positions += np.random.default_rng(7).normal(0, 0.02, (len(atoms), 3))
    made.begin_again()
    while largest(atoms) > LIMIT:
        made.step()
    assert atoms.get_potential_energy() == pytest.approx(known, abs=1e-4)
    fresh, _ = relaxed(vacancy(seed=7))
    assert atoms.calc.count - first <= fresh + 1


def test_the_next_start_is_not_pulled_back_to_a_saddle() -> None:
    # an atom halfway between two vacancies' sites: symmetric, no force, no minimum
    atoms = bulk("Li", "fcc", a=A_FCC, cubic=True) * 2
    a, b = atoms.positions[0].copy(), atoms.positions[1].copy()
    middle = 0.5 * (a + b)
    del atoms[[0, 1]]
    atoms += Atoms("Li", positions=[middle])
    atoms.set_constraint(FixSymmetry(atoms))
    _, made = relaxed(atoms)
    high = atoms.get_potential_energy()
    atoms.set_constraint()
    atoms.positions += np.random.default_rng(7).normal(0, 0.02, (len(atoms), 3))
    made.begin_again()
    while largest(atoms) > LIMIT:
        made.step()
        assert atoms.calc.count < 200
    assert atoms.get_potential_energy() < high - 0.1


def test_noisy_forces_are_followed_to_the_end() -> None:
    places = bulk("Li", "fcc", a=A_FCC, cubic=True).positions
    atoms = bulk("Li", "fcc", a=A_FCC, cubic=True)
    atoms.positions += np.random.default_rng(2).normal(0, 0.2, (4, 3))
    relaxed(atoms, Springs(places, noise=1e-3), limit=0.02)


def test_where_nothing_can_be_learned_the_forces_are_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descent_module, "MOST_STEPS", 2)
    atoms = vacancy(0.1)
    _, made = relaxed(atoms)
    assert made.steps == 3
    known = vacancy(0.1)
    known.calc = MorseCalculator()
    BFGS(known, logfile=None).run(fmax=LIMIT)
    assert atoms.get_potential_energy() == pytest.approx(known.get_potential_energy(), abs=1e-4)


def test_no_step_is_longer_than_the_trust() -> None:
    atoms = vacancy(0.15)
    atoms.calc = CountedCalculator(MorseCalculator())
    made = SurrogateDescent(atoms)
    for _ in range(6):
        made._learn()
        best = made.positions[made.best]
        atoms.set_positions(made._next())
        assert np.linalg.norm(atoms.positions - best, axis=1).max() <= descent_module.MOST_TRUST + 1e-9


def test_the_process_reproduces_its_data_and_its_slopes() -> None:
    random = np.random.default_rng(3)
    stiff = random.normal(size=(30, 30))
    stiff = stiff @ stiff.T / 30
    x = random.normal(size=(9, 30)) * 0.4
    energies, gradients = 0.5 * np.einsum("mi,ij,mj->m", x, stiff, x), x @ stiff
    process = GaussianProcess(x, energies, gradients, length=2.0, energy_noise=1e-6, gradient_noise=1e-6)
    found, slopes = process.evaluate(x)
    assert found == pytest.approx(energies, abs=1e-4)
    assert slopes == pytest.approx(gradients, abs=1e-4)
    place, step = random.normal(size=30) * 0.4, 1e-4 * random.normal(size=30)
    ahead, behind = process.evaluate(np.array([place + step, place - step]))[0]
    assert (ahead - behind) / 2 == pytest.approx(float(process.evaluate(place[None])[1][0] @ step), rel=1e-5)
