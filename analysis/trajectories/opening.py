"""Opening a trajectory: which reader a file needs is seen from its first bytes, never from its name."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lianode.analysis.trajectories.ase_trajectory import MAGIC as ASE_MAGIC
from lianode.analysis.trajectories.ase_trajectory import AseTrajectory
from lianode.analysis.trajectories.extxyz import ExtXyz, is_extxyz
from lianode.analysis.trajectories.source import Source
from lianode.analysis.trajectories.vaspout import MAGIC as HDF5_MAGIC
from lianode.analysis.trajectories.vaspout import Vaspout
from lianode.analysis.trajectories.vasprun import Vasprun, is_vasprun
from lianode.analysis.trajectories.window import ByteWindow
from lianode.analysis.trajectories.xdatcar import Xdatcar, is_xdatcar
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from lianode.analysis.trajectories.record import Given, Reader, Record

_HEAD = 1 << 16
_KNOWN = "an XDATCAR, a vasprun.xml or vaspout.h5 of VASP, extended XYZ or a .traj of ASE, packed or not"
_TEXTS: tuple[tuple[Callable[[bytes], bool], Callable[[ByteWindow, Given, str], Reader]], ...] = (
    (is_vasprun, Vasprun),
    (is_extxyz, ExtXyz),
    (is_xdatcar, Xdatcar),
)
_BINARIES: tuple[tuple[bytes, Callable[[Path, Given, str], Reader]], ...] = (
    (HDF5_MAGIC, Vaspout),
    (ASE_MAGIC, AseTrajectory),
)


@dataclass(frozen=True, slots=True)
class End:
    """How a file ended.

    Attributes
    ----------
    path
        Of the file.
    frames
        Whole frames in it, also those that were not asked for or that the file before has too.
    byte
        Of the unpacked file after the last whole frame; None for binary files.
    cut
        Why it is not whole, in words that go on after its name ("ends within frame 3; ..."); None where it is.
    """

    path: Path
    frames: int
    byte: int | None
    cut: str | None


class TrajectoryFile:
    """A file that holds frames.

    Parameters
    ----------
    path
        Of the file.
    given
        What the user says about it.

    Attributes
    ----------
    end
        How it ended, once :meth:`records` has come to the end.

    Raises
    ------
    InputError
        When it cannot be opened, or is nothing that is read here.
    """

    def __init__(self, path: Path, given: Given) -> None:
        self.path, self._given = path, given
        self.end: End | None = None
        self._source = Source(path)
        head = self._source.head(_HEAD)
        self._text = next((reader for is_it, reader in _TEXTS if is_it(head)), None)
        self._binary = next((reader for magic, reader in _BINARIES if head.startswith(magic)), None)
        self._empty = not head.strip(b"\0 \r\n\t")  # a run that was killed at once leaves such files
        if self._text is None and self._binary is None and not self._empty:
            raise InputError(f"it does not begin as {_KNOWN} does", str(path))

    def records(self) -> Iterator[tuple[Reader, Record]]:
        """Yield the whole frames, each with the reader that knows the time step; then note the end."""
        if self._empty:
            broken = self._source.broken
            self.end = End(self.path, 0, 0, "is empty" + (f" because {broken}" if broken else ""))
            return
        count, byte = 0, 0
        with ExitStack() as stack:
            window, reader = self._open(stack)
            for record in reader.records():
                count, byte = count + 1, record.end or 0
                yield reader, record
        zeros = window is not None and window.zeros
        broken = self._source.broken or ("zero bytes follow, as after a crash" if zeros else None)
        why = " because ".join(filter(None, (reader.cut, broken))) or None
        place = "" if window is None else f", up to byte {byte}"
        sentence = why and f"ends {why}; {count} frames are whole{place}"
        self.end = End(self.path, count, None if window is None else byte, sentence)

    def _open(self, stack: ExitStack) -> tuple[ByteWindow | None, Reader]:
        if self._binary is not None:
            path = stack.enter_context(self._source.on_disk())
            return None, self._binary(path, self._given, str(self.path))
        assert self._text is not None  # noqa: S101 - the constructor looked
        chunks: Generator[bytes] = self._source.chunks()
        stack.callback(chunks.close)
        window = ByteWindow(chunks)
        return window, self._text(window, self._given, str(self.path))
