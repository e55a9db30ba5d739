"""Sites of surfaces that every textbook draws, and what must not depend on how a slab is written down."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Structure

from lianode.structures.adsorption.placing import touching_distances
from lianode.structures.adsorption.sites import centre, distinct_sites, open_atoms
from lianode.structures.interfaces.surface_cell import surface_cell
from lianode.structures.library import phase
from lianode.structures.surfaces.cuts import slab_cuts
from lianode.structures.surfaces.slabs import vacuum_slab


def cut(name, plane, layers, supercell=(1, 1)):
    surface = surface_cell(phase(name), plane)
    return vacuum_slab(surface, slab_cuts(surface)[0], layers, vacuum=15.0, supercell=supercell).structure


def sites_of(slab, name):
    """Label, atoms of one site, and equal sites in the cell."""
    found = distinct_sites(slab, touching_distances(slab, phase(name), phase("Li")))
    return [(one.label, len(one.site.atoms), len(one.equal)) for one in found]


@pytest.mark.parametrize(
    ("name", "plane", "sites"),
    [
        ("Li", (0, 0, 1), [("top", 1, 1), ("bridge", 2, 2), ("hollow", 4, 1)]),
        # short and long bridges, and the threefold hollows on both sides of the long one
        ("Li", (1, 1, 0), [("top", 1, 1), ("bridge-1", 2, 2), ("bridge-2", 2, 1), ("hollow", 3, 2)]),
        ("Li_fcc", (1, 0, 0), [("top", 1, 1), ("bridge", 2, 2), ("hollow", 4, 1)]),
        # fcc and hcp hollows differ by what is below
        ("Li_fcc", (1, 1, 1), [("top", 1, 1), ("bridge", 2, 3), ("hollow-1", 3, 1), ("hollow-2", 3, 1)]),
        ("Li_fcc", (1, 1, 0), [("top", 1, 1), ("bridge-1", 2, 1), ("bridge-2", 2, 1), ("hollow", 4, 1)]),
        ("LiCl", (1, 0, 0), [("top-1", 1, 1), ("top-2", 1, 1), ("bridge", 2, 4), ("hollow", 4, 2)]),
    ],
)
def test_sites_of_textbooks(name, plane, sites):
    assert sites_of(cut(name, plane, 5), name) == sites


@pytest.mark.parametrize(("name", "plane"), [("Li", (0, 0, 1)), ("Li_fcc", (1, 1, 1)), ("Li13In3", (1, 0, 0))])
def test_a_supercell_has_the_same_sites_more_often(name, plane):
    one, four = (sites_of(cut(name, plane, 4, supercell), name) for supercell in ((1, 1), (2, 2)))
    assert four == [(label, atoms, 4 * equal) for label, atoms, equal in one]


def test_a_supercell_that_breaks_symmetry_tells_more_sites_apart():
    labels = [label for label, _, _ in sites_of(cut("Li", (0, 0, 1), 4, (2, 1)), "Li")]
    assert labels == ["top", "bridge-1", "bridge-2", "hollow"]


@pytest.mark.parametrize(("name", "plane"), [("Li", (1, 1, 0)), ("Li3Ga2", (1, 1, 0)), ("Li9Al4", (1, 0, 0))])
def test_turned_shifted_and_shuffled_slabs_have_the_same_sites(name, plane):
    slab = cut(name, plane, 2)
    shuffled = np.random.default_rng(1).permutation(len(slab))
    fractions = np.mod(slab.frac_coords + np.array([0.37, 0.61, 0.0]), 1.0)[shuffled]
    # the other basis of the same lattice in the plane, and turned about the normal
    basis = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1]])
    angle = np.deg2rad(37.0)
    turn = np.array([[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    lattice = basis @ slab.lattice.matrix @ turn
    other = Structure(lattice, [slab.species[i] for i in shuffled], fractions @ np.linalg.inv(basis))
    assert sorted(one[1:] for one in sites_of(other, name)) == sorted(one[1:] for one in sites_of(slab, name))


def test_the_lower_side_of_a_symmetric_slab_has_the_same_sites():
    slab = cut("Li13In3", (1, 0, 0), 2)
    fractions = np.array(slab.frac_coords) * [1, -1, -1] + [0, 0, 1]
    turned = Structure(slab.lattice, slab.species, fractions)
    assert sorted(one[1:] for one in sites_of(turned, "Li13In3")) == sorted(
        one[1:] for one in sites_of(slab, "Li13In3")
    )


def test_sites_are_between_their_atoms():
    """The hollow of a square is as far from its four atoms; no site is listed twice."""
    slab = cut("Li", (0, 0, 1), 5, (2, 2))
    found = distinct_sites(slab, touching_distances(slab, phase("Li"), phase("Li")))
    places = []
    for distinct in found:
        for site in distinct.equal:
            middle = centre(slab, site.atoms)
            corners = [slab[atom].coords + np.array([a, b, 0]) @ slab.lattice.matrix for atom, a, b in site.atoms]
            away = np.linalg.norm(np.array(corners) - middle, axis=1)
            assert away == pytest.approx(np.full(len(away), away[0]))
            places.append(middle)
    fractions = slab.lattice.get_fractional_coords(places)
    apart = slab.lattice.get_all_distances(fractions, fractions) + 10 * np.eye(len(places))
    assert apart.min() > 1.0


def test_atoms_below_others_are_no_surface_atoms():
    slab = cut("Li_fcc", (1, 1, 1), 4)
    touching = touching_distances(slab, phase("Li_fcc"), phase("Li"))
    assert open_atoms(slab, touching).tolist() == [int(np.argmax(slab.cart_coords[:, 2]))]
