"""Voltage curves against arithmetic."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from lianode_test_tables import LI_IN, LI_SN, PUBLISHED_MINIMA, phase, table

from lianode.analysis.hull.hull import hull
from lianode.analysis.voltage.curve import VoltageDocument
from lianode.analysis.voltage.voltage import voltage, voltage_between
from lianode.structures.errors import InputError


def hull_of(energies, system="Li-In", **options):
    return hull(energies, system=system, engine="sevennet-0", campaign="test", **options)


def test_two_phases():
    # LiIn at -0.3 eV/atom is -0.6 eV per lithium: one plateau at 0.6 V
    document = voltage(hull_of([phase("Li", 0.0, volume_per_atom=20.0), phase("In", 0.0, volume_per_atom=26.0),
                                phase("LiIn", -0.3, volume_per_atom=23.4)]))  # fmt: skip
    assert [(p.start, p.end) for p in document.plateaus] == [("In", "LiIn")]
    assert document.plateaus[0].voltage_V == pytest.approx(0.6)
    assert document.average_voltage_V == pytest.approx(0.6)
    assert document.max_li_per_host == pytest.approx(1.0)
    assert document.capacity_mAh_per_g_host == pytest.approx(26801.481 / 114.818, rel=1e-6)
    assert document.capacity_mAh_per_g_alloy == pytest.approx(26801.481 / (114.818 + 6.941), rel=1e-3)
    assert document.volume_expansion == pytest.approx(2 * 23.4 / 26.0 - 1)
    assert document.capacity_mAh_per_cm3 == pytest.approx(26801.481 / (0.602214 * 46.8), rel=1e-5)
    assert document.voltage_at(0.3) == pytest.approx(0.6)
    assert document.voltage_at(1.0) == 0.0


def test_three_phases_by_hand():
    # per indium atom: LiIn 2 * -0.3 = -0.6, Li3In 4 * -0.25 = -1.0: plateaus 0.6 and 0.4 / 2 = 0.2 V
    document = voltage(hull_of([phase("Li", 0.0), phase("In", 0.0), phase("LiIn", -0.3), phase("Li3In", -0.25)]))
    assert [p.voltage_V for p in document.plateaus] == pytest.approx([0.6, 0.2])
    assert [(p.x_start, p.x_end) for p in document.plateaus] == [
        (0.0, pytest.approx(1.0)),
        (pytest.approx(1.0), pytest.approx(3.0)),
    ]
    assert document.plateaus[1].li_fraction_end == pytest.approx(0.75)
    assert document.running_average(0) == pytest.approx(0.6)
    assert document.running_average(0.5) == pytest.approx(0.6)
    assert document.running_average(2) == pytest.approx((0.6 + 0.2) / 2)
    assert document.running_average(3) == pytest.approx(1.0 / 3)
    assert document.running_average(5) == pytest.approx(1.0 / 5)  # lithium plates at 0 V
    assert [v.running_average_V for v in document.vertices] == pytest.approx([0.6, 0.6, 1 / 3])
    assert document.voltage_at(1.0) == pytest.approx(0.2)
    assert not document.flagged


def test_running_average_is_the_integral_of_the_curve():
    document = voltage(hull_of(table(LI_SN), "Li-Sn"))
    grid = (np.arange(200_000) + 0.5) / 200_000
    for x in (0.3, 1.7, 4.0, 4.25):
        numeric = np.mean([document.voltage_at(float(g)) for g in grid[::100] * x])
        assert document.running_average(x) == pytest.approx(float(numeric), abs=1e-3)


def test_voltage_falls_from_vertex_to_vertex_on_a_hull():
    for rows, system in ((LI_IN, "Li-In"), (LI_SN, "Li-Sn")):
        document = voltage(hull_of(table(rows), system, include=["hypothetical"]))
        assert all(a.voltage_V > b.voltage_V > 0 for a, b in pairwise(document.plateaus))
        assert not document.flagged


def test_invariant_under_supercell_order_and_energy_shift_per_element():
    plain = voltage(hull_of(table(LI_SN), "Li-Sn"))
    cells = [
        phase(name, e / 1000, volume_per_atom=v, cells=1 + i % 3, shift={"Li": -2.5, "Sn": 11.0})
        for i, (name, (e, v)) in enumerate(LI_SN.items())
    ]
    other = voltage(hull_of(list(reversed(cells)), "Sn-Li"))
    assert [p.voltage_V for p in other.plateaus] == pytest.approx([p.voltage_V for p in plain.plateaus], abs=1e-9)
    assert [v.volume_expansion for v in other.vertices] == pytest.approx([v.volume_expansion for v in plain.vertices])


def test_vertices_of_a_binary_are_those_of_the_hull():
    for rows, system in ((LI_IN, "Li-In"), (LI_SN, "Li-Sn")):
        stable = hull_of(table(rows), system)
        document = voltage(stable)
        assert [vertex.name for vertex in document.vertices] == stable.stable_phases[:-1]
        for vertex in document.vertices:
            row = stable.phase_named(vertex.name)
            host = row.formation_energy_per_atom / (1 - row.fractions["Li"])
            assert vertex.formation_energy_per_host_atom == pytest.approx(host, abs=1e-9)


def test_published_formation_energies_bound_the_mean_voltage():
    """The published averages (0.55 and 0.60 V) cannot be means over the full range.

    Plateaus fall, so the mean over the full range is below the mean up to the hull's minimum, -E_f / x_Li of it.
    """
    assert -PUBLISHED_MINIMA["Li3In2"] / (3 / 5) == pytest.approx(0.489)
    assert -PUBLISHED_MINIMA["Li13Sn5"] / (13 / 18) == pytest.approx(0.580, abs=1e-3)


def test_mean_over_the_full_range():
    # published formation energies are said to give about 0.3 V and 0.45 V; these are within 5 meV/atom of them
    li_in = voltage(hull_of(table(LI_IN), include=["LiIn3"]))
    li_sn = voltage(hull_of(table(LI_SN), "Li-Sn", references={"Sn": "Sn_beta"}))
    assert li_in.max_li_per_host == pytest.approx(13 / 3)
    assert li_in.average_voltage_V == pytest.approx(0.3, abs=0.05)
    assert li_sn.max_li_per_host == pytest.approx(4.25)
    assert li_sn.average_voltage_V == pytest.approx(0.45, abs=0.02)


# In - LiIn3 - LiIn - Li5In4 with LiIn some meV above the line LiIn3 - Li5In4, as in the published hull
METASTABLE = [
    phase("Li", 0.0),
    phase("In", 0.0),
    phase("LiIn3", -0.160),
    phase("LiIn", -0.262),
    phase("Li5In4", -0.2887),
    phase("Li13In3", -0.2096),
]


def test_tolerance_makes_a_vertex_and_flags_the_step_upwards():
    stable = hull_of(METASTABLE)
    above = stable.phase_named("LiIn").energy_above_hull_per_atom
    assert above == pytest.approx(0.0033, abs=1e-4)
    assert "LiIn" not in [v.name for v in voltage(stable).vertices]
    document = voltage(stable, hull_tolerance=0.005)
    names = [v.name for v in document.vertices]
    assert names == ["In", "LiIn3", "LiIn", "Li5In4", "Li13In3"]
    steps = [p.voltage_V for p in document.plateaus]
    assert steps[2] > steps[1]
    check = next(c for c in document.checks if c.name == "voltage_falls")
    assert not check.passed
    assert check.message.endswith("counted as a vertex although above the hull: LiIn")
    assert document.flagged
    assert document.vertices[2].energy_above_hull_per_atom == pytest.approx(above)
    # the mean up to a vertex is its own formation energy per lithium, tolerated or not
    assert document.running_average(1.0) == pytest.approx(0.524)
    assert voltage(stable, hull_tolerance=0.5 * above).vertices == voltage(stable).vertices


def test_excluding_a_phase_gives_the_plateau_between_its_neighbours():
    stable = hull_of(METASTABLE)
    document = voltage(stable, exclude=["LiIn3"])
    first = document.plateaus[0]
    assert (first.start, first.end) == ("In", "LiIn")
    assert first.voltage_V == pytest.approx(2 * 0.262)
    assert first.voltage_V == pytest.approx(voltage_between(stable, "In", "LiIn"))
    assert document.settings["exclude_from_curve"] == ["LiIn3"]
    assert document.key != voltage(stable).key


def test_polymorphs_of_a_vertex_add_none():
    stable = hull_of(table(LI_SN), "Li-Sn")
    names = [v.name for v in voltage(stable, hull_tolerance=0.010).vertices]
    assert "LiSn_P2m" in names
    assert "LiSn_I41amd" not in names
    assert {"Li8Sn3", "Li13Sn5", "Li7Sn3"} <= set(names)


def test_two_host_elements_at_a_fixed_ratio():
    # hull of LiIn and Li2Sn; InSn does not exist, so the host is In + Sn. Per In1Sn1, lithium goes to the deeper
    # well first: Li2Sn at 3 * 0.4 / 2 = 0.6 V, two lithium, then LiIn at 2 * 0.2 = 0.4 V, one lithium
    energies = [
        phase("Li", 0.0), phase("In", 0.0, volume_per_atom=26.0), phase("Sn", 0.0, volume_per_atom=28.0),
        phase("LiIn", -0.2), phase("Li2Sn", -0.4),
    ]  # fmt: skip
    stable = hull_of(energies, "Li-In-Sn")
    document = voltage(stable, host={"In": 1, "Sn": 1})
    assert [p.voltage_V for p in document.plateaus] == pytest.approx([0.6, 0.4])
    assert [v.x for v in document.vertices] == pytest.approx([0.0, 1.0, 1.5])
    assert [v.name for v in document.vertices] == ["In + Sn", "In + Li2Sn", "Li2Sn + LiIn"]
    assert document.vertices[0].volume_per_host_atom == pytest.approx(27.0)
    assert document.host == pytest.approx({"In": 0.5, "Sn": 0.5})
    # the ratio In to Sn of 3:1 has four atoms of host for five lithium
    assert voltage(stable, host={"In": 3, "Sn": 1}).max_li_per_host == pytest.approx(5 / 4)


def test_tolerated_compound_of_two_hosts():
    energies = [phase("Li", 0.0), phase("In", 0.0), phase("Sn", 0.0), phase("LiIn", -0.2), phase("Li2InSn", -0.14)]
    stable = hull_of(energies, "Li-In-Sn")
    document = voltage(stable, host={"In": 1, "Sn": 1})
    assert document.plateaus[0].voltage_V == pytest.approx(0.4)
    assert document.vertices[-1].name == "Li2InSn"


def test_json_round_trip():
    document = voltage(hull_of(table(LI_IN)), hull_tolerance=0.005)
    assert VoltageDocument.model_validate_json(document.model_dump_json()) == document


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hull_tolerance": -0.001}, "hull_tolerance: -0.001 eV/atom; it has to be 0 or more"),
        ({"exclude": ["LiIn4"]}, r"exclude: no phase 'LiIn4' in Li-In \(did you mean"),
        ({"exclude": ["In_bct"]}, "'In_bct' is the reference of In"),
        ({"host": {"Sn": 1}}, "host: 'Sn' is no host element of Li-In"),
        ({"host": {"In": 0}}, "it has to be above 0"),
    ],
)
def test_wrong_options_are_one_clear_sentence(options, message):
    with pytest.raises(InputError, match=message):
        voltage(hull_of(table(LI_IN)), **options)


def test_host_of_several_elements_has_to_be_given():
    energies = [phase("Li", 0.0), phase("In", 0.0), phase("Sn", 0.0)]
    with pytest.raises(InputError, match=r"give their ratio, as \{In: 1, Sn: 1\}"):
        voltage(hull_of(energies, "Li-In-Sn"))
    with pytest.raises(InputError, match="no phase with lithium"):
        voltage(hull_of(energies[:2]))


def test_fractional_x_below_zero_is_refused():
    with pytest.raises(InputError):
        voltage(hull_of(table(LI_IN))).running_average(-0.1)
