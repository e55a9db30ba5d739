"""What a converged band of images says about a hop."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

RIDGE_CHECK = "saddle_without_symmetry"
"""Check of a mirrored band: displaced without symmetry, its saddle has to come back."""


class Band(BaseModel):
    """Energies and forces along a path, end points included.

    Attributes
    ----------
    coordinates
        Length along the path from the first end point, Å: sum of distances between neighbouring images over all atoms.
    energies
        Of the cell, eV, one per image.
    tangential_forces
        Force along the path, eV/Å, one per image: minus the slope of the energy; 0 at end points that are minima.
    perpendicular_forces
        Largest force on an atom after the part along the path is taken away, eV/Å; that of the end points is their
        whole force.
    climbing
        Number of the image that climbed to the saddle, or None.
    mirrored
        Whether only half of the band was computed and the rest follows from symmetry.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    coordinates: list[float]
    energies: list[float]
    tangential_forces: list[float]
    perpendicular_forces: list[float]
    climbing: int | None = None
    mirrored: bool = False
