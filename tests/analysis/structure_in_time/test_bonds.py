"""Bonds, their onset, and polyhedra that survive; and the documents they go into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from lianode_test_motion import ORTHOGONAL, frame, walk

from lianode.analysis.method import MethodKey
from lianode.analysis.structure_in_time.bond_document import BondDocument, bond_document, thinned
from lianode.analysis.structure_in_time.bonds import BondSeries, Polyhedron, follow_bonds
from lianode.analysis.structure_in_time.first_minimum import crystal_frame, first_minimum
from lianode.analysis.structure_in_time.layers import Layers
from lianode.analysis.structure_in_time.onset import onset
from lianode.analysis.structure_in_time.pair_counts import Radii, count_pairs
from lianode.analysis.structure_in_time.penetration import penetration_depths
from lianode.analysis.structure_in_time.rdf_document import RdfDocument, rdf_document, reference_rdf
from lianode.analysis.structure_in_time.windows import Windows
from lianode.structures import library
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from lianode.analysis.structure_in_time.kernels import Kernels

TETRAHEDRON = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3) * 2.05
CELL = np.diag([15.0, 15.0, 30.0])
CENTRES = np.array([[3.0, 3, 3], [9.0, 9, 9], [14.5, 3, 14]])
COMMON: dict[str, Any] = {
    "system": "Li-In",
    "engine": "test",
    "campaign": "test",
    "method": MethodKey(program="test", functional="none"),
}


def decomposing() -> list:
    """Three PS4, one across the border: the second loses an S for good in frame 60, the first only blinks in frame 20.

    An In, 12 Å away, walks to the S that was lost, and binds it from frame 80 on.
    """
    frames = []
    for step in range(100):
        sulphur = (CENTRES[:, None] + TETRAHEDRON).reshape(-1, 3)
        if step == 20:
            sulphur[0] += 1.5 * TETRAHEDRON[0] / 2.05
        if step >= 60:
            sulphur[4] += 2.0 * TETRAHEDRON[0] / 2.05
        indium = sulphur[4] + [0, 0, 2.6 if step >= 80 else 12.0]
        at = np.vstack([CENTRES, sulphur, indium]) % np.diag(CELL)
        frames.append(frame(CELL, at, {"P": 3, "S": 12, "In": 1}, step))
    return frames


def history(kernels: Kernels | None = None):
    units = [Polyhedron(centre="P", ligand="S", number=4, cutoff=2.6)]
    return follow_bonds(decomposing(), {"P-S": 2.6, "In-S": 3.2, "S-S": 3.5}, polyhedra=units, kernels=kernels)


def test_bonds_and_polyhedra_of_a_decomposition(kernels: Kernels) -> None:
    found = history(kernels)
    ps, ins, ss = found.bonds
    blink = np.arange(100) == 20
    lost = np.arange(100) >= 60
    assert ps.counts.tolist() == (12 - blink - lost).tolist()
    assert ins.counts.tolist() == (np.arange(100) >= 80).astype(int).tolist()
    assert ss.counts[0] == 18  # six edges of each tetrahedron, each once
    (units,) = found.polyhedra
    assert units.polyhedron.name == "PS4"
    assert units.intact.tolist() == (3 - blink - lost).tolist()
    assert units.initial == 3
    assert units.surviving.tolist() == (3 - lost).tolist()
    assert units.coordination[4] == pytest.approx(1 - 41 / 300)
    assert units.coordination[3] == pytest.approx(41 / 300)
    assert found.times[:3].tolist() == [0.0, 2.0, 4.0]


def test_bonds_agree_with_counted_pairs(kernels: Kernels) -> None:
    """The same numbers from n(r), also within one species."""
    frames = walk(ORTHOGONAL, {"In": 60, "S": 94}, 40, 0.1)
    found = follow_bonds(frames, {"In-S": 3.0, "S-S": 4.0}, uncertainty=0.5, kernels=kernels)
    counted = count_pairs(frames, ["In-S", "S-S"], radii=Radii(largest=4.5, width=0.5), kernels=kernels)
    running = counted.counts[0, 0].cumsum(axis=1)
    one, other = found.bonds
    assert [one.shorter.sum(), one.counts.sum(), one.longer.sum()] == running[0, 4:7].tolist()
    assert [2 * other.shorter.sum(), 2 * other.counts.sum(), 2 * other.longer.sum()] == running[1, 6:9].tolist()


def series(counts: np.ndarray, shorter: np.ndarray | None = None, longer: np.ndarray | None = None) -> BondSeries:
    return BondSeries(
        pair="In-S",
        cutoff=3.0,
        uncertainty=0.1,
        counts=counts,
        shorter=counts if shorter is None else shorter,
        longer=counts if longer is None else longer,
        centres=5,
    )


def test_onset_is_the_first_bond_that_stays() -> None:
    """A collision at 100 fs does not count; bonds from 400 fs do. Cut-offs move it by 60 and 20 fs."""
    times = np.arange(0, 1000, 10.0)
    counts = np.where(times >= 400, 3, 0)
    counts[10:13] = 1
    found = onset(times, series(counts, np.where(times >= 420, 1, 0), np.where(times >= 340, 1, 0)), persistence_fs=100)
    assert (found.time_fs, found.earliest_fs, found.latest_fs) == (400.0, 340.0, 420.0)
    assert found.error_fs == pytest.approx(np.hypot(10 / np.sqrt(12), 40))
    assert onset(times, series(counts), persistence_fs=20).time_fs == 100.0
    assert onset(times, series(counts), minimum=4).time_fs is None
    assert onset(times, series(counts), minimum=4).error_fs is None
    assert onset(times, series(counts + 7), minimum=3).time_fs == 400.0  # bonds more than in the beginning
    assert onset(times, series(np.where(times >= 950, 1, 0))).time_fs is None  # too late to know whether it stays
    assert onset(times + 5000, series(counts)).time_fs == 400.0
    with pytest.raises(InputError, match="at least one"):
        onset(times, series(counts), minimum=0)


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ({"cutoffs": {"P-S": 0.05}}, "P-S: a cut-off of 0.05"),
        ({"cutoffs": {"P-S": float("nan")}}, "a cut-off of nan"),
        ({"cutoffs": {"P-Ga": 2.0}}, "no Ga in it"),
        ({"cutoffs": {}}, "no pairs"),
    ],
)
def test_bad_questions_are_refused(question: dict, says: str) -> None:
    with pytest.raises(InputError, match=says):
        follow_bonds(decomposing(), **question)


def test_frames_without_times_need_a_spacing() -> None:
    from dataclasses import replace

    frames = [replace(one, time=None) for one in decomposing()]
    with pytest.raises(InputError, match="say how many fs"):
        follow_bonds(frames, {"P-S": 2.6})
    assert follow_bonds(frames, {"P-S": 2.6}, spacing=4.0).times[-1] == 99 * 4.0


def test_bond_document_survives_the_store() -> None:
    penetration = penetration_depths(decomposing(), ["In"], homes={"In": (0.0, 2.0)})
    document = bond_document(
        history(),
        interface="In/Li6PS5Cl",
        temperature=300.0,
        sources={"P-S": "first minimum of Li6PS5Cl"},
        penetration=penetration,
        **COMMON,
    )
    assert [bond.cutoff_source for bond in document.bonds] == ["first minimum of Li6PS5Cl", "given", "given"]
    assert document.bonds[1].onset.time_fs is None  # 40 fs before the end: too late to tell
    assert document.bonds[0].final == 11
    assert document.polyhedra[0].surviving[-1] == 2
    again = BondDocument.model_validate_json(document.model_dump_json())
    assert again == document
    assert again.key == document.key


def test_rdf_document_survives_the_store() -> None:
    """NaN of an empty layer becomes None, which JSON knows."""
    frames = decomposing()
    radii = Radii(largest=6.0, width=0.05)
    counted = count_pairs(
        frames, ["P-S", "In-S"], radii=radii, windows=Windows.equal(0, 200, 2), layers=Layers((0.0, 1.0, 20.0))
    )
    argyrodite = crystal_frame(library.phase("Li6PS5Cl").structure)
    crystal = count_pairs([argyrodite], ["P-S"], radii=Radii(largest=8.0, width=0.05))
    minimum = first_minimum(crystal, "P-S", sigma=0.1)
    reference = reference_rdf(
        "Li6PS5Cl", crystal, "P-S", counted=counted, similar_within=4.0, minimum=minimum, sigma=0.1
    )
    document = rdf_document(
        counted, normalisation="layer", interface="In/Li6PS5Cl", temperature=300.0, references=[reference], **COMMON
    )
    assert document.pairs[0].running_coordination[0][0][-1] is None
    assert document.pairs[0].running_coordination[0][1][60] == pytest.approx(4, abs=0.05)
    assert document.windows_fs == [(0.0, 100.0), (100.0, 200.0)]
    assert document.references[0].first_minimum is not None
    assert document.references[0].first_minimum.coordination == pytest.approx(4)
    assert document.references[0].similarity[0][1] is not None
    again = RdfDocument.model_validate_json(document.model_dump_json())
    assert again == document


def test_thinning_keeps_the_mean() -> None:
    values = np.arange(10_000.0)
    assert len(thinned(values)) == 500
    assert np.mean(thinned(values)) == pytest.approx(values.mean())
    assert thinned(np.array([1, 2, 3])) == [1.0, 2.0, 3.0]
