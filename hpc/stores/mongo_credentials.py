"""Where the password of a MongoDB server comes from: the environment, or a file that only its owner can read."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD_VARIABLE: Final = "LIANODE_MONGODB_PASSWORD"  # noqa: S105  the name of the variable


def read_password(password_file: Path | None) -> str | None:
    """Return the password, or None where none is set.

    The environment variable ``LIANODE_MONGODB_PASSWORD`` wins over the file.

    Raises
    ------
    InputError
        When the file is missing, empty, or open to others.
    """
    from_environment = os.environ.get(PASSWORD_VARIABLE)
    if from_environment or password_file is None:
        return from_environment or None
    where = str(password_file)
    try:
        with password_file.open(encoding="utf-8") as stream:
            state = os.fstat(stream.fileno())
            if stat.S_IMODE(state.st_mode) & 0o077 or state.st_uid not in {os.getuid(), 0}:
                raise InputError("others could read this password file; run 'chmod 600' on it and own it", where)
            password = stream.read(4096).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the password file cannot be read ({type(error).__name__})", where) from None
    if not password:
        raise InputError("the password file is empty", where)
    return password
