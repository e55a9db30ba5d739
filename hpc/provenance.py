"""From a number back to what it was made of: calculations, settings, method, checks, files, versions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from lianode.analysis.checks import Check
from lianode.analysis.method import MethodKey
from lianode.hpc.tables import table_row
from lianode.structures.errors import InputError, nearest
from lianode.workflows.calculation import State

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from lianode.hpc.store import ResultsStore
    from lianode.workflows.calculation import Calculation

_SHORTLIST: Final = 200
_LONGEST_RECIPE: Final = 1000
_KEY: Final = re.compile(r"[0-9a-f]{32}")
_NO_VALUES: Final = frozenset(
    {"key", "property", "system", "phase", "engine", "campaign", "completeness", "flagged", "failed_checks", "missing",
     "created", "superseded_by", "method"}
)  # fmt: skip


class _Node(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FileEvidence(_Node):
    """A file of a calculation.

    Attributes
    ----------
    path
        Absolute, on the machine that wrote it.
    sha256, bytes
        When it was written.
    here
        Whether a file of that size is at this path on this machine.
    """

    path: str
    sha256: str
    bytes: int
    here: bool


class CalculationEvidence(_Node):
    """A calculation behind a number.

    Attributes
    ----------
    role
        What the property document calls it: a phase, ``band``, ``displacement 1``. Empty where it is what another
        calculation began from.
    key, state, reason, label, formula, n_atoms
        As in :class:`lianode.workflows.calculation.Calculation`; only the key where the store does not hold it.
    stored
        Whether the store holds it.
    engine, settings, task, method, method_digest
        How it was done.
    energy, max_force, max_stress_GPa
        eV of the cell, eV/Å, GPa.
    recipe
        What the analysis was told of it, as far as documents hold it: the planes and strains of an interface cell, the
        kind of a phase.
    checks, files
        What was verified, and what it left.
    program_version, host, directory, started, wall_time_s, continued, revision
        Where and when.
    started_from
        What its atoms were taken from, and so on; None where they are those of the library or of the user.
    shown_elsewhere
        Whether it stands in full in another place of the same walk.
    """

    role: str = ""
    key: str
    stored: bool = True
    shown_elsewhere: bool = False
    state: State | None = None
    reason: str | None = None
    label: str = ""
    formula: str = ""
    n_atoms: int | None = None
    engine: str = ""
    settings: dict[str, Any] = Field(default_factory=dict)
    task: dict[str, Any] = Field(default_factory=dict)
    method: MethodKey | None = None
    method_digest: str = ""
    energy: float | None = None
    max_force: float | None = None
    max_stress_GPa: float | None = None
    recipe: dict[str, Any] = Field(default_factory=dict)
    checks: list[Check] = Field(default_factory=list)
    files: dict[str, FileEvidence] = Field(default_factory=dict)
    program_version: str = ""
    host: str = ""
    directory: str = ""
    started: str = ""
    wall_time_s: float = 0.0
    continued: int = 0
    revision: int = 0
    started_from: CalculationEvidence | None = None


class Explanation(_Node):
    """A property document and all behind it.

    Attributes
    ----------
    key, property, system, phase, engine, campaign, created, completeness, flagged, missing, superseded_by
        As in :class:`lianode.analysis.documents.PropertyDocument`.
    values
        Its single values; units end the names where they are not eV, Å or K.
    settings, method, method_digest, checks
        Of the analysis.
    derived_with
        Key of the document that holds what this analysis is derived again from; its own where it holds it itself.
    calculations
        That went in.
    """

    key: str
    property: str
    system: str
    phase: str | None
    engine: str
    campaign: str
    created: str
    completeness: str
    flagged: bool
    missing: list[str]
    superseded_by: str | None
    values: dict[str, Any]
    settings: dict[str, Any]
    method: MethodKey
    method_digest: str
    checks: list[Check]
    derived_with: str | None
    calculations: list[CalculationEvidence]


def explain(store: ResultsStore, key: str) -> Explanation | CalculationEvidence:
    """Walk from a property document, or a calculation, to all that it was made from.

    Parameters
    ----------
    store
        That holds it.
    key
        Of a property document, superseded or not, or of a calculation.

    Raises
    ------
    InputError
        For a key that the store does not hold, with the nearest.
    """
    document = store.property_documents.find_one({"key": key})
    if document is not None:
        return _document(store, document)
    if store.calculation_documents.count({"key": key}):
        return _Walk(store, {}, ()).calculation(key)
    raise InputError(f"the store has no result '{key}'{_nearest_key(store, key)}")


def _document(store: ResultsStore, document: Mapping[str, Any]) -> Explanation:
    holder = _holder(store, document)
    walk = _Walk(store, {} if holder is None else holder["derivation"], list(document["calculations"].values()))
    method = MethodKey.model_validate(document["method"])
    return Explanation(
        **{name: document[name] for name in (
            "key", "property", "system", "phase", "engine", "campaign", "created", "completeness", "flagged", "missing",
            "superseded_by", "settings", "checks",
        )},
        values={
            name: value
            for name, value in table_row(document).items()
            if name not in _NO_VALUES and not name.startswith("settings.") and value is not None
        },
        method=method,
        method_digest=method.digest,
        derived_with=None if holder is None else holder["key"],
        calculations=walk.all(document["calculations"]),
    )  # fmt: skip


def _holder(store: ResultsStore, document: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the document whose derivation this one comes from: itself, or one that shares its calculations."""
    if document["derivation"]:
        return dict(document)
    same = {name: document[name] for name in ("system", "engine", "campaign")}
    wanted = set(document["calculations"].values())
    best: tuple[int, dict[str, Any] | None] = (0, None)
    for other in store.properties(same, sort=[("created", -1)]):
        if other["derivation"]:
            shared = len(wanted & set(other["calculations"].values()))
            best = max(best, (shared, other), key=lambda pair: pair[0])  # of equals the first, which is the newest
    return best[1]


