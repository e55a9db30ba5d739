"""The report in a real browser: opened from a disk, with mouse, keyboard and finger, on screens and on paper."""

from __future__ import annotations

import re
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lianode.analysis.elastic.moduli import youngs_modulus
from lianode.analysis.report.page import report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lianode.analysis.report.source import Source

pytestmark = pytest.mark.browser

INTRUDER = """(address) => {
    window.stopped = [];
    addEventListener('securitypolicyviolation', (event) => window.stopped.push(event.effectiveDirective));
    const script = document.createElement('script');
    script.textContent = 'window.hacked = 1';
    const picture = document.createElement('img');
    picture.setAttribute('onerror', 'window.hacked = 2');
    picture.src = address;
    document.body.append(script, picture);
    fetch(address).catch(() => {});
}"""


@contextmanager
def opened(browser: Any, file: Path, **context: Any) -> Iterator[Any]:
    """Open a file without network; at the end nothing may have been complained of, asked for or popped up."""
    inside = browser.new_context(viewport={"width": 1100, "height": 900}, offline=True) if not context else (
        browser.new_context(offline=True, **context)
    )  # fmt: skip
    page = inside.new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
    asked: list[str] = []
    inside.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    page.wait_for_function("document.querySelectorAll('nav button').length === 1")
    yield page
    assert wrong == []
    assert [url for url in asked if not url.startswith("blob:")] == [file.as_uri()]
    inside.close()


