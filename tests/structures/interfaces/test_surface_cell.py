"""Surface cells, against crystallography by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Lattice, Structure
from scipy.spatial.transform import Rotation

from lianode.structures.errors import InputError
from lianode.structures.interfaces.surface_cell import plane_label, surface_cell
from lianode.structures.library import phase


@pytest.mark.parametrize("plane", [p for p in product(range(-1, 3), repeat=3) if any(p)])
def test_spacings_of_cubic_lattices(plane):
    """d = a / sqrt(h² + k² + l²), halved where centring puts a plane between (fcc: mixed indices, bcc: odd sum)."""
    indices = np.array(plane) // np.gcd.reduce(plane)
    for name, between in (("LiCl", len(set(indices % 2)) > 1), ("Li", indices.sum() % 2 == 1)):
        crystal = phase(name)
        cell = surface_cell(crystal, plane)
        a = crystal.structure.lattice.a
        assert cell.spacing == pytest.approx(a / np.sqrt(indices @ indices) / (2 if between else 1))
        assert cell.area * cell.spacing == pytest.approx(abs(np.linalg.det(crystal.primitive().lattice.matrix)))


@pytest.mark.parametrize(
    ("name", "plane"),
    [("In", (0, 0, 1)), ("Li2S", (1, 1, 1)), ("Li9Al4", (1, 0, 0)), ("Li3Ga2", (1, 1, 0)), ("Al2O3", (0, 1, 2)),
     ("Li13In3", (1, 1, 0)), ("Li6PS5Cl_ordered_48h", (1, 0, 0)), ("InP", (-1, -1, -1)), ("LiSn", (2, 1, 0))],
)  # fmt: skip
def test_it_is_the_crystal_seen_along_the_normal(name, plane):
    crystal = phase(name)
    cell = surface_cell(crystal, plane)
    assert len(cell.elements) == len(crystal.primitive())
    assert np.linalg.det(cell.vectors) > 0
    assert cell.vectors[0, 1:].tolist() == [0, 0]
    assert cell.vectors[1, 2] == 0
    assert cell.spacing == pytest.approx(crystal.structure.lattice.d_hkl(plane) / _planes_between(crystal, plane))
    assert ((cell.positions[:, 2] > -1e-9) & (cell.positions[:, 2] < cell.spacing)).all()
    assert StructureMatcher(scale=False).fit(cell.structure(), crystal.structure)


def _planes_between(crystal, plane):
    """Lattice planes per d_hkl of the stored cell, from the primitive vectors' heights."""
    reciprocal = np.array(plane) @ crystal.structure.lattice.reciprocal_lattice_crystallographic.matrix
    heights = crystal.primitive().lattice.matrix @ reciprocal
    return round(1 / min(abs(h) for n in product(range(-3, 4), repeat=3) if abs(h := np.dot(n, heights)) > 1e-6))


def test_symmetries_of_the_plane():
    # 4mm and 3m; inversion and mirrors in the plane turn the normal over and are not among them
    assert len(surface_cell(phase("LiCl"), (0, 0, 1)).level_rotations) == 8
    assert len(surface_cell(phase("LiCl"), (1, 1, 1)).level_rotations) == 6
    assert len(surface_cell(phase("LiCl"), (1, 1, 0)).level_rotations) == 4
    # the screw axis of hcp lifts by half a cell: six-fold in all, three-fold for one layer
    hexagonal = surface_cell(phase("Li_hcp"), (0, 0, 1))
    assert len(np.unique(hexagonal.rotations, axis=0)) == 12
    assert len(hexagonal.level_rotations) == 6
    for rotation in hexagonal.rotations:
        turned = rotation @ hexagonal.in_plane
        assert np.allclose(turned @ turned.T, hexagonal.in_plane @ hexagonal.in_plane.T)


def test_a_turned_or_left_handed_description_gives_the_same_cell():
    crystal = phase("Li3Ga2")
    matrix = crystal.structure.lattice.matrix
    reference = surface_cell(crystal, (1, 1, 0))
    turned = Structure(
        Lattice(matrix @ Rotation.from_euler("xyz", [0.3, -1.1, 2.0]).as_matrix().T),
        crystal.structure.species,
        crystal.structure.frac_coords,
    )
    swapped = Structure(
        Lattice(matrix[[1, 0, 2]]), crystal.structure.species, crystal.structure.frac_coords[:, [1, 0, 2]]
    )
    assert np.linalg.det(swapped.lattice.matrix) < 0
    for structure in (turned, swapped):
        cell = surface_cell(replace(crystal, structure=structure), (1, 1, 0))
        assert np.linalg.det(cell.vectors) > 0
        assert np.allclose(cell.in_plane @ cell.in_plane.T, reference.in_plane @ reference.in_plane.T)
        assert cell.spacing == pytest.approx(reference.spacing)
        assert StructureMatcher(scale=False).fit(cell.structure(), crystal.structure)


def test_a_mirror_image_stays_one():
    """The frame is turned, never mirrored: the distances along a, b and n of a chiral crystal keep their sense."""
    crystal = phase("LiCl")
    chiral = Structure(
        Lattice.orthorhombic(5, 6, 7), ["Li", "Cl", "Li", "Cl"], [[0, 0, 0], [0.3, 0, 0], [0, 0.35, 0], [0, 0, 0.4]]
    )
    for plane in ((0, 0, 1), (1, 0, 0), (1, 1, 0), (-1, 2, 1)):
        cell = surface_cell(replace(crystal, structure=chiral), plane).structure()
        origin = next(
            n for n in range(4)
            if cell[n].specie.symbol == "Li" and min(d for d in cell.distance_matrix[n] if d > 0) < 1.6
        )  # fmt: skip
        bonds = {}
        for site in cell.get_neighbors(cell[origin], 2.9):
            bonds[round(site.nn_distance, 1)] = site.coords - cell[origin].coords
        assert sorted(bonds) == [1.5, 2.1, 2.8]
        assert np.linalg.det([bonds[1.5], bonds[2.1], bonds[2.8]]) == pytest.approx(1.5 * 2.1 * 2.8)


def test_a_multiple_is_the_plane_with_its_label():
    cell = surface_cell(phase("Li9Al4"), (4, 0, 0))
    assert (cell.plane, cell.label, cell.name) == ((1, 0, 0), "(400)", "Li9Al4(400)")
    assert plane_label((1, -1, 0)) == "(1-10)"
    assert plane_label((10, 0, 1)) == "(10,0,1)"


@pytest.mark.parametrize(
    ("plane", "says"),
    [
        ((0, 0, 0), "there is no plane (0, 0, 0)"),
        ((1, 0.5, 0), "is no plane of a crystal"),
        ((1.0, 0.0, 0.0), "is no plane of a crystal"),
        ((1, 0), "is no plane of a crystal"),
        ((1, 0, 0, 0), "is no plane of a crystal"),
        ("001", "is no plane of a crystal"),
        ((True, False, False), "is no plane of a crystal"),
        (None, "is no plane of a crystal"),
    ],
)
def test_no_plane(plane, says):
    with pytest.raises(InputError) as caught:
        surface_cell(phase("Li"), plane)
    assert says in str(caught.value)
    assert "three integers that are not all zero" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_disordered_crystal_is_refused():
    with pytest.raises(InputError, match=r"Li6PS5Cl_average: 56 of its 76 sites .* order it first"):
        surface_cell(phase("Li6PS5Cl_average"), (1, 0, 0))
