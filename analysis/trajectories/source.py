"""The bytes of a file, unpacked as they are read: gzip, bzip2 and xz are known by their first bytes, not by a name."""

from __future__ import annotations

import bz2
import lzma
import tempfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from typing import BinaryIO

PACKED_CHUNK = 1 << 16
CHUNK = 1 << 20
"""Bytes that are read, and at most unpacked, at a time."""


class _Unpacker(Protocol):
    """What bz2, lzma and the class below have in common."""

    @property
    def eof(self) -> bool:
        """Whether the packed stream is at its end."""

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes out without new bytes."""

    @property
    def unused_data(self) -> bytes:
        """Bytes after the end of the packed stream."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return at most ``max_length`` bytes more."""


class _Gzip:
    """zlib's object with the interface of the two others."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)
        self._full = False

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._full and not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        out = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        self._full = len(out) == max_length
        return out


_PACKINGS: tuple[tuple[bytes, str, Callable[[], _Unpacker]], ...] = (
    (b"\x1f\x8b", "gzip", _Gzip),
    (b"BZh", "bzip2", bz2.BZ2Decompressor),
    (b"\xfd7zXZ\x00", "xz", lzma.LZMADecompressor),
)
_DAMAGED = (zlib.error, lzma.LZMAError, OSError, ValueError, EOFError)
_ZSTD = b"\x28\xb5\x2f\xfd"


class Source:
    """A file's bytes, unpacked.

    Attributes
    ----------
    path
        Of the file.
    packing
        ``gzip``, ``bzip2``, ``xz``, or None.
    broken
        Why the bytes end before their time, known once they have ended: the packed file is cut or damaged.

    Raises
    ------
    InputError
        When the file cannot be opened, or is packed with zstd.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.broken: str | None = None
        try:
            with path.open("rb") as file:
                start = file.read(6)
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror or error}", str(path)) from error
        if start.startswith(_ZSTD):
            raise InputError("it is packed with zstd, which is not read; unpack it first (unzstd)", str(path))
        found = [(name, make) for magic, name, make in _PACKINGS if start.startswith(magic)]
        self.packing = found[0][0] if found else None
        self._make = found[0][1] if found else None

    def head(self, size: int) -> bytes:
        """Return the first bytes."""
        head = b""
        for chunk in self.chunks():
            head += chunk
            if len(head) >= size:
                break
        return head[:size]

    def chunks(self) -> Generator[bytes]:
        """Yield the bytes from the beginning, in pieces."""
        self.broken = None
        with self.path.open("rb") as file:
            if self._make is None:
                while chunk := file.read(CHUNK):
                    yield chunk
                return
            yield from self._unpack(file, self._make)

    def _unpack(self, file: BinaryIO, make: Callable[[], _Unpacker]) -> Generator[bytes]:
        """Yield what comes out; a file may hold several packed streams, one after the other."""
        unpacker, data = make(), b""
        begun = False
        while True:
            if not data and unpacker.needs_input and not (data := file.read(PACKED_CHUNK)):
                if begun:
                    self.broken = f"the {self.packing} file is cut"
                return
            begun = True
            try:
                out = unpacker.decompress(data, CHUNK)
            except _DAMAGED:
                self.broken = f"the {self.packing} file is damaged"
                return
            data = b""
            if out:
                yield out
            if unpacker.eof:
                data, unpacker = unpacker.unused_data.lstrip(b"\0"), make()
                begun = bool(data)

    @contextmanager
    def on_disk(self) -> Iterator[Path]:
        """Give the path of a file that is not packed, for libraries that need one: itself, or a temporary copy."""
        if self.packing is None:
            yield self.path
            return
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "unpacked"
            with copy.open("wb") as file:
                for chunk in self.chunks():
                    file.write(chunk)
            yield copy
