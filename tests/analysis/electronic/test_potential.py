"""Potentials of charges that are known: averages, vacuum levels, dipoles and work functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.special import erf

from lianode.analysis.electronic.gap import band_gap
from lianode.analysis.electronic.levels import Levels
from lianode.analysis.electronic.potential import (
    STEP_PER_DIPOLE,
    Profile,
    dipole_per_area,
    macroscopic_average,
    planar_average,
    vacuum_levels,
)
from lianode.analysis.electronic.work_function import CrystalPotential, SlabOfSurface, work_function
from lianode.analysis.method import MethodKey
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lianode.analysis.electronic.work_function import WorkFunctionDocument

HEIGHT, N = 40.0, 800


def profile(
    shape: Callable[[NDArray[np.float64]], NDArray[np.float64]], atoms: tuple[float, ...] = (16.0, 24.0), **more: Any
) -> Profile:
    z = np.arange(N) * HEIGHT / N
    settings = {"periodic": False, **more}
    return Profile(
        heights=z.tolist(), values=shape(z).tolist(), cell_height=HEIGHT, atom_heights=list(atoms), **settings
    )


def sheets(charge: float, low: float, high: float, width: float = 0.3) -> Callable[[Any], Any]:
    """Return the potential energy of an electron at a sheet of charge -q and one of +q (e/Å²), Gaussians along z.

    Between ideal sheets the field is q/ε₀; the energy falls by (e²/ε₀) q d on the way to the positive one.
    """

    def ramp(z: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the twice integrated Gaussian: its second derivative is the normalised one."""
        u = z / (np.sqrt(2) * width)
        return 0.5 * z * (1 + erf(u)) + width / np.sqrt(2 * np.pi) * np.exp(-(u**2))

    return lambda z: -STEP_PER_DIPOLE * charge * (ramp(z - low) - ramp(z - high))


def test_the_constant_is_that_of_the_si() -> None:
    """e/ε₀ = 1.602176634e-19 C / 8.8541878128e-12 F/m = 180.9513 V Å."""
    assert pytest.approx(1.602176634e-19 / 8.8541878128e-12 * 1e10, rel=1e-6) == STEP_PER_DIPOLE


def test_two_sheets_make_the_step_of_their_dipole() -> None:
    charge, distance = 0.01, 2.5
    potential = profile(sheets(charge, 18.0, 18.0 + distance))
    below, above = vacuum_levels(potential)
    assert above.value - below.value == pytest.approx(-STEP_PER_DIPOLE * charge * distance, rel=1e-9)
    assert dipole_per_area(above.value - below.value) == pytest.approx(-charge * distance, rel=1e-9)
    assert max(below.flatness, above.flatness) < 1e-9


def test_a_slope_is_not_flat() -> None:
    below, _ = vacuum_levels(profile(lambda z: 0.05 * z))
    assert below.flatness > 0.1
    with pytest.raises(InputError, match="no vacuum"):
        vacuum_levels(profile(np.cos, atoms=(1.0, 38.0)))


@pytest.mark.parametrize("period", [4.0, 2.0, 40 / 7])
def test_a_wave_has_a_constant_average_over_its_period(period: float) -> None:
    """And over another length L the average sin(πL/λ)/(πL/λ) of it."""
    wave = profile(lambda z: 3.0 + np.cos(2 * np.pi * z / period), periodic=True)
    assert np.ptp(macroscopic_average(wave, period)) < 2e-6
    assert macroscopic_average(wave, period) == pytest.approx(np.full(N, 3.0), abs=2e-6)
    other = 0.3 * period
    damped = np.sinc(other / period) * (np.array(wave.values) - 3.0)
    np.testing.assert_allclose(macroscopic_average(wave, other) - 3.0, damped, atol=2e-6)


def test_an_average_needs_a_length() -> None:
    with pytest.raises(InputError, match="cannot be averaged"):
        macroscopic_average(profile(np.cos), 0.0)


def test_planes_of_a_grid() -> None:
    grid = np.random.default_rng(1).normal(size=(3, 4, 5))
    np.testing.assert_allclose(planar_average(grid)[2], grid[:, :, 2].mean())


def test_a_slab_across_the_boundary_is_put_into_the_middle() -> None:
    """Atoms at 38 and 2 Å are one slab around the boundary."""
    wrapped = profile(lambda z: -np.exp(-0.5 * (np.minimum(z, HEIGHT - z) / 2) ** 2), atoms=(38.0, 2.0), periodic=True)
    whole = wrapped.centred()
    assert sorted(whole.atom_heights) == pytest.approx([18.0, 22.0])
    assert whole.heights[int(np.argmin(whole.values))] == pytest.approx(20.0)
    below, above = vacuum_levels(whole)
    assert below.value == pytest.approx(above.value, abs=1e-6)


