"""Ranges of numbers are found through an index, and the index is never behind the documents, on both stores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lianode.hpc.stores.collection import CollectionSpec
from lianode.hpc.stores.mongo import MongoDatabase
from lianode.hpc.stores.sqlite import SQLiteDatabase

if TYPE_CHECKING:
    from lianode.hpc.stores.collection import Collection, Database

SPEC = CollectionSpec("things", ("key",), numbers=("", "settings"))
OLD = CollectionSpec("things", ("key",))
"""What a lianode opens that knows nothing of numbers."""


def found(collection: Collection, **criteria: Any) -> list[str]:
    names = [document["key"] for document in collection.find(criteria, sort=[("key", 1)])]
    assert collection.count(criteria) == len(names)
    return names


def thing(key: str, x: object, **more: Any) -> dict[str, Any]:
    return {"key": key, "x": x, "revision": 1} | more


def test_what_is_put_replaced_and_removed_is_found_at_once(database: Database) -> None:
    things = database.collection(SPEC)
    things.put([thing("a", 1.0), thing("b", 2.5), thing("c", None), {"key": "d"}])
    assert found(things, x={"$gte": 1}) == ["a", "b"]
    things.put([thing("b", 0.5)])
    assert found(things, x={"$gte": 1}) == ["a"]
    assert found(things, x={"$gt": 0, "$lt": 1}) == ["b"]
    assert things.compare_and_set(1, thing("a", 7) | {"revision": 2})
    assert found(things, x=7) == ["a"]
    things.remove({"x": {"$gt": 6}})
    assert found(things, x={"$gt": -9}) == ["b"]
    assert list(things.find({"x": 0.5})) == [thing("b", 0.5)]


def test_an_older_store_is_read_when_it_is_opened(database: Database) -> None:
    database.collection(OLD).put([thing(f"{n:04d}", n, settings={"temperature": 300.0 + n}) for n in range(1200)])
    things = database.collection(SPEC)
    assert found(things, x={"$gte": 1198}) == ["1198", "1199"]
    assert found(things, **{"settings.temperature": {"$lt": 301.5}}) == ["0000", "0001"]
    assert uses_the_index(database, {"x": {"$gte": 1198}})
    assert uses_the_index(database, {"settings.temperature": {"$lt": 301.5}})


def test_what_an_older_lianode_writes_meanwhile_is_not_lost(database: Database) -> None:
    old = database.collection(OLD)
    things = database.collection(SPEC)
    things.put([thing("a", 1), thing("b", 2)])
    old.put([thing("b", 9), thing("c", 8)])
    assert found(things, x={"$gte": 8}) == ["b", "c"]
    assert found(things, x={"$lte": 2}) == ["a"]
    old.remove({"key": "c"})
    things.put([thing("d", 8)])  # reads what was left behind too
    assert found(things, x={"$gte": 8}) == ["b", "d"]
    assert found(database.collection(SPEC), x={"$gte": 8}) == ["b", "d"]


def test_a_field_that_also_holds_lists_is_searched_in_the_documents(database: Database) -> None:
    things = database.collection(SPEC)
    things.put([thing("a", 1), thing("b", [5, 6]), thing("c", "text"), thing("d", True), thing("e", {"y": 5})])
    assert found(things, x={"$gte": 5}) == ["b"]
    assert found(things, x={"$lt": 5}) == ["a"]
    assert [document["key"] for document in things.find(sort=[("x", 1)])] == ["a", "b", "c", "e", "d"]
    things.put([{"key": "f", "settings": [{"t": 4}]}, {"key": "g", "settings": {"t": 3, "a.b": 1}}])
    assert found(things, **{"settings.t": {"$gt": 2}}) == ["f", "g"]


def test_an_older_document_with_lists_keeps_its_meaning(database: Database) -> None:
    database.collection(OLD).put([thing("a", 1), thing("b", [5]), {"key": "c", "settings": [{"t": 4}]}, {"key": "d"}])
    things = database.collection(SPEC)
    assert found(things, x={"$gte": 1}) == ["a", "b"]
    assert found(things, **{"settings.t": {"$gt": 2}}) == ["c"]


def test_hidden_fields_are_not_shown(database: Database) -> None:
    things = database.collection(SPEC)
    document = thing("a", 1, settings={"temperature": 3.0})
    things.put([document])
    assert list(things.find()) == [document]
    assert things.find_one({"x": 1}) == document
    assert list(things.find(projection=["x"])) == [{"x": 1}]


@pytest.mark.parametrize("down", [1, -1])
def test_pages_are_sorted_by_a_number(database: Database, down: int) -> None:
    things = database.collection(SPEC)
    things.put([thing(f"{n:02d}", (7 * n) % 20 / 4 if n % 3 else None) for n in range(20)])
    whole = list(things.find(sort=[("x", down), ("key", 1)]))
    values = [-1.0 if one["x"] is None else one["x"] for one in whole]
    assert values == sorted(values, reverse=down < 0)
    paged = [one for skip in range(0, 20, 6) for one in things.find(sort=[("x", down)], skip=skip, limit=6)]
    assert paged == whole


def uses_the_index(database: Database, criteria: dict[str, Any]) -> bool:
    """Whether the store plans to read numbers, and not all documents."""
    if isinstance(database, MongoDatabase):
        asked = database.collection(SPEC)._asked(criteria)
        plan = database.database()["things"].find(asked).explain()["queryPlanner"]["winningPlan"]
        return "COLLSCAN" not in str(plan)
    assert isinstance(database, SQLiteDatabase)
    seen: list[str] = []
    reader = database.file.reader()
    reader.set_trace_callback(seen.append)
    list(database.collection(SPEC).find(criteria))
    reader.set_trace_callback(None)
    return any("things:numbers" in text and "document" in text for text in seen)
