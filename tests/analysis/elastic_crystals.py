"""Crystals of every class and made-up stresses, for tests of elastic tensors."""

from __future__ import annotations

import numpy as np
from pymatgen.core import Lattice, Structure
from scipy.spatial.transform import Rotation

from lianode.analysis.elastic.document import StrainedCell
from lianode.analysis.elastic.elastic import reference_cell
from lianode.analysis.elastic.tensor import (
    kelvin,
    kelvin_of_voigt,
    projected,
    rotated,
    stress_of_tensor,
    tensor_of_stress,
)
from lianode.analysis.method import MethodKey
from lianode.structures.crystal_axes import crystal_axes
from lianode.structures.strains import MAGNITUDES, deformation_gradient, independent_strains

TRICLINIC = Lattice.from_parameters(4.1, 5.2, 6.3, 82, 97, 104)
CRYSTALS = {
    "triclinic": ("P-1", TRICLINIC),
    "monoclinic": ("P2_1/c", Lattice.monoclinic(4.1, 5.2, 6.3, 104)),
    "orthorhombic": ("Pnma", Lattice.orthorhombic(4.1, 5.2, 6.3)),
    "tetragonal 4/m": ("I4_1/a", Lattice.tetragonal(5.1, 7.3)),
    "tetragonal 4/mmm": ("P4/mmm", Lattice.tetragonal(5.1, 7.3)),
    "trigonal -3": ("R-3", Lattice.hexagonal(5.1, 7.3)),
    "trigonal -3m (axes along a)": ("P321", Lattice.hexagonal(5.1, 7.3)),
    "trigonal -3m (axes between)": ("P312", Lattice.hexagonal(5.1, 7.3)),
    "hexagonal 6": ("P6_3", Lattice.hexagonal(5.1, 7.3)),
    "hexagonal 6/mmm": ("P6/mmm", Lattice.hexagonal(5.1, 7.3)),
    "cubic m-3": ("P2_13", Lattice.cubic(6.7)),
    "cubic m-3m": ("Fm-3m", Lattice.cubic(9.7)),
}
CONSTANTS = {
    "triclinic": 21, "monoclinic": 13, "orthorhombic": 9, "tetragonal 4/m": 7, "tetragonal 4/mmm": 6, "trigonal -3": 7,
    "trigonal -3m (axes along a)": 6, "trigonal -3m (axes between)": 6, "hexagonal 6": 5, "hexagonal 6/mmm": 5,
    "cubic m-3": 3, "cubic m-3m": 3,
}  # fmt: skip
"""Independent elastic constants (Nye, table 9)."""
METHOD = MethodKey(program="made up", functional="none")


def crystal(name: str) -> Structure:
    """Return a primitive cell with atoms in general positions, so that it has no more symmetry than its group."""
    group, lattice = CRYSTALS[name]
    return Structure.from_spacegroup(group, lattice, ["Li"], [[0.11, 0.23, 0.37]]).get_primitive_structure(0.01)


def turned(structure: Structure, seed: int, size: list[list[int]] | None = None) -> tuple[Structure, np.ndarray]:
    """Return the same crystal in another orientation and cell, and the rotation."""
    turn = Rotation.random(random_state=np.random.RandomState(seed)).as_matrix()
    other = Structure(Lattice(structure.lattice.matrix @ turn.T), structure.species, structure.frac_coords)
    return (other * size if size else other), turn


def random_tensor(seed: int) -> np.ndarray:
    """Return a positive tensor without symmetry, Voigt, GPa."""
    root = np.random.default_rng(seed).normal(size=(6, 6))
    kelvins = 10 * (root @ root.T + np.eye(6))
    norm = np.array([1, 1, 1, 2**0.5, 2**0.5, 2**0.5])
    return kelvins / np.outer(norm, norm)


def of_crystal(structure: Structure, seed: int) -> np.ndarray:
    """Return a random positive tensor with the crystal's symmetry in its frame, GPa."""
    return projected(random_tensor(seed), crystal_axes(structure).rotations(np.asarray(structure.lattice.matrix)))


def to_laboratory(tensor: np.ndarray, structure: Structure) -> np.ndarray:
    """Turn a tensor from the crystal's frame into the Cartesian axes of its cell."""
    return rotated(tensor, crystal_axes(structure).frame(np.asarray(structure.lattice.matrix)).T)


def to_frame(tensor: np.ndarray, structure: Structure) -> np.ndarray:
    """Turn a tensor from the Cartesian axes of a cell into the crystal's frame."""
    return rotated(tensor, crystal_axes(structure).frame(np.asarray(structure.lattice.matrix)))


def cauchy_stress(tensor: np.ndarray, strain: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Return the Cauchy stress σ = F (S0 + C E) Fᵀ / J (3, 3) of a crystal with a tensor and a residual stress."""
    components = kelvin_of_voigt(tensor) @ kelvin(strain) / [1, 1, 1, 2**0.5, 2**0.5, 2**0.5]
    gradient = deformation_gradient(strain)
    return gradient @ (left + tensor_of_stress(components)) @ gradient.T / np.linalg.det(gradient)


def measured(structure: Structure, tensor: np.ndarray, left: float = 0.0, magnitudes=MAGNITUDES):
    """Return reference and strained cells as if a crystal with this tensor (its own frame) had been computed."""
    axes, cell = crystal_axes(structure), np.asarray(structure.lattice.matrix)
    frame, residual = axes.frame(cell), left * np.eye(3)
    cells = []
    for strain in independent_strains(axes.rotations(cell), magnitudes):
        stress = frame.T @ cauchy_stress(tensor, strain.tensor(), residual) @ frame
        cells.append(
            StrainedCell(
                pattern=strain.pattern, magnitude=strain.magnitude, stress_GPa=tuple(stress_of_tensor(stress).tolist())
            )
        )
    return reference_cell(structure, axes, tuple(stress_of_tensor(residual).tolist())), cells


def asked(reference, cells, **more):
    """Return the arguments of a document."""
    names = dict.fromkeys(("system", "phase", "formula", "engine", "campaign"), "test")
    return {"reference": reference, "strained_cells": cells, **names, "method": METHOD, "calculations": {}, **more}
