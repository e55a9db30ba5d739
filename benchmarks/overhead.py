"""Where the time of a campaign goes, and how much of it is not the potential.

    python benchmarks/overhead.py                        # examples/li-in.yaml with 1 and with 2 workers
    python benchmarks/overhead.py --temperature 300      # with phonons
    python benchmarks/overhead.py --profile              # one process: CPU time, and which functions cost most
    python benchmarks/overhead.py --start                # start of Python, imports, weights, step by step

The campaign runs from an empty project in a temporary folder, as ``lianode run`` does it. Time is split into

evaluation   inside the potential: energy, forces and stress (``Calculation.evaluation_time_s``)
steps        the rest of the calculations: optimiser, symmetry, checks, checkpoints (``wall_time_s`` minus the above)
jobs         the rest of their jobs: documents, store, jobflow, messages between processes
phonons      of free energies: supercells, force constants, frequencies
runner       planning before the first job, and analysis after the last
start        once per process: Python, imports, weights (of a worker: its first job beyond what later ones need)

The overhead is everything but evaluation, as a share of it and evaluation together. Time in which a worker waits for
the others is printed and not counted. On a machine that is busy with other things, look at the shares and at --profile.
"""

from __future__ import annotations

import argparse
import cProfile
import importlib
import os
import pstats
import subprocess
import sys
import tempfile
import time
import warnings
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from lianode.hpc.local.campaign import run_campaign
from lianode.hpc.local.events import Begun, Ended
from lianode.hpc.settings import load_settings, write_default
from lianode.hpc.store import open_store
from lianode.workflows.calculation import Calculation
from lianode.workflows.campaign.file import load_campaign
from lianode.workflows.engines.ase_engine import AseEngine
from lianode.workflows.engines.registry import make_engine
from lianode.workflows.plan import campaign_flow, plan_campaign

if TYPE_CHECKING:
    from collections.abc import Callable

    from lianode.hpc.local.events import Event
    from lianode.hpc.store import ResultsStore
    from lianode.workflows.campaign.campaign import Campaign
    from lianode.workflows.plan import CampaignPlan

GOAL = 10.0
"""Per cent of overhead."""
RUNNER_IMPORTS = (
    "jobflow", "networkx", "phonopy", "pymatgen.analysis.phase_diagram", "pymatgen.core", "pymatgen.io.ase",
    "pymatgen.symmetry.analyzer", "pymatgen.symmetry.groups", "spglib", "sqlite3", "lianode.analysis.hull.hull",
    "lianode.analysis.hull.stability", "lianode.analysis.voltage.voltage", "lianode.structures.library",
    "lianode.workflows.jobs",
)  # fmt: skip
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


@dataclass
class Shares:
    """Seconds of one job, or of a whole campaign."""

    name: str
    n_atoms: int = 0
    evaluations: int = 0
    evaluation: float = 0.0
    steps: float = 0.0
    jobs: float = 0.0
    phonons: float = 0.0
    runner: float = 0.0
    start: float = 0.0

    def __add__(self, other: Shares) -> Shares:
        total = Shares(self.name)
        for part in ("evaluations", "evaluation", "steps", "jobs", "phonons", "runner", "start"):
            setattr(total, part, getattr(self, part) + getattr(other, part))
        return total

    @property
    def overhead(self) -> float:
        """Share of what is not evaluation, starts left out, per cent."""
        rest = self.steps + self.jobs + self.phonons + self.runner
        return 100.0 * rest / (rest + self.evaluation) if rest else 0.0

    @property
    def overhead_with_start(self) -> float:
        """The same with starts, per cent."""
        rest = self.steps + self.jobs + self.phonons + self.runner + self.start
        return 100.0 * rest / (rest + self.evaluation) if rest else 0.0


@dataclass
class Clock:
    """Begin and end of every job, as the runner tells them."""

    begun: dict[str, float] = field(default_factory=dict)
    ended: dict[str, float] = field(default_factory=dict)

    def tell(self, event: Event) -> None:
        """Take the time of an event."""
        if isinstance(event, Begun):
            self.begun[event.name] = time.perf_counter()
        elif isinstance(event, Ended) and event.name in self.begun:
            self.ended[event.name] = time.perf_counter()

    def seconds(self, name: str) -> float:
        """Return how long a job took."""
        return self.ended[name] - self.begun[name]


