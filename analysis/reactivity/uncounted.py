"""What hypothetical phases, which do not count, would change about a reaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lianode.analysis.hull.counting import HYPOTHETICAL
from lianode.analysis.reactivity.reactivity import reactivity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lianode.analysis.energies import PhaseEnergy
    from lianode.analysis.reactivity.reactivity import ReactivityDocument

WORTH_SAYING = 1e-3
"""eV/atom."""


def with_uncounted(document: ReactivityDocument, energies: Sequence[PhaseEnergy]) -> ReactivityDocument:
    """Return the document with a note where hypothetical phases that are not counted would release more energy.

    Parameters
    ----------
    document
        Of two materials.
    energies
        That it was computed from.
    """
    everything = reactivity(
        energies,
        first=document.first,
        second=document.second,
        engine=document.engine,
        campaign=document.campaign,
        voltage=document.voltage_V,
        include=[HYPOTHETICAL],
        exclude=document.settings["exclude"],
    )
    gains = {
        reaction.mixing_ratio: document.energy_at(reaction.mixing_ratio) - reaction.reaction_energy_per_atom
        for reaction in everything.reactions
    }
    ratio = max(gains, key=lambda x: gains[x])
    if gains[ratio] < WORTH_SAYING:
        return document
    known = {document.first, document.second, *document.settings["include"]}
    kinds = {energy.name: energy.kind for energy in energies if known.isdisjoint((energy.name, energy.formula))}
    (best,) = (reaction for reaction in everything.reactions if reaction.mixing_ratio == ratio)
    names = [name for name in best.products if kinds.get(name) == HYPOTHETICAL]
    at = "" if document.voltage_V is None else f" at {document.voltage_V:g} V"
    note = (
        f"hypothetical phases do not count: with {', '.join(names) or 'all of them'}, {document.first} and "
        f"{document.second} would release up to {1e3 * gains[ratio]:.0f} meV/atom more{at}; `include` counts them"
    )
    return document.model_copy(update={"notes": [*document.notes, note]})
