"""Capacities of substances that everyone knows."""

from __future__ import annotations

import pytest

from lianode.analysis.voltage.capacity import gravimetric_capacity, volumetric_capacity


def test_lithium():
    assert gravimetric_capacity(1, {"Li": 1}) == pytest.approx(3861, abs=1)
    # 2062 mAh/cm³ at the density 0.534 g/cm³ of lithium metal, 21.58 Å³ per atom
    assert volumetric_capacity(1, 21.58) == pytest.approx(2062, abs=2)


def test_lithium_indium_on_both_bases():
    assert gravimetric_capacity(0.5, {"In": 1}) == pytest.approx(117, abs=0.5)
    assert gravimetric_capacity(0.5, {"In": 1, "Li": 0.5}) == pytest.approx(113, abs=0.5)
    # Li4.4Sn per gram of tin: 993 or 994 mAh/g in every review of alloy anodes
    assert gravimetric_capacity(4.4, {"Sn": 1}) == pytest.approx(993.5, abs=1)
