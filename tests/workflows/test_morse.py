"""The test potential against its formula and against numerical derivatives."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, make_supercell
from ase.calculators.fd import calculate_numerical_forces, calculate_numerical_stress
from pymatgen.core import Lattice, Structure

from lianode.structures import library
from lianode.structures.errors import InputError
from lianode.workflows.engines.morse import (
    CUTOFF,
    DIAMETERS,
    STEEPNESS,
    SWITCH_FROM,
    UNLIKE_BONUS,
    MorseCalculator,
)
from lianode.workflows.engines.registry import make_engine

if TYPE_CHECKING:
    from lianode.workflows.engines.morse import (
        MorseEngine,
    )


def _dimer(first: str, second: str, distance: float, depth: float = 0.25) -> Atoms:
    atoms = Atoms([first, second], positions=[[0.0, 0.0, 0.0], [0.0, 0.0, distance]], cell=[30.0] * 3, pbc=True)
    atoms.calc = MorseCalculator(depth)
    return atoms


def _disordered(seed: int = 5) -> Atoms:
    rng = np.random.default_rng(seed)
    atoms = bulk("Li", "fcc", a=4.4, cubic=True).repeat((2, 1, 1))
    atoms.symbols = ["Li", "In", "Li", "Sn", "In", "In", "Li", "Li"]
    atoms.set_cell(atoms.cell @ (np.eye(3) + rng.uniform(-0.06, 0.06, (3, 3))), scale_atoms=True)
    atoms.positions += rng.normal(0.0, 0.15, atoms.positions.shape)
    atoms.calc = MorseCalculator()
    return atoms


@pytest.mark.parametrize(("first", "second", "bonus"), [("Li", "Li", 1.0), ("Li", "In", UNLIKE_BONUS)])
def test_a_dimer_at_the_bottom_of_the_well_has_minus_the_well_depth(first: str, second: str, bonus: float) -> None:
    bottom = 0.5 * (DIAMETERS[first] + DIAMETERS[second])
    atoms = _dimer(first, second, bottom, depth=0.3)
    assert bottom < SWITCH_FROM
    assert atoms.get_potential_energy() == pytest.approx(-0.3 * bonus, abs=1e-12)
    assert np.abs(atoms.get_forces()).max() < 1e-12


@pytest.mark.parametrize("distance", [2.2, 2.8, 3.7, 4.4])
def test_a_dimer_follows_the_formula(distance: float) -> None:
    x = math.exp(-STEEPNESS * (distance - DIAMETERS["In"]))
    atoms = _dimer("In", "In", distance)
    assert atoms.get_potential_energy() == pytest.approx(0.25 * (x * x - 2 * x), rel=1e-12)
    pull = 0.25 * 2 * STEEPNESS * (x - x * x)  # dE/dr: the second atom is pushed along +z by minus that
    assert atoms.get_forces()[1] == pytest.approx([0.0, 0.0, -pull], abs=1e-12)


def test_energy_and_force_go_smoothly_to_zero() -> None:
    step = 1e-6
    for edge in (SWITCH_FROM, CUTOFF):
        near, far = _dimer("Li", "Sn", edge - step), _dimer("Li", "Sn", edge + step)
        force = near.get_forces()[1, 2]
        assert near.get_potential_energy() - far.get_potential_energy() == pytest.approx(2 * step * force, abs=1e-10)
        assert force == pytest.approx(far.get_forces()[1, 2], abs=1e-5)
    assert _dimer("Li", "Sn", CUTOFF + step).get_potential_energy() == 0.0
    middle = 0.5 * (SWITCH_FROM + CUTOFF)
    x = math.exp(-STEEPNESS * (middle - 0.5 * (DIAMETERS["Li"] + DIAMETERS["Sn"])))
    assert _dimer("Li", "Sn", middle).get_potential_energy() == pytest.approx(
        0.5 * 0.25 * UNLIKE_BONUS * (x * x - 2 * x), rel=1e-12
    )  # the smoothstep is one half in the middle


def test_forces_and_stress_are_the_derivatives_of_the_energy() -> None:
    atoms = _disordered()
    assert np.abs(atoms.get_forces()).max() > 0.1
    assert atoms.get_forces() == pytest.approx(calculate_numerical_forces(atoms, eps=1e-4), abs=1e-6)
    assert atoms.get_stress() == pytest.approx(calculate_numerical_stress(atoms, eps=1e-5), abs=1e-7)
    assert atoms.get_forces().sum(axis=0) == pytest.approx([0.0, 0.0, 0.0], abs=1e-12)


def test_the_energy_does_not_depend_on_how_the_crystal_is_written() -> None:
    atoms = _disordered()
    energy, forces = atoms.get_potential_energy(), atoms.get_forces()

    order = np.random.default_rng(1).permutation(len(atoms))
    permuted = atoms[order]
    permuted.calc = MorseCalculator()
    assert permuted.get_potential_energy() == pytest.approx(energy, abs=1e-10)
    assert permuted.get_forces() == pytest.approx(forces[order], abs=1e-10)

    turned = atoms.copy()
    turned.rotate(37.0, (1, 2, 3), rotate_cell=True)
    turned.calc = MorseCalculator()
    assert turned.get_potential_energy() == pytest.approx(energy, abs=1e-10)
    assert np.linalg.norm(turned.get_forces(), axis=1) == pytest.approx(np.linalg.norm(forces, axis=1), abs=1e-10)

    larger = make_supercell(atoms, [[2, 0, 0], [1, 1, 0], [0, 0, 1]])
    larger.calc = MorseCalculator()
    assert larger.get_potential_energy() == pytest.approx(2 * energy, abs=1e-9)
    assert larger.get_stress() == pytest.approx(atoms.get_stress(), abs=1e-10)

    moved = atoms.copy()
    moved.positions += [0.3, -2.0, 5.0]
    moved.wrap()
    moved.calc = MorseCalculator()
    assert moved.get_potential_energy() == pytest.approx(energy, abs=1e-10)


def test_the_engine_knows_every_element_of_the_library(morse: MorseEngine) -> None:
    for system in ("Li-In", "Li-Sn"):
        for phase in library.phases(system):
            morse.check(phase.structure)
    gold = Structure(Lattice.cubic(4.08), ["Au"], [[0, 0, 0]])
    with pytest.raises(InputError, match="does not know Au"):
        morse.check(gold)


@pytest.mark.parametrize("depth", [0, -1, True, "deep", float("nan")])
def test_a_well_depth_that_is_no_energy_is_refused(depth: object) -> None:
    with pytest.raises(InputError, match="between 0 and 10 eV"):
        make_engine({"name": "morse", "well_depth": depth})


def test_engines_of_different_depth_have_different_names_and_methods() -> None:
    usual, deeper = make_engine("morse"), make_engine({"name": "morse", "well_depth": 0.3})
    assert usual.name == "morse"
    assert deeper.name == "morse-0.3"
    assert usual.method().digest != deeper.method().digest
    assert make_engine(deeper.settings).name == deeper.name  # the settings are all it takes to make it again
    assert make_engine({"name": "morse", "well_depth": 1}).settings == {"name": "morse", "well_depth": 1.0}
