"""The report as a file: what stands in it, and that nothing in a document can leave its place."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
from html.parser import HTMLParser
from importlib.resources import files

import numpy as np
import pytest
from lianode_test_tables import phase

from lianode.analysis.hull.hull import hull
from lianode.analysis.report.blocks import looks
from lianode.analysis.report.crystals import crystal, snapshot
from lianode.analysis.report.embed import data_script
from lianode.analysis.report.markup import anchor, tag
from lianode.analysis.report.page import chapters, report
from lianode.analysis.report.source import Source
from lianode.structures.library import phase as library_phase

CHAPTERS = ["Summary", "Hulls and voltages", "Migration barriers", "Reactivity", "Interfaces in time",
            "Surfaces and interface energies", "Adsorption", "Elastic moduli", "Electronic structure",
            "Parity of methods", "Beside published values", "Provenance"]  # fmt: skip


class Elements(HTMLParser):
    """Elements of a file with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_every_kind_of_result_has_its_chapter(source):
    assert [chapter.title for chapter in chapters(source)] == CHAPTERS
    page = report(source)
    for expected in ("the forces grew without limit", "SevenNet-0 (PBE)", "key-LiIn", "ab" * 32, "name: everything",
                     "2026-01-03 00:00 UTC", "LiIn3_L12 is hypothetical, not counted, and lies"):  # fmt: skip
        assert expected in page


def test_an_empty_campaign_has_a_report():
    page = report(Source(campaign="nothing yet", documents=[]))
    assert "none in this store" in page


def test_a_property_without_a_chapter_is_not_passed_over(source):
    known = next(document for document in source.documents if document["property"] == "voltage")
    new = known | {"property": "heat_capacity", "heat_capacity_J_per_K": 2.9, "phase": "Li_bcc"}
    page = report(dataclasses.replace(source, documents=[new]))
    assert "heat capacity of Li_bcc" in page
    assert "<dt>heat capacity J per K</dt><dd>2.9</dd>" in page


def test_hostile_names_make_no_element(source, hostile):
    """The hostile campaign has the elements of the plain one, tag by tag, but for what it lacks of published values."""
    plain = dataclasses.replace(source, compared={})
    kinds = [[name for name, _ in Elements(report(one)).found] for one in (plain, hostile)]
    assert "img" not in kinds[1]
    assert sorted(set(kinds[0])) == sorted(set(kinds[1]))
    assert kinds[0].count("script") == kinds[1].count("script")
    assert not any(name.startswith("on") for _, attributes in Elements(report(hostile)).found for name in attributes)


def test_the_policy_allows_our_own_script_and_style_only(source):
    page = report(source)
    elements = Elements(page)
    policy = next(a["content"] for name, a in elements.found if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for kind in ("script", "style"):
        [inside] = re.findall(f"<{kind}>(.*?)</{kind}>", page, flags=re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert not any(a.get("src") or a.get("style") for _, a in elements.found)
    assert all(a["href"].startswith("#") for name, a in elements.found if name == "a")


def test_links_lead_somewhere_and_ids_are_unique(source):
    found = Elements(report(source)).found
    ids = [a["id"] for _, a in found if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["href"][1:] for name, a in found if name == "a"} <= set(ids)


def test_data_cannot_end_their_element():
    value = {"</script><!--\u2028&": [1.23456789, float("nan"), float("inf"), None, True, "é<"]}
    written = data_script(value)
    inside = written.removeprefix('<script type="application/json">').removesuffix("</script>")
    assert inside.isascii()
    assert not set("<>&") & set(inside)
    assert json.loads(inside) == {"</script><!--\u2028&": [1.23457, None, None, None, True, "é<"]}


def test_markup_is_escaped_once():
    inner = tag("b", "<&\x00")
    assert tag("td", inner, None, class_='"x', hidden=True, id=None) == (
        '<td class="&quot;x" hidden><b>&lt;&amp;\ufffd</b></td>'
    )
    assert anchor("key", 'a "><b') == "key-a-b"
    assert anchor("<>") == "unnamed"


def test_atoms_on_faces_are_drawn_on_both_sides():
    """Body-centred lithium: the corner eight times and the middle once."""
    made = crystal("Li", library_phase("Li_bcc").structure.to_conventional().as_dict())
    fractions = made.positions @ np.linalg.inv(made.cell)
    assert len(made.elements) == 9
    assert fractions.min() > -0.03
    assert fractions.max() < 1.03


def test_atoms_of_a_run_return_into_the_cell_along_the_interface_only():
    frame = {"cell": np.diag([4.0, 4.0, 20.0]), "positions": [[5.0, -1.0, -0.5]], "elements": ["Li"]}
    assert np.allclose(snapshot("0 ps", frame).positions, [[1.0, 3.0, -0.5]])


def test_no_two_curves_of_one_figure_look_alike():
    assert len({looks(n) for n in range(24)}) == 24


def test_thirty_phases_are_a_small_file(source):
    """Thirty phases of a hull with a crystal each."""
    energies = [phase("Li", 0.0), phase("In", 0.0)]
    energies += [phase(f"Li{n}In{30 - n}", -0.2 + 0.001 * n) for n in range(1, 30)]
    document = hull(energies, system="Li-In", engine="made-up", campaign="large").model_dump(mode="json")
    structure = next(iter(source.calculations.values()))["structure"]
    calculation = next(iter(source.calculations.values()))
    big = {"lattice": structure["lattice"], "sites": 20 * structure["sites"]}
    calculations = {key: calculation | {"key": key, "structure": big} for key in document["calculations"].values()}
    page = report(Source(campaign="large", documents=[document], calculations=calculations))
    assert len(calculations) == 31
    assert len(page.encode()) < 1e6


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out_from_the_page(theme):
    """Contrast of at least 4.5 for text and 3 for the colours of lines that stand alone (WCAG 2.2, AA)."""
    css = files("lianode.analysis.report.assets").joinpath("report.css").read_text(encoding="utf-8")
    blocks = {"light": css.split("}", 1)[0], "dark": css.split(':root[data-theme="dark"] {')[1].split("}", 1)[0]}
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[theme]))
    for ink, paper in (("ink", "paper"), ("ink", "panel"), ("soft", "paper"), ("soft", "panel"), ("link", "paper"),
                       ("warn", "paper"), ("warn", "warn-paper")):  # fmt: skip
        assert contrast(found[ink], found[paper]) >= 4.5, (ink, paper)
    assert contrast(found["s0"], found["paper"]) >= 3


def contrast(one: str, other: str) -> float:
    lights = sorted(luminance(color) for color in (one, other))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def luminance(color: str) -> float:
    channels = [int(color[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
