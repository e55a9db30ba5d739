"""Figures of densities of states and of the potential across a slab, drawn from documents alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.analysis.checks import failed
from lianode.analysis.electronic.document import ElectronicDocument
from lianode.analysis.electronic.potential import vacuum_levels
from lianode.analysis.electronic.work_function import WorkFunctionDocument
from lianode.analysis.plots.elements import color_of
from lianode.analysis.plots.style import BLACK, BLUE, GREY, LIGHT, VERMILION, new_figure, size_named, style
from lianode.structures.errors import InputError
from lianode.structures.formulas import mathtext_formula

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lianode.analysis.checks import Check
    from lianode.analysis.electronic.density import DensityOfStates
    from lianode.analysis.plots.style import Size, SizeName

ElectronicLike = ElectronicDocument | dict[str, Any]
WorkFunctionLike = WorkFunctionDocument | dict[str, Any]
BELOW, ABOVE = 8.0, 10.0
"""eV around the zero that a density of states is drawn over; levels further below are in the data."""
DASHES: dict[str, Any] = {"s": (0, (4, 2)), "p": "solid", "d": (0, (1, 1.2)), "f": (0, (5, 1, 1, 1))}
"""Line of each orbital; its colour is that of the element."""
NAMES = {"fermi_level": "$E_F$", "vbm": "valence band", "mid-gap": "mid-gap"}


def dos_figure(document: ElectronicLike, *, size: SizeName = "column") -> Figure:
    """Draw the density of states: the total in grey, what is in the spheres of the atoms as lines.

    A colour is an element, a line's dashes an orbital. The second spin is drawn downwards.

    Parameters
    ----------
    document
        With a density of states.
    size
        ``column`` of a journal, or ``slide``.

    Raises
    ------
    InputError
        Where there is none, and for an unknown size.
    """
    found = ElectronicDocument.model_validate(document)
    density = found.density
    if density is None:
        raise InputError("it was computed without a density of states; use `dos: true`", f"dos {found.phase}")
    sizes = size_named(size)
    with style(sizes):
        figure, axes = new_figure(sizes, notes=_dos_notes(found, density), title=f"{_name(found)}, {_method(found)}")
        energies = np.array(density.energies)
        for number, sign in enumerate((1.0, -1.0)[: len(density.total)]):
            total = sign * np.array(density.total[number])
            axes.fill_between(energies, total, color=LIGHT, lw=0, label="total" if not number else None)
            for channel, rows in density.projected.items():
                element, orbital = channel.split()
                axes.plot(
                    energies, sign * np.array(rows[number]), color=_dark(element), ls=DASHES[orbital],
                    label=f"{element} {orbital}" if not number else None,
                )  # fmt: skip
        axes.axvline(0.0, color=BLACK, lw=0.7 * sizes.line, ls=(0, (2, 2)))
        axes.set_xlim(-BELOW, min(ABOVE, float(energies.max())))
        _room_above(axes, energies, density)
        zero = "E_F" if density.zero == "fermi_level" else "E_{VB}"
        axes.set_xlabel(f"$E - {zero}$ / eV")
        axes.set_ylabel("states / eV$^{-1}$ cell$^{-1}$")
        if not found.metal:
            _mark_gap(axes, found, sizes)
        axes.legend(loc="upper right", ncols=2 if len(density.projected) > 3 else 1, handlelength=2.2)
    return figure


def potential_figure(document: WorkFunctionLike, *, size: SizeName = "column") -> Figure:
    """Draw the potential across a slab with the levels of the vacuum and of the electrons.

    Parameters
    ----------
    document
        Of one surface.
    size
        ``column`` of a journal, or ``slide``.

    Raises
    ------
    InputError
        For an unknown size.
    """
    found = WorkFunctionDocument.model_validate(document)
    sizes = size_named(size)
    potential = found.potential
    with style(sizes):
        title = f"{mathtext_formula(found.formula)}{found.plane_label}, {_method(found)}"
        figure, axes = new_figure(sizes, notes=_potential_notes(found), title=title)
        heights = np.array(potential.heights)
        axes.plot(heights, potential.values, color=BLUE, label="planar average")
        axes.plot(heights, found.macroscopic, color=VERMILION, label="macroscopic average")
        for level in vacuum_levels(potential):
            axes.plot(level.window, [level.value] * 2, color=BLACK, lw=2.0 * sizes.line, solid_capstyle="butt")
        low = _levels(axes, found, sizes)
        floor = min(*potential.values, low)
        ceiling = max(found.vacuum_level_above, found.vacuum_level_below)
        span = ceiling - floor
        axes.set_ylim(floor - 0.16 * span, ceiling + 0.34 * span)
        axes.set_xlim(0.0, potential.cell_height)
        axes.plot(
            potential.atom_heights, [floor - 0.09 * span] * len(potential.atom_heights), "o", color=GREY,
            ms=0.7 * sizes.marker, label="atoms", clip_on=False,
        )  # fmt: skip
        axes.set_xlabel("height / Å")
        axes.set_ylabel("potential energy of an electron / eV")
        axes.legend(loc="upper center", ncols=3, handlelength=1.4, columnspacing=1.0, handletextpad=0.5)
    return figure


def _levels(axes: Axes, found: WorkFunctionDocument, sizes: Size) -> float:
    """Draw Fermi level or band edges, and the work function as an arrow; return the lowest of them."""
    edges = (found.valence_band_maximum, found.conduction_band_minimum)
    right = found.potential.cell_height
    if edges[0] is None or edges[1] is None:
        zero = found.fermi_level
        drawn = [(zero, "$E_F$")]
    else:
        zero = found.vacuum_level_above - found.work_function_above
        drawn = [(edges[0], "valence band"), (edges[1], "conduction band")]
    vacuum = min(found.vacuum_level_below, found.vacuum_level_above)
    crowded = vacuum - 0.12 * (vacuum - min(found.potential.values))  # under the line of the vacuum
    for value, name in drawn:
        axes.axhline(value, color=GREY, lw=0.8 * sizes.line, ls=(0, (3, 2)))
        axes.annotate(
            name, (0.0, value), (0.5 * sizes.font, (-0.25 if value > crowded else 0.25) * sizes.font), color=GREY,
            textcoords="offset points", fontsize=0.9 * sizes.font, va="top" if value > crowded else "bottom",
        )  # fmt: skip
    place = 0.965 * right
    axes.annotate(
        "", (place, found.vacuum_level_above), (place, zero),
        arrowprops={"arrowstyle": "<->", "lw": 0.8 * sizes.line, "shrinkA": 0, "shrinkB": 0},
    )  # fmt: skip
    axes.annotate(
        f"{found.work_function_above:.2f} eV", (place, 0.5 * (found.vacuum_level_above + zero)),
        (-0.5 * sizes.font, 0), textcoords="offset points", ha="right", va="center",
    )  # fmt: skip
    return min(value for value, _ in drawn)


def _room_above(axes: Axes, energies: np.ndarray[Any, np.dtype[np.float64]], density: DensityOfStates) -> None:
    """Scale to what is drawn, with room for the legend."""
    low, high = axes.get_xlim()
    shown = (energies >= low) & (energies <= high)
    top = max(max(np.array(row)[shown]) for row in density.total)
    axes.set_ylim(-1.1 * top if len(density.total) > 1 else 0.0, 1.45 * top)


def _mark_gap(axes: Axes, found: ElectronicDocument, sizes: Size) -> None:
    place = 0.12 * axes.get_ylim()[1]
    axes.annotate(
        "", (found.band_gap, place), (0.0, place),
        arrowprops={"arrowstyle": "<->", "lw": 0.8 * sizes.line, "shrinkA": 0, "shrinkB": 0},
    )  # fmt: skip
    axes.annotate(
        f"{found.band_gap:.2f} eV" + ("*" if found.flagged else ""), (0.5 * found.band_gap, place),
        (0, 0.4 * sizes.font), textcoords="offset points", ha="center",
    )  # fmt: skip


def _dark(element: str) -> str:
    """Return the colour of an element; lithium's grey is that of the total."""
    return BLACK if element == "Li" else color_of(element)


