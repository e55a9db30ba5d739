"""Figures of surfaces from stored documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.cli.drawing import OF_A_RUN, PHASES, refuse_several, unless_impossible
from lianode.cli.file_names import engine_name
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from lianode.analysis.plots.style import SizeName
    from lianode.cli.plot_wanted import Wanted
    from lianode.hpc.store import ResultsStore

KINDS = ("surface", "wulff")


def plot_surface(results: ResultsStore, wanted: Wanted) -> list[Path]:
    """Draw what ``lianode plot`` was asked for; return the files."""
    found = select_surfaces(
        wanted.kind,
        results,
        phase=wanted.phase,
        engines=wanted.engines,
        campaign=wanted.campaign,
        system=wanted.system,
        entry=wanted.entry,
    )
    return draw_surface(wanted.kind, found, wanted.target(found[0]["phase"]), size=wanted.size)


def draw_surface(
    kind: str, documents: Sequence[dict[str, Any]], target: Path, *, size: SizeName = "column"
) -> list[Path]:
    """Draw the surface energies of one phase, or its shape, with the data beside it; return the files.

    Parameters
    ----------
    kind
        One of :data:`KINDS`.
    documents
        Of :func:`select_surfaces`.
    target, size
        File without ending, and the figure's size.

    Raises
    ------
    InputError
        When there is nothing to draw.
    """
    from lianode.analysis.plots.data import write_data
    from lianode.analysis.plots.style import save
    from lianode.analysis.plots.surface import surface_figure, wulff_figure

    figure = surface_figure(documents, size=size) if kind == "surface" else wulff_figure(documents[0], size=size)
    return [*save(figure, target), write_data(list(documents), target)]


def select_surfaces(
    kind: str,
    results: ResultsStore,
    *,
    phase: str | None,
    engines: tuple[str, ...] = (),
    campaign: str | None = None,
    system: str | None = None,
    entry: int | None = None,
) -> list[dict[str, Any]]:
    """Return the documents of one phase, engine, campaign and entry.

    Parameters
    ----------
    kind
        ``surface``: one per termination. ``wulff``: a single one.
    results
        The store.
    phase
        Name or formula; may be left out where there is one.
    engines, campaign, system, entry
        Narrow the choice.

    Raises
    ------
    InputError
        When there is nothing to draw, or too many things.
    """
    stored = list(results.query(property=kind, engine=engines or None, campaign=campaign, system=system))
    found = [
        document
        for document in stored
        if (phase is None or phase in (document["phase"], document["formula"]))
        and entry in (None, document["settings"].get("entry", 1))
    ]
    if not found:
        have = ", ".join(sorted({document["phase"] for document in stored}))
        raise InputError(f"the store has none; it has {have or 'nothing yet'}", kind)
    refuse_several(found, kind, PHASES, *OF_A_RUN)
    entries = sorted({document["settings"].get("entry", 1) for document in found})
    if len(entries) > 1:
        raise InputError(f"{len(entries)} entries of the campaign; add --entry 1 up to {entries[-1]}", kind)
    return found


def draw_surfaces(documents: Iterable[dict[str, Any]], folder: Path) -> list[Path]:
    """Draw the surface energies and the shape of every phase of a campaign; return the files.

    A figure that cannot be drawn is skipped, and one line on standard error says why.

    Parameters
    ----------
    documents
        What a run derived.
    folder
        Where figures go.
    """
    own = [document for document in documents if document["property"] in KINDS]
    several = {name: len({_of(one)[number] for one in own}) > 1 for number, name in enumerate(("", "engine", "entry"))}
    files: list[Path] = []
    for kind in KINDS:
        drawn = [document for document in own if document["property"] == kind]
        for group in sorted({_of(document) for document in drawn}):
            phase, engine, entry = group
            name = f"{kind}-{phase}"
            name += f"-{engine_name(engine)}" if several["engine"] else ""
            name += f"-{entry}" if several["entry"] else ""
            files += unless_impossible(
                name, draw_surface, kind, [one for one in drawn if _of(one) == group], folder / name
            )
    return files


def _of(document: dict[str, Any]) -> tuple[str, str, int]:
    return document["phase"], document["engine"], document["settings"].get("entry", 1)
