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
from lianode.hpc.cluster.status import campaign_status
from lianode.hpc.settings import load_settings
from lianode.hpc.store import open_store
from lianode.workflows.calculation import State
from lianode.workflows.engines.vasp.attempts import attempts
from lianode.workflows.task import NebTask

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lianode.hpc.cluster.status import JobStatus
    from lianode.hpc.rehearsal.cluster import RehearsalCluster
    from lianode.hpc.store import ResultsStore
    from lianode.workflows.calculation import Calculation
    from lianode.workflows.engines.vasp.attempts import Attempt

DENSE_LITHIUM: Final = """fcc lithium, which the stand-in's potential holds together
1.0
0.0 2.0748 2.0748
2.0748 0.0 2.0748
2.0748 2.0748 0.0
Li
1
direct
0.0 0.0 0.0
"""
STEP_S: Final = 0.5
"""Time that the stand-in takes for an ionic step, so that a fault finds it at work."""
EQUAL_EV: Final = 2e-3
"""Energies per atom of a calculation with and without a fault agree within this; another path ends elsewhere within the
limits of forces and stress."""
STATED: Final = frozenset({"failed", "unconverged", "broken"})


@dataclass(frozen=True)
class Scenario:
    """Two campaigns that share calculations.

    Attributes
    ----------
    campaigns
        By name, what each asks for.
    property
        Of the document that each campaign ends with.
    between_s
        Range of the moment of a fault, s after the launch: from the first calculations to the last ones.
    """

    campaigns: dict[str, dict[str, Any]]
    property: str
    between_s: tuple[float, float]


def _hull(*phases: str) -> dict[str, Any]:
    return {"hull": {"system": "Li-In", "phases": list(phases)}}


def _barrier(*temperatures: float) -> dict[str, Any]:
    wanted = {"phases": ["./dense.vasp"], "supercell_length": 8, "images": 3, "temperatures": list(temperatures)}
    return {"barrier": wanted}


SCENARIOS: Final = {
    "hulls": Scenario(
        {"first": _hull("Li", "In", "LiIn", "Li3In2"), "second": _hull("Li", "In", "Li13In3")}, "hull", (2.0, 25.0)
    ),
    "bands": Scenario({"first": _barrier(300), "second": _barrier(300, 600)}, "migration", (12.0, 50.0)),
}
"""Hulls with both references in common; the same migration barrier with other temperatures."""


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
        jobs = [job for one in scenario.campaigns for job in _jobs(results, one)]
        found = results.calculations(sorted({job.key for job in jobs if job.key}))
        wrong = [f"still at work after {timeout_s:.0f} s"] if stuck else []
        wrong += _account(results, scenario, jobs, found, recovers=fault.recovers)
        energies = {one.label: one.energy / one.n_atoms for one in found.values() if one.energy is not None}
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
            runs=sum(len(_attempts(results, key)) for key in found),
            wrong=tuple(wrong),
        )
    finally:
        results.close()
    return verdict, energies


def _jobs(results: ResultsStore, campaign: str) -> list[JobStatus]:
    return campaign_status(results, open_launchpad(results), f"{campaign}-rehearsal")


def _attempts(results: ResultsStore, key: str) -> list[Attempt]:
    folder = results.run_directory(key)
    own = [*attempts(folder, "attempt"), *attempts(folder, "free")]
    return own + [attempt for image in _images(results, key) for attempt in attempts(image, "attempt")]


def _images(results: ResultsStore, key: str) -> list[Path]:
    return sorted(results.run_directory(key).glob("image-*"))


def _repeated(results: ResultsStore, one: Calculation) -> list[str]:
    """Return what was computed again although it was finished."""
    if isinstance(one.task, NebTask):
        whole = {
            image: [a.ended for a in attempts(image, "attempt")].count("finished")
            for image in _images(results, one.key)
        }
        twice = [f"{one.label}: {image.name} was computed {count} times" for image, count in whole.items() if count > 1]
        lost = [] if len(whole) == one.evaluations else [f"{one.label}: {len(whole)} images, {one.evaluations} count"]
        return twice + lost
    made = sum(attempt.steps for attempt in _attempts(results, one.key))
    return [] if made == one.steps else [f"{one.label}: {made} steps were made, {one.steps} count"]


def _account(
    results: ResultsStore,
    scenario: Scenario,
    jobs: list[JobStatus],
    found: dict[str, Calculation],
    *,
    recovers: bool,
) -> list[str]:
    """Return what is wrong with what the campaigns left."""
    wrong = []
    for job in jobs:
        good = {"converged", "done"} if recovers else {"converged", "done", *STATED}
        if job.state not in good:
            wrong.append(f"{job.label} is {job.state} ({job.reason})")
        elif job.state in STATED and not job.reason:
            wrong.append(f"{job.label} is {job.state} without a reason")
    calculations = {job.key for job in jobs if job.key}
    if calculations != set(found):
        wrong.append(f"{len(calculations - set(found))} calculations are lost")
    for one in found.values():  # every step that was ever made is in its document
        wrong += _repeated(results, one) if one.state is State.CONVERGED else []
    stored = Counter(document["key"] for document in results.calculation_documents.find({}))
    if set(stored) != set(found) or max(stored.values(), default=0) > 1:
        wrong.append(f"the store holds {sum(stored.values())} calculations of {len(found)}")
    for campaign in scenario.campaigns:
        last = list(results.query(property=scenario.property, campaign=f"{campaign}-rehearsal"))
        if len(last) > 1 or (recovers and not last):  # without a reference there is no hull, and its job says so
            wrong.append(f"campaign {campaign} has {len(last)} documents of kind {scenario.property}")
        elif last and recovers and last[0]["completeness"] != "complete":
            wrong.append(f"the {scenario.property} of campaign {campaign} is {last[0]['completeness']}")
    return wrong
