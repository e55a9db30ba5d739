"""POTCAR: reading what a run needs from one, and writing synthetic ones that hold no pseudopotential."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SYNTHETIC = "SYNTHETIC"
"""Stands where a POTCAR's title has its date."""
CUTOFF_eV = 250.0
HARD = {"B": 320.0, "C": 400.0, "N": 400.0, "O": 400.0, "F": 400.0}
"""Larger cut-offs, eV: first-row elements need more plane waves."""
NOBLE = (2, 10, 18, 36, 54, 86)
SHELLS = {"sv": 8, "pv": 6, "d": 10}
"""Electrons that a variant adds to the valence: s and p of the shell below, p of it, or its d."""


@dataclass(frozen=True)
class Pseudopotential:
    """What a run takes from one element's POTCAR.

    Attributes
    ----------
    title
        Such as ``PAW_PBE Li_sv 10Sep2004``.
    element
        Symbol.
    valence
        Electrons.
    mass
        Atomic mass unit.
    cutoff
        Recommended plane-wave cut-off, eV.
    """

    title: str
    element: str
    valence: float
    mass: float
    cutoff: float


def valence_electrons(symbol: str) -> int:
    """Count the valence electrons that a POTCAR of this name has, by the rule of VASP's names.

    The group of the periodic table (less ten from group 13 on), plus the shell that ``_sv``, ``_pv`` or ``_d`` adds.
    Lanthanides and actinides get 11 whatever their variant: good enough for a rehearsal.
    """
    from ase.data import atomic_numbers

    element, _, variant = symbol.partition("_")
    number = int(atomic_numbers[element])
    if 57 <= number <= 71 or 89 <= number <= 103:
        return 11
    electrons = number - max((core for core in NOBLE if core < number), default=0)
    electrons -= 14 if electrons > 17 else 0  # the filled f shell
    electrons -= 10 if electrons > 12 else 0  # the filled d shell
    if variant == "sv" and number in {3, 4}:
        return electrons + 2  # below Li and Be there is only 1s
    return electrons + SHELLS.get(variant.split("_")[0], 0)


def stand_in(symbol: str) -> Pseudopotential:
    """Make up a pseudopotential from its name, as where there is only a POTCAR.spec."""
    from ase.data import atomic_masses, atomic_numbers

    element = symbol.partition("_")[0]
    if element not in atomic_numbers:
        raise InputError(f"{symbol!r} does not begin with an element", "POTCAR.spec")
    return Pseudopotential(
        title=f"PAW_PBE {symbol} {SYNTHETIC}",
        element=element,
        valence=float(valence_electrons(symbol)),
        mass=round(float(atomic_masses[atomic_numbers[element]]), 3),
        cutoff=HARD.get(element, CUTOFF_eV),
    )


def _parse(text: str, where: str) -> Pseudopotential:
    def number(name: str) -> float:
        found = re.search(rf"{name}\s*=\s*([-\d.]+)", text)
        if found is None:
            raise InputError(f"this POTCAR has no {name}", where)
        return float(found[1])

    title = text.strip().splitlines()[0].strip()
    element = re.search(r"VRHFIN\s*=\s*([A-Za-z]+)", text)
    words = title.split()
    if len(words) < 2:
        raise InputError(f"the first line of a POTCAR names it, this one is {title!r}", where)
    named = words[1].split("_")[0]
    symbol = element[1] if element and element[1] == named else named
    return Pseudopotential(title, symbol, number("ZVAL"), number("POMASS"), number("ENMAX"))


def read_potcar(folder: Path) -> list[Pseudopotential]:
    """Read POTCAR, or POTCAR.spec where there is no POTCAR.

    Raises
    ------
    InputError
        If there is neither, or one of them cannot be read.
    """
    path = folder / "POTCAR"
    if path.is_file():
        parts = re.split(r"End of Dataset\s*\n?", path.read_text(encoding="latin-1"))
        return [_parse(part, str(path)) for part in parts if part.strip()]
    path = folder / "POTCAR.spec"
    if path.is_file():
        return [stand_in(line.strip()) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    raise InputError("there is no POTCAR and no POTCAR.spec in this folder", str(folder))


def potcar_text(symbol: str) -> str:
    """Write a synthetic POTCAR: VASP cannot run with it, parsers read its header.

    Parameters
    ----------
    symbol
        POTCAR name such as ``Li_sv``.
    """
    made = stand_in(symbol)
    return f"""  {made.title}
   {made.valence:.14f}
 parameters from PSCTR are:
   VRHFIN ={made.element}: synthetic
   LEXCH  = PE
   EATOM  =     0.0000 eV,    0.0000 Ry

   TITEL  = {made.title}
   LULTRA =        F    use ultrasoft PP ?
   IUNSCR =        0    unscreen: 0-lin 1-nonlin 2-no
   RPACOR =    0.000    partial core radius
   POMASS = {made.mass:8.3f}; ZVAL   = {made.valence:8.3f}    mass and valenz
   RCORE  =    2.000    outmost cutoff radius
   RWIGS  =    2.000; RWIGS  =    1.058    wigner-seitz radius (au A)
   ENMAX  = {made.cutoff:8.3f}; ENMIN  = {0.75 * made.cutoff:8.3f} eV
   LCOR   =        T    correct aug charges
   LPAW   =        T    paw PP
   EAUG   = {2 * made.cutoff:8.3f}
   RMAX   =    2.000    core radius for proj-oper
   COPYR  = synthetic POTCAR of lianode for rehearsals: it holds no pseudopotential and VASP cannot run with it
 Error from kinetic energy argument (eV)
END of PSCTR-controll parameters
 local part
 0.0 0.0 0.0
 End of Dataset
"""


def synthetic_potcar(symbols: Sequence[str], folder: Path, functional_folder: str = "POT_GGA_PAW_PBE") -> Path:
    """Write a folder of synthetic POTCARs in the layout that pymatgen looks for.

    Parameters
    ----------
    symbols
        POTCAR names such as ``Li_sv``.
    folder
        What ``PMG_VASP_PSP_DIR`` would name; made if needed.
    functional_folder
        Folder of the functional in it: ``POT_GGA_PAW_PBE_54`` for pymatgen's ``PBE_54``, ...

    Returns
    -------
    Path
        The folder of the functional.
    """
    parent = folder / functional_folder
    for symbol in symbols:
        place = parent / symbol
        place.mkdir(parents=True, exist_ok=True)
        (place / "POTCAR").write_text(potcar_text(symbol), encoding="utf-8")
    (parent / "SYNTHETIC.txt").write_text(
        "Synthetic POTCARs of lianode for rehearsals: they hold no pseudopotential and VASP cannot run with them.\n",
        encoding="utf-8",
    )
    return parent
