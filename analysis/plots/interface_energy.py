"""The series of an interface energy: the line through its cells, and the other ways to the same number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.analysis.interface_energy.document import MEV, InterfaceEnergyDocument
from lianode.analysis.plots.panels import interface_notes, mathtext_interface
from lianode.analysis.plots.style import BLACK, BLUE, GREEN, VERMILION, new_figure, size_named, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lianode.analysis.plots.style import SizeName

SINGLE = (
    "interface_energy", "interface_energy_error", "by_strained_bulk", "by_adhesion", "work_of_adhesion",
    "film_surface_energy", "substrate_surface_energy", "wetting",
)  # fmt: skip
"""Numbers of the whole interface, eV/Å²."""
InterfaceEnergyLike = InterfaceEnergyDocument | dict[str, Any]


def interface_energy_figure(document: InterfaceEnergyLike, *, size: SizeName = "column") -> Figure:
    """Draw the energy of each closed cell against its film: with the crystal at rest, and with the strained one.

    The line through the former meets the axis at the interface energy. A diamond is what the surface energies less the
    work of adhesion give. Where the two reacted there are cells only.

    Parameters
    ----------
    document
        Of one interface.
    size
        ``column`` of a journal, or ``slide``.

    Raises
    ------
    InputError
        For an unknown size.
    """
    found = InterfaceEnergyDocument.model_validate(document)
    sizes = size_named(size)
    partial = ", partial" if found.completeness == "partial" else ""
    title = f"{mathtext_interface(found.interface)}, {found.method.label}{partial}"
    with style(sizes):
        figure, axes = new_figure(sizes, notes=[*_said(found), *interface_notes(found)], title=title)
        units = [point.film_units for point in found.series]
        rest = [MEV * point.with_bulk_at_rest for point in found.series]
        strained = [(n, MEV * p.with_strained_bulk) for n, p in zip(units, found.series, strict=True)
                    if p.with_strained_bulk is not None]  # fmt: skip
        energy = found.interface_energy
        if energy is not None and found.strain_energy_per_unit is not None:
            end = MEV * (energy + found.strain_energy_per_unit * max(units) / (2 * found.area))
            axes.plot([0, max(units)], [MEV * energy, end], color=BLUE, zorder=1)
        axes.plot(units, rest, "o", color=BLUE, mfc="white", label="crystal at rest", zorder=3)
        if strained:
            axes.plot(*zip(*strained, strict=True), "s", color=VERMILION, label="strained crystal", zorder=3)
        error = found.interface_energy_error
        if energy is not None:
            axes.errorbar([0], [MEV * energy], yerr=None if error is None else [MEV * error], fmt="_", color=BLACK,
                          capsize=sizes.marker / 2, label=r"$\gamma$, strain removed", zorder=4)  # fmt: skip
        if found.by_adhesion is not None:
            axes.plot(
                [max(units)], [MEV * found.by_adhesion], "D", color=GREEN, label="surfaces less adhesion", zorder=2
            )
        axes.axhline(0, color=BLACK, lw=0.5 * sizes.line, zorder=0)
        axes.set_xlim(-0.03 * max(units), 1.08 * max(units))
        low, high = axes.get_ylim()
        axes.set_ylim(low - 0.05 * (high - low), high + 0.35 * (high - low))
        axes.set_xlabel(f"Formula units of {mathtext_interface(found.film)} in the cell")
        axes.set_ylabel("Interface energy (meV/Å$^2$)" if energy is not None else "Energy of the cell (meV/Å$^2$)")
        axes.legend(loc="upper left", ncols=2, frameon=False, handlelength=1.2, columnspacing=1.0)
    return figure


def _said(document: InterfaceEnergyDocument) -> list[str]:
    """Return the numbers in words."""
    error = document.interface_energy_error
    within = "" if error is None else f" ± {MEV * error:.1f}"
    said = ["The two reacted: there is no interface energy."]
    if document.interface_energy is not None:
        value = f"{MEV * document.interface_energy:.1f}{within} meV/Å² ({document.interface_energy_J_per_m2:.2f} J/m²)"
        said = [f"Interface energy {value}."]
    if document.work_of_adhesion is not None:
        said.append(f"Work of adhesion {MEV * document.work_of_adhesion:.1f} meV/Å².")
    if document.wetting is not None:
        wets = "wets" if document.wetting > 0 else "does not wet"
        said.append(
            f"Surface of the substrate less the interface {MEV * document.wetting:+.1f} meV/Å²: the film {wets} it."
        )
    return [" ".join(said)]


def interface_energy_table(document: InterfaceEnergyDocument) -> tuple[list[str], list[list[Any]]]:
    """Return the numbers behind the figure."""
    header = ["layers", "film_units", "substrate_units", "atoms", "energy_eV", "with_bulk_at_rest_eV_per_A2",
              "with_strained_bulk_eV_per_A2"]  # fmt: skip
    rows: list[list[Any]] = [
        [point.layers, point.film_units, point.substrate_units, point.atoms, point.energy, point.with_bulk_at_rest,
         point.with_strained_bulk]
        for point in document.series
    ]  # fmt: skip
    rows += [[name, "", "", "", "", getattr(document, name), ""] for name in SINGLE]
    return header, rows
