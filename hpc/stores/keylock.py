"""A lock on a folder of one machine: a second process that wants it waits; the kernel frees it however we end."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lianode.workflows.results import HeldElsewhereError
from lianode.workflows.session import must_stop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POLL_S = 0.1


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Hold a folder.

    Raises
    ------
    HeldElsewhereError
        When the session asks to stop while another process holds it.
    """
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if must_stop():
                    raise HeldElsewhereError(f"another process works on {folder.name}") from None
                time.sleep(POLL_S)
        yield
    finally:
        os.close(handle)
