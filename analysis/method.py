"""The method key: which energies may be subtracted from each other."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Iterable


class MethodMismatchError(ValueError):
    """Energies of different methods were about to be subtracted."""


class MethodKey(BaseModel):
    """Everything that decides whether two energies are on one scale.

    Meshes that follow from a density, smearing, box and spin are details of a calculation, not part of the method.

    Attributes
    ----------
    program
        Code that gave the energies: ``sevennet``, ``chgnet``, ``vasp``, ``gpaw``, ``lennard-jones``.
    functional
        Functional that was used, or that the potential was trained on: ``PBE``.
    corrections
        Corrections contained in the energies, such as ``MP2020``; ``none`` where there are none.
    model
        Name of the potential, None for DFT.
    checksum
        SHA-256 of the potential's weights, None for DFT.
    modality
        For multi-fidelity models, the task whose energies are used.
    potentials
        PAW sets by element, for DFT.
    cutoff_eV
        Plane-wave cut-off in eV, for DFT.
    k_density
        Density of k-points as the preset states it, for DFT.
    dispersion
        Dispersion correction, None where there is none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    program: str
    functional: str
    corrections: str = "none"
    model: str | None = None
    checksum: str | None = None
    modality: str | None = None
    potentials: dict[str, str] | None = None
    cutoff_eV: float | None = None
    k_density: float | None = None
    dispersion: str | None = None

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that are equal for equal methods."""
        text = json.dumps(self.model_dump(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def label(self) -> str:
        """Short text for figures and tables, such as ``SevenNet-0 (PBE)``."""
        name = self.model or self.program
        modality = f":{self.modality}" if self.modality else ""
        corrections = "" if self.corrections == "none" else f" + {self.corrections}"
        return f"{name}{modality} ({self.functional}{corrections})"


def single_method(methods: Iterable[MethodKey], what: str) -> MethodKey:
    """Return the one method of all energies that enter ``what``.

    Raises
    ------
    MethodMismatchError
        When there are several, or none.
    """
    distinct = {method.digest: method for method in methods}
    if len(distinct) == 1:
        return next(iter(distinct.values()))
    if not distinct:
        raise MethodMismatchError(f"{what} has no energies")
    labels = ", ".join(sorted(f"{method.label} [{digest[:6]}]" for digest, method in distinct.items()))
    raise MethodMismatchError(
        f"{what} would mix energies of different methods ({labels}); compute all of it with one of them"
    )
