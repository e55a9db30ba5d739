"""Images computed one after the other by an ASE calculator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pymatgen.core import Structure

    from lianode.workflows.engines.evaluation import CountedCalculator

    Array = NDArray[np.float64]


class SerialEvaluator:
    """Energies and forces of images from a calculator that takes one structure at a time.

    Parameters
    ----------
    structure
        Cell and elements.
    calculator
        Energy and forces.
    """

    at_once = 1

    def __init__(self, structure: Structure, calculator: CountedCalculator) -> None:
        from pymatgen.io.ase import AseAtomsAdaptor

        self.calculator = calculator
        self.atoms = AseAtomsAdaptor.get_atoms(structure, msonable=False)
        self.atoms.calc = calculator

    @property
    def seconds(self) -> float:
        """Time that the evaluations took."""
        return float(self.calculator.seconds)

    def __call__(self, images: Array, number: int) -> tuple[Array, Array]:  # noqa: ARG002 - of the Protocol
        """Return energies (k,), eV, and forces (k, n, 3), eV/Å, of images (k, n, 3), Å."""
        energies, forces = [], []
        for positions in images:
            self.atoms.set_positions(positions)
            energies.append(float(self.atoms.get_potential_energy()))
            forces.append(self.atoms.get_forces())
        return np.array(energies), np.array(forces)
