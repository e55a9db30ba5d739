"""Lattices in the plane and in space as integer matrices, whose rows are vectors in units of a basis."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_TIE = 1e-3  # relative difference of lengths that is none: the choice of basis must not hang on noise


def row_echelon(rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Bring an integer matrix into Hermite normal form by unimodular row operations.

    Parameters
    ----------
    rows
        Shape (m, n), rank n.

    Returns
    -------
    ndarray of shape (n, n)
        Upper triangular, positive diagonal, entries above it from 0 to the diagonal: equal for all bases of a lattice.
    ndarray of shape (m, m)
        The row operations U: ``U @ rows`` is the form, followed by rows of zeros.
    """
    form = np.array(rows, dtype=np.int64)
    done = np.eye(len(form), dtype=np.int64)
    for column in range(form.shape[1]):
        while len(below := np.flatnonzero(form[column:, column]) + column):
            pivot = min(below.tolist(), key=lambda row: (abs(int(form[row, column])), row))
            for matrix in (form, done):
                matrix[[column, pivot]] = matrix[[pivot, column]]
            factors = form[column + 1 :, column] // form[column, column]
            done[column + 1 :] -= factors[:, None] * done[column]
            form[column + 1 :] -= factors[:, None] * form[column]
            if not form[column + 1 :, column].any():
                break
        if form[column, column] < 0:
            form[column] *= -1
            done[column] *= -1
        factors = form[:column, column] // form[column, column]
        done[:column] -= factors[:, None] * done[column]
        form[:column] -= factors[:, None] * form[column]
    return form[: form.shape[1]], done


def plane_basis(normal: Sequence[int]) -> NDArray[np.int64]:
    """Return a basis of the integer lattice with two vectors in a lattice plane and the third one plane above it.

    Parameters
    ----------
    normal
        Three integers without a common divisor: a vector x is in the plane where ``normal · x = 0``.

    Returns
    -------
    ndarray of shape (3, 3)
        Rows; ``basis @ normal`` is (0, 0, 1).
    """
    _, operations = row_echelon(np.array(normal, dtype=np.int64)[:, None])
    return operations[[1, 2, 0]]


def reduced_basis(vectors: NDArray[np.float64]) -> NDArray[np.int64]:
    """Find the two shortest vectors of a lattice in the plane (Lagrange and Gauss), right-handed.

    Parameters
    ----------
    vectors
        Shape (2, 2), rows, Å; right- or left-handed.

    Returns
    -------
    ndarray of shape (2, 2)
        The reduced vectors as rows in units of the given ones, the angle between them from 60° to 120°. Ties within
        0.1 % leave the given vectors as they are.
    """
    basis = np.eye(2, dtype=np.int64)
    while True:
        first, second = basis @ vectors
        if second @ second < (first @ first) * (1 - _TIE):
            basis, first, second = basis[::-1].copy(), second, first
        overlap = float(first @ second) / float(first @ first)
        if abs(overlap) <= 0.5 + _TIE:
            break
        basis[1] -= round(overlap) * basis[0]
    if np.linalg.det(basis @ vectors) < 0:
        basis[1] *= -1
    return basis


def superlattices(size: int) -> list[NDArray[np.int64]]:
    """Return one basis of every lattice whose cell holds a number of cells of a lattice in the plane.

    There are as many as the sum of the divisors of the number; the bases are Hermite normal forms.
    """
    return [
        np.array([[a, b], [0, size // a]], dtype=np.int64)
        for a in range(1, size + 1)
        if size % a == 0
        for b in range(size // a)
    ]


def cosets(matrix: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the lattice points of one cell of a superlattice in the plane, shape (n, 2)."""
    form, _ = row_echelon(matrix)
    return np.array([(i, j) for i in range(form[0, 0]) for j in range(form[1, 1])], dtype=np.int64)


def joined_lattice(first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the lattice that two lattices with a common superlattice generate together.

    A rigid shift by one of its vectors takes each of two stacked layers to itself but for a translation of one of
    them, so that all relative positions of the layers lie in one of its cells (the displacement-shift-complete lattice
    of a coincidence, Bollmann 1970).

    Parameters
    ----------
    first, second
        The common superlattice's vectors in units of either lattice's, shape (2, 2).

    Returns
    -------
    ndarray of shape (2, 2)
        Its vectors as rows in units of the common superlattice's. The determinant times those of the two matrices is
        the number of smallest common cells in the superlattice's.
    """
    scale = math.lcm(determinant(first), determinant(second))
    both = np.concatenate([np.rint(np.linalg.inv(matrix) * scale) for matrix in (first, second)])
    return row_echelon(both.astype(np.int64))[0] / scale


def determinant(matrix: NDArray[np.int64]) -> int:
    """Return the size of the determinant of a 2 x 2 integer matrix."""
    return abs(int(matrix[0, 0]) * int(matrix[1, 1]) - int(matrix[0, 1]) * int(matrix[1, 0]))