def slab_of(*, equal: bool) -> SlabOfSurface:
    return SlabOfSurface(
        formula="LiCl", plane=(0, 0, 1), plane_label="(001)", surface="LiCl(001)", termination="LiCl|LiCl", layers=4,
        thickness=10.0, vacuum=32.0, n_atoms=8, relaxed=False, equal_surfaces=equal, period=2.5,
    )  # fmt: skip


def levels(top: float, gap: float) -> Levels:
    """One filled band, and one empty; without a gap both half filled."""
    k = np.arange(4) / 4
    bent = -0.2 * np.sin(np.pi * k) ** 2
    energies = np.stack([top + bent, top + gap - bent], axis=1)[None]
    filled = np.zeros_like(energies)
    filled[..., 0] = 1.0
    if not gap:
        filled[:] = 0.4
    return Levels(
        energies=energies, occupations=filled, weights=np.full(4, 0.25), k_points=np.column_stack([k, 0 * k, 0 * k]),
        mesh=(4, 1, 1), fermi_level=top + 0.3 * gap,
    )  # fmt: skip


def made(which: Levels, potential: Profile, *, equal: bool = True, **more: Any) -> WorkFunctionDocument:
    return work_function(
        which, potential, slab_of(equal=equal), system="Li-Cl", phase="LiCl", engine="gpaw", campaign="test",
        method=MethodKey(program="gpaw", functional="PBE"), calculations={"LiCl(001)": "key"}, **more,
    )  # fmt: skip


def well(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a slab's potential: 2 eV in the vacuum, 12 eV deeper inside, with ripples of 2.5 Å."""
    inside = 0.5 * (erf((z - 15) / 0.7) - erf((z - 25) / 0.7))
    return 2.0 - inside * (12.0 + 3.0 * np.cos(2 * np.pi * z / 2.5))


def test_a_metal_has_its_work_function() -> None:
    document = made(levels(-1.5, 0.0), profile(well))
    assert document.metal
    assert document.work_function == pytest.approx(2.0 + 1.5, abs=1e-4)
    assert document.work_function_reference == "fermi_level"
    assert (document.ionisation_potential, document.electron_affinity) == (None, None)
    checks = {check.name: check.passed for check in document.checks}
    assert checks["vacuum_flat"]
    assert checks["dipole"]


@pytest.mark.parametrize(("reference", "expected"), [("vbm", 8.0), ("mid-gap", 5.0)])
def test_the_convention_of_an_insulator_is_named(reference: Any, expected: float) -> None:
    """Top of the valence band at -6, gap 6 eV, vacuum at 2 eV."""
    document = made(levels(-6.0, 6.0), profile(well), insulator_reference=reference)
    assert document.work_function == pytest.approx(expected, abs=1e-4)
    assert document.work_function_reference == reference
    assert document.ionisation_potential == pytest.approx(8.0, abs=1e-4)
    assert document.electron_affinity == pytest.approx(2.0, abs=1e-4)
    assert document.settings["work_function_reference"] == reference


def test_the_crystal_is_aligned_by_the_macroscopic_average() -> None:
    """The crystal's potential is 0 on average, its valence band 4.5 eV above; in the slab that is -10 + 4.5 eV."""
    crystal = CrystalPotential(gap=band_gap(levels(4.5, 6.0)), mean=0.0)
    document = made(levels(-6.0, 6.0), profile(well), crystal=crystal)
    assert document.ionisation_potential_of_crystal == pytest.approx(2.0 - (-10.0 + 4.5), abs=1e-3)
    assert document.electron_affinity_of_crystal == pytest.approx(7.5 - 6.0, abs=1e-3)
    check = next(check for check in document.checks if check.name == "slab_like_crystal")
    assert check.passed is False  # 0.5 eV apart


def test_different_sides_have_two_work_functions() -> None:
    charge, distance = 0.004, 3.0
    step = -STEP_PER_DIPOLE * charge * distance
    both = profile(lambda z: well(z) + sheets(charge, 18.5, 21.5)(z))
    document = made(levels(-6.0, 6.0), both, equal=False)
    assert document.dipole_step == pytest.approx(step, abs=1e-6)
    assert document.dipole_e_A_per_A2 == pytest.approx(-charge * distance, abs=1e-6)
    assert document.work_function_above - document.work_function_below == pytest.approx(step, abs=1e-6)
    assert document.work_function == document.work_function_above
    wrong = made(levels(-6.0, 6.0), both, equal=True)
    assert {check.name for check in wrong.checks if check.passed is False} == {"dipole"}
    assert wrong.flagged
