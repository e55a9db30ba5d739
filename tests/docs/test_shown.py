"""When a page counts as stale, and when not."""

from __future__ import annotations

import pytest
from lianode_test_shown import agrees, differences


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("mean 0.258 V up to 4.33 Li per host", "mean  0.259 V up to 4.33 Li per host"),
        ("LiIn -273.6 0.0 stable", "LiIn     -270.1    0.1   stable"),
        ("a barrier of −3.2e-05 cm²/s", "a barrier of -3.3e-05 cm²/s"),
        ("17 calculations done, ...", "17 calculations done, 0 were in the store; 2 min"),
        ("Li13In3 done in ... s", "Li13In3  done in 17 s"),
        ("(+1.85%)", "(+1.86%)"),
        ("0.00", "-0.01"),
    ],
)
def test_lines_that_agree(shown: str, printed: str) -> None:
    assert agrees(shown, printed)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("mean 0.258 V", "mean 0.278 V"),
        ("mean 0.258 V", "mean 0.258 eV"),
        ("17 calculations done", "16 calculations done"),
        ("Li13In3 stable", "Li13In4 stable"),
        ("LiIn -273.6", "LiIn 273.6"),
        ("hull of Li-In", "hull of Li-In, SevenNet-0"),
    ],
)
def test_lines_that_do_not(shown: str, printed: str) -> None:
    assert not agrees(shown, printed)


def test_lines_may_be_left_out_but_not_exchanged() -> None:
    printed = "one 1.0\ntwo 2.0\n────\nthree 3.0\n"
    assert differences("one 1.0\n...\n\nthree 3.0\n", printed) == []
    assert differences("three 3.0\none 1.0\n", printed) == ["one 1.0"]
