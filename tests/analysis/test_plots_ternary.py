"""The hull of three elements: its tie lines, and what the triangle shows."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from lianode_test_drawn import overlaps, text_of
from lianode_test_tables import LI_IN, LI_SN, phase, table

from lianode.analysis.checks import Check
from lianode.analysis.energies import MissingPhase
from lianode.analysis.hull.hull import hull
from lianode.analysis.plots.hull_phases import LEFT_OUT, METASTABLE, STABLE, UNCOUNTED
from lianode.analysis.plots.style import save
from lianode.analysis.plots.ternary import position, ternary_hull_figure
from lianode.structures.errors import InputError

# made-up compounds of three elements and of indium and tin, so that the triangle is not empty inside
INSIDE = {
    "Li2InSn": (-345.0, 21.0), "Li5InSn": (-330.0, 21.0), "*LiInSn": (-262.0, 24.0), "In3Sn": (4.0, 28.0),
    "InSn4": (6.0, 28.0),
}  # fmt: skip


def hull_of(energies, system="Li-In-Sn", **options):
    return hull(energies, system=system, engine="sevennet-0", campaign="test", **options)


@pytest.fixture(scope="module")
def li_in_sn():
    return hull_of(table({**LI_IN, **LI_SN, **INSIDE}))


@pytest.fixture(scope="module")
def figure(li_in_sn):
    return ternary_hull_figure(li_in_sn)


def markers_of(figure, style):
    """Return the points that are drawn with a marker and colour, as (x, y)."""
    marker, color = style
    (axes,) = figure.axes
    lines = [line for line in axes.lines if line.get_marker() == marker and line.get_color() == color]
    return {(round(x, 9), round(y, 9)) for line in lines for x, y in line.get_xydata()}


def points_of(document, rows):
    return {tuple(round(value, 9) for value in position(row.fractions, document.elements)) for row in rows}


def test_tie_lines_of_a_made_up_hull():
    """AB is on an edge and ABC inside: ABC is in equilibrium with every vertex, and A with B no longer."""
    points = [phase("Li", 0), phase("In", 0), phase("Sn", 0), phase("LiIn", -0.2), phase("LiInSn", -0.4)]
    diagram = hull_of(points).diagram()
    assert diagram.tie_lines == {
        ("In", "LiIn"), ("Li", "LiIn"), ("Li", "Sn"), ("In", "Sn"),
        ("In", "LiInSn"), ("Li", "LiInSn"), ("LiInSn", "Sn"), ("LiIn", "LiInSn"),
    }  # fmt: skip


def test_a_binary_hull_joins_neighbours():
    document = hull_of([phase("Li", 0), phase("In", 0), phase("LiIn", -0.2), phase("Li3In", -0.12)], "Li-In")
    assert document.diagram().tie_lines == {("In", "LiIn"), ("Li3In", "LiIn"), ("Li", "Li3In")}


def test_tie_lines_tile_the_triangle(li_in_sn):
    """Euler: v vertices, b of them on the edges, are joined by 3 v - 3 - b lines."""
    stable = [row for row in li_in_sn.phases if row.stable]
    on_edges = [row for row in stable if min(row.fractions.values()) == 0]
    assert len(on_edges) < len(stable)
    assert len(li_in_sn.diagram().tie_lines) == 3 * len(stable) - 3 - len(on_edges)


def test_tie_lines_are_equilibria_of_two_phases(li_in_sn):
    """Half-way between two phases just those two are in equilibrium, or there is no tie line."""
    diagram = li_in_sn.diagram()
    rows = {row.name: row for row in li_in_sn.phases if row.stable}
    joined = set()
    for first, second in combinations(sorted(rows), 2):
        middle = {e: (rows[first].fractions[e] + rows[second].fractions[e]) / 2 for e in li_in_sn.elements}
        parts = {name for name, part in diagram.decomposition(middle).items() if part > 1e-6}
        if parts == {first, second}:
            joined.add((first, second))
    assert diagram.tie_lines == joined


def test_triangle_is_equilateral_with_lithium_at_the_top(figure):
    (axes,) = figure.axes
    elements = ["Li", "In", "Sn"]
    top, left, right = (axes.transData.transform(position({element: 1.0}, elements)) for element in elements)
    sides = [np.linalg.norm(a - b) for a, b in combinations((top, left, right), 2)]
    assert sides == pytest.approx([sides[0]] * 3)
    assert top[1] > left[1] == pytest.approx(right[1])
    assert left[0] < top[0] < right[0]
    centre = axes.transData.transform(position(dict.fromkeys(elements, 1 / 3), elements))
    assert centre == pytest.approx((top + left + right) / 3)


def test_every_tie_line_is_drawn(li_in_sn, figure):
    (axes,) = figure.axes
    drawn = {tuple(np.round(line.get_xydata(), 9).ravel()) for line in axes.lines}
    rows = {row.name: position(row.fractions, li_in_sn.elements) for row in li_in_sn.phases}
    for first, second in li_in_sn.diagram().tie_lines:
        assert tuple(np.round([*rows[first], *rows[second]], 9)) in drawn


def test_markers_and_colours_are_those_of_the_binary_figure():
    document = hull_of(table({**LI_IN, **LI_SN, **INSIDE}), exclude=["Li2InSn"])
    figure = ternary_hull_figure(document)
    groups = {
        STABLE: [row for row in document.phases if row.stable],
        METASTABLE: [row for row in document.phases if row.name in {"In3Sn", "InSn4", "Li7Sn3", "Li8Sn3", "Li13Sn5"}],
        UNCOUNTED: [row for row in document.phases if row.name == "LiInSn"],
        LEFT_OUT: [row for row in document.phases if row.name == "Li2InSn"],
    }
    for style, rows in groups.items():
        assert rows
        assert points_of(document, rows) <= markers_of(figure, style)
    assert points_of(document, groups[STABLE]) == markers_of(figure, STABLE)


def test_one_marker_for_each_composition(li_in_sn, figure):
    drawn = [markers_of(figure, style) for style in (STABLE, METASTABLE, UNCOUNTED)]
    assert sum(map(len, drawn)) == len(set.union(*drawn))
    assert set.union(*drawn) == points_of(li_in_sn, li_in_sn.phases)


def test_text_says_what_a_reader_needs(figure, tmp_path):
    text = text_of(figure, tmp_path)
    for expected in (
        "Li–In–Sn, SevenNet-0 (PBE)",
        "Energies relative to Li_bcc, In_bct and Sn_alpha.",
        "hypothetical, not counted",
        "Not counted, yet below the hull (meV/atom): LiIn3_L12 (24.4)",
        "In parentheses: energy above hull, meV/atom.",
        "Behind a phase of the same composition: Sn_beta (14)",
        "Li_fcc (5.3)",
    ):
        assert expected in text
    labels = [label.get_text() for label in figure.axes[0].texts]
    assert {"Li", "In", "Sn", "Li$_{13}$In$_3$", "In$_3$Sn (7.4)", "LiIn$_2$ MoSi2 (−31)"} <= set(labels)


@pytest.mark.parametrize("size", ["column", "slide"])
@pytest.mark.parametrize("include", [(), ("hypothetical",)])
def test_labels_do_not_cover_each_other_and_stay_inside(size, include):
    figure = ternary_hull_figure(hull_of(table({**LI_IN, **LI_SN, **INSIDE}), include=include), size=size)
    assert overlaps(figure) == []
    (axes,) = figure.axes
    renderer = figure.canvas.get_renderer()
    legend = axes.get_legend().get_window_extent(renderer)
    for text in axes.texts:
        box = text.get_window_extent(renderer)
        assert 0 <= box.x0 < box.x1 <= figure.bbox.width
        assert not box.overlaps(legend)


def test_flagged_and_partial_are_marked(tmp_path):
    bad = Check(name="space_group_kept", passed=False, message="139 became 225")
    energies = [phase("Li", 0), phase("In", 0, checks=(bad,)), phase("Sn", 0), phase("LiIn", -0.3, checks=(bad,))]
    document = hull_of(energies, missing=[MissingPhase(name="LiSn", formula="LiSn", reason="failed")])
    figure = ternary_hull_figure(document)
    assert {"In*", "LiIn*", "Li"} <= {label.get_text() for label in figure.axes[0].texts}
    text = text_of(figure, tmp_path)
    assert "*: a check of this phase failed." in text
    assert "Li–In–Sn, SevenNet-0 (PBE), partial" in text
    assert "Partial, without LiSn." in text


def test_three_elements_without_a_compound(tmp_path):
    text = text_of(ternary_hull_figure(hull_of([phase("Li", 0), phase("In", 0), phase("Sn", 0)])), tmp_path)
    assert "stable" in text
    assert "In parentheses" not in text


def test_equal_documents_give_equal_files(li_in_sn, figure, tmp_path):
    first = save(figure, tmp_path / "a.svg")[0].read_bytes()
    stored = li_in_sn.model_dump(mode="json")
    assert save(ternary_hull_figure(stored), tmp_path / "b.svg")[0].read_bytes() == first


def test_other_numbers_of_elements_are_refused():
    with pytest.raises(InputError, match="Li-In has 2 elements"):
        ternary_hull_figure(hull_of([phase("Li", 0), phase("In", 0)], "Li-In"))
    four = hull_of([phase("Li", 0), phase("In", 0), phase("Sn", 0), phase("Al", 0)], "Li-Al-In-Sn")
    with pytest.raises(InputError, match="Li-Al-In-Sn has 4 elements; a hull is drawn for two, or in a triangle"):
        ternary_hull_figure(four)
    with pytest.raises(InputError, match="'poster' is no figure size"):
        ternary_hull_figure(hull_of([phase("Li", 0), phase("In", 0), phase("Sn", 0)]), size="poster")
