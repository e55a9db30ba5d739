"""ASE's own binary trajectory (.traj)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from lianode.analysis.trajectories.record import Record, Snapshot
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ase import Atoms

    from lianode.analysis.trajectories.record import Given

MAGIC = b"- of Ulm"


class AseTrajectory:
    """Reads a .traj; the attributes are those of :class:`~.record.Reader`.

    The file counts no steps: the step is the number of the frame.

    Parameters
    ----------
    path
        Of the file, which is not packed.
    given
        What the user says about it.
    where
        File for messages.
    """

    absolute = False

    def __init__(self, path: Path, given: Given, where: str) -> None:
        self.path, self.where = path, where
        self.time_step = given.time_step
        self.cut: str | None = None

    def records(self) -> Iterator[Record]:
        """Yield the frames that are whole.

        Raises
        ------
        InputError
            When the file is no trajectory, or is cut before the table that says where its frames are.
        """
        from ase.io.trajectory import TrajectoryReader

        try:
            file = TrajectoryReader(self.path)
        except _broken() as error:
            raise InputError("this .traj is cut or damaged where it lists its frames", self.where) from error
        with file:
            for step in range(len(file)):
                try:
                    atoms = file[step]
                except _broken():
                    self.cut = f"within frame {step + 1}"
                    return
                numbers = np.asarray(atoms.numbers, dtype=np.intp)
                yield Record(step, numbers, partial(_parse, atoms))


def _broken() -> tuple[type[Exception], ...]:
    """Return what ASE raises for damaged files; a damaged length asks for more memory than there is."""
    from ase.io.ulm import InvalidULMFileError

    return (
        OSError, InvalidULMFileError, ValueError, KeyError, IndexError, AttributeError, TypeError, EOFError,
        MemoryError, OverflowError,
    )  # fmt: skip


def _parse(atoms: Atoms) -> Snapshot:
    results = atoms.calc.results if atoms.calc is not None else {}
    energy = float(results.get("energy", np.nan))
    return Snapshot(atoms.cell.array, atoms.positions, energy if np.isfinite(energy) else None)
