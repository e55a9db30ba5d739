"""From what was asked for and stored calculations to documents: one entry for each kind of analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lianode.workflows.adsorption.analysis import AdsorptionSpec, derive_adsorption
from lianode.workflows.barrier.analysis import BarrierSpec, derive_barriers
from lianode.workflows.elastic.analysis import ElasticSpec, derive_elastic
from lianode.workflows.electronic.analysis import ElectronicSpec, derive_electronic
from lianode.workflows.hull.analysis import HullSpec, derive_hull
from lianode.workflows.interface_energy.analysis import InterfaceEnergySpec, derive_interface_energy
from lianode.workflows.interface_md.analysis import InterfaceMdSpec, derive_interface_md
from lianode.workflows.reactivity.analysis import ReactivitySpec, derive_reactivity
from lianode.workflows.single_points.analysis import ParitySpec, derive_parity
from lianode.workflows.surface.analysis import SurfaceSpec, derive_surfaces

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydantic import BaseModel

    from lianode.analysis.documents import PropertyDocument
    from lianode.workflows.results import Results

DERIVATIONS: Final[dict[str, tuple[type[BaseModel], Callable[[Any, Results], Sequence[PropertyDocument]]]]] = {
    "hull": (HullSpec, derive_hull),
    "migration": (BarrierSpec, derive_barriers),
    "interface_md": (InterfaceMdSpec, derive_interface_md),
    "interface_energy": (InterfaceEnergySpec, derive_interface_energy),
    "reactivity": (ReactivitySpec, derive_reactivity),
    "wulff": (SurfaceSpec, derive_surfaces),
    "parity": (ParitySpec, derive_parity),
    "elastic": (ElasticSpec, derive_elastic),
    "electronic": (ElectronicSpec, derive_electronic),
    "work_function": (ElectronicSpec, derive_electronic),
    "adsorption": (AdsorptionSpec, derive_adsorption),
}
"""What was asked for and what derives its documents, by the property whose document holds the derivation."""


def derive_documents(holder: str, spec: dict[str, Any], results: Results) -> Sequence[PropertyDocument]:
    """Return the documents of one analysis; nothing is computed and nothing is written here.

    Parameters
    ----------
    holder
        A key of :data:`DERIVATIONS`.
    spec
        What was asked for, as plain data.
    results
        Store with the calculations.

    Raises
    ------
    InputError
        When there is nothing to derive them from.
    """
    model, derive = DERIVATIONS[holder]
    return derive(model.model_validate(spec), results)
