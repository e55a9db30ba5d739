"""Electronic structures with GPAW: which bands and k-points, and what is kept of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.analysis.electronic.levels import LEVELS_FILE, Levels
from lianode.analysis.electronic.potential import Profile
from lianode.analysis.electronic.result import ElectronicResult
from lianode.structures.errors import InputError
from lianode.workflows.engines.gpaw.inputs import mesh_of, parameters
from lianode.workflows.engines.gpaw.settings import WHERE
from lianode.workflows.engines.md_files import file_reference
from lianode.workflows.engines.vasp.kpoints import dense_mesh

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from pymatgen.core import Structure

    from lianode.workflows.engines.gpaw.calculator import GpawCalculator
    from lianode.workflows.engines.gpaw.settings import GpawSettings
    from lianode.workflows.task import ElectronicTask

SPARE = 4
"""Highest bands, which need not converge; they hasten the others."""
EMPTY_FOR_GAP = 4
"""Empty bands that have to converge where no density of states is wanted."""
EMPTY_PER_ATOM = 3
"""More of them for each atom where one is: some 10 eV above the Fermi level."""


def refuse_hybrid(task: ElectronicTask) -> None:
    """Raise ``InputError`` for a hybrid functional."""
    if task.hybrid:
        raise InputError("hybrid functionals are computed with vasp here; leave out `hybrid`, or use vasp", WHERE)


def electronic_parameters(settings: GpawSettings, task: ElectronicTask, structure: Structure) -> dict[str, Any]:
    """Return GPAW's keyword arguments: those of an energy, with a denser mesh and empty bands."""
    mesh = dense_mesh(structure, mesh_of(settings, structure), task.k_factor)
    made = parameters(settings.model_copy(update={"k_mesh": mesh, "k_density": None}), structure)
    empty = EMPTY_FOR_GAP
    if task.wants("dos") or task.wants("projected_dos"):
        empty += EMPTY_PER_ATOM * len(structure)
    made["nbands"] = -(empty + SPARE)
    made["convergence"] = {**made["convergence"], "bands": -SPARE}
    return made


def electronic_fields(
    calculator: GpawCalculator, task: ElectronicTask, structure: Structure, directory: Path
) -> dict[str, Any]:
    """Return what an electronic structure adds to the document of an energy, and leave the levels in a file."""
    answer = calculator.levels(
        {
            "file": LEVELS_FILE,
            "spare": SPARE,
            "projections": task.wants("projected_dos"),
            "potential": task.wants("potential"),
        }
    )
    mesh = Levels.read(directory / LEVELS_FILE).mesh
    return {
        "electronic": ElectronicResult(
            fermi_level=answer["fermi_level"],
            k_mesh=mesh,
            n_k_points=answer["n_k_points"],
            potential=_profile(calculator, structure, answer["potential"]) if task.wants("potential") else None,
        ),
        "files": {"levels": file_reference(directory / LEVELS_FILE, directory)},
    }


def _profile(calculator: GpawCalculator, structure: Structure, values: list[float]) -> Profile:
    """Return the potential with the atoms where GPAW had them."""
    cell = structure.lattice.matrix
    shifts: NDArray[np.float64] = np.zeros(3) if calculator.shifts is None else calculator.shifts
    normal = np.cross(cell[0], cell[1])
    normal /= np.linalg.norm(normal)
    height = float(abs(cell[2] @ normal))
    atoms = (structure.frac_coords + shifts)[:, 2] * height
    return Profile(
        heights=(np.arange(len(values)) * height / len(values)).tolist(),
        values=values,
        cell_height=height,
        atom_heights=np.mod(atoms, height).tolist(),
        periodic=not calculator.is_open,
    )
