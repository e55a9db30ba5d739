"""Extended XYZ: what ASE, OVITO and many others write, and this project's own molecular dynamics.

One frame after the other: the number of atoms, a line of ``key=value``, and a row for each atom whose columns
``Properties`` names. Our own keys are in :mod:`lianode.analysis.trajectories.xyz_format`.
"""

from __future__ import annotations

import re
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lianode.analysis.trajectories.record import Record, Snapshot, atomic_numbers_of, three_columns
from lianode.analysis.trajectories.window import last_row_is_whole
from lianode.analysis.trajectories.xyz_format import ENERGY, POSITIONS, STEP, TIME
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lianode.analysis.trajectories.record import Given
    from lianode.analysis.trajectories.window import ByteWindow

_PAIR = re.compile(
    rb"([A-Za-z_][\w.:-]*)\s*=\s*"
    rb"(?:\"((?:[^\"\\]|\\.)*)\"|'([^']*)'|\{([^}]*)\}|(\[\s*\[.*?\]\s*\]|\[[^\]]*\])|([^\s\"'{\[]\S*))"
)
_SPECIES = ("species", "element", "elements", "symbol", "symbols")
_CHARGES = ("Z", "z", "numbers", "atomic_numbers")
_PLACES = ("pos", "positions", "position")


def is_extxyz(head: bytes) -> bool:
    """Whether a file that begins so is XYZ: a number of atoms, a line of text, and a row with an element."""
    lines = head.splitlines()
    if len(lines) < 2 or not lines[0].strip().isdigit():
        return False
    first = lines[2].split() if len(lines) > 2 else []
    return _PAIR.search(lines[1]) is not None or (len(first) >= 4 and first[0][:1].isalpha())


class _Layout(NamedTuple):
    """Columns of a row: their number, that of the element, whether it is a charge number, and that of x."""

    width: int
    element: int
    is_charge: bool
    place: int


