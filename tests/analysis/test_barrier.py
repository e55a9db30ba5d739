"""Barriers from bands whose energy along the path is known."""

from __future__ import annotations

import numpy as np
import pytest
from lianode_test_hops import band, cosine, document, hop

from lianode.analysis.checks import Check, failed
from lianode.analysis.migration.band import Band
from lianode.analysis.migration.barrier import BarrierDocument, cell_size_check
from lianode.analysis.migration.barrier_checks import BandTolerances
from lianode.analysis.migration.energy_path import EnergyPath, maxima, minima


def names(found):
    return {check.name for check in failed(found.checks)}


def test_cubic_paths_are_exact():
    """E = 3 s² - 2 s³ with its ends at 0 and L: a cubic, which cubic Hermite pieces reproduce to the last digit."""
    path = EnergyPath(
        [band(lambda x: x * x * (3 - 2 * x), lambda x: 6 * x * (1 - x), 1.3, 4, zero=0.0)]
    )  # the maximum at s = 1 lies between images
    assert path.saddle().position == pytest.approx(1.0, abs=1e-12)
    assert path.saddle().energy == pytest.approx(1.0, abs=1e-12)
    x = np.linspace(0, 1.3, 50)
    assert path.energies(x) == pytest.approx(x * x * (3 - 2 * x), abs=1e-12)


def test_saddle_on_an_image_is_exact():
    found = document(cosine(0.3, images=7, climbing=3), hop("a"))
    assert found.barrier_forward == pytest.approx(0.3, abs=1e-12)
    assert found.barrier_backward == pytest.approx(0.3, abs=1e-12)
    assert found.saddle_position == pytest.approx(0.5, abs=1e-9)
    assert not found.flagged


@pytest.mark.parametrize(("images", "error"), [(6, 0.01), (10, 0.001)])
def test_saddle_between_images(images, error):
    """The fit's error falls as h⁴: max|E''''| h⁴/384."""
    found = document(cosine(0.3, images=images), hop("a"))
    step = 3.0 / (images - 1)
    bound = 0.15 * (2 * np.pi / 3.0) ** 4 * step**4 / 384
    assert abs(found.barrier_forward - 0.3) < bound < error
    assert found.barrier_highest_image < 0.3 - 2 * bound


def test_unequal_ends():
    """E_i = 0, E_f = 0.1: saddle where the slope h π sin 2πs + t π/2 sin πs is 0, cos πs = -t/4h."""
    found = document(cosine(0.3, 0.1, images=31), hop("a", "Li1", "Li2"))
    cos = -0.1 / (4 * 0.3)
    saddle = 0.3 * (1 - cos**2) + 0.1 * (1 - cos) / 2
    assert found.barrier_forward == pytest.approx(saddle, abs=1e-5)
    assert found.barrier_backward == pytest.approx(saddle - 0.1, abs=1e-5)
    assert found.barrier_kra == pytest.approx(saddle - 0.05, abs=1e-5)
    assert found.energy_difference == pytest.approx(0.1)
    assert found.saddle_position == pytest.approx(np.arccos(cos) / np.pi, abs=1e-3)
    assert not found.flagged


def test_reversal_swaps_the_barriers_and_keeps_the_kra():
    one = cosine(0.3, 0.1, images=8)
    other = Band(
        coordinates=[one.coordinates[-1] - x for x in reversed(one.coordinates)],
        energies=one.energies[::-1],
        tangential_forces=[-f for f in reversed(one.tangential_forces)],
        perpendicular_forces=one.perpendicular_forces[::-1],
    )
    forward, backward = document(one, hop("a", "Li1", "Li2")), document(other, hop("a", "Li2", "Li1"))
    assert backward.barrier_forward == pytest.approx(forward.barrier_backward, abs=1e-12)
    assert backward.barrier_kra == pytest.approx(forward.barrier_kra, abs=1e-12)
    assert backward.saddle_position == pytest.approx(1 - forward.saddle_position, abs=1e-12)


def test_two_maxima_are_found_and_split():
    """sin² with two periods has a minimum in the middle."""
    k = 2 * np.pi / 3.0
    double = band(lambda x: 0.3 * np.sin(k * x) ** 2, lambda x: 0.3 * k * np.sin(2 * k * x), 3.0, 9)
    found = document(double, hop("a"))
    assert names(found) == {"one_maximum"}
    assert found.intermediate_minima == pytest.approx([0.5])
    halves = [cosine(0.3, length=1.5, images=5), cosine(0.3, length=1.5, images=5)]
    joined = document(halves, hop("a"))
    assert not joined.flagged
    assert joined.barrier_forward == pytest.approx(0.3)
    assert joined.path_length == pytest.approx(3.0)
    assert joined.intermediate_minima == pytest.approx([0.5])
    torn = document([halves[0], cosine(0.3, length=1.5, images=5, zero=-100.02)], hop("a"))
    assert "bands_joined" in names(torn)


