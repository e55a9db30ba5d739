"""Figures of interface energies from stored documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.cli.drawing import newest, unless_impossible
from lianode.cli.file_names import file_name
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from lianode.analysis.plots.style import SizeName
    from lianode.cli.plot_wanted import Wanted
    from lianode.hpc.store import ResultsStore

KIND = "interface_energy"


def plot_interface_energy(results: ResultsStore, wanted: Wanted) -> list[Path]:
    """Draw what ``lianode plot`` was asked for; return the files."""
    series = select_interface_energy(
        results, interface=wanted.interface, engines=wanted.engines, campaign=wanted.campaign
    )
    return draw_interface_energy(series, wanted.target(file_name(series["interface"])), size=wanted.size)


def draw_interface_energy(document: dict[str, Any], target: Path, *, size: SizeName = "column") -> list[Path]:
    """Draw the series of one interface, with the data beside it; return the files."""
    from lianode.analysis.plots.data import write_data
    from lianode.analysis.plots.interface_energy import interface_energy_figure
    from lianode.analysis.plots.style import save

    return [*save(interface_energy_figure(document, size=size), target), write_data([document], target)]


def select_interface_energy(
    results: ResultsStore, *, interface: str | None, engines: tuple[str, ...] = (), campaign: str | None = None
) -> dict[str, Any]:
    """Return the newest document of one interface.

    Raises
    ------
    InputError
        When there is nothing to draw, or several interfaces are there.
    """
    stored = list(results.query(property=KIND, engine=engines or None, campaign=campaign))
    found = [document for document in stored if interface is None or interface == document["interface"]]
    names = sorted({document["interface"] for document in (found or stored)})
    if not found:
        raise InputError(f"the store has none; it has {', '.join(names) or 'nothing yet'}", KIND)
    if len(names) > 1:
        raise InputError(f"several interfaces; add --interface {' or --interface '.join(map(repr, names))}", KIND)
    return newest(found)


def draw_interface_energies(documents: Iterable[dict[str, Any]], folder: Path) -> list[Path]:
    """Draw every interface energy of a campaign; return the files.

    A figure that cannot be drawn is skipped, and one line on standard error says why.
    """
    files: list[Path] = []
    for document in documents:
        if document["property"] != KIND:
            continue
        name = f"{KIND}-{file_name(document['interface'])}"
        files += unless_impossible(name, draw_interface_energy, document, folder / name)
    return files