@pytest.fixture(scope="module")
def files(source: Source, hostile: Source, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("report")
    found = {}
    for name, one in (("plain", source), ("hostile", hostile)):
        found[name] = folder / f"{name}.html"
        found[name].write_text(report(one), encoding="utf-8")
    return found


@pytest.fixture
def page(browser: Any, files: dict[str, Path]) -> Iterator[Any]:
    with opened(browser, files["plain"]) as page:
        yield page


def figure(page: Any, title: str) -> Any:
    return page.locator("figure", has=page.get_by_text(title, exact=True))


def middle(of: Any) -> tuple[float, float]:
    of.scroll_into_view_if_needed()
    box = of.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def view(of: Any) -> list[float]:
    return [float(number) for number in of.get_attribute("data-view").split()]


def column(of: Any, number: int) -> list[str]:
    return [cell.strip() for cell in of.locator(f"tbody tr:visible td:nth-child({number})").all_inner_texts()]


def table(page: Any, caption: str) -> Any:
    return page.locator(".table", has=page.locator("caption", has_text=re.compile(f"^{caption}$")))


def test_every_figure_is_drawn(page: Any, tmp_path: Path) -> None:
    charts, structures = page.locator("figure.chart"), page.locator("figure.viewer canvas")
    assert charts.count() >= 10
    assert page.locator("figure.chart .plot svg path.curve").count() >= 20
    assert structures.count() == 5
    for n in range(structures.count()):
        blank = "c => !c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((x) => x !== 0)"
        assert not structures.nth(n).evaluate(blank)
    page.screenshot(path=tmp_path / "desktop.png", full_page=True)


def test_hovering_shows_values(page: Any) -> None:
    hull = figure(page, "Formation energies, Li-In")
    tip = hull.locator(".tip")
    assert not tip.is_visible()
    # circles of the stable phases, from In to Li; the second is LiIn
    page.mouse.move(*middle(hull.locator("svg [data-series=stable] .mark").nth(1)))
    assert tip.inner_text() == "LiIn: -273.7 meV/atom, on the hull"
    page.mouse.move(0, 0)
    assert not tip.is_visible()


def test_the_legend_turns_curves_on_and_off(page: Any) -> None:
    hull = figure(page, "Formation energies, Li-In")
    entry = hull.get_by_role("button", name="hypothetical, not counted")
    points = hull.locator('svg [data-series="hypothetical, not counted"]')
    assert points.count() == 1
    entry.click()
    assert entry.get_attribute("aria-pressed") == "false"
    assert points.count() == 0
    hull.get_by_role("button", name="stable", exact=True).click()  # metastable phases alone: they fill the axes
    low, high = view(hull.locator(".plot"))[2:4]
    assert -10 < low < 0 < high < 20
    hull.get_by_role("button", name="stable", exact=True).click()
    entry.press("Enter")
    assert points.count() == 1


def test_wheel_and_box_zoom_and_reset(page: Any) -> None:
    chart = figure(page, "Voltage against Li/Li⁺, Li-In")
    plot = chart.locator(".plot")
    whole = view(plot)
    x, y = middle(plot)
    page.mouse.move(x, y)
    page.mouse.wheel(0, -200)  # not focused: the page scrolls
    assert view(plot) == whole
    x, y = middle(plot)
    page.mouse.click(x, y)
    page.mouse.wheel(0, -200)
    page.wait_for_function("([e, v]) => e.dataset.view !== v", arg=[plot.element_handle(), " ".join(map(str, whole))])
    zoomed = view(plot)
    assert zoomed[1] - zoomed[0] < whole[1] - whole[0]
    chart.get_by_role("button", name="Reset view").click()
    assert view(plot) == whole
    page.mouse.move(x - 100, y - 50)
    page.mouse.down()
    page.mouse.move(x + 100, y + 50, steps=4)
    page.mouse.up()
    boxed = view(plot)
    assert whole[0] < boxed[0] < boxed[1] < whole[1]
    plot.press("0")
    assert view(plot) == whole


def test_figures_are_read_with_the_keyboard(page: Any) -> None:
    chart = figure(page, "Formation energies, Li-In")
    plot, said = chart.locator(".plot"), chart.get_by_role("status").first
    plot.focus()
    plot.press("ArrowRight")
    assert said.inner_text().startswith("In_bct: 0.0 meV/atom")
    plot.press("ArrowRight")
    assert said.inner_text().startswith("LiIn: -273.7 meV/atom")
    plot.press("ArrowDown")
    assert "above the hull" in said.inner_text()
    plot.press("+")
    assert chart.locator(".tip").is_visible()
    plot.press("Escape")
    assert not chart.locator(".tip").is_visible()


def test_data_of_a_figure_are_a_table(page: Any) -> None:
    chart = figure(page, "Formation energies, Li-In")
    chart.get_by_text("Data of this figure").click()
    data = chart.locator("table")
    data.wait_for()
    assert data.locator("tbody tr").count() == 14
    assert data.locator("tbody tr").nth(1).locator("td").all_inner_texts()[:3] == ["stable", "0.5", "−273.7"]


def test_tables_sort_by_value(page: Any) -> None:
    phases = table(page, "Phases of Li-In")
    heading = phases.get_by_role("button", name="formation energy / meV/atom")

    def energies() -> list[float]:
        return [float(text.replace("−", "-")) for text in column(phases, 4)]

    heading.click()
    assert energies() == sorted(energies())
    assert energies()[0] == pytest.approx(-293.0)
    assert phases.locator("th[aria-sort=ascending]").count() == 1
    heading.press("Enter")
    assert energies() == sorted(energies(), reverse=True)
    phases.get_by_role("button", name="phase", exact=True).click()
    names = column(phases, 1)
    assert names[:2] == ["In_bct", "Li_bcc"]
    assert names.index("Li3In2") < names.index("Li13In3")  # by the numbers in a name


def test_tables_filter_by_words(page: Any) -> None:
    phases = table(page, "Phases of Li-In")
    field = phases.get_by_role("searchbox", name="Filter rows of: Phases of Li-In")
    field.fill("hypothetical LiIn3")
    assert column(phases, 1) == ["LiIn3_L12", "LiIn3_D023"]
    assert phases.get_by_role("status").inner_text() == "2 of 14 rows"
    field.fill("")
    assert phases.get_by_role("status").inner_text() == "14 rows"


def test_structures_turn(page: Any) -> None:
    viewer = figure(page, "Crystals of Li-In")
    canvas = viewer.locator("canvas")
    start, picture = view(canvas), canvas.evaluate("c => c.toDataURL()")
    x, y = middle(canvas)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 80, y + 30, steps=4)
    page.mouse.up()
    assert view(canvas) != start
    assert canvas.evaluate("c => c.toDataURL()") != picture
    rotation = view(canvas)[:9]
    rows = [rotation[0:3], rotation[3:6], rotation[6:9]]
    for n, row in enumerate(rows):  # still a rotation
        for m, other in enumerate(rows):
            assert sum(a * b for a, b in zip(row, other, strict=True)) == pytest.approx(float(n == m), abs=1e-3)
    canvas.press("0")
    assert view(canvas) == start
    canvas.press("ArrowLeft")
    assert view(canvas) != start
    viewer.get_by_role("button", name="Reset view").click()
    assert view(canvas) == start
    canvas.press("+")
    assert view(canvas)[9] > start[9]
    viewer.get_by_role("button", name="Look along c").click()
    assert "LiIn" not in canvas.get_attribute("aria-label")
    viewer.get_by_label("Show").select_option("LiIn")
    assert canvas.get_attribute("aria-label").startswith("LiIn: ")
    viewer.get_by_text("Cell and atoms").click()
    viewer.locator("table").wait_for()
    assert viewer.locator("tbody tr").count() > 4