def with_temperature(campaign: Campaign, temperature: float | None) -> Campaign:
    """Return the campaign with free energies at a temperature, K; None leaves it as it is."""
    if temperature is None:
        return campaign
    entries = tuple(entry.model_copy(update={"temperature": temperature}) for entry in campaign.calculations)
    return campaign.model_copy(update={"calculations": entries})


def empty_project(folder: Path) -> tuple[Path, ResultsStore]:
    """Make a project in a folder and open its store."""
    file = write_default(folder)
    return file, open_store(load_settings(file))


def import_for_runner() -> float:
    """Import what the runner needs; return the CPU time of this process since it began, s."""
    for module in RUNNER_IMPORTS:
        importlib.import_module(module)
    return time.process_time()


def measure(campaign: Campaign, workers: int, folder: Path, runner_start: float) -> None:
    """Run a campaign from an empty project and print where the time went."""
    file, results = empty_project(folder)
    clock = Clock()
    begin = time.perf_counter()
    plan = plan_campaign(campaign)
    run_campaign(plan, results, file, workers=workers, tell=clock.tell)
    wall = time.perf_counter() - begin
    rows = _rows(plan, results, clock, workers)
    results.close()
    total = sum(rows, Shares("all"))
    first, last = min(clock.begun.values()), max(clock.ended.values())
    total.runner = (first - begin) + (begin + wall - last)
    total.start += runner_start
    busy = sum(clock.seconds(name) for name in clock.ended)
    print(f"\n{campaign.name}, {workers} worker(s) of {max(1, _cores() // workers)} thread(s): {wall:.1f} s")
    _print_rows(rows, total)
    print(
        f"runner {total.runner:.2f} s   start of the runner {runner_start:.1f} s, of the workers "
        f"{total.start - runner_start:.1f} s   workers idle {workers * (last - first) - busy:.1f} s"
    )
    print(
        f"overhead: {total.overhead:.1f} % without starts (goal: below {GOAL:g} %), "
        f"{total.overhead_with_start:.1f} % with them"
    )


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _rows(plan: CampaignPlan, results: ResultsStore, clock: Clock, workers: int) -> list[Shares]:
    """Return the shares of every job."""
    relaxed = results.calculations(list(plan.requests))
    statics: defaultdict[str, list[Calculation]] = defaultdict(list)
    for document in results.calculation_documents.find({}):
        phase, separator, _ = document["label"].partition(" phonon ")
        if separator:
            statics[phase].append(Calculation.model_validate(document))
    rows = [_inside(one.label, [one]) for one in relaxed.values()]
    for row in rows:
        row.jobs = clock.seconds(row.name) - row.evaluation - row.steps
    usual = median(row.jobs for row in rows)
    for name in sorted(clock.begun, key=clock.begun.__getitem__)[:workers]:  # each of them started a worker
        row = next(row for row in rows if row.name == name)
        row.start, row.jobs = row.jobs - usual, usual
    for name in clock.ended:
        phase = name.removeprefix("free energy ")
        if phase != name:
            row = _inside(name, statics[phase])
            rest = clock.seconds(name) - row.evaluation - row.steps
            row.jobs = min(rest, usual * (1 + len(statics[phase])))  # a document each, and that of the free energy
            row.phonons = rest - row.jobs
            rows.append(row)
    return rows


def _inside(name: str, calculations: list[Calculation]) -> Shares:
    evaluation = sum(one.evaluation_time_s for one in calculations)
    return Shares(
        name,
        n_atoms=calculations[0].n_atoms if calculations else 0,
        evaluations=sum(one.evaluations for one in calculations),
        evaluation=evaluation,
        steps=sum(one.wall_time_s for one in calculations) - evaluation,
    )


