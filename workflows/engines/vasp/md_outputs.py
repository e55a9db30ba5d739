"""What VASP wrote of a trajectory, read line by line: neither its length nor a cut end matters."""

from __future__ import annotations

import json
import re
import warnings
from collections import deque
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError, iterparse

import numpy as np

from lianode.workflows.engines.vasp.failures import read_tail

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from pymatgen.core import Structure

START = "start.json"
HARD_STOP = "hard stop encountered"
"""What OUTCAR says after ``LABORT``: the last step's electrons did not converge, and wrong forces moved CONTCAR."""
_STEP = re.compile(r"^\s*\d+\s+T=\s*(\S+)\s+E=\s*(\S+)\s+F=\s*\S+\s+E0=\s*(\S+)\s+EK=")
_CYCLE = re.compile(r"^[A-Z]{2,3} ?:\s*(\d+)\s")


@dataclass(frozen=True)
class MdStep:
    """One step as OSZICAR has it.

    Attributes
    ----------
    temperature
        K.
    conserved
        Energy with that of the ions' motion and of the thermostat, eV.
    energy
        Extrapolated to zero smearing, eV.
    cycles
        Self-consistency cycles it took.
    """

    temperature: float
    conserved: float
    energy: float
    cycles: int


@dataclass(frozen=True)
class MdStart:
    """Where an attempt began; written before VASP is started.

    Attributes
    ----------
    steps_before
        Steps of the trajectory that earlier attempts did: this one's first is the next.
    motion
        ``drawn``: velocities of the task's seed. ``kept``: those of the last CONTCAR, byte for byte. ``rebuilt``: from
        the last two frames, where there was no CONTCAR; the thermostat began anew.
    """

    steps_before: int
    motion: str

    def write(self, folder: Path) -> None:
        """Write it into the attempt's folder."""
        (folder / START).write_text(json.dumps(asdict(self)), encoding="utf-8")


