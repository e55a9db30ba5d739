"""The host of a phase with few lithium atoms."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lianode.structures.errors import InputError
from lianode.structures.hops.search import LONGEST_HOP
from lianode.structures.hops.vacancy_hops import survey_vacancy_hops
from lianode.structures.symmetry import SYMPREC

if TYPE_CHECKING:
    from lianode.structures.phase import Phase

_RELAXED = 0.1  # Å: how far host atoms may be from the host's sites


def dilute_host(phase: Phase, solute: str = "Li") -> Phase:
    """Return the host of a phase with few solute atoms: the crystal in which host atoms sit on their sites.

    Parameters
    ----------
    phase
        Such as LiIn35, unrelaxed or relaxed by less than 0.1 Å.
    solute
        Element that is dilute.

    Raises
    ------
    InputError
        Where the phase has no solute or nothing else, solute atoms are within a hop's length (5 Å) of each other, or no
        host element makes a crystal with a smaller cell.
    """
    found = survey_vacancy_hops(phase, mobile=solute)
    if found.hops or found.set_aside:
        raise InputError(
            f"{solute} atoms are within {LONGEST_HOP:g} Å of each other, so the phase is not dilute and {solute} moves "
            f"by {solute} vacancies",
            phase.name,
        )
    structure = found.sites.crystal
    others = [element for element in phase.elements if element != solute]
    if not others:
        raise InputError(f"there is nothing but {solute}, so it has no host", phase.name)
    filled = [structure.copy().replace_species({solute: element}) for element in others]
    smallest = min(
        (one.get_primitive_structure(tolerance=tolerance) for one in filled for tolerance in (SYMPREC, _RELAXED)),
        key=len,
    )
    if len(smallest) == len(structure):
        raise InputError(
            f"with {' or '.join(others)} in place of {solute} the cell is no smaller crystal; give the unrelaxed "
            "cell, or the host itself",
            phase.name,
        )
    return replace(
        phase,
        name=f"{smallest.composition.reduced_formula} (host of {phase.name})",
        formula=smallest.composition.reduced_formula,
        structure=smallest,
        default=False,
    )
