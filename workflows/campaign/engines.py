"""The same campaign with other engines: one that is named on the command line, or the rehearsal of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import yaml
from pydantic import ValidationError

from lianode.structures.errors import InputError
from lianode.workflows.campaign.entry import EngineSpec, StartFrom
from lianode.workflows.campaign.single_points import SinglePointEntry

if TYPE_CHECKING:
    from lianode.workflows.campaign.campaign import Campaign
    from lianode.workflows.campaign.entry import CalculationEntry, HasEngines

REHEARSAL_SUFFIX: Final = "-rehearsal"
CAN_REHEARSE: Final = frozenset({"vasp"})
"""Engines that have a stand-in; others are what they are in a rehearsal too."""


def with_engine(campaign: Campaign, text: str) -> Campaign:
    """Return the campaign with every entry computed by one engine.

    Parameters
    ----------
    campaign
        As loaded.
    text
        As the campaign file would have it: ``vasp`` or ``{name: vasp, preset: hansel2021}``.

    Raises
    ------
    InputError
        When that is no engine.
    """
    try:
        engine = EngineSpec.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise InputError("write a name, or a mapping such as '{name: vasp, preset: alloy}'", "--engine") from error
    except ValidationError as error:
        raise InputError(str(error.errors()[0]["msg"]).removeprefix("Value error, "), "--engine") from error
    nothing = {"engine": None, "engines": None}
    entries = tuple(entry.model_copy(update=nothing) for entry in campaign.calculations)
    return _changed(campaign, engine=engine, engines=None, calculations=entries)


def rehearsal_of(campaign: Campaign) -> Campaign:
    """Return the campaign that rehearses another: its own name, and the stand-in where a program would run.

    Raises
    ------
    InputError
        When none of its engines has a stand-in.
    """
    entries = tuple(entry.model_copy(update=_rehearsed(entry)) for entry in campaign.calculations)
    changed = _changed(campaign, name=campaign.name + REHEARSAL_SUFFIX, calculations=entries, **_rehearsed(campaign))
    engines = {spec.name for entry in changed.calculations for spec in _all_engines(changed, entry)}
    if not engines & CAN_REHEARSE:
        raise InputError(
            f"none of the engines ({', '.join(sorted(engines))}) needs a rehearsal; only vasp has one", campaign.name
        )
    return changed


def _all_engines(campaign: Campaign, entry: CalculationEntry) -> list[EngineSpec]:
    """Return the engines that compute an entry, and that of its single points."""
    beside = entry.single_points if isinstance(entry, SinglePointEntry) else None
    return [*campaign.engines_of(entry), *([beside] if beside is not None else [])]


def _rehearsed(level: HasEngines) -> dict[str, Any]:
    """Return the engines of one level of the campaign file as rehearsals."""
    start = level.start_from
    beside = level.single_points if isinstance(level, SinglePointEntry) else None
    return {
        "engine": None if level.engine is None else _stand_in(level.engine),
        "engines": None if level.engines is None else tuple(map(_stand_in, level.engines)),
        "start_from": None if start is None else StartFrom(engine=_stand_in(start.engine)),
        **({"single_points": _stand_in(beside)} if beside is not None else {}),
    }


def _stand_in(spec: EngineSpec) -> EngineSpec:
    return EngineSpec.model_validate(spec.spec | {"rehearsal": True}) if spec.name in CAN_REHEARSE else spec


def _changed(campaign: Campaign, **changes: Any) -> Campaign:
    """Return a copy in the same folder."""
    return campaign.model_copy(update=changes).in_folder(campaign.folder)
