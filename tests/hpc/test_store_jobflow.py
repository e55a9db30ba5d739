"""jobflow on our stores."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import pytest
from jobflow import CURRENT_JOB, Flow, JobConfig, JobStore, Response, job, run_locally
from monty.json import MontyDecoder

from lianode.hpc.store import open_store
from lianode.hpc.stores.maggma_store import SQLiteStore
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lianode.hpc.settings import Settings
    from lianode.hpc.stores.jobstore import LianodeJobStore
    from lianode.hpc.stores.maggma_store import CollectionStore


@job
def add(a: float, b: float) -> float:
    return a + b


@job
def split(total: int) -> Response[Any]:
    """Replace: as many jobs as ``total`` says, and their sum."""
    parts = [add(number, 1) for number in range(total)]
    last = collect([part.output for part in parts])
    return Response(replace=Flow([*parts, last], output=last.output))


@job
def collect(values: list[float]) -> dict[str, Any]:
    return {"sum": sum(values), "values": values}


@job
def detoured(value: float) -> Response[Any]:
    return Response(output=value, detour=add(value, 100))


@job(config=JobConfig(expose_store=True))
def count_calculations() -> int:
    return sum(CURRENT_JOB.store.results.counts()["calculations"].values())


@job(data="large")
def with_large_data() -> dict[str, Any]:
    return {"small": 1, "large": list(range(100))}


@pytest.fixture
def jobstore(settings: Settings) -> Iterator[LianodeJobStore]:
    results = open_store(settings)
    yield results.jobstore()
    results.close()


def test_replace_and_detour(jobstore: LianodeJobStore, tmp_path: Path) -> None:
    first = add(1, 1)
    replaced = split(first.output)
    after = add(replaced.output["sum"], 10)
    aside = detoured(after.output)
    last = collect([aside.output, replaced.output["values"][1]])
    run_locally(
        Flow([first, replaced, after, aside, last]), store=jobstore, ensure_success=True, root_dir=tmp_path, log=False
    )
    assert jobstore.get_output(replaced.uuid) == {"sum": 3, "values": [1, 2]}
    assert jobstore.get_output(after.uuid) == 13
    assert jobstore.get_output(last.uuid) == {"sum": 15, "values": [13, 2]}
    outputs = jobstore.get_output(replaced.uuid, which="all")
    assert len(outputs) == 2  # the job that was replaced, and its replacement
    assert [entry["index"] for entry in jobstore.query({"uuid": replaced.uuid}, sort={"index": -1})] == [2, 1]
    assert jobstore.count({"name": {"$in": ["add", "collect"]}}) == 7
    assert jobstore.query_one({"output.sum": 15}, ["name"])["name"] == "collect"
    assert {entry["uuid"] for entry in jobstore.query({"hosts": replaced.hosts[0]}, ["uuid"])} >= {first.uuid}
    jobstore.remove_docs({"uuid": last.uuid})
    assert jobstore.query_one({"uuid": last.uuid}) is None


def test_a_job_reaches_the_results(jobstore: LianodeJobStore, tmp_path: Path) -> None:
    exposed = count_calculations()
    run_locally(exposed, store=jobstore, ensure_success=True, root_dir=tmp_path, log=False)
    assert jobstore.get_output(exposed.uuid) == 0


def test_only_the_settings_file_is_serialised(jobstore: LianodeJobStore, tmp_path: Path) -> None:
    assert jobstore.as_dict() == {
        "@module": "lianode.hpc.stores.jobstore",
        "@class": "LianodeJobStore",
        "settings_file": str(tmp_path / "lianode.toml"),
    }
    jobstore.docs_store.update({"uuid": "u", "index": 1, "output": 1}, key=["uuid", "index"])
    for copy in (MontyDecoder().process_decoded(jobstore.as_dict()), pickle.loads(pickle.dumps(jobstore))):  # noqa: S301
        assert copy.get_output("u") == 1
        copy.results.close()


def test_collection_as_a_maggma_store(jobstore: LianodeJobStore) -> None:
    store: CollectionStore = jobstore.docs_store
    store.connect()
    store.update([{"_id": "x", "uuid": f"u{n}", "index": 1, "group": n % 2, "deep": {"n": n}} for n in range(6)])
    store.update({"uuid": "u0", "index": 1, "deep": {"n": 9}}, key=["index", "uuid"])
    assert store.distinct("group") == [0, 1]
    groups = {tuple(keys.items()): len(members) for keys, members in store.groupby("group", properties=["uuid"])}
    assert groups == {(("group", 0),): 2, (("group", 1),): 3}
    assert [keys for keys, _ in store.groupby(["group", "deep.n"], {"deep.n": {"$lt": 3}})] == [
        {"group": 0, "deep": {"n": 2}},
        {"group": 1, "deep": {"n": 1}},
    ]
    assert store.ensure_index("group") is True
    assert store.ensure_index("uuid", unique=True) is False
    store.update({"uuid": "list", "index": 1, "tags": [1]})
    assert store.ensure_index("tags") is False
    assert store.name == "jobs"
    with pytest.raises(InputError, match="kept by uuid, index"):
        store.update({"uuid": "u0", "index": 1}, key="group")
    with pytest.raises(InputError, match=r"\$size"):
        list(store.query({"a": {"$size": 1}}))


def test_sqlite_store_for_docs_and_data(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    data = SQLiteStore(path, "data", key="blob_uuid")
    store = JobStore(SQLiteStore(path, "outputs", key=["uuid", "index"]), additional_stores={"data": data})
    large = with_large_data()
    twice = collect([large.output["small"], large.output["small"]])
    run_locally(Flow([large, twice]), store=store, ensure_success=True, root_dir=tmp_path, log=False)
    assert "blob_uuid" in store.query_one({"uuid": large.uuid})["output"]["large"]
    assert store.get_output(large.uuid, load=True)["large"] == list(range(100))
    assert store.get_output(twice.uuid)["sum"] == 2
    assert data.count({"job_uuid": large.uuid}) == 1
    store.remove_docs({"uuid": large.uuid})
    assert data.count() == 0
    store.close()


def test_sqlite_store_alone(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "a.db", "tasks")
    other = SQLiteStore.from_dict(store.as_dict())
    assert store == other
    assert hash(store) == hash(other)
    with store, other:
        store.update([{"task_id": n, "last_updated": f"2025-01-0{n}T00:00:00"} for n in range(1, 5)])
        assert other.last_updated.day == 4
        other.remove_docs({"task_id": {"$gt": 2}})
        assert store.count() == 2
        target = SQLiteStore(tmp_path / "b.db", "tasks")
        with target:
            assert sorted(target.newer_in(store)) == [1, 2]
    copy = pickle.loads(pickle.dumps(store))  # noqa: S301
    with copy:
        assert [entry["task_id"] for entry in copy.query(sort={"task_id": -1})] == [2, 1]
