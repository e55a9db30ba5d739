"""Campaign files as people write them, and as they should not."""

from __future__ import annotations

import os
import random
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lianode.structures.errors import InputError
from lianode.workflows.campaign.campaign import campaign_digest
from lianode.workflows.campaign.file import LARGEST_BYTES, load_campaign
from lianode.workflows.hull.entry import HullEntry

if TYPE_CHECKING:
    from lianode.workflows.campaign.campaign import Campaign

EXAMPLES = Path(__file__).parents[2] / "examples"

HEAD = "name: x\ncalculations:\n"
GOOD = """\
name: alloy-anodes
engines: [sevennet-0, {name: morse, well_depth: 0.3}]
calculations:
  - hull:
      system: Li-In
      include: [LiIn3, LiIn35]
      exclude:
        - Li3In
      references: {In: In_bct}
      hull_tolerance: 5 meV/atom
      temperature: 300
      phonon_time_limit: 10 min
  - hull: {system: Li-Sn, engine: chgnet, materials_project: false, max_stress: 0.1 GPa, host: Sn}
"""


def _write(folder: Path, text: str | bytes) -> Path:
    path = folder / "campaign.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def _hull(line: str) -> str:
    """Return a campaign whose line 6 is ``line``."""
    return f"{HEAD}  - hull:\n      system: Li-In\n      max_steps: 100\n      {line}\n"


def test_a_good_file_is_read(tmp_path: Path) -> None:
    campaign = load_campaign(_write(tmp_path, GOOD))
    assert campaign.name == "alloy-anodes"
    assert campaign.folder == tmp_path
    assert campaign.path("cells/a.cif") == tmp_path / "cells" / "a.cif"
    assert campaign.path("/elsewhere/a.cif") == Path("/elsewhere/a.cif")
    first, second = campaign.calculations
    assert isinstance(first, HullEntry)
    assert first.include == ("LiIn3", "LiIn35")
    assert first.exclude == ("Li3In",)
    assert [spec.name for spec in campaign.engines_of(first)] == ["sevennet-0", "morse"]
    assert [spec.name for spec in campaign.engines_of(second)] == ["chgnet"]


def test_windows_line_ends_and_byte_order_marks_change_nothing(tmp_path: Path) -> None:
    digest = campaign_digest(load_campaign(_write(tmp_path, GOOD)))
    changed = b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()
    assert campaign_digest(load_campaign(_write(tmp_path, changed))) == digest


def test_users_files_are_found_from_the_campaigns_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cells").mkdir()
    (tmp_path / "cells" / "a.cif").write_text("not read here")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    path = _write(tmp_path, _hull("structures: [cells, cells/a.cif, elsewhere/../cells]"))
    for written in (path, Path("../campaign.yaml")):
        (entry,) = load_campaign(written).calculations
        assert isinstance(entry, HullEntry)
        assert entry.structures == ("cells", "cells/a.cif", "elsewhere/../cells")


@pytest.mark.parametrize("name", ["li-in", "li-sn", "hansel2021"])
def test_examples_are_valid(name: str) -> None:
    campaign = load_campaign(EXAMPLES / f"{name}.yaml")
    assert campaign.name == name
    assert campaign.notes() == ()


def test_the_example_of_the_paper_counts_what_the_paper_counts() -> None:
    indium, tin = load_campaign(EXAMPLES / "hansel2021.yaml").calculations
    assert isinstance(indium, HullEntry)
    assert isinstance(tin, HullEntry)
    assert indium.include == ("LiIn3", "Li3In", "LiIn2", "LiIn35")
    assert tin.include == ("Li8Sn3",)
    assert tin.references == {"Sn": "Sn_beta"}
    assert {indium.hull_tolerance, tin.hull_tolerance} == {HullEntry(system="Li-In").hull_tolerance}  # nothing tuned


