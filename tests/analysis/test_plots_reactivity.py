"""Figures of reaction energy against mixing ratio."""

from __future__ import annotations

import pytest
from lianode_test_drawn import overlaps, text_of
from lianode_test_tables import METHOD, phase

from lianode.analysis.checks import Check
from lianode.analysis.plots.reactivity import reactivities_figure, reactivity_figure
from lianode.analysis.plots.style import save
from lianode.analysis.reactivity.reactivity import reactivity
from lianode.structures.errors import InputError

TABLE = {"Li": 0.0, "In": 0.0, "Cl": 0.0, "InCl": -0.9, "InCl3": -1.2, "LiCl": -2.0, "LiIn": -0.3, "Li3InCl6": -1.4}


def between(first, second, **options):
    bad = Check(name="space_group_kept", passed=False, message="225 became 1")
    energies = [phase(n, e, checks=(bad,) if n == "LiIn" else ()) for n, e in TABLE.items()]
    return reactivity(energies, first=first, second=second, engine="made-up", campaign="test", **options)


def squeezed(text):
    """Return text without spaces, which mathtext drops."""
    return text.replace(" ", "")


def test_the_figure_says_what_a_reader_needs(tmp_path):
    text = squeezed(text_of(reactivity_figure(between("Li", "Li3InCl6")), tmp_path))
    for expected in (
        "SevenNet-0 (PBE), partial",
        "Reaction energy (meV/atom)",
        "by atoms",
        "each alone",
        "Li3InCl6 + 3 Li -&gt; In + 6 LiCl",
        "LiIn*",
        "*: a check failed of LiIn.",
        "Energies without corrections for anions.",
        "Partial, without ",
    ):
        assert squeezed(expected) in text


def test_a_star_belongs_to_a_product_and_a_material_is_named(tmp_path):
    """LiIn failed a check: as a material it is named, and no equation without it as a product has a star."""
    text = squeezed(text_of(reactivity_figure(between("LiIn", "InCl3")), tmp_path))
    assert squeezed("A check failed of LiIn.") in text
    assert "*" not in text
    several = text_of(reactivities_figure([between("LiIn", "InCl3"), between("Li", "InCl3")]), tmp_path)
    assert several.count("check failed of") == 1


def test_the_potential_is_stated(tmp_path):
    text = text_of(reactivity_figure(between("In", "InCl3", voltage=1.0)), tmp_path)
    assert "1 V" in text
    assert "byatomsbutLi" in squeezed(text)
    assert "Li(exchanged)" in text


@pytest.mark.parametrize("size", ["column", "slide"])
@pytest.mark.parametrize("pair", [("Li", "InCl3"), ("Li", "Li3InCl6"), ("In", "InCl3")])
def test_numbers_do_not_cover_each_other(pair, size):
    assert overlaps(reactivity_figure(between(*pair), size=size)) == []


def test_equal_documents_give_equal_files(tmp_path):
    document = between("Li", "InCl3")
    first = save(reactivity_figure(document), tmp_path / "a.svg")[0].read_bytes()
    again = save(reactivity_figure(document.model_dump(mode="json")), tmp_path / "b.svg")[0].read_bytes()
    assert first == again


def test_several_anodes_in_one_figure(tmp_path):
    figure = reactivities_figure([between("Li", "InCl3"), between("LiIn", "InCl3"), between("In", "InCl3")])
    text = text_of(figure, tmp_path)
    assert "anodes|InCl" in squeezed(text)
    for anode in ("Li: ", "LiIn: ", "In: "):
        assert anode in text


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ([("Li", "Li3InCl6", {})], "differ in their second material"),
        ([("In", "InCl3", {"voltage": 1.0})], "differ in their voltage"),
        ([("In", "InCl3", {})] * 6, "7 reactions"),
    ],
)
def test_reactions_that_cannot_stand_together_are_refused(others, words):
    documents = [between("Li", "InCl3"), *(between(a, b, **options) for a, b, options in others)]
    with pytest.raises(InputError, match=words):
        reactivities_figure(documents)


def test_methods_are_not_mixed():
    document = between("Li", "InCl3")
    other = document.model_copy(update={"method": METHOD.model_copy(update={"model": "CHGNet"})})
    with pytest.raises(InputError, match="differ in their method"):
        reactivities_figure([document, other])


def test_long_numbers_leave_room_for_the_label():
    figure = reactivities_figure([between("Li", "InCl3"), between("In", "InCl3")])
    (axes,) = figure.axes
    figure.canvas.draw()
    assert axes.yaxis.label.get_window_extent().x0 > 0
