"""Adsorbates rest on atoms, sit alike on both sides, and are never inside a slab."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Structure

from lianode.structures.adsorption.placing import (
    adsorbed,
    carried,
    opposite_site,
    repeats_for,
    same_atoms,
    touching_distances,
)
from lianode.structures.adsorption.sites import centre, distinct_sites
from lianode.structures.errors import InputError
from lianode.structures.interfaces.surface_cell import surface_cell
from lianode.structures.library import phase
from lianode.structures.surfaces.cuts import slab_cuts
from lianode.structures.surfaces.slabs import vacuum_slab


def made(name, plane, layers, supercell=(1, 1)):
    """A slab, its distinct sites, and the distances at which lithium touches its atoms."""
    surface = surface_cell(phase(name), plane)
    slab = vacuum_slab(surface, slab_cuts(surface)[0], layers, vacuum=15.0, supercell=supercell).structure
    touching = touching_distances(slab, phase(name), phase("Li"))
    return slab, distinct_sites(slab, touching), touching


@pytest.mark.parametrize(("name", "plane"), [("Li", (0, 0, 1)), ("Li_fcc", (1, 1, 1)), ("LiCl", (1, 0, 0))])
def test_an_adsorbate_touches_the_atoms_of_its_site(name, plane):
    slab, sites, touching = made(name, plane, 4, (2, 2))
    for distinct in sites:
        filled = adsorbed(slab, distinct.site.atoms, None, touching, "Li")
        distances = filled.distance_matrix[-1, :-1]
        assert (distances / touching).min() == pytest.approx(1.0, abs=1e-6)
        first = {int(i) for i in np.flatnonzero(distances < touching + 1e-6)}
        assert first <= {atom for atom, _, _ in distinct.site.atoms}


@pytest.mark.parametrize(
    ("name", "plane"), [("Li", (0, 0, 1)), ("Li_fcc", (1, 1, 1)), ("Li13In3", (1, 0, 0)), ("Li9Al4", (1, 0, 0))]
)
def test_adsorbates_on_both_sides_are_equal(name, plane):
    slab, sites, touching = made(name, plane, 2)
    for distinct in sites:
        other = opposite_site(slab, distinct.site.atoms)
        filled = adsorbed(slab, distinct.site.atoms, other, touching, "Li")
        assert other is not None
        kinds = [sorted(slab[atom].specie.symbol for atom, _, _ in side) for side in (distinct.site.atoms, other)]
        assert kinds[0] == kinds[1]
        for distances in filled.distance_matrix[-2:, :-2]:
            assert (distances / touching).min() == pytest.approx(1.0, abs=1e-6)
        heights = slab.cart_coords[:, 2]
        assert filled[-2].z > heights.mean() > filled[-1].z
        middles = [centre(slab, side)[2] for side in (distinct.site.atoms, other)]
        assert sum(middles) == pytest.approx(heights.max() + heights.min(), abs=1e-3)


def test_a_polar_slab_has_no_other_side():
    slab, sites, _ = made("InP", (1, 1, 1), 4)
    assert opposite_site(slab, sites[0].site.atoms) is None


def test_what_is_inside_or_beyond_is_refused():
    slab, sites, touching = made("Li", (0, 0, 1), 5)
    top = sites[0].site.atoms
    assert adsorbed(slab, top, None, touching, "Li", height=2.5)[-1].z == pytest.approx(centre(slab, top)[2] + 2.5)
    with pytest.raises(InputError, match=r"is 0\.52 Å from Li, inside the slab; they touch at 3\.04 Å"):
        adsorbed(slab, top, None, touching, "Li", height=0.5)
    with pytest.raises(InputError, match="meets the next image"):
        adsorbed(slab, top, None, touching, "Li", height=8.0)


def test_the_smallest_supercell_keeps_images_apart():
    surface = surface_cell(phase("Li_fcc"), (1, 1, 1))  # rhombic, side 3.10 Å
    side = float(np.linalg.norm(surface.in_plane[0]))
    assert repeats_for(surface, side) == (1, 1)
    assert repeats_for(surface, side + 0.1) == (2, 2)
    oblong = surface_cell(phase("Li_fcc"), (1, 1, 0))  # a/√2 and a
    assert repeats_for(oblong, side + 0.1) == (2, 1)
    with pytest.raises(InputError, match="more than 12 surface cells"):
        repeats_for(surface, 100.0)


def test_sites_follow_their_atoms():
    """A relaxed slab may be strained, moved up, wrapped otherwise and listed in another order."""
    slab, sites, _ = made("Li13In3", (1, 0, 0), 2)
    rng = np.random.default_rng(3)
    order = rng.permutation(len(slab))
    fractions = np.mod(slab.frac_coords + rng.normal(0, 0.003, (len(slab), 3)) * [1, 1, 0.3], 1.0)
    lattice = slab.lattice.matrix * [[1.03], [1.03], [1.01]]
    after = Structure(lattice, [slab.species[i] for i in order], fractions[order])
    numbers = same_atoms(slab, after)
    assert (order[numbers] == np.arange(len(slab))).all()
    for distinct in sites:
        for site in distinct.equal:
            found = centre(after, carried(site.atoms, slab, after, numbers))
            expected = centre(slab, site.atoms)
            apart = (found @ np.linalg.inv(lattice) - expected @ np.linalg.inv(slab.lattice.matrix))[:2]
            assert np.linalg.norm((apart - np.rint(apart)) @ lattice[:2, :2]) < 0.15


def test_another_slab_is_not_taken_for_the_same():
    slab, _, _ = made("Li13In3", (1, 0, 0), 2)
    other, _, _ = made("Li", (0, 0, 1), 5)
    with pytest.raises(InputError, match="is none of"):
        same_atoms(slab, other)
    away = Structure(slab.lattice, slab.species, slab.frac_coords + np.eye(len(slab), 3) * 0.4)
    with pytest.raises(InputError, match="sites cannot be found again"):
        same_atoms(slab, away)
