"""Calculations as ASE atoms with what was computed: energy, forces, stress."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ase import Atoms

    from lianode.hpc.export.selected import Computed


def computed_atoms(computed: Computed) -> Atoms:
    """Return a calculation's final structure with its energy (eV), and forces (eV/Å) and stress (eV/Å³) where stored.

    Documents hold the stress in GPa as Voigt components (xx yy zz yz xz xy), tension positive: ASE's order and sign.
    """
    from ase import Atoms, units
    from ase.calculators.singlepoint import SinglePointCalculator

    atoms = Atoms(
        symbols=[site.specie.symbol for site in computed.structure],
        positions=computed.structure.cart_coords,
        cell=computed.structure.lattice.matrix,
        pbc=True,
    )
    calculation = computed.calculation
    numbers: dict[str, object] = {"energy": computed.energy}
    if calculation.forces is not None:
        numbers["forces"] = np.array(calculation.forces)
    if calculation.stress_GPa is not None:
        numbers["stress"] = np.array(calculation.stress_GPa) * units.GPa
    atoms.calc = SinglePointCalculator(atoms, **numbers)
    return atoms
