"""Large data as files named by their content: ``blobs/ab/abcd...``."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from pydantic import BaseModel, ConfigDict, Field

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK: Final = 1 << 20
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class BlobReference(BaseModel):
    """What documents keep of a blob.

    Attributes
    ----------
    sha256
        Of the content, hexadecimal.
    size
        Bytes.
    name
        File name for people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0)
    name: str


class BlobStore:
    """A folder of blobs; equal content is kept once.

    Parameters
    ----------
    folder
        Made when the first blob is put.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, source: Path) -> BlobReference:
        """Copy a file into the store, durably.

        Raises
        ------
        InputError
            When the file cannot be read or the folder not written.
        """
        try:
            with source.open("rb") as stream:
                return self.put_stream(stream, source.name)
        except OSError as error:
            raise InputError(f"the file cannot be kept: {error.strerror}", str(source)) from error

    def put_bytes(self, content: bytes, name: str) -> BlobReference:
        """Keep bytes, durably."""
        from io import BytesIO

        return self.put_stream(BytesIO(content), name)

    def put_stream(self, stream: BinaryIO, name: str) -> BlobReference:
        """Keep what a stream gives, durably; memory stays small."""
        self.folder.mkdir(parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        handle, temporary = tempfile.mkstemp(prefix=".new-", dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as target:
                while chunk := stream.read(_CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
                    target.write(chunk)
                target.flush()
                os.fsync(target.fileno())
            reference = BlobReference(sha256=digest.hexdigest(), size=size, name=name)
            path = self.path(reference)
            path.parent.mkdir(exist_ok=True)
            Path(temporary).replace(path)  # also mends a damaged copy
            for folder in (path.parent, self.folder):
                _sync(folder)
        except BaseException:
            with suppress(FileNotFoundError):
                Path(temporary).unlink()
            raise
        return reference

    def read(self, reference: BlobReference) -> bytes:
        """Return the content.

        Raises
        ------
        InputError
            When it is missing or damaged.
        """
        with self._verified(reference) as stream:
            return stream.read()

    def copy(self, reference: BlobReference, target: Path) -> Path:
        """Write the content to a file; the file appears only when the content is right."""
        handle, temporary = tempfile.mkstemp(prefix=".new-", dir=target.parent)
        try:
            with self._verified(reference) as stream, os.fdopen(handle, "wb") as copy:
                while chunk := stream.read(_CHUNK):
                    copy.write(chunk)
            Path(temporary).replace(target)
        except BaseException:
            with suppress(FileNotFoundError):
                Path(temporary).unlink()
            raise
        return target

    def path(self, reference: BlobReference) -> Path:
        """Return where the content lies."""
        if not _DIGEST.fullmatch(reference.sha256):
            raise InputError(f"{reference.sha256!r} is not a SHA-256")
        return self.folder / reference.sha256[:2] / reference.sha256

    @contextmanager
    def _verified(self, reference: BlobReference) -> Iterator[BinaryIO]:
        path = self.path(reference)
        try:
            stream = path.open("rb")
        except OSError as error:
            raise InputError(f"the blob of {reference.name} is missing ({error.strerror})", str(path)) from error
        with stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != reference.sha256:
                raise InputError(f"the blob of {reference.name} is damaged: its checksum differs", str(path))
            stream.seek(0)
            yield stream


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