def test_shapes_turn_and_tell_their_faces(page: Any) -> None:
    shape = figure(page, "Equilibrium shape of LiCl")
    canvas, said = shape.locator("canvas"), shape.locator(".readout")
    assert shape.get_by_role("list", name="Colours").get_by_role("listitem").count() == 2  # (110) has no face
    start = view(canvas)
    x, y = middle(canvas)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 20, steps=3)
    page.mouse.up()
    assert view(canvas) != start
    shape.get_by_role("button", name="Look along x").click()
    page.mouse.move(*middle(canvas))
    assert said.inner_text().startswith("Face (1, 0, 0) of (100): 0.160 J/m²")
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    assert said.text_content() == ""
    canvas.press("0")
    assert view(canvas) == start


def test_a_modulus_is_read_along_a_direction(page: Any, source: Source) -> None:
    tensor = next(document for document in source.documents if document["property"] == "elastic")
    along_z = float(youngs_modulus(np.array(tensor["tensor_GPa"]), np.array([[0.0, 0.0, 1.0]]))[0])
    surface = figure(page, f"Young's modulus of {tensor['phase']} over all directions")
    surface.get_by_role("button", name="Look along z").click()
    x, y = middle(surface.locator("canvas"))
    page.mouse.move(x + 2, y + 2)
    value, _, where = surface.get_by_role("status").inner_text().partition(" GPa along ")
    assert float(value) == pytest.approx(along_z, rel=0.02)
    assert float(where.strip("()").split(", ")[2]) > 0.99
    cuts = figure(page, f"Young's modulus of {tensor['phase']} in three planes")
    cuts.locator(".plot").focus()
    cuts.locator(".plot").press("ArrowRight")
    assert cuts.get_by_role("status").inner_text().startswith("x-y, 0°: ")


def test_sites_are_seen_from_above(page: Any) -> None:
    surface = figure(page, "Sites of Li(001) from above")
    page.mouse.move(*middle(surface.locator("svg [data-series=hollow] .mark")))
    assert surface.locator(".tip").inner_text() == "hollow: +0.300 eV, -1.300 eV against the free atom"
    page.mouse.move(*middle(surface.locator('svg [data-series="top, moved to another"] .mark')))
    assert surface.locator(".tip").inner_text().endswith("relaxed to hollow")
    x0, x1, y0, y1 = view(surface.locator(".plot"))
    frame = surface.locator("svg rect.axis").bounding_box()  # one length along both axes
    assert frame["width"] / (x1 - x0) == pytest.approx(frame["height"] / (y1 - y0), rel=0.02)
    atoms = surface.locator("svg circle.atom")
    assert atoms.count() >= 8
    assert surface.get_by_role("list", name="Elements").inner_text() == "Li"


def test_densities_of_states_are_chosen(page: Any) -> None:
    density = figure(page, "Density of states of LiCl, gpaw (PBE)")
    channel = density.locator('svg [data-series="Cl p"]')
    assert channel.count() == 1
    density.get_by_role("button", name="Cl p").click()
    assert channel.count() == 0
    assert density.locator("svg [data-series=total]").count() == 1
    potential = figure(page, "Potential across LiCl(001), gpaw (PBE)")
    potential.locator(".plot").focus()
    potential.locator(".plot").press("ArrowRight")
    said = "vacuum level below: 2.000 eV, 7.000 eV above the valence band maximum"
    assert potential.get_by_role("status").first.inner_text() == said


def test_methods_are_compared_point_by_point(page: Any) -> None:
    points = figure(page, "Parity, formation energies of Li-In, SevenNet-l3i5 (PBE) beside SevenNet-0 (PBE)")
    assert points.locator(".plot .mark").count() == 2  # the references are zero with both
    points.locator(".plot").focus()
    points.locator(".plot").press("ArrowRight")
    said = points.get_by_role("status").first.inner_text()
    assert said.startswith("LiIn: -270.0, by single points -250.0 meV/atom, difference +20.0")


def test_temperatures_and_models_stand_side_by_side(page: Any) -> None:
    warm = table(page, r"Formation energies of Li-In, SevenNet-0 \(PBE\) by temperature")
    row = dict(zip(column(warm, 1), zip(column(warm, 4), column(warm, 5), strict=True), strict=True))
    assert row["LiIn"] == ("−273.7", "−246.3")
    models = table(page, "Formation energies of Li-In by model")
    row = dict(zip(column(models, 1), zip(column(models, 3), column(models, 4), strict=True), strict=True))
    assert row["LiIn"] == ("−273.7", "−301.1")
    both = figure(page, "Formation energies by model, Li-In")
    page.mouse.move(*middle(both.locator("svg [data-series=other] .mark").nth(1)))
    assert ", other: −" in both.locator(".tip").inner_text().replace("-", "−")


