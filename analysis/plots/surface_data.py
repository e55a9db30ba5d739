"""The numbers behind figures of surfaces, as rows of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.analysis.surface.energy import J_PER_M2
from lianode.analysis.surface.surface import energy_of

if TYPE_CHECKING:
    from lianode.analysis.surface.surface import SurfaceDocument
    from lianode.analysis.surface.wulff_document import WulffDocument

Table = tuple[list[str], list[list[Any]]]


def surface_table(document: SurfaceDocument) -> Table:
    """Return the energies of one termination, a line per state and limit, and its slabs."""
    header = [
        "quantity", "state", "in_equilibrium_with", "layers", "thickness_A", "n_atoms", "energy_eV",
        "surface_energy_eV_per_A2", "surface_energy_J_per_m2", "standard_error_eV_per_A2",
    ]  # fmt: skip
    kind = "cleavage energy" if document.kind == "cleavage" else "surface energy"
    rows: list[list[Any]] = [
        [kind, state, _first(document), "", "", "", "", fit.energy, fit.energy_J_per_m2, fit.standard_error]
        for state, fit in (("as cut", document.unrelaxed_fit), ("relaxed", document.relaxed_fit))
        if fit is not None
    ]
    state = "relaxed" if document.relaxed else "as cut"
    rows += [
        [kind, state, " + ".join(limit.neighbours), "", "", "", "", limit.surface_energy,
         limit.surface_energy_J_per_m2, ""]
        for limit in document.limits[1:]
    ]  # fmt: skip
    for number, slab in enumerate(document.slabs):
        fit = document.relaxed_fit if slab.relaxed else document.unrelaxed_fit
        place = number - (sum(not one.relaxed for one in document.slabs) if slab.relaxed else 0)
        direct: float | str = "" if fit is None else fit.direct[place]
        in_joule = "" if isinstance(direct, str) else J_PER_M2 * direct
        rows.append(
            ["slab", "relaxed" if slab.relaxed else "as cut", _first(document), slab.layers, slab.thickness,
             slab.n_atoms, slab.energy, direct, in_joule, ""]
        )  # fmt: skip
    return header, rows


def wulff_table(document: WulffDocument) -> Table:
    """Return the planes of a phase, a line each, the lowest first."""
    header = [
        "plane", "termination", "kind", "state", "surface_energy_eV_per_A2", "surface_energy_J_per_m2", "equal_planes",
        "area_fraction",
    ]  # fmt: skip
    rows: list[list[Any]] = [
        [
            row.plane_label, row.termination, row.kind, "relaxed" if row.relaxed else "as cut", row.surface_energy,
            row.surface_energy_J_per_m2, row.multiplicity, "" if row.area_fraction is None else row.area_fraction,
        ]
        for row in document.planes
    ]  # fmt: skip
    return header, rows


def in_joule(document: SurfaceDocument) -> float | None:
    """Return the energy that stands for a termination, J/m²."""
    energy = energy_of(document)
    return None if energy is None else J_PER_M2 * energy


def _first(document: SurfaceDocument) -> str:
    return " + ".join(document.limits[0].neighbours) if document.limits else ""
