"""Telling a rehearsal's outputs from those of VASP."""

from __future__ import annotations

import gzip
import json
import os
from typing import TYPE_CHECKING

from lianode.hpc.rehearsal.report import NOTICE

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.hpc.rehearsal.settings import Settings

MARKER = "REHEARSAL.json"
HEAD = 4000
"""Characters at a file's beginning that are looked at."""


def launch_id() -> str:
    """Name what started this process, the same for all ranks of one parallel launch."""
    names = ("SLURM_JOB_ID", "SLURM_STEP_ID", "OMPI_MCA_ess_base_jobid")
    return ".".join(os.environ[name] for name in names if name in os.environ)


def write_marker(folder: Path, settings: Settings) -> None:
    """Write the marker file: that it is a rehearsal, and which tags of INCAR it did not heed."""
    content = {"rehearsal": NOTICE, "launch": launch_id(), "ignored_tags": settings.ignored_tags}
    (folder / MARKER).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _head(path: Path) -> str:
    try:
        if path.suffix == ".gz":
            with gzip.open(path, "rt", encoding="latin-1") as file:
                return file.read(HEAD)
        with path.open(encoding="latin-1") as file:
            return file.read(HEAD)
    except (OSError, EOFError):
        return ""


def is_rehearsal(folder: Path) -> bool:
    """Say whether a folder holds outputs of a rehearsal.

    Any sign is enough: the marker file, or the notice at the head of a vasprun.xml or OUTCAR, compressed or not, with
    whatever suffix custodian gave it, also in the folders of a band. So a file that was copied alone still tells, and
    so does a folder in which those files are lost.
    """
    if any((folder / name).is_file() for name in (MARKER, MARKER + ".gz")):
        return True
    outputs = (path for pattern in ("vasprun*", "OUTCAR*") for path in folder.glob(pattern) if path.is_file())
    if any(NOTICE in _head(path) for path in outputs):
        return True
    return any(is_rehearsal(path) for path in folder.glob("[0-9][0-9]") if path.is_dir())
