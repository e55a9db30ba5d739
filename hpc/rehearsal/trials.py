"""Trials of the whole path: two campaigns that share references, one fault at a random moment, and the accounts after.

What has to hold after every fault: the campaigns end; what is missing has a stated reason; nothing that was finished
was computed again; nothing is there twice. The tests run a selection, ``benchmarks/fault_matrix.py`` all of them.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import yaml

from lianode.hpc.cluster.launchpad import open_launchpad
from lianode.hpc.rehearsal.accounts import STATED, accounts, attempts_of, campaign_jobs
from lianode.hpc.rehearsal.scenarios import DENSE_LITHIUM, SCENARIOS
from lianode.hpc.settings import load_settings
from lianode.hpc.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lianode.hpc.rehearsal.cluster import RehearsalCluster
    from lianode.hpc.rehearsal.scenarios import Scenario

STEP_S: Final = 0.5
"""Time that the stand-in takes for an ionic step, so that a fault finds it at work."""
EQUAL_EV: Final = 2e-3
"""Energies per atom of a calculation with and without a fault agree within this; another path ends elsewhere within the
limits of forces and stress."""


@dataclass
class Trial:
    """One project with its campaigns, run through the real commands.

    Attributes
    ----------
    cluster
        Where it runs.
    scenario
        What it runs.
    file
        Its ``lianode.toml``.
    chance
        Random numbers of this trial.
    launcher
        The running ``lianode launch --watch``.
    """

    cluster: RehearsalCluster
    scenario: Scenario
    file: Path
    chance: random.Random
    launcher: subprocess.Popen[str] | None = None

    def submit(self) -> None:
        """Submit the campaigns."""
        self.file.with_name("dense.vasp").write_text(DENSE_LITHIUM, encoding="utf-8")
        for name, wanted in self.scenario.campaigns.items():
            engine = {"name": "vasp", "preset": "alloy"}
            campaign = {"name": name, "engine": engine, "calculations": [wanted]}
            path = self.file.with_name(f"{name}.yaml")
            path.write_text(yaml.safe_dump(campaign), encoding="utf-8")
            self.cluster.run(self.file, "submit", path.name, "--rehearse")

    def slow_down(self, seconds_per_step: float = STEP_S, **fault: Any) -> None:
        """Say how the stand-in behaves in this project."""
        wanted = [{"seconds_per_step": seconds_per_step}, *([fault] if fault else [])]
        self.file.with_name("REHEARSAL").write_text(yaml.safe_dump(wanted), encoding="utf-8")

    def launch(self) -> None:
        """Start ``lianode launch --watch``."""
        self.launcher = subprocess.Popen(
            [sys.executable, "-P", "-m", "lianode.cli.main", "launch", "--watch", "--interval", "1"],
            cwd=self.file.parent,
            env=os.environ | self.cluster.slurm.environment,
            stdout=self.file.with_name("launch.log").open("a"),
            stderr=subprocess.STDOUT,
            text=True,
        )

    def processes(self, *words: str) -> list[int]:
        """Return processes of this project whose command line holds all the words."""
        return self.cluster.processes(*words, below=self.file.parent)

    def wait_for(self, *words: str, timeout_s: float = 60.0) -> list[int]:
        """Wait until such a process is there; empty when none comes."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and self.launcher is not None and self.launcher.poll() is None:
            if found := self.processes(*words):
                return found
            time.sleep(0.05)
        return []

    def kill(self, *words: str) -> str:
        """Kill one of such processes (SIGKILL); return what was done."""
        found = self.wait_for(*words)
        if not found:
            return "nothing to kill any more"
        victim = self.chance.choice(found)
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            return "it had just ended"
        return f"killed process {victim}"


def _vasp(trial: Trial) -> str:
    return trial.kill("lianode.hpc.rehearsal")


def _rocket(trial: Trial) -> str:
    return trial.kill("lianode.hpc.cluster.rocket")