def _print_rows(rows: list[Shares], total: Shares) -> None:
    print(
        f"{'job':<24}{'atoms':>6}{'evaluations':>12}{'ms each':>9}{'evaluation':>12}{'steps':>8}{'jobs':>8}"
        f"{'phonons':>9}{'overhead':>10}"
    )
    for row in [*rows, total]:
        each = 1e3 * row.evaluation / row.evaluations if row.evaluations else 0.0
        print(
            f"{row.name:<24}{row.n_atoms or '':>6}{row.evaluations:>12}{each:>9.1f}{row.evaluation:>10.2f} s"
            f"{row.steps:>6.2f} s{row.jobs:>6.2f} s{row.phonons:>7.2f} s{row.overhead:>8.1f} %"
        )


class Evaluations:
    """CPU time inside a calculator, and a clock that stands still meanwhile.

    Parameters
    ----------
    calculator
        The process's calculator; its ``calculate`` is wrapped.
    """

    def __init__(self, calculator: Any) -> None:
        self.count = 0
        self.cpu = 0.0
        self._since: float | None = None
        self._calculator = calculator
        self._calculate: Callable[..., None] = calculator.calculate
        calculator.calculate = self

    def __call__(self, *arguments: Any, **named: Any) -> None:
        """Evaluate."""
        self._since = time.process_time()
        self._calculate(*arguments, **named)
        self.cpu += time.process_time() - self._since
        self._since = None
        self.count += 1

    def outside(self) -> float:
        """Return the CPU time of this process outside the evaluations, s."""
        return (time.process_time() if self._since is None else self._since) - self.cpu

    def unwrap(self) -> None:
        """Give the calculator its own method back."""
        del self._calculator.calculate


def in_one_process(campaign: Campaign, profile: bool) -> tuple[float, Evaluations, pstats.Stats | None]:
    """Run the campaign with jobflow's own runner; return CPU time outside the evaluations, these, and a profile."""
    from jobflow import run_locally

    with tempfile.TemporaryDirectory() as name:
        _, results = empty_project(Path(name))
        plan = plan_campaign(campaign)
        (engine,) = {hull.spec.engine for hull in plan.hulls}
        brought = make_engine(engine)
        assert isinstance(brought, AseEngine)
        evaluations = Evaluations(brought.calculator())
        flow, store = campaign_flow(plan), results.jobstore()
        before = evaluations.outside()
        profiler = cProfile.Profile(evaluations.outside)
        if profile:
            profiler.enable()
        run_locally(flow, store=store, log=False)
        profiler.disable()
        outside = evaluations.outside() - before
        evaluations.unwrap()
        results.close()
        return outside, evaluations, pstats.Stats(profiler) if profile else None


def profiled(campaign: Campaign, repeats: int, functions: int) -> None:
    """Print CPU times of one process and thread, and the functions outside the evaluations that cost most."""
    print(f"\n{campaign.name} in one process with one thread, CPU time; the first run also imports and warms up")
    for number in range(1, repeats + 1):
        rest, evaluations, _ = in_one_process(campaign, profile=False)
        print(
            f"  run {number}: {evaluations.count} evaluations {evaluations.cpu:6.2f} s   outside {rest:5.2f} s, "
            f"{100 * rest / (rest + evaluations.cpu):.1f} %, {1e3 * rest / evaluations.count:.2f} ms per evaluation",
            flush=True,
        )
    rest, _, statistics = in_one_process(campaign, profile=True)
    assert statistics is not None
    entries: list[tuple[tuple[str, int, str], tuple[Any, ...]]] = list(
        statistics.stats.items()  # type: ignore[attr-defined]
    )
    print(f"\nfunctions outside the evaluations, under the profiler, which slows Python down ({rest:.2f} s)")
    for title, column in (("own time", 2), ("with what they call", 3)):
        print(f"\n{title + ', s':>24}{'share':>8}{'calls':>10}  function")
        entries.sort(key=lambda item: item[1][column], reverse=True)
        for place, values in entries[:functions]:
            print(f"{values[column]:>24.3f}{100 * values[column] / rest:>7.1f}%{values[1]:>10}  {_short(place)}")


