"""The settings of interface energies in a campaign file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, StrictBool, StrictInt, field_validator, model_validator

from lianode.structures.errors import InputError
from lianode.structures.facets import parse_facet
from lianode.structures.interfaces.pairing import CellChoice
from lianode.workflows.campaign.entry import distinct
from lianode.workflows.campaign.relaxation_entry import RelaxationEntry
from lianode.workflows.campaign.units import POSITIVE, Force, Length
from lianode.workflows.electrolytes import electrolyte_fault
from lianode.workflows.hull.entry import name_fault

if TYPE_CHECKING:
    from typing import Self

    from pydantic import ValidationInfo

    from lianode.structures.facets import Facet
    from lianode.structures.interfaces.pairing import Strained

Yields = Literal["film", "substrate", "shared"]
_SIDES: dict[Yields, Strained] = {"film": "anode", "substrate": "electrolyte", "shared": "shared"}
LEAST_VACUUM = 5.0
"""Å: across less than this the surfaces of a cell and its image bind to each other."""


class InterfaceEnergyEntry(RelaxationEntry):
    """Energy of an interface with the strain removed, work of adhesion, and whether the film wets the substrate.

    Attributes
    ----------
    film, substrate
        Phase and plane, such as ``Li(001)``. A disordered substrate, and an argyrodite by its formula, is ordered.
    film_layers
        Lattice planes of the film in the cells of the series; None takes three, each a stacking period thicker.
    substrate_thickness
        At least, Å.
    film_termination, substrate_termination
        Names of cuts; None takes those with the widest opening.
    width, max_area, max_strain
        Of the cell in the plane, as in :class:`lianode.workflows.interface_md.entry.InterfaceMdEntry`.
    strained
        Which side is: ``film``, ``substrate`` or ``shared``.
    closeness
        Share of the contact distances at which the two meet before they relax.
    orderings
        Models of a disordered substrate that are relaxed; the lowest is taken.
    seed
        Of their sampling.
    adhesion
        Whether the two are parted, in a cell with vacuum, for the work of adhesion.
    vacuum
        Of that cell, Å.
    cell_force
        Largest force on an atom of a relaxed cell, eV/Å.
    """

    PROPERTY: ClassVar[str] = "interface_energy"
    EXAMPLE: ClassVar[str] = "{film: Li(001), substrate: LiCl(001)}"

    film: str
    substrate: str
    film_layers: tuple[StrictInt, ...] | None = None
    substrate_thickness: Annotated[Length, POSITIVE] = 10.0
    film_termination: str | None = None
    substrate_termination: str | None = None
    width: Annotated[Length, POSITIVE] = 6.0
    max_area: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    max_strain: float = Field(default=0.05, gt=0, lt=0.5)
    strained: Yields = "film"
    closeness: float = Field(default=1.0, gt=0, le=2)
    orderings: StrictInt = Field(default=5, ge=1, le=100)
    seed: StrictInt = Field(default=1, ge=0, lt=2**32)
    adhesion: StrictBool = True
    vacuum: Annotated[Length, POSITIVE] = 15.0
    cell_force: Annotated[Force, POSITIVE] = 0.01

    @property
    def film_facet(self) -> Facet:
        """Phase and plane of the film."""
        return parse_facet(self.film)

    @property
    def substrate_facet(self) -> Facet:
        """Phase and plane of the substrate."""
        return parse_facet(self.substrate)

    def choice(self, layers: int, *, vacuum: float | None) -> CellChoice:
        """Return the cell with a film of so many lattice planes.

        Parameters
        ----------
        layers
            Of the film.
        vacuum
            Å; None closes the cell.
        """
        return CellChoice(
            anode_plane=self.film_facet.plane,
            electrolyte_plane=self.substrate_facet.plane,
            anode_layers=layers,
            electrolyte_thickness=self.substrate_thickness,
            anode_termination=self.film_termination,
            electrolyte_termination=self.substrate_termination,
            width=self.width,
            max_area=self.max_area,
            max_strain=self.max_strain,
            strained=_SIDES[self.strained],
            vacuum=vacuum,
            closeness=self.closeness,
        )

    @field_validator("film", "substrate")
    @classmethod
    def _a_facet(cls, text: str, info: ValidationInfo) -> str:
        facet = parse_facet(text)
        fault = name_fault(facet.phase, {}) if info.field_name == "film" else electrolyte_fault(facet.phase)
        if fault:
            raise InputError(fault)
        if info.field_name == "film":
            from lianode.structures import library

            if not library.phase(facet.phase).ordered:
                raise InputError(f"{facet.phase} is disordered; name one of its ordered models")
        return text

    @field_validator("film_layers")
    @classmethod
    def _a_series(cls, layers: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if layers is not None:
            distinct(layers, "this thickness")
            if len(layers) < 2 or min(layers) < 1:
                raise InputError("a series has two thicknesses or more, of 1 lattice plane or more, such as [5, 7, 9]")
        return None if layers is None else tuple(sorted(layers))

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.adhesion and self.vacuum < LEAST_VACUUM:
            raise InputError(
                f"a vacuum of {self.vacuum:g} Å does not part two slabs; {LEAST_VACUUM:g} Å is the least, 15 Å usual"
            )
        return self
