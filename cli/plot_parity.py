"""Figures of single points beside the energies of another engine, from stored documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.cli.drawing import newest, unless_impossible
from lianode.cli.file_names import engine_name
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from lianode.analysis.plots.style import SizeName
    from lianode.cli.plot_wanted import Wanted
    from lianode.hpc.store import ResultsStore

KIND = "parity"


def plot_parity(results: ResultsStore, wanted: Wanted) -> list[Path]:
    """Draw what ``lianode plot`` was asked for; return the files."""
    compared = select_parity(
        results, system=wanted.system, phase=wanted.phase, engines=wanted.engines, campaign=wanted.campaign
    )
    return draw_parity(compared, wanted.target(compared["phase"] or compared["system"]), size=wanted.size)


def draw_parity(document: dict[str, Any], target: Path, *, size: SizeName = "column") -> list[Path]:
    """Draw one comparison, with the data beside it; return the files."""
    from lianode.analysis.plots.data import write_data
    from lianode.analysis.plots.parity import parity_figure
    from lianode.analysis.plots.style import save

    return [*save(parity_figure(document, size=size), target), write_data([document], target)]


def select_parity(
    results: ResultsStore,
    *,
    system: str | None,
    phase: str | None,
    engines: tuple[str, ...] = (),
    campaign: str | None = None,
) -> dict[str, Any]:
    """Return the newest comparison of a system, or of a phase's barriers.

    Parameters
    ----------
    results
        The store.
    system, phase
        What was compared; a phase means its barriers.
    engines
        As documents name them: ``gpaw//sevennet-0``.
    campaign
        Narrows the choice.

    Raises
    ------
    InputError
        When there is nothing to draw, or too many things.
    """
    stored = list(results.query(property=KIND, engine=engines or None, campaign=campaign))
    found = [one for one in stored if system in {None, one["system"]} and (phase == one["phase"] if phase else True)]
    if not found:
        have = ", ".join(sorted({one["phase"] or one["system"] for one in stored}))
        raise InputError(f"the store has none; it has {have or 'nothing yet'}", KIND)
    subjects = sorted({(one["system"], one["phase"] or "") for one in found})
    if len(subjects) > 1 and not (system and not phase):
        named = ", ".join(name or of for of, name in subjects)
        raise InputError(f"there are several ({named}); add --system, and --phase for barriers", KIND)
    of_hull = [one for one in found if phase or one["phase"] is None] or found
    computed = sorted({one["engine"] for one in of_hull})
    if len(computed) > 1:
        raise InputError(f"several engines computed it; add --engine {' or --engine '.join(computed)}", KIND)
    return newest(of_hull)


def draw_parities(documents: Iterable[dict[str, Any]], folder: Path) -> list[Path]:
    """Draw every comparison of a campaign; return the files.

    A figure that cannot be drawn is skipped, and one line on standard error says why.
    """
    found = [document for document in documents if document["property"] == KIND]
    several = len({document["engine"] for document in found}) > 1
    files: list[Path] = []
    for document in found:
        name = f"{KIND}-{document['phase'] or document['system']}"
        name += f"-{engine_name(document['engine'])}" if several else ""
        files += unless_impossible(name, draw_parity, document, folder / name)
    return files
