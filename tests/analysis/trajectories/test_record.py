"""Words that become numbers."""

from __future__ import annotations

import numpy as np
import pytest

from lianode.analysis.trajectories.record import atomic_numbers_of, table, three_columns
from lianode.structures.errors import InputError


@pytest.mark.parametrize("form", ["{:.8f}", "{:.6f}", "{:.17g}", "{:+.10E}", "{:.0f}.", "{!r}"])
def test_numbers_are_the_nearest_doubles(form: str) -> None:
    random = np.random.default_rng(1)
    values = random.normal(size=3000) * 10.0 ** random.integers(-12, 6, 3000)
    words = [form.format(float(value)).encode() for value in values]
    assert table(words, 1000, 3).ravel().tolist() == [float(word) for word in words]


def test_words_that_are_not_of_json() -> None:
    assert table([b".5", b"-.5", b"+1"], 1, 3).tolist() == [[0.5, -0.5, 1.0]]
    assert np.isnan(table([b"NaN", b"1", b"2"], 1, 3)[0, 0])
    for last in (b"3,4", b"***", b'"a"'):
        with pytest.raises(ValueError, match=r"number"):
            table([b"1", b"2", last], 1, 3)


def test_columns_of_a_wider_table() -> None:
    words = b"Li 1 2 3 x In 4 5 6 y".split()
    assert three_columns(words, 2, 1, 5).tolist() == [[1, 2, 3], [4, 5, 6]]


def test_elements() -> None:
    assert atomic_numbers_of(["Li", "In_d", "S/77af"], "x").tolist() == [3, 49, 16]
    for symbol in ("X", "Lx", ""):
        with pytest.raises(InputError, match="is not an element"):
            atomic_numbers_of([symbol], "x")
