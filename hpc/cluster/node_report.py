"""What a compute node sees, written by a job of `lianode doctor --queue`.

The job runs ``python -m lianode.hpc.cluster.node_report SETTINGS REPORT [RELEASE/SET ...]``: the settings file, the
file to write, and the PAW sets to look for.
"""

from __future__ import annotations

import math
import os
import platform
import socket
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lianode.hpc.cluster.settings import Scheduler
    from lianode.hpc.settings import Settings

PACKAGES: Final = (
    "lianode", "ase", "custodian", "emmet-core", "fireworks", "jobflow", "maggma", "numpy", "pydantic", "pymatgen",
    "pymongo", "spglib",
)  # fmt: skip
"""Those whose versions decide results, or what is written to the database."""
VASP_LIMIT_S: Final = 60.0
"""VASP without input ends at once; an MPI library may take its time."""
SIGNS_OF_VASP: Final = ("running on", "vasp.", "incar", "distrk")
"""What VASP, 5 or 6, prints before or while it misses its input; in lower case."""


class NodeReport(BaseModel):
    """What was found in a job.

    Attributes
    ----------
    host, cores
        Where it ran, and the cores the job may use.
    versions
        Of Python and `PACKAGES`; None for one that is not installed.
    project
        What is wrong with the project's folder there; None where nothing is.
    database
        Why the results store does not open; None where it does.
    potcars_missing
        PAW sets that are not there, ``PBE_54/Li_sv``.
    vasp_std, vasp_gam
        Why the program does not start; None where it does, or where none is set.
    seconds_left
        Until the scheduler ends the job, s, as the scheduler says; None where it does not.
    """

    model_config = ConfigDict(extra="ignore")

    host: str
    cores: int
    versions: dict[str, str | None]
    project: str | None
    database: str | None
    potcars_missing: tuple[str, ...] = ()
    vasp_std: str | None = None
    vasp_gam: str | None = None
    seconds_left: float | None = None


def versions() -> dict[str, str | None]:
    """Return the versions of Python and of the packages that matter."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def potcars_missing(settings: Settings, wanted: Iterable[str]) -> tuple[str, ...]:
    """Return those of the PAW sets, such as ``PBE_54/Li_sv``, that the project's POTCAR folder has not."""
    from lianode.workflows.engines.vasp.potcars import missing_potcars

    assert settings.cluster is not None  # noqa: S101  callers have a cluster
    folder = settings.cluster.potcar_folder
    missing = []
    for name in wanted:
        release, _, symbol = name.partition("/")
        if folder is None or missing_potcars(settings.resolve(folder), release, [symbol]):
            missing.append(name)
    return tuple(missing)


def why_vasp_does_not_start(words: Sequence[str], folder: Path) -> str | None:
    """Start VASP without input in an empty folder, and return why it does not start; None where it does.

    Parameters
    ----------
    words
        The command.
    folder
        Where the empty folder is made, and removed again.
    """
    with tempfile.TemporaryDirectory(dir=folder, prefix="vasp-starts-") as empty:
        try:
            done = subprocess.run(  # noqa: S603
                words, cwd=empty, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                check=False, timeout=VASP_LIMIT_S,
            )  # fmt: skip
        except OSError as error:
            return f"{words[0]}: {error.strerror}"
        except subprocess.TimeoutExpired as error:
            said, ended = error.stdout or b"", f"no word within {VASP_LIMIT_S:g} s"
        else:
            said, ended = done.stdout, f"exit status {done.returncode}"
    text = said.decode("utf-8", errors="replace")
    if any(sign in text.lower() for sign in SIGNS_OF_VASP):
        return None
    last = [line.strip() for line in text.splitlines() if line.strip()][-1:]
    return f"{' '.join(words)}: {last[0][:200] if last else ended}"


def node_report(file: Path, wanted: Sequence[str]) -> NodeReport:
    """Look at everything a job needs.

    Parameters
    ----------
    file
        The settings file.
    wanted
        PAW sets, such as ``PBE_54/Li_sv``.

    Raises
    ------
    InputError
        When the settings cannot be read, or have no cluster.
    """
    from lianode.hpc.cluster.settings import command_words
    from lianode.hpc.settings import load_settings

    settings = load_settings(file)
    cluster = settings.cluster
    if cluster is None:
        raise InputError("there is no table [cluster]", str(file))
    runs = settings.resolve(settings.runs)
    project = _why_not_writable(runs)
    starts: dict[str, str | None] = {}
    for name in ("vasp_std", "vasp_gam"):
        command = getattr(cluster, name)
        if command is not None and project is None:
            starts[name] = why_vasp_does_not_start(command_words(command, tasks=1, nodes=1), runs)
    return NodeReport(
        host=socket.gethostname(),
        cores=len(os.sched_getaffinity(0)),
        versions=versions(),
        project=project,
        database=_why_no_database(settings),
        potcars_missing=potcars_missing(settings, wanted) if cluster.potcar_folder is not None else (),
        seconds_left=_seconds_left(cluster.scheduler),
        **starts,
    )


def _why_not_writable(runs: Path) -> str | None:
    try:
        runs.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=runs) as file:
            file.write(b"lianode")
    except OSError as error:
        return f"{runs} cannot be written ({error.strerror})"
    return None


def _why_no_database(settings: Settings) -> str | None:
    from lianode.hpc.store import open_store

    try:
        open_store(settings).close()
    except InputError as error:
        return str(error)
    return None


def _seconds_left(scheduler: Scheduler) -> float | None:
    """Return the seconds that the scheduler leaves this job, None where it does not say."""
    from lianode.hpc.cluster.queue import seconds_left

    left = seconds_left(scheduler, math.nan, 0.0)  # our own estimate, which is no number, where it says nothing
    return None if math.isnan(left) else left


def main() -> None:
    """Write the report, whole or not at all."""
    file, target, wanted = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    temporary = target.with_suffix(".part")
    temporary.write_text(node_report(file, wanted).model_dump_json(indent=2), encoding="utf-8")
    temporary.replace(target)


if __name__ == "__main__":
    main()