# what is in the file, where the message has to point, what it has to advise
BAD = {
    "empty": ("", "", "the file is empty"),
    "only comments": ("# nothing\n\n", "", "the file is empty"),
    "binary": (b"\x89PNG\0\0", "", "binary"),
    "UTF-16": ("name: x".encode("utf-16"), "", "UTF-8"),
    "Latin-1": (b"name: x\n# 5 \xc5\n", "line 2", "save the file as UTF-8"),
    "control character": ("name: x\ny: \x01\n", "line 2", "character that YAML does not allow"),
    "text": ("Li-In please\n", "line 1", "keys with values"),
    "list": ("- hull: {system: Li-In}\n", "line 1", "`name: li-in`"),
    "open bracket": (f"{HEAD}  - hull: {{system: [Li-In\n", "line", "a bracket is not closed"),
    "open quote": ("name: 'x\ncalculations: []\n", "line", "a quote is not closed"),
    "tab": (f"{HEAD}\t- hull: {{system: Li-In}}\n", "line 3", "spaces"),
    "second colon": ("name: x: y\n", "line 1, column 8", "quotes"),
    "wrong indentation": ("name: x\n   engine: chgnet\n", "line 2", "indentation"),
    "two documents": (f"{GOOD}---\n{GOOD}", "line 14", "a campaign file holds one"),
    "anchor": ("name: &n x\ncalculations: *n\n", "line 1", "not expanded"),
    "billion laughs": ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "line 1", "write the value out"),
    "python object": ("name: !!python/object/apply:os.system ['true']\n", "line 1", "write a plain value"),
    "own tag": ("name: !include other.yaml\n", "line 1", "write a plain value"),
    "nested too deep": (f"name: {'[' * 100_000}\n", "line 1", "nested more than 20 deep"),
    "double key": ("name: x\nengine: chgnet\nname: y\n", "line 3", "'name' is there twice, first in line 1"),
    "double key inside": (_hull("system: Li-Sn"), "line 6", "first in line 4"),
    "number as key": ("name: x\n1: y\n", "line 2", "put it in quotes"),
    "boolean as key": ("name: x\non: y\n", "line 2", "put it in quotes"),
    "list as key": ("name: x\n? [a]\n: y\n", "line 2", "write a word"),
    "merge key": ("<<: {name: x}\n", "line 1", "write a word"),
    "no value": ("name:\ncalculations: []\n", "line 1: `name`", "write one after the colon"),
    "settings not indented": (f"{HEAD}  - hull:\n    system: Li-In\n", "line 3: `hull`", "deeper"),
    "empty item": (f"{HEAD}  -\n", "line 3", "list item is empty"),
    "name is a boolean": (GOOD.replace("alloy-anodes", "no"), "line 1, name", "put it in quotes: 'no'"),
    "name is a number": (GOOD.replace("alloy-anodes", "42"), "line 1, name", "put it in quotes: '42'"),
    "name is a date": (GOOD.replace("alloy-anodes", "2024-01-01"), "line 1", "quotes: '2024-01-01'"),
    "name is an octal number": (GOOD.replace("alloy-anodes", "0x1F"), "line 1", "decimal number"),
    "endless number": (GOOD.replace("300", "3" * 5000), "line 11", "5000 characters"),
    "name with a space": (GOOD.replace("alloy-anodes", "my anodes"), "line 1, name", "letters, digits, - and _"),
    "name with a slash": (GOOD.replace("alloy-anodes", "../x"), "line 1, name", "letters, digits, - and _"),
    "name like an option": (GOOD.replace("alloy-anodes", "--x"), "line 1, name", "not - first"),
    "name too long": (GOOD.replace("alloy-anodes", "x" * 65), "line 1, name", "at most 64"),
    "no name": ("calculations:\n  - hull: {system: Li-In}\n", "name", "`name` is missing; write `name: li-in`"),
    "no calculations": ("name: x\n", "calculations", "write `calculations: [{hull: {system: Li-In}}]`"),
    "calculations empty": ("name: x\ncalculations: []\n", "line 2, calculations", "the list is empty"),
    "calculations a mapping": (f"{HEAD}  hull: {{system: Li-In}}\n", "line 2, calculations", "begin with '- '"),
    "entry without settings": (f"{HEAD}  - hull\n", "line 3", "`- hull: {system: Li-In}`"),
    "two properties in one": (f"{HEAD}  - hull: {{system: Li-In}}\n    elastic: {{}}\n", "line 3", "one property"),
    "misspelt property": (f"{HEAD}  - hul: {{system: Li-In}}\n", "line 3, hul", "did you mean 'hull'?"),
    "voltage": (f"{HEAD}  - voltage: {{system: Li-In}}\n", "line 3, voltage", "comes with `hull`"),
    "start without a mapping": (f"start_from: chgnet\n{GOOD}", "line 1, start_from", "`start_from: {engine: "),
    "start of an unknown engine": (f"start_from: {{engine: chgnt}}\n{GOOD}", "line 1", "did you mean 'chgnet'?"),
    "misspelt key of a start": (f"start_from: {{engin: chgnet}}\n{GOOD}", "line 1, start_from", "engin"),
    "misspelt key": (_hull("hull_tolerence: 1 meV/atom"), "line 6, hull.hull_tolerence", "mean 'hull_tolerance'?"),
    "misspelt top key": (f"{GOOD}engin: chgnet\n", "line 14, engin", "did you mean 'engine'?"),
    "key of the entry at the top": (f"system: Li-In\n{GOOD}", "line 1, system", "below `hull:`"),
    "property at the top": (f"hull: {{system: Li-In}}\n{GOOD}", "line 1, hull", "belongs in the list `calculations`"),
    "key of the top in an entry": (_hull("calculations: []"), "line 6, hull.calculations", "at the top level"),
    "no system": (f"{HEAD}  - hull: {{max_steps: 3}}\n", "line 3, hull.system", "write `system: Li-In`"),
    "misspelt system key": (f"{HEAD}  - hull: {{systm: Li-In}}\n", "line 3, hull.systm", "did you mean 'system'?"),
    "no element": (f"{HEAD}  - hull: {{system: Li-Xx}}\n", "line 3, hull.system", "'Xx' in 'Li-Xx' is no element"),
    "elements run together": (f"{HEAD}  - hull: {{system: LiIn}}\n", "line 3, hull.system", "join the symbols by '-'"),
    "one element": (f"{HEAD}  - hull: {{system: Li}}\n", "line 3, hull.system", "two or more"),
    "element twice": (f"{HEAD}  - hull: {{system: Li-In-Li}}\n", "line 3, hull.system", "name each once"),
    "system a list": (f"{HEAD}  - hull: {{system: [Li, In]}}\n", "line 3, hull.system", "text is needed"),
    "negative tolerance": (_hull("hull_tolerance: -1 meV/atom"), "line 6, hull.hull_tolerance", "write 0 or more"),
    "wrong dimension": (_hull("hull_tolerance: 5 GPa"), "line 6, hull.hull_tolerance", "such as '5 meV/atom'"),
    "unknown unit": (_hull("hull_tolerance: 5 mev/atom"), "line 6, hull.hull_tolerance", "mean 'meV/atom'?"),
    "not a number": (_hull("hull_tolerance: .nan"), "line 6, hull.hull_tolerance", "not a finite number"),
    "boolean quantity": (_hull("hull_tolerance: yes"), "line 6, hull.hull_tolerance", "an energy per atom is needed"),
    "zero temperature": (_hull("temperature: 0"), "line 6, hull.temperature", "leave the key out for 0 K"),
    "several temperatures": (_hull("temperature: [300, 400]"), "line 6, hull.temperature", "such as '300 K'"),
    "clock time": (_hull("phonon_time_limit: 1:30"), "line 6", "write it as in 0.5"),
    "limit without unit": (_hull("phonon_time_limit: 10"), "line 6, hull.phonon_time_limit", "such as '10 min'"),
    "fractional count": (_hull("phonon_max_atoms: 2.5"), "line 6, hull.phonon_max_atoms", "whole number"),
    "zero count": (_hull("phonon_max_atoms: 0"), "line 6, hull.phonon_max_atoms", "the limit is 1"),
    "stress without unit": (_hull("max_stress: 0.05"), "line 6, hull.max_stress", "such as '0.1 GPa'"),
    "zero force": (_hull("max_force: 0"), "line 6, hull.max_force", "write a positive value"),
    "text for a boolean": (_hull("materials_project: maybe"), "line 6, hull.materials_project", "true or false"),
    "unknown phase": (_hull("include: [LiIn33]"), "line 6, hull.include", "did you mean"),
    "phase of another system": (_hull("include: [LiSn]"), "line 6, hull.include", "Sn, which is not in Li-In"),
    "phase twice": (_hull("include: [LiIn3, LiIn3]"), "line 6, hull.include", "leave one out"),
    "include a word": (_hull("include: LiIn3"), "line 6, hull.include", "such as [LiIn3]"),
    "include a number": (_hull("include: [3]"), "line 6, hull.include", "a phase is named like LiIn3"),
    "included and excluded": (
        _hull("include: [LiIn3]\n      exclude: [LiIn3]"), "line 7, hull.exclude", "take it out of one of them",
    ),
    "chosen and excluded": (
        _hull("phases: [Li, In, LiIn]\n      exclude: [In_bct]"), "line 7, hull.exclude", "both in `phases`",
    ),
    "item deep in a list": (_hull("exclude:\n        - LiIn3\n        - Foo"), "line 8, hull.exclude", "no 'Foo'"),
    "no phases": (_hull("phases: []"), "line 6, hull.phases", "leave the key out"),
    "reference of another element": (_hull("references: {Sn: Sn_beta}"), "line 6, hull.references.Sn", "leave it out"),
    "reference not elemental": (_hull("references: {In: LiIn}"), "line 6, hull.references.In", "its own phases"),
    "reference excluded": (
        _hull("references: {In: In_bct}\n      exclude: [In]"), "line 6, hull.references.In", "out of one of them",
    ),
    "references a list": (_hull("references: [Sn_beta]"), "line 6, hull.references", "a mapping is needed"),
    "host of other elements": (_hull("host: Sn"), "line 6, hull.host", "write one such as In"),
    "host without lithium": (f"{HEAD}  - hull: {{system: In-Sn, host: In}}\n", "line 3, hull.host", "leave `host` out"),
    "missing file": (_hull("structures: [cells/none.cif]"), "line 6, hull.structures", "relative paths start at"),
    "home folder": (_hull("structures: [~/x.cif]"), "line 6, hull.structures", "not expanded"),
    "device": (_hull("structures: [/dev/null]"), "line 6, hull.structures", "neither a file nor a folder"),
    "path too long": (_hull(f"structures: [{'a' * 300}]"), "line 6, hull.structures", "name a readable file"),
    "path with an escape": (_hull('structures: ["a\\e[31m"]'), "line 6, hull.structures", "cannot be a path"),
    "structures a word": (_hull("structures: x.cif"), "line 6, hull.structures", "a list is needed"),
    "unknown engine": (_hull("engine: sevnnet-0"), "line 6, hull.engine", "did you mean 'sevennet-0'?"),
    "engine a number": (_hull("engine: 7"), "line 6, hull.engine", "such as sevennet-0"),
    "engine without name": (_hull("engine: {nam: morse}"), "line 6, hull.engine.name", "write `name: sevennet-0`"),
    "unknown engine setting": (_hull("engine: {name: chgnet, encut: 5}"), "line 6, hull.engine", "'encut'"),
    "modality missing": (_hull("engine: sevennet-mf-0"), "line 6, hull.engine", "sevennet-mf-0:pbe"),
    "engine and engines": (_hull("engine: morse\n      engines: [morse]"), "line 7, hull.engines", "keep one of them"),
    "engine twice": (_hull("engines: [morse, morse]"), "line 6, hull.engines", "leave one out"),
    "no engines": (f"engines: []\n{HEAD}  - hull: {{system: Li-In}}\n", "line 1, engines", "name at least one"),
    "entry twice": (
        f"{HEAD}  - hull: {{system: Li-In}}\n  - hull: {{system: In-Li, hull_tolerance: 5 meV/atom}}\n",
        "line 4, calculations", "there twice",
    ),
}  # fmt: skip


