"""One run: from the input files to the last line of the outputs."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lianode.hpc.rehearsal.bands import free_electrons
from lianode.hpc.rehearsal.dynamics import Dynamics, Thermostat
from lianode.hpc.rehearsal.incar import read_stopcar
from lianode.hpc.rehearsal.ionic import Relaxation, Static
from lianode.hpc.rehearsal.oszicar import Console, Oszicar
from lianode.hpc.rehearsal.outcar import Outcar
from lianode.hpc.rehearsal.poscar import format_contcar
from lianode.hpc.rehearsal.potential import evaluate
from lianode.hpc.rehearsal.report import End, IonicStep
from lianode.hpc.rehearsal.scf import cycle
from lianode.hpc.rehearsal.tables import write_tables
from lianode.hpc.rehearsal.vasprun import VasprunXml
from lianode.hpc.rehearsal.volumetric import WORK_FUNCTION_eV, slab_profile, write_volumetric
from lianode.hpc.rehearsal.xdatcar import Xdatcar
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from lianode.hpc.rehearsal.bands import Bands
    from lianode.hpc.rehearsal.dynamics import MdState
    from lianode.hpc.rehearsal.faults import Faults
    from lianode.hpc.rehearsal.ionic import Mover
    from lianode.hpc.rehearsal.poscar import Geometry
    from lianode.hpc.rehearsal.potential import Evaluation
    from lianode.hpc.rehearsal.report import Writer
    from lianode.hpc.rehearsal.settings import Settings

STOPCAR = "STOPCAR"


class Cycle(NamedTuple):
    """One electronic cycle: the evaluation, the energy that the cycle ended at (eV) and the seconds it took."""

    evaluation: Evaluation
    energy: float
    seconds: float


def levels(settings: Settings, geometry: Geometry) -> Bands:
    """Return the levels; those of a slab are moved so that its work function is `WORK_FUNCTION_eV`."""
    bands = free_electrons(
        geometry,
        settings.kpoints.points,
        settings.kpoints.weights,
        n_electrons=settings.n_electrons,
        n_bands=settings.n_bands,
        n_spins=settings.n_spins,
        sigma=settings.sigma,
    )
    profile = slab_profile(geometry, settings.grid)
    if profile is None:
        return bands
    shift = profile.vacuum - WORK_FUNCTION_eV - bands.fermi
    return replace(bands, energies=bands.energies + shift, fermi=bands.fermi + shift)


def _number(settings: Settings, tag: str, default: float) -> float:
    value = settings.tags.get(tag, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{tag} has to be a number, not {value!r}", "INCAR")
    return float(value)


def thermostat(settings: Settings) -> Thermostat:
    """Read the thermostat from MDALGO and SMASS.

    Raises
    ------
    InputError
        If it is of a kind that is not rehearsed.
    """
    start = _number(settings, "TEBEG", 0.0)
    end, smass = _number(settings, "TEEND", start), _number(settings, "SMASS", -3.0)
    algorithm = round(_number(settings, "MDALGO", 0))
    if algorithm == 0:
        kind = "nose" if smass >= 0 else "rescale" if smass == -1 else "none"
        return Thermostat(kind, start, end, smass=max(smass, 0.0))
    if algorithm == 1:
        return Thermostat("andersen", start, end, probability=_number(settings, "ANDERSEN_PROB", 0.0))
    if algorithm == 2:
        return Thermostat("nose", start, end, smass=max(smass, 0.0))
    if algorithm == 3:
        gamma = settings.tags.get("LANGEVIN_GAMMA", [0.0])
        values = [float(value) for value in (gamma if isinstance(gamma, list) else [gamma])]
        species = len(settings.potcars)
        if len(values) not in {1, species}:
            raise InputError(f"LANGEVIN_GAMMA has {len(values)} values for {species} species", "INCAR")
        per_species = values * species if len(values) == 1 else values
        return Thermostat("langevin", start, end, friction=np.repeat(per_species, settings.geometry.counts))
    raise InputError(f"MDALGO = {algorithm} is not rehearsed; 0, 1, 2 and 3 are", "INCAR")


def mover(settings: Settings) -> Mover:
    """Choose what moves the ions."""
    if settings.is_md:
        seed = settings.tags.get("RANDOM_SEED", 0)
        first = seed[0] if isinstance(seed, list) else seed
        return Dynamics(
            settings.geometry,
            masses=settings.masses,
            time_step=settings.potim,
            n_steps=settings.n_steps,
            thermostat=thermostat(settings),
            seed=abs(int(first)),
        )
    if settings.relaxes:
        smass = _number(settings, "SMASS", -3.0)
        return Relaxation(
            settings.geometry,
            ibrion=settings.ibrion,
            isif=settings.isif,
            potim=settings.potim,
            ediffg=settings.ediffg,
            smass=smass if smass > 0 else None,
            pstress=_number(settings, "PSTRESS", 0.0),
        )
    return Static()


class Run:
    """The outputs of one folder, step by step.

    Parameters
    ----------
    folder
        Of the run, or of one image of a band.
    settings
        Resolved input.
    faults
        What goes wrong.
    console
        Whether this run writes to standard output.
    """

    def __init__(self, folder: Path, settings: Settings, faults: Faults, *, console: bool = True) -> None:
        self.folder, self.settings, self.faults = folder, settings, faults
        self.begun = time.monotonic()
        self.energy_before = 0.0
        self.last: IonicStep | None = None
        self.stop: str | None = None
        self.bands: Bands | None = None
        self.files = contextlib.ExitStack()
        kinds: dict[str, Callable[[TextIO, Settings], Writer]] = {
            "OUTCAR": Outcar,
            "vasprun.xml": VasprunXml,
            "OSZICAR": Oszicar,
            "XDATCAR": Xdatcar,
        }
        self.writers: list[Writer] = [Console(sys.stdout, settings)] if console else []
        for name, kind in kinds.items():
            file = self.files.enter_context(self._place(name).open("w", encoding="utf-8"))
            self.writers.append(kind(file, settings))
        self._write_contcar(settings.geometry, empty=True)

    def _place(self, name: str) -> Path:
        return Path(os.devnull) if name in self.faults.omit else self.folder / name

    def _write_contcar(self, geometry: Geometry, *, empty: bool = False) -> None:
        # VASP opens CONTCAR at its start: a run that dies in its first step leaves an empty one
        text = "" if empty else format_contcar(geometry, self.settings.potim if self.settings.is_md else None)
        self._place("CONTCAR").write_text(text, encoding="utf-8")

    def evaluate(self, number: int, geometry: Geometry) -> Cycle:
        """Go through one electronic cycle."""
        begun = time.monotonic()
        settings, converges = self.settings, number not in self.faults.unconverged_scf
        evaluation = evaluate(geometry)
        steps = cycle(
            evaluation.energy,
            ediff=settings.ediff,
            nelm=settings.nelm,
            nelmin=settings.nelmin,
            first=number == 1,
            converges=converges,
        )
        energy = evaluation.energy
        for step in steps:
            if step.number == (len(steps) + 1) // 2:
                self.faults.in_cycle(number)
            self.stop = read_stopcar(self.folder / STOPCAR)
            aborted = self.stop == "LABORT" and not step.last
            for writer in self.writers:
                writer.electronic(number, replace(step, last=True) if aborted else step)
            energy = step.energy
            if aborted:
                break
        self.faults.after_cycle(number)
        return Cycle(evaluation, energy, time.monotonic() - begun)

    def record(
        self,
        number: int,
        geometry: Geometry,
        done: Cycle,
        md: MdState | None,
        final: Geometry,
    ) -> None:
        """Write an ionic step and CONTCAR."""
        evaluation, energy, seconds = done
        if self.bands is None or not self.settings.is_md:
            self.bands = levels(self.settings, geometry)
        change = energy - self.energy_before
        step = IonicStep(number, geometry, evaluation, energy, change, self.bands, md, seconds)
        for writer in self.writers:
            writer.ionic(step)
        self._write_contcar(final)
        self.energy_before, self.last = energy, step

    def finish(self, reason: str, final: Geometry) -> None:
        """Close all files and write those of the end."""
        if self.last is not None:
            write_tables(self.folder, self.settings, self.last)
            write_volumetric(self.folder, self.settings, self.last.geometry)
        end = End(reason, final, self.last, time.monotonic() - self.begun)
        for writer in self.writers:
            writer.finish(end)
        self.files.close()
        self.faults.after_run(self.folder)


def rehearse(folder: Path, settings: Settings, faults: Faults) -> int:
    """Run a folder and return the exit status."""
    run, moves = Run(folder, settings, faults), mover(settings)
    geometry, reason, final = settings.geometry, "steps", settings.geometry
    for number in range(1, settings.n_steps + 1):
        done = run.evaluate(number, geometry)
        move = moves.advance(geometry, done[0])
        final = move.final
        run.record(number, geometry, done, move.md, final)
        if move.converged:
            reason = "accuracy"
            break
        stop = run.stop or read_stopcar(folder / STOPCAR)
        if stop is not None:
            reason = stop
            break
        geometry = move.geometry
    run.finish(reason, final)
    return faults.exit_code
