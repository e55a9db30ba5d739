"""Migration barriers as requests: relaxed end points that hops share, and the bands between them.

An end point is a relaxation at fixed cell of its own, with its key; all hops that begin or end there use it. The key of
a band holds the keys of its end points and the hop, never relaxed floats. A symmetric hop needs one end point: the
other one is its mirror image.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.analysis.checks import Check, failed
from lianode.analysis.migration.band import RIDGE_CHECK
from lianode.structures.errors import InputError
from lianode.workflows.calculation import State
from lianode.workflows.keys import Source, calculation_key
from lianode.workflows.promotion import NoStartError, Start
from lianode.workflows.request import derived_request, usual_rattle
from lianode.workflows.task import NebTask, RelaxTask

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pymatgen.core import Structure

    from lianode.structures.hops.hop import EndPoints
    from lianode.workflows.calculation import Calculation
    from lianode.workflows.engine import Engine
    from lianode.workflows.request import Request
    from lianode.workflows.results import Results

END_POINT = "end point"
BAND = "band"
INTERMEDIATE = "intermediate of a band"
HALF = "half of a band"
CRYSTAL_ACCEPTED = "crystal_accepted"
"""Check of an end point that repeats what is wrong with the crystal it is in."""
STRAYED = 1.2
"""Å: an atom that relaxed further than this from its site no longer belongs to it."""
LOWER_MEV = 5.0
"""Gain of the whole cell by a free relaxation, meV, above which an end point counts as no minimum: its error is that of
the barrier, whatever the size of the cell."""


def end_point_task(n_atoms: int, *, max_force: float = 0.005, rattle: float = 0.02, max_steps: int = 500) -> RelaxTask:
    """Return the relaxation of an end point of ``n_atoms`` atoms: fixed cell, and a rattle judged by the whole cell."""
    return RelaxTask(
        relax_cell=False,
        max_force=max_force,
        rattle=rattle,
        rattle_gain_meV_per_atom=LOWER_MEV / n_atoms,
        max_steps=max_steps,
    )


def end_point_request(
    engine: Engine,
    structure: Structure,
    *,
    parent: str,
    parameters: Mapping[str, Any],
    label: str,
    task: RelaxTask | None = None,
    retry_failed: bool = False,
) -> Request:
    """Return the request to relax an end point.

    Parameters
    ----------
    engine, structure
        With what, and the cell before it relaxes, Å; its atoms in any order.
    parent
        Key of the relaxation of the crystal that it is a supercell of.
    parameters
        What it is in that crystal, such as ``{"repeats": ..., "vacancy": 3}``; part of the key, so that hops share it.
    label
        For people.
    task
        At fixed cell; without it :func:`end_point_task`.
    retry_failed
        Whether one that failed before is tried again.
    """
    task = task or end_point_task(len(structure))
    if task.relax_cell:
        raise InputError("the end points of a band are relaxed in a fixed cell; use relax_cell: false", label)
    source = Source(recipe=END_POINT, parameters=dict(parameters), parents=(parent,))
    return derived_request(engine, task, source, structure, label=label, retry_failed=retry_failed)


def band_request(
    engine: Engine,
    points: EndPoints,
    initial: Request,
    final: Request | None,
    task: NebTask,
    *,
    label: str,
    retry_failed: bool = False,
) -> Request:
    """Return the request for the band of a hop.

    Parameters
    ----------
    engine
        With what.
    points
        Both ends before they relax, and the atom that moves.
    initial, final
        Relaxations of the ends; their atoms may have another order. A mirrored band takes no ``final``.
    task
        How.
    label
        For people.
    retry_failed
        Whether one that failed before is tried again.

    Raises
    ------
    InputError
        When a band that is not mirrored has no second end point, or the ends have different atoms.
    """
    from lianode.workflows.engines.band.path import unwrapped

    if final is None and not task.mirrored:
        raise InputError("a band that is not mirrored needs the relaxations of both its end points", label)
    first, last = unwrapped(points.initial, points.final)
    step = (last - first)[points.moving] @ np.linalg.inv(points.initial.lattice.matrix)
    parents = (initial.key,) if final is None or task.mirrored else (initial.key, final.key)
    hop = {"moving": points.moving, "step": [round(float(x), 2) + 0.0 for x in step]}
    source = Source(recipe=BAND, parameters=hop, parents=parents)
    made = derived_request(engine, task, source, points.initial, label=label, retry_failed=retry_failed)
    return made.model_copy(update={"final": points.final.as_dict()})


def is_on_ridge(band: Calculation) -> bool:
    """Whether the saddle of a mirrored band is one only as long as the symmetry of the hop is kept."""
    return any(check.name == RIDGE_CHECK and check.passed is False for check in band.checks)


def without_symmetry(engine: Engine, band: Request) -> Request:
    """Return the request for all images of a band of which half were asked for."""
    task = band.task.model_copy(update={"mirrored": False})
    return band.model_copy(update={"task": task, "key": calculation_key(engine, task, band.source)})


def split_band(engine: Engine, band: Request, done: Calculation) -> tuple[Request, Request, Request]:
    """Return what a hop with a minimum on its way falls into: that minimum relaxed, and the two halves.

    Parameters
    ----------
    engine
        With what.
    band, done
        The band, and its result with an ``intermediate``.

    Returns
    -------
    tuple of Request
        The relaxation, and the bands from the first end point to it and from it to the second.

    Raises
    ------
    InputError
        When the band has no minimum on its way.
    """
    from pymatgen.core import Structure

    if done.intermediate is None or done.end_points is None or not isinstance(band.task, NebTask):
        raise InputError("the band has no minimum between its end points, so there is nothing to split", band.label)
    middle = Structure.from_dict(done.intermediate)
    first, last = (Structure.from_dict(end) for end in done.end_points)
    task = end_point_task(len(middle), rattle=usual_rattle(engine))
    relaxed = derived_request(
        engine,
        task,
        Source(recipe=INTERMEDIATE, parents=(done.key,)),
        middle,
        label=f"{band.label} intermediate",
        retry_failed=band.retry_failed,
    )
    whole = band.task.model_copy(update={"mirrored": False})
    halves = [
        derived_request(
            engine,
            whole,
            Source(recipe=HALF, parameters={"half": name}, parents=(done.key, relaxed.key)),
            start,
            label=f"{band.label} {name} half",
            retry_failed=band.retry_failed,
        ).model_copy(update={"final": end.as_dict()})
        for name, start, end in (("first", first, middle), ("second", middle, last))
    ]
    return relaxed, halves[0], halves[1]


def half_start(request: Request, results: Results) -> Start:
    """Return the ends of half a band: one of the whole band, and the minimum on its way as it relaxed.

    Raises
    ------
    NoStartError
        When the minimum has no result, or relaxed into an end of the band.
    """
    from pymatgen.core import Structure

    from lianode.workflows.engines.band.path import unwrapped

    whole, middle = results.calculation(request.source.parents[0]), _relaxed(results, request.source.parents[1])
    if whole is None or whole.end_points is None:
        raise NoStartError("the band that it is half of has no result with a minimum on its way", State.UNCONVERGED)
    minimum = Structure.from_dict(middle.structure or {})
    ends = [Structure.from_dict(end) for end in whole.end_points]
    for end in ends:
        try:
            unwrapped(end, minimum)
        except InputError as error:
            reason = "the minimum on the way of the band relaxed into one of its ends, so that there are no halves"
            raise NoStartError(reason, State.FAILED) from error
    # its crystal was never asked for: that it gained symmetry is no fault
    own = [check for check in middle.checks if check.name != "space_group_kept"]
    said = accepted([middle.model_copy(update={"checks": own})])
    if request.source.parameters["half"] == "first":
        return Start(ends[0], None, said, final=minimum)
    return Start(minimum, None, said, final=ends[1])


def band_start(request: Request, results: Results) -> Start:
    """Return the relaxed end points of a band, out of the store, in the order of the request's atoms.

    Raises
    ------
    NoStartError
        When an end point has no result, or has relaxed into something else.
    """
    from pymatgen.core import Structure

    from lianode.workflows.engines.band.mirror import find_mirror
    from lianode.workflows.engines.band.path import unwrapped

    if request.final is None:
        raise NoStartError("the band has no second end point", State.FAILED)
    wanted = [request.atoms(), Structure.from_dict(request.final)]
    parents = [_relaxed(results, key) for key in request.source.parents]
    ends = [_in_order_of(parent, site) for parent, site in zip(parents, wanted, strict=False)]
    if len(ends) == 1:
        first, last = unwrapped(*wanted)
        numbers = np.array([site.specie.Z for site in wanted[0]], dtype=np.intp)
        mirror = find_mirror(first, last, np.array(wanted[0].lattice.matrix), numbers)
        relaxed, _ = unwrapped(ends[0], wanted[1])
        positions = mirror.positions(relaxed)
        ends.append(Structure(wanted[0].lattice, wanted[0].species, positions, coords_are_cartesian=True))
    return Start(ends[0], None, accepted(parents), final=ends[1])


def accepted(end_points: Iterable[Calculation]) -> Check:
    """Return the check that says whether the end points of a band passed theirs."""
    wrong = [
        f"{done.label}: {check.message}"
        for done in end_points
        for check in failed(done.checks)
        if check.name != CRYSTAL_ACCEPTED  # the barrier's document says that by itself, once
    ]
    message = f"an end point failed its checks: {'; '.join(wrong)}" if wrong else "the end points passed their checks"
    return Check(name="end_points_accepted", passed=not wrong, message=message)


def intermediate_start(request: Request, results: Results) -> Start:
    """Return the minimum on the way of a band, out of the store.

    Raises
    ------
    NoStartError
        When the band has no result, or no such minimum.
    """
    from pymatgen.core import Structure

    (key,) = request.source.parents
    parent = results.calculation(key)
    if parent is None or parent.intermediate is None:
        raise NoStartError("the band it comes from has no result with a minimum on its way", State.UNCONVERGED)
    return Start(Structure.from_dict(parent.intermediate))


def _relaxed(results: Results, key: str) -> Calculation:
    """Return the calculation of an end point that converged."""
    found = results.calculation(key)
    if found is None:
        raise NoStartError("an end point of the band has not been relaxed", State.UNCONVERGED)
    if found.state is not State.CONVERGED or found.structure is None:
        state = State.FAILED if found.state is State.FAILED else State.UNCONVERGED
        ended = found.state.value if state is State.FAILED else f"is {found.state.value}"
        raise NoStartError(f"the end point {found.label} of the band {ended}: {found.reason or 'no reason'}", state)
    return found


def _in_order_of(relaxed: Calculation, wanted: Structure) -> Structure:
    """Return a relaxed structure with its atoms in the order of the sites that they belong to, and beside them."""
    from pymatgen.core import Structure
    from scipy.optimize import linear_sum_assignment

    found = Structure.from_dict(relaxed.structure or {})
    same = found.composition == wanted.composition
    if not same or not np.allclose(found.lattice.matrix, wanted.lattice.matrix, atol=1e-4):
        raise NoStartError(f"the end point {relaxed.label} has another cell or other atoms than the band", State.FAILED)
    apart = wanted.lattice.get_all_distances(wanted.frac_coords, found.frac_coords)
    unlike = np.array([[a.specie.symbol != b.specie.symbol for b in found] for a in wanted])
    rows, columns = linear_sum_assignment(np.where(unlike, 1e6, apart**2))
    furthest = float(apart[rows, columns].max())
    if furthest > STRAYED:
        raise NoStartError(
            f"in the end point {relaxed.label} an atom relaxed {furthest:.1f} Å away from its site, so that it is no "
            "end of this hop",
            State.FAILED,
        )
    moves = found.frac_coords[columns] - wanted.frac_coords
    return Structure(wanted.lattice, wanted.species, wanted.frac_coords + moves - np.round(moves))
