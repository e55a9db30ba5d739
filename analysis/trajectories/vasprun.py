"""vasprun.xml: the steps of a run of VASP, found by their marks and not by building a tree of the whole file.

Only ``<structure>`` and the energies of each ``<calculation>`` are looked at; levels, densities of states and
projections, which make up most of a large file, run through the window unread.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from lianode.analysis.trajectories.record import Record, Snapshot, atomic_numbers_of, table
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from lianode.analysis.trajectories.record import Given
    from lianode.analysis.trajectories.window import ByteWindow

_BASIS, _POSITIONS = (
    re.compile(rb"<varray\b[^>]*\bname\s*=\s*[\"']\s*" + name + rb"\s*[\"'][^>]*>") for name in (b"basis", b"positions")
)
_ATOMS = re.compile(rb"<array\b[^>]*\bname\s*=\s*[\"']\s*atoms\s*[\"'][^>]*>")
_ROW = re.compile(rb"<rc\s*>\s*<c\s*>([^<]*)</c\s*>")
_ITEM = re.compile(rb"<i\b[^>]*\bname\s*=\s*[\"']\s*(\w+)\s*[\"'][^>]*>([^<]*)<")
_ROUNDING = 1e-7
_ENERGY = re.compile(rb"name\s*=\s*[\"']\s*(e_fr_energy|e_0_energy)\s*[\"'][^>]*>([^<]*)<")
_TAG = re.compile(rb"<[^>]*>")
_OLD_NAMES = {"r": "Zr"}
"""VASP before 5.3 lost a letter."""


def is_vasprun(head: bytes) -> bool:
    """Whether a file that begins so is a vasprun.xml."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return text.startswith(b"<modeling") or (text.startswith(b"<?xml") and b"<modeling" in text)


class Vasprun:
    """Reads a vasprun.xml; the attributes are those of :class:`~.record.Reader`.

    The energy is that extrapolated to zero smearing (``e_0_energy``), as everywhere in this project. The time step is
    POTIM where IBRION is 0, and unknown for a relaxation. A step counts as whole with structure and energies.

    Parameters
    ----------
    window
        The file.
    given
        What the user says about it.
    where
        File for messages.
    """

    absolute = False

    def __init__(self, window: ByteWindow, given: Given, where: str) -> None:
        self.window, self.given, self.where = window, given, where
        self.time_step = given.time_step
        self.cut: str | None = None

    def records(self) -> Iterator[Record]:
        """Yield the steps that are whole.

        Raises
        ------
        InputError
            When the file does not say which elements its atoms are, and the user does not either.
        """
        numbers = self._head()
        if numbers is None:
            self.cut = "before the first step"
            return
        step = 0
        while (found := self.window.seek(b"<calculation", b"</modeling")) == 0:
            self.window.skip(1)
            blocks = self._blocks()
            if blocks is not None:
                yield Record(step, numbers, partial(_parse, blocks, len(numbers)), self.window.byte)
            closed = self.window.seek(b"</calculation", b"<calculation", b"</modeling")
            if closed is None:
                self.cut = f"within step {step + 1}" + (", after its energies" if blocks is not None else "")
                return
            step += 1
        if found is None:
            self.cut = f"after step {step}, without its last lines"

    def _blocks(self) -> tuple[bytes, bytes, bytes] | None:
        """Take electronic steps, structure and energies of the calculation that begins here."""
        cycle = self.window.until(b"<structure", b"</calculation")
        structure = self.window.until(b"</structure", b"<calculation") if cycle is not None else None
        if structure is None or self.window.seek(b"<energy", b"</calculation", b"<calculation") != 0:
            return None
        energies = self.window.until(b"</energy", b"<calculation")
        if cycle is None or energies is None:
            return None
        return cycle[cycle.rfind(b"<energy") :], structure, energies

    def _head(self) -> NDArray[np.intp] | None:
        """Read settings and atoms; None where the file ends before its first step."""
        tags: dict[bytes, bytes] = {}
        numbers: NDArray[np.intp] | None = None
        marks = (b"<calculation", b"<incar", b"<parameters", b"<atominfo")
        while found := self.window.seek(*marks):
            section = self.window.until(b"</" + marks[found][1:], marks[0])
            if section is None:
                return None
            if marks[found] == b"<atominfo":
                numbers = self._atoms(section)
            else:  # parameters come after the INCAR and hold what VASP made of it
                tags.update((name, value.strip()) for name, value in _ITEM.findall(section))
        if found is None or numbers is None:
            return None
        if _number(tags.get(b"IBRION")) == 0 and (potim := _number(tags.get(b"POTIM"))):
            self.time_step = potim
        return numbers

    def _atoms(self, section: bytes) -> NDArray[np.intp]:
        opening = _ATOMS.search(section)
        rows = section[opening.end() : section.find(b"</array", opening.end())] if opening else b""
        symbols = [name.decode("latin-1").strip() for name in _ROW.findall(rows)]
        if not symbols:
            raise InputError("its <atominfo> names no atoms", self.where)
        given = self.given.symbols
        if given is not None and len(given) == len(symbols):
            symbols = list(given)
        return atomic_numbers_of([_OLD_NAMES.get(symbol, symbol) for symbol in symbols], self.where)


def _number(text: bytes | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None


def _rows(block: bytes, opening: re.Pattern[bytes]) -> bytes:
    """Return what stands between the tags of a <varray>."""
    found = opening.search(block)
    if found is None:
        raise ValueError("its structure has no cell or no positions")
    return block[found.end() : block.find(b"</varray", found.end())]


def _table(rows: bytes, count: int) -> NDArray[np.float64]:
    """Return the (count, 3) numbers of a <varray>."""
    words = rows.split()
    if len(words) == 5 * count:  # <v> x y z </v>, as VASP writes it
        plain = words[:]
        del plain[4::5]
        del plain[::4]
        try:
            return table(plain, count, 3)
        except ValueError:
            pass
    words = _TAG.sub(b" ", b" ".join(words)).split()
    if len(words) != 3 * count:
        raise ValueError(f"it has {len(words) / 3:g} rows where {count} should be")
    return table(words, count, 3)


@lru_cache(maxsize=2)
def _cell(rows: bytes) -> NDArray[np.float64]:
    """Return the cell, which is parsed once where it is constant."""
    return _table(rows, 3)


def _parse(blocks: tuple[bytes, bytes, bytes], n_atoms: int) -> Snapshot:
    cycle, structure, energies = blocks
    cell = _cell(_rows(structure, _BASIS)).copy()
    return Snapshot(cell, _table(_rows(structure, _POSITIONS), n_atoms) @ cell, _energy(cycle, energies))


def _energy(cycle: bytes, energies: bytes) -> float | None:
    """Return the energy extrapolated to zero smearing, eV.

    VASP before 6 writes only the smearing's part of it after a step: the difference to the free energy is that of the
    last electronic step.
    """
    own, last = (dict(_ENERGY.findall(text)) for text in (energies, cycle))
    free, stated = _number(own.get(b"e_fr_energy")), _number(own.get(b"e_0_energy"))
    last_free, last_zero = _number(last.get(b"e_fr_energy")), _number(last.get(b"e_0_energy"))
    if free is not None and last_free is not None and last_zero is not None:
        mended = free + (last_zero - last_free)
        if stated is None or not abs(mended - stated) < _ROUNDING:
            stated = mended
    return stated if stated is not None and math.isfinite(stated) else None
