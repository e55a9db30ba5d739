"""What stands around the results on a page: its head, its title and the links to its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lianode.analysis.report.embed import script_element
from lianode.analysis.report.markup import Markup, tag

if TYPE_CHECKING:
    from collections.abc import Sequence


def html(
    *,
    title: str,
    kicker: str,
    heading: str,
    help_line: str,
    links: Sequence[Markup],
    main: Sequence[Markup],
    head: Sequence[Markup],
    skip: tuple[str, str],
) -> str:
    """Return a page.

    Parameters
    ----------
    title
        Of the window.
    kicker, heading, help_line
        At the top.
    links
        In the bar that stays in view.
    main
        The results.
    head
        The style sheet, and the policy where the page is a file.
    skip
        What a keyboard reaches first: text and place of a link past the bar.
    """
    policies, styles = head[:-1], head[-1]
    top = tag(
        "head",
        tag("meta", charset="utf-8"),
        *policies,
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        styles,
    )
    said, to = skip
    body = tag(
        "body",
        tag("a", said, href=to, class_="skip"),
        tag("header", tag("p", kicker, class_="kicker"), tag("h1", heading), tag("p", help_line, class_="help")),
        tag("nav", tag("ul", *(tag("li", link) for link in links)), aria_label="Chapters"),
        tag("main", *main),
        script_element(),
    )
    return f"<!DOCTYPE html>\n{tag('html', top, Markup(chr(10)), body, lang='en')}\n"
