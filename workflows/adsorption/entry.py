"""The settings of adsorption energies in a campaign file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, StrictInt, field_validator, model_validator

from lianode.structures.adsorption.sites import KINDS, SiteKind
from lianode.structures.errors import InputError, nearest
from lianode.structures.facets import parse_facet
from lianode.workflows.campaign.entry import distinct, refuse
from lianode.workflows.campaign.relaxation_entry import RelaxationEntry
from lianode.workflows.campaign.units import POSITIVE, Force, Length
from lianode.workflows.hull.entry import name_fault

if TYPE_CHECKING:
    from lianode.structures.facets import Facet

LEAST_VACUUM = 10.0
"""Å: with an adsorbate of 3 Å on either side, less than this lets it feel the next image of the slab."""

Sides = Literal["one", "both"]


class AdsorptionEntry(RelaxationEntry):
    """Energy of an atom on the distinct sites of surfaces.

    Attributes
    ----------
    surfaces
        Phases with planes, such as ``Li13In3(100)``. A multiple of an index, such as ``Li9Al4(400)``, is the plane of
        the reduced one, and stays in the label.
    adsorbate
        Element. Its energy refers to the element's own crystal.
    sites
        Kinds that are computed: ``top``, ``bridge``, ``hollow``; all distinct ones of each.
    sides
        ``one``: the upper surface. ``both``: equal sites of both surfaces, where an operation of the slab makes one of
        the other; then the slab has no dipole, and the energy is that of one adsorbate.
    adsorbate_distance
        From an adsorbate to its next image, at least, Å; the smallest supercell that allows it is taken.
    supercell
        Instead of it: repeats of the surface cell in the plane, which set the coverage.
    termination
        Name of a cut, as `surface` documents have it. None takes the first that `surface` would list: stoichiometric
        before other symmetric ones before cleavages, and of those the widest opening.
    thickness
        Of the slab, at least, Å; None takes 10 Å, or one period of the crystal where that is more.
    layers
        Instead of it: lattice planes.
    vacuum
        Between the bare slab and its next image, Å.
    height
        Of an adsorbate above the atoms of its site when it begins, Å; None lowers it until it touches.
    slab_force
        Largest force on an atom of a relaxed slab, eV/Å.
    """

    PROPERTY: ClassVar[str] = "adsorption"
    EXAMPLE: ClassVar[str] = "{adsorbate: Li, surfaces: [Li(001), Li13In3(100)]}"

    surfaces: tuple[str, ...]
    adsorbate: str = "Li"
    sites: tuple[SiteKind, ...] = KINDS
    sides: Sides = "one"
    adsorbate_distance: Annotated[Length, POSITIVE] = 6.0
    supercell: tuple[StrictInt, StrictInt] | None = None
    termination: str | None = None
    thickness: Annotated[Length, POSITIVE] | None = None
    layers: StrictInt | None = Field(default=None, ge=1)
    vacuum: Annotated[Length, POSITIVE] = 15.0
    height: Annotated[Length, POSITIVE] | None = None
    slab_force: Annotated[Force, POSITIVE] = 0.01

    @property
    def facets(self) -> tuple[Facet, ...]:
        """Phase and plane of each surface."""
        return tuple(parse_facet(text) for text in self.surfaces)

    @field_validator("surfaces")
    @classmethod
    def _facets(cls, surfaces: tuple[str, ...]) -> tuple[str, ...]:
        if not surfaces:
            raise InputError("the list is empty; name at least one surface, such as [Li(001)]")
        distinct(surfaces, "this surface")
        refuse((index, _surface_fault(text)) for index, text in enumerate(surfaces))
        return surfaces

    @field_validator("adsorbate")
    @classmethod
    def _an_element(cls, symbol: str) -> str:
        from lianode.structures import library

        known = sorted({one.elements[0] for one in library.entries() if len(one.elements) == 1})
        if symbol not in known:
            raise InputError(
                f"'{symbol}' is no element that the library has a crystal of, to which its energy refers"
                f"{nearest(symbol, known)}; it has {', '.join(known)}"
            )
        return symbol

    @field_validator("sites")
    @classmethod
    def _some_sites(cls, sites: tuple[SiteKind, ...]) -> tuple[SiteKind, ...]:
        if not sites:
            raise InputError(f"the list is empty; name kinds of sites, such as [{', '.join(KINDS)}]")
        distinct(sites, "this kind of site")
        return tuple(kind for kind in KINDS if kind in sites)

    @field_validator("supercell")
    @classmethod
    def _whole(cls, supercell: tuple[int, int] | None) -> tuple[int, int] | None:
        if supercell is not None and min(supercell) < 1:
            raise InputError("a supercell is two whole numbers from 1, such as [2, 2]")
        return supercell

    @field_validator("vacuum")
    @classmethod
    def _wide(cls, vacuum: float) -> float:
        if vacuum < LEAST_VACUUM:
            raise InputError(
                f"across {vacuum:g} Å of vacuum an adsorbate feels the next slab; 15 Å is usual, {LEAST_VACUUM:g} Å "
                "the least"
            )
        return vacuum

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        if self.supercell is not None and "adsorbate_distance" in self.model_fields_set:
            raise InputError("both `supercell` and `adsorbate_distance` are given; keep one of them")
        if self.layers is not None and self.thickness is not None:
            raise InputError("both `layers` and `thickness` are given; keep one of them")
        return self


def _surface_fault(text: str) -> str | None:
    """Say why a text is no surface that can be cut."""
    from lianode.structures import library

    try:
        facet = parse_facet(text)
    except InputError as error:
        return error.message
    fault = name_fault(facet.phase, {})
    if fault is None and not library.phase(facet.phase).ordered:
        return f"{facet.phase} is disordered, and planes of an average cannot be cut; name an ordered model of it"
    return fault