def test_waves_below_the_noise_are_none():
    wave = band(
        lambda x: 0.3 * np.sin(np.pi * x / 3) ** 2 - 0.0005 * np.cos(8 * np.pi * x / 3),
        lambda x: 0.1 * np.pi * np.sin(2 * np.pi * x / 3) + 0.004 / 3 * np.pi * np.sin(8 * np.pi * x / 3),
        3.0,
        41,
    )
    path = EnergyPath([wave])
    assert len(maxima(path.extrema(0.002))) == 1
    assert minima(path.extrema(0.002)) == []
    # two maxima of exactly equal height with a dip of 1 meV between them are one
    flat = Band(
        coordinates=[0, 1, 2, 3, 4],
        energies=[0, 0.3, 0.299, 0.3, 0],
        tangential_forces=[0.0] * 5,
        perpendicular_forces=[0.0] * 5,
    )
    assert len(maxima(EnergyPath([flat]).extrema(0.002))) == 1
    assert len(maxima(EnergyPath([flat]).extrema(0.0005))) == 2


def replaced(one: Band, **fields: object) -> Band:
    return Band.model_validate(one.model_dump() | fields)


def test_what_is_wrong_is_flagged():
    good = cosine(0.3, images=7, climbing=3)
    bad_force = replaced(good, perpendicular_forces=[0.005, 0.005, 0.05, 0.005, 0.005, 0.005, 0.005])
    assert names(document(bad_force, hop("a"))) == {"band_forces"}
    bad_climb = replaced(good, perpendicular_forces=[0.005, 0.005, 0.005, 0.025, 0.005, 0.005, 0.005])
    assert names(document(bad_climb, hop("a"))) == {"band_forces"}
    assert names(document(replaced(bad_climb, climbing=None), hop("a"))) == set()
    bad_end = replaced(good, perpendicular_forces=[0.1] + [0.005] * 6)
    assert names(document(bad_end, hop("a"))) == {"end_points_minima"}
    # a path that falls from its first image
    falling = band(
        lambda x: -0.05 * np.sin(2 * np.pi * x / 3) + 0.3 * np.sin(np.pi * x / 3) ** 2,
        lambda x: -0.1 * np.pi / 3 * np.cos(2 * np.pi * x / 3) + 0.1 * np.pi * np.sin(2 * np.pi * x / 3),
        3.0,
        13,
    )
    assert "end_points_minima" in names(document(falling, hop("a")))
    # an atom that jumps: 1 eV that no force explains
    jump = replaced(good, energies=[*good.energies[:4], *(e + 1.0 for e in good.energies[4:])])
    assert {"path_continuous", "symmetric_end_points"} <= names(document(jump, hop("a")))
    # end points that are one and the same
    assert names(document(cosine(0.3, length=1.0), hop("a", length=3.0))) == {"end_points_different"}
    # equal by symmetry, relaxed to different energies
    assert names(document(cosine(0.3, 0.01, images=41), hop("a"))) == {"symmetric_end_points"}


def test_no_barrier():
    uphill = band(
        lambda x: 0.1 * np.sin(np.pi * x / 6) ** 2, lambda x: 0.05 * np.pi / 3 * np.sin(np.pi * x / 3), 3.0, 7
    )
    found = document(uphill, hop("a", "Li1", "Li2"))
    assert found.barrier_forward == pytest.approx(0.1)
    assert found.barrier_backward == 0
    assert {"one_maximum", "end_points_minima"} <= names(found)


def test_sparse_band_says_that_its_saddle_is_not_resolved():
    found = document(cosine(0.5, images=4), hop("a"))
    assert "saddle_resolved" in names(found)
    wrong = replaced(cosine(0.3, images=7), climbing=1)
    assert "saddle_resolved" in names(document(wrong, hop("a"), tolerances=BandTolerances(climbing_force=10)))


def test_document_goes_through_json_and_has_a_key_per_hop():
    found = document(cosine(0.3, climbing=3), hop("a"))
    again = BarrierDocument.model_validate_json(found.model_dump_json())
    assert again == found
    assert document(cosine(0.3, climbing=3), hop("b")).key != found.key


def test_supercell_size():
    small = document(cosine(0.30), hop("a"), n_atoms=53)
    assert cell_size_check(small, document(cosine(0.305), hop("a"), n_atoms=127)) == Check(
        name="supercell_size",
        passed=True,
        message="from 53 to 127 atoms the barrier changes by 5.0 meV (10 allowed)",
        subject="a",
    )
    assert cell_size_check(small, document(cosine(0.32), hop("a"))).passed is False


@pytest.mark.parametrize(
    "fields",
    [
        {"coordinates": [0.0, 1.0], "energies": [0, 1], "tangential_forces": [0, 0], "perpendicular_forces": [0, 0]},
        {"coordinates": [0.0, 1.0, 1.0]},
        {"energies": [0.0, 1.0]},
    ],
)
def test_what_is_no_band(fields):
    content = {
        "coordinates": [0.0, 1.0, 2.0],
        "energies": [0.0, 1.0, 0.0],
        "tangential_forces": [0.0] * 3,
        "perpendicular_forces": [0.0] * 3,
    } | fields
    with pytest.raises(ValueError, match="band"):
        EnergyPath([Band.model_validate(content)])
