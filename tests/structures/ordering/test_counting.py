"""Numbers of fillings, against combinatorics."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest

from lianode.structures.ordering.counting import every_filling, fillings, independent_sets
from lianode.structures.ordering.sublattices import Sublattice


def graph(size, edges):
    excluded = np.zeros((size, size), dtype=bool)
    for a, b in edges:
        excluded[a, b] = excluded[b, a] = True
    return excluded


def test_pairs_of_which_one_may_be_filled():
    pairs = graph(48, [(2 * n, 2 * n + 1) for n in range(24)])
    ways = independent_sets(pairs)
    assert ways == [comb(24, n) * 2**n for n in range(25)]
    lithium = Sublattice(sites=tuple(range(48)), amounts={"Li": 22})
    assert fillings(lithium, pairs) == 276 * 2**22


def test_a_path_gives_fibonacci_numbers():
    path = graph(20, [(n, n + 1) for n in range(19)])
    assert sum(independent_sets(path)) == 17711
    ring = graph(20, [(n, (n + 1) % 20) for n in range(20)])
    assert sum(independent_sets(ring)) == 15127  # a Lucas number


def test_any_graph():
    generator = np.random.default_rng(0)
    for _ in range(5):
        excluded = np.triu(generator.random((11, 11)) < 0.25, 1)
        excluded |= excluded.T
        ways = independent_sets(excluded)
        for size in range(12):
            count = sum(
                not any(excluded[a, b] for a, b in combinations(chosen, 2)) for chosen in combinations(range(11), size)
            )
            assert (ways[size] if size < len(ways) else 0) == count


@pytest.mark.parametrize(
    ("sites", "amounts", "count"),
    [(8, {"Cl": 4, "S": 4}, 70), (8, {"Cl": 6, "S": 2}, 28), (6, {"Li": 2, "Na": 1}, 60), (4, {"Li": 0}, 1)],
)
def test_without_exclusion(sites, amounts, count):
    sublattice = Sublattice(sites=tuple(range(sites)), amounts=amounts)
    none = graph(sites, [])
    assert fillings(sublattice, none) == count
    ways = list(every_filling(sublattice, none))
    assert len(ways) == len(set(ways)) == count
    assert all(one.count(element) == amount for one in ways for element, amount in amounts.items())


def test_two_elements_that_keep_apart():
    ring = graph(8, [(n, (n + 1) % 8) for n in range(8)])
    sublattice = Sublattice(sites=tuple(range(8)), amounts={"Li": 2, "Na": 1})
    assert fillings(sublattice, ring) == len(set(every_filling(sublattice, ring))) == 16 * 3
