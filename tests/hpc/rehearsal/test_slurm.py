"""The one-node Slurm itself: jobs run, servers can be killed, nothing stays behind."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lianode.hpc.rehearsal.slurm import find_slurm, running_slurm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lianode.hpc.rehearsal.slurm import OneNodeSlurm

pytestmark = [
    pytest.mark.slurm,
    pytest.mark.skipif(find_slurm() is not None, reason=str(find_slurm())),
]


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneNodeSlurm]:
    with running_slurm(tmp_path_factory.mktemp("slurm"), cores=4) as running:
        yield running


def submit(slurm: OneNodeSlurm, folder: Path, script: str, *options: str) -> str:
    file = folder / "job.sh"
    file.write_text(f"#!/bin/bash\n{script}\n")
    return slurm.run("sbatch", "--parsable", f"--chdir={folder}", "--output=out.txt", *options, str(file)).strip()


def state(slurm: OneNodeSlurm, job: str) -> str:
    fields = dict(field.partition("=")[::2] for field in slurm.run("scontrol", "show", "job", job).split())
    return fields["JobState"]


def wait_for(slurm: OneNodeSlurm, job: str, *states: str, timeout_s: float = 60.0) -> str:
    deadline = time.monotonic() + timeout_s
    while (now := state(slurm, job)) not in states:
        assert time.monotonic() < deadline, f"job {job} is {now}"
        time.sleep(0.2)
    return now


def test_a_job_runs_on_more_cores_than_there_are(slurm: OneNodeSlurm, tmp_path: Path) -> None:
    job = submit(slurm, tmp_path, "echo $SLURM_NTASKS; squeue -h -j $SLURM_JOB_ID -o '%P %e'", "-n4", "-t10")
    wait_for(slurm, job, "COMPLETED")
    tasks, end = (tmp_path / "out.txt").read_text().splitlines()
    assert tasks == "4"
    assert end.startswith("normal 20")  # the end of the job is known inside the job
    with pytest.raises(RuntimeError, match="sbatch ended with"):
        submit(slurm, tmp_path, "true", "-n5")


def test_partitions_limit_the_time(slurm: OneNodeSlurm, tmp_path: Path) -> None:
    assert slurm.run("sinfo", "-h", "-o", "%P %l").split() == ["normal*", "7-00:00:00", "short", "30:00"]
    with pytest.raises(RuntimeError, match="time limit is invalid"):
        submit(slurm, tmp_path, "true", "-p", "short", "-t", "02:00:00")


@pytest.mark.parametrize("server", ["slurmd", "slurmctld"])
def test_a_job_survives_a_killed_server(slurm: OneNodeSlurm, tmp_path: Path, server: str) -> None:
    job = submit(slurm, tmp_path, "echo began; sleep 12; echo ended")
    wait_for(slurm, job, "RUNNING")
    written, started = slurm.folder / "state" / "job_state", time.time()
    while not written.exists() or written.stat().st_mtime <= started:  # jobs it has not written yet are lost
        time.sleep(0.1)
    if server == "slurmd":
        slurm.kill_slurmd()
        slurm.start_slurmd()
    else:
        slurm.kill_slurmctld()
        slurm.start_slurmctld()
    slurm.wait_until_ready()
    wait_for(slurm, job, "COMPLETED")
    assert (tmp_path / "out.txt").read_text().split() == ["began", "ended"]


@pytest.mark.slow
def test_a_job_is_given_up_with_its_node_and_killed_when_it_is_back(slurm: OneNodeSlurm, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    kept = submit(slurm, tmp_path / "kept", "echo $$; exec sleep 300")
    once = submit(slurm, tmp_path, "sleep 300", "--no-requeue")
    wait_for(slurm, kept, "RUNNING")
    wait_for(slurm, once, "RUNNING")
    while not (tmp_path / "kept" / "out.txt").exists() or not (tmp_path / "kept" / "out.txt").read_text():
        time.sleep(0.1)
    process = int((tmp_path / "kept" / "out.txt").read_text())
    slurm.kill_slurmd()
    wait_for(slurm, once, "NODE_FAIL", timeout_s=120)
    wait_for(slurm, kept, "PENDING")
    assert alive(process)  # nobody is there to end it
    slurm.start_slurmd()
    slurm.wait_until_ready()
    deadline = time.monotonic() + 30
    while alive(process):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    slurm.run("scancel", kept)


@pytest.mark.slow
def test_a_job_is_asked_and_then_killed_at_its_limit(slurm: OneNodeSlurm, tmp_path: Path) -> None:
    job = submit(slurm, tmp_path, "trap 'echo asked' TERM; sleep 600 & wait; wait; sleep 600", "-t1")
    wait_for(slurm, job, "TIMEOUT", timeout_s=150)
    assert "asked" in (tmp_path / "out.txt").read_text().splitlines()


def test_nothing_stays_behind(tmp_path: Path) -> None:
    with running_slurm(tmp_path / "other") as other:
        job = submit(other, tmp_path, "echo $$; exec sleep 300")
        wait_for(other, job, "RUNNING")
        while not (tmp_path / "out.txt").exists() or not (tmp_path / "out.txt").read_text():
            time.sleep(0.1)
    assert not alive(int((tmp_path / "out.txt").read_text()))
    environment = f"SLURM_CONF={tmp_path}/other/slurm.conf".encode()
    left = [folder.name for folder in Path("/proc").glob("[0-9]*") if environment in environ(folder)]
    assert left == []


def test_a_path_that_no_socket_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too long"), running_slurm(tmp_path / ("x" * 100)):
        pass


def environ(folder: Path) -> list[bytes]:
    try:
        return (folder / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def alive(process: int) -> bool:
    """Whether a process runs; one that only waits to be collected does not."""
    try:
        os.kill(process, 0)
        return " Z " not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2][:3]
    except (ProcessLookupError, FileNotFoundError):
        return False
