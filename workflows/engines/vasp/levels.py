"""Levels, densities of states and potentials as VASP leaves them: EIGENVAL, DOSCAR and LOCPOT.

vasprun.xml holds the same levels and states, in files of up to gigabytes with the projections of every level; these
three are read instead.
"""

from __future__ import annotations

import warnings
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.analysis.electronic.levels import LEVELS_FILE, STATES_FILE, Levels, States
from lianode.analysis.electronic.potential import Profile
from lianode.analysis.electronic.result import ElectronicResult
from lianode.structures.errors import InputError
from lianode.workflows.engines.md_files import file_reference

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import TextIO

    from numpy.typing import NDArray

    from lianode.workflows.engines.vasp.inputs import Inputs
    from lianode.workflows.task import ElectronicTask

ORBITALS: dict[int, tuple[int, ...]] = {
    1: (0,),
    4: (0, 1, 1, 1),
    9: (0, 1, 1, 1, 2, 2, 2, 2, 2),
    16: (0, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3),
}
"""Angular momentum of each column of an ion's block, by their number (``LORBIT = 11``)."""
NOTHING = 1e-6
"""States per eV: a channel without more is left out."""
_HEAD = 5
"""Lines of DOSCAR above that of its grid."""


def electronic_fields(folder: Path, task: ElectronicTask, inputs: Inputs, directory: Path) -> dict[str, Any]:
    """Return what an electronic structure adds to the document of an energy, and leave levels and states in files.

    Parameters
    ----------
    folder
        In which VASP ran.
    task, inputs
        What it was asked.
    directory
        Of the calculation.

    Raises
    ------
    InputError
        When a file is missing or damaged.
    """
    ismear, sigma = inputs.incar["ISMEAR"], inputs.incar["SIGMA"]
    method = "tetrahedra" if ismear == -5 else f"smearing of {sigma:g} eV"
    states, fermi_level = read_states(
        folder / "DOSCAR", [site.specie.symbol for site in inputs.poscar.structure], method
    )
    levels = read_levels(folder / "EIGENVAL", inputs.mesh, fermi_level)
    levels.write(directory / LEVELS_FILE)
    files = {"levels": file_reference(directory / LEVELS_FILE, directory)}
    if task.wants("dos") or task.wants("projected_dos"):
        states.write(directory / STATES_FILE)
        files["states"] = file_reference(directory / STATES_FILE, directory)
    return {
        "electronic": ElectronicResult(
            fermi_level=fermi_level,
            k_mesh=levels.mesh,
            n_k_points=len(levels.weights),
            potential=read_potential(folder / "LOCPOT") if task.wants("potential") else None,
        ),
        "files": files,
    }


def read_levels(path: Path, mesh: tuple[int, int, int], fermi_level: float) -> Levels:
    """Read an EIGENVAL.

    Parameters
    ----------
    path
        The file.
    mesh
        Divisions of the mesh.
    fermi_level
        eV, which the file does not tell.

    Raises
    ------
    InputError
        When it is missing, damaged, or of a VASP that writes no occupations (before 5.3).
    """
    from pymatgen.electronic_structure.core import Spin
    from pymatgen.io.vasp.outputs import Eigenval

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = Eigenval(path)
        spins = [spin for spin in (Spin.up, Spin.down) if spin in found.eigenvalues]
        both = np.stack([np.asarray(found.eigenvalues[spin], dtype=float) for spin in spins])
        points, weights = np.array(found.kpoints, dtype=float), np.array(found.kpoints_weights, dtype=float)
        fault = _fault(both, weights, found.nelect)
    except (OSError, ValueError, IndexError, KeyError, TypeError) as error:
        raise InputError(f"the levels cannot be read ({error})", str(path)) from error
    if fault is not None:
        raise InputError(f"the levels cannot be read ({fault})", str(path))
    return Levels(
        energies=np.sort(both[..., 0], axis=2),
        occupations=both[..., 1],
        weights=weights / weights.sum(),
        k_points=points,
        mesh=mesh,
        fermi_level=fermi_level,
    )


