"""Property documents that the store holds, as the models they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lianode.analysis.free_energy.thermal import ThermalDocument
    from lianode.workflows.results import Results


def stored_free_energies(
    results: Results,
    relaxations: Mapping[str, str],
    *,
    campaign: str,
    engine: str,
    system: str,
    temperature: float,
    phonon_length: float,
) -> dict[str, ThermalDocument]:
    """Return the free energies that were derived from these relaxations, by phase.

    Parameters
    ----------
    results
        The store.
    relaxations
        Key of the relaxation of each phase.
    campaign, engine, system, temperature, phonon_length
        Of the hull they are for; K and Å.
    """
    from lianode.analysis.free_energy.thermal import ThermalDocument

    wanted = {"temperature": temperature, "phonon_length": phonon_length}
    criteria: dict[str, Any] = {
        "property": "free_energy",
        "system": system,
        "phase": {"$in": list(relaxations)},
        "engine": engine,
        "campaign": campaign,
    }
    return {
        stored["phase"]: ThermalDocument.model_validate(stored)
        for stored in results.properties(criteria)
        if stored["calculations"].get(stored["phase"]) == relaxations[stored["phase"]]
        and wanted.items() <= stored["settings"].items()
    }
