"""What the outputs of one run say, whichever file said it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pymatgen.core import Structure

Mesh = tuple[int, int, int]


class UnreadableError(ValueError):
    """A run that leaves nothing to keep; the message is the reason, for people."""


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One run.

    Attributes
    ----------
    source
        File that it was read from.
    version
        Of VASP.
    tags
        Settings as VASP understood them, by INCAR tag; a tag that the file does not state is missing.
    titles
        ``TITEL`` of the PAW sets in the order of the species.
    mesh
        Divisions of a regular mesh of k-points; None for a list of points.
    point_list
        Short hash of a list of k-points, so that runs on two paths are two runs; None for a mesh.
    first, last
        Structure of the first and of the last whole ionic step.
    energies
        Energy extrapolated to zero smearing (``E0``) of every whole ionic step, eV.
    forces
        (n, 3), eV/Å, of the last step; None where the file has none.
    stress_GPa
        Voigt components xx yy zz yz xz xy of the last step, tension positive; None where it was not computed.
    free
        (n,) whether an atom may move; None where all may.
    scf_converged
        Whether the last self-consistency cycle reached its limit; None where the file does not say.
    whole
        Whether the file ends as VASP ends it.
    started
        ISO time of the start, as the machine's clock had it; empty where it is not stated.
    """

    source: str
    version: str
    tags: dict[str, Any]
    titles: tuple[str, ...]
    mesh: Mesh | None
    first: Structure
    last: Structure
    energies: tuple[float, ...]
    forces: NDArray[np.float64] | None = None
    stress_GPa: NDArray[np.float64] | None = None
    free: NDArray[np.bool_] | None = None
    point_list: str | None = None
    scf_converged: bool | None = None
    whole: bool = True
    started: str = ""

    @property
    def max_force(self) -> float | None:
        """Largest force on an atom that may move, eV/Å."""
        if self.forces is None or not np.isfinite(self.forces).all():
            return None
        moving = self.forces if self.free is None else self.forces[self.free]
        return float(np.linalg.norm(moving, axis=1).max()) if len(moving) else 0.0

    @property
    def max_stress_GPa(self) -> float | None:  # noqa: N802 - units of the field
        """Largest component of the stress, GPa."""
        if self.stress_GPa is None or not np.isfinite(self.stress_GPa).all():
            return None
        return float(np.abs(self.stress_GPa).max())

    def number(self, tag: str, default: float) -> float:
        """Return a number of the settings."""
        value = self.tags.get(tag, default)
        return default if isinstance(value, bool) or not isinstance(value, int | float) else float(value)

    def flag(self, tag: str) -> bool:
        """Return a logical tag; False where it is not stated."""
        return self.tags.get(tag) is True


def element_of(title: str) -> str:
    """Return the element of a PAW set: ``Li`` of ``PAW_PBE Li_sv 10Sep2004``."""
    words = title.split()
    return words[min(1, len(words) - 1)].split("_")[0] if words else ""
