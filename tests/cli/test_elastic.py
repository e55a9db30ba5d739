"""Elastic moduli from a campaign file to tables and figures, as users run them."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Command

CAMPAIGN = """\
name: moduli
engine: morse
calculations:
  - elastic: {phases: [In, Li5In4]}
"""


def test_from_a_campaign_file_to_figures(lianode: Command, tmp_path: Path) -> None:
    (lianode.folder / "moduli.yaml").write_text(CAMPAIGN, encoding="utf-8")
    plan = json.loads(lianode("plan", "moduli.yaml", "--json").stdout)
    labels = {row["label"] for row in plan["calculations"] if row["phase"] == "In_bct"}
    assert {"In_bct", "In_bct at rest", "In_bct zz-0.5%", "In_bct xy+1%"} < labels
    assert len(labels) == 14

    figures = tmp_path / "figures"
    done = lianode("run", "moduli.yaml", "--workers", "1", "--figures", str(figures))
    assert done.returncode == 0, done.stderr + done.stdout
    assert "elastic tensor of In_bct, Morse" in done.stdout
    assert "polycrystal after Hill / GPa: B " in done.stdout
    assert "mechanically unstable: no moduli" in done.stdout
    assert "violated: C44 (C11 - C12)/2 > C14² + C15²" in done.stdout
    assert "no figure elastic-Li5In4: the crystal is mechanically unstable" in done.stderr
    assert {path.name for path in figures.iterdir()} == {
        f"elastic-In_bct.{end}" for end in ("svg", "pdf", "png", "csv")
    }

    (found,) = json.loads(lianode("query", "elastic", "--phase", "In_bct", "--json").stdout)
    table = (figures / "elastic-In_bct.csv").read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader(table[1:]))
    values = {row["quantity"]: float(row["value_GPa"]) for row in rows}
    assert values["C11"] == pytest.approx(found["tensor_GPa"][0][0], abs=1e-5)
    assert values["youngs_hill"] == pytest.approx(found["youngs_modulus_GPa"], abs=1e-5)
    along_x = next(row for row in rows if row["quantity"] == "youngs_in_x-y")
    assert (float(along_x["angle_deg"]), float(along_x["x"])) == (0.0, 1.0)
    compliance = np.linalg.inv(np.array(found["tensor_GPa"]))
    assert float(along_x["value_GPa"]) == pytest.approx(1 / compliance[0, 0], abs=1e-5)
    assert "youngs_modulus_GPa=" in lianode("query", "elastic", "--phase", "In_bct").stdout

    compared = json.loads(lianode("compare", "ren2026", "--json").stdout)
    rows = {row["phase"]: row for row in compared if row["quantity"] == "Young's modulus"}
    assert (rows["In"]["published"], rows["In"]["unit"]) == (38.7, "GPa")
    assert rows["In"]["computed"] == pytest.approx(found["youngs_modulus_GPa"])
    assert rows["In"]["flagged"]  # the test potential makes it cubic
    assert rows["In"]["note"].startswith("In_bct: Reuss ")
    assert (rows["Li5In4"]["computed"], rows["Li5In4"]["flagged"]) == ("unstable", True)
    assert (rows["Li3In2"]["computed"], rows["Li3In2"]["note"]) == (None, "not computed")

    assert lianode("plot", "elastic", "--phase", "In", "-o", str(tmp_path / "one.svg")).returncode == 0
    several = lianode("plot", "elastic")
    assert several.returncode == 2
    assert "several phases; add --phase In_bct or --phase Li5In4" in several.stderr
    absent = lianode("plot", "elastic", "--phase", "Sn")
    assert "the store has none; it has In_bct, Li5In4" in absent.stderr
    assert "derived 2 documents again" in lianode("rederive").stdout
