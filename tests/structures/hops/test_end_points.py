"""End points: one index map, minimum image, and relaxations shared between hops."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from ase.calculators.lj import LennardJones
from pymatgen.core import Lattice, Structure
from pymatgen.io.ase import AseAtomsAdaptor

from lianode.structures import library
from lianode.structures.errors import InputError
from lianode.structures.hops.end_points import distinct_end_points, end_points, relaxed_end_points
from lianode.structures.hops.exchange import survey_exchange_hops
from lianode.structures.hops.given_end_points import given_end_points
from lianode.structures.hops.interstitials import survey_interstitial_hops
from lianode.structures.hops.supercell import supercell, vacancy_supercell
from lianode.structures.hops.vacancy_hops import survey_vacancy_hops

VACANCY = ["Li", "LiIn", "Li13In3", "Li2Sn5", "LiSn", "Li3In"]


def surveys():
    for name in VACANCY:
        yield pytest.param(lambda name=name: survey_vacancy_hops(library.phase(name)), id=f"{name} vacancy")
    yield pytest.param(lambda: survey_exchange_hops(library.phase("In")), id="In exchange")
    yield pytest.param(lambda: survey_exchange_hops(library.phase("Sn_beta"), cutoff=3.2), id="Sn exchange")
    yield pytest.param(lambda: survey_interstitial_hops(library.phase("In")), id="In interstitial")
    yield pytest.param(lambda: survey_interstitial_hops(library.phase("LiSn")), id="LiSn interstitial")


def displacement(ends):
    step = np.asarray(ends.final.frac_coords) - np.asarray(ends.initial.frac_coords)
    return step @ ends.initial.lattice.matrix


@pytest.mark.parametrize("make", list(surveys()))
def test_one_atom_moves_by_the_length_of_the_hop(make):
    survey = make()
    cell = vacancy_supercell(survey.sites.crystal, length=max(10.0, 2.01 * survey.longest))
    for hop in survey.hops:
        ends = end_points(survey, hop, cell)
        moved = np.linalg.norm(displacement(ends), axis=1)
        assert int(np.argmax(moved)) == ends.moving
        assert moved[ends.moving] == pytest.approx(hop.length, abs=1e-3)
        assert np.delete(moved, ends.moving).max() == 0.0
        assert ends.initial.species == ends.final.species
        assert ends.initial[ends.moving].specie.symbol == hop.moves
        # the shortest way, also by pymatgen's search for the nearest image
        near = ends.initial.lattice.get_distance_and_image(
            ends.initial[ends.moving].frac_coords, ends.final[ends.moving].frac_coords
        )[0]
        assert near == pytest.approx(hop.length, abs=1e-3)
        for one in (ends.initial, ends.final):
            assert one.distance_matrix[np.triu_indices(len(one), 1)].min() > 1.4


@pytest.mark.parametrize("make", list(surveys()))
def test_elements_stand_together(make):
    survey = make()
    cell = vacancy_supercell(survey.sites.crystal, length=max(10.0, 2.01 * survey.longest))
    ends = end_points(survey, survey.hops[0], cell)
    symbols = [site.specie.symbol for site in ends.initial]
    assert sum(a != b for a, b in pairwise(symbols)) == len(set(symbols)) - 1


def relaxed(structure, steps=3):
    """Move atoms along the forces of a pair potential: symmetric, as any relaxation, and cheap."""
    atoms = AseAtomsAdaptor.get_atoms(structure)
    atoms.calc = LennardJones(sigma=2.5, epsilon=0.2, rc=6.0, smooth=True)
    for _ in range(steps):
        forces = atoms.get_forces()
        atoms.positions += 0.05 * forces / max(np.abs(forces).max(), 1e-9)
    return Structure(structure.lattice, structure.species, atoms.get_scaled_positions(wrap=False)), atoms


@pytest.mark.parametrize("make", list(surveys()))
def test_a_relaxation_carried_over_is_the_relaxation_made_there(make):
    survey = make()
    cell = vacancy_supercell(survey.sites.crystal, length=max(8.0, 2.01 * survey.longest))
    once = {name: relaxed(structure)[0] for name, structure in distinct_end_points(survey, cell).items()}
    for hop in survey.hops[:4]:
        unrelaxed = end_points(survey, hop, cell)
        shared = relaxed_end_points(survey, hop, cell, once)
        assert shared.moving == unrelaxed.moving
        for mine, start in ((shared.initial, unrelaxed.initial), (shared.final, unrelaxed.final)):
            assert mine.species == start.species
            there, atoms = relaxed(start)
            step = (np.asarray(mine.frac_coords) - np.asarray(there.frac_coords)) @ mine.lattice.matrix
            # library coordinates obey the symmetry to some 1e-5 Å only
            assert np.abs(step).max() < 2e-3, hop.label
            carried = AseAtomsAdaptor.get_atoms(mine)
            carried.calc = atoms.calc
            assert carried.get_potential_energy() == pytest.approx(atoms.get_potential_energy(), abs=2e-3)


def test_the_vacancy_of_the_initial_end_point_is_on_the_start():
    survey = survey_vacancy_hops(library.phase("Li3In"))
    cell = vacancy_supercell(library.phase("Li3In"))
    (hop,) = survey.hops
    ends = end_points(survey, hop, cell)
    for structure, site, image in (
        (ends.initial, hop.start, (0, 0, 0)),
        (ends.final, hop.end, hop.image),
    ):
        place = cell.fractional(survey.sites.positions[site] + np.array(image))
        assert structure.lattice.get_all_distances(place, structure.frac_coords).min() > 2.5


def test_a_supercell_that_is_too_small():
    survey = survey_vacancy_hops(library.phase("LiSn"))
    with pytest.raises(InputError, match=r"LiSn_P2m, Li2-Li2c: the supercell is too small: its images are"):
        end_points(survey, survey.hop("Li2-Li2c"), supercell(library.phase("LiSn"), (1, 2, 1)))


def test_a_site_that_does_not_exist():
    survey = survey_vacancy_hops(library.phase("Li"))
    with pytest.raises(InputError, match="uses site 7, which does not exist"):
        end_points(survey, replace(survey.hops[0], end=7), vacancy_supercell(library.phase("Li")))


def test_a_supercell_of_another_crystal():
    survey = survey_vacancy_hops(library.phase("Li"))
    with pytest.raises(InputError, match="not of the crystal of the hops"):
        end_points(survey, survey.hops[0], vacancy_supercell(library.phase("LiIn")))


def test_a_relaxed_crystal_goes_into_a_supercell_of_its_own():
    survey = survey_vacancy_hops(library.phase("LiSn"))
    grown = survey.sites.crystal.copy()
    grown.scale_lattice(grown.volume * 1.02)
    old = vacancy_supercell(library.phase("LiSn"))
    with pytest.raises(InputError, match="another relaxation"):
        end_points(survey.on(grown), survey.hops[0], old)
    ends = end_points(survey.on(grown), survey.hops[0], supercell(grown, old.repeats))
    assert ends.initial.volume == pytest.approx(1.02 * old.structure.volume)


def test_a_path_that_crosses_an_atom():
    crystal = Structure(Lattice.cubic(4.0), ["Li", "Cl"], [[0, 0, 0], [0.5, 0, 0]])
    survey = survey_vacancy_hops(crystal, cutoff=4.1)
    through = replace(survey.hops[0], image=(1, 0, 0))
    with pytest.raises(InputError, match=r"the straight path of Li crosses Cl \(atom 2\) at 0\.00 Å"):
        end_points(survey, through, supercell(crystal, (3, 3, 3)))


def test_a_supercell_without_the_symmetry_cannot_share():
    survey = survey_vacancy_hops(library.phase("Li17Sn4"))
    cell = supercell(library.phase("Li17Sn4"), ((1, 0, 0), (0, 1, 0), (0, 1, 2)))
    once = distinct_end_points(survey, cell)

    def share_all():
        for hop in survey.hops:
            relaxed_end_points(survey, hop, cell, once)

    with pytest.raises(InputError, match="does not keep the operation"):
        share_all()


def test_relaxed_end_points_that_are_wrong():
    survey = survey_vacancy_hops(library.phase("Li"))
    cell = vacancy_supercell(library.phase("Li"))
    with pytest.raises(InputError, match="needs the relaxed end point Li1"):
        relaxed_end_points(survey, survey.hops[0], cell, {})
    with pytest.raises(InputError, match="other atoms"):
        relaxed_end_points(survey, survey.hops[0], cell, {"Li1": cell.structure})


def user_end_points():
    survey = survey_vacancy_hops(library.phase("LiIn"))
    return end_points(survey, survey.hops[0], vacancy_supercell(library.phase("LiIn")))


def test_given_end_points_in_any_order_and_cell():
    ends = user_end_points()
    rng = np.random.default_rng(0)
    order = rng.permutation(len(ends.final))
    mixed = Structure(
        ends.final.lattice,
        [ends.final[i].specie for i in order],
        [ends.final[i].frac_coords + rng.integers(-2, 3, 3) for i in order],
    )
    found = given_end_points(ends.initial, mixed)
    assert found.moving == ends.moving
    assert np.abs(displacement(found) - displacement(ends)).max() < 1e-9
    assert found.final.species == ends.initial.species


def test_given_end_points_with_different_atoms():
    ends = user_end_points()
    other = ends.final.copy()
    other.replace(0, "In")
    with pytest.raises(InputError, match=r"the end points have different atoms, Li31 In32 and Li30 In33"):
        given_end_points(ends.initial, other)


def test_given_end_points_in_different_cells_or_equal():
    ends = user_end_points()
    other = ends.final.copy()
    other.scale_lattice(other.volume * 1.05)
    with pytest.raises(InputError, match="different cells"):
        given_end_points(ends.initial, other)
    with pytest.raises(InputError, match="the same structure"):
        given_end_points(ends.initial, ends.initial.copy())


def test_given_end_points_whose_path_crosses_an_atom():
    crystal = Structure(Lattice.cubic(9.0), ["Li", "Cl"], [[0, 0, 0], [0.25, 0, 0]])
    moved = crystal.copy()
    moved.replace(0, "Li", [0.45, 0, 0])
    with pytest.raises(InputError, match=r"end points: the straight path of Li crosses Cl"):
        given_end_points(crystal, moved)
