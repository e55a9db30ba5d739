"""What a run tells the files that follow it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from lianode.hpc.rehearsal.bands import Bands
    from lianode.hpc.rehearsal.dynamics import MdState
    from lianode.hpc.rehearsal.poscar import Geometry
    from lianode.hpc.rehearsal.potential import Evaluation
    from lianode.hpc.rehearsal.scf import ElectronicStep

VERSION = "6.0.0-rehearsal"
"""Stands for VASP's version in every output; parsers keep it, and its tail says what it was."""
NOTICE = "rehearsal of VASP by lianode: no DFT was done"


@dataclass(frozen=True)
class IonicStep:
    """One finished ionic step.

    Attributes
    ----------
    number
        From one on.
    geometry
        Where energy and forces were taken.
    evaluation
        Of the potential.
    energy
        eV, the last of the electronic cycle (the evaluation's, unless the cycle did not converge).
    change
        Against the ionic step before, eV.
    bands
        Levels.
    md
        Of molecular dynamics.
    seconds
        Taken.
    """

    number: int
    geometry: Geometry
    evaluation: Evaluation
    energy: float
    change: float
    bands: Bands
    md: MdState | None
    seconds: float


@dataclass(frozen=True)
class End:
    """How a run ended.

    Attributes
    ----------
    reason
        ``accuracy`` (a relaxation reached EDIFFG), ``steps`` (all done), ``LSTOP`` or ``LABORT``.
    final
        Positions for CONTCAR.
    last
        The last finished ionic step, if there was one.
    seconds
        Of the whole run.
    """

    reason: str
    final: Geometry
    last: IonicStep | None
    seconds: float


class Writer(Protocol):
    """A file that grows as the run goes on."""

    def electronic(self, ionic: int, step: ElectronicStep) -> None:
        """Add a step of the electronic cycle."""

    def ionic(self, step: IonicStep) -> None:
        """Add an ionic step."""

    def finish(self, end: End) -> None:
        """Close the file as a program does that ends well."""


def fortran(value: float, digits: int = 8) -> str:
    """Write a number as Fortran's E format does: a mantissa below one, without the leading zero if it is negative."""
    mantissa, exponent = f"{value:.{digits - 1}E}".split("E")
    shifted = "".join(character for character in mantissa if character.isdigit())
    power = int(exponent) + 1 if value != 0 else 0
    return f"{'-' if value < 0 else '0'}.{shifted}E{power:+03d}"