def test_frames_of_a_run_are_chosen(page: Any) -> None:
    viewer = figure(page, "Atoms of In(001)/Li6PS5Cl(001)")
    names = viewer.get_by_label("Show").locator("option").all_inner_texts()
    assert names[-1] == "0 ps"
    assert len(names) == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_follows_the_system_and_the_button(browser: Any, files: dict[str, Path], scheme: str) -> None:
    with opened(browser, files["plain"], color_scheme=scheme) as page:
        ground = "getComputedStyle(document.body).backgroundColor"
        light, dark = "rgb(255, 255, 255)", "rgb(20, 23, 26)"
        assert page.evaluate(ground) == (light if scheme == "light" else dark)
        page.get_by_role("button", name="Dark colours" if scheme == "light" else "Light colours").click()
        assert page.evaluate(ground) == (dark if scheme == "light" else light)


def test_a_phone_shows_all_without_scrolling_sideways(browser: Any, files: dict[str, Path], tmp_path: Path) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
    with opened(browser, files["plain"], **phone) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        chart = figure(page, "Formation energies, Li-In")
        page.touchscreen.tap(*middle(chart.locator("svg [data-series=stable] .mark").nth(1)))
        assert "LiIn: -273.7" in chart.get_by_role("status").first.inner_text()
        page.screenshot(path=tmp_path / "phone.png", full_page=True)


def test_paper_has_all_rows_and_no_buttons(page: Any, tmp_path: Path) -> None:
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("nav").is_visible()
    assert not page.get_by_role("button", name="Reset view").first.is_visible()
    fits = "[...document.querySelectorAll('.scroller')].every((e) => e.scrollHeight <= e.clientHeight + 1)"
    assert page.evaluate(fits)
    paper = page.pdf(path=tmp_path / "report.pdf", format="A4")
    assert paper.startswith(b"%PDF")


def test_everything_has_a_name_for_screen_readers(page: Any) -> None:
    unnamed = """() => [...document.querySelectorAll('button, input, select, a, [role=application], [role=region]')]
        .filter((e) => !(e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.textContent.trim()
            || (e.id && document.querySelector(`label[for="${e.id}"]`)))).length"""
    assert page.evaluate(unnamed) == 0
    assert page.locator("html[lang=en]").count() == 1
    levels = [int(tag[1]) for tag in page.locator("h1, h2, h3, h4").evaluate_all("all => all.map((e) => e.tagName)")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    missing = """() => [...document.querySelectorAll('[aria-labelledby], [aria-describedby]')].filter((e) =>
        !document.getElementById(e.getAttribute('aria-labelledby') || e.getAttribute('aria-describedby'))).length"""
    assert page.evaluate(missing) == 0


def test_hostile_names_do_nothing(browser: Any, files: dict[str, Path]) -> None:
    with opened(browser, files["hostile"]) as page:
        for summary in page.locator("summary").all():
            summary.click()
        for plot in page.locator(".plot").all():
            plot.focus()
            plot.press("ArrowRight")
        assert page.evaluate("window.hacked") is None
        assert page.locator("img").count() == 0
        assert page.locator("body script:not([type])").count() == 1
        assert "<script>window.hacked=1</script>" in page.locator("h1").inner_text()
        assert "<img src=x onerror=window.hacked=2>" in page.locator("figure .tip:visible").first.inner_text()
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_the_policy_stops_what_is_not_ours(browser: Any, files: dict[str, Path]) -> None:
    """Even if an element got in: no script of its own, no handler, no picture and no request would work."""
    inside = browser.new_context()
    page = inside.new_page()
    page.goto(files["plain"].as_uri())
    with socket.create_server(("127.0.0.1", 0)) as listening:
        page.evaluate(INTRUDER, f"http://127.0.0.1:{listening.getsockname()[1]}/x.png")
        page.wait_for_function("window.stopped.length >= 4")
        listening.setblocking(False)
        with pytest.raises(BlockingIOError):  # nobody came
            listening.accept()
    stopped = set(page.evaluate("window.stopped"))
    assert {"script-src-elem", "script-src-attr", "img-src", "connect-src"} <= stopped
    assert page.evaluate("window.hacked") is None
    inside.close()


def test_formulas_of_spreadsheets_are_text_in_a_saved_table(browser: Any, files: dict[str, Path]) -> None:
    with opened(browser, files["hostile"]) as page:
        phases = table(page, "Phases of Li-In")
        with page.expect_download() as saved:
            phases.get_by_role("button", name="Save as CSV").click()
        lines = saved.value.path().read_text(encoding="utf-8").splitlines()
        hit = next(line for line in lines if "HYPERLINK" in line)
        assert hit.startswith('"\'=HYPERLINK(""http')
        assert ",-273.7" in hit  # numbers stay numbers
