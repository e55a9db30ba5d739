"""Distinct vacancy hops, against hand counts, detailed balance and other codes."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from lianode.structures import library
from lianode.structures.errors import InputError
from lianode.structures.hops.percolation import components, dimensionality
from lianode.structures.hops.vacancy_hops import survey_vacancy_hops, vacancy_hops

SEVEN = {  # distinct sites, distinct hops, cut-off (Å), dimensions: docs/barriers.md
    "Li": (1, 1, 3.09, 3),
    "LiIn35": (1, 0, 5.0, 0),
    "LiIn": (1, 1, 2.99, 3),
    "Li13In3": (4, 4, 2.99, 3),
    "Li2Sn5": (1, 1, 3.18, 1),
    "LiSn": (2, 6, 4.20, 3),
    "Li17Sn4": (13, 17, 3.01, 3),
}
SIX = [name for name in SEVEN if name != "LiIn35"]


def kinds(hops):
    return [(hop.label, round(hop.length, 4), hop.multiplicity, hop.symmetric) for hop in hops]


def per_start(survey):
    """Count directed hops of each kind from a site of each of its two classes, one by one."""
    counts = {}
    for hop, steps in zip(survey.hops, survey.equivalents, strict=True):
        forward, backward = [0] * len(survey.sites), [0] * len(survey.sites)
        for start, end, _ in steps:
            forward[start] += 1
            backward[end] += 1
            if hop.symmetric:
                forward[end] += 1
                backward[start] += 1
        orbits = survey.sites.orbits
        counts[hop.label] = (
            {n for n, orbit in zip(forward, orbits, strict=True) if orbit == hop.start_orbit},
            {n for n, orbit in zip(backward, orbits, strict=True) if orbit == hop.end_orbit},
        )
    return counts


def test_bcc_by_hand():
    # 8 first neighbours: 1 kind, 4 pairs per atom, in three dimensions
    (hop,) = vacancy_hops(library.phase("Li"))
    assert (hop.multiplicity, hop.symmetric, hop.label) == (4, True, "Li1-Li1a")
    assert hop.length == pytest.approx(3.5093 * np.sqrt(3) / 2, abs=1e-3)


def test_fcc_by_hand():
    (hop,) = vacancy_hops(library.phase("Li_fcc"))
    assert (hop.multiplicity, hop.symmetric) == (6, True)


def test_bcc_shells_by_hand():
    # 8, 6, 12, 24 neighbours; the fifth shell is twice the first, straight over an occupied site
    survey = survey_vacancy_hops(library.phase("Li"), cutoff=6.2)
    assert [hop.multiplicity for hop in survey.hops] == [4, 3, 6, 12]
    assert len(survey.set_aside) == 1
    assert "leads over an occupied Li1, 0.00 Å" in survey.set_aside[0]


def test_fcc_shells_by_hand():
    # 12, 6, 24, (12 over a neighbour), 24: the fourth shell is twice the first
    survey = survey_vacancy_hops(library.phase("Li_fcc"), cutoff=7.0)
    assert [hop.multiplicity for hop in survey.hops] == [6, 3, 12, 12]
    assert len(survey.set_aside) == 1


def test_b32_by_hand():
    # lithium in LiIn is a diamond net: 4 neighbours, 2 sites; then 12 along the faces' diagonals
    survey = survey_vacancy_hops(library.phase("LiIn"), cutoff=5.0)
    assert kinds(survey.hops)[0] == ("Li1-Li1a", 2.9384, 4, True)
    assert (survey.hops[1].multiplicity, survey.dimensions) == (12, 3)


def test_d03_by_hand():
    # 1 site (4a) with 8 neighbours at a sqrt(3)/4 on 2 sites (8c) with 4 each; 8c-8c: 6 at a/2; 4a-4a: 12 at a/sqrt(2)
    survey = survey_vacancy_hops(library.phase("Li3In"), cutoff=4.8)
    assert survey.sites.distinct == {"Li1": 1, "Li2": 2}
    found = {hop.label: (hop.multiplicity, hop.symmetric) for hop in survey.hops}
    # 4a-8c 8 per cell, 8c-8c 2 x 6 / 2, second neighbours in the fcc nets of 4a (12 / 2) and 8c (2 x 12 / 2)
    assert found == {
        "Li1-Li2a": (8, False),
        "Li2-Li2a": (6, True),
        "Li1-Li1a": (6, True),
        "Li2-Li2b": (12, True),
    }
    (default,) = vacancy_hops(library.phase("Li3In"))
    assert (default.start_orbit, default.end_orbit) == ("Li1", "Li2")


def test_a_simple_cubic_cell_has_several_images_of_one_pair():
    crystal = Structure(Lattice.cubic(3.0), ["Li"], [[0, 0, 0]])
    survey = survey_vacancy_hops(crystal, cutoff=4.3)
    assert [hop.multiplicity for hop in survey.hops] == [3, 6]
    assert len(set(survey.edges)) == 9


def test_li2sn5_has_channels_and_nothing_else_below_5_2():
    survey = survey_vacancy_hops(library.phase("Li2Sn5"))
    (hop,) = survey.hops
    assert (survey.dimensions, hop.multiplicity, hop.symmetric) == (1, 4, True)
    assert hop.image in {(0, 0, 1), (0, 0, -1)}
    assert len(survey_vacancy_hops(library.phase("Li2Sn5"), cutoff=5.15).hops) == 1
    between = survey_vacancy_hops(library.phase("Li2Sn5"), cutoff=5.4)
    assert [round(hop.length, 2) for hop in between.hops] == [3.12, 5.19, 5.34]
    assert between.dimensions == 3


@pytest.mark.parametrize("name", SEVEN)
def test_numbers_for_the_seven_phases(name):
    survey = survey_vacancy_hops(library.phase(name))
    assert (len(survey.sites.distinct), len(survey.hops), survey.cutoff, survey.dimensions) == SEVEN[name]
    assert survey.dimensions == dimensionality(survey.edges)


@pytest.mark.parametrize("name", [*SIX, "Li3In", "Li9Al4", "Li7Sn3", "Li13Sn5", "Li7Sn2"])
def test_multiplicities_obey_detailed_balance(name):
    survey = survey_vacancy_hops(library.phase(name))
    sites = survey.sites.distinct
    for hop in survey.hops:
        forward, backward = per_start(survey)[hop.label]
        assert len(forward) == len(backward) == 1, "sites of one class have equally many hops"
        there, back = sites[hop.start_orbit] * min(forward), sites[hop.end_orbit] * min(backward)
        assert there == back == hop.multiplicity * (2 if hop.symmetric else 1)


@pytest.mark.parametrize("name", SIX)
def test_steps_of_a_kind_are_all_there_and_no_two_kinds_share_one(name):
    survey = survey_vacancy_hops(library.phase(name))
    lengths = np.array([np.linalg.norm(survey.sites.vector(*step)) for step in survey.edges])
    both = {step for a, b, t in survey.edges for step in ((a, b, t), (b, a, tuple(-n for n in t)))}
    assert len(both) == 2 * len(survey.edges)
    crystal = survey.sites.crystal
    lithium = Structure(crystal.lattice, ["Li"] * len(survey.sites), survey.sites.positions)
    *_, distances = lithium.get_neighbor_list(survey.cutoff)
    assert len(both) == len(distances)  # nothing was set aside in these
    assert np.sort(np.repeat(lengths, 2)) == pytest.approx(np.sort(distances), abs=1e-3)


def marked_middles(structure, cutoff):
    """Count kinds of hops by another code: mark every hop's middle with an atom, let spglib (pymatgen) sort these."""
    lithium = [site for site in structure if site.specie.symbol == "Li"]
    only = Structure.from_sites(lithium)
    first, second, images, distances = only.get_neighbor_list(cutoff, exclude_self=True)
    all_middles = np.mod((only.frac_coords[first] + only.frac_coords[second] + images) / 2, 1.0)
    _, chosen = np.unique(np.round(all_middles + 1e-4, 3) % 1.0, axis=0, return_index=True)
    middles = all_middles[chosen]
    shells = [int(100 * distance + 0.13) for distance in distances[chosen]]
    marked = structure.copy()
    elements = ["Mg", "Ca", "Sr", "Ba", "Na", "K", "F", "Cl", "Br", "I", "O", "S", "Se", "Te", "N", "P", "As"]
    by_shell = dict(zip(sorted(set(shells)), elements, strict=False))
    for middle, shell in zip(middles, shells, strict=True):
        marked.append(by_shell[shell], middle)
    symmetrized = SpacegroupAnalyzer(marked, symprec=1e-3).get_symmetrized_structure()
    groups = [g for g in symmetrized.equivalent_indices if g[0] >= len(structure)]
    return sorted(len(group) for group in groups)


