"""Energy, forces and stress of the stand-in: the project's analytic test potential, for every element."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lianode.workflows.engines.morse import DIAMETERS, MorseCalculator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lianode.hpc.rehearsal.poscar import Geometry

KBAR_PER_EV_A3 = 1602.176634
"""kB in one eV/Å³."""


@dataclass(frozen=True)
class Evaluation:
    """What one self-consistent calculation would give.

    Attributes
    ----------
    energy
        eV per cell. Free energy, energy without entropy and energy for zero smearing are this one number.
    forces
        eV/Å, shape (N, 3).
    virial
        Minus the derivative of the energy by the strain, eV, shape (3, 3): what VASP prints as "Total" of the
        "FORCE on cell"; positive where the cell is compressed.
    """

    energy: float
    forces: NDArray[np.float64]
    virial: NDArray[np.float64]

    def stress_kbar(self, volume: float) -> NDArray[np.float64]:
        """Stress in VASP's sign and unit, kB."""
        return np.asarray(self.virial * (KBAR_PER_EV_A3 / volume))


@functools.cache
def calculator() -> MorseCalculator:
    """Return the potential, with twice the covalent radius for elements that it has no diameter of."""
    from ase.data import chemical_symbols, covalent_radii

    known = {symbol: 2.0 * float(radius) for symbol, radius in zip(chemical_symbols, covalent_radii, strict=False)}
    return MorseCalculator(diameters=known | DIAMETERS)


def evaluate(geometry: Geometry) -> Evaluation:
    """Evaluate the potential."""
    from ase import Atoms

    atoms = Atoms(geometry.symbols, cell=geometry.lattice, scaled_positions=geometry.fractional, pbc=True)
    potential = calculator()
    potential.calculate(atoms)
    xx, yy, zz, yz, xz, xy = potential.results["stress"]
    stress = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    return Evaluation(
        energy=float(potential.results["energy"]),
        forces=np.asarray(potential.results["forces"], dtype=float),
        virial=-stress * geometry.volume,
    )
