"""Archives of results: lossless between stores, equal bytes for equal results, and hostile ones refused."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from lianode.analysis.method import MethodKey
from lianode.hpc.archive.campaigns import campaign_files
from lianode.hpc.archive.load import Imported, import_archive
from lianode.hpc.archive.write import write_archive
from lianode.hpc.settings import load_settings, write_default
from lianode.hpc.store import open_store
from lianode.structures import library
from lianode.structures.errors import InputError
from lianode.workflows.calculation import Calculation, FileReference, State, cell_fields
from lianode.workflows.hull.analysis import HullSpec, PhaseSlot, derive_hull
from lianode.workflows.task import RelaxTask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lianode.hpc.settings import Settings
    from lianode.hpc.store import ResultsStore

PBE = MethodKey(program="vasp", functional="PBE", cutoff_eV=500.0)
REHEARSAL = PBE.model_copy(update={"program": "vasp-rehearsal"})
ENERGIES = {"Li": -1.9, "In": -2.6, "LiIn": -5.0, "Li3In2": -12.0}
CAMPAIGN = "name: hulls\nengine: morse\ncalculations: [{hull: {system: Li-In}}]\n"
HOSTILE = '=HYPERLINK("http://x";"y") <script>alert(1)</script> ../../etc/passwd \x1b[31m'


@pytest.fixture
def store(settings: Settings) -> Iterator[ResultsStore]:
    """The project's store, on SQLite and on MongoDB."""
    opened = open_store(settings)
    yield opened
    opened.close()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[ResultsStore]:
    """Another project on SQLite."""
    (tmp_path / "other").mkdir()
    opened = open_store(load_settings(write_default(tmp_path / "other")))
    yield opened
    opened.close()


def calculation(name: str, *, method: MethodKey = PBE, **fields: Any) -> Calculation:
    cell = library.phase(name).primitive()
    return Calculation(
        **{
            "key": f"{method.program}-{name}",
            "state": State.CONVERGED,
            "engine": method.program,
            "task": RelaxTask(),
            "method": method,
            "label": name,
            "energy": ENERGIES[name] * len(cell),
            "structure": cell.as_dict(),
            "volume": cell.volume,
            **cell_fields(cell),
            **fields,
        }
    )


def fill(
    store: ResultsStore, *names: str, campaign: str = "hulls", method: MethodKey = PBE, created: str = "2026-01-01"
) -> list[str]:
    """Put relaxations and their hull into a store; return the keys of the documents."""
    for name in names:
        store.commit(calculation(name, method=method))
    slots = [
        PhaseSlot(name=name, formula=name, kind="experimental", key=f"{method.program}-{name}") for name in ENERGIES
    ]
    spec = HullSpec(campaign=campaign, engine=method.program, system="Li-In", phases=tuple(slots))
    documents = derive_hull(spec, store)
    for document in documents:
        store.put_property(document.model_copy(update={"created": f"{created}T00:00:00+00:00"}))
    return [document.key for document in documents]


def everything(store: ResultsStore) -> tuple[dict[str, str], dict[str, str]]:
    """Return all documents of a store by key, as text, so that the order of their fields counts too."""
    return (
        {document["key"]: json.dumps(document) for document in store.calculation_documents.find()},
        {document["key"]: json.dumps(document) for document in store.property_documents.find()},
    )


def test_a_round_trip_loses_nothing(store: ResultsStore, empty: ResultsStore, tmp_path: Path) -> None:
    """Revisions, replaced documents, numbers to the last digit, text of any kind, calculations nobody names."""
    store.commit(calculation("In", state=State.UNCONVERGED, steps=3))
    store.commit(calculation("In", energy=-0.1 - 0.2, revision=1))
    fill(store, "Li", "LiIn")
    fill(store, "Li3In2", created="2026-01-02")
    store.commit(calculation("Li", key="nobody-names-it", label=HOSTILE, reason="Å \U0001f525", started_from="vasp-Li"))
    assert any(json.loads(text)["superseded_by"] for text in everything(store)[1].values())
    made = write_archive(store, {}, tmp_path / "all.tar.gz")
    done = import_archive(empty, tmp_path / "all.tar.gz")
    assert everything(empty) == everything(store)
    assert done == Imported(properties=made.properties, calculations=made.calculations)
    assert made.calculations == 5
    assert empty.calculation("vasp-In").revision == 2


