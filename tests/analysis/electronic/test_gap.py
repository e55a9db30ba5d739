"""Gaps and densities of bands that are known in closed form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from lianode.analysis.electronic.checks import ElectronicTolerances, level_checks
from lianode.analysis.electronic.density import broadened_curve, density_of_states, electrons_below
from lianode.analysis.electronic.gap import band_gap
from lianode.analysis.electronic.levels import Levels, States
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

T1, T2 = 1.0, 0.6
"""Hops of a chain of dimers, eV: its bands are ±|T1 + T2 exp(ik)|, with a gap of 2|T1 - T2| at k = π."""


def chain(n: int, *, t1: float = T1, t2: float = T2, shift: float = 0.0, electrons: int = 2) -> Levels:
    """Return a chain of dimers on a mesh of n points along the first vector; ``shift`` bends both bands, eV."""
    k = np.arange(n) / n
    half = np.abs(t1 + t2 * np.exp(2j * np.pi * k))
    energies = np.stack([-half, half], axis=1) + shift * np.cos(2 * np.pi * k)[:, None]
    return levels_of(energies[None], np.column_stack([k, 0 * k, 0 * k]), (n, 1, 1), electrons)


def levels_of(
    energies: NDArray[np.float64], k_points: NDArray[np.float64], mesh: tuple[int, int, int], electrons: float
) -> Levels:
    """Fill the lowest levels of a mesh with equal weights."""
    weights = np.full(len(k_points), 1 / len(k_points))
    flat = np.sort(energies, axis=None)
    per_level = 2.0 / len(energies) / len(k_points)
    fermi = flat[round(electrons / per_level) - 1] + 1e-9
    return Levels(
        energies=energies, occupations=(energies < fermi).astype(float), weights=weights, k_points=k_points, mesh=mesh,
        fermi_level=float(fermi),
    )  # fmt: skip


def test_chain_of_dimers_has_its_gap() -> None:
    gap = band_gap(chain(8))
    assert not gap.metal
    assert gap.band_gap == pytest.approx(2 * (T1 - T2))
    assert gap.direct_band_gap == pytest.approx(gap.band_gap)
    assert gap.direct
    assert gap.valence_k_point == gap.conduction_k_point == (0.5, 0.0, 0.0)
    assert gap.mid_gap == pytest.approx(0.0)


def test_equal_hops_make_a_metal() -> None:
    gap = band_gap(chain(8, t2=T1))
    assert gap.metal
    assert (gap.band_gap, gap.direct_band_gap, gap.valence_band_maximum) == (0.0, 0.0, None)


def test_a_gap_is_indirect_where_the_bands_are_bent() -> None:
    """E = ∓|...| + s cos k: the valence band's top goes to Γ, where it is -1.6 + s, for a large s."""
    s = 1.5
    gap = band_gap(chain(8, shift=s))
    assert gap.metal  # -1.6 + 1.5 at Γ is above 0.4 - 1.5 at k = π: the bands overlap
    gap = band_gap(chain(8, shift=0.65, t2=0.5))
    top, bottom = -1.5 + 0.65, 0.5 - 0.65
    assert gap.band_gap == pytest.approx(bottom - top)
    assert not gap.direct
    assert gap.valence_k_point == (0.0, 0.0, 0.0)
    assert gap.conduction_k_point == (0.5, 0.0, 0.0)
    assert gap.direct_band_gap == pytest.approx(1.0)
    assert gap.direct_k_point == (0.5, 0.0, 0.0)


def test_an_odd_electron_makes_a_metal() -> None:
    assert band_gap(chain(8, electrons=1)).metal
    with pytest.raises(InputError, match="more bands are needed"):
        band_gap(chain(8, electrons=4))


def test_spins_that_are_split_have_a_gap_between_them() -> None:
    """One level for each spin, split by 3 eV and filled once: half a band without spin polarisation, a gap with it."""
    k = np.arange(4) / 4
    width = 0.1 * np.cos(2 * np.pi * k)
    energies = np.stack([np.stack([width, width + 9], 1), np.stack([width + 3, width + 9], 1)])
    made = levels_of(energies, np.column_stack([k, 0 * k, 0 * k]), (4, 1, 1), 1)
    gap = band_gap(made)
    assert made.electrons_by_spin == pytest.approx([1, 0])
    assert gap.band_gap == pytest.approx(3 - 0.1 - 0.1)
    # the smallest step at one k-point within one spin
    assert gap.direct_band_gap == pytest.approx(9.0)


