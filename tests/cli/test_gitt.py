"""``lianode gitt``: a curve in, diffusion coefficients out."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from lianode.cli.gitt import command
from lianode.structures.errors import InputError

CURVE = "time_s,current_mA,voltage_V\n" + "\n".join(
    f"{t},{i},{v}"
    for t, i, v in [
        (0, 0, 0.600),
        (100, 0, 0.600),
        *((100 + t, -1, 0.60 - 0.01 - 0.002 * (t / 100) ** 0.5) for t in range(0, 101, 10)),
        *((200 + t, 0, 0.599) for t in range(10, 5000, 100)),
    ]
)


@pytest.fixture
def curve(tmp_path):
    file = tmp_path / "curve.csv"
    file.write_text(CURVE)
    return str(file)


def run(*arguments: str):
    return CliRunner().invoke(command, arguments, catch_exceptions=False)


def test_table_json_and_csv(curve):
    options = ["--thickness-um", "100", "--amount-mmol", "1", "--x-start", "0.5"]
    shown = run(curve, *options).output
    assert "D / cm²/s" in shown
    assert "note: chemical diffusion coefficients" in shown
    found = json.loads(run(curve, *options, "--json").output)
    (point,) = found["points"]
    # 4/(π 100 s) (0.01 cm)² (1 mV / 2 mV)²
    assert point["chemical_diffusivity_cm2_per_s"] == pytest.approx(4 / (3.14159265 * 100) * 1e-4 / 4, rel=1e-6)
    assert run(curve, *options, "--csv").output.startswith("pulse,time_s,duration_s,x,voltage_V,")


def test_thickness_from_amount_volume_and_area(curve):
    volume = ["--amount-mmol", "1", "--molar-volume-cm3-per-mol", "15.7", "--area-cm2", "1.57"]
    assert json.loads(run(curve, *volume, "--json").output)["length_cm"] == pytest.approx(0.01)
    for wrong in ([], ["--amount-mmol", "1"], ["--thickness-um", "10", "--area-cm2", "1"]):
        with pytest.raises(InputError, match="say how thick it is"):
            run(curve, *wrong)
