"""Images of a band computed by VASP, as many at a time as there are groups of ranks for them.

The band is driven here and not by VASP: plain VASP neither climbs nor knows the improved tangent, and every image costs
it a step per step of the band. The band needs true energies and forces only, which are static calculations with all
their checks; no patch of VASP is needed.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lianode.workflows.calculation import State
from lianode.workflows.engines.band.state import EvaluationError, StoppedError
from lianode.workflows.engines.vasp.relaxation import Driver
from lianode.workflows.task import StaticTask

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pymatgen.core import Structure

    from lianode.workflows.engine import RunContext
    from lianode.workflows.engines.vasp.commands import VaspCommands
    from lianode.workflows.engines.vasp.settings import VaspSettings

    Array = NDArray[np.float64]


class VaspImages:
    """Energies and forces of images from static calculations.

    Each has a folder of its own, ``image-007`` for the seventh evaluation: one that was done before a stop is read, not
    repeated.

    Parameters
    ----------
    settings, commands, context
        How, with which program, where and until when.
    structure
        Cell and elements.
    """

    def __init__(
        self, settings: VaspSettings, commands: VaspCommands, context: RunContext, structure: Structure
    ) -> None:
        self.settings, self.commands, self.context, self.structure = settings, commands, context, structure
        self.at_once = commands.image_groups
        self.seconds = 0.0
        self.version = ""

    def __call__(self, images: Array, number: int) -> tuple[Array, Array]:
        """Return energies (k,), eV, and forces (k, n, 3), eV/Å, of images (k, n, 3), Å.

        Raises
        ------
        StoppedError
            When VASP was stopped.
        EvaluationError
            When an image has no result.
        """
        numbers = range(number, number + len(images))
        with ThreadPoolExecutor(self.at_once) as pool:  # the threads wait for VASP, whose processes do the work
            made = list(pool.map(self._one, images, numbers))
        return np.array([energy for energy, _ in made]), np.array([forces for _, forces in made])

    def _one(self, positions: Array, number: int) -> tuple[float, Array]:
        from pymatgen.core import Structure as PymatgenStructure

        folder = self.context.directory / f"image-{number:03d}"
        folder.mkdir(exist_ok=True)
        cell = PymatgenStructure(
            self.structure.lattice, self.structure.species, positions, coords_are_cartesian=True, to_unit_cell=True
        )
        context = replace(self.context, directory=folder, progress=lambda _: None)
        driven = Driver(self.settings, self.commands, context).drive(StaticTask(), cell)
        self.seconds += sum(attempt.wall_time_s for attempt in driven.history) / self.at_once
        last = driven.outcome.last if driven.outcome else None
        if driven.state is State.INTERRUPTED:
            raise StoppedError
        if driven.state is not State.CONVERGED or driven.outcome is None or last is None:
            raise EvaluationError(f"image {folder.name}: {driven.reason or 'no result'}")
        self.version = f"VASP {driven.outcome.version}"
        forces = np.empty_like(last.forces)
        forces[list(driven.inputs.order)] = last.forces
        return last.energy, forces
