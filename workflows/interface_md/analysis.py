"""From the stored trajectories of an interface to its documents."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from lianode.structures.errors import InputError
from lianode.workflows.calculation import State
from lianode.workflows.task import MDTask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lianode.analysis.documents import PropertyDocument
    from lianode.analysis.frame import Frame
    from lianode.workflows.calculation import Calculation
    from lianode.workflows.results import Results

TRAJECTORY = "trajectory"
STEPS = "steps "


class RunSlot(BaseModel):
    """One run and the keys of what it begins from.

    Attributes
    ----------
    rank
        Of the electrolyte's model by relaxed energy, from 1.
    crystals
        Keys of the relaxations of the anode, and of the electrolyte's models.
    parameters
        Of the cell, see :func:`lianode.workflows.interface_md.starts.cell_parameters`.
    cell, equilibration, run
        Keys; without an equilibration None.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rank: int
    crystals: tuple[str, ...]
    parameters: dict[str, Any]
    cell: str
    equilibration: str | None
    run: str


class ReferenceSlot(BaseModel):
    """A reference crystal.

    Attributes
    ----------
    crystal
        Name.
    pairs
        Bonds that it has.
    relaxed, run
        Keys of its relaxation and of its molecular dynamics; None where it is taken at rest.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    crystal: str
    pairs: tuple[str, ...]
    relaxed: str
    run: str | None


class InterfaceMdSpec(BaseModel):
    """Everything that decides the documents of an interface, once its calculations are done.

    Attributes
    ----------
    campaign, engine, system
        For the documents.
    interface
        ``In_bct(001)/Li6PS5Cl(001)``.
    runs, references
        What was asked for.
    pairs, polyhedra
        What is watched.
    cutoffs
        Lengths of bonds that were given, Å.
    temperature, time, time_step, equilibration
        K and fs.
    largest, bin_width, windows, layers, normalisation
        As in :class:`lianode.workflows.interface_md.entry.InterfaceMdEntry`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    OF_ENTRY: ClassVar[tuple[str, ...]] = (
        "cutoffs", "temperature", "time", "time_step", "equilibration",
        "largest", "bin_width", "windows", "layers", "normalisation",
    )  # fmt: skip
    """Fields that are those of the entry."""

    campaign: str
    engine: str
    system: str
    interface: str
    runs: tuple[RunSlot, ...]
    references: tuple[ReferenceSlot, ...]
    pairs: tuple[str, ...]
    polyhedra: tuple[str, ...]
    cutoffs: dict[str, float]
    temperature: float
    time: float
    time_step: float
    equilibration: float
    largest: float
    bin_width: float
    windows: int
    layers: int | None
    normalisation: Literal["global", "layer"]

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of the documents."""
        return {name: getattr(self, name) for name in ("interface", "pairs", "polyhedra", *self.OF_ENTRY)}

    def name_of(self, slot: RunSlot) -> str:
        """Return what documents call a run: with its rank where there are several."""
        return self.interface if len(self.runs) == 1 else f"{self.interface} {slot.rank}"


def derive_interface_md(spec: InterfaceMdSpec, results: Results) -> list[PropertyDocument]:
    """Return the documents of every run that is finished.

    Parameters
    ----------
    spec
        What was asked for.
    results
        Store with the calculations, whose trajectories are read; nothing is computed and nothing is written here.

    Raises
    ------
    InputError
        When not one run is finished, or a trajectory is not where it was written.
    """
    from lianode.workflows.interface_md.documents import documents_of_run
    from lianode.workflows.interface_md.reference_bonds import ReferenceBonds

    keys = [key for slot in spec.runs for key in (*slot.crystals, slot.cell, slot.equilibration, slot.run) if key]
    keys += [key for one in spec.references for key in (one.relaxed, one.run) if key]
    found = results.calculations(keys)
    documents: list[PropertyDocument] = []
    reasons = []
    references = ReferenceBonds(spec, found)
    for slot in spec.runs:
        run = found.get(slot.run)
        if run is None or run.state is not State.CONVERGED:
            why = "it has not been computed" if run is None else f"{run.state.value}: {run.reason or 'no reason'}"
            reasons.append(f"{spec.name_of(slot)}: {why}")
            continue
        documents += documents_of_run(spec, slot, found, references)
    if not documents:
        raise InputError(f"no run of the interface is finished; {'; '.join(reasons)}", spec.interface)
    created = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    derivation = spec.model_dump(mode="json")
    missing = {"missing": reasons, "completeness": "partial"} if reasons else {}
    return [
        document.model_copy(
            update={"created": created} | ({"derivation": derivation} | missing if n == 0 else {})
        )
        for n, document in enumerate(documents)
    ]  # fmt: skip


def trajectory_files(run: Calculation) -> dict[str, int]:
    """Return the files of a run's trajectory, below its folder, each with the number of its first step from 0.

    A potential writes one file; VASP one in each attempt, named in the document by its steps (``steps 1-250``).
    """
    if TRAJECTORY in run.files:
        return {run.files[TRAJECTORY].path: 0}
    parts = {name: file.path for name, file in run.files.items() if name.startswith(STEPS)}
    begins = {path: int(name.removeprefix(STEPS).partition("-")[0]) - 1 for name, path in parts.items()}
    return dict(sorted(begins.items(), key=lambda item: item[1]))


def frames_of(run: Calculation, *, after: float = -1.0) -> Iterator[Frame]:
    """Yield the frames of a run that are later than a time, fs.

    Raises
    ------
    InputError
        When the trajectory is not where it was written.
    """
    from pathlib import Path

    from lianode.analysis.trajectories.frames import chain

    files = trajectory_files(run)
    paths = [Path(run.directory) / path for path in files]
    lost = next((path for path in paths if not path.exists()), None if paths else Path(run.directory))
    if lost is not None:
        raise InputError(
            f"the trajectory of {run.label} ({run.key[:8]}) is not at {lost}; analyse it on the machine that ran it, "
            "or copy its folder",
            TRAJECTORY,
        )
    if not isinstance(run.task, MDTask):
        raise InputError(f"{run.label} is no molecular dynamics, so it has no trajectory", TRAJECTORY)
    every = 1 if TRAJECTORY in run.files else run.task.frame_interval  # VASP writes every step
    for frame in chain(paths, first_steps=list(files.values()), every=every, time_step=run.task.time_step_fs):
        if frame.time is not None and frame.time > after:
            yield frame