def test_every_second_point() -> None:
    half = chain(8).every_second()
    assert half is not None
    assert half.mesh == (4, 1, 1)
    np.testing.assert_allclose(half.k_points[:, 0], np.arange(4) / 4)
    assert half.weights.sum() == pytest.approx(1)
    assert chain(9).every_second() is None


@pytest.mark.parametrize(("n", "passed"), [(8, True), (6, False), (7, None), (1, False)])
def test_the_mesh_is_judged_by_its_half(n: int, passed: bool | None) -> None:
    """Half of 6 points misses k = π, where the gap is; half of 8 does not."""
    made = chain(n)
    check = next(
        c for c in level_checks(made, band_gap(made), ElectronicTolerances()) if c.name == "k_points_converged"
    )
    assert check.passed is passed


def test_partial_occupations_flag_a_gap() -> None:
    made = chain(8)
    smeared = np.clip(made.occupations, 0.1, 0.9)
    made = Levels(**{**vars(made), "occupations": smeared})
    checks = {check.name: check.passed for check in level_checks(made, band_gap(made), ElectronicTolerances())}
    assert checks["bands_filled"] is False


def test_free_electrons_in_one_dimension() -> None:
    """One band E = k²: D(E) = g/(2π √E) per length has the integral g √E/π, here with the zone from -π to π."""
    n = 4000
    k = (np.arange(n) / n + 0.5) % 1 - 0.5
    energies = np.stack([(2 * np.pi * k) ** 2, 1e3 + 0 * k], axis=1)
    made = levels_of(energies[None], np.column_stack([k, 0 * k, 0 * k]), (n, 1, 1), 1)
    assert made.fermi_level == pytest.approx((np.pi / 2) ** 2, rel=1e-3)
    for energy in (1.0, 4.0):
        assert electrons_below(made, energy, 0.01) == pytest.approx(2 * np.sqrt(energy) / np.pi, rel=2e-3)
    density = density_of_states(made, band_gap(made), broadening=0.02)
    assert density.zero == "fermi_level"
    at = np.interp([1.0, 4.0], np.array(density.energies) + made.fermi_level, density.total[0])
    np.testing.assert_allclose(at, [1 / np.pi, 0.5 / np.pi], rtol=0.01)


def test_a_density_holds_the_electrons_and_its_parts() -> None:
    made = chain(12)
    shares = np.full(made.energies.shape, 0.25)
    made = Levels(**{**vars(made), "projections": {"Cl p": shares}})
    density = density_of_states(made, band_gap(made), broadening=0.05)
    assert density.zero == "vbm"
    assert density.electrons == pytest.approx(2)
    assert density.integrated_electrons == pytest.approx(2, rel=1e-6)
    energies, total = np.array(density.energies), np.array(density.total[0])
    step = energies[1] - energies[0]
    assert total[energies < 0.4].sum() * step == pytest.approx(2, rel=1e-3)
    np.testing.assert_allclose(density.projected["Cl p"][0], 0.25 * total, rtol=1e-4)


def test_a_density_of_a_program_is_broadened_to_the_same() -> None:
    """A delta of two electrons on a fine grid becomes the Gaussian that the level itself becomes."""
    grid = np.linspace(-3, 3, 601)
    values = np.zeros((1, 601))
    values[0, 300] = 2 / 0.01
    wide = broadened_curve(grid, values, grid, 0.2)
    np.testing.assert_allclose(wide[0], 2 * np.exp(-0.5 * (grid / 0.2) ** 2) / (0.2 * np.sqrt(2 * np.pi)), atol=1e-9)
    assert wide.sum() * 0.01 == pytest.approx(2)


def test_files_come_back(tmp_path: Path) -> None:
    made = Levels(**{**vars(chain(4)), "projections": {"Li s": np.full((1, 4, 2), 0.5)}})
    made.write(tmp_path / "levels.npz")
    again = Levels.read(tmp_path / "levels.npz")
    np.testing.assert_array_equal(again.energies, made.energies)
    assert again.mesh == made.mesh
    np.testing.assert_array_equal(again.projections["Li s"], made.projections["Li s"])
    states = States(energies=np.arange(3.0), total=np.ones((1, 3)), projected={"Li s": np.ones((1, 3))}, method="x")
    states.write(tmp_path / "states.npz")
    assert States.read(tmp_path / "states.npz").method == "x"
    (tmp_path / "levels.npz").write_bytes(b"not an archive")
    with pytest.raises(InputError, match="cannot be read"):
        Levels.read(tmp_path / "levels.npz")