def test_it_goes_into_either_kind_of_store(store: ResultsStore, empty: ResultsStore, tmp_path: Path) -> None:
    fill(empty, *ENERGIES)
    write_archive(empty, {}, tmp_path / "all.tar.gz")
    import_archive(store, tmp_path / "all.tar.gz")
    assert everything(store) == everything(empty)
    write_archive(store, {}, tmp_path / "again.tar.gz")
    assert (tmp_path / "again.tar.gz").read_bytes() == (tmp_path / "all.tar.gz").read_bytes()


def test_a_second_import_changes_nothing(store: ResultsStore, empty: ResultsStore, tmp_path: Path) -> None:
    keys = fill(store, *ENERGIES)
    write_archive(store, {}, tmp_path / "all.tar.gz")
    import_archive(empty, tmp_path / "all.tar.gz")
    before = everything(empty)
    done = import_archive(empty, tmp_path / "all.tar.gz")
    assert done == Imported(properties_known=len(keys), calculations_known=4)
    assert everything(empty) == before


def test_results_of_its_own_stay(store: ResultsStore, empty: ResultsStore, tmp_path: Path) -> None:
    fill(store, "Li", "In", "LiIn")
    write_archive(store, {}, tmp_path / "old.tar.gz")
    new = fill(empty, *ENERGIES, created="2026-01-02")
    empty.commit(calculation("Li", key="own", energy=-99.0))
    import_archive(empty, tmp_path / "old.tar.gz")
    assert {document["key"] for document in empty.query(property="hull")} == {new[0]}
    assert empty.calculation("own").energy == -99.0


def test_a_choice_takes_its_calculations_and_their_starts(
    store: ResultsStore, empty: ResultsStore, tmp_path: Path
) -> None:
    store.commit(calculation("Li", key="start"))
    store.commit(calculation("Li", started_from="start"))
    fill(store, "In", "LiIn", "Li3In2")
    store.commit(calculation("Li", key="nobody-names-it"))
    fill(store, campaign="other")
    made = write_archive(store, {"campaign": ["hulls"], "superseded": False}, tmp_path / "one.tar.gz")
    import_archive(empty, tmp_path / "one.tar.gz")
    assert set(everything(empty)[0]) == {*(f"vasp-{name}" for name in ENERGIES), "start"}
    assert empty.property_documents.distinct("campaign") == ["hulls"]
    assert made.selection == {"campaign": ["hulls"]}


def test_rehearsals_stay_out(store: ResultsStore, empty: ResultsStore, tmp_path: Path) -> None:
    fill(store, *ENERGIES)
    fill(store, *ENERGIES, method=REHEARSAL)
    write_archive(store, {}, tmp_path / "real.tar.gz")
    import_archive(empty, tmp_path / "real.tar.gz")
    calculations, documents = everything(empty)
    assert calculations
    assert not [text for text in (*calculations.values(), *documents.values()) if "rehearsal" in text]


def test_campaign_files_and_figures_travel(store: ResultsStore, empty: ResultsStore, tmp_path: Path) -> None:
    fill(store, *ENERGIES)
    project = tmp_path / "project"
    project.mkdir()
    (project / "hulls.yaml").write_text(CAMPAIGN)
    (project / "other.yaml").write_text(CAMPAIGN.replace("hulls", "other"))
    (project / "broken.yaml").write_text("name: [")
    (project / "link.yml").symlink_to(project / "hulls.yaml")
    figure = tmp_path / "hull-Li-In.svg"
    figure.write_text("<svg/>")
    found = campaign_files(project, {"hulls"})
    assert [path.name for path in found] == ["hulls.yaml"]
    write_archive(store, {}, tmp_path / "a.tar.gz", campaigns=found, figures=[figure])
    done = import_archive(empty, tmp_path / "a.tar.gz", folder=tmp_path / "files")
    assert (tmp_path / "files" / "campaigns" / "hulls.yaml").read_text() == CAMPAIGN
    assert (tmp_path / "files" / "figures" / "hull-Li-In.svg").read_text() == "<svg/>"
    assert done.files == 4
    with pytest.raises(InputError, match="there is such a folder already"):
        import_archive(empty, tmp_path / "a.tar.gz", folder=tmp_path / "files")


