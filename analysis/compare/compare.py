"""Computed values beside published ones. Nothing here, or anywhere, is tuned to make them agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.analysis.adsorption.document import AdsorptionDocument
from lianode.analysis.compare.adsorption import compare_adsorption
from lianode.analysis.compare.comparison import ComparisonRow
from lianode.analysis.compare.elastic import compare_elastic
from lianode.analysis.compare.electronic import compare_electronic
from lianode.analysis.compare.hull import compare_hull
from lianode.analysis.compare.interface_energy import compare_interface_energies
from lianode.analysis.compare.migration import compare_migration
from lianode.analysis.compare.published import measured_plateaus, published
from lianode.analysis.compare.selection import selected
from lianode.analysis.compare.surface import compare_surfaces
from lianode.analysis.compare.voltage import compare_plateaus, compare_voltage
from lianode.analysis.elastic.document import ElasticDocument
from lianode.analysis.electronic.document import ElectronicDocument
from lianode.analysis.electronic.work_function import WorkFunctionDocument
from lianode.analysis.hull.hull import HullDocument
from lianode.analysis.interface_energy.document import InterfaceEnergyDocument
from lianode.analysis.migration.document import MigrationDocument
from lianode.analysis.surface.surface import SurfaceDocument
from lianode.analysis.voltage.curve import VoltageDocument

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from lianode.analysis.documents import PropertyDocument

UNITS = {
    "_meV_per_atom": "meV/atom",
    "_meV_per_A2": "meV/Å²",
    "_J_per_m2": "J/m²",
    "_cm2_per_s": "cm²/s",
    "_meV": "meV",
    "_eV": "eV",
    "_GPa": "GPa",
    "_V": "V",
    "_ps": "ps",
    "_A": "Å",
}
NOT_VALUES = ("source", "note", "settings", "cell", "cells", "orientations", "pairs", "reference_crystals", "formula")


def compare(  # noqa: PLR0912 - a branch for each property
    paper: str, documents: Iterable[PropertyDocument | Mapping[str, Any]]
) -> list[ComparisonRow]:
    """Set every published value of a paper beside the computed one.

    Parameters
    ----------
    paper
        Short key, such as ``hansel2021``.
    documents
        Property documents, as models or as stored; those of other systems and properties, and of a rehearsal, are
        passed over. There is a set of rows for each engine; where an engine has several hulls of a system, the one at
        0 K with most counted phases is taken, and the plainest voltage curve.

    Raises
    ------
    InputError
        For an unknown paper.
    """
    values = published(paper)
    documents = list(documents)
    hulls, curves = _sorted_out(documents)
    migrations = _migrations(documents)
    rows: list[ComparisonRow] = []
    for name, content in values.items():
        match name:
            case "hull":
                for system, expected in content["systems"].items():
                    rows += _each(hulls, system, lambda h, e=expected, s=system: compare_hull(s, e, h))
            case "voltage":
                for system, expected in content["systems"].items():
                    rows += _each(
                        curves,
                        system,
                        lambda c, e=expected, s=system, n=content["range_note"]: compare_voltage(s, e, n, c),
                    )
                    rows += _plateaus(system, measured_plateaus(system), hulls, curves)
            case "measured_plateaus":
                for system in content["systems"]:
                    own = [(who, plateau) for who, plateau in measured_plateaus(system) if who == paper]
                    rows += _plateaus(system, own, hulls, curves)
            case "migration_barrier_meV":
                rows += compare_migration(content, migrations)
            case "youngs_modulus_GPa":
                rows += compare_elastic(content, selected(documents, ElasticDocument, lambda d: (d.phase, d.engine)))
            case "electronic":
                rows += compare_electronic(content, _crystals(documents), _work_functions(documents))
            case "surface_energy":
                rows += compare_surfaces(content, _surfaces(documents), _interfaces(documents))
            case "adsorption_energy_eV":
                rows += compare_adsorption(content, _adsorptions(documents))
            case "interface_energy":
                rows += compare_interface_energies(content, _interfaces(documents))
            case _:
                rows += _not_computed(name, content)
    return rows


def _sorted_out(
    documents: Iterable[PropertyDocument | Mapping[str, Any]],
) -> tuple[dict[tuple[str, str], HullDocument], dict[tuple[str, str], VoltageDocument]]:
    """Return one hull and one curve for each (system, engine)."""
    hulls: dict[tuple[str, str], HullDocument] = {}
    curves: dict[tuple[str, str], VoltageDocument] = {}
    for given in documents:
        document: Any = given
        if isinstance(given, dict) and given.get("property") == "hull":
            document = HullDocument.model_validate(given)
        if isinstance(given, dict) and given.get("property") == "voltage":
            document = VoltageDocument.model_validate(given)
        if isinstance(document, HullDocument | VoltageDocument) and document.method.is_rehearsal:
            continue
        if isinstance(document, HullDocument):
            place = document.system, document.engine
            hulls[place] = max(hulls.get(place, document), document, key=_hull_rank)
        if isinstance(document, VoltageDocument):
            place = document.system, document.engine
            curves[place] = max(curves.get(place, document), document, key=_curve_rank)
    return hulls, curves


def _migrations(documents: Iterable[PropertyDocument | Mapping[str, Any]]) -> list[MigrationDocument]:
    """Return one document for each phase, engine and mechanism: a complete one before the newest."""
    found: dict[tuple[str | None, str, str], MigrationDocument] = {}
    for given in documents:
        stored = isinstance(given, dict) and given.get("property") == "migration"
        document = MigrationDocument.model_validate(given) if stored else given
        if isinstance(document, MigrationDocument) and not document.method.is_rehearsal:
            place = document.phase, document.engine, document.mechanism
            found[place] = max(
                found.get(place, document), document, key=lambda d: (d.completeness == "complete", d.created)
            )
    return [found[place] for place in sorted(found, key=str)]


def _surfaces(documents: Iterable[PropertyDocument | Mapping[str, Any]]) -> list[SurfaceDocument]:
    return selected(documents, SurfaceDocument, lambda d: (d.phase, d.engine, d.plane, d.termination))


def _adsorptions(documents: Iterable[PropertyDocument | Mapping[str, Any]]) -> list[AdsorptionDocument]:
    return selected(documents, AdsorptionDocument, lambda d: (d.surface, d.termination, d.engine))


def _crystals(documents: Iterable[PropertyDocument | Mapping[str, Any]]) -> list[ElectronicDocument]:
    return selected(documents, ElectronicDocument, lambda d: (d.phase, d.engine, d.functional))


def _work_functions(documents: Iterable[PropertyDocument | Mapping[str, Any]]) -> list[WorkFunctionDocument]:
    return selected(
        documents, WorkFunctionDocument, lambda d: (d.phase, d.engine, d.functional, d.plane, d.termination)
    )


def _interfaces(documents: Iterable[PropertyDocument | Mapping[str, Any]]) -> list[InterfaceEnergyDocument]:
    return selected(documents, InterfaceEnergyDocument, lambda d: (d.interface, d.engine))


def _hull_rank(document: HullDocument) -> tuple[bool, int, str]:
    at_zero = document.settings.get("temperature") is None
    return at_zero, sum(row.counted for row in document.phases), document.created


def _curve_rank(document: VoltageDocument) -> tuple[bool, bool, bool, str]:
    settings = document.settings
    return (
        settings.get("temperature") is None,
        not settings.get("exclude_from_curve"),
        not settings.get("hull_tolerance"),
        document.created,
    )


def _each(found: Mapping[tuple[str, str], Any], system: str, rows_of: Any) -> list[ComparisonRow]:
    matching = [document for (its_system, _), document in sorted(found.items()) if its_system == system]
    return [_dated(row, document) for document in matching or [None] for row in rows_of(document)]


def _dated(row: ComparisonRow, document: Any) -> ComparisonRow:
    """Say that a computed value is of another temperature than the paper's 0 K."""
    temperature = document.settings.get("temperature") if document is not None else None
    if temperature is None or row.computed is None:
        return row
    return row.model_copy(update={"note": f"{row.note}; computed at {temperature:g} K"})


