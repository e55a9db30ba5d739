"""One engine in the parts that an interface needs of it: VASP has a variant for each, others are what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.workflows.engines.registry import VASP, make_engine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lianode.workflows.engine import Engine


def engine_of_crystals(spec: Mapping[str, Any]) -> Engine:
    """Return the engine of bulk crystals: with VASP the preset without a variant."""
    if spec["name"] != VASP:
        return make_engine(spec)
    return make_engine({key: value for key, value in spec.items() if key != "variant"})


def engine_of_cells(spec: Mapping[str, Any]) -> Engine:
    """Return the engine that relaxes the atoms of an interface."""
    return make_engine({**spec, "variant": "interface"} if spec["name"] == VASP else spec)


def engine_of_motion(spec: Mapping[str, Any]) -> Engine:
    """Return the engine of molecular dynamics."""
    return make_engine({**spec, "variant": "aimd"} if spec["name"] == VASP else spec)
