"""What both stores do with documents: the same tests on SQLite and on a real MongoDB server."""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lianode.hpc.stores.collection import CollectionSpec
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from lianode.hpc.stores.collection import Collection, Database

SPEC = CollectionSpec("things", ("key",), columns=("flagged",), indexes=(("system", "phase"),))


@pytest.fixture
def things(database: Database) -> Collection:
    return database.collection(SPEC)


def keys(documents: Any) -> list[Any]:
    return [document["key"] for document in documents]


def test_put_inserts_and_replaces(things: Collection) -> None:
    things.put([{"key": "a", "x": 1}, {"key": "b", "x": 2}])
    things.put([{"key": "a", "y": 3}])
    assert list(things.find(sort=[("key", 1)])) == [{"key": "a", "y": 3}, {"key": "b", "x": 2}]
    things.put([])
    assert things.count() == 2


def test_of_two_documents_with_one_key_the_later_stays(things: Collection) -> None:
    things.put([{"key": "a", "x": number} for number in range(10)])
    assert list(things.find()) == [{"key": "a", "x": 9}]


def test_a_document_comes_back_as_it_was(things: Collection) -> None:
    document = {
        "key": "a",
        "text": "Li₁₃In₃ \U0001f50b \0 \"quoted\" 'x'",
        "numbers": [0, -1, 2**63 - 1, -(2**63), 1e-300, 0.1, -3.1415926535897931, 1e300],
        "nested": {"b": [[], {}, [None, True]], "dotted.name": 1, "": 2},
        "order": {"z": 1, "a": 2},
    }
    things.put([document])
    found = things.find_one({"key": "a"})
    assert repr(found) == repr(document)
    assert things.find_one({"key": "A"}) is None


def test_values_are_made_plain(things: Collection) -> None:
    class Colour(enum.StrEnum):
        RED = "red"

    things.put([{"key": "a", "t": (1, 2), "e": Colour.RED, "f": np.float64(1.5)}])
    assert things.find_one() == {"key": "a", "t": [1, 2], "e": "red", "f": 1.5}


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (float("nan"), "nan"),
        (float("-inf"), "inf"),
        (np.float64("nan"), "nan"),
        (2**63, "64 bits"),
        ({1: 2}, "not text"),
        ({"$set": 1}, r"\$set"),
        ({"a\0b": 1}, "reserved"),
        (b"bytes", "bytes"),
        ({1, 2}, "set"),
        (np.zeros(2), "ndarray"),
        (1j, "complex"),
        ("half \ud800", "surrogate"),
        (object(), "object"),
    ],
    ids=lambda value: re.sub(r" at 0x\w+", "", repr(value)),  # equal in every process
)
def test_values_that_are_refused(things: Collection, value: Any, named: str) -> None:
    with pytest.raises(InputError, match=named) as refused:
        things.put([{"key": "good"}, {"key": "a", "deep": {"er": [value]}}])
    assert "things.deep.er" in str(refused.value)
    assert things.count() == 0


def test_nesting_has_a_limit(things: Collection) -> None:
    value: Any = 1
    for _ in range(500):
        value = [value]
    with pytest.raises(InputError, match="nested"):
        things.put([{"key": "a", "value": value}])


@pytest.mark.parametrize("document", [{}, {"key": None}, {"key": 1.5}, {"key": True}, {"key": ["a"]}], ids=repr)
def test_a_key_is_text_or_an_integer(things: Collection, document: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"things\.key"):
        things.put([document])


def test_indexed_fields_hold_single_values(things: Collection) -> None:
    for value in ([1], {"a": 1}):
        with pytest.raises(InputError, match=r"things\.phase.*single value"):
            things.put([{"key": "a", "phase": value}])


def test_compare_and_set(things: Collection) -> None:
    assert things.compare_and_set(0, {"key": "a", "revision": 1, "x": 1})
    assert not things.compare_and_set(0, {"key": "a", "revision": 1, "x": 2})
    assert not things.compare_and_set(2, {"key": "a", "revision": 3, "x": 2})
    assert not things.compare_and_set(2, {"key": "b", "revision": 3})
    assert things.compare_and_set(1, {"key": "a", "revision": 2, "x": 3})
    assert list(things.find()) == [{"key": "a", "revision": 2, "x": 3}]
    with pytest.raises(ValueError, match="does not follow"):
        things.compare_and_set(2, {"key": "a", "revision": 2})


