"""Published Young's moduli beside computed ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.analysis.compare.comparison import ComparisonRow, missing_row
from lianode.structures.formulas import composition_key, parse_formula, system_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lianode.analysis.elastic.document import ElasticDocument

QUANTITY = "Young's modulus"


def compare_elastic(expected: Mapping[str, Any], documents: Sequence[ElasticDocument]) -> list[ComparisonRow]:
    """Set Young's modulus of every phase of a paper beside the computed ones.

    That of a polycrystal after Hill is what is compared, as papers give one number for a crystal. The bounds of Voigt
    and Reuss and the range over directions stand in the notes.

    Parameters
    ----------
    expected
        Published values by formula, GPa, with their ``source``.
    documents
        One for each phase and engine.
    """
    rows = []
    source = expected.get("source", "")
    for name, value in expected.items():
        if name == "source" or name.endswith("_note"):
            continue
        same = [d for d in documents if composition_key(d.formula) == composition_key(name)]
        rows += [_row(name, value, source, document) for document in same] or [_missing(name, value, source)]
    return rows


def _row(name: str, value: float | None, source: str, document: ElasticDocument) -> ComparisonRow:
    computed: float | str | None = document.youngs_modulus_GPa
    return ComparisonRow(
        quantity=QUANTITY,
        system=document.system,
        phase=name,
        published=value,
        computed="unstable" if computed is None else computed,
        unit="GPa",
        engine=document.engine,
        flagged=document.flagged,
        note="; ".join(part for part in (_bounds(document), source and f"published: {source}") if part),
    )


def _bounds(document: ElasticDocument) -> str:
    found, softest, stiffest = document.moduli, document.softest, document.stiffest
    if found is None or softest is None or stiffest is None:
        return f"{document.phase}: mechanically unstable"
    return (
        f"{document.phase}: Reuss {found.youngs_reuss_GPa:.1f}, Voigt {found.youngs_voigt_GPa:.1f}, by direction "
        f"{softest.youngs_modulus_GPa:.1f} to {stiffest.youngs_modulus_GPa:.1f}"
    )


def _missing(name: str, value: float | None, source: str) -> ComparisonRow:
    row = missing_row(QUANTITY, system_of(parse_formula(name)), name, value, "GPa")
    return row.model_copy(update={"note": "; ".join(part for part in (row.note, source) if part)})
