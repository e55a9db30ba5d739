"""The program that stands where ``vasp_std`` would stand: it runs in the current folder."""

from __future__ import annotations

import errno
import os
import sys
import time
from pathlib import Path

from lianode.structures.errors import InputError

RANKS = ("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID")
PATIENCE = 20.0
"""Seconds that another rank waits for a sign of rank 0."""


def _rank() -> int:
    return next((int(os.environ[name]) for name in RANKS if os.environ.get(name, "").isdigit()), 0)


def _leave_to_rank_zero(folder: Path, rank: int) -> int:
    """Do nothing as a further rank of a parallel launch, but make sure that rank 0 works in this folder."""
    import json

    from lianode.hpc.rehearsal.marker import MARKER, launch_id

    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            if json.loads((folder / MARKER).read_text(encoding="utf-8"))["launch"] == launch_id():
                return 0
        except (OSError, ValueError, KeyError):
            pass
        time.sleep(0.2)
    sys.stderr.write(f"rehearsal: rank {rank} saw no rank 0 in {folder}; start one rank, or all in one folder\n")
    return 1


def run_folder(folder: Path) -> int:
    """Run the calculation in a folder and return the exit status.

    0 if it ends by itself, converged or not; 1 for input that cannot be run and fatal messages; 38 for a full disk.
    """
    rank = _rank()
    if rank > 0:
        return _leave_to_rank_zero(folder, rank)
    from lianode.hpc.rehearsal.faults import read_faults
    from lianode.hpc.rehearsal.marker import write_marker
    from lianode.hpc.rehearsal.run import rehearse
    from lianode.hpc.rehearsal.settings import read_settings

    try:
        settings = read_settings(folder)
        faults = read_faults(folder, settings.geometry)
        write_marker(folder, settings)
        if "IMAGES" in settings.tags:
            from lianode.hpc.rehearsal.band import rehearse_band

            return rehearse_band(folder, settings, faults)
        return rehearse(folder, settings, faults)
    except InputError as error:
        sys.stdout.write(f" ERROR: {error}\n")
        return 1
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        sys.stderr.write(f"forrtl: {error.strerror}\nforrtl: severe (38): error during write, {error.filename}\n")
        return 38


def main() -> None:
    """Entry point of ``lianode-rehearsal-vasp``."""
    sys.exit(run_folder(Path.cwd()))
