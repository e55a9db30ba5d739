"""What is the same on every page: the bar, the style, the policy."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from starlette.responses import HTMLResponse

from lianode.analysis.report.embed import rules, style_element
from lianode.analysis.report.frame import html
from lianode.analysis.report.markup import tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lianode.analysis.report.markup import Markup

RESULTS_HELP: Final = "Results of this project. Words narrow the choice; headings sort; a key opens the result."


@cache
def _style() -> str:
    return files("lianode.hpc.serve").joinpath("serve.css").read_text(encoding="utf-8").strip() + "\n"


def policy() -> str:
    """Return the Content-Security-Policy of every answer."""
    return rules(_style(), forms="'self'") + "; frame-ancestors 'none'"


def result_address(key: str) -> str:
    """Return where the page of a result or a calculation is, whatever its key is made of."""
    return f"/result/{quote(key, safe='')}"


def page(
    heading: str,
    main: Sequence[Markup],
    *,
    help_line: str = "",
    links: Sequence[Markup] = (),
    title: str = "",
    status: int = 200,
) -> HTMLResponse:
    """Return a page.

    Parameters
    ----------
    heading
        At the top, and in the window's title where no other is given.
    main
        What it shows, in an element with the id ``results``.
    help_line, links
        Below the heading, and in the bar behind the link to all results.
    title, status
        Of the window, and of the answer.
    """
    return HTMLResponse(
        html(
            title=f"lianode: {title or heading}",
            kicker="lianode serve",
            heading=heading,
            help_line=help_line,
            links=[tag("a", "Results", href="/"), *links],
            main=[tag("div", *main, id="results")],
            head=(style_element(_style()),),
            skip=("Skip to the results", "#results"),
        ),
        status,
    )


def refusal(sentence: str, status: int) -> HTMLResponse:
    """Return a page that says why there is nothing else."""
    said = tag("p", sentence, class_="warning", role="alert")
    back = tag("p", tag("a", "All results", href="/"))
    return page("Not found" if status == 404 else "This cannot be shown", [said, back], status=status)
