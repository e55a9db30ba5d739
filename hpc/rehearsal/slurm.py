"""A Slurm of one's own on one machine, for tests and for trying things.

The programs are Debian's (``apt install slurm-wlm munge``); nothing of ``/etc/slurm`` or ``/etc/munge`` is read. Keys,
state, logs and the list of jobs are in one folder, the ports are free ones of the loopback interface, and the three
servers (munged, slurmctld, slurmd) die with the process that started them.

What was seen with Slurm 22.05.8 (Debian 12):

- ``kill -9`` of slurmd leaves a running job alone: its slurmstepd goes on. A slurmd that is started again before the
  node counts as lost finds the job, which ends as ``COMPLETED``, run once. The node counts as lost `TIMEOUT_S` to some
  30 s after its last sign (controller's rounds); then it is ``DOWN`` and the job is given up: it goes back into the
  queue with the **same id** (``Restarts=1``, no sooner than two minutes later; ``scontrol update JobId=ID
  StartTime=now`` shortens that) and runs from its beginning, or, with ``sbatch --no-requeue``, ends as ``NODE_FAIL``.
- Meanwhile the processes of the first run **live on**; slurmd kills them as soon as it is back (0.2 s were seen). On a
  cluster with a second node, two runs of one job can be alive at once.
- ``kill -9`` of slurmctld loses what it had not written yet, of the last 5 s or so: a job submitted just before is
  unknown afterwards (``Invalid job id``), and its processes are ended. Older jobs are found again and go on.
- A job that meets its time limit gets SIGTERM, `KILL_WAIT_S` later SIGKILL, and ends as ``TIMEOUT``. Limits are whole
  minutes and the controller looks every 30 s: a job with a limit of one minute was ended after 87 s.
- ``SLURM_JOB_END_TIME`` is **not** in a job's environment (later versions set it); ``squeue -h -j ID -o %e`` and
  ``scontrol show job ID`` tell the end, in local time.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROGRAMS: Final = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "sinfo", "scancel", "setpriv")
TIMEOUT_S: Final = 10
"""Time after which a silent node or controller counts as lost, s."""
KILL_WAIT_S: Final = 5
"""Time between SIGTERM and SIGKILL of a job that met its limit, s."""
LONGEST_END_S: Final = 10.0
"""Time that is waited for killed processes to be gone, s."""
LONGEST_SOCKET: Final = 107
"""Characters of a Unix socket's path that the kernel takes."""
_SERVERS_PATH: Final = "/usr/local/sbin:/usr/sbin:/sbin"
_ANSWERING: Final = frozenset({"idle", "mixed", "allocated", "completing"})

_CONF: Final = """\
ClusterName=lianode
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_min_interval=100000,sched_interval=2,bf_interval=2
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
MailProg=/bin/true
SlurmctldTimeout={timeout}
SlurmdTimeout={timeout}
KillWait={kill_wait}
MinJobAge=60
InactiveLimit=0
OverTimeLimit=0
EnforcePartLimits=ALL
ReturnToService=2
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory={memory} State=UNKNOWN
PartitionName=normal Nodes={host} Default=YES MaxTime=7-00:00:00 DefaultTime=01:00:00 State=UP
PartitionName=short Nodes={host} MaxTime=00:30:00 DefaultTime=00:05:00 State=UP
"""


def find_slurm() -> str | None:
    """Return None where all programs are there, else one sentence that says which are missing."""
    missing = [name for name in PROGRAMS if _program(name) is None]
    if not missing:
        return None
    return f"Slurm is not installed ({', '.join(missing)} missing); on Debian and Ubuntu: apt install slurm-wlm munge"


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path=_SERVERS_PATH)


