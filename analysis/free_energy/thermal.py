"""Free energy of a crystal at a temperature, from forces in displaced supercells; phonopy makes and reads them.

Any engine can compute the forces: :func:`displaced_supercells` says of which cells, :func:`harmonic_free_energy` turns
them into a document, and :func:`with_free_energy` adds its number to a phase's energy, for a hull at that temperature.
The crystal keeps its 0 K volume: thermal expansion, and with it the quasi-harmonic part, is left out.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from lianode.analysis.checks import Check
from lianode.analysis.documents import PropertyDocument
from lianode.analysis.free_energy.vibrations import IMAGINARY_THZ, spectrum
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike
    from phonopy import Phonopy
    from phonopy.structure.atoms import PhonopyAtoms
    from pymatgen.core import Structure

    from lianode.analysis.energies import PhaseEnergy
    from lianode.analysis.free_energy.vibrations import Spectrum
    from lianode.analysis.method import MethodKey

DISPLACEMENT = 0.01
"""How far an atom is moved, Å: within the harmonic range, above the noise of single-precision forces."""

MESH_LENGTH = 60.0
"""Fineness of the q-mesh, Å: divisions times the height of the cell along each axis, at least."""

Divisions = tuple[int, int, int]


@dataclass(frozen=True)
class Displacement:
    """One atom moved.

    Attributes
    ----------
    atom
        Index in the supercell.
    direction
        Unit vector in fractions of the supercell's axes, to three decimals: independent of the last digits of a
        relaxed cell, so that it can stand in a key.
    """

    atom: int
    direction: tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class DisplacedSupercells:
    """Supercells whose forces give the force constants.

    Attributes
    ----------
    repeats
        Repeats of the cell along its axes.
    structures
        Supercells with one atom moved by :data:`DISPLACEMENT` each, Å; as many as symmetry leaves distinct.
    displacements
        Which atom was moved in each, and where to.
    """

    repeats: Divisions
    structures: list[Structure]
    displacements: list[Displacement]

    @property
    def n_atoms(self) -> int:
        """Atoms in each supercell."""
        return len(self.structures[0])


class ThermalDocument(PropertyDocument):
    """Harmonic free energy of a phase at fixed volume.

    Attributes
    ----------
    formula
        As the papers write it.
    temperature
        K.
    n_atoms
        Atoms in the cell that ``per cell`` means.
    free_energy_vib, zero_point_energy
        eV per cell.
    entropy_eV_per_K
        Per cell.
    free_energy_vib_per_atom
        eV/atom.
    n_imaginary, n_modes
        Imaginary modes, and all modes, on the mesh. Imaginary modes are left out of the energies.
    lowest_frequency_THz, highest_frequency_THz
        On the mesh; imaginary frequencies are negative.
    repeats
        Supercell of the forces.
    mesh
        Divisions of the Brillouin zone, zone centre included.
    """

    property: Literal["free_energy"] = "free_energy"
    formula: str
    temperature: float
    n_atoms: int
    free_energy_vib: float
    zero_point_energy: float
    entropy_eV_per_K: float
    free_energy_vib_per_atom: float
    n_imaginary: int
    n_modes: int
    lowest_frequency_THz: float
    highest_frequency_THz: float
    repeats: Divisions
    mesh: Divisions


def _divisions(structure: Structure, length: float, where: str) -> Divisions:
    """Return the smallest repeats that make every height of the cell at least ``length``, Å."""
    if length <= 0:
        raise InputError(f"{length} Å; it has to be above 0", where)
    # the height along an axis is 1 / |reciprocal vector|; images are never closer than the smallest height
    a, b, c = (max(1, math.ceil(length * r - 1e-6)) for r in structure.lattice.reciprocal_lattice_crystallographic.abc)
    return a, b, c


def displaced_supercells(structure: Structure, min_length: float) -> DisplacedSupercells:
    """Return the supercells whose forces are needed.

    Parameters
    ----------
    structure
        Relaxed cell, best primitive, Å.
    min_length
        Least distance of an atom from its periodic images, Å.

    Raises
    ------
    InputError
        For a length that is not above 0, or a disordered structure.
    """
    repeats = _divisions(structure, min_length, "min_length")
    phonons = _phonons(structure, repeats)
    return DisplacedSupercells(
        repeats=repeats,
        structures=[_structure(cell) for cell in _displaced(phonons)],
        displacements=_displacements(phonons),
    )


def phonon_spectrum(
    structure: Structure, repeats: Divisions, forces: Sequence[ArrayLike], mesh: Divisions | None = None
) -> tuple[Spectrum, Divisions]:
    """Return the frequencies on a mesh that includes the zone centre, and the mesh.

    Parameters
    ----------
    structure
        The same that the supercells were made of.
    repeats
        Of :func:`displaced_supercells`.
    forces
        In each supercell, in the order of its atoms, eV/Å, each (n, 3).
    mesh
        Divisions; None makes the mesh as fine as :data:`MESH_LENGTH` says.
    """
    phonons = _phonons(structure, repeats)
    expected = len(_displaced(phonons)), len(phonons.supercell), 3
    given = np.asarray(forces, dtype=float)
    if given.shape != expected:
        raise ValueError(f"forces of shape {given.shape}; the displaced supercells need {expected}")
    mesh = mesh or _divisions(structure, MESH_LENGTH, "mesh")
    phonons.forces = given
    phonons.produce_force_constants(show_drift=False)
    phonons.symmetrize_force_constants()
    run = phonons.run_mesh(list(mesh), is_gamma_center=True)
    return spectrum(run.frequencies, run.weights), mesh


def harmonic_free_energy(
    structure: Structure,
    repeats: Divisions,
    forces: Sequence[ArrayLike],
    temperature: float,
    *,
    phase: str,
    formula: str,
    system: str,
    engine: str,
    campaign: str,
    method: MethodKey,
    calculations: Mapping[str, str] | None = None,
    mesh: Divisions | None = None,
) -> ThermalDocument:
    """Compute the harmonic free energy of a phase.

    Parameters
    ----------
    structure, repeats, forces, mesh
        See :func:`phonon_spectrum`.
    temperature
        K.
    phase, formula, system, engine, campaign, method, calculations
        For the document.

    Raises
    ------
    InputError
        For a negative temperature.
    """
    if temperature < 0:
        raise InputError(f"{temperature} K; it has to be 0 or more", "temperature")
    modes, used = phonon_spectrum(structure, repeats, forces, mesh)
    lowest = float(modes.frequencies_THz.min())
    imaginary = modes.n_imaginary
    free_energy = modes.free_energy(temperature)
    return ThermalDocument(
        system=system,
        phase=phase,
        engine=engine,
        campaign=campaign,
        method=method,
        settings={
            "temperature": temperature,
            "repeats": list(repeats),
            "mesh": list(used),
            "displacement": DISPLACEMENT,
        },
        calculations=dict(calculations or {}),
        checks=[
            Check(
                name="no_imaginary_modes",
                passed=imaginary == 0,
                message=f"{imaginary} of {modes.n_modes} modes are imaginary (lowest {lowest:.2f} THz, below "
                f"{IMAGINARY_THZ} THz); they are left out of the free energy, which is not to be trusted"
                if imaginary
                else f"lowest mode {lowest:.2f} THz, above {IMAGINARY_THZ} THz",
                subject=phase,
            )
        ],
        formula=formula,
        temperature=temperature,
        n_atoms=len(structure),
        free_energy_vib=free_energy,
        zero_point_energy=modes.zero_point_energy(),
        entropy_eV_per_K=modes.entropy(temperature),
        free_energy_vib_per_atom=free_energy / len(structure),
        n_imaginary=imaginary,
        n_modes=modes.n_modes,
        lowest_frequency_THz=lowest,
        highest_frequency_THz=float(modes.frequencies_THz.max()),
        repeats=repeats,
        mesh=used,
    )


def with_free_energy(energy: PhaseEnergy, thermal: ThermalDocument) -> PhaseEnergy:
    """Return a phase's energy with its vibrational free energy added, and the checks of both.

    Raises
    ------
    ValueError
        When the two are of different phases or methods.
    """
    if energy.name != thermal.phase or energy.method.digest != thermal.method.digest:
        raise ValueError(f"free energy of {thermal.phase} ({thermal.method.label}) added to {energy.name}")
    return dataclasses.replace(
        energy,
        energy=energy.energy + thermal.free_energy_vib_per_atom * energy.n_atoms,
        checks=(*energy.checks, *thermal.checks),
    )


def _phonons(structure: Structure, repeats: Divisions) -> Phonopy:
    from phonopy import Phonopy
    from phonopy.structure.atoms import PhonopyAtoms

    if not structure.is_ordered:
        raise InputError("a disordered crystal has no phonons; order it first", structure.formula)
    cell = PhonopyAtoms(
        symbols=[site.specie.symbol for site in structure],
        cell=structure.lattice.matrix,
        scaled_positions=structure.frac_coords,
    )
    phonons = Phonopy(cell, np.diag(repeats), primitive_matrix="P", symprec=1e-4)
    phonons.generate_displacements(distance=DISPLACEMENT)
    return phonons


def _displaced(phonons: Phonopy) -> list[PhonopyAtoms]:
    return list(phonons.supercells_with_displacements or ())


def _displacements(phonons: Phonopy) -> list[Displacement]:
    """Return what phonopy moved, as directions."""
    to_fractions = np.linalg.inv(phonons.supercell.cell)
    moved = []
    for atom, *vector in phonons.displacements:
        x, y, z = np.asarray(vector, dtype=float) @ to_fractions
        length = math.sqrt(x * x + y * y + z * z)
        direction = (round(x / length, 3) + 0.0, round(y / length, 3) + 0.0, round(z / length, 3) + 0.0)
        moved.append(Displacement(int(atom), direction))
    return moved


def _structure(cell: PhonopyAtoms) -> Structure:
    from pymatgen.core import Structure

    return Structure(cell.cell, cell.symbols, cell.scaled_positions)
