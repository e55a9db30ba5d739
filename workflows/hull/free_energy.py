"""Free energy of a relaxed phase: forces in displaced supercells by any engine, then the harmonic sum."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from lianode.workflows.calculate import obtain
from lianode.workflows.calculation import State
from lianode.workflows.engines.registry import make_engine
from lianode.workflows.hull.analysis import PhaseSlot
from lianode.workflows.keys import Source, calculation_key
from lianode.workflows.request import Request
from lianode.workflows.session import must_stop
from lianode.workflows.stored import stored_free_energies
from lianode.workflows.task import StaticTask

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from lianode.analysis.free_energy.thermal import DisplacedSupercells, ThermalDocument
    from lianode.workflows.calculation import Calculation
    from lianode.workflows.results import Results


class FreeEnergySpec(BaseModel):
    """What decides the free energy of one phase.

    Attributes
    ----------
    campaign, system
        For the document.
    engine
        Resolved settings.
    phase
        The phase and the key of its relaxation.
    temperature
        K.
    phonon_length, phonon_max_atoms, phonon_time_limit_s
        As in :class:`lianode.workflows.hull.entry.HullEntry`.
    retry_failed
        Whether supercells that failed before are tried again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    campaign: str
    system: str
    engine: dict[str, Any]
    phase: PhaseSlot
    temperature: float
    phonon_length: float
    phonon_max_atoms: int
    phonon_time_limit_s: float
    retry_failed: bool = False


class NoFreeEnergyError(Exception):
    """There is no free energy, for a reason that is not a bug."""


class StoppedError(NoFreeEnergyError):
    """The run had to stop.

    Attributes
    ----------
    done
        Displaced supercells that are finished.
    """

    def __init__(self, done: int) -> None:
        super().__init__("stopped; the next run continues it")
        self.done = done


def obtain_free_energy(spec: FreeEnergySpec, results: Results) -> ThermalDocument:
    """Compute the forces that the store lacks, and return the free energy.

    Each displaced supercell is a calculation with a key of its own: what was done stays done, and the next run goes on
    where this one stopped.

    Raises
    ------
    NoFreeEnergyError
        When the phase is not relaxed, its supercell is too large, the time limit was reached, a supercell failed, or
        the run was stopped.
    """
    from lianode.analysis.free_energy.thermal import displaced_supercells, harmonic_free_energy

    stored = stored_free_energy(spec, results)
    if stored is not None:
        return stored
    relaxed = results.calculation(spec.phase.key)
    if relaxed is None or relaxed.state is not State.CONVERGED:
        raise NoFreeEnergyError("its relaxation did not converge")
    cell = _final_structure(relaxed)
    supercells = displaced_supercells(cell, spec.phonon_length)
    if supercells.n_atoms > spec.phonon_max_atoms:
        raise NoFreeEnergyError(
            f"its supercell of {spec.phonon_length:g} Å has {supercells.n_atoms} atoms, more than phonon_max_atoms "
            f"({spec.phonon_max_atoms})"
        )
    done = _forces(spec, supercells, results)
    document = harmonic_free_energy(
        cell,
        supercells.repeats,
        [calculation.forces or [] for calculation in done],
        spec.temperature,
        phase=spec.phase.name,
        formula=spec.phase.formula,
        system=spec.system,
        engine=relaxed.engine,
        campaign=spec.campaign,
        method=relaxed.method,
        calculations={
            spec.phase.name: relaxed.key,
            **{f"displacement {index}": calculation.key for index, calculation in enumerate(done, start=1)},
        },
    )
    return document.model_copy(update={"settings": {**document.settings, "phonon_length": spec.phonon_length}})


def stored_free_energy(spec: FreeEnergySpec, results: Results) -> ThermalDocument | None:
    """Return the free energy that an earlier run derived from the same relaxation, or None."""
    return stored_free_energies(
        results,
        {spec.phase.name: spec.phase.key},
        campaign=spec.campaign,
        engine=make_engine(spec.engine).name,
        system=spec.system,
        temperature=spec.temperature,
        phonon_length=spec.phonon_length,
    ).get(spec.phase.name)


def _forces(spec: FreeEnergySpec, supercells: DisplacedSupercells, results: Results) -> list[Calculation]:
    """Return the calculations of all displaced supercells."""
    engine = make_engine(spec.engine)
    task = StaticTask()
    total = len(supercells.structures)
    clock = time.monotonic()
    done: list[Calculation] = []
    for index, (structure, moved) in enumerate(
        zip(supercells.structures, supercells.displacements, strict=True), start=1
    ):
        source = Source(
            recipe="displaced supercell",
            parameters={"repeats": list(supercells.repeats), "atom": moved.atom, "direction": moved.direction},
            parents=(spec.phase.key,),
        )
        request = Request(
            key=calculation_key(engine, task, source),
            engine=engine.settings,
            task=task,
            source=source,
            structure=structure.as_dict(),
            label=f"{spec.phase.name} phonon {index}/{total}",
            retry_failed=spec.retry_failed,
        )
        if must_stop():
            raise StoppedError(len(done))
        calculation = obtain(request, results)
        if calculation.state is State.INTERRUPTED:
            raise StoppedError(len(done))
        if calculation.state is not State.CONVERGED:
            raise NoFreeEnergyError(f"displaced supercell {index} of {total} is {calculation.state}")
        done.append(calculation)
        if index < total and time.monotonic() - clock > spec.phonon_time_limit_s:
            raise NoFreeEnergyError(
                f"{index} of {total} displaced supercells were done within phonon_time_limit "
                f"({spec.phonon_time_limit_s:g} s)"
            )
    return done


def _final_structure(calculation: Calculation) -> Structure:
    from pymatgen.core import Structure

    if calculation.structure is None:
        raise NoFreeEnergyError("its relaxation holds no structure")
    return Structure.from_dict(calculation.structure)
