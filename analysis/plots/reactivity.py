"""Figures of reaction energy against mixing ratio, drawn from documents alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.analysis.checks import failed
from lianode.analysis.plots.labels import Label, place_labels
from lianode.analysis.plots.style import BLACK, BLUE, SERIES, VERMILION, new_figure, size_named, style
from lianode.analysis.reactivity.reactivity import ReactivityDocument, flagged_phases
from lianode.structures.errors import InputError
from lianode.structures.formulas import mathtext_formula

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lianode.analysis.plots.style import SizeName
    from lianode.analysis.reactivity.reactivity import Reaction

MEV = 1000.0
MARKERS = ("o", "s", "D", "^", "v", "P")
MOST_NAMED = 6
"""Missing phases that a note names; the rest is counted."""
ReactivityLike = ReactivityDocument | dict[str, Any]


def reactivity_figure(document: ReactivityLike, *, size: SizeName = "column") -> Figure:
    """Draw the reaction energy of two materials against their mixing ratio.

    A corner where something forms has the number of its equation below the figure. The most exothermic one is filled.
    What the materials would release alone is a dashed line.

    Parameters
    ----------
    document
        Of one pair of materials.
    size
        ``column`` of a journal, or ``slide``.

    Raises
    ------
    InputError
        For an unknown size.
    """
    found = ReactivityDocument.model_validate(document)
    sizes = size_named(size)
    with style(sizes):
        figure, axes = new_figure(
            sizes, title=_title(found), notes=[*_equations(found), *_notes([found], _drawn(found)), *_partial([found])]
        )
        x, y = _line(found)
        axes.axhline(0, color=BLACK, lw=0.6 * sizes.line, zorder=1)
        alone = [y[0], y[-1]]
        lines: list[tuple[Sequence[float], Sequence[float]]] = [(x, y)]
        if min(alone) < 0:
            axes.plot([0, 1], alone, color=VERMILION, ls=(0, (4, 2)), label="each alone", zorder=2)
            lines.append(([0, 1], alone))
        axes.plot(x, y, color=BLUE, marker="o", mfc="white", zorder=3, clip_on=False, label="together")
        best = found.reactions.index(found.most_exothermic)
        axes.plot(x[best : best + 1], y[best : best + 1], color=BLUE, marker="o", ls="none", zorder=4, clip_on=False)
        _axes(axes, found)
        keep = [axes.legend(loc="best")] if min(alone) < 0 else []
        labels = [
            Label(x=x[place], y=y[place], text=str(number), color=BLACK, prefer=_outward(place, best))
            for number, place in _numbers(found).items()
        ]
        place_labels(axes, labels, font=0.9 * sizes.font, lines=lines, keep_clear=keep)
    return figure


def reactivities_figure(documents: Sequence[ReactivityLike], *, size: SizeName = "column") -> Figure:
    """Draw several materials against the same second one over each other, such as anodes against an electrolyte.

    Raises
    ------
    InputError
        Where there are more than six, or their second material, method or potential differs.
    """
    found = [ReactivityDocument.model_validate(document) for document in documents]
    if not 1 <= len(found) <= len(SERIES):
        raise InputError(f"{len(found)} reactions; one figure takes 1 to {len(SERIES)}", "figure")
    for name, values in (
        ("second material", {document.second for document in found}),
        ("method", {document.method.digest for document in found}),
        ("voltage", {document.voltage_V for document in found}),
    ):
        if len(values) > 1:
            raise InputError(f"these reactions differ in their {name}; one figure needs one", "figure")
    sizes = size_named(size)
    with style(sizes):
        best_ones = [document.most_exothermic for document in found]
        notes = [*_notes(found, best_ones), *_partial(found)]
        equations = [f"{document.first}: {_starred(document, document.most_exothermic)}" for document in found]
        figure, axes = new_figure(sizes, title=_title(found[0], first="anodes"), notes=[*equations, *notes])
        axes.axhline(0, color=BLACK, lw=0.6 * sizes.line, zorder=1)
        for document, color, marker in zip(found, SERIES, MARKERS, strict=False):
            x, y = _line(document)
            label = mathtext_formula(document.first_formula)
            axes.plot(x, y, color=color, marker=marker, mfc="white", label=label, zorder=3, clip_on=False)
            best = document.reactions.index(document.most_exothermic)
            axes.plot(x[best : best + 1], y[best : best + 1], color=color, marker=marker, ls="none", zorder=4)
        _axes(axes, found[0])
        axes.set_xlabel(_ratio_label("anode", found[0]))
        axes.legend(loc="best", handlelength=1.6)
    return figure


def _line(document: ReactivityDocument) -> tuple[list[float], list[float]]:
    return (
        [reaction.mixing_ratio for reaction in document.reactions],
        [MEV * reaction.reaction_energy_per_atom for reaction in document.reactions],
    )


def _title(document: ReactivityDocument, first: str | None = None) -> str:
    pair = f"{first or mathtext_formula(document.first_formula)} | {mathtext_formula(document.second_formula)}"
    at = f", {document.voltage_V:g} V" if document.voltage_V is not None else ""
    partial = ", partial" if document.completeness == "partial" else ""
    return f"{pair}, {document.method.label}{at}{partial}"


def _equations(document: ReactivityDocument) -> list[str]:
    return [
        f"{number}: {_starred(document, document.reactions[place])}" for number, place in _numbers(document).items()
    ]


def _starred(document: ReactivityDocument, reaction: Reaction) -> str:
    """Return the equation, with a star where a check of a product failed."""
    return f"{reaction.equation}{'*' if set(flagged_phases(document)).intersection(reaction.products) else ''}"


def _drawn(document: ReactivityDocument) -> list[Reaction]:
    """Return the reactions whose equations are below the figure."""
    return [document.reactions[place] for place in _numbers(document).values()]


def _numbers(document: ReactivityDocument) -> dict[int, int]:
    """Return the places of the reactions by their numbers, without ends where the material stays what it is."""
    equations = [reaction.equation.split(" -> ") for reaction in document.reactions]
    places = [place for place, (left, right) in enumerate(equations) if left != right]
    return dict(enumerate(places, start=1))


def _notes(documents: Sequence[ReactivityDocument], written: Sequence[Reaction]) -> list[str]:
    """Return what a reader of these documents should know, with the reactions whose equations are written."""
    sentences = []
    voltage = documents[0].voltage_V
    if voltage is not None:
        sentences.append(f"Lithium is exchanged at {voltage:g} V against its metal, and not counted.")
    flagged = {name for document in documents for name in flagged_phases(document)}
    products = {name for reaction in written for name in reaction.products}
    materials = {name for document in documents for name in (document.first, document.second)}
    if starred := sorted(flagged & products):
        sentences.append(f"*: a check failed of {', '.join(starred)}.")
    if others := sorted((flagged & materials) - products):
        sentences.append(f"A check failed of {', '.join(others)}.")
    if any(check.name == "anion_corrections" for document in documents for check in failed(document.checks)):
        sentences.append("Energies without corrections for anions.")
    return sentences


def _partial(documents: Sequence[ReactivityDocument]) -> list[str]:
    """Say what is missing in any of these."""
    lost = list(dict.fromkeys(s.split(" is missing")[0] for document in documents for s in document.missing))
    more = f" and {len(lost) - MOST_NAMED} more" if len(lost) > MOST_NAMED else ""
    return [f"Partial, without {', '.join(lost[:MOST_NAMED])}{more}."] if lost else []


def _outward(index: int, best: int) -> float:
    """Return the angle that leads away from the line, whose lowest corner is ``best``: below it."""
    if index == best:
        return 270.0
    return 225.0 if index < best else 315.0


def _ratio_label(first: str, document: ReactivityDocument) -> str:
    second = mathtext_formula(document.second_formula)
    atoms = "atoms" if document.voltage_V is None else "atoms but Li"
    return rf"$\mathit{{x}}$ in $\mathit{{x}}$ {first} + (1 $-$ $\mathit{{x}}$) {second}, by {atoms}"


def _axes(axes: Axes, document: ReactivityDocument) -> None:
    axes.set_xlabel(_ratio_label(mathtext_formula(document.first_formula), document))
    axes.set_ylabel("Reaction energy (meV/atom)")
    axes.set_xlim(0, 1)
    low, high = axes.get_ylim()
    axes.set_ylim(low - 0.12 * (high - low), high + 0.06 * (high - low))
    _room_for_numbers(axes)


def _room_for_numbers(axes: Axes) -> None:
    """Move the left edge of the axes until the label beside long numbers lies inside the figure."""
    figure: Any = axes.figure
    figure.canvas.draw()
    label = axes.yaxis.label
    over = 0.02 * label.get_window_extent().height - label.get_window_extent().x0
    if over > 0:
        box, wide = axes.get_position(), over / figure.bbox.width
        axes.set_position((box.x0 + wide, box.y0, box.width - wide, box.height))
