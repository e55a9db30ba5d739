"""What all engines that compute through an ASE calculator share."""

from __future__ import annotations

import datetime as dt
import socket
import time
from typing import TYPE_CHECKING

from lianode.structures.errors import InputError
from lianode.workflows.calculation import Calculation, State, cell_fields
from lianode.workflows.engines.dynamics import run_dynamics
from lianode.workflows.engines.evaluation import CountedCalculator
from lianode.workflows.engines.relaxation import relax

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator
    from pymatgen.core import Structure

    from lianode.analysis.method import MethodKey
    from lianode.workflows.engine import Capability, RunContext
    from lianode.workflows.engines.band.state import Evaluator
    from lianode.workflows.engines.relaxation import Relaxation
    from lianode.workflows.task import ElectronicTask, MDTask, NebTask, RelaxTask, StaticTask, Task


class AseEngine:
    """Base of the engines that bring an ASE calculator; subclasses say which, and what it stands for."""

    name: str
    settings: dict[str, object]
    capabilities: frozenset[Capability]
    costly = False

    def calculator(self) -> Calculator:
        """Return the calculator, loaded once per process."""
        raise NotImplementedError

    def method(self) -> MethodKey:
        """Return the method of the energies."""
        raise NotImplementedError

    def version(self) -> str:
        """Return the program's version."""
        raise NotImplementedError

    def static(self, key: str, task: StaticTask, structure: Structure, context: RunContext) -> Calculation:
        """Compute energy (eV), forces (eV/Å) and stress (GPa)."""
        import numpy as np
        from ase.units import GPa
        from pymatgen.io.ase import AseAtomsAdaptor

        calculator = CountedCalculator(self.calculator())  # loaded before the clock starts
        started = _now()
        clock = time.perf_counter()
        atoms = AseAtomsAdaptor.get_atoms(structure, msonable=False)
        atoms.calc = calculator
        forces = atoms.get_forces()
        stress = atoms.get_stress() / GPa
        energy = float(atoms.get_potential_energy())
        finite = np.isfinite(energy) and np.isfinite(forces).all() and np.isfinite(stress).all()
        return Calculation(
            **_identity(self, key, task, structure, context),
            state=State.CONVERGED if finite else State.FAILED,
            reason=None if finite else "the engine returned numbers that are not finite",
            energy=energy if finite else None,
            structure=structure.as_dict(),
            volume=float(structure.volume),
            max_force=float(np.linalg.norm(forces, axis=1).max()) if finite else None,
            max_stress_GPa=float(abs(stress).max()) if finite else None,
            forces=forces.tolist() if finite else None,
            stress_GPa=stress.tolist() if finite else None,
            evaluations=calculator.count,
            started=started,
            wall_time_s=time.perf_counter() - clock,
            evaluation_time_s=calculator.seconds,
        )

    def relax(self, key: str, task: RelaxTask, structure: Structure, context: RunContext) -> Calculation:
        """Relax by :func:`lianode.workflows.engines.relaxation.relax`."""
        from pymatgen.io.ase import AseAtomsAdaptor

        started = _now()
        atoms = AseAtomsAdaptor.get_atoms(structure, msonable=False)
        result = relax(atoms, CountedCalculator(self.calculator()), task, context)
        return Calculation(
            **_identity(self, key, task, structure, context), started=started, **_relaxed(result, structure)
        )

    def md(self, key: str, task: MDTask, structure: Structure, context: RunContext) -> Calculation:
        """Move the atoms by :func:`lianode.workflows.engines.dynamics.run_dynamics`."""
        from pymatgen.core import Structure as PymatgenStructure
        from pymatgen.io.ase import AseAtomsAdaptor

        started = _now()
        atoms = AseAtomsAdaptor.get_atoms(structure, msonable=False)
        result = run_dynamics(atoms, CountedCalculator(self.calculator()), task, context)
        fields = {**vars(result)}
        last = PymatgenStructure(
            fields.pop("cell"), structure.species, fields.pop("positions"), coords_are_cartesian=True
        )
        return Calculation(
            **_identity(self, key, task, structure, context),
            started=started,
            structure=last.as_dict() if result.energy is not None else None,
            volume=float(last.volume),
            **fields,
        )

    def electronic(
        self,
        key: str,  # noqa: ARG002 - the Protocol's arguments
        task: ElectronicTask,  # noqa: ARG002
        structure: Structure,  # noqa: ARG002
        context: RunContext,  # noqa: ARG002
    ) -> Calculation:
        """Raise ``InputError``: a potential has no electrons."""
        raise InputError(f"{self.name} is a potential and has no electrons", "engine")

    def band_evaluator(self, structure: Structure) -> Evaluator:
        """Return what computes the images of a band of this cell."""
        from lianode.workflows.engines.band.evaluator import SerialEvaluator

        return SerialEvaluator(structure, CountedCalculator(self.calculator()))

    def neb(self, key: str, task: NebTask, initial: Structure, final: Structure, context: RunContext) -> Calculation:
        """Relax a band by :func:`lianode.workflows.engines.band.document.relax_band`."""
        from lianode.workflows.engines.band.document import relax_band

        started = _now()
        fields = relax_band(self.band_evaluator(initial), task, initial, final, context)
        return Calculation(**_identity(self, key, task, initial, context), started=started, **fields)


def _relaxed(result: Relaxation, structure: Structure) -> dict[str, object]:
    """Return the fields of a relaxation's document."""
    from pymatgen.core import Structure as PymatgenStructure

    relaxed = PymatgenStructure(result.cell, structure.species, result.positions, coords_are_cartesian=True)
    return {
        "state": result.state,
        "reason": result.reason,
        "energy": result.energy,
        "structure": relaxed.as_dict(),
        "volume": float(relaxed.volume),
        "max_force": result.max_force,
        "max_stress_GPa": result.max_stress_GPa,
        "stress_GPa": result.stress_GPa,
        "space_group_before": result.space_group_before,
        "space_group_after": result.space_group_after,
        "steps": result.steps,
        "evaluations": result.evaluations,
        "checks": result.checks,
        "wall_time_s": result.wall_time_s,
        "evaluation_time_s": result.evaluation_time_s,
        "continued": result.continued,
    }


def _identity(engine: AseEngine, key: str, task: Task, structure: Structure, context: RunContext) -> dict[str, object]:
    """Return the fields that say what was computed, with what and where."""
    return {
        "key": key,
        "engine": engine.name,
        "settings": engine.settings,
        "task": task,
        "method": engine.method(),
        "label": context.label,
        **cell_fields(structure),
        "program_version": engine.version(),
        "host": socket.gethostname(),
        "directory": str(context.directory),
    }


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
