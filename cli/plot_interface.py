"""Figures of interface molecular dynamics from stored documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lianode.cli.file_names import file_name
from lianode.structures.errors import InputError, nearest

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.analysis.plots.style import SizeName
    from lianode.cli.plot_wanted import Wanted
    from lianode.hpc.store import ResultsStore

PROPERTIES = {
    "rdf": "rdf",
    "similarity": "rdf",
    "bonds": "bonds",
    "snapshots": "interface_md",
    "profiles": "motion",
    "displacements": "motion",
}
"""Property whose document a figure is drawn from."""
KINDS = tuple(PROPERTIES)


def plot_interface(results: ResultsStore, wanted: Wanted) -> list[Path]:
    """Draw what ``lianode plot`` was asked for; return the files."""
    return draw_interface(
        wanted.kind,
        results,
        wanted.target(wanted.system, wanted.interface and file_name(wanted.interface)),
        interface=wanted.interface,
        engines=wanted.engines,
        campaign=wanted.campaign,
        system=wanted.system,
        temperature=wanted.temperature,
        layer=wanted.layer,
        size=wanted.size,
    )


def draw_interface(
    kind: str,
    results: ResultsStore,
    target: Path,
    *,
    interface: str | None,
    engines: tuple[str, ...] = (),
    campaign: str | None = None,
    system: str | None = None,
    temperature: float | None = None,
    layer: int | None = None,
    size: SizeName = "column",
) -> list[Path]:
    """Draw one figure of an interface, with the data beside it; return the files.

    Parameters
    ----------
    kind
        One of :data:`KINDS`.
    results
        The store.
    target
        Of the figure.
    interface
        As documents call it: ``In(001)/Li6PS5Cl(001)``; None where there is but one.
    engines, campaign, system, temperature
        Narrow the choice.
    layer
        Of an RDF that was counted in layers, from 1 at the bottom.
    size
        Journal column or slide.

    Raises
    ------
    InputError
        When there is nothing to draw, or more than one thing; for a layer of another figure.
    """
    from lianode.analysis.plots.bonds import bonds_figure
    from lianode.analysis.plots.data import write_data
    from lianode.analysis.plots.motion import displacement_figure, profiles_figure
    from lianode.analysis.plots.rdf import rdf_evolution_figure, similarity_figure
    from lianode.analysis.plots.snapshots import snapshots_figure
    from lianode.analysis.plots.style import save

    if layer is not None and PROPERTIES[kind] != "rdf":
        raise InputError("layers are of `lianode plot rdf` and `similarity`", "--layer")
    document = select_run(
        results, PROPERTIES[kind], interface=interface, engines=engines, campaign=campaign, system=system,
        temperature=temperature,
    )  # fmt: skip
    match kind:
        case "rdf":
            figure = rdf_evolution_figure(document, layer=layer, size=size)
        case "similarity":
            figure = similarity_figure(document, layer=layer, size=size)
        case "bonds":
            figure = bonds_figure(document, size=size)
        case "snapshots":
            figure = snapshots_figure(document, size=size)
        case "profiles":
            figure = profiles_figure(document, size=size)
        case _:
            figure = displacement_figure(document, size=size)
    return [*save(figure, target), write_data([document], target)]


def select_run(
    results: ResultsStore,
    name: str,
    *,
    interface: str | None,
    engines: tuple[str, ...],
    campaign: str | None,
    system: str | None,
    temperature: float | None,
) -> dict[str, Any]:
    """Return the newest document of the one run that is meant.

    Raises
    ------
    InputError
        When there is none, or they are of several interfaces, campaigns, engines or temperatures and none is named.
    """
    there = sorted(
        results.query(property=name, engine=engines or None, campaign=campaign, system=system),
        key=lambda document: document["created"],
    )
    interfaces = sorted({document["interface"] for document in there})
    found = [
        document
        for document in there
        if interface in {None, document["interface"]} and temperature in {None, document["temperature"]}
    ]
    if not found:
        what = "none" if temperature is None else f"none at {temperature:g} K"
        close = nearest(interface, interfaces) if interface is not None and interface not in interfaces else ""
        raise InputError(
            f"the store has {what}{close}; it has {name} of: {', '.join(interfaces) or 'nothing yet'}",
            f"{name} of {interface}" if interface is not None else name,
        )
    for word, option in (
        ("interface", "--interface"),
        ("campaign", "--campaign"),
        ("engine", "--engine"),
        ("temperature", "--temperature"),
    ):
        values = sorted({document[word] for document in found})
        if len(values) > 1:
            written = [f'{option} "{value}"' if word == "interface" else f"{option} {value}" for value in values]
            raise InputError(f"several {word}s fit; add {' or '.join(written)}", name)
    return found[-1]
