"""The document of a phase: percolating barriers, what is missing, what is flagged."""

from __future__ import annotations

import numpy as np
import pytest
from lianode_test_hops import cosine, document, hop, step_hop
from lianode_test_tables import METHOD
from pymatgen.core import Structure

from lianode.analysis.checks import failed
from lianode.analysis.method import MethodMismatchError
from lianode.analysis.migration.diffusivity import BOLTZMANN_EV_PER_K, LithiumTransport
from lianode.analysis.migration.document import MigrationDocument
from lianode.analysis.migration.migration import MissingHop, RateOptions, migration
from lianode.analysis.migration.site_network import SiteNetwork, pair_network, site_network
from lianode.structures import library
from lianode.structures.errors import InputError
from lianode.structures.hops.exchange import survey_exchange_hops
from lianode.structures.hops.vacancy_hops import survey_vacancy_hops

X, Y, Z, HERE = (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 0)
EDGES = {"ab": [(0, 1, HERE), (1, 0, X)], "aa": [(0, 0, Y)], "bb": [(1, 1, Z)]}


def sites(edges=EDGES, **fields):
    content = {
        "lattice": np.eye(3) * 4.0,
        "positions": np.array([[0.0, 0, 0], [2.0, 0, 0]]),
        "orbits": ("A", "B"),
        "edges": edges,
        "cutoff": 5.2,
    } | fields
    return SiteNetwork(**content)


def hops():
    """Sites at 0 and 0.1 eV; saddles at 0.3 (along x), 0.5 (y), 0.7 (z)."""
    return [
        step_hop("ab", "A", "B", (-100.0, -99.7, -99.9), multiplicity=2),
        step_hop("aa", "A", "A", (-100.0, -99.5, -100.0)),
        step_hop("bb", "B", "B", (-99.9, -99.3, -99.9)),
    ]


def test_percolating_barriers_by_dimension():
    found = migration(hops(), sites())
    barriers = found.percolating_barrier_1d, found.percolating_barrier_2d, found.percolating_barrier_3d
    assert barriers == pytest.approx((0.3, 0.5, 0.7))
    assert found.dimensions == 3
    assert [path.hops for path in found.percolating] == [["ab"], ["ab", "aa"], ["ab", "aa", "bb"]]
    assert found.largest_hop_barrier == pytest.approx(0.3)
    assert found.site_energies == pytest.approx({"A": 0.0, "B": 0.1})
    assert [(row.hop, row.saddle_energy) for row in found.hops] == [
        ("ab", pytest.approx(0.3)),
        ("aa", pytest.approx(0.5)),
        ("bb", pytest.approx(0.7)),
    ]
    assert found.completeness == "complete"
    assert not found.flagged
    assert found.notes == []
    assert MigrationDocument.model_validate_json(found.model_dump_json()) == found


def test_fewer_dimensions_are_said():
    found = migration(hops()[:1], sites({"ab": EDGES["ab"]}))
    assert (found.dimensions, found.percolating_barrier_2d, found.percolating_barrier_3d) == (1, None, None)
    assert found.notes == ["hops up to 5.20 Å percolate in 1 dimension only"]
    none = migration(hops()[:1], sites({"ab": EDGES["ab"][:1]}))
    assert none.notes == ["hops up to 5.20 Å percolate in no dimension"]
    assert (none.dimensions, none.percolating, none.largest_hop_barrier) == (0, [], None)
    assert [check.name for check in failed(none.checks)] == ["multiplicities"]


def test_missing_hops_say_what_they_could_change():
    edges = {**EDGES, "cc": [(0, 0, Z)]}
    failed_hop = MissingHop(label="cc", reason="the band did not converge")
    found = migration(hops(), sites(edges), missing=[failed_hop])
    assert found.completeness == "partial"
    (sentence,) = found.missing
    assert sentence.startswith("cc is missing (the band did not converge): ")
    assert sentence.split(": ")[1].split(" and ") == [
        "the barrier in 1D could fall from 300 to no less than 0 meV",
        "the barrier in 2D could fall from 500 to no less than 300 meV",
        "the barrier in 3D could fall from 700 to no less than 500 meV",
    ]
    only = migration(
        hops()[:1], sites({"ab": EDGES["ab"], "cc": [(0, 0, Z)], "d": [(0, 1, HERE)]}),
        missing=[failed_hop, MissingHop(label="d", reason="set aside: an estimate of 2.1 eV")],
    )  # fmt: skip
    assert only.missing[0].endswith("lithium could percolate in 2 dimensions instead of 1")
    assert only.missing[1] == "d is missing (set aside: an estimate of 2.1 eV): it changes no percolating barrier"


def test_sites_without_a_hop_are_said():
    found = migration(hops()[1:2], sites({"aa": EDGES["aa"]}))
    (check,) = failed(found.checks)
    assert check.name == "all_sites_known"
    assert "B" in check.message


