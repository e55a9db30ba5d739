"""The figures of a campaign, drawn in one go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.hpc.store import ResultsStore
    from lianode.workflows.plan import CampaignPlan


def draw_campaign(plan: CampaignPlan, results: ResultsStore, folder: Path, published: str | None) -> list[Path]:
    """Draw hull and voltage curve of every system, engine and temperature of a campaign; return the files.

    Parameters
    ----------
    plan
        Of the campaign.
    results
        Store with its documents.
    folder
        Where figures go, made where it is missing.
    published
        Paper whose values are drawn over them.
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
                except InputError:
                    continue  # a system without lithium has no voltage curve; a failed hull has no figure
                files += draw(kind, documents, folder / name, published=published)
    return files
