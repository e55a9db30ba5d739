"""Tensors from stresses: made-up ones of every class, a pair potential's, and those of a VASP run."""

from __future__ import annotations

import numpy as np
import pytest
from ase.units import GPa
from lianode_test_elastic_crystals import (
    CONSTANTS,
    CRYSTALS,
    asked,
    crystal,
    measured,
    of_crystal,
    random_tensor,
    to_frame,
    to_laboratory,
    turned,
)
from pymatgen.core import Lattice, Structure
from pymatgen.io.ase import AseAtomsAdaptor

from lianode.analysis.checks import failed
from lianode.analysis.elastic.document import StrainedCell
from lianode.analysis.elastic.elastic import elastic, reference_cell
from lianode.analysis.elastic.tensor import (
    fit_tensor,
    kelvin_of_voigt,
    piola_kirchhoff_stress,
    projected,
    rotated,
    tensor_of_stress,
)
from lianode.structures.crystal_axes import crystal_axes
from lianode.structures.errors import InputError
from lianode.structures.strains import independent_strains, strained
from lianode.workflows.engines.morse import CUTOFF, MorseCalculator

SMALL = (0.001, 0.002)


@pytest.mark.parametrize("name", CRYSTALS)
def test_number_of_independent_constants(name: str) -> None:
    """The dimension of the space that the projection leaves is the textbook's number."""
    cell = crystal(name)
    rotations = crystal_axes(cell).rotations(np.asarray(cell.lattice.matrix))
    kept = [projected(random_tensor(seed), rotations).ravel() for seed in range(30)]
    assert np.linalg.matrix_rank(kept, tol=1e-8) == CONSTANTS[name]
    assert name.startswith(crystal_axes(cell).crystal_class)


@pytest.mark.parametrize("left", [0.0, 0.7], ids=["relaxed", "residual stress"])
@pytest.mark.parametrize("name", CRYSTALS)
def test_random_tensors_are_recovered(name: str, left: float) -> None:
    cell = crystal(name)
    tensor = of_crystal(cell, 7)
    found = elastic(**asked(*measured(cell, tensor, left)))
    assert np.array(found.tensor_GPa) == pytest.approx(tensor, abs=1e-9)
    assert np.array(found.raw_tensor_GPa) == pytest.approx(tensor, abs=1e-9)
    assert {check.name for check in failed(found.checks)} == ({"reference_stress"} if left else set())


@pytest.mark.parametrize("size", [None, [[2, 1, 0], [0, 1, 0], [0, 0, 1]]], ids=["turned", "supercell"])
@pytest.mark.parametrize("name", CRYSTALS)
def test_the_same_crystal_in_another_cell(name: str, size: list[list[int]] | None) -> None:
    """The tensor in the laboratory turns with the crystal, whatever axes are found in its new cell."""
    cell = crystal(name)
    tensor = to_laboratory(of_crystal(cell, 3), cell)
    other, turn = turned(cell, 5, size)
    expected = to_frame(rotated(tensor, turn), other)
    found = elastic(**asked(*measured(other, expected)))
    assert np.array(found.tensor_GPa) == pytest.approx(expected, abs=1e-8)
    first = elastic(**asked(*measured(cell, of_crystal(cell, 3))))
    assert found.eigenvalues_GPa == pytest.approx(first.eigenvalues_GPa, abs=1e-8)
    assert found.youngs_modulus_GPa == pytest.approx(first.youngs_modulus_GPa, abs=1e-8)
    assert found.softest is not None
    assert first.softest is not None
    assert found.softest.youngs_modulus_GPa == pytest.approx(first.softest.youngs_modulus_GPa, rel=1e-6)


@pytest.mark.parametrize("name", ["trigonal -3m (axes along a)", "monoclinic", "tetragonal 4/m", "triclinic"])
def test_a_left_handed_cell(name: str) -> None:
    cell = crystal(name)
    swapped = Structure(Lattice(cell.lattice.matrix[[1, 0, 2]]), cell.species, cell.frac_coords[:, [1, 0, 2]])
    assert np.linalg.det(swapped.lattice.matrix) * np.linalg.det(cell.lattice.matrix) < 0
    expected = to_frame(to_laboratory(of_crystal(cell, 4), cell), swapped)
    found = elastic(**asked(*measured(swapped, expected)))
    assert np.array(found.tensor_GPa) == pytest.approx(expected, abs=1e-8)


def test_rotation_keeps_the_invariants() -> None:
    tensor = random_tensor(1)
    turn = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1.0]])
    found = rotated(tensor, turn)
    assert found[0, 0] == pytest.approx(tensor[1, 1])  # x -> y
    assert found[3, 3] == pytest.approx(tensor[4, 4])
    assert np.linalg.eigvalsh(kelvin_of_voigt(found)) == pytest.approx(np.linalg.eigvalsh(kelvin_of_voigt(tensor)))


def face_centred(a: float, size: int = 1) -> Structure:
    return Structure.from_spacegroup("Fm-3m", Lattice.cubic(a), ["In"], [[0, 0, 0]]).get_primitive_structure() * size


