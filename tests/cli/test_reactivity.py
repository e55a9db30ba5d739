"""Reactions of anodes with an electrolyte, from a campaign file to tables and figures, as users run them."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest
from pymatgen.core import Lattice, Structure

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Command

CAMPAIGN = """\
name: reactions
engine: morse
calculations:
  - reactivity:
      electrolyte: Al
      anodes: [In, Ga]
      structures: [AlIn_B2.cif]
      include: hypothetical
"""


@pytest.fixture
def reacted(lianode: Command) -> Command:
    """The command in a project whose reactions are known."""
    cell = Structure.from_spacegroup("Pm-3m", Lattice.cubic(3.5), ["Al", "In"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    cell.to(filename=str(lianode.folder / "AlIn_B2.cif"))
    (lianode.folder / "reactions.yaml").write_text(CAMPAIGN, encoding="utf-8")
    return lianode


def test_from_a_campaign_file_to_figures(reacted: Command, tmp_path: Path) -> None:
    plan = json.loads(reacted("plan", "reactions.yaml", "--json").stdout)
    assert {row["label"] for row in plan["calculations"]} == {"Al_fcc", "In_bct", "Ga_alpha", "AlIn_B2"}

    done = reacted("run", "reactions.yaml", "--workers", "1", "--figures", str(tmp_path / "figures"))
    assert done.returncode == 0, done.stderr + done.stdout
    assert "reactions, Morse" in done.stdout
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if " Al_fcc " in line}
    assert "Al + In -> AlIn" in lines["In_bct"]
    assert lines["Ga_alpha"].split()[4:5] == ["none"]
    assert {path.name for path in (tmp_path / "figures").glob("*.png")} == {
        "reactivity-Ga_alpha-Al_fcc.png", "reactivity-In_bct-Al_fcc.png", "reactivity-Al_fcc.png",
    }  # fmt: skip
    table = (tmp_path / "figures" / "reactivity-In_bct-Al_fcc.csv").read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader(table[1:]))
    assert [row["equation"] for row in rows] == ["Al -> Al", "Al + In -> AlIn", "In -> In"]

    (found,) = json.loads(reacted("query", "reactivity", "--phase", "In_bct", "--json").stdout)
    assert found["reaction_energy_per_atom"] == pytest.approx(float(rows[1]["reaction_energy_eV_per_atom"]), abs=1e-6)
    assert "Al + In -> AlIn" in reacted("query", "reactivity", "--csv").stdout

    for options in (["--phase", "In", "--electrolyte", "Al"], ["--electrolyte", "Al_fcc"]):
        drawn = reacted("plot", "reactivity", *options, "-o", str(tmp_path / "plot.svg"))
        assert drawn.returncode == 0, drawn.stderr
        assert (tmp_path / "plot.csv").stat().st_size > 0
    absent = reacted("plot", "reactivity", "--phase", "Sn")
    assert absent.returncode == 2
    assert "it has Ga_alpha with Al_fcc, In_bct with Al_fcc" in absent.stderr
    assert reacted("plot", "reactivity", "--voltage", "0.6").returncode == 2

    assert "derived 2 documents again" in reacted("rederive").stdout


def test_a_wrong_entry_is_said_with_its_line(reacted: Command) -> None:
    (reacted.folder / "wrong.yaml").write_text(CAMPAIGN.replace("[In, Ga]", "[In, Al]"), encoding="utf-8")
    done = reacted("plan", "wrong.yaml")
    assert done.returncode == 2
    assert "wrong.yaml" in done.stderr
    assert "line 6" in done.stderr
    assert "Al has the composition of the electrolyte Al" in done.stderr
