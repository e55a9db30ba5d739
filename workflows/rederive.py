"""Properties again from stored calculations, without any engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lianode.workflows.barrier_analysis import BarrierSpec, derive_barriers
from lianode.workflows.elastic_analysis import ElasticSpec, derive_elastic
from lianode.workflows.hull_analysis import HullSpec, derive_hull
from lianode.workflows.interface_energy_analysis import InterfaceEnergySpec, derive_interface_energy
from lianode.workflows.interface_md_analysis import InterfaceMdSpec, derive_interface_md
from lianode.workflows.reactivity_analysis import ReactivitySpec, derive_reactivity
from lianode.workflows.surface_analysis import SurfaceSpec, derive_surfaces

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lianode.analysis.documents import PropertyDocument
    from lianode.workflows.results import Results


def _hull(derivation: dict[str, Any], results: Results) -> Sequence[PropertyDocument]:
    return derive_hull(HullSpec.model_validate(derivation), results)


def _barriers(derivation: dict[str, Any], results: Results) -> Sequence[PropertyDocument]:
    return derive_barriers(BarrierSpec.model_validate(derivation), results)


def _interface_md(derivation: dict[str, Any], results: Results) -> Sequence[PropertyDocument]:
    return derive_interface_md(InterfaceMdSpec.model_validate(derivation), results)


def _reactivity(derivation: dict[str, Any], results: Results) -> Sequence[PropertyDocument]:
    return derive_reactivity(ReactivitySpec.model_validate(derivation), results)


def _elastic(derivation: dict[str, Any], results: Results) -> Sequence[PropertyDocument]:
    return derive_elastic(ElasticSpec.model_validate(derivation), results)


def _surfaces(derivation: dict[str, Any], results: Results) -> Sequence[PropertyDocument]:
    return derive_surfaces(SurfaceSpec.model_validate(derivation), results)


def _interface_energy(derivation: dict[str, Any], results: Results) -> Sequence[PropertyDocument]:
    return derive_interface_energy(InterfaceEnergySpec.model_validate(derivation), results)


DERIVATIONS: Final[dict[str, Callable[[dict[str, Any], Results], Sequence[PropertyDocument]]]] = {
    "hull": _hull,
    "migration": _barriers,
    "interface_md": _interface_md,
    "interface_energy": _interface_energy,
    "reactivity": _reactivity,
    "wulff": _surfaces,
    "elastic": _elastic,
}
"""What derives the documents of an analysis, by the property whose document holds the derivation."""


def rederive(results: Results, *, campaign: str | None = None) -> int:
    """Derive every document again whose derivation the store knows; return how many there were.

    Parameters
    ----------
    results
        Store with calculations and documents; documents are replaced, or superseded where their key changes.
    campaign
        Only documents of this campaign.
    """
    criteria: dict[str, Any] = {"property": {"$in": list(DERIVATIONS)}, "superseded_by": None}
    if campaign is not None:
        criteria["campaign"] = campaign
    count = 0
    for stored in list(results.properties(criteria)):
        if not stored["derivation"]:
            continue  # a hull at a temperature comes with the one at 0 K
        for document in DERIVATIONS[stored["property"]](stored["derivation"], results):
            results.put_property(document)
            count += 1
    return count
