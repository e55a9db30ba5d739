"""The numbers behind figures of reactions, as rows of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.analysis.reactivity.reactivity import flagged_phases

if TYPE_CHECKING:
    from lianode.analysis.reactivity.reactivity import ReactivityDocument

Table = tuple[list[str], list[list[Any]]]


def reactivity_table(document: ReactivityDocument) -> Table:
    """Return one line per corner of the energy along the mixing ratio; energies per counted atom."""
    header = [
        "first",
        "second",
        "voltage_V",
        "mixing_ratio",
        "reaction_energy_eV_per_atom",
        "mutual_energy_eV_per_atom",
        "lithium_uptake_per_atom",
        "equation",
        "products",
        "most_exothermic",
        "flagged",
    ]
    flagged = set(flagged_phases(document))
    return header, [
        [
            document.first,
            document.second,
            "" if document.voltage_V is None else document.voltage_V,
            reaction.mixing_ratio,
            reaction.reaction_energy_per_atom,
            reaction.mutual_energy_per_atom,
            reaction.lithium_uptake_per_atom,
            reaction.equation,
            " + ".join(f"{part:.4f} {name}" for name, part in reaction.products.items()),
            reaction == document.most_exothermic,
            bool(flagged.intersection(reaction.products)),
        ]
        for reaction in document.reactions
    ]
