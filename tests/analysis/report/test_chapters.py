"""What chapters make of documents: curves, markers and their words."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from lianode_test_everything import levels, of_single_points

from lianode.analysis.electronic.document import electronic
from lianode.analysis.method import MethodKey
from lianode.analysis.parity.parity import ParityRow, rest_checks
from lianode.analysis.report.adsorption import adsorption
from lianode.analysis.report.blocks import Chart, Table
from lianode.analysis.report.electronic import electronic_structure
from lianode.analysis.report.parity import parity
from lianode.analysis.report.source import Source
from lianode.analysis.report.summary import headline

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lianode.analysis.report.blocks import Section


def filled(chapter: Callable[[Source], Section | None], documents: Sequence[Any]) -> tuple[list[Chart], list[Table]]:
    """Return figures and tables of a chapter."""
    section = chapter(Source(campaign="one", documents=documents))
    assert section is not None
    return (
        [block for block in section.blocks if isinstance(block, Chart)],
        [block for block in section.blocks if isinstance(block, Table)],
    )


def test_the_second_spin_is_drawn_downwards_and_deep_levels_wait_beyond_the_edge():
    """One electron of each spin in the deep band, and one of spin up at the top: a moment of 1 μB."""
    one = levels(0.0, 6.0)
    deep = np.full((1, 4, 1), -30.0)
    up, down = (np.concatenate([deep, one.energies + shift], axis=2) for shift in (0.0, 3.0))
    full, none = np.ones((1, 4, 1)), np.zeros((1, 4, 1))
    spins = dataclasses.replace(
        one, energies=np.concatenate([up, down]),
        occupations=np.concatenate([np.concatenate([full, full, none], 2), np.concatenate([full, none, none], 2)]),
        projections={"Cl p": np.full((2, 4, 3), 0.4)},
    )  # fmt: skip
    document = electronic(
        spins, system="Li-Cl", phase="LiCl", formula="LiCl", engine="gpaw", campaign="one", broadening=0.1,
        method=MethodKey(program="gpaw", functional="PBE"), calculations={},
    ).model_dump(mode="json")  # fmt: skip
    [chart], [table] = filled(electronic_structure, [document])
    drawn = {series.name: series for series in chart.series if series.listed}
    assert list(drawn) == ["Cl p, spin up", "total, spin up", "Cl p, spin down", "total, spin down"]
    assert min(drawn["total, spin up"].y) == 0 == max(drawn["total, spin down"].y)
    assert chart.shown is not None
    assert min(drawn["total, spin up"].x) < -30 < chart.shown[0] == -8
    assert "Zoom out for deeper levels." in chart.caption
    [row] = table.rows
    heads = [column.heading for column in table.columns]
    assert row[heads.index("magnetic moment / μB")] == pytest.approx(1.0)
    assert list(headline(document)) == [f"{row[heads.index('kind')]} gap {document['band_gap']:.2f} eV"]


def test_sites_that_moved_are_open_and_named(source):
    [chart], tables = filled(adsorption, source.of("adsorption"))
    drawn = {series.name: series for series in chart.series if series.listed}
    assert list(drawn) == ["bridge, no energy", "hollow", "top, moved to another"]
    assert [series.filled for series in drawn.values()] == [False, True, False]
    assert drawn["bridge, no energy"].said == ["bridge: no energy, the forces grew without limit"]
    assert {disc.element for disc in chart.discs} == {"Li"}
    assert [disc.pale for disc in chart.discs] == sorted((disc.pale for disc in chart.discs), reverse=True)
    rows = {row[0]: row for row in tables[1].rows}
    assert list(rows) == ["hollow", "top", "bridge"]
    assert rows["top"][-1] == "the adsorbate left top and ended on hollow"


def test_a_point_whose_check_failed_is_open():
    rows = [
        ParityRow(name=name, formula=name, energy=-0.2, single_point_energy=-0.21, max_force=force)
        for name, force in (("LiIn", 0.01), ("Li2In", 0.3))
    ]
    document = of_single_points().model_copy(update={"rows": rows, "checks": rest_checks(rows)})
    [chart], [table] = filled(parity, [document.model_dump(mode="json")])
    passed, failed, line = chart.series
    assert (passed.written, passed.filled) == (["LiIn"], True)
    assert (failed.name, failed.written, failed.filled) == ("check failed", ["Li2In"], False)
    assert list(line.x) == list(line.y)
    assert [row[-1] for row in table.rows] == ["", "check failed"]


def test_results_have_a_headline(source):
    """All but those whose tables and curves say more than a number would."""
    said = {document["property"]: list(headline(document)) for document in source.documents}
    assert {name for name, words in said.items() if not words} <= {"rdf", "motion"}
    assert said["wulff"][0].startswith("lowest (100) 0.160 J/m²")
    assert said["free_energy"] == ["-50.0 meV/atom at 300 K"]
    assert said["hull_spread"][0].startswith("at most ")
    assert said["work_function"] == ["7.00 eV from the vbm"]
    assert said["parity"] == ["mean absolute difference 15.0 meV/atom"]
