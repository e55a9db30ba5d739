"""Figures of elastic moduli from stored documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.cli.drawing import OF_A_RUN, PHASES, newest, refuse_several, unless_impossible
from lianode.cli.file_names import engine_name
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from lianode.analysis.plots.style import SizeName
    from lianode.cli.plot_wanted import Wanted
    from lianode.hpc.store import ResultsStore

KIND = "elastic"


def plot_elastic(results: ResultsStore, wanted: Wanted) -> list[Path]:
    """Draw what ``lianode plot`` was asked for; return the files."""
    tensor = select_elastic(
        results, phase=wanted.phase, engines=wanted.engines, campaign=wanted.campaign, system=wanted.system
    )
    return draw_elastic(tensor, wanted.target(tensor["phase"]), size=wanted.size)


def draw_elastic(document: dict[str, Any], target: Path, *, size: SizeName = "column") -> list[Path]:
    """Draw Young's modulus of one phase by direction, with the data beside it; return the files.

    Raises
    ------
    InputError
        For a crystal that is not stable.
    """
    from lianode.analysis.plots.data import write_data
    from lianode.analysis.plots.elastic import youngs_modulus_figure
    from lianode.analysis.plots.style import save

    return [*save(youngs_modulus_figure(document, size=size), target), write_data([document], target)]


def select_elastic(
    results: ResultsStore,
    *,
    phase: str | None,
    engines: tuple[str, ...] = (),
    campaign: str | None = None,
    system: str | None = None,
) -> dict[str, Any]:
    """Return the document of one phase, engine and campaign; of several the newest.

    Parameters
    ----------
    results
        The store.
    phase
        Name or formula; may be left out where there is one.
    engines, campaign, system
        Narrow the choice.

    Raises
    ------
    InputError
        When there is nothing to draw, or too many things.
    """
    stored = list(results.query(property=KIND, engine=engines or None, campaign=campaign, system=system))
    found = [document for document in stored if phase is None or phase in (document["phase"], document["formula"])]
    if not found:
        have = ", ".join(sorted({document["phase"] for document in stored}))
        raise InputError(f"the store has none; it has {have or 'nothing yet'}", KIND)
    refuse_several(found, KIND, PHASES, *OF_A_RUN)
    return newest(found)


def draw_elastics(documents: Iterable[dict[str, Any]], folder: Path) -> list[Path]:
    """Draw Young's modulus of every phase of a campaign; return the files.

    A figure that cannot be drawn is skipped, and one line on standard error says why.

    Parameters
    ----------
    documents
        What a run derived.
    folder
        Where figures go.
    """
    tensors = [document for document in documents if document["property"] == KIND]
    several = len({document["engine"] for document in tensors}) > 1
    files: list[Path] = []
    for document in tensors:
        name = f"{KIND}-{document['phase']}" + (f"-{engine_name(document['engine'])}" if several else "")
        files += unless_impossible(name, draw_elastic, document, folder / name)
    return files
