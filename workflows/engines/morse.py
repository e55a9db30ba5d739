"""A fast analytic potential for tests: no numbers of any real material come from it."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from ase.calculators.calculator import Calculator, all_changes

from lianode.analysis.method import MethodKey
from lianode.structures.errors import InputError
from lianode.workflows.engine import Capability
from lianode.workflows.engines.ase_engine import AseEngine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ase import Atoms
    from numpy.typing import NDArray
    from pymatgen.core import Structure

NAME = "morse"

DIAMETERS = {
    "Li": 3.04, "Mg": 3.20, "Al": 2.86, "Si": 2.62, "P": 2.30, "S": 2.20, "Cl": 2.10, "O": 1.60, "Zn": 2.66,
    "Ga": 2.80, "Ge": 2.62, "Ag": 2.89, "Cd": 2.98, "In": 3.25, "Sn": 3.10, "Sb": 2.90, "Bi": 3.10, "Pb": 3.50,
}  # fmt: skip
"""Distance of two like atoms at the bottom of the well, Å: near the element's own shortest distance."""

CUTOFF = 6.0
"""Å; energy and force go smoothly to zero between 4.5 Å and here."""
SWITCH_FROM = 4.5
STEEPNESS = 1.7
"""1/Å."""
DEFAULT_DEPTH = 0.25
"""eV: well depth of like atoms."""
UNLIKE_BONUS = 1.25
"""Unlike atoms bind more, so that compounds form."""


class MorseCalculator(Calculator):  # type: ignore[misc]
    """Pair potential of Morse's form, switched off smoothly.

    ``E = sum over pairs of D [exp(-2 a (r - r0)) - 2 exp(-a (r - r0))] s(r)`` with r0 the mean of two diameters,
    a = 1.7 1/Å, and D ``well_depth`` for like, 1.25 times that for unlike atoms. s(r) is the quintic smoothstep from 1
    at 4.5 Å to 0 at 6 Å, whose first and second derivatives vanish at both ends.

    Parameters
    ----------
    well_depth
        D of like atoms, eV.
    diameters
        Distance of two like atoms at the bottom of the well by element, Å.
    """

    implemented_properties: ClassVar[list[str]] = ["energy", "free_energy", "forces", "stress"]

    def __init__(self, well_depth: float = DEFAULT_DEPTH, diameters: Mapping[str, float] = DIAMETERS) -> None:
        super().__init__()
        self.well_depth = well_depth
        self.diameters = diameters

    def pair(
        self, r: NDArray[np.float64], r0: NDArray[np.float64], depth: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return energy (eV) and its derivative (eV/Å) of pairs at distances ``r`` (Å)."""
        x = np.exp(-STEEPNESS * (r - r0))
        energy = depth * (x * x - 2.0 * x)
        slope = -2.0 * STEEPNESS * depth * (x * x - x)
        t = np.clip((r - SWITCH_FROM) / (CUTOFF - SWITCH_FROM), 0.0, 1.0)
        switch = 1.0 - t**3 * (10.0 - 15.0 * t + 6.0 * t * t)
        switch_slope = -30.0 * t * t * (1.0 - t) ** 2 / (CUTOFF - SWITCH_FROM)
        return energy * switch, slope * switch + energy * switch_slope

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Evaluate energy (eV), forces (eV/Å) and stress (eV/Å³, Voigt)."""
        from ase.neighborlist import neighbor_list
        from ase.stress import full_3x3_to_voigt_6_stress

        super().calculate(atoms, properties, system_changes)
        first, second, r, vectors = neighbor_list("ijdD", self.atoms, CUTOFF)
        diameters = np.array([self.diameters[symbol] for symbol in self.atoms.get_chemical_symbols()])
        numbers = self.atoms.get_atomic_numbers()
        depth = np.where(numbers[first] == numbers[second], 1.0, UNLIKE_BONUS) * self.well_depth
        energy, slope = self.pair(r, 0.5 * (diameters[first] + diameters[second]), depth)
        pull = (slope / np.maximum(r, 1e-12))[:, None] * vectors
        forces = np.zeros((len(self.atoms), 3))
        np.add.at(forces, first, pull)
        virial = 0.5 * np.einsum("pi,pj->ij", pull, vectors)
        self.results = {
            "energy": 0.5 * float(energy.sum()),
            "free_energy": 0.5 * float(energy.sum()),
            "forces": forces,
            "stress": full_3x3_to_voigt_6_stress(virial / self.atoms.get_volume()),
        }


@functools.cache
def _calculator(well_depth: float) -> MorseCalculator:
    return MorseCalculator(well_depth)


class MorseEngine(AseEngine):
    """The test potential as an engine.

    Parameters
    ----------
    well_depth
        Well depth of like atoms, eV.
    """

    capabilities = frozenset({Capability.STRESS, Capability.FREE_ATOMS, Capability.CONSTANT_PRESSURE})

    def __init__(self, well_depth: float = DEFAULT_DEPTH) -> None:
        if isinstance(well_depth, bool) or not isinstance(well_depth, int | float) or not 0 < well_depth < 10:
            raise InputError(f"well_depth has to be an energy between 0 and 10 eV, not {well_depth!r}", "engine morse")
        self.well_depth = float(well_depth)
        self.name = NAME if self.well_depth == DEFAULT_DEPTH else f"{NAME}-{self.well_depth:g}"
        self.settings: dict[str, object] = {"name": NAME, "well_depth": self.well_depth}

    def method(self) -> MethodKey:
        """Return a method that no other engine shares."""
        return MethodKey(program="morse", functional="test potential", model=f"Morse {self.well_depth:g} eV")

    def version(self) -> str:
        """Return the version of the potential's form."""
        return "1"

    def check(self, structure: Structure) -> None:
        """Refuse elements without a diameter."""
        unknown = sorted({site.specie.symbol for site in structure} - DIAMETERS.keys())
        if unknown:
            raise InputError(
                f"the test potential morse does not know {', '.join(unknown)}; it knows {', '.join(DIAMETERS)}",
                structure.composition.reduced_formula,
            )

    def seconds_per_evaluation(self, n_atoms: int) -> float:
        """Estimate the time of one evaluation on one core."""
        return 0.001 + 2e-4 * n_atoms

    def calculator(self) -> MorseCalculator:
        """Return the potential."""
        return _calculator(self.well_depth)
