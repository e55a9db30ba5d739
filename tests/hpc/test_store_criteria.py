"""What criteria mean: cases by hand, checked on the matcher, the SQLite store and a real MongoDB."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from lianode.hpc.stores.collection import CollectionSpec
from lianode.hpc.stores.criteria import matches, validate
from lianode.hpc.stores.selection import projection_fields, sort_fields
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from lianode.hpc.stores.collection import Database

DOCUMENTS: dict[str, dict[str, Any]] = {
    "empty": {},
    "null": {"a": None},
    "one": {"a": 1},
    "one float": {"a": 1.0},
    "true": {"a": True},
    "false": {"a": False},
    "zero": {"a": 0},
    "text one": {"a": "1"},
    "text": {"a": "LiIn"},
    "list": {"a": [1, "x", None]},
    "empty list": {"a": []},
    "nested list": {"a": [[1, 2], 3]},
    "object": {"a": {"b": 1, "c": 2}},
    "object swapped": {"a": {"c": 2, "b": 1}},
    "objects": {"a": [{"b": 1}, {"b": 5, "c": None}]},
    "numeric key": {"a": {"0": 1}},
    "big": {"a": 2**60},
}
SCALAR_NAMES = [name for name, document in DOCUMENTS.items() if not isinstance(document.get("a"), list | dict)]

CASES: list[tuple[dict[str, Any], set[str]]] = [
    ({"a": 1}, {"one", "one float", "list"}),
    ({"a": True}, {"true"}),
    ({"a": "1"}, {"text one"}),
    ({"a": None}, {"empty", "null", "list"}),
    ({"a": {"$ne": None}}, set(DOCUMENTS) - {"empty", "null", "list"}),
    ({"a": {"$exists": False}}, {"empty"}),
    ({"a": {"$exists": True}}, set(DOCUMENTS) - {"empty"}),
    ({"a": {"$gt": 0}}, {"one", "one float", "list", "nested list", "big"}),
    ({"a": {"$lt": 1}}, {"zero"}),
    ({"a": {"$gte": "L"}}, {"text", "list"}),
    ({"a": {"$lt": "L"}}, {"text one"}),
    ({"a": {"$gt": False}}, {"true"}),
    ({"a": {"$lte": False}}, {"false"}),
    ({"a": {"$gte": None}}, {"empty", "null", "list"}),
    ({"a": {"$gt": None}}, set()),
    ({"a": {"$gt": 0, "$lt": 3}}, {"one", "one float", "list"}),
    ({"a": {"$in": [1, None]}}, {"one", "one float", "list", "empty", "null"}),
    ({"a": {"$in": []}}, set()),
    ({"a": {"$nin": [1, None]}}, set(DOCUMENTS) - {"one", "one float", "list", "empty", "null"}),
    ({"a": {"$ne": 1}}, set(DOCUMENTS) - {"one", "one float", "list"}),
    ({"a": {"$not": {"$gt": 0}}}, set(DOCUMENTS) - {"one", "one float", "list", "nested list", "big"}),
    ({"a": [1, 2]}, {"nested list"}),
    ({"a": []}, {"empty list"}),
    ({"a": {"b": 1, "c": 2}}, {"object"}),
    ({"a.b": 1}, {"object", "object swapped", "objects"}),
    ({"a.b": 5}, {"objects"}),
    ({"a.c": None}, set(DOCUMENTS) - {"object", "object swapped", "list", "empty list", "nested list"}),
    ({"a.c": {"$exists": False}}, set(DOCUMENTS) - {"object", "object swapped", "objects"}),
    ({"a.0": 1}, {"list", "numeric key"}),
    ({"a.1.b": {"$gt": 4}}, {"objects"}),
    ({"a": 2**60}, {"big"}),
    ({"a": 2**60 + 1}, set()),
    ({"a": {"$gt": 2.0**60 - 200}}, {"big"}),
    ({"a": {"$regex": "^Li"}}, {"text"}),
    ({"a": {"$regex": "[0-9x]$"}}, {"text one", "list"}),
    ({"$or": [{"a": 1}, {"a": "LiIn"}]}, {"one", "one float", "list", "text"}),
    (
        {"$and": [{"a": {"$gt": 0}}, {"$or": [{"a": {"$lt": 2}}, {"a": 3}]}]},
        {"one", "one float", "list", "nested list"},
    ),
    ({}, set(DOCUMENTS)),
]


@pytest.mark.parametrize(
    ("criteria", "expected"), CASES, ids=lambda value: " ".join(sorted(value)) if isinstance(value, set) else str(value)
)
def test_matcher(criteria: dict[str, Any], expected: set[str]) -> None:
    assert {name for name, document in DOCUMENTS.items() if matches(document, criteria)} == expected


def test_stores_agree_with_the_table(database: Database) -> None:
    collection = database.collection(CollectionSpec("cases", ("name",)))
    collection.put({"name": name, **document} for name, document in DOCUMENTS.items())
    for criteria, expected in CASES:
        assert {document["name"] for document in collection.find(criteria)} == expected, criteria
        assert collection.count(criteria) == len(expected), criteria


def test_indexed_field_gives_the_same(database: Database) -> None:
    collection = database.collection(CollectionSpec("cases", ("name",), indexes=(("a",),)))
    collection.put({"name": name, **DOCUMENTS[name]} for name in SCALAR_NAMES)
    for criteria, expected in CASES:
        found = {document["name"] for document in collection.find(criteria)}
        assert found == expected & set(SCALAR_NAMES), criteria
        assert collection.count(criteria) == len(found), criteria


def test_dates_are_text_in_documents_and_criteria(database: Database) -> None:
    collection = database.collection(CollectionSpec("cases", ("name",)))
    early, late = dt.datetime(2024, 1, 1, tzinfo=dt.UTC), dt.datetime(2025, 1, 1, 12, 30, tzinfo=dt.UTC)
    collection.put([{"name": "early", "when": early}, {"name": "late", "when": late}])
    assert [document["name"] for document in collection.find({"when": {"$gt": early}})] == ["late"]
    assert collection.find_one({"name": "late"}) == {"name": "late", "when": "2025-01-01T12:30:00+00:00"}


@pytest.mark.parametrize(
    ("criteria", "named"),
    [
        ({"$where": "1"}, "$where"),
        ({"$nor": [{"a": 1}]}, "$nor"),
        ({"$expr": {}}, "$expr"),
        ({"a": {"$elemMatch": {"b": 1}}}, "$elemMatch"),
        ({"a": {"$size": 1}}, "$size"),
        ({"a": {"$type": "string"}}, "$type"),
        ({"a": {"$gte": 1, "$lessthan": 3}}, "$lessthan"),
        ({"a": {"$gt": [1]}}, "$gt"),
        ({"a": {"$gt": {"b": 1}}}, "$gt"),
        ({"a": {"$in": "Li"}}, "$in"),
        ({"a": {"$exists": 1}}, "$exists"),
        ({"a": {"$not": 1}}, "$not"),
        ({"a": {"$not": {}}}, "$not"),
        ({"a": {"$gt": 1, "b": 2}}, "'b'"),
        ({"a": {"b": 2, "$gt": 1}}, "'b'"),
        ({"a": {"$regex": "(Li|In)+"}}, "pattern"),
        ({"a": {"$regex": "a{2}"}}, "pattern"),
        ({"a": {"$regex": "\\d"}}, "pattern"),
        ({"a": {"$regex": "[z-a]"}}, "pattern"),
        ({"a": {"$regex": "x", "$options": "i"}}, "$options"),
        ({"a": float("nan")}, "nan"),
        ({"a": {"$lt": float("inf")}}, "inf"),
        ({"a": 2**63}, "64 bits"),
        ({"a": {1, 2}}, "set"),
        ({"": 1}, "''"),
        ({"a..b": 1}, "a..b"),
        ({"a.$x": 1}, "a.$x"),
        ({"_id": 1}, "_id"),
        ({"$and": []}, "$and"),
        ({"$or": {"a": 1}}, "$or"),
        ({"$and": ["a"]}, "'a'"),
        ({1: 1}, "1"),
    ],
    ids=str,
)
def test_refused_by_name(criteria: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError) as refused:
        validate(criteria)
    assert named in str(refused.value)


def test_misspelt_operator_gets_a_hint() -> None:
    with pytest.raises(InputError, match=r"\$gtee is not supported \(did you mean '\$gte'\?\)"):
        validate({"a": {"$gtee": 1}})


def test_stores_refuse_alike(database: Database) -> None:
    collection = database.collection(CollectionSpec("cases", ("name",)))
    for call in (collection.find, collection.count, collection.remove, lambda c: collection.distinct("a", c)):
        with pytest.raises(InputError, match=r"\$size"):
            call({"a": {"$size": 2}})


def test_deep_nesting_is_refused() -> None:
    criteria: dict[str, Any] = {"a": 1}
    for _ in range(50):
        criteria = {"$and": [criteria]}
    with pytest.raises(InputError, match="nested"):
        validate(criteria)
    negated: dict[str, Any] = {"$gt": 1}
    for _ in range(2000):
        negated = {"$not": negated}
    with pytest.raises(InputError, match="nested"):
        validate({"a": negated})


@pytest.mark.parametrize(
    "sort", [[("a", 2)], [("a", True)], [("a", 1), ("a", -1)], [("a.0", 1)], [("", 1)], [("_id", 1)]], ids=str
)
def test_sort_orders_that_are_refused(sort: list[tuple[str, int]]) -> None:
    with pytest.raises(InputError):
        sort_fields(sort, ("key",))


@pytest.mark.parametrize("projection", [{"a": 0}, {"a": {"$slice": 1}}, ["a", "a.b"], ["a..b"]], ids=str)
def test_projections_that_are_refused(projection: Any) -> None:
    with pytest.raises(InputError):
        projection_fields(projection)
