"""The two ends of a hop, with one index map from end to end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lianode.structures.errors import InputError
from lianode.structures.hops.defects import defect_cell, moved
from lianode.structures.hops.hop import EndPoints
from lianode.structures.hops.supercell import check_size
from lianode.structures.hops.transport import transported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymatgen.core import Structure

    from lianode.structures.hops.defects import DefectCell
    from lianode.structures.hops.exchange import ExchangeSurvey
    from lianode.structures.hops.hop import Hop
    from lianode.structures.hops.supercell import Supercell
    from lianode.structures.hops.survey import HopSurvey


def end_points(survey: HopSurvey | ExchangeSurvey, hop: Hop, cell: Supercell) -> EndPoints:
    """Put a hop into a supercell, unrelaxed.

    Both ends come from one list of atoms, of which one has another place, so that no atom is taken for another.

    Parameters
    ----------
    survey
        Where the hop was found; ``survey.on(relaxed)`` for a relaxed primitive cell.
    hop
        One of its hops.
    cell
        Supercell of the same primitive cell.

    Raises
    ------
    InputError
        Where a site of the hop does not exist, the supercell is of another crystal or too small, or the straight path
        leads through an atom.
    """
    _check_hop(survey, hop, cell)
    initial, final = moved(survey, hop, cell)
    return EndPoints(
        initial=initial.structure, final=final.structure, moving=_moving(initial, final), repeats=cell.repeats
    )


def distinct_end_points(survey: HopSurvey | ExchangeSurvey, cell: Supercell) -> dict[str, Structure]:
    """Return the distinct unrelaxed end points of all hops, by the name of their site (or pair).

    They are relaxed once; :func:`relaxed_end_points` puts the results to each hop.

    Raises
    ------
    InputError
        Where the supercell is too small for the longest hop.
    """
    check_size(cell, survey.longest, survey.sites.name)
    used = {orbit for hop in survey.hops for orbit in (hop.start_orbit, hop.end_orbit)}
    return {
        orbit: defect_cell(survey, survey.orbits.index(orbit), (0, 0, 0), cell).structure
        for orbit in sorted(used, key=survey.orbits.index)
    }


def relaxed_end_points(
    survey: HopSurvey | ExchangeSurvey, hop: Hop, cell: Supercell, relaxed: Mapping[str, Structure]
) -> EndPoints:
    """Put a hop into a supercell, with the relaxations of the distinct end points.

    An operation of the crystal carries each relaxation to the hop's own sites, atom by atom, and the displacements with
    it. The energy of an end point is that of the distinct one it came from.

    Parameters
    ----------
    survey, hop, cell
        As in :func:`end_points`.
    relaxed
        By name, what became of :func:`distinct_end_points`: the same atoms in the same order, in the same cell.

    Raises
    ------
    InputError
        As :func:`end_points`; also where a relaxed end point is missing or has other atoms, or the supercell does not
        keep the operations that are needed.
    """
    _check_hop(survey, hop, cell)
    initial, final = moved(survey, hop, cell)
    ends = []
    for target, orbit in ((initial, hop.start_orbit), (final, hop.end_orbit)):
        if orbit not in relaxed:
            raise InputError(f"hop {hop.label} needs the relaxed end point {orbit}", survey.sites.name)
        reference = defect_cell(survey, survey.orbits.index(orbit), (0, 0, 0), cell)
        _check_same_atoms(reference.structure, relaxed[orbit], f"{survey.sites.name}, end point {orbit}")
        ends.append(transported(relaxed[orbit], reference, target, cell, survey.sites.action.rotations))
    if any(end is None for end in ends) or ends[0] is None or ends[1] is None:
        raise InputError(
            f"the supercell does not keep the operation that takes an end point of {hop.label} to the one that was "
            "relaxed; take a supercell with the crystal's symmetry, or relax both end points of each hop",
            survey.sites.name,
        )
    return EndPoints(initial=ends[0], final=ends[1], moving=_moving(initial, final), repeats=cell.repeats)


def _check_hop(survey: HopSurvey | ExchangeSurvey, hop: Hop, cell: Supercell) -> None:
    name = survey.sites.name
    nodes = len(survey.orbits)
    for site in (hop.start, hop.end):
        if not 0 <= site < nodes:
            raise InputError(
                f"hop {hop.label} uses site {site}, which does not exist; there are {nodes}, numbered from 0", name
            )
    if [site.specie for site in cell.crystal] != [site.specie for site in survey.sites.crystal]:
        raise InputError(f"the supercell is one of {cell.crystal.formula}, not of the crystal of the hops", name)
    if not _same_geometry(cell.crystal, survey.sites.crystal):
        raise InputError("the supercell is made of another relaxation of the crystal than the hops", name)
    check_size(cell, max(hop.length, survey.longest if hop.mechanism == "exchange" else 0.0), f"{name}, {hop.label}")
    survey.check_path(hop)


def _same_geometry(first: Structure, second: Structure) -> bool:
    cells = [np.asarray(one.lattice.matrix) for one in (first, second)]
    away = np.asarray(first.frac_coords) - np.asarray(second.frac_coords)
    return bool(np.abs(cells[0] - cells[1]).max() < 1e-4 and np.abs((away - np.rint(away)) @ cells[0]).max() < 1e-4)


def _check_same_atoms(expected: Structure, found: Structure, where: str) -> None:
    if [site.specie for site in expected] != [site.specie for site in found]:
        raise InputError(
            f"the relaxed end point has other atoms ({found.formula}) than the one that was built "
            f"({expected.formula}), or another order of them",
            where,
        )


def _moving(initial: DefectCell, final: DefectCell) -> int:
    places = [np.asarray(one.structure.frac_coords) for one in (initial, final)]
    return int(np.argmax(np.linalg.norm(places[1] - places[0], axis=1)))
