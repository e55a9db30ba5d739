"""The documents of one run of an interface."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lianode.analysis.checks import failed
from lianode.analysis.interface_md import CrystalSide, InterfaceMdDocument, Snapshot
from lianode.analysis.structure_in_time.bond_document import bond_document
from lianode.analysis.structure_in_time.bonds import Polyhedron, follow_bonds
from lianode.analysis.structure_in_time.layers import Layers
from lianode.analysis.structure_in_time.mean_square_displacement import displacements
from lianode.analysis.structure_in_time.motion_document import motion_document
from lianode.analysis.structure_in_time.pair_counts import Radii, count_pairs
from lianode.analysis.structure_in_time.penetration import penetration_depths
from lianode.analysis.structure_in_time.profiles import density_profiles
from lianode.analysis.structure_in_time.rdf_document import rdf_document
from lianode.analysis.structure_in_time.windows import Windows
from lianode.structures.errors import InputError
from lianode.structures.interfaces.strain import largest_principal
from lianode.workflows.calculation import State
from lianode.workflows.interface_md.analysis import frames_of, trajectory_files
from lianode.workflows.interface_md.entry import polyhedron_parts
from lianode.workflows.interface_md.starts import built_cell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lianode.analysis.checks import Check
    from lianode.analysis.documents import PropertyDocument
    from lianode.analysis.frame import Frame
    from lianode.analysis.structure_in_time.motion_document import MotionDocument
    from lianode.workflows.calculation import Calculation
    from lianode.workflows.interface_md.analysis import InterfaceMdSpec, RunSlot
    from lianode.workflows.interface_md.reference_bonds import ReferenceBonds
    from lianode.workflows.interface_md.starts import BuiltCell

LAST = 1e-6
"""fs, by which the last window is longer: it holds the last frame, too."""
PROFILE_WINDOWS = 2
"""Stretches of which density profiles are kept: what it was like, and what it became."""


def documents_of_run(
    spec: InterfaceMdSpec, slot: RunSlot, found: Mapping[str, Calculation], references: ReferenceBonds
) -> list[PropertyDocument]:
    """Return the documents of a finished run: the run itself, RDFs, bonds, and motion.

    Parameters
    ----------
    spec, slot
        What was asked for.
    found
        Calculations by key.
    references
        Reference crystals.

    Raises
    ------
    InputError
        When the trajectory is not where it was written, or is no trajectory.
    """
    of = _Run(spec, slot, found, references)
    bonds = [of.bonds()] if of.lengths else []  # without any, the first document says why
    return [of.summary(), of.rdf(), *bonds, of.motion()]


class _Run:
    """A finished run with what its documents have in common."""

    def __init__(
        self, spec: InterfaceMdSpec, slot: RunSlot, found: Mapping[str, Calculation], references: ReferenceBonds
    ) -> None:
        self.spec, self.slot, self.found, self.references = spec, slot, found, references
        self.run = found[slot.run]
        self.built: BuiltCell = built_cell(slot.crystals, slot.parameters, found)
        self.windows = self._windows(spec.windows)
        self.lengths, self.sources, self.without = references.cutoffs(self.built.model, self.built.anode)
        self.common: dict[str, Any] = {
            "system": spec.system,
            "engine": spec.engine,
            "campaign": spec.campaign,
            "method": self.run.method,
            "settings": spec.settings | {"rank": slot.rank},
            "calculations": self._calculations(),
            "checks": self._checks(),
        }
        self.named: dict[str, Any] = {"interface": spec.name_of(slot), "temperature": spec.temperature}

    def frames(self) -> Iterator[Frame]:
        """Yield the frames of the run; time counts from the first contact, with the equilibration."""
        for frame in frames_of(self.run):
            yield replace(frame, time=(frame.time or 0.0) + self.spec.equilibration)

    def frames_from_contact(self) -> Iterator[Frame]:
        """Yield the frames of the equilibration, then those of the run: bonds form from the start."""
        before = self.found.get(self.slot.equilibration or "")
        if before is not None and before.state is State.CONVERGED:
            for frame in frames_of(before):
                if frame.time is not None and frame.time < self.spec.equilibration:
                    yield frame
        yield from self.frames()

    def rdf(self) -> PropertyDocument:
        """Return the RDFs."""
        spec = self.spec
        counted = count_pairs(
            self.frames(),
            spec.pairs,
            radii=Radii(largest=spec.largest, width=spec.bin_width),
            windows=self.windows,
            layers=None if spec.layers is None else self._layers(spec.layers),
            where=self.run.label,
        )
        references = self.references.rdfs(counted)
        return rdf_document(
            counted, normalisation=spec.normalisation, references=references,
            **self.named, **self.common, **_partial(self.references.missing),
        )  # fmt: skip

    def bonds(self) -> PropertyDocument:
        """Return bonds, polyhedra and penetration."""
        units, without = self._polyhedra()
        history = follow_bonds(self.frames_from_contact(), self.lengths, polyhedra=units, where=self.run.label)
        sides = [set(one.composition) for one in (self.built.anode, self.built.model)]
        foreign = sorted(sides[0] ^ sides[1])
        depths = penetration_depths(self.frames_from_contact(), foreign, where=self.run.label) if foreign else ()
        return bond_document(
            history, sources=self.sources, penetration=depths,
            **self.named, **self.common, **_partial([*self.references.missing, *self.without, *without]),
        )  # fmt: skip

    def motion(self) -> MotionDocument:
        """Return density profiles, and diffusion where the run is long enough for it."""
        spec = self.spec
        windows = self._windows(min(PROFILE_WINDOWS, spec.windows))
        elements = spec.system.split("-")
        profiles = density_profiles(self.frames(), elements, windows=windows, where=self.run.label)
        paths = displacements(self.frames(), elements, where=self.run.label)
        try:
            return motion_document(profiles, paths, windows=windows, **self.named, **self.common)
        except InputError as error:
            note = f"no diffusivity: {error.message}"
            return motion_document(profiles, (), windows=windows, notes=[note], **self.named, **self.common)

    def summary(self) -> InterfaceMdDocument:
        """Return the document of the run itself."""
        spec, cell = self.spec, self.built.cell
        first, last = _ends(self.frames_from_contact())
        notes = []
        if self.built.of > 1:
            above = f", {1e3 * self.built.above_lowest:.1f} meV/atom above the lowest" if self.slot.rank > 1 else ""
            which = "the lowest" if self.slot.rank == 1 else f"number {self.slot.rank}"
            notes.append(f"the electrolyte is {which} of {self.built.of} relaxed orderings{above}")
        return InterfaceMdDocument(
            **self.named,
            **self.common,
            **_partial([*self.references.missing, *self.without]),
            anode=_side(cell.film, cell.film_strain, cell.film_thickness, len(cell.film_atoms)),
            electrolyte=_side(
                cell.substrate, cell.substrate_strain, cell.substrate_thickness, len(cell.substrate_atoms)
            ),
            interfaces=cell.interfaces,
            area=cell.area,
            mean_temperature=self.run.mean_temperature,
            time_ps=spec.time / 1e3,
            time_step_fs=spec.time_step,
            equilibration_ps=spec.equilibration / 1e3,
            ensemble=getattr(self.run.task, "ensemble", ""),
            height_change=float(last.cell[2, 2]) / float(cell.structure.lattice.c) - 1.0,
            trajectory=list(trajectory_files(self.run)),
            snapshots=[Snapshot.of(first), Snapshot.of(last)],
            notes=notes,
        )

    def _windows(self, number: int) -> Windows:
        spec = self.spec
        return Windows.equal(spec.equilibration, spec.equilibration + spec.time + LAST, number)

    def _layers(self, number: int) -> Layers:
        import numpy as np

        first = next(iter(self.frames()))
        return Layers(tuple(np.linspace(0.0, float(first.cell[2, 2]), number + 1).tolist()))

    def _polyhedra(self) -> tuple[list[Polyhedron], list[str]]:
        units, without = [], []
        for name in self.spec.polyhedra:
            centre, ligand, number = polyhedron_parts(name)
            length = self.lengths.get(f"{centre}-{ligand}") or self.lengths.get(f"{ligand}-{centre}")
            if length is None:
                without.append(f"{name} is not followed, as nothing tells how long a bond {centre}-{ligand} is")
            else:
                units.append(Polyhedron(centre=centre, ligand=ligand, number=number, cutoff=length))
        return units, without

    def _calculations(self) -> dict[str, str]:
        slot = self.slot
        keys = {"run": slot.run, "cell": slot.cell, "anode": self.built.anode.key, "electrolyte": self.built.model.key}
        if slot.equilibration is not None:
            keys["equilibration"] = slot.equilibration
        for one in self.spec.references:
            keys[one.crystal] = one.run or one.relaxed
        return keys

    def _checks(self) -> list[Check]:
        """Return the checks of the run, and the failed ones of what it began from."""
        checks = [self.built.strain_check(), *self.run.checks]
        before = {"anode": self.built.anode.key, "electrolyte": self.built.model.key, "cell": self.slot.cell}
        if self.slot.equilibration is not None:
            before["equilibration"] = self.slot.equilibration
        for subject, key in before.items():
            done = self.found.get(key)
            wrong = failed(done.checks) if done is not None else []
            if (
                done is not None and done.space_group_before == 1
            ):  # a displaced model has no symmetry that it could keep
                wrong = [check for check in wrong if check.name != "space_group_kept"]
            checks += [check.model_copy(update={"subject": subject}) for check in wrong]
        return checks


def _side(slab: Any, strain: Any, thickness: float, atoms: int) -> CrystalSide:
    return CrystalSide(
        phase=slab.surface.phase.name,
        plane=slab.surface.label,
        termination=slab.upper.name,
        strain=largest_principal(strain),
        thickness=thickness,
        atoms=atoms,
    )


def _ends(frames: Iterator[Frame]) -> tuple[Frame, Frame]:
    """Return first and last frame of a trajectory."""
    first = next(frames)
    rest = deque(frames, maxlen=1)
    return first, rest[0] if rest else first


def _partial(missing: list[str]) -> dict[str, Any]:
    return {"missing": missing, "completeness": "partial"} if missing else {}
