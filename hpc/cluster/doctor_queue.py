"""What a compute node sees: one small job per partition, its report, and how it differs from the login node."""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from typing import TYPE_CHECKING, Final

from lianode.hpc.cluster.doctor import potcar_finding, wanted_potcars
from lianode.hpc.cluster.node_report import NodeReport, versions
from lianode.hpc.doctor import Finding
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lianode.hpc.cluster.settings import ClusterSettings, Partition
    from lianode.hpc.settings import Settings
    from lianode.workflows.plan import CampaignPlan

WALLTIME_S: Final = 600
"""Asked for by each job; it takes some 10 s where the file system is quick."""
LOOK_S: Final = 1.0
GRACE_S: Final = 15.0
"""Time that a report may take to become visible here after its job has ended (network file systems)."""
REPORT: Final = "report.json"


def examine_queue(
    settings: Settings, plan: CampaignPlan | None, *, timeout_s: float, tell: Callable[[str], None]
) -> Iterator[Finding]:
    """Submit a small job to every partition, wait for their reports, and say what they found.

    Parameters
    ----------
    settings
        Of a project with a cluster.
    plan
        Of the campaign whose PAW sets are looked for; None looks for the usual elements.
    timeout_s
        Time that is waited for all of them together, s.
    tell
        Told what happens meanwhile.
    """
    cluster = settings.cluster
    if cluster is None or settings.file is None:
        return
    wanted = wanted_potcars(plan)
    moment = dt.datetime.now(dt.UTC)
    folder = settings.resolve(settings.runs) / "doctor" / f"{moment:%Y%m%d-%H%M%S}"
    deadline = time.monotonic() + timeout_s
    submitted = []
    for number, partition in enumerate(cluster.partitions):
        place = folder / str(number)
        place.mkdir(parents=True)
        try:
            job = _submit(place, partition, cluster, settings.file, wanted)
        except InputError as error:
            yield Finding(f"job in {partition.name}", "bad", str(error))
        else:
            tell(f"job {job} waits in {partition.name}")
            submitted.append((partition, job, place))
    for partition, job, place in submitted:
        what = f"job in {partition.name}"
        waited = _wait(place, job, cluster, deadline)
        if isinstance(waited, Finding):
            yield Finding(what, waited.state, waited.message)
            continue
        yield Finding(what, "good", f"job {job} ran on {waited.host} with {waited.cores} cores")
        yield from judge(waited, settings, wanted, partition.name)


def _submit(folder: Path, partition: Partition, cluster: ClusterSettings, file: Path, wanted: list[str]) -> str:
    from lianode.hpc.cluster.script import job_python, submit_script

    report = ["-P", "-m", "lianode.hpc.cluster.node_report", str(file), str(folder / REPORT), *wanted]
    return submit_script(
        folder,
        "lianode-doctor",
        [job_python(cluster), *report],
        cluster,
        partition=partition.name,
        nodes=1,
        tasks=1,
        walltime_s=min(partition.walltime, WALLTIME_S),
    )


def _wait(folder: Path, job: str, cluster: ClusterSettings, deadline: float) -> NodeReport | Finding:
    """Return the report of a job, or why there is none."""
    from lianode.hpc.cluster.queue import QueueJob, UnknownQueueError, queue_jobs

    ended_at: float | None = None
    state = QueueJob("pending")
    while True:
        if (folder / REPORT).is_file():
            return NodeReport.model_validate_json((folder / REPORT).read_text(encoding="utf-8"))
        now = time.monotonic()
        with contextlib.suppress(
            UnknownQueueError
        ):  # other schedulers are not asked; the report tells when it is there
            state = queue_jobs(cluster.scheduler, [job])[job]
        ended_at = ended_at or (now if state.state == "ended" else None)
        if ended_at is not None and now > ended_at + GRACE_S:
            return Finding("", "bad", f"job {job} wrote no report ({state.reason}): {_last_words(folder)}")
        if now > deadline:
            why = f" ({state.reason})" if state.reason else ""
            return Finding(
                "",
                "bad",
                f"job {job} is still {state.state}{why} and stays in the queue; wait longer with --queue-timeout",
            )
        time.sleep(LOOK_S)


def _last_words(folder: Path) -> str:
    """Return the last line that the job printed."""
    for file in sorted(folder.glob("*.error")) + sorted(folder.glob("*.out")):
        lines = [line.strip() for line in file.read_text(encoding="utf-8", errors="replace").splitlines()]
        if said := [line for line in lines if line]:
            return f"{said[-1][:200]}; see {file}"
    return f"nothing was printed; see {folder}"


def judge(report: NodeReport, settings: Settings, wanted: list[str], partition: str) -> Iterator[Finding]:
    """Say what a report means, compared with this machine.

    Parameters
    ----------
    report
        Of a job.
    settings
        Of the project.
    wanted
        PAW sets that were looked for.
    partition
        Where the job ran.
    """
    cluster = settings.cluster
    if cluster is None:
        return
    yield _same_versions(report, partition)
    if report.project is None:
        yield Finding(f"project in {partition}", "good", f"{settings.project} can be written")
    else:
        yield Finding(
            f"project in {partition}", "bad", f"{report.project}; put the project on a file system that all nodes share"
        )
    if report.database is None:
        yield Finding(f"database in {partition}", "good", "reached")
    else:
        yield Finding(
            f"database in {partition}",
            "bad",
            f"{report.database}; compute nodes need a route to the server, and the password: in a file they can read, "
            "or in an environment that jobs inherit",
        )
    for name in ("vasp_std", "vasp_gam"):
        if getattr(cluster, name) is None or report.project is not None:
            continue
        why = getattr(report, name)
        yield (
            Finding(f"{name} in {partition}", "good", "starts")
            if why is None
            else Finding(f"{name} in {partition}", "bad", f"does not start: {why}; check {name} and `modules`")
        )
    if cluster.potcar_folder is not None:
        found = potcar_finding(wanted, report.potcars_missing, settings.resolve(cluster.potcar_folder))
        yield Finding(f"POTCARs in {partition}", found.state, found.message)
    if report.seconds_left is None:
        yield Finding(
            f"end of job in {partition}",
            "optional",
            "the scheduler does not say it; calculations stop by the time asked for",
        )
    else:
        yield Finding(f"end of job in {partition}", "good", f"known there: {report.seconds_left:.0f} s were left")


def _same_versions(report: NodeReport, partition: str) -> Finding:
    here = versions()
    differ = [
        f"{name} {here[name] or 'missing'} here and {report.versions.get(name) or 'missing'} there"
        for name in here
        if here[name] != report.versions.get(name)
    ]
    if differ:
        return Finding(
            f"versions in {partition}",
            "bad",
            f"{', '.join(differ)}; install the same, or set `python` in [cluster] to this Python",
        )
    return Finding(f"versions in {partition}", "good", f"the same on {report.host} as here, Python {here['python']}")
