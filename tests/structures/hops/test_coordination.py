"""Neighbours of the moving lithium, against structures whose coordination is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lianode.structures import library
from lianode.structures.errors import InputError
from lianode.structures.hops.coordination import coordination, shell_radius
from lianode.structures.hops.end_points import end_points
from lianode.structures.hops.sites import lithium_sites
from lianode.structures.hops.supercell import vacancy_supercell
from lianode.structures.hops.vacancy_hops import survey_vacancy_hops


def of(name):
    sites = lithium_sites(library.phase(name))
    return coordination(sites.crystal, sites.atoms[0], radius=shell_radius(sites))


@pytest.mark.parametrize(("name", "number"), [("Li", 14), ("Li_fcc", 12), ("LiCl", 6), ("Li3In_L12", 12)])
def test_textbook_coordination(name, number):
    assert of(name).number == number


def test_elements_are_told_apart():
    assert of("Li2S").by_element == {"Li": 6, "S": 4}
    # LiIn: 4 Li and 4 In at the cube's corners, 6 In beyond its faces; Li2Sn5: 10 Sn, and Li above and below
    assert of("LiIn").by_element == {"In": 10, "Li": 4}
    assert of("Li2Sn5").by_element == {"Li": 2, "Sn": 10}


def test_effective_number_is_hoppes():
    # bcc: weights exp(1 - (d/d0)^6) with d0 the mean weighted by exp(1 - (d/d1)^6), repeated until it stands
    distances = np.array([3.5093 * math.sqrt(3) / 2] * 8 + [3.5093] * 6 + [3.5093 * math.sqrt(2)] * 12)
    mean = distances.min()
    for _ in range(100):
        weights = np.exp(1 - (distances / mean) ** 6)
        mean = float((weights * distances).sum() / weights.sum())
    assert of("Li").effective == pytest.approx(np.exp(1 - (distances / mean) ** 6).sum(), abs=0.02)
    assert of("Li_fcc").effective == pytest.approx(12, abs=0.1)


def test_end_points_and_the_middle_of_a_hop():
    # bcc: next to a vacancy 13 of 14 neighbours are left; midway the six atoms around the line are within the radius
    survey = survey_vacancy_hops(library.phase("Li"))
    ends = end_points(survey, survey.hops[0], vacancy_supercell(library.phase("Li")))
    radius = shell_radius(survey.sites)
    at_ends = [coordination(one, ends.moving, radius=radius).number for one in (ends.initial, ends.final)]
    assert at_ends == [13, 13]
    middle = ends.initial.copy()
    place = (ends.initial[ends.moving].frac_coords + ends.final[ends.moving].frac_coords) / 2
    middle.replace(ends.moving, "Li", place)
    found = coordination(middle, ends.moving, radius=radius)
    assert found.closest == pytest.approx(3.5093 * math.sqrt(11) / 4, abs=1e-3)
    assert coordination(middle, ends.moving, radius=3.0).number == 6


def test_bad_input():
    crystal = library.phase("Li").primitive()
    with pytest.raises(InputError, match="there is no atom 9"):
        coordination(crystal, 9, radius=3.5)
    with pytest.raises(InputError, match="cannot be counted"):
        coordination(crystal, 0, radius=-1)
