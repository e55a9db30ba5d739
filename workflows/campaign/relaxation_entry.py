"""What entries of a campaign say that relax whole phases."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictInt

from lianode.workflows.campaign.entry import CalculationEntry
from lianode.workflows.campaign.units import NON_NEGATIVE, POSITIVE, Force, Length, Pressure


class RelaxationEntry(CalculationEntry):
    """How phases are relaxed; entries that say the same share their relaxations.

    Attributes
    ----------
    max_force, max_stress
        Where relaxations end, eV/Å and GPa.
    max_steps
        Steps after which a relaxation gives up.
    rattle
        Displacement of the free relaxation that looks whether symmetry holds the crystal on a saddle, Å; 0 leaves it
        out. Without it: 0.02 Å, and 0 with engines that cost core-hours, whose cost it doubles.
    """

    max_force: Annotated[Force, POSITIVE] = 0.005
    max_stress: Annotated[Pressure, POSITIVE] = 0.05
    max_steps: StrictInt = Field(default=500, ge=1)
    rattle: Annotated[Length, NON_NEGATIVE] | None = None