def read_start(folder: Path) -> MdStart | None:
    """Return where an attempt began; None where VASP was never started in this folder."""
    try:
        data = json.loads((folder / START).read_text(encoding="utf-8"))
        return MdStart(int(data["steps_before"]), str(data["motion"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def md_steps(folder: Path) -> Iterator[MdStep]:
    """Yield every step that OSZICAR has seen the end of."""
    try:
        file = (folder / "OSZICAR").open(encoding="utf-8", errors="replace")
    except OSError:
        return
    cycles = 0
    with file:
        for line in file:
            if found := _CYCLE.match(line):
                cycles = int(found.group(1))
            elif (found := _STEP.match(line)) and line.endswith("\n"):
                temperature, conserved, energy = (_number(text) for text in found.groups())
                yield MdStep(temperature, conserved, energy, cycles)
                cycles = 0


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:  # Fortran writes stars where a number does not fit
        return float("nan")


def frames(folder: Path, n_atoms: int) -> Iterator[NDArray[np.float64]]:
    """Yield the fractional positions (n, 3) of every whole frame of XDATCAR, the cell being fixed."""
    try:
        file = (folder / "XDATCAR").open(encoding="utf-8", errors="replace")
    except OSError:
        return
    with file:
        for line in file:
            if not line.startswith("Direct configuration"):
                continue
            rows = [file.readline() for _ in range(n_atoms)]
            if not rows[-1].endswith("\n"):
                return
            try:
                frame = np.array([[float(word) for word in row.split()[:3]] for row in rows])
            except ValueError:
                return
            if frame.shape != (n_atoms, 3) or not np.isfinite(frame).all():
                return
            yield frame


@dataclass(frozen=True)
class Join:
    """Where the next attempt goes on.

    Attributes
    ----------
    steps
        Of the last attempt that count; what came after them is computed again.
    poscar
        Positions and velocities; None to begin the last attempt again from its own POSCAR.
    motion
        As in :class:`MdStart`.
    """

    steps: int
    poscar: bytes | None
    motion: str = "kept"


def find_join(folder: Path, cell: Structure, time_step_fs: float) -> Join:
    """Return where a trajectory that ended in ``folder`` goes on.

    CONTCAR holds the positions of the next step and the velocities (Å/fs) that lead there. A kill can come between
    VASP's files, so the step that CONTCAR follows is found by going back along its velocities to the nearest of the
    last frames. Without a CONTCAR the last frame is computed again, with the velocity at which the atoms came from the
    frame before: (x_n - x_(n-1))/Δt, the velocity of a leapfrog half a step earlier, to the eight digits of XDATCAR.

    Parameters
    ----------
    folder
        Of the attempt.
    cell
        In the order of the POSCAR.
    time_step_fs
        fs.
    """
    known = sum(1 for _ in md_steps(folder))
    last: deque[tuple[int, NDArray[np.float64]]] = deque(maxlen=2)
    for number, frame in enumerate(frames(folder, len(cell)), start=1):
        if number > known:
            break
        last.append((number, frame))
    if not last:
        return Join(0, None)
    text = _moving_contcar(folder, cell)
    if text is not None:
        positions, velocities = text[1], text[2]
        back = positions - velocities * time_step_fs @ np.linalg.inv(cell.lattice.matrix)
        distances = [np.linalg.norm(_nearest(back - frame) @ cell.lattice.matrix) for _, frame in last]
        return Join(last[int(np.argmin(distances))][0], text[0])
    if len(last) < 2:
        return Join(0, None)
    (_, before), (number, now) = last
    speed = _nearest(now - before) @ cell.lattice.matrix / time_step_fs
    return Join(number - 1, poscar_text(cell, now, speed), "rebuilt")


def poscar_text(cell: Structure, fractional: NDArray[np.float64], velocities: NDArray[np.float64]) -> bytes:
    """Return a POSCAR with velocities, Å/fs."""
    from pymatgen.core import Structure as PymatgenStructure
    from pymatgen.io.vasp.inputs import Poscar

    atoms = PymatgenStructure(cell.lattice, cell.species, fractional)
    return Poscar(atoms, velocities=velocities.tolist()).get_str().encode()


def _nearest(difference: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return fractional differences to the nearest periodic image."""
    return np.asarray(difference - np.round(difference))


def _moving_contcar(folder: Path, cell: Structure) -> tuple[bytes, NDArray[np.float64], NDArray[np.float64]] | None:
    """Return CONTCAR with its fractional positions and velocities, or None where it cannot be gone on from."""
    from pymatgen.io.vasp.inputs import Poscar

    from lianode.workflows.engines.vasp.attempts import is_same_crystal

    if HARD_STOP in read_tail(folder / "OUTCAR"):
        return None
    try:
        text = (folder / "CONTCAR").read_bytes()
        if not is_same_crystal(text, cell):
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = Poscar.from_str(text.decode())
        velocities = np.array(found.velocities, dtype=float)
    except (OSError, ValueError, IndexError, KeyError, TypeError, ArithmeticError):
        return None
    if velocities.shape != (len(cell), 3) or not np.isfinite(velocities).all() or not velocities.any():
        return None
    return text, np.array(found.structure.frac_coords), velocities


def read_program(folder: Path) -> tuple[str, dict[str, Any]]:
    """Return version and INCAR as VASP understood it, from the head of vasprun.xml; empty where it has none."""
    version, tags = "", {}
    try:
        for _, element in iterparse(folder / "vasprun.xml"):  # noqa: S314 - written by VASP; entities are not expanded
            if element.tag == "i" and element.get("name") == "version":
                version = (element.text or "").strip()
            if element.tag == "incar":
                tags = {str(item.get("name")): _value(item.get("type"), item.text or "") for item in element.iter("i")}
                break
    except (OSError, ParseError):
        pass
    return version, tags


def _value(kind: str | None, text: str) -> object:
    text = text.strip()
    if kind == "logical":
        return text.upper().startswith("T")
    if kind == "string":
        return text
    return int(text) if kind == "int" and re.fullmatch(r"[+-]?\d+", text) else _number(text)
