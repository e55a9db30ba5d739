"""Counting and timing the evaluations of a calculator."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from ase.calculators.calculator import Calculator, all_changes

if TYPE_CHECKING:
    from ase import Atoms


class CountedCalculator(Calculator):  # type: ignore[misc]
    """Wrap a calculator that is shared by a whole process, with the count and time of its evaluations.

    One evaluation gives energy, forces and stress together, which is what the potentials do anyway.

    Parameters
    ----------
    inner
        The calculator that computes.

    Attributes
    ----------
    count
        Evaluations made through this wrapper.
    seconds
        Time they took.
    """

    implemented_properties: ClassVar[list[str]] = ["energy", "free_energy", "forces", "stress"]

    def __init__(self, inner: Calculator) -> None:
        super().__init__()
        self.use_cache = False  # ASE would copy the atoms once more, with their constraints
        self.inner = inner
        self.count = 0
        self.seconds = 0.0

    def check_state(self, atoms: Atoms, tol: float = 0.0) -> list[str]:  # noqa: ARG002 - ASE's signature
        """Return what changed since the last evaluation, exactly.

        ASE asks four times per step, and its own answer takes longer than all else that a step does here.
        """
        seen = self.atoms
        if seen is None:
            return list(all_changes)
        now = {**atoms.arrays, "cell": atoms.cell.array, "pbc": atoms.pbc}
        then = {**seen.arrays, "cell": seen.cell.array, "pbc": seen.pbc}
        kept = {name for name in now.keys() & then.keys() if np.array_equal(now[name], then[name])}
        return sorted({*now, *then} - kept)

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,  # noqa: ARG002
        system_changes: list[str] = all_changes,
    ) -> None:
        """Evaluate energy (eV), forces (eV/Å) and stress (eV/Å³, Voigt) of ``atoms``."""
        if atoms is not None:
            self.atoms = _without_constraints(atoms)
        clock = time.perf_counter()
        self.inner.calculate(self.atoms, ["energy", "forces", "stress"], system_changes)
        self.seconds += time.perf_counter() - clock
        self.count += 1
        results = self.inner.results
        self.results = {
            "energy": float(results["energy"]),
            "free_energy": float(results["energy"]),
            "forces": results["forces"].astype(float),
            "stress": results["stress"].astype(float),
        }


def _without_constraints(atoms: Atoms) -> Atoms:
    """Return a copy without constraints: those of a crystal's symmetry take longer to copy than the atoms."""
    bare = atoms.__class__(cell=atoms.cell, pbc=atoms.pbc)
    bare.arrays = {name: array.copy() for name, array in atoms.arrays.items()}
    return bare
