"""Formulas: reading, writing, order of elements."""

from __future__ import annotations

import math
import warnings

import pytest
from pymatgen.core import Composition, Element

from lianode.structures.errors import InputError
from lianode.structures.formulas import (
    ELECTROPOSITIVE_ORDER,
    composition_key,
    html_formula,
    mathtext_formula,
    ordered_elements,
    parse_formula,
    parse_system,
    reduced_formula,
    system_of,
    unicode_formula,
    write_formula,
)

PAPERS = [
    "Li13In3",
    "Li17Sn4",
    "Li6PS5Cl",
    "Li5.5PS4.5Cl1.5",
    "Li2S",
    "LiCl",
    "Li3P",
    "Li9Al4",
    "In2S3",
    "InCl",
    "Al2O3",
]


@pytest.mark.parametrize("formula", PAPERS)
def test_formulas_as_the_papers_write_them_are_kept(formula):
    assert write_formula(parse_formula(formula)) == formula


@pytest.mark.parametrize("formula", PAPERS)
def test_parsing_agrees_with_pymatgen(formula):
    assert parse_formula(formula) == Composition(formula).get_el_amt_dict()


def test_lithium_comes_first_even_before_more_electropositive_elements():
    assert ordered_elements(["O", "K", "Li", "Fe"]) == ["Li", "K", "Fe", "O"]


@pytest.mark.parametrize(
    ("amounts", "formula"),
    [
        ({"In": 24, "Li": 104}, "Li13In3"),
        ({"Li": 2}, "Li"),
        ({"Cl": 4.0, "Li": 4.0}, "LiCl"),
        ({"Li": 5.5, "P": 1, "S": 4.5, "Cl": 1.5}, "Li5.5PS4.5Cl1.5"),
    ],
)
def test_reduced_formula(amounts, formula):
    assert reduced_formula(amounts) == formula


def test_parentheses():
    assert parse_formula("Li3(PS4)2Cl") == {"Li": 3, "P": 2, "S": 8, "Cl": 1}


@pytest.mark.parametrize(
    "text", ["", "li", "Li13Xx", "Li(In", "Li)In", "Li0", "13", "Li-In", "Li_bcc", "LiIn ₃", "Li1.2.3"]
)
def test_what_is_no_formula_is_refused(text):
    with pytest.raises(InputError):
        parse_formula(text)


def test_equal_compositions_have_equal_keys():
    assert composition_key("In3Li13") == composition_key("Li26In6")
    assert composition_key("Li13In3") != composition_key("Li4In")


@pytest.mark.parametrize(
    ("elements", "system"),
    [(["In", "Li"], "Li-In"), (["S", "P", "Li", "Cl"], "Li-Cl-P-S"), (["Al", "O"], "Al-O"), (["Li"], "Li")],
)
def test_system(elements, system):
    assert system_of(elements) == system
    assert parse_system("-".join(elements)) == tuple(system.split("-"))


def test_subscripts():
    assert unicode_formula("Li13In3") == "Li₁₃In₃"
    assert unicode_formula("Li5.5PS4.5Cl1.5") == "Li₅.₅PS₄.₅Cl₁.₅"
    assert mathtext_formula("Li13In3") == "Li$_{13}$In$_3$"
    assert mathtext_formula("Li5.5P") == "Li$_{5.5}$P"
    assert html_formula("Li13In3") == "Li<sub>13</sub>In<sub>3</sub>"


def test_order_is_that_of_paulings_electronegativity():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = [Element(symbol).X for symbol in ELECTROPOSITIVE_ORDER]
    known = [value for value in values if not math.isnan(value)]
    assert known == sorted(known)
    assert all(math.isnan(value) for value in values[len(known) :])
    assert len(set(ELECTROPOSITIVE_ORDER)) == 103
