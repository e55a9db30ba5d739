"""The most isotropic supercell with a given number of primitive cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NEARLY_EQUAL = 0.01  # relative difference of image distances below which symmetry decides


def hermite_normal_forms(size: int) -> NDArray[np.int64]:
    """Return one integer matrix for each distinct superlattice of a given index.

    The rows of a matrix are the superlattice's vectors in units of the primitive ones.

    Parameters
    ----------
    size
        Number of primitive cells in the supercell, 1 or more.

    Returns
    -------
    ndarray of shape (n, 3, 3)
        Lower triangular, with n = sum over a b c = size of b c² (Hart and Forcade, Phys. Rev. B 77, 224115 (2008)).
    """
    forms = [
        [[a, 0, 0], [d, b, 0], [e, f, c]]
        for a in range(1, size + 1)
        if size % a == 0
        for b in range(1, size // a + 1)
        if (size // a) % b == 0
        for c in [size // (a * b)]
        for d in range(a)
        for e in range(a)
        for f in range(b)
    ]
    return np.array(forms, dtype=np.int64)


def isotropic_supercell(
    primitive: NDArray[np.float64], rotations: NDArray[np.int64], size: int
) -> tuple[NDArray[np.int64], float]:
    """Find the supercell in which an atom is furthest from its own periodic images.

    Every superlattice of the index is looked at, not only multiples of the conventional cell: for 36 atoms of bct In
    the best multiple (3 x 3 x 2) keeps images 9.76 Å apart, the best superlattice 10.28 Å, at the same cost. Among
    those within 1 % of the largest distance the one that keeps most of the crystal's rotations is taken, as it has the
    fewest distinct sites, k-points and hops.

    A superlattice's shortest vector is found by going through the primitive lattice's vectors by length and striking
    out the superlattices that contain each. No superlattice outlives the length of a close packing of its cells,
    (√2 V)^(1/3).

    Parameters
    ----------
    primitive
        Primitive vectors as rows, Å.
    rotations
        Rotations of the crystal, shape (n, 3, 3), acting on fractional coordinates in the primitive cell.
    size
        Number of primitive cells in the supercell.

    Returns
    -------
    ndarray of shape (3, 3)
        Vectors of the supercell as rows, in units of the primitive ones.
    float
        Distance between periodic images, Å.
    """
    forms = hermite_normal_forms(size)
    inverses = np.linalg.inv(forms)
    vectors, lengths = _short_vectors(primitive, _close_packed_distance(primitive, size))
    distance = np.full(len(forms), np.inf)
    left = np.arange(len(forms))
    for vector, length in zip(vectors, lengths, strict=True):
        inside = _are_integers(vector @ inverses[left]).all(axis=1)
        distance[left[inside]] = length
        left = left[~inside]
        if not len(left):
            break
    longest = float(distance.max())
    best = np.flatnonzero(distance > (1 - _NEARLY_EQUAL) * longest)
    kept = [_rotations_kept(forms[index], rotations) for index in best]
    choice = min(
        zip(best.tolist(), kept, strict=True),
        key=lambda candidate: (-candidate[1], -round(float(distance[candidate[0]]), 6), forms[candidate[0]].tolist()),
    )[0]
    return forms[choice], float(distance[choice])


def _close_packed_distance(primitive: NDArray[np.float64], size: int) -> float:
    volume = abs(float(np.linalg.det(primitive))) * size
    return float((np.sqrt(2.0) * volume) ** (1 / 3)) * (1 + 1e-9)


def _short_vectors(primitive: NDArray[np.float64], longest: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """All lattice vectors up to a length, shortest first, one of each pair v, -v."""
    # |n_i| <= longest * |reciprocal vector i|
    reach = np.floor(longest * np.linalg.norm(np.linalg.inv(primitive), axis=0)).astype(int)
    grid = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij"), axis=-1).reshape(-1, 3)
    grid = grid[len(grid) // 2 + 1 :]  # the grid is symmetric about its middle, the zero vector
    lengths = np.linalg.norm(grid @ primitive, axis=1)
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] <= longest]
    return grid[order], lengths[order]


def _are_integers(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    close: NDArray[np.bool_] = np.abs(values - np.rint(values)) < 1e-6
    return close


def _rotations_kept(form: NDArray[np.int64], rotations: NDArray[np.int64]) -> int:
    """Count the rotations that map the superlattice onto itself."""
    # columns are lattice vectors here: the rotation turns them, and their coordinates in the superlattice stay whole
    columns = form.T
    turned = np.linalg.inv(columns) @ rotations @ columns
    return int(_are_integers(turned).all(axis=(1, 2)).sum())
