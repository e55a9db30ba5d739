"""Integer lattices, against what can be counted."""

from __future__ import annotations

import numpy as np
import pytest

from lianode.structures.interfaces.integers import (
    cosets,
    determinant,
    joined_lattice,
    plane_basis,
    reduced_basis,
    row_echelon,
    superlattices,
)


def test_the_hermite_form_is_the_same_for_every_basis():
    generator = np.random.default_rng(1)
    lattice = np.array([[3, 1, 0], [0, 2, 5], [0, 0, 4]])
    for _ in range(50):
        change = np.array(row_echelon(generator.integers(-4, 5, (3, 3)) + 9 * np.eye(3, dtype=int))[1])
        assert round(abs(np.linalg.det(change))) == 1
        form, operations = row_echelon(change @ lattice)
        assert (form == row_echelon(lattice)[0]).all()
        assert (operations @ change @ lattice == form).all()


@pytest.mark.parametrize("normal", [(0, 0, 1), (1, 0, 0), (1, 1, 1), (-3, 2, 5), (0, -1, 0), (6, 10, 15)])
def test_two_vectors_in_the_plane_and_one_above(normal):
    basis = plane_basis(normal)
    assert (basis @ normal).tolist() == [0, 0, 1]
    assert round(abs(np.linalg.det(basis))) == 1


@pytest.mark.parametrize("size", [1, 2, 6, 12, 25])
def test_there_are_as_many_superlattices_as_the_sum_of_divisors(size):
    found = superlattices(size)
    assert len(found) == sum(divisor for divisor in range(1, size + 1) if size % divisor == 0)
    assert len({tuple(row_echelon(one)[0].ravel()) for one in found}) == len(found)
    assert all(determinant(one) == size == len(cosets(one)) for one in found)


def test_reduction_gives_the_shortest_vectors_right_handed():
    generator = np.random.default_rng(2)
    for _ in range(100):
        vectors = generator.normal(size=(2, 2)) * 3
        reduced = reduced_basis(vectors) @ vectors
        short, long = np.linalg.norm(reduced, axis=1)
        grid = np.stack(np.meshgrid(*[np.arange(-20, 21)] * 2), -1).reshape(-1, 2) @ reduced
        lengths = np.sort(np.linalg.norm(grid, axis=1))
        assert short <= long * 1.001
        assert short == pytest.approx(lengths[1], rel=1.1e-3)
        assert np.linalg.det(reduced) == pytest.approx(abs(np.linalg.det(vectors)))


def test_a_tie_leaves_the_vectors_as_they_are():
    for noise in (-1e-5, 0.0, 1e-5):
        assert reduced_basis(np.array([[1.0, 0.0], [0.0, 1.0 + noise]])).tolist() == [[1, 0], [0, 1]]
        assert reduced_basis(np.array([[1.0, 0.0], [0.5 + noise, 0.75**0.5]])).tolist() == [[1, 0], [0, 1]]


def test_what_two_lattices_generate():
    one, three = np.eye(2, dtype=int), 3 * np.eye(2, dtype=int)
    assert joined_lattice(one, one).tolist() == [[1, 0], [0, 1]]
    assert np.allclose(joined_lattice(three, one), np.eye(2) / 3)
    assert np.allclose(joined_lattice(np.diag([2, 1]), np.diag([3, 1])), [[1 / 6, 0], [0, 1]])
    # the coincidence of index 5: two squares turned by 36.87°
    joined = joined_lattice(np.array([[2, 1], [-1, 2]]), np.array([[1, 2], [-2, 1]]))
    assert np.linalg.det(joined) == pytest.approx(1 / 25)