def test_there_are_enough_bad_cases() -> None:
    assert len(BAD) >= 45


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_gets_a_sentence(case: str, tmp_path: Path) -> None:
    text, where, advice = BAD[case]
    path = _write(tmp_path, text)
    with pytest.raises(InputError) as caught:
        load_campaign(path)
    message = str(caught.value)
    assert message.startswith(f"{path}")
    assert where in message.partition("\n")[0]
    assert advice in message
    assert "Traceback" not in message
    assert all(line.isprintable() and len(line) < 500 for line in message.split("\n"))
    assert "pydantic" not in message
    assert "Input should" not in message


def test_several_mistakes_are_told_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = "name: no\nengine: x\ncalculations:\n" + "".join(f"  - hull: {{system: {name}}}\n" for name in "abcdefg")
    path = _write(tmp_path, text)
    with pytest.raises(InputError) as caught:
        load_campaign(path)
    lines = str(caught.value).split("\n")
    assert [int(re.findall(r", line (\d+)", line)[0]) for line in lines[:5]] == [1, 2, 4, 5, 6]
    assert all(line.startswith(str(path)) for line in lines)
    assert lines[5:] == [f"{path}: and 4 more"]


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "li-in.yaml").write_text(GOOD)
    with pytest.raises(InputError, match=r"li-inn\.yaml: there is no such file \(did you mean 'li-in\.yaml'\?\)"):
        load_campaign(tmp_path / "li-inn.yaml")
    with pytest.raises(InputError, match="there is no such file"):
        load_campaign(tmp_path / "nowhere" / "li-in.yaml")