def read_states(path: Path, elements: Sequence[str], method: str) -> tuple[States, float]:
    """Read a DOSCAR, ion by ion, and return it with the Fermi level (eV).

    Parameters
    ----------
    path
        The file.
    elements
        Of the ions, in their order.
    method
        How VASP made it, for the document.

    Raises
    ------
    InputError
        When it is missing or damaged.
    """
    try:
        with path.open(encoding="utf-8") as file:
            for _ in range(_HEAD):
                next(file)
            words = next(file).split()
            highest, lowest, n, fermi_level = float(words[0]), float(words[1]), int(words[2]), float(words[3])
            table = _block(file, n)
            spins = (table.shape[1] - 1) // 2
            projected: dict[str, NDArray[np.float64]] = {}
            for element in elements:
                if not file.readline().strip():
                    break  # LORBIT was not set
                _add(projected, element, _block(file, n)[:, 1:], spins)
    except (OSError, ValueError, IndexError, StopIteration, KeyError) as error:
        raise InputError(f"the density of states cannot be read ({error or 'it is cut'})", str(path)) from error
    step = (highest - lowest) / (n - 1)
    # differences of the integrated density: its values at points of the grid miss, or overdo, peaks between them
    total = np.diff(table[:, 1 + spins :].T, prepend=0.0, axis=1) / step
    return (
        States(
            energies=np.linspace(lowest, highest, n),  # three digits in the table are too few for a sum over it
            total=total,
            projected={name: values for name, values in projected.items() if values.max() > NOTHING},
            method=method,
        ),
        fermi_level,
    )


def read_potential(path: Path) -> Profile:
    """Read a LOCPOT and average it over planes along the third vector.

    Raises
    ------
    InputError
        When it is missing or damaged.
    """
    from pymatgen.io.vasp.outputs import Locpot

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = Locpot.from_file(path)
        values = np.asarray(found.get_average_along_axis(2), dtype=float)
    except (OSError, ValueError, IndexError, KeyError, TypeError, ZeroDivisionError) as error:
        raise InputError(f"the potential cannot be read ({error})", str(path)) from error
    if not len(values) or not np.isfinite(values).all():
        raise InputError("the potential cannot be read (no whole grid)", str(path))
    cell = found.structure.lattice.matrix
    normal = np.cross(cell[0], cell[1])
    height = float(abs(cell[2] @ normal) / np.linalg.norm(normal))
    return Profile(
        heights=(np.arange(len(values)) * height / len(values)).tolist(),
        values=values.tolist(),
        cell_height=height,
        atom_heights=(np.mod(found.structure.frac_coords[:, 2], 1.0) * height).tolist(),
        periodic=True,
    )


def _fault(both: NDArray[np.float64], weights: NDArray[np.float64], n_electrons: float) -> str | None:
    """Say why levels and occupations, (S, K, B, 2), cannot be used: pymatgen fills what is cut with zeros."""
    if both.ndim != 4 or not np.isfinite(both).all() or not weights.sum() > 0:
        return "no whole table"
    filled = (3 - len(both)) * float(np.einsum("skb,k->", both[..., 1], weights)) / float(weights.sum())
    if abs(filled - n_electrons) > max(0.01, 1e-3 * n_electrons):
        return f"its occupations hold {filled:.3f} of {n_electrons:g} electrons"
    return None


def _block(file: TextIO, n: int) -> NDArray[np.float64]:
    """Read a table of n lines."""
    table = np.loadtxt(islice(file, n), ndmin=2)
    if len(table) != n or not np.isfinite(table).all():
        raise ValueError("it is cut or damaged")
    return table


def _add(projected: dict[str, NDArray[np.float64]], element: str, columns: NDArray[np.float64], spins: int) -> None:
    """Add an ion's columns, spins next to each other, to the channels of its element."""
    orbitals = ORBITALS[columns.shape[1] // spins]
    for ell, letter in enumerate("spdf"):
        mine = [number for number, one in enumerate(orbitals) if one == ell]
        if mine:
            both = np.stack(
                [columns[:, [spins * number + spin for number in mine]].sum(axis=1) for spin in range(spins)]
            )
            name = f"{element} {letter}"
            projected[name] = projected[name] + both if name in projected else both
