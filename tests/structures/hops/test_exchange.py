"""Dilute lithium and a vacancy: LeClaire's hops in fcc by hand, and bct indium."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lianode.structures import library
from lianode.structures.dilute import dilute_cells
from lianode.structures.errors import InputError
from lianode.structures.hops.dilute_host import dilute_host
from lianode.structures.hops.end_points import end_points
from lianode.structures.hops.exchange import binding_cells, survey_exchange_hops
from lianode.structures.hops.percolation import dimensionality
from lianode.structures.hops.supercell import vacancy_supercell

AL = 4.0496


def test_the_host_of_lithiated_indium_is_indium():
    host = dilute_host(library.phase("LiIn35"))
    assert (len(host.structure), host.elements, host.name) == (1, ("In",), "In (host of LiIn35)")
    assert host.structure.volume == pytest.approx(library.phase("In").structure.volume / 2)


def test_a_relaxed_dilute_cell_has_the_same_host():
    phase = library.phase("LiIn35")
    relaxed = phase.structure.copy()
    relaxed.perturb(0.02)
    assert len(dilute_host(replace(phase, structure=relaxed)).structure) == 1


def test_fcc_has_the_five_frequencies():
    # 12 neighbours: 1 exchange each; 4 of the others are neighbours of the solute too (w1); 7 lead away (w3): 2 to the
    # second shell, 4 to the third, 1 to the fourth. Per solute each pair of ways counts once
    survey = survey_exchange_hops(library.phase("Al"), reach=AL * np.sqrt(2) + 0.01)
    assert {name: number for name, (_, number) in survey.distinct.items()} == {"V1": 12, "V2": 6, "V3": 24, "V4": 12}
    found = {hop.label: hop.multiplicity for hop in survey.hops}
    assert found["Li:V1-V1a"] == 12 / 2
    assert found["Al:V1-V1a"] == 12 * 4 / 2
    assert (found["Al:V1-V2a"], found["Al:V1-V3a"], found["Al:V1-V4a"]) == (12 * 2, 12 * 4, 12 * 1)
    away = [hop for hop in survey.hops if hop.start_orbit == "V1" != hop.end_orbit]
    assert sum(hop.multiplicity for hop in away) == 12 * 7


def test_fcc_closes_with_exchange_and_rotation_alone():
    survey = survey_exchange_hops(library.phase("Al"))
    assert [hop.label for hop in survey.hops] == ["Li:V1-V1a", "Al:V1-V1a"]
    assert survey.dimensions == 3
    exchange, rotation = survey.equivalents
    assert dimensionality(exchange) == 0  # back and forth
    assert dimensionality(rotation) == 0  # around the lithium


def test_bcc_needs_second_neighbours_to_come_back():
    # no two first neighbours of a bcc site are first neighbours of each other: V1-V2, 8 x 3 ways
    survey = survey_exchange_hops(library.phase("Li"), solute="Na")
    assert {name: number for name, (_, number) in survey.distinct.items()} == {"V1": 8, "V2": 6}
    assert {hop.label: hop.multiplicity for hop in survey.hops} == {"Na:V1-V1a": 4, "Li:V1-V2a": 24}


def test_indium_by_hand():
    # bct with c/a = 1.52: 4 neighbours at a, 8 at the body centre. V2-V2 along a: 8 x 2 / 2; V1-V2: each V1 has 4
    survey = survey_exchange_hops(dilute_host(library.phase("LiIn35")))
    assert survey.distinct == {"V1": (pytest.approx(3.2523), 4), "V2": (pytest.approx(3.3771, abs=1e-4), 8)}
    assert {hop.label: (hop.multiplicity, hop.moves) for hop in survey.hops} == {
        "Li:V1-V1a": (2, "Li"),
        "Li:V2-V2a": (4, "Li"),
        "In:V1-V2a": (16, "In"),
        "In:V2-V2a": (8, "In"),
    }
    assert all(hop.mechanism == "exchange" for hop in survey.hops)
    assert (survey.dimensions, survey.solute, survey.sites.mobile) == (3, "Li", "In")


@pytest.mark.parametrize("host", ["In", "Al", "Sn_beta", "Ga", "LiIn"])
def test_detailed_balance(host):
    survey = survey_exchange_hops(library.phase(host), element="In" if host == "LiIn" else None, solute="Mg")
    counts = {orbit: survey.orbits.count(orbit) for orbit in survey.orbits}
    for hop, steps in zip(survey.hops, survey.equivalents, strict=True):
        there = [start for start, _, _ in steps] + ([end for _, end, _ in steps] if hop.symmetric else [])
        back = [end for _, end, _ in steps] + ([start for start, _, _ in steps] if hop.symmetric else [])
        for nodes, orbit in ((there, hop.start_orbit), (back, hop.end_orbit)):
            numbers = {nodes.count(n) for n, name in enumerate(survey.orbits) if name == orbit}
            assert len(numbers) == 1
            assert counts[orbit] * numbers.pop() == hop.multiplicity * (2 if hop.symmetric else 1)


def test_exchange_moves_lithium_and_host_hops_do_not():
    survey = survey_exchange_hops(library.phase("In"))
    cell = vacancy_supercell(library.phase("In"))
    for hop in survey.hops:
        ends = end_points(survey, hop, cell)
        lithium = [structure.indices_from_symbol("Li") for structure in (ends.initial, ends.final)]
        assert lithium[0] == lithium[1]
        assert len(lithium[0]) == 1
        assert (ends.moving == lithium[0][0]) == (hop.moves == "Li")
        assert any(hop.image) == (hop.moves == "Li")


def test_binding_cells():
    survey = survey_exchange_hops(library.phase("In"))
    cell = vacancy_supercell(library.phase("In"))
    cells = binding_cells(survey, cell)
    assert {name: structure.composition.as_dict() for name, structure in cells.items()} == {
        "host": {"In": 64},
        "Li on In1": {"Li": 1, "In": 63},
        "vacancy on In1": {"In": 63},
        "V1": {"Li": 1, "In": 62},
        "V2": {"Li": 1, "In": 62},
    }


def test_a_dilute_cell_that_is_made_elsewhere():
    (phase,) = dilute_cells(library.phase("Al"), "Li", 27)
    host = dilute_host(phase)
    assert survey_exchange_hops(host).distinct == {"V1": (pytest.approx(AL / np.sqrt(2)), 12)}


def test_phases_that_are_not_dilute():
    with pytest.raises(InputError, match="LiIn: Li atoms are within 5 Å of each other, so the phase is not dilute"):
        dilute_host(library.phase("LiIn"))
    with pytest.raises(InputError, match="no lithium"):
        dilute_host(library.phase("In"))


def test_a_host_of_several_elements_and_a_reach_that_is_too_short():
    with pytest.raises(InputError, match="say which element's sites Mg takes: In or Li"):
        survey_exchange_hops(library.phase("LiIn"), solute="Mg")
    with pytest.raises(InputError, match=r"at least the host's longest hop, 3\.38 Å"):
        survey_exchange_hops(library.phase("In"), reach=3.0)
    with pytest.raises(InputError, match=r"no hop 'Li:V1-V1b' \(did you mean 'Li:V1-V1a'\?\)"):
        survey_exchange_hops(library.phase("In")).hop("Li:V1-V1b")
