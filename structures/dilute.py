"""Dilute cells: a few foreign atoms in a supercell of a host crystal, such as LiIn35."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError
from lianode.structures.formulas import parse_formula, reduced_formula
from lianode.structures.phase import Phase
from lianode.structures.supercells import isotropic_supercell
from lianode.structures.symmetry import space_group_operations

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pymatgen.core import Structure

_MAX_SITES = 400
_MAX_ARRANGEMENTS = 50_000


def dilute_cells(host: Phase, solute: str, n_sites: int) -> list[Phase]:
    """Put one foreign atom on each symmetry-distinct site of a supercell.

    The supercell is the most isotropic one (:func:`~lianode.structures.supercells.isotropic_supercell`). Two sites are
    the same where a symmetry of the host that fits the supercell maps one on the other; a monatomic host has one.

    Parameters
    ----------
    host
        Ordered crystal.
    solute
        Element symbol of the foreign atom. It does not replace its own kind.
    n_sites
        Sites of the supercell: a multiple of those in the host's primitive cell.

    Returns
    -------
    list[Phase]
        Hypothetical phases of ``n_sites`` atoms, named by their formula (``LiIn35``), with a number where a formula
        has several (``Li5Sn9_1``).

    Raises
    ------
    InputError
        Where no supercell of the host has this many sites, or the host has no site for the solute.
    """
    return _substituted(host, _checked_solute(solute), n_sites, n_solutes=1)


def dilute_composition(
    host: Phase, solute: str, ratio: Fraction | float | str, n_sites: int | None = None
) -> list[Phase]:
    """Put as many foreign atoms into a supercell as a composition asks for, on all distinct sets of sites.

    Parameters
    ----------
    host
        Ordered crystal.
    solute
        Element symbol of the foreign atoms. They do not replace their own kind.
    ratio
        Share of all sites that the foreign atoms take: ``"1/36"`` for LiIn35.
    n_sites
        Sites of the supercell; None takes the fewest that hold the composition exactly.

    Returns
    -------
    list[Phase]
        Hypothetical phases, those first whose foreign atoms are furthest apart.

    Raises
    ------
    InputError
        Where the ratio is none, the cell cannot hold it, or there are too many sets of sites to go through.
    """
    share = _read_ratio(ratio)
    step = math.lcm(len(_primitive(host)), share.denominator)
    sites = step if n_sites is None else n_sites
    if sites % step:
        raise InputError(
            f"a cell of {sites} sites cannot hold {share} of {solute} in {host.name} exactly; multiples of {step} can",
            "dilute cell",
        )
    return _substituted(host, _checked_solute(solute), sites, n_solutes=int(share * sites))


def _substituted(host: Phase, solute: str, n_sites: int, n_solutes: int) -> list[Phase]:
    cell, distance = _supercell(host, n_sites)
    cells = [(sites, _replace(cell, solute, sites)) for sites in _distinct_sites(cell, host, solute, n_solutes)]
    formulas = [reduced_formula(structure.composition.get_el_amt_dict()) for _, structure in cells]
    total, seen = Counter(formulas), Counter[str]()
    phases = []
    for (_, structure), formula in zip(cells, formulas, strict=True):
        seen[formula] += 1
        phases.append(
            Phase(
                name=formula if total[formula] == 1 else f"{formula}_{seen[formula]}",
                formula=formula,
                structure=structure,
                kind="hypothetical",
                default=False,
                source=f"generated: {n_solutes} {solute} in a cell of {n_sites} sites of {host.name}, cells "
                f"{distance:.2f} Å apart. {host.source}",
                confidence=host.confidence,
                confidence_reason=f"{host.name}: {host.confidence_reason}",
            )
        )
    return phases


def _primitive(host: Phase) -> Structure:
    if not host.ordered:
        raise InputError("the host of a dilute cell has to be ordered", host.name)
    return host.primitive()


def _supercell(host: Phase, n_sites: int) -> tuple[Structure, float]:
    """Most isotropic supercell with this many sites, in reduced vectors, and the distance of its images (Å)."""
    primitive = _primitive(host)
    if n_sites < 2 or n_sites % len(primitive):
        raise InputError(
            f"no cell of {host.name} has {n_sites} sites; its primitive cell has {len(primitive)}, so the number has "
            f"to be a multiple of that{' and at least 2' if len(primitive) == 1 else ''}",
            "dilute cell",
        )
    if n_sites > _MAX_SITES:
        raise InputError(f"{n_sites} sites are more than the {_MAX_SITES} that are searched", "dilute cell")
    matrix, distance = isotropic_supercell(
        np.asarray(primitive.lattice.matrix), space_group_operations(primitive)[0], n_sites // len(primitive)
    )
    cell = primitive.make_supercell(matrix.tolist(), in_place=False).get_reduced_structure("niggli")
    return cell, distance


def _distinct_sites(cell: Structure, host: Phase, solute: str, n_solutes: int) -> list[tuple[int, ...]]:
    """One set of sites out of every class that symmetry maps on each other, solutes furthest apart first."""
    candidates = [index for index, site in enumerate(cell) if site.specie.symbol != solute]
    if len(candidates) <= n_solutes:
        raise InputError(f"it leaves no room for {n_solutes} {solute} beside other atoms", host.name)
    arrangements = math.comb(len(candidates), n_solutes)
    if arrangements > _MAX_ARRANGEMENTS:
        raise InputError(
            f"{n_solutes} {solute} on {len(candidates)} sites have {arrangements} arrangements, more than the "
            f"{_MAX_ARRANGEMENTS} that are gone through; ask for fewer foreign atoms or a smaller cell",
            host.name,
        )
    images = _permutations(cell)
    distances = np.asarray(cell.distance_matrix)
    seen: set[tuple[int, ...]] = set()
    chosen = []
    for sites in combinations(candidates, n_solutes):
        if sites in seen:
            continue
        seen.update(map(tuple, np.sort(images[:, sites], axis=1).tolist()))
        chosen.append(sites)

    def closest_pair(sites: tuple[int, ...]) -> float:
        return min((float(distances[i, j]) for i, j in combinations(sites, 2)), default=math.inf)

    return sorted(chosen, key=lambda sites: (-round(closest_pair(sites), 4), sites))


def _permutations(cell: Structure) -> NDArray[np.int64]:
    """Where each symmetry takes each site, shape (symmetries, sites)."""
    coordinates = np.asarray(cell.frac_coords)
    rotations, translations = space_group_operations(cell)
    rows = []
    for rotation, translation in zip(rotations, translations, strict=True):
        difference = (coordinates @ rotation.T + translation)[:, None, :] - coordinates[None, :, :]
        difference -= np.rint(difference)
        rows.append(np.argmin(np.linalg.norm(difference @ cell.lattice.matrix, axis=2), axis=1))
    return np.unique(np.array(rows, dtype=np.int64), axis=0)


def _replace(cell: Structure, solute: str, sites: tuple[int, ...]) -> Structure:
    structure = cell.copy()
    for index in sites:
        structure.replace(index, solute)
    return structure.get_sorted_structure()


def _checked_solute(solute: str) -> str:
    if list(parse_formula(solute).items()) != [(solute, 1.0)]:
        raise InputError(f"'{solute}' is not an element symbol", "solute of a dilute cell")
    return solute


def _read_ratio(ratio: Fraction | float | str) -> Fraction:
    try:
        share = Fraction(ratio).limit_denominator(_MAX_SITES)
    except (ValueError, ZeroDivisionError, OverflowError, TypeError) as error:
        raise InputError(f"'{ratio}' is no ratio such as 1/36", "dilute cell") from error
    if not 0 < share < 1:
        raise InputError(f"the share {ratio} of foreign atoms has to be between 0 and 1, such as 1/36", "dilute cell")
    return share
