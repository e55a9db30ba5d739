"""Quantities as a campaign file writes them: ``0.005``, ``5 meV/atom``, ``20 ps``, ``0.1 GPa``.

A bare number is in eV, Å, K, fs or V; any other unit is written out in a string. Wall-clock times and pressures have no
unit that goes without saying, so theirs is always written.

Energies and lengths follow the exact constants of the SI of 2019; Rydberg energy and Bohr radius are CODATA 2022.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, PlainSerializer

from lianode.structures.errors import InputError, nearest

ELEMENTARY_CHARGE_C: Final = 1.602176634e-19  # exact
AVOGADRO_PER_MOL: Final = 6.02214076e23  # exact
RYDBERG_EV: Final = 13.605693122990  # CODATA 2022
BOHR_ANGSTROM: Final = 0.529177210544  # CODATA 2022

_GPA_PER_EV_A3 = ELEMENTARY_CHARGE_C * 1e30 / 1e9
_KJ_PER_MOL_EV = 1e3 / AVOGADRO_PER_MOL / ELEMENTARY_CHARGE_C
_NUMBER = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\s*(.*)", re.DOTALL)
_LONGEST_SHOWN = 40

# spellings that people use for one unit, or for one part of a unit such as eV/A
_ALIASES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("A", "Ang", "ang", "angstrom", "Angstrom"), "Å"),
    **dict.fromkeys(("atoms", "at"), "atom"),
    **dict.fromkeys(("sec", "second", "seconds"), "s"),
    **dict.fromkeys(("mins", "minute", "minutes"), "min"),
    **dict.fromkeys(("hr", "hour", "hours"), "h"),
    **dict.fromkeys(("day", "days"), "d"),
    **dict.fromkeys(("kelvin", "Kelvin"), "K"),
    **dict.fromkeys(("degC", "celsius", "Celsius"), "°C"),
    **dict.fromkeys(("hartree", "Hartree"), "Ha"),
    **dict.fromkeys(("rydberg", "Rydberg"), "Ry"),
    "Bohr": "bohr",
}


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """A kind of quantity and the units it may be written in.

    Attributes
    ----------
    noun
        For messages: ``an energy per atom``.
    base
        Unit of every parsed value.
    units
        Size of each unit in the base unit.
    example
        What a user could write.
    bare
        Whether a number without a unit is taken to be in the base unit.
    offsets
        Base-unit value of the unit's zero, where that is not zero (°C).
    """

    noun: str
    base: str
    units: Mapping[str, float]
    example: str
    bare: bool = True
    offsets: Mapping[str, float] = field(default_factory=dict)


_ENERGIES = {"eV": 1.0, "meV": 1e-3, "keV": 1e3, "Ry": RYDBERG_EV, "Ha": 2 * RYDBERG_EV}

ENERGY = Dimension(
    noun="an energy",
    base="eV",
    units={**_ENERGIES, "kJ/mol": _KJ_PER_MOL_EV, "J": 1 / ELEMENTARY_CHARGE_C},
    example="500 meV",
)
ENERGY_PER_ATOM = Dimension(
    noun="an energy per atom",
    base="eV/atom",
    units={f"{unit}/atom": size for unit, size in _ENERGIES.items()},
    example="5 meV/atom",
)
LENGTH = Dimension(
    noun="a length",
    base="Å",
    units={"Å": 1.0, "nm": 10.0, "pm": 0.01, "bohr": BOHR_ANGSTROM},
    example="10 Å",
)
TEMPERATURE = Dimension(
    noun="a temperature", base="K", units={"K": 1.0, "°C": 1.0}, example="300 K", offsets={"°C": 273.15}
)
MD_TIME = Dimension(noun="a simulated time", base="fs", units={"fs": 1.0, "ps": 1e3, "ns": 1e6}, example="20 ps")
WALL_TIME = Dimension(
    noun="a wall-clock time",
    base="s",
    units={"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0},
    example="10 min",
    bare=False,
)
PRESSURE = Dimension(
    noun="a pressure or stress",
    base="GPa",
    units={"GPa": 1.0, "MPa": 1e-3, "Pa": 1e-9, "kbar": 0.1, "bar": 1e-4, "atm": 1.01325e-4, "eV/Å3": _GPA_PER_EV_A3},
    example="0.1 GPa",
    bare=False,
)
FORCE = Dimension(
    noun="a force",
    base="eV/Å",
    units={
        "eV/Å": 1.0,
        "meV/Å": 1e-3,
        "eV/nm": 0.1,
        "Ry/bohr": RYDBERG_EV / BOHR_ANGSTROM,
        "Ha/bohr": 2 * RYDBERG_EV / BOHR_ANGSTROM,
    },
    example="5 meV/Å",
)
VOLTAGE = Dimension(noun="a voltage", base="V", units={"V": 1.0, "mV": 1e-3}, example="0.6 V")
DIMENSIONS: Final = (ENERGY, ENERGY_PER_ATOM, LENGTH, TEMPERATURE, MD_TIME, WALL_TIME, PRESSURE, FORCE, VOLTAGE)


def shown(value: object) -> str:
    """Return ``value`` for a message: printable, quoted where it is text, and not longer than a line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and value.bit_length() > 256:
        return "that number"  # Python refuses to print very long ones
    if isinstance(value, (str, int, float)):
        return repr(value) if len(str(value)) <= _LONGEST_SHOWN else repr(str(value)[:_LONGEST_SHOWN]) + "..."
    if value is None:
        return "an empty value"
    return "a list" if isinstance(value, (list, tuple)) else "a mapping" if isinstance(value, Mapping) else "that value"