def test_checks_of_hops_are_passed_on_with_their_hop():
    bad = document(cosine(0.3, perpendicular=0.2), hop("aa", "A"))
    found = migration([bad], sites({"aa": EDGES["aa"]}, positions=np.zeros((1, 3)), orbits=("A",)))
    assert {(check.name, check.subject) for check in failed(found.checks)} == {
        ("band_forces", "aa"),
        ("end_points_minima", "aa"),
    }
    assert found.hops[0].flagged
    assert [check.message for check in found.checks if check.name == "one_maximum"] == ["passed 1 of 1 times"]


def test_metastability_stands_beside_the_barrier():
    """hansel2021 for LiIn: 127 atoms at 3.0 meV/atom are 381 meV, which it adds to 34 meV."""
    one = document(cosine(0.034), hop("aa", "A"), n_atoms=127, cell_formula="Li63In64")
    alone = sites({"aa": EDGES["aa"]}, positions=np.zeros((1, 3)), orbits=("A",))
    found = migration([one], alone, energy_above_hull_per_atom=0.003)
    assert found.percolating_barrier_1d == pytest.approx(0.034)
    assert found.metastability is not None
    assert found.metastability.shift == pytest.approx(0.381)
    assert found.metastability.n_atoms == 127
    assert migration([one], alone).metastability is None


def test_diffusivities_say_their_assumptions():
    rates = RateOptions(temperatures=(300.0, 800.0), lithium=LithiumTransport(defect_concentration=1e-5))
    found = migration(hops(), sites(), rates=rates)
    assert [entry.temperature for entry in found.diffusivities] == [300.0, 800.0]
    assert found.notes == [
        "rates with one attempt frequency of 1e+13 Hz for all hops",
        "the diffusivity of lithium leaves out the correlation of its hops",
    ]
    hot = migration(hops(), sites(), rates=RateOptions(temperatures=(2000.0,)))
    assert "below 5 kT at 2000 K" in hot.notes[-1]
    assert hot.key != found.key


def test_hops_of_a_crystal_as_they_are_found():
    """Vacancy hops from structures, with one barrier: D = z/6 l² w, z = 8 in bcc Li and 4 in LiIn (B32)."""
    for name, z in (("Li", 8), ("LiIn", 4)):
        phase = library.phase(name)
        survey = survey_vacancy_hops(phase, cutoff=3.2)
        (only,) = survey.hops
        made = document(cosine(0.2, climbing=3), only, phase=name, formula=name)
        found = migration([made], site_network(survey), rates=RateOptions(temperatures=(400.0,)))
        assert found.percolating_barrier_3d == pytest.approx(0.2)
        assert [check.name for check in failed(found.checks)] == []
        rate = 1e13 * np.exp(-0.2 / (BOLTZMANN_EV_PER_K * 400))
        expected = z / 6 * only.length**2 * 1e-16 * rate
        assert found.diffusivities[0].mean_cm2_per_s == pytest.approx(expected, rel=1e-6)


def test_exchange_in_fcc():
    """Lithium bound to a vacancy in fcc: D = a²/12 w1 w2/(w1 + w2), rotation w1, exchange w2.

    Lidiard (1955) without dissociation: D = f λ² w2/6 with λ² = a²/2 and f = w1/(w1 + w2).
    """
    a = 4.7
    fcc = Structure(a / 2 * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]), ["In"], [[0, 0, 0]])
    survey = survey_exchange_hops(fcc, cutoff=3.5, reach=3.5)
    heights = {hop.label: 0.3 if hop.moves == "Li" else 0.4 for hop in survey.hops}
    assert sorted(heights.values()) == [0.3, 0.4]
    made = [document(cosine(heights[hop.label], climbing=3), hop) for hop in survey.hops]
    found = migration(made, pair_network(survey), rates=RateOptions(temperatures=(400.0,)))
    assert failed(found.checks) == []
    assert found.percolating_barrier_3d == pytest.approx(0.4)
    w2, w1 = (1e13 * np.exp(-e / (BOLTZMANN_EV_PER_K * 400)) for e in (0.3, 0.4))
    expected = a**2 / 12 * 1e-16 * w1 * w2 / (w1 + w2)
    assert np.array(found.diffusivities[0].tensor_cm2_per_s) == pytest.approx(
        expected * np.eye(3), rel=1e-6, abs=1e-9 * expected
    )
    assert any("a vacancy near it" in note for note in found.notes)


def test_one_phase_one_method():
    first, second, third = hops()
    with pytest.raises(ValueError, match="one phase"):
        migration([first, second.model_copy(update={"phase": "Li"}), third], sites())
    other = METHOD.model_copy(update={"functional": "r2SCAN"})
    with pytest.raises(MethodMismatchError, match="hop network of LiIn"):
        migration([first, second.model_copy(update={"method": other}), third], sites())
    with pytest.raises(ValueError, match=r"edges without hops: \['bb'\]"):
        migration([first, second], sites())
    with pytest.raises(ValueError, match="aa joins A and A, its edges other sites"):
        migration(hops(), sites({**EDGES, "aa": [(1, 1, Y)]}))
    with pytest.raises(InputError, match=r"no barrier was computed \(ab: failed\)"):
        migration([], sites(), missing=[MissingHop(label="ab", reason="failed")])
