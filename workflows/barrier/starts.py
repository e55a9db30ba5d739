"""What end points and bands of a campaign begin from: the relaxed crystal, and the end points that relaxed in it.

Their requests hold the unrelaxed crystal, so that keys, plans and costs are known before anything runs. When one
begins, the hops are found in that crystal again, put on the relaxed one, and the supercell is made of that.

Recipes, with their parents:

- ``defect on a site``: the relaxation of the crystal.
- ``band of a hop``: the relaxation of the crystal, then the end points, one where both are of one kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.analysis.checks import Check, failed
from lianode.structures.errors import InputError
from lianode.structures.symmetry import keeps_symmetry
from lianode.workflows.barrier.bands import CRYSTAL_ACCEPTED, STRAYED, accepted
from lianode.workflows.calculation import State
from lianode.workflows.promotion import NoStartError, Start

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymatgen.core import Structure

    from lianode.structures.hops.exchange import ExchangeSurvey
    from lianode.structures.hops.hop import EndPoints, Hop, Mechanism
    from lianode.structures.hops.supercell import Supercell
    from lianode.structures.hops.survey import HopSurvey
    from lianode.structures.phase import Phase
    from lianode.workflows.calculation import Calculation
    from lianode.workflows.request import Request
    from lianode.workflows.results import Results

    Survey = HopSurvey | ExchangeSurvey

SITE = "defect on a site"
BAND_OF_HOP = "band of a hop"
ONE_PLACE = "both ends of this hop are one configuration"
"""End of the reason of a band that has no path: the hop costs nothing and leads nowhere."""
INTO_VACANCY = 1.0
"""Å from the vacancy's site: an atom that relaxed nearer has fallen into it."""
LARGEST_STRAIN = 0.25
FARTHEST_ATOM = 1.0
"""Å, of any atom in the primitive cell: beyond, or with more strain, sites are not those that the hops join."""


def survey_of(mechanism: Mechanism, crystal: Phase | Structure, cutoff: float | None) -> Survey:
    """Return the distinct hops of a mechanism.

    Parameters
    ----------
    mechanism
        How lithium moves.
    crystal
        For ``exchange`` the host without lithium.
    cutoff
        Longest hop, Å, or None.

    Raises
    ------
    InputError
        Where there are none.
    """
    if mechanism == "exchange":
        from lianode.structures.hops.exchange import survey_exchange_hops

        return survey_exchange_hops(crystal, cutoff=cutoff)
    if mechanism == "interstitial":
        from lianode.structures.hops.interstitials import survey_interstitial_hops

        return survey_interstitial_hops(crystal, cutoff=cutoff)
    from lianode.structures.hops.vacancy_hops import survey_vacancy_hops

    return survey_vacancy_hops(crystal, cutoff=cutoff)


def hop_ends(
    survey: Survey, hop: Hop, cell: Supercell, relaxed: Mapping[str, Structure], *, mirrored: bool
) -> EndPoints:
    """Return the relaxed ends of a hop.

    Parameters
    ----------
    survey, hop, cell, relaxed
        As of :func:`lianode.structures.hops.end_points.relaxed_end_points`.
    mirrored
        Whether the final one is the mirror image of the initial one, exactly, also where a relaxation lost a symmetry
        of its site.

    Raises
    ------
    InputError
        As that; also where no operation mirrors the hop.
    """
    from dataclasses import replace

    from pymatgen.core import Structure

    from lianode.structures.hops.end_points import end_points, relaxed_end_points
    from lianode.workflows.engines.band.mirror import find_mirror
    from lianode.workflows.engines.band.path import unwrapped

    points = relaxed_end_points(survey, hop, cell, relaxed)
    if not mirrored:
        return points
    ideal = end_points(survey, hop, cell)
    first, last = unwrapped(ideal.initial, ideal.final)
    numbers = np.array([site.specie.Z for site in ideal.initial], dtype=np.intp)
    mirror = find_mirror(first, last, np.array(ideal.initial.lattice.matrix), numbers)
    displaced = points.initial.frac_coords - ideal.initial.frac_coords
    near = first + (displaced - np.rint(displaced)) @ ideal.initial.lattice.matrix
    final = Structure(ideal.initial.lattice, ideal.initial.species, mirror.positions(near), coords_are_cartesian=True)
    return replace(points, final=final)


@dataclass(frozen=True, kw_only=True)
class Relaxed:
    """The crystal of a request as it relaxed.

    Attributes
    ----------
    key
        Of the relaxation.
    survey
        Hops in it.
    cell
        Supercell of it.
    check
        What there is to say about the relaxation.
    """

    key: str
    survey: Survey
    cell: Supercell
    check: Check


