"""Relaxation that is right for soft metals.

Two things go wrong when lithium alloys are relaxed with customary settings. Their bulk moduli are about 10 GPa, so
a force criterion alone stops a per cent off in the lattice constant: here the stress has to vanish too. And high
symmetry makes every force vanish on saddles as well as in minima: here a symmetric relaxation is followed by one that
starts from slightly displaced atoms and a slightly strained cell, keeps no symmetry, and has to come back to the same
energy.

The symmetric stage keeps the space group exactly (``ase.constraints.FixSymmetry``), which leaves few degrees of
freedom and lets a quasi-Newton optimiser end after some ten evaluations. Its result is the one that is reported: it is
the phase that was asked for. Convergence is judged by the true forces and stress, without any constraint.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lianode.workflows.calculation import State
from lianode.workflows.engine import Progress
from lianode.workflows.engines.checkpoint import Checkpoint
from lianode.workflows.engines.crystal_checks import (
    convergence_checks,
    crystal_checks,
    rattle,
    saddle_check,
    space_group,
)

if TYPE_CHECKING:
    from ase import Atoms
    from ase.constraints import FixSymmetry
    from numpy.typing import NDArray

    from lianode.analysis.checks import Check
    from lianode.workflows.engine import RunContext
    from lianode.workflows.engines.evaluation import CountedCalculator
    from lianode.workflows.engines.surrogate.descent import SurrogateDescent
    from lianode.workflows.task import RelaxTask

HEIGHT: Final = "height"
RUNAWAY = 2.5
"""Factor of volume at which a relaxation is given up."""
MAX_STEP = 0.15
"""Å: longest step of an atom (or, times the number of atoms, of the cell)."""


@dataclass
class Relaxation:
    """How a relaxation ended; fields as in :class:`lianode.workflows.calculation.Calculation`."""

    state: State
    reason: str | None
    cell: NDArray[np.float64]
    positions: NDArray[np.float64]
    energy: float | None
    max_force: float | None
    max_stress_GPa: float | None
    stress_GPa: list[float] | None
    space_group_before: int | None
    space_group_after: int | None
    steps: int
    evaluations: int
    evaluation_time_s: float
    wall_time_s: float
    continued: int
    checks: list[Check] = field(default_factory=list)


@dataclass(frozen=True)
class _Stage:
    """How one stage ended."""

    state: State
    reason: str | None
    energy: float
    max_force: float
    stress_GPa: NDArray[np.float64]

    @property
    def max_stress_GPa(self) -> float:  # noqa: N802 - units of the field
        """Largest component of the stress, GPa."""
        return float(np.abs(self.stress_GPa).max())

    def judged_stress(self, task: RelaxTask) -> float:
        """Return the largest of the components that relax, GPa."""
        return judged_stress(self.stress_GPa, task)


def relax(atoms: Atoms, calculator: CountedCalculator, task: RelaxTask, context: RunContext) -> Relaxation:
    """Relax ``atoms``; continue from the checkpoint in the context's directory where there is one.

    Parameters
    ----------
    atoms
        The crystal; its cell and positions are changed.
    calculator
        Energy, forces and stress.
    task
        What to reach.
    context
        Where, until when, and whom to tell.

    Returns
    -------
    Relaxation
        Of the symmetric stage, with the checks of both. The checkpoint stays: whoever keeps the result removes it.
    """
    run = _Run(atoms, calculator, task, context)
    stage = run.symmetric_stage()
    checks: list[Check] = []
    if stage.state is State.CONVERGED:
        checks = [*_convergence(stage, task), *run.crystal_checks()]
        if task.rattle > 0:
            free = run.free_stage()
            if free.state is State.INTERRUPTED:  # energy and structure of the symmetric stage, but not yet its checks
                return run.result(replace(stage, state=free.state, reason=free.reason), [])
            checks.append(_saddle_check(stage, free, len(atoms), task))
        else:
            checks.append(saddle_check(None, None, task))
    return run.result(stage, checks)


class _Run:
    """The two stages of one relaxation, with what they share: atoms, counters and the checkpoint."""

    def __init__(self, atoms: Atoms, calculator: CountedCalculator, task: RelaxTask, context: RunContext) -> None:
        self.atoms = atoms
        self.calculator = calculator
        self.task = task
        self.context = context
        self.clock = time.perf_counter()
        self.space_group_before = space_group(atoms)
        self.volume_before = float(atoms.get_volume())
        self.symmetric_atoms = atoms
        self.space_group_after: int | None = None
        self.found = Checkpoint.read(context.directory, len(atoms))
        self.checkpoint = self.found or Checkpoint("symmetric", atoms.cell.tolist(), atoms.positions.tolist())
        self.base = (self.checkpoint.evaluations, self.checkpoint.evaluation_time_s, self.checkpoint.wall_time_s)
        self.descent: SurrogateDescent | None = None
        atoms.calc = calculator

    def symmetric_stage(self) -> _Stage:
        """Relax in the space group of the start, or take what the checkpoint holds of it."""
        done = self.checkpoint.symmetric
        if done is not None:
            self._set(self.atoms, done["cell"], done["positions"])
            stage = _Stage(
                State.CONVERGED, None, done["energy"], done["max_force"], np.array(done["stress_GPa"], dtype=float)
            )
        else:
            constraint = None if self.task.relax_cell == HEIGHT else self._symmetry()
            if self.found is not None:
                self._set(self.atoms, self.found.cell, self.found.positions)
            self.atoms.set_constraint(constraint)
            stage = self._optimise(self.atoms)
            self.atoms.set_constraint()
        self.symmetric_atoms = self.atoms.copy()
        self.space_group_after = space_group(self.symmetric_atoms)
        if stage.state is State.CONVERGED and done is None:
            self.checkpoint.symmetric = {
                "cell": self.atoms.cell.tolist(),
                "positions": self.atoms.positions.tolist(),
                "energy": stage.energy,
                "max_force": stage.max_force,
                "stress_GPa": stage.stress_GPa.tolist(),
            }
        return stage

    def _symmetry(self) -> FixSymmetry:
        """Return the constraint that keeps the space group of the start.

        It is built on the start, so that a checkpoint's noise cannot lower the symmetry; it moves the atoms to their
        exact places, without which forces that it hides would stay.
        """
        from ase.constraints import FixSymmetry

        cell = self.atoms.cell.array.copy()
        constraint = FixSymmetry(self.atoms, symprec=self.task.symprec, adjust_cell=bool(self.task.relax_cell))
        if not self.task.relax_cell:  # ASE makes the cell symmetric too, whatever it is told
            self.atoms.set_cell(cell, scale_atoms=True)
        return constraint

    def free_stage(self) -> _Stage:
        """Displace atoms and strain the cell (where it relaxes) a little, then relax without symmetry."""
        if self.checkpoint.stage == "free":
            self._set(self.atoms, self.checkpoint.cell, self.checkpoint.positions)
        else:
            self.checkpoint.stage = "free"
            rattle(self.atoms, self.task)
        return self._optimise(self.atoms)

    def crystal_checks(self) -> list[Check]:
        """Compare the crystal with the one that was asked for."""
        ratio = float(self.symmetric_atoms.get_volume()) / self.volume_before
        return crystal_checks(self.space_group_before, self.space_group_after, ratio)

    def result(self, stage: _Stage, checks: list[Check]) -> Relaxation:
        """Return the document's fields; the checkpoint is written unless all is done."""
        self._save_counters()
        if stage.state in {State.INTERRUPTED, State.UNCONVERGED}:
            self.checkpoint.write(self.context.directory)
        return Relaxation(
            state=stage.state,
            reason=stage.reason,
            cell=self.symmetric_atoms.cell.array.copy(),
            positions=self.symmetric_atoms.positions.copy(),
            energy=stage.energy if np.isfinite(stage.energy) else None,
            max_force=stage.max_force if np.isfinite(stage.max_force) else None,
            max_stress_GPa=stage.max_stress_GPa if np.isfinite(stage.max_stress_GPa) else None,
            stress_GPa=stage.stress_GPa.tolist() if np.isfinite(stage.stress_GPa).all() else None,
            space_group_before=self.space_group_before,
            space_group_after=self.space_group_after,
            steps=self.checkpoint.steps,
            evaluations=self.checkpoint.evaluations,
            evaluation_time_s=self.checkpoint.evaluation_time_s,
            wall_time_s=self.checkpoint.wall_time_s,
            continued=self.checkpoint.continued,
            checks=checks,
        )

    def _optimise(self, atoms: Atoms) -> _Stage:
        """Move until the true forces and stress vanish, the steps are used up, or someone stops it."""
        atoms.calc = self.calculator
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # FixSymmetry and BFGS comment on large first steps, which are limited
            try:
                return self._watch(atoms, self._optimiser(atoms))
            except (RuntimeError, np.linalg.LinAlgError, FloatingPointError) as error:
                return _Stage(State.FAILED, f"the relaxation broke down: {error}", np.nan, np.nan, np.full(6, np.nan))

    def _optimiser(self, atoms: Atoms) -> Any:
        """Return what takes the steps: BFGS where the cell relaxes too, else a surrogate with all that was learned.

        ``UnitCellFilter`` gives the same minimum as the logarithmic filters for the strains met here, at a fraction of
        their cost per step, which matters where an evaluation takes milliseconds.
        """
        if self.task.relax_cell:
            from ase.filters import UnitCellFilter
            from ase.optimize import BFGS

            free = [0, 0, 1, 0, 0, 0] if self.task.relax_cell == HEIGHT else None
            return BFGS(UnitCellFilter(atoms, mask=free), logfile=None, maxstep=MAX_STEP)
        if self.descent is None:
            from lianode.workflows.engines.surrogate.descent import SurrogateDescent

            self.descent = SurrogateDescent(atoms)
        else:
            self.descent.begin_again()
        return self.descent

    def _watch(self, atoms: Atoms, optimiser: Any) -> _Stage:
        """Step the optimiser and judge every step."""
        for step in range(self.task.max_steps + 1):
            if step > 0:  # not irun, which asks for the gradient three times per step and judges it itself
                optimiser.step()
                self.checkpoint.steps += 1
            energy, force, tensor = _numbers(atoms)
            stress = judged_stress(tensor, self.task)
            if not np.isfinite(energy + force + stress):
                return _Stage(State.FAILED, "the energy, a force or the stress is not finite", energy, force, tensor)
            ratio = float(atoms.get_volume()) / self.volume_before
            if not 1.0 / RUNAWAY < ratio < RUNAWAY:
                reason = f"the cell ran away: its volume changed by a factor of {ratio:.2f}"
                return _Stage(State.FAILED, reason, energy, force, tensor)
            self.context.progress(Progress(self.checkpoint.steps, energy, force))
            stress_counts = self.task.relax_cell
            if force <= self.task.max_force and (stress <= self.task.max_stress_GPa or not stress_counts):
                return _Stage(State.CONVERGED, None, energy, force, tensor)
            self.checkpoint.cell, self.checkpoint.positions = atoms.cell.tolist(), atoms.positions.tolist()
            if self.context.must_stop():
                return _Stage(State.INTERRUPTED, "stopped; the next run continues it", energy, force, tensor)
            if self.checkpoint.due(self.context.checkpoint_interval_s):
                self._save_counters()
                self.checkpoint.write(self.context.directory)
        reason = (
            f"not converged after {self.task.max_steps} steps: largest force {force:.4f} eV/Å "
            f"(limit {self.task.max_force})"
        )
        if self.task.relax_cell:
            reason += f", stress {stress:.3f} GPa (limit {self.task.max_stress_GPa})"
        return _Stage(State.UNCONVERGED, reason, energy, force, tensor)

    def _save_counters(self) -> None:
        evaluations, evaluation_time, wall_time = self.base
        self.checkpoint.evaluations = evaluations + self.calculator.count
        self.checkpoint.evaluation_time_s = evaluation_time + self.calculator.seconds
        self.checkpoint.wall_time_s = wall_time + time.perf_counter() - self.clock

    @staticmethod
    def _set(atoms: Atoms, cell: list[list[float]], positions: list[list[float]]) -> None:
        atoms.set_cell(np.array(cell))
        atoms.set_positions(np.array(positions), apply_constraint=False)


