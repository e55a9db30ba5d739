"""From the text of a structure file to a structure, with pymatgen's and ASE's readers.

The readers are lenient: where a file is incomplete they guess (elements from a VASP 4 POSCAR, P1 for a CIF without
symmetry), and report it as a warning at most. A guess is refused here, as everything computed from it would be wrong.
"""

from __future__ import annotations

import io
import json
import re
import warnings
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from lianode.structures.errors import InputError
from lianode.structures.formulas import ELECTROPOSITIVE_ORDER, parse_formula, reduced_formula

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymatgen.core import Structure

T = TypeVar("T")

# What the readers are known to raise on broken text; the tests break files at every line to see that this is all.
_READER_ERRORS = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    NotImplementedError,
    RecursionError,
    RuntimeError,
    StopIteration,
    SyntaxError,
    OSError,
    Warning,
)

_FLAT_CELL = "the cell has no volume: its three vectors lie in a plane or are zero"
_FORMULA_TOLERANCE = 0.02
_IDEAL_POSITIONS = "fractional coordinates rounded to ideal values"


def read_cif(text: str, where: str) -> tuple[Structure, list[str]]:
    """Read the one structure of a CIF.

    Parameters
    ----------
    text
        Content of the file.
    where
        File name for messages.

    Returns
    -------
    Structure
        The cell of the file, ordered or not.
    list[str]
        What the reader warned of.

    Raises
    ------
    InputError
        Where the CIF holds no or several structures, cannot be read, names no symmetry, or its atoms disagree with
        its formula.
    """
    from pymatgen.io.cif import CifParser

    block = _single_block(text, where)
    _check_cif_symbols(block, where)

    def parse() -> Structure:
        return CifParser.from_str(block, check_cif=False).parse_structures(primitive=False, on_error="raise")[0]

    structure, messages = _guarded(parse, "a CIF", where)
    if any("Defaulting to P1" in message for message in messages):
        raise InputError(
            "the CIF gives neither symmetry operations nor a space group that is known; add "
            "_space_group_symop_operation_xyz ('x, y, z' alone for P1)",
            where,
        )
    if structure.is_ordered:
        _check_cif_formula(block, structure, where)
    return structure, messages


def read_poscar(text: str, where: str) -> tuple[Structure, list[str]]:
    """Read a POSCAR or CONTCAR of VASP 5 or later; velocities and selective dynamics are left aside.

    Parameters and errors are those of :func:`read_cif`.
    """
    from pymatgen.io.vasp import Poscar

    lines = text.splitlines()
    if len(lines) < 8:
        raise InputError(f"a POSCAR has at least 8 lines, this has {len(lines)}", where)
    symbols, counts = lines[5].split("!")[0].split(), lines[6].split("!")[0].split()
    if symbols and symbols[0].isdigit():
        raise InputError(
            "line 6 has numbers of atoms where VASP 5 has element symbols, so which elements they are is unknown; "
            "insert a line such as 'Li In' before it",
            where,
        )
    for symbol in symbols:
        if re.split("[/_]", symbol)[0] not in (*ELECTROPOSITIVE_ORDER, "D", "T"):
            raise InputError(f"line 6 has '{symbol}', which is not an element symbol", where)
    if counts and counts[0].isdigit() and len(counts) != len(symbols):
        raise InputError(f"line 6 names {len(symbols)} elements, line 7 gives {len(counts)} numbers of atoms", where)
    structure, messages = _guarded(lambda: Poscar.from_str(text, read_velocities=False).structure, "a POSCAR", where)
    _check_poscar_length(lines, len(structure), where)
    return structure, messages


def read_json(text: str, where: str) -> tuple[Structure, list[str]]:
    """Read a structure that pymatgen wrote as JSON (``Structure.to``).

    Only numbers and element symbols are taken from the file; pymatgen's own reader would import any class that the
    file names. Parameters and errors are those of :func:`read_cif`.
    """
    from pymatgen.core import Composition, Element, Lattice, Structure

    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"it is not JSON: {_first_line(error)}", where) from error
    if not isinstance(data, dict) or "lattice" not in data or "sites" not in data:
        raise InputError("the JSON is no pymatgen structure: it has no 'lattice' and 'sites'", where)

    def species(site: dict[str, Any]) -> Composition:
        amounts: dict[Element, float] = {}
        for specie in site["species"]:
            element = Element(specie["element"])
            amounts[element] = amounts.get(element, 0.0) + float(specie.get("occu", 1.0))
        return Composition(amounts)

    def build() -> Structure:
        sites = data["sites"]
        return Structure(
            Lattice(data["lattice"]["matrix"]), [species(site) for site in sites], [site["abc"] for site in sites]
        )

    return _guarded(build, "a pymatgen structure", where)


