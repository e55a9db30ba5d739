"""GPAW's process as an ASE calculator, which is all that our relaxations, bands and dynamics need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from ase.calculators.calculator import Calculator, all_changes

from lianode.workflows.engines.gpaw.inputs import to_middle, to_origin

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import NDArray

    from lianode.workflows.engines.gpaw.process import GpawProcess

MAGNETIC_MOMENT = 0.6
"""μB on every atom at the start of a spin-polarised calculation, as VASP's engine has it."""


class GpawCalculator(Calculator):  # type: ignore[misc]
    """Asks a running driver.

    Parameters
    ----------
    process
        The driver.
    parameters
        Keyword arguments of GPAW.
    spin_polarised
        Whether the atoms begin with a moment.
    is_open
        Whether the cell ends along c.
    fixed_cutoff
        Whether the stress is the derivative at a fixed cut-off, which costs two more energies at the start, instead of
        that at a fixed number of plane waves.
    """

    implemented_properties: ClassVar[list[str]] = ["energy", "free_energy", "forces", "stress"]

    def __init__(
        self,
        process: GpawProcess,
        parameters: dict[str, Any],
        *,
        spin_polarised: bool = False,
        is_open: bool = False,
        fixed_cutoff: bool = False,
    ) -> None:
        super().__init__()
        self.process = process
        self.begin = {
            "parameters": parameters,
            "pbc": [True, True, not is_open],
            "magnetic_moment": MAGNETIC_MOMENT if spin_polarised else None,
            "fixed_cutoff": fixed_cutoff,
            "log": "gpaw.txt",
        }
        self.is_open = is_open
        self.shifts: NDArray[np.float64] | None = None

    def levels(self, order: dict[str, Any]) -> dict[str, Any]:
        """Ask for the levels of the atoms that were evaluated last; see the driver."""
        return self.process.ask({"electronic": order})

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,  # noqa: ARG002 - it gives them all
        system_changes: list[str] = all_changes,  # noqa: ARG002 - the driver sees for itself
    ) -> None:
        """Evaluate energies (eV), forces (eV/Å) and stress (eV/Å³, Voigt).

        ``energy`` is extrapolated to zero smearing, ``free_energy`` is what the forces belong to.
        """
        if atoms is None:
            raise ValueError("there are no atoms to evaluate")
        if self.shifts is None:  # of the first atoms that come: those are as symmetric as they are meant to be
            self.shifts = to_middle(atoms) if self.is_open else to_origin(atoms)
            self.process.ask({**self.begin, "numbers": atoms.numbers.tolist()})
        places = atoms.positions + self.shifts @ atoms.cell.array
        answer = self.process.ask({"cell": atoms.cell.tolist(), "positions": places.tolist()})
        self.results = {
            "energy": answer["energy"],
            "free_energy": answer["free_energy"],
            "forces": np.array(answer["forces"]),
            "stress": np.array(answer["stress"]),
        }
