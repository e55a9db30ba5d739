"""Gaussian process on energies and gradients together, in many dimensions.

With a squared exponential kernel the components of the gradients along directions in which no two points differ
decouple (de Roos, Gessner and Hennig, ICML 2021): m points in d dimensions cost one system of size m² instead of m d,
and one of size m. A band of a hundred atoms is then fitted in milliseconds.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

DECIDING = 25
"""Points that decide the length; the cost of a process grows with the sixth power of their number."""
CONSTANT = 100.0
"""Variance of the unknown constant in the energy, in units of that of the process."""


class GaussianProcess:
    """Interpolation of energies and gradients with kernel ``s² exp(-|x - y|²/2 l²)``.

    Parameters
    ----------
    points
        (m, d).
    energies
        (m,).
    gradients
        (m, d).
    length
        l, in the units of the points.
    energy_noise, gradient_noise
        Standard deviations relative to s, and to s/l.
    """

    def __init__(
        self,
        points: Array,
        energies: Array,
        gradients: Array,
        *,
        length: float,
        energy_noise: float,
        gradient_noise: float,
    ) -> None:
        self.points, self.length = points, length
        m = len(points)
        from_first = points - points[0]
        _, singular, rows = np.linalg.svd(from_first, full_matrices=False)
        span = rows[singular > 1e-9 * max(float(singular[0]), 1e-30)].T
        q = span.shape[1]
        inside = from_first @ span
        own = gradients @ span
        rest = gradients - own @ span.T
        between = (inside[:, None, :] - inside[None, :, :]) / length
        kernel = np.exp(-0.5 * (between**2).sum(axis=2))
        whole = np.empty((m * (1 + q), m * (1 + q)))
        whole[:m, :m] = kernel + CONSTANT + energy_noise**2 * np.eye(m)
        cross = kernel[:, :, None] * between / length
        whole[:m, m:] = cross.reshape(m, m * q)
        whole[m:, :m] = whole[:m, m:].T
        block = kernel[:, :, None, None] * (np.eye(q) - between[:, :, :, None] * between[:, :, None, :]) / length**2
        whole[m:, m:] = block.transpose(0, 2, 1, 3).reshape(m * q, m * q)
        noise = (gradient_noise / length) ** 2
        whole[m:, m:] += noise * np.eye(m * q)
        factor = cho_factor(whole, lower=True)
        right = np.concatenate([energies, own.ravel()])
        solved = cho_solve(factor, right)
        across = cho_factor(kernel / length**2 + noise * np.eye(m), lower=True)
        outside = cho_solve(across, rest)
        self.alpha = solved[:m]
        self.constant = CONSTANT * float(self.alpha.sum())
        self.beta = solved[m:].reshape(m, q) @ span.T + outside
        count = m * (1 + points.shape[1])
        d_rest = points.shape[1] - q
        self.variance = max((float(right @ solved) + float((rest * outside).sum())) / count, 1e-300)
        logdet = 2.0 * float(np.log(np.diag(factor[0])).sum()) + 2.0 * d_rest * float(np.log(np.diag(across[0])).sum())
        self.log_likelihood = -0.5 * (count * np.log(self.variance) + logdet + count)

    def evaluate(self, places: Array) -> tuple[Array, Array]:
        """Return energies (k,) and gradients (k, d) at places (k, d)."""
        squared = 1.0 / self.length**2
        # |x - y|² and (x - y)·β by matrix products: the differences themselves would be (k, m, d)
        x, y = places - self.points[0], self.points - self.points[0]
        distance = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1)[None] - 2.0 * x @ y.T
        kernel = np.exp(-0.5 * squared * np.maximum(distance, 0.0))
        along = x @ self.beta.T - (y * self.beta).sum(axis=1)[None]
        weight = kernel * (self.alpha[None] + squared * along)
        energies = weight.sum(axis=1) + self.constant
        gradients = squared * (kernel @ self.beta - weight.sum(axis=1)[:, None] * x + weight @ y)
        return energies, gradients


def fitted(
    points: Array, energies: Array, gradients: Array, *, lengths: tuple[float, ...], noise: tuple[float, float]
) -> GaussianProcess:
    """Return the process whose length makes the data most likely; of many points the last ones decide.

    Raises
    ------
    LinAlgError
        When none of the lengths gives a matrix that can be factored.
    """

    def process(last: int, length: float) -> GaussianProcess:
        data = points[-last:], energies[-last:], gradients[-last:]
        return GaussianProcess(*data, length=length, energy_noise=noise[0], gradient_noise=noise[1])

    found: list[GaussianProcess] = []
    for length in lengths:
        with suppress(LinAlgError):
            found.append(process(DECIDING, length))
    if not found:
        raise LinAlgError("the covariance of the images is singular")
    best = max(found, key=lambda one: one.log_likelihood)
    return best if len(points) <= DECIDING else process(len(points), best.length)
