"""Phonons against phonopy's own numbers, against ASE and against a formula."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.emt import EMT
from lianode_test_tables import METHOD, phase
from pymatgen.core import Lattice, Structure

from lianode.analysis.free_energy.thermal import (
    ThermalDocument,
    displaced_supercells,
    harmonic_free_energy,
    phonon_spectrum,
    with_free_energy,
)
from lianode.analysis.hull.hull import hull
from lianode.structures.errors import InputError

COPPER = Structure(Lattice.from_parameters(*[3.6 / 2**0.5] * 3, 60, 60, 60), ["Cu"], [[0, 0, 0]])
SPRING = 2.5
"""eV/Å²"""


def emt_forces(structure: Structure) -> np.ndarray:
    atoms = Atoms(
        [s.specie.symbol for s in structure], positions=structure.cart_coords, cell=structure.lattice.matrix, pbc=True
    )
    atoms.calc = EMT()
    return atoms.get_forces()


def cubic_springs(structure: Structure, rest: Structure, sign: float = 1.0) -> np.ndarray:
    """Forces of a simple cubic crystal whose neighbours pull with one spring in every direction."""
    moved = structure.cart_coords - rest.cart_coords
    moved -= np.round(moved / structure.lattice.a) * structure.lattice.a
    distances = rest.distance_matrix
    neighbours = np.isclose(distances, distances[distances > 0.1].min())
    return sign * SPRING * (neighbours @ moved - neighbours.sum(axis=1, keepdims=True) * moved)


def document_of(structure, supercells, forces, temperature=300.0, **options):
    return harmonic_free_energy(
        structure,
        supercells.repeats,
        forces,
        temperature,
        phase="Cu",
        formula="Cu",
        system="Li-In",
        engine="emt",
        campaign="test",
        method=METHOD,
        **options,
    )


def test_supercells_keep_images_apart():
    supercells = displaced_supercells(COPPER, 7.5)
    for cell in supercells.structures:
        vectors = np.array([[i, j, k] for i in (-1, 0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1)])
        lengths = np.linalg.norm(vectors @ cell.lattice.matrix, axis=1)
        assert lengths[lengths > 0].min() >= 7.5
    assert supercells.n_atoms == np.prod(supercells.repeats)
    assert len(supercells.structures) == 1  # cubic copper has one distinct displacement


@pytest.fixture(scope="module")
def copper():
    supercells = displaced_supercells(COPPER, 8.0)
    return supercells, [emt_forces(cell) for cell in supercells.structures]


def test_free_energy_is_that_of_phonopy(copper):
    from phonopy import Phonopy
    from phonopy.structure.atoms import PhonopyAtoms

    supercells, forces = copper
    document = document_of(COPPER, supercells, forces, mesh=(8, 8, 8))
    cell = PhonopyAtoms(symbols=["Cu"], cell=COPPER.lattice.matrix, scaled_positions=[[0, 0, 0]])
    phonons = Phonopy(cell, np.diag(supercells.repeats), primitive_matrix="P")
    phonons.generate_displacements(distance=0.01)
    phonons.forces = forces
    phonons.produce_force_constants(show_drift=False)
    phonons.symmetrize_force_constants()
    phonons.run_mesh([8, 8, 8], is_gamma_center=True)
    own = phonons.run_thermal_properties(temperatures=[0, 300], cutoff_frequency=0.01)
    kj_per_mol = 96.48533212
    assert document.free_energy_vib == pytest.approx(own.free_energy[1] / kj_per_mol, abs=1e-6)
    assert document.zero_point_energy == pytest.approx(own.free_energy[0] / kj_per_mol, abs=1e-6)
    assert 1000 * kj_per_mol * document.entropy_eV_per_K == pytest.approx(own.entropy[1], rel=1e-5)
    assert not document.flagged
    assert document.n_imaginary == 0
    assert document.n_modes == 3 * 8**3


def test_frequencies_are_those_of_ase(copper, tmp_path):
    from ase.build import bulk
    from ase.phonons import Phonons

    supercells, forces = copper
    # Γ, and the zone boundary L, where all of the mesh (2, 2, 2) lies or at X
    modes, _ = phonon_spectrum(COPPER, supercells.repeats, forces, (2, 2, 2))
    atoms = bulk("Cu", "fcc", a=3.6)
    ase = Phonons(atoms, EMT(), supercell=supercells.repeats, delta=0.01, name=tmp_path / "ase")
    ase.run()
    ase.read(acoustic=True)
    energies = ase.band_structure([[0.5, 0.5, 0.5], [0.5, 0.5, 0.0]])
    expected = np.sort(np.real(energies).ravel()) / 4.135667696e-3
    found = np.sort(np.unique(modes.frequencies_THz[modes.frequencies_THz > 0.1].round(6)))
    for frequency in expected:
        assert np.min(np.abs(found - frequency)) < 0.05  # THz; the two symmetrise differently


def test_simple_cubic_springs_have_the_frequencies_of_the_formula():
    # M w² = 2 K sum_i (1 - cos 2 pi q_i), the same for the three polarisations
    structure = Structure(Lattice.cubic(3.0), ["Li"], [[0, 0, 0]])
    supercells = displaced_supercells(structure, 9.0)
    rest = structure.make_supercell(supercells.repeats, in_place=False)
    forces = []
    for cell in supercells.structures:
        order = [int(np.argmin([site.distance(other) for other in rest])) for site in cell]
        forces.append(cubic_springs(cell, Structure.from_sites([rest[i] for i in order])))
    modes, mesh = phonon_spectrum(structure, supercells.repeats, forces, (6, 6, 6))
    assert mesh == (6, 6, 6)
    q = np.stack(np.meshgrid(*[np.arange(6) / 6] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    mass = 6.941 * 1.66053906660e-27
    squared = 2 * SPRING * 16.02176634 * (1 - np.cos(2 * np.pi * q)).sum(axis=1) / mass
    expected = np.sqrt(squared) / (2 * np.pi) / 1e12
    assert modes.frequencies_THz.max() == pytest.approx(expected.max(), rel=1e-4)
    mean = np.average(modes.frequencies_THz.mean(axis=1), weights=modes.weights)
    assert mean == pytest.approx(expected.mean(), rel=1e-3)
    # the same springs pushing: every mode but the translations is imaginary
    pushed = [-force for force in forces]
    unstable = document_of(structure, supercells, pushed, mesh=(6, 6, 6))
    assert unstable.flagged
    assert unstable.n_imaginary == 3 * (6**3 - 1)
    assert unstable.lowest_frequency_THz == pytest.approx(-expected.max(), rel=1e-4)
    check = next(c for c in unstable.checks if c.name == "no_imaginary_modes")
    assert "left out of the free energy" in check.message
    assert unstable.free_energy_vib == 0.0


def test_conventional_cell_gives_the_same_per_atom(copper):
    supercells, forces = copper
    primitive = document_of(COPPER, supercells, forces, mesh=(12, 12, 12))
    cubic = Structure.from_spacegroup("Fm-3m", Lattice.cubic(3.6), ["Cu"], [[0, 0, 0]])
    larger = displaced_supercells(cubic, 10.0)
    conventional = document_of(cubic, larger, [emt_forces(c) for c in larger.structures], mesh=(8, 8, 8))
    assert conventional.n_atoms == 4
    assert conventional.free_energy_vib_per_atom == pytest.approx(primitive.free_energy_vib_per_atom, abs=1e-3)


def test_wrong_input(copper):
    supercells, forces = copper
    with pytest.raises(InputError, match="min_length"):
        displaced_supercells(COPPER, 0.0)
    with pytest.raises(InputError, match="temperature"):
        document_of(COPPER, supercells, forces, temperature=-5.0)
    with pytest.raises(ValueError, match="forces of shape"):
        document_of(COPPER, supercells, [forces[0][:-1]])
    disordered = Structure(Lattice.cubic(3.0), [{"Li": 0.5, "In": 0.5}], [[0, 0, 0]])
    with pytest.raises(InputError, match="disordered"):
        displaced_supercells(disordered, 5.0)


def test_free_energies_enter_a_hull(copper):
    supercells, forces = copper
    thermal = document_of(COPPER, supercells, forces, mesh=(4, 4, 4))
    assert ThermalDocument.model_validate_json(thermal.model_dump_json()) == thermal
    named = thermal.model_copy(update={"phase": "LiIn"})
    warm = with_free_energy(phase("LiIn", -0.3, cells=4), named)
    assert warm.energy_per_atom - phase("LiIn", -0.3).energy_per_atom == pytest.approx(thermal.free_energy_vib_per_atom)
    assert warm.checks == tuple(thermal.checks)
    document = hull(
        [phase("Li", 0.0), phase("In", 0.0), warm],
        system="Li-In",
        engine="emt",
        campaign="test",
        temperature=300.0,
    )
    assert document.phase_named("LiIn").formation_energy_per_atom == pytest.approx(
        -0.3 + thermal.free_energy_vib_per_atom
    )
    with pytest.raises(ValueError, match="added to Li13In3"):
        with_free_energy(phase("Li13In3", -0.2), named)
