"""Figures of reactions between anodes and electrolytes from stored documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.cli.drawing import unless_impossible
from lianode.cli.file_names import engine_name
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from lianode.analysis.plots.style import SizeName
    from lianode.cli.plot_wanted import Wanted
    from lianode.hpc.store import ResultsStore

KIND = "reactivity"


def plot_reactivity(results: ResultsStore, wanted: Wanted) -> list[Path]:
    """Draw what ``lianode plot`` was asked for; return the files."""
    reactions = select_reactions(
        results,
        electrolyte=wanted.electrolyte,
        anode=wanted.phase,
        voltage=wanted.voltage,
        engines=wanted.engines,
        campaign=wanted.campaign,
        system=wanted.system,
        entry=wanted.entry,
    )
    at = None if wanted.voltage is None else f"{wanted.voltage:g}V"
    return draw_reactivity(reactions, wanted.target(wanted.phase, reactions[0]["second"], at), size=wanted.size)


def draw_reactivity(documents: Sequence[dict[str, Any]], target: Path, *, size: SizeName = "column") -> list[Path]:
    """Draw one pair, or several anodes over each other, with the data beside it; return the files.

    Raises
    ------
    InputError
        When the documents cannot stand in one figure.
    """
    from lianode.analysis.plots.data import write_data
    from lianode.analysis.plots.reactivity import reactivities_figure, reactivity_figure
    from lianode.analysis.plots.style import save

    alone = len(documents) == 1
    figure = reactivity_figure(documents[0], size=size) if alone else reactivities_figure(documents, size=size)
    return [*save(figure, target), write_data(documents, target)]


def select_reactions(
    results: ResultsStore,
    *,
    electrolyte: str | None,
    anode: str | None,
    voltage: float | None,
    engines: tuple[str, ...] = (),
    campaign: str | None = None,
    system: str | None = None,
    entry: int | None = None,
) -> list[dict[str, Any]]:
    """Return the documents of one figure: of one electrolyte, engine, campaign and potential, one per anode.

    Parameters
    ----------
    results
        The store.
    electrolyte, anode
        Names or formulas; without an anode, all of them. The electrolyte may be left out where there is one.
    voltage
        V; None for the closed mixture.
    engines, campaign, system, entry
        Narrow the choice.

    Raises
    ------
    InputError
        When there is nothing to draw, or too many things.
    """
    stored = list(results.query(property=KIND, engine=engines or None, campaign=campaign, system=system))
    found = [
        document
        for document in stored
        if document["voltage_V"] == voltage
        and (electrolyte is None or _is(document, "second", electrolyte))
        and (anode is None or _is(document, "first", anode))
        and entry in {None, document["settings"].get("entry", 1)}
    ]
    if not found:
        have = sorted({_pair(document) for document in stored})
        raise InputError(f"the store has none; it has {', '.join(have) or 'nothing yet'}", KIND)
    for what, option, values in (
        ("electrolytes", "--electrolyte", {document["second"] for document in found}),
        ("campaigns computed it", "--campaign", {document["campaign"] for document in found}),
        ("engines computed it", "--engine", {document["engine"] for document in found}),
        ("entries of the campaign", "--entry", {document["settings"].get("entry", 1) for document in found}),
    ):
        if len(values) > 1:
            choice = f" or {option} ".join(map(str, sorted(values)))
            raise InputError(f"several {what}; add {option} {choice}", KIND)
    newest = {document["first"]: document for document in sorted(found, key=lambda d: d["created"])}
    return _strongest_first(newest.values())


def draw_reactivities(documents: Iterable[dict[str, Any]], folder: Path) -> list[Path]:
    """Draw every pair of a campaign, and the anodes of an electrolyte over each other; return the files.

    A figure that cannot be drawn is skipped, and one line on standard error says why.

    Parameters
    ----------
    documents
        What a run derived.
    folder
        Where figures go.
    """
    from lianode.analysis.plots.reactivity import MARKERS

    reactions = [document for document in documents if document["property"] == KIND]
    several = len({document["engine"] for document in reactions}) > 1
    groups: dict[str, list[dict[str, Any]]] = {}
    for document in reactions:
        groups.setdefault(_ending(document, engine=several), []).append(document)
    figures: list[tuple[str, Sequence[dict[str, Any]]]] = []
    for ending, found in groups.items():
        group = _strongest_first(found)
        figures += [(f"{KIND}-{document['first']}-{ending}", [document]) for document in group]
        parts = _parts(group, len(MARKERS)) if len(group) > 1 else []
        for number, part in enumerate(parts, start=1):
            figures.append((f"{KIND}-{ending}{f'-{number}' if len(parts) > 1 else ''}", part))
    files: list[Path] = []
    for name, drawn in figures:
        files += unless_impossible(name, draw_reactivity, drawn, folder / name)
    return files


def _strongest_first(documents: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(documents, key=lambda d: d["reaction_energy_per_atom"])


def _parts(group: list[dict[str, Any]], most: int) -> list[list[dict[str, Any]]]:
    """Return the group in parts that one figure can hold."""
    return [group[start : start + most] for start in range(0, len(group), most)]


def _is(document: Mapping[str, Any], which: str, text: str) -> bool:
    return text in (document[which], document[f"{which}_formula"])


def _pair(document: Mapping[str, Any]) -> str:
    at = "" if document["voltage_V"] is None else f" at {document['voltage_V']:g} V"
    return f"{document['first']} with {document['second']}{at}"


def _ending(document: Mapping[str, Any], *, engine: bool) -> str:
    """Return the end of a figure's name; what goes without saying is left out."""
    parts = [document["second"]]
    parts += [str(document["settings"]["entry"])] if document["settings"]["entry"] > 1 else []
    parts += [f"{document['voltage_V']:g}V"] if document["voltage_V"] is not None else []
    parts += [engine_name(document["engine"])] if engine else []
    return "-".join(parts)
