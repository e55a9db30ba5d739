"""The token that readers from other machines show."""

from __future__ import annotations

import os
import re
import secrets
from typing import TYPE_CHECKING, Final

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

VARIABLE: Final = "LIANODE_SERVE_TOKEN"
FILE: Final = ".lianode-serve-token"
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{16,200}")


def read_token(project: Path) -> str:
    """Return the token of a project: of the environment, of its file, or a new one, which is kept in that file.

    Parameters
    ----------
    project
        Folder with ``lianode.toml``.

    Raises
    ------
    InputError
        For a token that is too short or holds other characters, and for a file that others may read.
    """
    given = os.environ.get(VARIABLE)
    if given is not None:
        return _checked(given, VARIABLE)
    file = project / FILE
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _kept(file)
    except OSError as error:
        raise InputError(f"the token cannot be kept: {error.strerror}; set {VARIABLE}", str(file)) from None
    token = secrets.token_urlsafe(32)
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(token + "\n")
    return token


def _kept(file: Path) -> str:
    try:
        status = file.lstat()
        text = file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        raise InputError("the file of the token cannot be read; remove it, and a new one is made", str(file)) from None
    if file.is_symlink() or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise InputError("others may read or change the token; remove the file, and a new one is made", str(file))
    return _checked(text.strip(), str(file))


def _checked(token: str, where: str) -> str:
    if not _TOKEN.fullmatch(token):
        raise InputError("a token has 16 to 200 letters, digits, - and _", where)
    return token
