"""Relaxation with VASP until it holds with a fresh basis.

VASP keeps the plane waves of the cell it started from. When the cell changes, the basis belongs to another cut-off,
and energy and stress at the end are not those of the final cell. So a relaxation of the cell is begun again from its
CONTCAR, with a new basis, until the *first* ionic step of an attempt already is within the limits of force and
stress. What remains is the Pulay stress of the cut-off itself, which only a larger cut-off removes. Where VASP is
content at once although a limit is not met (it has no limit on the stress of its own), the next attempt asks for
smaller forces.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lianode.structures.errors import InputError
from lianode.workflows.calculation import State
from lianode.workflows.engines.vasp.attempts import Attempt, attempts, last_positions, new_folder, write_record
from lianode.workflows.engines.vasp.incar import force_limit
from lianode.workflows.engines.vasp.inputs import input_set
from lianode.workflows.engines.vasp.outputs import read_outcome
from lianode.workflows.engines.vasp.run import run_vasp
from lianode.workflows.engines.vasp.settings import WHERE
from lianode.workflows.task import RelaxTask

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from lianode.workflows.engine import RunContext
    from lianode.workflows.engines.vasp.commands import VaspCommands
    from lianode.workflows.engines.vasp.inputs import Inputs
    from lianode.workflows.engines.vasp.outputs import IonicStep, Outcome
    from lianode.workflows.engines.vasp.settings import VaspSettings
    from lianode.workflows.task import ElectronicTask, StaticTask

MOST_RESTARTS = 8
"""Fresh bases tried before a relaxation counts as unconverged; two or three are usual."""
MOST_CRASHES = 2
"""Attempts in a row that die by themselves without headway."""
MOST_BROKEN = 6
"""Attempts in a row that die by themselves, with whatever headway: on a full disk each of them may take some steps."""
TIGHTEN = 0.25
"""Factor on the force limit of the next attempt where VASP was content too early."""


@dataclass(frozen=True)
class Driven:
    """How a chain of attempts ended.

    Attributes
    ----------
    state, reason
        As in a calculation.
    outcome
        Of the last attempt that finished, or of the last one.
    history
        All attempts.
    inputs
        Of the last attempt.
    """

    state: State
    reason: str | None
    outcome: Outcome | None
    history: tuple[Attempt, ...]
    inputs: Inputs

    @property
    def steps(self) -> int:
        """Ionic steps of all attempts."""
        return sum(attempt.steps for attempt in self.history)


@dataclass(frozen=True)
class _Verdict:
    """What is to be done after the attempts so far; ``state`` None means to go on."""

    state: State | None
    reason: str | None = None
    tighten: bool = False


@dataclass(frozen=True)
class Driver:
    """Makes attempts until a task is done.

    Attributes
    ----------
    settings, commands, context
        How, with which program, where and until when.
    stage
        Prefix of the folders.
    """

    settings: VaspSettings
    commands: VaspCommands
    context: RunContext
    stage: str = "attempt"

    def drive(self, task: StaticTask | RelaxTask | ElectronicTask, structure: Structure) -> Driven:
        """Do the task, or continue it from what earlier processes left.

        What earlier processes found counts only where it is the end: their limits of steps and crashes are not ours.
        """
        directory = self.context.directory
        history = attempts(directory, self.stage)
        earlier = len(history)
        inputs = input_set(self.settings, task, structure)
        limit = force_limit(self.settings, task) if isinstance(task, RelaxTask) else None
        if history and history[-1].ediffg is not None:
            limit = history[-1].ediffg
        while True:
            outcome = read_outcome(directory / history[-1].folder) if history else None
            verdict = self._judge(task, history[earlier:], outcome)
            state, reason = verdict.state, verdict.reason
            if state is None or (state is not State.CONVERGED and len(history) == earlier):
                state = None
                if self.context.must_stop() or (len(history) > earlier and history[-1].ended == "stopped"):
                    state, reason = State.INTERRUPTED, f"{_why(history[earlier:])}; the next run continues it"
            if state is not None:
                return Driven(state, reason, outcome, tuple(history), inputs)
            if verdict.tighten and limit is not None:
                limit *= TIGHTEN
            inputs = self._inputs(task, structure, history[earlier:], limit)
            history.append(self._attempt(inputs, history, limit))

    def _inputs(
        self,
        task: StaticTask | RelaxTask | ElectronicTask,
        structure: Structure,
        own: list[Attempt],
        limit: float | None,
    ) -> Inputs:
        """Return the inputs of the next attempt: fewer steps left, perhaps a smaller force limit."""
        inputs = input_set(self.settings, task, structure)
        if isinstance(task, RelaxTask) and limit is not None:
            inputs.incar["NSW"] = max(1, task.max_steps - sum(attempt.steps for attempt in own))
            inputs.incar["EDIFFG"] = -limit
        inputs.incar.update(self.commands.tags)
        refuse_without_potcars(self.settings, self.commands)
        return inputs

    def _attempt(self, inputs: Inputs, history: list[Attempt], limit: float | None) -> Attempt:
        """Run VASP once."""
        directory = self.context.directory
        start = last_positions(directory, history, inputs.poscar.structure)
        folder = new_folder(directory, self.stage)
        inputs.write(folder, self.commands.potcar_folder, poscar=start)
        clock = time.perf_counter()
        end = run_vasp(
            folder,
            self.context,
            self.commands,
            gamma_only=inputs.mesh == (1, 1, 1),
            steps_before=sum(attempt.steps for attempt in history),
        )
        outcome = read_outcome(folder)
        whole = outcome.finished and outcome.problem is None
        ended = "stopped" if end.stopped else "finished" if whole else "broken"
        attempt = Attempt(
            folder=folder.name,
            ended=ended,
            reason=end.stopped or (None if whole else outcome.problem or end.error),
            steps=outcome.steps,
            wall_time_s=time.perf_counter() - clock,
            ediffg=limit,
            corrections=end.corrections,
        )
        write_record(folder, attempt)
        return attempt

    def _judge(
        self, task: StaticTask | RelaxTask | ElectronicTask, own: list[Attempt], outcome: Outcome | None
    ) -> _Verdict:
        """Say what the attempts so far amount to; limits count the attempts of this process only."""
        if outcome is None:
            return _Verdict(None)
        if outcome.finished and outcome.is_rehearsal != self.settings.rehearsal:
            ran, meant = ("a rehearsal", "VASP") if outcome.is_rehearsal else ("VASP", "a rehearsal")
            return _Verdict(State.FAILED, f"the outputs are of {ran}, but {meant} was meant to run")
        first, last = outcome.first, outcome.last
        if outcome.problem is not None or first is None or last is None:
            spent = isinstance(task, RelaxTask) and sum(attempt.steps for attempt in own) >= task.max_steps
            given_up = _crashes(task, own) or spent or outcome.finished
            return _Verdict(State.FAILED if given_up else None, outcome.problem or "VASP left no forces")
        if not outcome.scf_converged:
            stopped = bool(own) and own[-1].ended == "stopped"
            return _Verdict(None if stopped else State.FAILED, _scf_reason(own))
        if isinstance(task, RelaxTask):
            return self._judge_relaxed(task, own, first, last, accurate=outcome.accurate)
        return _Verdict(State.CONVERGED)

    def _judge_relaxed(
        self, task: RelaxTask, own: list[Attempt], first: IonicStep, last: IonicStep, *, accurate: bool
    ) -> _Verdict:
        """Say whether a relaxation holds."""
        limit = force_limit(self.settings, task)
        stress = task.max_stress_GPa if task.relax_cell else float("inf")
        begun = first.max_force <= limit and first.max_stress_GPa <= stress
        ended = last.max_force <= limit and last.max_stress_GPa <= stress
        if ended and accurate and (begun or not task.relax_cell):
            return _Verdict(State.CONVERGED)
        numbers = f"largest force {last.max_force:.4f} eV/Å (limit {limit}), stress {last.max_stress_GPa:.3f} GPa"
        if task.relax_cell:
            numbers += f" (limit {task.max_stress_GPa})"
        steps = sum(attempt.steps for attempt in own)
        if steps >= task.max_steps:
            return _Verdict(State.UNCONVERGED, f"not converged after {steps} steps: {numbers}")
        full = sum(attempt.ended == "finished" for attempt in own)
        if full > MOST_RESTARTS:
            return _Verdict(State.UNCONVERGED, f"not converged after {full} fresh bases: {numbers}")
        return _Verdict(None, tighten=accurate and not ended)


def _crashes(task: StaticTask | RelaxTask | ElectronicTask, own: list[Attempt]) -> bool:
    """Whether the last attempts died so often that the next would too.

    The first ionic step is the start itself: with it alone, or in a static, an attempt made no headway.
    """
    relaxes = isinstance(task, RelaxTask)
    broken = list(itertools.takewhile(lambda attempt: attempt.ended == "broken", reversed(own)))
    stuck = list(itertools.takewhile(lambda attempt: attempt.steps <= 1 or not relaxes, broken))
    return len(stuck) >= MOST_CRASHES or len(broken) >= MOST_BROKEN


def refuse_without_potcars(settings: VaspSettings, commands: VaspCommands) -> None:
    """Raise ``InputError`` where VASP is meant to run and nobody has said where the PAW sets are."""
    if commands.potcar_folder is None and not settings.rehearsal:
        raise InputError(
            "it is not known where the POTCARs are; set LIANODE_POTCAR_FOLDER to the folder of the PAW sets", WHERE
        )


def _why(own: list[Attempt]) -> str:
    return (own[-1].reason if own else None) or "stopped"


def _scf_reason(own: list[Attempt]) -> str:
    mended = ", ".join(dict.fromkeys(own[-1].corrections)) if own else ""
    return "SCF not converged" + (f" (custodian tried to mend: {mended})" if mended else "")
