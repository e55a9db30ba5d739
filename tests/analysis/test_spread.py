"""Several models on one system."""

from __future__ import annotations

import pytest
from lianode_test_tables import METHOD, phase

from lianode.analysis.hull.hull import hull
from lianode.analysis.hull.spread import HullSpreadDocument, hull_spread
from lianode.structures.errors import InputError


def hull_of(engine, energy, *, corrections="none", functional="PBE", li="Li_bcc", **options):
    method = METHOD.model_copy(update={"model": engine, "corrections": corrections, "functional": functional})
    energies = [
        phase(li, 0.0, method=method),
        phase("In", 0.0, method=method),
        phase("LiIn", energy, method=method),
        phase("Li3In2", -0.25, method=method),
    ]
    return hull(energies, system="Li-In", engine=engine, campaign="test", **options)


def test_spread_of_three_models():
    # Li3In2 at -0.25: LiIn is on the hull below -0.2083 eV/atom
    (document,) = hull_spread([hull_of("a", -0.22), hull_of("b", -0.24), hull_of("c", -0.20)])
    row = next(r for r in document.phases if r.name == "LiIn")
    assert row.mean == pytest.approx(-0.22)
    assert (row.lowest, row.highest) == (pytest.approx(-0.24), pytest.approx(-0.20))
    assert row.spread_between_models == pytest.approx(0.04)
    assert row.stable_in == ["a", "b"]
    assert row.n_models == 3
    assert not document.flagged
    assert document.engine == "a + b + c"
    assert HullSpreadDocument.model_validate_json(document.model_dump_json()) == document


def test_models_of_other_corrections_are_not_pooled():
    documents = hull_spread([hull_of("a", -0.22), hull_of("b", -0.24), hull_of("chgnet", -0.3, corrections="MP2020")])
    assert sorted(d.engines for d in documents) == [["a", "b"], ["chgnet"]]
    pooled = next(d for d in documents if d.engines == ["a", "b"])
    assert "not pooled with chgnet" in pooled.checks[0].message
    assert len(hull_spread([hull_of("a", -0.2), hull_of("b", -0.2, functional="r2SCAN")])) == 2


def test_other_references_are_said():
    (document,) = hull_spread([hull_of("a", -0.22), hull_of("b", -0.24, li="Li_fcc")])
    check = next(c for c in document.checks if c.name == "same_references")
    assert not check.passed
    assert "a: Li_bcc, In; b: Li_fcc, In" in check.message
    assert next(r for r in document.phases if r.name == "Li_fcc").n_models == 1


def test_what_cannot_be_compared():
    with pytest.raises(InputError, match="two of the Li-In hulls are of one method"):
        hull_spread([hull_of("a", -0.22), hull_of("a", -0.24)])
    with pytest.raises(InputError, match="temperatures"):
        hull_spread([hull_of("a", -0.22), hull_of("b", -0.24, temperature=300.0)])
    with pytest.raises(InputError, match="no hulls"):
        hull_spread([])