def test_every_checksum_is_that_of_the_file(store: ResultsStore, tmp_path: Path) -> None:
    """As someone without lianode would verify it."""
    fill(store, *ENERGIES)
    write_archive(store, {}, tmp_path / "a.tar.gz")
    with tarfile.open(tmp_path / "a.tar.gz") as tar:
        contents = {info.name: tar.extractfile(info).read() for info in tar}
        assert {info.mtime for info in tar.getmembers()} == {0}
    manifest = json.loads(contents.pop("manifest.json"))
    assert {m["path"]: (m["sha256"], m["bytes"]) for m in manifest["members"]} == {
        name: (hashlib.sha256(content).hexdigest(), len(content)) for name, content in contents.items()
    }
    assert list(contents) == sorted(contents)


def test_what_cannot_be_written_is_said(store: ResultsStore, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such results"):
        write_archive(store, {}, tmp_path / "a.tar.gz")
    fill(store, *ENERGIES)
    with pytest.raises(InputError, match=r"ends in \.tar\.gz"):
        write_archive(store, {}, tmp_path / "a.zip")
    (tmp_path / "-rf x.yaml").write_text(CAMPAIGN)
    with pytest.raises(InputError, match="rename it"):
        write_archive(store, {}, tmp_path / "a.tar.gz", campaigns=[tmp_path / "-rf x.yaml"])
    assert not list(tmp_path.glob("*.tar.gz"))
    (tmp_path / "a.tar.gz").write_text("mine")
    with pytest.raises(InputError, match="there is a file already"):
        write_archive(store, {}, tmp_path / "a.tar.gz")
    assert (tmp_path / "a.tar.gz").read_text() == "mine"


Parts = list[tuple[tarfile.TarInfo, bytes]]


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    """Members of a good archive."""
    folder = tmp_path_factory.mktemp("good")
    good = open_store(load_settings(write_default(folder)))
    fill(good, *ENERGIES)
    write_archive(good, {}, folder / "good.tar.gz")
    good.close()
    with tarfile.open(folder / "good.tar.gz") as tar:
        return [(info, tar.extractfile(info).read()) for info in tar]


def packed(parts: Parts, file: Path, *, manifest: Callable[[dict[str, Any]], None] | None = None) -> Path:
    """Write members as an archive whose manifest fits them, changed further by ``manifest``."""
    said = json.loads(parts[0][1])
    said["members"] = [
        {"path": info.name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for info, content in parts[1:]
    ]
    if manifest is not None:
        manifest(said)
    text = json.dumps(said).encode()
    with tarfile.open(file, "w:gz", format=tarfile.USTAR_FORMAT) as tar:
        for info, content in [(parts[0][0], text), *parts[1:]]:
            info.size = len(content) if info.isreg() else 0
            tar.addfile(info, io.BytesIO(content))
    return file


def line_changed(parts: Parts, member: str, change: Callable[[dict[str, Any]], Any]) -> Parts:
    """Return members with the first line of one of them changed."""
    changed = []
    for info, content in parts:
        if info.name == member:
            first, _, rest = content.partition(b"\n")
            document = json.loads(first)
            change(document)
            content = json.dumps(document).encode() + b"\n" + rest  # noqa: PLW2901
        changed.append((info, content))
    return changed


def refused(store: ResultsStore, file: Path, match: str) -> None:
    """Whether an archive is refused in one sentence, and nothing is written."""
    before = {path for path in file.parent.rglob("*") if "lianode.db" not in path.name}
    with pytest.raises(InputError, match=match) as caught:
        import_archive(store, file, folder=file.parent / "files")
    assert "\n" not in str(caught.value)
    assert everything(store) == ({}, {})
    assert {path for path in file.parent.rglob("*") if "lianode.db" not in path.name} == before


def extra(name: str, kind: bytes = tarfile.REGTYPE, content: bytes = b"x", link: str = "") -> tuple[Any, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, len(content)
    return info, content


def test_the_good_one_is_good(empty: ResultsStore, parts: Parts, tmp_path: Path) -> None:
    assert import_archive(empty, packed(parts, tmp_path / "x.tar.gz")).calculations == 4


@pytest.mark.parametrize(
    "name",
    ["../evil", "/etc/evil", "campaigns/../../evil", "figures/..", "figures/a/b", "campaigns/.hidden", "evil.txt",
     "figures/a\\b", "campaigns/-rf", "figures/"],
)  # fmt: skip
def test_names_that_lead_elsewhere(empty: ResultsStore, parts: Parts, tmp_path: Path, name: str) -> None:
    refused(empty, packed([*parts, extra(name)], tmp_path / "x.tar.gz"), "its manifest is wrong at 'members")


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "figures/unannounced.png", "properties.jsonl"])
def test_members_that_the_manifest_does_not_name(empty: ResultsStore, parts: Parts, tmp_path: Path, name: str) -> None:
    file = packed([*parts, extra(name)], tmp_path / "x.tar.gz", manifest=lambda said: said["members"].pop())
    refused(empty, file, "has no such member")


@pytest.mark.parametrize(
    ("kind", "word"),
    [(tarfile.SYMTYPE, "symbolic link"), (tarfile.LNKTYPE, "a link"), (tarfile.CHRTYPE, "device"),
     (tarfile.BLKTYPE, "device"), (tarfile.FIFOTYPE, "pipe"), (tarfile.DIRTYPE, "folder"),
     (tarfile.GNUTYPE_SPARSE, "no place"), (tarfile.GNUTYPE_LONGNAME, "no place"), (tarfile.XHDTYPE, "no place")],
)  # fmt: skip
def test_links_devices_and_tricks(empty: ResultsStore, parts: Parts, tmp_path: Path, kind: bytes, word: str) -> None:
    member = extra("figures/a.png", kind, link="/etc/passwd")
    refused(empty, packed([parts[0], member, *parts[1:]], tmp_path / "x.tar.gz"), word)


def test_a_wrong_checksum(empty: ResultsStore, parts: Parts, tmp_path: Path) -> None:
    def wrong(said: dict[str, Any]) -> None:
        said["members"][1]["sha256"] = "0" * 64

    refused(empty, packed(parts, tmp_path / "x.tar.gz", manifest=wrong), "the checksum of calculations.jsonl is wrong")


def test_huge_members(empty: ResultsStore, parts: Parts, tmp_path: Path) -> None:
    def size(number: int) -> Callable[[dict[str, Any]], None]:
        return lambda said: said["members"][0].update(bytes=number)

    refused(empty, packed(parts, tmp_path / "a.tar.gz", manifest=size(10**13)), "its manifest is wrong at 'members")
    refused(empty, packed(parts, tmp_path / "b.tar.gz", manifest=size(7 * 10**9)), "would unpack to 7 GB")
    refused(empty, packed(parts, tmp_path / "c.tar.gz", manifest=size(10)), "not of the size")


def test_a_header_that_announces_more_than_there_is(empty: ResultsStore, parts: Parts, tmp_path: Path) -> None:
    info = tarfile.TarInfo("manifest.json")
    info.size = 8 * 10**9
    with gzip.open(tmp_path / "x.tar.gz", "wb") as stream:
        stream.write(info.tobuf(tarfile.USTAR_FORMAT) + bytes(1000))
    refused(empty, tmp_path / "x.tar.gz", "does not begin with its manifest")
    info.size = 1000
    with gzip.open(tmp_path / "y.tar.gz", "wb") as stream:
        stream.write(info.tobuf(tarfile.USTAR_FORMAT) + bytes(10))
    refused(empty, tmp_path / "y.tar.gz", "cut short")


def test_an_archive_that_unpacks_to_far_more(empty: ResultsStore, parts: Parts, tmp_path: Path) -> None:
    bomb = extra("figures/zeros.png", content=bytes(30_000_000))
    refused(empty, packed([*parts, bomb], tmp_path / "x.tar.gz"), "would unpack to 0.03")


def test_what_follows_the_end(empty: ResultsStore, parts: Parts, tmp_path: Path) -> None:
    plain = gzip.decompress(packed(parts, tmp_path / "whole.tar.gz").read_bytes())
    for number, tail in enumerate((b"x", bytes(10**7))):
        (tmp_path / f"{number}.tar.gz").write_bytes(gzip.compress(plain + tail))
        refused(empty, tmp_path / f"{number}.tar.gz", "something follows its end")


@pytest.mark.parametrize("cut", [0, 10, 400, -200, -20])
def test_what_is_cut_or_no_archive(empty: ResultsStore, parts: Parts, tmp_path: Path, cut: int) -> None:
    whole = packed(parts, tmp_path / "whole.tar.gz").read_bytes()
    (tmp_path / "x.tar.gz").write_bytes(whole[:cut])
    refused(empty, tmp_path / "x.tar.gz", "cut short|does not begin")
    (tmp_path / "y.tar.gz").write_bytes(b"PK\x03\x04" + whole)
    refused(empty, tmp_path / "y.tar.gz", r"no \.tar\.gz file")
    refused(empty, tmp_path / "nowhere.tar.gz", "cannot be read")


@pytest.mark.parametrize(
    ("member", "change"),
    [
        ("properties.jsonl", lambda document: document.update(key="../evil")),
        ("properties.jsonl", lambda document: document.update(calculations={"Li": "../evil"})),
        ("properties.jsonl", lambda document: document.update(system={"$gt": ""})),
        ("properties.jsonl", lambda document: document.update(method={"program": "x"})),
        ("properties.jsonl", lambda document: document.update({"$where": "1"})),
        ("properties.jsonl", lambda document: document.update(checks=[{"name": "a"}])),
        ("properties.jsonl", lambda document: document.pop("derivation")),
        ("calculations.jsonl", lambda document: document.update(key="../../evil")),
        ("calculations.jsonl", lambda document: document.update(started_from="/etc")),
        ("calculations.jsonl", lambda document: document.update(energy="=1+1")),
        ("calculations.jsonl", lambda document: document.update(surprise=1)),
        ("calculations.jsonl", lambda document: document.update(structure={"$ne": 1})),
        ("calculations.jsonl", lambda d: d.update(files={"a": {"path": "../../evil", "sha256": "0", "bytes": 1}})),
        ("calculations.jsonl", lambda d: d.update(files={"a": {"path": "/etc/passwd", "sha256": "0", "bytes": 1}})),
        ("calculations.jsonl", lambda document: document["method"].update(program="vasp-rehearsal")),
    ],
)  # fmt: skip
def test_documents_that_are_none(
    empty: ResultsStore, parts: Parts, tmp_path: Path, member: str, change: Callable[[dict[str, Any]], Any]
) -> None:
    refused(empty, packed(line_changed(parts, member, change), tmp_path / "x.tar.gz"), "the archive is refused")


def test_lines_too_many_and_too_deep(empty: ResultsStore, parts: Parts, tmp_path: Path) -> None:
    for number, line in enumerate((b"\n", b"[]\n", b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"\n", parts[2][1][:300])):
        changed = [(info, content + line if info.name == "calculations.jsonl" else content) for info, content in parts]
        refused(empty, packed(changed, tmp_path / f"{number}.tar.gz"), "the archive is refused")


def test_a_newer_archive_asks_for_a_newer_lianode(empty: ResultsStore, parts: Parts, tmp_path: Path) -> None:
    for number, field in enumerate(("format_version", "store_version")):
        file = packed(parts, tmp_path / f"{number}.tar.gz", manifest=lambda said, field=field: said.update({field: 99}))
        refused(empty, file, "a newer lianode wrote this archive")


def test_hostile_text_stays_text(empty: ResultsStore, parts: Parts, tmp_path: Path) -> None:
    """Formulas, markup and control characters in names are kept as they are, and lead nowhere."""
    changed = line_changed(parts, "properties.jsonl", lambda document: document.update(phase=HOSTILE))
    import_archive(empty, packed(changed, tmp_path / "x.tar.gz"))
    assert HOSTILE in empty.property_documents.distinct("phase")
    assert not (tmp_path / "evil").exists()


def test_file_references_stay(store: ResultsStore, empty: ResultsStore, tmp_path: Path) -> None:
    reference = FileReference(path="md/trajectory.xyz", sha256="ab" * 32, bytes=7)
    store.commit(calculation("Li", files={"trajectory": reference}))
    fill(store, "In", "LiIn", "Li3In2")
    write_archive(store, {}, tmp_path / "a.tar.gz")
    import_archive(empty, tmp_path / "a.tar.gz")
    assert empty.calculation("vasp-Li").files == {"trajectory": reference}
