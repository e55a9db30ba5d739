"""Figures of an interface's dynamics: what stands in them, and the numbers behind them."""

from __future__ import annotations

import csv
import re
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from lianode_test_interface_run import bonds_of, built, interface_md_of, motion_of, rdf_of, run
from matplotlib.collections import PolyCollection
from matplotlib.patches import Circle
from matplotlib.text import Text

from lianode.analysis.checks import Check
from lianode.analysis.interface_md import Snapshot
from lianode.analysis.plots.bonds import bonds_figure, onset_text
from lianode.analysis.plots.data import data_csv, write_data
from lianode.analysis.plots.elements import color_of, radius_of
from lianode.analysis.plots.motion import diffusion_text, displacement_figure, profiles_figure
from lianode.analysis.plots.panels import digits_of, mathtext_interface
from lianode.analysis.plots.rdf import rdf_evolution_figure, similarity_figure
from lianode.analysis.plots.side_view import home_of, side_view
from lianode.analysis.plots.snapshots import snapshots_figure
from lianode.analysis.structure_in_time.bond_document import BondOnset
from lianode.analysis.structure_in_time.layers import Layers
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lianode.analysis.frame import Frame

SIZES = pytest.mark.parametrize("size", ["column", "slide"])
TITLE = "In(001)/Li6PS5Cl(001), 300 K, SevenNet-0 (PBE)"
ELECTROLYTE = 8 * 5 + 8 + 16
LAYERS = Layers(edges=(0.0, 7.0, 14.0, 22.6))


@cache
def frames() -> list[Frame]:
    return run(*built())


@cache
def documents() -> dict:
    return {
        "rdf": rdf_of(frames()),
        "layers": rdf_of(frames(), layers=LAYERS),
        "bonds": bonds_of(frames()),
        "motion": motion_of(frames()),
        "md": interface_md_of(frames(), ELECTROLYTE),
    }


def texts(figure: Figure) -> list[Text]:
    figure.canvas.draw()
    return [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]


def words(figure: Figure) -> str:
    """Return all text of a figure, subscripts run together."""
    written = "\n".join(text.get_text().replace("\n  ", " ") for text in texts(figure))
    return re.sub(r"[${}_]", "", written)


def inside(figure: Figure) -> bool:
    """Whether all text lies in the figure."""
    boxes = [text.get_window_extent() for text in texts(figure) if text not in ticks(figure)]
    return all(
        box.x0 >= -1 and box.y0 >= -1 and box.x1 <= figure.bbox.x1 + 1 and box.y1 <= figure.bbox.y1 + 1 for box in boxes
    )


def ticks(figure: Figure) -> list[Text]:
    return [label for axes in figure.axes for label in [*axes.get_xticklabels(), *axes.get_yticklabels()]]


FIGURES = {
    "rdf": rdf_evolution_figure,
    "bonds": bonds_figure,
    "motion": profiles_figure,
    "md": snapshots_figure,
}


@SIZES
@pytest.mark.parametrize("name", FIGURES)
def test_titles_checks_and_what_is_missing_stand_in_every_figure(name, size):
    document, draw = documents()[name], FIGURES[name]
    figure = draw(document.model_dump(mode="json"), size=size)
    text = words(figure)
    assert TITLE in text
    assert "partial" not in text
    assert "Checks that failed" not in text
    assert inside(figure)
    bad = document.model_copy(
        update={
            "checks": [
                Check(name="energy_drift", passed=False, message="40 meV/atom per ps"),
                Check(name="forces", passed=True, message="fine"),
            ],
            "completeness": "partial",
            "missing": [f"run {number} of five ended at its wall time" for number in range(5)],
            "notes": ["the cell rose by 3 %"],
        }
    )
    figure = draw(bad, size=size)
    text = words(figure)
    assert f"{TITLE}, partial" in text
    for expected in (
        "Checks that failed: energy drift.",
        "Missing: run 0 of five ended at its wall time.",
        "Missing: 2 more.",
        "The cell rose by 3 %.",
    ):
        assert expected in text
    assert inside(figure)
    with pytest.raises(InputError, match="'poster' is no figure size; sizes are column, slide"):
        draw(document, size="poster")


