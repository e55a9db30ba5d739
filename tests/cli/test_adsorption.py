"""Adsorption energies from a campaign file to tables and figures, as users run them."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Command

CAMPAIGN = """\
name: adsorbed
engine: morse
calculations:
  - adsorption: {surfaces: [Li(001)], supercell: [1, 1], layers: 3, rattle: 0, slab_force: 0.05}
"""


@pytest.mark.slow
def test_from_a_campaign_file_to_figures(lianode: Command, tmp_path: Path) -> None:
    (lianode.folder / "adsorbed.yaml").write_text(CAMPAIGN, encoding="utf-8")
    plan = lianode("plan", "adsorbed.yaml").stdout
    assert "Li on Li(001) hollow" in plan
    assert "Li(001): 3 sites of Li|Li, 1 x 1 surface cells, 3 atoms" in plan

    figures = tmp_path / "figures"
    done = lianode("run", "adsorbed.yaml", "--workers", "1", "--figures", str(figures))
    assert done.returncode == 0, done.stderr + done.stdout
    assert "Li on Li(001), Morse 0.25 eV (test potential); cut Li|Li" in done.stdout
    assert "best: hollow, " in done.stdout
    expected = {f"adsorption-Li-001.{end}" for end in ("svg", "pdf", "png", "csv")}
    assert {path.name for path in figures.iterdir()} == expected

    (found,) = json.loads(lianode("query", "adsorption", "--phase", "Li_bcc", "--json").stdout)
    table = (figures / "adsorption-Li-001.csv").read_text(encoding="utf-8").splitlines()
    rows = {row["site"]: row for row in csv.DictReader(table[1:])}
    assert rows.keys() == {"top", "bridge", "hollow"}
    assert float(rows["hollow"]["adsorption_energy_eV"]) == pytest.approx(found["adsorption_energy"], abs=1e-6)
    assert "hollow" in lianode("query", "adsorption", "--phase", "Li_bcc").stdout
    assert "hollow" in (figures / "adsorption-Li-001.svg").read_text(encoding="utf-8")

    compared = json.loads(lianode("compare", "liu2025", "--json").stdout)
    (row,) = (row for row in compared if row["phase"] == "Li(001)")
    assert (row["published"], row["unit"]) == (-2.0, "eV")
    assert row["computed"] == pytest.approx(found["adsorption_energy_from_atom"])
    assert f"{found['adsorption_energy']:+.2f} eV against Li metal" in row["note"]
    missing = next(row for row in compared if row["phase"] == "Li3Ga2(110)")
    assert (missing["computed"], missing["system"]) == (None, "Li-Ga")

    absent = lianode("plot", "adsorption", "--surface", "Sn(001)")
    assert "the store has none; it has Li(001)" in absent.stderr
    assert lianode("plot", "adsorption", "--surface", "Li(001)", "-o", str(tmp_path / "one.svg")).returncode == 0
