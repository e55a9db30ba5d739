"""The method key: which energies may be subtracted from each other."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer  # noqa: TC002 - it reads the annotation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

REHEARSAL = "-rehearsal"
"""End of the name of a program that only stands in for another: ``vasp-rehearsal``."""
_POOLED = frozenset({"potentials", "elements", "k_density", "k_density_range"})
_SLACK = 1e-3


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
    elements
        Elements that ``potentials`` speaks of, where a run that was made elsewhere tells of its own only; None for all.
    k_density_range
        Where only the mesh is known, as of a run that was made elsewhere: the densities from which it follows, above
        the first and up to the second.
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
    elements: tuple[str, ...] | None = None
    k_density_range: tuple[float, float] | None = None

    @model_serializer(mode="wrap")
    def _only_what_is_stated(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what only runs made elsewhere have, so that the digests of all others speak of nothing else."""
        fields: dict[str, Any] = handler(self)
        return {
            name: value
            for name, value in fields.items()
            if value is not None or name not in {"elements", "k_density_range"}
        }

    @property
    def is_rehearsal(self) -> bool:
        """Whether a stand-in gave the energies: they mean nothing, and are mixed and compared with nothing."""
        return self.program.endswith(REHEARSAL)

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
    if not distinct:
        raise MethodMismatchError(f"{what} has no energies")
    found = pooled(list(distinct.values()))
    if found is not None:
        return found
    labels = ", ".join(sorted(f"{method.label} [{digest[:6]}]" for digest, method in distinct.items()))
    raise MethodMismatchError(
        f"{what} would mix energies of different methods ({labels}); compute all of it with one of them"
    )


def pooled(methods: Sequence[MethodKey]) -> MethodKey | None:
    """Return the method that all of these can be, or None where they contradict each other.

    Methods of this project's own calculations are one when they are equal. A run that was made elsewhere tells the PAW
    sets of its own elements only, and of its k-points the mesh only: such methods are one where no element has two PAW
    sets, and where one density gives all the meshes.

    Parameters
    ----------
    methods
        At least one.
    """
    first = methods[0]
    if any(method.model_dump(exclude=set(_POOLED)) != first.model_dump(exclude=set(_POOLED)) for method in methods):
        return None
    sets, density = _pooled_sets(methods), _pooled_density(methods)
    return None if sets is None or density is None else first.model_copy(update=sets | density)


def _pooled_sets(methods: Sequence[MethodKey]) -> dict[str, Any] | None:
    """Return ``potentials`` and ``elements`` of all, or None."""
    whole = [method for method in methods if method.elements is None]
    if any(method.potentials != whole[0].potentials for method in whole):
        return None
    if len({(method.potentials or {}).get("set") for method in methods}) > 1:
        return None
    known: dict[str, str | None] = {}
    for method in methods:
        for element in method.elements or ():
            symbol = (method.potentials or {}).get(element)
            if known.setdefault(element, symbol) != symbol:
                return None
    if whole:
        stated = whole[0].potentials
        agree = all((stated or {}).get(element) == symbol for element, symbol in known.items())
        return {"potentials": stated, "elements": None} if agree else None
    base = {"set": name} if (name := (methods[0].potentials or {}).get("set")) else {}
    named = {element: symbol for element, symbol in sorted(known.items()) if symbol is not None}
    return {"potentials": base | named, "elements": tuple(sorted(known))}


def _pooled_density(methods: Sequence[MethodKey]) -> dict[str, Any] | None:
    """Return ``k_density`` and ``k_density_range`` of all, or None."""
    ranges = [method.k_density_range for method in methods if method.k_density_range is not None]
    stated = {method.k_density for method in methods if method.k_density_range is None}
    if len(stated) > 1:
        return None
    low, high = max((r[0] for r in ranges), default=0.0), min((r[1] for r in ranges), default=float("inf"))
    if not stated:
        return {"k_density": None, "k_density_range": (low, high)} if low < high else None
    density = stated.pop()
    if ranges and (density is None or not low - _SLACK < density <= high + _SLACK):
        return None
    return {"k_density": density, "k_density_range": None}
