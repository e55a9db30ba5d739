"""Interstitial sites and hops, against textbook holes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from lianode.structures import library
from lianode.structures.errors import InputError
from lianode.structures.hops.interstitials import interstitial_sites, survey_interstitial_hops


def holes(structure, **settings):
    sites = interstitial_sites(structure, **settings)
    distances = structure.lattice.get_all_distances(sites.positions, structure.frac_coords).min(axis=1)
    return {
        orbit: (number, round(float(distances[sites.orbits.index(orbit)]), 3))
        for orbit, number in sites.distinct.items()
    }


def test_fcc_has_one_octahedral_and_two_tetrahedral_holes_per_atom():
    structure = library.phase("Al").primitive()
    a = 4.0496
    assert holes(structure) == {"i1": (1, round(a / 2, 3)), "i2": (2, round(a * np.sqrt(3) / 4, 3))}


def test_bcc_has_six_tetrahedral_holes_per_atom():
    structure = library.phase("Li").primitive()
    assert holes(structure) == {"i1": (6, round(3.5093 * np.sqrt(5) / 4, 3))}


def test_simple_cubic_has_the_body_centre():
    assert holes(Structure(Lattice.cubic(3.3), ["Po"], [[0.2, 0.3, 0.4]])) == {
        "i1": (1, round(3.3 * np.sqrt(3) / 2, 3))
    }


def test_fcc_hops_from_octahedron_to_tetrahedron():
    survey = survey_interstitial_hops(library.phase("Al"))
    (hop,) = survey.hops
    # 8 tetrahedra around each octahedron
    assert (hop.start_orbit, hop.end_orbit, hop.multiplicity, hop.symmetric) == ("i1", "i2", 8, False)
    assert hop.length == pytest.approx(4.0496 * np.sqrt(3) / 4)
    assert (hop.mechanism, survey.dimensions) == ("interstitial", 3)


def test_fcc_octahedra_are_joined_over_tetrahedra_or_past_an_edge():
    survey = survey_interstitial_hops(library.phase("Al"), cutoff=3.6)
    # i2-i2 at a/2 leads past the edge's middle; i1-i1 at a/sqrt(2); i2-i2 at a/sqrt(2); i2-i2 at a sqrt(3)/2 over i1
    assert any("two hops, not one" in sentence for sentence in survey.set_aside)


def test_bcc_hops_between_tetrahedra():
    survey = survey_interstitial_hops(library.phase("Li"))
    (hop,) = survey.hops
    # each tetrahedron has 4 neighbours at a sqrt(2)/4: 6 x 4 / 2
    assert (hop.multiplicity, hop.symmetric) == (12, True)
    assert hop.length == pytest.approx(3.5093 * np.sqrt(2) / 4, abs=1e-4)


def test_a_slightly_tetragonal_octahedron_stays_one_site():
    structure = library.phase("Al").structure.copy()
    stretched = Structure(
        Lattice.tetragonal(structure.lattice.a, 1.04 * structure.lattice.a), structure.species, structure.frac_coords
    ).get_primitive_structure()
    assert [number for number, _ in holes(stretched).values()] == [1, 2]


@pytest.mark.parametrize("name", ["In", "LiIn", "Li2Sn5", "LiSn"])
def test_no_candidate_is_close_to_an_atom_or_to_another_one(name):
    structure = library.phase(name).primitive()
    sites = interstitial_sites(structure)
    assert structure.lattice.get_all_distances(sites.positions, structure.frac_coords).min() > 1.5
    both = structure.lattice.get_all_distances(sites.positions, sites.positions)
    assert both[np.triu_indices(len(both), 1)].min() > 0.7


@pytest.mark.parametrize("name", ["In", "LiIn", "Li2Sn5"])
def test_nothing_depends_on_the_setting(name):
    phase = library.phase(name)
    structure = phase.structure.copy()
    structure.translate_sites(range(len(structure)), [0.11, 0.23, 0.37])
    structure.make_supercell([[1, 1, 0], [0, 1, 0], [0, 0, 1]])
    one, other = survey_interstitial_hops(phase), survey_interstitial_hops(replace(phase, structure=structure))
    assert one.sites.distinct == other.sites.distinct
    assert [(h.label, h.multiplicity, h.symmetric) for h in one.hops] == [
        (h.label, h.multiplicity, h.symmetric) for h in other.hops
    ]


def test_detailed_balance():
    survey = survey_interstitial_hops(library.phase("LiSn"))
    sites = survey.sites
    for hop, steps in zip(survey.hops, survey.equivalents, strict=True):
        if hop.symmetric:
            continue
        starts = {sum(s == n for s, _, _ in steps) for n, o in enumerate(sites.orbits) if o == hop.start_orbit}
        ends = {sum(e == n for _, e, _ in steps) for n, o in enumerate(sites.orbits) if o == hop.end_orbit}
        assert len(starts) == len(ends) == 1
        assert sites.distinct[hop.start_orbit] * starts.pop() == sites.distinct[hop.end_orbit] * ends.pop()


def test_a_crystal_without_room():
    with pytest.raises(InputError, match="no hole is large enough for Cs"):
        survey_interstitial_hops(library.phase("Al"), element="Cs")
