"""One document per phase of a hull, so that phases can be queried."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from lianode.analysis.documents import PropertyDocument
from lianode.structures.phase import PhaseKind

if TYPE_CHECKING:
    from lianode.analysis.hull.hull import HullDocument


class PhaseStabilityDocument(PropertyDocument):
    """Where one phase lies relative to the hull of its system.

    Attributes
    ----------
    formula, kind
        As in the phase library.
    counted
        Whether the hull is made of it.
    formation_energy_per_atom
        eV/atom.
    energy_above_hull_per_atom
        eV/atom; below zero for a phase that is not counted and would break the hull.
    stable
        Whether it is a vertex of the hull.
    decomposition
        Phases it would decompose into, with their fractions of the atoms.
    volume_per_atom
        Å³/atom.
    """

    property: Literal["phase_stability"] = "phase_stability"
    formula: str
    kind: PhaseKind
    counted: bool
    formation_energy_per_atom: float
    energy_above_hull_per_atom: float
    stable: bool
    decomposition: dict[str, float]
    volume_per_atom: float


def phase_stabilities(document: HullDocument) -> list[PhaseStabilityDocument]:
    """Return one document per phase of a hull.

    Each carries the checks of the whole hull and those of the phases its numbers depend on: itself, the references
    and what it decomposes into.
    """
    result = []
    for row in document.phases:
        relevant = {None, row.name, *document.references.values(), *row.decomposition}
        result.append(
            PhaseStabilityDocument(
                system=document.system,
                phase=row.name,
                engine=document.engine,
                campaign=document.campaign,
                method=document.method,
                settings=document.settings,
                calculations=document.calculations,
                completeness=document.completeness,
                missing=document.missing,
                checks=[check for check in document.checks if check.subject in relevant],
                created=document.created,
                formula=row.formula,
                kind=row.kind,
                counted=row.counted,
                formation_energy_per_atom=row.formation_energy_per_atom,
                energy_above_hull_per_atom=row.energy_above_hull_per_atom,
                stable=row.stable,
                decomposition=row.decomposition,
                volume_per_atom=row.volume_per_atom,
            )
        )
    return result
