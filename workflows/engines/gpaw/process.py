"""GPAW's process: started, asked, watched, and never left behind."""

from __future__ import annotations

import ctypes
import json
import os
import re
import select
import shlex
import signal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from lianode.workflows.engines.band.state import EvaluationError, StoppedError
from lianode.workflows.engines.gpaw.installation import DRIVER, environment

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.workflows.engine import RunContext

_PR_SET_PDEATHSIG = 1
STDERR = "gpaw.err"
POLL_S = 1.0
"""Seconds between looks at the clock while GPAW computes."""
GRACE_S = 5.0
"""Seconds that a process has to end by itself."""
TAIL = 20_000
"""Bytes at the end of its errors in which its last words are looked for."""
EXCEPTION = re.compile(r"\b\w+(Error|Exception)\b.*")
LAST_WORDS: tuple[tuple[str, str], ...] = (
    ("MemoryError", "out of memory"),
    ("bad_alloc", "out of memory"),
    ("Cannot allocate memory", "out of memory"),
    ("oom-kill", "out of memory: the node ended it"),
    ("oom_kill", "out of memory: the node ended it"),
    ("No space left on device", "the disk is full"),
    ("Disk quota exceeded", "the disk quota is used up"),
    ("plain mpirun python", "under MPI it has to be started as `mpirun -np N gpaw python`"),
)
"""What is printed, and what it means; the first that is found counts."""


class GpawError(EvaluationError):
    """GPAW cannot compute this, now or again; the message says why."""


class GpawStoppedError(StoppedError):
    """There is no answer, because the time is up or because the process was killed: another attempt may have one."""


class GpawProcess:
    """A running driver; use it as a context manager.

    Parameters
    ----------
    words
        That start a Python with GPAW.
    context
        Folder of its files, and the clock.
    program
        What that Python runs; the driver.
    """

    def __init__(self, words: tuple[str, ...], context: RunContext, *, program: Path = DRIVER) -> None:
        self.words = words
        self.context = context
        self._unread = b""
        try:
            with (context.directory / STDERR).open("wb") as errors:
                self.process = subprocess.Popen(  # noqa: S603 - words of the machine's settings, no shell
                    [*words, str(program)],
                    cwd=context.directory,
                    env=environment(),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    start_new_session=True,  # a Ctrl-C is meant for lianode, which stops it in order
                    preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - takes no locks
                )
        except OSError as error:
            raise GpawError(f"`{shlex.join(words)}` does not start: {error.strerror}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        """Send one line and return the answer.

        Raises
        ------
        GpawError
            When it reports an error, or its process ended by itself.
        GpawStoppedError
            When its process was killed, or the time was up before it answered.
        """
        source = self.process.stdin
        try:
            assert source is not None  # noqa: S101 - it was asked for as a pipe
            source.write(json.dumps(order).encode() + b"\n")
            source.flush()
        except OSError as error:
            raise self._death() from error
        line = self._line()
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError as error:
            raise GpawError(f"GPAW's answer cannot be read: {line[:200]!r}") from error
        if "error" in answer:
            raise GpawError(_in_words(answer))
        return answer

    def close(self) -> None:
        """End the process and all that it started: kindly, then not."""
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        for signal_number in (None, signal.SIGTERM, signal.SIGKILL):
            if signal_number is not None:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.process.pid, signal_number)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(GRACE_S if signal_number is not None else self._patience())
                return

    def _patience(self) -> float:
        """Seconds to wait for an idle process to see that its input is closed."""
        return GRACE_S if self.idle else 0.0

    idle = True
    """Whether it waits for an order; one that computes does not see that nobody listens."""

    def _line(self) -> bytes:
        """Return the next line, looking at the clock while there is none."""
        stream = self.process.stdout
        assert stream is not None  # noqa: S101 - it was asked for as a pipe
        descriptor = stream.fileno()
        self.idle = False
        while b"\n" not in self._unread:
            ready, _, _ = select.select([descriptor], [], [], POLL_S)
            if not ready:
                if self.context.must_stop():
                    raise GpawStoppedError("stopped; the next run continues it")
                continue
            part = os.read(descriptor, 1 << 16)
            if not part:
                raise self._death()
            self._unread += part
        self.idle = True
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _death(self) -> Exception:
        """Return what became of a process that no longer answers: killed and worth another attempt, or broken."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(GRACE_S)
        code = self.process.returncode
        said = _tail(self.context.directory / STDERR)
        meaning = next((words for sign, words in LAST_WORDS if sign in said), None)
        if code is not None and code < 0:
            name = signal.Signals(-code).name
            why = meaning or ("out of memory, or someone ended it" if code == -signal.SIGKILL else "it crashed")
            return GpawStoppedError(f"GPAW's process was ended by {name} ({why}); the next run continues it")
        return GpawError(f"GPAW's process ended: {meaning or _last_word(said) or f'no word of why (code {code})'}")


def _in_words(answer: dict[str, Any]) -> str:
    """Return the reason that an error of the driver amounts to."""
    message = " ".join(str(answer["error"]).split())[:300]
    if answer.get("kind") == "scf":
        return "SCF not converged: GPAW reached its limit of cycles (gpaw.txt shows them)"
    if answer.get("kind") == "dataset":
        return f"GPAW lacks a file: {message}"
    return f"GPAW broke down: {message}"


def _last_word(said: str) -> str:
    """Return the last line that names an exception (MPI writes more after it), or else the last one."""
    lines = said.strip().splitlines()
    named = [found.group() for line in lines if (found := EXCEPTION.search(line))]
    return (named or lines or [""])[-1][:300]


def _tail(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(0, stream.tell() - TAIL))
            return stream.read().decode("utf-8", errors="replace")
    except OSError:
        return ""


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