@SIZES
def test_windows_and_crystals_of_each_pair(size):
    document = documents()["rdf"]
    figure = rdf_evolution_figure(document, size=size)
    first, second, third = figure.axes
    for axes, pair in zip((first, second, third), document.pairs, strict=True):
        assert axes.get_title(loc="left") == pair.pair
        for line, (g,) in zip(axes.lines[:5], pair.g, strict=True):
            assert line.get_ydata() == pytest.approx(np.array(g, dtype=float))
            assert line.get_xdata()[:2] == pytest.approx([0.01, 0.03])
    assert len({line.get_color() for line in first.lines[:5]}) == 5
    text = words(figure)
    for expected in (
        "InS", "In2S3", "InCl", "0 to 3.98", "g(r), by the cell's density", "at rest, broadened by 0.12 Å",
        "Dashed: first minima, In-S of InS 3.01 Å",
    ):  # fmt: skip
        assert expected in text
    # a crystal's minimum stands at its distance in its panel alone
    minimum = document.references[0].first_minimum.distance
    assert any(list(line.get_xdata()) == [minimum, minimum] for line in first.lines)
    assert not any(list(line.get_xdata()) == [minimum, minimum] for line in second.lines)
    one = rdf_evolution_figure(document, pairs=["P-S"], size=size)
    assert len(one.axes) == 1
    with pytest.raises(InputError, match="no pair 'Sn-S'; there are In-S, In-Cl, P-S"):
        rdf_evolution_figure(document, pairs=["Sn-S"])
    with pytest.raises(InputError, match="no layer 2; layers are 1 to 1"):
        rdf_evolution_figure(document, layer=2)


def test_crystals_from_md_say_their_temperature():
    document = documents()["rdf"]
    crystal = document.references[0].model_copy(update={"temperature": 300.0, "sigma": 0.0, "first_minimum": None})
    figure = rdf_evolution_figure(document.model_copy(update={"references": [crystal]}))
    assert "InS from MD at 300 K" in words(figure)


def test_layers_are_drawn_alone_or_as_the_whole_cell():
    """Layers that fill the cell have the same mean over centres as the cell itself, to the rounding of sums."""
    whole, layered = documents()["rdf"], documents()["layers"]
    for pair in range(3):
        drawn = rdf_evolution_figure(layered).axes[pair].lines[4].get_ydata()
        assert drawn == pytest.approx(np.array(whole.pairs[pair].g[4][0]), abs=1e-9)
    one = rdf_evolution_figure(layered, layer=2)
    assert "layer 2 from 7 to 14 Å" in words(one)
    assert one.axes[2].lines[4].get_ydata() == pytest.approx(np.array(layered.pairs[2].g[4][1]))
    # no indium began in the lowest layer, and the panel says so by having no curve
    lowest = rdf_evolution_figure(layered, layer=1)
    assert "no In-S within 8 Å" in words(lowest)
    with pytest.raises(InputError, match="no layer 4; layers are 1 to 3, from the bottom"):
        rdf_evolution_figure(layered, layer=4)


@SIZES
def test_similarity_in_time(size):
    document = documents()["rdf"]
    figure = similarity_figure(document, size=size)
    (axes,) = figure.axes
    for line, reference in zip(axes.lines, document.references, strict=True):
        assert list(line.get_ydata()) == pytest.approx([row[0] for row in reference.similarity])
        assert line.get_xdata()[0] == pytest.approx(sum(document.windows_fs[0]) / 2000)
    assert "In-S of In2S3" in words(figure)
    assert inside(figure)
    with pytest.raises(InputError, match="say which layer, 1 to 3"):
        similarity_figure(documents()["layers"])
    with pytest.raises(InputError, match="no crystal was compared"):
        similarity_figure(document.model_copy(update={"references": []}))