@pytest.mark.parametrize(
    ("name", "repeats"),
    [
        ("Li", (2, 2, 2)),
        ("LiIn", (1, 1, 1)),
        ("Li13In3", (1, 1, 1)),
        ("Li2Sn5", (1, 1, 3)),
        ("LiSn", (3, 3, 3)),
        ("Li3In", (1, 1, 1)),
        ("Li17Sn4", (1, 1, 1)),
    ],
)
def test_kinds_and_multiplicities_by_spglib_in_a_conventional_supercell(name, repeats):
    phase = library.phase(name)
    structure = phase.structure * repeats
    survey = survey_vacancy_hops(phase)
    cells = len(structure) / len(survey.sites.crystal)
    expected = sorted(int(hop.multiplicity * cells) for hop in survey.hops)
    assert marked_middles(structure, survey.cutoff) == expected


@pytest.mark.parametrize("name", ["Li", "LiIn", "Li13In3", "Li2Sn5", "LiSn"])
def test_kinds_by_moving_pairs_of_points_in_space(name):
    """Another method: Cartesian operations on pairs of points in the conventional cell."""
    phase = library.phase(name)
    survey = survey_vacancy_hops(phase)
    structure = phase.structure
    operations = SpacegroupAnalyzer(structure, symprec=1e-3).get_symmetry_operations(cartesian=True)
    lattice = structure.lattice
    lithium = Structure.from_sites([site for site in structure if site.specie.symbol == "Li"])
    first, second, images, _ = lithium.get_neighbor_list(survey.cutoff, exclude_self=True)

    def key(one, other):
        middle = lattice.get_fractional_coords((one + other) / 2)
        shift = lattice.get_cartesian_coords(np.floor(middle + 1e-4))
        ends = [tuple(np.round(point - shift, 2) + 0.0) for point in (one, other)]
        return tuple(sorted(ends))

    left = {}
    for i, j, image in zip(first, second, images, strict=True):
        one = lattice.get_cartesian_coords(lithium.frac_coords[i])
        other = lattice.get_cartesian_coords(lithium.frac_coords[j] + image)
        left[key(one, other)] = (one, other)
    sizes = []
    while left:
        one, other = next(iter(left.values()))
        orbit = {key(op.operate(one), op.operate(other)) for op in operations}
        assert orbit <= left.keys()
        sizes.append(len(orbit))
        for member in orbit:
            del left[member]
    cells = len(structure) / len(survey.sites.crystal)
    assert sorted(sizes) == sorted(int(hop.multiplicity * cells) for hop in survey.hops)