class _Walk:
    """One walk; a calculation that is met again is only named."""

    def __init__(self, store: ResultsStore, derivation: Mapping[str, Any], listed: Collection[str]) -> None:
        self._store = store
        self._recipes = dict(_recipes(derivation))
        self._listed = frozenset(listed)
        self._shown: set[str] = set()

    def all(self, calculations: Mapping[str, str]) -> list[CalculationEvidence]:
        """Return those of a document, each in full at its first place in the list."""
        return [self.calculation(key, role, in_list=True) for role, key in calculations.items()]

    def calculation(self, key: str, role: str = "", *, in_list: bool = False) -> CalculationEvidence:
        found = self._store.calculation(key)
        if found is None:
            return CalculationEvidence(role=role, key=key, stored=False, recipe=self._recipes.get(key, {}))
        if key in self._shown or (key in self._listed and not in_list):
            return CalculationEvidence(
                role=role, key=key, shown_elsewhere=True, state=found.state, label=found.label, formula=found.formula
            )
        self._shown.add(key)
        before = found.started_from
        copied = CalculationEvidence.model_fields.keys() & type(found).model_fields.keys()
        copied -= {"task", "files", "started_from"}
        return CalculationEvidence(
            role=role,
            **{name: getattr(found, name) for name in copied},
            task=found.task.model_dump(mode="json"),
            method_digest=found.method.digest,
            recipe=self._recipes.get(key, {}),
            files=dict(_files(found)),
            started_from=None if before is None else self.calculation(before),
        )


def _files(calculation: Calculation) -> Iterator[tuple[str, FileEvidence]]:
    for name, file in sorted(calculation.files.items()):
        path = Path(calculation.directory) / file.path
        try:
            here = path.is_file() and path.stat().st_size == file.bytes
        except (OSError, ValueError):
            here = False
        yield name, FileEvidence(path=str(path), sha256=file.sha256, bytes=file.bytes, here=here)


def _recipes(part: Any, above: Mapping[str, Any] | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what objects inside a derivation say of the calculations that they name, by key.

    What stands around such an object is said too, but for the outermost, which is the whole analysis.
    """
    if isinstance(part, list):
        for entry in part:
            yield from _recipes(entry, above)
    if not isinstance(part, dict):
        return
    said = {name: value for name, value in part.items() if _is_recipe(name, value)}
    around = {} if above is None else {**above, **said}
    for name, value in part.items():
        if _is_key(name, value):
            yield value, {"as": name, **around} if name != "key" else around
        elif isinstance(value, dict | list):
            yield from _recipes(value, around)


def _is_key(name: str, value: Any) -> bool:
    return isinstance(value, str) and (name == "key" or _KEY.fullmatch(value) is not None)


def _is_recipe(name: str, value: Any) -> bool:
    """Whether a value is a setting, and not a key, a structure or a table."""
    keys = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return value is not None and not any(_is_key(name, key) for key in keys) and len(str(value)) <= _LONGEST_RECIPE


def _nearest_key(store: ResultsStore, key: str) -> str:
    """Return the hint with the nearest key; of a large store, those that begin or end alike are compared."""
    known = [*store.property_documents.distinct("key"), *store.calculation_documents.distinct("key")]
    if len(known) > _SHORTLIST:
        known = sorted(known, key=lambda one: _alike(one, key) + _alike(one[::-1], key[::-1]))[-_SHORTLIST:]
    return nearest(key, known)


def _alike(first: str, second: str) -> int:
    """Return how many characters at the beginning are the same."""
    return next(
        (n for n, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second))
    )
