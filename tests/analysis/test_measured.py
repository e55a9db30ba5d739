"""Measured curves, good and bad."""

from __future__ import annotations

import pytest

from lianode.analysis.voltage.measured import read_measured
from lianode.structures.errors import InputError


def test_lithium_per_host(tmp_path):
    file = tmp_path / "cell 3.csv"
    file.write_text("# C/20, 60 C\ntime_h, x_Li_per_host, voltage_V\n0, 0.0, 0.62\n\n1, 0.5, 0.61\n")
    curve = read_measured(file)
    assert curve.label == "cell 3"
    assert curve.x({"In": 1.0}) == [0.0, 0.5]
    assert curve.voltage_V == (0.62, 0.61)


def test_capacity_per_gram_of_host(tmp_path):
    file = tmp_path / "curve.csv"
    file.write_text("\ufeffcapacity_mAh_per_g_host,voltage_V\n0,0.62\n116.7,0.61\n")
    assert read_measured(file).x({"In": 1.0}) == pytest.approx([0.0, 0.5], abs=1e-3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("# only words\n", "empty"),
        ("x_Li_per_host,voltage\n0,1\n", r"line 1: no column 'voltage_V' \(rename 'voltage' to 'voltage_V'\)"),
        ("capacity_mAh_per_g,voltage_V\n0,1\n", "line 1: no column .* name their basis.*rename 'capacity_mAh_per_g'"),
        ("x_Li_per_host,capacity_mAh_per_g_host,voltage_V\n0,0,1\n", "line 1: both"),
        ("x_Li_per_host,voltage_V\n0,0.6\nhalf,0.6\n", "line 3: 'half' in column 'x_Li_per_host' is no number"),
        ("x_Li_per_host,voltage_V\n0,0.6\n0.5\n", "line 3: 1 columns; 'voltage_V' is column 2"),
        ("x_Li_per_host,voltage_V\n0,0.6\n-0.5,0.6\n", "line 3: -0.5 in column"),
        ("x_Li_per_host,voltage_V\n0,0.6\n0.5,nan\n", "line 3: nan in column"),
        ("x_Li_per_host,voltage_V\n0,0.6\n", "1 lines of numbers"),
    ],
)
def test_bad_files_are_one_clear_sentence(tmp_path, text, message):
    file = tmp_path / "bad.csv"
    file.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_measured(file)
    assert str(caught.value).startswith(str(file))


def test_no_text_file(tmp_path):
    file = tmp_path / "bad.csv"
    file.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(InputError, match="no text file"):
        read_measured(file)
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_measured(tmp_path / "none.csv")
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        read_measured(tmp_path)
