"""What GPAW is told: its keyword arguments for a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.structures.errors import InputError
from lianode.structures.symmetry import symmetry_dataset
from lianode.workflows.engines.gpaw.settings import FUNCTIONALS, SMEARINGS, WITH_ONE_K_POINT_ALONG_NORMAL
from lianode.workflows.engines.vasp.incar import VACUUM
from lianode.workflows.engines.vasp.kpoints import density_mesh, vacuum

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import NDArray
    from pymatgen.core import Structure

    from lianode.workflows.engines.gpaw.settings import GpawSettings
    from lianode.workflows.engines.vasp.kpoints import Mesh

MOST_CYCLES = 333
"""Of self-consistency; GPAW's own limit."""
TRUE_SYMMETRY = 1e-4
"""Å: tolerance of the operations that fix the origin; GPAW's own is 1e-5, and sees no others."""


def mesh_of(settings: GpawSettings, structure: Structure) -> Mesh:
    """Return the Γ-centred mesh of a cell; VASP's engine chooses the same."""
    if settings.k_mesh is not None:
        return settings.k_mesh
    density = settings.k_density
    if density is None:
        raise TypeError("settings without k-points")
    normal = 2 if settings.variant in WITH_ONE_K_POINT_ALONG_NORMAL else None
    return density_mesh(structure, density, normal=normal)


def is_open(settings: GpawSettings, structure: Structure) -> bool:
    """Whether the cell ends along c: a slab, or an interface with vacuum.

    Raises
    ------
    InputError
        For a slab without vacuum.
    """
    if settings.variant not in WITH_ONE_K_POINT_ALONG_NORMAL:
        return False
    if vacuum(structure) >= VACUUM:
        return True
    if settings.variant == "slab":
        where = structure.composition.reduced_formula
        raise InputError(f"a slab needs at least {VACUUM:g} Å of vacuum along c, not {vacuum(structure):.1f} Å", where)
    return False


def parameters(settings: GpawSettings, structure: Structure, *, most_cycles: int = MOST_CYCLES) -> dict[str, Any]:
    """Return GPAW's keyword arguments, as plain data.

    Parameters
    ----------
    settings
        Resolved.
    structure
        The cell that the task began with: its mesh holds for the whole task.
    most_cycles
        Cycles of self-consistency after which it gives up.
    """
    made: dict[str, Any] = {
        "mode": {"name": "pw", "ecut": settings.encut},
        "xc": FUNCTIONALS[settings.functional],
        "kpts": {"size": list(mesh_of(settings, structure)), "gamma": True},
        "occupations": {**SMEARINGS[settings.smearing], "width": settings.sigma},
        "spinpol": settings.ispin == 2,
        "convergence": {"energy": settings.energy_tolerance, "density": settings.density_tolerance},
        "maxiter": most_cycles,
    }
    if is_open(settings, structure):
        made["poissonsolver"] = {"dipolelayer": "xy"}
    return made


def to_middle(atoms: Atoms) -> NDArray[np.float64]:
    """Return the shifts, (n, 3), fractions, that bring a slab to the middle of its cell along c, all in one piece.

    GPAW wants the vacuum of an open cell at its ends.
    """
    heights = atoms.get_scaled_positions(wrap=False)[:, 2]
    wrapped = heights % 1.0
    ordered = np.sort(wrapped)
    gaps = np.diff(np.append(ordered, ordered[0] + 1.0))
    lowest = ordered[(int(gaps.argmax()) + 1) % len(ordered)]
    above = (wrapped - lowest) % 1.0
    return np.outer(above + 0.5 - 0.5 * above.max() - heights, [0.0, 0.0, 1.0])


def to_origin(atoms: Atoms) -> NDArray[np.float64]:
    """Return the shift, (3,), fractions, that brings the origin of the space group to that of the cell.

    The operations then shift atoms by halves, thirds or quarters of the cell or not at all, which GPAW's grid can hold.
    spglib's standard coordinates are P x + p, so that x moves by P⁻¹ p.
    """
    from pymatgen.io.ase import AseAtomsAdaptor

    found = symmetry_dataset(AseAtomsAdaptor.get_structure(atoms), TRUE_SYMMETRY)
    if found is None:
        return np.zeros(3)
    shift: NDArray[np.float64] = np.linalg.solve(found.transformation_matrix, found.origin_shift)
    return shift
