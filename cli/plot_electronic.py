"""Figures of densities of states and potentials from stored documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.cli.drawing import newest, unless_impossible
from lianode.cli.file_names import engine_name, file_name
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from lianode.analysis.plots.style import SizeName
    from lianode.cli.plot_wanted import Wanted
    from lianode.hpc.store import ResultsStore

PROPERTIES = {"dos": "electronic", "potential": "work_function"}
"""Property of each kind of figure."""
KINDS = tuple(PROPERTIES)


def plot_electronic(results: ResultsStore, wanted: Wanted) -> list[Path]:
    """Draw what ``lianode plot`` was asked for; return the files."""
    found = select_electronic(
        wanted.kind, results, phase=wanted.phase, surface=wanted.surface, engines=wanted.engines,
        campaign=wanted.campaign, system=wanted.system,
    )  # fmt: skip
    return draw_electronic(wanted.kind, found, wanted.target(_subject(found)), size=wanted.size)


def draw_electronic(kind: str, document: dict[str, Any], target: Path, *, size: SizeName = "column") -> list[Path]:
    """Draw one document, with the data beside it; return the files.

    Parameters
    ----------
    kind
        One of :data:`KINDS`.
    document
        Of :func:`select_electronic`.
    target, size
        File without ending, and the figure's size.

    Raises
    ------
    InputError
        When there is nothing to draw.
    """
    from lianode.analysis.plots.data import write_data
    from lianode.analysis.plots.electronic import dos_figure, potential_figure
    from lianode.analysis.plots.style import save

    figure = dos_figure(document, size=size) if kind == "dos" else potential_figure(document, size=size)
    return [*save(figure, target), write_data([document], target)]


def select_electronic(
    kind: str,
    results: ResultsStore,
    *,
    phase: str | None,
    surface: str | None,
    engines: tuple[str, ...] = (),
    campaign: str | None = None,
    system: str | None = None,
) -> dict[str, Any]:
    """Return the newest document of one phase or surface, engine and campaign.

    Parameters
    ----------
    kind
        One of :data:`KINDS`.
    results
        The store.
    phase, surface
        ``LiCl``, ``LiCl(001)``; may be left out where there is one.
    engines, campaign, system
        Narrow the choice.

    Raises
    ------
    InputError
        When there is nothing to draw, or too many things.
    """
    stored = list(results.query(property=PROPERTIES[kind], engine=engines or None, campaign=campaign, system=system))
    found = [one for one in stored if phase in {None, one["phase"], one["formula"]}]
    if kind == "potential" and surface is not None:
        found = [one for one in found if surface in _names(one)]
    if not found:
        have = ", ".join(sorted({_subject(one) for one in stored}))
        raise InputError(f"the store has none; it has {have or 'nothing yet'}", kind)
    option = "--phase" if kind == "dos" else "--surface"
    for what, flag, values in (
        ("of several", option, {_subject(one) for one in found}),
        ("of several campaigns", "--campaign", {one["campaign"] for one in found}),
        ("of several engines", "--engine", {one["engine"] for one in found}),
    ):
        if len(values) > 1:
            raise InputError(f"the store has it {what}; add {flag} {f' or {flag} '.join(sorted(values))}", kind)
    return newest(found)


def draw_electronics(documents: Iterable[dict[str, Any]], folder: Path) -> list[Path]:
    """Draw every density of states and potential of a campaign; return the files.

    A figure that cannot be drawn is skipped, and one line on standard error says why.
    """
    found = [one for one in documents if one["property"] in PROPERTIES.values()]
    several = len({one["engine"] for one in found}) > 1
    files: list[Path] = []
    for kind, name_of in PROPERTIES.items():
        for document in (one for one in found if one["property"] == name_of):
            if kind == "dos" and document["density"] is None:
                continue
            name = f"{kind}-{file_name(_subject(document))}"
            name += f"-{engine_name(document['engine'])}" if several else ""
            files += unless_impossible(name, draw_electronic, kind, document, folder / name)
    return files


def _subject(document: dict[str, Any]) -> str:
    return str(document["surface"] if document["property"] == "work_function" else document["phase"])


def _names(document: dict[str, Any]) -> set[str]:
    """Return all that a surface may be called."""
    label = document["plane_label"]
    return {document["surface"], f"{document['phase']}{label}", f"{document['formula']}{label}"}
