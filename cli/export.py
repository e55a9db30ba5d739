"""``lianode export``: results for other programs, and archives of them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lianode.cli.project import open_results, project_option
from lianode.cli.selection import query_words, selection_options
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lianode.hpc.store import ResultsStore

_FILE = click.Path(path_type=Path)


@click.command("export", short_help="Write results as ASE database, pymatgen entries, extended XYZ or an archive.")
@click.argument("property_name", metavar="[PROPERTY]", required=False)
@project_option
@selection_options
@click.option("--ase-db", type=_FILE, help="ASE database (.db) of structures, energies and key-value pairs.")
@click.option("--entries", type=_FILE, help="pymatgen ComputedStructureEntry objects as JSON.")
@click.option("--extxyz", type=_FILE, help="Structures, energies, forces and stresses to train potentials on.")
@click.option("--archive", type=_FILE, help="All documents with checksums in one .tar.gz file, to cite and import.")
@click.option("--campaign-file", multiple=True, type=_FILE, help="Campaign file to put into the archive too.")
@click.option("--figures", is_flag=True, help="Draw the figures of the campaigns into the archive.")
def command(
    property_name: str | None,
    project: Path | None,
    ase_db: Path | None,
    entries: Path | None,
    extxyz: Path | None,
    archive: Path | None,
    campaign_file: tuple[Path, ...],
    figures: bool,
    **chosen: Any,
) -> None:
    """Export results of PROPERTY, or of all, and the calculations behind them; the words are those of `lianode query`.

    A file that is there is not replaced. Energies are in eV, forces in eV/Å, stresses in eV/Å³. Entries and extended
    XYZ hold energies of one method only. Results of a rehearsal are never exported.

    An archive holds property documents and calculations, the campaign files that lie beside lianode.toml and those that
    are named, versions and checksums; `lianode import` reads it. Equal results give equal bytes.
    """
    if not any((ase_db, entries, extxyz, archive)):
        raise InputError("say what to write: --ase-db, --entries, --extxyz or --archive, each with a file")
    if (figures or campaign_file) and archive is None:
        raise InputError("figures and campaign files go into an archive: add --archive FILE.tar.gz")
    results, file = open_results(project)
    words = query_words(property_name, chosen)
    if ase_db or entries or extxyz:
        _write_structures(results, words, ase_db=ase_db, entries=entries, extxyz=extxyz)
    if archive is not None:
        _write_archive(results, words, archive, file.parent, campaigns=campaign_file, figures=figures)


def _write_structures(
    results: ResultsStore,
    words: Mapping[str, Any],
    *,
    ase_db: Path | None,
    entries: Path | None,
    extxyz: Path | None,
) -> None:
    from lianode.hpc.export.ase_database import write_ase_database
    from lianode.hpc.export.entries import write_entries
    from lianode.hpc.export.extxyz import write_extxyz
    from lianode.hpc.export.selected import select

    chosen = select(results, words)
    for target, write, unit in (
        (ase_db, write_ase_database, "structures"),
        (entries, write_entries, "entries"),
        (extxyz, write_extxyz, "structures"),
    ):
        if target is not None:
            click.echo(f"wrote {target}: {write(results, chosen, target)} {unit}")
    if chosen.rehearsals:
        click.echo(f"{chosen.rehearsals} results of a rehearsal were left out: no DFT was done for them", err=True)


def _write_archive(
    results: ResultsStore,
    words: Mapping[str, Any],
    target: Path,
    folder: Path,
    *,
    campaigns: tuple[Path, ...],
    figures: bool,
) -> None:
    from lianode.hpc.archive.campaigns import campaign_files, with_named
    from lianode.hpc.archive.write import write_archive

    names = {document["campaign"] for document in results.query(**{**words, "superseded": True})}
    with tempfile.TemporaryDirectory() as drawn:
        made = write_archive(
            results,
            words,
            target,
            campaigns=with_named(campaign_files(folder, names), campaigns),
            figures=_draw(results, words, Path(drawn)) if figures else (),
        )
    others = len(made.members) - 4
    click.echo(
        f"wrote {target}: {made.properties} results, {made.calculations} calculations, "
        f"{others} campaign file{'' if others == 1 else 's'} and figures"
    )


def _draw(results: ResultsStore, words: Mapping[str, Any], folder: Path) -> list[Path]:
    """Draw what `lianode run --figures` draws, for each campaign."""
    from lianode.cli.figures import draw_everything

    documents = list(results.query(**words))
    files: list[Path] = []
    for campaign in sorted({document["campaign"] for document in documents}):
        own = [document for document in documents if document["campaign"] == campaign]
        drawn = draw_everything(own, results, folder / campaign, None)
        files += [path.rename(folder / f"{campaign}-{path.name}") for path in drawn]
    return files
