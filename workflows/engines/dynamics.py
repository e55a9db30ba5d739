"""Molecular dynamics with an ASE calculator, which goes on after a kill as if nothing had happened."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError
from lianode.workflows.calculation import State
from lianode.workflows.engine import Progress
from lianode.workflows.engines.md_files import Clock, MdCheckpoint, Trajectory, file_reference
from lianode.workflows.engines.md_statistics import Statistics, has_exploded, is_measured, md_checks
from lianode.workflows.engines.nose_hoover import (
    Integrator,
    kinetic_energy,
    kinetic_temperature,
    maxwell_momenta,
    thermostat_time,
)

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import NDArray

    from lianode.analysis.checks import Check
    from lianode.workflows.calculation import FileReference
    from lianode.workflows.engine import RunContext
    from lianode.workflows.engines.evaluation import CountedCalculator
    from lianode.workflows.engines.nose_hoover import MotionState
    from lianode.workflows.task import MDTask


@dataclass
class Dynamics:
    """How a run ended; fields as in :class:`lianode.workflows.calculation.Calculation`."""

    state: State
    reason: str | None
    positions: NDArray[np.float64]
    energy: float | None
    max_force: float | None
    steps: int
    evaluations: int
    evaluation_time_s: float
    wall_time_s: float
    continued: int
    mean_temperature: float | None
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
        self.tau = float(thermostat_time(task.time_step_fs, task.thermostat_time_fs))
        self.target = task.temperature if task.ensemble != "nve" else None
        self.integrator = Integrator(
            self.masses,
            self._forces,
            time_step_fs=task.time_step_fs,
            temperature=self.target,
            thermostat_time_fs=self.tau,
        )
        atoms.calc = calculator
        found = MdCheckpoint.read(context.directory, len(atoms))
        length = found.length if found is not None else 0
        self.trajectory = Trajectory(
            context.directory, atoms.get_chemical_symbols(), atoms.cell.array, self.masses, length=length
        )
        if found is None:
            momenta = maxwell_momenta(self.masses, task.temperature, task.seed)
            found = MdCheckpoint(self.integrator.start(atoms.positions, momenta), Statistics())
            self._record(found.state)
        self.checkpoint = found
        self.base = (found.evaluations, found.evaluation_time_s, found.wall_time_s)
        self.ended = State.CONVERGED

    def go(self) -> str | None:
        """Take the steps that are left; return why they were not all taken."""
        state, measured = self.checkpoint.state, self.checkpoint.measured
        due = Clock(self.context.checkpoint_interval_s)
        while state.step < self.task.steps:
            if self.context.must_stop():
                self._save()
                self.ended = State.INTERRUPTED
                return "stopped; the next run continues it"
            with np.errstate(over="ignore", invalid="ignore"):  # a motion that runs away is said in words
                self.integrator.advance(state)
            temperature = self._temperature(state)
            wrong = has_exploded(temperature + 0.0 * state.energy, self.task.temperature)
            if wrong is not None:
                self.ended = State.FAILED
                return f"step {state.step}: {wrong}"
            if is_measured(state.step, self.task.steps):
                per_atom = self.integrator.conserved(state) / len(self.atoms) * 1e3
                measured.add(state.step * self.task.time_step_fs * 1e-3, temperature, per_atom)
            if state.step % self.task.frame_interval == 0 or state.step == self.task.steps:
                self._record(state)
            self.context.progress(Progress(state.step, state.energy, _largest(state.forces)))
            if due.due():
                self._save()
        self._save()
        return None

    def result(self, reason: str | None) -> Dynamics:
        """Return the document's fields."""
        state, measured = self.checkpoint.state, self.checkpoint.measured
        self._count()
        whole = self.ended is State.CONVERGED
        failed = self.ended is State.FAILED
        checks = md_checks(
            measured,
            n_atoms=len(self.atoms),
            time_step_fs=self.task.time_step_fs,
            target=self.target,
            thermostat_time_fs=self.tau,
        )
        directory = self.context.directory
        return Dynamics(
            state=self.ended,
            reason=reason,
            positions=state.positions,
            energy=None if failed else state.energy,
            max_force=None if failed else _largest(state.forces),
            steps=state.step,
            evaluations=self.checkpoint.evaluations,
            evaluation_time_s=self.checkpoint.evaluation_time_s,
            wall_time_s=self.checkpoint.wall_time_s,
            continued=self.checkpoint.continued,
            mean_temperature=measured.mean_temperature if whole else None,
            checks=checks if whole else [],
            files={} if not whole else {"trajectory": file_reference(self.trajectory.path, directory)},
        )

    def _forces(self, positions: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        self.atoms.set_positions(positions)
        return float(self.atoms.get_potential_energy()), self.atoms.get_forces()

    def _temperature(self, state: MotionState) -> float:
        return kinetic_temperature(kinetic_energy(state.momenta, self.masses), len(self.atoms))

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


def _largest(forces: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(forces, axis=1).max())
