"""VASP as an engine."""

from __future__ import annotations

import datetime as dt
import socket
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.analysis.checks import Check
from lianode.analysis.method import MethodKey
from lianode.structures.errors import InputError
from lianode.workflows.calculation import Calculation, State, cell_fields
from lianode.workflows.engine import Capability
from lianode.workflows.engines import crystal_checks as crystal
from lianode.workflows.engines.vasp.program_checks import settings_check
from lianode.workflows.engines.vasp.settings import FUNCTIONALS, resolve
from lianode.workflows.engines.vasp.valence import SET_NAME, electrons

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymatgen.core import Structure

    from lianode.workflows.engine import RunContext
    from lianode.workflows.engines.vasp.relaxation import Driven
    from lianode.workflows.task import ElectronicTask, MDTask, NebTask, RelaxTask, StaticTask, Task

NAME = "vasp"
CAPABILITIES = frozenset(
    {Capability.STRESS, Capability.MAGNETISM, Capability.ELECTRONIC_STRUCTURE, Capability.FREE_ATOMS}
)


class VaspEngine:
    """VASP with the settings of a preset.

    Energies are extrapolated to zero smearing (``energy(sigma->0)``, ``E0``): with Methfessel-Paxton smearing they are
    the ones to compare. Forces and stress belong to the free energy; the difference is below the limits used here.

    Parameters
    ----------
    spec
        Plain keys as :func:`lianode.workflows.engines.vasp.settings.resolve` takes them.

    Raises
    ------
    InputError
        For settings that cannot be used.
    """

    capabilities = CAPABILITIES
    costly = True

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self.resolved = resolve(spec)
        self.settings: dict[str, object] = self.resolved.spec()
        self.name = _name(self.resolved.preset, self.resolved.variant, self.resolved.deviations())
        if self.resolved.rehearsal:
            self.name += "-rehearsal"

    def method(self) -> MethodKey:
        """Return program, functional, PAW sets, cut-off, k-point density and dispersion.

        The PAW sets are named as a whole, with the ones that differ: an element that is not in the system must not make
        two energies incomparable, and the energies of Li and LiIn have to have one method.
        """
        made = self.resolved
        name = made.preset if made.definition.materials_project else SET_NAME
        return MethodKey(
            program="vasp-rehearsal" if made.rehearsal else NAME,
            functional=FUNCTIONALS[made.functional][0],
            corrections=made.definition.corrections,
            potentials={"set": f"{made.potcar_functional}/{name}", **dict(sorted(made.potentials.items()))},
            cutoff_eV=made.encut,
            k_density=made.k_density,
            dispersion=made.dispersion,
        )

    def check(self, structure: Structure) -> None:
        """Refuse disordered crystals, elements without a PAW set, and a missing extra."""
        if find_spec("custodian") is None:
            raise InputError(
                "VASP is run through custodian, which is not installed; run: pip install 'lianode[vasp]'", "engine"
            )
        where = structure.composition.reduced_formula
        if not structure.is_ordered:
            raise InputError("sites are partly or mixedly occupied; order the structure first", where)
        try:
            electrons(structure, self.resolved.potential_of)
        except InputError as error:
            raise InputError(error.message, where) from error

    def seconds_per_evaluation(self, n_atoms: int) -> float:
        """Estimate the time of one ionic step on one core; :mod:`cost` knows better where the crystal is known."""
        from lianode.workflows.engines.vasp.cost import typical_seconds

        return typical_seconds(self.resolved, n_atoms)

    def static(self, key: str, task: StaticTask, structure: Structure, context: RunContext) -> Calculation:
        """Compute energy (eV), forces (eV/Å) and stress (GPa)."""
        started = _now()
        driven = self._drive(task, structure, context)
        fields = self._fields(driven, structure)
        last = driven.outcome.last if driven.outcome else None
        if driven.state is State.CONVERGED and last is not None:
            fields |= {
                "forces": _asked_order(last.forces, driven).tolist(),
                "checks": self._program_checks(driven),
            }
        return Calculation(**self._identity(key, task, structure, context, started), **fields)

    def relax(self, key: str, task: RelaxTask, structure: Structure, context: RunContext) -> Calculation:
        """Relax until it holds with a fresh basis, then see whether a displaced crystal finds something lower."""
        started = _now()
        driven = self._drive(task, structure, context)
        fields = self._fields(driven, structure)
        fields["space_group_before"] = _space_group(structure)
        if driven.state is State.CONVERGED:
            relaxed = _final_structure(driven, structure)
            fields["space_group_after"] = _space_group(relaxed)
            free = self._free(driven, task, relaxed, context) if task.rattle > 0 else None
            if free is not None:
                _add_counts(fields, free)
            if free is not None and free.state is State.INTERRUPTED:
                fields |= {"state": free.state, "reason": free.reason}
            else:
                fields["checks"] = self._relaxation_checks(driven, free, task, structure, relaxed)
        return Calculation(**self._identity(key, task, structure, context, started), **fields)

    def electronic(self, key: str, task: ElectronicTask, structure: Structure, context: RunContext) -> Calculation:
        """Compute levels, density of states and potential, with energy (eV), forces (eV/Å) and stress (GPa)."""
        from lianode.workflows.engines.vasp.electronic import HYBRID
        from lianode.workflows.engines.vasp.levels import electronic_fields

        started = _now()
        driven = self._drive(task, structure, context)
        fields = self._fields(driven, structure)
        if driven.state is State.CONVERGED:
            folder = context.directory / driven.history[-1].folder
            fields["checks"] = self._program_checks(driven)
            try:
                fields |= electronic_fields(folder, task, driven.inputs, context.directory)
            except InputError as error:
                fields |= {"state": State.FAILED, "reason": str(error)}
        identity = self._identity(key, task, structure, context, started)
        if task.hybrid:
            identity["method"] = self.method().model_copy(update={"functional": HYBRID})
        return Calculation(**identity, **fields)

    def md(self, key: str, task: MDTask, structure: Structure, context: RunContext) -> Calculation:
        """Move the atoms in as many attempts as it takes; ISIF, thermostat and accuracy are those of ``aimd``."""
        from lianode.workflows.engines.dynamics import needs_two_atoms
        from lianode.workflows.engines.vasp.commands import current_commands
        from lianode.workflows.engines.vasp.dynamics import MdDriver

        started = _now()
        needs_two_atoms(len(structure), structure.composition.reduced_formula)
        fields = MdDriver(self.resolved, current_commands(), context).drive(task, structure)
        return Calculation(**self._identity(key, task, structure, context, started), **fields)

    def neb(self, key: str, task: NebTask, initial: Structure, final: Structure, context: RunContext) -> Calculation:
        """Relax a band with VASP's energies and forces of each image; the highest one climbs, with any VASP."""
        from lianode.workflows.engines.band.document import relax_band
        from lianode.workflows.engines.vasp.bands import VaspImages
        from lianode.workflows.engines.vasp.commands import current_commands

        started = _now()
        images = VaspImages(self.resolved, current_commands(), context, initial)
        fields = relax_band(images, task, initial, final, context)
        identity = self._identity(key, task, initial, context, started)
        return Calculation(**identity, **fields, program_version=images.version)

    def _drive(
        self, task: StaticTask | RelaxTask | ElectronicTask, structure: Structure, context: RunContext
    ) -> Driven:
        from lianode.workflows.engines.vasp.commands import current_commands
        from lianode.workflows.engines.vasp.relaxation import Driver

        return Driver(self.resolved, current_commands(), context).drive(task, structure)

    def _free(self, driven: Driven, task: RelaxTask, relaxed: Structure, context: RunContext) -> Driven:
        """Relax the displaced crystal on the same mesh; VASP finds by itself that it has no symmetry."""
        from pymatgen.io.ase import AseAtomsAdaptor

        from lianode.workflows.engines.vasp.commands import current_commands
        from lianode.workflows.engines.vasp.relaxation import Driver

        atoms = AseAtomsAdaptor.get_atoms(relaxed, msonable=False)
        crystal.rattle(atoms, task)
        displaced = relaxed.copy()
        displaced = type(displaced)(atoms.cell.array, displaced.species, atoms.positions, coords_are_cartesian=True)
        settings = self.resolved
        if not settings.definition.materials_project:
            settings = settings.model_copy(update={"k_mesh": driven.inputs.mesh, "k_density": None})
        return Driver(settings, current_commands(), context, stage="free").drive(task, displaced)

    def _fields(self, driven: Driven, structure: Structure) -> dict[str, Any]:
        """Return the fields that statics and relaxations share."""
        fields: dict[str, Any] = {
            "state": driven.state,
            "reason": driven.reason,
            "steps": driven.steps,
            "evaluations": driven.steps,
            "wall_time_s": sum(attempt.wall_time_s for attempt in driven.history),
            "evaluation_time_s": sum(attempt.wall_time_s for attempt in driven.history),
            "continued": max(0, sum(attempt.ended in {"stopped", "killed"} for attempt in driven.history)),
        }
        outcome = driven.outcome
        if outcome is None or outcome.last is None:
            return fields
        fields["program_version"] = f"VASP {outcome.version}"
        if driven.state is State.FAILED:
            return fields
        final = _final_structure(driven, structure)
        energy = outcome.last.energy
        if driven.state is State.CONVERGED and self.resolved.definition.corrections == "MP2020":
            from lianode.workflows.engines.vasp.corrections import mp2020_correction

            energy += mp2020_correction(final, energy, driven.inputs)
        return fields | {
            "energy": energy,
            "structure": final.as_dict(),
            "volume": float(final.volume),
            "max_force": outcome.last.max_force,
            "max_stress_GPa": outcome.last.max_stress_GPa,
            "stress_GPa": outcome.last.stress_GPa.tolist(),
        }

    def _relaxation_checks(
        self, driven: Driven, free: Driven | None, task: RelaxTask, structure: Structure, relaxed: Structure
    ) -> list[Check]:
        from lianode.workflows.engines.vasp.incar import force_limit

        last = driven.outcome.last if driven.outcome else None
        if last is None:
            return []
        checks = crystal.convergence_checks(
            last.max_force,
            last.max_stress_GPa,
            force_limit=force_limit(self.resolved, task),
            stress_limit_GPa=task.max_stress_GPa if task.relax_cell else None,
        )
        checks += self._program_checks(driven)
        checks += crystal.crystal_checks(
            _space_group(structure), _space_group(relaxed), relaxed.volume / structure.volume
        )
        if free is not None:
            other = free.outcome.last if free.outcome and free.state is State.CONVERGED else None
            gain = None if other is None else (last.energy - other.energy) / len(structure) * 1e3
            checks.append(crystal.saddle_check(gain, free.reason, task))
        else:
            checks.append(crystal.saddle_check(None, None, task))
        return checks

    def _program_checks(self, driven: Driven) -> list[Check]:
        """Say that the electrons converged, and that VASP ran with what was asked for."""
        outcome = driven.outcome
        if outcome is None or outcome.settings is None:
            return []
        mended = {name for attempt in driven.history for name in attempt.corrections}
        return [
            Check(
                name="scf_converged",
                passed=outcome.scf_converged,
                message="the last self-consistency cycle converged" if outcome.scf_converged else "SCF not converged",
            ),
            settings_check(driven.inputs.incar, outcome.settings, mended),
        ]

    def _identity(
        self, key: str, task: Task, structure: Structure, context: RunContext, started: str
    ) -> dict[str, Any]:
        return {
            "key": key,
            "engine": self.name,
            "settings": self.settings,
            "task": task,
            "method": self.method(),
            "label": context.label,
            **cell_fields(structure),
            "host": socket.gethostname(),
            "directory": str(context.directory),
            "started": started,
        }


