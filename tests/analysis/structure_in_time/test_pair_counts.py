"""Pairs are counted exactly, in any cell, with any cut-off."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from lianode_test_motion import ORTHOGONAL, TRICLINIC, counted_slowly, frame, ideal_gas, numbers_of, walk
from pymatgen.core import Lattice, Structure

from lianode.analysis.structure_in_time.distribution import radial_distribution, running_coordination
from lianode.analysis.structure_in_time.first_minimum import crystal_frame
from lianode.analysis.structure_in_time.neighbours import Neighbours
from lianode.analysis.structure_in_time.pair_counts import Radii, count_pairs
from lianode.analysis.structure_in_time.windows import Windows
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from lianode.analysis.frame import Frame
    from lianode.analysis.structure_in_time.kernels import Kernels

ATOMS = {"In": 10, "S": 14, "P": 5, "Li": 3}
PAIRS = ["In-S", "S-S", "P-In"]


def shells(counted, pair: str, n_centres: int) -> dict[float, float]:
    """Return neighbours per centre by distance, from bins so narrow that each holds one shell."""
    row = counted.counts[0, 0, counted.index(pair)]
    return {round(k * counted.radii.width, 4): row[k] / n_centres for k in np.flatnonzero(row)}


def test_ideal_gas_has_no_structure(kernels: Kernels) -> None:
    """g = 1 between two species and (N - 1)/N within one; counts are Poisson, also beyond half the cell."""
    cell = np.array([[8.0, 0, 0], [2.0, 7.0, 0], [-1.0, 2.0, 9.0]])
    atoms = {"In": 30, "S": 40}
    counted = count_pairs(
        ideal_gas(cell, atoms, 150), ["In-S", "S-S"], radii=Radii(largest=9, width=0.25), kernels=kernels
    )
    g = radial_distribution(counted, "global")[0, 0]
    errors = 1 / np.sqrt(counted.counts[0, 0])
    far = slice(8, None)
    assert g[0, far] == pytest.approx(1.0, abs=5 * errors[0, far].max())
    near = slice(8, 28)  # below the shortest vector of the lattice, where each atom meets itself
    assert g[1, near] == pytest.approx(39 / 40, abs=5 * np.sqrt(2) * errors[1, near].max())
    assert ((g[0, far] - 1) / errors[0, far]).std() == pytest.approx(1.0, abs=0.4)
    volume = abs(np.linalg.det(cell))
    n = running_coordination(counted)[0, 0, 0]
    assert n[-1] == pytest.approx(40 * 4 / 3 * np.pi * 9**3 / volume, rel=0.01)


def test_fcc_shells(kernels: Kernels) -> None:
    """12, 6, 24, 12, 24, 8, 48 neighbours at a sqrt(k/2), from a primitive cell of one atom: images do it all."""
    a = 4.0
    primitive = frame(np.array([[0, a, a], [a, 0, a], [a, a, 0]]) / 2, np.zeros((1, 3)), {"Cu": 1})
    counted = count_pairs([primitive], ["Cu-Cu"], radii=Radii(largest=8.0, width=0.001), kernels=kernels)
    expected = {1: 12, 2: 6, 3: 24, 4: 12, 5: 24, 6: 8, 7: 48}
    assert shells(counted, "Cu-Cu", 1) == {
        np.floor(a * np.sqrt(k / 2) * 1000 + 1e-6) / 1000: float(n) for k, n in expected.items()
    }


def test_triclinic_shells(kernels: Kernels) -> None:
    """A lattice whose every vector is written out."""
    cell = np.array([[3.0, 0.0, 0.0], [1.1, 2.7, 0.0], [-0.8, 0.9, 4.1]])
    shifts = np.array(np.meshgrid(*[np.arange(-9, 10)] * 3)).reshape(3, -1).T @ cell
    distances = np.linalg.norm(shifts, axis=1)
    radii = Radii(largest=8.9, width=0.01)
    counted = count_pairs([frame(cell, [[0.3, 0.2, 0.9]], {"Li": 1})], ["Li-Li"], radii=radii, kernels=kernels)
    assert counted.counts[0, 0, 0].tolist() == np.histogram(distances[distances > 0] + 1e-10, radii.edges)[0].tolist()


def test_shells_at_edges_of_bins_do_not_depend_on_rounding(kernels: Kernels) -> None:
    """fcc with shells exactly on edges, in cells whose rounding differs: every shell is in the bin above its edge."""
    a = 5.0
    crystal = Structure.from_spacegroup("Fm-3m", Lattice.cubic(a), ["Cu"], [[0, 0, 0]])
    radii = Radii(largest=7.0, width=0.1)
    rows = []
    for scale in ([1, 1, 1], [2, 1, 3], [[0, 1, 1], [1, 0, 2], [1, 1, 0]]):
        cell = crystal.copy()
        cell.make_supercell(scale)
        cell.translate_sites(list(range(len(cell))), [0.123, 0.456, 0.789])
        counted = count_pairs([crystal_frame(cell)], ["Cu-Cu"], radii=radii, kernels=kernels)
        rows.append((counted.counts[0, 0, 0] / len(cell)).tolist())
    assert rows[0][50] == 6
    assert rows[0] == rows[1] == rows[2]


@pytest.mark.parametrize("skin", [0.01, 0.5, 2.0])
def test_every_pair_of_a_trajectory(kernels: Kernels, skin: float) -> None:
    """Lists that serve many frames, wrapped or not, of a cell that changes, miss no pair and invent none."""
    frames = walk(TRICLINIC, ATOMS, 60, 0.06)
    breathing = [
        replace(one, cell=one.cell @ strain, positions=one.positions @ strain)
        for one in frames
        for strain in [np.eye(3) + 0.01 * np.sin(one.step / 9) * np.array([[1, 0.3, 0], [0, -1, 0], [0.2, 0, 0.5]])]
    ]
    radii = Radii(largest=9.0, width=0.05)
    counted = count_pairs(breathing, PAIRS, radii=radii, kernels=kernels, skin=skin)
    for kind, pair in enumerate(PAIRS):
        slow = sum(counted_slowly(one, pair, radii.edges) for one in breathing)
        assert counted.counts[0, 0, kind].tolist() == slow.tolist()


def test_both_ways_to_count_agree() -> None:
    pytest.importorskip("numba")
    from lianode.analysis.structure_in_time.kernels import compiled, vectorised

    frames = walk(ORTHOGONAL, {"In": 60, "S": 94, "P": 20, "Li": 100}, 30, 0.08)
    counts = [count_pairs(frames, PAIRS, kernels=of).counts for of in (compiled(), vectorised())]
    assert (counts[0] == counts[1]).all()
    assert counts[0].sum() > 100_000


def test_a_list_serves_many_frames() -> None:
    """Otherwise it would only be slow."""
    from lianode.analysis.structure_in_time.blocks import blocks, species_order

    frames = walk(ORTHOGONAL, ATOMS, 200, 0.01)
    species = species_order(frames[0], ["In", "S"], "test")
    near = Neighbours(species, [("In", "S")], 5.0, "test")
    counts = np.zeros((1, 2000), dtype=np.int64)
    for block in blocks(frames, species, "test"):
        near.visit(
            block.positions,
            block.cells,
            lambda _, at, cells, listed, pairs: near.kernels.histogram(at, cells, listed, pairs, 5.0, 50.0, counts),
        )
    assert near.lists_made < 20


def test_the_choice_of_cell_does_not_matter(kernels: Kernels) -> None:
    """Wrapping, other vectors of the same lattice, a supercell, a rotation: one answer."""
    rng = np.random.default_rng(3)
    positions = rng.random((32, 3)) @ TRICLINIC
    radii = Radii(largest=10.0, width=0.02)

    def counts(cell: np.ndarray, at: np.ndarray, copies: int = 1) -> np.ndarray:
        numbers = np.tile(numbers_of(ATOMS), copies)
        one = replace(frame(TRICLINIC, positions, ATOMS), cell=cell, positions=at, numbers=numbers)
        return count_pairs([one], PAIRS, radii=radii, kernels=kernels).counts[0, 0] // copies

    expected = counts(TRICLINIC, positions)
    other = np.array([[1, 0, 0], [2, 1, 0], [-3, 1, 1]]) @ TRICLINIC
    assert (counts(other, positions) == expected).all()
    shifts = rng.integers(-3, 4, (32, 3)) @ TRICLINIC
    assert (counts(TRICLINIC, positions + shifts + 7.7) == expected).all()
    supercell = np.vstack([positions, positions + TRICLINIC[1]])
    assert (counts(np.diag([1, 2, 1]) @ TRICLINIC, supercell, copies=2) == expected).all()
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    assert (counts(TRICLINIC @ turn, positions @ turn) == expected).all()
    left_handed = TRICLINIC[[1, 0, 2]]
    assert (counts(left_handed, positions) == expected).all()


DYADIC = np.array([16.0, 16.0, 32.0])


def gas_for_single_precision() -> list[Frame]:
    """Positions and a cell in binary fractions: wrapping in single precision loses nothing, and errors are ours."""
    rng = np.random.default_rng(5)
    return [
        frame(np.diag(DYADIC), rng.integers(-128 * DYADIC, 128 * DYADIC, (154, 3)) / 256, {"In": 60, "S": 94}, step)
        for step in range(150)
    ]


def in_another_bin(theirs: np.ndarray, ours: np.ndarray) -> float:
    """Return the share of pairs that have to move to a neighbouring bin to make two histograms equal."""
    return float(np.abs(np.cumsum(theirs - ours)).sum() / ours.sum())


def test_against_freud(kernels: Kernels) -> None:
    """On an orthogonal cell below half the box: fewer than one pair in 100,000 in another bin."""
    freud = pytest.importorskip("freud")
    radii = Radii(largest=7.5, width=0.05)
    frames = gas_for_single_precision()
    counted = count_pairs(frames, ["In-S", "S-S"], radii=radii, kernels=kernels)
    for kind, (a, b) in enumerate([(slice(0, 60), slice(60, None)), (slice(60, None), slice(60, None))]):
        rdf = freud.density.RDF(bins=radii.count, r_max=7.5)
        for one in frames:
            x = one.positions.astype(np.float32)
            rdf.compute((freud.box.Box(*DYADIC), x[b]), query_points=x[a], reset=False)
        theirs = np.array(rdf.bin_counts, dtype=np.int64)
        if kind == 1:
            theirs[0] -= 94 * len(frames)  # freud takes each atom as its own neighbour when two sets are given
        assert in_another_bin(theirs, counted.counts[0, 0, kind]) < 1e-5
        n = np.cumsum(theirs) / (len(frames) * (60 if kind == 0 else 94))
        assert running_coordination(counted)[0, 0, kind, 1:] == pytest.approx(n, rel=1e-4, abs=1e-4)


def test_against_mdanalysis(kernels: Kernels) -> None:
    """As above."""
    distances = pytest.importorskip("MDAnalysis.lib.distances")
    radii = Radii(largest=7.5, width=0.05)
    frames = gas_for_single_precision()
    counted = count_pairs(frames, ["In-S"], radii=radii, kernels=kernels)
    theirs = np.zeros(radii.count, dtype=np.int64)
    box = np.array([*DYADIC, 90, 90, 90], dtype=np.float32)
    for one in frames:
        x = one.positions.astype(np.float32)
        theirs += np.histogram(distances.distance_array(x[:60], x[60:], box=box), radii.edges)[0]
    assert in_another_bin(theirs, counted.counts[0, 0, 0]) < 1e-5
    n = np.cumsum(theirs) / (60 * len(frames))
    assert running_coordination(counted)[0, 0, 0, 1:] == pytest.approx(n, rel=1e-4, abs=1e-4)


def test_windows_add_up(kernels: Kernels) -> None:
    frames = walk(ORTHOGONAL, ATOMS, 100, 0.05)
    whole = count_pairs(frames, PAIRS, kernels=kernels)
    parts = count_pairs(frames, PAIRS, windows=Windows.equal(0, 200, 4), kernels=kernels)
    assert parts.frames.tolist() == [25, 25, 25, 25]
    assert (parts.counts.sum(axis=0) == whole.counts[0]).all()
    some = count_pairs(frames, PAIRS, windows=Windows(((20.0, 40.0), (100.0, 104.0))), kernels=kernels)
    assert some.frames.tolist() == [10, 2]
    assert (some.counts[0] == count_pairs(frames[10:20], PAIRS, kernels=kernels).counts[0]).all()
    timeless = [replace(one, time=None) for one in frames]
    again = count_pairs(timeless, PAIRS, windows=Windows.equal(0, 200, 4), spacing=2.0, kernels=kernels)
    assert (again.counts == parts.counts).all()


def broken(frames: list, index: int, **change) -> list:
    frames = list(frames)
    frames[index] = replace(frames[index], **change)
    return frames


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda _: [], "no frames"),
        (lambda frames: broken(frames, 3, positions=frames[3].positions * np.nan), r"frame 3 .*not a\s+finite number"),
        (lambda frames: broken(frames, 70, positions=frames[0].positions / 0.0), "frame 70 "),
        (lambda frames: [*frames[:2], frame(ORTHOGONAL, np.zeros((3, 3)), {"In": 1, "S": 2})], "has 3 atoms"),
        (lambda frames: broken(frames, 2, numbers=frames[2].numbers[::-1].copy()), "another element as atom 0"),
        (lambda frames: broken(frames, 2, positions=frames[2].positions[:5]), r"shape \(5, 3\)"),
        (lambda frames: broken(frames, 2, cell=np.zeros((3, 3))), "cell without volume"),
        (lambda frames: broken(frames, 2, cell=np.full((3, 3), np.nan)), "cell without volume"),
        (lambda frames: [replace(one, positions=one.positions + 1e18) for one in frames], "wrap them"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_bad_trajectories_are_refused_in_one_sentence(change, says: str) -> None:
    frames = walk(ORTHOGONAL, ATOMS, 80, 0.05)
    with pytest.raises(InputError, match=says) as caught:
        count_pairs(change(frames), PAIRS, where="XDATCAR")
    assert str(caught.value).startswith("XDATCAR: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"pairs": ["In-Cl"]}, "no Cl in it; its elements are In, Li, P, S"),
        ({"pairs": ["In_S"]}, "two elements with a hyphen"),
        ({"pairs": []}, "no pairs"),
        ({"radii": {"largest": 0.0}}, "have to be above 0"),
        ({"radii": {"largest": 1000.0}}, "shorter largest distance"),
        ({"windows": ((0.0, 10.0), (5.0, 20.0))}, "follow each other"),
        ({"windows": ((1000.0, 2000.0),)}, "no frame in the window"),
    ],
)
def test_bad_questions_are_refused_in_one_sentence(wanted: dict, says: str) -> None:
    frames = walk(ORTHOGONAL, ATOMS, 5, 0.05)
    with pytest.raises(InputError, match=says):
        count_pairs(
            frames,
            wanted.get("pairs", PAIRS),
            radii=Radii(**wanted.get("radii", {})),
            windows=Windows(wanted["windows"]) if "windows" in wanted else None,
        )


def test_without_numba_numpy_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    from lianode.analysis.structure_in_time import kernels as choice

    monkeypatch.setattr(choice.importlib.util, "find_spec", lambda _: None)
    assert choice.available() is choice.vectorised()


def test_numba_without_a_folder_to_write_to_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from lianode.analysis.structure_in_time import kernels as choice

    def refuses() -> Kernels:
        raise RuntimeError("cannot cache function 'images': no locator available")

    monkeypatch.setattr(choice, "compiled", refuses)
    assert choice.available() is choice.vectorised()


@pytest.mark.parametrize("cell", [ORTHOGONAL, TRICLINIC * 1.8], ids=["orthogonal", "triclinic"])
def test_frames_that_have_nothing_to_do_with_each_other(kernels: Kernels, cell: np.ndarray) -> None:
    """No list serves two of them; what counts them without one counts the same pairs."""
    frames = ideal_gas(cell, ATOMS, 120)
    radii = Radii(largest=6.5, width=0.05)
    counted = count_pairs(frames, PAIRS, radii=radii, kernels=kernels)
    for kind, pair in enumerate(PAIRS):
        slow = sum(counted_slowly(one, pair, radii.edges, images=1) for one in frames)
        assert counted.counts[0, 0, kind].tolist() == slow.tolist()


def test_counting_without_a_list_stops_where_it_would_miss_images(kernels: Kernels) -> None:
    cells = np.array([ORTHOGONAL, ORTHOGONAL, np.diag([18.0, 19.0, 9.9])])
    counts = np.zeros((1, 400), dtype=np.int64)
    starts, kinds = np.array([0, 1, 2]), np.array([[0, 1]])
    done = kernels.direct_histogram(np.zeros((3, 2, 3)), cells, starts, kinds, 5.0, 50.0, counts)
    assert done == 2
    assert counts[0, 0] == counts.sum() == 2
