"""Moduli of published tensors by the closed formulas of their classes."""

from __future__ import annotations

import numpy as np
import pytest
from lianode_test_elastic_crystals import random_tensor
from pymatgen.analysis.elasticity import ElasticTensor
from scipy.spatial.transform import Rotation

from lianode.analysis.elastic.moduli import compliance, moduli, softest_and_stiffest, youngs_modulus
from lianode.analysis.elastic.tensor import rotated
from lianode.structures.errors import InputError


def cubic(c11: float, c12: float, c44: float) -> np.ndarray:
    tensor = np.diag([c11 - c12] * 3 + [c44] * 3).astype(float)
    tensor[:3, :3] += c12
    return tensor


def tetragonal(constants: tuple[float, ...]) -> np.ndarray:
    c11, c12, c13, c33, c44, c66 = constants
    tensor = np.diag([c11, c11, c33, c44, c44, c66]).astype(float)
    tensor[0, 1] = tensor[1, 0] = c12
    tensor[:2, 2] = tensor[2, :2] = c13
    return tensor


COPPER = cubic(168.4, 121.4, 75.4)  # GPa, Kittel, Introduction to Solid State Physics, chapter 3
ZINC = tetragonal((161.0, 34.2, 50.1, 61.0, 38.3, 63.4))  # GPa, Simmons and Wang (1971); C66 = (C11 - C12)/2
ALONE = np.eye(3)[None]
CUBE = Rotation.create_group("O").as_matrix()
INDIUM = tetragonal((44.5, 39.5, 40.5, 44.4, 6.55, 12.2))  # GPa, Simmons and Wang (1971)


def test_copper_averages() -> None:
    """Cubic: K = (C11 + 2 C12)/3, G_V = (C11 - C12 + 3 C44)/5, G_R = 5 (C11 - C12) C44/(4 C44 + 3 (C11 - C12))."""
    found = moduli(COPPER)
    assert found.bulk_voigt_GPa == pytest.approx(411.2 / 3)
    assert found.bulk_reuss_GPa == pytest.approx(411.2 / 3)
    assert found.shear_voigt_GPa == pytest.approx((47 + 3 * 75.4) / 5)
    assert found.shear_reuss_GPa == pytest.approx(5 * 47 * 75.4 / (4 * 75.4 + 3 * 47))
    assert found.universal_anisotropy == pytest.approx(5 * found.shear_voigt_GPa / found.shear_reuss_GPa - 5)
    assert found.shear_hill_GPa == pytest.approx(47.3, abs=0.1)  # polycrystalline copper: 48 GPa
    assert found.youngs_hill_GPa == pytest.approx(127, abs=1)  # measured: 110 to 130 GPa
    assert found.poisson_ratio == pytest.approx(0.345, abs=0.003)  # measured: 0.34


def test_copper_directions() -> None:
    """1/E(n) = S11 - 2 (S11 - S12 - S44/2)(x²y² + y²z² + z²x²): 66.7 GPa along [001], 191 along [111] (Nye)."""
    softest, stiffest = softest_and_stiffest(COPPER, CUBE)
    assert softest.direction == (0, 0, 1)
    assert softest.youngs_modulus_GPa == pytest.approx(66.7, abs=0.1)
    assert stiffest.direction == pytest.approx(np.full(3, 3**-0.5))
    assert stiffest.youngs_modulus_GPa == pytest.approx(191.1, abs=0.3)
    n = np.random.default_rng(4).normal(size=(20, 3))
    n /= np.linalg.norm(n, axis=1, keepdims=True)
    s, (x, y, z) = compliance(COPPER), n.T**2
    expected = s[0, 0] - 2 * (s[0, 0] - s[0, 1] - s[3, 3] / 2) * (x * y + y * z + z * x)
    assert youngs_modulus(COPPER, 3 * n) == pytest.approx(1 / expected)


def test_zinc_by_the_hexagonal_formula() -> None:
    """1/E = S11 sin⁴ + S33 cos⁴ + (2 S13 + S44) sin² cos² of the angle to c (Nye)."""
    s = compliance(ZINC)
    angle = np.linspace(0, np.pi / 2, 901)
    c, t = np.cos(angle) ** 2, np.sin(angle) ** 2
    expected = 1 / (s[0, 0] * t**2 + s[2, 2] * c**2 + (2 * s[0, 2] + s[3, 3]) * t * c)
    around = np.stack([0.6 * np.sin(angle), 0.8 * np.sin(angle), np.cos(angle)], axis=1)
    assert youngs_modulus(ZINC, around) == pytest.approx(expected)
    softest, stiffest = softest_and_stiffest(ZINC, ALONE)
    assert softest.youngs_modulus_GPa == pytest.approx(expected.min(), rel=1e-5)
    assert stiffest.youngs_modulus_GPa == pytest.approx(expected.max(), rel=1e-5)
    assert softest.direction == (0, 0, 1)
    assert softest.youngs_modulus_GPa == pytest.approx(35, abs=1)  # single crystals along c


def test_zinc_averages() -> None:
    """Voigt and Reuss of hexagonal crystals (Watt and Peselnick, J. Appl. Phys. 51, 1525 (1980))."""
    c11, c12, c13, c33, c44, c66 = 161.0, 34.2, 50.1, 61.0, 38.3, 63.4
    m, c2 = c11 + c12 + 2 * c33 - 4 * c13, (c11 + c12) * c33 - 2 * c13**2
    bulk_v = (2 * (c11 + c12) + 4 * c13 + c33) / 9
    shear_v = (m + 12 * c44 + 12 * c66) / 30
    found = moduli(ZINC)
    assert found.bulk_voigt_GPa == pytest.approx(bulk_v)
    assert found.bulk_reuss_GPa == pytest.approx(c2 / m)
    assert found.shear_voigt_GPa == pytest.approx(shear_v)
    assert found.shear_reuss_GPa == pytest.approx(2.5 * c2 * c44 * c66 / (3 * bulk_v * c44 * c66 + c2 * (c44 + c66)))


