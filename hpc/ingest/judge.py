"""What kind of run it was, and whether it converged: only where the output says so."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from lianode.analysis.checks import Check
from lianode.hpc.ingest.record import UnreadableError
from lianode.workflows.calculation import State
from lianode.workflows.engines.crystal_checks import convergence_checks, crystal_checks, space_group
from lianode.workflows.task import MDTask, RelaxTask, StaticTask

if TYPE_CHECKING:
    from lianode.hpc.ingest.folders import BandPlace
    from lianode.hpc.ingest.outcar import OutcarScan
    from lianode.hpc.ingest.record import RunRecord
    from lianode.workflows.task import Task

DIVERGED = 1.0
"""eV/atom by which the energy of a relaxation may rise above its lowest; more, and it has blown up."""


class Kind(StrEnum):
    """What a run did."""

    STATIC = "static"
    RELAXATION = "relaxation"
    IMAGE = "image of a band"
    MD = "molecular dynamics"


def kind_of(record: RunRecord, *, image: bool) -> Kind:
    """Return the kind of a run from the settings in its output.

    Raises
    ------
    UnreadableError
        For bands at a fixed charge density, whose energy is not self-consistent, and for finite differences, linear
        response and dimers, whose last structure is none that anyone asked for.
    """
    charge, moves = int(record.number("ICHARG", 2)), int(record.number("IBRION", -1))
    if charge >= 10:
        raise UnreadableError(f"ICHARG = {charge}: its energy is not self-consistent (bands at a fixed charge density)")
    if image:
        return Kind.IMAGE
    if record.number("NSW", 0) == 0 or moves == -1:
        return Kind.STATIC
    if moves == 0:
        return Kind.MD
    if moves in {1, 2, 3}:
        return Kind.RELAXATION
    what = "finite differences or linear response" if moves in {5, 6, 7, 8} else "no relaxation"
    raise UnreadableError(f"IBRION = {moves}: {what}; only statics, relaxations, bands and dynamics are taken")


def task_of(record: RunRecord, kind: Kind) -> Task:
    """Return the task that the run's settings amount to.

    A relaxation without a limit of its own on forces (``EDIFFG > 0``) is held to this project's. Dynamics have a task
    where this project has their ensemble (constant energy, or Nosé's thermostat with VASP's own mass); otherwise the
    last frame is kept as a static.
    """
    if kind is Kind.RELAXATION:
        limit = -record.number("EDIFFG", 0.0)
        return RelaxTask(
            relax_cell=int(record.number("ISIF", 2)) >= 3,
            rattle=0.0,
            max_steps=max(1, int(record.number("NSW", 1))),
            **({"max_force": limit} if limit > 0 else {}),
        )
    if kind is Kind.MD:
        ensemble = _ensemble(record)
        if ensemble is not None and record.number("TEBEG", 0.0) > 0:
            return MDTask(
                ensemble=ensemble,
                temperature=record.number("TEBEG", 0.0),
                time_step_fs=record.number("POTIM", 1.0),
                steps=int(record.number("NSW", 1)),
                frame_interval=1,
            )
    return StaticTask()


def _ensemble(record: RunRecord) -> str | None:
    """Return the ensemble where this project has it."""
    algorithm, mass = int(record.number("MDALGO", 0)), record.number("SMASS", -3.0)
    steady = record.number("TEBEG", 0.0) == record.number("TEEND", record.number("TEBEG", 0.0))
    if int(record.number("ISIF", 2)) >= 3 or not steady:
        return None
    if algorithm in {0, 2} and mass == 0.0:
        return "nvt-nose-hoover"
    return "nve" if algorithm == 0 and mass == -3.0 else None


def state_of(record: RunRecord, kind: Kind, outcar: OutcarScan | None) -> tuple[State, str | None]:
    """Return how a run ended, and why where it did not converge.

    A run whose OUTCAR is there has converged when the OUTCAR says so: ``General timing`` for the end of the program,
    ``reached required accuracy`` for ions. Without an OUTCAR a whole vasprun.xml decides: fewer ionic steps than
    ``NSW``. The last self-consistency cycle has to have reached its limit in any case.
    """
    energies = np.array(record.energies)
    if not np.isfinite(energies[-1]):
        return State.FAILED, "the energy is not finite"
    rise = float(energies[-1] - energies.min()) / len(record.last)
    trusted = record.scf_converged is not False  # without self-consistency energies jump for no other reason
    if kind in {Kind.RELAXATION, Kind.IMAGE} and rise > DIVERGED and trusted:
        return State.FAILED, (
            f"the relaxation diverged: the energy rose from {energies.min():.3f} eV to {energies[-1]:.3f} eV in step "
            f"{len(energies)}"
        )
    cut = _cut(record, outcar)
    if cut is not None:
        return State.INTERRUPTED, cut
    missed = _missed(record, kind, outcar)
    return (State.CONVERGED, None) if missed is None else (State.UNCONVERGED, missed)


def _cut(record: RunRecord, outcar: OutcarScan | None) -> str | None:
    """Say why a run did not come to its own end; None where it did."""
    after = f"after {len(record.energies)} ionic steps"
    if outcar is not None and not outcar.finished:
        return f"OUTCAR ends without 'General timing': VASP was ended before it had finished, {after}"
    return None if record.whole else f"{record.source} is cut, {after}"


def _missed(record: RunRecord, kind: Kind, outcar: OutcarScan | None) -> str | None:
    """Say what a run that came to its end did not reach; None where it reached all."""
    steps, most = len(record.energies), int(record.number("NSW", 0))
    if record.scf_converged is None:
        return f"{record.source} does not say whether the last self-consistency cycle converged, and there is no OUTCAR"
    if not record.scf_converged:
        return f"SCF not converged: the last cycle stopped at NELM = {int(record.number('NELM', 60))} steps"
    accurate = outcar.accurate if outcar is not None else steps < most
    if kind in {Kind.RELAXATION, Kind.IMAGE} and not accurate:
        return f"the ions did not reach the required accuracy in {steps} steps (NSW = {most})"
    if kind is Kind.MD and steps < most:
        return f"{steps} of {most} steps of molecular dynamics"
    return None


def space_groups(record: RunRecord) -> tuple[int | None, int | None]:
    """Return the international numbers before and after a relaxation."""
    from pymatgen.io.ase import AseAtomsAdaptor

    before, after = (
        space_group(AseAtomsAdaptor.get_atoms(structure, msonable=False)) for structure in (record.first, record.last)
    )
    return before, after


def checks_of(
    record: RunRecord,
    kind: Kind,
    task: Task,
    outcar: OutcarScan | None,
    *,
    band: BandPlace | None,
    groups: tuple[int | None, int | None],
) -> list[Check]:
    """Return what was verified about a run that converged; ``groups`` are the space groups of a relaxation."""
    checks = [
        Check(
            name="scf_converged",
            passed=bool(record.scf_converged),
            message="the last self-consistency cycle converged" if record.scf_converged else "SCF not converged",
        ),
        _end_check(record, kind, outcar),
    ]
    if isinstance(task, RelaxTask):
        checks += _relaxation_checks(record, task, groups)
    if record.mesh is None:
        message = f"{record.source} states no mesh of k-points, so that their density is not known"
        checks.append(Check(name="k_mesh_known", passed=False, message=message))
    if record.max_force is None:
        checks.append(Check(name="forces_known", passed=False, message="the forces are missing or not finite"))
    if kind is Kind.IMAGE:
        where = f"image {band.image} of {band.images}" if band else "an image"
        message = f"{where} of a band: energy and forces of the atoms where the band left them, no minimum"
        checks.append(Check(name="image_of_band", passed=True, message=message))
    if kind is Kind.MD and isinstance(task, StaticTask):
        message = f"the last of {len(record.energies)} frames of molecular dynamics, in an ensemble that has no task"
        checks.append(Check(name="frame_of_dynamics", passed=True, message=message))
    return checks


def _end_check(record: RunRecord, kind: Kind, outcar: OutcarScan | None) -> Check:
    name = "end_stated"
    if outcar is not None:
        words = "'General timing'" + (" and 'reached required accuracy'" if outcar.accurate else "")
        return Check(name=name, passed=True, message=f"OUTCAR says {words}; settings are from {record.source}")
    text = f"no OUTCAR: {record.source} is whole, and {len(record.energies)} of {int(record.number('NSW', 0))} steps"
    if kind is not Kind.RELAXATION:
        return Check(name=name, passed=True, message=text)
    limit = record.number("EDIFFG", 0.0)
    if limit < 0:
        force = record.max_force
        met = force is not None and force <= -limit * (1 + 1e-6)
        return Check(name=name, passed=met, message=f"{text}; largest force {force} eV/Å, EDIFFG {limit:g}")
    if len(record.energies) < 2:
        return Check(name=name, passed=False, message=f"{text}; one step says nothing about EDIFFG {limit:g} eV")
    change = abs(record.energies[-1] - record.energies[-2])
    return Check(name=name, passed=change <= limit, message=f"{text}; last change {change:.1e} eV, EDIFFG {limit:g}")


def _relaxation_checks(record: RunRecord, task: RelaxTask, groups: tuple[int | None, int | None]) -> list[Check]:
    checks = crystal_checks(*groups, record.last.volume / record.first.volume)
    force, stress = record.max_force, record.max_stress_GPa
    if force is None:
        return checks
    stress_limit = task.max_stress_GPa if task.relax_cell and stress is not None else None
    return [
        *checks,
        *convergence_checks(force, stress or 0.0, force_limit=task.max_force, stress_limit_GPa=stress_limit),
    ]
