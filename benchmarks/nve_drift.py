"""Does the total energy stay? Molecular dynamics at constant energy of bulk Li6PS5Cl with SevenNet-0.

One ordered cubic cell of 52 atoms, relaxed, brought to temperature for 2 ps with a thermostat, then left alone for
10 ps. The slope of the total energy in time is fitted, with its standard error; goal: below 0.5 meV/atom/ps. The exit
code says whether it was reached. What is done stays in the folder: the same command goes on after a stop.

Total energies of successive steps are not independent (velocity Verlet's error swings with the vibrations), so the line
goes through the means of 10 blocks, each longer than the swings are remembered, and its error follows from how far the
means lie off it.

    OMP_NUM_THREADS=1 python benchmarks/nve_drift.py nve-drift
    OMP_NUM_THREADS=1 python benchmarks/nve_drift.py nve-drift --time-step 1
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pymatgen.core import Structure

from lianode.structures.ordering.electrolytes import argyrodite
from lianode.workflows.calculation import Calculation
from lianode.workflows.engine import RunContext
from lianode.workflows.engines.md_files import TRAJECTORY
from lianode.workflows.engines.registry import make_engine
from lianode.workflows.task import MDTask, RelaxTask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lianode.workflows.engine import Engine, Progress
    from lianode.workflows.task import Task

LIMIT = 0.5
"""meV/atom/ps."""
BLOCKS = 10
EQUILIBRATION_PS = 2.0
INTERVAL = 5
"""Steps between frames."""


def done(engine: Engine, folder: Path, task: Task, structure: Structure) -> Calculation:
    """Do a part, or take it from where an earlier run left it."""
    folder.mkdir(parents=True, exist_ok=True)
    document, last = folder / "calculation.json", time.monotonic()

    def tell(now: Progress) -> None:
        nonlocal last
        if time.monotonic() - last > 120:
            last = time.monotonic()
            print(f"  {folder.name}: step {now.step}, {now.energy:.6f} eV", flush=True)

    if document.exists():
        return Calculation.model_validate_json(document.read_text())
    context = RunContext(folder, checkpoint_interval_s=30.0, progress=tell)
    run = engine.relax if isinstance(task, RelaxTask) else engine.md
    result = run("benchmark", task, structure, context)  # type: ignore[arg-type]
    assert result.structure is not None, result.reason
    document.write_text(result.model_dump_json())
    return result


def totals(trajectory: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return times (ps) and total energies (meV/atom) of the frames."""
    times, energies = [], []
    with trajectory.open() as file:
        while count := file.readline().strip():
            values = dict(item.split("=", 1) for item in file.readline().split() if "=" in item)
            times.append(float(values["time_fs"]) * 1e-3)
            energies.append(float(values["conserved"]) / int(count) * 1e3)
            for _ in range(int(count)):
                file.readline()
    return np.array(times), np.array(energies)


def slope(times: NDArray[np.float64], energies: NDArray[np.float64], blocks: int) -> tuple[float, float]:
    """Return the slope of a line through the means of blocks and its standard error."""
    keep = len(times) // blocks * blocks
    t = times[:keep].reshape(blocks, -1).mean(axis=1)
    e = energies[:keep].reshape(blocks, -1).mean(axis=1)
    (gradient, _), covariance = np.polyfit(t, e, 1, cov="unscaled")
    residuals = e - np.polyval(np.polyfit(t, e, 1), t)
    return float(gradient), float(np.sqrt(covariance[0, 0] * (residuals**2).sum() / (blocks - 2)))


def main() -> int:
    """Run what is missing and print the slope."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where all parts are kept")
    parser.add_argument("--engine", default="sevennet-0")
    parser.add_argument("--temperature", type=float, default=300.0, help="K")
    parser.add_argument("--time-step", type=float, default=2.0, help="fs")
    parser.add_argument("--time", type=float, default=10.0, help="ps at constant energy")
    options = parser.parse_args()

    engine = make_engine(options.engine)
    ordered = argyrodite("Li6PS5Cl", keep=1).models[0].phase.structure
    relaxed = done(engine, options.folder / "relaxed", RelaxTask(rattle=0.0), ordered)
    print(f"relaxed: {relaxed.state}, {relaxed.volume:.2f} Å3, {relaxed.evaluations} evaluations", flush=True)
    warm = MDTask(temperature=options.temperature, steps=round(EQUILIBRATION_PS * 1e3 / 2.0), frame_interval=50, seed=1)
    start = done(engine, options.folder / "thermostat", warm, Structure.from_dict(relaxed.structure or {}))
    print(f"brought to temperature: {start.mean_temperature:.0f} K in the second half", flush=True)
    task = MDTask(
        ensemble="nve",
        temperature=options.temperature,
        time_step_fs=options.time_step,
        steps=round(options.time * 1e3 / options.time_step),
        frame_interval=INTERVAL,
        seed=2,
    )
    folder = options.folder / f"nve-{options.time_step:g}fs"
    free = done(engine, folder, task, Structure.from_dict(start.structure or {}))
    times, energies = totals(folder / TRAJECTORY)
    for blocks in (BLOCKS, 2 * BLOCKS, 4 * BLOCKS):
        gradient, error = slope(times, energies, blocks)
        print(f"{blocks:3d} blocks: slope {gradient:+.4f} ± {error:.4f} meV/atom/ps")
    gradient, error = slope(times, energies, BLOCKS)
    summary = {
        "engine": engine.name,
        "atoms": free.n_atoms,
        "time_step_fs": options.time_step,
        "time_ps": float(times[-1]),
        "mean_temperature_K": free.mean_temperature,
        "slope_meV_per_atom_per_ps": gradient,
        "standard_error": error,
        "swing_meV_per_atom": float(energies.std()),
        "limit": LIMIT,
        "seconds_per_step": free.wall_time_s / free.steps,
    }
    print(json.dumps(summary, indent=2))
    return 0 if abs(gradient) + 2 * error < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
