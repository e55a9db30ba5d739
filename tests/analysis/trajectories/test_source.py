"""Packed files, files that are no trajectory, and files cut by a crash."""

from __future__ import annotations

import bz2
import gzip
import lzma
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lianode.analysis.trajectories import source
from lianode.analysis.trajectories.export import write_extxyz
from lianode.analysis.trajectories.frames import chain, frames
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PACKERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}


@pytest.fixture
def plain(made: Any, tmp_path: Path) -> Path:
    write_extxyz(made(60, numbers=(3,) * 40), tmp_path / "plain")
    return tmp_path / "plain"


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize("chunk", [1 << 20, 1000])
def test_packed_files_are_known_by_content(
    plain: Path, packing: str, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "CHUNK", chunk)
    monkeypatch.setattr(source, "PACKED_CHUNK", chunk)
    data = plain.read_bytes()
    packed = plain.with_name("any-name.txt")
    packed.write_bytes(PACKERS[packing](data[:70_000]) + PACKERS[packing](data[70_000:]))  # as two that were joined
    reading = frames(packed)
    for mine, theirs in zip(reading, frames(plain), strict=True):
        np.testing.assert_array_equal(mine.positions, theirs.positions)
    assert reading.cut is None
    assert reading.ends[0].byte == len(data)


@pytest.mark.parametrize("packing", PACKERS)
def test_packed_files_that_are_cut(plain: Path, packing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = plain.read_bytes()
    packed = b"".join(PACKERS[packing](data[start : start + 30_000]) for start in range(0, len(data), 30_000))
    expected = list(frames(plain))
    path = plain.with_name("cut")
    path.write_bytes(packed[: len(packed) * 2 // 3])
    reading = frames(path)
    found = list(reading)
    assert 20 < len(found) < 60
    np.testing.assert_array_equal(found[-1].positions, expected[len(found) - 1].positions)
    assert reading.cut is not None
    assert f"the {packing} file is cut" in reading.cut
    path.write_bytes(packed[: len(packed) * 2 // 3] + b"garbage" * 1000)
    reading = frames(path)
    assert 0 < len(list(reading)) < 60
    assert reading.cut is not None
    assert "damaged" in reading.cut or "cut" in reading.cut


def test_a_small_file_cannot_unpack_into_memory(tmp_path: Path) -> None:
    """200 MB of line breaks in 200 kB."""
    import tracemalloc

    (tmp_path / "x").write_bytes(gzip.compress(b"\n" * 200_000_000, 1, mtime=0))
    tracemalloc.start()
    with pytest.raises(InputError):
        list(frames(tmp_path / "x"))
    assert tracemalloc.get_traced_memory()[1] < 2e7
    tracemalloc.stop()


def test_zero_bytes_after_a_crash(plain: Path) -> None:
    data = plain.read_bytes()
    path = plain.with_name("zeros")
    for keep in (len(data), len(data) // 2):
        path.write_bytes(data[:keep] + bytes(5000))
        reading = frames(path)
        assert len(list(reading)) >= 29
        assert reading.cut is not None
        assert "zero bytes follow" in reading.cut


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "there is no whole frame in it: it is empty"),
        (bytes(100), "there is no whole frame in it: it is empty"),
        (b"some text\nthat is no trajectory\n", "it does not begin as an XDATCAR"),
        (b"\x28\xb5\x2f\xfd0000", "packed with zstd"),
        (gzip.compress(b"", mtime=0)[:12], "it is empty because the gzip file is cut"),
        (b"4\n4\n4\n", "it does not begin as"),
    ],
)
def test_what_is_no_trajectory(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(InputError, match=message):
        list(frames(tmp_path / "x"))


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            frames(path)
    with pytest.raises(InputError, match="no file to read"):
        chain([])
    (tmp_path / "x").write_bytes(b"x")
    with pytest.raises(InputError, match="not three vectors"):
        frames(tmp_path / "x", cell=[1, 2, 3])
    with pytest.raises(InputError, match="2 first steps for 1 files"):
        chain([tmp_path / "x"], first_steps=[0, 3])
