"""Counting and timing the evaluations of a calculator."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

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
        self.inner = inner
        self.count = 0
        self.seconds = 0.0

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,  # noqa: ARG002
        system_changes: list[str] = all_changes,
    ) -> None:
        """Evaluate energy (eV), forces (eV/Å) and stress (eV/Å³, Voigt) of ``atoms``."""
        super().calculate(atoms, ["energy", "forces", "stress"], system_changes)
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
