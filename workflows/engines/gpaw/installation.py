"""Where GPAW is on this machine, and what it is.

It comes from the environment, never from a campaign file: a campaign is data, and no text of it reaches a command line.
"""

from __future__ import annotations

import functools
import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from lianode.structures.errors import InputError

VARIABLE = "LIANODE_GPAW_PYTHON"
DRIVER = Path(__file__).parent / "driver.py"
HOW_TO_INSTALL = (
    "run: pip install 'lianode[gpaw]' (its system packages are in docs/gpaw.md), or set "
    f"{VARIABLE} to a Python that has it"
)
LIMIT_S = 120.0
"""A cold network file system takes its time to load a program."""


@dataclass(frozen=True, kw_only=True)
class Installation:
    """An installed GPAW.

    Attributes
    ----------
    version
        Of GPAW.
    sets
        Release of the PAW sets, such as ``gpaw-data 1.2.1``; ``own`` for others.
    checksum
        SHA-256 over all PBE sets.
    elements
        Symbols of the elements that have one.
    """

    version: str
    sets: str
    checksum: str
    elements: frozenset[str]


def command() -> tuple[str, ...]:
    """Return the words that start a Python with GPAW; no shell sees them.

    ``LIANODE_GPAW_PYTHON`` holds them, such as ``/opt/gpaw/bin/python`` or ``mpirun -np 8 /opt/gpaw/bin/gpaw python``;
    otherwise it is the Python that runs this.

    Raises
    ------
    InputError
        When the variable's quotes are not closed.
    """
    text = os.environ.get(VARIABLE, "")
    try:
        return tuple(shlex.split(text)) or (sys.executable,)
    except ValueError as error:
        raise InputError(f"the command `{text}` cannot be split into words: {error}", VARIABLE) from error


def environment() -> dict[str, str]:
    """Return the environment of GPAW: one thread, since plane waves gain nothing from more and lose much."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def installation() -> Installation:
    """Return what is installed; asks the program once per process.

    Raises
    ------
    InputError
        When there is no GPAW, or it does not start, or it has no PAW sets.
    """
    words = command()
    if words == (sys.executable,) and find_spec("gpaw") is None:
        raise InputError(f"GPAW is not installed; {HOW_TO_INSTALL}", "engine")
    return _ask(words, os.environ.get("GPAW_SETUP_PATH", ""))


@functools.cache
def _ask(words: tuple[str, ...], setup_path: str) -> Installation:  # noqa: ARG001 - other sets, another answer
    """Return what the program says of itself."""
    shown = shlex.join(words)
    try:
        done = subprocess.run(  # noqa: S603 - words of the machine's settings, no shell
            [*words, str(DRIVER), "about"],
            check=False, capture_output=True, text=True, timeout=LIMIT_S, env=environment(),
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except OSError as error:
        raise InputError(f"`{shown}` does not start: {error.strerror}", VARIABLE) from error
    except subprocess.TimeoutExpired as error:
        raise InputError(f"`{shown}` gave no answer within {LIMIT_S:g} s", VARIABLE) from error
    try:
        about = json.loads(done.stdout)
        found = Installation(
            version=about["gpaw"], sets=about["sets"], checksum=about["sha256"], elements=frozenset(about["elements"])
        )
    except (ValueError, KeyError, TypeError) as error:
        if "No module named 'gpaw'" in done.stderr:
            raise InputError(f"`{shown}` has no GPAW; {HOW_TO_INSTALL}", VARIABLE) from error
        words_of_it = done.stderr.strip().splitlines()
        last = words_of_it[-1] if words_of_it else f"it ended with code {done.returncode} and no word"
        raise InputError(f"GPAW does not start with `{shown}`: {last}", VARIABLE) from error
    if not found.elements:
        raise InputError("GPAW has no PAW sets; run: pip install gpaw-data", "engine")
    return found