def parse_quantity(value: object, dimension: Dimension) -> float:
    """Return a quantity in the base unit of its dimension.

    Parameters
    ----------
    value
        A number, or a string of a number and a unit (``5 meV/atom``).
    dimension
        What is needed, such as :data:`ENERGY_PER_ATOM`.

    Returns
    -------
    float
        Finite, in ``dimension.base``.

    Raises
    ------
    InputError
        No number, not finite, a missing or unknown unit, or a unit of another dimension.
    """
    number, unit = _split(value, dimension)
    if unit:
        result = number * _size(unit, value, dimension) + dimension.offsets.get(unit, 0.0)
    elif dimension.bare:
        result = number
    else:
        raise InputError(f"{shown(value)} has no unit; {dimension.noun} needs one, such as '{dimension.example}'")
    if not math.isfinite(result):
        raise InputError(f"{shown(value)} is not a finite number; {_needed(dimension)}")
    return result


def _split(value: object, dimension: Dimension) -> tuple[float, str]:
    """Return number and unit, the unit in its usual spelling and empty where there is none."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return float(value), ""
        except OverflowError:
            return math.inf, ""
    if not isinstance(value, str):
        raise InputError(f"{shown(value)} is no quantity; {_needed(dimension)}")
    text = unicodedata.normalize("NFKC", value).replace("\N{MINUS SIGN}", "-").strip()
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise InputError(f"{shown(value)} does not start with a finite number; {_needed(dimension)}")
    if match[2].startswith(","):
        raise InputError(f"{shown(value)} has a decimal comma; write a decimal point, such as '0.5'")
    parts = [part.strip() for part in match[2].split("/")]
    return float(match[1]), "/".join(_ALIASES.get(part, part) for part in parts)


def _size(unit: str, value: object, dimension: Dimension) -> float:
    if unit in dimension.units:
        return dimension.units[unit]
    for other in DIMENSIONS:
        if unit in other.units:
            raise InputError(f"{shown(value)} is {other.noun}; {_needed(dimension)}")
    known = tuple(dimension.units)
    raise InputError(
        f"{shown(value)} has the unknown unit {shown(unit)}{nearest(unit, known)}; "
        f"{dimension.noun} is written in {', '.join(known)}"
    )


def _needed(dimension: Dimension) -> str:
    return f"{dimension.noun} is needed, such as '{dimension.example}'"


def _not_negative(value: float) -> float:
    if value < 0:
        raise InputError(f"{value:g} is negative; write 0 or more")
    return value


def _positive(value: float) -> float:
    if value <= 0:
        raise InputError(f"{value:g} is not above zero; write a positive value")
    return value


def _reader(dimension: Dimension) -> BeforeValidator:
    return BeforeValidator(lambda value: parse_quantity(value, dimension))


def _writer(dimension: Dimension) -> PlainSerializer:
    """Write the unit where a bare number could not be read back."""
    return PlainSerializer(lambda value: f"{value!r} {dimension.base}", return_type=str)


NON_NEGATIVE: Final = AfterValidator(_not_negative)
"""Sign of a field: ``Annotated[EnergyPerAtom, NON_NEGATIVE]``."""
POSITIVE: Final = AfterValidator(_positive)
"""Sign of a field: ``Annotated[Length, POSITIVE]``."""

Energy = Annotated[float, _reader(ENERGY)]
"""A pydantic field in eV."""
EnergyPerAtom = Annotated[float, _reader(ENERGY_PER_ATOM)]
"""A pydantic field in eV/atom."""
Length = Annotated[float, _reader(LENGTH)]
"""A pydantic field in Å."""
Temperature = Annotated[float, _reader(TEMPERATURE)]
"""A pydantic field in K."""
MDTime = Annotated[float, _reader(MD_TIME)]
"""A pydantic field in fs."""
WallTime = Annotated[float, _reader(WALL_TIME), _writer(WALL_TIME)]
"""A pydantic field in s; dumped as ``600.0 s``, so that a dump can be read back."""
Pressure = Annotated[float, _reader(PRESSURE), _writer(PRESSURE)]
"""A pydantic field in GPa; dumped as ``0.05 GPa``, so that a dump can be read back."""
Force = Annotated[float, _reader(FORCE)]
"""A pydantic field in eV/Å."""
Voltage = Annotated[float, _reader(VOLTAGE)]
"""A pydantic field in V."""
