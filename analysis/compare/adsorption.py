"""Published adsorption energies beside computed ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.analysis.compare.comparison import ComparisonRow, missing_row
from lianode.analysis.compare.facets import is_facet
from lianode.structures.errors import InputError
from lianode.structures.facets import parse_facet
from lianode.structures.formulas import parse_formula, system_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lianode.analysis.adsorption.document import AdsorptionDocument

QUANTITY = "adsorption energy, free atom"


def compare_adsorption(expected: Mapping[str, Any], documents: Sequence[AdsorptionDocument]) -> list[ComparisonRow]:
    """Set the adsorption energy of every surface of a paper beside the computed ones.

    Papers refer to the free atom, and so do these rows; what the same site is against the metal stands in the note.
    Where a paper names no plane, every computed one of the library's default phase gets a row.

    Parameters
    ----------
    expected
        Published values by surface (``Li13In3(100)``) or phase (``Li``), eV, with their ``source``.
    documents
        One for each surface, termination and engine.
    """
    rows = []
    source = str(expected.get("source", ""))
    for name, value in expected.items():
        if name in {"source", "note"} or name.endswith("_note"):
            continue
        same = [document for document in documents if _is_surface(name, document)]
        rows += [_row(name, value, source, document) for document in same] or [_missing(name, value, source)]
    return rows


def _is_surface(name: str, document: AdsorptionDocument) -> bool:
    from lianode.structures import library

    if document.adsorbate != "Li":
        return False
    try:
        facet = parse_facet(name)
    except InputError:
        return document.phase == library.phase(name).name
    return is_facet(facet, f"{document.phase}{document.plane_label}")


def _row(name: str, value: float | None, source: str, document: AdsorptionDocument) -> ComparisonRow:
    free, best = document.free_atom, document.sites[0]
    metal = f"{document.adsorption_energy:+.2f} eV against {document.adsorbate} metal"
    said = [
        f"{document.surface} {document.best_site}, cut {document.termination}: {metal}",
        f"one atom on {document.area_per_adsorbate:.0f} Å², sites from {_range(document)}",
    ]
    if free is not None and free.origin == "tabulated":
        said.append(f"tabulated cohesive energy {free.cohesive_energy:.2f} eV")
    return ComparisonRow(
        quantity=QUANTITY,
        system=document.system,
        phase=name,
        published=value,
        computed=best.adsorption_energy_from_atom,
        unit="eV",
        engine=document.engine,
        flagged=document.flagged,
        note="; ".join([*said, *([f"published: {source}"] if source else [])]),
    )


def _range(document: AdsorptionDocument) -> str:
    """Return the lowest and the highest energy of sites against the free atom."""
    known = [row.adsorption_energy_from_atom for row in document.sites if row.sound]
    energies = [energy for energy in known if energy is not None]
    return f"{min(energies):.2f} to {max(energies):.2f} eV" if energies else "none"


def _missing(name: str, value: float | None, source: str) -> ComparisonRow:
    formula = name.partition("(")[0]
    row = missing_row(QUANTITY, system_of(parse_formula(formula)), name, value, "eV")
    return row.model_copy(update={"note": "; ".join(part for part in (row.note, source) if part)})
