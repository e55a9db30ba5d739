"""The figures of a campaign, drawn in one go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.hpc.store import ResultsStore
    from lianode.workflows.plan import CampaignPlan


def draw_campaign(plan: CampaignPlan, results: ResultsStore, folder: Path, published: str | None) -> list[Path]:
    """Draw hull and voltage curve of every system, engine and temperature of a campaign; return the files.

    A figure that cannot be drawn is skipped, and one line on standard error says why: the calculations are done, and
    one figure less is no reason to fail.

    Parameters
    ----------
    plan
        Of the campaign.
    results
        Store with its documents.
    folder
        Where figures go, made where it is missing.
    published
        Paper whose values are drawn over those that it has values for.
    """
    from lianode.cli.plot import draw, select

    folder.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    for hull in plan.hulls:
        spec = hull.spec
        several = len({other.spec.engine for other in plan.hulls if other.spec.system == spec.system}) > 1
        for temperature in dict.fromkeys((None, spec.temperature)):
            for kind in ("hull", "voltage"):
                name = "-".join(
                    [kind, spec.system, *([spec.engine.replace(":", "-")] if several else []),
                     *([f"{temperature:g}K"] if temperature is not None else [])]
                )  # fmt: skip
                try:
                    documents = select(results, kind, spec.system, (spec.engine,), spec.campaign, temperature)
                    overlay = _overlay(published, kind, spec.system)
                    files += draw(kind, documents, folder / name, published=overlay)
                except InputError as error:
                    click.echo(f"no figure {name}: {error.message}", err=True)
                    continue
                if overlay != published:
                    click.echo(f"figure {name}: {published} has no values to draw over it", err=True)
    return files


def _overlay(paper: str | None, kind: str, system: str) -> str | None:
    """Return the paper where it has values to draw over this figure."""
    from lianode.analysis.published import published

    if paper is None or system not in published(paper).get(kind, {}).get("systems", {}):
        return None
    return paper
