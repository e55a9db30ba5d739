"""Slabs with equal surfaces, found by hand: where a crystal can be turned upside down, and what is left over."""

from __future__ import annotations

import numpy as np
import pytest

from lianode.structures.errors import InputError
from lianode.structures.interfaces.surface_cell import surface_cell
from lianode.structures.library import phase
from lianode.structures.surfaces.cuts import slab_cut, slab_cuts, turning_heights
from lianode.structures.surfaces.planes import distinct_planes
from lianode.structures.surfaces.slabs import has_equal_surfaces, layers_of, vacuum_slab


@pytest.mark.parametrize(
    ("name", "plane", "cuts"),
    [
        ("Li", (1, 0, 0), {"Li|Li": ("stoichiometric", {})}),
        ("LiCl", (1, 0, 0), {"LiCl|LiCl": ("stoichiometric", {})}),
        ("LiCl", (1, 1, 0), {"LiCl|LiCl": ("stoichiometric", {})}),
        # every second plane is charged: only slabs with one plane too many have equal surfaces
        ("LiCl", (1, 1, 1), {"Li|Cl": ("non-stoichiometric", {"Li": 1}), "Cl|Li": ("non-stoichiometric", {"Cl": 1})}),
        (
            "Li2S",
            (1, 1, 1),
            {
                "Li|Li": ("stoichiometric", {}),
                "Li|S": ("non-stoichiometric", {"Li": 2}),
                "S|Li": ("non-stoichiometric", {"S": 1}),
            },
        ),
        ("Li2S", (1, 0, 0), {"Li|S": ("non-stoichiometric", {"Li": 2}), "S|Li": ("non-stoichiometric", {"S": 1})}),
        ("Sn_alpha", (1, 1, 1), {"Sn|Sn#1": ("stoichiometric", {}), "Sn|Sn#2": ("stoichiometric", {})}),
        # zinc blende has no operation that turns [111] around
        ("InP", (1, 1, 1), {"In|P": ("cleavage", {}), "P|In": ("cleavage", {})}),
        ("InP", (1, 1, 0), {"InP|InP": ("stoichiometric", {})}),
    ],
)
def test_kinds(name, plane, cuts):
    found = slab_cuts(surface_cell(phase(name), plane))
    assert {cut.name: (cut.kind, cut.excess) for cut in found} == cuts


@pytest.mark.parametrize("name", ["Li", "In", "Sn", "LiCl", "Li2S", "Li3P", "Li3Ga2", "InP", "Li_hcp", "Li9Al4"])
def test_spglib_agrees_that_surfaces_are_equal(name):
    """What the crystal's operations promise is what spglib finds in the slab, at every thickness."""
    crystal = phase(name)
    for family in distinct_planes(crystal, 1):
        surface = surface_cell(crystal, family.plane)
        assert bool(len(turning_heights(surface))) is not family.polar
        for cut in slab_cuts(surface):
            for layers in (1, 2):
                slab = vacuum_slab(surface, cut, layers, vacuum=10.0)
                assert has_equal_surfaces(slab.structure) or not cut.symmetric
                assert bool(slab.excess) is (cut.kind == "non-stoichiometric")


@pytest.mark.parametrize(("name", "plane"), [("LiCl", (1, 1, 1)), ("Li3P", (0, 0, 1)), ("In", (1, 0, 1))])
def test_a_slab_is_the_crystal(name, plane):
    """In-plane cell, number of atoms and every distance inside are those of the crystal; the rest is vacuum."""
    surface = surface_cell(phase(name), plane)
    for cut in slab_cuts(surface):
        slab = vacuum_slab(surface, cut, 3, vacuum=12.0)
        assert np.abs(slab.structure.lattice.matrix[:2, :2] - surface.in_plane).max() < 1e-12
        assert slab.area == pytest.approx(surface.area)
        heights = slab.structure.cart_coords[:, 2]
        assert slab.structure.lattice.c == pytest.approx(np.ptp(heights) + 12.0)
        assert heights.min() == pytest.approx(6.0)
        unit = surface.structure().composition.reduced_composition
        own = {e.symbol: slab.formula_units * int(n) + slab.excess.get(e.symbol, 0) for e, n in unit.items()}
        assert own == {e.symbol: int(n) for e, n in slab.structure.composition.items()}
        inside = slab.structure.get_neighbors(slab.structure[int(slab.middle[0])], 4.0)
        symbol = slab.structure[int(slab.middle[0])].specie
        cell = surface.structure()
        shells = [
            sorted(round(n.nn_distance, 6) for n in cell.get_neighbors(site, 4.0)) for site in cell
            if site.specie == symbol
        ]  # fmt: skip
        assert sorted(round(n.nn_distance, 6) for n in inside) in shells


def test_supercells_only_repeat():
    surface = surface_cell(phase("LiCl"), (1, 0, 0))
    cut = slab_cut(surface)
    one, six = (vacuum_slab(surface, cut, 3, vacuum=10.0, supercell=cells) for cells in ((1, 1), (2, 3)))
    assert (six.area, six.formula_units) == (pytest.approx(6 * one.area), 6 * one.formula_units)
    assert len(six.middle) == 6 * len(one.middle)


def test_series():
    surface = surface_cell(phase("Li"), (1, 0, 0))  # planes 1.72 Å apart
    assert layers_of(surface, (10.0, 15.0, 20.0)) == (6, 9, 12)
    assert layers_of(surface, (10.0, 10.2, 10.4)) == (6, 7, 8)
    d = surface.spacing
    assert layers_of(surface, (3 * d, 4 * d)) == (3, 4)


def test_what_is_no_slab():
    surface = surface_cell(phase("Li13In3"), (1, 0, 0))
    cut = slab_cut(surface)
    with pytest.raises(InputError, match=r"^Li13In3\(100\): a vacuum of 0 Å leaves no surface; [^.]*$"):
        vacuum_slab(surface, cut, 1, vacuum=0.0)
    with pytest.raises(InputError, match=r"^Li13In3\(100\): a slab of 3 Å is thinner than the crystal's period .*6\."):
        layers_of(surface, (3.0, 10.0, 20.0))
    with pytest.raises(InputError, match="a slab of 0 lattice planes is thinner"):
        vacuum_slab(surface, cut, 0, vacuum=10.0)
    with pytest.raises(InputError, match="no termination 'Li'"):
        slab_cut(surface, "Li")
    with pytest.raises(InputError, match="no slab can be cut from an average"):
        surface_cell(phase("Li6PS5Cl_average"), (1, 0, 0))
