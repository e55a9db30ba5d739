"""The results store: commits, queries, locks, upgrades and blobs."""

from __future__ import annotations

import itertools
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from lianode.analysis.checks import Check
from lianode.analysis.documents import PropertyDocument
from lianode.analysis.method import MethodKey
from lianode.hpc.store import CALCULATIONS, PROPERTIES, SPECS, open_database, open_store, upgrade_store
from lianode.hpc.stores import upgrade as upgrading
from lianode.hpc.stores.blobs import BlobReference, BlobStore
from lianode.hpc.stores.collection import STORE_VERSION
from lianode.structures.errors import InputError
from lianode.workflows.calculation import Calculation, State, supersedes
from lianode.workflows.task import RelaxTask

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lianode.hpc.settings import Settings
    from lianode.hpc.store import ResultsStore

METHOD = MethodKey(program="lennard-jones", functional="none", model="test")


@pytest.fixture
def store(settings: Settings) -> Iterator[ResultsStore]:
    opened = open_store(settings)
    yield opened
    opened.close()


def calculation(key: str = "k", state: State = State.CONVERGED, **fields: Any) -> Calculation:
    defaults: dict[str, Any] = {
        "engine": "morse",
        "task": RelaxTask(),
        "method": METHOD,
        "formula": "LiIn",
        "n_atoms": 2,
        "composition": {"Li": 1, "In": 1},
    }
    return Calculation(key=key, state=state, **(defaults | fields))


def document(system: str = "Li-In", phase: str | None = None, **fields: Any) -> PropertyDocument:
    defaults: dict[str, Any] = {"property": "hull", "engine": "morse", "campaign": "test", "method": METHOD}
    return PropertyDocument(system=system, phase=phase, **(defaults | fields))


def failing() -> list[Check]:
    return [Check(name="forces_converged", passed=False, message="0.1 eV/Å")]


def test_a_calculation_comes_back_as_it_was(store: ResultsStore) -> None:
    committed = store.commit(calculation(energy=-3.0000000000000004, forces=[[0.0, 1e-17, -0.1]]))
    assert committed.revision == 1
    assert store.calculation("k") == committed
    assert store.calculation("other") is None


def test_many_calculations(store: ResultsStore) -> None:
    store.calculation_documents.put(
        calculation(f"k{number}", revision=1).model_dump(mode="json") for number in range(1500)
    )
    found = store.calculations([f"k{number}" for number in range(1400, 1600)] + ["k0"] * 2000)
    assert set(found) == {"k0", *(f"k{number}" for number in range(1400, 1500))}


def test_revisions_count_commits(store: ResultsStore) -> None:
    first = store.commit(calculation(state=State.INTERRUPTED, steps=3))
    second = store.commit(first.model_copy(update={"steps": 9}))
    third = store.commit(second.model_copy(update={"state": State.CONVERGED}))
    assert [first.revision, second.revision, third.revision] == [1, 2, 3]


def test_a_later_result_of_the_same_process_replaces_even_when_it_failed(store: ResultsStore) -> None:
    first = store.commit(calculation(state=State.UNCONVERGED, steps=3))
    assert store.commit(first.model_copy(update={"state": State.FAILED, "reason": "exploded"})).state is State.FAILED


@pytest.mark.parametrize("state", list(State))
def test_a_converged_calculation_is_never_replaced(store: ResultsStore, state: State) -> None:
    held = store.commit(calculation(energy=-1.0))
    for revision in (0, 1, 2):
        assert store.commit(calculation(state=state, energy=-2.0, revision=revision)) == held
    assert store.calculation("k") == held


ORDER = [State.FAILED, State.INTERRUPTED, State.UNCONVERGED, State.CONVERGED]


@pytest.mark.parametrize(("theirs", "ours"), list(itertools.product(ORDER, ORDER)))
def test_of_two_commits_the_one_further_along_stays(store: ResultsStore, theirs: State, ours: State) -> None:
    """Both started from nothing; theirs came first."""
    held = store.commit(calculation(state=theirs, host="theirs"))
    now = store.commit(calculation(state=ours, host="ours"))
    better = ORDER.index(ours) > ORDER.index(theirs)
    assert now.host == ("ours" if better else "theirs")
    assert now.revision == (2 if better else 1)
    assert store.calculation("k") == now
    assert better is supersedes(calculation(state=ours), held)


