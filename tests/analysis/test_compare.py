"""Published values beside computed ones."""

from __future__ import annotations

import pytest
from lianode_test_tables import LI_IN, LI_SN, table

from lianode.analysis.compare.compare import compare
from lianode.analysis.compare.published import papers, published
from lianode.analysis.hull.hull import hull
from lianode.analysis.voltage.voltage import voltage
from lianode.structures.errors import InputError


@pytest.fixture(scope="module")
def documents():
    li_in = hull(table(LI_IN), system="Li-In", engine="sevennet-0", campaign="c", include=["LiIn3", "Li3In"])
    li_sn = hull(table(LI_SN), system="Li-Sn", engine="sevennet-0", campaign="c", references={"Sn": "Sn_beta"})
    return [li_in, voltage(li_in), voltage(li_in, hull_tolerance=0.005), li_sn, voltage(li_sn)]


def find(rows, quantity, phase=None, system=None):
    return [r for r in rows if r.quantity == quantity and phase in (None, r.phase) and system in (None, r.system)]


def test_every_published_value_has_a_row_when_nothing_is_computed():
    for paper in papers():
        rows = compare(paper, [])
        assert rows
        assert all(row.computed is None for row in rows)
        assert all("not computed" in row.note for row in rows)
    rows = compare("hansel2021", [])
    assert len(find(rows, "stability")) == 11
    assert len(find(rows, "energy above hull")) == 4
    barriers = find(rows, "migration barrier")
    assert {row.phase: row.published for row in barriers}["LiSn"] == 457
    assert {row.unit for row in barriers} == {"meV"}
    assert "415" in find(rows, "migration barrier", "LiIn")[0].note
    assert find(compare("liu2025", []), "band gap", "LiCl")[0].unit == "eV"
    assert find(compare("su2024", []), "surface energy less interface energy")[0].unit == "J/m²"


def test_hull_rows(documents):
    rows = compare("hansel2021", documents)
    assert "agrees" in find(rows, "stability", "LiIn3")[0].note
    assert find(rows, "stability", "LiIn")[0].published == "above the hull"
    assert find(rows, "stability", "LiIn")[0].note.startswith("disagrees")
    assert find(rows, "stability", "Li5Sn2")[0].note.startswith("the paper does not list it")
    depth = find(rows, "formation energy at the minimum", "Li3In2")[0]
    assert depth.difference == pytest.approx(0.4, abs=0.01)
    assert "Li_bcc" in depth.note
    minimum = find(rows, "hull minimum", system="Li-Sn")[0]
    assert (minimum.published, minimum.computed) == ("Li13Sn5", "Li5Sn2")
    assert minimum.note.startswith("disagrees")
    uncounted, other = find(rows, "energy above hull", "LiIn2")  # the paper does not say which structure
    assert uncounted.published == other.published == 138
    assert uncounted.computed == pytest.approx(-14.6, abs=0.2)
    assert other.computed == pytest.approx(141.6, abs=0.2)
    assert "LiIn2_MoSi2; hypothetical, not counted" in uncounted.note
    assert find(rows, "energy above hull", "LiIn35")[0].note == "not computed"


def test_voltage_rows(documents):
    rows = compare("hansel2021", documents)
    average = find(rows, "average voltage", system="Li-In")[0]
    assert average.published == 0.55
    assert average.computed == pytest.approx(0.258, abs=1e-3)
    assert "not stated" in average.note
    assert find(rows, "largest Li per host atom", system="Li-Sn")[0].difference == pytest.approx(0.0)
    assert find(rows, "mean V from 0 to x = 1", system="Li-In")[0].computed == pytest.approx(2 * 0.2737, abs=0.1)
    above = find(rows, "voltage above a Li fraction of 0.7")[0]
    assert 0 < above.computed < 0.3
    plateau = find(rows, "measured plateau (ren2026)", "In / LiIn")[0]
    assert plateau.computed == pytest.approx(2 * 0.2737)
    assert "names no phases" in next(r.note for r in find(rows, "measured plateau (ren2026)") if r.published == 0.29)
    assert find(compare("luo2021", documents), "measured plateau (luo2021)")[0].computed is not None


def test_stored_documents_give_the_same_rows(documents):
    stored = [document.model_dump(mode="json") for document in documents]
    assert compare("hansel2021", stored) == compare("hansel2021", documents)


def test_engines_have_rows_of_their_own(documents):
    other = [document.model_copy(update={"engine": "chgnet"}) for document in documents]
    rows = compare("hansel2021", [*documents, *other])
    assert {row.engine for row in find(rows, "hull minimum", system="Li-In")} == {"sevennet-0", "chgnet"}


def test_hull_at_zero_kelvin_is_compared(documents):
    warm = hull(table(LI_IN), system="Li-In", engine="sevennet-0", campaign="c", include=["LiIn3"], temperature=300.0)
    assert compare("hansel2021", [warm, *documents]) == compare("hansel2021", documents)


def test_a_warm_hull_is_said_to_be_one():
    warm = hull(table(LI_IN), system="Li-In", engine="sevennet-0", campaign="c", include=["LiIn3"], temperature=300.0)
    rows = [row for row in compare("hansel2021", [warm]) if row.system == "Li-In" and row.quantity == "hull minimum"]
    assert rows[0].note.endswith("computed at 300 K")


def test_unknown_paper():
    with pytest.raises(InputError, match=r"paper 'hansel2020': unknown.*did you mean 'hansel2021'"):
        published("hansel2020")
