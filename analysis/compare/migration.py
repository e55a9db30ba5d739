"""Published migration barriers beside computed ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.analysis.compare.comparison import ComparisonRow, missing_row
from lianode.structures.formulas import composition_key, parse_formula, system_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lianode.analysis.migration.document import MigrationDocument

MEV = 1000.0
QUANTITY = "migration barrier"


def compare_migration(expected: Mapping[str, Any], documents: Sequence[MigrationDocument]) -> list[ComparisonRow]:
    """Set the barrier of every phase of a paper beside the computed ones.

    The lowest barrier over which lithium percolates at all is what is compared; barriers in more dimensions, and the
    paper's shift of metastable end points, stand in the notes.

    Parameters
    ----------
    expected
        Published values by formula, meV, with ``_note`` entries.
    documents
        One for each phase, engine and mechanism.
    """
    rows = []
    for name, value in expected.items():
        if name == "source" or name.endswith("_note"):
            continue
        note = expected.get(f"{name}_note", "")
        same = [d for d in documents if composition_key(d.formula) == composition_key(name)]
        rows += [_row(name, value, note, document) for document in same] or [_missing(name, value, note)]
    return rows


def _row(name: str, value: float | None, note: str, document: MigrationDocument) -> ComparisonRow:
    lowest = document.percolating[0] if document.percolating else None
    return ComparisonRow(
        quantity=QUANTITY if document.mechanism == "vacancy" else f"{QUANTITY}, {document.mechanism}",
        system=document.system,
        phase=name,
        published=value,
        computed="does not percolate" if lowest is None else MEV * lowest.barrier,
        unit="meV",
        engine=document.engine,
        flagged=document.flagged,
        note="; ".join(
            part for part in (_dimensions(document), _shift(document), note and f"published: {note}") if part
        ),
    )


def _dimensions(document: MigrationDocument) -> str:
    words = [f"{path.dimension}D {MEV * path.barrier:.0f}" for path in document.percolating]
    partial = ", partial" if document.completeness == "partial" else ""
    return f"{document.phase}: {', '.join(words) or 'no percolation'}{partial}"


def _shift(document: MigrationDocument) -> str:
    shift = document.metastability
    if shift is None or shift.energy_above_hull_per_atom <= 0:
        return ""
    return f"metastability of {shift.n_atoms} atoms {MEV * shift.shift:.0f} meV, not added"


def _missing(name: str, value: float | None, note: str) -> ComparisonRow:
    row = missing_row(QUANTITY, system_of(parse_formula(name)), name, value, "meV")
    return row.model_copy(update={"note": "; ".join(part for part in (row.note, note) if part)})
