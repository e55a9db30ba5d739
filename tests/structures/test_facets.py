"""Planes of phases as people write them."""

from __future__ import annotations

import pytest

from lianode.structures.errors import InputError
from lianode.structures.facets import Facet, parse_facet


@pytest.mark.parametrize(
    ("text", "facet"),
    [
        ("Li(001)", Facet("Li", (0, 0, 1))),
        ("Li9Al4(400)", Facet("Li9Al4", (4, 0, 0))),
        ("LiSn_P2m(1-10)", Facet("LiSn_P2m", (1, -1, 0))),
        ("In2S3(1,0,-10)", Facet("In2S3", (1, 0, -10))),
        (" Li (0 0 1) ", Facet("Li", (0, 0, 1))),
        ("Li5.5PS4.5Cl1.5(100)", Facet("Li5.5PS4.5Cl1.5", (1, 0, 0))),
    ],
)
def test_facets(text, facet):
    assert parse_facet(text) == facet


@pytest.mark.parametrize("text", ["Li", "Li(01)", "Li(000)", "Li(0011)", "Li(a01)", "(001)", "Li(1,0)", "Li(0.5,0,1)"])
def test_what_is_none(text):
    with pytest.raises(InputError, match="such as Li\\(001\\)"):
        parse_facet(text)