class OneNodeSlurm:
    """A controller and one node; made by `running_slurm`.

    Start servers from a thread that stays: the kernel ends a server when the thread that started it ends.

    Attributes
    ----------
    folder
        Where its files are; ``slurmctld.log`` and ``slurmd.log`` among them.
    environment
        What the environment of commands (sbatch, squeue, ...) needs beyond the usual.
    """

    def __init__(self, folder: Path, *, cores: int) -> None:
        self.folder = folder
        self.environment: Mapping[str, str] = {"SLURM_CONF": str(folder / "slurm.conf")}
        self._servers: dict[str, subprocess.Popen[bytes]] = {}
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
        (folder / "slurm.conf").write_text(
            _CONF.format(
                host=socket.gethostname().partition(".")[0], folder=folder, user=getpass.getuser(), cores=cores,
                memory=memory, timeout=TIMEOUT_S, kill_wait=KILL_WAIT_S,
                **dict(zip(("controller_port", "node_port"), _free_ports(2), strict=True)),
            ),
            encoding="utf-8",
        )  # fmt: skip

    def run(self, *command: str) -> str:
        """Run a command of Slurm and return what it prints.

        Raises
        ------
        RuntimeError
            When it fails; the message has what it said.
        """
        done = subprocess.run(  # noqa: S603
            command, env={**os.environ, **self.environment}, capture_output=True, text=True, check=False, timeout=60
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]} ended with {done.returncode}: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    def start_munged(self) -> None:
        """Start the server that signs messages."""
        key = self.folder / "munge.key"
        if not key.exists():
            key.touch(mode=0o600)
            key.write_bytes(secrets.token_bytes(128))
        files = {"socket": "munge.socket", "key-file": key.name, "log-file": "munged.log", "pid-file": "munged.pid"}
        files["seed-file"] = "munged.seed"
        # forced: it would refuse a folder that others can write to, as temporary ones are
        self._start("munged", "--foreground", "--force", *(f"--{k}={self.folder / v}" for k, v in files.items()))

    def start_slurmctld(self) -> None:
        """Start the controller; it finds its jobs again."""
        self._start("slurmctld", "-D", "-f", self.environment["SLURM_CONF"])

    def start_slurmd(self) -> None:
        """Start the node's server; it finds its running jobs again."""
        self._start("slurmd", "-D", "-f", self.environment["SLURM_CONF"])

    def kill_slurmctld(self) -> None:
        """End the controller with SIGKILL."""
        self._kill("slurmctld")

    def kill_slurmd(self) -> None:
        """End the node's server with SIGKILL; jobs go on (see the module)."""
        self._kill("slurmd")

    def wait_until_ready(self, timeout_s: float = 60.0) -> None:
        """Wait until the controller answers and the node takes jobs.

        Raises
        ------
        RuntimeError
            When a server has ended or the time is over.
        """
        deadline = time.monotonic() + timeout_s
        said = ""
        while time.monotonic() < deadline:
            for name, server in self._servers.items():
                if server.poll() is not None:
                    raise RuntimeError(f"{name} ended with code {server.returncode}; see {self.folder / name}.log")
            try:
                said = self.run("sinfo", "-h", "-o", "%T").split("\n")[0].strip()
            except (RuntimeError, subprocess.TimeoutExpired) as error:
                said = str(error)
            if said in _ANSWERING:
                return
            time.sleep(0.2)
        raise RuntimeError(f"Slurm is not ready after {timeout_s:g} s ({said}); see the logs in {self.folder}")

    def stop(self) -> None:
        """Cancel all jobs and end the servers and whatever of the jobs is left."""
        with contextlib.suppress(RuntimeError, subprocess.TimeoutExpired):
            self.run("scancel", "--state=PENDING", f"--user={getpass.getuser()}")
        for name in ("slurmctld", "slurmd"):
            self._kill(name)
        deadline = time.monotonic() + LONGEST_END_S
        while (left := self._processes()) and time.monotonic() < deadline:
            for process in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            time.sleep(0.05)
        self._kill("munged")

    def _start(self, name: str, *options: str) -> None:
        running = self._servers.get(name)
        if running is not None and running.poll() is None:
            raise RuntimeError(f"{name} is running")
        program, nurse = _program(name), _program("setpriv")
        if program is None or nurse is None:
            raise FileNotFoundError(find_slurm() or name)
        with (self.folder / f"{name}.out").open("ab") as log:
            self._servers[name] = subprocess.Popen(  # noqa: S603
                [nurse, "--pdeathsig", "KILL", program, *options],
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
            )  # fmt: skip

    def _kill(self, name: str) -> None:
        server = self._servers.pop(name, None)
        if server is not None:
            server.kill()
            server.wait()

    def _processes(self) -> list[int]:
        """Return what is left of this Slurm: its own helpers (slurmstepd, ...), and all that runs in its jobs."""
        ours = b"SLURM_CONF=" + os.fsencode(self.environment["SLURM_CONF"])
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                environment = (folder / "environ").read_bytes().split(b"\0")
                name = (folder / "comm").read_text()
            except OSError:
                continue
            in_job = any(entry.startswith(b"SLURM_JOB_ID=") for entry in environment)
            if ours in environment and (in_job or name.startswith("slurm")):
                found.append(int(folder.name))
        return found


@contextmanager
def running_slurm(folder: Path, *, cores: int | None = None) -> Iterator[OneNodeSlurm]:
    """Run a Slurm of one node with the partitions ``normal`` (the default) and ``short`` (30 minutes).

    Jobs are ended when the context is left. Where this process is killed instead, the servers die with it, and a job
    that runs goes on to its own end.

    Parameters
    ----------
    folder
        For all of its files; made where it is missing.
    cores
        Cores that the node claims; None for those of the machine. More than there are is fine.

    Raises
    ------
    FileNotFoundError
        Without the programs.
    ValueError
        When the folder's path is too long for a socket.
    RuntimeError
        When it does not come up.
    """
    missing = find_slurm()
    if missing is not None:
        raise FileNotFoundError(missing)
    folder = folder.absolute()
    if len(str(folder / "munge.socket")) > LONGEST_SOCKET:
        raise ValueError(f"the path {folder} is too long for a socket; take a shorter one")
    for part in ("", "state", "spool"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    slurm = OneNodeSlurm(folder, cores=cores or os.cpu_count() or 1)
    try:
        slurm.start_munged()
        _wait_for(folder / "munge.socket")
        slurm.start_slurmctld()
        slurm.start_slurmd()
        slurm.wait_until_ready()
        yield slurm
    finally:
        slurm.stop()


def _wait_for(path: Path, timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not path.exists():
        if time.monotonic() > deadline:
            raise RuntimeError(f"munged did not come up within {timeout_s:g} s; see {path.parent}/munged.out")
        time.sleep(0.05)


def _free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(number)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