def test_sort_skip_limit_and_projection(things: Collection) -> None:
    things.put({"key": f"{n:02d}", "system": "Li-In", "phase": f"p{n % 3}", "x": {"n": -n, "m": n}} for n in range(12))
    assert keys(things.find(sort=[("phase", -1)], limit=2, skip=1)) == ["05", "08"]
    assert keys(things.find(sort=[("x.n", 1)], limit=2)) == ["11", "10"]
    assert keys(things.find({"phase": "p0"}, limit=2)) == ["00", "03"]
    assert keys(things.find({"x.m": {"$gt": 4}}, sort=[("phase", 1)], skip=1, limit=2)) == ["09", "07"]
    assert list(things.find({"key": "03"}, projection=["x.m"])) == [{"x": {"m": 3}}]
    assert list(things.find({"key": "03"}, projection={"key": 1, "_id": 0})) == [{"key": "03"}]
    with pytest.raises(InputError, match="limit"):
        things.find(limit=-1)


def test_distinct_and_counts(things: Collection) -> None:
    things.put([
        {"key": "a", "system": "Li-In", "flagged": True, "tags": ["x", 1, 1.0]},
        {"key": "b", "system": "Li-Sn", "flagged": False, "tags": ["x", "y", None]},
        {"key": "c", "system": None, "tags": []},
        {"key": "d"},
    ])  # fmt: skip
    assert things.distinct("system") == ["Li-In", "Li-Sn"]
    assert things.distinct("flagged") == [False, True]
    assert things.distinct("tags") == [1, "x", "y"]
    assert things.distinct("system", {"tags": "y"}) == ["Li-Sn"]
    assert things.count({"flagged": True}) == 1
    assert things.count({"flagged": 1}) == 0
    assert things.count({"system": None}) == 2


def test_remove(things: Collection) -> None:
    things.put({"key": f"{n}", "system": "Li-In" if n % 2 else "Li-Sn", "x": n} for n in range(10))
    assert things.remove({"system": "Li-In", "x": {"$gt": 4}}) == 3
    assert things.remove({"system": "Li-In"}) == 2
    assert things.remove({"system": "Li-In"}) == 0
    assert things.remove({}) == 5
    assert things.count() == 0


def test_an_index_can_be_added_later(things: Collection) -> None:
    things.put({"key": f"{n}", "energy": -n / 7, "deep": {"name": f"n{n % 2}"}} for n in range(20))
    things.ensure_index(["energy"])
    things.ensure_index(["deep.name", "energy"])
    things.ensure_index(["energy"])
    assert keys(things.find({"energy": -3 / 7})) == ["3"]
    assert keys(things.find({"deep.name": "n1"}, sort=[("energy", 1)], limit=2)) == ["19", "17"]
    with pytest.raises(InputError, match="single value"):
        things.put([{"key": "x", "energy": [1]}])


def test_a_field_with_lists_is_not_indexed(things: Collection) -> None:
    things.put([{"key": "a", "tags": ["x"]}])
    with pytest.raises(InputError, match="single value"):
        things.ensure_index(["tags"])
    assert keys(things.find({"tags": "x"})) == ["a"]
    things.put([{"key": "b", "tags": ["y"]}])


def test_another_handle_sees_an_index_at_its_next_write(database: Database) -> None:
    first, second = database.collection(SPEC), database.collection(SPEC)
    first.put([{"key": "a", "x": 1}])
    second.ensure_index(["x"])
    first.put([{"key": "b", "x": 2}])
    assert keys(second.find({"x": {"$gte": 1}}, sort=[("x", -1)])) == ["b", "a"]


def test_names_and_values_never_become_part_of_a_command(things: Collection) -> None:
    evil = "x'; DROP TABLE things; --"
    things.put([{"key": evil, "system": evil, evil: 1}, {"key": "b"}])
    assert keys(things.find({"system": evil})) == [evil]
    assert keys(things.find({"key": {"$in": [evil]}})) == [evil]
    assert keys(things.find({evil: 1})) == [evil]
    assert keys(things.find(sort=[(evil, -1)])) == [evil, "b"]
    assert things.distinct(evil) == [1]
    assert things.find_one({"key": 'f:key" OR 1=1'}) is None
    assert things.count() == 2


def test_writing_while_reading(things: Collection) -> None:
    things.put({"key": f"{n:04d}", "x": 0} for n in range(1500))
    for document in things.find({"x": 0}):
        things.put([{**document, "x": 1}])
    assert things.count({"x": 1}) == 1500


def test_keys_of_several_fields(database: Database) -> None:
    jobs = database.collection(CollectionSpec("jobs2", ("uuid", "index")))
    jobs.put([{"uuid": "u", "index": 1, "x": 1}, {"uuid": "u", "index": 2, "x": 2}, {"uuid": "u", "index": 1, "x": 3}])
    assert [document["x"] for document in jobs.find({"uuid": "u"}, sort=[("index", -1)])] == [2, 3]


def test_many_values_in_one_condition(things: Collection) -> None:
    things.put({"key": f"{n}"} for n in range(100))
    wanted = [f"{n}" for n in range(50, 40_000)]
    assert things.count({"key": {"$in": wanted}}) == 50
