"""XDATCAR: the positions of every ionic step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import TextIO

    from lianode.hpc.rehearsal.poscar import Geometry
    from lianode.hpc.rehearsal.report import End, IonicStep
    from lianode.hpc.rehearsal.scf import ElectronicStep
    from lianode.hpc.rehearsal.settings import Settings


class Xdatcar:
    """Writes a frame per ionic step; the cell is repeated where it may change."""

    def __init__(self, file: TextIO, settings: Settings) -> None:
        self.file, self.settings = file, settings
        self.every = settings.relaxes and settings.isif > 2
        if not self.every:
            self._header(settings.geometry)

    def _header(self, geometry: Geometry) -> None:
        lattice = "".join("    " + "".join(f"{x:12.6f}" for x in row) + "\n" for row in geometry.lattice)
        species = "   " + " ".join(f"{symbol:<4}" for symbol in geometry.species)
        counts = "".join(f"{count:5d}" for count in geometry.counts)
        self.file.write(f"{self.settings.system:<40}\n           1\n{lattice}{species}\n{counts}\n")

    def electronic(self, ionic: int, step: ElectronicStep) -> None:
        """Nothing: XDATCAR knows ionic steps only."""

    def ionic(self, step: IonicStep) -> None:
        """Add a frame."""
        if self.every:
            self._header(step.geometry)
        self.file.write(f"Direct configuration={step.number:6d}\n")
        np.savetxt(self.file, step.geometry.wrapped, fmt=["  %11.8f", "%11.8f", "%11.8f"])
        self.file.flush()

    def finish(self, end: End) -> None:
        """Nothing: there is no end mark."""
