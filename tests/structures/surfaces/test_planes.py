"""Distinct planes, counted from the point groups."""

from __future__ import annotations

import pytest

from lianode.structures.errors import InputError
from lianode.structures.library import phase
from lianode.structures.surfaces.planes import distinct_planes, plane_family


@pytest.mark.parametrize("name", ["Li", "LiCl", "Li2S"])
def test_cubic_planes_with_inversion(name):
    found = {family.plane: len(family.equal) for family in distinct_planes(phase(name), 2)}
    assert found == {(1, 0, 0): 6, (1, 1, 0): 12, (1, 1, 1): 8, (2, 1, 0): 24, (2, 1, 1): 24, (2, 2, 1): 24}
    assert not any(family.polar for family in distinct_planes(phase(name), 2))


def test_zinc_blende_keeps_polar_pairs():
    """Point group -43m: {111} falls in two sets of four, {100} and {110} do not."""
    found = {family.plane: (len(family.equal), family.polar) for family in distinct_planes(phase("InP"), 1)}
    assert found == {(1, 0, 0): (6, False), (1, 1, 0): (12, False), (1, 1, 1): (4, True), (1, 1, -1): (4, True)}


def test_tetragonal_planes():
    found = {family.plane: len(family.equal) for family in distinct_planes(phase("In"), 1)}
    assert found == {(1, 0, 0): 4, (0, 0, 1): 2, (1, 1, 0): 4, (1, 0, 1): 8, (1, 1, 1): 8}


@pytest.mark.parametrize("name", ["Li", "LiCl", "InP", "In", "Li_hcp", "Li13In3", "Li3Ga2", "Li9Al4", "LiSn"])
@pytest.mark.parametrize("max_index", [1, 2])
def test_families_share_out_all_planes(name, max_index):
    families = distinct_planes(phase(name), max_index)
    members = [plane for family in families for plane in family.equal]
    assert len(members) == len(set(members))
    inside = [plane for plane in members if max(map(abs, plane)) <= max_index]
    assert len(inside) == {1: 26, 2: 98}[max_index]  # coprime triples
    for family in families:
        assert plane_family(phase(name), tuple(2 * index for index in family.plane)) == family


def test_what_is_no_index_or_no_crystal():
    for wrong in (0, 7, True, 1.0):
        with pytest.raises(InputError, match="whole number from 1 to 6"):
            distinct_planes(phase("Li"), wrong)
    with pytest.raises(InputError, match=r"no plane \(0, 0, 0\)"):
        plane_family(phase("Li"), (0, 0, 0))
    with pytest.raises(InputError, match="disordered"):
        distinct_planes(phase("Li6PS5Cl_average"), 1)
