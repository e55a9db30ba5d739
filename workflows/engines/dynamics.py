"""Molecular dynamics with an ASE calculator, which goes on after a kill as if nothing had happened."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from ase.units import GPa, fs

from lianode.structures.errors import InputError
from lianode.workflows.calculation import State
from lianode.workflows.engine import Progress
from lianode.workflows.engines.md_files import Clock, MdCheckpoint, Trajectory, file_reference
from lianode.workflows.engines.md_statistics import (
    CellStatistics,
    Statistics,
    has_exploded,
    has_left,
    is_measured,
    md_checks,
    pressure_check,
)
from lianode.workflows.engines.motion.pressure import barostat_of, pressure_error
from lianode.workflows.engines.motion.state import (
    Evaluation,
    kinetic_energy,
    kinetic_temperature,
    maxwell_momenta,
    volume,
)
from lianode.workflows.engines.motion.thermostats import time_constant
from lianode.workflows.engines.motion.verlet import PressureIntegrator, integrator_of

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import NDArray

    from lianode.analysis.checks import Check
    from lianode.workflows.calculation import FileReference
    from lianode.workflows.engine import RunContext
    from lianode.workflows.engines.evaluation import CountedCalculator
    from lianode.workflows.engines.motion.state import MotionState
    from lianode.workflows.task import MDTask


@dataclass
class Dynamics:
    """How a run ended; fields as in :class:`lianode.workflows.calculation.Calculation`."""

    state: State
    reason: str | None
    cell: NDArray[np.float64]
    positions: NDArray[np.float64]
    energy: float | None
    max_force: float | None
    steps: int
    evaluations: int
    evaluation_time_s: float
    wall_time_s: float
    continued: int
    mean_temperature: float | None
    mean_cell: list[list[float]] | None
    checks: list[Check] = field(default_factory=list)
    files: dict[str, FileReference] = field(default_factory=dict)


def needs_two_atoms(n_atoms: int, where: str) -> None:
    """Raise ``InputError`` for a single atom, which does not move when the total momentum is zero."""
    if n_atoms < 2:
        raise InputError("molecular dynamics needs at least two atoms; repeat the cell", where)


def run_dynamics(atoms: Atoms, calculator: CountedCalculator, task: MDTask, context: RunContext) -> Dynamics:
    """Move the atoms to the end of the task; continue from the checkpoint where there is one.

    The checkpoint stays, also at the end: a longer run can begin with it.

    Parameters
    ----------
    atoms
        The start; its positions are changed.
    calculator
        Energy and forces.
    task
        What to do.
    context
        Where, until when, and whom to tell.

    Raises
    ------
    InputError
        For a single atom.
    OSError
        When the trajectory or the checkpoint cannot be written.
    """
    needs_two_atoms(len(atoms), atoms.get_chemical_formula())
    run = _Run(atoms, calculator, task, context)
    try:
        reason = run.go()
    finally:
        run.trajectory.close()
    return run.result(reason)


class _Run:
    """One attempt, with the sums of those before."""

    def __init__(self, atoms: Atoms, calculator: CountedCalculator, task: MDTask, context: RunContext) -> None:
        self.atoms, self.calculator, self.task, self.context = atoms, calculator, task, context
        self.clock = time.perf_counter()
        self.masses = atoms.get_masses()
        self.volume = volume(atoms.cell.array)
        self.integrator = integrator_of(task, self.masses, self._evaluate)
        found = MdCheckpoint.read(context.directory, len(atoms))
        length = found.length if found is not None else 0
        self.trajectory = Trajectory(context.directory, atoms.get_chemical_symbols(), self.masses, length=length)
        if found is None:
            momenta = maxwell_momenta(self.masses, task.temperature, task.seed)
            start = self.integrator.start(atoms.positions, momenta, atoms.cell.array, task.seed)
            found = MdCheckpoint(start, Statistics(), CellStatistics())
            self._record(start)
        self.checkpoint = found
        self.base = (found.evaluations, found.evaluation_time_s, found.wall_time_s)
        self.ended = State.CONVERGED

    def go(self) -> str | None:
        """Take the steps that are left; return why they were not all taken."""
        state = self.checkpoint.state
        due = Clock(self.context.checkpoint_interval_s)
        while state.step < self.task.steps:
            if self.context.must_stop():
                self._save()
                self.ended = State.INTERRUPTED
                return "stopped; the next run continues it"
            good = _copy(state)
            with np.errstate(over="ignore", invalid="ignore"):  # a motion that runs away is said in words
                self.integrator.advance(state)
            temperature = self._temperature(state)
            wrong = self._wrong(state, temperature)
            if wrong is not None:
                if not self._is_frame(good.step):
                    self._record(good)
                self.ended = State.FAILED
                return f"step {state.step}: {wrong}"
            if is_measured(state.step, self.task.steps):
                self._measure(state, temperature)
            if self._is_frame(state.step):
                self._record(state)
            self.context.progress(Progress(state.step, state.energy, _largest(state.forces)))
            if due.due():
                self._save()
        self._save()
        return None

    def result(self, reason: str | None) -> Dynamics:
        """Return the document's fields."""
        state, measured, cells = self.checkpoint.state, self.checkpoint.measured, self.checkpoint.cells
        self._count()
        whole = self.ended is State.CONVERGED
        failed = self.ended is State.FAILED
        directory = self.context.directory
        return Dynamics(
            state=self.ended,
            reason=reason,
            cell=state.cell,
            positions=state.positions,
            energy=None if failed else state.energy,
            max_force=None if failed else _largest(state.forces),
            steps=state.step,
            evaluations=self.checkpoint.evaluations,
            evaluation_time_s=self.checkpoint.evaluation_time_s,
            wall_time_s=self.checkpoint.wall_time_s,
            continued=self.checkpoint.continued,
            mean_temperature=measured.mean_temperature if whole else None,
            mean_cell=cells.mean_cell.tolist() if whole and cells.mean_cell is not None else None,
            checks=self._checks() if whole else [],
            files={"trajectory": file_reference(self.trajectory.path, directory)} if whole or failed else {},
        )

    def _evaluate(self, positions: NDArray[np.float64], cell: NDArray[np.float64]) -> Evaluation:
        self.atoms.positions = positions
        self.atoms.cell.array[:] = cell
        self.calculator.calculate(self.atoms)
        found = self.calculator.results
        return Evaluation(found["energy"], found["forces"], found["stress"])

    def _wrong(self, state: MotionState, temperature: float) -> str | None:
        """Say why the motion cannot go on."""
        exploded = has_exploded(temperature + 0.0 * state.energy, self.task.highest_temperature)
        return exploded or has_left(volume(state.cell), self.volume)

    def _measure(self, state: MotionState, temperature: float) -> None:
        per_atom = self.integrator.conserved(state) / len(self.masses) * 1e3
        self.checkpoint.measured.add(state.step * self.task.time_step_fs * 1e-3, temperature, per_atom)
        if isinstance(self.integrator, PressureIntegrator):
            self.checkpoint.cells.add(self.integrator.pressure(state) / GPa, state.cell)

    def _checks(self) -> list[Check]:
        """Judge what was measured."""
        task, cells = self.task, self.checkpoint.cells
        first = task.steps // 2 + 1
        checks = md_checks(
            self.checkpoint.measured,
            n_atoms=len(self.masses),
            time_step_fs=task.time_step_fs,
            target=task.target(0.5 * (first + task.steps)) if task.ensemble != "nve" else None,
            thermostat_time_fs=time_constant(task),
            ramp_K_per_ps=(task.target(1) - task.target(0)) / (task.time_step_fs * 1e-3),
        )
        if cells.mean_cell is not None and cells.mean_pressure is not None:
            rate, time_step = barostat_of(task).rate, task.time_step_fs * fs
            error = pressure_error(task.highest_temperature, volume(cells.mean_cell), rate, cells.samples * time_step)
            checks.append(pressure_check(cells.mean_pressure, task.pressure_GPa, error / GPa))
        return checks

    def _is_frame(self, step: int) -> bool:
        return step % self.task.frame_interval == 0 or step == self.task.steps

    def _temperature(self, state: MotionState) -> float:
        return kinetic_temperature(kinetic_energy(state.momenta, self.masses), len(self.masses))

    def _record(self, state: MotionState) -> None:
        self.trajectory.append(
            state,
            time_fs=state.step * self.task.time_step_fs,
            temperature=self._temperature(state),
            conserved=self.integrator.conserved(state),
        )

    def _save(self) -> None:
        self._count()
        self.checkpoint.length = self.trajectory.secure()
        self.checkpoint.write(self.context.directory)

    def _count(self) -> None:
        evaluations, evaluation_time, wall_time = self.base
        self.checkpoint.evaluations = evaluations + self.calculator.count
        self.checkpoint.evaluation_time_s = evaluation_time + self.calculator.seconds
        self.checkpoint.wall_time_s = wall_time + time.perf_counter() - self.clock


def _copy(state: MotionState) -> MotionState:
    """Return a state that further steps leave alone; energy, forces and stress are replaced, never changed."""
    return replace(
        state,
        positions=state.positions.copy(),
        momenta=state.momenta.copy(),
        cell=state.cell.copy(),
        chain=state.chain.copy(),
    )


def _largest(forces: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.einsum("ij,ij->i", forces, forces).max()))
