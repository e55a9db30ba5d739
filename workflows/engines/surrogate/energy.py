"""What is known of the energy after some evaluations: a pair potential, and a Gaussian process for the rest.

Bands relaxed on a Gaussian process need few evaluations (Koistinen et al., J. Chem. Phys. 147, 152720 (2017); Garrido
Torres et al., Phys. Rev. Lett. 122, 156001 (2019)). In a crystal with hundreds of coordinates the process needs help:
it interpolates only what a fitted pair potential leaves over, and in coordinates in which that potential is equally
stiff in all directions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lianode.workflows.engines.surrogate.gaussian import fitted
from lianode.workflows.engines.surrogate.pair_model import PairModel
from lianode.workflows.engines.surrogate.pairs import NEIGHBOURS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lianode.workflows.engines.surrogate.pairs import Pairs

    Array = NDArray[np.float64]

LENGTHS = (0.5, 0.8, 1.2, 1.8, 2.7, 4.0)
"""Å, in the scaled coordinates: candidates for the length over which the rest of the energy varies."""
NOISE = (1e-4, 1e-3)
"""Of energies and gradients, relative to the size of the rest; single-precision potentials have about as much."""
FLOOR = 0.15
"""Least stiffness of a direction relative to the mean: what no pair holds is not infinitely soft."""
SOFTEST = 0.5
"""eV/Å²: least mean stiffness; less means that no pair has told anything."""
MOST_POINTS = 60
"""Evaluations that enter, the latest ones; the cost grows with the sixth power."""


class Surrogate:
    """Energy and gradient as far as the evaluations tell.

    Parameters
    ----------
    pairs, kinds
        Neighbours of the path, and which function each has.
    positions, energies, forces
        Evaluations: (m, n, 3) Å, (m,) eV, (m, n, 3) eV/Å.

    Attributes
    ----------
    inverse
        (3n, 3n), Å²/eV, of the stiffness of the pair potential: a metric in which all directions are about equally
        stiff.
    stretch
        Its root.
    """

    def __init__(self, pairs: Pairs, kinds: NDArray[np.intp], positions: Array, energies: Array, forces: Array) -> None:
        if len(positions) > MOST_POINTS:  # the end points stay
            kept = np.r_[0, 1, len(positions) - MOST_POINTS + 2 : len(positions)]
            positions, energies, forces = positions[kept], energies[kept], forces[kept]
        m, n = positions.shape[:2]
        shortest = float(np.linalg.norm(pairs.vectors(positions), axis=2).min(initial=NEIGHBOURS - 1.0))
        self.n_atoms = n
        self.model = PairModel(pairs, kinds, n, shortest)
        self.model.fit(positions, forces)
        stiffness = self.model.stiffness(positions)
        values, vectors = np.linalg.eigh(stiffness)
        mean = max(float(values.mean()), SOFTEST)
        values = np.maximum(values, 0.0) + FLOOR * mean
        self.inverse = np.asarray((vectors / values) @ vectors.T)
        self.stretch = np.asarray((vectors / np.sqrt(values)) @ vectors.T)
        root = np.sqrt(values / mean)
        self.scale = np.asarray((vectors * root) @ vectors.T)
        self.unscale = np.asarray((vectors / root) @ vectors.T)
        known, slopes = self.model.evaluate(positions)
        gradients = (-forces - slopes).reshape(m, -1)
        rest = energies - known
        self.offset = float(rest[0])
        self.process = fitted(
            positions.reshape(m, -1) @ self.scale,
            rest - self.offset,
            gradients @ self.unscale,
            lengths=LENGTHS,
            noise=NOISE,
        )

    def __call__(self, images: Array) -> tuple[Array, Array]:
        """Return energies (k,), eV, and gradients (k, 3n), eV/Å, of images (k, 3n), Å."""
        energies, gradients = self.model.evaluate(images.reshape(len(images), -1, 3))
        rest, slopes = self.process.evaluate(images @ self.scale)
        return energies + rest + self.offset, gradients.reshape(len(images), -1) + slopes @ self.scale
