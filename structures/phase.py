"""A crystal phase with the facts a reader needs to trust it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pymatgen.core import Structure

PhaseKind = Literal["experimental", "hypothetical"]
Confidence = Literal["high", "medium", "low", "user"]


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One crystal phase: a library entry, a user's file, a Materials Project entry or a generated cell.

    Attributes
    ----------
    name
        Unique name, such as ``LiSn_I41amd``.
    formula
        As the papers write it, lithium first and not reduced beyond that: ``Li13In3``.
    structure
        Conventional cell of the source (hexagonal axes for R groups), Å. Plane indices refer to it.
    kind
        ``experimental`` (seen in a laboratory) or ``hypothetical`` (predicted, ideal or generated). A hull counts
        hypothetical phases only when asked.
    default
        Whether the bare formula means this entry.
    source
        Citation, file name, Materials Project id or recipe.
    confidence
        How far the cell and coordinates can be trusted; ``user`` for users' own files.
    confidence_reason
        Why.
    checked
        What was verified about the entry, and how.
    ordered
        False where sites are partly or mixedly occupied; such a phase has to be ordered before it can be computed.
    note
        Anything else the reader should know.
    """

    name: str
    formula: str
    structure: Structure
    kind: PhaseKind
    default: bool
    source: str
    confidence: Confidence
    confidence_reason: str
    checked: str | None = None
    ordered: bool = True
    note: str | None = None

    @property
    def elements(self) -> tuple[str, ...]:
        """Element symbols, sorted."""
        return tuple(sorted({element.symbol for element in self.structure.composition.elements}))

    def primitive(self) -> Structure:
        """Return the primitive cell, the one that is computed (cheapest), Å."""
        # pymatgen's own tolerance of 0.25 Å would fold slightly distorted cells and average their atoms
        return self.structure.get_primitive_structure(tolerance=0.01)

    def relaxed(self, primitive: Structure) -> Phase:
        """Return this phase as its primitive cell relaxed, in the cell that plane indices refer to.

        Parameters
        ----------
        primitive
            The cell of :meth:`primitive` after a relaxation: its vectors and atoms in their order, Å.

        Raises
        ------
        InputError
            When it has other atoms than the primitive cell.
        """
        before = self.primitive()
        if [site.specie for site in before] != [site.specie for site in primitive]:
            raise InputError(
                f"a cell of {primitive.formula} is no relaxed cell of it; its primitive cell is {before.formula}",
                self.name,
            )
        return replace(self, structure=primitive * self.stored_vectors.tolist())

    @property
    def stored_vectors(self) -> NDArray[np.int64]:
        """Vectors of the stored cell in units of those of the primitive one, (3, 3), also after a relaxation."""
        import numpy as np

        primitive = self.primitive().lattice.matrix
        return np.rint(self.structure.lattice.matrix @ np.linalg.inv(primitive)).astype(np.int64)
