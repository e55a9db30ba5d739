"""Random documents and queries: the matcher and the SQLite store against a real MongoDB server."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from lianode.hpc.stores.collection import CollectionSpec
from lianode.hpc.stores.criteria import holds, parse
from lianode.hpc.stores.mongo import MongoDatabase
from lianode.hpc.stores.selection import project
from lianode.hpc.stores.sqlite import SQLiteDatabase
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lianode.hpc.stores.collection import Collection

pytestmark = pytest.mark.mongodb

SCALARS = [None, True, False, 0, 1, 2, 1.0, 0.5, -1, 2.5, "", "a", "b", "é", "\U0001f50b", "Li", "1", 2**40]
NUMBERS = [None, -(2**53) - 1, -1, -0.5, 0, 0.0, 0.1, 0.1 + 2**-56, 1, 1.5, 2**53, 2**53 + 1, float(2**53), 2**62]
NUMBER_PATHS = ["n", "m", "o.n", "n", "m", "o.n", "o.b", "o", "s", "a"]
PATHS = [
    "a",
    "b",
    "c",
    "a.b",
    "a.a",
    "a.0",
    "a.1",
    "a.b.a",
    "b.0.a",
    "a.0.1",
    "a.0.0",
    "a.1.b",
    "c.a.0",
    "b.1.1.a",
    "s",
]
NAMED_PATHS = ["a", "b", "c", "a.b", "a.a", "c.a.b", "b.b.b", "s", "t"]
PATTERNS = ["^a", "a", ".", "^$", "[ab]", "i$", r"\.", "[^a]", "L.", "Li*1?", "^.$"]


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  nothing secret


def value(source: random.Random, depth: int = 0) -> Any:
    kind = source.random()
    if depth > 2 or kind < 0.5:
        return source.choice(SCALARS)
    if kind < 0.75:
        return [value(source, depth + 1) for _ in range(source.randrange(4))]
    names = source.sample(["a", "b", "0", "1"], source.randrange(4))
    return {name: value(source, depth + 1) for name in names}


def document(source: random.Random, number: int) -> dict[str, Any]:
    """Fields a, b, c hold anything, s and t (indexed) single values, n, m and o.n (indexed) numbers or nothing."""
    fields = {name: value(source) for name in source.sample(["a", "b", "c"], source.randrange(4))}
    indexed = {name: source.choice(SCALARS) for name in source.sample(["s", "t"], source.randrange(3))}
    source = seeded(number)
    numbers = {name: source.choice(NUMBERS) for name in source.sample(["n", "m"], source.randrange(3))}
    inner = {"o": {"n": source.choice(NUMBERS), "b": value(source)}} if source.random() < 0.7 else {}
    return {"key": f"{number:05d}"} | fields | indexed | numbers | inner


def operators(source: random.Random, depth: int = 0) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for _ in range(source.choice([1, 1, 1, 2])):
        name = source.choice(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$regex", "$not"])
        if name in {"$eq", "$ne"}:
            result[name] = value(source, 1)
        elif name in {"$in", "$nin"}:
            result[name] = [value(source, 1) for _ in range(source.randrange(4))]
        elif name == "$exists":
            result[name] = source.random() < 0.5
        elif name == "$regex":
            result[name] = source.choice(PATTERNS)
        elif name == "$not":
            result[name] = operators(source, depth + 1) if depth < 2 else {"$eq": 1}
        else:
            result[name] = source.choice(SCALARS)
    return result


def criteria(source: random.Random, paths: list[str], depth: int = 0) -> dict[str, Any]:
    if depth < 2 and source.random() < 0.25:
        parts = [criteria(source, paths, depth + 1) for _ in range(source.randrange(1, 4))]
        return {source.choice(["$and", "$or"]): parts}
    return {
        source.choice(paths): value(source, 1) if source.random() < 0.25 else operators(source)
        for _ in range(source.choice([1, 1, 2]))
    }


class Pair:
    """The same documents in both stores and in memory."""

    def __init__(self, sqlite: Collection, mongo: Collection, documents: list[dict[str, Any]]) -> None:
        self.sqlite, self.mongo, self.documents = sqlite, mongo, documents
        sqlite.put(documents)
        mongo.put(documents)


@pytest.fixture(scope="module")
def pair(mongod: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    source = seeded(20240229)
    spec = CollectionSpec("random", ("key",), columns=("t",), indexes=(("s", "t"),), numbers=("", "o"))
    folder: Path = tmp_path_factory.mktemp("differential")
    sqlite, mongo = SQLiteDatabase(folder / "lianode.db"), MongoDatabase(mongod, "differential")
    yield Pair(sqlite.collection(spec), mongo.collection(spec), [document(source, number) for number in range(400)])
    sqlite.close()
    mongo.close()


def keys(documents: Iterator[dict[str, Any]]) -> list[str]:
    return [entry["key"] for entry in documents]


def test_matcher(pair: Pair) -> None:
    source = seeded(1)
    for _ in range(2000):
        query = criteria(source, PATHS)
        node = parse(query)
        ours = {entry["key"] for entry in pair.documents if holds(node, entry)}
        assert ours == set(keys(pair.mongo.find(query, projection=["key"]))), query


def test_sqlite_columns(pair: Pair) -> None:
    """Queries on indexed fields, alone and mixed with others; counts; limits."""
    source = seeded(2)
    for _ in range(1500):
        query = criteria(source, ["s", "t", "s", "t", "a"])
        by = [(name, source.choice([1, -1])) for name in source.sample(["s", "t"], source.randrange(3))]
        skip, limit = source.choice([0, 0, 3]), source.choice([0, 1, 7])
        ours = keys(pair.sqlite.find(query, sort=by, skip=skip, limit=limit))
        theirs = keys(pair.mongo.find(query, sort=by, skip=skip, limit=limit))
        if not (by or skip or limit):
            ours, theirs = sorted(ours), sorted(theirs)
        assert ours == theirs, (query, by, skip, limit)
        assert pair.sqlite.count(query) == pair.mongo.count(query), query


def number_operators(source: random.Random, depth: int = 0) -> dict[str, Any]:
    names = ["$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists", "$not"]
    result: dict[str, Any] = {}
    for name in source.sample(names, source.choice([1, 1, 2, 2, 3])):
        if name in {"$in", "$nin"}:
            result[name] = [source.choice(NUMBERS[source.randrange(2) :]) for _ in range(source.randrange(4))]
        elif name == "$exists":
            result[name] = source.random() < 0.5
        elif name == "$not":
            result[name] = number_operators(source, depth + 1) if depth < 2 else {"$eq": 1}
        else:
            result[name] = source.choice(NUMBERS) if source.random() < 0.9 else source.choice(SCALARS)
    return result


def number_criteria(source: random.Random, depth: int = 0) -> dict[str, Any]:
    if depth < 2 and source.random() < 0.4:
        parts = [number_criteria(source, depth + 1) for _ in range(source.randrange(1, 4))]
        return {source.choice(["$and", "$or"]): parts}
    return {source.choice(NUMBER_PATHS): number_operators(source) for _ in range(source.choice([1, 1, 2]))}


def test_ranges_of_numbers(pair: Pair) -> None:
    """Numbers that have an index of their own: queries, counts, orders and pages."""
    source = seeded(6)
    for _ in range(1500):
        query = number_criteria(source)
        by = [(name, source.choice([1, -1])) for name in source.sample(["n", "m", "o.n", "s"], source.randrange(3))]
        skip, limit = source.choice([0, 0, 3]), source.choice([0, 1, 7])
        ours = keys(pair.sqlite.find(query, sort=by, skip=skip, limit=limit))
        theirs = keys(pair.mongo.find(query, sort=by, skip=skip, limit=limit))
        if not (by or skip or limit):
            ours, theirs = sorted(ours), sorted(theirs)
        assert ours == theirs, (query, by, skip, limit)
        assert pair.sqlite.count(query) == pair.mongo.count(query), query
        assert pair.sqlite.count(query, limit=7) == min(7, pair.mongo.count(query)), query


def test_sort_orders(pair: Pair) -> None:
    """Where we refuse (several fields that hold lists), there is no answer to compare."""
    source = seeded(3)
    refused = 0
    for _ in range(300):
        by = [(name, source.choice([1, -1])) for name in source.sample(NAMED_PATHS, source.choice([1, 1, 1, 2]))]
        skip, limit = source.choice([0, 0, 5]), source.choice([0, 10])
        try:
            ours = keys(pair.sqlite.find(sort=by, skip=skip, limit=limit))
        except InputError:
            refused += 1
            continue
        assert ours == keys(pair.mongo.find(sort=by, skip=skip, limit=limit)), by
    assert refused < 100


def test_distinct(pair: Pair) -> None:
    source = seeded(4)
    for _ in range(300):
        name, query = source.choice(NAMED_PATHS), source.choice([{}, criteria(source, ["s", "t", "a"])])
        ours, theirs = pair.sqlite.distinct(name, query), pair.mongo.distinct(name, query)
        assert ours == theirs, (name, query)
        assert [type(entry) is bool for entry in ours] == [type(entry) is bool for entry in theirs]


def test_projections(pair: Pair) -> None:
    source = seeded(5)
    for _ in range(100):
        try:
            names = [*dict.fromkeys(source.choice(PATHS) for _ in range(2))]
            theirs = list(pair.mongo.find(projection=names, sort=[("key", 1)]))
        except InputError:
            continue
        ours = list(pair.sqlite.find(projection=names, sort=[("key", 1)]))
        assert list(map(repr, ours)) == list(map(repr, theirs)), names
        assert ours == [project(entry, names) for entry in pair.documents]
