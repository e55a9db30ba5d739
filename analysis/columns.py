"""CSV files whose first line names the columns, units included: measured numbers read, cells written."""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING, Any

from lianode.structures.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

LARGEST_FILE_MB = 50
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

Line = tuple[int, str]
"""Number of a line in its file, counted from 1, and its text."""


def spreadsheet_safe(cell: Any) -> Any:
    """Return a cell of a CSV file; text that a spreadsheet would run as a formula begins with an apostrophe.

    Numbers stay as they are, negative ones too. See
    https://owasp.org/www-community/attacks/CSV_Injection, which names the characters.
    """
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def csv_lines(path: Path, kind: str) -> list[Line]:
    """Return the lines of a file that are not empty and do not start with ``#``.

    Parameters
    ----------
    path
        A text file.
    kind
        What it should be, for messages: ``voltage curve``.

    Raises
    ------
    InputError
        Where it cannot be read, is too large, or has no such line.
    """
    try:
        if path.stat().st_size > LARGEST_FILE_MB * 1_000_000:
            raise InputError(f"larger than {LARGEST_FILE_MB} MB; that is no {kind}", str(path))
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("no text file; a CSV file in UTF-8 is needed", str(path)) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", str(path)) from None
    numbered = [
        (number, line)
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not numbered:
        raise InputError("empty; a line of column names and lines of numbers are needed", str(path))
    return numbered


def column_names(line: Line) -> list[str]:
    """Return the names in a header."""
    return [name.strip() for name in next(csv.reader([line[1]]))]


def rename_hint(wanted: str, header: Iterable[str], known: Collection[str]) -> str:
    """Return the hint `` (rename 'voltage' to 'voltage_V')`` for the nearest other column, or an empty string."""
    close = nearest(wanted, [name for name in header if name not in known])
    return close.replace("did you mean", "rename").replace("?", f" to '{wanted}'") if close else ""


def row_numbers(line: str, columns: Mapping[str, int], where: str, *, signed: Collection[str] = ()) -> dict[str, float]:
    """Return the numbers of one line by column.

    Parameters
    ----------
    line
        Text.
    columns
        Position of each column that is wanted.
    where
        File and line, for messages.
    signed
        Columns that may be below zero.

    Raises
    ------
    InputError
        Where a cell is missing, no number, or below zero.
    """
    cells = next(csv.reader([line]))
    values = {}
    for name, position in columns.items():
        if position >= len(cells):
            raise InputError(f"{len(cells)} columns; '{name}' is column {position + 1}", where)
        try:
            value = float(cells[position])
        except ValueError:
            raise InputError(f"'{cells[position].strip()}' in column '{name}' is no number", where) from None
        if not math.isfinite(value) or (name not in signed and value < 0):
            needed = "a number" if name in signed else "a number of 0 or more"
            raise InputError(f"{value} in column '{name}'; it has to be {needed}", where)
        values[name] = value
    return values