def _numbers(atoms: Atoms) -> tuple[float, float, NDArray[np.float64]]:
    """Return energy (eV), largest true force (eV/Å) and true stress (Voigt xx yy zz yz xz xy, GPa)."""
    from ase.units import GPa

    forces = atoms.get_forces(apply_constraint=False)
    stress = atoms.get_stress(apply_constraint=False)
    energy = float(atoms.get_potential_energy())
    return energy, float(np.linalg.norm(forces, axis=1).max()), np.asarray(stress, dtype=float) / GPa


def _convergence(stage: _Stage, task: RelaxTask) -> list[Check]:
    """Write down what was reached beside what was asked for."""
    limit = task.max_stress_GPa if task.relax_cell else None
    return convergence_checks(
        stage.max_force, stage.judged_stress(task), force_limit=task.max_force, stress_limit_GPa=limit
    )


def judged_stress(stress_GPa: NDArray[np.float64], task: RelaxTask) -> float:
    """Return the largest component of a stress (Voigt, GPa) that a task relaxes: of a height that along z alone."""
    return float(np.abs(stress_GPa[2] if task.relax_cell == HEIGHT else stress_GPa).max())


def _saddle_check(symmetric: _Stage, free: _Stage, n_atoms: int, task: RelaxTask) -> Check:
    """Say whether the free relaxation found something lower."""
    gain = (symmetric.energy - free.energy) / n_atoms * 1e3
    return saddle_check(gain if free.state is State.CONVERGED else None, free.reason, task)