def test_of_two_unfinished_ones_the_one_with_more_steps_stays(store: ResultsStore) -> None:
    store.commit(calculation(state=State.INTERRUPTED, steps=10))
    assert store.commit(calculation(state=State.INTERRUPTED, steps=5)).steps == 10
    assert store.commit(calculation(state=State.INTERRUPTED, steps=15)).steps == 15


def test_counts(store: ResultsStore) -> None:
    store.commit(calculation("a"))
    store.commit(calculation("b", State.FAILED))
    store.put_property(document())
    assert store.counts() == {
        "calculations": {"converged": 1, "unconverged": 0, "interrupted": 0, "failed": 1},
        "properties": {"hull": 1},
    }


def test_query_by_words(store: ResultsStore) -> None:
    for system, phase, engine in itertools.product(["Li-In", "Li-Sn"], ["A", "B", None], ["morse", "chgnet"]):
        checks = failing() if phase == "B" else []
        store.put_property(document(system, phase, engine=engine, checks=checks, settings={"tolerance": len(engine)}))
    assert len(list(store.query())) == 12
    found = list(store.query(property="hull", system="Li-In", phase=["A", "B"], engine="morse", sort=[("phase", -1)]))
    assert [(entry["phase"], entry["flagged"]) for entry in found] == [("B", True), ("A", False)]
    assert {entry["phase"] for entry in store.query(flagged=True)} == {"B"}
    assert len(list(store.query(flagged=False, campaign="test", criteria={"settings.tolerance": {"$gt": 5}}))) == 4
    assert len(list(store.query(criteria={"phase": None}, limit=3))) == 3
    assert list(store.query(campaign="other")) == []


def test_a_property_document_comes_back_with_its_key(store: ResultsStore) -> None:
    original = document(phase="LiIn", checks=failing())
    store.put_property(original)
    store.put_property(original.model_copy(update={"created": "2025-01-01T00:00:00+00:00"}))
    (found,) = store.properties({"key": original.key})
    assert found["flagged"] is True
    assert found["created"] == "2025-01-01T00:00:00+00:00"


def test_a_later_result_of_the_campaign_supersedes(store: ResultsStore) -> None:
    first = document(calculations={"Li": "a"}, created="2025-01-01")
    other_settings = document(calculations={"Li": "a"}, settings={"exclude": ["LiIn3"]}, created="2025-01-01")
    other_campaign = document(calculations={"Li": "a"}, campaign="other", created="2025-01-01")
    for each in (first, other_settings, other_campaign):
        store.put_property(each)
    later = document(calculations={"Li": "a", "In": "b"}, created="2025-01-02")
    store.put_property(later)
    assert {entry["key"] for entry in store.query()} == {later.key, other_settings.key, other_campaign.key}
    assert len(list(store.query(superseded=True))) == 4
    (old,) = store.properties({"key": first.key})
    assert old["superseded_by"] == later.key
    assert store.counts()["properties"] == {"hull": 3}
    store.put_property(first.model_copy(update={"created": "2025-01-03"}))
    assert {entry["key"] for entry in store.query(campaign="test")} == {first.key, other_settings.key}


def test_an_older_result_that_arrives_late_supersedes_nothing(store: ResultsStore) -> None:
    store.put_property(document(calculations={"Li": "b"}, created="2025-01-02"))
    store.put_property(document(calculations={"Li": "a"}, created="2025-01-01"))
    assert [entry["superseded_by"] for entry in store.query()] == [None, None]


def test_run_directories(store: ResultsStore, tmp_path: Path) -> None:
    folder = store.run_directory("relax-0a1b")
    assert folder == tmp_path / "runs" / "relax-0a1b"
    assert folder.is_dir()
    assert store.run_directory("relax-0a1b") == folder
    for key in ("", "..", "../x", "a/b", ".hidden", "x" * 300):
        with pytest.raises(InputError, match="not the key"):
            store.run_directory(key)


LOCK = """
from pathlib import Path
from lianode.hpc.settings import load_settings
from lianode.hpc.store import open_store
store = open_store(load_settings(Path(sys.argv[1])))
start()
with store.lock("k"):
    print("locked", flush=True)
    sys.stdin.readline()
"""


def test_a_lock_waits_and_dies_with_its_process(store: ResultsStore, workers: Any) -> None:
    first, second = (workers(LOCK, store.settings.file) for _ in range(2))
    for worker in (first, second):
        worker.ready()
    first.go()
    assert next(first.lines()) == "locked"
    second.go()
    with pytest.raises(subprocess.TimeoutExpired):  # it waits
        second.process.wait(timeout=0.5)
    with store.lock("other"):
        pass
    first.process.kill()
    assert next(second.lines()) == "locked"


