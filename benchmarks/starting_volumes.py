"""Whether a relaxation forgets the volume that it started from.

    python benchmarks/starting_volumes.py                              # Li-In and Li-Sn with SevenNet-0
    python benchmarks/starting_volumes.py --systems Li-In --phases In_bct Li_bcc --engine chgnet

Every ordered phase of the library is relaxed from 94 %, 100 % and 106 % of the stored volume, exactly as campaigns do
it (``RelaxTask`` with its defaults). The three energies have to agree within 1 meV/atom; the exit code is 1 where they
do not. No store is used: nothing is reused from one start to the next.

    python benchmarks/starting_volumes.py --max-force 0.05 --no-stress

shows what the customary criterion gives, a force alone; it is a control, to see that the benchmark can fail.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lianode.structures import library
from lianode.structures.errors import InputError
from lianode.workflows.calculation import State
from lianode.workflows.engine import RunContext
from lianode.workflows.engines.registry import make_engine
from lianode.workflows.task import RelaxTask

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lianode.structures.phase import Phase
    from lianode.workflows.calculation import Calculation

FACTORS = (0.94, 1.0, 1.06)
"""Starting over stored volume."""
LIMIT = 1.0
"""Largest spread of the three energies, meV/atom."""


@dataclass(frozen=True)
class Comparison:
    """The relaxations of one phase, in the order of :data:`FACTORS`.

    Attributes
    ----------
    name
        Of the phase.
    ended
        The three calculations.
    """

    name: str
    ended: tuple[Calculation, ...]

    @property
    def energies(self) -> list[float]:
        """Energies, meV/atom; NaN where there is none."""
        return [float("nan") if one.energy is None else one.energy / one.n_atoms * 1e3 for one in self.ended]

    @property
    def spread(self) -> float:
        """Largest minus smallest energy, meV/atom; NaN where one is missing."""
        energies = self.energies
        return float("nan") if any(map(math.isnan, energies)) else max(energies) - min(energies)

    @property
    def volume_spread(self) -> float:
        """Largest over smallest volume at the end, minus one, per cent."""
        volumes = [one.volume or float("nan") for one in self.ended]
        return (max(volumes) / min(volumes) - 1.0) * 100.0

    @property
    def reached(self) -> bool:
        """Whether all three converged to the same energy."""
        return self.spread < LIMIT and all(one.state is State.CONVERGED for one in self.ended)

    def row(self) -> str:
        """Return the line of the table."""
        lowest = min(self.energies)
        relative = "".join(f"{energy - lowest:9.3f}" for energy in self.energies)
        evaluations = "/".join(str(one.evaluations) for one in self.ended)
        states = "/".join(sorted({one.state.value for one in self.ended}))
        groups = "/".join(str(group) for group in sorted({one.space_group_after or 0 for one in self.ended}))
        mark = "" if self.reached else "  <--"
        return (
            f"{self.name:<14}{self.ended[0].n_atoms:>5}{lowest:>13.3f}{relative}{self.spread:>9.3f}"
            f"{self.volume_spread:>9.2f}{evaluations:>13}  {states:<11}{self.ended[0].space_group_before:>5}{groups:>7}"
            f"{mark}"
        )

    def failed_checks(self) -> list[str]:
        """Return what the relaxations themselves complain about, once per message."""
        found = {
            f"from {factor:.0%}: {check.message}": None
            for factor, one in zip(FACTORS, self.ended, strict=True)
            for check in one.checks
            if not check.passed
        }
        return [*found, *(f"from {f:.0%}: {c.reason}" for f, c in zip(FACTORS, self.ended, strict=True) if c.reason)]


def relaxed(engine: str, phase: Phase, factor: float, task: RelaxTask) -> Calculation:
    """Relax a phase from ``factor`` times its stored volume."""
    start = phase.primitive()
    start.scale_lattice(float(start.volume) * factor)
    label = f"{phase.name} from {factor:.0%}"
    with tempfile.TemporaryDirectory() as folder:
        return make_engine(engine).relax(label, task, start, RunContext(Path(folder), label))


def ordered_phases(systems: Iterable[str], names: list[str] | None) -> list[Phase]:
    """Return the ordered phases of systems, each once; only those in ``names`` where it is given."""
    found = {phase.name: phase for system in systems for phase in library.phases(system) if phase.ordered}
    if names is None:
        return list(found.values())
    return [library.phase(name) for name in names]


def compare(engine: str, phases: list[Phase], processes: int, task: RelaxTask) -> list[Comparison]:
    """Relax all phases from all volumes, largest cells first, in ``processes`` processes of one thread each."""
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        tasks = {
            (phase.name, factor): pool.submit(relaxed, engine, phase, factor, task)
            for phase in sorted(phases, key=lambda phase: -len(phase.primitive()))
            for factor in FACTORS
        }
        return [
            Comparison(phase.name, tuple(tasks[phase.name, factor].result() for factor in FACTORS)) for phase in phases
        ]


def main() -> int:
    """Run it and print the table; 1 where a phase does not reach the goal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", default="sevennet-0")
    parser.add_argument("--systems", nargs="+", default=["Li-In", "Li-Sn"], metavar="SYSTEM")
    parser.add_argument("--phases", nargs="+", metavar="PHASE", help="only these, by name or formula")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--max-force", type=float, default=RelaxTask().max_force, help="eV/Å")
    parser.add_argument("--no-stress", action="store_true", help="let the stress be what it will")
    options = parser.parse_args()
    try:
        make_engine(options.engine)
        phases = ordered_phases(options.systems, options.phases)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{options.engine}: energies from 94 %, 100 % and 106 % of the stored volume, relative to the lowest")
    print(
        f"{'phase':<14}{'atoms':>5}{'lowest':>13}{'94 %':>9}{'100 %':>9}{'106 %':>9}{'spread':>9}{'volume':>9}"
        f"{'evaluations':>13}  {'state':<11}{'group':>5}{'after':>7}"
    )
    print(f"{'':<19}{'meV/atom':>13}{'meV/at.':>9}{'meV/at.':>9}{'meV/at.':>9}{'meV/at.':>9}{'%':>9}")
    limit = math.inf if options.no_stress else RelaxTask().max_stress_GPa
    task = RelaxTask(max_force=options.max_force, max_stress_GPa=limit)
    compared = compare(options.engine, phases, options.processes, task)
    for comparison in compared:
        print(comparison.row())
    missed = [comparison for comparison in compared if not comparison.reached]
    print(f"\n{len(compared) - len(missed)} of {len(compared)} phases within {LIMIT:g} meV/atom from all three volumes")
    for comparison in missed:
        print(f"not reached: {comparison.name}, spread {comparison.spread:.3f} meV/atom")
    for comparison in compared:
        for message in comparison.failed_checks():
            print(f"{'  ' if comparison in missed else ''}check of {comparison.name} {message}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
