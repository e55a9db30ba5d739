"""Interface cells: what goes in comes out again, strained as it should be."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Lattice, Structure
from scipy.spatial.transform import Rotation

from lianode.structures.errors import InputError
from lianode.structures.interfaces.building import build_interface, deepest, rebuild, resting_registries
from lianode.structures.interfaces.lattice_matches import lattice_matches
from lianode.structures.interfaces.surface_cell import surface_cell
from lianode.structures.interfaces.terminations import cut_slab, termination
from lianode.structures.interfaces.variants import every_termination
from lianode.structures.library import phase
from lianode.structures.validity import shortest_contact


def pair(film, film_plane, substrate, substrate_plane, *, repeats=(3, 2), **limits):
    above, below = surface_cell(phase(film), film_plane), surface_cell(phase(substrate), substrate_plane)
    match = lattice_matches(above, below, **limits)[0]
    return cut_slab(above, repeats[0], termination(above)), cut_slab(below, repeats[1], termination(below)), match


@pytest.fixture(scope="module")
def indium_on_salt():
    """In(001) on LiCl(001), strained on both sides, and the cell."""
    film, substrate, match = pair("In", (0, 0, 1), "LiCl", (0, 0, 1), max_area=100, max_strain=0.03, strained="shared")
    return build_interface(film, substrate, match)


@pytest.mark.parametrize(
    ("name", "plane", "repeats"),
    [("Li", (0, 0, 1), 2), ("Li", (1, 1, 0), 2), ("In", (0, 0, 1), 2), ("LiCl", (0, 0, 1), 2), ("Li2S", (1, 1, 1), 3),
     ("LiCl", (1, 1, 1), 3), ("Li_hcp", (0, 0, 1), 1)],
)  # fmt: skip
def test_a_on_a_is_the_bulk(name, plane, repeats):
    """At the layer distance, in registry, two slabs of a crystal are the crystal."""
    film, substrate, match = pair(name, plane, name, plane, repeats=(repeats, repeats), max_area=16, max_strain=1e-6)
    assert match.strain == pytest.approx(0, abs=1e-9)
    step = repeats * film.surface.vectors[2, :2]
    cell = build_interface(film, substrate, match, shift=tuple(step), gap=film.lower.opening)
    assert cell.structure.volume / len(cell.structure) == pytest.approx(
        phase(name).structure.volume / len(phase(name).structure)
    )
    assert StructureMatcher(scale=False, ltol=1e-3, stol=1e-3, angle_tol=0.1).fit(
        cell.structure.get_primitive_structure(0.01), phase(name).primitive()
    )
    assert np.allclose(cell.film_strain, 0, atol=1e-9)
    assert np.allclose(cell.substrate_strain, 0, atol=1e-9)


@pytest.mark.parametrize(("name", "plane"), [("Li", (0, 0, 1)), ("Al", (0, 0, 1)), ("Al", (1, 1, 1))])
def test_radii_alone_bring_a_metal_back(name, plane):
    """The deepest registry is the metal's own, and the contact distances its own bonds."""
    film, substrate, match = pair(name, plane, name, plane, repeats=(3, 3), max_area=16, max_strain=1e-6)
    cell = build_interface(film, substrate, match, vacuum=10.0)
    assert cell.gap == pytest.approx(film.surface.spacing, abs=0.02)


def test_radii_alone_bring_a_salt_back():
    """Ions on top of their counter-ions, a bond apart; hard spheres alone would roll off, they know no charges."""
    film, substrate, match = pair("LiCl", (0, 0, 1), "LiCl", (0, 0, 1), repeats=(2, 2), max_area=16, max_strain=1e-6)
    cell = build_interface(film, substrate, match, shift=(0.0, 0.0))
    assert (cell.gap, cell.upper_gap) == pytest.approx([film.surface.spacing] * 2, abs=0.001)
    assert StructureMatcher(scale=False, ltol=0.002, stol=0.002).fit(
        cell.structure.get_primitive_structure(0.05), phase("LiCl").primitive()
    )


