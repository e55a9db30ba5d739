"""Neighbour lists and pair counts in NumPy and SciPy: what :mod:`...compiled` computes, where numba is not installed.

Conventions of both modules
---------------------------
Atoms stand in the order of their species; ``starts`` (n_species + 1,) says where each begins. A *kind* of pair is two
indices of species, centre first. An *image* is an atom moved by whole lattice vectors. ``listed`` is the tuple
(fractions, cell, inverse of the cell, radius, parents, shifts) of a :class:`~.neighbours.NeighbourList`, ``pairs`` its
(centres, neighbours, ends): atoms, images, and where the pairs of each kind begin and end. Pairs of one species with
itself are listed once.

A list made with a radius R serves later frames as long as no closer pair than the reach r can be missing from it: a
pair that was farther than R is now farther than R (1 - |F - 1|) - d, with F the deformation of the cell since and d the
sum of the two largest displacements of atoms beside it (Verlet, Phys. Rev. 159, 98 (1967), for a cell that changes).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Array = NDArray[Any]

EDGE = 1e-10
"""As in :mod:`lianode.analysis.structure_in_time.compiled`."""
_HALF = 0.4999


def images(fractions: Array, margins: Array) -> tuple[Array, Array]:
    """Return every periodic image within the margins of the cell.

    Parameters
    ----------
    fractions
        (n, 3), in [0, 1).
    margins
        (3,), how far beyond the cell, as fractions of its vectors.

    Returns
    -------
    parents, shifts
        (m,) atoms and (m, 3) whole numbers of vectors.
    """
    ranges = [np.arange(-np.ceil(margin) - 1, np.ceil(margin) + 1.5) for margin in margins]
    along = [fractions[:, axis, None] + ranges[axis] for axis in range(3)]
    inside = [(f >= -margins[axis]) & (f <= 1 + margins[axis]) for axis, f in enumerate(along)]
    kept = inside[0][:, :, None, None] & inside[1][:, None, :, None] & inside[2][:, None, None, :]
    atom, a, b, c = np.nonzero(kept)
    return atom.astype(np.uint32), np.column_stack([ranges[0][a], ranges[1][b], ranges[2][c]])


def neighbour_list(
    fractions: Array, cell: Array, starts: Array, kinds: Array, margins: Array, radius: float
) -> tuple[Array, Array, Array, Array, Array]:
    """Return images and the pairs closer than ``radius``.

    Parameters
    ----------
    fractions
        (n, 3), in [0, 1).
    cell
        (3, 3), Å.
    starts
        (n_species + 1,).
    kinds
        (n_kinds, 2).
    margins
        (3,), at least ``radius`` over the heights of the cell.
    radius
        Å.

    Returns
    -------
    parents, shifts, centres, neighbours, ends
        See the module's conventions.
    """
    from scipy.spatial import cKDTree

    parents, shifts = images(fractions, margins)
    at = fractions @ cell
    images_at = (fractions[parents] + shifts) @ cell
    lexical = shifts @ np.array([1e12, 1e6, 1.0])
    centres, neighbours, ends = [], [], [0]
    trees = {}
    for one, other in kinds:
        if other not in trees:
            first, last = np.searchsorted(parents, (starts[other], starts[other + 1]))
            trees[other] = (cKDTree(images_at[first:last]), first)
        tree, first = trees[other]
        near = cKDTree(at[starts[one] : starts[one + 1]]).sparse_distance_matrix(tree, radius, output_type="ndarray")
        i, g = near["i"] + starts[one], near["j"] + first
        if one == other:
            later = (parents[g] > i) | ((parents[g] == i) & (lexical[g] > 0))
            i, g = i[later], g[later]
        order = np.argsort(i, kind="stable")
        centres.append(i[order])
        neighbours.append(g[order])
        ends.append(ends[-1] + len(i))
    return (
        parents, shifts, np.concatenate(centres).astype(np.uint32), np.concatenate(neighbours).astype(np.uint32),
        np.array(ends),
    )  # fmt: skip


def histogram(
    positions: Array, cells: Array, listed: Any, pairs: Any, reach: float, per_width: float, counts: Array
) -> int:
    """Add the pairs of frames to ``counts`` until the list is too old.

    Parameters
    ----------
    positions, cells
        (n_frames, n, 3) and (n_frames, 3, 3), Å.
    listed, pairs
        See the module's conventions.
    reach
        Distance below which no pair may be missed, Å.
    per_width
        Bins per Å.
    counts
        (n_kinds, n_bins + 1); the last bin takes all that is farther. Pairs of a species with itself count once.

    Returns
    -------
    int
        How many frames were counted.
    """
    centres, neighbours, ends = pairs
    size = counts.shape[1]
    for frame, (at, images_at) in enumerate(_placed(positions, cells, listed, reach)):
        if at is None:
            return frame
        found = _bins(images_at[neighbours] - at[centres], per_width, size - 1)
        for kind in range(len(counts)):
            counts[kind] += np.bincount(found[ends[kind] : ends[kind + 1]], minlength=size)
    return len(positions)


def direct_histogram(
    positions: Array, cells: Array, starts: Array, kinds: Array, reach: float, per_width: float, counts: Array
) -> int:
    """Add the pairs of frames to ``counts`` without a list, for frames that have little to do with each other.

    Where the reach is below half of every height of the cell, at most one image of a neighbour is within it, and it is
    the nearest one in fractions of each vector: along the normal of the two others any further one is half a height
    away. That holds for cells of any shape.

    Parameters
    ----------
    positions, cells, reach, per_width, counts
        As in :func:`histogram`.
    starts, kinds
        As in :func:`neighbour_list`.

    Returns
    -------
    int
        How many frames were counted: up to the first whose cell is too small.
    """
    for frame, (at, cell) in enumerate(zip(positions, cells, strict=True)):
        inverse = np.linalg.inv(cell)
        if (reach * np.linalg.norm(inverse, axis=0) >= _HALF).any():
            return frame
        fractions = at[: starts[-1]] @ inverse
        for kind, (one, other) in enumerate(kinds):
            centres, others = (fractions[starts[species] : starts[species + 1]] for species in (one, other))
            apart = others[None] - centres[:, None]
            if one == other:
                apart = apart[np.triu_indices(len(centres), 1)]
            apart = apart.reshape(-1, 3)
            vectors = (apart - np.floor(apart + 0.5)) @ cell
            near = vectors[_square(vectors) < reach * reach]
            size = counts.shape[1]
            counts[kind] += np.bincount(_bins(near, per_width, size - 1), minlength=size)
    return len(positions)


def layered_histogram(
    positions: Array, cells: Array, listed: Any, pairs: Any, reach: float, per_width: float, layers: Any,
    counts: Array, inside: Array,
) -> int:  # fmt: skip
    """Add pairs by the layer of their centre, and those whose neighbour is in that layer too.

    Parameters
    ----------
    positions, cells, listed, pairs, reach, per_width
        As in :func:`histogram`.
    layers
        (layer of each atom or -1 (n_frames, n), heights above a common origin within the period (n_frames, n),
        normals (n_frames, 3), periods along them (n_frames,), whether a kind is of a species with itself (n_kinds,)).
    counts, inside
        (n_kinds, n_layers, n_bins + 1); each atom of a pair of one species counts as a centre. A neighbour that is in
        the layer's periodic copy is not in the layer.

    Returns
    -------
    int
        How many frames were counted.
    """
    centres, neighbours, ends = pairs
    layer_of, heights, normals, periods, is_half = layers
    others = listed[4][neighbours]
    size, n_layers = counts.shape[2], counts.shape[1]
    kind_of = np.repeat(np.arange(len(counts)), np.diff(ends))
    half = is_half[kind_of]
    for frame, (at, images_at) in enumerate(_placed(positions, cells, listed, reach)):
        if at is None:
            return frame
        vectors = images_at[neighbours] - at[centres]
        found = _bins(vectors, per_width, size - 1)
        one, other = layer_of[frame, centres], layer_of[frame, others]
        along = vectors @ normals[frame] - (heights[frame, others] - heights[frame, centres])
        same = (one >= 0) & (one == other) & (np.abs(along) < periods[frame] / 2)
        cell_of = (kind_of * n_layers + one) * size + found
        for chosen, target in ((one >= 0, counts), (same, inside), (same & half, inside)):
            np.add(target, _counted(cell_of[chosen], target), out=target)
        back = half & (other >= 0)
        counts += _counted(((kind_of * n_layers + other) * size + found)[back], counts)
    return len(positions)


def coordination(
    positions: Array, cells: Array, listed: Any, pairs: Any, reach: float, squares: Array, is_half: Array, out: Array
) -> int:
    """Count each atom's neighbours within the cut-offs.

    Parameters
    ----------
    positions, cells, listed, pairs, reach
        As in :func:`histogram`.
    squares
        (n_kinds,) squares of the cut-offs, Å².
    is_half
        (n_kinds,) whether a kind is of a species with itself.
    out
        (n_frames, n_kinds, n), whole numbers; a pair of two species counts for its centre.

    Returns
    -------
    int
        How many frames were counted.
    """
    centres, neighbours, ends = pairs
    others = listed[4][neighbours]
    kind_of = np.repeat(np.arange(len(squares)), np.diff(ends))
    limits, half = squares[kind_of], is_half[kind_of]
    for frame, (at, images_at) in enumerate(_placed(positions, cells, listed, reach)):
        if at is None:
            return frame
        near = _square(images_at[neighbours] - at[centres]) < limits
        np.add.at(out[frame], (kind_of[near], centres[near]), 1)
        near &= half
        np.add.at(out[frame], (kind_of[near], others[near]), 1)
    return len(positions)


def _counted(cells: Array, like: Array) -> Array:
    """Return how often each element of an array was named."""
    return np.bincount(cells, minlength=like.size).reshape(like.shape)


def _square(vectors: Array) -> Array:
    """Return squared lengths, added in the order of the compiled path."""
    x, y, z = vectors.T
    return x * x + y * y + z * z  # type: ignore[no-any-return]


def _bins(vectors: Array, per_width: float, highest: int) -> Array:
    """Return the bin of each distance, at most ``highest``."""
    bins = ((np.sqrt(_square(vectors)) + EDGE) * per_width).astype(np.int64)
    return np.minimum(bins, highest)


def _placed(positions: Array, cells: Array, listed: Any, reach: float) -> Iterator[tuple[Any, Any]]:
    """Yield where atoms and images are in each frame, or (None, None) at the first that the list does not serve."""
    fractions, cell, inverse, radius, parents, shifts = listed
    for frame, now in zip(positions, cells, strict=True):
        turns = np.floor(frame[: len(fractions)] @ np.linalg.inv(now) - fractions + 0.5)
        at = frame[: len(fractions)] - turns @ now
        displaced = np.sqrt(np.sort(_square(at - fractions @ now))[-2:]).sum()
        deformed = 0.0 if np.array_equal(cell, now) else float(np.linalg.norm(inverse @ now - np.eye(3)))
        if displaced > (1 - deformed) * radius - reach:
            yield None, None
            return
        yield at, at[parents] + shifts @ now
