"""Quantities are compared with the constants of scipy and ASE, which lianode does not use for them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import ase.units
import pytest
import scipy.constants
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from lianode.structures.errors import InputError
from lianode.workflows.campaign import units
from lianode.workflows.campaign.units import (
    DIMENSIONS,
    ENERGY,
    ENERGY_PER_ATOM,
    FORCE,
    LENGTH,
    MD_TIME,
    NON_NEGATIVE,
    POSITIVE,
    PRESSURE,
    TEMPERATURE,
    WALL_TIME,
    EnergyPerAtom,
    Length,
    Pressure,
    WallTime,
    parse_quantity,
)

if TYPE_CHECKING:
    from lianode.workflows.campaign.units import Dimension


@pytest.mark.parametrize(
    ("value", "dimension", "expected"),
    [
        (0.005, ENERGY_PER_ATOM, 0.005),
        (1, ENERGY_PER_ATOM, 1.0),
        ("5e-3", ENERGY_PER_ATOM, 0.005),  # text to YAML 1.1, a number to everybody else
        ("5 meV/atom", ENERGY_PER_ATOM, 0.005),
        ("5meV / atom", ENERGY_PER_ATOM, 0.005),
        ("-3 meV/atom", ENERGY_PER_ATOM, -0.003),
        ("\N{MINUS SIGN}3 meV/atom", ENERGY_PER_ATOM, -0.003),
        ("500 meV", ENERGY, 0.5),
        ("10", LENGTH, 10.0),
        ("10 Å", LENGTH, 10.0),
        ("10 \N{ANGSTROM SIGN}", LENGTH, 10.0),
        ("10 A\N{COMBINING RING ABOVE}", LENGTH, 10.0),
        ("10 A", LENGTH, 10.0),
        ("1 nm", LENGTH, 10.0),
        ("300 K", TEMPERATURE, 300.0),
        ("25 °C", TEMPERATURE, 298.15),
        ("25 degC", TEMPERATURE, 298.15),
        (300, TEMPERATURE, 300.0),
        ("20 ps", MD_TIME, 20_000.0),
        (2, MD_TIME, 2.0),
        ("10 min", WALL_TIME, 600.0),
        ("1.5 h", WALL_TIME, 5400.0),
        ("2 days", WALL_TIME, 172_800.0),
        ("0.1 GPa", PRESSURE, 0.1),
        ("1 kbar", PRESSURE, 0.1),
        ("50 MPa", PRESSURE, 0.05),
        (0.005, FORCE, 0.005),
        ("5 meV/A", FORCE, 0.005),
        ("+.5 eV/Å", FORCE, 0.5),
    ],
)
def test_a_quantity_is_read_in_the_base_unit(value: object, dimension: Dimension, expected: float) -> None:
    assert parse_quantity(value, dimension) == pytest.approx(expected, rel=1e-12)


def test_conversions_agree_with_scipy_and_ase() -> None:
    assert parse_quantity("1 Ry", ENERGY) == pytest.approx(
        scipy.constants.value("Rydberg constant times hc in eV"), rel=1e-9
    )
    assert parse_quantity("1 Ha", ENERGY) == pytest.approx(scipy.constants.value("Hartree energy in eV"), rel=1e-9)
    assert parse_quantity("1 kJ/mol", ENERGY) == pytest.approx(ase.units.kJ / ase.units.mol, rel=1e-7)
    assert parse_quantity("1 J", ENERGY) == pytest.approx(1 / scipy.constants.e, rel=1e-12)
    assert parse_quantity("1 bohr", LENGTH) == pytest.approx(
        scipy.constants.value("Bohr radius") / scipy.constants.angstrom, rel=1e-9
    )
    assert parse_quantity("1 eV/Å³", PRESSURE) == pytest.approx(1 / ase.units.GPa, rel=1e-7)
    assert parse_quantity("1 atm", PRESSURE) == pytest.approx(scipy.constants.atm / 1e9, rel=1e-12)
    assert parse_quantity("1 Ha/bohr", FORCE) == pytest.approx(ase.units.Ha / ase.units.Bohr, rel=1e-7)
    assert parse_quantity("0 °C", TEMPERATURE) == pytest.approx(scipy.constants.zero_Celsius)


@pytest.mark.parametrize("dimension", DIMENSIONS, ids=lambda dimension: dimension.noun)
def test_every_dimension_reads_its_own_example_and_base(dimension: Dimension) -> None:
    assert math.isfinite(parse_quantity(dimension.example, dimension))
    assert parse_quantity(f"3.5 {dimension.base}", dimension) == 3.5
    assert all(parse_quantity(f"2 {unit}", dimension) is not None for unit in dimension.units)


def test_no_unit_belongs_to_two_dimensions() -> None:
    every = [unit for dimension in DIMENSIONS for unit in dimension.units]
    assert len(every) == len(set(every))


@pytest.mark.parametrize(
    ("value", "dimension", "fragment"),
    [
        ("5 GPa", ENERGY_PER_ATOM, "is a pressure or stress; an energy per atom is needed, such as '5 meV/atom'"),
        ("5 meV", ENERGY_PER_ATOM, "is an energy; an energy per atom is needed"),
        ("5 mev/atom", ENERGY_PER_ATOM, "did you mean 'meV/atom'?"),
        ("5 kcal/mol", ENERGY_PER_ATOM, "unknown unit 'kcal/mol'"),
        ("5,0 meV/atom", ENERGY_PER_ATOM, "decimal comma"),
        ("five meV/atom", ENERGY_PER_ATOM, "does not start with a finite number"),
        ("", ENERGY_PER_ATOM, "does not start with a finite number"),
        ("meV/atom", ENERGY_PER_ATOM, "does not start with a finite number"),
        ("nan", ENERGY_PER_ATOM, "does not start with a finite number"),
        ("inf eV/atom", ENERGY_PER_ATOM, "does not start with a finite number"),
        (float("nan"), LENGTH, "not a finite number"),
        (float("inf"), LENGTH, "not a finite number"),
        ("1e999 nm", LENGTH, "not a finite number"),
        ("1e308 nm", LENGTH, "not a finite number"),
        (10**400, LENGTH, "not a finite number"),
        (True, LENGTH, "true is no quantity; a length is needed, such as '10 Å'"),
        (None, LENGTH, "an empty value is no quantity"),
        ([1], LENGTH, "a list is no quantity"),
        ({}, LENGTH, "a mapping is no quantity"),
        (10, WALL_TIME, "10 has no unit; a wall-clock time needs one, such as '10 min'"),
        ("10", WALL_TIME, "has no unit"),
        ("20 ps", WALL_TIME, "is a simulated time"),
        ("10 min", MD_TIME, "is a wall-clock time"),
        (0.05, PRESSURE, "has no unit; a pressure or stress needs one, such as '0.1 GPa'"),
        ("1 Gpa", PRESSURE, "did you mean 'GPa'?"),
        ("10 - 20 K", TEMPERATURE, "unknown unit '- 20 K'"),
        ("3 eV/Å/s", FORCE, "unknown unit"),
        ("\u0665 K", TEMPERATURE, "does not start with a finite number"),
    ],
)
def test_a_bad_quantity_says_what_would_be_right(value: object, dimension: Dimension, fragment: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_quantity(value, dimension)
    assert fragment in str(caught.value)


def test_a_number_that_python_refuses_to_print() -> None:
    with pytest.raises(InputError, match="that number is not a finite number"):
        parse_quantity(10**5000, LENGTH)


def test_messages_stay_short_and_printable() -> None:
    with pytest.raises(InputError) as caught:
        parse_quantity("7 \x1b[31m" + "x" * 10_000, LENGTH)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tolerance: Annotated[EnergyPerAtom, NON_NEGATIVE] = 0.0
    length: Annotated[Length, POSITIVE] = 1.0
    limit: WallTime = 60.0
    stress: Pressure = 0.05


def test_signs_are_checked_in_the_base_unit() -> None:
    assert _Settings.model_validate({"tolerance": 0}).tolerance == 0.0
    with pytest.raises(ValidationError, match="negative"):
        _Settings.model_validate({"tolerance": "-5 meV/atom"})
    with pytest.raises(ValidationError, match="not above zero"):
        _Settings.model_validate({"length": 0})


def test_a_dump_can_be_read_back() -> None:
    settings = _Settings.model_validate({"limit": "10 min", "stress": "1 kbar", "length": "1 nm"})
    assert settings.model_dump() == {"tolerance": 0.0, "length": 10.0, "limit": "600.0 s", "stress": "0.1 GPa"}
    assert _Settings.model_validate(settings.model_dump()) == settings
    assert _Settings.model_validate_json(settings.model_dump_json()) == settings


@pytest.mark.parametrize("name", ["Energy", "EnergyPerAtom", "Length", "Temperature", "MDTime", "Force"])
def test_fields_take_bare_numbers(name: str) -> None:
    assert TypeAdapter(getattr(units, name)).validate_python(2) == 2.0
