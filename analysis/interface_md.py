"""A run of molecular dynamics of an anode on an electrolyte, as a document: what was run, and how it looked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from lianode.analysis.documents import PropertyDocument

if TYPE_CHECKING:
    from lianode.analysis.frame import Frame

Vector = tuple[float, float, float]


class Snapshot(BaseModel):
    """Atoms at one time.

    Attributes
    ----------
    time_fs
        Since the first contact.
    cell
        Rows are vectors, Å; the third is along the normal.
    elements
        Symbol of each atom.
    positions
        Cartesian, Å, not wrapped into the cell.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    time_fs: float
    cell: tuple[Vector, Vector, Vector]
    elements: tuple[str, ...]
    positions: tuple[Vector, ...]

    @classmethod
    def of(cls, frame: Frame) -> Snapshot:
        """Return a frame of a trajectory; one that does not say its time counts as the first."""
        from ase.data import chemical_symbols

        return cls(
            time_fs=frame.time or 0.0,
            cell=frame.cell.tolist(),
            elements=tuple(chemical_symbols[number] for number in frame.numbers),
            positions=tuple(map(tuple, frame.positions.tolist())),
        )


class CrystalSide(BaseModel):
    """One of the two crystals in the cell.

    Attributes
    ----------
    phase
        Name.
    plane
        As the user wrote it: ``(001)``.
    termination
        The planes of atoms on both sides of the cut, ``Li|Cl``.
    strain
        Largest principal strain in the plane, as a fraction; negative where the side is compressed.
    thickness
        Å.
    atoms
        How many of the cell's atoms; the electrolyte's come first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    phase: str
    plane: str
    termination: str
    strain: float
    thickness: float
    atoms: int


class InterfaceMdDocument(PropertyDocument):
    """Molecular dynamics of an interface: the cell, the run, and its first and last frame.

    The documents ``rdf``, ``bonds`` and ``motion`` of the same interface hold what was measured along it.

    Attributes
    ----------
    interface
        ``In(001)/Li6PS5Cl(001)``; a number follows where several models of the electrolyte are run.
    anode, electrolyte
        The two sides.
    interfaces
        2 where the cell is closed, 1 with vacuum.
    area
        Of one interface, Å².
    temperature
        Asked for, K.
    mean_temperature
        Over the second half of the run, K.
    time_ps, time_step_fs, equilibration_ps
        Length and step of the run, and length of the equilibration before it.
    ensemble
        As the task says.
    height_change
        Of the cell along the normal, from the built cell to the one that was run, as a fraction.
    trajectory
        Paths of the trajectory's files below the calculation's folder, in the order of time.
    snapshots
        First and last frame, that of the equilibration included. In all documents of an interface time counts from the
        first contact, with the equilibration.
    notes
        Sentences a reader should see, that are not defects.
    """

    property: Literal["interface_md"] = "interface_md"
    interface: str
    anode: CrystalSide
    electrolyte: CrystalSide
    interfaces: int
    area: float
    temperature: float
    mean_temperature: float | None = None
    time_ps: float
    time_step_fs: float
    equilibration_ps: float
    ensemble: str
    height_change: float | None = None
    trajectory: list[str]
    snapshots: list[Snapshot] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
