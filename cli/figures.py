"""The figures of a campaign, drawn in one go."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from lianode.cli.drawing import unless_impossible
from lianode.cli.file_names import engine_name, file_name
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from lianode.hpc.store import ResultsStore

KINDS = ("hull", "voltage")
INTERFACE_KINDS = ("rdf", "bonds", "snapshots")


def draw_everything(
    documents: Sequence[dict[str, Any]], results: ResultsStore, folder: Path, published: str | None
) -> list[Path]:
    """Draw every figure that there is of one campaign; return the files.

    Parameters
    ----------
    documents, folder, published
        As of :func:`draw_campaign`.
    results
        Store that holds them.
    """
    from lianode.cli.plot_adsorption import draw_adsorptions
    from lianode.cli.plot_elastic import draw_elastics
    from lianode.cli.plot_electronic import draw_electronics
    from lianode.cli.plot_interface_energy import draw_interface_energies
    from lianode.cli.plot_parity import draw_parities
    from lianode.cli.plot_reactivity import draw_reactivities
    from lianode.cli.plot_surface import draw_surfaces

    drawn = draw_campaign(documents, folder, published)
    drawn += draw_migrations(documents, results, folder, published)
    drawn += draw_interfaces(documents, results, folder)
    for draw in (draw_reactivities, draw_elastics, draw_interface_energies, draw_parities, draw_surfaces):
        drawn += draw(documents, folder)
    drawn += draw_adsorptions(documents, folder)
    drawn += draw_electronics(documents, folder)
    return drawn


def draw_campaign(documents: Iterable[dict[str, Any]], folder: Path, published: str | None) -> list[Path]:
    """Draw every hull and voltage curve among documents of one campaign; return the files.

    A figure that cannot be drawn is skipped, and one line on standard error says why: the calculations are done, and
    one figure less is no reason to fail.

    Parameters
    ----------
    documents
        What a run derived.
    folder
        Where figures go, made where it is missing.
    published
        Paper whose values are drawn over those that it has values for.
    """
    from lianode.cli.plot_hull import draw

    folder.mkdir(parents=True, exist_ok=True)
    drawable = sorted((d for d in documents if d["property"] in KINDS), key=_order)
    several = {system: len({d["engine"] for d in drawable if d["system"] == system}) > 1
               for system in {d["system"] for d in drawable}}  # fmt: skip
    files: list[Path] = []
    for _, group in groupby(drawable, key=lambda document: _order(document)[:-1]):
        variants = list(group)
        first = variants[0]
        name = _name(first, engine=several[first["system"]])
        try:
            overlay = _overlay(published, first["property"], first["system"])
            files += draw(first["property"], variants, folder / name, published=overlay)
        except InputError as error:
            click.echo(f"no figure {name}: {error.message}", err=True)
            continue
        if overlay != published:
            click.echo(f"figure {name}: {published} has no values to draw over it", err=True)
    return files


def draw_migrations(
    documents: Iterable[dict[str, Any]], results: ResultsStore, folder: Path, published: str | None
) -> list[Path]:
    """Draw the barriers of a campaign by phase, and the energy along the percolating path of each; return the files.

    Parameters
    ----------
    documents, folder, published
        As of :func:`draw_campaign`.
    results
        Store that holds the hops.
    """
    from lianode.analysis.compare.published import published as published_values
    from lianode.analysis.plots.migration import PUBLISHED
    from lianode.cli.plot_migration import draw_migration

    across = [document for document in documents if document["property"] == "migration"]
    if not across:
        return []
    campaign = across[0]["campaign"]
    figures: list[tuple[str, str, dict[str, Any]]] = [("barriers", "barriers", {"phase": None, "engines": ()})]
    engines = {document["engine"] for document in across}
    for document in sorted(across, key=lambda one: (one["phase"], one["engine"])):
        name = f"path-{document['phase']}" + (f"-{engine_name(document['engine'])}" if len(engines) > 1 else "")
        figures.append(("path", name, {"phase": document["phase"], "engines": (document["engine"],)}))
    has_barriers = published is not None and PUBLISHED in published_values(published)
    files: list[Path] = []
    for kind, name, chosen in figures:
        files += unless_impossible(
            name,
            draw_migration,
            kind,
            results,
            folder / name,
            hop=None,
            campaign=campaign,
            system=None,
            size="column",
            published=published if kind == "barriers" and has_barriers else None,
            **chosen,
        )
    return files


def draw_interfaces(documents: Iterable[dict[str, Any]], results: ResultsStore, folder: Path) -> list[Path]:
    """Draw g(r), bonds and the frames of each run of an interface in a campaign; return the files.

    Parameters
    ----------
    documents, folder
        As of :func:`draw_campaign`.
    results
        Store that holds them.
    """
    from lianode.cli.plot_interface import PROPERTIES, draw_interface

    runs = [document for document in documents if document["property"] in PROPERTIES.values()]
    several = {word: len({run[word] for run in runs}) > 1 for word in ("engine", "temperature")}
    drawn = sorted(
        {
            (run["interface"], run["engine"], run["temperature"], run["campaign"], kind)
            for run in runs
            for kind in INTERFACE_KINDS
            if PROPERTIES[kind] == run["property"]
        }
    )
    files: list[Path] = []
    for interface, engine, temperature, campaign, kind in drawn:
        parts = [kind, file_name(interface)]
        parts += [engine_name(engine)] if several["engine"] else []
        parts += [f"{temperature:g}K"] if several["temperature"] else []
        name = "-".join(parts)
        files += unless_impossible(
            name,
            draw_interface,
            kind,
            results,
            folder / name,
            interface=interface,
            engines=(engine,),
            campaign=campaign,
            temperature=temperature,
        )
    return files


def _order(document: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what makes a figure, and last what its variants differ in."""
    settings = document["settings"]
    return (
        document["system"],
        settings.get("entry", 1),
        document["property"],
        document["engine"],
        settings.get("temperature") or 0.0,
        settings.get("hull_tolerance") or 0.0,
    )


def _name(document: Mapping[str, Any], *, engine: bool) -> str:
    """Return the name of a figure's file; what goes without saying is left out."""
    settings = document["settings"]
    parts = [document["property"], document["system"]]
    entry = settings.get("entry", 1)
    parts += [str(entry)] if entry > 1 else []
    parts += [engine_name(document["engine"])] if engine else []
    parts += [f"{settings['temperature']:g}K"] if settings.get("temperature") else []
    return "-".join(parts)


def _overlay(paper: str | None, kind: str, system: str) -> str | None:
    """Return the paper where it has values to draw over this figure."""
    from lianode.analysis.compare.published import published

    if paper is None or system not in published(paper).get(kind, {}).get("systems", {}):
        return None
    return paper