@SIZES
def test_bonds_with_bands_and_onsets(size):
    document = documents()["bonds"]
    figure = bonds_figure(document, size=size)
    counts, shares, depths = figure.axes
    lines = {line.get_label(): line for line in counts.lines}
    for bond in document.bonds:
        assert list(lines[bond.pair].get_ydata()) == bond.counts
    bands = [band for band in counts.collections if isinstance(band, PolyCollection)]
    for bond, drawn in zip(document.bonds, bands, strict=True):
        band = drawn.get_paths()[0].vertices[:, 1]
        assert band.min() == min(bond.counts_shorter)
        assert band.max() == max(bond.counts_longer)
    (unit,) = document.polyhedra
    surviving = next(line for line in shares.lines if "of 8" in str(line.get_label()))
    assert list(surviving.get_ydata()) == pytest.approx([value / 8 for value in unit.surviving])
    assert list(depths.lines[2].get_ydata()) == document.penetration[1].deepest
    text = words(figure)
    assert "Cut-offs: In-S 3.20 Å (given), In-Cl 3.30 Å (InCl at rest), P-S 2.70 Å (given);" in text
    assert "bands: 0.1 Å less and more." in text
    assert "PS4 of 8" in text
    ins = document.bonds[0].onset
    assert ins.time_fs is not None
    assert f"{ins.time_fs / 1000:.1f}"[:3] in text
    never = document.bonds[1].model_copy(
        update={"initial": 0, "onset": document.bonds[1].onset.model_copy(update={"time_fs": None, "error_fs": None})}
    )
    only = document.model_copy(update={"bonds": [never], "polyhedra": [], "penetration": []})
    figure = bonds_figure(only, size=size)
    assert len(figure.axes) == 1
    assert "Never began to form: In-Cl." in words(figure)
    with pytest.raises(InputError, match="neither bonds nor polyhedra"):
        bonds_figure(only.model_copy(update={"bonds": []}))


@pytest.mark.parametrize(
    ("time", "error", "text"),
    [
        (8700.0, 76.0, r"8.70 $\pm$ 0.08 ps"),
        (8700.0, 160.0, r"8.70 $\pm$ 0.16 ps"),
        (8700.0, 2100.0, r"9 $\pm$ 2 ps"),
        (8700.0, 0.0, r"8.700 $\pm$ 0.000 ps"),
        (8700.0, None, "8.70 ps"),
        (None, None, ""),
    ],
)
def test_onsets_have_the_digits_of_their_error(time, error, text):
    onset = BondOnset(
        pair="In-S", time_fs=time, error_fs=error, earliest_fs=time, latest_fs=None, minimum=1, persistence_fs=100.0
    )
    assert onset_text(onset) == text


def test_digits_of_an_error():
    assert [digits_of(error) for error in (3.0, 1.9, 0.3, 0.12, 1e-9)] == [0, 1, 1, 2, 3]


@SIZES
def test_profiles_of_the_first_and_last_window(size):
    document = documents()["motion"]
    figure = profiles_figure(document, size=size)
    assert [axes.texts[0].get_text() for axes in figure.axes] == ["Li", "In", "P", "S", "Cl"]
    for axes, profile in zip(figure.axes, document.profiles, strict=True):
        assert list(axes.lines[0].get_ydata()) == profile.density_per_A3[-1]
        filled = axes.collections[0].get_paths()[0].vertices[:, 1]
        assert filled.max() == pytest.approx(max(profile.density_per_A3[0]))
    assert "0 to 4.98 ps" in words(figure)
    with pytest.raises(InputError, match="no density profiles"):
        profiles_figure(document.model_copy(update={"profiles": []}))


