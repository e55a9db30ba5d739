"""Percolation on small networks whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from lianode_test_hops import network, step_hop

from lianode.analysis.checks import failed
from lianode.analysis.migration.common_zero import on_common_zero
from lianode.analysis.migration.hop_network import edge_key, percolating_barriers

CUBE = np.eye(3) * 3.0
X, Y, Z = (1, 0, 0), (0, 1, 0), (0, 0, 1)


def simple_cubic(x, y, z):
    return network(CUBE, [[0, 0, 0]], [0.0], {"x": (x, [(0, 0, X)]), "y": (y, [(0, 0, Y)]), "z": (z, [(0, 0, Z)])})


def test_three_directions_percolate_one_after_the_other():
    found = percolating_barriers(simple_cubic(0.1, 0.3, 0.2))
    assert [(path.dimension, path.barrier, path.hops, path.bottleneck) for path in found] == [
        (1, 0.1, ["x"], ["x"]),
        (2, 0.2, ["x", "z"], ["z"]),
        (3, 0.3, ["x", "y", "z"], ["y"]),
    ]


def test_sites_count_from_the_lowest_of_the_network():
    """A chain over a high site: every single hop is low on its way down, the climb counts in full."""
    stairs = network(
        CUBE,
        [[0, 0, 0], [1, 0, 0], [2, 0, 0]],
        [0.0, 0.2, 0.4],
        {"ab": (0.3, [(0, 1, (0, 0, 0))]), "bc": (0.5, [(1, 2, (0, 0, 0))]), "ca": (0.45, [(2, 0, X)])},
    )
    (path,) = percolating_barriers(stairs)
    assert path.barrier == pytest.approx(0.5)
    assert path.hops == ["ab", "bc", "ca"]
    assert path.bottleneck == ["bc"]
    assert (path.largest_hop, path.largest_hop_barrier) == ("ca", pytest.approx(0.45))


def test_traps_off_the_path_are_the_zero_and_not_part_of_it():
    trapped = network(
        CUBE,
        [[0, 0, 0], [1, 1, 0]],
        [0.0, -0.1],
        {"x": (0.3, [(0, 0, X)]), "trap": (0.05, [(0, 1, (0, 0, 0))])},
    )
    (path,) = percolating_barriers(trapped)
    assert path.barrier == pytest.approx(0.4)
    assert path.hops == ["x"]


def test_dead_ends_and_detours_are_left_out():
    """Two ways along x: the low one over an extra site, the high one direct. Only what is needed is named."""
    ways = network(
        CUBE,
        [[0, 0, 0], [1.5, 0, 0], [0, 1, 1]],
        [0.0, 0.1, 0.0],
        {
            "in": (0.2, [(0, 1, (0, 0, 0))]),
            "out": (0.25, [(1, 0, X)]),
            "direct": (0.3, [(0, 0, X)]),
            "dead end": (0.1, [(0, 2, (0, 0, 0))]),
            "y": (0.6, [(0, 0, Y)]),
        },
    )
    first, second = percolating_barriers(ways)
    assert (first.barrier, first.hops) == (pytest.approx(0.25), ["in", "out"])
    assert (second.barrier, second.hops) == (pytest.approx(0.6), ["in", "out", "y"])
    assert second.bottleneck == ["y"]


def test_nets_that_interpenetrate_do_not_add_up():
    """A chain along x through one site and one along y through another: one dimension, not two."""
    crossed = network(CUBE, [[0, 0, 0], [0, 0, 1.5]], [0.0, 0.0], {"x": (0.1, [(0, 0, X)]), "y": (0.2, [(1, 1, Y)])})
    (path,) = percolating_barriers(crossed)
    assert (path.dimension, path.barrier, path.hops) == (1, 0.1, ["x"])


def test_a_pair_that_does_not_percolate():
    assert percolating_barriers(network(CUBE, [[0, 0, 0], [1, 0, 0]], [0, 0], {"ab": (0.1, [(0, 1, (0, 0, 0))])})) == []
    assert percolating_barriers(network(CUBE, [[0, 0, 0]], [0], {})) == []


def test_helix_needs_the_whole_period():
    """A helix along z with three sites per turn percolates along z by one translation of the lattice."""
    turns = [(0, 1, (0, 0, 0)), (1, 2, (0, 0, 0)), (2, 0, Z)]
    (path,) = percolating_barriers(network(CUBE, [[0, 0, 0], [1, 0, 1], [0, 1, 2]], [0] * 3, {"turn": (0.2, turns)}))
    assert (path.dimension, path.barrier) == (1, 0.2)


def test_bcc_and_fcc_percolate_in_three_dimensions_at_once():
    bcc = [(0, 0, image) for image in (X, Y, Z, (1, 1, 1))]
    primitive = 1.5 * np.array([[-1, 1, 1], [1, -1, 1], [1, 1, -1]])
    found = percolating_barriers(network(primitive, [[0, 0, 0]], [0], {"nn": (0.07, bcc)}))
    assert [path.barrier for path in found] == [0.07] * 3


@pytest.mark.parametrize("seed", range(5))
def test_neither_the_order_of_sites_nor_the_cell_matters(seed):
    """A random network with its sites relabelled, moved by lattice vectors, and in a supercell of two cells."""
    rng = np.random.default_rng(seed)
    n = 5
    energies = rng.uniform(0, 0.3, n)
    positions = rng.uniform(0, 3, (n, 3))
    hops = {}
    for k in range(9):
        i, j = (int(v) for v in rng.integers(0, n, 2))
        image = tuple(int(v) for v in rng.integers(-1, 2, 3))
        if i == j and not any(image):
            continue
        hops[f"h{k}"] = (float(rng.uniform(0.3, 1.0)), [(i, j, image)])
    expected = percolating_barriers(network(CUBE, positions, energies, hops))

    order = rng.permutation(n)  # new number of each site
    moved = rng.integers(-2, 3, (n, 3))  # each site into another cell
    relabelled = {
        label: (saddle, [(int(order[i]), int(order[j]), tuple(int(v) for v in np.array(im) + moved[i] - moved[j]))])
        for label, (saddle, [(i, j, im)]) in hops.items()
    }
    place = np.argsort(order)
    again = network(CUBE, (positions + moved @ CUBE)[place], energies[place], relabelled)
    assert percolating_barriers(again) == expected

    # doubled along x: site i of half h is i + h n
    def doubled(i, j, image):
        return [(i + n * h, j + n * ((h + image[0]) % 2), ((h + image[0]) // 2, *image[1:])) for h in (0, 1)]

    double = {label: (saddle, doubled(*edge)) for label, (saddle, [edge]) in hops.items()}
    twice = network(
        np.diag([6.0, 3.0, 3.0]), np.vstack([positions, positions + CUBE[0]]), [*energies, *energies], double
    )
    assert percolating_barriers(twice) == expected


def test_edges_have_one_name_in_both_directions():
    assert edge_key((2, 1, (1, -1, 0))) == edge_key((1, 2, (-1, 1, 0)))
    assert edge_key((1, 1, X)) == edge_key((1, 1, (-1, 0, 0)))


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ([(0, 0, X), (0, 0, (-1, 0, 0))], "listed twice"),
        ([(0, 0, (0, 0, 0))], "to itself"),
        ([(0, 3, X)], "leads to no site"),
        ([(0, 1, X)], "not known"),
    ],
)
def test_what_is_no_network(edges, message):
    with pytest.raises(ValueError, match=message):
        network(CUBE, [[0, 0, 0], [1, 1, 1]], [0.0, np.inf], {"h": (0.1, edges)})


def test_one_zero_through_shared_end_points():
    """Bands from two supercells whose energies differ by hundreds of eV: site energies of A, B, C are 0, 0.1, 0.25."""
    hops = [
        step_hop("ab", "A", "B", (-100.0, -99.7, -99.9)),
        step_hop("bc", "B", "C", (-399.9, -399.5, -399.75), cell_formula="Li107In108"),
        step_hop("aa", "A", "A", (-400.0, -399.65, -400.0), cell_formula="Li107In108"),
    ]
    zero = on_common_zero(hops)
    assert zero.sites == pytest.approx({"A": 0.0, "B": 0.1, "C": 0.25}, abs=1e-9)
    assert zero.saddles == pytest.approx({"ab": 0.3, "bc": 0.5, "aa": 0.35}, abs=1e-9)
    assert zero.departure < 1e-9
    assert failed(zero.checks()) == []


def test_loops_that_do_not_close_are_said():
    """A to B to C and back to A: the energies of A differ by 60 meV around the loop."""
    zeros = iter("pqr")
    hops = [
        step_hop("ab", "A", "B", (0.0, 0.4, 0.1), zero=next(zeros)),
        step_hop("bc", "B", "C", (0.0, 0.4, 0.1), zero=next(zeros)),
        step_hop("ca", "C", "A", (0.0, 0.4, -0.14), zero=next(zeros)),
    ]
    zero = on_common_zero(hops)
    assert zero.sites == pytest.approx({"A": 0.0, "B": 0.08, "C": 0.16}, abs=1e-9)
    assert zero.departure == pytest.approx(0.01)  # 60 meV over six end points
    # the saddle is kept above the mean of its end points: the kinetically resolved barrier
    assert zero.saddles["ab"] == pytest.approx(0.35 + 0.04)
    assert [check.name for check in failed(zero.checks())] == ["loops_close"]


def test_sites_that_nothing_joins():
    hops = [
        step_hop("a", "A", "A", (0.0, 0.4, 0.0), zero="p"),
        step_hop("b", "B", "B", (-5.0, -4.7, -5.0), zero="q"),
    ]
    zero = on_common_zero(hops)
    assert zero.sites == pytest.approx({"A": 0.0, "B": 0.0})
    assert zero.saddles == pytest.approx({"a": 0.4, "b": 0.3})
    assert [check.name for check in failed(zero.checks())] == ["common_zero"]
    joined = on_common_zero([hops[0], hops[1].model_copy(update={"zero": "p"})])
    assert joined.sites == pytest.approx({"A": 5.0, "B": 0.0})
