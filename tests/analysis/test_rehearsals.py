"""What a stand-in for VASP computed is mixed and compared with nothing."""

from __future__ import annotations

import pytest
from lianode_test_tables import LI_IN, phase, table

from lianode.analysis.compare.compare import compare
from lianode.analysis.hull.hull import hull
from lianode.analysis.hull.spread import hull_spread
from lianode.analysis.method import MethodKey, MethodMismatchError

REAL = MethodKey(program="vasp", functional="PBE", cutoff_eV=500.0)
REHEARSAL = REAL.model_copy(update={"program": "vasp-rehearsal"})
POTENTIAL = MethodKey(program="sevennet", functional="PBE", model="SevenNet-0")


def hull_of(method: MethodKey, engine: str):
    return hull(table(LI_IN, method=method), system="Li-In", engine=engine, campaign="test")


def test_a_hull_does_not_mix_them_with_real_energies():
    energies = [phase("Li", 0.0, method=REAL), phase("In", 0.0, method=REHEARSAL), phase("LiIn", -0.3, method=REAL)]
    with pytest.raises(MethodMismatchError, match="vasp-rehearsal"):
        hull(energies, system="Li-In", engine="vasp", campaign="test")


def test_a_spread_between_models_has_none_of_them():
    hulls = [hull_of(REAL, "vasp"), hull_of(POTENTIAL, "sevennet-0"), hull_of(REHEARSAL, "vasp-rehearsal")]
    spreads = hull_spread(hulls)
    assert sorted(spread.engine for spread in spreads) == ["vasp + sevennet-0", "vasp-rehearsal"]


@pytest.mark.parametrize("stored", [False, True])
def test_none_is_compared_with_a_paper(stored: bool):
    documents = [hull_of(REAL, "vasp"), hull_of(REHEARSAL, "vasp-rehearsal")]
    rows = compare("hansel2021", [d.model_dump(mode="json") if stored else d for d in documents])
    assert {row.engine for row in rows if row.computed is not None} == {"vasp"}
