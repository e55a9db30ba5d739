"""Files that are not a usable results store: one clear sentence each."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from lianode.hpc.stores import filesystem
from lianode.hpc.stores.collection import STORE_VERSION, CollectionSpec
from lianode.hpc.stores.filesystem import filesystem_type, is_network, require_local
from lianode.hpc.stores.sqlite import SQLiteDatabase
from lianode.hpc.stores.sqlite_file import APPLICATION_ID
from lianode.structures.errors import InputError

SPEC = CollectionSpec("things", ("key",), indexes=(("system",),))


def filled(path: Path, count: int = 400) -> None:
    database = SQLiteDatabase(path)
    database.collection(SPEC).put(
        {"key": f"{n:05d}", "system": f"s{n % 5}", "text": f"{n:04d}" * 500} for n in range(count)
    )
    database.close()


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as refused:
        SQLiteDatabase(path)
    assert refused.value.where is not None
    assert str(path.parent) in refused.value.where
    assert "\n" not in str(refused.value)
    return refused.value.message


def test_a_new_store_is_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    SQLiteDatabase(tmp_path / "a.db").close()
    assert [path.name for path in tmp_path.iterdir()] == ["a.db"]
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA user_version").fetchone() == (STORE_VERSION,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_commits_are_durable(tmp_path: Path) -> None:
    database = SQLiteDatabase(tmp_path / "a.db")
    with database.file.transaction() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL: the log is synced at each commit


def test_text_file(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("not a database, but long enough to have a header\n" * 30)
    assert "not a SQLite file" in refusal(tmp_path / "a.db")


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.db").touch()
    assert "empty" in refusal(tmp_path / "a.db")


def test_sqlite_file_of_another_program(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        connection.execute("CREATE TABLE systems (id INTEGER)")
        connection.commit()
    assert "another program" in refusal(tmp_path / "a.db")


def test_newer_version(tmp_path: Path) -> None:
    SQLiteDatabase(tmp_path / "a.db", version=STORE_VERSION + 4).close()
    assert f"version {STORE_VERSION + 4}" in refusal(tmp_path / "a.db")
    assert "newer lianode" in refusal(tmp_path / "a.db")


def test_older_version(tmp_path: Path) -> None:
    SQLiteDatabase(tmp_path / "a.db", version=STORE_VERSION - 1).close()
    assert "lianode store upgrade" in refusal(tmp_path / "a.db")


def test_folder_given(tmp_path: Path) -> None:
    (tmp_path / "a.db").mkdir()
    assert "folder" in refusal(tmp_path / "a.db")


def test_folder_missing(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "missing" / "a.db")


def test_folder_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "does not exist" in refusal(tmp_path / "file" / "a.db")


def test_dangling_link(tmp_path: Path) -> None:
    (tmp_path / "a.db").symlink_to(tmp_path / "gone.db")
    assert "cannot be read" in refusal(tmp_path / "a.db")


def test_truncated_file(tmp_path: Path) -> None:
    filled(tmp_path / "a.db")
    os.truncate(tmp_path / "a.db", 6000)
    assert "damaged" in refusal(tmp_path / "a.db")


def test_header_only(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 2000)
    assert "damaged" in refusal(tmp_path / "a.db")


def test_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may write everywhere, so the answer of the system is made up."""
    monkeypatch.setattr(os, "access", lambda _, mode: not mode & os.W_OK)
    assert "cannot be written" in refusal(tmp_path / "a.db")


def test_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tmp_path / "a.db", 1)
    monkeypatch.setattr(os, "access", lambda path, _: Path(path).is_dir())
    assert "permissions" in refusal(tmp_path / "a.db")


@pytest.mark.parametrize(
    "portion", [b"\xff" * 4096, b"\0" * 20000, bytes(range(256)) * 60], ids=["ff", "zeros", "count"]
)
@pytest.mark.parametrize("place", [0.05, 0.3, 0.6, 0.95])
def test_overwritten_in_the_middle(tmp_path: Path, portion: bytes, place: float) -> None:
    """Whatever is read afterwards is right, or is a clear refusal; the full check always notices."""
    path = tmp_path / "a.db"
    filled(path)
    with path.open("r+b") as file:
        file.seek(int(path.stat().st_size * place))
        file.write(portion)
    with pytest.raises(InputError, match="damaged"):
        read_all(path)


def read_all(path: Path) -> None:
    database = SQLiteDatabase(path)
    for document in database.collection(SPEC).find():
        assert document["text"] == document["key"][1:] * 500
    database.check()


@pytest.mark.parametrize("seed", range(40))
def test_random_damage_never_ends_in_a_traceback(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "a.db"
    filled(path, 60)
    source = random.Random(seed)  # noqa: S311  nothing secret
    with path.open("r+b") as file:
        for _ in range(source.choice([1, 3])):
            file.seek(source.choice([source.randrange(path.stat().st_size), source.randrange(16, 24_000)]))
            file.write(
                source.choice([source.randbytes, bytes, lambda n: b"\xff" * n])(source.choice([1, 8, 100, 3000]))
            )
    with suppress(InputError):
        database = SQLiteDatabase(path)
        things = database.collection(SPEC)
        for use in (
            lambda: list(things.find()),
            lambda: things.count({"system": "s1"}),
            lambda: things.distinct("system"),
            lambda: things.find_one(sort=[("system", -1)]),
            lambda: things.put([{"key": "new"}]),
            lambda: things.compare_and_set(0, {"key": "00005", "revision": 1}),
            lambda: things.remove({"system": "s2"}),
            lambda: things.ensure_index(["text"]),
            database.check,
        ):
            with suppress(InputError):
                use()


def test_writing_into_a_damaged_store(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    filled(path)
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 4096))
    with pytest.raises(InputError, match="damaged"):
        SQLiteDatabase(path).collection(SPEC).put([{"key": "new"}])


