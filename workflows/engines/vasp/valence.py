"""Valence electrons of the PAW sets, so that a plan needs no POTCAR."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lianode.structures.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymatgen.core import Structure

RECOMMENDED: dict[str, str] = {
    "H": "H", "Li": "Li_sv", "Be": "Be", "B": "B", "C": "C", "N": "N", "O": "O", "F": "F", "Na": "Na_pv", "Mg": "Mg",
    "Al": "Al", "Si": "Si", "P": "P", "S": "S", "Cl": "Cl", "K": "K_sv", "Ca": "Ca_sv", "Sc": "Sc_sv", "Ti": "Ti_sv",
    "V": "V_sv", "Cr": "Cr_pv", "Mn": "Mn_pv", "Fe": "Fe", "Co": "Co", "Ni": "Ni", "Cu": "Cu", "Zn": "Zn",
    "Ga": "Ga_d", "Ge": "Ge_d", "As": "As", "Se": "Se", "Br": "Br", "Rb": "Rb_sv", "Sr": "Sr_sv", "Y": "Y_sv",
    "Zr": "Zr_sv", "Nb": "Nb_sv", "Mo": "Mo_sv", "Pd": "Pd", "Ag": "Ag", "Cd": "Cd", "In": "In_d", "Sn": "Sn_d",
    "Sb": "Sb", "Te": "Te", "I": "I", "Cs": "Cs_sv", "Ba": "Ba_sv", "La": "La", "Hf": "Hf_pv", "Ta": "Ta_pv",
    "W": "W_sv", "Pt": "Pt", "Au": "Au", "Hg": "Hg", "Tl": "Tl_d", "Pb": "Pb_d", "Bi": "Bi_d",
}  # fmt: skip
"""PAW set of each element: those that VASP's manual recommends for plane-wave DFT (page "Available PAW potentials").

The semicore states matter in alloys: the 1s of Li (``Li_sv``), and the d states just below the valence of Ga, Ge, In,
Sn, Tl, Pb, Bi (``_d``). Choices are only ever added here: another choice for an element already listed needs another
name of the whole set (:data:`SET_NAME`), because energies of different PAW sets must not be subtracted.
"""

SET_NAME = "lianode-1"
"""Name of :data:`RECOMMENDED` in method keys."""

VALENCE: dict[str, int] = {
    "H": 1, "Li": 1, "Li_sv": 3, "Be": 2, "Be_sv": 4, "B": 3, "C": 4, "N": 5, "O": 6, "F": 7,
    "Na": 1, "Na_pv": 7, "Na_sv": 9, "Mg": 2, "Mg_pv": 8, "Mg_sv": 10, "Al": 3, "Si": 4, "P": 5, "S": 6, "Cl": 7,
    "K_pv": 7, "K_sv": 9, "Ca_pv": 8, "Ca_sv": 10, "Sc": 3, "Sc_sv": 11, "Ti": 4, "Ti_pv": 10, "Ti_sv": 12,
    "V": 5, "V_pv": 11, "V_sv": 13, "Cr": 6, "Cr_pv": 12, "Mn": 7, "Mn_pv": 13, "Fe": 8, "Fe_pv": 14, "Co": 9,
    "Ni": 10, "Ni_pv": 16, "Cu": 11, "Cu_pv": 17, "Zn": 12, "Ga": 3, "Ga_d": 13, "Ge": 4, "Ge_d": 14, "As": 5,
    "Se": 6, "Br": 7, "Rb_pv": 7, "Rb_sv": 9, "Sr_sv": 10, "Y_sv": 11, "Zr": 4, "Zr_sv": 12, "Nb_pv": 11, "Nb_sv": 13,
    "Mo": 6, "Mo_pv": 12, "Mo_sv": 14, "Pd": 10, "Pd_pv": 16, "Ag": 11, "Ag_pv": 17, "Cd": 12, "In": 3, "In_d": 13,
    "Sn": 4, "Sn_d": 14, "Sb": 5, "Te": 6, "I": 7, "Cs_sv": 9, "Ba_sv": 10, "La": 11, "Hf_pv": 10, "Ta": 5,
    "Ta_pv": 11, "W_pv": 12, "W_sv": 14, "Pt": 10, "Pt_pv": 16, "Au": 11, "Hg": 12, "Tl": 3, "Tl_d": 13, "Pb": 4,
    "Pb_d": 14, "Bi": 5, "Bi_d": 15,
}  # fmt: skip
"""Electrons that a PAW set treats as valence (``ZVAL``); the same in the releases PBE, PBE_52, PBE_54 and PBE_64."""


def electrons(structure: Structure, potentials: Mapping[str, str]) -> int:
    """Return the number of valence electrons of a cell.

    Parameters
    ----------
    structure
        Neutral cell.
    potentials
        PAW set by element symbol.

    Raises
    ------
    InputError
        For an element without a set, or a set that the table does not know.
    """
    total = 0
    for element, amount in structure.composition.items():
        symbol = potentials.get(element.symbol)
        if symbol is None:
            raise InputError(
                f"no PAW set is chosen for {element.symbol}; name one: potentials: {{{element.symbol}: ...}}",
                "engine vasp",
            )
        if symbol not in VALENCE:
            raise InputError(
                f"the valence of the PAW set '{symbol}' is not known{nearest(symbol, tuple(VALENCE))}", "engine vasp"
            )
        total += VALENCE[symbol] * round(amount)
    return total


def bands(n_electrons: int, n_atoms: int, *, spin_polarised: bool) -> int:
    """Return VASP's default ``NBANDS``, before it is rounded up to the parallel layout.

    ``max((NELECT + 2)/2 + max(NIONS/2, 3), 0.6 NELECT)``; with spin, room for half the moment it starts from is added
    (0.6 μB per atom here).

    Parameters
    ----------
    n_electrons
        Valence electrons of the cell.
    n_atoms
        Atoms in it.
    spin_polarised
        Whether ``ISPIN=2``.
    """
    moment = round((0.6 * n_atoms + 1) / 2) if spin_polarised else 0
    return max((n_electrons + 2) // 2 + max(n_atoms // 2, 3) + moment, int(0.6 * n_electrons))
