"""A campaign: which properties of which materials are computed with which engines."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import (
    BeforeValidator,
    InstanceOf,
    PlainSerializer,
    PrivateAttr,
    TypeAdapter,
    field_validator,
)

from lianode.structures.errors import InputError, nearest
from lianode.workflows.adsorption.entry import AdsorptionEntry
from lianode.workflows.barrier.entry import BarrierEntry
from lianode.workflows.campaign.entry import DEFAULT_ENGINE, CalculationEntry, EngineSpec, HasEngines, faults
from lianode.workflows.campaign.units import shown
from lianode.workflows.elastic.entry import ElasticEntry
from lianode.workflows.electronic.entry import ElectronicEntry
from lianode.workflows.hull.entry import HullEntry
from lianode.workflows.interface_energy.entry import InterfaceEnergyEntry
from lianode.workflows.interface_md.entry import InterfaceMdEntry
from lianode.workflows.reactivity.entry import ReactivityEntry
from lianode.workflows.surface.entry import SurfaceEntry

if TYPE_CHECKING:
    from pydantic import FieldSerializationInfo
    from pydantic import ValidationInfo as Info

PROPERTIES: Final[dict[str, type[CalculationEntry]]] = {
    entry.PROPERTY: entry
    for entry in (
        HullEntry,
        BarrierEntry,
        InterfaceMdEntry,
        ReactivityEntry,
        ElasticEntry,
        SurfaceEntry,
        InterfaceEnergyEntry,
        AdsorptionEntry,
        ElectronicEntry,
    )
}
"""What a campaign can ask for; a new property adds its model here."""

_PART_OF: Final = {"voltage": HullEntry.PROPERTY}
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}")


def property_fault(name: object) -> str:
    """Say why ``name`` is no property that can be computed, and which can."""
    available = f"available: {', '.join(PROPERTIES)}"
    if isinstance(name, str) and name in _PART_OF:
        return f"`{name}` is no calculation of its own: it comes with `{_PART_OF[name]}`"
    hint = nearest(name, tuple(PROPERTIES)) if isinstance(name, str) else ""
    return f"unknown calculation {shown(name)}{hint}; {available}"


def _read_entry(value: Any, info: Info) -> CalculationEntry:
    """Return the entry that ``{hull: {system: Li-In}}`` stands for."""
    if isinstance(value, CalculationEntry):
        return value
    if not isinstance(value, dict):
        if isinstance(value, str) and value in PROPERTIES:
            raise InputError(f"`{value}` has no settings; write `- {value}: {PROPERTIES[value].EXAMPLE}`")
        raise InputError("an entry is a property with its settings, such as `- hull: {system: Li-In}`")
    if len(value) != 1:
        raise InputError(
            f"an entry is one property, but this one has {len(value)} keys ({', '.join(map(str, value))[:60]}); "
            "begin each property with '- ' and indent its settings below it"
        )
    ((name, settings),) = value.items()
    if name not in PROPERTIES:
        raise faults([(str(name), property_fault(name))])
    # the dict puts the property's name into the place of every error
    model = PROPERTIES[name]
    adapter: TypeAdapter[dict[str, CalculationEntry]] = TypeAdapter(dict[str, model])  # type: ignore[valid-type]
    return adapter.validate_python({name: settings}, context=info.context)[name]


def _write_entry(entry: CalculationEntry, info: FieldSerializationInfo) -> dict[str, Any]:
    return {entry.PROPERTY: entry.model_dump(mode=info.mode, exclude_none=True)}


Entry = Annotated[InstanceOf[CalculationEntry], BeforeValidator(_read_entry), PlainSerializer(_write_entry)]


class Campaign(HasEngines):
    """What one campaign file asks for.

    Attributes
    ----------
    name
        Letters, digits, ``-`` and ``_``, at most 64.
    calculations
        One entry per property and system.
    """

    name: str
    calculations: tuple[Entry, ...]

    _folder: Path = PrivateAttr(default_factory=Path)

    @property
    def folder(self) -> Path:
        """Folder of the campaign file, where relative paths start; the current one where there is no file."""
        return self._folder

    def path(self, text: str) -> Path:
        """Return the path that ``text`` in the campaign file means; nothing is expanded."""
        return self._folder / text

    def in_folder(self, folder: Path) -> Campaign:
        """Return this campaign with relative paths starting at ``folder``."""
        campaign = self.model_copy()
        campaign._folder = folder
        return campaign

    def engines_of(self, entry: CalculationEntry) -> tuple[EngineSpec, ...]:
        """Return the engines that compute an entry: its own, or the campaign's, or the default."""
        return entry.named_engines or self.named_engines or (EngineSpec(name=DEFAULT_ENGINE),)

    def start_of(self, entry: CalculationEntry) -> EngineSpec | None:
        """Return the engine whose relaxed structures an entry begins from: its own choice, or the campaign's."""
        start = entry.start_from or self.start_from
        return start.engine if start is not None else None

    def notes(self) -> tuple[str, ...]:
        """Return what the user should know before this runs, one sentence each."""
        return tuple(note for entry in self.calculations for note in entry.notes())

    @field_validator("name")
    @classmethod
    def _plain(cls, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise InputError(
                f"{shown(name)} cannot be a name: use letters, digits, - and _, at most 64 and not - first"
            )
        return name

    @field_validator("calculations")
    @classmethod
    def _no_duplicates(cls, entries: tuple[CalculationEntry, ...], info: Info) -> tuple[CalculationEntry, ...]:
        if not entries:
            raise InputError("the list is empty; ask for something, such as `- hull: {system: Li-In}`")
        engine = info.data.get("engine")
        common = (engine,) if engine else info.data.get("engines") or ()
        seen: set[str] = set()
        for index, entry in enumerate(entries):
            for spec in entry.named_engines or common or (EngineSpec(name=DEFAULT_ENGINE),):
                identity = _canonical([entry.PROPERTY, _settings(entry), spec.spec])
                if identity in seen:
                    raise faults(
                        [(index, f"this `{entry.PROPERTY}` with engine {spec.name} is there twice; leave one out")]
                    )
                seen.add(identity)
        return entries


def campaign_digest(campaign: Campaign) -> str:
    """Return 16 hexadecimal digits that are equal for campaigns that ask for the same.

    Defaults are filled in, engines are resolved per entry, units are converted, and the order of keys and of lists
    does not count. Contents of users' files are not in it: they are in the keys of the calculations.
    """
    asked = [
        _canonical(
            [
                entry.PROPERTY,
                _settings(entry) | _start(campaign, entry),
                sorted(_canonical(spec.spec) for spec in campaign.engines_of(entry)),
            ]
        )
        for entry in campaign.calculations
    ]
    return hashlib.sha256(_canonical(["campaign-1", campaign.name, sorted(asked)]).encode()).hexdigest()[:16]


def _settings(entry: CalculationEntry) -> dict[str, Any]:
    """Return all settings but the engines, lists (which are sets here, but for planes) sorted."""
    settings = entry.model_dump(exclude={"engine", "engines"}, exclude_none=True)
    return {key: sorted(value) if _is_set(value) else value for key, value in settings.items()}


def _is_set(value: Any) -> bool:
    """Whether the order of a list means nothing; that of a plane's indices does."""
    return isinstance(value, tuple) and not all(isinstance(item, int) for item in value)


def _start(campaign: Campaign, entry: CalculationEntry) -> dict[str, Any]:
    """Return what an entry starts from, wherever it is written."""
    start = campaign.start_of(entry)
    return {} if start is None else {"start_from": {"engine": start.spec}}


def _canonical(value: Any) -> str:
    return json.dumps(_rounded(value), sort_keys=True, default=str)


def _rounded(value: Any) -> Any:
    """Return ``value`` with floats as text of 12 digits, so that 5 meV and 0.005 eV are equal."""
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, (list, tuple)) else value
