"""Figures: the files, and what stands in them."""

from __future__ import annotations

import csv

import matplotlib as mpl
import pytest
from lianode_test_drawn import overlaps, text_of
from lianode_test_tables import LI_IN, LI_SN, METHOD, phase, table

from lianode.analysis.checks import Check
from lianode.analysis.energies import MissingPhase
from lianode.analysis.hull.hull import hull
from lianode.analysis.hull.spread import hull_spread
from lianode.analysis.hull.stability import phase_stabilities
from lianode.analysis.plots.data import data_csv, write_data
from lianode.analysis.plots.hull import energy_above_hull_figure, hull_figure, hull_models_figure
from lianode.analysis.plots.style import save
from lianode.analysis.plots.voltage import voltage_figure
from lianode.analysis.voltage.measured import MeasuredCurve
from lianode.analysis.voltage.voltage import voltage
from lianode.structures.errors import InputError


def hull_of(energies, system="Li-In", engine="sevennet-0", **options):
    return hull(energies, system=system, engine=engine, campaign="test", **options)


@pytest.fixture(scope="module")
def li_in():
    return hull_of(table(LI_IN), include=["LiIn3"])


def test_files_of_all_formats(li_in, tmp_path):
    figure = hull_figure(li_in)
    files = save(figure, tmp_path / "made" / "li-in-0.5")
    assert [file.name for file in files] == ["li-in-0.5.svg", "li-in-0.5.pdf", "li-in-0.5.png"]
    assert files[1].read_bytes().startswith(b"%PDF")
    assert files[2].read_bytes().startswith(b"\x89PNG")
    assert save(figure, tmp_path / "only.png") == [tmp_path / "only.png"]
    with pytest.raises(InputError, match=r"svg, pdf, png, not '.jpg'"):
        save(figure, tmp_path / "figure.jpg")


def test_equal_documents_give_equal_files(li_in, tmp_path):
    first = save(hull_figure(li_in), tmp_path / "a.svg")[0].read_bytes()
    stored = li_in.model_dump(mode="json")
    assert save(hull_figure(stored), tmp_path / "b.svg")[0].read_bytes() == first


def test_hull_figure_says_what_a_reader_needs(li_in, tmp_path):
    figure = hull_figure(li_in, paper="hansel2021")
    text = text_of(figure, tmp_path)
    for expected in (
        "Li–In, SevenNet-0 (PBE)",
        "Energies relative to Li_bcc and In_bct.",
        "Formation energy (meV/atom)",
        "stable",
        "metastable",
        "hypothetical, not counted",
        "stable, hansel2021",
        "minimum, hansel2021",
        "LiIn2_MoSi2 (14.6)",
    ):
        assert expected in text
    assert "Li$_{13}$In$_3$" in [label.get_text() for label in figure.axes[0].texts]


@pytest.mark.parametrize("size", ["column", "slide"])
@pytest.mark.parametrize(("rows", "system"), [(LI_IN, "Li-In"), (LI_SN, "Li-Sn")])
def test_labels_do_not_cover_each_other(rows, system, size):
    document = hull_of(table(rows), system, include=["hypothetical"])
    assert overlaps(hull_figure(document, paper="hansel2021", size=size)) == []
    assert overlaps(voltage_figure(voltage(document), paper="hansel2021", size=size)) == []


def test_flagged_and_partial_are_marked(tmp_path):
    bad = Check(name="space_group_kept", passed=False, message="139 became 225")
    energies = [phase("Li", 0.0), phase("In", 0.0), phase("LiIn", -0.3, checks=(bad,)), phase("Li3In", -0.1)]
    document = hull_of(energies, missing=[MissingPhase(name="Li2In", formula="Li2In", reason="failed")])
    text = text_of(hull_figure(document), tmp_path)
    assert "LiIn*" in text
    assert "*: a check of this phase failed." in text
    assert "Li–In, SevenNet-0 (PBE), partial" in text
    assert "Partial, without Li2In." in text
    text = text_of(voltage_figure(voltage(document)), tmp_path)
    assert "In / LiIn*" in text
    assert "*: a check failed for LiIn." in text


def test_fixed_reference_and_temperature_are_named(tmp_path):
    document = hull_of(table(LI_SN), "Li-Sn", references={"Sn": "Sn_beta"}, temperature=300.0)
    text = text_of(hull_figure(document), tmp_path)
    assert "300 K" in text
    assert "Li_bcc and Sn_beta" in text
    assert "Sn_alpha lies 13.6 meV/atom below Sn_beta" in text


def test_models_and_the_spread_between_them(li_in, tmp_path):
    other = METHOD.model_copy(update={"model": "SevenNet-l3i5"})
    energies = [phase("Li_bcc", 0.0, method=other), phase("In_bct", 0.0, method=other),
                phase("Li3In2", -0.308, method=other), phase("LiIn", -0.273, method=other)]  # fmt: skip
    text = text_of(hull_models_figure([li_in, hull_of(energies, engine="sevennet-l3i5")]), tmp_path)
    assert "SevenNet-0 (PBE)" in text
    assert "SevenNet-l3i5 (PBE)" in text
    assert "spread between models, which is not an error bar" in text


