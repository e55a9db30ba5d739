"""Published band gaps and work functions beside computed ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.analysis.compare.comparison import ComparisonRow, missing_row
from lianode.structures.formulas import composition_key, parse_formula, system_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lianode.analysis.electronic.document import ElectronicDocument
    from lianode.analysis.electronic.work_function import WorkFunctionDocument

GAP, WORK_FUNCTION = "band gap", "work function"


def compare_electronic(
    expected: Mapping[str, Any],
    crystals: Sequence[ElectronicDocument],
    surfaces: Sequence[WorkFunctionDocument],
) -> list[ComparisonRow]:
    """Set every gap and work function of a paper beside the computed ones.

    Where a paper names no plane, every computed surface of that phase gets a row. The work function of an insulator is
    a convention: the row has the one of the document, and the note all of them.

    Parameters
    ----------
    expected
        ``band_gap_eV`` and ``work_function_eV``, each by formula, and their ``source``.
    crystals, surfaces
        One for each phase or surface, functional and engine.
    """
    rows: list[ComparisonRow] = []
    source = str(expected.get("source", ""))
    for name, value in expected.get("band_gap_eV", {}).items():
        same = [_gap(name, value, source, one) for one in crystals if _is(name, one.formula)]
        rows += same or [_missing(GAP, name, value, source)]
    for name, value in expected.get("work_function_eV", {}).items():
        same = [_work_function(name, value, source, one) for one in surfaces if _is(name, one.formula)]
        rows += same or [_missing(WORK_FUNCTION, name, value, source)]
    return rows


def _is(name: str, formula: str) -> bool:
    return composition_key(name) == composition_key(formula)


def _gap(name: str, value: float, source: str, document: ElectronicDocument) -> ComparisonRow:
    kind = "a metal" if document.metal else f"direct gap {document.direct_band_gap:.2f}"
    return ComparisonRow(
        quantity=GAP,
        system=document.system,
        phase=name,
        published=value,
        computed=document.band_gap,
        unit="eV",
        engine=document.engine,
        flagged=document.flagged,
        note=_joined(f"{document.phase}, {document.functional}: {kind}", source),
    )


def _work_function(name: str, value: float, source: str, document: WorkFunctionDocument) -> ComparisonRow:
    said = f"{document.surface}, {document.functional}, cut {document.termination}"
    if document.ionisation_potential is not None and document.electron_affinity is not None:
        middle = 0.5 * (document.ionisation_potential + document.electron_affinity)
        said += (
            f": from the valence band {document.ionisation_potential:.2f}, from mid-gap {middle:.2f}, from the "
            f"conduction band {document.electron_affinity:.2f}; which is meant is not stated"
        )
    return ComparisonRow(
        quantity=f"{WORK_FUNCTION} ({document.work_function_reference.replace('_', ' ')})",
        system=document.system,
        phase=name,
        published=value,
        computed=document.work_function,
        unit="eV",
        engine=document.engine,
        flagged=document.flagged,
        note=_joined(said, source),
    )


def _missing(quantity: str, name: str, value: float, source: str) -> ComparisonRow:
    row = missing_row(quantity, system_of(parse_formula(name)), name, value, "eV")
    return row.model_copy(update={"note": _joined(row.note, source)})


def _joined(words: str, source: str) -> str:
    return f"{words}; published: {source}" if source else words
