"""Energies of single points against those of the engine whose structures they are computed on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.analysis.checks import failed
from lianode.analysis.parity.parity import ParityDocument
from lianode.analysis.plots.labels import Label, place_labels
from lianode.analysis.plots.style import BLACK, BLUE, GREY, LIGHT, VERMILION, new_figure, size_named, style
from lianode.structures.formulas import mathtext_formula

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lianode.analysis.plots.style import SizeName

MEV = 1000.0
ParityLike = ParityDocument | dict[str, Any]
QUANTITIES = {
    "formation_energy_per_atom": ("formation energies", "meV/atom"),
    "barrier": ("barriers", "meV"),
}
ROOM = 0.12
"""Of the range, beyond the outermost points."""


def parity_figure(document: ParityLike, *, size: SizeName = "column") -> Figure:
    """Draw one point for each phase, or hop, with the line on which both methods agree.

    References, which are zero with both, are left out. A point whose checks failed is open, and its label has a star.

    Parameters
    ----------
    document
        Of one hull, or of the barriers of one phase.
    size
        ``column`` of a journal, or ``slide``.

    Raises
    ------
    InputError
        For an unknown size.
    """
    found = ParityDocument.model_validate(document)
    sizes = size_named(size)
    wrong = {check.subject for check in failed(found.checks)}
    words, unit = QUANTITIES[found.quantity]
    rows = [row for row in found.rows if not row.is_reference]
    points = [(MEV * row.energy, MEV * row.single_point_energy) for row in rows]
    with style(sizes):
        figure, axes = new_figure(sizes, notes=_notes(found), title=f"{_subject(found)}, {words}")
        values = [value for point in points for value in point] or [0.0, 1.0]
        margin = ROOM * (max(values) - min(values) or 1.0)
        limits = (min(values) - margin, max(values) + margin)
        axes.plot(limits, limits, color=LIGHT, zorder=1)
        for row, (x, y) in zip(rows, points, strict=True):
            axes.plot([x, x], [x, y], color=GREY, lw=0.6 * sizes.line, zorder=1.5)
            open_ = row.name in wrong
            axes.plot(x, y, "o", color=VERMILION if open_ else BLUE, mfc="white" if open_ else BLUE, zorder=3)
        axes.set_xlim(*limits)
        axes.set_ylim(*limits)
        axes.set_xlabel(f"{found.structures_method.label}, {unit}")
        axes.set_ylabel(f"{found.method.label}, {unit}")
        labels = [
            Label(x=x, y=y, text=_name(row.name, found) + ("*" if row.name in wrong else ""), color=BLACK, prefer=0.0)
            for row, (x, y) in zip(rows, points, strict=True)
        ]
        place_labels(axes, labels, font=sizes.font, lines=[(limits, limits)], markers=points)
    return figure


def _name(name: str, document: ParityDocument) -> str:
    return mathtext_formula(name) if document.quantity != "barrier" and name.isalnum() else name


def _subject(document: ParityDocument) -> str:
    return document.system if document.phase is None else f"hops in {document.phase}"


def _notes(document: ParityDocument) -> list[str]:
    """Return whose structures these are, how far both are apart, and what failed."""
    unit = QUANTITIES[document.quantity][1]
    notes = [f"Both on the structures of {document.structures_method.label}; single points relax nothing."]
    if document.mean_difference is not None and document.mean_absolute_difference is not None:
        notes.append(
            f"Single points less these: mean {MEV * document.mean_difference:+.1f}, mean absolute "
            f"{MEV * document.mean_absolute_difference:.1f}, largest "
            f"{MEV * (document.largest_difference or 0.0):+.1f} {unit}."
        )
    names = sorted({check.name.replace("_", " ") for check in failed(document.checks)})
    return [*notes, *([f"* Checks that failed: {', '.join(names)}."] if names else []), *document.missing[:3]]


def parity_table(document: ParityDocument) -> tuple[list[str], list[list[Any]]]:
    """Return the numbers behind the figure, references too."""
    unit = "eV" if document.quantity == "barrier" else "eV_per_atom"
    header = ["name", "formula", f"energy_{unit}", f"single_point_energy_{unit}", f"difference_{unit}", "is_reference",
              "max_force_eV_per_A", "pressure_GPa", "left_by_pressure_eV_per_atom"]  # fmt: skip
    rows: list[list[Any]] = [
        [row.name, row.formula, row.energy, row.single_point_energy, row.difference, row.is_reference, row.max_force,
         row.pressure_GPa, row.left_by_pressure]
        for row in document.rows
    ]  # fmt: skip
    return header, rows
