"""The attempts of one calculation: numbered folders, none ever overwritten, each beginning where the last one ended."""

from __future__ import annotations

import json
import os
import re
import warnings
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from lianode.workflows.engines.vasp.outputs import ionic_energies

if TYPE_CHECKING:
    from pathlib import Path

    from pymatgen.core import Structure

RECORD = "attempt.json"
RUNAWAY = 2.5
"""Factor of volume beyond which a CONTCAR is not continued."""


@dataclass(frozen=True)
class Attempt:
    """What is remembered of an attempt beside VASP's own files.

    Attributes
    ----------
    folder
        Its name.
    ended
        ``finished``, ``stopped``, ``broken``, or ``killed`` where nobody was left to write a record.
    reason
        Why it did not finish.
    steps
        Ionic steps.
    wall_time_s
        Seconds; 0 where it was killed.
    ediffg
        Force limit of its INCAR, eV/Å, positive.
    corrections
        What custodian mended.
    """

    folder: str
    ended: str
    reason: str | None = None
    steps: int = 0
    wall_time_s: float = 0.0
    ediffg: float | None = None
    corrections: tuple[str, ...] = ()


def attempts(directory: Path, stage: str) -> list[Attempt]:
    """Return the attempts of a stage in ``directory``, in their order."""
    pattern = re.compile(rf"{stage}-(\d+)")
    numbered = sorted(
        (int(found.group(1)), path)
        for path in directory.iterdir()
        if path.is_dir() and (found := pattern.fullmatch(path.name))
    )
    return [_read(path) for _, path in numbered]


def new_folder(directory: Path, stage: str) -> Path:
    """Make the folder of the next attempt, ``attempt-01``, ``attempt-02``, ..."""
    done = attempts(directory, stage)
    number = 1 + max((int(attempt.folder.rsplit("-", 1)[1]) for attempt in done), default=0)
    folder = directory / f"{stage}-{number:02d}"
    folder.mkdir(exist_ok=False)
    return folder


def write_record(folder: Path, attempt: Attempt) -> None:
    """Write the record in one step, so that a kill leaves none or a whole one."""
    temporary = folder / f"{RECORD}.{os.getpid()}"
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(asdict(attempt), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(folder / RECORD)


def _read(folder: Path) -> Attempt:
    try:
        data = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        known = {item.name for item in fields(Attempt)}
        record = Attempt(**{key: value for key, value in data.items() if key in known} | {"folder": folder.name})
    except (OSError, ValueError, TypeError, AttributeError):
        return Attempt(folder.name, "killed", "ended without warning", steps=len(ionic_energies(folder)))
    return record


def last_positions(directory: Path, done: list[Attempt], cell: Structure) -> bytes | None:
    """Return the POSCAR to go on from: the last CONTCAR that is whole, byte for byte; else the last frame of XDATCAR.

    Parameters
    ----------
    directory
        Of the calculation.
    done
        Attempts so far.
    cell
        What was asked for, in the order of the POSCAR; only a CONTCAR of the same atoms counts.

    Returns
    -------
    bytes or None
        None where nothing usable is left: begin again.
    """
    for attempt in reversed(done):
        folder = directory / attempt.folder
        try:
            text = (folder / "CONTCAR").read_bytes()
        except OSError:
            text = b""
        if is_same_crystal(text, cell):
            return text
        frame = _last_frame(folder, cell)
        if frame is not None:
            return frame
    return None


def is_same_crystal(text: bytes, cell: Structure) -> bool:
    """Whether the text of a POSCAR is whole and holds the same atoms, in a cell that has not run away."""
    from pymatgen.io.vasp.inputs import BadPoscarWarning, Poscar

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = Poscar.from_str(text.decode()).structure
    except (ValueError, IndexError, KeyError, ArithmeticError, BadPoscarWarning):  # pymatgen raises that warning
        return False
    if [site.specie.symbol for site in found] != [site.specie.symbol for site in cell]:
        return False
    numbers = np.concatenate([found.lattice.matrix.ravel(), found.frac_coords.ravel()])
    return bool(np.isfinite(numbers).all()) and 1.0 / RUNAWAY < found.volume / cell.volume < RUNAWAY


def _last_frame(folder: Path, cell: Structure) -> bytes | None:
    """Return the last whole frame of XDATCAR as a POSCAR."""
    from pymatgen.io.vasp.inputs import Poscar
    from pymatgen.io.vasp.outputs import Xdatcar

    path = folder / "XDATCAR"
    try:
        if not path.is_file() or not ionic_energies(folder):
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frames = Xdatcar(path).structures
    except (ValueError, IndexError, KeyError, TypeError, OSError, ArithmeticError):
        return None  # cut within a frame: pymatgen reads all or nothing
    for frame in reversed(frames):
        text = Poscar(frame).get_str().encode()
        if is_same_crystal(text, cell):
            return text
    return None
