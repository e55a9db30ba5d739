"""Figures of Young's modulus, the table behind them, and published moduli beside computed ones."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import pytest
from lianode_test_drawn import text_of
from lianode_test_elastic_crystals import asked, crystal, measured, of_crystal, random_tensor

from lianode.analysis.checks import Check
from lianode.analysis.compare.compare import compare
from lianode.analysis.elastic.elastic import elastic
from lianode.analysis.plots.data import data_csv
from lianode.analysis.plots.elastic import youngs_modulus_figure
from lianode.analysis.plots.elastic_data import CUTS, cut
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.analysis.elastic.document import ElasticDocument


def document(formula: str = "LiCl", *, sign: float = 1.0, **more: object) -> ElasticDocument:
    cell = crystal("triclinic")
    found = elastic(**asked(*measured(cell, sign * random_tensor(3)), **more))
    return found.model_copy(update={"formula": formula, "phase": formula, "created": "2026"})


@pytest.mark.parametrize("size", ["column", "slide"])
def test_figure_says_what_it_is(size: str, tmp_path: Path) -> None:
    found = document("Li9Al4", checks=[Check(name="volume_kept", passed=False, message="volume changed")])
    figure = youngs_modulus_figure(found.model_dump(mode="json"), size=size)
    words = " ".join(text_of(figure, tmp_path).split())
    assert "Young'smodulusofLiAl," in words  # subscripts stand apart
    assert f"{found.youngs_modulus_GPa:.3g} GPa." in words
    assert "Checks that failed: volume kept." in words
    assert len(figure.axes) == 4


def test_cuts_show_the_modulus_along_the_axes() -> None:
    """Along x it is the inverse of S11, and the three cuts meet at the axes."""
    found = document()
    compliance = np.linalg.inv(np.array(found.tensor_GPa))
    ends = np.array([0.0, 90.0, 180.0, 270.0])
    for plane, (across, up) in CUTS.items():
        expected = [1 / compliance[across, across], 1 / compliance[up, up]] * 2
        assert cut(found, plane, ends) == pytest.approx(expected)


def test_no_direction_is_outside_softest_and_stiffest() -> None:
    found = document()
    assert found.softest is not None
    assert found.stiffest is not None
    for plane in CUTS:
        values = cut(found, plane, np.linspace(0, 360, 97))
        assert values.min() >= found.softest.youngs_modulus_GPa * (1 - 1e-9)
        assert values.max() <= found.stiffest.youngs_modulus_GPa * (1 + 1e-9)


def test_a_cubic_crystal_has_three_equal_cuts() -> None:
    cell = crystal("cubic m-3m")
    found = elastic(**asked(*measured(cell, of_crystal(cell, 5))))
    angles = np.linspace(0, 90, 10)
    assert cut(found, "x-y", angles) == pytest.approx(cut(found, "y-z", angles), rel=1e-6)
    assert cut(found, "x-y", angles) == pytest.approx(cut(found, "x-z", angles), rel=1e-6)


def test_table_holds_tensor_moduli_and_cuts() -> None:
    found = document()
    rows = list(csv.DictReader(data_csv(found).splitlines()[1:]))
    names = [row["quantity"] for row in rows]
    assert names[:3] == ["C11", "C12", "C13"]
    assert sum(name.startswith("C") for name in names) == 21
    assert {"bulk_voigt", "shear_reuss", "youngs_hill", "youngs_softest", "youngs_stiffest"} < set(names)
    assert names.count("youngs_in_x-z") == 37
    softest = next(row for row in rows if row["quantity"] == "youngs_softest")
    assert sum(float(softest[axis]) ** 2 for axis in "xyz") == pytest.approx(1.0, abs=1e-5)


def test_an_unstable_crystal_has_a_table_and_no_figure() -> None:
    found = document(sign=-1.0)
    assert [row.split(",")[0] for row in data_csv(found).splitlines()[2:]][-1] == "C66"
    with pytest.raises(InputError, match="elastic LiCl: the crystal is mechanically unstable and has no moduli"):
        youngs_modulus_figure(found)


class TestPublished:
    """Moduli of the papers."""

    def test_rows_of_a_paper(self) -> None:
        found = document("LiCl")
        rows = {row.phase: row for row in compare("su2024", [found]) if row.quantity == "Young's modulus"}
        assert set(rows) == {"LiCl", "Li9Al4"}
        row = rows["LiCl"]
        assert (row.published, row.unit) == (49.9, "GPa")
        assert row.computed == found.youngs_modulus_GPa
        assert row.difference == pytest.approx(found.youngs_modulus_GPa - 49.9)
        assert "published: quoted from the literature" in row.note
        assert (rows["Li9Al4"].computed, rows["Li9Al4"].note[:12]) == (None, "not computed")

    def test_one_document_for_each_engine_the_one_without_a_failed_check(self) -> None:
        good = document("In").model_copy(update={"engine": "one", "created": "2025"})
        bad = document("In", checks=[Check(name="volume_kept", passed=False, message="no")])
        other = document("In").model_copy(update={"engine": "two"})
        given = [good, bad.model_copy(update={"engine": "one"}), other]
        rows = [row for row in compare("ren2026", given) if row.phase == "In" and row.unit == "GPa"]
        assert [(row.engine, row.flagged) for row in rows] == [("one", False), ("two", False)]

    def test_an_unstable_crystal_is_no_number(self) -> None:
        (row,) = (row for row in compare("ren2026", [document("In", sign=-1.0)]) if row.phase == "In")
        assert (row.computed, row.difference) == ("unstable", None)
