"""The elastic tensor of a pair potential in closed form, atoms relaxed: an independent way to the same numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from ase.neighborlist import neighbor_list
from ase.units import GPa
from pymatgen.io.ase import AseAtomsAdaptor

from lianode.workflows.engines.morse import CUTOFF, DIAMETERS, UNLIKE_BONUS, MorseCalculator

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pymatgen.core import Structure

STEP = 1e-4
"""Å, of the second derivative of the potential."""


def pair_tensor(crystal: Structure) -> NDArray[np.float64]:
    """Return d²(U/V)/dE dE (3, 3, 3, 3) of a crystal at rest, GPa (Born and Huang, 1954, section 11).

    With ψ(s) the energy of a pair in terms of s = r², s = R (1 + 2E) R and R changed by displacements u of the
    atoms, the second derivatives are C = 2/V Σ ψ'' RRRR, K = ∂²U/∂u∂u and Λ = ∂²U/∂E∂u, and atoms that follow make
    it C - Λ K⁺ Λᵀ/V.
    """
    atoms = AseAtomsAdaptor.get_atoms(crystal, msonable=False)
    morse, n = MorseCalculator(), len(atoms)
    first, second, r, vectors = neighbor_list("ijdD", atoms, CUTOFF)
    size = np.array([DIAMETERS[symbol] for symbol in atoms.get_chemical_symbols()])
    numbers = atoms.get_atomic_numbers()
    depth = np.where(numbers[first] == numbers[second], 1.0, UNLIKE_BONUS) * morse.well_depth

    def slope(distance: NDArray[np.float64]) -> NDArray[np.float64]:
        return morse.pair(distance, 0.5 * (size[first] + size[second]), depth)[1]

    curvature = (slope(r + STEP) - slope(r - STEP)) / (2 * STEP)
    bend = 0.25 * (curvature - slope(r) / r) / r**2  # ψ''
    tilt = 0.5 * slope(r) / r  # ψ'
    one = np.eye(3)
    clamped = 2.0 * np.einsum("p,pi,pj,pk,pl->ijkl", bend, vectors, vectors, vectors, vectors)
    mixed, force_constants = np.zeros((n, 3, 3, 3)), np.zeros((n, 3, n, 3))
    for a, b, psi, psi2, v in zip(first, second, tilt, bend, vectors, strict=True):
        coupling = 2.0 * psi2 * np.einsum("i,j,k->ijk", v, v, v)
        coupling += psi * (np.einsum("ik,j->ijk", one, v) + np.einsum("jk,i->ijk", one, v))
        mixed[b] += coupling.transpose(2, 0, 1)
        mixed[a] -= coupling.transpose(2, 0, 1)
        block = 2.0 * psi2 * np.outer(v, v) + psi * one
        for x, y, sign in ((a, a, 1), (b, b, 1), (a, b, -1), (b, a, -1)):
            force_constants[x, :, y, :] += sign * block
    inverse = np.linalg.pinv(force_constants.reshape(3 * n, 3 * n), rcond=1e-8)
    flat = mixed.reshape(3 * n, 9)
    relaxed = clamped - (flat.T @ inverse @ flat).reshape(3, 3, 3, 3)
    tensor: NDArray[np.float64] = relaxed / atoms.get_volume() / GPa
    return tensor


def voigt(tensor: NDArray[np.float64], frame: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a tensor (3, 3, 3, 3) in other axes, the rows of a rotation, as Voigt's matrix (6, 6)."""
    turned = np.einsum("ai,bj,ck,dl,ijkl->abcd", frame, frame, frame, frame, tensor)
    pairs = [(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)]
    return np.array([[turned[i, j, k, m] for k, m in pairs] for i, j in pairs])
