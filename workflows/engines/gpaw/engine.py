"""GPAW as an engine: real PBE-PAW energies, forces and stress for our own relaxations, bands and dynamics."""

from __future__ import annotations

import datetime as dt
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lianode.analysis.method import MethodKey
from lianode.structures.errors import InputError
from lianode.workflows.calculation import Calculation, State, cell_fields
from lianode.workflows.engine import Capability
from lianode.workflows.engines.ase_engine import AseEngine
from lianode.workflows.engines.gpaw.cost import typical_seconds
from lianode.workflows.engines.gpaw.inputs import is_open, parameters
from lianode.workflows.engines.gpaw.installation import command, installation
from lianode.workflows.engines.gpaw.process import GpawError, GpawProcess, GpawStoppedError
from lianode.workflows.engines.gpaw.settings import FUNCTIONALS, NAME, WHERE, resolve
from lianode.workflows.task import ElectronicTask, MDTask, RelaxTask, StaticTask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pymatgen.core import Structure

    from lianode.workflows.engine import RunContext
    from lianode.workflows.engines.gpaw.calculator import GpawCalculator
    from lianode.workflows.task import NebTask, Task


class GpawEngine(AseEngine):
    """GPAW with plane waves and the settings of a preset.

    Energies are extrapolated to zero smearing, as VASP's are here; forces and stress belong to the free energy. One
    process of GPAW does a whole task and keeps its wave functions while only atoms move. Its mesh of k-points is that
    of the cell the task began with.

    Parameters
    ----------
    spec
        Plain keys as :func:`lianode.workflows.engines.gpaw.settings.resolve` takes them.

    Raises
    ------
    InputError
        For settings that cannot be used.
    """

    capabilities = frozenset(
        {Capability.STRESS, Capability.MAGNETISM, Capability.CONSTANT_PRESSURE, Capability.ELECTRONIC_STRUCTURE}
    )
    costly = True

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self.resolved = resolve(spec)
        self.settings: dict[str, object] = self.resolved.spec()
        self.name = _name(self.resolved.preset, self.resolved.variant, self.resolved.deviations())
        self._calculator: GpawCalculator | None = None

    def method(self) -> MethodKey:
        """Return program, functional, PAW sets with their checksum, cut-off and k-point density.

        The PAW sets are named as a whole, so that the energies of Li and LiIn have one method.
        """
        made, installed = self.resolved, installation()
        return MethodKey(
            program=NAME,
            functional=FUNCTIONALS[made.functional],
            potentials={"set": f"{installed.sets}/{FUNCTIONALS[made.functional]}", "sha256": installed.checksum},
            cutoff_eV=made.encut,
            k_density=made.k_density,
        )

    def version(self) -> str:
        """Return GPAW's version."""
        return f"GPAW {installation().version}"

    def check(self, structure: Structure) -> None:
        """Refuse disordered crystals, elements without a PAW set, a slab without vacuum, and a missing GPAW."""
        where = structure.composition.reduced_formula
        if not structure.is_ordered:
            raise InputError("sites are partly or mixedly occupied; order the structure first", where)
        unknown = sorted({site.specie.symbol for site in structure} - installation().elements)
        if unknown:
            raise InputError(f"{installation().sets} has no PBE set of {', '.join(unknown)}", where)
        is_open(self.resolved, structure)

    def seconds_per_evaluation(self, n_atoms: int) -> float:
        """Estimate the time of one evaluation on one core."""
        return typical_seconds(self.resolved, n_atoms)

    def calculator(self) -> GpawCalculator:
        """Return what asks the process of the running task."""
        if self._calculator is None:
            raise RuntimeError("GPAW runs within a task only")
        return self._calculator

    def static(self, key: str, task: StaticTask, structure: Structure, context: RunContext) -> Calculation:
        """Compute energy (eV), forces (eV/Å) and stress (GPa)."""
        return self._with_gpaw(
            key, task, structure, context, lambda: AseEngine.static(self, key, task, structure, context)
        )

    def relax(self, key: str, task: RelaxTask, structure: Structure, context: RunContext) -> Calculation:
        """Relax; continue from the checkpoint."""
        if task.relax_cell and is_open(self.resolved, structure):
            raise InputError("the cell of a slab must not relax, or its vacuum closes; use relax_cell: false", WHERE)
        return self._with_gpaw(
            key, task, structure, context, lambda: AseEngine.relax(self, key, task, structure, context)
        )

    def md(self, key: str, task: MDTask, structure: Structure, context: RunContext) -> Calculation:
        """Move the atoms; continue from the checkpoint."""
        return self._with_gpaw(key, task, structure, context, lambda: AseEngine.md(self, key, task, structure, context))

    def electronic(self, key: str, task: ElectronicTask, structure: Structure, context: RunContext) -> Calculation:
        """Compute levels, and with them energy (eV), forces (eV/Å) and stress (GPa) on the denser mesh."""
        from lianode.workflows.engines.gpaw.electronic import electronic_fields, refuse_hybrid

        refuse_hybrid(task)

        def compute() -> Calculation:
            done = AseEngine.static(self, key, StaticTask(), structure, context)
            if done.state is not State.CONVERGED:
                return done.model_copy(update={"task": task})
            fields = electronic_fields(self.calculator(), task, structure, context.directory)
            return done.model_copy(update={"task": task, **fields})

        return self._with_gpaw(key, task, structure, context, compute)

    def neb(self, key: str, task: NebTask, initial: Structure, final: Structure, context: RunContext) -> Calculation:
        """Relax a band, image after image; continue from the checkpoint."""
        return self._with_gpaw(
            key, task, initial, context, lambda: AseEngine.neb(self, key, task, initial, final, context)
        )

    def _with_gpaw(
        self,
        key: str,
        task: Task,
        structure: Structure,
        context: RunContext,
        compute: Callable[[], Calculation],
    ) -> Calculation:
        """Compute while a process of GPAW runs; what it ends with becomes a document with a reason."""
        started = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        try:
            with self._process(task, structure, context):
                return compute()
        except GpawStoppedError as error:
            state, reason = State.INTERRUPTED, str(error)
        except GpawError as error:
            state, reason = State.FAILED, str(error)
        return Calculation(
            key=key,
            state=state,
            reason=reason,
            engine=self.name,
            settings=self.settings,
            task=task,
            method=self.method(),
            label=context.label,
            **cell_fields(structure),
            **_so_far(task, structure, context),
            program_version=self.version(),
            host=socket.gethostname(),
            directory=str(context.directory),
            started=started,
        )

    @contextmanager
    def _process(self, task: Task, structure: Structure, context: RunContext) -> Iterator[None]:
        """Run a process for one task."""
        from lianode.workflows.engines.gpaw.calculator import GpawCalculator
        from lianode.workflows.engines.gpaw.electronic import electronic_parameters

        told = (
            electronic_parameters(self.resolved, task, structure)
            if isinstance(task, ElectronicTask)
            else parameters(self.resolved, structure)
        )
        with GpawProcess(command(), context) as process:
            self._calculator = GpawCalculator(
                process,
                told,
                spin_polarised=self.resolved.ispin == 2,
                is_open=is_open(self.resolved, structure),
                fixed_cutoff=_needs_stress(task),
            )
            try:
                yield
            finally:
                self._calculator = None


