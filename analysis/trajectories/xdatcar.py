"""XDATCAR: the positions of the steps of a run of VASP."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from lianode.analysis.trajectories.record import Given, Record, Snapshot, three_columns
from lianode.analysis.trajectories.window import last_row_is_whole
from lianode.analysis.trajectories.xdatcar_header import LONGEST, NoHeader, numbers_in, read_header
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lianode.analysis.trajectories.window import ByteWindow
    from lianode.analysis.trajectories.xdatcar_header import Header

_CONFIGURATION = re.compile(rb"\s*(direct|c\w*|k\w*)\s+configuration\s*=?\s*(\d*)", re.IGNORECASE)
_KONFIG = re.compile(rb"\s*konfig\s*=\s*(\d*)", re.IGNORECASE)
_BLANK_INSIDE = re.compile(rb"\n[ \t\r]*\n")
_SEPARATOR_INSIDE = b"onfig"


def is_xdatcar(head: bytes) -> bool:
    """Whether a file that begins so is an XDATCAR."""
    lines = _whole_lines(head)[:LONGEST]
    anything = Given(cell=np.eye(3))
    try:
        read_header(lines, anything, "")
    except NoHeader:
        return False
    except InputError:
        return True
    return True


class Xdatcar:
    """Reads an XDATCAR of any version; the attributes are those of :class:`~.record.Reader`.

    The step is the number after ``configuration=`` less one: VASP writes its own count there, also when it writes
    every NBLOCK-th step only. A number that is not larger than the one before begins a new run.

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
        self.found = 0
        self._blank_separators = True
        self._step = -1
        self._spacing = 1

    def records(self) -> Iterator[Record]:
        """Yield the frames that are whole.

        Raises
        ------
        InputError
            When frames have more or fewer positions than the head says, or lines stand where none can.
        """
        header, of_head = self._header(), 0
        while header is not None and (line := self.window.peek(1)):
            mark = _CONFIGURATION.match(line) or _KONFIG.match(line)
            if mark is not None:
                self._blank_separators = False
                self.window.lines(1)
                record = self._frame(header, mark)
            elif self._blank_comes_first(line):
                self.window.lines(1)
                if not self._rows_follow():
                    continue
                record = self._frame(header, None)
            else:
                header, of_head = self._header(), self.found
                continue
            if record is None:
                return
            yield record
        if header is not None and self.found == of_head:
            self.cut = f"after the head of frame {self.found + 1}"

    def _blank_comes_first(self, line: bytes) -> bool:
        """Whether this is a blank line that is not the blank title of a new head."""
        if line.strip():
            return False
        following = self.window.peek(LONGEST).splitlines()
        return not (len(following) > 1 and len(numbers_in(following[1]) or ()) == 1 and self._is_header(following))

    def _is_header(self, lines: list[bytes]) -> bool:
        try:
            read_header(lines, self.given, self.where)
        except NoHeader:
            return False
        return True

    def _rows_follow(self) -> bool:
        return self._blank_separators and _is_row(self.window.peek(1))

    def _header(self) -> Header | None:
        """Take the head that stands here; None where the file ends within it."""
        text = self.window.peek(LONGEST)
        lines = _whole_lines(text)
        try:
            header = read_header(lines, self.given, self.where)
        except NoHeader:
            if len(lines) < LONGEST and not (self.found and lines and _is_row(lines[0])):
                self.cut = "within the head of a frame" if text.strip() else None
                self.window.lines(LONGEST)
                return None
            self._refuse(lines[0])
        self.window.lines(header.lines)
        self.time_step = header.time_step or self.given.time_step
        return header

    def _refuse(self, line: bytes) -> None:
        if self.found and _is_row(line):
            raise InputError(
                f"frame {self.found} (byte {self.window.byte}) has more positions than the head has atoms", self.where
            )
        text = line.decode("latin-1").strip()[:60]
        raise InputError(
            f"at byte {self.window.byte} '{text}' stands where 'Direct configuration=' or a new head should", self.where
        )

    def _frame(self, header: Header, mark: re.Match[bytes] | None) -> Record | None:
        """Take the rows of a frame; None where the file ends within them."""
        count = len(header.numbers)
        begin = self.window.byte
        block = self.window.lines(count)
        rows = block.count(b"\n") + (not block.endswith(b"\n") and block != b"")
        inside = _SEPARATOR_INSIDE in block or (self._blank_separators and _BLANK_INSIDE.search(block) is not None)
        if inside:
            raise InputError(
                f"frame {self.found + 1} (byte {begin}) has fewer positions than the head has atoms ({count}), and "
                "something follows it; if a run was cut there and another was appended, give their files one by one",
                self.where,
            )
        if rows < count or not last_row_is_whole(block):
            self.cut = f"within frame {self.found + 1}"
            return None
        self.found += 1
        number = mark.group(mark.lastindex or 1) if mark is not None else b""
        step = int(number) - 1 if number.isdigit() else self._step + self._spacing
        new_run = step <= self._step
        if not new_run and self._step >= 0:
            self._spacing = step - self._step
        self._step = step
        mode = mark.group(1).lower() if mark is not None and mark.lastindex == 2 else b""
        cartesian = not mode.startswith(b"d") if mode else header.cartesian
        load = partial(_parse, block, header, cartesian=cartesian)
        return Record(step, header.numbers, load, self.window.byte, new_run=new_run)


def _whole_lines(text: bytes) -> list[bytes]:
    return [line for line in text.splitlines(keepends=True) if line.endswith(b"\n")]


def _is_row(line: bytes) -> bool:
    words = line.split()[:3]
    return len(words) == 3 and line.endswith(b"\n") and numbers_in(b" ".join(words)) is not None


def _parse(block: bytes, header: Header, *, cartesian: bool) -> Snapshot:
    count = len(header.numbers)
    words = block.split()
    stride, rest = divmod(len(words), count)
    if rest or stride < 3:
        raise ValueError("a row does not hold three numbers")
    rows = three_columns(words, count, 0, stride)
    return Snapshot(header.cell.copy(), rows * header.scale if cartesian else rows @ header.cell, None)
