"""The numbers behind figures of adsorption, as rows of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lianode.analysis.adsorption.document import AdsorptionDocument


def adsorption_table(document: AdsorptionDocument) -> tuple[list[str], list[list[Any]]]:
    """Return the sites of a surface, a line each, the best first."""
    header = [
        "site", "kind", "around", "equal_sites", "x_A", "y_A", "adsorption_energy_eV", "from_free_atom_eV", "ended_on",
        "same_as", "height_A", "nearest_distance_A", "neighbours", "slab_displacement_A", "sound", "reason",
    ]  # fmt: skip
    rows: list[list[Any]] = [
        [
            row.site, row.kind, " ".join(row.around), row.equal_sites, *row.position, _or_empty(row.adsorption_energy),
            _or_empty(row.adsorption_energy_from_atom), row.ended_on or "", row.same_as or "",
            _or_empty(row.height), _or_empty(row.nearest_distance),
            " ".join(f"{count} {element}" for element, count in row.neighbours.items()),
            _or_empty(row.slab_displacement), row.sound, row.reason or "",
        ]
        for row in document.sites
    ]  # fmt: skip
    return header, rows


def _or_empty(value: float | bool | None) -> float | bool | str:
    return "" if value is None else value
