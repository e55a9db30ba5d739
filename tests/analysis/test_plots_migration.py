"""Figures of migration: what stands in them, and the numbers behind them."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from lianode_test_drawn import overlaps, text_of
from lianode_test_hops import cosine, document, hop
from lianode_test_tables import METHOD

from lianode.analysis.compare.compare import compare
from lianode.analysis.migration.barrier import Coordination
from lianode.analysis.migration.migration import migration
from lianode.analysis.migration.site_network import SiteNetwork
from lianode.analysis.plots.data import data_csv
from lianode.analysis.plots.migration import barriers_figure, hop_figure, percolating_path_figure
from lianode.structures.errors import InputError

X, Y, Z, HERE = (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 0)
EDGES = {"Li1-Li2a": [(0, 1, HERE), (1, 0, X)], "Li1-Li1a": [(0, 0, Y)], "Li2-Li2a": [(1, 1, Z)]}


def hops(**fields):
    """Sites at 0 and 0.1 eV, saddles at 0.332, 0.5 and 0.7 eV."""
    around = Coordination(radius=3.6, initial=8, saddle=6, final=7)
    return [
        document(
            cosine(0.28, 0.1, images=9), hop("Li1-Li2a", "Li1", "Li2", multiplicity=2), coordination=around, **fields
        ),
        document(cosine(0.5, climbing=3), hop("Li1-Li1a", "Li1"), **fields),
        document(cosine(0.6, climbing=3, zero=-99.9), hop("Li2-Li2a", "Li2"), **fields),
    ]


def phase(barriers, **fields):
    sites = SiteNetwork(
        lattice=np.eye(3) * 4, positions=np.array([[0.0, 0, 0], [2, 0, 0]]), orbits=("Li1", "Li2"),
        edges={b.hop: EDGES[b.hop] for b in barriers}, cutoff=4.2,
    )  # fmt: skip
    return migration(barriers, sites, **fields)


@pytest.mark.parametrize("size", ["column", "slide"])
def test_one_hop(size, tmp_path):
    figure = hop_figure(hops()[0].model_dump(mode="json"), size=size)
    text = text_of(figure, tmp_path)
    for expected in ("LiIn, Li1-Li2a, SevenNet-0 (PBE)", "332 meV", "100 meV", "Backward 232 meV", "6 at the saddle"):
        assert expected in text.replace("\n  ", " ").replace("\n", " ")
    assert overlaps(figure) == []
    assert "Checks that failed" not in text


def test_failed_checks_stand_below(tmp_path):
    bad = document(cosine(0.3, climbing=3, perpendicular=0.3), hop("a"))
    assert "Checks that failed: band forces, end points minima." in text_of(hop_figure(bad), tmp_path)


def test_percolating_path(tmp_path):
    barriers = hops()
    found = phase(barriers)
    text = text_of(percolating_path_figure(found, barriers), tmp_path)
    for expected in ("3D: 700 meV", "Li1-Li2a", "Li1-Li1a", "Li2-Li2a", "percolates in 3 dimensions, at Li2-Li2a"):
        assert expected in text
    one = percolating_path_figure(found.model_dump(mode="json"), barriers, dimension=1)
    assert "1D: 332 meV" in text_of(one, tmp_path)
    # hops begin at the energy of their first site, and the highest point is the barrier
    high = max(max(line.get_ydata()) for line in percolating_path_figure(found, barriers).axes[0].lines)
    assert high == pytest.approx(700, abs=1e-6)
    with pytest.raises(InputError, match="the barriers of Li2-Li2a are needed"):
        percolating_path_figure(found, barriers[:2])
    chain = phase(barriers[:1])
    with pytest.raises(InputError, match="LiIn percolates in 1 dimensions, not in 3"):
        percolating_path_figure(chain, barriers, dimension=3)
    assert "Hops up to 4.20 Å percolate in 1 dimension only" in text_of(
        percolating_path_figure(chain, barriers, size="slide"), tmp_path
    )


def test_many_hops_have_turned_labels(tmp_path):
    six = [document(cosine(0.3 + 0.01 * k, climbing=3), hop(f"Li{k}-Li{k + 1}a", "Li1")) for k in range(6)]
    edges = {b.hop: [(0, 0, image)] for b, image in zip(six, (X, Y, Z, (2, 0, 0), (0, 2, 0), (0, 0, 2)), strict=True)}
    sites = SiteNetwork(lattice=np.eye(3), positions=np.zeros((1, 3)), orbits=("Li1",), edges=edges)
    found = migration(six, sites)
    found = found.model_copy(update={"percolating": [found.percolating[-1].model_copy(update={"hops": list(edges)})]})
    figure = percolating_path_figure(found, six)
    renderer = figure.canvas.get_renderer()
    boxes = [label.get_window_extent(renderer) for label in figure.axes[0].get_xticklabels()]
    notes = figure.texts[0].get_window_extent(renderer)
    assert all(box.y0 > notes.y1 for box in boxes)


def test_barriers_by_phase_beside_published_ones(tmp_path):
    documents = [
        phase(hops(phase=name, formula=name.split("_")[0], system=system, engine=engine, method=method))
        for name, system in (("LiIn", "Li-In"), ("Li", "Li"), ("LiSn_P2m", "Li-Sn"))
        for engine, method in (("sevennet-0", METHOD), ("chgnet", METHOD.model_copy(update={"model": "CHGNet"})))
    ]
    chain = phase(hops(phase="Li2Sn5", formula="Li2Sn5", system="Li-Sn")[:1])
    figure = barriers_figure([*documents, chain.model_dump(mode="json")], paper="hansel2021")
    text = text_of(figure, tmp_path)
    for expected in ("SevenNet-0 (PBE)", "CHGNet (PBE)", "hansel2021", "Percolating barrier (meV)", "1D", "Fig. 4e"):
        assert expected in text
    ticks = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert ticks == ["Li", "LiIn", "Li$_2$Sn$_5$", "LiSn"]
    (line,) = (line for line in figure.axes[0].lines if line.get_label() == "hansel2021")
    assert list(line.get_ydata()) == [69, 34, 434, 457]
    with pytest.raises(InputError, match="su2024 has no migration barriers"):
        barriers_figure(documents, paper="su2024")
    still = chain.model_copy(update={"percolating": [], "dimensions": 0})
    with pytest.raises(InputError, match="no phase percolates"):
        barriers_figure([still])
    assert "No percolation: Li2Sn5" in text_of(barriers_figure([*documents, still]), tmp_path)


def test_numbers_behind_the_figures():
    barriers = hops()
    rows = list(csv.DictReader(data_csv(barriers[0]).splitlines()[1:]))
    assert len(rows) == 9
    assert float(rows[-1]["path_A"]) == pytest.approx(3.0)
    assert float(rows[-1]["energy_eV"]) == pytest.approx(0.1)
    found = phase(barriers)
    rows = list(csv.DictReader(data_csv(found.model_dump(mode="json")).splitlines()[1:]))
    assert [(row["quantity"], row["name"]) for row in rows] == [
        ("percolating", "1D"), ("percolating", "2D"), ("percolating", "3D"),
        ("hop", "Li1-Li2a"), ("hop", "Li1-Li1a"), ("hop", "Li2-Li2a"),
    ]  # fmt: skip
    assert float(rows[2]["barrier_eV"]) == pytest.approx(0.7)


def test_published_beside_computed():
    found = phase(hops(n_atoms=127), energy_above_hull_per_atom=0.003)
    chain = phase(hops(phase="Li2Sn5", formula="Li2Sn5", system="Li-Sn")[:1])
    still = chain.model_copy(update={"percolating": [], "dimensions": 0, "phase": "LiSn_P2m", "formula": "LiSn"})
    rows = {
        row.phase: row
        for row in compare("hansel2021", [found.model_dump(mode="json"), chain, still])
        if row.quantity == "migration barrier"
    }
    assert rows["LiIn"].computed == pytest.approx(332, abs=1)
    assert rows["LiIn"].published == 34
    assert rows["LiIn"].note.startswith("LiIn: 1D 332, 2D 500, 3D 700; metastability of 127 atoms 381 meV, not added")
    assert "415 when the metastability" in rows["LiIn"].note
    assert rows["Li2Sn5"].note.startswith("Li2Sn5: 1D 332; published: another mechanism")
    assert rows["LiSn"].computed == "does not percolate"
    assert rows["Li"].computed is None
    assert rows["Li17Sn4"].note == "not computed"
