"""``lianode plot``: figures from stored documents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lianode.cli.plot_elastic import KIND as ELASTIC
from lianode.cli.plot_elastic import draw_elastic, select_elastic
from lianode.cli.plot_interface import KINDS as INTERFACE
from lianode.cli.plot_interface import draw_interface, file_name
from lianode.cli.plot_interface_energy import KIND as INTERFACE_ENERGY
from lianode.cli.plot_interface_energy import draw_interface_energy, select_interface_energy
from lianode.cli.plot_migration import KINDS as MIGRATION
from lianode.cli.plot_migration import draw_migration
from lianode.cli.plot_reactivity import KIND as REACTIVITY
from lianode.cli.plot_reactivity import draw_reactivity, select_reactions
from lianode.cli.plot_surface import KINDS as SURFACE
from lianode.cli.plot_surface import draw_surface, select_surfaces
from lianode.cli.project import open_results, project_option
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from lianode.analysis.plots.style import SizeName
    from lianode.analysis.voltage.measured import MeasuredCurve
    from lianode.hpc.store import ResultsStore

KINDS = ("hull", "voltage", "above-hull", *MIGRATION, *INTERFACE, REACTIVITY, ELASTIC, *SURFACE, INTERFACE_ENERGY)


@click.command("plot", short_help="Draw hulls, voltages, barriers, interfaces, reactions or moduli from the store.")
@click.argument("kind", type=click.Choice(KINDS))
@project_option
@click.option("--system", help="Chemical system, such as Li-In; needed for hulls and voltages.")
@click.option("--phase", help="Phase whose path, hop, reaction or Young's modulus is drawn, such as LiIn.")
@click.option("--interface", help="Interface whose dynamics is drawn, such as 'In(001)/Li6PS5Cl(001)'.")
@click.option("--layer", type=click.IntRange(1), help="Layer of an RDF, counted from 1 at the bottom; default: all.")
@click.option("--hop", help="Label of the hop, such as Li1-Li1a.")
@click.option("--electrolyte", help="Electrolyte that anodes react with, such as Li6PS5Cl.")
@click.option("--voltage", type=float, help="Potential in V at which lithium is exchanged; default: closed mixture.")
@click.option("--engine", multiple=True, help="Engine; several draw the spread between models.")
@click.option("--campaign", help="Name of the campaign, where several computed this.")
@click.option("--entry", type=click.IntRange(1), help="Which of a campaign's hulls of this system, counted from 1.")
@click.option(
    "--temperature", type=float, help="Temperature in K, of a hull (default: 0 K without vibrations) or a run."
)
@click.option("--published", metavar="PAPER", help="Overlay the values of a paper, such as hansel2021.")
@click.option("--measured", type=click.Path(path_type=Path), help="CSV file of a measured curve to draw beside it.")
@click.option("--size", type=click.Choice(["column", "slide"]), default="column", help="Journal column or slide.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File; without an ending SVG, PDF and PNG.")
def command(  # noqa: PLR0912 - a branch for each kind of figure
    kind: str,
    project: Path | None,
    system: str | None,
    phase: str | None,
    interface: str | None,
    layer: int | None,
    hop: str | None,
    electrolyte: str | None,
    voltage: float | None,
    engine: tuple[str, ...],
    campaign: str | None,
    entry: int | None,
    temperature: float | None,
    published: str | None,
    measured: Path | None,
    size: Any,
    output: Path | None,
) -> None:
    """Draw KIND: hull, voltage, or above-hull (how far phases lie above the hull); barriers (of phases), path or hop.

    A path is the one over which lithium crosses a phase, a hop one of its steps; both need --phase.

    Of the dynamics of an interface: rdf, similarity (to crystals that may form), bonds, snapshots, profiles (of
    density) and displacements; --interface says which.

    reactivity draws what anodes and an electrolyte react to: one anode with --phase, all of them without.

    elastic draws Young's modulus of a phase by direction, surface the surface energies of a phase, wulff the shape that
    they give its crystals. interface_energy draws the series of an interface, which --interface names.

    Beside each figure its data are written as CSV.
    """
    from lianode.analysis.voltage.measured import read_measured

    if measured is not None and kind != "voltage":
        raise InputError("a measured curve goes with `lianode plot voltage`", "--measured")
    results, _ = open_results(project)
    if kind in MIGRATION:
        name = "-".join(filter(None, (kind, system, phase, hop)))
        target = output or Path(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        for file in draw_migration(
            kind, results, target, phase=phase, hop=hop, engines=engine, campaign=campaign, system=system,
            published=published, size=size,
        ):  # fmt: skip
            click.echo(f"wrote {file}")
        return
    if kind in INTERFACE:
        target = output or Path("-".join(filter(None, (kind, system, interface and file_name(interface)))))
        target.parent.mkdir(parents=True, exist_ok=True)
        for file in draw_interface(
            kind, results, target, interface=interface, engines=engine, campaign=campaign, system=system,
            temperature=temperature, layer=layer, size=size,
        ):  # fmt: skip
            click.echo(f"wrote {file}")
        return
    if kind == REACTIVITY:
        reactions = select_reactions(
            results, electrolyte=electrolyte, anode=phase, voltage=voltage, engines=engine, campaign=campaign,
            system=system, entry=entry,
        )  # fmt: skip
        at = None if voltage is None else f"{voltage:g}V"
        target = output or Path("-".join(filter(None, (kind, phase, reactions[0]["second"], at))))
        target.parent.mkdir(parents=True, exist_ok=True)
        for file in draw_reactivity(reactions, target, size=size):
            click.echo(f"wrote {file}")
        return
    if kind in SURFACE:
        found = select_surfaces(
            kind, results, phase=phase, engines=engine, campaign=campaign, system=system, entry=entry
        )
        target = output or Path(f"{kind}-{found[0]['phase']}")
        target.parent.mkdir(parents=True, exist_ok=True)
        for file in draw_surface(kind, found, target, size=size):
            click.echo(f"wrote {file}")
        return
    if kind == INTERFACE_ENERGY:
        series = select_interface_energy(results, interface=interface, engines=engine, campaign=campaign)
        target = output or Path(f"{kind}-{file_name(series['interface'])}")
        target.parent.mkdir(parents=True, exist_ok=True)
        for file in draw_interface_energy(series, target, size=size):
            click.echo(f"wrote {file}")
        return
    if kind == ELASTIC:
        tensor = select_elastic(results, phase=phase, engines=engine, campaign=campaign, system=system)
        target = output or Path(f"{kind}-{tensor['phase']}")
        target.parent.mkdir(parents=True, exist_ok=True)
        for file in draw_elastic(tensor, target, size=size):
            click.echo(f"wrote {file}")
        return
    if system is None:
        raise InputError(f"say which system: lianode plot {kind} --system Li-In", "--system")
    name = "voltage" if kind == "voltage" else "hull"
    documents = select(results, name, system, engines=engine, campaign=campaign, entry=entry, temperature=temperature)
    curve = None if measured is None else read_measured(measured)
    target = output or Path(f"{kind}-{system}{'' if temperature is None else f'-{temperature:g}K'}")
    target.parent.mkdir(parents=True, exist_ok=True)
    for file in draw(kind, documents, target, published=published, measured=curve, size=size):
        click.echo(f"wrote {file}")


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
