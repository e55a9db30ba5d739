"""The most isotropic supercell, against counting theory, packing bounds and brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pymatgen.core import Lattice

from lianode.structures.supercells import hermite_normal_forms, isotropic_supercell

ONLY_INVERSION = np.array([np.eye(3), -np.eye(3)], dtype=np.int64)
BCC = 3.5 / 2 * np.array([[-1.0, 1, 1], [1, -1, 1], [1, 1, -1]])
FCC = 4.0 / 2 * np.array([[0.0, 1, 1], [1, 0, 1], [1, 1, 0]])
BCT = np.array([[3.2523, 0, 0], [0, 3.2523, 0], [3.2523 / 2, 3.2523 / 2, 4.9461 / 2]])
TRICLINIC = Lattice.from_parameters(3.1, 4.2, 5.3, 75, 83, 66).matrix


def test_number_of_superlattices():
    # On-Line Encyclopedia of Integer Sequences, A001001: sublattices of index n in three dimensions
    counts = [len(hermite_normal_forms(size)) for size in range(1, 13)]
    assert counts == [1, 7, 13, 35, 31, 91, 57, 155, 130, 217, 133, 455]


def test_forms_have_the_right_determinant_and_differ():
    forms = hermite_normal_forms(12)
    assert np.allclose(np.linalg.det(forms), 12)
    assert len(np.unique(forms.reshape(-1, 9), axis=0)) == len(forms)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_fcc_multiples_reach_the_close_packing_bound(factor):
    matrix, distance = isotropic_supercell(FCC, ONLY_INVERSION, factor**3)
    assert distance == pytest.approx(factor * 4.0 / math.sqrt(2))
    assert abs(round(np.linalg.det(matrix))) == factor**3


def test_four_bcc_cells_make_the_fcc_superlattice():
    assert isotropic_supercell(BCC, ONLY_INVERSION, 4)[1] == pytest.approx(3.5 * math.sqrt(2))


@pytest.mark.parametrize("primitive", [BCC, FCC, BCT, TRICLINIC])
@pytest.mark.parametrize("size", [1, 2, 5, 6, 8])
def test_distance_is_the_largest_by_brute_force(primitive, size):
    def shortest(matrix):
        grid = np.stack(np.meshgrid(*[np.arange(-12, 13)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
        lengths = np.linalg.norm(grid @ (matrix @ primitive), axis=1)
        return lengths[lengths > 1e-9].min()

    matrix, distance = isotropic_supercell(primitive, ONLY_INVERSION, size)
    assert distance == pytest.approx(shortest(matrix))
    assert distance >= 0.99 * max(shortest(form) for form in hermite_normal_forms(size))


def test_36_cells_of_indium_beat_the_best_multiple_of_the_conventional_cell():
    assert isotropic_supercell(BCT, ONLY_INVERSION, 36)[1] > 3 * 3.2523
