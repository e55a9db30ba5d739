"""The settings of surface energies in a campaign file."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field, StrictBool, StrictInt, field_validator, model_validator

from lianode.structures.errors import InputError
from lianode.workflows.campaign.entry import distinct, refuse
from lianode.workflows.campaign.relaxation_entry import RelaxationEntry
from lianode.workflows.campaign.units import POSITIVE, Force, Length
from lianode.workflows.hull.entry import is_path, name_fault, path_fault

if TYPE_CHECKING:
    from pydantic import ValidationInfo

LEAST_VACUUM = 6.0
"""Å: across less than this the surfaces of a slab and its image bind to each other."""

Plane = tuple[StrictInt, StrictInt, StrictInt]


class SurfaceEntry(RelaxationEntry):
    """Surface energies of the planes of phases, and the shapes that they give their crystals.

    Attributes
    ----------
    phases
        Names, formulas (the default entry), or paths of files and folders.
    planes
        Miller indices in the stored cells, the same for all phases; None takes all distinct planes up to ``max_index``.
    max_index
        Largest index of the planes; 1 where neither is given.
    thicknesses
        Of the slabs of a series, at least, Å.
    layers
        Instead of them: lattice planes of each slab.
    vacuum
        Between a slab and its next image, Å.
    supercell
        Repeats of the surface cell in the plane.
    relax
        Whether slabs relax; the energies of slabs as they were cut are there in any case.
    screen
        Terminations of a plane that are computed in full. Where a plane has more, a single point of each decides.
    non_stoichiometric
        Whether terminations count that have atoms beyond whole formula units. Their energies need the chemical
        potentials between which the phase is stable, and so all phases of its elements.
    slab_force
        Largest force on an atom of a relaxed slab, eV/Å.
    """

    PROPERTY: ClassVar[str] = "surface"
    EXAMPLE: ClassVar[str] = "{phases: [LiCl], planes: [[1, 0, 0]]}"

    phases: tuple[str, ...]
    planes: tuple[Plane, ...] | None = None
    max_index: StrictInt | None = Field(default=None, ge=1, le=3)
    thicknesses: tuple[Annotated[Length, POSITIVE], ...] = (10.0, 15.0, 20.0)
    layers: tuple[StrictInt, ...] | None = None
    vacuum: Annotated[Length, POSITIVE] = 15.0
    supercell: tuple[StrictInt, StrictInt] = (1, 1)
    relax: StrictBool = True
    screen: StrictInt = Field(default=2, ge=1)
    non_stoichiometric: StrictBool = True
    slab_force: Annotated[Force, POSITIVE] = 0.01

    @field_validator("phases")
    @classmethod
    def _known_phases(cls, phases: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not phases:
            raise InputError("the list is empty; name at least one phase, such as [LiCl]")
        distinct(phases, "this phase")
        refuse(
            (index, path_fault(text, info) if is_path(text) else name_fault(text, {}))
            for index, text in enumerate(phases)
        )
        return phases

    @field_validator("planes")
    @classmethod
    def _some_planes(cls, planes: tuple[Plane, ...] | None) -> tuple[Plane, ...] | None:
        if planes is None:
            return None
        if not planes:
            raise InputError("the list is empty; name at least one plane, such as [1, 0, 0]")
        distinct(planes, "this plane")
        sentence = "there is no plane (0, 0, 0); name three integers such as [1, 0, 0]"
        refuse((index, None if any(plane) else sentence) for index, plane in enumerate(planes))
        return planes

    @field_validator("thicknesses")
    @classmethod
    def _thicker(cls, thicknesses: tuple[float, ...]) -> tuple[float, ...]:
        if not thicknesses:
            raise InputError("the list is empty; name three thicknesses, such as [10, 15, 20]")
        if any(second <= first for first, second in pairwise(thicknesses)):
            raise InputError("thicknesses of a series go up, such as [10, 15, 20]")
        return thicknesses

    @field_validator("layers")
    @classmethod
    def _more_layers(cls, layers: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if layers is None:
            return None
        if not layers or layers[0] < 1:
            raise InputError("a slab has one lattice plane or more; write three numbers, such as [5, 7, 9]")
        if any(second <= first for first, second in pairwise(layers)):
            raise InputError("the layers of a series go up, such as [5, 7, 9]")
        return layers

    @field_validator("vacuum")
    @classmethod
    def _wide(cls, vacuum: float) -> float:
        if vacuum < LEAST_VACUUM:
            raise InputError(
                f"across {vacuum:g} Å of vacuum a slab binds to its image; 15 Å is usual, {LEAST_VACUUM:g} Å the least"
            )
        return vacuum

    @field_validator("supercell")
    @classmethod
    def _whole(cls, supercell: tuple[int, int]) -> tuple[int, int]:
        if min(supercell) < 1:
            raise InputError("a supercell is two whole numbers from 1, such as [2, 2]")
        return supercell

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        if self.planes is not None and self.max_index is not None:
            raise InputError("both `planes` and `max_index` are given; keep one of them")
        if self.layers is not None and "thicknesses" in self.model_fields_set:
            raise InputError("both `layers` and `thicknesses` are given; keep one of them")
        return self