@pytest.mark.parametrize("strained", ["film", "substrate", "shared"])
def test_both_sides_keep_density_and_composition(strained):
    film, substrate, match = pair(
        "Li9Al4", (1, 0, 0), "Li2S", (1, 1, 0), repeats=(1, 3), max_area=150, max_strain=0.08, strained=strained
    )
    cell = build_interface(film, substrate, match)
    for side, slab, thickness in (
        ("film", film, cell.film_thickness),
        ("substrate", substrate, cell.substrate_thickness),
    ):
        alone = cell.slab(side)
        bulk = slab.surface.phase.structure
        assert len(alone) / (cell.area * thickness) == pytest.approx(len(bulk) / bulk.volume)
        assert alone.composition.reduced_formula == bulk.composition.reduced_formula
        assert cell.strained_bulk(side).density == pytest.approx(bulk.density)
    assert cell.film_formula_units * 13 == len(cell.film_atoms)
    assert cell.substrate_formula_units * 3 == len(cell.substrate_atoms)
    assert cell.excess == {"film": {}, "substrate": {}}


def test_the_cell(indium_on_salt):
    cell = indium_on_salt
    matrix = cell.structure.lattice.matrix
    assert np.linalg.det(matrix) > 0
    assert np.allclose(matrix[0, 1:], 0)
    assert matrix[1, 2] == 0
    assert np.allclose(matrix[2, :2], 0)
    assert matrix[2, 2] > 0
    heights = cell.structure.cart_coords[:, 2]
    substrate, film = heights[cell.substrate_atoms], heights[cell.film_atoms]
    assert film.min() - substrate.max() == pytest.approx(cell.gap)
    assert matrix[2, 2] + substrate.min() - film.max() == pytest.approx(cell.upper_gap)
    assert {str(cell.structure[int(n)].specie) for n in cell.film_atoms} == {"In"}
    assert Counter(cell.sides) == {"film": len(film), "substrate": len(substrate)}
    assert cell.interfaces == 2
    assert (np.diff(heights[cell.film_atoms]) > -1e-6).all()
    assert cell.area == pytest.approx(np.linalg.norm(np.cross(matrix[0], matrix[1])))
    for n in range(3):
        layer = [m for m in cell.film_atoms if cell.layers[m] == n]
        assert len(layer) == cell.match.film_cells
        assert np.ptp(heights[layer]) < 1e-9


def test_no_pair_is_closer_than_its_radii_allow(indium_on_salt):
    structure = indium_on_salt.structure
    assert shortest_contact(structure).distance == pytest.approx(
        shortest_contact(indium_on_salt.slab("substrate")).distance
    )
    distances = structure.distance_matrix[np.ix_(indium_on_salt.film_atoms, indium_on_salt.substrate_atoms)]
    limits = {"Cl": 1.67 + 1.67, "Li": 1.67 + 1.52}
    touching = [limits[structure[int(n)].specie.symbol] for n in indium_on_salt.substrate_atoms]
    assert (distances / touching).min() == pytest.approx(1.0)


def test_what_is_cut_out_is_the_strained_crystal(indium_on_salt):
    cell = indium_on_salt
    for side, stretch in (("film", cell.film_stretch), ("substrate", cell.substrate_stretch)):
        alone, bulk = cell.slab(side), cell.strained_bulk(side)
        assert np.allclose(alone.lattice.matrix, cell.structure.lattice.matrix)
        # every bond in the slab is a bond of the strained bulk
        there = np.unique(np.round([n.nn_distance for site in bulk for n in bulk.get_neighbors(site, 4)], 4))
        here = np.array(
            [n.nn_distance for site in alone for n in alone.get_neighbors(site, 4) if abs(n.coords[2] - site.z) < 4.0]
        )
        assert np.abs(here[:, None] - there).min(axis=1).max() < 1e-3
        # and the strained bulk is U times the bulk, turned: the metric of its cell says so
        surface = (cell.film if side == "film" else cell.substrate).surface
        turned = np.linalg.solve(surface.vectors, bulk.lattice.matrix).T
        assert np.allclose(turned @ turned.T, stretch @ stretch.T)
        assert np.linalg.det(turned) > 0
    loose = cell.slab("film", vacuum=12.0)
    assert loose.lattice.c == pytest.approx(np.ptp(loose.cart_coords[:, 2]) + 12)
    assert Counter(map(str, loose.species)) == Counter(map(str, cell.slab("film").species))
    with pytest.raises(InputError, match="the sides film and substrate, not 'top'"):
        cell.slab("top")