def _allocation(trial: Trial) -> str:
    return trial.kill("lianode.hpc.cluster.allocation")


def _launcher(trial: Trial) -> str:
    if trial.launcher is None or trial.launcher.poll() is not None:
        return "it had ended"
    trial.launcher.kill()
    trial.launcher.wait()
    trial.launch()  # as cron would
    return "killed and started again"


def _slurmd(trial: Trial) -> str:
    trial.cluster.slurm.kill_slurmd()
    away = trial.chance.uniform(1.0, 30.0)
    time.sleep(away)
    trial.cluster.slurm.start_slurmd()
    return f"away for {away:.0f} s"


def _mongod(trial: Trial) -> str:
    trial.cluster.mongod.kill()
    away = trial.chance.uniform(0.5, 20.0)
    time.sleep(away)
    trial.cluster.mongod.start()
    return f"away for {away:.0f} s"


def _declared_lost(trial: Trial) -> str:
    """Put a running job back into the queue, as `lpad rerun_fws` would, while it runs."""
    trial.wait_for("lianode.hpc.rehearsal")
    results = open_store(load_settings(trial.file))
    launchpad = open_launchpad(results)
    running = launchpad.get_fw_ids({"state": "RUNNING"})
    if not running:
        return "nothing was running"
    launchpad.rerun_fw(trial.chance.choice(running))
    results.close()
    return "declared lost"


def _nothing(_trial: Trial) -> str:
    return ""


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong.

    Attributes
    ----------
    what
        For people.
    strike
        Does it, at the chosen moment; returns what it did.
    prepare
        Settings of the stand-in, given the random numbers; for faults that happen inside VASP.
    walltime, stop_margin
        Of the scheduler's jobs.
    recovers
        Whether every calculation has to converge in the end; otherwise a stated reason will do.
    """

    what: str
    strike: Callable[[Trial], str] = _nothing
    prepare: Callable[[random.Random], dict[str, Any]] = field(default=lambda _chance: {})
    walltime: str = "01:00:00"
    stop_margin: str = "00:00:20"
    recovers: bool = True


def _one(chance: random.Random) -> dict[str, Any]:
    """Choose a calculation by the formula of its POSCAR."""
    return {"only": chance.choice(["Li", "In", "Li2In2", "Li3In2", "Li13In3"])}


FAULTS: Final[dict[str, Fault]] = {
    "none": Fault("nothing goes wrong"),
    "vasp": Fault("kill -9 of a running VASP", _vasp),
    "rocket": Fault("kill -9 of a rocket", _rocket),
    "allocation": Fault("kill -9 of what the job script runs", _allocation),
    "launch": Fault("kill -9 of lianode launch, started again", _launcher),
    "slurmd": Fault("kill -9 of slurmd, started again", _slurmd),
    "mongod": Fault("kill -9 of mongod, started again", _mongod),
    "declared-lost": Fault("a rocket declared lost but alive", _declared_lost),
    "walltime": Fault(
        "a wall time shorter than the job",
        prepare=lambda chance: {"seconds_per_step": chance.uniform(2.0, 4.0)},
        walltime="00:01:00",
        stop_margin="00:00:15",
    ),
    "vasprun": Fault(
        "a truncated vasprun.xml",
        prepare=lambda chance: {"truncate_vasprun": True, **_one(chance), "on_attempt": chance.choice([1, 2])},
    ),
    "contcar": Fault(
        "a missing CONTCAR",
        _vasp,
        prepare=lambda _chance: {"omit": "CONTCAR", "on_attempt": 1},
    ),
    "scf": Fault(
        "an unconverged SCF",
        prepare=lambda chance: {"unconverged_scf": chance.choice([True, 1, 2]), **_one(chance)},
        recovers=False,
    ),
    "disk": Fault(
        "a full disk for the run folder",
        prepare=lambda chance: {"disk_full_at_step": chance.randint(1, 3), **_one(chance)},
        recovers=False,
    ),
}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How a trial ended.

    Attributes
    ----------
    fault, seed
        What went wrong, and the random numbers.
    moment_s
        Seconds after the launch.
    struck
        What was done.
    seconds
        From the launch to its end.
    states
        Calculations of all campaigns by state; shared ones count once.
    reasons
        Stated, where something did not converge.
    runs
        Runs of VASP.
    wrong
        What should not be; empty when all is well.
    """

    fault: str
    seed: int
    moment_s: float
    struck: str
    seconds: float
    states: dict[str, int]
    reasons: tuple[str, ...]
    runs: int
    wrong: tuple[str, ...]


