"""The sites of a disordered crystal that have to be filled, and what is to be put on them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError
from lianode.structures.formulas import parse_formula, write_formula
from lianode.structures.hops.action import act_on_points

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from pymatgen.core import Structure

    from lianode.structures.phase import Phase

_FULL = 1e-3  # how far from 1 the occupancy of a full site may be


@dataclass(frozen=True, kw_only=True)
class Sublattice:
    """Sites that the same elements share.

    Attributes
    ----------
    sites
        Their numbers in the cell.
    amounts
        Atoms of each element to be put on them; what is left stays empty.
    """

    sites: tuple[int, ...]
    amounts: dict[str, int]

    @property
    def vacancies(self) -> int:
        """Sites that stay empty."""
        return len(self.sites) - sum(self.amounts.values())


@dataclass(frozen=True, kw_only=True)
class DisorderedCell:
    """A disordered crystal's cell with whole numbers of atoms for its shared sites.

    Attributes
    ----------
    phase
        The crystal.
    average
        The cell, with its mixed and partly occupied sites.
    fixed
        Element of each site that is not shared.
    sublattices
        The shared ones.
    permutations
        Site that each site becomes under each operation of the average's space group, shape (operations, sites); an
        operation that moves no site is there once.
    """

    phase: Phase
    average: Structure
    fixed: dict[int, str]
    sublattices: tuple[Sublattice, ...]
    permutations: NDArray[np.int64]

    @property
    def amounts(self) -> dict[str, int]:
        """Atoms of each element in the filled cell."""
        total = Counter(self.fixed.values())
        for sublattice in self.sublattices:
            total.update(sublattice.amounts)
        return {element: amount for element, amount in total.items() if amount}

    @property
    def formula(self) -> str:
        """Of the filled cell, not reduced: ``Li22P4S18Cl6``."""
        return write_formula(self.amounts)


def disordered_cell(phase: Phase, formula: str | None = None, supercell: Sequence[int] = (1, 1, 1)) -> DisorderedCell:
    """Work out what has to be put on the shared sites of a crystal.

    Parameters
    ----------
    phase
        Disordered crystal.
    formula
        Composition wanted; None takes the crystal's own. Elements on sites that nothing else shares set the scale:
        ``Li5.5PS4.5Cl1.5`` in the cubic cell of Li6PS5Cl, with four P, is Li22P4S18Cl6.
    supercell
        Multiples of the stored cell.

    Raises
    ------
    InputError
        Where the crystal is ordered, or its sites cannot hold whole atoms of the composition.
    """
    if phase.ordered:
        raise InputError(
            "it is ordered already; only a crystal with shared or partly occupied sites can be", phase.name
        )
    if len(supercell) != 3 or any(not isinstance(n, int) or isinstance(n, bool) or n < 1 for n in supercell):
        raise InputError(f"a supercell is three whole numbers above zero, not {supercell}", phase.name)
    average = phase.structure.make_supercell(list(supercell), in_place=False)
    occupations = [{specie.symbol: float(amount) for specie, amount in site.species.items()} for site in average]
    fixed: dict[int, str] = {}
    shared: dict[tuple[tuple[str, ...], bool], list[int]] = {}
    for number, occupation in enumerate(occupations):
        full = abs(sum(occupation.values()) - 1) < _FULL
        if full and len(occupation) == 1:
            fixed[number] = next(iter(occupation))
        else:
            shared.setdefault((tuple(sorted(occupation)), full), []).append(number)
    wanted = _wanted(phase, formula, fixed, shared, occupations)
    return DisorderedCell(
        phase=phase,
        average=average,
        fixed=fixed,
        sublattices=tuple(_filled(phase, fixed, wanted, key, sites) for key, sites in shared.items()),
        permutations=_permutations(average, occupations),
    )


def _wanted(
    phase: Phase,
    formula: str | None,
    fixed: Mapping[int, str],
    shared: Mapping[tuple[tuple[str, ...], bool], Sequence[int]],
    occupations: Sequence[Mapping[str, float]],
) -> dict[str, float]:
    """Atoms of each element in the cell."""
    own = Counter[str]()
    for occupation in occupations:
        own.update(occupation)  # shares, not whole numbers
    if formula is None:
        return {element: float(amount) for element, amount in own.items()}
    amounts = parse_formula(formula)
    if set(amounts) != set(own):
        raise InputError(f"its elements are {', '.join(sorted(own))}, not those of {formula}", phase.name)
    counts = Counter(fixed.values())
    mobile = {element for elements, _ in shared for element in elements}
    scales = {element: counts[element] / amounts[element] for element in counts if element not in mobile}
    if not scales:
        raise InputError(f"every element has shared sites, so {formula} does not say how many atoms", phase.name)
    scale = next(iter(scales.values()))
    if any(abs(other - scale) > 1e-6 for other in scales.values()):
        raise InputError(
            f"the sites that are not shared hold {write_formula(counts)}, not those of {formula}", phase.name
        )
    return {element: amount * scale for element, amount in amounts.items()}


def _filled(
    phase: Phase,
    fixed: Mapping[int, str],
    wanted: Mapping[str, float],
    key: tuple[tuple[str, ...], bool],
    sites: Sequence[int],
) -> Sublattice:
    elements, full = key
    amounts: dict[str, int] = {}
    for element in elements:
        left = wanted[element] - sum(symbol == element for symbol in fixed.values())
        if abs(left - round(left)) > 0.02 or left < -0.02:
            raise InputError(
                f"its cell has room for {left:.3g} {element} on shared sites, which is no whole number of atoms; take "
                "a supercell or another composition",
                phase.name,
            )
        amounts[element] = round(left)
    total = sum(amounts.values())
    if total > len(sites) or (full and total != len(sites)):
        raise InputError(
            f"{write_formula(amounts)} does not fit on {len(sites)} shared sites of {'/'.join(elements)}; several "
            "sublattices with one element, or another composition, have to be ordered by hand",
            phase.name,
        )
    return Sublattice(sites=tuple(sites), amounts=amounts)


def _permutations(average: Structure, occupations: Sequence[Mapping[str, float]]) -> NDArray[np.int64]:
    """Where the average's space group takes its sites; sites are alike where all occupancies are."""
    from pymatgen.core import Element, Structure

    kinds = [tuple(sorted((element, round(amount, 4)) for element, amount in one.items())) for one in occupations]
    numbers = {kind: Element.from_Z(number + 1) for number, kind in enumerate(sorted(set(kinds)))}
    labelled = Structure(average.lattice, [numbers[kind] for kind in kinds], average.frac_coords)
    return np.unique(act_on_points(labelled, np.asarray(average.frac_coords)).images, axis=0)
