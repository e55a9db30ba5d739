"""Terminations, counted by hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from lianode.structures.errors import InputError
from lianode.structures.interfaces.surface_cell import surface_cell
from lianode.structures.interfaces.terminations import cut_slab, termination, terminations
from lianode.structures.interfaces.units import covalent_units
from lianode.structures.interfaces.variants import slab_of_thickness
from lianode.structures.library import phase


@pytest.mark.parametrize(
    ("name", "plane", "cuts"),
    [
        ("LiCl", (0, 0, 1), {"LiCl|LiCl": 1}),
        ("LiCl", (1, 1, 1), {"Li|Cl": 1, "Cl|Li": 1}),
        ("Li2S", (1, 1, 1), {"Li|Li": 1, "Li|S": 1, "S|Li": 1}),
        ("Li2S", (0, 0, 1), {"Li|S": 1, "S|Li": 1}),
        ("Li2S", (1, 1, 0), {"Li2S|Li2S": 1}),
        ("In", (0, 0, 1), {"In|In": 1}),
        ("Li", (1, 1, 0), {"Li|Li": 1}),
        # two equal cuts per cell: the screw axis takes A|B to B|A
        ("Li_hcp", (0, 0, 1), {"Li|Li": 2}),
        # corundum: Al-O3-Al, six times along c, two of them in the rhombohedral spacing
        ("Al2O3", (0, 0, 1), {"Al|O": 2, "O|Al": 2, "Al|Al": 2}),
        # diamond lattice: the wide and the narrow cut
        ("Sn_alpha", (1, 1, 1), {"Sn|Sn#1": 1, "Sn|Sn#2": 1}),
    ],
)
def test_cuts(name, plane, cuts):
    found = terminations(surface_cell(phase(name), plane))
    assert {one.name: one.equal_cuts for one in found} == cuts
    assert [one.opening for one in found] == sorted((one.opening for one in found), reverse=True)


def test_openings_of_li2s_111():
    """Planes S, Li, Li at 0, 1/4, 3/4 of a / sqrt(3)."""
    crystal = phase("Li2S")
    d = crystal.structure.lattice.a / np.sqrt(3)
    openings = {one.name: one.opening for one in terminations(surface_cell(crystal, (1, 1, 1)))}
    assert openings == pytest.approx({"Li|Li": d / 2, "S|Li": d / 4, "Li|S": d / 4})


def test_a_polar_plane_has_two_sides():
    up = [one.name for one in terminations(surface_cell(phase("InP"), (1, 1, 1)))]
    down = [one.name for one in terminations(surface_cell(phase("InP"), (-1, -1, -1)))]
    assert up == ["In|P", "P|In"]
    assert down == ["P|In", "In|P"]  # the wide cut comes first


def test_no_cut_goes_through_ps4():
    surface = surface_cell(phase("Li6PS5Cl_ordered_48h"), (1, 0, 0))
    sizes = Counter(len(unit) for unit in covalent_units(surface))
    assert sizes == {1: 8, 5: 1}
    for one in terminations(surface):
        slab = cut_slab(surface, 2, one)
        phosphorus = [n for n, element in enumerate(slab.elements) if element == "P"]
        sulfur = [n for n, element in enumerate(slab.elements) if element == "S"]
        for n in phosphorus:  # open boundaries along the normal: all four are in the slab
            near = slab.positions[sulfur] - slab.positions[n]
            along = near[:, :2] @ np.linalg.inv(surface.in_plane)
            near[:, :2] = (along - np.rint(along)) @ surface.in_plane
            assert (np.linalg.norm(near, axis=1) < 2.3).sum() == 4


def test_networks_are_no_units():
    assert {len(unit) for unit in covalent_units(surface_cell(phase("InP"), (1, 1, 1)))} == {1}


@pytest.mark.parametrize(("name", "plane"), [("Li2S", (1, 1, 1)), ("Li9Al4", (1, 0, 0)), ("Li13In3", (1, 0, 0))])
@pytest.mark.parametrize("repeats", [1, 3])
def test_slabs_have_the_crystals_composition(name, plane, repeats):
    surface = surface_cell(phase(name), plane)
    for one in terminations(surface):
        slab = cut_slab(surface, repeats, one)
        assert Counter(slab.elements) == {e: n * repeats for e, n in Counter(surface.elements).items()}
        assert slab.thickness == pytest.approx(repeats * surface.spacing)
        assert not slab.excess
        assert slab.positions[:, 2].min() > 0
        assert slab.positions[:, 2].max() < slab.thickness
        # what is left out above the upper plane and below the lower one is the opening of the cut
        height = np.ptp(slab.positions[:, 2])
        assert slab.thickness - height == pytest.approx(one.opening, abs=0.1)
        assert Counter(slab.layers) == dict.fromkeys(range(repeats), len(surface.elements))


def test_a_slab_between_different_cuts_has_an_excess():
    surface = surface_cell(phase("LiCl"), (1, 1, 1))
    chlorine_up_and_down = cut_slab(surface, 2, termination(surface, "Li|Cl"), termination(surface, "Cl|Li"))
    assert chlorine_up_and_down.elements == ("Cl", "Li", "Cl", "Li", "Cl")
    assert (chlorine_up_and_down.formula_units, chlorine_up_and_down.excess) == (2, {"Cl": 1})
    assert chlorine_up_and_down.thickness == pytest.approx(2.5 * surface.spacing)


def test_slabs_by_thickness():
    surface = surface_cell(phase("In"), (0, 0, 1))
    assert slab_of_thickness(surface, 12.0).repeats == 5
    assert slab_of_thickness(surface, 2 * surface.spacing).repeats == 2


def test_what_there_is_not():
    surface = surface_cell(phase("Li2S"), (1, 1, 1))
    with pytest.raises(InputError, match=r"no termination 'S\|S'.*there are Li\|Li, S\|Li, Li\|S"):
        termination(surface, "S|S")
    with pytest.raises(InputError, match="0 lattice planes has no atoms"):
        cut_slab(surface, 0, termination(surface))
    for thickness in (0, -3, float("nan"), float("inf")):
        with pytest.raises(InputError, match="Å thick above 0"):
            slab_of_thickness(surface, thickness)