def _name(preset: str, variant: str, deviations: Mapping[str, object]) -> str:
    """Return ``vasp-alloy``, ``vasp-su2024-slab``, ``vasp-alloy-encut600-ispin2``."""
    parts = [NAME, preset, *([variant] if variant != "bulk" else [])]
    for key, value in deviations.items():
        if isinstance(value, dict):
            parts += [str(symbol) for symbol in value.values()]
        elif isinstance(value, tuple):
            parts.append("x".join(str(part) for part in value))
        elif isinstance(value, str):
            parts.append(value)
        elif value is not None:
            parts.append(f"{key}{value:g}")
    return "-".join(parts)


def _final_structure(driven: Driven, structure: Structure) -> Structure:
    """Return VASP's last structure with the atoms in the order that was asked for."""
    from pymatgen.core import Structure as PymatgenStructure

    found = driven.outcome.structure if driven.outcome else None
    if found is None:
        return structure
    return PymatgenStructure(found.lattice, structure.species, _asked_order(found.frac_coords, driven))


def _asked_order(rows: np.ndarray[Any, Any], driven: Driven) -> np.ndarray[Any, Any]:
    """Return rows that belong to the atoms of the POSCAR in the order of the structure that was asked for."""
    ordered = np.empty_like(rows)
    ordered[list(driven.inputs.order)] = rows
    return ordered


def _add_counts(fields: dict[str, Any], free: Driven) -> None:
    """Count the free relaxation in."""
    wall = sum(attempt.wall_time_s for attempt in free.history)
    for name, amount in (("steps", free.steps), ("evaluations", free.steps), ("wall_time_s", wall)):
        fields[name] += amount
    fields["evaluation_time_s"] += wall
    fields["continued"] += sum(attempt.ended in {"stopped", "killed"} for attempt in free.history)


def _space_group(structure: Structure) -> int | None:
    from pymatgen.io.ase import AseAtomsAdaptor

    return crystal.space_group(AseAtomsAdaptor.get_atoms(structure, msonable=False))


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
