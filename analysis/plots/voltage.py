"""Figures of voltage curves, drawn from documents alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.analysis.compare.published import measured_plateaus, published
from lianode.analysis.plots.hull_phases import listed, structures_notes
from lianode.analysis.plots.labels import Label, place_labels
from lianode.analysis.plots.style import (
    BLACK,
    BLUE,
    GREY,
    SERIES,
    new_figure,
    size_named,
    style,
)
from lianode.analysis.voltage.capacity import gravimetric_capacity
from lianode.analysis.voltage.curve import VoltageDocument
from lianode.structures.errors import InputError
from lianode.structures.formulas import mathtext_formula

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lianode.analysis.plots.style import Size, SizeName
    from lianode.analysis.voltage.curve import Plateau
    from lianode.analysis.voltage.measured import MeasuredCurve

HEADROOM = 1.35
"""Upper end of the voltage axis over the highest computed plateau."""

NOT_COUNTED = "no_uncounted_phase_below_hull"
VoltageLike = VoltageDocument | dict[str, Any]


def voltage_figure(
    document: VoltageLike,
    *,
    variants: Sequence[VoltageLike] = (),
    measured: MeasuredCurve | None = None,
    paper: str | None = None,
    size: SizeName = "column",
) -> Figure:
    """Draw a voltage curve with its plateaus named and its running average dashed.

    Parameters
    ----------
    document
        The curve that is labelled.
    variants
        Other curves of the same host to set beside it: with a hull tolerance, with phases left out, at a
        temperature, of another model. The legend says in what each differs.
    measured
        A measured curve.
    paper
        Short key of a paper whose published average and largest capacity are drawn, with all measured plateaus.
    size
        ``column`` of a journal, or ``slide``.

    Raises
    ------
    InputError
        For a variant of another host, an unknown paper or size.
    """
    curve = VoltageDocument.model_validate(document)
    others = [VoltageDocument.model_validate(variant) for variant in variants]
    for other in others:
        if other.host != curve.host:
            raise InputError(f"a curve of {_host(other)} beside one of {_host(curve)}", "figure")
    sizes = size_named(size)
    with style(sizes):
        figure, axes = new_figure(
            sizes, title=_title(curve), notes=[*_notes(curve, others, paper), *_cut(curve, others, measured)]
        )
        lines = [_steps(axes, other, SERIES[i % len(SERIES)], _difference(other, curve), 0.9)
                 for i, other in enumerate(others, start=1)]  # fmt: skip
        lines.append(_steps(axes, curve, BLUE, "computed" + _options(curve), 1.3))
        mean = _running_average(curve)
        axes.plot(*mean, color=BLUE, ls=(0, (4, 2)), lw=0.9 * sizes.line, label="running average")
        lines.append((mean[0][::10], mean[1][::10]))
        if measured is not None:
            path = (measured.x(curve.host), list(measured.voltage_V))
            axes.plot(*path, color=BLACK, lw=0.9 * sizes.line, label=f"measured: {measured.label}", zorder=1.5)
            lines.append(path)
        far = max(point for xs, _ in lines for point in xs)
        high = max(plateau.voltage_V for drawn in (curve, *others) for plateau in drawn.plateaus)
        axes.set_xlim(0, 1.06 * far)
        axes.set_ylim(min(0.0, *(value for _, values in lines for value in values)), HEADROOM * high)
        if paper is not None:
            lines += _published(axes, curve, paper, sizes)
        _axes(axes, curve, sizes)
        legend = axes.legend(loc="upper right", handlelength=2.0, borderaxespad=0.4, labelspacing=0.3)
        labels = [_label(plateau, curve) for plateau in curve.plateaus]
        place_labels(axes, labels, font=0.9 * sizes.font, lines=lines, keep_clear=[legend])
    return figure


def _host(curve: VoltageDocument) -> str:
    if len(curve.host) == 1:
        return next(iter(curve.host))
    return "".join(f"{element}$_{{{amount:.3g}}}$" for element, amount in curve.host.items())


def _title(curve: VoltageDocument) -> str:
    temperature = curve.settings.get("temperature")
    at = f", {temperature:g} K" if temperature is not None else ""
    partial = ", partial" if curve.completeness == "partial" else ""
    return f"{curve.system.replace('-', '–')}, {curve.method.label}{at}{partial}"


def _notes(curve: VoltageDocument, others: Sequence[VoltageDocument], paper: str | None) -> list[str]:
    notes = [f"Energies relative to {listed(list(curve.references.values()))}.", *structures_notes([curve.engine])]
    for document in (curve, *others):
        who = "" if document is curve else f"{_difference(document, curve)}: "
        failed = [check for check in document.checks if check.passed is False]
        notes += [f"{who}{check.message}." for check in failed if check.name == "voltage_falls"]
        if document is not curve:
            continue
        notes += [f"{check.message}." for check in failed if check.name == NOT_COUNTED]
        rest = sorted({check.subject for check in failed if check.subject and check.name != NOT_COUNTED})
        if rest:
            notes.append(f"*: a check failed for {', '.join(rest)}.")
        if document.missing:
            notes.append(f"Partial, without {', '.join(s.split(' is missing')[0] for s in document.missing)}.")
    if paper is not None:
        notes.append(f"{paper} does not state the range of its average.")
    return notes


def _cut(curve: VoltageDocument, others: Sequence[VoltageDocument], measured: MeasuredCurve | None) -> list[str]:
    """Say that measured points lie above the axis: the first moments of a discharge would flatten the curve."""
    limit = HEADROOM * max(plateau.voltage_V for drawn in (curve, *others) for plateau in drawn.plateaus)
    above = measured is not None and max(measured.voltage_V) > limit
    return [f"Measured points above {limit:.2f} V are not shown."] if above else []


def _options(curve: VoltageDocument) -> str:
    words = []
    if curve.settings.get("hull_tolerance"):
        words.append(f"hull tolerance {1000 * curve.settings['hull_tolerance']:g} meV/atom")
    left_out = [*curve.settings.get("exclude", []), *curve.settings.get("exclude_from_curve", [])]
    if left_out:
        words.append("without " + ", ".join(mathtext_formula(word) for word in left_out))
    return f", {', '.join(words)}" if words else ""


def _difference(other: VoltageDocument, curve: VoltageDocument) -> str:
    """Say in what a curve differs from the main one."""
    words = []
    if other.method.digest != curve.method.digest:
        words.append(other.method.label)
    temperature = other.settings.get("temperature")
    if temperature != curve.settings.get("temperature"):
        words.append("0 K" if temperature is None else f"{temperature:g} K")
    options = _options(other).removeprefix(", ")
    if options and options != _options(curve).removeprefix(", "):
        words.append(options)
    return ", ".join(words) or "other settings"


def _steps(axes: Axes, curve: VoltageDocument, color: str, label: str, width: float) -> tuple[list[float], list[float]]:
    xs = [x for plateau in curve.plateaus for x in (plateau.x_start, plateau.x_end)]
    ys = [plateau.voltage_V for plateau in curve.plateaus for _ in range(2)]
    xs, ys = [*xs, xs[-1]], [*ys, 0.0]  # where lithium plates
    import matplotlib as mpl

    axes.plot(xs, ys, color=color, lw=width * mpl.rcParams["lines.linewidth"], label=label, zorder=2 + width)
    return xs, ys


def _running_average(curve: VoltageDocument) -> tuple[list[float], list[float]]:
    points = 400
    xs = [curve.max_li_per_host * i / points for i in range(points + 1)]
    return xs, [curve.running_average(x) for x in xs]


def _label(plateau: Plateau, curve: VoltageDocument) -> Label:
    phases = {*plateau.start.split(" + "), *plateau.end.split(" + ")}
    star = "*" if any(c.passed is False and c.subject in phases for c in curve.checks) else ""
    pair = " / ".join(
        " + ".join(mathtext_formula(name.split("_")[0]) for name in vertex.split(" + "))
        for vertex in (plateau.start, plateau.end)
    )
    return Label(
        x=(plateau.x_start + plateau.x_end) / 2,
        y=plateau.voltage_V,
        text=f"{pair}{star}",
        color=BLACK,
        prefer=70.0,
    )


def _axes(axes: Axes, curve: VoltageDocument, sizes: Size) -> None:
    host = _host(curve)
    axes.set_xlabel(rf"$\mathit{{x}}$ in Li$_{{\mathit{{x}}}}${host}")
    axes.set_ylabel("Voltage vs Li/Li$^+$ (V)")
    one = gravimetric_capacity(1.0, curve.host)

    def to_capacity(x: Any) -> Any:
        return one * x

    def to_x(capacity: Any) -> Any:
        return capacity / one

    upper = axes.secondary_xaxis("top", functions=(to_capacity, to_x))
    upper.set_xlabel(f"Capacity (mAh per g of {host})", labelpad=0.5 * sizes.font)
    upper.tick_params(direction="in")
    # make room between the title and the axes for the upper scale
    figure = axes.figure
    box = axes.get_position()
    room = 2.9 * sizes.font / 72 / figure.get_figheight()  # type: ignore[union-attr]
    axes.set_position((box.x0, box.y0, box.width, box.height - room))
    axes.set_title(axes.get_title(loc="left"), loc="left", fontsize=sizes.font, pad=3.3 * sizes.font)
    axes.tick_params(top=False)


def _published(axes: Axes, curve: VoltageDocument, paper: str, sizes: Size) -> list[tuple[list[float], list[float]]]:
    """Draw published values and return the lines that labels have to stay clear of."""
    systems = published(paper).get("voltage", {}).get("systems", {})
    if curve.system not in systems:
        raise InputError(f"{paper} has no voltage curve of {curve.system}", "published")
    values = systems[curve.system]
    axes.axhline(values["average_voltage_V"], color=GREY, ls=":", lw=sizes.line, label=f"average, {paper}", zorder=1)
    axes.axvline(
        values["max_li_per_host"], color=GREY, ls="-.", lw=0.7 * sizes.line, label=f"largest x, {paper}", zorder=1
    )
    plateaus = [plateau["voltage_V"] for _, plateau in measured_plateaus(curve.system)]
    sources = sorted({source for source, _ in measured_plateaus(curve.system)})
    if plateaus:
        axes.plot(
            [1.0] * len(plateaus),
            plateaus,
            ls="none",
            marker=4,  # a caret that points left, from the right edge
            color=BLACK,
            transform=axes.get_yaxis_transform(),
            clip_on=False,
            label=f"measured plateaus, {', '.join(sources)}",
        )
    left, right = axes.get_xlim()
    bottom, top = axes.get_ylim()
    return [
        ([left, right], [values["average_voltage_V"]] * 2),
        ([values["max_li_per_host"]] * 2, [bottom, top]),
    ]
