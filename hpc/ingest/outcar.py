"""Runs from OUTCAR: what it says about the end of a run, and all of a run where there is nothing better."""

from __future__ import annotations

import lzma
import re
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lianode.hpc.ingest.ionic_steps import IonicSteps
from lianode.hpc.ingest.record import RunRecord, UnreadableError, element_of
from lianode.workflows.engines.vasp.outputs import ACCURATE, FINISHED

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from lianode.hpc.ingest.record import Mesh

TAGS = (
    "ENCUT", "NSW", "IBRION", "ISIF", "ISPIN", "ICHARG", "NELM", "EDIFF", "EDIFFG", "ISMEAR", "SIGMA", "POTIM",
    "TEBEG", "TEEND", "SMASS", "MDALGO", "GGA", "METAGGA", "LHFCALC", "HFSCREEN", "AEXX", "LUSE_VDW", "IVDW", "LDAU",
    "LDAUTYPE", "LSORBIT", "LREAL", "LASPH", "PREC", "LVHAR", "LVTOT", "LDIPOL", "IDIPOL",
)  # fmt: skip
_TAG = re.compile(r"\b([A-Z_]{3,9}) *= *([^\s;]+)")
_CHAIN = ("NEB: forces", "CHAIN-FORCE", "CHAIN + TOTAL", "left and right image")
"""What VASP, with and without the VTST patch, writes for an image of a band."""
_POINTS = re.compile(r"NKPTS = +(\d+)")
_MESH = re.compile(r"generate k-points for: +(\d+) +(\d+) +(\d+)")
_HUBBARD = re.compile(r"(LDAU[LUJ]) += *((?:-?[\d.]+ *)+)$")
_SCF_END = "aborting loop because EDIFF is reached"


@dataclass
class OutcarScan:
    """What the text of an OUTCAR says beside its ionic steps.

    Attributes
    ----------
    version
        Of VASP.
    tags, titles, mesh
        As in a record.
    finished, accurate
        Whether the program came to its end, and whether the ions reached the required accuracy.
    scf_converged
        Whether the last whole ionic step's self-consistency cycle reached its limit.
    image_of_band
        Whether springs acted on the atoms.
    elapsed_s
        Wall time, s.
    steps
        Ionic steps.
    """

    version: str = ""
    tags: dict[str, Any] = field(default_factory=dict)
    titles: tuple[str, ...] = ()
    mesh: Mesh | None = None
    finished: bool = False
    accurate: bool = False
    scf_converged: bool = False
    image_of_band: bool = False
    elapsed_s: float = 0.0
    steps: IonicSteps = field(default_factory=IonicSteps)


def scan_outcar(path: Path) -> OutcarScan:
    """Read an OUTCAR line by line, compressed or not, whole or cut; memory does not grow with it."""
    from monty.io import zopen

    scan, head, reached = OutcarScan(), True, False
    try:
        with zopen(path, "rt", encoding="latin-1") as file:
            for number, line in enumerate(file):
                if number == 0:
                    scan.version = line.split()[0].removeprefix("vasp.") if line.split() else ""
                if head:
                    _header(scan, line)
                    head = "- Iteration" not in line
                scan.steps.feed(line)
                scan.image_of_band = scan.image_of_band or any(words in line for words in _CHAIN)
                if "- Iteration" in line:
                    reached = False
                elif _SCF_END in line:
                    reached = True
                elif "TOTAL-FORCE" in line:
                    scan.scf_converged = reached
                elif ACCURATE in line:
                    scan.accurate = True
                elif FINISHED in line:
                    scan.finished = True
                elif "Elapsed time (sec):" in line:
                    scan.elapsed_s = float(line.split(":")[1])
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
        scan.finished = False  # a compressed file that is cut
    return scan


def _header(scan: OutcarScan, line: str) -> None:
    if "TITEL" in line:
        scan.titles += (" ".join(line.split("=", 1)[1].split()),)
    elif found := _MESH.search(line):
        a, b, c = found.groups()
        scan.mesh = int(a), int(b), int(c)
    elif found := _POINTS.search(line):
        if scan.mesh is None and int(found.group(1)) == 1:
            scan.mesh = (1, 1, 1)  # a mesh is not always written, but one point is one
    elif found := _HUBBARD.search(line.rstrip()):
        scan.tags[found.group(1)] = [float(value) for value in found.group(2).split()]
    for tag, value in _TAG.findall(line):
        if tag in TAGS and not (tag == "METAGGA" and value in {"F", "T"}):  # a flag that VASP calls the same
            scan.tags[tag] = _value(value)


def _value(text: str) -> Any:
    if text in {"T", "F"}:
        return text == "T"
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def read_outcar(scan: OutcarScan, free: NDArray[np.bool_] | None = None) -> RunRecord:
    """Return what an OUTCAR alone says.

    Parameters
    ----------
    scan
        Of :func:`scan_outcar`.
    free
        Which atoms may move, from a CONTCAR: OUTCAR does not say.

    Raises
    ------
    UnreadableError
        When it holds no whole ionic step, or does not name its atoms.
    """
    steps = scan.steps
    if steps.first is None or steps.last is None:
        raise UnreadableError("OUTCAR holds no whole ionic step")
    if len(scan.titles) != len(steps.counts) or len(steps.last.positions) != sum(steps.counts):
        raise UnreadableError("OUTCAR does not say which atoms it has")
    symbols = [element_of(title) for title, n in zip(scan.titles, steps.counts, strict=True) for _ in range(n)]
    return RunRecord(
        source="OUTCAR",
        version=scan.version,
        tags=scan.tags,
        titles=scan.titles,
        mesh=scan.mesh,
        first=steps.first.structure(symbols),
        last=steps.last.structure(symbols),
        energies=tuple(steps.energies),
        forces=steps.last.forces,
        stress_GPa=steps.last.stress_GPa,
        free=free if free is not None and len(free) == len(symbols) else None,
        scf_converged=scan.scf_converged,
        whole=scan.finished,
    )
