"""Every figure that ``lianode plot`` knows, for a column and for a slide, in every format, from documents alone."""

from __future__ import annotations

import importlib.util
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image

from lianode.analysis.plots.style import FORMATS, SIZES
from lianode.cli.plot import FIGURES, command
from lianode.hpc.settings import write_default
from lianode.hpc.store import open_project

ANALYSIS = Path(__file__).parents[1] / "analysis"
IN = ("--interface", "In(001)/Li6PS5Cl(001)")
LI_IN = ("--system", "Li-In", "--engine", "made-up")
CHOSEN: dict[str, tuple[str, ...]] = {
    "hull": LI_IN, "voltage": LI_IN, "above-hull": LI_IN,
    "path": ("--phase", "LiIn"), "hop": ("--phase", "LiIn", "--hop", "Li1-Li2a"),
    **dict.fromkeys(("rdf", "similarity", "bonds", "snapshots", "profiles", "displacements"), IN),
}  # fmt: skip
"""Options that say which result, where a kind needs some; its document is in ``tests/analysis/everything.py``."""
ENDINGS = (*FORMATS, "csv")


def neighbours() -> Any:
    """Load the module of documents of every kind, which has neighbours of its own."""
    spec = importlib.util.spec_from_file_location("lianode_test_analysis_conftest", ANALYSIS / "conftest.py")
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    return importlib.import_module("lianode_test_everything")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plots")
    write_default(folder)
    store = open_project(folder)
    for document in neighbours().everything():
        store.put_property(document)
    store.close()
    return folder


@pytest.mark.parametrize("kind", FIGURES)
def test_each_kind_at_each_size(kind: str, project: Path, tmp_path: Path) -> None:
    wide: dict[str, float] = {}
    for size in SIZES:
        words = [kind, "--project", str(project), "--size", size, "-o", str(tmp_path / size), *CHOSEN.get(kind, ())]
        done = CliRunner().invoke(command, words)
        assert done.exit_code == 0, f"{done.output} {done.exception}"
        files = {ending: tmp_path / f"{size}.{ending}" for ending in ENDINGS}
        assert done.output.split() == [word for file in files.values() for word in ("wrote", str(file))]
        root = ET.parse(files["svg"]).getroot()  # noqa: S314 - our own file
        assert any(node.text and node.text.strip() for node in root.iter("{http://www.w3.org/2000/svg}text"))
        wide[size] = float(root.attrib["width"].removesuffix("pt")) / 72
        assert files["pdf"].read_bytes().startswith(b"%PDF")
        with Image.open(files["png"]) as picture:
            assert picture.width == pytest.approx(400 * wide[size], abs=2)
            assert len(picture.convert("L").getcolors(256) or []) > 1
        lines = files["csv"].read_text(encoding="utf-8").splitlines()
        assert lines[0].startswith("# ")
        assert len(lines) > 2
    assert wide == pytest.approx({name: size.width for name, size in SIZES.items()}, abs=0.02)
