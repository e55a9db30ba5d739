"""The words of a query, tables and the walk behind a number, on SQLite and on a real MongoDB."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from lianode.analysis.method import MethodKey
from lianode.hpc.fields import check_fields
from lianode.hpc.periods import created_between
from lianode.hpc.provenance import CalculationEvidence, Explanation, explain
from lianode.hpc.store import open_store
from lianode.hpc.tables import table_columns, table_row, write_parquet
from lianode.structures import library
from lianode.structures.errors import InputError
from lianode.workflows.calculation import Calculation, FileReference, State, cell_fields
from lianode.workflows.hull.analysis import HullSpec, PhaseSlot, derive_hull
from lianode.workflows.task import RelaxTask

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lianode.hpc.settings import Settings
    from lianode.hpc.store import ResultsStore

PBE = MethodKey(program="vasp", functional="PBE", cutoff_eV=500.0)
ENERGIES = {"Li": -1.9, "In": -2.6, "LiIn": -5.0, "Li3In2": -12.0}
DAYS = (
    "2026-11-18T23:59:59+00:00",
    "2026-11-19T00:00:00+00:00",
    "2026-11-19T23:59:59+00:00",
    "2026-11-20T12:00:00+00:00",
)


@pytest.fixture
def store(settings: Settings) -> Iterator[ResultsStore]:
    """Hulls made on four days, the first with all its calculations."""
    opened = open_store(settings)
    for name, energy in ENERGIES.items():
        cell = library.phase(name).primitive()
        opened.commit(
            Calculation(
                key=f"vasp-{name}", state=State.CONVERGED, engine="vasp", task=RelaxTask(), method=PBE, label=name,
                energy=energy * len(cell), structure=cell.as_dict(), volume=cell.volume, program_version="6.4.2",
                directory=str(settings.project / "runs" / name), started_from="vasp-Li" if name == "LiIn" else None,
                files={"OUTCAR": FileReference(path="OUTCAR", sha256="0" * 64, bytes=3)} if name == "In" else {},
                **cell_fields(cell),
            )
        )  # fmt: skip
    slots = tuple(PhaseSlot(name=name, formula=name, kind="experimental", key=f"vasp-{name}") for name in ENERGIES)
    for number, created in enumerate(DAYS):
        spec = HullSpec(campaign=f"day-{number}", engine="vasp", system="Li-In", phases=slots)
        for document in derive_hull(spec, opened):
            opened.put_property(document.model_copy(update={"created": created}))
    yield opened
    opened.close()


def campaigns(store: ResultsStore, **words: Any) -> list[str]:
    return sorted(document["campaign"] for document in store.query(property="hull", **words))


def test_a_day_counts_whole_and_a_time_to_the_second(store: ResultsStore) -> None:
    assert campaigns(store, since="2026-11-19", until="2026-11-19") == ["day-1", "day-2"]
    assert campaigns(store, since="2026-11-19") == ["day-1", "day-2", "day-3"]
    assert campaigns(store, until="2026-11-18") == ["day-0"]
    assert campaigns(store, until=date(2026, 11, 19)) == ["day-0", "day-1", "day-2"]
    assert campaigns(store, since="2026-11-20T12:00:00") == ["day-3"]
    assert campaigns(store, since="2026-11-20T13:00:01+01:00") == []
    assert campaigns(store, until=datetime(2026, 11, 19, tzinfo=UTC)) == ["day-0", "day-1"]


def test_a_document_without_a_time_is_in_no_period(store: ResultsStore) -> None:
    (first,) = store.query(property="hull", campaign="day-0")
    store.property_documents.put([first | {"created": ""}])
    assert campaigns(store, until="2030-01-01") == ["day-1", "day-2", "day-3"]


@pytest.mark.parametrize("written", ["yesterday", "2026-13-01", "20.11.2026", "", "2026-11-20T99:00"])
def test_what_is_no_day_is_said(written: str) -> None:
    with pytest.raises(InputError, match="is no day or time; write 2026-11-20"):
        created_between(written, None)


def test_a_period_ends_after_it_begins() -> None:
    with pytest.raises(InputError, match=r"ends .* before it begins"):
        created_between("2026-11-20", "2026-11-19")
    with pytest.raises(InputError):
        created_between(None, "9999-12-31")


def test_completeness_and_ranges(store: ResultsStore) -> None:
    assert campaigns(store, completeness="partial") == []
    assert len(campaigns(store, completeness="complete")) == 4
    (deepest,) = sorted(
        (row["formation_energy_per_atom"], row["phase"])
        for row in store.query(property="phase_stability", campaign="day-0")
    )[:1]
    inside = {"$gte": deepest[0] - 1e-9, "$lt": deepest[0] + 1e-9}
    found = list(store.query(campaign="day-0", criteria={"formation_energy_per_atom": inside}))
    assert [row["phase"] for row in found] == [deepest[1]]


def test_an_unknown_field_names_the_nearest(store: ResultsStore) -> None:
    criteria = {"$and": [{"formation_energy": {"$lt": 1.0}}]}
    with pytest.raises(InputError, match=r"no result of 'phase_stability' has the field .*'formation_energy_per_atom'"):
        check_fields(store, {"property": "phase_stability", "criteria": criteria})
    check_fields(store, {"property": "phase_stability", "criteria": {"formation_energy_per_atom": {"$lt": -99.0}}})
    check_fields(store, {"property": "elastic", "criteria": {"anything": 1}})


def test_a_table_has_values_settings_and_trust(store: ResultsStore) -> None:
    frame = store.table(property="phase_stability", campaign="day-0").set_index("phase")
    assert set(frame.index) == set(ENERGIES)
    documents = {row["phase"]: row for row in store.query(property="phase_stability", campaign="day-0")}
    for phase, document in documents.items():
        assert frame.loc[phase, "formation_energy_per_atom"] == document["formation_energy_per_atom"]
        assert frame.loc[phase, "key"] == document["key"]
    assert set(frame["method"]) == {PBE.label}
    assert "calculations" not in frame.columns
    assert store.table(property="elastic").empty


def test_lists_and_objects_of_text_are_joined() -> None:
    document = {
        "property": "hull", "method": PBE.model_dump(), "references": {"Li": "Li_bcc", "In": "In_bct"},
        "stable_phases": ["Li_bcc", "LiIn"], "reference_energies": {"Li": -1.0}, "settings": {"temperature": 300.0},
        "checks": [{"name": "a", "passed": False}, {"name": "a", "passed": False}, {"name": "b", "passed": None}],
    }  # fmt: skip
    row = table_row(document)
    assert row["references"] == "Li=Li_bcc In=In_bct"
    assert row["stable_phases"] == "Li_bcc LiIn"
    assert row["settings.temperature"] == 300.0
    assert row["failed_checks"] == "a"
    assert "reference_energies" not in row
    assert table_columns([row])[:6] == ["key", "property", "system", "phase", "engine", "campaign"]


def test_parquet_keeps_numbers_truth_and_text(store: ResultsStore, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    rows = [table_row(document) for document in store.query(campaign="day-0")]
    write_parquet(rows, tmp_path / "all.parquet")
    table = parquet.read_table(tmp_path / "all.parquet")
    back = table.to_pylist()
    assert [{name: row.get(name) for name in table.column_names} for row in rows] == back
    assert str(table.schema.field("formation_energy_per_atom").type) == "double"
    assert str(table.schema.field("stable").type) == "bool"
    assert [path.name for path in tmp_path.glob(".new-*")] == []
    with pytest.raises(InputError, match="cannot be written"):
        write_parquet(rows, tmp_path / "nowhere" / "all.parquet")


def test_a_walk_from_a_number_to_its_files(store: ResultsStore, settings: Settings) -> None:
    (row,) = store.query(property="phase_stability", phase="LiIn", campaign="day-0")
    folder = settings.project / "runs" / "In"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "OUTCAR").write_text("abc")
    found = explain(store, row["key"])
    assert isinstance(found, Explanation)
    assert found.values["formation_energy_per_atom"] == row["formation_energy_per_atom"]
    assert found.method == PBE
    (hull,) = store.query(property="hull", campaign="day-0")
    assert found.derived_with == hull["key"]
    evidence = {calculation.role: calculation for calculation in found.calculations}
    assert set(evidence) == set(ENERGIES)
    assert evidence["In"].files["OUTCAR"].sha256 == "0" * 64
    assert evidence["In"].files["OUTCAR"].here
    assert evidence["In"].recipe["kind"] == "experimental"
    assert evidence["LiIn"].task["kind"] == "relax"
    assert evidence["LiIn"].program_version == "6.4.2"
    before = evidence["LiIn"].started_from
    assert before is not None
    assert (before.key, before.shown_elsewhere) == ("vasp-Li", True)
    assert Explanation.model_validate_json(json.dumps(found.model_dump(mode="json"))) == found


def test_a_walk_goes_on_where_a_calculation_is_missing(store: ResultsStore) -> None:
    (row,) = store.query(property="phase_stability", phase="LiIn", campaign="day-0")
    store.calculation_documents.remove({"key": "vasp-Li"})
    found = explain(store, row["key"])
    assert isinstance(found, Explanation)
    missing = {calculation.role: calculation for calculation in found.calculations}["Li"]
    assert not missing.stored


def test_a_ring_of_starts_ends(store: ResultsStore) -> None:
    """No flow makes one; an imported store could hold one."""
    for name, before in (("Li", "vasp-In"), ("In", "vasp-Li")):
        stored = store.calculation_documents.find_one({"key": f"vasp-{name}"})
        store.calculation_documents.put([stored | {"started_from": before}])
    found = explain(store, "vasp-Li")
    assert isinstance(found, CalculationEvidence)
    assert found.started_from is not None
    assert found.started_from.started_from is not None
    assert found.started_from.started_from.shown_elsewhere


def test_an_unknown_key_names_the_nearest(store: ResultsStore) -> None:
    (row,) = store.query(property="hull", campaign="day-0")
    with pytest.raises(InputError, match=rf"the store has no result .*did you mean '{row['key']}'"):
        explain(store, row["key"][:-1])
    hull = {name: value for name, value in row.items() if name != "key"}
    store.property_documents.put([hull | {"key": f"hull-{n:016x}", "phase": f"p{n}"} for n in range(300)])
    with pytest.raises(InputError, match=f"did you mean '{row['key']}'"):
        explain(store, row["key"][:7] + "x" + row["key"][8:])
