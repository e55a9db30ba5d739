"""``lianode plot``: figures from stored documents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from lianode.cli import (
    plot_adsorption,
    plot_elastic,
    plot_electronic,
    plot_hull,
    plot_interface,
    plot_interface_energy,
    plot_migration,
    plot_parity,
    plot_reactivity,
    plot_surface,
)
from lianode.cli.plot_wanted import Wanted
from lianode.cli.project import open_results, project_option
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lianode.hpc.store import ResultsStore

FIGURES: Final[dict[str, Callable[[ResultsStore, Wanted], list[Path]]]] = {
    **dict.fromkeys(plot_hull.KINDS, plot_hull.plot_hull),
    **dict.fromkeys(plot_migration.KINDS, plot_migration.plot_migration),
    **dict.fromkeys(plot_interface.KINDS, plot_interface.plot_interface),
    plot_reactivity.KIND: plot_reactivity.plot_reactivity,
    plot_elastic.KIND: plot_elastic.plot_elastic,
    **dict.fromkeys(plot_electronic.KINDS, plot_electronic.plot_electronic),
    plot_adsorption.KIND: plot_adsorption.plot_adsorption,
    **dict.fromkeys(plot_surface.KINDS, plot_surface.plot_surface),
    plot_interface_energy.KIND: plot_interface_energy.plot_interface_energy,
    plot_parity.KIND: plot_parity.plot_parity,
}
"""What draws each kind of figure; a new kind adds its own here."""


@click.command("plot", short_help="Draw hulls, voltages, barriers, interfaces, reactions or moduli from the store.")
@click.argument("kind", type=click.Choice(tuple(FIGURES)))
@project_option
@click.option("--system", help="Chemical system, such as Li-In; needed for hulls and voltages.")
@click.option("--phase", help="Phase whose path, hop, reaction or Young's modulus is drawn, such as LiIn.")
@click.option("--surface", help="Surface whose potential or sites are drawn, such as 'LiCl(001)'.")
@click.option("--interface", help="Interface whose dynamics is drawn, such as 'In(001)/Li6PS5Cl(001)'.")
@click.option("--layer", type=click.IntRange(1), help="Layer of an RDF, counted from 1 at the bottom; default: all.")
@click.option("--hop", help="Label of the hop, such as Li1-Li1a.")
@click.option("--electrolyte", help="Electrolyte that anodes react with, such as Li6PS5Cl.")
@click.option("--voltage", type=float, help="Potential in V at which lithium is exchanged; default: closed mixture.")
@click.option("--engine", "engines", multiple=True, help="Engine; several draw the spread between models.")
@click.option("--campaign", help="Name of the campaign, where several computed this.")
@click.option("--entry", type=click.IntRange(1), help="Which of a campaign's hulls of this system, counted from 1.")
@click.option(
    "--temperature", type=float, help="Temperature in K, of a hull (default: 0 K without vibrations) or a run."
)
@click.option("--published", metavar="PAPER", help="Overlay the values of a paper, such as hansel2021.")
@click.option("--measured", type=click.Path(path_type=Path), help="CSV file of a measured curve to draw beside it.")
@click.option("--size", type=click.Choice(["column", "slide"]), default="column", help="Journal column or slide.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File; without an ending SVG, PDF and PNG.")
def command(kind: str, project: Path | None, **options: Any) -> None:
    """Draw KIND: hull, voltage, or above-hull (how far phases lie above the hull); barriers (of phases), path or hop.

    A path is the one over which lithium crosses a phase, a hop one of its steps; both need --phase.

    Of the dynamics of an interface: rdf, similarity (to crystals that may form), bonds, snapshots, profiles (of
    density) and displacements; --interface says which.

    reactivity draws what anodes and an electrolyte react to: one anode with --phase, all of them without.

    elastic draws Young's modulus of a phase by direction, surface the surface energies of a phase, wulff the shape that
    they give its crystals. interface_energy draws the series of an interface, which --interface names.

    parity draws single points of one engine against the energies of the one whose structures they take.

    dos draws the density of states of a phase, potential the electrostatic potential across the slab of a --surface,
    adsorption its sites with their energies.

    Beside each figure its data are written as CSV.
    """
    if options["measured"] is not None and kind != "voltage":
        raise InputError("a measured curve goes with `lianode plot voltage`", "--measured")
    results, _ = open_results(project)
    for file in FIGURES[kind](results, Wanted(kind=kind, **options)):
        click.echo(f"wrote {file}")
