"""Whether a program prints what a page shows, as far as a reader would say so."""

from __future__ import annotations

import re

RELATIVE = 0.05
LAST_DIGITS = 2
"""A number agrees when it is within 5 %, or within two units of the last decimal that the page shows."""
NUMBER = r"(?<![\w.])[-−+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?!\w|\.\d)"
_RULE = re.compile(r"[\s─━│├└]*")
_PIECES = re.compile(rf"(?P<gap>\s+)|(?P<any>\.\.\.)|(?P<number>{NUMBER})")


def differences(shown: str, printed: str) -> list[str]:
    """Return the lines of a page that a program does not print, in their order.

    ``...`` stands for anything within a line, and alone in a line for other lines; lines between those shown may be
    left out. Blanks and rules count as nothing.
    """
    lines = [line.strip() for line in printed.splitlines()]
    at, wrong = 0, []
    for line in (one.strip() for one in shown.splitlines()):
        if line == "..." or _RULE.fullmatch(line):
            continue
        found = next((n for n in range(at, len(lines)) if agrees(line, lines[n])), None)
        if found is None:
            wrong.append(line)
        else:
            at = found + 1
    return wrong


def agrees(shown: str, printed: str) -> bool:
    """Whether a line is the same but for blanks and the last digits of its numbers."""
    pattern, numbers, end = "", [], 0
    for piece in _PIECES.finditer(shown):
        pattern += re.escape(shown[end : piece.start()])
        pattern += r"\s+" if piece["gap"] else ".*" if piece["any"] else f"({NUMBER})"
        numbers += [piece["number"]] if piece["number"] else []
        end = piece.end()
    found = re.fullmatch(pattern + re.escape(shown[end:]), printed)
    return found is not None and all(map(_close, numbers, found.groups()))


def _close(shown: str, printed: str) -> bool:
    wanted, got = (float(text.replace("−", "-")) for text in (shown, printed))
    mantissa, _, power = shown.partition("e")
    decimals = len(mantissa.partition(".")[2])
    # counts have no last digit to spare
    units = LAST_DIGITS * 10.0 ** (int(power or 0) - decimals) if decimals else 0.0
    return abs(got - wanted) <= max(RELATIVE * abs(wanted), units) * (1 + 1e-9)
