"""Titration curves made from the analytic solution of Fick's equation give their diffusion coefficient back."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lianode.analysis.checks import failed
from lianode.analysis.voltage.gitt import FARADAY_C_PER_MOL, Electrode, gitt, thickness_cm
from lianode.analysis.voltage.titration import TitrationCurve, pulses, read_titration
from lianode.structures.errors import InputError

LENGTH, MOL = 20e-4, 1e-3  # 20 µm, 1 mmol of host
RT_F = 8.314462618 * 298.15 / FARADAY_C_PER_MOL


def surface(theta: np.ndarray) -> np.ndarray:
    """Return the rise of the surface concentration after a flux J began, in units of J L/D, at θ = D t/L².

    Slab closed at its back (Carslaw and Jaeger, Conduction of Heat in Solids, 3.8 (3)); 0 before.
    """
    t = np.clip(theta, 0.0, None)
    n = np.arange(1, 400)
    series = np.exp(-(np.pi**2) * np.outer(t, n**2)) @ (1 / n**2)
    return t + 1 / 3 - 2 / np.pi**2 * series - (1 / 3 - 2 / np.pi**2 * np.sum(1.0 / n**2))


def curve(
    diffusivity: float,
    *,
    tau: float = 600.0,
    rest: float = 40_000.0,
    steps: int = 5,
    current: float = -1e-4,
    slope: float = -1.0,
    resistance: float = 50.0,
    x_start: float = 0.2,
    noise: float = 0.0,
) -> TitrationCurve:
    """Make a curve of an electrode whose voltage is 0.6 V + slope (x - x_start), V per lithium per host."""
    time = [np.linspace(0, rest, 50)[1:]]
    for k in range(steps):
        begin = rest + k * (tau + rest)
        time += [begin + np.linspace(0, tau, 121)[1:], begin + tau + np.geomspace(1, rest, 60)]
    t = np.concatenate(time)
    amps = np.zeros_like(t)
    x = np.full_like(t, x_start)
    scale = abs(current) / FARADAY_C_PER_MOL / MOL * LENGTH**2 / diffusivity  # J L/D in lithium per host
    for k in range(steps):
        begin = rest + k * (tau + rest)
        amps[(t > begin) & (t <= begin + tau)] = current
        theta = diffusivity * (t - begin) / LENGTH**2
        x += scale * (surface(theta) - surface(theta - diffusivity * tau / LENGTH**2))
    voltage = 0.6 + slope * (x - x_start) + resistance * amps
    voltage += noise * np.random.default_rng(3).normal(size=len(t))
    return TitrationCurve(label="made", time_s=t, current_A=amps, voltage_V=voltage)


ELECTRODE = Electrode(length_cm=LENGTH, host_mol=MOL, x_start=0.2)


def test_surface_begins_as_a_square_root():
    """2 sqrt(θ/π) for θ << 1, θ + 1/3 for θ >> 1."""
    assert surface(np.array([0.01])) == pytest.approx([2 * math.sqrt(0.01 / math.pi)], rel=1e-2)
    assert surface(np.array([3.0])) == pytest.approx([3 + 1 / 3], rel=1e-3)


@pytest.mark.parametrize("diffusivity", [1e-10, 5e-10])
@pytest.mark.parametrize("current", [-1e-4, 1e-4])
def test_known_diffusivity_comes_back(diffusivity, current):
    found = gitt(curve(diffusivity, current=current, slope=-1.0), ELECTRODE)
    assert len(found.points) == 5
    for point in found.points:
        assert point.chemical_diffusivity_cm2_per_s == pytest.approx(diffusivity, rel=0.01)
        assert point.tau_over_limit == pytest.approx(diffusivity * 600 / LENGTH**2, rel=0.01)
        assert point.apparent is None
    assert failed(found.checks) == []
    # with lithium going in, whatever the sign of the current, x rises by I τ/(F n)
    change = 0.06 / FARADAY_C_PER_MOL / MOL
    assert [point.x for point in found.points] == pytest.approx([0.2 + (k + 0.5) * change for k in range(5)], rel=1e-3)


def test_neither_resistance_nor_current_matter():
    reference = gitt(curve(2e-10), ELECTRODE).points[2].chemical_diffusivity_cm2_per_s
    other = gitt(curve(2e-10, resistance=500.0, current=-3e-4), ELECTRODE).points[2].chemical_diffusivity_cm2_per_s
    assert other == pytest.approx(reference, rel=2e-3)


def test_thermodynamic_factor_of_the_same_curve():
    """E = 0.6 - 1.0 (x - 0.2): Φ = x F/RT; the self-diffusion coefficient is D/Φ."""
    for point in gitt(curve(2e-10), ELECTRODE).points:
        assert point.thermodynamic_factor == pytest.approx(point.x / RT_F, rel=5e-3)
        expected = point.chemical_diffusivity_cm2_per_s / point.thermodynamic_factor
        assert point.self_diffusivity_cm2_per_s == pytest.approx(expected)
    without = gitt(curve(2e-10), Electrode(length_cm=LENGTH))
    assert all(point.x is None and point.self_diffusivity_cm2_per_s is None for point in without.points)
    assert "no thermodynamic factor" in without.notes[1]


@pytest.mark.parametrize("theta", [1.0, 10.0, 100.0])
def test_pulses_too_long_are_flagged(theta):
    """However large D is, the formula gives a number near 0.7 L²/τ: flagged by its own result."""
    long = gitt(curve(theta * LENGTH**2 / 4000, tau=4000.0, rest=20_000.0), ELECTRODE)
    assert "pulse_short" in {check.name for check in failed(long.checks)}
    for point in long.points:
        assert "pulse_short" in point.concerns
        assert 0.5 < point.tau_over_limit < 0.8


@pytest.mark.parametrize(("theta", "error"), [(0.1, 0.005), (0.3, 0.05)])
def test_error_at_the_limit(theta, error):
    found = gitt(curve(theta * LENGTH**2 / 600.0), ELECTRODE)
    assert found.points[2].chemical_diffusivity_cm2_per_s == pytest.approx(theta * LENGTH**2 / 600.0, rel=error)
    assert ("pulse_short" in found.points[2].concerns) == (theta > 0.1)


def test_plateaus_are_apparent():
    """A slope of 20 mV per lithium at x = 0.2: Φ = 0.16; at 0.1 mV the voltage does not resolve a step at all."""
    found = gitt(curve(2e-10, slope=-0.02, tau=6000.0, current=-1e-3), ELECTRODE, resolution_V=1e-5)
    assert found.points[0].apparent.startswith("thermodynamic factor 0.1")
    assert all(point.self_diffusivity_cm2_per_s is None for point in found.points)
    assert "single_phase" in {check.name for check in failed(found.checks)}
    flat = gitt(curve(2e-10, slope=-0.1), ELECTRODE)  # 62 µV a step
    assert all("0.06 mV" in point.apparent for point in flat.points)


def test_rests_that_are_too_short_are_flagged():
    """After a rest of L²/10 D the profile still levels out, and D is wrong by a factor of 3."""
    found = gitt(curve(1e-10, rest=4000.0), ELECTRODE)
    assert found.points[0].chemical_diffusivity_cm2_per_s > 2e-10
    assert all("rested" in point.concerns for point in found.points)
    assert "rested" in {check.name for check in failed(found.checks)}


def test_noise_costs_little():
    found = gitt(curve(2e-10, noise=2e-6), ELECTRODE, resolution_V=1e-4)
    values = [point.chemical_diffusivity_cm2_per_s for point in found.points]
    assert np.mean(values) == pytest.approx(2e-10, rel=0.05)


def test_incomplete_pulses_are_passed_over():
    whole = curve(2e-10, steps=3)
    cut = TitrationCurve(
        label="cut", time_s=whole.time_s[60:-61], current_A=whole.current_A[60:-61], voltage_V=whole.voltage_V[60:-61]
    )
    found, passed_over = pulses(cut)
    assert [pulse.number for pulse in found] == [2]
    assert passed_over == [
        "pulse 1 was passed over: no rest before or after it",
        "pulse 3 was passed over: no rest before or after it",
    ]


def test_thickness():
    assert thickness_cm(1e-3, 15.7, 1.27) == pytest.approx(1e-3 * 15.7 / 1.27)
    with pytest.raises(InputError, match="area: 0; it has to be above 0"):
        thickness_cm(1.0, 1.0, 0.0)
    with pytest.raises(InputError, match="length_cm"):
        Electrode(length_cm=-1.0)
    with pytest.raises(InputError, match="x_start"):
        Electrode(length_cm=1.0, x_start=-0.1)


def write(path, made, header="time_h,current_mA,voltage_V,step"):
    rows = zip(made.time_s / 3600, 1e3 * made.current_A, made.voltage_V, strict=True)
    path.write_text("# C/20\n" + header + "\n" + "\n".join(f"{t:.9f},{i:.9f},{v:.9f},1" for t, i, v in rows) + "\n")
    return path


def test_units_of_the_columns(tmp_path):
    made = curve(2e-10)
    read = read_titration(write(tmp_path / "cell.csv", made))
    assert read.label == "cell"
    assert read.time_s == pytest.approx(made.time_s, abs=1e-5)
    assert read.current_A == pytest.approx(made.current_A, abs=1e-12)
    direct, from_file = gitt(made, ELECTRODE), gitt(read, ELECTRODE)
    for one, other in zip(direct.points, from_file.points, strict=True):
        assert other.chemical_diffusivity_cm2_per_s == pytest.approx(one.chemical_diffusivity_cm2_per_s, rel=1e-3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("time,current_A,voltage_V\n0,0,1\n", r"line 1: no column 'time_s' or 'time_min' or 'time_h' \(rename 'time'"),
        ("time_s,current,voltage_V\n0,0,1\n", "line 1: no column 'current_A'.*rename 'current'"),
        ("time_s,current_A,voltage\n0,0,1\n", "line 1: no column 'voltage_V'.*rename 'voltage' to 'voltage_V'"),
        ("time_s,time_h,current_A,voltage_V\n0,0,0,1\n", "both 'time_s' and 'time_h'"),
        ("time_s,current_A,voltage_V\n0,0,1\n5,zero,1\n", "line 3: 'zero' in column 'current_A' is no number"),
        ("time_s,current_A,voltage_V\n0,0,1\n-5,0,1\n", "line 3: -5.0 in column 'time_s'"),
        ("time_s,current_A,voltage_V\n0,0,1\n5,0,1\n4,0,1\n", "line 4: the time goes back"),
        ("time_s,current_A,voltage_V\n0,0,1\n5,0\n", "line 3: 2 columns; 'voltage_V' is column 3"),
        ("time_s,current_A,voltage_V\n0,0,1\n5,nan,1\n", "line 3: nan in column 'current_A'; it has to be a number$"),
        ("time_s,current_A,voltage_V\n0,0,1\n5,0,1\n", "the current is 0 throughout"),
        ("time_s,current_A,voltage_V\n", "the current is 0 throughout"),
        ("time_s,current_A,voltage_V\n0,1,1\n5,1,1\n6,1,1\n7,1,1\n", "no pulse can be used .pulse 1 was passed over"),
        (
            "time_s,current_A,voltage_V\n0,0,1\n1,1,1\n2,1,1\n3,1,1\n4,0,1\n",
            "the voltage does not change during pulse 1",
        ),
    ],
)
def test_bad_files_are_one_clear_sentence(tmp_path, text, message):
    file = tmp_path / "bad.csv"
    file.write_text(text)
    with pytest.raises(InputError, match=message):
        gitt(read_titration(file), ELECTRODE)
