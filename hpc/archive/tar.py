"""The tar format, as far as archives of results need it: regular files with short names, and nothing else.

Written so that equal content gives equal bytes. Read without :mod:`tarfile`'s headers for links, devices, sparse files
and long names, which hostile archives live on: each header is one block, and what it announces is checked before a byte
of it is read.
"""

from __future__ import annotations

import gzip
import tarfile
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final, cast

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BLOCK: Final = 512
_PADDING: Final = 20 * _BLOCK
"""Zeros that may follow the last member."""
_CHUNK: Final = 1 << 20
_KINDS: Final = {
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.LNKTYPE: "a link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
    tarfile.DIRTYPE: "a folder",
}


@contextmanager
def tar_to_write(file: IO[bytes]) -> Iterator[tarfile.TarFile]:
    """Give a compressed tar file to write; :func:`header` makes its members."""
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=6, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        yield tar


def header(path: str, size: int) -> tarfile.TarInfo:
    """Return the header of a regular file that says nothing of when and by whom it was made."""
    info = tarfile.TarInfo(path)
    info.size, info.mtime, info.mode = size, 0, 0o644
    return info


@contextmanager
def decompressed(file: Path) -> Iterator[IO[bytes]]:
    """Open an archive to read it from its beginning.

    Raises
    ------
    InputError
        When it cannot be read, also later, while it is read.
    """
    try:
        with file.open("rb") as raw, gzip.GzipFile(fileobj=raw, mode="rb") as stream:
            yield cast("IO[bytes]", stream)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise InputError("the archive is cut short, damaged, or no .tar.gz file", str(file)) from None
    except OSError as error:
        raise InputError(f"the archive cannot be read: {error.strerror or error}", str(file)) from error


def members(stream: IO[bytes], where: str) -> Iterator[tarfile.TarInfo]:
    """Yield the headers of a tar stream; the caller reads each content with :func:`content` before the next.

    Raises
    ------
    InputError
        For a member that is no regular file, and for anything that is no header.
    """
    while True:
        block = stream.read(_BLOCK)
        if block == bytes(_BLOCK):
            # to the end of the compressed stream, whose own checksum is verified there
            rest = stream.read(_PADDING + 1)
            if len(rest) > _PADDING or any(rest):
                raise InputError("the archive is refused: something follows its end", where)
            return
        if len(block) < _BLOCK:
            raise InputError("the archive is cut short", where)
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        except (tarfile.HeaderError, UnicodeDecodeError, ValueError):
            raise InputError("the archive is damaged, or no .tar.gz file", where) from None
        if info.type not in {tarfile.REGTYPE, tarfile.AREGTYPE} or info.issparse():
            kind = _KINDS.get(info.type, "of a kind that has no place in it")
            raise InputError(f"the archive is refused: its member {info.name[:100]!r} is {kind}", where)
        if info.size < 0:
            raise InputError("the archive is damaged", where)
        yield info


def content(stream: IO[bytes], size: int, where: str) -> Iterator[bytes]:
    """Yield a member's content in portions, and read to the next header.

    Raises
    ------
    InputError
        When the archive ends before.
    """
    left = size
    while left:
        chunk = stream.read(min(left, _CHUNK))
        if not chunk:
            raise InputError("the archive is cut short", where)
        left -= len(chunk)
        yield chunk
    stream.read(-size % _BLOCK)
