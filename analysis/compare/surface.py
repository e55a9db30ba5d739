"""Published planes of lowest surface energy, and surface energies less interface energies, beside computed ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lianode.analysis.compare.comparison import ComparisonRow, missing_row
from lianode.analysis.compare.facets import described, energy, is_facet, is_phase, lowest_of_plane, surfaces_of
from lianode.analysis.surface.energy import J_PER_M2
from lianode.structures.facets import parse_facet
from lianode.structures.formulas import parse_formula, system_of
from lianode.structures.interfaces.surface_cell import plane_label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from lianode.analysis.interface_energy.document import InterfaceEnergyDocument
    from lianode.analysis.surface.surface import SurfaceDocument
    from lianode.structures.facets import Facet

MEV = 1e3
LOWEST = "plane of lowest surface energy"
WETTING = "surface energy less interface energy"


def compare_surfaces(
    expected: Mapping[str, Any],
    surfaces: Sequence[SurfaceDocument],
    interfaces: Sequence[InterfaceEnergyDocument],
) -> list[ComparisonRow]:
    """Set what a paper says of surfaces beside what was computed.

    Parameters
    ----------
    expected
        ``lowest_plane``, a list such as [Li(001)]; ``less_interface_energy_J_per_m2``, by plane and film
        (``LiCl(100)/Li``), with its ``source``.
    surfaces, interfaces
        One for each termination or interface, and engine.
    """
    rows = []
    for text in expected.get("lowest_plane", ()):
        rows += _lowest_plane(parse_facet(text), surfaces)
    for name, value in expected.get("less_interface_energy_J_per_m2", {}).items():
        rows += _less_interface(name, value, expected.get("source", ""), surfaces, interfaces)
    return rows


def _lowest_plane(facet: Facet, surfaces: Sequence[SurfaceDocument]) -> list[ComparisonRow]:
    """Compare the lowest plane of a phase; the energy of the published one follows, which papers do not give."""
    mine = surfaces_of(facet.phase, surfaces)
    if not mine:
        return [missing_row(LOWEST, system_of(parse_formula(facet.phase)), facet.phase, plane_label(facet.plane))]
    rows = []
    for name, engine in sorted({(str(one.phase), one.engine) for one in mine}):
        own = [one for one in mine if (one.phase, one.engine) == (name, engine)]
        rows.append(_lowest_row(facet, own))
        published = lowest_of_plane(facet.plane, own)
        if published is not None:
            rows.append(_energy_row(facet, published))
    return rows


def _lowest_row(facet: Facet, surfaces: Sequence[SurfaceDocument]) -> ComparisonRow:
    """Return the row of one crystal with one engine."""
    lowest = min(surfaces, key=energy)
    label = plane_label(facet.plane)
    row = ComparisonRow(quantity=LOWEST, system=lowest.system, phase=facet.phase, published=label, engine=lowest.engine)
    number = len({one.plane for one in surfaces})
    if number == 1:
        return row.model_copy(update={"note": f"not computed: {lowest.plane_label} is the only plane there is"})
    published = lowest_of_plane(facet.plane, surfaces)
    if published is None:
        note = f"{label} is not among the {number} planes that were computed"
    elif published.plane == lowest.plane:
        note = f"lowest of {number} planes, {described(lowest)}"
    else:
        apart = MEV * (energy(published) - energy(lowest))
        note = f"{label} is {apart:.1f} meV/Å² above {lowest.plane_label} ({described(lowest)}), of {number} planes"
    same = published is not None and published.plane == lowest.plane
    flagged = lowest.flagged or bool(published and published.flagged)
    computed = label if same else lowest.plane_label
    return row.model_copy(update={"computed": computed, "flagged": flagged, "note": note})


def _energy_row(facet: Facet, surface: SurfaceDocument) -> ComparisonRow:
    return ComparisonRow(
        quantity=f"surface energy of {plane_label(facet.plane)}",
        system=surface.system,
        phase=facet.phase,
        computed=MEV * energy(surface),
        unit="meV/Å²",
        engine=surface.engine,
        flagged=surface.flagged,
        note=described(surface),
    )


def _less_interface(
    name: str,
    value: float,
    source: str,
    surfaces: Sequence[SurfaceDocument],
    interfaces: Sequence[InterfaceEnergyDocument],
) -> list[ComparisonRow]:
    """Compare a substrate's surface energy less that of its interface with a film.

    One row takes the substrate's slab as it is in the cell of the interface, the other the surface of the crystal at
    rest.
    """
    text, _, film = name.partition("/")
    facet = parse_facet(text)
    rows = []
    for document in interfaces:
        its_film, _, its_substrate = document.interface.partition("/")
        if not is_facet(facet, its_substrate) or not is_phase(film, parse_facet(its_film).phase):
            continue
        row = ComparisonRow(
            quantity=WETTING,
            system=document.system,
            phase=name,
            published=value,
            computed="reacts" if document.reacted else _in_J(document.wetting),
            unit="J/m²",
            engine=document.engine,
            flagged=document.flagged,
            note=f"{document.interface}, the surface that of the slab in its cell; published: {source}",
        )
        rows.append(row)
        own = [one for one in surfaces_of(facet.phase, surfaces) if one.engine == document.engine]
        surface = lowest_of_plane(facet.plane, own)
        if surface is not None and document.interface_energy is not None:
            rows.append(
                row.model_copy(
                    update={
                        "computed": _in_J(energy(surface) - document.interface_energy),
                        "flagged": document.flagged or surface.flagged,
                        "note": f"{document.interface}, the surface that of the crystal at rest, "
                        f"{described(surface)}; published: {source}",
                    }
                )
            )
    system = system_of({*parse_formula(facet.phase), *parse_formula(film)})
    return rows or [missing_row(WETTING, system, name, value, "J/m²")]


def _in_J(value: float | None) -> float | None:  # noqa: N802 - a unit
    return None if value is None else J_PER_M2 * value
