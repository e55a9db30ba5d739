"""Structures with energies, forces and stresses in extended XYZ, to train potentials on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lianode.hpc.export.atoms import computed_atoms
from lianode.hpc.export.files import whole_file
from lianode.hpc.export.selected import one_method, with_energies
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from ase import Atoms

    from lianode.hpc.export.selected import Selected
    from lianode.hpc.store import ResultsStore

KINDS: Final = ("static", "relax", "neb", "md")


def labelled(store: ResultsStore, chosen: Selected) -> list[Atoms]:
    """Return one frame per converged calculation: energy (eV), forces (eV/Å) and stress (eV/Å³) where stored.

    ``info`` names the calculation, its kind, engine and method. Relaxations keep their largest force only.

    Raises
    ------
    InputError
        When there is none, or they are of several methods: a potential cannot be fitted to two energy scales.
    """
    frames, methods = [], []
    for computed in with_energies(store, chosen, KINDS):
        calculation, atoms = computed.calculation, computed_atoms(computed)
        atoms.info |= {
            "calculation": calculation.key,
            "label": _one_line(calculation.label),
            "task": calculation.task.kind,
            "engine": calculation.engine,
            "method": calculation.method.label,
        }
        frames.append(atoms)
        methods.append(calculation.method)
    if not frames:
        raise InputError("none of the calculations behind these results has an energy")
    one_method(methods, "a file of training data")
    return frames


def write_extxyz(store: ResultsStore, chosen: Selected, file: Path) -> int:
    """Write :func:`labelled` as extended XYZ; return how many frames."""
    from ase.io import write

    frames = labelled(store, chosen)
    with whole_file(file) as temporary:
        write(temporary, frames, format="extxyz")
    return len(frames)


def _one_line(text: str) -> str:
    """Return text that cannot end the comment line, or the quotes around it."""
    return "".join(c if c.isprintable() and c not in "\"'\\" else "_" for c in text)