def crystal_of(request: Request, results: Results) -> Relaxed:
    """Return the relaxed crystal that an end point or a band is made of.

    Raises
    ------
    NoStartError
        When it has not relaxed, or into another crystal.
    """
    from pymatgen.core import Structure

    from lianode.structures.hops.supercell import Supercell

    if request.host is None:
        raise NoStartError("the request does not say which crystal it is a supercell of", State.FAILED)
    parent = _finished(results, request.source.parents[0], "the relaxation of the crystal")
    fault = crystal_fault(parent, Structure.from_dict(request.host))
    if fault is not None:
        raise NoStartError(fault, State.FAILED)
    given: dict[str, Any] = request.source.parameters
    relaxed = Structure.from_dict(parent.structure or {})
    survey = survey_of(given["mechanism"], Structure.from_dict(request.host), given["cutoff"]).on(relaxed)
    (a, b, c), (d, e, f), (g, h, i) = given["repeats"]
    return Relaxed(
        key=parent.key,
        survey=survey,
        cell=Supercell(relaxed, ((a, b, c), (d, e, f), (g, h, i))),
        check=_said_of(parent),
    )


def crystal_fault(parent: Calculation, host: Structure) -> str | None:
    """Say why hops of the unrelaxed crystal are not those of the relaxed one, or return None.

    Parameters
    ----------
    parent
        Its relaxation, converged.
    host
        The unrelaxed primitive cell.
    """
    from pymatgen.core import Structure

    found = Structure.from_dict(parent.structure or {})
    if [site.specie for site in found] == [site.specie for site in host]:
        # squares of the stretches; a rotation of the cell does not count
        stretches = np.linalg.eigvals(
            np.linalg.solve(np.asarray(host.lattice.metric_tensor), np.asarray(found.lattice.metric_tensor))
        )
        strain = np.sqrt(np.abs(stretches)) - 1.0
        apart = found.frac_coords - host.frac_coords
        away = np.linalg.norm((apart - np.rint(apart)) @ found.lattice.matrix, axis=1)
        near = np.abs(strain).max() < LARGEST_STRAIN and away.max() < FARTHEST_ATOM
        if near and keeps_symmetry(found, host):
            return None
        if near:
            return (
                f"the crystal ({parent.key[:8]}) lost symmetry when it relaxed, so that hops that were equal are not "
                "any more; give the structure that it relaxes to"
            )
    return (
        f"the crystal ({parent.key[:8]}) relaxed so far that its sites cannot be told any more; give "
        "a structure nearer to what the engine relaxes it to"
    )


def site_start(request: Request, results: Results) -> Start:
    """Return the unrelaxed end point in the relaxed crystal.

    Raises
    ------
    NoStartError
        When the crystal has no result, or another one, or it does not take the defect.
    """
    from lianode.structures.hops.end_points import distinct_end_points

    crystal = crystal_of(request, results)
    try:
        cells = distinct_end_points(crystal.survey, crystal.cell)
    except InputError as error:
        raise NoStartError(str(error), State.FAILED) from error
    return Start(cells[request.source.parameters["site"]], crystal.key, crystal.check)


def band_of_hop_start(request: Request, results: Results) -> Start:
    """Return the relaxed ends of a hop in the relaxed crystal.

    Raises
    ------
    NoStartError
        When the crystal or an end point has no result, or relaxed into something else.
    """
    crystal = crystal_of(request, results)
    hop = crystal.survey.hop(request.source.parameters["hop"])
    orbits = dict.fromkeys((hop.start_orbit, hop.end_orbit))
    ends = {
        orbit: _finished(results, key, f"the end point {orbit}")
        for orbit, key in zip(orbits, request.source.parents[1:], strict=True)
    }
    try:
        settled = {orbit: settled_end_point(crystal.survey, crystal.cell, orbit, done) for orbit, done in ends.items()}
        relaxed = {orbit: end.structure for orbit, end in settled.items()}
        points = hop_ends(crystal.survey, hop, crystal.cell, relaxed, mirrored=getattr(request.task, "mirrored", False))
    except InputError as error:
        raise NoStartError(str(error), State.FAILED) from error
    if fallen_together(points):
        raise NoStartError(
            f"{'; '.join(filter(None, (end.fallen for end in settled.values())))}: {ONE_PLACE}", State.FAILED
        )
    said = accepted(ends.values())
    fallen = [end.fallen for end in settled.values() if end.fallen is not None]
    if fallen:
        message = "; ".join([*fallen, *([said.message] if said.passed is False else [])])
        said = Check(name=said.name, passed=False, message=message)
    return Start(points.initial, None, said, final=points.final)


