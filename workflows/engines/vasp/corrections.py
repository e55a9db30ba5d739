"""The Materials Project's corrections, for the one preset whose energies are mixed with its entries."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from lianode.workflows.engines.vasp.inputs import Inputs


def mp2020_correction(structure: Structure, energy: float, inputs: Inputs) -> float:
    """Return what MaterialsProject2020Compatibility adds to the energy of a cell, eV.

    A. Wang et al., Sci. Rep. 11, 15496 (2021): per anion (-0.503 eV per S in sulfides, -0.614 eV per Cl in chlorides)
    and per transition metal with a Hubbard U; nothing for metals and alloys.

    Parameters
    ----------
    structure
        Relaxed cell.
    energy
        As VASP gave it, eV.
    inputs
        Of the calculation: Hubbard U and PAW sets decide the scheme.

    Raises
    ------
    InputError
        When the scheme cannot be applied to these settings.
    """
    from pymatgen.entries.compatibility import CompatibilityError, MaterialsProject2020Compatibility
    from pymatgen.entries.computed_entries import ComputedStructureEntry

    values = inputs.incar.get("LDAUU", []) if inputs.incar.get("LDAU") else []
    hubbards = {
        symbol.split("_")[0]: float(u)
        for symbol, u in zip(inputs.potcar_symbols, values, strict=False)
        if float(u) != 0.0
    }
    entry = ComputedStructureEntry(
        structure,
        energy,
        parameters={
            "run_type": "GGA+U" if hubbards else "GGA",
            "is_hubbard": bool(hubbards),
            "hubbards": hubbards,
            "potcar_symbols": [f"{inputs.potcar_functional} {symbol}" for symbol in inputs.potcar_symbols],
        },
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            processed = MaterialsProject2020Compatibility(check_potcar=False).process_entry(entry, inplace=False)
        except CompatibilityError as error:
            raise InputError(f"the MP2020 corrections cannot be applied: {error}", structure.formula) from error
    if processed is None:
        raise InputError("the MP2020 corrections cannot be applied to these settings", structure.formula)
    return float(processed.correction)
