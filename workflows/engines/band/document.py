"""A band from two relaxed structures to the fields of its document, whichever engine computes the images."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.workflows.calculation import State
from lianode.workflows.engines.band.mirror import find_mirror, mirror_between
from lianode.workflows.engines.band.path import unwrapped
from lianode.workflows.engines.band.report import report, write_files
from lianode.workflows.engines.band.ridge import ridge_check
from lianode.workflows.engines.band.run import BandOptimiser
from lianode.workflows.engines.band.state import EvaluationError, StoppedError

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from lianode.analysis.checks import Check
    from lianode.workflows.engine import RunContext
    from lianode.workflows.engines.band.state import Evaluator
    from lianode.workflows.task import NebTask


def relax_band(
    evaluate: Evaluator, task: NebTask, initial: Structure, final: Structure, context: RunContext
) -> dict[str, Any]:
    """Relax the band between two structures and return the fields of a :class:`Calculation`.

    Parameters
    ----------
    evaluate
        Energies and forces of images.
    task, context
        What to reach, where and until when.
    initial, final
        The end points, relaxed in the same cell, atoms in the same order.

    Raises
    ------
    InputError
        For end points with different atoms or cells, a path that runs through an atom, or a hop that is not symmetric
        although it is said to be.
    """
    from pymatgen.core import Structure as PymatgenStructure

    first, last = unwrapped(initial, final)
    cell = np.array(initial.lattice.matrix)
    numbers = np.array([site.specie.Z for site in initial], dtype=np.intp)
    mirror = find_mirror(first, last, cell, numbers) if task.mirrored else None
    if mirror is not None:
        last = mirror.positions(first)
    symbols = [site.specie.symbol for site in initial]
    optimiser = BandOptimiser(
        np.array([first, last]), cell, symbols, evaluate=evaluate, task=task, context=context, mirror=mirror
    )
    if mirror is None and mirror_between(first, last, cell, numbers) is not None:
        optimiser.displace()  # a start with the symmetry of the hop would keep it
    done = optimiser.run()
    archive, band = done.archive, done.band
    ridge: Check | None = None
    spent = 0
    if mirror is not None and band is not None and done.state is State.CONVERGED:
        try:
            ridge, spent = ridge_check(
                band, archive, optimiser.pairs, optimiser.kinds, evaluate=evaluate, context=context
            )
        except StoppedError:
            done = replace(done, state=State.INTERRUPTED, reason="stopped; the next run continues it")
        except EvaluationError as error:
            done = replace(done, state=State.FAILED, reason=str(error))

    def structure(number: int) -> dict[str, Any]:
        positions = band.positions[number] if band is not None else first
        made: dict[str, Any] = PymatgenStructure(
            initial.lattice, initial.species, positions, coords_are_cartesian=True
        ).as_dict()
        return made

    mirrored_end = mirror is not None and len(archive.energies) >= 2  # of which the second is the first
    fields: dict[str, Any] = {
        "state": done.state,
        "reason": done.reason,
        "volume": float(initial.volume),
        "steps": len(archive.barriers),
        "evaluations": len(archive.energies) - int(mirrored_end) + spent,
        "evaluation_time_s": archive.evaluation_time_s,
        "wall_time_s": archive.wall_time_s,
        "continued": archive.continued,
    }
    if band is None or done.state is State.FAILED:
        return fields
    top = int(band.energies.argmax())
    fields |= {
        "energy": float(band.energies[top]),
        "structure": structure(top),
        "max_force": float(np.linalg.norm(band.forces[top], axis=1).max()),
    }
    if done.state is State.CONVERGED:
        said = report(band, task, archive.barriers, mirrored=mirror is not None)
        fields |= {
            "band": said.band,
            "checks": [*said.checks, *([] if ridge is None else [ridge])],
            "files": write_files(band, initial, context.directory),
        }
        if said.intermediate is not None:
            fields |= {"intermediate": structure(said.intermediate), "end_points": (structure(0), structure(-1))}
    return fields