def read_xyz(text: str, where: str) -> tuple[Structure, list[str]]:
    """Read an extended XYZ file of one periodic frame.

    Parameters and errors are those of :func:`read_cif`.
    """
    import ase.io
    from ase import Atoms
    from pymatgen.core import Structure

    second = text.splitlines()[1] if len(text.splitlines()) > 1 else ""
    if "lattice=" not in second.lower():
        raise InputError(
            'it has no cell (no Lattice="..." in line 2), so it is a molecule; a phase is a crystal', where
        )

    def read() -> list[Atoms]:
        frames = ase.io.read(io.StringIO(text), index=":", format="extxyz")
        return [frames] if isinstance(frames, Atoms) else list(frames)

    frames, messages = _guarded(read, "an extended XYZ file", where)
    if len(frames) != 1:
        raise InputError(f"it holds {len(frames)} frames; write the one that is meant into a file of its own", where)
    atoms = frames[0]
    if not all(atoms.pbc):
        raise InputError('it is not periodic in all three directions (pbc="T T T"); a phase is a crystal', where)
    if not np.isfinite(atoms.cell.array).all():
        raise InputError("a cell vector is not a finite number", where)
    if abs(float(atoms.cell.volume)) < 1e-9:
        raise InputError(_FLAT_CELL, where)

    def convert() -> Structure:
        return Structure(
            atoms.cell.array, atoms.get_chemical_symbols(), atoms.get_scaled_positions(wrap=False).tolist()
        )

    structure, more = _guarded(convert, "an extended XYZ file", where)
    return structure, [*messages, *more]


def _guarded(read: Callable[[], T], kind: str, where: str) -> tuple[T, list[str]]:
    """Run a library's reader: its warnings are collected, what it raises becomes one sentence."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = read()
        except np.linalg.LinAlgError as error:
            raise InputError(_FLAT_CELL, where) from error
        except _READER_ERRORS as error:
            raise InputError(f"it cannot be read as {kind}: {_first_line(error)}", where) from error
    messages = dict.fromkeys(
        " ".join(str(warning.message).split())
        for warning in caught
        if not issubclass(warning.category, DeprecationWarning)
    )
    return result, [message for message in messages if _IDEAL_POSITIONS not in message]


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {' '.join(lines)[:200]}" if lines else type(error).__name__


def _single_block(text: str, where: str) -> str:
    """Return the one data block that has atoms; CIFs often open with one that has only the publication."""
    pieces = re.split(r"^\s*data_", f"\n{text}", flags=re.MULTILINE | re.IGNORECASE)[1:]
    if not pieces:
        raise InputError("it is not a CIF: no line starts with 'data_'", where)
    blocks = [piece for piece in pieces if "_atom_site_fract_x" in piece.lower()]
    if not blocks:
        raise InputError("the CIF holds no structure (no _atom_site_fract_x)", where)
    if len(blocks) > 1:
        titles = ", ".join(f"data_{(block.split() or ['?'])[0]}" for block in blocks[:5])
        more = " ..." if len(blocks) > 5 else ""
        raise InputError(
            f"the CIF holds {len(blocks)} structures ({titles}{more}); write each into a file of its own", where
        )
    return f"data_{blocks[0]}"


def _check_cif_symbols(block: str, where: str) -> None:
    """Refuse atoms whose element has to be guessed: the reader takes a vacancy 'Va' for vanadium."""
    from pymatgen.io.cif import CifBlock

    data, _ = _guarded(lambda: CifBlock.from_str(block).data, "a CIF", where)
    column = "_atom_site_type_symbol" if "_atom_site_type_symbol" in data else "_atom_site_label"
    symbols = data.get(column, [])
    for symbol in [symbols] if isinstance(symbols, str) else symbols:
        letters = re.match("[A-Za-z]*", symbol).group().capitalize()  # type: ignore[union-attr]  # it always matches
        if letters not in (*ELECTROPOSITIVE_ORDER, "D", "T"):
            raise InputError(f"'{symbol}' in {column} is not an element symbol", where)


def _check_cif_formula(block: str, structure: Structure, where: str) -> None:
    """Refuse a CIF whose atoms are not its formula: hydrogen left out, or atoms doubled near special positions."""
    found = re.search(r"^\s*_chemical_formula_sum\s+(?:'([^']*)'|\"([^\"]*)\"|(\S+))", block, flags=re.MULTILINE)
    if found is None:
        return
    try:
        stated = parse_formula("".join(next(group for group in found.groups() if group is not None).split()))
    except InputError:
        return  # '?' or a spelling of its own: nothing to compare with
    read = structure.composition.get_el_amt_dict()
    n_stated, n_read = sum(stated.values()), sum(read.values())
    if any(
        abs(stated.get(element, 0.0) / n_stated - read.get(element, 0.0) / n_read) > _FORMULA_TOLERANCE
        for element in {*stated, *read}
    ):
        raise InputError(
            f"the atoms in the CIF make {reduced_formula(read)}, its _chemical_formula_sum says "
            f"{reduced_formula(stated)}; are atoms missing, or the symmetry operations wrong?",
            where,
        )


def _check_poscar_length(lines: list[str], n_atoms: int, where: str) -> None:
    """Refuse more positions than line 7 announces, which the reader would drop."""
    header = next((i for i, line in enumerate(lines) if i > 6 and re.match(r"\s*[cCkKdD]", line)), None)
    if header is None:
        return
    after = lines[header + 1 + n_atoms : header + 2 + n_atoms]
    if after and re.match(r"\s*[-+]?\d*\.\d+\s+[-+]?\d*\.\d+\s+[-+]?\d*\.\d+", after[0]):
        raise InputError(f"line {header + 2 + n_atoms} has a position more than the {n_atoms} that line 7 gives", where)
