"""vasprun.xml: of the rehearsal, against pymatgen, written oddly, and cut at every byte."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lianode.analysis.trajectories import source
from lianode.analysis.trajectories.frames import frames
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pymatgen.io.vasp.outputs import Vasprun

HEAD = """<?xml version="1.0" encoding="ISO-8859-1"?>
<modeling>
 <incar>
  <i type="int" name="IBRION">     0</i>
  <i name="POTIM">      1.50000000</i>
  <i type="string" name="SYSTEM">M\xfcnster</i>
 </incar>
 <parameters>
  <separator name="ionic" >
   <i type="int" name="IBRION">     0</i>
   <i name="POTIM">      1.50000000</i>
  </separator>
 </parameters>
 <atominfo>
  <atoms>       2 </atoms>
  <array name="atoms" >
   <set>
    <rc><c>Li</c><c>   1</c></rc>
    <rc><c>In</c><c>   2</c></rc>
   </set>
  </array>
  <array name="atomtypes" >
   <set>
    <rc><c>   1</c><c>Li</c></rc>
   </set>
  </array>
 </atominfo>
"""
STEP = """ <calculation>
  <scstep>
   <time name="total">    0.01    0.01</time>
   <energy>
    <i name="e_fr_energy">   -10.25000000 </i>
    <i name="e_0_energy">   -10.00000000 </i>
   </energy>
  </scstep>
  <structure>
   <crystal>
    <varray name="basis" >
     <v>       4.00000000       0.00000000       0.00000000 </v>
     <v>       1.00000000       5.00000000       0.00000000 </v>
     <v>       0.00000000       0.00000000       6.00000000 </v>
    </varray>
    <varray name="rec_basis" >
     <v>       0.25000000       0.00000000       0.00000000 </v>
    </varray>
   </crystal>
   <varray name="positions" >
    <v>       0.0{n}000000       0.00000000       0.00000000 </v>
    <v>      -0.50000000       0.50000000       1.50000000 </v>
   </varray>
  </structure>
  <varray name="forces" >
   <v>       0.00000000       0.00000000       0.00000000 </v>
  </varray>
  <energy>
   <i name="e_fr_energy">   -1{n}.25000000 </i>
   <i name="e_0_energy">   -1{n}.00000000 </i>
   <i name="kinetic">     16.28687400 </i>
  </energy>
  <time name="totalsc">   12.07   12.68</time>
 </calculation>