def _needs_stress(task: Task) -> bool:
    """Whether a task ends by its stress, moves the cell by it, or has it compared with that of another one."""
    return isinstance(task, RelaxTask) or (isinstance(task, MDTask) and task.ensemble.startswith("npt"))


def _so_far(task: Task, structure: Structure, context: RunContext) -> dict[str, Any]:
    """Return the counters of the checkpoint that an ended process left behind."""
    from lianode.workflows.engines.checkpoint import Checkpoint
    from lianode.workflows.engines.md_files import MdCheckpoint

    found: Checkpoint | MdCheckpoint | None = None
    if isinstance(task, RelaxTask):
        found = Checkpoint.read(context.directory, len(structure))
    elif isinstance(task, MDTask):
        found = MdCheckpoint.read(context.directory, len(structure))
    if found is None:
        return {}
    return {
        "steps": found.state.step if isinstance(found, MdCheckpoint) else found.steps,
        "evaluations": found.evaluations,
        "wall_time_s": found.wall_time_s,
        "evaluation_time_s": found.evaluation_time_s,
        "continued": max(0, found.continued - 1),
    }


def _name(preset: str, variant: str, deviations: Mapping[str, object]) -> str:
    """Return ``gpaw-alloy``, ``gpaw-su2024-slab``, ``gpaw-alloy-encut600-ispin2``."""
    parts = [NAME, preset, *([variant] if variant != "bulk" else [])]
    for key, value in deviations.items():
        if isinstance(value, tuple):
            parts.append("x".join(str(part) for part in value))
        elif isinstance(value, str):
            parts.append(value)
        elif value is not None:
            parts.append(f"{key}{value:g}")
    return "-".join(parts)
