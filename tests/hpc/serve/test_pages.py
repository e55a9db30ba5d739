"""The pages as HTML: what is found, in which order, and what stands on the page of a result."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import pytest
from lianode_test_serving import COPIES, FORMULA, HOSTILE

from lianode.hpc.serve.asked import Asked, asked

if TYPE_CHECKING:
    from collections.abc import Sequence


def listed(site: Any, **words: str) -> str:
    answer = site.get(f"/?{urlencode(words)}")
    assert answer.status == 200, answer.text
    return str(answer.text)


def count(page: str) -> str:
    found = re.search(r'<p role="status">(.*?)</p>', page)
    assert found is not None
    return found[1]


def keys(page: str) -> list[str]:
    return re.findall(r'<td class="key"><a href="/result/[^"]*">(.*?)</a>', page)


def test_the_newest_come_first_a_page_at_a_time(site: Any) -> None:
    """130 copies, two hulls with four places and two voltages each; those of the rehearsal stay away."""
    first = listed(site)
    total = int(count(first).split(" ")[0])
    assert total == COPIES + 2 * (1 + 4 + 1)
    assert count(first).endswith("1 to 50 shown")
    found = keys(first)
    seen = [*found]
    while 'rel="next"' in first:
        first = site.get(unescape(re.findall(r'href="([^"]*)" rel="next"', first)[0])).text
        seen += keys(first)
    assert len(seen) == len(set(seen)) == total
    assert "alloys-rehearsal</td>" not in first
    assert ">rehearsal</span>" not in first


def test_words_choose(site: Any) -> None:
    assert count(listed(site, property="hull")).startswith("2 results")
    assert count(listed(site, property="hull", campaign="alloys")).startswith("1 result,")
    assert count(listed(site, since="2026-11-10", until="2026-11-10")).startswith("24 results")
    assert count(listed(site, where="energy_above_hull_per_atom>=0.010,energy_above_hull_per_atom<0.0125")).startswith(
        "3 "
    )
    assert count(listed(site, search="copies made-up-01")).startswith("10 results")
    assert count(listed(site, search="phase_stability-copy0007")).startswith("1 result,")
    assert count(listed(site, search="made-up-01 hull")) == "Nothing found."
    assert count(listed(site, flagged="yes")) == "Nothing found."


def test_rehearsals_stand_apart_and_say_so(site: Any) -> None:
    page = listed(site, rehearsals="yes")
    assert count(page).startswith("6 results")
    assert "no DFT was done, and the numbers mean nothing" in page
    assert page.count('<span class="badge">rehearsal</span>') == 6
    (key,) = re.findall(r"/result/(hull-[0-9a-f]+)", page)[:1]
    assert "rehearsal: no DFT was done" in site.get(f"/result/{key}").text


@pytest.mark.parametrize(
    ("field", "down"),
    [("energy_above_hull_per_atom", True), ("energy_above_hull_per_atom", False), ("phase", False), ("key", True)],
)
def test_the_store_sorts(site: Any, field: str, down: bool) -> None:
    page = listed(site, campaign="copies", sort=f"{'-' if down else ''}{field}")
    numbers = [key[-4:] for key in keys(page)]
    expected = sorted((f"{number:04d}" for number in range(COPIES)), reverse=down)[:50]
    assert numbers == expected
    assert f'aria-sort="{"descending" if down else "ascending"}"' in page


def test_a_property_shows_its_numbers(site: Any) -> None:
    page = listed(site, property="phase_stability", campaign="copies", sort="-energy_above_hull_per_atom")
    assert "energy above hull per atom" in page
    assert '<td class="number">0.129</td>' in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"propety": "hull"}, "there is no word &#x27;propety&#x27; (did you mean &#x27;property&#x27;?)"),
        ({"where": "nonsense"}, "is no condition"),
        ({"where": "energy_above_hul<1"}, "has the field"),
        ({"since": "yesterday"}, "is no day or time"),
        ({"page": "0"}, "pages are numbered"),
        ({"page": "99999999999999999999"}, "pages are numbered"),
        ({"sort": "$where"}, "is not the name of a field"),
        ({"completeness": "half"}, "complete or partial"),
    ],
)
def test_words_that_mean_nothing_are_said(site: Any, words: dict[str, str], said: str) -> None:
    answer = site.get(f"/?{urlencode(words)}")
    assert answer.status == 400
    assert said in answer.text


def test_a_result_has_its_figure_and_its_walk(site: Any, store: Any) -> None:
    (document,) = store.query(property="hull", campaign="alloys")
    page = site.get(f"/result/{document['key']}").text
    assert 'class="chart"' in page
    assert 'class="viewer"' in page
    assert "How it was made" in page
    for name in document["calculations"].values():
        assert f'href="/result/{name}"' in page
    calculation = site.get("/result/vasp-LiIn").text
    assert "Calculation of LiIn" in calculation
    assert "6.4.2" in calculation
    walk = json.loads(site.get(f"/result/{document['key']}.json").text)
    assert walk["key"] == document["key"]
    assert {one["key"] for one in walk["calculations"]} == set(document["calculations"].values())


@pytest.mark.parametrize(
    "path",
    [
        "/result/none",
        "/result/..%2f..%2fetc%2fpasswd",
        "/result/../../etc/passwd",
        "/../lianode.toml",
        "/static",
        "/result/%00",
        "/result/",
        "/lianode.db",
    ],
)
def test_what_is_not_there_is_not_found(site: Any, path: str) -> None:
    answer = site.get(path)
    assert answer.status == 404
    assert "root:x:" not in answer.text
    assert "[store]" not in answer.text


def test_names_are_text(site: Any, store: Any) -> None:
    (document,) = store.query(property="hull", campaign=HOSTILE)
    for path in ("/", f"/?{urlencode({'campaign': HOSTILE})}", f"/?{urlencode({'search': HOSTILE})}",
                 f"/result/{document['key']}", "/result/vasp-In", f"/result/{quote(HOSTILE, safe='')}",
                 f"/?{urlencode({HOSTILE: 'x'})}"):  # fmt: skip
        page = site.get(path).text
        assert "<script>window" not in page, path
        assert "<img" not in page, path
    assert FORMULA.replace('"', "&quot;") in site.get("/?campaign=copies&sort=key").text


def test_addresses_say_what_differs_from_the_usual() -> None:
    def read(pairs: Sequence[tuple[str, str]]) -> Asked:
        return asked(pairs)

    one = read([("property", "hull"), ("sort", "-created"), ("page", "3"), ("where", "a<1"), ("where", "b>2")])
    assert one.where == "a<1, b>2"
    assert one.address() == "/?property=hull&where=a%3C1%2C+b%3E2"
    assert one.address(page=4).endswith("page=4")
    assert Asked().address() == "/"
    assert Asked(sort="key").order == (("key", 1),)
