"""What readers of trajectories give: frames that are found, and parsed when they are wanted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import orjson

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray


class Snapshot(NamedTuple):
    """Cell (3, 3) in Å, Cartesian positions (n, 3) in Å, and potential energy in eV where the file has it."""

    cell: NDArray[np.float64]
    positions: NDArray[np.float64]
    energy: float | None


@dataclass(frozen=True, slots=True)
class Record:
    """A whole frame in a file.

    Attributes
    ----------
    step
        As the file counts, from 0.
    numbers
        (n,) atomic numbers.
    load
        Parses it; raises ``ValueError`` with the reason for what is no number.
    end
        Byte of the unpacked file after it, where the file is read from front to back.
    time
        fs as the file says, where it says it for every frame.
    new_run
        Whether the file begins to count anew here.
    """

    step: int
    numbers: NDArray[np.intp]
    load: Callable[[], Snapshot]
    end: int | None = None
    time: float | None = None
    new_run: bool = False


class Reader(Protocol):
    """One pass over a file.

    Attributes
    ----------
    time_step
        fs from one step to the next, where the file says it or the user did; known with the first record.
    absolute
        Whether steps count from the beginning of the trajectory, also in a file that continues another.
    cut
        Why the file ends within a frame, known at the end; None where it ends as it should.
    """

    time_step: float | None
    absolute: bool
    cut: str | None

    def records(self) -> Iterator[Record]:
        """Yield the frames that are whole."""


@dataclass(frozen=True, slots=True)
class Given:
    """What the user says about a file that does not.

    Attributes
    ----------
    symbols
        Elements, one for each species or one for each atom.
    cell
        (3, 3), rows are vectors, Å.
    time_step
        fs.
    """

    symbols: Sequence[str] | None = None
    cell: NDArray[np.float64] | None = None
    time_step: float | None = None


def atomic_numbers_of(symbols: Sequence[str], where: str) -> NDArray[np.intp]:
    """Return atomic numbers of symbols; what VASP appends to them (``Li_sv``, ``Li/4f2a``) is left aside.

    Raises
    ------
    InputError
        For what is no element.
    """
    from ase.data import atomic_numbers

    plain = {symbol: re.split("[/_]", symbol)[0] for symbol in dict.fromkeys(symbols)}
    for symbol, name in plain.items():
        if atomic_numbers.get(name, 0) == 0:
            shown = " ".join(symbol.split())[:40]
            raise InputError(f"'{shown}' is not an element; give symbols=['Li', ...] that are", where)
    return np.array([atomic_numbers[plain[symbol]] for symbol in symbols], dtype=np.intp)


def table(words: Sequence[bytes], rows: int, columns: int) -> NDArray[np.float64]:
    """Return words as numbers (rows, columns), each the nearest double to its decimals.

    The words are read as a JSON list, in two thirds of the time that Python's ``float`` takes, and with ``float``
    where they are no JSON (``.5``, ``NaN``).

    Raises
    ------
    ValueError
        When a word is no number (Fortran writes stars where one does not fit).
    """
    try:
        numbers = orjson.loads(b"[" + b",".join(words) + b"]")
    except orjson.JSONDecodeError:
        numbers = [_number(word) for word in words]
    if len(numbers) != rows * columns:
        raise ValueError(f"{len(numbers)} numbers stand where {rows * columns} should")
    try:
        return np.fromiter(numbers, float, rows * columns).reshape(rows, columns)
    except (TypeError, ValueError) as error:
        raise ValueError("a word is no number") from error


def _number(word: bytes) -> float:
    try:
        return float(word)
    except ValueError as error:
        raise ValueError(f"'{word.decode('latin-1')[:40]}' is no number") from error


def three_columns(words: list[bytes], rows: int, first: int, stride: int) -> NDArray[np.float64]:
    """Return three neighbouring columns of rows of ``stride`` words as (rows, 3); raises as :func:`table`."""
    if stride == 3:
        return table(words, rows, 3)
    picked = [b""] * (3 * rows)
    for column in range(3):
        picked[column::3] = words[first + column :: stride]
    return table(picked, rows, 3)
