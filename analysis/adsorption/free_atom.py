"""What a free atom lies above the metal: the reference of papers, which no potential is trusted with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from lianode.analysis.method import MethodKey


class FreeAtom(BaseModel):
    """The energy of a free atom above that of an atom in its element's crystal.

    Attributes
    ----------
    cohesive_energy
        eV/atom.
    origin
        ``computed``: the atom alone in a box, with the same method as all else. ``tabulated``: of another calculation
        with the same functional, as the method of this one knows nothing of free atoms.
    source
        Which calculation.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cohesive_energy: float
    origin: Literal["computed", "tabulated"]
    source: str


TABULATED: Final[dict[tuple[str, str], FreeAtom]] = {
    ("Li", "PBE"): FreeAtom(
        cohesive_energy=1.606,
        origin="tabulated",
        source="GPAW 26.7.0 with gpaw-data 1.2.1, PBE, plane waves to 500 eV: bcc at its own lattice constant, 3.437 Å "
        "(15 x 15 x 15 k-points, Methfessel-Paxton 0.1 eV), from a spin-polarised atom in a box of 15 x 15.7 x 16.3 Å "
        "(1.604 eV in one of 12 x 12.7 x 13.3 Å); computed for this table, without zero-point energy",
    ),
}
"""By element and functional. The measured value of lithium is 1.63 eV (Kittel, Introduction to Solid State Physics)."""


def tabulated(element: str, method: MethodKey) -> FreeAtom | None:
    """Return the tabulated free atom that goes with energies of a method, or None where there is none.

    A correction that energies of a method contain is that of compounds, and zero for an element.
    """
    return TABULATED.get((element, method.functional))
