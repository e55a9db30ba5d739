"""Property documents as a table: one row each, a column for every field that holds a single value.

Units are those of the documents: a column's name ends in its unit where that is not eV, Å or K.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lianode.analysis.method import MethodKey
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd
    import pyarrow as pa

    Row = dict[str, Any]

FIRST: Final = ("key", "property", "system", "phase", "engine", "campaign")
LAST: Final = ("completeness", "flagged", "failed_checks", "missing", "created", "superseded_by", "method")
"""Columns that every row has, before and behind the values."""
_ELSEWHERE: Final = frozenset({*FIRST, *LAST, "schema_version", "settings", "calculations", "checks", "derivation"})


def table_row(document: Mapping[str, Any]) -> Row:
    """Return a property document as one row.

    Fields with a number, a text, true or false stay as they are; lists and objects of text are joined by blanks, as
    ``Li=Li_bcc In=In_bct``; other lists and objects are left out. Settings of the analysis are columns such as
    ``settings.temperature``, the method is its label, and the names of failed checks stand in ``failed_checks``.
    """
    row: Row = {name: document.get(name) for name in FIRST}
    row |= _single(document, prefix="", leave_out=_ELSEWHERE)
    row |= _single(document.get("settings", {}), prefix="settings.")
    failed = dict.fromkeys(check["name"] for check in document.get("checks", ()) if check["passed"] is False)
    return row | {
        "completeness": document.get("completeness"),
        "flagged": document.get("flagged"),
        "failed_checks": " ".join(failed) or None,
        "missing": " ".join(document.get("missing", ())) or None,
        "created": document.get("created") or None,
        "superseded_by": document.get("superseded_by"),
        "method": MethodKey.model_validate(document["method"]).label,
    }


def table_columns(rows: Iterable[Row]) -> list[str]:
    """Return the columns of rows: what the result is, its values, its settings, and how far it is to be trusted."""
    names = dict.fromkeys(name for row in rows for name in row)
    between = [name for name in names if name not in {*FIRST, *LAST}]
    between.sort(key=lambda name: name.startswith("settings."))  # stable: fields keep the order of their documents
    return [*FIRST, *between, *LAST]


def data_frame(documents: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return property documents as a pandas DataFrame, one row each."""
    import pandas as pd

    rows = [table_row(document) for document in documents]
    return pd.DataFrame.from_records(rows, columns=table_columns(rows))


def write_parquet(rows: Sequence[Row], file: Path) -> None:
    """Write rows of :func:`table_row` as a Parquet file, which appears when it is whole.

    A column whose values are of several kinds is one of text. ``lianode_version`` stands in the file's metadata.

    Raises
    ------
    InputError
        Where pyarrow is not installed, or the file cannot be written.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise InputError("Parquet files need pyarrow: pip install 'lianode[parquet]'", str(file)) from None
    from importlib.metadata import version

    columns = table_columns(rows)
    arrays = [_column([row.get(name) for row in rows], pa) for name in columns]
    table = pa.Table.from_arrays(arrays, names=columns, metadata={"lianode_version": version("lianode")})
    try:
        handle, temporary = tempfile.mkstemp(prefix=".new-", dir=file.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                pq.write_table(table, stream)
            Path(temporary).replace(file)
        except BaseException:
            with suppress(FileNotFoundError):
                Path(temporary).unlink()
            raise
    except OSError as error:
        raise InputError(f"the file cannot be written: {error.strerror or error}", str(file)) from error


def _single(values: Mapping[str, Any], *, prefix: str, leave_out: frozenset[str] = frozenset()) -> Row:
    """Return the fields that fit into a cell."""
    return {
        f"{prefix}{name}": cell
        for name, value in values.items()
        if name not in leave_out and (cell := _cell(value)) is not _NO_CELL
    }


_NO_CELL: Final = object()


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
        return " ".join(value) or None
    if isinstance(value, dict) and all(isinstance(entry, str) for entry in value.values()):
        return " ".join(f"{name}={entry}" for name, entry in value.items()) or None
    return _NO_CELL


def _column(values: Sequence[Any], arrow: Any) -> pa.Array:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return arrow.array(values, arrow.bool_())
    if kinds == {int}:
        return arrow.array(values, arrow.int64())
    if kinds and kinds <= {int, float}:
        return arrow.array([None if value is None else float(value) for value in values], arrow.float64())
    return arrow.array([None if value is None else str(value) for value in values], arrow.string())