def test_indium_averages() -> None:
    """Tetragonal formulas: 9 K_V = 2 (C11 + C12) + C33 + 4 C13, K_R = C²/M (Watt and Peselnick, 1980)."""
    found = moduli(INDIUM)
    m, c2 = 44.5 + 39.5 + 2 * 44.4 - 4 * 40.5, (44.5 + 39.5) * 44.4 - 2 * 40.5**2
    assert found.bulk_voigt_GPa == pytest.approx((2 * 84.0 + 44.4 + 4 * 40.5) / 9)
    assert found.bulk_reuss_GPa == pytest.approx(c2 / m)
    assert found.shear_voigt_GPa == pytest.approx((m + 3 * 44.5 - 3 * 39.5 + 12 * 6.55 + 6 * 12.2) / 30)
    b_v = found.bulk_voigt_GPa
    inverse = 18 * b_v / c2 + 6 / (44.5 - 39.5) + 6 / 6.55 + 3 / 12.2
    assert found.shear_reuss_GPa == pytest.approx(15 / inverse)
    assert found.universal_anisotropy > 1  # indium is soft in one tetragonal shear


def test_isotropic_solid() -> None:
    """λ and μ: K = λ + 2μ/3, E = μ (3λ + 2μ)/(λ + μ) in every direction, no anisotropy."""
    lame, mu = 30.0, 20.0
    tensor = cubic(lame + 2 * mu, lame, mu)
    found = moduli(tensor)
    young = mu * (3 * lame + 2 * mu) / (lame + mu)
    assert found.bulk_hill_GPa == pytest.approx(lame + 2 * mu / 3)
    assert found.shear_hill_GPa == pytest.approx(mu)
    assert found.youngs_hill_GPa == pytest.approx(young)
    assert found.poisson_ratio == pytest.approx(lame / (2 * (lame + mu)))
    assert found.universal_anisotropy == pytest.approx(0, abs=1e-12)
    assert softest_and_stiffest(tensor, ALONE)[0].youngs_modulus_GPa == pytest.approx(young)
    assert softest_and_stiffest(tensor, ALONE)[0].direction == (0, 0, 1)


@pytest.mark.parametrize("seed", range(4))
def test_triclinic_bounds_and_extremes(seed: int) -> None:
    """Reuss lies below Voigt, moduli do not depend on the frame, and no direction lies beyond the extremes."""
    tensor = random_tensor(seed)
    found = moduli(tensor)
    assert found.bulk_reuss_GPa < found.bulk_hill_GPa < found.bulk_voigt_GPa
    assert found.shear_reuss_GPa < found.shear_hill_GPa < found.shear_voigt_GPa
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    again = moduli(rotated(tensor, turn))
    assert again.model_dump() == pytest.approx(found.model_dump())
    n = np.random.default_rng(1).normal(size=(20000, 3))
    values = youngs_modulus(tensor, n)
    softest, stiffest = softest_and_stiffest(tensor, ALONE)
    assert softest.youngs_modulus_GPa <= values.min() * (1 + 1e-6)
    assert stiffest.youngs_modulus_GPa >= values.max() * (1 - 1e-6)
    assert softest.youngs_modulus_GPa == pytest.approx(values.min(), rel=0.02)
    assert stiffest.youngs_modulus_GPa == pytest.approx(values.max(), rel=0.02)
    turned = [extreme.youngs_modulus_GPa for extreme in softest_and_stiffest(rotated(tensor, turn), ALONE)]
    assert turned == pytest.approx([softest.youngs_modulus_GPa, stiffest.youngs_modulus_GPa], rel=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_averages_against_pymatgen(seed: int) -> None:
    """Another code's Voigt, Reuss and Hill averages of tensors without symmetry."""
    tensor = random_tensor(seed)
    theirs, ours = ElasticTensor.from_voigt(tensor), moduli(tensor)
    assert ours.bulk_voigt_GPa == pytest.approx(theirs.k_voigt)
    assert ours.bulk_reuss_GPa == pytest.approx(theirs.k_reuss)
    assert ours.shear_voigt_GPa == pytest.approx(theirs.g_voigt)
    assert ours.shear_reuss_GPa == pytest.approx(theirs.g_reuss)
    assert ours.universal_anisotropy == pytest.approx(theirs.universal_anisotropy)
    assert ours.poisson_ratio == pytest.approx(theirs.homogeneous_poisson)
    assert 1e9 * ours.youngs_hill_GPa == pytest.approx(theirs.y_mod)


def test_modulus_is_stress_over_strain() -> None:
    """Along x, E is 1/S11, the ratio under uniaxial tension."""
    tensor = random_tensor(9)
    strain = np.linalg.solve(tensor, [1, 0, 0, 0, 0, 0])
    assert float(youngs_modulus(tensor, np.array([1, 0, 0]))) == pytest.approx(1 / strain[0])


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (cubic(50, 60, 30), "mechanically unstable and has no moduli"),
        (np.eye(3), "a 6 by 6 matrix of finite numbers"),
        (np.full((6, 6), np.nan), "a 6 by 6 matrix of finite numbers"),
        (np.eye(6) + np.eye(6, k=1), "is symmetric, and this matrix is not"),
    ],
)
def test_matrices_that_are_no_tensor(matrix: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        moduli(matrix)


def test_a_direction_of_no_length() -> None:
    with pytest.raises(InputError, match="a vector with a length"):
        youngs_modulus(COPPER, np.zeros(3))
