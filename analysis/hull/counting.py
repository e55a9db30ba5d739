"""Which phases a hull is made of, and which of them are zero of energy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lianode.structures.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lianode.analysis.energies import MissingPhase, PhaseEnergy

HYPOTHETICAL = "hypothetical"
"""The word that makes ``include`` count all hypothetical phases."""

NotCounted = Literal["hypothetical", "excluded", "below fixed reference"]


class HullImpossibleError(ValueError):
    """There is no hull, because an element has no reference energy."""


def elements_of(energy: PhaseEnergy) -> set[str]:
    """Return the elements that a computed cell contains."""
    return {element for element, n in energy.composition.items() if n}


@dataclass(frozen=True, kw_only=True)
class Counting:
    """What the user wants counted.

    Attributes
    ----------
    references
        Fixed elemental references, ``{"Sn": "Sn_beta"}``.
    include
        Names or formulas of hypothetical phases that count, or the word ``hypothetical``.
    exclude
        Names or formulas of phases that do not count.
    """

    references: Mapping[str, str]
    include: Sequence[str]
    exclude: Sequence[str]

    def reason(self, phase: PhaseEnergy | MissingPhase) -> NotCounted | None:
        """Return why a phase does not count, or None where it does."""
        if phase.name in self.exclude or phase.formula in self.exclude:
            return "excluded"
        asked_for = any(word in self.include for word in (HYPOTHETICAL, phase.name, phase.formula))
        if phase.kind != HYPOTHETICAL or asked_for or phase.name in self.references.values():
            return None
        return "hypothetical"

    def check(self, energies: Sequence[PhaseEnergy], missing: Sequence[MissingPhase], elements: Sequence[str]) -> None:
        """Raise ``InputError`` for unknown names, names used twice, and phases outside the system."""
        system = "-".join(elements)
        names = [energy.name for energy in energies]
        for energy in energies:
            if names.count(energy.name) > 1:
                raise InputError(f"two energies are named '{energy.name}'; every phase needs its own name", "hull")
            foreign = sorted(elements_of(energy) - set(elements))
            if foreign:
                raise InputError(f"{energy.name} contains {', '.join(foreign)}, which {system} does not", "hull")
        every: list[PhaseEnergy | MissingPhase] = [*energies, *missing]
        known = sorted({word for phase in every for word in (phase.name, phase.formula)})
        for where, words in (("include", self.include), ("exclude", self.exclude)):
            for word in words:
                if word not in known and not (where == "include" and word == HYPOTHETICAL):
                    raise InputError(f"no phase '{word}' in {system}{nearest(word, known)}", where)
        for element, name in self.references.items():
            pure = [e.name for e in energies if elements_of(e) == {element}]
            pure += [phase.name for phase in missing if phase.formula == element]
            if element in elements and name not in pure:
                choice = ", ".join(sorted(pure)) or "none"
                raise InputError(
                    f"'{name}' is no phase of {element} here; there is {choice}{nearest(name, pure)}",
                    f"references: {element}",
                )
            if name in self.exclude:
                raise InputError(f"'{name}' cannot be both reference and excluded", f"references: {element}")

    def reference(self, element: str, energies: Sequence[PhaseEnergy], missing: Sequence[MissingPhase]) -> PhaseEnergy:
        """Return the fixed phase of an element, or its most stable counted one.

        Raises
        ------
        HullImpossibleError
            Where there is none.
        """
        pure = [energy for energy in energies if elements_of(energy) == {element}]
        fixed = self.references.get(element)
        candidates = [e for e in pure if (e.name == fixed if fixed else self.reason(e) is None)]
        if candidates:
            return min(candidates, key=lambda energy: energy.energy_per_atom)
        lost = [f"{phase.name}: {phase.reason}" for phase in missing if phase.formula == element]
        lost += [f"{energy.name} is not counted" for energy in pure if self.reason(energy)]
        wanted = f"{fixed} as the reference of {element}" if fixed else f"a phase of {element}"
        why = f" ({'; '.join(lost)})" if lost else ""
        raise HullImpossibleError(f"the hull needs {wanted}, which has no energy{why}")
