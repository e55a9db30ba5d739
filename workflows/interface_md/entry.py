"""The settings of molecular dynamics of an interface in a campaign file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal

from pydantic import Field, StrictInt, field_validator, model_validator

from lianode.structures.errors import InputError
from lianode.structures.interfaces.pairing import CellChoice, Strained
from lianode.workflows.campaign.entry import CalculationEntry, distinct, refuse
from lianode.workflows.campaign.units import NON_NEGATIVE, POSITIVE, Force, Length, MDTime, Pressure, Temperature, shown
from lianode.workflows.hull.entry import is_path, path_fault

if TYPE_CHECKING:
    from typing import Self

    from pydantic import ValidationInfo


Plane = tuple[StrictInt, StrictInt, StrictInt]
Thermostat = Literal["nose-hoover", "langevin", "bussi"]
MOST_STEPS: Final = 100_000_000
_PAIR: Final = re.compile(r"([A-Z][a-z]?)-([A-Z][a-z]?)")
_POLYHEDRON: Final = re.compile(r"([A-Z][a-z]?)([A-Z][a-z]?)([1-9][0-9]?)")


class InterfaceMdEntry(CalculationEntry):
    """An anode on an electrolyte in time: the cell, its equilibration, the run, and what forms in it.

    Attributes
    ----------
    electrolyte, anode
        Names, formulas or paths of files. A disordered electrolyte, and an argyrodite given by its formula
        (``Li6PS5Cl``, ``Li5.5PS4.5Cl1.5``), is ordered first.
    electrolyte_plane, anode_plane
        Miller indices that face the other side, in the stored cells.
    electrolyte_thickness, anode_thickness
        Of either side, at least, Å.
    electrolyte_termination, anode_termination
        Names of cuts such as ``Li|Cl``; None takes the cut with the widest opening.
    width
        Of the cell in the plane, at least, Å.
    max_area
        Of the cell in the plane, Å²; None takes twice the square of the width.
    max_strain
        Largest strain of the side, or sides, that give way; as a fraction.
    strained
        Which side is: ``anode``, ``electrolyte`` or ``shared``.
    vacuum
        Above the anode, Å; None closes the cell with a second interface.
    closeness
        Share of the contact distances at which the two meet before anything relaxes.
    orderings
        Models of a disordered electrolyte that are relaxed: those of lowest Ewald energy.
    models
        Of them those of lowest relaxed energy that are run, each by itself.
    temperature
        K.
    time, time_step
        Of the run, fs.
    equilibration
        Before it, fs; 0 leaves it out. The height of a closed cell adapts in it, where the engine can.
    start_temperature
        At which the equilibration begins, K, on a straight line to the temperature; None equilibrates at that.
    thermostat
        ``nose-hoover`` (a chain), ``langevin`` or ``bussi``.
    thermostat_time
        Its time constant, fs; None takes the usual one.
    seed
        Of velocities, random forces and orderings.
    frame_interval
        Steps between the frames that are kept.
    references
        Crystals whose formation is looked for; None takes, for each bond that could form, the library's crystal of the
        two elements that is richest in the metal.
    reference_time
        Of the molecular dynamics that broadens their distances, fs; 0 takes the crystals at rest.
    pairs
        Such as ``In-S``, centre first; None takes metal and anions, and P-S.
    polyhedra
        Units whose survival is followed, such as ``PS4``; None takes PS4 where the electrolyte has P and S.
    cutoffs
        Lengths of bonds, Å, instead of the first minimum in a reference crystal.
    largest, bin_width
        Distances that are counted, Å.
    windows
        Equal stretches of the run that are averaged apart.
    layers
        Equal layers along the normal that are counted apart; None counts the whole cell.
    normalisation
        Of g(r): ``global`` density, as papers do, or that of the ``layer``.
    max_force, max_stress, max_steps
        Where relaxations of the electrolyte's models end, eV/Å and GPa. The cell relaxes to five times that force.
    """

    PROPERTY: ClassVar[str] = "interface_md"
    EXAMPLE: ClassVar[str] = "{electrolyte: Li6PS5Cl, anode: In, temperature: 300, time: 20 ps}"

    electrolyte: str
    anode: str
    electrolyte_plane: Plane = (0, 0, 1)
    anode_plane: Plane = (0, 0, 1)
    electrolyte_thickness: Annotated[Length, POSITIVE] = 19.0
    anode_thickness: Annotated[Length, POSITIVE] = 12.0
    electrolyte_termination: str | None = None
    anode_termination: str | None = None
    width: Annotated[Length, POSITIVE] = 12.0
    max_area: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    max_strain: float = Field(default=0.05, gt=0, lt=0.5)
    strained: Strained = "anode"
    vacuum: Annotated[Length, POSITIVE] | None = None
    closeness: float = Field(default=1.0, gt=0, le=2)
    orderings: StrictInt = Field(default=5, ge=1, le=100)
    models: StrictInt = Field(default=1, ge=1, le=100)
    temperature: Annotated[Temperature, POSITIVE] = 300.0
    time: Annotated[MDTime, POSITIVE] = 20_000.0
    time_step: Annotated[MDTime, POSITIVE] = 2.0
    equilibration: Annotated[MDTime, NON_NEGATIVE] = 1000.0
    start_temperature: Annotated[Temperature, POSITIVE] | None = None
    thermostat: Thermostat = "nose-hoover"
    thermostat_time: Annotated[MDTime, POSITIVE] | None = None
    seed: StrictInt = Field(default=1, ge=0, lt=2**32)
    frame_interval: StrictInt = Field(default=10, ge=1)
    references: tuple[str, ...] | None = None
    reference_time: Annotated[MDTime, NON_NEGATIVE] = 2000.0
    pairs: tuple[str, ...] | None = None
    polyhedra: tuple[str, ...] | None = None
    cutoffs: dict[str, Annotated[Length, POSITIVE]] = Field(default_factory=dict)
    largest: Annotated[Length, POSITIVE] = 8.0
    bin_width: Annotated[Length, POSITIVE] = 0.02
    windows: StrictInt = Field(default=5, ge=1, le=100)
    layers: StrictInt | None = Field(default=None, ge=1, le=100)
    normalisation: Literal["global", "layer"] = "global"
    max_force: Annotated[Force, POSITIVE] = 0.02
    max_stress: Annotated[Pressure, POSITIVE] = 0.1
    max_steps: StrictInt = Field(default=500, ge=1)

    @property
    def choice(self) -> CellChoice:
        """The cell that is wanted."""
        said = CellChoice.__dataclass_fields__.keys() & type(self).model_fields.keys()
        return CellChoice(**{name: getattr(self, name) for name in said})

    def steps(self, time: float) -> int:
        """Return the steps in a time, fs."""
        return round(time / self.time_step)

    def notes(self) -> tuple[str, ...]:
        """Return what the user should know before this runs, one sentence each."""
        if self.time_step > 2.0:
            return (f"Time steps of {self.time_step:g} fs are long for lithium; 1 to 2 fs are usual.",)
        return ()

    @field_validator("electrolyte", "anode")
    @classmethod
    def _known(cls, text: str, info: ValidationInfo) -> str:
        if is_path(text):
            fault = path_fault(text, info)
        elif info.field_name == "electrolyte":
            from lianode.workflows.electrolytes import electrolyte_fault

            fault = electrolyte_fault(text)
        else:
            fault = _anode_fault(text)
        if fault:
            raise InputError(fault)
        return text

    @field_validator("anode_plane", "electrolyte_plane")
    @classmethod
    def _a_plane(cls, plane: Plane) -> Plane:
        if not any(plane):
            raise InputError("there is no plane (0, 0, 0); a plane is three integers such as [0, 0, 1]")
        return plane

    @field_validator("references")
    @classmethod
    def _known_crystals(cls, names: tuple[str, ...] | None, info: ValidationInfo) -> tuple[str, ...] | None:
        if names is not None:
            distinct(names, "this crystal")
            refuse((n, path_fault(text, info) if is_path(text) else _anode_fault(text)) for n, text in enumerate(names))
        return names

    @field_validator("pairs")
    @classmethod
    def _pairs(cls, pairs: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if pairs is not None:
            if not pairs:
                raise InputError("the list is empty; name at least one pair, such as [In-S]")
            distinct(pairs, "this pair")
            refuse((n, None if _PAIR.fullmatch(text) else _no_pair(text)) for n, text in enumerate(pairs))
        return pairs

    @field_validator("polyhedra")
    @classmethod
    def _polyhedra(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if names is not None:
            distinct(names, "this unit")
            refuse(
                (n, None if _POLYHEDRON.fullmatch(text) else f"{shown(text)} is no unit; write one such as PS4")
                for n, text in enumerate(names)
            )
        return names

    @field_validator("cutoffs")
    @classmethod
    def _of_pairs(cls, cutoffs: dict[str, float]) -> dict[str, float]:
        refuse((text, None if _PAIR.fullmatch(text) else _no_pair(text)) for text in cutoffs)
        return cutoffs

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.models > self.orderings:
            raise InputError(
                f"{self.models} models cannot be run of {self.orderings} orderings; raise `orderings` or lower `models`"
            )
        if not 1 <= self.steps(self.time) <= MOST_STEPS:
            raise InputError(
                f"a run of {self.time:g} fs in steps of {self.time_step:g} fs has {self.steps(self.time)} steps; "
                f"1 to {MOST_STEPS} can be made"
            )
        frames = self.steps(self.time) // self.frame_interval
        if frames < self.windows:
            raise InputError(
                f"{frames} frames cannot fill {self.windows} windows; a longer `time`, a shorter `frame_interval` or "
                "fewer `windows` would be right"
            )
        if self.start_temperature is not None and not self.equilibration:
            raise InputError(
                "`start_temperature` is that of the equilibration; give one, such as `equilibration: 1 ps`"
            )
        if self.normalisation == "layer" and self.layers is None:
            raise InputError("`normalisation: layer` needs `layers`, such as `layers: 4`")
        elements = self._elements()
        if elements is not None:
            self._check_elements(elements)
        return self

    def _elements(self) -> frozenset[str] | None:
        """Return the elements of both sides; None where one is a file."""
        if is_path(self.electrolyte) or is_path(self.anode):
            return None
        from lianode.structures import library
        from lianode.workflows.electrolytes import electrolyte_elements

        return electrolyte_elements(self.electrolyte) | frozenset(library.entry(self.anode).elements)

    def _check_elements(self, elements: frozenset[str]) -> None:
        names = [*(self.pairs or ()), *self.cutoffs]
        for name in names:
            for symbol in name.split("-"):
                if symbol not in elements:
                    raise InputError(f"{name}: there is no {symbol} in {self.anode} or {self.electrolyte}")
        for name in self.polyhedra or ():
            centre, ligand, _ = polyhedron_parts(name)
            for symbol in (centre, ligand):
                if symbol not in elements:
                    raise InputError(f"{name}: there is no {symbol} in {self.anode} or {self.electrolyte}")


def polyhedron_parts(name: str) -> tuple[str, str, int]:
    """Return centre, ligand and number of a unit such as ``PS4``."""
    found = _POLYHEDRON.fullmatch(name)
    if found is None:
        raise InputError(f"{shown(name)} is no unit; write one such as PS4", "polyhedra")
    return found[1], found[2], int(found[3])


def _anode_fault(text: str) -> str | None:
    """Say why the library has no ordered crystal of this name."""
    from lianode.structures import library

    try:
        entry = library.entry(text)
    except InputError as error:
        return error.message
    if not library.phase(entry.name).ordered:
        return f"{shown(text)} is disordered; name one of its ordered models"
    return None


def _no_pair(text: str) -> str:
    return f"{shown(text)} is no pair of elements; write one such as In-S"