@SIZES
def test_displacements_with_diffusivities(size):
    document = documents()["motion"]
    figure = displacement_figure(document, size=size)
    (axes,) = figure.axes
    lithium = document.diffusion[0]
    assert list(axes.lines[0].get_ydata()) == pytest.approx(np.sum(lithium.msd_A2, axis=0))
    fitted = np.array(axes.lines[1].get_xdata()) * 1000
    assert fitted.min() >= lithium.fit_fs[0]
    assert fitted.max() <= lithium.fit_fs[1]
    assert lithium.is_diffusive
    text = words(figure)
    assert "Li: D = (" in text
    assert "In: not diffusive" in text
    assert inside(figure)
    short = document.model_copy(update={"diffusion": [], "notes": ["no diffusivity: a fit in blocks of 2 fs"]})
    with pytest.raises(InputError, match="no displacements to draw; no diffusivity: a fit in blocks of 2 fs"):
        displacement_figure(short)


def test_a_diffusivity_has_the_digits_of_its_error():
    lithium = documents()["motion"].diffusion[0]
    of = lithium.model_copy(update={"diffusivity_cm2_per_s": 2.456e-6, "error_cm2_per_s": 4.1e-8, "is_diffusive": True})
    assert diffusion_text(of) == r"Li: D = (2.46 $\pm$ 0.04) $\times$ 10$^{-6}$ cm$^2$/s"


@SIZES
def test_atoms_before_and_after(size):
    document = documents()["md"]
    figure = snapshots_figure(document, size=size)
    before, after, key = figure.axes
    for axes in (before, after):
        circles = [patch for patch in axes.patches if isinstance(patch, Circle)]
        assert len(circles) == len(frames()[0].numbers)
        across, up = np.array([circle.center for circle in circles]).T
        assert 0 <= across.min() < across.max() <= 22.6
        assert 0 <= up.min() < up.max() <= 12.4
        # one scale along both axes
        box = axes.get_window_extent()
        wide, high = np.ptp(axes.get_xlim()), np.ptp(axes.get_ylim())
        assert box.width / wide == pytest.approx(box.height / high, rel=1e-6)
    assert [text.get_text() for text in key.texts] == ["10 Å", "Li", "In", "P", "S", "Cl"]
    text = words(figure)
    for expected in ("0 ps", "19.9 ps", "Li6PS5Cl", "64 atoms of electrolyte, 48 of anode; anode stretched by 1.1 %."):
        assert expected in text
    one = snapshots_figure(document.model_copy(update={"snapshots": document.snapshots[:1]}), size=size)
    assert "Only one frame is there." in words(one)
    with pytest.raises(InputError, match="no frames to draw"):
        snapshots_figure(document.model_copy(update={"snapshots": []}))
    short = document.snapshots[0]
    less = short.model_copy(update={"elements": short.elements[:-1], "positions": short.positions[:-1]})
    with pytest.raises(InputError, match="64 atoms of the electrolyte and 48 of the anode in a frame of 111"):
        snapshots_figure(document.model_copy(update={"snapshots": [less]}))


def snapshot(cell, elements, positions):
    return Snapshot(time_fs=0.0, cell=cell, elements=elements, positions=positions)


def test_a_side_view_wraps_atoms_and_bonds():
    cell = ((6.0, 0, 0), (2.0, 8.0, 0), (1.0, 1.0, 20.0))
    # a P-S bond of 2 Å across the border of the normal: a half on either side
    view = side_view(snapshot(cell, ("P", "S"), ((0.0, 0.0, 19.5), (1.0 + 0.05, 1.0 + 0.05, 21.5))))
    assert view.width == pytest.approx(20.0)
    # seen along a, the shorter one; b leans by 2 Å along it, which does not show
    assert view.height == pytest.approx(8.0)
    assert view.across == pytest.approx([19.5, 1.5])
    assert len(view.bonds) == 2
    ends = view.bonds[:, 1, 0]
    assert ends == pytest.approx([20.5, 0.5])
    assert view.bond_atoms.tolist() == [0, 1]
    far = side_view(snapshot(cell, ("P", "S"), ((0.0, 0.0, 0.0), (0.0, 0.0, 3.0))))
    assert len(far.bonds) == 0
    with pytest.raises(InputError, match="a cell without volume"):
        side_view(snapshot(((1.0, 0, 0), (2.0, 0, 0), (0, 0, 1.0)), ("P",), ((0.0, 0, 0),)))


