"""The settings of electronic structures in a campaign file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field, StrictBool, StrictInt, field_validator, model_validator

from lianode.analysis.electronic.work_function import InsulatorReference
from lianode.structures.errors import InputError
from lianode.structures.facets import parse_facet
from lianode.workflows.campaign.entry import distinct, refuse
from lianode.workflows.campaign.relaxation_entry import RelaxationEntry
from lianode.workflows.campaign.units import POSITIVE, Energy, Force, Length
from lianode.workflows.hull.entry import is_path, name_fault, path_fault

if TYPE_CHECKING:
    from pydantic import ValidationInfo

    from lianode.structures.facets import Facet

LEAST_VACUUM = 10.0
"""Å: across less than this the potential does not become flat."""


class ElectronicEntry(RelaxationEntry):
    """Band gaps and densities of states of phases, and work functions of their surfaces.

    Attributes
    ----------
    phases
        Names, formulas (the default entry), or paths of files and folders.
    surfaces
        Phases with a plane, such as ``LiCl(001)``, whose work functions are wanted. The crystal's levels come with
        them.
    dos, projected
        Whether there is a density of states, and whether it is divided among elements and orbitals.
    broadening
        Standard deviation of its Gaussians, eV.
    k_factor
        How much denser the mesh of a crystal is than that of its energy, along each vector. Slabs have that of their
        energy.
    hybrid
        Whether the levels are those of HSE06, on structures of the engine's functional.
    relax
        Whether crystals and slabs are relaxed; without it they are as the library has them, or as the engine of
        ``start_from`` relaxed the crystal.
    thickness, layers
        Of the slabs, at least (Å), or instead of it their number of lattice planes.
    vacuum
        Between a slab and its next image, Å.
    termination
        Name of the cut; None takes the first stoichiometric one.
    slab_force
        Largest force on an atom of a relaxed slab, eV/Å.
    work_function_reference
        What the work function of an insulator counts from: ``vbm`` or ``mid-gap``.
    """

    PROPERTY: ClassVar[str] = "electronic"
    EXAMPLE: ClassVar[str] = "{phases: [LiCl], engine: gpaw}"

    phases: tuple[str, ...] = ()
    surfaces: tuple[str, ...] = ()
    dos: StrictBool = True
    projected: StrictBool = True
    broadening: Annotated[Energy, POSITIVE] = 0.1
    k_factor: float = Field(default=1.5, ge=1, le=10)
    hybrid: StrictBool = False
    relax: StrictBool = True
    thickness: Annotated[Length, POSITIVE] = 10.0
    layers: StrictInt | None = Field(default=None, ge=1)
    vacuum: Annotated[Length, POSITIVE] = 20.0
    termination: str | None = None
    slab_force: Annotated[Force, POSITIVE] = 0.02
    work_function_reference: InsulatorReference = "vbm"

    @property
    def facets(self) -> tuple[Facet, ...]:
        """The surfaces, as phases and planes."""
        return tuple(parse_facet(text) for text in self.surfaces)

    @field_validator("phases")
    @classmethod
    def _known_phases(cls, phases: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        distinct(phases, "this phase")
        refuse((i, path_fault(text, info) if is_path(text) else name_fault(text, {})) for i, text in enumerate(phases))
        return phases

    @field_validator("surfaces")
    @classmethod
    def _known_surfaces(cls, surfaces: tuple[str, ...]) -> tuple[str, ...]:
        distinct(surfaces, "this surface")
        refuse((index, _surface_fault(text)) for index, text in enumerate(surfaces))
        return surfaces

    @field_validator("vacuum")
    @classmethod
    def _wide(cls, vacuum: float) -> float:
        if vacuum < LEAST_VACUUM:
            raise InputError(
                f"across {vacuum:g} Å of vacuum the potential does not become flat; 20 Å is usual, {LEAST_VACUUM:g} Å "
                "the least"
            )
        return vacuum

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.phases and not self.surfaces:
            raise InputError("nothing is asked for; name `phases: [LiCl]` or `surfaces: [LiCl(001)]`")
        if self.layers is not None and "thickness" in self.model_fields_set:
            raise InputError("both `layers` and `thickness` are given; keep one of them")
        if self.projected and not self.dos and "projected" in self.model_fields_set:
            raise InputError("`projected` divides a density of states, and `dos` is false; leave one of them out")
        return self


def _surface_fault(text: str) -> str | None:
    """Say why a text names no surface of a phase."""
    try:
        facet = parse_facet(text)
    except InputError as error:
        return error.message
    return name_fault(facet.phase, {})