@pytest.mark.parametrize("name", ["Li", "LiIn", "Li13In3", "Li2Sn5", "LiSn", "Li3In"])
@pytest.mark.parametrize("change", ["supercell", "skew supercell", "origin", "rotation", "order", "noise", "mirror"])
def test_hops_do_not_depend_on_how_the_crystal_is_given(name, change):
    from dataclasses import replace

    phase = library.phase(name)
    structure = phase.structure.copy()
    rng = np.random.default_rng(3)
    if change == "supercell":
        structure = structure * (1, 2, 1)
    elif change == "skew supercell":
        structure.make_supercell([[1, 1, 0], [0, 1, 0], [0, 1, 1]])
    elif change == "origin":
        structure.translate_sites(range(len(structure)), [0.137, 0.291, 0.433])
    elif change in {"rotation", "mirror"}:
        turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        turn *= np.sign(np.linalg.det(turn)) * (-1 if change == "mirror" else 1)
        structure = Structure(structure.lattice.matrix @ turn, structure.species, structure.frac_coords)
    elif change == "order":
        structure = Structure.from_sites([structure[i] for i in rng.permutation(len(structure))])
    else:
        structure.perturb(1e-5)
    given, changed = survey_vacancy_hops(phase), survey_vacancy_hops(replace(phase, structure=structure))
    assert changed.sites.distinct == given.sites.distinct
    assert changed.dimensions == given.dimensions
    assert changed.cutoff == pytest.approx(given.cutoff)
    for one, other in zip(given.hops, changed.hops, strict=True):
        assert (one.label, one.multiplicity, one.symmetric) == (other.label, other.multiplicity, other.symmetric)
        assert one.length == pytest.approx(other.length, abs=1e-4)


