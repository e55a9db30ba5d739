"""A thousand relaxations in the queue: time to add them, database work per job beside bare FireWorks, memory of launch.

Brings up a real MongoDB (extras ``cluster``, ``vasp``, ``test-servers``) and, for the memory, a real Slurm.

    python benchmarks/thousand_jobs.py
    python benchmarks/thousand_jobs.py --jobs 200 --without-slurm

Database work is the time from sending a command to MongoDB until its answer, summed over a job's whole life: added,
taken, computed, its result stored, its workflow refreshed. Bare FireWorks runs as many jobs that do nothing, in
workflows of the same shape.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pymongo import monitoring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lianode.hpc.rehearsal.cluster import RehearsalCluster

PHASES = 100
"""Relaxations per hull."""


class Clock(monitoring.CommandListener):
    """Adds up the time of all commands."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.commands = 0

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Do nothing."""

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Add an answer."""
        self.seconds += event.duration_micros / 1e6
        self.commands += 1

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Add a refusal."""
        self.seconds += event.duration_micros / 1e6
        self.commands += 1

    @contextmanager
    def read(self, said: dict[str, float]) -> Iterator[None]:
        """Put wall time, database time and commands of what happens inside into ``said``."""
        wall, database, commands = time.perf_counter(), self.seconds, self.commands
        yield
        said |= {
            "wall": time.perf_counter() - wall,
            "database": self.seconds - database,
            "commands": self.commands - commands,
        }


CLOCK = Clock()


def write_phases(folder: Path, count: int, seed: int) -> None:
    """Write made-up Li-In crystals, each another one: bcc sites, occupied and displaced at random."""
    from pymatgen.core import Lattice, Structure

    chance = random.Random(seed)  # noqa: S311
    folder.mkdir()
    for number in range(count):
        cells = chance.choice([1, 2, 3])
        a = chance.uniform(3.3, 3.6)
        sites = [[i / cells + x / cells, x, x] for i in range(cells) for x in (0.0, 0.5)]
        moved = [[(x + chance.uniform(-0.01, 0.01)) % 1 for x in site] for site in sites]
        species = ["Li", "In", *(chance.choice(["Li", "In"]) for _ in sites[2:])]
        crystal = Structure(Lattice.orthorhombic(a * cells, a, a), species, moved)
        crystal.to(str(folder / f"p{seed}x{number}.cif"))


def campaign(folder: Path, jobs: int, engine: Any, name: str) -> Path:
    """Write a campaign of ``jobs`` relaxations in hulls of `PHASES`."""
    entries = []
    for part in range(max(1, jobs // PHASES)):
        place = folder / f"{name}-{part}"
        write_phases(place, min(PHASES, jobs), seed=hash((name, part)) % 10**6)
        entries.append({"hull": {"system": "Li-In", "phases": ["Li", "In", f"./{place.name}"]}})
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump({"name": name, "engine": engine, "calculations": entries}))
    return file


def project(cluster: RehearsalCluster | None, folder: Path, uri: str, name: str) -> Path:
    """Return the settings of a new project."""
    if cluster is not None:
        return cluster.project(name)
    from lianode.hpc.rehearsal.cluster import SETTINGS

    file = folder / name / "lianode.toml"
    file.parent.mkdir()
    file.write_text(SETTINGS.format(uri=uri, database=name, cores=4, walltime="01:00:00", stop_margin="00:00:20"))
    return file


def adding(file: Path, path: Path) -> dict[str, float]:
    """Time `lianode submit` of a campaign, as a command, planning and all."""
    from lianode.hpc.rehearsal.potcar import synthetic_potcar

    synthetic_potcar(["Li_sv", "In_d"], file.parent / "potcars", "POT_GGA_PAW_PBE_54")
    vasp = '[cluster]\nvasp_std = "vasp_std"\npotcar_folder = "potcars"'
    file.write_text(file.read_text().replace("[cluster]", vasp))
    clock = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "lianode.cli.main", "submit", str(path), "--yes", "--json"],
        cwd=file.parent, capture_output=True, text=True, check=True,
    )  # fmt: skip
    said = yaml.safe_load(done.stdout)
    return {"seconds": time.perf_counter() - clock, "jobs": said["jobs"], "new": said["new"]}


def ours(file: Path, path: Path) -> dict[str, float]:
    """Submit and run a campaign in this process; the engine is the analytic potential."""
    from lianode.hpc.cluster.launchpad import open_launchpad
    from lianode.hpc.cluster.ready import ready_jobs
    from lianode.hpc.cluster.rocket import launch, use_store
    from lianode.hpc.cluster.submit import submit
    from lianode.hpc.settings import load_settings
    from lianode.hpc.store import open_store
    from lianode.workflows.campaign.file import load_campaign
    from lianode.workflows.plan import plan_campaign

    settings = load_settings(file)
    results = open_store(settings)
    launchpad = open_launchpad(results)
    assert settings.cluster is not None
    plan = plan_campaign(load_campaign(path))
    said: dict[str, float] = {}
    folder = settings.resolve(settings.runs) / "here"
    folder.mkdir(parents=True)
    with CLOCK.read(said), chdir(folder), use_store(results):
        added = submit(plan, results, launchpad, settings.cluster)
        while jobs := [*(ready := ready_jobs(launchpad, results, [], here=True)).quick, *ready.waiting]:
            for job in jobs:
                launch(launchpad, job.fw_id)
    computing = sum(one.wall_time_s for one in results.calculations(list(plan.requests)).values())
    results.close()
    return said | {"jobs": added.jobs, "computing": computing}


def bare(uri: str, jobs: int, folder: Path) -> dict[str, float]:
    """Run jobs of bare FireWorks that do nothing, in workflows of the same shape."""
    from lianode.hpc.cluster.launchpad import configure

    configure()
    from fireworks import Firework, FWorker, LaunchPad, PyTask, Workflow
    from fireworks.core.rocket_launcher import launch_rocket

    options = {"w": "majority", "journal": True}  # as durable as ours
    launchpad = LaunchPad(host=uri, name="bare", uri_mode=True, mongoclient_kwargs=options)
    launchpad.reset("", require_password=False)
    said: dict[str, float] = {}
    total = 0
    with CLOCK.read(said), chdir(folder):
        for _ in range(max(1, jobs // PHASES)):
            parents = [Firework(PyTask(func="time.time")) for _ in range(min(PHASES, jobs))]
            launchpad.add_wf(Workflow([*parents, Firework(PyTask(func="time.time"), parents=parents)]))
            total += len(parents) + 1
        while ready := launchpad.get_fw_ids({"state": "READY"}):
            for fw_id in ready:
                launch_rocket(launchpad, FWorker(), fw_id=fw_id, strm_lvl="CRITICAL")
    return said | {"jobs": total}


def memory_of_launch(cluster: RehearsalCluster, file: Path, path: Path) -> list[tuple[float, float, int]]:
    """Run a campaign through Slurm; return seconds, resident memory (MB) of `lianode launch`, and finished jobs."""
    from lianode.hpc.settings import load_settings
    from lianode.hpc.store import open_store

    cluster.run(file, "submit", str(path), "--yes")
    results = open_store(load_settings(file))
    watching = subprocess.Popen(
        [sys.executable, "-m", "lianode.cli.main", "launch", "--watch", "--interval", "2"],
        cwd=file.parent, env=os.environ | cluster.slurm.environment, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    seen = []
    began = time.monotonic()
    while watching.poll() is None:
        time.sleep(5.0)
        try:
            status = Path(f"/proc/{watching.pid}/status").read_text(encoding="ascii")
            resident = int(status.split("VmRSS:")[1].split()[0]) / 1024
        except (OSError, IndexError):
            break
        seen.append((time.monotonic() - began, resident, results.calculation_documents.count({"state": "converged"})))
    results.close()
    return seen


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--without-slurm", action="store_true")
    arguments = parser.parse_args()
    monitoring.register(CLOCK)
    from lianode.hpc.rehearsal.cluster import rehearsal_cluster
    from lianode.hpc.stores.mongod import running_mongod

    with tempfile.TemporaryDirectory(prefix="lianode-") as name:
        folder = Path(name)
        opened: Any = (
            running_mongod(folder / "mongodb") if arguments.without_slurm else rehearsal_cluster(folder / "cluster")
        )
        (folder / "cluster").mkdir(exist_ok=True)
        with opened as servers:
            cluster = None if arguments.without_slurm else servers
            uri = servers if cluster is None else cluster.mongod.uri
            vasp = campaign(folder, arguments.jobs, {"name": "vasp", "preset": "alloy"}, "vasp")
            added = adding(project(cluster, folder, uri, "adding"), vasp)
            print(f"lianode submit, {added['new']:.0f} relaxations with VASP: {added['seconds']:.1f} s", flush=True)
            fast = campaign(folder, arguments.jobs, "morse", "morse")
            us = ours(project(cluster, folder, uri, "running"), fast)
            them = bare(uri, arguments.jobs, folder)
            for what, said in (("lianode", us), ("bare FireWorks", them)):
                print(
                    f"{what:16}{said['jobs']:>6.0f} jobs: database {said['database'] / said['jobs'] * 1e3:6.1f} ms per "
                    f"job in {said['commands'] / said['jobs']:.0f} commands; wall {said['wall']:.0f} s"
                    + (f", of which computing {said['computing']:.0f} s" if "computing" in said else ""),
                    flush=True,
                )
            more = (us["database"] / us["jobs"] - them["database"] / them["jobs"]) * 1e3
            ratio = (us["database"] / us["jobs"]) / (them["database"] / them["jobs"])
            print(f"beyond FireWorks: {more:.1f} ms per job, ratio {ratio:.2f}", flush=True)
            if cluster is not None:
                seen = memory_of_launch(cluster, cluster.project("memory"), fast)
                for seconds, resident, done in seen[:: max(1, len(seen) // 10)]:
                    print(f"launch after {seconds:5.0f} s: {resident:6.0f} MB, {done} calculations done")
                half = [resident for _, resident, _ in seen[len(seen) // 3 :]]
                print(f"growth over the last two thirds: {half[-1] - half[0]:+.1f} MB")


if __name__ == "__main__":
    main()