def test_a_shift_moves_the_border():
    cell = ((6.0, 0, 0), (0, 6.0, 0), (0, 0, 10.0))
    at = snapshot(cell, ("Li", "Li"), ((0.0, 0.0, 9.0), (0.0, 0.0, 1.0)))
    assert home_of(at, slice(0, 2)) == pytest.approx((0.9, 1.1))
    assert side_view(at, origin=0.5).across == pytest.approx([4.0, 6.0])


def test_elements_have_colours_and_radii():
    named = [color_of(element) for element in ("Li", "In", "Sn", "Al", "Ga", "P", "S", "Cl", "O")]
    assert len(set(named)) == 9
    assert color_of("Fe").startswith("#")
    assert radius_of("Li") == 0.76
    assert radius_of("S") == pytest.approx(1.05)


def test_planes_keep_their_indices():
    assert mathtext_interface("In(001)/Li5.5PS4.5Cl1.5(1-10)") == "In(001)/Li$_{5.5}$PS$_{4.5}$Cl$_{1.5}$(1-10)"
    assert mathtext_interface("Li9Al4(400)/Li6PS5Cl(-110) 2") == "Li$_9$Al$_4$(400)/Li$_6$PS$_5$Cl(-110) 2"


def rows(document) -> list[dict[str, str]]:
    return list(csv.DictReader(data_csv(document.model_dump(mode="json")).splitlines()[1:]))


def test_numbers_behind_the_figures(tmp_path):
    found = documents()
    table = rows(found["rdf"])
    own = [row for row in table if row["pair"] == "In-S" and not row["crystal"]]
    assert len(own) == 5 * 400
    assert float(own[130]["r_A"]) == pytest.approx(2.61)
    assert float(own[130]["g"]) == pytest.approx(found["rdf"].pairs[0].g[0][0][130], abs=1e-6)
    alike = [row for row in table if row["similarity"]]
    assert len(alike) == 3 * 5
    table = rows(found["bonds"])
    onset = table[0]
    assert (onset["quantity"], onset["name"]) == ("onset", "In-S")
    assert float(onset["time_fs"]) == found["bonds"].bonds[0].onset.time_fs
    counts = [float(row["value"]) for row in table if (row["quantity"], row["name"]) == ("bonds", "In-S")]
    assert counts == found["bonds"].bonds[0].counts
    assert len([row for row in table if row["quantity"] == "surviving"]) == 200
    table = rows(found["motion"])
    diffusivity = found["motion"].diffusion[0].diffusivity_cm2_per_s
    assert float(table[0]["diffusivity_cm2_per_s"]) == pytest.approx(diffusivity, rel=1e-6)
    assert len([row for row in table if row["quantity"] == "density"]) == 5 * 4 * len(found["motion"].heights)
    table = rows(found["md"])
    assert [row["what"] for row in table[2:5]] == ["cell", "electrolyte", "electrolyte"]
    assert sum(row["what"] == "anode" for row in table) == 2 * 48
    file = write_data([found["bonds"]], tmp_path / "bonds.png")
    assert file.name == "bonds.csv"


def test_a_table_begins_no_cell_like_a_formula():
    bad = documents()["bonds"].bonds[0].model_copy(update={"pair": "=HYPERLINK(1)"})
    text = data_csv(documents()["bonds"].model_copy(update={"bonds": [bad]}))
    assert ",=HYPERLINK" not in text
    assert "'=HYPERLINK(1)" in text
    slow = documents()["motion"].diffusion[0].model_copy(update={"diffusivity_cm2_per_s": -1e-7})
    assert rows(documents()["motion"].model_copy(update={"diffusion": [slow]}))[0]["diffusivity_cm2_per_s"] == (
        "-1.000000e-07"
    )
