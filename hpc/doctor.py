"""What works on this machine, and one sentence with the fix for what does not."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Literal

from lianode.hpc.local.pool import GIGABYTES_PER_WORKER, default_workers
from lianode.hpc.settings import find_project, load_settings
from lianode.hpc.store import open_store
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lianode.workflows.plan import CampaignPlan

State = Literal["good", "optional", "bad"]

REQUIRED = ("ase", "jobflow", "maggma", "matplotlib", "numpy", "phonopy", "pydantic", "pymatgen", "scipy", "spglib")
OPTIONAL = {
    "torch": "pip install 'lianode[mlip]' for the machine-learned potentials",
    "sevenn": "pip install 'lianode[mlip]' for the SevenNet potentials",
    "chgnet": "pip install 'lianode[mlip]' for CHGNet",
    "mp-api": "pip install 'lianode[mp]' for entries of the Materials Project",
}
LOW_DISK_GB = 1.0


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    what
        Its name.
    state
        ``good``, ``optional`` (missing, needed by some features only) or ``bad``.
    message
        What was found, and the fix.
    """

    what: str
    state: State
    message: str


def examine(start: Path | None, *, load: bool, plan: CampaignPlan | None = None) -> list[Finding]:
    """Look at this installation and at the project a folder belongs to.

    Parameters
    ----------
    start
        Folder of the project; None for the current one.
    load
        Whether to load every potential that is installed and compute a cell with it.
    plan
        Of the campaign that has to run on the project's cluster, if it has one.
    """
    return [*_python(), *_packages(), *_machine(), *_engines(load), *_project(start, plan)]


def _python() -> Iterator[Finding]:
    good = (3, 11) <= sys.version_info < (3, 14)
    fix = "" if good else "; lianode is tested with 3.11 to 3.13"
    yield Finding("python", "good" if good else "bad", f"{platform.python_version()}{fix}")


def _packages() -> Iterator[Finding]:
    for name in REQUIRED:
        version = _version(name)
        yield (
            Finding(name, "good", version)
            if version
            else Finding(name, "bad", "not installed; run: pip install lianode")
        )
    for name, fix in OPTIONAL.items():
        version = _version(name)
        yield Finding(name, "good", version) if version else Finding(name, "optional", f"not installed; {fix}")


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _machine() -> Iterator[Finding]:
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    enough = memory >= GIGABYTES_PER_WORKER
    yield Finding(
        "cores and memory",
        "good" if enough else "bad",
        f"{cores} cores, {memory:.0f} GB: {default_workers()} workers by default"
        if enough
        else f"{memory:.1f} GB; a worker with a potential needs about {GIGABYTES_PER_WORKER:g} GB",
    )


def _engines(load: bool) -> Iterator[Finding]:
    """Check what each engine needs; with ``load`` compute two lithium atoms."""
    from pymatgen.core import Lattice, Structure

    from lianode.workflows.engines.registry import known_engines, make_engine

    lithium = Structure(Lattice.cubic(3.44), ["Li", "Li"], [[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]])
    for name in known_engines():
        engine = make_engine(name)
        try:
            engine.check(lithium)
            message = engine.method().label
            if load:
                message += f", bcc Li {_energy(name, lithium):.4f} eV/atom"
        except InputError as error:
            yield Finding(f"engine {name}", "optional", error.message)
        except Exception as error:  # noqa: BLE001 - a broken installation may fail in any way
            yield Finding(f"engine {name}", "bad", f"does not load: {type(error).__name__}: {error}")
        else:
            yield Finding(f"engine {name}", "good", message)


def _energy(name: str, structure: object) -> float:
    import tempfile
    from pathlib import Path

    from lianode.workflows.engine import RunContext
    from lianode.workflows.engines.registry import make_engine
    from lianode.workflows.task import StaticTask

    with tempfile.TemporaryDirectory() as folder:
        done = make_engine(name).static("doctor", StaticTask(), structure, RunContext(directory=Path(folder)))  # type: ignore[arg-type]
    if done.energy is None:
        raise ValueError(done.reason)
    return done.energy / done.n_atoms


def _project(start: Path | None, plan: CampaignPlan | None) -> Iterator[Finding]:
    """Check the settings file, the store, the disk and the cluster."""
    try:
        file = find_project(start)
        settings = load_settings(file)
    except InputError as error:
        yield Finding("project", "optional", str(error))
        return
    yield Finding("project", "good", str(file))
    try:
        results = open_store(settings)
        calculations = sum(results.counts()["calculations"].values())
        results.close()
    except InputError as error:
        yield Finding("results store", "bad", str(error))
    else:
        yield Finding("results store", "good", f"{settings.store.kind}, {calculations} calculations")
    free = shutil.disk_usage(settings.project).free / 1e9
    low = free < LOW_DISK_GB
    yield Finding("disk", "bad" if low else "good", f"{free:.0f} GB free{' - make room' if low else ''}")
    if settings.cluster is not None:
        from lianode.hpc.cluster.doctor import examine_cluster

        yield from examine_cluster(settings, plan)
