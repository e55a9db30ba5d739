"""What stands in a figure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lianode.analysis.plots.style import save

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure


def text_of(figure: Figure, folder: Path) -> str:
    """Return all text of a figure as it stands in its SVG, subscripts run together."""
    (file,) = save(figure, folder / "figure.svg")
    texts = re.findall(r"<text[^>]*>(.*?)</text>", file.read_text(encoding="utf-8"), flags=re.DOTALL)
    return "\n".join(re.sub(r"\s*<[^>]*>\s*", "", text) for text in texts)


def overlaps(figure: Figure) -> list[tuple[str, str]]:
    """Return the pairs of labels inside the axes that cover each other."""
    (axes,) = figure.axes
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in axes.texts]
    return [
        (a, b) for i, (a, one) in enumerate(boxes) for b, two in boxes[i + 1 :] if one.shrunk(0.95, 0.95).overlaps(two)
    ]
