"""Neighbour lists and pair counts, compiled by numba on the user's machine (extra ``fast``); no C compiler is needed.

The functions mirror those of :mod:`lianode.analysis.structure_in_time.vectorised`, and give the same counts: both
evaluate the same expressions in the same order in double precision, and no fast-math flag lets a compiler change that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

EDGE = 1e-10
"""Å; a distance so close below the edge of a bin counts as on it. Rounding (1e-14 Å) then never decides where a perfect
crystal's neighbours go, and the counts do not depend on the choice of cell."""
_CHUNK = 1024
_HALF = 0.4999
_ROWS_PER_MARGIN = 2.0
"""Grid cells are half a list radius wide: finer ones have fewer atoms that are too far, and more rows to visit."""


@njit(cache=True, nogil=True)
def images(fractions: Array, starts: Array, margins: Array) -> tuple[Array, Array, Array, Array, Array]:
    """Return every periodic image within the margins of the cell, sorted into a grid; see ``vectorised.images``."""
    n_atoms, n_species = fractions.shape[0], starts.shape[0] - 1
    low = np.empty((n_atoms, 3), dtype=np.int64)
    high = np.empty((n_atoms, 3), dtype=np.int64)
    total = 0
    for i in range(n_atoms):
        size = 1
        for axis in range(3):
            low[i, axis] = np.int64(np.ceil(-margins[axis] - fractions[i, axis]))
            high[i, axis] = np.int64(np.floor(1.0 + margins[axis] - fractions[i, axis]))
            size *= max(0, high[i, axis] - low[i, axis] + 1)
        total += size
    grid = np.empty(3, dtype=np.int64)
    for axis in range(3):
        grid[axis] = max(1, int((1.0 + 2.0 * margins[axis]) / margins[axis] * _ROWS_PER_MARGIN))
    while (
        grid[0] * grid[1] * grid[2] > 4 * total + 64
    ):  # a dilute cell: empty grid cells would cost more than they save
        for axis in range(3):
            grid[axis] = max(1, grid[axis] // 2)
    n_cells = grid[0] * grid[1] * grid[2]
    keys = np.empty(total, dtype=np.int64)
    parents = np.empty(total, dtype=np.uint32)
    shifts = np.empty((total, 3))
    where = np.zeros(n_species * n_cells + 1, dtype=np.int64)
    made = 0
    for species in range(n_species):
        for i in range(starts[species], starts[species + 1]):
            for a in range(low[i, 0], high[i, 0] + 1):
                ka = grid_index(fractions[i, 0] + a, margins[0], grid[0])
                for b in range(low[i, 1], high[i, 1] + 1):
                    kb = grid_index(fractions[i, 1] + b, margins[1], grid[1])
                    for c in range(low[i, 2], high[i, 2] + 1):
                        kc = grid_index(fractions[i, 2] + c, margins[2], grid[2])
                        key = species * n_cells + (ka * grid[1] + kb) * grid[2] + kc
                        keys[made] = key
                        parents[made] = i
                        shifts[made, 0], shifts[made, 1], shifts[made, 2] = a, b, c
                        where[key + 1] += 1
                        made += 1
    for key in range(n_species * n_cells):
        where[key + 1] += where[key]
    place = where[:-1].copy()
    order = np.empty(total, dtype=np.int64)
    for image in range(total):
        order[place[keys[image]]] = image
        place[keys[image]] += 1
    return parents[order], shifts[order], where, grid, order


@njit(cache=True, nogil=True)
def grid_index(fraction: float, margin: float, size: int) -> int:
    """Return the grid cell of a fractional coordinate."""
    index = int((fraction + margin) / (1.0 + 2.0 * margin) * size)
    return max(0, min(size - 1, index))


@njit(cache=True, nogil=True)
def neighbour_list(
    fractions: Array, cell: Array, starts: Array, kinds: Array, margins: Array, radius: float
) -> tuple[Array, Array, Array, Array, Array]:
    """Return images and the pairs closer than ``radius``; see ``vectorised.neighbour_list``."""
    parents, shifts, where, grid, _ = images(fractions, starts, margins)
    n_images, n_kinds, n_cells = parents.shape[0], kinds.shape[0], grid[0] * grid[1] * grid[2]
    gx, gy, gz = np.empty(n_images), np.empty(n_images), np.empty(n_images)
    positive = np.empty(n_images, dtype=np.bool_)
    for g in range(n_images):
        a, b, c = shifts[g, 0], shifts[g, 1], shifts[g, 2]
        fa, fb, fc = fractions[parents[g], 0] + a, fractions[parents[g], 1] + b, fractions[parents[g], 2] + c
        gx[g] = fa * cell[0, 0] + fb * cell[1, 0] + fc * cell[2, 0]
        gy[g] = fa * cell[0, 1] + fb * cell[1, 1] + fc * cell[2, 1]
        gz[g] = fa * cell[0, 2] + fb * cell[1, 2] + fc * cell[2, 2]
        positive[g] = a > 0 or (a == 0 and (b > 0 or (b == 0 and c > 0)))
    capacity = 1024
    centres, neighbours = np.empty(capacity, dtype=np.uint32), np.empty(capacity, dtype=np.uint32)
    ends = np.zeros(n_kinds + 1, dtype=np.int64)
    square, found = radius * radius, 0
    for kind in range(n_kinds):
        one, other = kinds[kind, 0], kinds[kind, 1]
        for i in range(starts[one], starts[one + 1]):
            fa, fb, fc = fractions[i, 0], fractions[i, 1], fractions[i, 2]
            x = fa * cell[0, 0] + fb * cell[1, 0] + fc * cell[2, 0]
            y = fa * cell[0, 1] + fb * cell[1, 1] + fc * cell[2, 1]
            z = fa * cell[0, 2] + fb * cell[1, 2] + fc * cell[2, 2]
            a0 = grid_index(fa - margins[0], margins[0], grid[0])
            a1 = grid_index(fa + margins[0], margins[0], grid[0])
            b0 = grid_index(fb - margins[1], margins[1], grid[1])
            b1 = grid_index(fb + margins[1], margins[1], grid[1])
            c0 = grid_index(fc - margins[2], margins[2], grid[2])
            c1 = grid_index(fc + margins[2], margins[2], grid[2])
            for a in range(a0, a1 + 1):
                for b in range(b0, b1 + 1):
                    row = other * n_cells + (a * grid[1] + b) * grid[2]
                    first, last = where[row + c0], where[row + c1 + 1]
                    if found + last - first > capacity:
                        capacity = 2 * (found + last - first)
                        more = np.empty(capacity, dtype=np.uint32)
                        more[:found] = centres[:found]
                        centres = more
                        more = np.empty(capacity, dtype=np.uint32)
                        more[:found] = neighbours[:found]
                        neighbours = more
                    if one == other:
                        for g in range(first, last):
                            dx, dy, dz = gx[g] - x, gy[g] - y, gz[g] - z
                            centres[found], neighbours[found] = i, g
                            later = parents[g] > i or (parents[g] == i and positive[g])
                            found += later and dx * dx + dy * dy + dz * dz < square
                    else:
                        for g in range(first, last):
                            dx, dy, dz = gx[g] - x, gy[g] - y, gz[g] - z
                            centres[found], neighbours[found] = i, g
                            found += dx * dx + dy * dy + dz * dz < square
        ends[kind + 1] = found
    return parents, shifts, centres[:found].copy(), neighbours[:found].copy(), ends


@njit(cache=True, nogil=True)
def inverse(cell: Array, out: Array) -> None:
    """Write the inverse of a cell to ``out``."""
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        out[0, i] = cell[j, 1] * cell[k, 2] - cell[j, 2] * cell[k, 1]
        out[1, i] = cell[j, 2] * cell[k, 0] - cell[j, 0] * cell[k, 2]
        out[2, i] = cell[j, 0] * cell[k, 1] - cell[j, 1] * cell[k, 0]
    volume = cell[0, 0] * out[0, 0] + cell[0, 1] * out[1, 0] + cell[0, 2] * out[2, 0]
    for i in range(3):
        for j in range(3):
            out[i, j] /= volume


@njit(cache=True, nogil=True)
def follow(positions: Array, cell: Array, inv: Array, fractions: Array, at: Array) -> float:
    """Write atoms at their images nearest to the list's own; return the sum of the two largest displacements."""
    largest, second = 0.0, 0.0
    for i in range(fractions.shape[0]):
        x, y, z = positions[i, 0], positions[i, 1], positions[i, 2]
        ra, rb, rc = fractions[i, 0], fractions[i, 1], fractions[i, 2]
        a = np.floor(x * inv[0, 0] + y * inv[1, 0] + z * inv[2, 0] - ra + 0.5)
        b = np.floor(x * inv[0, 1] + y * inv[1, 1] + z * inv[2, 1] - rb + 0.5)
        c = np.floor(x * inv[0, 2] + y * inv[1, 2] + z * inv[2, 2] - rc + 0.5)
        x -= a * cell[0, 0] + b * cell[1, 0] + c * cell[2, 0]
        y -= a * cell[0, 1] + b * cell[1, 1] + c * cell[2, 1]
        z -= a * cell[0, 2] + b * cell[1, 2] + c * cell[2, 2]
        at[0, i], at[1, i], at[2, i] = x, y, z
        dx = x - (ra * cell[0, 0] + rb * cell[1, 0] + rc * cell[2, 0])
        dy = y - (ra * cell[0, 1] + rb * cell[1, 1] + rc * cell[2, 1])
        dz = z - (ra * cell[0, 2] + rb * cell[1, 2] + rc * cell[2, 2])
        square = dx * dx + dy * dy + dz * dz
        if square > second:
            second = min(square, largest)
            largest = max(square, largest)
    return np.sqrt(largest) + np.sqrt(second)  # type: ignore[no-any-return]


@njit(cache=True, nogil=True)
def strain(cell: Array, listed_inverse: Array) -> float:
    """Return the norm of F - 1, with F the deformation since the list was made."""
    total = 0.0
    for i in range(3):
        for j in range(3):
            element = -1.0 if i == j else 0.0
            for k in range(3):
                element += listed_inverse[i, k] * cell[k, j]
            total += element * element
    return np.sqrt(total)  # type: ignore[no-any-return]


@njit(cache=True, nogil=True)
def place(positions: Array, cell: Array, listed: Any, inv: Array, at: Array, images_at: Array, reach: float) -> bool:
    """Put atoms and images of one frame where they are; False where the list no longer holds every pair."""
    fractions, listed_cell, listed_inverse, radius, parents, shifts = listed
    same = True
    for i in range(3):
        for j in range(3):
            same = same and cell[i, j] == listed_cell[i, j]
    deformed = 0.0 if same else strain(cell, listed_inverse)
    inverse(cell, inv)
    displaced = follow(positions, cell, inv, fractions, at)
    if displaced > (1.0 - deformed) * radius - reach:
        return False
    for g in range(parents.shape[0]):
        p, a, b, c = parents[g], shifts[g, 0], shifts[g, 1], shifts[g, 2]
        images_at[0, g] = at[0, p] + (a * cell[0, 0] + b * cell[1, 0] + c * cell[2, 0])
        images_at[1, g] = at[1, p] + (a * cell[0, 1] + b * cell[1, 1] + c * cell[2, 1])
        images_at[2, g] = at[2, p] + (a * cell[0, 2] + b * cell[1, 2] + c * cell[2, 2])
    return True


@njit(cache=True, nogil=True)
def squares(centres: Array, neighbours: Array, first: int, last: int, at: Array, images_at: Array, out: Array) -> None:
    """Write the squares of the distances of pairs ``first`` to ``last``."""
    ux, uy, uz = at[0], at[1], at[2]
    gx, gy, gz = images_at[0], images_at[1], images_at[2]
    for k in range(last - first):
        i, g = centres[first + k], neighbours[first + k]
        dx, dy, dz = gx[g] - ux[i], gy[g] - uy[i], gz[g] - uz[i]
        out[k] = dx * dx + dy * dy + dz * dz


@njit(cache=True, nogil=True)
def bins(square: Array, count: int, per_width: float, highest: int, out: Array) -> None:
    """Write the bins of distances, at most ``highest``; a loop of its own, that the compiler turns into vectors."""
    for k in range(count):
        out[k] = min(highest, np.int32((np.sqrt(square[k]) + EDGE) * per_width))


@njit(cache=True, nogil=True)
def histogram(
    positions: Array, cells: Array, listed: Any, pairs: Any, reach: float, per_width: float, counts: Array
) -> int:
    """Add the pairs of frames to ``counts`` until the list is too old; return how many frames were counted."""
    centres, neighbours, ends = pairs
    at, images_at, inv = np.empty((3, listed[0].shape[0])), np.empty((3, listed[4].shape[0])), np.empty((3, 3))
    highest = counts.shape[1] - 1
    square, found = np.empty(_CHUNK), np.empty(_CHUNK, dtype=np.int32)
    for frame in range(positions.shape[0]):
        if not place(positions[frame], cells[frame], listed, inv, at, images_at, reach):
            return frame
        for kind in range(counts.shape[0]):
            row = counts[kind]
            for first in range(ends[kind], ends[kind + 1], _CHUNK):
                last = min(ends[kind + 1], first + _CHUNK)
                squares(centres, neighbours, first, last, at, images_at, square)
                bins(square, last - first, per_width, highest, found)
                for k in range(last - first):
                    row[np.uint32(found[k])] += 1
    return int(positions.shape[0])


@njit(cache=True, nogil=True)
def nearest(fractions: Array, i: int, first: int, last: int, cell: Array, out: Array) -> None:
    """Write the squares of the distances of one atom to the nearest images, in fractions, of others."""
    fa, fb, fc = fractions[0], fractions[1], fractions[2]
    for k in range(last - first):
        a, b, c = fa[first + k] - fa[i], fb[first + k] - fb[i], fc[first + k] - fc[i]
        a, b, c = a - np.floor(a + 0.5), b - np.floor(b + 0.5), c - np.floor(c + 0.5)
        dx = a * cell[0, 0] + b * cell[1, 0] + c * cell[2, 0]
        dy = a * cell[0, 1] + b * cell[1, 1] + c * cell[2, 1]
        dz = a * cell[0, 2] + b * cell[1, 2] + c * cell[2, 2]
        out[k] = dx * dx + dy * dy + dz * dz


@njit(cache=True, nogil=True)
def direct_histogram(
    positions: Array, cells: Array, starts: Array, kinds: Array, reach: float, per_width: float, counts: Array
) -> int:
    """Add the pairs of frames to ``counts`` without a list; see ``vectorised.direct_histogram``."""
    n = starts[-1]
    inv, fractions = np.empty((3, 3)), np.empty((3, n))
    square, found = np.empty(n), np.empty(n, dtype=np.int32)
    limit, highest = reach * reach, counts.shape[1] - 1
    for frame in range(positions.shape[0]):
        cell, at = cells[frame], positions[frame]
        inverse(cell, inv)
        for axis in range(3):
            if reach * np.sqrt(inv[0, axis] ** 2 + inv[1, axis] ** 2 + inv[2, axis] ** 2) >= _HALF:
                return frame
        for i in range(n):
            x, y, z = at[i, 0], at[i, 1], at[i, 2]
            for axis in range(3):
                fractions[axis, i] = x * inv[0, axis] + y * inv[1, axis] + z * inv[2, axis]
        for kind in range(counts.shape[0]):
            one, other, row = kinds[kind, 0], kinds[kind, 1], counts[kind]
            for i in range(starts[one], starts[one + 1]):
                first, last = i + 1 if one == other else starts[other], starts[other + 1]
                nearest(fractions, i, first, last, cell, square)
                near = 0
                for k in range(last - first):  # no branch: a processor cannot guess which atoms are near
                    square[near] = square[k]
                    near += square[k] < limit
                bins(square, near, per_width, highest, found)
                for k in range(near):
                    row[np.uint32(found[k])] += 1
    return int(positions.shape[0])


@njit(cache=True, nogil=True)
def layered_histogram(
    positions: Array,
    cells: Array,
    listed: Any,
    pairs: Any,
    reach: float,
    per_width: float,
    layers: Any,
    counts: Array,
    inside: Array,
) -> int:
    """Add pairs by the layer of their centre, and those whose neighbour is in that layer too; see ``vectorised``."""
    centres, neighbours, ends = pairs
    layer_of, heights, normals, periods, is_half = layers
    parents = listed[4]
    at, images_at, inv = np.empty((3, listed[0].shape[0])), np.empty((3, parents.shape[0])), np.empty((3, 3))
    highest = counts.shape[2] - 1
    square, found = np.empty(_CHUNK), np.empty(_CHUNK, dtype=np.int32)
    for frame in range(positions.shape[0]):
        if not place(positions[frame], cells[frame], listed, inv, at, images_at, reach):
            return frame
        nx, ny, nz = normals[frame, 0], normals[frame, 1], normals[frame, 2]
        half_period = 0.5 * periods[frame]
        for kind in range(counts.shape[0]):
            for first in range(ends[kind], ends[kind + 1], _CHUNK):
                last = min(ends[kind + 1], first + _CHUNK)
                squares(centres, neighbours, first, last, at, images_at, square)
                bins(square, last - first, per_width, highest, found)
                for k in range(last - first):
                    i, g = centres[first + k], neighbours[first + k]
                    one, other = layer_of[frame, i], layer_of[frame, parents[g]]
                    if one >= 0:
                        counts[kind, one, found[k]] += 1
                    if is_half[kind] and other >= 0:
                        counts[kind, other, found[k]] += 1
                    if one >= 0 and one == other:
                        along = (
                            (images_at[0, g] - at[0, i]) * nx
                            + (images_at[1, g] - at[1, i]) * ny
                            + (images_at[2, g] - at[2, i]) * nz
                        )
                        if abs(along - (heights[frame, parents[g]] - heights[frame, i])) < half_period:
                            inside[kind, one, found[k]] += 2 if is_half[kind] else 1
    return int(positions.shape[0])


@njit(cache=True, nogil=True)
def coordination(
    positions: Array, cells: Array, listed: Any, pairs: Any, reach: float, squares: Array, is_half: Array, out: Array
) -> int:
    """Count each atom's neighbours within the cut-offs; see ``vectorised.coordination``."""
    centres, neighbours, ends = pairs
    parents = listed[4]
    at, images_at, inv = np.empty((3, listed[0].shape[0])), np.empty((3, parents.shape[0])), np.empty((3, 3))
    for frame in range(positions.shape[0]):
        if not place(positions[frame], cells[frame], listed, inv, at, images_at, reach):
            return frame
        for kind in range(out.shape[1]):
            for k in range(ends[kind], ends[kind + 1]):
                i, g = centres[k], neighbours[k]
                dx, dy, dz = images_at[0, g] - at[0, i], images_at[1, g] - at[1, i], images_at[2, g] - at[2, i]
                if dx * dx + dy * dy + dz * dz < squares[kind]:
                    out[frame, kind, i] += 1
                    if is_half[kind]:
                        out[frame, kind, parents[g]] += 1
    return int(positions.shape[0])