"""
TAIL = ' <structure name="finalpos" >\n </structure>\n</modeling>\n'


def written(count: int = 3) -> str:
    return HEAD + "".join(STEP.format(n=n) for n in range(count)) + TAIL


def save(path: Path, text: str) -> Path:
    path.write_bytes(text.encode("latin-1"))
    return path


def pymatgen(path: Path) -> Vasprun:
    from pymatgen.io.vasp.outputs import Vasprun

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Vasprun(str(path), parse_dos=False, parse_eigen=False, parse_potcar_file=False)


def agrees_with_pymatgen(path: Path) -> int:
    """Compare every frame; return how many there are."""
    reading = frames(path)
    theirs = pymatgen(path)
    count = 0
    for step, (mine, their) in enumerate(zip(reading, theirs.ionic_steps, strict=True)):
        np.testing.assert_allclose(mine.positions, their["structure"].cart_coords, atol=1e-12)
        np.testing.assert_allclose(mine.cell, their["structure"].lattice.matrix, atol=1e-14)
        assert mine.numbers.tolist() == list(their["structure"].atomic_numbers)
        assert mine.step == step
        cycle = their["electronic_steps"][-1]
        energy = their["e_fr_energy"] + cycle["e_0_energy"] - cycle["e_fr_energy"]
        assert mine.energy == pytest.approx(energy, abs=2e-7)
        count += 1
    assert mine.energy == pytest.approx(theirs.final_energy, abs=1e-9)
    assert reading.cut is None
    return count


def test_rehearsal(rehearsed: Callable[..., Path]) -> None:
    path = rehearsed(12) / "vasprun.xml"
    assert agrees_with_pymatgen(path) == 12
    assert [frame.time for frame in frames(path)] == [2.0 * step for step in range(12)]


def test_values(tmp_path: Path) -> None:
    reading = frames(save(tmp_path / "any-name", written()))
    found = list(reading)
    assert reading.cut is None
    assert [frame.energy for frame in found] == [-10.0, -11.0, -12.0]
    assert [frame.time for frame in found] == [0.0, 1.5, 3.0]
    np.testing.assert_allclose(found[2].positions, [[0.08, 0.0, 0.0], [-1.5, 2.5, 9.0]])
    np.testing.assert_allclose(found[2].cell, [[4, 0, 0], [1, 5, 0], [0, 0, 6]])
    assert found[0].numbers.tolist() == [3, 49]


def test_old_vasp_writes_only_the_smearing_as_energy(tmp_path: Path) -> None:
    """E(sigma -> 0) is then the free energy and the difference of the last electronic step."""
    text = re.sub(r'(\n   <i name="e_0_energy">) +-1\d\.0+', r"\1 0.25", written())
    assert [frame.energy for frame in frames(save(tmp_path / "x", text))] == [-10.0, -11.0, -12.0]


def test_relaxations_have_no_time(tmp_path: Path) -> None:
    text = written().replace('name="IBRION">     0', 'name="IBRION">     2')
    assert {frame.time for frame in frames(save(tmp_path / "x", text))} == {None}


ODD: dict[str, Callable[[str], str]] = {
    "other line breaks": lambda text: text.replace("\n", "\r\n"),
    "no line breaks": lambda text: text.replace("\n", " "),
    "no indentation": lambda text: re.sub(r"\n +", "\n", text),
    "tight rows": lambda text: re.sub(r"<v> +", "<v>", text).replace(" </v>", "</v>"),
    "rows over lines": lambda text: re.sub(r"0 +(-?\d)", r"0\n\t\1", text),
    "single quotes": lambda text: re.sub(r' name="(\w+)"', r" name='\1'", text),
    "spaces in tags": lambda text: re.sub(r"(name)=(\"\w+\") ?>", r"\n \1 = \2 >", text).replace(
        "</varray>", "</varray >"
    ),
    "other attributes": lambda text: text.replace("<varray ", '<varray type="float" '),
    "no declaration": lambda text: text.split("\n", 1)[1],
    "byte order mark": lambda text: "\xef\xbb\xbf" + text,
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("chunk", [1 << 20, 13])
def test_odd_whitespace(tmp_path: Path, odd: str, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "CHUNK", chunk)
    expected = list(frames(save(tmp_path / "plain", written())))
    reading = frames(save(tmp_path / "odd", ODD[odd](written())))
    found = list(reading)
    assert reading.cut is None
    assert [(frame.step, frame.time, frame.energy) for frame in found] == [
        (frame.step, frame.time, frame.energy) for frame in expected
    ]
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(mine.positions, theirs.positions)
        np.testing.assert_array_equal(mine.cell, theirs.cell)


@pytest.mark.parametrize("chunk", [1 << 20, 97])
def test_cut_at_every_byte(tmp_path: Path, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "CHUNK", chunk)
    text = written().encode("latin-1")
    expected = list(frames(save(tmp_path / "whole", written())))
    ends = [match.end() - 1 for match in re.finditer(rb"\n  </energy>", text)]  # the mark's last character adds nothing
    assert len(ends) == 3
    first = text.index(b"<modeling") + len(b"<modeling")
    for length in range(first, len(text), 7):
        (tmp_path / "x").write_bytes(text[:length])
        whole = sum(end <= length for end in ends)
        reading = frames(tmp_path / "x")
        if whole == 0:
            with pytest.raises(InputError, match="there is no whole frame in it: it ends"):
                list(reading)
            continue
        found = list(reading)
        assert len(found) == whole
        for mine, theirs in zip(found, expected, strict=False):
            np.testing.assert_array_equal(mine.positions, theirs.positions)
            assert mine.energy == theirs.energy
        if length < text.index(b"</modeling"):
            assert reading.cut is not None
            assert f"{whole} frames are whole, up to byte {ends[whole - 1]}" in reading.cut
        assert reading.ends[0].frames == whole


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("-0.50000000", "NaN", "frame 1 has a position or a cell vector that is not a finite number"),
        ("-0.50000000", "***********", "frame 1 cannot be read: '***********' is no number"),
        ("    <v>      -0.50000000       0.50000000       1.50000000 </v>\n", "", "it has 1 rows where 2 should be"),
        ("<rc><c>In</c>", "<rc><c>Xq</c>", "'Xq' is not an element"),
        ("<c>", "<d>", "its <atominfo> names no atoms"),
        ("4.00000000", "0.00000000", "frame 1 has a cell without volume"),
    ],
)
def test_bad_input(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = written().replace("1.00000000       5.", "0.00000000       5.").replace(old, new)
    with pytest.raises(InputError, match=re.escape(message)):
        list(frames(save(tmp_path / "x", text)))


def test_every_few_frames(tmp_path: Path) -> None:
    path = save(tmp_path / "x", written(9))
    assert [frame.step for frame in frames(path, every=3)] == [0, 3, 6]
    assert [frame.step for frame in frames(path, start=2, stop=7, every=2)] == [2, 4, 6]
    with frames(path, stop=2) as reading:
        assert [frame.step for frame in reading] == [0, 1]
    assert reading.ends == []
    with pytest.raises(InputError, match=r"start=9 is beyond its 9 frames"):
        list(frames(path, start=9))
    for bad in ({"every": 0}, {"start": -1}, {"start": 3, "stop": 3}, {"time_step": 0.0}):
        with pytest.raises(InputError):
            frames(path, **bad)  # type: ignore[arg-type]


def test_memory_does_not_grow_with_what_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step's projections may be larger than memory: here 40 MB of them run through."""
    import tracemalloc

    top, _, rest = written(1).partition('  <time name="totalsc">')
    with (tmp_path / "x").open("w", encoding="latin-1") as file:
        file.write(top + "  <projected>\n")
        for _ in range(40):
            file.write("<r>   0.0123   0.0000   0.0456 </r>\n" * 29_000)
        file.write("  </projected>\n  <time>" + rest)
    tracemalloc.start()
    assert len(list(frames(tmp_path / "x"))) == 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8e6
