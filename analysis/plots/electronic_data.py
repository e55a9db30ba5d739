"""The numbers behind figures of electronic structures, as rows of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lianode.analysis.electronic.document import ElectronicDocument
    from lianode.analysis.electronic.work_function import WorkFunctionDocument

Table = tuple[list[str], list[list[Any]]]


def electronic_table(document: ElectronicDocument) -> Table:
    """Return the density of states, a line per energy, or the gap alone where there is none."""
    density = document.density
    if density is None:
        header = ["band_gap_eV", "direct_band_gap_eV", "fermi_level_eV"]
        return header, [[document.band_gap, document.direct_band_gap, document.fermi_level]]
    spins = ("_up", "_down") if document.spin_polarised else ("",)
    columns = {"total": density.total, **density.projected}
    header = [
        f"energy_above_{density.zero}_eV",
        *(f"{name.replace(' ', '_')}{spin}_states_per_eV" for name in columns for spin in spins),
    ]
    curves = [rows[number] for rows in columns.values() for number in range(len(spins))]
    return header, [list(row) for row in zip(density.energies, *curves, strict=True)]


def work_function_table(document: WorkFunctionDocument) -> Table:
    """Return the potential along the normal, a line per height."""
    header = ["height_A", "planar_average_eV", "macroscopic_average_eV"]
    rows = zip(document.potential.heights, document.potential.values, document.macroscopic, strict=True)
    return header, [list(row) for row in rows]
