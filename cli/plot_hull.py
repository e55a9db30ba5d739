"""Figures of hulls and voltage curves from stored documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.analysis.plots.style import SizeName
    from lianode.analysis.voltage.measured import MeasuredCurve
    from lianode.cli.plot_wanted import Wanted
    from lianode.hpc.store import ResultsStore

KINDS = ("hull", "voltage", "above-hull")


def plot_hull(results: ResultsStore, wanted: Wanted) -> list[Path]:
    """Draw what ``lianode plot`` was asked for; return the files."""
    from lianode.analysis.voltage.measured import read_measured

    if wanted.system is None:
        raise InputError(f"say which system: lianode plot {wanted.kind} --system Li-In", "--system")
    documents = select(
        results,
        "voltage" if wanted.kind == "voltage" else "hull",
        wanted.system,
        engines=wanted.engines,
        campaign=wanted.campaign,
        entry=wanted.entry,
        temperature=wanted.temperature,
    )
    curve = None if wanted.measured is None else read_measured(wanted.measured)
    warm = None if wanted.temperature is None else f"{wanted.temperature:g}K"
    target = wanted.target(wanted.system, warm)
    return draw(wanted.kind, documents, target, published=wanted.published, measured=curve, size=wanted.size)


def draw(
    kind: str,
    documents: list[dict[str, Any]],
    target: Path,
    *,
    published: str | None = None,
    measured: MeasuredCurve | None = None,
    size: SizeName = "column",
) -> list[Path]:
    """Draw documents of :func:`select` and write the data beside the figure; return the files.

    Raises
    ------
    InputError
        When there is no such figure: a hull of more than three elements, published values of another system.
    """
    from lianode.analysis.plots.data import write_data
    from lianode.analysis.plots.hull import energy_above_hull_figure, hull_figure, hull_models_figure
    from lianode.analysis.plots.style import save
    from lianode.analysis.plots.ternary import ternary_hull_figure
    from lianode.analysis.plots.voltage import voltage_figure

    if kind == "voltage":
        first, *variants = documents
        figure = voltage_figure(first, variants=variants, measured=measured, paper=published, size=size)
    elif kind == "above-hull":
        figure = energy_above_hull_figure(_one(documents, kind), size=size)
    elif len(documents[0]["elements"]) == 3:
        if published is not None:
            raise InputError(f"values of {published} are drawn over hulls of two elements only", "--published")
        figure = ternary_hull_figure(_one(documents, kind), size=size)
    elif len(documents) > 1:
        figure = hull_models_figure(documents, paper=published, size=size)
    else:
        figure = hull_figure(documents[0], paper=published, size=size)
    return [*save(figure, target), write_data(documents, target)]


def select(
    results: ResultsStore,
    name: str,
    system: str,
    *,
    engines: tuple[str, ...] = (),
    campaign: str | None = None,
    entry: int | None = None,
    temperature: float | None = None,
) -> list[dict[str, Any]]:
    """Return the documents to draw: of one campaign, the newest of each engine (and each variant of a curve).

    Raises
    ------
    InputError
        When there are none, or they are of several campaigns, entries or engines and none is named.
    """
    found = [
        document
        for document in results.query(property=name, system=system, engine=engines or None, campaign=campaign)
        if document["settings"].get("temperature") == temperature
        and entry in {None, document["settings"].get("entry", 1)}
    ]
    where = f"{name} of {system}"
    if not found:
        have = sorted({document["system"] for document in results.query(property=name)})
        raise InputError(
            f"the store has none{'' if temperature is None else f' at {temperature:g} K'}; it has {name} of: "
            f"{', '.join(have) or 'nothing yet'}",
            where,
        )
    campaigns = sorted({document["campaign"] for document in found})
    if len(campaigns) > 1:
        raise InputError(f"several campaigns computed it; add --campaign {' or --campaign '.join(campaigns)}", where)
    entries = sorted({document["settings"].get("entry", 1) for document in found})
    if len(entries) > 1:
        raise InputError(f"{campaigns[0]} has {len(entries)} hulls of it; add --entry 1 up to {entries[-1]}", where)
    computed = sorted({document["engine"] for document in found})
    if len(computed) > 1 and not engines:
        raise InputError(f"several engines computed it; add --engine {' and/or --engine '.join(computed)}", where)
    newest = {(d["engine"], d["method"]["model"], d["settings"].get("hull_tolerance")): d
              for d in sorted(found, key=lambda d: d["created"])}  # fmt: skip
    return sorted(newest.values(), key=lambda d: (d["engine"], d["settings"].get("hull_tolerance") or 0.0))


def _one(documents: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    if len(documents) > 1:
        raise InputError("draw it for one engine: name it with --engine", kind)
    return documents[0]
