"""One engine in the parts that slabs need of it: DFT has variants for slabs, for crystals, and for atoms in a box."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lianode.workflows.engine import Capability
from lianode.workflows.engines.registry import GPAW, VASP, make_engine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lianode.workflows.engine import Engine

WITH_VARIANTS = frozenset({VASP, GPAW})
ALONE: dict[str, dict[str, object]] = {
    VASP: {"ispin": 2, "ismear": 0, "sigma": 0.01, "k_density": None, "k_mesh": [1, 1, 1]},
    GPAW: {"ispin": 2, "smearing": "gaussian", "sigma": 0.01, "k_density": None, "k_mesh": [1, 1, 1]},
}
"""What a free atom needs: spin, whole electrons on its levels, and one k-point as nothing repeats."""


@dataclass(frozen=True, kw_only=True)
class SlabEngines:
    """One engine, as crystals and as slabs need it.

    Attributes
    ----------
    name
        As documents name it.
    crystals
        Of the crystals; their energies go with those of slabs.
    slabs
        Of the slabs.
    """

    name: str
    crystals: Engine
    slabs: Engine


def slab_engines(spec: Mapping[str, Any]) -> SlabEngines:
    """Return what computes crystals and slabs: slabs have their own variant, and crystals one at the slabs' cut-off.

    Parameters
    ----------
    spec
        As :func:`lianode.workflows.engines.registry.make_engine` takes it.
    """
    if spec["name"] not in WITH_VARIANTS:
        engine = make_engine(spec)
        return SlabEngines(name=engine.name, crystals=engine, slabs=engine)
    plain = {key: value for key, value in spec.items() if key != "variant"}
    crystals, slabs = make_engine(plain), make_engine({**plain, "variant": "slab"})
    same = crystals.method() == slabs.method()  # then a hull's relaxations serve here too
    return SlabEngines(
        name=crystals.name,
        crystals=crystals if same else make_engine({**plain, "variant": "slab-reference"}),
        slabs=slabs,
    )


def engine_of_free_atoms(crystals: Engine) -> Engine | None:
    """Return what computes a free atom on the scale of some crystals, spin-polarised; None where nothing can.

    Parameters
    ----------
    crystals
        Of :func:`slab_engines`.
    """
    if Capability.FREE_ATOMS not in crystals.capabilities:
        return None
    settings = crystals.settings
    return make_engine({**settings, **ALONE.get(str(settings["name"]), {})})
