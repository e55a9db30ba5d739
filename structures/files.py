"""Users' own structure files and folders of them, as phases."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError, nearest
from lianode.structures.formulas import reduced_formula
from lianode.structures.phase import Phase
from lianode.structures.readers import read_cif, read_json, read_poscar, read_xyz
from lianode.structures.validity import check_crystal, check_ordered

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymatgen.core import Structure

    from lianode.structures.phase import PhaseKind

MAX_FILE_SIZE = 50_000_000
"""Bytes. A cell of a thousand atoms takes 100 kB; what is larger is a trajectory or the wrong file."""

KNOWN_FILES = "*.cif, POSCAR*, CONTCAR*, *.vasp, *.json (pymatgen), *.extxyz, *.xyz"

_READERS: dict[str, Callable[[str, str], tuple[Structure, list[str]]]] = {
    ".cif": read_cif,
    ".vasp": read_poscar,
    ".poscar": read_poscar,
    ".json": read_json,
    ".extxyz": read_xyz,
    ".xyz": read_xyz,
}
_VASP_NAMES = ("POSCAR", "CONTCAR")


def read_phases(path: str | Path, *, kind: PhaseKind = "hypothetical") -> list[Phase]:
    """Read a structure file, or every structure file of a folder.

    A phase is named by its file without the ending (``my_LiIn.cif`` is ``my_LiIn``); a file called just POSCAR or
    CONTCAR gives it the name of its folder. The cell is kept as it is in the file, site properties, oxidation states
    and velocities are not.

    Parameters
    ----------
    path
        CIF, POSCAR or CONTCAR, ``*.vasp``, pymatgen JSON or extended XYZ with one frame, or a folder that holds such
        files (folders inside it are not searched, files of other kinds are passed over).
    kind
        ``hypothetical`` unless the user says that the crystal has been made: a file does not show it, and a hull that
        counts a predicted phase as experimental is wrong without a trace.

    Returns
    -------
    list[Phase]
        Sorted by file name, with ``default=False``: a formula still means the library's entry.

    Raises
    ------
    InputError
        Where a file cannot be used, with the file's name and what to do.
    """
    place = Path(path)
    try:
        if place.is_dir():
            return _read_folder(place, kind)
        if not place.exists():
            raise InputError(f"there is no such file or folder{_nearby(place)}", str(place))
        return [_read_file(place, kind)]
    except OSError as error:
        raise InputError(f"it cannot be opened: {error.strerror or type(error).__name__}", str(place)) from error


def is_structure_file(path: str | Path) -> bool:
    """Tell by its name whether a file is one of those that :func:`read_phases` reads."""
    return _reader(Path(path)) is not None


def _read_folder(folder: Path, kind: PhaseKind) -> list[Phase]:
    paths = sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and not path.name.startswith(".") and is_structure_file(path)
    )
    if not paths:
        raise InputError(f"the folder holds no structure file ({KNOWN_FILES})", str(folder))
    by_name: dict[str, Path] = {}
    for path in paths:
        name = _phase_name(path)
        if name in by_name:
            raise InputError(
                f"{by_name[name].name} and {path.name} both name a phase '{name}'; rename one", str(folder)
            )
        by_name[name] = path
    return [_read_file(path, kind) for path in paths]


def _read_file(path: Path, kind: PhaseKind) -> Phase:
    where = str(path)
    reader = _reader(path)
    if reader is None:
        raise InputError(f"the name does not say what kind of structure file it is; known are {KNOWN_FILES}", where)
    found, messages = reader(_read_text(path), where)
    if len(found) == 0:
        raise InputError("it holds no atoms", where)
    _check_elements(found, where)
    check_ordered(found, where)
    check_crystal(found, where)
    structure = _plain(found)
    return Phase(
        name=_phase_name(path),
        formula=reduced_formula(structure.composition.get_el_amt_dict()),
        structure=structure,
        kind=kind,
        default=False,
        source=f"file {path.name}",
        confidence="user",
        confidence_reason="from the user's own file",
        checked="ordered, shortest distance and density in order",
        note="; ".join(f"when reading it: {message}" for message in messages) or None,
    )


def _reader(path: Path) -> Callable[[str, str], tuple[Structure, list[str]]] | None:
    reader = _READERS.get(path.suffix.lower())
    if reader is None and path.name.upper().startswith(_VASP_NAMES):
        return read_poscar
    return reader


def _phase_name(path: Path) -> str:
    stem = path.stem if path.suffix.lower() in _READERS else path.name
    if stem.upper() in _VASP_NAMES and path.resolve().parent.name:
        stem = path.resolve().parent.name
    return re.sub(r"[^\w.+-]+", "_", stem)


def _read_text(path: Path) -> str:
    where = str(path)
    if not path.is_file():
        raise InputError("it is not a regular file", where)
    size = path.stat().st_size
    if size > MAX_FILE_SIZE:
        raise InputError(
            f"it has {size / 1e6:.0f} MB, more than the {MAX_FILE_SIZE / 1e6:.0f} MB that a structure may have; "
            "is it a trajectory?",
            where,
        )
    content = path.read_bytes()
    if content.translate(None, delete=_PRINTABLE):
        raise InputError("it is not a text file (if it is packed, unpack it first)", where)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")  # older CIFs, for authors' names
    if not text.strip():
        raise InputError("the file is empty", where)
    return text


_PRINTABLE = bytes({*range(0x20, 0x7F), *range(0x80, 0x100), *b"\t\n\r\f\v\x1a"})


def _check_elements(structure: Structure, where: str) -> None:
    from pymatgen.core import DummySpecies

    for specie in structure.composition:
        if isinstance(specie, DummySpecies):
            raise InputError(f"'{specie.symbol}' is not an element symbol", where)
        if getattr(specie, "element", specie).name in {"D", "T"}:
            raise InputError("it has an isotope of hydrogen (D or T); write H, as energies do not know isotopes", where)


def _plain(structure: Structure) -> Structure:
    """Elements and places only, inside a right-handed cell, which VASP wants.

    Turning all three cell vectors around turns the cell right-handed and leaves every atom where it is.
    """
    from pymatgen.core import Lattice, Structure

    matrix = structure.lattice.matrix
    sign = -1.0 if np.linalg.det(matrix) < 0 else 1.0
    return Structure(
        Lattice(sign * matrix),
        [site.specie.symbol for site in structure],
        sign * structure.frac_coords,
        to_unit_cell=True,
    )


def _nearby(place: Path) -> str:
    try:
        return nearest(place.name, [path.name for path in place.parent.iterdir()])
    except OSError:
        return ""