def test_strain_tensors_of_film_and_substrate_are_opposite(indium_on_salt):
    film, substrate = (np.linalg.inv(s) for s in (indium_on_salt.film_stretch, indium_on_salt.substrate_stretch))
    assert np.allclose(film[:2, :2] @ substrate[:2, :2], np.eye(2))
    assert np.abs(np.linalg.eigvalsh(indium_on_salt.film_strain[:2, :2])).max() <= indium_on_salt.match.strain + 1e-9


def test_vacuum():
    film, substrate, match = pair("Li", (0, 0, 1), "LiCl", (0, 0, 1), max_area=20, max_strain=0.05)
    cell = build_interface(film, substrate, match, vacuum=15.0, gap=2.5)
    heights = cell.structure.cart_coords[:, 2]
    assert cell.structure.lattice.c == pytest.approx(np.ptp(heights) + 15)
    assert (cell.interfaces, cell.upper_gap, cell.equal_interfaces) == (1, None, None)
    assert (cell.gap, cell.closeness) == (pytest.approx(2.5), None)


def test_whether_both_interfaces_are_equal():
    film, substrate, match = pair("Li", (0, 0, 1), "LiCl", (0, 0, 1), max_area=20, max_strain=0.05)
    # odd numbers of layers: a mirror through the middle of either slab
    assert build_interface(film, cut_slab(substrate.surface, 3, substrate.lower), match).equal_interfaces is True
    # an even film is shifted sideways between its faces: one sits on Cl, the other on Li
    even = cut_slab(film.surface, 2, film.lower)
    salt = cut_slab(substrate.surface, 3, substrate.lower)
    uneven = max(resting_registries(even, salt, match), key=lambda one: one.upper_gap - one.gap)
    assert uneven.upper_gap > uneven.gap + 0.1
    assert build_interface(even, salt, match, shift=uneven.shift).equal_interfaces is False
    polar = surface_cell(phase("LiCl"), (1, 1, 1))
    hexagonal = surface_cell(phase("Li"), (1, 1, 1))
    match = lattice_matches(hexagonal, polar, max_area=200, max_strain=0.05)[0]
    slabs = (cut_slab(one, 3, termination(one)) for one in (hexagonal, polar))
    assert build_interface(*slabs, match).equal_interfaces is False


def test_the_deepest_registry():
    film, substrate, match = pair("Li", (0, 0, 1), "Li", (0, 0, 1), max_area=13, max_strain=1e-6)
    found = resting_registries(film, substrate, match)
    assert found[0].gap == pytest.approx(film.surface.spacing, abs=0.01)  # the hollow
    assert found[-1].gap == pytest.approx(3.04, abs=0.01)  # on top
    apart = (film.positions[0, :2] + found[0].shift - substrate.positions[-1, :2]) / film.surface.vectors[0, 0]
    assert np.allclose(np.mod(apart, 1), 0.5)
    assert deepest(found, vacuum=10.0) == found[0]
    # three and two layers: whatever is gained below is lost above
    assert {round(one.gap + one.upper_gap, 1) for one in found if one in (found[0], found[-1])} == {4.8}


def test_nothing_depends_on_how_the_crystals_are_turned(indium_on_salt):
    indium = phase("In").structure
    turned = Structure(
        Lattice(indium.lattice.matrix @ Rotation.from_euler("xyz", [0.4, 1.0, -2.0]).as_matrix().T),
        indium.species,
        indium.frac_coords,
    )
    swapped = Structure(Lattice(indium.lattice.matrix[[1, 0, 2]]), indium.species, indium.frac_coords[:, [1, 0, 2]])
    for structure in (turned, swapped):
        again = rebuild(indium_on_salt.recipe, replace(phase("In"), structure=structure), phase("LiCl"))
        assert np.linalg.det(again.structure.lattice.matrix) > 0
        assert again.structure.lattice.abc == pytest.approx(indium_on_salt.structure.lattice.abc, abs=1e-4)
        # the shift is kept to six digits
        assert np.allclose(again.structure.distance_matrix, indium_on_salt.structure.distance_matrix, atol=1e-4)


