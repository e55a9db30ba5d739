"""Moduli of a polycrystal and of directions, from an elastic tensor.

With the stiffness C and the compliance S = C⁻¹ in Voigt's notation (S44 = 4 S_yzyz; Nye, Physical Properties of
Crystals, 1985, chapter 8)::

    Voigt  9 K_V = (C11 + C22 + C33) + 2 (C12 + C13 + C23)
          15 G_V = (C11 + C22 + C33) - (C12 + C13 + C23) + 3 (C44 + C55 + C66)
    Reuss  1/K_R = (S11 + S22 + S33) + 2 (S12 + S13 + S23)
          15/G_R = 4 (S11 + S22 + S33) - 4 (S12 + S13 + S23) + 3 (S44 + S55 + S66)
    Hill   their means (Hill, Proc. Phys. Soc. A 65, 349 (1952)), bounds of any polycrystal without texture
    E = 9 K G / (3 K + G),  ν = (3 K - 2 G) / (6 K + 2 G)
    A^U = 5 G_V/G_R + K_V/K_R - 6   (Ranganathan and Ostoja-Starzewski, Phys. Rev. Lett. 101, 055504 (2008))
    1/E(n) = S_ijkl n_i n_j n_k n_l (Nye, chapter 8)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SAME = 1e-6  # relative: directions whose moduli agree so far are equal


class Moduli(BaseModel):
    """Isotropic moduli of a polycrystal.

    Attributes
    ----------
    bulk_voigt_GPa, bulk_reuss_GPa, bulk_hill_GPa
        Under hydrostatic pressure, GPa.
    shear_voigt_GPa, shear_reuss_GPa, shear_hill_GPa
        GPa.
    youngs_voigt_GPa, youngs_reuss_GPa, youngs_hill_GPa
        From K and G of the same average, GPa.
    poisson_ratio
        Of Hill's K and G.
    universal_anisotropy
        0 for an isotropic crystal; larger is more anisotropic, without limit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bulk_voigt_GPa: float
    bulk_reuss_GPa: float
    bulk_hill_GPa: float
    shear_voigt_GPa: float
    shear_reuss_GPa: float
    shear_hill_GPa: float
    youngs_voigt_GPa: float
    youngs_reuss_GPa: float
    youngs_hill_GPa: float
    poisson_ratio: float
    universal_anisotropy: float


class DirectionalModulus(BaseModel):
    """Young's modulus along one direction.

    Attributes
    ----------
    direction
        Unit vector in the crystal's frame.
    youngs_modulus_GPa
        GPa.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    direction: tuple[float, float, float]
    youngs_modulus_GPa: float


def compliance(stiffness: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the compliance (6, 6), 1/GPa, of a stiffness (6, 6), GPa.

    Raises
    ------
    InputError
        When the stiffness is not positive definite: such a crystal has no moduli, it deforms on its own.
    """
    stiffness = np.asarray(stiffness, dtype=float)
    if stiffness.shape != (6, 6) or not np.isfinite(stiffness).all():
        raise InputError("an elastic tensor is a 6 by 6 matrix of finite numbers in GPa", "elastic tensor")
    if np.abs(stiffness - stiffness.T).max() > 1e-6 * np.abs(stiffness).max():
        raise InputError("an elastic tensor is symmetric, and this matrix is not", "elastic tensor")
    if float(np.linalg.eigvalsh(stiffness)[0]) <= 0:
        raise InputError("the crystal is mechanically unstable and has no moduli", "elastic tensor")
    inverse: NDArray[np.float64] = np.linalg.inv(stiffness).astype(np.float64)
    return inverse


def moduli(stiffness: NDArray[np.float64]) -> Moduli:
    """Return the averages of Voigt, Reuss and Hill.

    Parameters
    ----------
    stiffness
        (6, 6) in Voigt's notation, GPa.

    Raises
    ------
    InputError
        For a crystal that is not stable, or a matrix that is no elastic tensor.
    """
    bulk_reuss, shear_reuss = _reuss(compliance(stiffness))
    bulk_voigt, shear_voigt = _voigt(np.asarray(stiffness))
    bulk, shear = 0.5 * (bulk_voigt + bulk_reuss), 0.5 * (shear_voigt + shear_reuss)
    return Moduli(
        bulk_voigt_GPa=bulk_voigt,
        bulk_reuss_GPa=bulk_reuss,
        bulk_hill_GPa=bulk,
        shear_voigt_GPa=shear_voigt,
        shear_reuss_GPa=shear_reuss,
        shear_hill_GPa=shear,
        youngs_voigt_GPa=_youngs(bulk_voigt, shear_voigt),
        youngs_reuss_GPa=_youngs(bulk_reuss, shear_reuss),
        youngs_hill_GPa=_youngs(bulk, shear),
        poisson_ratio=(3 * bulk - 2 * shear) / (6 * bulk + 2 * shear),
        universal_anisotropy=5 * shear_voigt / shear_reuss + bulk_voigt / bulk_reuss - 6,
    )


