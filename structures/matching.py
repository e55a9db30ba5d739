"""Whether two phases are the same crystal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lianode.structures.phase import Phase


def same_structure(first: Phase, second: Phase) -> bool:
    """Tell whether two phases are the same crystal but for cell choice, origin, order of atoms and strain.

    pymatgen's StructureMatcher decides with its own tolerances, after scaling to equal volume: cell lengths within
    20 %, angles within 5°, atoms within 0.3 of the mean spacing. It is meant for sorting out entries that describe one
    phase twice. Crystals that a small strain turns into each other (bct and fcc In, ideal and real close packings with
    the same stacking) count as the same.
    """
    from pymatgen.analysis.structure_matcher import StructureMatcher

    if first.elements != second.elements:
        return False
    return bool(StructureMatcher().fit(first.structure, second.structure))
