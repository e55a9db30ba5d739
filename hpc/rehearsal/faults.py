"""Faults on request: what a cluster does to VASP, at a chosen step and attempt."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import sys
import time
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from lianode.structures.errors import InputError, nearest

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.hpc.rehearsal.poscar import Geometry

FILE = "REHEARSAL"
"""Looked for in the run's folder and then in its parents."""
VARIABLE = "LIANODE_REHEARSAL"
"""Environment variable with the same YAML; it wins over the file."""
ATTEMPTS = "REHEARSAL.attempts"


@dataclass(frozen=True)
class Message:
    """Something that VASP or its libraries print when they fail."""

    text: str
    fatal: bool = True
    to_stderr: bool = False


MESSAGES = {
    "brmix": Message(" BRMIX: very serious problems\n the old and the new charge density differ", fatal=False),
    "edddav": Message(" Error EDDDAV: Call to ZHEGV failed. Returncode =  16 2  32"),
    "eddrmm": Message(" WARNING in EDDRMM: call to ZHEGV failed, returncode =   6  3      8", fatal=False),
    "out_of_memory": Message("forrtl: severe (41): insufficient virtual memory", to_stderr=True),
    "posmap": Message(" POSMAP internal error: symmetry equivalent atom not found"),
    "pricel": Message(" internal error in subroutine PRICEL (probably precision problem, try to change SYMPREC)"),
    "real_optlay": Message(" REAL_OPTLAY: internal error (1)"),
    "subspacematrix": Message(" WARNING: Sub-Space-Matrix is not hermitian in DAV            1", fatal=False),
    "too_few_bands": Message(" TOO FEW BANDS"),
    "zbrent": Message(
        " ZBRENT: fatal error in bracketing\n"
        "     please rerun with smaller EDIFF, or copy CONTCAR\n     to POSCAR and continue"
    ),
    "zpotrf": Message(" LAPACK: Routine ZPOTRF failed!  1  1  1"),
}
"""Messages by the names that custodian has for them."""


@dataclass(frozen=True)
class Faults:
    """What goes wrong in a run.

    Attributes
    ----------
    seconds_per_step
        Each ionic step takes this much longer.
    kill_at_step
        The process kills itself (SIGKILL) in the middle of this ionic step's electronic cycle.
    unconverged_scf
        Ionic steps whose electronic cycle runs to NELM without convergence.
    truncate_vasprun
        vasprun.xml is cut after the run.
    omit
        Files that are not written, such as CONTCAR.
    message
        A name in `MESSAGES`, or any text, printed at ``message_at_step``; a fatal one ends the run.
    message_at_step
        Ionic step.
    exit_code
        Of a run that otherwise ends well.
    disk_full_at_step
        Ionic step in which the disk is full.
    vtst
        Not a fault: the run behaves as VASP with the VTST patch.
    """

    seconds_per_step: float = 0.0
    kill_at_step: int | None = None
    unconverged_scf: tuple[int, ...] = ()
    truncate_vasprun: bool = False
    omit: tuple[str, ...] = ()
    message: str | None = None
    message_at_step: int = 1
    exit_code: int = 0
    disk_full_at_step: int | None = None
    vtst: bool = False

    def in_cycle(self, step: int) -> None:
        """Do what happens in the middle of a step's electronic cycle."""
        if self.seconds_per_step > 0:
            time.sleep(self.seconds_per_step)
        if self.kill_at_step == step:
            sys.stdout.flush()
            os.kill(os.getpid(), signal.SIGKILL)

    def after_cycle(self, step: int) -> None:
        """Do what happens before a step's results are written.

        Raises
        ------
        OSError
            As from a full disk.
        SystemExit
            Behind a fatal message.
        """
        if self.disk_full_at_step == step:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "OUTCAR")
        if self.message is not None and self.message_at_step == step:
            message = MESSAGES.get(self.message, Message(self.message, fatal=False))
            stream = sys.stderr if message.to_stderr else sys.stdout
            stream.write(message.text + "\n")
            stream.flush()
            if message.fatal:
                raise SystemExit(1)

    def after_run(self, folder: Path) -> None:
        """Damage the finished files."""
        if self.truncate_vasprun:
            path = folder / "vasprun.xml"
            os.truncate(path, int(path.stat().st_size * 0.6))


def _attempt(path: Path, key: str) -> int:
    """Count this run under a key in a file that several processes share."""
    with path.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        counts = json.loads(file.read() or "{}")
        counts[key] = counts.get(key, 0) + 1
        file.seek(0)
        file.truncate()
        file.write(json.dumps(counts))
        return int(counts[key])


def _source(folder: Path) -> tuple[str, Path, str] | None:
    """Return the YAML, the folder that counts attempts, and what to call the source."""
    text = os.environ.get(VARIABLE)
    if text:
        return text, folder, VARIABLE
    for parent in (folder, *folder.parents):
        path = parent / FILE
        if path.is_file():
            return path.read_text(encoding="utf-8"), parent, str(path)
    return None


def _checked(entry: object, where: str) -> dict[str, object]:
    if not isinstance(entry, dict):
        raise InputError(f"a fault has to be keys with values, not {entry!r}", where)
    known = [field.name for field in fields(Faults)] + ["on_attempt", "only"]
    for key in entry:
        if key not in known:
            raise InputError(f"{key!r} is no fault{nearest(str(key), known)}", where)
    return dict(entry)


def read_faults(folder: Path, geometry: Geometry | None) -> Faults:
    """Read the faults for a run.

    The YAML holds one mapping of `Faults`' attributes or a list of them. Two more keys choose the runs: ``only``, a
    formula as POSCAR writes it (``Li13In3``), and ``on_attempt``, a number or list of numbers, counted per formula in
    the folder that holds the file. ``unconverged_scf`` may be ``true`` for all steps.

    Raises
    ------
    InputError
        If the YAML holds anything else.
    """
    source = _source(folder)
    if source is None:
        return Faults()
    import yaml

    text, counting, where = source
    try:
        loaded = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"this is not YAML: {error}", where) from error
    entries = [_checked(entry, where) for entry in (loaded if isinstance(loaded, list) else [loaded])]
    formula = ""
    if geometry is not None:
        blocks = zip(geometry.species, geometry.counts, strict=True)
        formula = "".join(f"{symbol}{count if count > 1 else ''}" for symbol, count in blocks)
    attempt = 0
    if any("on_attempt" in entry for entry in entries):
        attempt = _attempt(counting / ATTEMPTS, formula)
    chosen: dict[str, object] = {}
    for entry in entries:
        only, attempts = entry.pop("only", formula), entry.pop("on_attempt", attempt)
        if only == formula and attempt in (attempts if isinstance(attempts, list) else [attempts]):
            chosen.update(entry)
    steps = chosen.get("unconverged_scf")
    if steps is not None:
        many = range(1, 100_000) if steps is True else steps if isinstance(steps, list) else [steps]
        chosen["unconverged_scf"] = tuple(many)
    if "omit" in chosen:
        omit = chosen["omit"]
        chosen["omit"] = tuple(omit) if isinstance(omit, list) else (str(omit),)
    return Faults(**chosen)  # type: ignore[arg-type]
