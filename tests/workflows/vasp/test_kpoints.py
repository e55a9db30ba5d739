"""Meshes have the symmetry of the crystal."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from lianode.structures import library
from lianode.workflows.engines.vasp.kpoints import density_mesh, irreducible, is_symmetric, rotations, vacuum

PHASES = ["Li", "In", "Sn", "LiIn", "Li13In3", "LiSn", "Li2Sn5", "Li17Sn4", "Li5In4", "LiCl", "Li3In2"]


def maps_onto_itself(mesh: tuple[int, int, int], cell: Structure) -> bool:
    """Apply every operation to every k-point of the mesh, in Cartesian coordinates."""
    reciprocal = cell.lattice.reciprocal_lattice_crystallographic.matrix
    grid = np.stack(np.meshgrid(*[np.arange(n) / n for n in mesh], indexing="ij"), axis=-1).reshape(-1, 3)
    for rotation in rotations(cell):
        turn = cell.lattice.matrix.T @ rotation @ np.linalg.inv(cell.lattice.matrix.T)
        image = (grid @ reciprocal) @ turn.T @ np.linalg.inv(reciprocal) * mesh
        if np.abs(image - np.rint(image)).max() > 1e-6:
            return False
    return True


@pytest.mark.parametrize("name", PHASES)
@pytest.mark.parametrize("density", [11.0, 42.0])
def test_the_mesh_has_the_point_group(name: str, density: float) -> None:
    cell = library.phase(name).primitive()
    mesh = density_mesh(cell, density)
    assert is_symmetric(mesh, rotations(cell))
    if np.prod(mesh) < 2000:
        assert maps_onto_itself(mesh, cell)
    spacing = [length / n for n, length in zip(mesh, cell.lattice.reciprocal_lattice_crystallographic.abc, strict=True)]
    assert max(spacing) <= 1 / density + 1e-9


def test_unequal_divisions_of_a_body_centred_tetragonal_cell_break_it() -> None:
    cell = library.phase("In").primitive()
    assert len(rotations(cell)) == 16
    assert not is_symmetric((5, 5, 4), rotations(cell))
    assert not maps_onto_itself((5, 5, 4), cell)
    assert len(set(density_mesh(cell, 17.0))) == 1


def test_an_elongated_body_centred_cell_gets_equal_divisions() -> None:
    conventional = Structure(Lattice.tetragonal(3, 9), ["Li", "Li"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    skewed = Structure(
        np.array([[1, 0, 0], [0, 1, 0], [0.5, 0.5, 0.5]]) @ conventional.lattice.matrix, ["Li"], [[0, 0, 0]]
    )
    mesh = density_mesh(skewed, 30)
    assert is_symmetric(mesh, rotations(skewed))
    assert maps_onto_itself(mesh, skewed)


def test_known_numbers_of_irreducible_points() -> None:
    """Γ-centred meshes of an fcc cell with the full cubic group: 4x4x4 has 8 points, 2x2x2 has 3 (Γ, X, L)."""
    salt = library.phase("LiCl").primitive()
    assert irreducible(salt, (2, 2, 2)) == 3
    assert irreducible(salt, (4, 4, 4)) == 8


def test_one_point_along_the_normal_of_a_slab(crystal) -> None:
    slab = crystal("LiCl100")
    mesh = density_mesh(slab, 42, normal=2)
    assert mesh == (9, 9, 1)
    assert is_symmetric(mesh, rotations(slab))
    assert vacuum(slab) == pytest.approx(15 + slab.lattice.a / 2, abs=0.01)
    assert vacuum(crystal("Li_LiCl")) < 4
