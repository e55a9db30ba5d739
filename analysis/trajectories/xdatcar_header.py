"""The head of an XDATCAR, which every generation of VASP wrote in its own way.

==================  ====================================================================================
VASP 5.3 and later  title, scale, three vectors, symbols, numbers of atoms; before every frame where the
                    cell may change (ISIF >= 3); ``Direct configuration=`` with the step before a frame
VASP 5.2            title, symbols, numbers of atoms, ``Direct``: no cell; a blank line or ``Konfig=``
VASP 4              number of atoms; lengths and time step in SI; temperature; ``CAR``; title: neither
                    cell nor elements; a blank line or ``Konfig=``
==================  ====================================================================================

Other programs leave out the symbols or write ``Selective dynamics`` and ``Cartesian``, as in a POSCAR.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lianode.analysis.trajectories.record import atomic_numbers_of
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lianode.analysis.trajectories.record import Given

LONGEST = 9
"""Lines of the longest head."""
_MODE = re.compile(rb"\s*([dck])", re.IGNORECASE)
_LENGTHS_AGREE = 1e-3


@dataclass(frozen=True, slots=True)
class Header:
    """What the head of an XDATCAR says.

    Attributes
    ----------
    lines
        Number of lines it takes.
    cell
        (3, 3), Å.
    numbers
        (n,) atomic numbers.
    scale
        (3,) factors of Cartesian coordinates.
    cartesian
        Whether positions are Cartesian where the line before a frame does not say.
    time_step
        fs, where the file says it.
    """

    lines: int
    cell: NDArray[np.float64]
    numbers: NDArray[np.intp]
    scale: NDArray[np.float64]
    cartesian: bool = False
    time_step: float | None = None


class NoHeader(Exception):  # noqa: N818 - no error yet: who catches it knows whether the file ends here
    """The lines are not the head of an XDATCAR."""


def numbers_in(line: bytes) -> list[float] | None:
    """Return the numbers of a line, or None where it holds anything else or nothing."""
    try:
        return [float(word) for word in line.split()] or None
    except ValueError:
        return None


def read_header(lines: Sequence[bytes], given: Given, where: str) -> Header:
    """Read a head.

    Parameters
    ----------
    lines
        The next lines of the file, `LONGEST` of them where it has so many.
    given
        What the user says; only taken where the file does not say it.
    where
        File for messages.

    Raises
    ------
    NoHeader
        When the lines are no head, or not a whole one.
    InputError
        When the file does not say the elements or the cell, and the user does not either, or they do not fit.
    """
    if len(lines) >= 5 and lines[3].split() == [b"CAR"] and (first := numbers_in(lines[0])) is not None:
        return _vasp4(lines, int(first[0]), given, where)
    if len(lines) >= 7 and all(len(numbers_in(line) or ()) >= 3 for line in lines[2:5]):
        return _with_cell(lines, given, where)
    if len(lines) >= 4 and _counts(lines[2]) is not None and _MODE.match(lines[3]) is not None:
        return _without_cell(lines, given, where)
    raise NoHeader


def _with_cell(lines: Sequence[bytes], given: Given, where: str) -> Header:
    factors = numbers_in(lines[1])
    if factors is None or len(factors) not in {1, 3}:
        raise NoHeader
    vectors = np.array([(numbers_in(line) or [])[:3] for line in lines[2:5]])
    scale = np.array(factors * 3 if len(factors) == 1 else factors)
    if len(factors) == 1 and factors[0] < 0:  # the volume of the cell
        volume = abs(float(np.linalg.det(vectors)))
        scale = np.full(3, (-factors[0] / volume) ** (1 / 3) if volume else np.nan)
    counts, symbols, used = _counts(lines[5]), None, 6
    if counts is None:
        counts, symbols, used = _counts(lines[6]), _words(lines[5]), 7
    if counts is None:
        raise NoHeader
    if used < len(lines) and lines[used].strip().lower().startswith(b"selective"):
        used += 1
    return Header(used, vectors * scale, _elements(symbols, counts, given, where), scale)


def _without_cell(lines: Sequence[bytes], given: Given, where: str) -> Header:
    counts = _counts(lines[2])
    assert counts is not None  # noqa: S101 - the caller looked
    numbers = _elements(_words(lines[1]), counts, given, where)
    mode = lines[3].strip().lower()
    return Header(4, _given_cell(given, "VASP 5.2", where), numbers, np.ones(3), not mode.startswith(b"d"))


def _vasp4(lines: Sequence[bytes], count: int, given: Given, where: str) -> Header:
    numbers = _elements(None, [count], given, where)
    cell = _given_cell(given, "VASP 4", where)
    stated = numbers_in(lines[1]) or []
    time_step = stated[4] * 1e15 if len(stated) == 5 else None
    if len(stated) == 5:
        lengths = np.array(stated[1:4]) * 1e10
        if np.abs(np.linalg.norm(cell, axis=1) / lengths - 1).max() > _LENGTHS_AGREE:
            ours, theirs = (
                " x ".join(f"{length:.3f}" for length in each) for each in (np.linalg.norm(cell, axis=1), lengths)
            )
            raise InputError(f"the given cell's vectors are {ours} Å long, the file's {theirs} Å", where)
    return Header(5, cell, numbers, np.ones(3), time_step=time_step or None)


def _words(line: bytes) -> list[str]:
    return line.decode("latin-1").split()


def _counts(line: bytes) -> list[int] | None:
    """Return the numbers of atoms of the species, or None where the line holds something else."""
    try:
        counts = [int(word) for word in line.split()]
    except ValueError:
        return None
    return counts if counts and min(counts) >= 0 and sum(counts) > 0 else None


def _given_cell(given: Given, version: str, where: str) -> NDArray[np.float64]:
    if given.cell is None:
        raise InputError(f"an XDATCAR of {version} does not hold the cell; give cell=(3 x 3, Å)", where)
    return given.cell


def _elements(symbols: list[str] | None, counts: list[int], given: Given, where: str) -> NDArray[np.intp]:
    """Return atomic numbers of the atoms; the user's symbols count where the file has none."""
    n_atoms = sum(counts)
    if symbols is None:
        if given.symbols is None:
            each = f"{len(counts)} species or " if len(counts) > 1 else ""
            raise InputError(
                f"the file does not say which elements its atoms are; give symbols=[...] of its {each}{n_atoms} atoms",
                where,
            )
        if len(given.symbols) == n_atoms != len(counts):
            return atomic_numbers_of(list(given.symbols), where)
        symbols = list(given.symbols)
    if len(symbols) != len(counts):
        raise InputError(f"{len(symbols)} elements for {len(counts)} species of {n_atoms} atoms; give one each", where)
    return np.repeat(atomic_numbers_of(symbols, where), counts)
