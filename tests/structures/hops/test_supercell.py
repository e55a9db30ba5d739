"""Supercells for defects: sizes known by hand, and exhaustive search."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from lianode.structures import library
from lianode.structures.errors import InputError
from lianode.structures.hops.supercell import check_size, supercell, vacancy_supercell
from lianode.structures.supercells import hermite_normal_forms
from lianode.structures.symmetry import space_group_operations

PHASES = ["Li", "Li_fcc", "LiIn", "Li13In3", "Li2Sn5", "LiSn", "Li17Sn4", "In"]


def shortest(structure):
    near = structure.lattice.get_points_in_sphere([[0, 0, 0]], [0, 0, 0], 25, zip_results=False)[1]
    return min(d for d in near if d > 1e-3)


@pytest.mark.parametrize("name", PHASES)
@pytest.mark.parametrize("length", [8.0, 10.0, 12.0])
def test_images_are_as_far_apart_as_asked(name, length):
    phase = library.phase(name)
    cell = vacancy_supercell(phase, length=length)
    assert cell.image_distance >= length
    assert cell.image_distance == pytest.approx(shortest(cell.structure))
    assert len(cell.structure) == cell.size * len(phase.primitive())
    assert cell.structure.composition == phase.primitive().composition * cell.size
    assert np.linalg.det(cell.structure.lattice.matrix) > 0  # VASP refuses left-handed cells
    assert cell.structure.distance_matrix[np.triu_indices(len(cell.structure), 1)].min(initial=9) > 2.0


@pytest.mark.parametrize("name", PHASES)
def test_every_rotation_of_the_crystal_is_kept(name):
    cell = vacancy_supercell(library.phase(name))
    for rotation in space_group_operations(cell.crystal)[0]:
        turned = cell.matrix @ rotation.T @ np.linalg.inv(cell.matrix)
        assert np.abs(turned - np.rint(turned)).max() < 1e-9


def test_sizes_by_hand():
    # bcc superlattices that keep cubic symmetry: k³ (bcc), 2k³ (cubic), 4k³ (fcc); 10 Å with a = 3.509 Å: 54, not 64
    assert vacancy_supercell(library.phase("Li")).size == 54
    assert vacancy_supercell(library.phase("Li"), length=9.9).size == 32  # 4 x 2³ at 2 a sqrt(2) = 9.93 Å
    # fcc lattice of LiIn, a = 6.79 Å: k³ (9.6 Å for 8), 16 k³ (bcc, a sqrt(3) = 11.75 Å), 4k³ (13.6 Å for 32)
    cell = vacancy_supercell(library.phase("LiIn"))
    assert (cell.size, round(cell.image_distance, 2)) == (16, 11.75)
    assert vacancy_supercell(library.phase("Li17Sn4")).repeats == ((1, 0, 0), (0, 1, 0), (0, 0, 1))


def test_no_smaller_supercell_keeps_the_symmetry():
    phase = library.phase("LiIn").primitive()
    rotations = space_group_operations(phase)[0]
    for size in range(1, 16):
        for form in hermite_normal_forms(size):
            turned = np.linalg.inv(form.T) @ rotations @ form.T
            kept = np.abs(turned - np.rint(turned)).max() < 1e-9
            lattice = Lattice(form @ phase.lattice.matrix)
            assert not kept or shortest(Structure(lattice, ["H"], [[0, 0, 0]])) < 10


@pytest.mark.parametrize("repeats", [(2, 2, 1), ((1, 1, 0), (0, 2, 1), (-1, 0, 2))])
def test_atoms_are_found_by_number_and_translation(repeats):
    cell = supercell(library.phase("LiSn"), repeats)
    for atom in range(len(cell.crystal)):
        for image in [(0, 0, 0), (1, -2, 3), (-7, 4, 0)]:
            place = cell.structure[cell.atom(atom, image)].frac_coords
            expected = cell.fractional(cell.crystal[atom].frac_coords + np.array(image))
            assert np.abs(place - expected - np.rint(place - expected)).max() < 1e-9


def test_a_supercell_is_too_small_for_the_cutoff():
    cell = supercell(library.phase("Li"), (2, 2, 2))
    check_size(cell, 3.03, "Li")
    with pytest.raises(
        InputError, match=r"Li: the supercell is too small: its images are 6\.08 Å apart, and hops of 3"
    ):
        check_size(cell, 3.04, "Li")


@pytest.mark.parametrize("length", [0, -3, float("inf"), float("nan")])
def test_lengths_that_are_none(length):
    with pytest.raises(InputError, match="cannot be used"):
        vacancy_supercell(library.phase("Li"), length=length)


def test_a_length_that_needs_too_many_atoms():
    with pytest.raises(InputError, match="more than 2000 atoms"):
        vacancy_supercell(library.phase("Li17Sn4"), length=60)


@pytest.mark.parametrize("repeats", [(1, 1, 0), (1.5, 1, 1), ((1, 0), (0, 1)), ((1, 0, 0), (2, 0, 0), (0, 0, 1))])
def test_repeats_that_span_nothing(repeats):
    with pytest.raises(InputError, match="three whole numbers"):
        supercell(library.phase("Li"), repeats)
