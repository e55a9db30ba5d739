"""Dilute lithium on the sites of a host: it moves by changing places with a vacancy of the host.

The vacancy then has to come back to the other side of the lithium, over hops of host atoms around it. With the hops
that take it away, that is the set of frequencies of Lidiard (Phil. Mag. 46, 1218 (1955)) and LeClaire (Phil. Mag. 7,
141 (1962)): in an fcc host exchange (w2), rotation (w1), dissociation (w3) and its reverse (w4).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lianode.structures.errors import InputError, nearest
from lianode.structures.hops.action import step_classes
from lianode.structures.hops.environment import stable_order
from lianode.structures.hops.hop import Hop
from lianode.structures.hops.pairs import (
    act_on_pairs,
    moved_distance,
    opposite,
    pair_distance,
    pair_edges,
    pair_orbits,
    pair_shells,
    pairs_within,
)
from lianode.structures.hops.percolation import dimensionality
from lianode.structures.hops.search import LONGEST_HOP, letters, representative
from lianode.structures.hops.sites import element_sites
from lianode.structures.hops.vacancy_hops import survey_vacancy_hops
from lianode.structures.phase import Phase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymatgen.core import Structure

    from lianode.structures.hops.action import GroupAction, Step
    from lianode.structures.hops.pairs import (
        Pair,
    )
    from lianode.structures.hops.sites import Sites
    from lianode.structures.hops.supercell import Supercell


@dataclass(frozen=True, kw_only=True)
class ExchangeSurvey:
    """The distinct hops that carry one lithium through a host, by means of one vacancy.

    Attributes
    ----------
    sites
        Of the host element, in the primitive cell of the host.
    solute
        Element that is dilute.
    pairs
        The nodes: all pairs of lithium and vacancy up to ``reach``.
    orbits
        Name of each pair's class: ``V1``, ``V2``, ... by distance.
    hops
        The exchange of lithium and vacancy (``moves`` is the solute), and the host's hops from pair to pair.
    equivalents
        For each hop, all steps that symmetry makes equal to it, turned like it.
    cutoff
        Length up to which hops of an atom were looked for, Å.
    reach
        Largest distance of a pair, Å.
    dimensions
        In how many dimensions the hops carry lithium.
    set_aside
        What the host's hops left out.
    """

    sites: Sites
    solute: str
    pairs: tuple[Pair, ...]
    orbits: tuple[str, ...]
    hops: tuple[Hop, ...]
    equivalents: tuple[tuple[Step, ...], ...]
    cutoff: float
    reach: float
    dimensions: int
    set_aside: tuple[str, ...]

    @property
    def edges(self) -> list[Step]:
        """Every hop, each pair of nodes in one direction; translations are those of the lithium."""
        return [step for steps in self.equivalents for step in steps]

    @property
    def longest(self) -> float:
        """Length that a supercell has to be large enough for, Å: the vacancy stays closer to its own lithium."""
        return self.reach

    @property
    def distinct(self) -> dict[str, tuple[float, int]]:
        """Distance of each class of pairs, Å, and how many there are per lithium."""
        lithium = len(self.sites)
        return {
            name: (self.pairs[self.orbits.index(name)].distance, self.orbits.count(name) // lithium)
            for name in sorted(set(self.orbits), key=lambda name: int(name[1:]))
        }

    def hop(self, label: str) -> Hop:
        """Return one hop by its label.

        Raises
        ------
        InputError
            Where there is none.
        """
        for hop in self.hops:
            if hop.label == label:
                return hop
        known = [hop.label for hop in self.hops]
        raise InputError(
            f"there is no hop '{label}'{nearest(label, known)}; they are {', '.join(known)}", self.sites.name
        )

    def check_path(self, hop: Hop) -> None:
        """Do nothing: the paths are those of the host's own hops, which were checked when they were found."""

    def on(self, crystal: Structure) -> ExchangeSurvey:
        """Return the same hops in the host after a relaxation that kept its symmetry.

        Raises
        ------
        InputError
            Where it has other atoms.
        """
        sites = self.sites.on(crystal)
        pairs = tuple(replace(pair, distance=pair_distance(sites, pair)) for pair in self.pairs)
        reach = max(pair.distance for pair in pairs)
        hops = tuple(
            replace(hop, length=moved_distance(sites, pairs[hop.start], pairs[hop.end], hop.image)) for hop in self.hops
        )
        return replace(self, sites=sites, pairs=pairs, reach=reach, hops=hops)