def _dos_notes(found: ElectronicDocument, density: DensityOfStates) -> list[str]:
    how = "" if density.method == "levels" else f" ({density.method})"
    mesh = "×".join(map(str, found.k_mesh))
    notes = [f"{mesh} k-points, Gaussians of σ = {density.broadening:g} eV{how}."]
    if density.projected:
        notes.append("Lines: what is in the spheres of the atoms; the rest is between them.")
    return [" ".join(notes), *_failed(found.checks)]


def _potential_notes(found: WorkFunctionDocument) -> list[str]:
    notes = [f"{found.layers} lattice planes; macroscopic average over {found.macroscopic_period:.2f} Å."]
    if found.ionisation_potential is not None and found.electron_affinity is not None:
        notes.append(
            f"Ionisation potential {found.ionisation_potential:.2f} eV, electron affinity "
            f"{found.electron_affinity:.2f} eV; arrow: from the {NAMES[found.work_function_reference]}."
        )
    if not found.equal_surfaces:
        notes.append(f"Step between the sides {found.dipole_step:.3f} eV.")
    return [" ".join(notes), *_failed(found.checks)]


def _failed(checks: Sequence[Check]) -> list[str]:
    names = sorted({check.name.replace("_", " ") for check in failed(checks)})
    return [f"* Checks that failed: {', '.join(names)}."] if names else []


def _name(found: ElectronicDocument) -> str:
    plain = mathtext_formula(found.formula)
    return plain if found.phase in {None, found.formula} else f"{plain} ({found.phase})"


def _method(found: ElectronicDocument | WorkFunctionDocument) -> str:
    return found.method.label