def computed(structure: Structure):
    """Return reference and strained cells of the pair potential."""
    axes = crystal_axes(structure)

    def stress(cell: Structure) -> tuple[float, ...]:
        atoms = AseAtomsAdaptor.get_atoms(cell)
        atoms.calc = MorseCalculator()
        return tuple((atoms.get_stress() / GPa).tolist())

    strains = independent_strains(axes.rotations(np.asarray(structure.lattice.matrix)), SMALL)
    cells = [
        StrainedCell(pattern=s.pattern, magnitude=s.magnitude, stress_GPa=stress(strained(structure, axes, s)))
        for s in strains
    ]
    return reference_cell(structure, axes, stress(structure)), cells


def lattice_sums(a: float) -> tuple[float, float, float]:
    """Return C11, C12, C44 of fcc by Born's sums, GPa.

    C_ijkl = 1/(2V) sum over r of (φ''(r) - φ'(r)/r) r_i r_j r_k r_l / r², V the volume of an atom.
    """
    n = np.indices((9, 9, 9)).reshape(3, -1).T - 4
    vectors = 0.5 * a * n[(n.sum(axis=1) % 2 == 0) & n.any(axis=1)]
    r = np.linalg.norm(vectors, axis=1)
    vectors, r = vectors[r < CUTOFF], r[r < CUTOFF]
    morse, ones, h = MorseCalculator(), np.ones_like(r), 1e-5

    def slope(x: np.ndarray) -> np.ndarray:
        return morse.pair(x, 3.25 * ones, 0.25 * ones)[1]

    stiffness = (slope(r + h) - slope(r - h)) / (2 * h)
    weight = (stiffness - slope(r) / r) / r**2 / (2 * a**3 / 4) / GPa
    x, y, z = vectors.T
    return float(weight @ x**4), float(weight @ (x * x * y * y)), float(weight @ (y * y * z * z))


@pytest.mark.parametrize("a", [4.45, 4.52, 4.6])
def test_pair_potential_against_lattice_sums(a: float) -> None:
    """Cauchy's relation C12 = C44 holds for the thermodynamic tensor at any pressure; here from -2 to 2 GPa."""
    c11, c12, c44 = lattice_sums(a)
    assert c12 == pytest.approx(c44)
    found = np.array(elastic(**asked(*computed(face_centred(a)), magnitudes=SMALL)).tensor_GPa)
    assert found[0, 0] == pytest.approx(c11, rel=1e-3)
    assert found[0, 1] == pytest.approx(c12, rel=1e-3)
    assert found[3, 3] == pytest.approx(c44, rel=1e-3)
    assert found[0, 1] == pytest.approx(found[3, 3], rel=1e-3)
    assert np.abs(found[:3, 3:]).max() < 1e-9


def test_pair_potential_in_turned_cells_and_supercells() -> None:
    cell = face_centred(4.52)
    first = elastic(**asked(*computed(cell), magnitudes=SMALL))
    for other, _ in (turned(cell, 2), turned(cell, 3, [[2, 1, 0], [0, 1, 0], [0, 0, 1]])):
        found = elastic(**asked(*computed(other), magnitudes=SMALL))
        assert np.array(found.tensor_GPa) == pytest.approx(np.array(first.tensor_GPa), abs=1e-8)


def test_silicon_of_a_vasp_run() -> None:
    """Stresses of deformed cells of Si8 in atomate's test files (VASP 5.4.1), evaluated with pymatgen before.

    That gave C11 145.7, C12 51.7, C44 75.5 GPa. The shears of 3 % have one sign, so that second orders are in both.
    """
    left = tensor_of_stress([-0.00543, -0.00543, -0.00543, 0, 0, 0])
    shear = np.array([[1, 0, 0], [0.06, 0.998198, 0], [0, 0, 1]])
    stretch = np.diag([1, 1, 1.009951])
    stresses = [
        piola_kirchhoff_stress(tensor_of_stress([-0.3257, -0.16698, 0.06037, 0, 0, 4.50356]), shear) - left,
        piola_kirchhoff_stress(tensor_of_stress([0.5121, 0.5121, 1.47161, 0, 0, 0]), stretch) - left,
    ]
    strains = [0.5 * (f.T @ f - np.eye(3)) for f in (shear, stretch)]
    cubic = Structure.from_spacegroup("Fd-3m", Lattice.cubic(5.47), ["Si"], [[0, 0, 0]])
    rotations = crystal_axes(cubic).rotations(np.asarray(cubic.lattice.matrix))
    found = fit_tensor(np.array(strains), np.array(stresses), rotations).tensor
    assert found[0, 0] == pytest.approx(145.7, rel=0.015)
    assert found[0, 1] == pytest.approx(51.7, rel=0.015)
    assert found[3, 3] == pytest.approx(75.5, rel=0.015)


def test_too_few_strains() -> None:
    strain = np.diag([0.01, 0, 0])[None]
    with pytest.raises(InputError, match="span 1 of 6 kinds of strain"):
        fit_tensor(strain, strain, np.eye(3)[None])


def test_stresses_that_are_no_numbers() -> None:
    strain = np.diag([0.01, 0, 0])[None]
    with pytest.raises(InputError, match="have to be finite"):
        fit_tensor(strain, strain * np.nan, np.eye(3)[None])