def test_a_recipe_is_plain_data_and_holds_for_relaxed_crystals(indium_on_salt):
    recipe = json.loads(json.dumps(indium_on_salt.recipe))
    again = rebuild(recipe, phase("In"), phase("LiCl"))
    assert np.allclose(again.structure.cart_coords, indium_on_salt.structure.cart_coords, atol=1e-4)
    assert again.recipe == recipe
    salt = phase("LiCl")
    larger = salt.structure.copy()
    larger.scale_lattice(larger.volume * 1.02**3)
    relaxed = rebuild(recipe, phase("In"), replace(salt, structure=larger))
    assert len(relaxed.structure) == len(indium_on_salt.structure)
    assert np.allclose(
        relaxed.match.logarithmic_strain - indium_on_salt.match.logarithmic_strain, np.log(1.02) * np.eye(2), atol=1e-9
    )
    assert relaxed.shift == pytest.approx(np.array(indium_on_salt.shift) * np.sqrt(1.02), abs=1e-4)


def test_a_recipe_finds_its_cuts_in_rattled_crystals_and_refuses_another_primitive_cell():
    film, substrate, match = pair("Li", (0, 0, 1), "Li6PS5Cl_ordered_48h", (1, 0, 0), max_area=100, max_strain=0.12)
    cell = build_interface(film, substrate, match)
    electrolyte = phase("Li6PS5Cl_ordered_48h")
    moves = np.random.default_rng(4).normal(scale=0.03, size=(len(electrolyte.structure), 3))
    moved = electrolyte.structure.cart_coords + moves
    rattled = Structure(electrolyte.structure.lattice, electrolyte.structure.species, moved, coords_are_cartesian=True)
    again = rebuild(cell.recipe, phase("Li"), replace(electrolyte, structure=rattled))
    assert again.structure.composition == cell.structure.composition
    assert again.substrate.lower.below == cell.substrate.lower.below
    assert np.allclose(again.structure.lattice.abc, cell.structure.lattice.abc, atol=0.3)
    lithium = phase("Li")
    lithium.structure.replace(0, "Na")
    with pytest.raises(InputError, match=r"its primitive cell has 2 atoms where that of the recipe had 1"):
        rebuild(cell.recipe, lithium, electrolyte)


def test_every_pair_of_terminations():
    film, substrate = surface_cell(phase("Li"), (1, 1, 0)), surface_cell(phase("Li2S"), (1, 1, 1))
    match = lattice_matches(film, substrate, max_area=120, max_strain=0.06)[0]
    cells = every_termination(film, substrate, match, film_thickness=6, substrate_thickness=9, vacuum=12.0)
    assert [(one.film.lower.name, one.substrate.upper.name) for one in cells] == [
        ("Li|Li", "Li|Li"), ("Li|Li", "S|Li"), ("Li|Li", "Li|S")
    ]  # fmt: skip
    for one in cells:
        top = one.structure[int(one.substrate_atoms[-1])].specie.symbol
        assert top == one.substrate.upper.below


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"gap": 0.1, "shift": (0.0, 0.0)}, "Å apart, less than 60% of the sum of their covalent radii"),
        ({"gap": float("nan")}, "the gap is a distance"),
        ({"vacuum": 0.0}, "the vacuum is a distance in Å above 0"),
        ({"vacuum": float("inf")}, "the vacuum is a distance in Å above 0"),
        ({"closeness": 0.0}, "the closeness is a share"),
        ({"poisson_ratios": (0.3, 0.7)}, "at most 1/2, not 0.7"),
        ({"shift": (0.0, float("nan"))}, "the shift is two distances"),
    ],
)
def test_what_cannot_be_built(settings, says):
    film, substrate, match = pair("Li", (0, 0, 1), "Li", (0, 0, 1), max_area=13, max_strain=1e-6)
    with pytest.raises(InputError) as caught:
        build_interface(film, substrate, match, **settings)
    assert says in str(caught.value)
    assert str(caught.value).startswith("Li_bcc(001) on Li_bcc(001): ")