def run_trial(
    cluster: RehearsalCluster,
    name: str,
    seed: int,
    *,
    scenario: Scenario = SCENARIOS["hulls"],
    timeout_s: float = 600.0,
    expected: dict[str, float] | None = None,
) -> tuple[Verdict, dict[str, float]]:
    """Run the campaigns with one fault, and judge what is left.

    Parameters
    ----------
    cluster
        Where it runs.
    name
        One of `FAULTS`.
    seed
        Of the random numbers.
    scenario
        Which campaigns.
    timeout_s
        After which the campaigns count as stuck.
    expected
        Energies per atom (eV) of a run without fault, by label.

    Returns
    -------
    Verdict, dict
        And the energies per atom, eV, by label.
    """
    fault = FAULTS[name]
    chance = random.Random(f"{name} {seed}")  # noqa: S311 - reproducible on purpose
    file = cluster.project(
        f"trial-{name}-{seed}-{time.time_ns() % 10**6}", walltime=fault.walltime, stop_margin=fault.stop_margin
    )
    trial = Trial(cluster, scenario, file, chance)
    trial.slow_down(**fault.prepare(chance))
    trial.submit()
    moment = chance.uniform(*scenario.between_s)
    struck: str | None = None
    clock = time.monotonic()
    trial.launch()
    while (waited := time.monotonic() - clock) < timeout_s:
        launcher = trial.launcher
        if struck is None and waited >= moment:
            struck = fault.strike(trial)  # in this thread: servers die with the thread that started them
        elif struck is not None and launcher is not None and launcher.poll() is not None:
            break
        time.sleep(0.2)
    seconds = time.monotonic() - clock
    stuck = trial.launcher is not None and trial.launcher.poll() is None
    if stuck and trial.launcher is not None:
        trial.launcher.kill()
    results = open_store(load_settings(file))
    try:
        jobs = [job for one in scenario.campaigns for job in campaign_jobs(results, one)]
        found = results.calculations(sorted({job.key for job in jobs if job.key}))
        wrong = [f"still at work after {timeout_s:.0f} s"] if stuck else []
        wrong += accounts(results, scenario, jobs, found, recovers=fault.recovers)
        energies = {  # a motion that lost its thermostat on the way ends elsewhere
            one.label: one.energy / one.n_atoms
            for one in found.values()
            if one.energy is not None and one.task.kind != "md"
        }
        wrong += [
            f"{label}: {energy:.4f} eV/atom, {expected[label]:.4f} without the fault"
            for label, energy in energies.items()
            if expected and abs(energy - expected[label]) > EQUAL_EV
        ]
        if orphans := trial.processes("lianode.hpc.rehearsal"):
            wrong.append(f"VASP still runs in processes {orphans}")
        states = {job.key: job.state for job in jobs if job.kind == "calculate"}
        verdict = Verdict(
            fault=name,
            seed=seed,
            moment_s=round(moment, 1),
            struck=struck or "",
            seconds=round(seconds, 1),
            states=dict(Counter(states.values())),
            reasons=tuple(sorted({f"{job.label}: {job.reason}" for job in jobs if job.state in STATED})),
            runs=sum(len(attempts_of(results, key)) for key in found),
            wrong=tuple(wrong),
        )
    finally:
        results.close()
    return verdict, energies
