"""Meshes of k-points that have the symmetry of the crystal."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.structures.symmetry import symmetry_dataset

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pymatgen.core import Structure

Mesh = tuple[int, int, int]

SAME_ANGLE, SAME_LENGTH = 0.1, 1e-3
"""Degrees, and relative: what is closer is equal in a hexagonal cell."""

SYMPREC = 0.01
"""Å: tolerance at which the crystal's own symmetry is found; VASP's is tighter and sees no more operations."""


def rotations(structure: Structure, symprec: float = SYMPREC) -> NDArray[np.int_]:
    """Return the rotations of the crystal's point group in fractional coordinates of the cell, (n, 3, 3)."""
    found = symmetry_dataset(structure, symprec)
    return np.eye(3, dtype=int)[None] if found is None else np.unique(found.rotations, axis=0)


def is_symmetric(mesh: Mesh, operations: NDArray[np.int_]) -> bool:
    """Whether every operation maps the Γ-centred mesh onto itself.

    k = (m₁/N₁, m₂/N₂, m₃/N₃) in reciprocal fractional coordinates goes to k' = Wᵀ⁻¹ k; all k' are on the mesh if and
    only if Nᵢ Wᵢⱼ / Nⱼ is a whole number for all i, j and all W of the (reciprocal) group.
    """
    n = np.array(mesh)
    reciprocal = np.rint(np.linalg.inv(operations)).astype(int).transpose(0, 2, 1)
    return not np.any((n[:, None] * reciprocal) % n[None, :])


def density_mesh(structure: Structure, k_density: float, *, normal: int | None = None) -> Mesh:
    """Return the Γ-centred mesh of a density, raised where the crystal's symmetry needs it.

    Nᵢ = ⌈k_density |bᵢ|⌉ with |bᵢ| the length of the reciprocal vector without 2π (1/Å). Axes that the point group
    mixes then get the larger number: the three equal vectors of a body-centred tetragonal primitive cell have one
    number, a hexagonal cell has N₁ = N₂. The mesh always contains Γ: in hexagonal and face-centred cells a mesh
    shifted off Γ would lack the symmetry.

    Parameters
    ----------
    structure
        The cell.
    k_density
        Divisions per 1/Å.
    normal
        Axis with a single k-point (0, 1, 2), that of a slab.
    """
    lengths = structure.lattice.reciprocal_lattice_crystallographic.abc
    n = [max(1, math.ceil(k_density * length - 1e-6)) for length in lengths]
    if normal is not None:
        n[normal] = 1
    operations = rotations(structure)
    reciprocal = np.rint(np.linalg.inv(operations)).astype(int).transpose(0, 2, 1)
    mixed = (reciprocal != 0).any(axis=0)
    for _ in range(3):
        for i in range(3):
            for j in range(3):
                if i != j and mixed[i, j] and n[i] != n[j] and normal not in {i, j}:
                    n[i] = n[j] = max(n[i], n[j])
    return n[0], n[1], n[2]


def dense_mesh(structure: Structure, mesh: Mesh, factor: float) -> Mesh:
    """Return a mesh with so many times the divisions along each vector, made even; an axis with one point keeps it.

    An even mesh contains the one with half its divisions, and the points at the middle of the zone's faces. The two
    vectors of a hexagonal cell get multiples of six, so that both meshes contain K, where bands of hexagonal crystals
    often have their edge: Li3P has its lowest empty level there. Axes with equal divisions stay equal, so that the mesh
    keeps the crystal's symmetry.

    Parameters
    ----------
    structure
        The cell.
    mesh
        That of an energy.
    factor
        How much denser along each vector.
    """
    hexagonal = _hexagonal_axes(structure)
    made = []
    for axis, n in enumerate(mesh):
        step = 6 if axis in hexagonal and factor * n > 2 else 2
        made.append(n if n == 1 else step * math.ceil(factor * n / step - 1e-6))
    return made[0], made[1], made[2]


def _hexagonal_axes(structure: Structure) -> tuple[int, ...]:
    """Return the two equal vectors at 60 or 120 degrees that are perpendicular to the third, where there are any."""
    lengths, angles = structure.lattice.abc, structure.lattice.angles
    for normal in range(3):
        i, j = (axis for axis in range(3) if axis != normal)
        upright = all(abs(angles[axis] - 90.0) < SAME_ANGLE for axis in (i, j))
        sixfold = min(abs(angles[normal] - 60.0), abs(angles[normal] - 120.0)) < SAME_ANGLE
        if upright and sixfold and abs(lengths[i] / lengths[j] - 1.0) < SAME_LENGTH:
            return i, j
    return ()


def irreducible(structure: Structure, mesh: Mesh) -> int:
    """Return how many k-points of the mesh are distinct under the crystal's symmetry and time reversal."""
    import spglib

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # spglib's own
        mapping, _ = spglib.get_ir_reciprocal_mesh(mesh, _spglib_cell(structure), is_shift=(0, 0, 0), symprec=SYMPREC)
    return int(np.unique(mapping).size)


def vacuum(structure: Structure) -> float:
    """Return the largest gap without an atom along the c axis, Å."""
    heights = np.sort(structure.frac_coords[:, 2] % 1.0)
    gaps = np.diff(np.append(heights, heights[0] + 1.0))
    a, b, _ = structure.lattice.matrix
    normal = np.cross(a, b)
    spacing = float(abs(structure.lattice.matrix[2] @ normal) / np.linalg.norm(normal))
    return float(gaps.max()) * spacing


def _spglib_cell(structure: Structure) -> Any:
    return (structure.lattice.matrix, structure.frac_coords, [site.specie.Z for site in structure])