def test_a_folder_is_no_campaign(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="this is a folder"):
        load_campaign(tmp_path)


def test_a_path_that_cannot_be(tmp_path: Path) -> None:
    for name in ("a\0b.yaml", "x" * 300):
        with pytest.raises(InputError, match="cannot be read"):
            load_campaign(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "campaign.yaml")
    with pytest.raises(InputError, match="not a regular file"):
        load_campaign(tmp_path / "campaign.yaml")


def test_a_large_file_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "campaign.yaml"
    with path.open("wb") as file:
        file.truncate(100_000_000)  # sparse: it takes no space

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the file was opened")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match=r"100\.0 MB; a campaign file is text of a few kB, and at most 1 MB"):
        load_campaign(path)


def test_a_file_at_the_limit_is_read(tmp_path: Path) -> None:
    padded = GOOD + "#" * (LARGEST_BYTES - len(GOOD))
    assert load_campaign(_write(tmp_path, padded)).name == "alloy-anodes"


def test_nothing_is_created_or_run(tmp_path: Path) -> None:
    path = _write(tmp_path, _hull("structures: [new/folder]"))
    with pytest.raises(InputError):
        load_campaign(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["campaign.yaml"]


def _read_or_refuse(path: Path, content: bytes) -> Campaign | None:
    """Whatever is in the file, nothing but an ``InputError`` comes out of it."""
    path.write_bytes(content)
    try:
        return load_campaign(path)
    except InputError as error:
        message = str(error)
    assert message.startswith(str(path))
    assert all(line.isprintable() for line in message.split("\n"))
    return None


@pytest.mark.parametrize("seed", range(4))
def test_mutations_are_read_or_refused(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)  # noqa: S311
    path = tmp_path / "campaign.yaml"
    words = [
        b"\t", b"\0", b"[", b"]", b"{", b"}", b": ", b"- ", b"\n", b"&a ", b"*a", b"!!int ", b"'", b'"', b"|\n", b"> ",
        b"~", b"null", b"yes", b"1e999", b".inf", b"0x10", b"12:30:45", b"2024-13-45", b"---\n", b"...\n",
        b"%YAML 1.1\n",
        b"<<", b"=", b"? ", b"#", b"\xff", b"\xc3", "Å".encode(), b"9" * 400, b"-5 GPa", b"LiIn3", b"hull", b"engine",
        b"system", b"include: hypothetical", b"\r", b"\xe2\x80\xa8", b"@", b"`", b"\\", b"../..", b"/dev/zero",
        b"\x1b[31m",
    ]  # fmt: skip
    read = 0
    for _ in range(150):
        content = bytearray(GOOD.encode())
        for _ in range(rng.randint(1, 4)):
            start = rng.randrange(len(content))
            stop = start + rng.choice([0, 0, 1, 3, 20])
            noise = rng.randbytes(rng.randint(0, 3))
            content[start:stop] = rng.choice([rng.choice(words), noise, content[start:stop] * 2])
        read += _read_or_refuse(path, bytes(content)) is not None
    assert 0 < read < 150  # the mutations are neither all harmless nor all fatal


def test_random_bytes_are_read_or_refused(tmp_path: Path) -> None:
    rng = random.Random(7)  # noqa: S311
    path = tmp_path / "campaign.yaml"
    alphabet = b"name: calculations\n -[]{}'\"&*!|>%@`,#?:0123456789.eE+-~\t"
    for _ in range(200):
        _read_or_refuse(path, rng.randbytes(rng.randint(0, 200)))
        _read_or_refuse(path, bytes(rng.choices(alphabet, k=rng.randint(0, 200))))
