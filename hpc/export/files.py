"""Exported files appear whole or not at all, and never in the place of another."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def whole_file(file: Path, *, ending: str = "") -> Iterator[Path]:
    """Give the path of a new file to write, which takes its name when the block ends well.

    Parameters
    ----------
    file
        Where it goes; its folder has to be there, and no file yet.
    ending
        Of the name while it is written, for libraries that go by it.

    Raises
    ------
    InputError
        When there is such a file, or it cannot be written.
    """
    if file.exists() or file.is_symlink():
        raise InputError("there is a file already; it is left as it is", str(file))
    try:
        handle, name = tempfile.mkstemp(prefix=".new-", suffix=ending, dir=file.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            temporary.chmod(0o666 & ~_umask())
            os.link(temporary, file)  # unlike a rename, this does not replace
        finally:
            with suppress(FileNotFoundError):
                temporary.unlink()
    except FileExistsError:
        raise InputError("there is a file already; it is left as it is", str(file)) from None
    except OSError as error:
        raise InputError(f"the file cannot be written: {error.strerror or error}", str(file)) from error


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
