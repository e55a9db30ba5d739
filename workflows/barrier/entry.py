"""The settings of migration barriers in a campaign file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, StrictInt, field_validator

from lianode.structures.errors import InputError
from lianode.structures.formulas import parse_formula
from lianode.structures.hops.hop import Mechanism
from lianode.workflows.campaign.entry import distinct, refuse
from lianode.workflows.campaign.single_points import SinglePointEntry
from lianode.workflows.campaign.units import POSITIVE, Force, Length, Temperature, shown
from lianode.workflows.hull.entry import is_path, name_fault, path_fault

if TYPE_CHECKING:
    from pydantic import ValidationInfo

SHORTEST_LENGTH = 4.0
"""Å: less than this between a defect and its image is no dilute defect in any sense."""


class BarrierEntry(SinglePointEntry):
    """Barriers of the hops of lithium in phases, and over which of them it crosses each phase.

    Attributes
    ----------
    phases
        Names, formulas (the default entry), or paths of files and folders, which start at the folder of the campaign
        file. With ``exchange``, phases with few lithium atoms, such as LiIn35.
    mechanism
        ``vacancy``: lithium moves into lithium vacancies. ``interstitial``: an extra lithium moves between holes.
        ``exchange``: lithium on a site of its host moves by changing places with a vacancy of the host.
    images
        Of a band, between its end points.
    cutoff
        Longest hop, Å. None takes the shortest with which the hops percolate in as many dimensions as they can.
    supercell_length
        Shortest distance between a defect and its periodic images, Å; twice the longest hop where that is more.
    temperatures
        Of the diffusivities, K.
    attempt_frequency_THz
        Of all hops, THz.
    defect_concentration
        Vacancies (or extra lithium) per lithium atom, for the diffusivity of lithium; None leaves that out.
    max_force
        Largest true force perpendicular to the path, on any image, eV/Å.
    max_climb_force
        Largest force on an atom of the climbing image, eV/Å.
    max_steps
        Steps after which a band gives up.
    """

    PROPERTY: ClassVar[str] = "barrier"
    EXAMPLE: ClassVar[str] = "{phases: [Li, LiIn]}"

    phases: tuple[str, ...]
    mechanism: Mechanism = "vacancy"
    images: StrictInt = Field(default=5, ge=1, le=51)
    cutoff: Annotated[Length, POSITIVE] | None = None
    supercell_length: Annotated[Length, POSITIVE] = 10.0
    temperatures: tuple[Annotated[Temperature, POSITIVE], ...] = (300.0,)
    attempt_frequency_THz: float = Field(default=10.0, gt=0, le=1000, allow_inf_nan=False)
    defect_concentration: float | None = Field(default=None, gt=0, le=1)
    max_force: Annotated[Force, POSITIVE] = 0.03
    max_climb_force: Annotated[Force, POSITIVE] = 0.01
    max_steps: StrictInt = Field(default=300, ge=1)

    @field_validator("phases")
    @classmethod
    def _known_phases(cls, phases: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not phases:
            raise InputError("the list is empty; name at least one phase, such as [Li, LiIn]")
        distinct(phases, "this phase")
        refuse((index, path_fault(text, info) if is_path(text) else _fault(text)) for index, text in enumerate(phases))
        return phases

    @field_validator("supercell_length")
    @classmethod
    def _long_enough(cls, length: float) -> float:
        if length < SHORTEST_LENGTH:
            raise InputError(
                f"{length:g} Å between a defect and its images is too short; 10 Å is usual, {SHORTEST_LENGTH:g} Å the "
                "least"
            )
        return length

    @field_validator("temperatures")
    @classmethod
    def _each_once(cls, temperatures: tuple[float, ...]) -> tuple[float, ...]:
        distinct(temperatures, "this temperature")
        return temperatures


def _fault(text: str) -> str | None:
    """Say why no lithium moves in the phase of the library with this name."""
    unknown = name_fault(text, {})
    if unknown is not None:
        return unknown
    from lianode.structures import library

    entry = library.entry(text)
    if "Li" not in entry.elements:
        return f"{shown(text)} has no Li that could move; name a phase with Li, such as {_with_lithium(entry.formula)}"
    return None


def _with_lithium(formula: str) -> str:
    """Return a formula with lithium beside the same elements."""
    return "Li" + "".join(sorted(parse_formula(formula)))
