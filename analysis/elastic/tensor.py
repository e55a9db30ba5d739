"""The elastic tensor from stresses of strained crystals.

The tensor is the thermodynamic one, C_ijkl = ∂²(U/V0)/∂E_ij∂E_kl with the Green-Lagrange strain E, so that the second
Piola-Kirchhoff stress is S = S0 + C E + O(E²) (Wallace, Thermodynamics of Crystals, 1972, section 2). From the Cauchy
stress σ that programs give, S = J F⁻¹ σ F⁻ᵀ with J = det F. C has its full symmetry also where a residual stress S0 is
left in the reference; without one it equals the tensor of any other pair of stress and strain.

Every strain gives as many as the point group has operations, (R E Rᵀ, R (S - S0) Rᵀ), and least squares over all of
them give the raw matrix. Its least squares are those of Kelvin's notation, in which rotations are orthogonal, so that
the result does not depend on the frame.

Tensors are printed in Voigt's order xx yy zz yz xz xy, GPa; tension is positive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_I = np.array([0, 1, 2, 1, 0, 0])
_J = np.array([0, 1, 2, 2, 2, 1])
_KELVIN = np.array([1.0, 1.0, 1.0, 2**0.5, 2**0.5, 2**0.5])
"""Kelvin's components are Voigt's stresses times this, or tensor strains times this."""


def tensor_of_stress(voigt: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the tensor (3, 3) of a stress in Voigt's order (6,)."""
    tensor = np.zeros((3, 3))
    tensor[_I, _J] = tensor[_J, _I] = voigt
    return tensor


def stress_of_tensor(tensor: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a symmetric tensor (..., 3, 3) in Voigt's order (..., 6)."""
    voigt: NDArray[np.float64] = 0.5 * (tensor[..., _I, _J] + tensor[..., _J, _I])
    return voigt


def piola_kirchhoff_stress(cauchy: NDArray[np.float64], gradient: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the second Piola-Kirchhoff stress S = J F⁻¹ σ F⁻ᵀ, (3, 3).

    Parameters
    ----------
    cauchy
        σ, (3, 3).
    gradient
        F, (3, 3): a vector r of the reference crystal becomes F r.
    """
    inverse = np.linalg.inv(gradient)
    stress: NDArray[np.float64] = np.linalg.det(gradient) * inverse @ cauchy @ inverse.T
    return stress


def kelvin(tensor: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return symmetric tensors (..., 3, 3) as Kelvin's vectors (..., 6), which have the same scalar products."""
    vectors: NDArray[np.float64] = stress_of_tensor(tensor) * _KELVIN
    return vectors


def kelvin_rotations(rotations: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rotations (n, 3, 3) as orthogonal matrices (n, 6, 6) on Kelvin's vectors."""
    units = np.stack([tensor_of_stress(row) for row in np.eye(6) / _KELVIN])
    turned = np.einsum("nij,ajk,nlk->nail", rotations, units, rotations)
    matrices: NDArray[np.float64] = kelvin(turned).transpose(0, 2, 1)
    return matrices


def voigt_of_kelvin(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return stiffnesses (6, 6) of Kelvin's notation in Voigt's."""
    return matrix / np.outer(_KELVIN, _KELVIN)


def kelvin_of_voigt(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return stiffnesses (6, 6) of Voigt's notation in Kelvin's, whose eigenvalues are those of the tensor."""
    return matrix * np.outer(_KELVIN, _KELVIN)


def rotated(stiffness: NDArray[np.float64], rotation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return an elastic tensor (6, 6) in Voigt's notation after a rotation (3, 3) of the crystal."""
    turn = kelvin_rotations(rotation[None])[0]
    return voigt_of_kelvin(turn @ kelvin_of_voigt(stiffness) @ turn.T)


def projected(matrix: NDArray[np.float64], rotations: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the part of a matrix (6, 6) in Voigt's notation that a point group leaves as it is.

    It is the mean over the operations: the nearest such matrix in Kelvin's notation.

    Parameters
    ----------
    matrix
        Need not be symmetric.
    rotations
        Point group, (n, 3, 3).
    """
    turns = kelvin_rotations(rotations)
    return voigt_of_kelvin((turns @ kelvin_of_voigt(matrix) @ turns.transpose(0, 2, 1)).mean(axis=0))


def symmetry_lets_it_be_asymmetric(rotations: NDArray[np.float64]) -> bool:
    """Whether a raw matrix can differ from its transpose under a point group.

    Under that of a cubic crystal it cannot, and its symmetry shows nothing.
    """
    probe = np.random.default_rng(0).normal(size=(6, 6))
    kept = projected(probe - probe.T, rotations)
    return bool(np.abs(kept).max() > 1e-6)


@dataclass(frozen=True)
class TensorFit:
    """Least squares over strains and operations.

    Attributes
    ----------
    tensor
        (6, 6), GPa: symmetric and with the crystal's symmetry.
    raw
        (6, 6), GPa: rows are stresses, columns strains; not made symmetric.
    largest_residual
        Largest difference between a stress and what the tensor gives, GPa; even orders of the strain are in it.
    """

    tensor: NDArray[np.float64]
    raw: NDArray[np.float64]
    largest_residual: float

    @property
    def asymmetry(self) -> float:
        """Largest difference between an element of the raw matrix and its transposed one, GPa."""
        return float(np.abs(self.raw - self.raw.T).max())


def fit_tensor(
    strains: NDArray[np.float64], stresses: NDArray[np.float64], rotations: NDArray[np.float64]
) -> TensorFit:
    """Fit the elastic tensor.

    Parameters
    ----------
    strains
        Green-Lagrange strains, (n, 3, 3).
    stresses
        Second Piola-Kirchhoff stresses less that of the reference, (n, 3, 3), GPa.
    rotations
        Point group in the same frame, (m, 3, 3).

    Raises
    ------
    InputError
        When strains and their images do not span all six, and for stresses that are not finite.
    """
    if not (np.isfinite(strains).all() and np.isfinite(stresses).all()):
        raise InputError("strains and stresses have to be finite numbers", "elastic tensor")
    turns = kelvin_rotations(rotations)
    scale = max(float(np.abs(strains).max(initial=0.0)), 1e-12)
    cause = np.einsum("mab,nb->mna", turns, kelvin(strains) / scale).reshape(-1, 6)
    effect = np.einsum("mab,nb->mna", turns, kelvin(stresses)).reshape(-1, 6)
    solution, _, rank, _ = np.linalg.lstsq(cause, effect / scale, rcond=1e-3)
    if rank < 6:
        raise InputError(
            f"the strains and their images by symmetry span {rank} of 6 kinds of strain; "
            "compute those that independent_strains() names",
            "elastic tensor",
        )
    raw = projected(voigt_of_kelvin(solution.T), rotations)
    tensor = 0.5 * (raw + raw.T)
    left = effect - scale * cause @ kelvin_of_voigt(tensor).T
    return TensorFit(tensor, raw, float(np.abs(left / _KELVIN).max()))
