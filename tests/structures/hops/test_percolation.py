"""Percolation on toy networks whose dimensions are known."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from lianode.structures.hops.percolation import components, dimensionality

O = (0, 0, 0)  # noqa: E741
X, Y, Z = (1, 0, 0), (0, 1, 0), (0, 0, 1)
NETWORKS = {
    "nothing": ([], 0),
    "a pair": ([(0, 1, O)], 0),
    "a pair across the boundary": ([(0, 1, X)], 0),
    "a triangle": ([(0, 1, O), (1, 2, X), (2, 0, (-1, 0, 0))], 0),
    "a ring that goes round the cell": ([(0, 1, O), (1, 2, O), (2, 0, X)], 1),
    "an atom and its image": ([(0, 0, X)], 1),
    "a zigzag chain": ([(0, 1, O), (1, 0, X)], 1),
    "both directions of one chain": ([(0, 0, X), (0, 0, (-1, 0, 0)), (0, 0, (2, 0, 0))], 1),
    "a square net": ([(0, 0, X), (0, 0, Y)], 2),
    "a honeycomb": ([(0, 1, O), (0, 1, X), (0, 1, Y)], 2),
    "a plane along two diagonals": ([(0, 0, (1, 1, 0)), (0, 0, (1, -1, 0)), (0, 0, X)], 2),
    "a plane and its skew image": ([(0, 0, (1, 1, 1)), (0, 0, (2, 3, 4)), (0, 0, (3, 4, 5))], 2),
    "simple cubic": ([(0, 0, X), (0, 0, Y), (0, 0, Z)], 3),
    "diamond": ([(0, 1, O), (0, 1, X), (0, 1, Y), (0, 1, Z)], 3),
    "closes only through 2 x 2 x 2": ([(0, 0, (2, 0, 0)), (0, 0, (0, 2, 0)), (0, 0, (0, 0, 2))], 3),
    "closes only after going round twice": ([(0, 1, O), (1, 0, (2, 0, 0)), (0, 0, (0, 2, 0)), (1, 1, (0, 0, 2))], 3),
    "two interpenetrating nets": ([(n, n, v) for n in (0, 1) for v in (X, Y, Z)], 3),
    "two interpenetrating chains": ([(0, 0, X), (1, 1, Y)], 1),
    "three crossing chains that never meet": ([(0, 0, X), (1, 1, Y), (2, 2, Z)], 1),
    "a plane beside a chain": ([(0, 0, X), (0, 0, Y), (1, 1, Z)], 2),
    "a chain that joins planes": ([(0, 0, X), (0, 0, Y), (0, 1, O), (1, 0, Z)], 3),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_dimensions_of_toy_networks(name):
    edges, expected = NETWORKS[name]
    assert dimensionality(edges) == expected


@pytest.mark.parametrize("name", NETWORKS)
def test_direction_order_and_choice_of_cells_do_not_matter(name):
    edges, expected = NETWORKS[name]
    rng = np.random.default_rng(1)
    shifts = {node: rng.integers(-3, 4, 3) for edge in edges for node in edge[:2]}
    moved = [(a, b, tuple((np.array(t) + shifts[b] - shifts[a]).tolist())) for a, b, t in edges]
    turned = [(b, a, tuple(-n for n in t)) if rng.random() < 0.5 else (a, b, t) for a, b, t in moved]
    turned = [turned[i] for i in rng.permutation(len(turned))]
    assert dimensionality(turned) == expected
    shear = np.array([[1, 2, 0], [0, 1, -1], [0, 0, 1]])
    assert dimensionality([(a, b, tuple((np.array(t) @ shear).tolist())) for a, b, t in turned]) == expected


def spanning_growth(edges):
    """Dimensions from how far a component reaches in a finite piece of the crystal: another method."""
    size = 7
    graph = nx.Graph()
    for a, b, t in edges:
        for cell in np.ndindex(size, size, size):
            other = np.array(cell) + t
            if ((other >= 0) & (other < size)).all():
                graph.add_edge((a, *cell), (b, *other.tolist()))
    best = 0
    for part in nx.connected_components(graph):
        by_node = {}
        for node, *cell in part:
            by_node.setdefault(node, []).append(cell)
        spread = max(np.linalg.matrix_rank(np.array(cells) - cells[0]) for cells in by_node.values())
        best = max(best, int(spread))
    return best


@pytest.mark.parametrize("seed", range(30))
def test_random_networks_by_growing_them(seed):
    rng = np.random.default_rng(seed)
    nodes = int(rng.integers(1, 4))
    edges = [
        (int(rng.integers(nodes)), int(rng.integers(nodes)), tuple(rng.integers(-1, 2, 3).tolist()))
        for _ in range(rng.integers(1, 5))
    ]
    assert dimensionality(edges) == spanning_growth(edges)


def test_components_are_told_apart():
    found = list(components([(0, 0, X), (1, 2, O), (2, 1, Y), (2, 2, Z)]))
    assert [(set(nodes), len(rows)) for nodes, rows in found] == [({0}, 1), ({1, 2}, 2)]
