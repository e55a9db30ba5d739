"""What a calculation of an electronic structure keeps in its document; levels are in a file beside it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from lianode.analysis.electronic.potential import Profile


class ElectronicResult(BaseModel):
    """Numbers of one electronic structure.

    Attributes
    ----------
    fermi_level
        eV, on the scale of the potential.
    k_mesh
        Divisions of the mesh.
    n_k_points
        Distinct ones.
    potential
        Electrostatic potential of an electron without exchange and correlation, averaged over planes along the third
        vector; None where it was not asked for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fermi_level: float
    k_mesh: tuple[int, int, int]
    n_k_points: int
    potential: Profile | None = None
