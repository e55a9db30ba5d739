"""Where elements are along the normal of an interface, and how far they move."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.analysis.plots.panels import (
    PS,
    digits_of,
    interface_notes,
    interface_title,
    label_rows,
    new_panels,
    span_label,
)
from lianode.analysis.plots.style import BLUE, GREY, LIGHT, SERIES, size_named, style
from lianode.analysis.structure_in_time.motion_document import MotionDocument
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lianode.analysis.plots.style import SizeName
    from lianode.analysis.structure_in_time.motion_document import ElementDiffusion

DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)))
MotionLike = MotionDocument | dict[str, Any]


def profiles_figure(document: MotionLike, *, size: SizeName = "column") -> Figure:
    """Draw the density of each element along the normal, in the first window (filled) and in the last (line).

    Parameters
    ----------
    document
        Of one interface.
    size
        ``column`` of a journal, or ``slide``.

    Raises
    ------
    InputError
        Without profiles, or for an unknown size.
    """
    found = MotionDocument.model_validate(document)
    if not found.profiles:
        raise InputError("the document has no density profiles to draw", "motion")
    sizes = size_named(size)
    with style(sizes):
        rows = len(found.profiles)
        height = max(sizes.height, (7.5 + 6 * rows) * sizes.font / 72)
        figure, panels = new_panels(
            sizes, rows=rows, height=height, head=1.5, gaps=(0, 0.6), notes=interface_notes(found),
            title=interface_title(found),
        )  # fmt: skip
        several = len(found.windows_fs) > 1
        for axes, profile in zip(panels, found.profiles, strict=True):
            first, last = profile.density_per_A3[0], profile.density_per_A3[-1]
            if several:
                axes.fill_between(found.heights, 0, first, color=LIGHT, lw=0, label=span_label(found.windows_fs[0]))
            label = span_label(found.windows_fs[-1]) if found.windows_fs else "whole run"
            axes.plot(found.heights, last, color=BLUE, lw=0.9 * sizes.line, label=label)
            step = found.heights[1] - found.heights[0] if len(found.heights) > 1 else 1.0
            axes.set_xlim(found.heights[0] - step / 2, found.heights[-1] + step / 2)
            axes.set_ylim(0, 1.35 * (max(*first, *last) or 1.0))
            _ticks_apart(axes)
            axes.text(0.03, 0.88, profile.element, transform=axes.transAxes, va="top", weight="bold")
            axes.tick_params(axis="x", labelbottom=axes is panels[-1])
        panels[-1].set_xlabel("Height along the normal (Å)")
        wide, high = figure.get_size_inches()
        em = sizes.font / 72
        label_rows(figure, panels, "Density (atoms/Å$^3$)")
        figure.legend(
            *panels[0].get_legend_handles_labels(), ncols=2, loc="lower left", frameon=False, borderaxespad=0,
            bbox_to_anchor=(0.8 * em / wide, panels[0].get_position().y1 + 0.1 * em / high), borderpad=0,
            handlelength=1.2, columnspacing=1.2,
        )  # fmt: skip
    return figure


def displacement_figure(document: MotionLike, *, size: SizeName = "column") -> Figure:
    """Draw the mean-square displacement of each element on logarithmic axes; thick where the diffusivity was fitted.

    Raises
    ------
    InputError
        Without displacements, or for an unknown size.
    """
    found = MotionDocument.model_validate(document)
    moved = [of for of in found.diffusion if max(np.sum(of.msd_A2, axis=0)) > 0]
    if not moved:
        why = "".join(f"; {note}" for note in found.notes)
        raise InputError(f"the document has no displacements to draw{why}", "motion")
    sizes = size_named(size)
    with style(sizes):
        height = max(sizes.height, (19 + 1.4 * len(moved)) * sizes.font / 72)
        notes = ["Thick: where D is fitted. Dotted: slope 1, diffusion.", *interface_notes(found)]
        figure, (axes,) = new_panels(
            sizes, rows=1, height=height, head=1.15 * len(moved) + 0.4, notes=notes, title=interface_title(found)
        )
        for number, of in enumerate(moved):
            lags, msd = np.array(of.lags_fs) / PS, np.sum(of.msd_A2, axis=0)
            look: dict[str, Any] = {
                "color": SERIES[number % len(SERIES)],
                "ls": DASHES[number // len(SERIES) % len(DASHES)],
            }
            inside = (lags >= of.fit_fs[0] / PS) & (lags <= of.fit_fs[1] / PS)
            axes.plot(lags, msd, lw=0.8 * sizes.line, label=diffusion_text(of), **look)
            axes.plot(lags[inside], msd[inside], lw=2.4 * sizes.line, solid_capstyle="butt", **look)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.autoscale(enable=False)
        fastest = max(moved, key=lambda of: float(np.sum(of.msd_A2, axis=0)[-1]))
        end, high = fastest.lags_fs[-1] / PS, float(np.sum(fastest.msd_A2, axis=0)[-1])
        axes.plot([end / 10, end], [0.16 * high, 1.6 * high], color=GREY, ls=":", lw=0.9 * sizes.line)
        axes.set_ylim(axes.get_ylim()[0], max(axes.get_ylim()[1], 2.2 * high))
        axes.set_xlabel("Lag (ps)")
        axes.set_ylabel("Mean-square displacement (Å$^2$)")
        box, em = axes.get_position(), sizes.font / 72
        wide, tall = figure.get_size_inches()
        figure.legend(
            *axes.get_legend_handles_labels(), loc="lower left", frameon=False, borderaxespad=0, borderpad=0,
            bbox_to_anchor=(0.8 * em / wide, box.y1 + 0.25 * em / tall), handlelength=1.4, labelspacing=0.25,
        )  # fmt: skip
    return figure


def diffusion_text(of: ElementDiffusion) -> str:
    """Return an element with its diffusivity and error, or that it does not diffuse."""
    if not of.is_diffusive:
        return f"{of.element}: not diffusive"
    power = int(np.floor(np.log10(of.diffusivity_cm2_per_s)))
    value, error = (number / 10.0**power for number in (of.diffusivity_cm2_per_s, of.error_cm2_per_s))
    digits = digits_of(error)
    return rf"{of.element}: D = ({value:.{digits}f} $\pm$ {error:.{digits}f}) $\times$ 10$^{{{power}}}$ cm$^2$/s"


def _ticks_apart(axes: Axes) -> None:
    """Keep two ticks, so that none meets one of the panel above."""
    axes.locator_params(axis="y", nbins=2)
    top = axes.get_ylim()[1]
    high = max((tick for tick in axes.get_yticks() if 0 < tick <= 0.8 * top), default=None)
    highest = max(tick for tick in axes.get_yticks() if tick <= top)
    axes.set_yticks([0, high if high is not None else highest / 2])