def survey_exchange_hops(
    host: Phase | Structure,
    *,
    element: str | None = None,
    solute: str = "Li",
    cutoff: float | None = None,
    reach: float | None = None,
) -> ExchangeSurvey:
    """Find the distinct hops by which a vacancy carries a dilute solute through a host.

    Parameters
    ----------
    host
        Without the solute: In for LiIn35 (:func:`dilute_host` finds it).
    element
        Element whose sites the solute takes; None where the host has one element.
    solute
        Element that is dilute.
    cutoff
        Longest hop of an atom, Å. None takes the shortest with which the host's own vacancy percolates.
    reach
        Largest distance of vacancy and solute, Å. None takes the shortest with which the exchange is possible over
        every hop of the host and the vacancy comes back in as many dimensions as it moves in the host alone. A longer
        one takes in the hops that dissociate the pair.

    Raises
    ------
    InputError
        Where the host has several elements and none is chosen, has no hops, or the reach is shorter than they are.
    """
    elements = host.elements if isinstance(host, Phase) else tuple(sorted(map(str, host.composition.elements)))
    if element is None and len(elements) > 1:
        raise InputError(f"say which element's sites {solute} takes: {' or '.join(elements)}", "host of a dilute phase")
    sites = element_sites(host, element or elements[0])
    vacancy = survey_vacancy_hops(host, mobile=sites.mobile, cutoff=cutoff)
    if not vacancy.hops:
        raise InputError(f"no two {sites.mobile} sites are within {LONGEST_HOP:g} Å of each other", sites.name)
    steps = {step for one in vacancy.edges for step in (one, (one[1], one[0], opposite(one[2])))}
    longest = max(hop.length for hop in vacancy.hops)
    if reach is not None and reach < longest:
        raise InputError(f"the reach has to be at least the host's longest hop, {longest:.2f} Å", sites.name)
    for limit in [reach] if reach is not None else pair_shells(sites, longest):
        pairs = pairs_within(sites, limit)
        edges = pair_edges(pairs, steps)
        dimensions = dimensionality(edges)
        if dimensions >= vacancy.dimensions:
            break
    action = act_on_pairs(sites.action, pairs)
    orbits = pair_orbits(sites, pairs, action)
    hops, equivalents = _distinct_hops(sites, solute, pairs=pairs, orbits=orbits, action=action, edges=edges)
    return ExchangeSurvey(
        sites=sites,
        solute=solute,
        pairs=tuple(pairs),
        orbits=orbits,
        hops=hops,
        equivalents=equivalents,
        cutoff=vacancy.cutoff,
        reach=max(pair.distance for pair in pairs),
        dimensions=dimensions,
        set_aside=vacancy.set_aside,
    )


def binding_cells(survey: ExchangeSurvey, cell: Supercell) -> dict[str, Structure]:
    """Return the cells whose energies give the binding of solute and vacancy.

    E_b(V1) = E(V1) + E(host) - E(solute) - E(vacancy), negative where they attract each other. All have one supercell.

    Returns
    -------
    dict
        ``host``; ``Li on In1`` and ``vacancy on In1`` for each distinct site; the pairs ``V1``, ``V2``, ...
    """
    from lianode.structures.hops.end_points import distinct_end_points

    cells = {"host": cell.structure.copy()}
    for orbit in survey.sites.distinct:
        atom = cell.atom(survey.sites.atoms[survey.sites.first(orbit)], (0, 0, 0))
        with_solute, with_vacancy = cell.structure.copy(), cell.structure.copy()
        with_solute.replace(atom, survey.solute)
        with_vacancy.remove_sites([atom])
        cells[f"{survey.solute} on {orbit}"] = with_solute.get_sorted_structure()
        cells[f"vacancy on {orbit}"] = with_vacancy
    return cells | distinct_end_points(survey, cell)


def _distinct_hops(
    sites: Sites,
    solute: str,
    *,
    pairs: Sequence[Pair],
    orbits: tuple[str, ...],
    action: GroupAction,
    edges: list[Step],
) -> tuple[tuple[Hop, ...], tuple[tuple[Step, ...], ...]]:
    found = []
    for one in step_classes(action, edges):
        start, end, image = one.members[0]
        members = one.members
        if int(orbits[start][1:]) > int(orbits[end][1:]):
            members = tuple(sorted((b, a, opposite(t)) for a, b, t in members))
        start, end, image = representative(members)
        exchanged = any(image) or pairs[start].lithium != pairs[end].lithium
        hop = Hop(
            label="",
            mechanism="exchange",
            start=start,
            end=end,
            start_orbit=orbits[start],
            end_orbit=orbits[end],
            image=image,
            length=moved_distance(sites, pairs[start], pairs[end], image),
            multiplicity=len(members),
            symmetric=one.symmetric,
            moves=solute if exchanged else sites.mobile,
        )
        found.append((hop, members))
    keys = [
        [float(hop.moves != solute), float(hop.start_orbit[1:]), float(hop.end_orbit[1:]), hop.length]
        for hop, _ in found
    ]
    count: dict[str, int] = {}
    hops, equivalents = [], []
    for number in stable_order(keys):
        hop, members = found[number]
        stem = f"{hop.moves}:{hop.start_orbit}-{hop.end_orbit}"
        count[stem] = count.get(stem, -1) + 1
        hops.append(replace(hop, label=stem + letters(count[stem])))
        equivalents.append(members)
    return tuple(hops), tuple(equivalents)
