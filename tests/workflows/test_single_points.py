"""Single points on the structures of another engine, against a potential that is another one times two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lianode.analysis.checks import failed
from lianode.analysis.parity.parity import ParityDocument, ParityRow, left_by_pressure, ranking_check
from lianode.analysis.plots.data import data_csv
from lianode.analysis.plots.hull import hull_figure
from lianode.analysis.plots.parity import parity_figure, parity_table
from lianode.hpc.local.campaign import run_campaign
from lianode.structures.errors import InputError
from lianode.workflows.campaign.campaign import Campaign
from lianode.workflows.campaign.engines import rehearsal_of
from lianode.workflows.plan import plan_campaign
from lianode.workflows.rederive import rederive

if TYPE_CHECKING:
    from pathlib import Path

    from lianode.hpc.store import ResultsStore

pytestmark = pytest.mark.filterwarnings("ignore:Some jobs are not connected", "ignore:cd is deprecated")

TWICE: dict[str, Any] = {"name": "morse", "well_depth": 0.5}
"""All energies and forces of ``morse`` times two: minima and saddles are where they were."""


def _campaign(entry: dict[str, Any], **top: Any) -> Campaign:
    return Campaign.model_validate({"name": "test", "engine": "morse", "calculations": [entry], **top})


def _parity(results: ResultsStore) -> ParityDocument:
    (stored,) = results.query(property="parity")
    return ParityDocument.model_validate(stored)


def _hull_entry(**more: Any) -> dict[str, Any]:
    return {"hull": {"system": "Li-In", "phases": ["Li", "In", "LiIn", "Li3In2"], "single_points": TWICE, **more}}


def test_formation_energies_double(results: ResultsStore, project: Path) -> None:
    ended = run_campaign(plan_campaign(_campaign(_hull_entry())), results, project, workers=1)
    assert not ended.errors
    found = _parity(results)
    assert found.engine == "morse-0.5//morse"
    assert {row.name for row in found.rows} == {"Li_bcc", "In_bct", "LiIn", "Li3In2"}
    for row in found.rows:
        assert row.single_point_energy == pytest.approx(2 * row.energy, abs=1e-9)
        assert row.is_reference == (row.name in {"Li_bcc", "In_bct"})
        assert row.max_force is not None
        assert row.max_force < 2 * 0.005
    compared = [row for row in found.rows if not row.is_reference]
    assert found.mean_difference == pytest.approx(sum(row.energy for row in compared) / 2)
    (hull,) = results.query(property="hull", engine="morse-0.5//morse")
    (relaxed,) = results.query(property="hull", engine="morse")
    energies = {row["name"]: row["formation_energy_per_atom"] for row in relaxed["phases"]}
    assert {row["name"]: row["formation_energy_per_atom"] for row in hull["phases"]} == pytest.approx(
        {name: 2 * energy for name, energy in energies.items()}
    )
    texts = " ".join(text.get_text() for text in hull_figure(hull).texts)
    assert "Single points on the structures that morse relaxed." in texts
    assert not list(results.query(property="hull_spread"))  # two geometries would not be two models


def test_the_figure_has_a_point_for_each_phase_and_says_what_failed(results: ResultsStore, project: Path) -> None:
    run_campaign(plan_campaign(_campaign(_hull_entry())), results, project, workers=1)
    found = _parity(results)
    figure = parity_figure(found)
    words = [text.get_text() for text in (*figure.texts, *figure.axes[0].texts)]
    assert sum("In" in word for word in words if word.startswith(("Li", "$"))) == 2
    header, rows = parity_table(found)
    assert [row[header.index("name")] for row in rows] == [row.name for row in found.rows]
    assert [row[header.index("difference_eV_per_atom")] for row in rows] == [row.difference for row in found.rows]
    assert data_csv(found).splitlines()[1] == ",".join(header)


def test_what_the_relaxation_failed_shows_at_the_single_point(results: ResultsStore, project: Path) -> None:
    run_campaign(plan_campaign(_campaign(_hull_entry())), results, project, workers=1)
    (relaxed,) = results.query(property="hull", engine="morse")
    wrong = {check["subject"] for check in relaxed["checks"] if check["passed"] is False and check["subject"]}
    carried = {check.subject for check in failed(_parity(results).checks) if check.name == "structure_accepted"}
    assert carried == wrong


def test_nothing_is_repeated_and_everything_is_derived_again(results: ResultsStore, project: Path) -> None:
    plan = plan_campaign(_campaign(_hull_entry()))
    run_campaign(plan, results, project, workers=1)
    before = _parity(results)
    again = run_campaign(plan, results, project, workers=1)
    assert again.reused == set(plan.requests)
    rederive(results)
    assert _parity(results).rows == before.rows


def test_barriers_double(results: ResultsStore, project: Path) -> None:
    entry = {"barrier": {"phases": ["Li"], "supercell_length": 7, "images": 3, "single_points": TWICE}}
    ended = run_campaign(plan_campaign(_campaign(entry)), results, project, workers=1)
    assert not ended.errors
    found = _parity(results)
    hops = {hop["hop"]: hop for hop in results.query(property="barrier", engine="morse")}
    assert found.quantity == "barrier"
    assert found.phase == "Li_bcc"
    assert {row.name for row in found.rows} == set(hops)
    for row in found.rows:
        assert row.energy == hops[row.name]["barrier_highest_image"]
        assert row.single_point_energy == pytest.approx(2 * row.energy, abs=1e-9)


def test_the_engine_itself_is_refused() -> None:
    entry = _hull_entry(single_points="morse")
    with pytest.raises(InputError, match="relaxed with morse itself; name another engine"):
        plan_campaign(_campaign(entry))


def test_a_rehearsal_stands_in_for_the_single_points_too() -> None:
    rehearsed = rehearsal_of(_campaign(_hull_entry(single_points="vasp")))
    engines = {request.engine["name"]: request.engine for request in plan_campaign(rehearsed).requests.values()}
    assert engines["vasp"]["rehearsal"] is True
    assert "rehearsal" not in engines["morse"]


def test_pressure_gives_energy_back() -> None:
    assert left_by_pressure(0.3, 20.0) == pytest.approx(0.3**2 * 20 / 60 / 160.2177)  # GPa Å³ in eV


def test_another_lowest_is_said() -> None:
    rows = [
        ParityRow(name="A", formula="LiIn", energy=-0.30, single_point_energy=-0.28),
        ParityRow(name="B", formula="Li3In2", energy=-0.29, single_point_energy=-0.31),
        ParityRow(name="Li", formula="Li", energy=0.0, single_point_energy=0.0, is_reference=True),
    ]
    check = ranking_check(rows)
    assert check is not None
    assert check.passed is False
    assert "B by the single points, by 30.0 meV" in check.message
