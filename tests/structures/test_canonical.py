"""The hash of a structure: what it sees and what it does not."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from lianode.structures import library
from lianode.structures.canonical import structure_hash

NAMES = ["Li_bcc", "LiIn", "Li13In3", "LiSn_P2m", "Li6PS5Cl_ordered_48h", "Li6PS5Cl_average"]


def cubic(*coordinates, species=None, a=4.0):
    return Structure(Lattice.cubic(a), species or ["Li"] * len(coordinates), coordinates)


@pytest.mark.parametrize("x", [0.9999999999, -0.0, 1.0, -1.0, 3.0, -1e-12])
def test_zero_in_any_guise(x):
    assert structure_hash(cubic([x, 0, 0])) == structure_hash(cubic([0, 0, 0]))


@pytest.mark.parametrize("noise", [1e-9, -1e-9])
@pytest.mark.parametrize("denominator", range(1, 21))
def test_noise_on_fractions_changes_nothing(denominator, noise):
    for numerator in range(denominator):
        x = numerator / denominator
        assert structure_hash(cubic([x + noise, x, -x])) == structure_hash(cubic([x, x, -x]))


@pytest.mark.parametrize("noise", [1e-9, -1e-9])
@pytest.mark.parametrize("x", [1 / 128, 3 / 128, 0.0000005, 0.1234565, 0.7654321, 0.3333333, 0.12345, 1 / 24, 1 / 36])
def test_noise_on_decimals_changes_nothing(x, noise):
    assert structure_hash(cubic([x + noise, 0, 0])) == structure_hash(cubic([x, 0, 0]))


@pytest.mark.parametrize("name", NAMES)
def test_noise_on_library_phases_changes_nothing(name):
    structure = library.phase(name).structure
    rng = np.random.default_rng(1)
    noisy = Structure(
        structure.lattice,
        [site.species for site in structure],
        structure.frac_coords + rng.uniform(-1e-9, 1e-9, structure.frac_coords.shape),
    )
    assert structure_hash(noisy) == structure_hash(structure)


@pytest.mark.parametrize("name", NAMES)
def test_a_displacement_of_1e_5_changes_it(name):
    structure = library.phase(name).structure
    moved = structure.copy()
    moved.translate_sites([0], [1e-5, 0, 0])
    assert structure_hash(moved) != structure_hash(structure)


def test_cell_order_and_species_count():
    pair = cubic([0, 0, 0], [0.5, 0.5, 0.5], species=["Li", "In"])
    assert structure_hash(pair) != structure_hash(cubic([0.5, 0.5, 0.5], [0, 0, 0], species=["In", "Li"]))
    assert structure_hash(pair) != structure_hash(cubic([0, 0, 0], [0.5, 0.5, 0.5], species=["In", "Li"]))
    assert structure_hash(pair) != structure_hash(cubic([0, 0, 0], [0.5, 0.5, 0.5], species=["Li", "In"], a=4.00001))


def test_labels_charges_and_properties_are_left_out():
    plain = cubic([0, 0, 0], [0.5, 0.5, 0.5], species=["Li", "Cl"])
    dressed = Structure(
        plain.lattice,
        ["Li+", "Cl-"],
        plain.frac_coords,
        labels=["a", "b"],
        site_properties={"magmom": [0.0, 1.0]},
    )
    assert structure_hash(dressed) == structure_hash(plain)


def test_occupancies_count():
    half = Structure(Lattice.cubic(4), [{"Li": 0.5, "In": 0.5}], [[0, 0, 0]])
    swapped = Structure(Lattice.cubic(4), [{"In": 0.5, "Li": 0.5}], [[0, 0, 0]])
    other = Structure(Lattice.cubic(4), [{"Li": 0.4, "In": 0.6}], [[0, 0, 0]])
    assert structure_hash(half) == structure_hash(swapped)
    assert structure_hash(half) != structure_hash(other)


def test_numbers_that_are_none_are_refused():
    with pytest.raises(ValueError, match="not a finite number"):
        structure_hash(cubic([float("nan"), 0, 0]))


def test_another_process_gives_the_same_hash():
    code = (
        "from lianode.structures.library import phase; from lianode.structures.canonical import structure_hash;"
        "print(structure_hash(phase('Li13In3').structure))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == structure_hash(library.phase("Li13In3").structure)


def test_the_layout_is_frozen():
    # a changed value makes every stored calculation look new: change _LAYOUT knowingly
    assert (
        structure_hash(cubic([0, 0, 0], [0.5, 0.5, 0.5], species=["Li", "In"], a=3.3))
        == "8e46b2612fc5827238d1940db1c2df8f46e668b27a7923405015d5fbad57a424"
    )
