"""A pair potential fitted to the forces seen so far: what a surrogate of a crystal's energy begins with.

One smooth function per pair of elements, a cubic B-spline that ends with zero slope and curvature at the cut-off, its
coefficients by least squares to the forces with a penalty on their second differences (P-splines: Eilers and Marx,
Stat. Sci. 11, 89 (1996)). It knows how a crystal's atoms push each other; what it does not know is left to the Gaussian
process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.interpolate import BSpline
from scipy.sparse import csr_matrix

from lianode.workflows.engines.surrogate.pairs import NEIGHBOURS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lianode.workflows.engines.surrogate.pairs import Pairs

    Array = NDArray[np.float64]

SPACING = 0.35
"""Å between knots."""
SMOOTHNESS = 1e-3
"""Weight of the penalty relative to the mean square of a column of the fit."""
TABLE = 0.005
"""Å between the tabulated values from which energy, slope and curvature are interpolated."""


class PairModel:
    """Pair potential on the neighbours of a path.

    Parameters
    ----------
    pairs
        Neighbours; p of them.
    kinds
        (p,) which function each pair has, 0, 1, ...
    n_atoms
        In the cell.
    shortest
        Å: shortest distance that the functions have to reach.
    """

    def __init__(self, pairs: Pairs, kinds: NDArray[np.intp], n_atoms: int, shortest: float) -> None:
        self.pairs = pairs
        self.kinds = kinds
        self.n_atoms = n_atoms
        self.low = max(0.3, shortest - 0.5)
        n_knots = max(4, round((NEIGHBOURS - self.low) / SPACING))
        inner = np.linspace(self.low, NEIGHBOURS, n_knots)
        step = inner[1] - inner[0]
        self.knots = np.concatenate([inner[0] - step * np.arange(3, 0, -1), inner, inner[-1] + step * np.arange(1, 4)])
        self.per_kind = n_knots + 2 - 3  # the last three would not vanish at the cut-off
        n_kinds = int(kinds.max()) + 1 if len(kinds) else 1
        self.coefficients: Array = np.zeros((n_kinds, self.per_kind))
        p = len(pairs.first)
        ones = np.ones(p)
        rows = np.concatenate([pairs.first, pairs.second])
        columns = np.concatenate([np.arange(p)] * 2)
        self.incidence = csr_matrix((np.concatenate([ones, -ones]), (rows, columns)), shape=(n_atoms, p))
        self._tabulate()

    def fit(self, images: Array, forces: Array) -> None:
        """Fit the coefficients to forces (m, n, 3), eV/Å, of images (m, n, 3), Å."""
        size = self.coefficients.size
        normal, right = np.zeros((size, size)), np.zeros(size)
        for positions, force in zip(images, forces, strict=True):
            vectors = self.pairs.vectors(positions)
            r = np.linalg.norm(vectors, axis=1)
            unit = vectors / r[:, None]
            slopes = self._basis_slopes(r)
            columns: Array = np.empty((self.n_atoms * 3, size))
            for kind in range(len(self.coefficients)):
                own = np.where((self.kinds == kind)[:, None], slopes, 0.0)
                for axis in range(3):
                    columns[axis::3, kind * self.per_kind : (kind + 1) * self.per_kind] = self.incidence @ (
                        unit[:, axis : axis + 1] * own
                    )
            normal += columns.T @ columns
            right += columns.T @ force.ravel()
        scale = float(np.trace(normal)) / size
        bend = np.diff(np.eye(self.per_kind), n=2, axis=0)
        penalty = np.kron(np.eye(len(self.coefficients)), bend.T @ bend) + 1e-3 * np.eye(size)
        solved = np.linalg.solve(normal + SMOOTHNESS * scale * penalty + 1e-12 * np.eye(size), right)
        self.coefficients = np.asarray(solved.reshape(self.coefficients.shape), dtype=float)
        self._tabulate()

    def evaluate(self, images: Array) -> tuple[Array, Array]:
        """Return energies (k,), eV, and gradients (k, n, 3), eV/Å, of images (k, n, 3)."""
        vectors = self.pairs.vectors(images)
        r = np.sqrt(np.einsum("kpx,kpx->kp", vectors, vectors))
        energy, slope = self._functions(r)
        pull = (slope / r)[..., None] * vectors
        k = len(images)
        flat = pull.transpose(1, 0, 2).reshape(len(self.pairs.first), 3 * k)
        gradients = -(self.incidence @ flat).reshape(self.n_atoms, k, 3).transpose(1, 0, 2)
        return energy.sum(axis=1), gradients

    def stiffness(self, images: Array) -> Array:
        """Return a positive (3n, 3n) matrix, eV/Å²: the mean Hessian without what is negative in any pair."""
        n = self.n_atoms
        total = np.zeros((n, n, 3, 3))
        eye = np.eye(3)
        i, j = self.pairs.first, self.pairs.second
        for positions in images:
            vectors = self.pairs.vectors(positions)
            r = np.linalg.norm(vectors, axis=1)
            unit = vectors / r[:, None]
            _, slope = self._functions(r)
            _, beyond = self._functions(r + TABLE)
            along = np.maximum((beyond - slope) / TABLE, 0.0)[:, None, None]
            across = np.maximum(slope / r, 0.0)[:, None, None]
            outer = unit[:, :, None] * unit[:, None, :]
            block = along * outer + across * (eye - outer)
            np.add.at(total, (i, i), block)
            np.add.at(total, (j, j), block)
            np.add.at(total, (i, j), -block)
            np.add.at(total, (j, i), -block)
        return np.asarray(total.transpose(0, 2, 1, 3).reshape(3 * n, 3 * n) / len(images))

    def _basis_slopes(self, r: Array) -> Array:
        inside = np.clip(r, self.low, NEIGHBOURS)
        columns = [
            BSpline.basis_element(self.knots[k : k + 5], extrapolate=False).derivative()(inside)
            for k in range(self.per_kind)
        ]
        slopes = np.nan_to_num(np.column_stack(columns))
        return np.asarray(np.where((r < NEIGHBOURS)[:, None], slopes, 0.0))

    def _tabulate(self) -> None:
        """Tabulate all functions for one interpolation over all pairs; below the lowest knot they go on straight."""
        grid = np.arange(self.low, NEIGHBOURS + 3 * TABLE, TABLE)
        inside = np.minimum(grid, NEIGHBOURS)
        padded = np.pad(self.coefficients, ((0, 0), (0, 3)))
        spline = BSpline(self.knots, padded.T, 3)
        self._energy = np.ascontiguousarray(spline(inside).T)
        self._slope = np.ascontiguousarray(spline.derivative()(inside).T)
        self._last = len(grid) - 2

    def _functions(self, r: Array) -> tuple[Array, Array]:
        """Return energy and slope of each pair (..., p) by cubic Hermite interpolation."""
        place = (r - self.low) / TABLE
        cell = np.clip(place.astype(np.intp), 0, self._last)
        t = np.clip(place - cell, None, 1.0)
        e0 = self._energy[self.kinds, cell]
        s0, s1 = self._slope[self.kinds, cell], self._slope[self.kinds, cell + 1]
        slope = s0 + np.maximum(t, 0.0) * (s1 - s0)
        t_in = np.maximum(t, 0.0)
        energy = e0 + TABLE * (s0 * t_in + 0.5 * (s1 - s0) * t_in * t_in)
        below = np.minimum(t, 0.0)
        energy = energy + TABLE * s0 * below
        return energy, slope