def leads_nowhere(band: Calculation) -> bool:
    """Whether a band has no result because both ends of its hop are one configuration."""
    return band.state is State.FAILED and (band.reason or "").endswith(ONE_PLACE)


def fallen_together(points: EndPoints) -> bool:
    """Whether both ends of a hop relaxed into one configuration."""
    from lianode.workflows.engines.band.path import DIFFERENT

    apart = points.final.frac_coords - points.initial.frac_coords
    away = np.linalg.norm((apart - np.rint(apart)) @ points.initial.lattice.matrix, axis=1)
    return bool(away.max() < DIFFERENT)


@dataclass(frozen=True)
class SettledEnd:
    """A relaxed end point.

    Attributes
    ----------
    structure
        Its atoms are on their sites, or one of them has fallen into the vacancy.
    fallen
        Says which, or None.
    """

    structure: Structure
    fallen: str | None = None


def settled_end_point(survey: Survey, cell: Supercell, orbit: str, done: Calculation) -> SettledEnd:
    """Return a relaxed end point whose atoms are where its hops begin.

    A neighbour may fall into a vacancy that does not hold: the vacancy is then on the neighbour's site, and hops of the
    site that did not hold move two atoms. They are computed as that.

    Raises
    ------
    InputError
        Where it has other atoms than the site's supercell, or one of them went elsewhere.
    """
    from pymatgen.core import Structure

    from lianode.structures.hops.defects import defect_cell

    relaxed = Structure.from_dict(done.structure or {})
    defect = defect_cell(survey, survey.orbits.index(orbit), (0, 0, 0), cell)
    built = defect.structure
    if [site.specie for site in built] != [site.specie for site in relaxed]:
        raise InputError(f"the relaxed end point {orbit} has other atoms, or another order of them", done.label)
    away = relaxed.frac_coords - built.frac_coords
    distances = np.linalg.norm((away - np.rint(away)) @ built.lattice.matrix, axis=1)
    strayed = int(distances.argmax())
    if distances[strayed] <= STRAYED:
        return SettledEnd(relaxed)
    name = _site_name(survey, cell, built, strayed)
    to_vacancy = built.lattice.get_all_distances(defect.anchor, relaxed.frac_coords[strayed])[0, 0]
    falls = len(relaxed) < len(cell.structure) and to_vacancy < INTO_VACANCY and (distances > STRAYED).sum() == 1
    if not falls:
        raise InputError(
            f"{name} relaxed {distances[strayed]:.1f} Å away, so that {orbit} is no minimum, and no end point of hops",
            done.label,
        )
    return SettledEnd(relaxed, f"a vacancy on {orbit} does not hold: {name} falls into it, and the hop moves two atoms")


def _site_name(survey: Survey, cell: Supercell, built: Structure, atom: int) -> str:
    """Return the name of the site of an atom, or its element where that site is not of the hops."""
    lattice = cell.crystal.lattice
    place = lattice.get_fractional_coords(built[atom].coords)
    sites = survey.sites
    near = lattice.get_all_distances(place, sites.positions)[0]
    if sites.mobile == built[atom].specie.symbol and near.min() < STRAYED:
        return f"the atom of site {sites.orbits[int(near.argmin())]}"
    return f"an atom of {built[atom].specie.symbol}"


def _finished(results: Results, key: str, what: str) -> Calculation:
    """Return a parent that converged."""
    found = results.calculation(key)
    if found is None:
        raise NoStartError(f"{what} has not been done", State.UNCONVERGED)
    if found.state is not State.CONVERGED or found.structure is None:
        state = State.FAILED if found.state is State.FAILED else State.UNCONVERGED
        raise NoStartError(f"{what} is {found.state.value}: {found.reason or 'no reason'}", state)
    return found


def _said_of(parent: Calculation) -> Check:
    """Return a check that says whether the crystal passed its own; it is the right crystal in any case."""
    wrong = failed(parent.checks)
    message = (
        f"the relaxation of the crystal ({parent.key[:8]}) failed its checks: "
        f"{'; '.join(check.message for check in wrong)}"
        if wrong
        else f"the relaxation of the crystal ({parent.key[:8]}) passed its checks"
    )
    return Check(name=CRYSTAL_ACCEPTED, passed=not wrong, message=message)