def youngs_modulus(stiffness: NDArray[np.float64], directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Young's modulus along directions, GPa.

    Parameters
    ----------
    stiffness
        (6, 6) in Voigt's notation, GPa.
    directions
        Vectors (..., 3) of any length in the crystal's frame.

    Returns
    -------
    ndarray of shape (...)

    Raises
    ------
    InputError
        For a crystal that is not stable, and for a direction of no length.
    """
    return 1.0 / _inverse_youngs(compliance(stiffness), np.asarray(directions, dtype=float))


def softest_and_stiffest(
    stiffness: NDArray[np.float64], rotations: NDArray[np.float64]
) -> tuple[DirectionalModulus, DirectionalModulus]:
    """Return the directions of the smallest and of the largest Young's modulus.

    Of directions that symmetry makes equal, the one nearest to z is named, then to x; where the modulus is the same
    along a direction with entries -1, 0, 1 in the crystal's frame, that one.

    Parameters
    ----------
    stiffness
        (6, 6) in Voigt's notation, GPa.
    rotations
        Point group in the same frame, (n, 3, 3).

    Raises
    ------
    InputError
        For a crystal that is not stable.
    """
    softness = compliance(stiffness)
    softest = _extreme(softness, rotations, largest_softness=True)
    return softest, _extreme(softness, rotations, largest_softness=False)


def _voigt(c: NDArray[np.float64]) -> tuple[float, float]:
    axial, coupling = np.trace(c[:3, :3]), c[0, 1] + c[0, 2] + c[1, 2]
    return float((axial + 2 * coupling) / 9), float((axial - coupling + 3 * np.trace(c[3:, 3:])) / 15)


def _reuss(s: NDArray[np.float64]) -> tuple[float, float]:
    axial, coupling = np.trace(s[:3, :3]), s[0, 1] + s[0, 2] + s[1, 2]
    bulk = 1 / (axial + 2 * coupling)
    return float(bulk), float(15 / (4 * axial - 4 * coupling + 3 * np.trace(s[3:, 3:])))


def _youngs(bulk: float, shear: float) -> float:
    return 9 * bulk * shear / (3 * bulk + shear)


def _inverse_youngs(softness: NDArray[np.float64], directions: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(directions, axis=-1, keepdims=True)
    if not (np.isfinite(lengths).all() and (lengths > 0).all()):
        raise InputError("a direction is a vector with a length", "Young's modulus")
    x, y, z = np.moveaxis(directions / lengths, -1, 0)
    stress = np.stack([x * x, y * y, z * z, y * z, x * z, x * y], axis=-1)  # unit tension along n
    inverse: NDArray[np.float64] = np.einsum("...a,ab,...b->...", stress, softness, stress)
    return inverse


def _extreme(
    softness: NDArray[np.float64], rotations: NDArray[np.float64], *, largest_softness: bool
) -> DirectionalModulus:
    """Search a hemisphere, then follow the slope from the best directions of the grid."""
    from scipy.optimize import minimize

    sign = -1.0 if largest_softness else 1.0
    scale = float(np.abs(softness).max())

    def height(vector: NDArray[np.float64]) -> float:
        return sign * float(_inverse_youngs(softness, vector)) / scale

    simple, grid = _simple_directions(), _hemisphere(2000)
    heights = sign * _inverse_youngs(softness, grid) / scale
    starts = grid[np.argsort(heights, kind="stable")[:8]]
    refined = [minimize(height, start, method="BFGS", options={"gtol": 1e-10}).x for start in starts]
    candidates = np.concatenate([simple, refined])
    found = sign * _inverse_youngs(softness, candidates) / scale
    first = int(np.flatnonzero(found <= found.min() + _SAME * abs(found.min()))[0])  # the simple ones come first
    n = candidates[first] / np.linalg.norm(candidates[first])
    images = np.concatenate([rotations @ n, -rotations @ n]).round(7) + 0.0
    x, y, z = max(images.tolist(), key=lambda v: (v[2], v[0], v[1]))
    return DirectionalModulus(direction=(x, y, z), youngs_modulus_GPa=1 / float(_inverse_youngs(softness, n)))


def _simple_directions() -> NDArray[np.float64]:
    """Return [001], [100], ... with entries -1, 0, 1, one of each pair of opposite ones, the shortest first."""
    entries = np.indices((3, 3, 3)).reshape(3, -1).T[:, ::-1] - 1.0
    half = [v for v in entries if v.any() and v[np.flatnonzero(v)[-1]] > 0]
    return np.array(sorted(half, key=lambda v: (np.abs(v).sum(), -v[2], -v[1], -v[0])))


def _hemisphere(n: int) -> NDArray[np.float64]:
    """Return n evenly spread directions with z > 0 (golden spiral)."""
    z = (np.arange(n) + 0.5) / n
    angle = np.pi * (3 - 5**0.5) * np.arange(n)
    radius = np.sqrt(1 - z * z)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), z], axis=1)