class ExtXyz:
    """Reads extended XYZ; the attributes are those of :class:`~.record.Reader`.

    The step is ``step`` where the comment line has it, otherwise the number of the frame; the time is ``time_fs``, as
    this project writes it: what other programs call ``time`` is in units of their own.

    Parameters
    ----------
    window
        The file.
    given
        What the user says about it.
    where
        File for messages.
    """

    def __init__(self, window: ByteWindow, given: Given, where: str) -> None:
        self.window, self.given, self.where = window, given, where
        self.time_step = given.time_step
        self.absolute = False
        self.cut: str | None = None
        self.found = 0
        self._layouts: dict[str, _Layout] = {}
        self._elements: list[bytes] = []
        self._newest: tuple[bytes, list[bytes]] = (b"", [])
        self._numbers: NDArray[np.intp] = np.zeros(0, dtype=np.intp)

    def records(self) -> Iterator[Record]:
        """Yield the frames that are whole.

        Raises
        ------
        InputError
            When a frame has other atoms than the first or no cell, or lines stand where none can.
        """
        step = -1
        while line := self.window.peek(1):
            if not line.strip():
                self.window.lines(1)
                continue
            begin = self.window.byte
            top = self.window.peek(2)
            if top.count(b"\n") < 2:
                self.cut = f"within frame {self.found + 1}"
                self.window.lines(2)
                return
            count = self._count(line)
            values = _values(top[len(line) :])
            self.window.lines(2)
            rows = self.window.lines(count)
            found = rows.count(b"\n") + (not rows.endswith(b"\n"))
            if found < count or not last_row_is_whole(rows):
                self.cut = f"within frame {self.found + 1}"
                return
            layout = self._layout(values.get("properties", POSITIONS), begin)
            words = rows.split()
            if len(words) != layout.width * count:
                raise self._error(
                    begin, f"{len(words)} words in {count} rows, where Properties says {layout.width} in each"
                )
            self._check_atoms(words[layout.element :: layout.width], begin, is_charge=layout.is_charge)
            cell = self._cell(values.get("lattice"), begin)
            counted = _integer(values.get(STEP))
            before, step = step, counted if counted is not None else step + 1
            self.absolute = counted is not None
            self.found += 1
            energy = _number(values.get(ENERGY, values.get("potential_energy")))
            self._newest = (rows, words)
            load = partial(self._parse, rows, layout, cell, energy)
            time = _number(values.get(TIME))
            yield Record(step, self._numbers, load, self.window.byte, time=time, new_run=step <= before)

    def _parse(self, rows: bytes, layout: _Layout, cell: NDArray[np.float64], energy: float | None) -> Snapshot:
        newest, words = self._newest
        words = words if newest is rows else rows.split()
        return Snapshot(cell.copy(), three_columns(words, len(self._numbers), layout.place, layout.width), energy)

    def _error(self, begin: int, message: str) -> InputError:
        return InputError(f"frame {self.found + 1} (byte {begin}) has {message}", self.where)

    def _count(self, line: bytes) -> int:
        count = _integer(line.decode("latin-1"))
        if count is None:
            text = line.decode("latin-1").strip()[:40]
            raise self._error(self.window.byte, f"'{text}' where the number of atoms should be")
        if count < 1:
            raise self._error(self.window.byte, "no atoms")
        if self._elements and count != len(self._elements):
            first = len(self._elements)
            raise self._error(
                self.window.byte, f"{count} atoms where the first has {first}; the atoms of a trajectory stay the same"
            )
        return count

    def _layout(self, properties: str, begin: int) -> _Layout:
        """Return the columns that ``Properties`` names."""
        if properties in self._layouts:
            return self._layouts[properties]
        words = properties.split(":")
        starts: dict[str, int] = {}
        at = 0
        for name, _, width in zip(*(islice(words, first, None, 3) for first in range(3)), strict=False):
            starts[name] = at
            at += _integer(width) or 0
        species = next((starts[name] for name in _SPECIES if name in starts), None)
        charge = next((starts[name] for name in _CHARGES if name in starts), None)
        place = next((starts[name] for name in _PLACES if name in starts), None)
        element = species if species is not None else charge
        if element is None or place is None:
            raise self._error(begin, f"no elements or no positions in Properties={properties}")
        self._layouts[properties] = _Layout(at, element, species is None, place)
        return self._layouts[properties]

    def _check_atoms(self, elements: list[bytes], begin: int, *, is_charge: bool) -> None:
        """Take the atoms of the first frame; those of the others have to be the same, in the same order."""
        if elements == self._elements:
            return
        if self._elements:
            raise self._error(begin, "other atoms, or another order, than the first; they stay the same")
        self._elements = elements
        names = [name.decode("latin-1") for name in elements]
        if is_charge:
            charges = [_integer(name) or 0 for name in names]
            if not all(0 < charge < 119 for charge in charges):
                raise self._error(begin, "an atomic number that is none")
            self._numbers = np.array(charges, dtype=np.intp)
        else:
            self._numbers = atomic_numbers_of(names, self.where)

    def _cell(self, text: str | None, begin: int) -> NDArray[np.float64]:
        if text is None:
            if self.given.cell is None:
                raise self._error(begin, 'no cell (Lattice="..." in its second line); give cell=(3 x 3, Å)')
            return self.given.cell
        try:
            numbers = [float(word) for word in re.sub(r"[\[\],]", " ", text).split()]
        except ValueError:
            numbers = []
        if len(numbers) == 3:  # ASE's short form of an orthogonal cell
            return np.diag(numbers)
        if len(numbers) != 9:
            raise self._error(begin, f'Lattice="{text[:60]}", which is not nine numbers')
        return np.array(numbers).reshape(3, 3)


def _values(comment: bytes) -> dict[str, str]:
    """Return keys, in small letters, and values of a comment line."""
    return {
        key.decode("latin-1").lower(): next(filter(None, texts), b"").decode("latin-1")
        for key, *texts in _PAIR.findall(comment)
    }


def _integer(text: str | None) -> int | None:
    try:
        return int(text) if text is not None else None
    except ValueError:
        return None


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else None
    except ValueError:
        return None
    return number if number is not None and np.isfinite(number) else None
