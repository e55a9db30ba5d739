"""The ionic steps of an OUTCAR, line by line: first and last are kept, of the others the energy."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from pymatgen.core import Structure

_NUMBER = re.compile(r"-?\d+\.\d+|\*+")
"""Fortran leaves no blank before a minus sign, and writes stars where a number does not fit."""
_KILOBAR = 0.1
"""GPa."""


@dataclass(frozen=True)
class Step:
    """Lattice (3, 3) in Å, positions (n, 3) in Å, forces (n, 3) in eV/Å and stress (Voigt, GPa, tension positive)."""

    lattice: NDArray[np.float64]
    positions: NDArray[np.float64]
    forces: NDArray[np.float64]
    stress_GPa: NDArray[np.float64] | None

    def structure(self, symbols: Sequence[str]) -> Structure:
        """Return the atoms."""
        from pymatgen.core import Structure as PymatgenStructure

        return PymatgenStructure(self.lattice, list(symbols), self.positions, coords_are_cartesian=True)


@dataclass
class IonicSteps:
    """Whole ionic steps: those whose forces and energy were written.

    Attributes
    ----------
    counts
        Atoms of each species.
    energies
        Extrapolated to zero smearing, eV, of every step.
    first, last
        First and last step.
    """

    counts: tuple[int, ...] = ()
    energies: list[float] = field(default_factory=list)
    first: Step | None = None
    last: Step | None = None
    _rows: list[list[float]] = field(default_factory=list)
    _reading: str = ""
    _lattice: list[list[float]] = field(default_factory=list)
    _stress: list[float] = field(default_factory=list)
    _atoms: list[list[float]] = field(default_factory=list)

    def feed(self, line: str) -> None:
        """Take the next line."""
        if self._reading:
            self._read(line)
        elif "direct lattice vectors" in line:
            self._reading, self._rows = "lattice", []
        elif "TOTAL-FORCE" in line:
            self._reading, self._rows = "atoms", []
        elif line.lstrip().startswith("in kB"):
            self._stress = _numbers(line)
        elif "energy  without entropy=" in line:
            self._close(_numbers(line.rpartition("energy(sigma->0)")[2]))
        elif "ions per type" in line:
            self.counts = tuple(int(word) for word in line.split("=")[1].split())

    def _read(self, line: str) -> None:
        if self._reading == "lattice":
            self._rows.append(_numbers(line)[:3])
            if len(self._rows) == 3:
                self._lattice, self._reading = self._rows, ""
        elif "-----" not in line:
            self._rows.append(_numbers(line)[:6])
        elif self._rows:
            self._atoms, self._reading = self._rows, ""

    def _close(self, energy: list[float]) -> None:
        """End a step; without forces it was one of an electronic cycle that was cut."""
        if not self._atoms or len(energy) != 1:
            return
        table = np.array(self._atoms)
        self.last = Step(np.array(self._lattice), table[:, :3], table[:, 3:], self._tension())
        self.first = self.first or self.last
        self.energies.append(energy[0])
        self._atoms, self._stress = [], []

    def _tension(self) -> NDArray[np.float64] | None:
        """Return VASP's xx yy zz xy yz zx (kB, compression positive) as xx yy zz yz xz xy."""
        if len(self._stress) != 6:
            return None
        xx, yy, zz, xy, yz, zx = self._stress
        return -_KILOBAR * np.array([xx, yy, zz, yz, zx, xy])


def _numbers(line: str) -> list[float]:
    return [float("nan") if word.startswith("*") else float(word) for word in _NUMBER.findall(line)]
