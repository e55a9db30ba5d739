"""Equilibrium shapes against polyhedra from the textbook, and against pymatgen for cubic lattices."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from lianode.analysis.energies import PhaseEnergy
from lianode.analysis.method import MethodKey
from lianode.analysis.surface.energy import SlabEnergy
from lianode.analysis.surface.surface import surface_document
from lianode.analysis.surface.wulff import NoShapeError, wulff_shape
from lianode.analysis.surface.wulff_document import wulff_document
from lianode.structures.errors import InputError
from lianode.structures.library import phase
from lianode.structures.surfaces.planes import plane_family


def family(*start: int) -> np.ndarray:
    """All planes of m-3m."""
    found = {tuple(np.array(start)[list(order)] * signs)
             for order in ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))
             for signs in product((1, -1), repeat=3)}  # fmt: skip
    return np.array(sorted(found), dtype=float)


def shape(**energies: float):
    """Shape of families named like ``h100``."""
    normals = [family(*map(int, name[1:])) for name in energies]
    values = [energy for one, energy in zip(normals, energies.values(), strict=True) for _ in one]
    return wulff_shape(np.concatenate(normals), values)


@pytest.mark.parametrize(
    ("plane", "faces", "corners", "volume", "surface"),
    [
        ("h100", 6, 4, 8.0, 24.0),  # cube around a sphere of radius 1
        ("h111", 8, 3, 4.0 * np.sqrt(3.0), 12.0 * np.sqrt(3.0)),  # octahedron
        ("h110", 12, 4, 4.0 * np.sqrt(2.0), 12.0 * np.sqrt(2.0)),  # rhombic dodecahedron
    ],
)
def test_one_family(plane, faces, corners, volume, surface):
    found = shape(**{plane: 1.0})
    assert len(found.facets) == faces
    assert {len(facet.corners) for facet in found.facets} == {corners}
    assert found.volume == pytest.approx(volume)
    assert found.surface == pytest.approx(surface)
    assert list(found.area_fractions.values()) == pytest.approx([1.0 / faces] * faces)
    assert (found.weighted_energy, found.anisotropy) == (pytest.approx(1.0), pytest.approx(0.0, abs=1e-7))


def test_a_cube_is_one_and_a_quarter_spheres():
    assert shape(h100=0.7).shape_factor == pytest.approx((6.0 / np.pi) ** (1.0 / 3.0))


def test_broken_bonds_of_fcc_make_kelvins_polyhedron():
    """gamma(111) : gamma(100) : gamma(110) = 2√3 : 4 : 3√2 is the regular truncated octahedron; (110) has no face."""
    found = shape(h111=2.0 * np.sqrt(3.0), h100=4.0, h110=3.0 * np.sqrt(2.0))
    sides = [np.linalg.norm(f.corners - np.roll(f.corners, 1, axis=0), axis=1) for f in found.facets]
    assert sorted(map(len, sides)) == [4] * 6 + [6] * 8
    assert np.concatenate(sides) == pytest.approx(np.full(72, sides[0][0]))
    hexagons = sum(share for n, share in found.area_fractions.items() if n < 8)
    assert hexagons == pytest.approx(4.0 * np.sqrt(3.0) / (4.0 * np.sqrt(3.0) + 2.0))  # 8 * (3√3/2) : 6


def test_zinc_blende_faces_of_one_sign_make_a_tetrahedron():
    found = wulff_shape(np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]), [1.0] * 4)
    assert [len(facet.corners) for facet in found.facets] == [3] * 4
    assert found.volume == pytest.approx(8.0 * np.sqrt(3.0))


def test_an_unequal_box():
    normals = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]])
    found = wulff_shape(normals, [1.0, 2.0, 3.0, 3.0, 0.5, 0.5])
    assert found.volume == pytest.approx(3.0 * 6.0 * 1.0)
    assert found.area_fractions[0] == pytest.approx(6.0 / (2 * (6.0 + 3.0 + 18.0)))


def test_many_equal_planes_make_a_sphere():
    normals = np.random.default_rng(1).normal(size=(500, 3))
    found = wulff_shape(normals, np.ones(500))
    assert found.shape_factor == pytest.approx(1.0, abs=2e-2)
    assert found.volume == pytest.approx(4.0 / 3.0 * np.pi, rel=3e-2)


@pytest.mark.parametrize("energies", [(1.0, 1.1, 0.95), (1.0, 0.8, 0.9), (0.6, 0.9, 1.3)])
def test_as_pymatgen_has_it(energies):
    from pymatgen.analysis.wulff import WulffShape
    from pymatgen.core import Lattice

    planes = [(1, 0, 0), (1, 1, 0), (1, 1, 1)]
    theirs = WulffShape(Lattice.cubic(4.0), planes, energies)
    own = shape(h100=energies[0], h110=energies[1], h111=energies[2])
    shares = [0.0, 0.0, 0.0]
    for number, share in own.area_fractions.items():
        shares[0 if number < 6 else 1 if number < 18 else 2] += share
    assert shares == pytest.approx([theirs.area_fraction_dict[plane] for plane in planes], abs=1e-6)
    assert own.weighted_energy == pytest.approx(theirs.weighted_surface_energy, rel=1e-6)
    assert own.shape_factor * (36 * np.pi) ** (1 / 3) == pytest.approx(theirs.shape_factor, rel=1e-6)


def test_what_makes_no_shape():
    with pytest.raises(NoShapeError, match="no finite body"):
        wulff_shape(family(1, 0, 0)[:5], [1.0] * 5)  # one side is open
    with pytest.raises(NoShapeError, match="no finite body"):
        wulff_shape(np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]]), [1.0] * 4)  # a prism without ends
    with pytest.raises(InputError, match=r"above 0, and one is -0\.1000"):
        wulff_shape(family(1, 0, 0), [1.0] * 5 + [-0.1])


def _surface(name: str, plane: tuple[int, int, int], energy: float, kind: str = "stoichiometric", **changes: str):
    method = MethodKey(program="morse", functional="test potential")
    crystal = phase(name)
    atoms = {e.symbol: int(n) for e, n in crystal.primitive().composition.items()}
    bulk = PhaseEnergy(name=crystal.name, formula=crystal.formula, composition=atoms, energy=0.0, volume=1.0,
                       method=method, calculation_key="bulk")  # fmt: skip
    common = {"excess": {}, "area": 1.0, "energy": 2.0 * energy, "method": method}
    slabs = [
        SlabEnergy(layers=n, thickness=2.0 * n, formula_units=n, n_atoms=n, calculation_key=f"{plane}{n}", **common)
        for n in (4, 6, 8)
    ]
    same = plane_family(crystal, plane)
    return surface_document(
        bulk, unrelaxed=slabs, relaxed=[], plane=plane, plane_label=same.label, equal_planes=same.equal,
        termination=changes.get("termination", "x|x"), kind=kind, engine="morse", campaign="test", system="Li-Cl",
    )  # fmt: skip


def test_the_lowest_termination_of_each_plane_counts():
    cell = phase("LiCl").structure.lattice.matrix
    found = wulff_document(
        [_surface("LiCl", (1, 1, 1), 0.03), _surface("LiCl", (1, 0, 0), 0.02, termination="high"),
         _surface("LiCl", (1, 0, 0), 0.01, termination="low")],
        cell,
    )  # fmt: skip
    assert (found.lowest_plane, found.lowest_termination) == ("(100)", "low")
    assert [(row.plane_label, row.area_fraction) for row in found.planes] == [
        ("(100)", pytest.approx(1.0)),
        ("(111)", 0.0),
    ]
    assert len(found.faces) == 6
    assert found.weighted_surface_energy == pytest.approx(0.01)
    assert found.weighted_surface_energy_J_per_m2 == pytest.approx(0.1602176634)


def test_tetragonal_axes_are_those_of_the_cell():
    """In (100) and (001) make a box; with (100) alone there is no shape, and that is said."""
    cell = phase("In").structure.lattice.matrix
    box = wulff_document([_surface("In", (1, 0, 0), 0.02), _surface("In", (0, 0, 1), 0.03)], cell)
    assert [row.area_fraction for row in box.planes] == pytest.approx([0.75, 0.25])  # 4 of 4 x 6, 2 of 4 x 4
    corners = np.array([corner for face in box.faces for corner in face.corners])
    assert np.abs(corners).max(axis=0) == pytest.approx([0.02, 0.02, 0.03])
    alone = wulff_document([_surface("In", (1, 0, 0), 0.02)], cell)
    assert (alone.faces, alone.weighted_surface_energy) == ([], None)
    assert alone.notes == ["no equilibrium shape: these planes enclose no finite body"]
    assert alone.lowest_plane == "(100)"


def test_a_cleavage_closes_the_shape_on_both_sides():
    cell = phase("InP").structure.lattice.matrix
    found = wulff_document([_surface("InP", (1, 1, 1), 0.02, kind="cleavage")], cell)
    assert len(found.faces) == 8
    assert "mean of two different surfaces" in found.notes[0]
