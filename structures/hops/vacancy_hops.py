"""Hops of lithium into a neighbouring lithium vacancy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.hops.paths import narrowest_passage
from lianode.structures.hops.search import LONGEST_HOP, survey_hops
from lianode.structures.hops.sites import element_sites

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from lianode.structures.hops.action import Step
    from lianode.structures.hops.hop import Hop
    from lianode.structures.hops.sites import Sites
    from lianode.structures.hops.survey import HopSurvey
    from lianode.structures.phase import Phase


def vacancy_hops(crystal: Phase | Structure, *, cutoff: float | None = None) -> list[Hop]:
    """Return the symmetry-distinct hops of lithium into a lithium vacancy, by length.

    See :func:`survey_vacancy_hops`, which also says where the search ended and what it set aside.
    """
    return list(survey_vacancy_hops(crystal, cutoff=cutoff).hops)


def survey_vacancy_hops(
    crystal: Phase | Structure, *, cutoff: float | None = None, mobile: str = "Li", longest: float = LONGEST_HOP
) -> HopSurvey:
    """Find the symmetry-distinct hops of an element into a vacancy of its own.

    A hop is a straight step from one site to another one. Where the line leads through another site of the same
    element, the hop is not elementary: it is left out, as its steps are shorter and found themselves. Where it leads
    through an atom of another element, it is no path. Either is said in ``set_aside``.

    Parameters
    ----------
    crystal
        A phase, whose primitive cell is taken, or a structure, which is taken as it is.
    cutoff
        Longest hop, Å. None takes the shortest one with which the hops percolate in three dimensions, or in as many as
        they can within ``longest``.
    mobile
        Element that hops.
    longest
        Where the search for a cut-off ends, Å.

    Raises
    ------
    InputError
        Where the phase has no such element, the cut-off is no length, or it leaves no hop.
    """
    sites = element_sites(crystal, mobile)
    return survey_hops(sites, "vacancy", _obstacle, cutoff=cutoff, longest=longest)


def _obstacle(sites: Sites, step: Step) -> str | None:
    start, end, image = step
    passage = narrowest_passage(
        sites.crystal, sites.mobile, sites.positions[start], sites.positions[end] + np.array(image)
    )
    if passage is None or not passage.blocked:
        return None
    length = float(np.linalg.norm(sites.vector(*step)))
    what = f"the step from {sites.orbits[start]} to {sites.orbits[end]} over {length:.2f} Å"
    if passage.element == sites.mobile:
        over = sites.orbits[sites.atoms.index(passage.atom)]
        return f"{what} leads over an occupied {over}, {passage.distance:.2f} Å from its line: two hops, not one"
    return f"{what} crosses {passage.element} at {passage.distance:.2f} Å: not a path"
