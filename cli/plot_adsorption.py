"""Figures of adsorption from stored documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.cli.drawing import OF_A_RUN, SURFACES, newest, refuse_several, unless_impossible
from lianode.cli.file_names import engine_name, file_name
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from lianode.analysis.plots.style import SizeName
    from lianode.cli.plot_wanted import Wanted
    from lianode.hpc.store import ResultsStore

KIND = "adsorption"


def plot_adsorption(results: ResultsStore, wanted: Wanted) -> list[Path]:
    """Draw the sites of the surface that the command names; return the files."""
    found = select_adsorption(
        results,
        surface=wanted.surface,
        phase=wanted.phase,
        engines=wanted.engines,
        campaign=wanted.campaign,
        system=wanted.system,
    )
    return draw_adsorption(found, wanted.target(file_name(found["surface"])), size=wanted.size)


def draw_adsorption(document: dict[str, Any], target: Path, *, size: SizeName = "column") -> list[Path]:
    """Draw the sites of one surface, with the data beside it; return the files.

    Raises
    ------
    InputError
        When there is nothing to draw.
    """
    from lianode.analysis.plots.adsorption import adsorption_figure
    from lianode.analysis.plots.data import write_data
    from lianode.analysis.plots.style import save

    return [*save(adsorption_figure(document, size=size), target), write_data([document], target)]


def select_adsorption(
    results: ResultsStore,
    *,
    surface: str | None,
    phase: str | None = None,
    engines: tuple[str, ...] = (),
    campaign: str | None = None,
    system: str | None = None,
) -> dict[str, Any]:
    """Return the newest document of one surface.

    Parameters
    ----------
    results
        The store.
    surface
        Such as ``Li13In3(100)``; may be left out where there is one.
    phase, engines, campaign, system
        Narrow the choice; a phase by its name or formula.

    Raises
    ------
    InputError
        When there is nothing to draw, or too many things.
    """
    stored = list(results.query(property=KIND, engine=engines or None, campaign=campaign, system=system))
    found = [
        document
        for document in stored
        if phase in (None, document["phase"], document["formula"]) and surface in (None, document["surface"])
    ]
    if not found:
        have = ", ".join(sorted({document["surface"] for document in stored}))
        raise InputError(f"the store has none; it has {have or 'nothing yet'}", KIND)
    refuse_several(found, KIND, SURFACES, *OF_A_RUN)
    return newest(found)


def draw_adsorptions(documents: Iterable[dict[str, Any]], folder: Path) -> list[Path]:
    """Draw the sites of every surface of a campaign; return the files.

    A figure that cannot be drawn is skipped, and one line on standard error says why.

    Parameters
    ----------
    documents
        What a run derived.
    folder
        Where figures go.
    """
    own = [document for document in documents if document["property"] == KIND]
    several = len({document["engine"] for document in own}) > 1
    taken: dict[str, int] = {}
    files: list[Path] = []
    for document in own:
        name = f"{KIND}-{file_name(document['surface'])}"
        name += f"-{engine_name(document['engine'])}" if several else ""
        taken[name] = taken.get(name, 0) + 1
        name += f"-{taken[name]}" if taken[name] > 1 else ""
        files += unless_impossible(name, draw_adsorption, document, folder / name)
    return files
