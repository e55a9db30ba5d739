"""The settings of elastic constants in a campaign file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field, StrictInt, field_validator

from lianode.structures.errors import InputError
from lianode.structures.strains import LARGEST_MAGNITUDE, MAGNITUDES
from lianode.workflows.campaign.entry import CalculationEntry, distinct, refuse
from lianode.workflows.campaign.units import POSITIVE, Force, Pressure, shown
from lianode.workflows.hull.entry import is_path, name_fault, path_fault

if TYPE_CHECKING:
    from pydantic import ValidationInfo

SMALLEST_MAGNITUDE = 0.001
"""At 0.1 % the stress of a soft alloy is 0.01 GPa; below, the noise of forces and stresses decides."""


class ElasticEntry(CalculationEntry):
    """The elastic tensor of phases with their atoms relaxed, and the moduli that follow.

    Attributes
    ----------
    phases
        Names, formulas (the default entry), or paths of files and folders, which start at the folder of the campaign
        file.
    strains
        Magnitudes without sign; both signs are computed where they differ. With two, linearity is checked.
    max_force
        Where the atoms of the relaxed crystal and of the strained cells are at rest, eV/Å. Much less is out of reach of
        some potentials: in Li9Al4 the forces of SevenNet-0 break the crystal's symmetry by 0.0008 eV/Å.
    max_stress
        Left of the relaxed crystal that the strains begin from, GPa.
    max_steps
        Steps after which a relaxation gives up.
    """

    PROPERTY: ClassVar[str] = "elastic"
    EXAMPLE: ClassVar[str] = "{phases: [In, LiCl]}"

    phases: tuple[str, ...]
    strains: tuple[float, ...] = MAGNITUDES
    max_force: Annotated[Force, POSITIVE] = 0.001
    max_stress: Annotated[Pressure, POSITIVE] = 0.01
    max_steps: StrictInt = Field(default=500, ge=1)

    @field_validator("phases")
    @classmethod
    def _known_phases(cls, phases: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not phases:
            raise InputError("the list is empty; name at least one phase, such as [In, LiCl]")
        distinct(phases, "this phase")
        refuse((i, path_fault(text, info) if is_path(text) else name_fault(text, {})) for i, text in enumerate(phases))
        return phases

    @field_validator("strains", mode="before")
    @classmethod
    def _magnitudes(cls, strains: Any) -> Any:
        if not isinstance(strains, (list, tuple)) or not strains:
            raise InputError("write a list of magnitudes, such as [0.005, 0.01]")
        refuse((index, _fault(value)) for index, value in enumerate(strains))
        distinct(strains, "this strain")
        return tuple(sorted(float(value) for value in strains))


def _fault(value: Any) -> str | None:
    """Say why a value is no magnitude of a strain."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return f"{shown(value)} is no number; a strain of 0.5 % is 0.005"
    if -LARGEST_MAGNITUDE <= value < 0:
        return f"{value:g} has a sign; write {-value:g}, and both signs are computed where they differ"
    if SMALLEST_MAGNITUDE <= value <= LARGEST_MAGNITUDE:
        return None
    return f"{value:g} is not from {SMALLEST_MAGNITUDE:g} to {LARGEST_MAGNITUDE:g}; 0.005 and 0.01 are usual"
