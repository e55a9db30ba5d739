"""Ordered models of a disordered crystal: the arrangements of lowest electrostatic energy."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from lianode.structures.errors import InputError
from lianode.structures.formulas import ordered_elements
from lianode.structures.ordering.electrostatics import formal_charges
from lianode.structures.ordering.search import ArrangementSearch
from lianode.structures.ordering.sublattices import disordered_cell
from lianode.structures.phase import Phase

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymatgen.core import Structure

    from lianode.structures.ordering.sublattices import DisorderedCell

MOST_ENUMERATED = 100_000
"""Arrangements up to which all are gone through."""


@dataclass(frozen=True, kw_only=True)
class OrderedModel:
    """One arrangement.

    Attributes
    ----------
    phase
        As a hypothetical phase; its structure is in the parent's cell, so that planes mean the same.
    ewald_energy
        Of the stated charges, eV per cell.
    degeneracy
        Arrangements that symmetry makes equal to it, itself included.
    shared_sites
        Atoms of each element on each class of symmetrically equal shared sites, by the coordinates of its first site:
        ``{"(0, 0, 0)": {"S": 3, "Cl": 1}}``.
    shortest_distances
        Å, between atoms of the same element, of those that have shared sites.
    """

    phase: Phase
    ewald_energy: float
    degeneracy: int
    shared_sites: dict[str, dict[str, int]]
    shortest_distances: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class OrderedEnsemble:
    """The arrangements of lowest energy, lowest first.

    Attributes
    ----------
    parent
        The disordered crystal.
    formula
        Of the cell: ``Li22P4S18Cl6``.
    models
        The arrangements kept.
    charges
        Of each element, e.
    closest
        Å, closer than which two atoms were not put on a partly filled sublattice.
    method
        ``enumerated``: all arrangements were gone through, one for each class of the parent's space group.
        ``sampled``: all classes of the smaller sublattices were, the largest was annealed for each.
    arrangements
        How many there are, symmetrically equal ones counted each.
    distinct
        How many symmetry leaves of them; None where they were sampled.
    examined
        Arrangements whose energy was computed.
    seed
        Of the random numbers; without effect on an enumeration.
    """

    parent: str
    formula: str
    models: tuple[OrderedModel, ...]
    charges: dict[str, float]
    closest: float
    method: Literal["enumerated", "sampled"]
    arrangements: int
    distinct: int | None
    examined: int
    seed: int

    @property
    def summary(self) -> str:
        """One sentence on where the models come from."""
        return _how(self, len(self.models))


def order(
    parent: Phase,
    formula: str | None = None,
    *,
    charges: Mapping[str, float] | None = None,
    supercell: Sequence[int] = (1, 1, 1),
    closest: float = 2.0,
    keep: int = 20,
    most_alike: int | None = None,
    seed: int = 0,
) -> OrderedEnsemble:
    """Order a disordered crystal.

    Parameters
    ----------
    parent
        Crystal with shared or partly occupied sites.
    formula
        Composition wanted, on the parent's sites and in its cell; None takes its own.
    charges
        Of each element, e; None takes the oxidation states.
    supercell
        Multiples of the stored cell.
    closest
        Å. Two atoms are not put on a partly filled sublattice closer than this.
    keep
        Models to keep, fewer where there are fewer.
    most_alike
        Models kept, at most, that differ on the largest sublattice only: the lowest twenty of an argyrodite differ by
        their lithium alone, and hide its S/Cl disorder. None keeps the lowest, whatever they have in common.
    seed
        Of the random numbers, where arrangements are sampled.

    Raises
    ------
    InputError
        Where the composition does not fit the sites, is not neutral, or several sublattices have too many arrangements.
    """
    if keep < 1:
        raise InputError(f"{keep} ordered models are none; keep 1 or more", parent.name)
    if most_alike is not None and most_alike < 1:
        raise InputError(f"{most_alike} models of each kind are none; allow 1 or more", parent.name)
    if not 0 <= closest < 10:
        raise InputError(f"atoms cannot be kept {closest:g} Å apart; 0 to 10 can", parent.name)
    cell = disordered_cell(parent, formula, supercell)
    used = formal_charges(cell, charges)
    search = ArrangementSearch(cell, used, closest)
    counts = search.counts
    total = math.prod(counts)
    if not total:
        raise InputError(f"{cell.formula} cannot be filled in without atoms closer than {closest:g} Å", parent.name)
    largest = int(np.argmax([math.log(count) for count in counts]))
    if total <= MOST_ENUMERATED:
        found = search.enumerated()
    elif total // counts[largest] > MOST_ENUMERATED:
        raise InputError(
            f"the shared sites beside the largest sublattice have {total // counts[largest]:.3g} arrangements, more "
            f"than the {MOST_ENUMERATED} that are gone through; take a smaller cell",
            parent.name,
        )
    else:
        found = search.sampled(largest, keep, np.random.default_rng(seed))
    enumerated = total <= MOST_ENUMERATED
    lowest = sorted(found.items(), key=lambda item: (round(item[1][0], 6), item[0]))
    if most_alike is not None:
        alike = Counter[bytes]()
        distinct = []
        for filling, value in lowest:
            kind = search.without(largest, filling)
            alike[kind] += 1
            if alike[kind] <= most_alike:
                distinct.append((filling, value))
        lowest = distinct
    lowest = lowest[:keep]
    ensemble = OrderedEnsemble(
        parent=parent.name,
        formula=cell.formula,
        models=(),
        charges=used,
        closest=closest,
        method="enumerated" if enumerated else "sampled",
        arrangements=total,
        distinct=len(found) if enumerated else None,
        examined=search.examined,
        seed=seed,
    )
    how = _how(ensemble, len(lowest))
    models = tuple(
        _model(cell, search.elements(filling), value, rank, origin=f"number {rank} of the {how}", formula=formula)
        for rank, (filling, value) in enumerate(lowest, 1)
    )
    return replace(ensemble, models=models)


def _how(ensemble: OrderedEnsemble, kept: int) -> str:
    said = ", ".join(f"{element} {ensemble.charges[element]:+g}" for element in ordered_elements(ensemble.charges))
    if ensemble.method == "enumerated":
        way = f"all {ensemble.arrangements} arrangements gone through, {ensemble.distinct} of them distinct"
    else:
        way = f"{ensemble.examined} of {ensemble.arrangements:.3g} arrangements sampled with seed {ensemble.seed}"
    apart = f"at least {ensemble.closest:g} Å apart on partly filled sites"
    return f"{kept} of lowest Ewald energy ({said}) for {ensemble.formula} in {ensemble.parent}, {apart}: {way}"


def _model(
    cell: DisorderedCell,
    elements: list[str],
    value: tuple[float, int],
    rank: int,
    *,
    origin: str,
    formula: str | None,
) -> OrderedModel:
    from pymatgen.core import Structure

    energy, degeneracy = value
    parent = cell.phase
    formula = formula or parent.formula
    filled = [site for site, element in enumerate(elements) if element]
    structure = Structure(
        cell.average.lattice, [elements[site] for site in filled], cell.average.frac_coords[filled]
    ).get_sorted_structure()
    phase = Phase(
        name=f"{formula}_ordered_{rank:02d}",
        formula=formula,
        structure=structure,
        kind="hypothetical",
        default=False,
        source=f"generated: {origin}. Parent: {parent.source}",
        confidence=parent.confidence,
        confidence_reason=f"ordered by electrostatics alone and not relaxed; {parent.name}: {parent.confidence_reason}",
        note=f"Ewald energy {energy:.3f} eV per cell; {degeneracy} arrangements are equal to it by symmetry",
    )
    mobile = sorted({elements[site] for one in cell.sublattices for site in one.sites} - {""})
    return OrderedModel(
        phase=phase,
        ewald_energy=energy,
        degeneracy=degeneracy,
        shared_sites=_shared_sites(cell, elements),
        shortest_distances={element: _shortest(structure, element) for element in mobile},
    )


def _shared_sites(cell: DisorderedCell, elements: list[str]) -> dict[str, dict[str, int]]:
    orbits = {tuple(sorted(set(column.tolist()))) for column in cell.permutations.T}
    shared = {site for one in cell.sublattices for site in one.sites}
    found = {}
    for orbit in sorted(orbits):
        if orbit[0] in shared:
            place = "(" + ", ".join(f"{x:.5g}" for x in cell.average[orbit[0]].frac_coords) + ")"
            amounts = Counter(elements[site] for site in orbit if elements[site])
            found[place] = {element: amounts[element] for element in ordered_elements(amounts)}
    return found


def _shortest(structure: Structure, element: str) -> float:
    sites = structure.indices_from_symbol(element)
    distances = structure.distance_matrix[:, sites][list(sites)]
    np.fill_diagonal(distances, float(min(structure.lattice.abc)))
    return float(distances.min())