def test_a_longer_cutoff_only_adds_names():
    short, long = (survey_vacancy_hops(library.phase("Li13In3"), cutoff=c) for c in (3.0, 3.5))
    assert kinds(long.hops)[: len(short.hops)] == kinds(short.hops)


def test_the_cutoff_found_gives_the_same_hops_when_written():
    for name in SIX:
        found = survey_vacancy_hops(library.phase(name))
        written = survey_vacancy_hops(library.phase(name), cutoff=found.cutoff)
        assert kinds(found.hops) == kinds(written.hops)


def test_a_shorter_cutoff_does_not_percolate_as_far():
    for name in SIX:
        survey = survey_vacancy_hops(library.phase(name))
        shorter = [
            step
            for hop, steps in zip(survey.hops, survey.equivalents, strict=True)
            if hop.length < survey.cutoff - 0.06
            for step in steps
        ]
        joined = [nodes for nodes, rows in components(shorter) if len(rows) == survey.dimensions]
        assert len(frozenset().union(*joined)) < len(survey.sites)


def test_a_path_through_another_atom_is_set_aside_with_a_sentence():
    crystal = Structure(Lattice.cubic(4.0), ["Li", "Cl"], [[0, 0, 0], [0.5, 0, 0]])
    survey = survey_vacancy_hops(crystal, cutoff=4.1)
    assert survey.dimensions == 2
    (sentence,) = survey.set_aside
    assert sentence == "the step from Li1 to Li1 over 4.00 Å crosses Cl at 0.00 Å: not a path"


def test_relaxed_lengths():
    survey = survey_vacancy_hops(library.phase("LiSn"))
    grown = survey.sites.crystal.copy()
    grown.scale_lattice(grown.volume * 1.1**3)
    assert [hop.length for hop in survey.on(grown).hops] == pytest.approx([1.1 * hop.length for hop in survey.hops])
    with pytest.raises(InputError, match="other atoms"):
        survey.on(library.phase("LiIn").primitive())


def test_a_relaxed_atom_that_crosses_the_boundary_keeps_its_hops():
    survey = survey_vacancy_hops(library.phase("LiSn"))
    moved = survey.sites.crystal.copy()
    for site in moved:
        site.frac_coords = np.mod(site.frac_coords - 0.01, 1.0)
    again = survey.on(moved)
    assert [hop.length for hop in again.hops] == pytest.approx([hop.length for hop in survey.hops])


def test_a_phase_without_lithium_is_refused():
    with pytest.raises(InputError, match=r"In_bct: the phase has no lithium that could hop"):
        vacancy_hops(library.phase("In"))


def test_a_disordered_phase_is_refused():
    with pytest.raises(InputError, match="partly or mixedly occupied"):
        vacancy_hops(library.phase("Li6PS5Cl_average"))


@pytest.mark.parametrize("cutoff", [0, -1, 100, float("nan")])
def test_cutoffs_that_are_none(cutoff):
    with pytest.raises(InputError, match="cannot be used"):
        vacancy_hops(library.phase("Li"), cutoff=cutoff)


def test_a_cutoff_that_leaves_nothing_says_what_would_do():
    with pytest.raises(InputError, match=r"the shortest hop has 3\.039 Å"):
        vacancy_hops(library.phase("Li"), cutoff=2.5)


def test_names_that_do_not_exist():
    survey = survey_vacancy_hops(library.phase("LiSn"))
    with pytest.raises(InputError, match=r"no site 'Li5'.*the distinct sites are Li1, Li2"):
        survey.between("Li1", "Li5")
    with pytest.raises(InputError, match=r"no hop 'Li1-Li2z' \(did you mean"):
        survey.hop("Li1-Li2z")
    assert [hop.label for hop in survey.between("Li2", "Li1")] == ["Li1-Li2a", "Li1-Li2b"]
    with pytest.raises(InputError, match=r"no hop up to 2\.99 Å joins Li1 and Li4"):
        survey_vacancy_hops(library.phase("Li13In3")).between("Li1", "Li4")
