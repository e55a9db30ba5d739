"""Conditions on fields as people write them: ``energy_above_hull_per_atom<0.005``."""

from __future__ import annotations

import re
from typing import Any, Final

from lianode.structures.errors import InputError

OPERATORS: Final = {"<=": "$lte", ">=": "$gte", "!=": "$ne", "<": "$lt", ">": "$gt", "=": "$eq"}
CONDITION: Final = re.compile(r"\s*([A-Za-z_][\w.]*)\s*(<=|>=|!=|<|>|=)\s*(.+?)\s*")


def condition(text: str) -> dict[str, Any]:
    """Return the criteria that a condition such as ``energy_above_hull_per_atom<0.005`` stands for.

    Raises
    ------
    InputError
        When it is none.
    """
    match = CONDITION.fullmatch(text)
    if match is None:
        raise InputError(
            f"'{text}' is no condition; write a field, one of {' '.join(OPERATORS)}, and a value, such as stable=true",
            "--where",
        )
    field, operator, written = match.groups()
    return {field: {OPERATORS[operator]: _value(written)}}


def _value(text: str) -> Any:
    """Return a number, true, false, null, or text."""
    words = {"true": True, "false": False, "null": None}
    if text.lower() in words:
        return words[text.lower()]
    try:
        return float(text)
    except ValueError:
        return text.strip("'\"")
