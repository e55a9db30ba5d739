"""Engines by the name that campaigns use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.structures.errors import InputError, nearest
from lianode.workflows.engines import mlip, morse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lianode.workflows.engine import Engine

VASP = "vasp"
GPAW = "gpaw"
EngineSpec = str | dict[str, Any]
"""An engine as a campaign writes it: its name, or a mapping with ``name`` and settings."""


def known_engines() -> tuple[str, ...]:
    """Return the names that a campaign may use."""
    return (*mlip.MODELS, VASP, GPAW, morse.NAME)


def make_engine(spec: str | Mapping[str, Any]) -> Engine:
    """Return the engine that a campaign names; no model is loaded yet.

    Parameters
    ----------
    spec
        A name, or a mapping with ``name`` and the engine's settings.

    Raises
    ------
    InputError
        For an unknown engine or setting.
    """
    settings = {"name": spec} if isinstance(spec, str) else dict(spec)
    name = settings.pop("name", None)
    if not isinstance(name, str):
        raise InputError("an engine needs a name, such as `engine: sevennet-0`", "engine")
    if name in mlip.MODELS:
        return mlip.MlipEngine(name, **_only(settings, (), name))
    if name == morse.NAME:
        return morse.MorseEngine(**_only(settings, ("well_depth",), name))
    if name == VASP:
        from lianode.workflows.engines.vasp.engine import VaspEngine

        return VaspEngine(settings)
    if name == GPAW:
        from lianode.workflows.engines.gpaw.engine import GpawEngine

        return GpawEngine(settings)
    if name in mlip.MODALITIES_NEEDED:
        choices = " or ".join(f"`{choice}`" for choice in mlip.MODALITIES_NEEDED[name])
        raise InputError(f"{name} was trained on several functionals; name one: {choices}", "engine")
    known = known_engines()
    raise InputError(f"unknown engine '{name}'{nearest(name, known)}; available: {', '.join(known)}", "engine")


def _only(settings: dict[str, Any], allowed: tuple[str, ...], name: str) -> dict[str, Any]:
    """Return ``settings`` if the engine knows them all."""
    for key in settings:
        if key not in allowed:
            takes = f"it takes: {', '.join(allowed)}" if allowed else "it takes none"
            raise InputError(f"engine {name} has no setting '{key}'{nearest(key, allowed)}; {takes}", "engine")
    return settings
