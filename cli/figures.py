"""The figures of a campaign, drawn in one go."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

KINDS = ("hull", "voltage")


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
    from lianode.cli.plot import draw

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


def _order(document: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what makes a figure, and last what its variants differ in."""
    settings = document["settings"]
    return (
        document["system"],
        settings["entry"],
        document["property"],
        document["engine"],
        settings.get("temperature") or 0.0,
        settings.get("hull_tolerance") or 0.0,
    )


def _name(document: Mapping[str, Any], *, engine: bool) -> str:
    """Return the name of a figure's file; what goes without saying is left out."""
    settings = document["settings"]
    parts = [document["property"], document["system"]]
    parts += [str(settings["entry"])] if settings["entry"] > 1 else []
    parts += [document["engine"].replace(":", "-")] if engine else []
    parts += [f"{settings['temperature']:g}K"] if settings.get("temperature") else []
    return "-".join(parts)


def _overlay(paper: str | None, kind: str, system: str) -> str | None:
    """Return the paper where it has values to draw over this figure."""
    from lianode.analysis.published import published

    if paper is None or system not in published(paper).get(kind, {}).get("systems", {}):
        return None
    return paper
