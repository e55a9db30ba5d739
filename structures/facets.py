"""Planes of phases as people write them: ``Li(001)``, ``Li9Al4(400)``, ``In2S3(1,0,-10)``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from lianode.structures.errors import InputError

_FACET: Final = re.compile(r"(.+?)\(([^()]+)\)")
_INDEX: Final = re.compile(r"-?[0-9]")
_RIGHT: Final = "write a phase and a plane, such as Li(001)"


@dataclass(frozen=True)
class Facet:
    """A plane of a phase.

    Attributes
    ----------
    phase
        Name or formula.
    plane
        Miller indices in the phase's stored cell, as written: a common divisor stays.
    """

    phase: str
    plane: tuple[int, int, int]


def parse_facet(text: str) -> Facet:
    """Return the facet that a text means; indices of two digits are parted by commas.

    Raises
    ------
    InputError
        When it is none.
    """
    found = _FACET.fullmatch(text.strip())
    if found is None:
        raise InputError(f"'{text}' is no plane of a phase; {_RIGHT}")
    name, inside = found[1].strip(), found[2].replace(" ", "")
    if "," in inside:
        parts = inside.split(",")
        indices = [int(part) for part in parts if re.fullmatch(r"-?[0-9]{1,3}", part)]
        whole = len(indices) == len(parts)
    else:
        indices = [int(index) for index in _INDEX.findall(inside)]
        whole = "".join(_INDEX.findall(inside)) == inside
    if not whole or len(indices) != 3 or not any(indices):
        raise InputError(f"'({found[2]})' in '{text}' is no plane of a crystal; {_RIGHT}")
    return Facet(name, (indices[0], indices[1], indices[2]))