def test_upgrade(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """An invented older version 0 had energies under another name; an upgrade that dies half-way goes on."""
    monkeypatch.setattr(upgrading, "_CHANGES", {})
    old = open_database(settings, version=STORE_VERSION - 1)
    old.collection(CALCULATIONS).put({"key": f"k{number}", "e": float(number)} for number in range(1500))
    old.collection(PROPERTIES).put([{"key": "untouched", "system": "Li-In"}])
    old.close()
    with pytest.raises(InputError, match="lianode store upgrade"):
        open_store(settings)

    seen = 0

    @upgrading.upgrades("calculations", STORE_VERSION - 1)
    def _rename(stored: dict[str, Any]) -> dict[str, Any]:
        nonlocal seen
        seen += 1
        if seen == 1200:
            raise KeyboardInterrupt
        assert "energy" not in stored
        stored["energy"] = stored.pop("e")
        stored["formula"] = "LiIn"
        return stored

    with pytest.raises(KeyboardInterrupt):
        upgrade_store(settings)
    with pytest.raises(InputError, match="lianode store upgrade"):
        open_store(settings)
    assert upgrade_store(settings) == [STORE_VERSION - 1, STORE_VERSION]
    assert upgrade_store(settings) == [STORE_VERSION]
    store = open_store(settings)
    stored = list(store.calculation_documents.find({"formula": "LiIn"}))
    assert sorted(entry["energy"] for entry in stored) == list(range(1500))
    assert set(stored[0]) == {"key", "energy", "formula"}
    assert store.property_documents.count() == 1
    with pytest.raises(ValueError, match="already"):
        upgrading.upgrades("calculations", STORE_VERSION - 1)(_rename)


def test_upgrade_may_not_change_keys(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upgrading, "_CHANGES", {("properties", STORE_VERSION - 1): lambda _: {"key": "other"}})
    old = open_database(settings, version=STORE_VERSION - 1)
    old.collection(PROPERTIES).put([{"key": "a"}])
    with pytest.raises(ValueError, match="must not change keys"):
        upgrade_store(settings)
    assert old.collection(PROPERTIES).find_one() == {"key": "a"}


def test_newer_store_is_not_upgraded(settings: Settings) -> None:
    database = open_database(settings, version=STORE_VERSION + 1)
    with pytest.raises(InputError, match="newer lianode"):
        upgrading.upgrade(database, SPECS)
    database.close()
    with pytest.raises(InputError, match="newer lianode"):
        open_store(settings)


def test_blobs(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path / "blobs")
    source = tmp_path / "trajectory.bin"
    source.write_bytes(bytes(range(256)) * 10_000)
    reference = blobs.put(source)
    # published test vector: SHA-256 of "abc" (FIPS 180-2)
    abc = blobs.put_bytes(b"abc", "abc.txt")
    assert abc.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert (reference.size, reference.name) == (2_560_000, "trajectory.bin")
    assert blobs.read(reference) == source.read_bytes()
    assert blobs.copy(reference, tmp_path / "copy").read_bytes() == source.read_bytes()
    assert blobs.put_bytes(source.read_bytes(), "again").sha256 == reference.sha256
    assert len([path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]) == 2
    assert BlobReference.model_validate(reference.model_dump(mode="json")) == reference


def test_damaged_blobs_are_noticed(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path / "blobs")
    reference = blobs.put_bytes(b"x" * 1000, "a.bin")
    path = blobs.path(reference)
    path.chmod(path.stat().st_mode | stat.S_IWUSR)
    path.write_bytes(b"x" * 999 + b"y")
    with pytest.raises(InputError, match=r"a\.bin is damaged"):
        blobs.read(reference)
    with pytest.raises(InputError, match="damaged"):
        blobs.copy(reference, tmp_path / "copy")
    assert [entry.name for entry in tmp_path.iterdir()] == ["blobs"]
    blobs.put_bytes(b"x" * 1000, "a.bin")
    assert blobs.read(reference) == b"x" * 1000
    path.unlink()
    with pytest.raises(InputError, match="missing"):
        blobs.read(reference)
    with pytest.raises(InputError, match="cannot be kept"):
        blobs.put(tmp_path / "none")


def test_a_query_loads_neither_maggma_nor_pymatgen() -> None:
    script = (
        "import sys; import lianode.hpc.store, lianode.hpc.stores.sqlite; "
        "print([name for name in ('maggma', 'pymongo', 'jobflow', 'pymatgen', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
