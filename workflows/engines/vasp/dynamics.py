"""Molecular dynamics with VASP in attempts, each going on where the last one ended.

An attempt ends at its last step, at the wall time, or because something killed it. The next one begins with its
CONTCAR byte for byte, which holds velocities and the thermostat; without one, from the last two frames (see
:func:`lianode.workflows.engines.vasp.md_outputs.find_join`). Nothing is mended on the way: custodian's cures start VASP
again in the same folder, over the trajectory that is there. The trajectory is what the XDATCARs hold, each from its
first frame to the step at which the next attempt began.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise
from typing import TYPE_CHECKING

import numpy as np

from lianode.analysis.checks import Check
from lianode.structures.errors import InputError
from lianode.workflows.calculation import State
from lianode.workflows.engines.md_files import file_reference
from lianode.workflows.engines.md_statistics import Statistics, has_exploded, is_measured, md_checks
from lianode.workflows.engines.motion.nose_hoover import thermostat_time
from lianode.workflows.engines.motion.state import maxwell_momenta
from lianode.workflows.engines.vasp.attempts import Attempt, attempts, new_folder, write_record
from lianode.workflows.engines.vasp.failures import explain, read_tail
from lianode.workflows.engines.vasp.incar import Dynamics
from lianode.workflows.engines.vasp.inputs import input_set
from lianode.workflows.engines.vasp.md_outputs import (
    Join,
    MdStart,
    MdStep,
    find_join,
    frames,
    md_steps,
    poscar_text,
    read_program,
    read_start,
)
from lianode.workflows.engines.vasp.outputs import FINISHED
from lianode.workflows.engines.vasp.program_checks import settings_check
from lianode.workflows.engines.vasp.relaxation import MOST_CRASHES, refuse_without_potcars
from lianode.workflows.engines.vasp.run import run_vasp
from lianode.workflows.engines.vasp.settings import WHERE

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from pymatgen.core import Structure

    from lianode.workflows.engine import RunContext
    from lianode.workflows.engines.vasp.commands import VaspCommands
    from lianode.workflows.engines.vasp.inputs import Inputs
    from lianode.workflows.engines.vasp.settings import VaspSettings
    from lianode.workflows.task import MDTask

STAGE = "attempt"
UNCONVERGED_SHARE = 0.01
"""Share of the steps whose electrons may miss convergence before a trajectory is flagged."""


def dynamics_of(settings: VaspSettings, task: MDTask) -> Dynamics:
    """Return what VASP is asked for.

    Raises
    ------
    InputError
        For another variant than ``aimd``, and for what VASP is not asked for here: other ensembles than constant energy
        and Nosé-Hoover, a time constant of the thermostat, a temperature that changes.
    """
    if settings.variant != "aimd":
        raise InputError(
            "molecular dynamics belongs to the variant aimd; write "
            f"{{name: vasp, preset: {settings.preset}, variant: aimd}}",
            WHERE,
        )
    if task.ensemble not in {"nve", "nvt-nose-hoover"}:
        raise InputError(
            f"VASP runs nve and nvt-nose-hoover here, not {task.ensemble}; take one of these, or a potential for "
            f"{task.ensemble}",
            WHERE,
        )
    if task.final_temperature is not None:
        raise InputError(
            "VASP's thermostat takes its mass from the first temperature of each attempt, so that a ramp would not "
            "outlive a stop; leave final_temperature out, and run one temperature after the other",
            WHERE,
        )
    if task.thermostat_time_fs is not None:
        raise InputError(
            "VASP's thermostat has the period of 40 time steps here (SMASS = 0); leave thermostat_time_fs out", WHERE
        )
    return Dynamics(
        task.temperature, task.time_step_fs, task.steps, thermostat="none" if task.ensemble == "nve" else "nose"
    )


@dataclass
class _Guard:
    """Asks a running attempt to stop: when the context does, when the motion ran away, or when VASP is silent.

    Attributes
    ----------
    reason
        Why, where it was not the context.
    """

    context: RunContext
    folder: Path
    temperature: float
    silence_s: float
    begun: float = field(default_factory=time.time)
    reason: str | None = None

    def __call__(self) -> bool:
        """Whether to stop."""
        if self.context.stop():
            return True
        for step in md_steps(self.folder):
            self.reason = self.reason or has_exploded(step.temperature, self.temperature)
        written = [path.stat().st_mtime for name in ("OSZICAR", "OUTCAR") if (path := self.folder / name).exists()]
        if time.time() - max([self.begun, *written]) > self.silence_s:
            self.reason = self.reason or f"VASP wrote nothing for {self.silence_s / 3600:.1f} h"
        return self.reason is not None


@dataclass(frozen=True)
class MdDriver:
    """Makes attempts until all steps are done.

    Attributes
    ----------
    settings, commands, context
        How, with which program, where and until when.
    """

    settings: VaspSettings
    commands: VaspCommands
    context: RunContext

    def drive(self, task: MDTask, structure: Structure) -> dict[str, Any]:
        """Do the task, or continue it from what earlier processes left; returns fields of the document."""
        inputs = input_set(self.settings, dynamics_of(self.settings, task), structure)
        refuse_without_potcars(self.settings, self.commands)
        fruitless = 0
        own: list[Attempt] = []
        while True:
            join = self._join(inputs, task)
            done = self._steps_before() + join.steps
            wrong = self._wrong(task)
            if wrong is not None:
                return self._fields(State.FAILED, wrong, done)
            if done >= task.steps:
                return self._fields(State.CONVERGED, None, done) | self._result(task, structure, inputs)
            if own:
                fruitless = fruitless + 1 if own[-1].ended == "broken" and join.steps == 0 else 0
            if fruitless >= MOST_CRASHES:
                return self._fields(State.FAILED, own[-1].reason, done)
            if self.context.must_stop() or (own and own[-1].ended == "stopped"):
                reason = (own[-1].reason if own else None) or "stopped"
                return self._fields(State.INTERRUPTED, f"{reason}; the next run continues it", done)
            own.append(self._attempt(inputs, task, join, done))

    def _begun(self) -> list[tuple[Path, MdStart]]:
        """Return the folders in which VASP was started."""
        directory = self.context.directory
        folders = (directory / attempt.folder for attempt in attempts(directory, STAGE))
        return [(folder, start) for folder in folders if (start := read_start(folder)) is not None]

    def _steps_before(self) -> int:
        begun = self._begun()
        return begun[-1][1].steps_before if begun else 0

    def _join(self, inputs: Inputs, task: MDTask) -> Join:
        """Return where the trajectory goes on: after the last attempt, or at its own start."""
        begun = self._begun()
        if not begun:
            return Join(0, None, "drawn")
        folder, start = begun[-1]
        join = find_join(folder, inputs.poscar.structure, task.time_step_fs)
        if join.poscar is not None:
            return join
        return Join(0, (folder / "POSCAR").read_bytes(), start.motion)

    def _wrong(self, task: MDTask) -> str | None:
        """Say why the last attempt's outputs cannot be used at all."""
        begun = self._begun()
        if not begun:
            return None
        version = read_program(begun[-1][0])[0]
        if version and ("rehearsal" in version) != self.settings.rehearsal:
            ran, meant = ("VASP", "a rehearsal") if self.settings.rehearsal else ("a rehearsal", "VASP")
            return f"the outputs are of {ran}, but {meant} was meant to run"
        for number, step in enumerate(md_steps(begun[-1][0]), start=begun[-1][1].steps_before + 1):
            exploded = has_exploded(step.temperature, task.temperature)
            if exploded is not None:
                return f"step {number}: {exploded}"
        return None

    def _attempt(self, inputs: Inputs, task: MDTask, join: Join, done: int) -> Attempt:
        """Run VASP once."""
        from lianode.workflows.engines.vasp.custody import only_watched

        folder = new_folder(self.context.directory, STAGE)
        inputs.incar["NSW"] = task.steps - done
        inputs.incar.update(self.commands.tags)
        poscar = join.poscar or _first_poscar(inputs, task)
        inputs.write(folder, self.commands.potcar_folder, poscar=poscar)
        MdStart(done, join.motion).write(folder)
        clock = time.perf_counter()
        guard = _Guard(self.context, folder, task.temperature, self.commands.silence_s)
        end = run_vasp(
            folder,
            replace(self.context, stop=guard),
            self.commands,
            gamma_only=inputs.mesh == (1, 1, 1),
            steps_before=done,
            handlers=only_watched,
        )
        steps = sum(1 for _ in md_steps(folder))
        finished = FINISHED in read_tail(folder / "OUTCAR") and steps >= task.steps - done
        ended = "broken" if guard.reason else "stopped" if end.stopped else "finished" if finished else "broken"
        reason = guard.reason or end.stopped or (None if finished else explain(folder) or end.error or "VASP was ended")
        attempt = Attempt(
            folder=folder.name, ended=ended, reason=reason, steps=steps, wall_time_s=time.perf_counter() - clock
        )
        write_record(folder, attempt)
        return attempt

    def _fields(self, state: State, reason: str | None, done: int) -> dict[str, Any]:
        """Return what there is to say however it ended."""
        history = attempts(self.context.directory, STAGE)
        begun = self._begun()
        wall = sum(attempt.wall_time_s for attempt in history)
        fields: dict[str, Any] = {
            "state": state,
            "reason": reason,
            "steps": done,
            "evaluations": sum(attempt.steps for attempt in history),
            "wall_time_s": wall,
            "evaluation_time_s": wall,
            "continued": max(0, len(begun) - 1),
        }
        version = next((found for folder, _ in reversed(begun) if (found := read_program(folder)[0])), "")
        return fields | ({"program_version": f"VASP {version}"} if version else {})

    def _result(self, task: MDTask, structure: Structure, inputs: Inputs) -> dict[str, Any]:
        """Return energy and structure of the last step, what was measured on the way, and its checks."""
        from pymatgen.core import Structure as PymatgenStructure

        parts = _parts(self._begun(), task.steps)
        measured, last, missed = _measure(parts, task, len(structure))
        folder, first, end = parts[-1]
        frame = next(islice(frames(folder, len(structure)), end - first, None))
        ordered = np.empty_like(frame)
        ordered[list(inputs.order)] = frame
        final = PymatgenStructure(structure.lattice, structure.species, ordered)
        motions = [start.motion for _, start in self._begun()]
        checks = md_checks(
            measured,
            n_atoms=len(structure),
            time_step_fs=task.time_step_fs,
            target=None if task.ensemble == "nve" else task.temperature,
            thermostat_time_fs=thermostat_time(task.time_step_fs, None),
        )
        directory = self.context.directory
        return {
            "energy": last.energy,
            "structure": final.as_dict(),
            "volume": float(final.volume),
            "mean_temperature": measured.mean_temperature,
            "checks": [
                *checks,
                _scf_check(missed, task.steps),
                settings_check(inputs.incar, read_program(folder)[1]),
                _motion_check(motions),
            ],
            "files": {
                f"steps {first}-{end}": file_reference(folder / "XDATCAR", directory) for folder, first, end in parts
            },
        }


