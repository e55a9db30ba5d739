"""Figures of migration barriers from stored documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.structures.errors import InputError, nearest

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.analysis.plots.style import SizeName
    from lianode.cli.plot_wanted import Wanted
    from lianode.hpc.store import ResultsStore

KINDS = ("barriers", "path", "hop")


def plot_migration(results: ResultsStore, wanted: Wanted) -> list[Path]:
    """Draw what ``lianode plot`` was asked for; return the files."""
    return draw_migration(
        wanted.kind,
        results,
        wanted.target(wanted.system, wanted.phase, wanted.hop),
        phase=wanted.phase,
        hop=wanted.hop,
        engines=wanted.engines,
        campaign=wanted.campaign,
        system=wanted.system,
        published=wanted.published,
        size=wanted.size,
    )


def draw_migration(
    kind: str,
    results: ResultsStore,
    target: Path,
    *,
    phase: str | None,
    hop: str | None,
    engines: tuple[str, ...],
    campaign: str | None,
    system: str | None,
    published: str | None,
    size: SizeName,
) -> list[Path]:
    """Draw barriers by phase, the percolating path of a phase, or one hop, with the data beside it; return the files.

    Parameters
    ----------
    kind
        One of :data:`KINDS`.
    results
        The store.
    target
        Of the figure.
    phase, hop
        Of a path or a hop; label of the hop.
    engines, campaign, system
        Narrow the choice.
    published
        Paper whose barriers are drawn beside those of phases.
    size
        Journal column or slide.

    Raises
    ------
    InputError
        When there is nothing to draw, or more than one thing.
    """
    from lianode.analysis.plots.data import write_data
    from lianode.analysis.plots.migration import barriers_figure, hop_figure, percolating_path_figure
    from lianode.analysis.plots.style import save

    chosen: dict[str, Any] = {"engine": engines or None, "campaign": campaign, "system": system}
    if kind == "barriers":
        documents = _some(results, "migration", phase=phase, **chosen)
        return [*save(barriers_figure(documents, paper=published, size=size), target), write_data(documents, target)]
    if phase is None:
        raise InputError(f"say which phase: lianode plot {kind} --phase LiIn", "--phase")
    if kind == "path":
        (across,) = _one_each(_some(results, "migration", phase=phase, **chosen))
        hops = _some(results, "barrier", phase=phase, **chosen)
        figure = percolating_path_figure(across, [d for d in hops if d["key"] in _keys(across)], size=size)
        return [*save(figure, target), write_data([across], target)]
    hops = _some(results, "barrier", phase=phase, **chosen)
    labels = list(dict.fromkeys(document["hop"] for document in hops))
    if hop is None and len(labels) > 1:
        raise InputError(f"say which hop with --hop: {', '.join(labels)}", f"hop of {phase}")
    if hop is not None and hop not in labels:
        raise InputError(f"there is no hop '{hop}'{nearest(hop, labels)}; there are {', '.join(labels)}", phase)
    (one,) = _one_each([document for document in hops if hop in {None, document["hop"]}])
    return [*save(hop_figure(one, size=size), target), write_data([one], target)]


def _some(results: ResultsStore, name: str, **words: Any) -> list[dict[str, Any]]:
    """Return the stored documents of a property, the newest of each question."""
    newest = {
        (d["phase"], d.get("hop"), d["engine"], d["campaign"], d["mechanism"]): d
        for d in sorted(results.query(property=name, **words), key=lambda d: d["created"])
    }
    if not newest:
        have = sorted({d["phase"] for d in results.query(property=name)})
        raise InputError(f"the store has none; it has barriers of: {', '.join(have) or 'nothing yet'}", name)
    return list(newest.values())


def _one_each(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the only document.

    Raises
    ------
    InputError
        When there are several, with what tells them apart.
    """
    if len(documents) > 1:
        engines, campaigns = ({d[word] for d in documents} for word in ("engine", "campaign"))
        words = [f"--engine {name}" for name in sorted(engines)] if len(engines) > 1 else []
        words += [f"--campaign {name}" for name in sorted(campaigns)] if len(campaigns) > 1 else []
        what = f"add {' or '.join(words)}" if words else "they are of several mechanisms; use a campaign for each"
        raise InputError(f"several results fit; {what}", documents[0]["phase"])
    return documents


def _keys(across: dict[str, Any]) -> set[str]:
    return {row["barrier_key"] for row in across["hops"]}