def test_energies_above_hull_of_any_number_of_elements(li_in, tmp_path):
    assert "Energy above hull (meV/atom)" in text_of(energy_above_hull_figure(li_in), tmp_path)
    ternary = hull_of([phase("Li", 0), phase("In", 0), phase("Sn", 0), phase("LiInSn", 0.1)], "Li-In-Sn")
    assert "LiInSn" in text_of(energy_above_hull_figure(ternary), tmp_path)
    with pytest.raises(InputError, match="Li-In-Sn has 3 elements"):
        hull_figure(ternary)
    with pytest.raises(InputError, match="every phase"):
        energy_above_hull_figure(hull_of([phase("Li", 0), phase("In", 0)]))


def test_voltage_figure_says_what_a_reader_needs(li_in, tmp_path):
    measured = MeasuredCurve(
        label="cell 3", per_host=(0.0, 0.1, 1.0), capacity_mAh_per_g_host=None, voltage_V=(1.4, 0.62, 0.60)
    )
    warm = hull_of(table(LI_IN), include=["LiIn3"], temperature=300.0)
    figure = voltage_figure(
        voltage(li_in),
        variants=[voltage(li_in, hull_tolerance=0.005), voltage(li_in, exclude=["LiIn3"]), voltage(warm)],
        measured=measured,
        paper="hansel2021",
    )
    text = text_of(figure, tmp_path)
    for expected in (
        "Li–In, SevenNet-0 (PBE)",
        "Capacity (mAh per g of In)",
        "running average",
        "hull tolerance 5 meV/atom",
        "300 K",
        "measured: cell 3",
        "average, hansel2021",
        "measured plateaus, luo2021, ren2026",
        "hansel2021 does not state the range",
        "are not shown.",
    ):
        assert expected in text
    legend = [label.get_text() for label in figure.axes[0].get_legend().get_texts()]
    assert "without LiIn$_3$" in legend
    assert figure.axes[0].get_ylabel() == "Voltage vs Li/Li$^+$ (V)"
    assert "In / LiIn$_3$" in [label.get_text() for label in figure.axes[0].texts]


def test_upper_axis_is_the_capacity(li_in):
    axes = voltage_figure(voltage(li_in)).axes[0]
    (upper,) = axes.child_axes
    axes.figure.canvas.draw()
    assert upper.get_xlim()[1] / axes.get_xlim()[1] == pytest.approx(233.4, abs=0.1)


def test_step_upwards_is_drawn_and_said(tmp_path):
    rows = {**LI_IN, "LiIn": (-260.0, 23.0)}
    document = hull_of(table(rows), include=["LiIn3"])
    text = text_of(voltage_figure(voltage(document, hull_tolerance=0.010)), tmp_path)
    assert "the voltage steps up at LiIn" in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": "poster"}, "'poster' is no figure size; sizes are column, slide"),
        ({"paper": "su2024"}, "su2024 has no hull of Li-In"),
        ({"paper": "hansel"}, "paper 'hansel': unknown"),
    ],
)
def test_wrong_options_are_one_clear_sentence(li_in, options, message):
    with pytest.raises(InputError, match=message):
        hull_figure(li_in, **options)


def test_variants_of_another_host_are_refused(li_in):
    li_sn = hull_of(table(LI_SN), "Li-Sn")
    with pytest.raises(InputError, match="a curve of Sn beside one of In"):
        voltage_figure(voltage(li_in), variants=[voltage(li_sn)])


def test_nothing_global_is_changed(li_in):
    before = dict(mpl.rcParams)
    voltage_figure(voltage(li_in))
    hull_figure(li_in)
    assert dict(mpl.rcParams) == before


def test_data_behind_the_figures(li_in):
    for document in (li_in, voltage(li_in), *hull_spread([li_in])):
        comment, *lines = data_csv(document).splitlines()
        assert document.key in comment
        rows = list(csv.DictReader(lines))
        assert rows
        assert data_csv(document.model_dump(mode="json")) == data_csv(document)
    by_phase = {row["phase"]: row for row in csv.DictReader(data_csv(li_in).splitlines()[1:])}
    assert float(by_phase["Li3In2"]["formation_energy_eV_per_atom"]) == pytest.approx(-0.293)
    assert by_phase["Li3In2"]["stable"] == "True"
    with pytest.raises(InputError, match="no table for documents of 'phase_stability'"):
        data_csv(phase_stabilities(li_in)[0])


def test_data_lie_beside_the_figure(li_in, tmp_path):
    curve = voltage(li_in)
    assert write_data([li_in], tmp_path / "li-in.svg") == tmp_path / "li-in.csv"
    file = write_data([curve, voltage(li_in, hull_tolerance=0.005)], tmp_path / "new" / "li-in-0.5")
    assert file == tmp_path / "new" / "li-in-0.5.csv"
    assert file.read_text().startswith(data_csv(curve))
    assert file.read_text().count("# Li-In") == 2
