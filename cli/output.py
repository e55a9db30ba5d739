"""How results are printed: tables for people, JSON and CSV for programs."""

from __future__ import annotations

import csv
import json
import sys
from typing import TYPE_CHECKING, Any, Literal

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Align = Literal["left", "right"]


def print_json(value: Any) -> None:
    """Print a value as JSON, indented."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Print rows as CSV with a header; text that a spreadsheet would run as a formula is inert."""
    from lianode.analysis.columns import spreadsheet_safe

    writer = csv.DictWriter(sys.stdout, columns, extrasaction="ignore", lineterminator="\n")
    writer.writerow({name: spreadsheet_safe(name) for name in columns})
    writer.writerows({name: spreadsheet_safe(cell) for name, cell in row.items()} for row in rows)


def print_table(
    columns: Sequence[tuple[str, Align]], rows: Iterable[Sequence[str]], *, title: str | None = None
) -> None:
    """Print a table that fits the terminal.

    Parameters
    ----------
    columns
        Heading and alignment of each.
    rows
        Cells as text.
    title
        Printed above.
    """
    console().print(table(columns, rows, title=title))


def table(columns: Sequence[tuple[str, Align]], rows: Iterable[Sequence[str]], *, title: str | None = None) -> Any:
    """Return a table that rich can print; see :func:`print_table`."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    made = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False, title_style="bold")
    for heading, align in columns:
        made.add_column(heading, justify=align)
    for row in rows:
        made.add_row(*(Text(printable(cell)) for cell in row))
    return made


def printable(text: str) -> str:
    """Return text without characters that would steer the terminal; each is written as Python writes it."""
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)


def console() -> Any:
    """Return the rich console on standard output; wide where it is no terminal, so that no cell is cut."""
    from rich.console import Console

    return Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=160)


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with so many decimals, or a dash where there is none."""
    if value is None:
        return "-"
    text = f"{value:.{digits}f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text


def duration(seconds: float) -> str:
    """Return a time as people say it."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
