"""vaspout.h5: the steps of a run of VASP 6 with HDF5."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from lianode.analysis.trajectories.record import Record, Snapshot, atomic_numbers_of
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from lianode.analysis.trajectories.record import Given

MAGIC = b"\x89HDF\r\n\x1a\n"
_STEPS = "intermediate/ion_dynamics"
_AT_A_TIME = 1 << 22
"""Numbers of positions that are loaded at a time."""


class Vaspout:
    """Reads a vaspout.h5; the attributes are those of :class:`~.record.Reader`.

    The energy is that extrapolated to zero smearing (``energy(sigma->0)``), the time step POTIM where IBRION is 0.

    Parameters
    ----------
    path
        Of the file, which is not packed.
    given
        What the user says about it.
    where
        File for messages.

    Raises
    ------
    InputError
        Without h5py.
    """

    absolute = False

    def __init__(self, path: Path, given: Given, where: str) -> None:
        self.path, self.given, self.where = path, given, where
        self.time_step = given.time_step
        self.cut: str | None = None

    def records(self) -> Iterator[Record]:
        """Yield the steps that are whole.

        Raises
        ------
        InputError
            When the file is cut, which leaves nothing of an HDF5 file that could be read, or holds no steps.
        """
        try:
            import h5py  # type: ignore[import-untyped]
        except ImportError as error:
            raise InputError("vaspout.h5 needs h5py; run: pip install 'lianode[hdf5]'", self.where) from error
        try:
            file = h5py.File(self.path, "r", locking=False)
        except OSError as error:
            raise InputError(
                "this HDF5 file is cut or still open in VASP, and then nothing in it can be read; read the "
                "vasprun.xml or XDATCAR beside it",
                self.where,
            ) from error
        with file:
            try:
                yield from self._steps(file)
            except (OSError, KeyError, RuntimeError) as error:
                raise InputError(
                    f"it holds no steps that can be read ({_STEPS}); read the vasprun.xml or XDATCAR beside it",
                    self.where,
                ) from error

    def _steps(self, file: Any) -> Iterator[Record]:
        ions = file["results/positions"] if "results/positions" in file else file["input/poscar"]
        numbers = self._numbers(ions)
        incar = file["input/incar"]
        if "IBRION" in incar and int(incar["IBRION"][()]) == 0 and "POTIM" in incar:
            self.time_step = float(incar["POTIM"][()])
        steps = file[_STEPS]
        lattices, places = steps["lattice_vectors"], steps["position_ions"]
        if places.shape[1:] != (len(numbers), 3):
            raise InputError(f"it has positions of {places.shape[1]} atoms and elements of {len(numbers)}", self.where)
        column = _energy_column(steps)
        count = min(len(lattices), len(places))
        chunk = max(1, _AT_A_TIME // (3 * len(numbers)))
        for begin in range(0, count, chunk):
            cells, rows = lattices[begin : begin + chunk], places[begin : begin + chunk]
            energies = np.full(chunk, np.nan)
            if column is not None:
                known = steps["energies"][begin : begin + chunk, column]
                energies[: len(known)] = known
            for number, (cell, row) in enumerate(zip(cells, rows, strict=False)):
                if not cell.any():  # room was made for the step, and nothing written into it
                    self.cut = f"within step {begin + number + 1}"
                    return
                load = partial(_parse, cell, row, float(energies[number]))
                yield Record(begin + number, numbers, load)

    def _numbers(self, ions: Any) -> NDArray[np.intp]:
        symbols = [name.decode("latin-1").strip() for name in ions["ion_types"][()]]
        return np.repeat(atomic_numbers_of(symbols, self.where), ions["number_ion_types"][()])


def _energy_column(steps: Any) -> int | None:
    """Return which of the energies of a step is the one extrapolated to zero smearing, or None."""
    if "energies" not in steps or "energies_tags" not in steps:
        return None
    tags = [tag.decode("latin-1").strip() for tag in steps["energies_tags"][()]]
    return next((number for number, tag in enumerate(tags) if "sigma->0" in tag), None)


def _parse(cell: NDArray[np.float64], row: NDArray[np.float64], energy: float) -> Snapshot:
    cell = np.asarray(cell, dtype=float)
    return Snapshot(cell, np.asarray(row, dtype=float) @ cell, energy if np.isfinite(energy) else None)