def test_store_removed_while_in_use(tmp_path: Path) -> None:
    database = SQLiteDatabase(tmp_path / "a.db")
    collection = database.collection(SPEC)
    database.close()
    (tmp_path / "a.db").unlink()
    with pytest.raises(InputError, match="cannot be opened"):
        collection.count()


def test_full_disk(tmp_path: Path) -> None:
    database = SQLiteDatabase(tmp_path / "a.db")
    collection = database.collection(SPEC)
    collection.put([{"key": "kept"}])
    with database.file.transaction() as connection:
        connection.execute("PRAGMA max_page_count = 40")
    with pytest.raises(InputError, match="disk is full"):
        collection.put({"key": f"{n}", "text": "x" * 4000} for n in range(100))
    assert [document["key"] for document in collection.find()] == ["kept"]
    collection.put([{"key": "small"}])


def test_file_size_limit(tmp_path: Path) -> None:
    """A quota: the kernel refuses to make the file larger."""
    script = """
import resource, signal, sys
from pathlib import Path
from lianode.hpc.stores.collection import CollectionSpec
from lianode.hpc.stores.sqlite import SQLiteDatabase
from lianode.structures.errors import InputError
collection = SQLiteDatabase(Path(sys.argv[1])).collection(CollectionSpec("things", ("key",)))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    for number in range(200):
        collection.put([{"key": str(number), "text": "x" * 4000}])
except InputError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script, tmp_path / "a.db"], capture_output=True, text=True, check=True)
    assert "disk" in done.stdout
    SQLiteDatabase(tmp_path / "a.db").check()


def test_locked_by_another_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lianode.hpc.stores.sqlite_file.BUSY_TIMEOUT_S", 0.05)
    collection = SQLiteDatabase(tmp_path / "a.db").collection(SPEC)
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(InputError, match="locked"):
            collection.put([{"key": "a"}])
        assert collection.count() == 0
    collection.put([{"key": "a"}])


@pytest.mark.parametrize("name", ["", "Things", "a b", 'a"b', "lianode_collections", "sqlite_master", "1a"])
def test_collection_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="name for a collection"):
        SQLiteDatabase(tmp_path / "a.db").collection(CollectionSpec(name, ("key",)))


@pytest.mark.parametrize("field", ['a"b', "a b", "a.0", "a;", "KEY"])
def test_fields_that_cannot_be_indexed(tmp_path: Path, field: str) -> None:
    collection = SQLiteDatabase(tmp_path / "a.db").collection(SPEC)
    with pytest.raises(InputError, match="cannot be indexed"):
        collection.ensure_index([field])


def test_collection_with_another_key(tmp_path: Path) -> None:
    database = SQLiteDatabase(tmp_path / "a.db")
    database.collection(SPEC)
    with pytest.raises(InputError, match="kept by key, not by name"):
        database.collection(CollectionSpec("things", ("name",)))


NETWORK = ["nfs", "nfs4", "cifs", "smb3", "lustre", "gpfs", "beegfs", "ceph", "fuse.sshfs", "afs", "panfs"]
NETWORK += ["glusterfs", "9p"]
LOCAL = ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "fuseblk", "apfs", "f2fs", "fuse.fuse-overlayfs"]
MOUNTS = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
30 27 0:40 / /home rw,relatime shared:5 - nfs4 server:/home rw,vers=4.2
31 30 8:1 / /home/local rw - xfs /dev/sda1 rw
32 27 0:41 / /scratch rw master:3 - lustre 10.0.0.1@o2ib:/scratch rw
33 27 0:42 / /my\\040share rw - cifs //server/share rw
34 27 0:43 / /mnt/both rw - ext4 /dev/sdb1 rw
35 27 0:44 / /mnt/both rw - fuse.sshfs host: rw
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/data/a.db", "ext4"),
        ("/home/me/project/lianode.db", "nfs4"),
        ("/home/local/lianode.db", "xfs"),
        ("/homes/lianode.db", "ext4"),
        ("/scratch", "lustre"),
        ("/my share/lianode.db", "cifs"),
        ("/mnt/both/lianode.db", "fuse.sshfs"),
    ],
)
def test_longest_mount_prefix_wins(path: str, expected: str) -> None:
    assert filesystem_type(Path(path), MOUNTS) == expected


@pytest.mark.parametrize("kind", NETWORK)
def test_network_file_systems(kind: str) -> None:
    assert is_network(kind)
    with pytest.raises(InputError, match=r"network file system.*local disk.*mongodb"):
        require_local(Path("/x/lianode.db"), f"27 1 0:1 / / rw - {kind} a:/b rw\n")


@pytest.mark.parametrize("kind", LOCAL)
def test_local_file_systems(kind: str) -> None:
    assert not is_network(kind)
    require_local(Path("/x/lianode.db"), f"27 1 0:1 / / rw - {kind} a:/b rw\n")


def test_store_on_a_network_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "mountinfo"
    table.write_text("27 1 0:1 / / rw - nfs4 server:/ rw\n")
    monkeypatch.setattr(filesystem, "MOUNTINFO", table)
    assert "network file system (nfs4)" in refusal(tmp_path / "lianode.db")
    assert not (tmp_path / "lianode.db").exists()


def test_system_that_does_not_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filesystem, "MOUNTINFO", tmp_path / "none")
    assert filesystem_type(tmp_path) is None
    SQLiteDatabase(tmp_path / "a.db")
