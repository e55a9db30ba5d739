"""Numbers of documents by field in MongoDB, under hidden fields of their own.

A wildcard index on whole documents changes answers: MongoDB 6 then misses elements of lists within lists and objects
that are compared with ``{}``. So the numbers stand once more under ``_numbers``, where nothing else is, and the index
is on those. ``_others`` names the fields of a document that hold something else, and is missing where the document was
written by a lianode that knows nothing of this. A query gets one more condition that only narrows it: the criteria
still decide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lianode.hpc.stores.numbers import numbers_of, object_of, ranges

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pymongo.collection import Collection

    from lianode.hpc.stores.criteria import Node

    Document = dict[str, Any]

NUMBERS: Final = "_numbers"
OTHERS: Final = "_others"


def with_numbers(document: Mapping[str, Any], objects: Sequence[str]) -> Document:
    """Return a document with its hidden fields."""
    numbers: Document = {}
    others: list[str] = []
    for field, value in numbers_of(document, objects):
        if value is None:
            others.append(field)
            continue
        above, _, name = field.rpartition(".")
        (numbers.setdefault(above, {}) if above else numbers)[name] = value
    return {**document, NUMBERS: numbers, OTHERS: others}


def narrowed(criteria: Document, node: Node, objects: Sequence[str]) -> Document:
    """Return criteria with conditions on hidden numbers, which an index answers.

    Parameters
    ----------
    criteria
        As MongoDB reads them.
    node
        The same, parsed.
    objects
        Whose numbers are hidden fields.
    """
    found, _ = ranges(node, lambda path: object_of(path) in objects)
    more = []
    for path, conditions in found.items():
        field = ".".join(path)
        bounds = [{f"{NUMBERS}.{field}": {condition.operator: condition.operand}} for condition in conditions]
        elsewhere = {OTHERS: {"$in": [None, field, f"{object_of(path)}."]}}
        more.append({"$or": [{"$and": bounds}, elsewhere]})
    return {"$and": [criteria, *more]} if more else criteria


def open_numbers(handle: Collection[Document], objects: Sequence[str]) -> None:
    """Make the indexes where they are missing, and hide the numbers of documents that were written without."""
    handle.create_index([(f"{NUMBERS}.$**", 1)])
    handle.create_index([(OTHERS, 1)])
    if handle.find_one({OTHERS: None}, {"_id": 1}) is not None:
        # computed by the server from the document that it holds at that moment, so that none is outdated
        handle.update_many({OTHERS: None}, [{"$set": {NUMBERS: _numbers(objects), OTHERS: _others(objects)}}])


def _entries(above: str) -> Document:
    """Return the names and values of an object as a list; of something that is none, an empty one."""
    place = f"${above}" if above else "$$ROOT"
    pairs = {"$cond": [{"$eq": [{"$type": place}, "object"]}, {"$objectToArray": place}, []]}
    plain = {"$not": [{"$regexMatch": {"input": "$$this.k", "regex": r"\.|^_"}}]}
    return {"$filter": {"input": pairs, "cond": {"$and": [plain, {"$ne": ["$$this.v", None]}]}}}


def _numbers(objects: Sequence[str]) -> Document:
    merged: list[Document] = []
    for above in sorted(objects):
        kept = {"$filter": {"input": _entries(above), "cond": {"$isNumber": "$$this.v"}}}
        numbers = {"$arrayToObject": kept}
        merged.append({above: {"$cond": [{"$eq": [kept, []]}, "$$REMOVE", numbers]}} if above else numbers)
    return {"$mergeObjects": merged}


def _others(objects: Sequence[str]) -> Document:
    """Return all names but those of numbers; names of an object stand behind its own."""
    found: list[Document] = []
    for above in objects:
        kept = {"$filter": {"input": _entries(above), "cond": {"$not": [{"$isNumber": "$$this.v"}]}}}
        name: Any = {"$concat": [f"{above}.", "$$this.k"]} if above else "$$this.k"
        names = {"$map": {"input": kept, "as": "this", "in": name}}
        if above:
            usual = {"$in": [{"$type": f"${above}"}, ["object", "null", "missing"]]}
            found.append({"$cond": [usual, names, [f"{above}."]]})
        else:
            found.append(names)
    return {"$concatArrays": found}
