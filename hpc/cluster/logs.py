"""The files in which a job says what happened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lianode.workflows.calculate import TRACEBACK_FILE

if TYPE_CHECKING:
    from fireworks import LaunchPad

    from lianode.hpc.cluster.status import JobStatus
    from lianode.hpc.store import ResultsStore

ENGINE_FILES: Final = ("OSZICAR", "vasp.out", "std_err.txt")
TAIL_BYTES: Final = 100_000


@dataclass(frozen=True)
class Log:
    """The end of one file.

    Attributes
    ----------
    path
        The file.
    lines
        Its last lines.
    """

    path: Path
    lines: tuple[str, ...]


def job_logs(results: ResultsStore, launchpad: LaunchPad, job: JobStatus, lines: int) -> list[Log]:
    """Return the ends of the files of a job, from what the program said to what the scheduler's job said.

    Parameters
    ----------
    results, launchpad
        Of the project.
    job
        Which one.
    lines
        How many of each.
    """
    paths: list[Path] = []
    if job.key is not None:
        folder = results.run_directory(job.key)
        attempts = sorted((path for path in folder.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
        places = [*attempts[-1:], folder]
        paths += [place / name for place in places for name in (*ENGINE_FILES, TRACEBACK_FILE)]
    firework = launchpad.fireworks.find_one({"fw_id": job.fw_id}, {"launches": 1, "archived_launches": 1}) or {}
    numbers = [*firework.get("archived_launches", []), *firework.get("launches", [])]
    for launch in launchpad.launches.find({"launch_id": {"$in": numbers[-1:]}}, {"launch_dir": 1}):
        place = Path(launch["launch_dir"])
        paths += sorted([*place.glob("*.error"), *place.glob("*.out")])
        paths += [path for path in sorted(place.glob("worker-*.log")) if _mentions(path, job.label)]
    return [Log(path, found) for path in paths if (found := _tail(path, lines))]


def _mentions(path: Path, label: str) -> bool:
    """Whether a worker's log is about a job, as jobflow announces it."""
    return any(f" job - {label} (" in line for line in _tail(path, TAIL_BYTES))


def _tail(path: Path, lines: int) -> tuple[str, ...]:
    try:
        with path.open("rb") as stream:
            stream.seek(0, 2)
            stream.seek(max(0, stream.tell() - TAIL_BYTES))
            text = stream.read().decode("utf-8", errors="replace")
    except OSError:
        return ()
    return tuple(text.splitlines()[-lines:])
