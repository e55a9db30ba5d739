"""``lianode compare``: computed beside published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lianode.cli.output import number, print_csv, print_json, print_table
from lianode.cli.project import open_results, project_option

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.analysis.compare.comparison import ComparisonRow


LONGEST_NOTE = 24
"""Characters of a note that stands in its row."""


@click.command("compare", short_help="Set computed values beside those a paper published.")
@click.argument("paper")
@project_option
@click.option("--campaign", help="Use the results of this campaign only; default: all.")
@click.option("--engine", multiple=True, help="Use the results of this engine only; may be repeated.")
@click.option("--all", "everything", is_flag=True, help="Also values that nothing was computed for.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
def command(
    paper: str,
    project: Path | None,
    campaign: str | None,
    engine: tuple[str, ...],
    everything: bool,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Print every value that PAPER (such as hansel2021) published beside the computed one.

    Differences are computed less published. Nothing is tuned to shrink them; docs/compare.md explains the large ones.
    """
    from lianode.analysis.compare.compare import compare
    from lianode.analysis.method import REHEARSAL
    from lianode.structures.errors import InputError

    results, _ = open_results(project)
    wanted = [
        "hull", "voltage", "migration", "elastic", "electronic", "work_function",
        "surface", "interface_energy", "adsorption",
    ]  # fmt: skip
    found = list(results.query(property=wanted, campaign=campaign, engine=engine or None))
    documents = [document for document in found if not document["method"]["program"].endswith(REHEARSAL)]
    if found and not documents:
        raise InputError("all results that were chosen are of a rehearsal: no DFT was done, and none is compared")
    rows = compare(paper, documents)
    shown = rows if everything else [row for row in rows if row.computed is not None]
    if as_json:
        print_json([row.model_dump() for row in rows])
        return
    if as_csv:
        print_csv([row.model_dump() for row in rows], list(rows[0].model_dump()) if rows else [])
        return
    _print_compared([row for row in shown if row.published is not None], paper)
    _print_computed([row for row in shown if row.published is None])
    left_out = len(rows) - len(shown)
    if left_out:
        click.echo(f"{left_out} more published values, of which nothing is computed: add --all")
    if len(found) > len(documents):
        click.echo(f"{len(found) - len(documents)} documents of a rehearsal were refused: no DFT was done for them")
    click.echo("! a check of the computed value failed: lianode query says which")


def _print_compared(rows: list[ComparisonRow], paper: str) -> None:
    """Print what both sides have; a long note becomes a footnote."""
    notes = list(dict.fromkeys(row.note for row in rows if len(row.note) > LONGEST_NOTE))
    print_table(
        [("system", "left"), ("phase", "left"), ("quantity", "left"), ("published", "right"), ("computed", "right"),
         ("difference", "right"), ("unit", "left"), ("engine", "left"), ("", "left"), ("note", "left")],
        [
            (row.system or "", row.phase or "", row.quantity, _text(row.published, row), _text(row.computed, row),
             "" if row.difference is None else f"{row.difference:+.{_digits(row)}f}", row.unit, row.engine or "",
             "!" if row.flagged else "", f"[{notes.index(row.note) + 1}]" if row.note in notes else row.note)
            for row in rows
        ],
        title=f"published in {paper}, and computed",
    )  # fmt: skip
    for index, note in enumerate(notes, start=1):
        click.echo(f"[{index}] {note}")
    click.echo("")


def _print_computed(rows: list[ComparisonRow]) -> None:
    """Print computed values that the paper shows in a figure only, or not at all."""
    if not rows:
        return
    print_table(
        [("system", "left"), ("phase", "left"), ("quantity", "left"), ("computed", "right"), ("unit", "left"),
         ("engine", "left"), ("", "left")],
        [
            (row.system or "", row.phase or "", row.quantity, _text(row.computed, row), row.unit, row.engine or "",
             "!" if row.flagged else "")
            for row in rows
        ],
        title="computed, where the paper gives no number",
    )  # fmt: skip


def _digits(row: ComparisonRow) -> int:
    """Energies in meV and moduli in GPa need one decimal, voltages three."""
    return 1 if row.unit.startswith("meV") or row.unit == "GPa" else 3


def _text(value: float | str | None, row: ComparisonRow) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else number(value, _digits(row))
