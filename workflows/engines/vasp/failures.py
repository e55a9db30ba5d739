"""Why a run of VASP failed, in words for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MESSAGES: tuple[tuple[str, str], ...] = (
    ("oom-kill", "out of memory: the node ended it"),
    ("oom_kill", "out of memory: the node ended it"),
    ("Out Of Memory", "out of memory: the node ended it"),
    ("std::bad_alloc", "out of memory"),
    ("Cannot allocate memory", "out of memory"),
    ("insufficient virtual memory", "out of memory"),
    ("No space left on device", "the disk is full"),
    ("Disk quota exceeded", "the disk quota is used up"),
    ("DUE TO TIME LIMIT", "wall time: the scheduler ended it"),
    ("NODE FAILURE", "the node was lost"),
    ("command not found", "the VASP command does not exist"),
    ("error while loading shared libraries", "VASP does not start: a shared library is missing (load its modules)"),
    ("vasp: license", "VASP found no licence"),
    ("ZBRENT: fatal error", "the line search of the relaxation broke down (ZBRENT)"),
    ("EDDDAV: Call to ZHEGV failed", "the electronic minimisation broke down (EDDDAV)"),
    ("EDDRMM: call to ZHEGV failed", "the electronic minimisation broke down (EDDRMM)"),
    ("LAPACK: Routine ZPOTRF failed", "a matrix is not positive: atoms may be too close (ZPOTRF)"),
    ("BRMIX: very serious problems", "the charge densities cannot be mixed (BRMIX)"),
    ("Sub-Space-Matrix is not hermitian", "the electronic minimisation broke down (sub-space matrix)"),
    ("POSMAP", "VASP and the structure disagree about the symmetry (POSMAP)"),
    ("Inconsistent Bravais lattice", "VASP and the structure disagree about the lattice"),
    ("not all point group operations", "the mesh of k-points lacks the symmetry of the crystal (IBZKPT)"),
    ("REAL_OPT", "real-space projectors do not fit the cell (REAL_OPT)"),
    ("TOO FEW BANDS", "there are too few bands"),
    ("the triple product of the basis vectors", "the cell is left-handed or has no volume"),
    ("Error reading item", "VASP could not read a tag of the INCAR"),
    ("ERROR: number of potentials on File POTCAR", "POTCAR and POSCAR do not have the same elements"),
    ("segmentation fault", "VASP crashed (segmentation fault)"),
    ("SIGSEGV", "VASP crashed (segmentation fault)"),
)
"""What programs print, and what it means; the first that is found counts."""

TAIL = 200_000
"""Bytes at the end of a file in which its last words are looked for."""
FILES = ("std_err.txt", "vasp.out", "OUTCAR")


def explain(folder: Path) -> str | None:
    """Return the reason that the outputs in ``folder`` give, or None where they give none."""
    text = "\n".join(read_tail(folder / name) for name in FILES).lower()
    for pattern, meaning in MESSAGES:
        if pattern.lower() in text:
            return meaning
    return None


def read_tail(path: Path) -> str:
    """Return the last part of a text file; empty where there is none."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - TAIL))
            return file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
