"""Supercells: the most isotropic one of a given size, and the smallest one that keeps the crystal's rotations."""

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
    blocks = []
    for a in range(1, size + 1):
        for b in range(1, size // a + 1):
            if size % (a * b):
                continue
            d, e, f = (entry.ravel() for entry in np.indices((a, a, b)))
            block = np.zeros((len(d), 3, 3), dtype=np.int64)
            block[:, 0, 0], block[:, 1, 1], block[:, 2, 2] = a, b, size // (a * b)
            block[:, 1, 0], block[:, 2, 0], block[:, 2, 1] = d, e, f
            blocks.append(block)
    return np.concatenate(blocks)


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


def shortest_vector(vectors: NDArray[np.float64]) -> float:
    """Return the length of a lattice's shortest vector, Å: the distance between periodic images.

    Parameters
    ----------
    vectors
        Of the cell as rows, Å.
    """
    return float(_short_vectors(vectors, _close_packed_distance(vectors, 1))[1].min())


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


def symmetric_supercell(
    primitive: NDArray[np.float64], rotations: NDArray[np.int64], length: float, largest: int
) -> tuple[NDArray[np.int64], float] | None:
    """Find the smallest supercell that keeps all rotations and keeps an atom away from its own images.

    In a supercell that keeps them, defects that symmetry makes equal have equal energies, whichever of them is put in.
    Its vectors need not be multiples of the primitive ones: 10 Å in bcc Li takes 54 atoms, 3 x 3 x 3 of its cubic cell.

    Parameters
    ----------
    primitive
        Primitive vectors as rows, Å.
    rotations
        Rotations of the crystal, shape (n, 3, 3), acting on fractional coordinates in the primitive cell.
    length
        Distance between periodic images, at least, Å.
    largest
        Number of primitive cells at which the search ends.

    Returns
    -------
    tuple of ndarray of shape (3, 3) and float, or None
        Vectors of the supercell as rows in units of the primitive ones, and the distance between images, Å. Of several
        supercells of the smallest size it is the one with the largest distance. None where there is none.
    """
    vectors, _ = _short_vectors(primitive, length * (1 - 1e-6))
    unique = sorted(np.unique(rotations, axis=0), key=lambda rotation: -float(np.abs(rotation).sum()))  # identity last
    size = max(1, int(np.ceil((length / _close_packed_distance(primitive, 1)) ** 3)))
    while size <= largest:
        forms = hermite_normal_forms(size)
        for rotation in unique:
            columns = forms.transpose(0, 2, 1)
            turned = np.linalg.inv(columns) @ rotation @ columns
            forms = forms[_are_integers(turned).all(axis=(1, 2))]
            if not len(forms):
                break
        inverses = np.linalg.inv(forms)
        for vector in vectors:
            left = ~_are_integers(vector @ inverses).all(axis=1)
            forms, inverses = forms[left], inverses[left]
        if len(forms):
            distances = [shortest_vector(form @ primitive) for form in forms]
            best = max(range(len(forms)), key=lambda number: (round(distances[number], 6), forms[number].tolist()))
            return forms[best], distances[best]
        size += 1
    return None
