"""The pages in a real browser: search, filter, sort, open a result and its walk; nothing leaves the machine."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import pytest
from lianode_test_serving import FORMULA, HOSTILE, served

from lianode.hpc.serve.token import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.browser


@contextmanager
def opened(browser: Any, address: str, **context: Any) -> Iterator[Any]:
    """Open an address; at the end nothing may have been complained of, popped up or asked of anybody else."""
    inside = browser.new_context(**({"viewport": {"width": 1200, "height": 900}} | context))
    page = inside.new_page()
    page.set_default_timeout(60_000)
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
    asked: set[str] = set()
    inside.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    page.goto(address)
    yield page
    assert page.evaluate("window.hacked") is None
    assert wrong == []
    assert asked <= {urlsplit(address).netloc, ""}
    inside.close()


@pytest.fixture
def page(browser: Any, site: Any) -> Iterator[Any]:
    with opened(browser, site.address) as page:
        yield page


def said(page: Any) -> str:
    return str(page.get_by_role("status").first.inner_text())


def column(page: Any, number: int) -> list[str]:
    return [text.strip() for text in page.locator(f".listing tbody td:nth-child({number})").all_inner_texts()]


def find(page: Any) -> None:
    page.get_by_role("button", name="Find").click()
    page.wait_for_load_state()


def test_search_filter_and_sort(page: Any, tmp_path: Path) -> None:
    assert said(page) == "142 results, 1 to 50 shown"
    page.get_by_role("searchbox", name="search").fill("copies made-up-01")
    find(page)
    assert said(page).startswith("10 results")
    page.get_by_label("where", exact=True).fill("energy_above_hull_per_atom<=0.013")
    page.get_by_label("property").select_option("phase_stability")
    find(page)
    assert said(page).startswith("4 results")
    heading = page.get_by_role("link", name="energy above hull per atom")
    heading.click()
    page.wait_for_load_state()
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("energy above hull per atom")
    assert column(page, 3) == ["made-up-013", "made-up-012", "made-up-011", "made-up-010"]
    page.get_by_role("link", name="energy above hull per atom").click()
    page.wait_for_load_state()
    assert column(page, 3) == ["made-up-010", "made-up-011", "made-up-012", "made-up-013"]
    page.screenshot(path=tmp_path / "listing.png", full_page=True)
    page.get_by_role("link", name="Clear").click()
    page.wait_for_load_state()
    assert said(page).startswith("142 results")


def test_pages_are_turned(page: Any) -> None:
    first = column(page, 9)
    page.get_by_role("link", name="next").click()
    page.wait_for_load_state()
    assert said(page).endswith("51 to 100 shown")
    assert not set(first) & set(column(page, 9))
    page.go_back()
    assert column(page, 9) == first


def test_a_result_is_opened_with_its_figure_and_its_walk(page: Any, tmp_path: Path) -> None:
    page.get_by_label("property").select_option("hull")
    page.get_by_label("campaign").select_option("alloys")
    find(page)
    page.get_by_role("link", name="hull", exact=True).click()
    page.wait_for_load_state()
    assert page.locator("h1").inner_text() == "Hull of Li-In, alloys"
    figure = page.locator("figure.chart").first
    figure.locator("svg [data-series=stable] .mark").nth(1).hover()
    assert "meV/atom, on the hull" in figure.locator(".tip").inner_text()
    assert page.locator("figure.viewer canvas").count() == 1
    step = page.locator(".walk details").filter(has_text="LiIn: LiIn").first
    step.locator("summary").first.click()
    assert "6.4.2" in step.inner_text()
    assert "largest force" in step.inner_text()
    page.screenshot(path=tmp_path / "result.png", full_page=True)
    step.locator("summary a").click()
    page.wait_for_load_state()
    assert page.locator("h1").inner_text() == "Calculation of LiIn"


def test_hostile_names_are_text(browser: Any, site: Any, store: Any) -> None:
    (document,) = store.query(property="hull", campaign=HOSTILE)
    for path in (f"/?{urlencode({'campaign': HOSTILE})}", f"/result/{document['key']}", "/result/vasp-In"):
        with opened(browser, site.address.rstrip("/") + path) as page:
            assert HOSTILE in page.locator("body").inner_text()
    with opened(browser, site.address + "?campaign=copies&sort=key") as page:
        assert FORMULA in column(page, 3)


def test_a_phone_shows_it_without_scrolling_sideways(browser: Any, site: Any, tmp_path: Path) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
    with opened(browser, site.address, **phone) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        edge = page.locator("form.chosen").bounding_box()
        for field in page.locator("form.chosen input, form.chosen select").all():
            box = field.bounding_box()
            assert box["x"] + box["width"] <= edge["x"] + edge["width"]
        page.screenshot(path=tmp_path / "phone.png")


def test_the_address_with_the_token_opens(browser: Any, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "a-token-of-some-length")
    with served(store, with_token=True) as site, opened(browser, site.address) as page:
        assert "token" not in page.url
        page.get_by_label("property").select_option("hull")
        find(page)
        assert said(page).startswith("2 results")


def test_another_site_reads_nothing(browser: Any, site: Any) -> None:
    """A page of another origin asks for results through the reader's browser."""
    inside = browser.new_context()
    page = inside.new_page()
    page.goto("data:text/html,<title>other</title>")
    read = "async (address) => { try { return await (await fetch(address)).text() } catch { return 'refused' } }"
    assert page.evaluate(read, site.address) == "refused"
    inside.close()
