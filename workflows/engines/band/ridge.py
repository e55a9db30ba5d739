"""Whether the saddle of a symmetric hop is a saddle, or a ridge that only the symmetry holds.

A band that mirrors itself keeps the symmetry of the hop, and its highest image stays where symmetry has no force to
push it away. The path of lowest energy may leave it: in LiSn a hop over 993 meV has a way beside it that is 80 meV
lower. So the highest image is displaced a little and climbs again, without any symmetry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import LinAlgError

from lianode.analysis.checks import Check
from lianode.analysis.migration.band import RIDGE_CHECK
from lianode.workflows.engines.band.nudged import Limits, relax_on
from lianode.workflows.engines.band.path import largest
from lianode.workflows.engines.band.state import StoppedError
from lianode.workflows.engines.surrogate.energy import Surrogate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lianode.workflows.engine import RunContext
    from lianode.workflows.engines.band.archive import Archive
    from lianode.workflows.engines.band.state import BandState, Evaluator
    from lianode.workflows.engines.surrogate.pairs import Pairs

    Array = NDArray[np.float64]

DISPLACEMENT = 0.05
"""Å: standard deviation of each coordinate."""
LOWER = 5e-3
"""eV: a displaced saddle that comes to lie lower than this was on a ridge."""
BACK = 0.01
"""eV/Å: largest force on an atom at which the displaced saddle has come to rest."""
MOST = 10
"""Evaluations."""
TRUST = 0.1
"""Å."""


def displaced(positions: Array) -> Array:
    """Return positions (..., n, 3), Å, a little displaced: always in the same way."""
    return np.asarray(positions + np.random.default_rng(20261).normal(0.0, DISPLACEMENT, positions.shape))


def ridge_check(
    state: BandState,
    archive: Archive,
    pairs: Pairs,
    kinds: NDArray[np.intp],
    *,
    evaluate: Evaluator,
    context: RunContext,
) -> tuple[Check, int]:
    """Let the displaced saddle climb again; return what became of it, and the evaluations that took.

    Parameters
    ----------
    state
        A converged band, one image of which climbs.
    archive
        Everything evaluated so far, which the surrogate learns from; not changed.
    pairs, kinds
        Neighbours of the path.
    evaluate, context
        As of the band.

    Raises
    ------
    StoppedError
        When someone stops it.
    EvaluationError
        When an image has no result.
    """
    top = state.climbing
    if top is None:
        return Check(name=RIDGE_CHECK, passed=None, message="not made: no image climbs"), 0
    n = state.positions.shape[1]
    beside = state.positions[[top - 1, top + 1]].reshape(2, -1)
    levels = (float(state.energies[top - 1]), float(state.energies[top + 1]))
    data = list(archive.positions), list(archive.energies), list(archive.forces)
    place, energy, spent = displaced(state.positions[top]), float("inf"), 0
    while spent < MOST:
        if context.must_stop():
            raise StoppedError
        energies, forces = evaluate(place[None], len(archive.energies) + spent)
        spent += 1
        energy = float(energies[0])
        lower = float(state.energies[top]) - energy
        if lower > LOWER or float(largest(forces)[0]) <= BACK:
            break
        data[0].append(place)
        data[1].append(energy)
        data[2].append(forces[0])
        try:
            surrogate = Surrogate(pairs, kinds, *(np.array(part) for part in data))
        except LinAlgError:
            break
        limits = Limits(force=0.3 * BACK, climb_force=0.3 * BACK, iterations=200, trust=TRUST)
        moved = relax_on(
            surrogate,
            (beside[0], beside[1]),
            place.reshape(1, -1),
            inverse=surrogate.inverse,
            climbing=0,
            fixed=np.zeros(1, dtype=bool),
            limits=limits,
            end_energies=levels,
        )
        place = moved.reshape(n, 3)
    lower = float(state.energies[top]) - energy
    if lower > LOWER:
        text = (
            f"displaced without symmetry, the saddle comes to lie {1e3 * lower:.0f} meV lower or more: it is on a ridge"
        )
        return Check(name=RIDGE_CHECK, passed=False, message=text), spent
    back = float(largest(forces)[0]) <= BACK
    text = f"displaced by {DISPLACEMENT} Å without symmetry, the saddle " + (
        f"returns to within {1e3 * abs(lower):.1f} meV (limit {1e3 * LOWER:g})"
        if back
        else f"has not come to rest after {spent} evaluations"
    )
    return Check(name=RIDGE_CHECK, passed=True if back else None, message=text), spent