def _first_poscar(inputs: Inputs, task: MDTask) -> bytes:
    """Return the POSCAR of the first attempt, with the velocities of the task's seed."""
    from ase.data import atomic_masses
    from ase.units import fs

    cell = inputs.poscar.structure
    order = np.argsort(inputs.order)  # the seed belongs to the atoms, not to their order in the POSCAR
    masses = np.array([atomic_masses[site.specie.Z] for site in cell])
    momenta = maxwell_momenta(masses[order], task.temperature, task.seed)[np.argsort(order)]
    return poscar_text(cell, cell.frac_coords, momenta / masses[:, None] * fs)


def _parts(begun: list[tuple[Path, MdStart]], steps: int) -> list[tuple[Path, int, int]]:
    """Return folder, first and last step of each attempt that did any that count."""
    ends = [later.steps_before for _, (_, later) in pairwise(begun)] + [steps]
    parts = [(folder, start.steps_before + 1, end) for (folder, start), end in zip(begun, ends, strict=True)]
    return [(folder, first, end) for folder, first, end in parts if end >= first]


def _measure(parts: list[tuple[Path, int, int]], task: MDTask, n_atoms: int) -> tuple[Statistics, MdStep, int]:
    """Return the sums over the second half, the last step, and how many steps missed electronic convergence."""
    measured, missed = Statistics(), 0
    last = MdStep(np.nan, np.nan, np.nan, 0)
    for folder, first, end in parts:
        limit = _cycle_limit(folder)
        measured.new_segment()
        for number, step in enumerate(islice(md_steps(folder), end - first + 1), start=first):
            last = step
            missed += step.cycles >= limit
            if is_measured(number, task.steps):
                time_ps = number * task.time_step_fs * 1e-3
                measured.add(time_ps, step.temperature, step.conserved / n_atoms * 1e3)
    return measured, last, missed


def _cycle_limit(folder: Path) -> int:
    found = read_program(folder)[1].get("NELM", 60)
    return found if isinstance(found, int) else 60


def _scf_check(missed: int, steps: int) -> Check:
    message = f"{missed} of {steps} steps ended without electronic convergence (limit {UNCONVERGED_SHARE:.0%})"
    return Check(name="scf_converged", passed=missed <= UNCONVERGED_SHARE * steps, message=message)


def _motion_check(motions: list[str]) -> Check:
    """Say whether velocities and thermostat went on at every join."""
    joins, rebuilt = max(0, len(motions) - 1), motions.count("rebuilt")
    if rebuilt:
        message = (
            f"at {rebuilt} of {joins} joins VASP had left no CONTCAR: velocities were rebuilt from the last two frames "
            "and the thermostat began anew"
        )
    else:
        message = f"{joins} joins, each from a CONTCAR with velocities and thermostat" if joins else "done in one piece"
    return Check(name="motion_continuous", passed=rebuilt == 0, message=message)