def _short(place: tuple[str, int, str]) -> str:
    path, line, function = place
    if path == "~":
        return function
    parts = Path(path).parts
    if "site-packages" in parts:
        parts = parts[parts.index("site-packages") + 1 :]
    return f"{'/'.join(parts[-4:])}:{line} {function}"


START_STEPS = {
    "Python itself": "",
    "jobflow, pydantic, store": "import lianode.hpc.local.worker, lianode.workflows.jobs, lianode.hpc.store",
    "pymatgen's structures": "from pymatgen.core import Structure; from pymatgen.io.ase import AseAtomsAdaptor",
    "ASE's optimisers and constraints (scipy), spglib": "import ase.constraints, ase.filters, ase.optimize, spglib",
    "torch": "import torch",
    "e3nn (torch._dynamo, sympy)": "import e3nn.o3, e3nn.nn",
    "sevenn (torch_geometric, pandas, sklearn)": "import sevenn.calculator",
    "weights": "import lianode.workflows.engines.registry as r; c = r.make_engine('sevennet-0').calculator()",
    "first evaluation": "from ase.build import bulk; a = bulk('Li', cubic=True); a.calc = c; a.get_stress()",
    "second evaluation": "a.rattle(0.01, seed=1); a.get_stress()",
    "third evaluation": "a.rattle(0.01, seed=2); a.get_stress()",
}
"""What a worker does before it is at full speed, in its order."""


def start(repeats: int) -> None:
    """Print what the start of a worker consists of: median over fresh processes, each step after those above it."""
    script = "import sys, time; sys.stdout.reconfigure(line_buffering=True)\n" + "".join(
        f"{code}\nprint('step', time.clock_gettime(time.CLOCK_MONOTONIC), time.process_time())\n"
        for code in START_STEPS.values()
    )
    wall: defaultdict[str, list[float]] = defaultdict(list)
    cpu: defaultdict[str, list[float]] = defaultdict(list)
    for _ in range(repeats):
        before, cpu_before = time.clock_gettime(time.CLOCK_MONOTONIC), 0.0
        run = subprocess.run(
            [sys.executable, "-P", "-W", "ignore", "-c", script],
            check=True, capture_output=True, text=True, env=os.environ | ONE_THREAD,
        )  # fmt: skip
        lines = [line.split() for line in run.stdout.splitlines() if line.startswith("step ")]
        for title, (_, at, used) in zip(START_STEPS, lines, strict=True):
            wall[title].append(float(at) - before)
            cpu[title].append(float(used) - cpu_before)
            before, cpu_before = float(at), float(used)
    print(f"\nstart of a worker with SevenNet-0, median of {repeats} fresh processes{'wall':>14}{'CPU':>10}")
    for title in START_STEPS:
        print(f"  {title:<64}{median(wall[title]):>8.2f} s{median(cpu[title]):>8.2f} s")
    total = [sum(median(times[title]) for title in START_STEPS) for times in (wall, cpu)]
    print(f"  {'all':<64}{total[0]:>8.2f} s{total[1]:>8.2f} s")


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("campaign", nargs="?", type=Path, default=Path(__file__).parents[1] / "examples/li-in.yaml")
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--temperature", type=float, help="K: with free energies from phonons")
    parser.add_argument("--repeats", type=int, default=3, help="of --profile and --start")
    parser.add_argument("--functions", type=int, default=25, help="rows of the tables of --profile")
    parser.add_argument("--profile", action="store_true", help="CPU time and costly functions, in this process")
    parser.add_argument("--start", action="store_true", help="the start of a worker, step by step")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    campaign = with_temperature(load_campaign(options.campaign), options.temperature)
    if options.profile and os.environ | ONE_THREAD != os.environ:  # numpy is loaded, with all its threads: begin again
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | ONE_THREAD)  # noqa: S606
    if options.profile:
        profiled(campaign, options.repeats, options.functions)
    if options.start:
        start(options.repeats)
    if not (options.start or options.profile):
        runner_start = import_for_runner()
        for workers in options.workers:
            with tempfile.TemporaryDirectory(prefix="lianode-overhead-") as folder:
                measure(campaign, workers, Path(folder), runner_start)


if __name__ == "__main__":
    main()
