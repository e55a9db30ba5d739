"""Published interface energies beside computed ones.

What liu2025 calls an interface energy is not defined in the paper. A negative one can be no excess energy of a stable
pair of crystals: it means that they react, or it is minus a work of adhesion. So it is set beside both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lianode.analysis.compare.comparison import ComparisonRow, missing_row
from lianode.analysis.compare.facets import is_interface
from lianode.structures.facets import parse_facet
from lianode.structures.formulas import parse_formula, system_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from lianode.analysis.interface_energy.document import InterfaceEnergyDocument

MEV = 1e3
ENERGY = "interface energy"
ADHESION = "minus the work of adhesion"


def compare_interface_energies(
    expected: Mapping[str, Any], documents: Sequence[InterfaceEnergyDocument]
) -> list[ComparisonRow]:
    """Set published interface energies beside γ_AB, and negative ones beside -W too.

    Parameters
    ----------
    expected
        ``interface_energy_meV_per_A2``, by interface (``Li(001)/LiCl(001)``), with a ``note`` on what it is.
    documents
        One for each interface and engine.
    """
    rows = []
    for name, value in expected.get("interface_energy_meV_per_A2", {}).items():
        same = [document for document in documents if is_interface(name, document.interface)]
        for quantity in (ENERGY, ADHESION) if value < 0 else (ENERGY,):
            rows += [_row(quantity, name, value, expected.get("note", ""), document) for document in same] or [
                missing_row(quantity, _system(name), name, value, "meV/Å²")
            ]
    return rows


def _row(quantity: str, name: str, value: float, note: str, document: InterfaceEnergyDocument) -> ComparisonRow:
    computed, said = _energy(document) if quantity == ENERGY else _adhesion(document)
    words = [f"{document.interface}, its film strained by {document.film_strain:+.1%}", said]
    words += [f"published: {note}"] if note else []
    return ComparisonRow(
        quantity=quantity,
        system=document.system,
        phase=name,
        published=value,
        computed=computed,
        unit="meV/Å²",
        engine=document.engine,
        flagged=document.flagged,
        note="; ".join(word for word in words if word),
    )


def _energy(document: InterfaceEnergyDocument) -> tuple[float | str, str]:
    """Return γ_AB with what the other ways to it give, or that there is none and where the cells lie."""
    if document.interface_energy is None:
        above = [MEV * point.with_strained_bulk for point in document.series if point.with_strained_bulk is not None]
        between = f"its cells lie {min(above):.1f} to {max(above):.1f} meV/Å² above the crystals" if above else ""
        return "reacts", between
    ways = {"strained crystals": document.by_strained_bulk, "adhesion": document.by_adhesion}
    said = [f"by {name} {MEV * energy:.1f}" for name, energy in ways.items() if energy is not None]
    return MEV * document.interface_energy, ", ".join(said)


def _adhesion(document: InterfaceEnergyDocument) -> tuple[float | None, str]:
    work = document.work_of_adhesion
    return None if work is None else -MEV * work, "with what the reaction gives" if document.reacted else ""


def _system(name: str) -> str:
    return system_of({element for side in name.split("/") for element in parse_formula(parse_facet(side).phase)})