def _plateaus(
    system: str,
    measured: list[tuple[str, dict[str, Any]]],
    hulls: Mapping[tuple[str, str], HullDocument],
    curves: Mapping[tuple[str, str], VoltageDocument],
) -> list[ComparisonRow]:
    engines = sorted({engine for its_system, engine in {**hulls, **curves} if its_system == system})
    if not engines:
        return compare_plateaus(system, measured, None, None)
    return [
        row
        for engine in engines
        for row in compare_plateaus(system, measured, hulls.get((system, engine)), curves.get((system, engine)))
    ]


def _not_computed(name: str, content: Any) -> list[ComparisonRow]:
    """Return a row for every value of a property that is not computed."""
    rows = []
    for path, value in _leaves(content, (name,)):
        unit = ""
        words = []
        for part in path[:-1]:
            text = part
            for suffix, its_unit in UNITS.items():
                if part.endswith(suffix):
                    unit, text = its_unit, part.removesuffix(suffix)
                    break
            words.append(text.replace("_", " "))
        last = path[-1]
        for suffix, its_unit in UNITS.items():
            if last.endswith(suffix):
                unit, last = its_unit, last.removesuffix(suffix)
                break
        note = "not computed"
        if isinstance(content, dict) and f"{last}_note" in content:
            note += f"; {content[f'{last}_note']}"
        rows.append(ComparisonRow(quantity=", ".join(words), phase=last, published=value, unit=unit, note=note))
    return rows


def _leaves(content: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], float | str | None]]:
    if isinstance(content, dict):
        for key, value in content.items():
            if key not in NOT_VALUES and not key.endswith("_note"):
                yield from _leaves(value, (*path, str(key)))
    elif isinstance(content, list):
        yield path, ", ".join(str(part) for part in content)
    elif not isinstance(content, str) or "findings" in path:
        yield path, content
