"""Between which chemical potentials a phase is stable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from lianode.analysis.hull.counting import Counting, elements_of
from lianode.analysis.hull.diagram import Diagram, Point
from lianode.analysis.method import single_method
from lianode.structures.errors import InputError
from lianode.structures.formulas import system_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lianode.analysis.energies import MissingPhase, PhaseEnergy


class ChemicalLimit(BaseModel):
    """One corner of the region in which a phase is stable.

    Attributes
    ----------
    neighbours
        Phases that it is in equilibrium with there.
    relative
        Chemical potential of each element above that in its reference phase, eV/atom; 0 or less.
    absolute
        The same on the scale of the energies that were computed, eV/atom.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    neighbours: tuple[str, ...]
    relative: dict[str, float]
    absolute: dict[str, float]

    @property
    def label(self) -> str:
        """``with Li_bcc``."""
        return f"with {' and '.join(self.neighbours)}"


def chemical_limits(
    energies: Sequence[PhaseEnergy], name: str, *, missing: Sequence[MissingPhase] = ()
) -> list[ChemicalLimit]:
    """Return the corners of the region in which a phase is stable, that of most lithium first.

    Hypothetical phases do not limit it, but for the phase itself.

    Parameters
    ----------
    energies
        Of the phase and of all others that may form from its elements, the elements among them.
    name
        Of the phase.
    missing
        Those without an energy, for messages.

    Returns
    -------
    list[ChemicalLimit]
        Empty for a phase above the hull, which is stable nowhere.

    Raises
    ------
    InputError
        When the phase is not among the energies.
    HullImpossibleError
        When an element has no energy.
    """
    own = next((energy for energy in energies if energy.name == name), None)
    if own is None:
        raise InputError(f"{name} has no energy", "chemical potentials")
    single_method((energy.method for energy in energies), f"the chemical potentials of {name}")
    elements = system_of(elements_of(own)).split("-")
    counting = Counting(references={}, include=(name,), exclude=())
    inside = [energy for energy in energies if elements_of(energy) <= set(elements)]
    zero = {element: counting.reference(element, inside, missing).energy_per_atom for element in elements}
    points = [
        Point(
            name=energy.name,
            fractions={element: energy.composition.get(element, 0) / energy.n_atoms for element in elements},
            energy=energy.energy_per_atom
            - sum(zero[element] * energy.composition.get(element, 0) / energy.n_atoms for element in elements),
        )
        for energy in inside
        if counting.reason(energy) is None
    ]
    found = [
        ChemicalLimit(
            neighbours=neighbours,
            relative=relative,
            absolute={element: zero[element] + mu for element, mu in relative.items()},
        )
        for neighbours, relative in Diagram(points, elements).equilibria(name).items()
    ]
    return sorted(found, key=lambda limit: (-round(limit.relative[elements[0]], 9), limit.neighbours))
