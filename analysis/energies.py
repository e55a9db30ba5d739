"""What an analysis needs to know of a computed phase."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lianode.analysis.checks import Check
    from lianode.analysis.method import MethodKey
    from lianode.structures.phase import PhaseKind


@dataclass(frozen=True, kw_only=True)
class PhaseEnergy:
    """Energy of one phase, in any cell.

    Attributes
    ----------
    name
        Name of the phase, such as ``LiSn_P2m``.
    formula
        As the papers write it, ``Li13In3``.
    composition
        Atoms of each element in the computed cell.
    energy
        Energy of that cell, eV.
    volume
        Volume of that cell, Å³.
    method
        Method the energy was computed with.
    kind
        ``experimental`` or ``hypothetical``.
    calculation_key
        Key of the calculation that gave it.
    checks
        Checks of that calculation.
    """

    name: str
    formula: str
    composition: Mapping[str, int]
    energy: float
    volume: float
    method: MethodKey
    kind: PhaseKind = "experimental"
    calculation_key: str = ""
    checks: tuple[Check, ...] = field(default_factory=tuple)

    @property
    def n_atoms(self) -> int:
        """Atoms in the computed cell."""
        return sum(self.composition.values())

    @property
    def energy_per_atom(self) -> float:
        """Energy in eV/atom."""
        return self.energy / self.n_atoms


@dataclass(frozen=True, kw_only=True)
class MissingPhase:
    """A phase that was asked for and has no energy, and why."""

    name: str
    formula: str
    reason: str
    kind: PhaseKind = "experimental"
