"""The project's settings file."""

from __future__ import annotations

from pathlib import Path

import pytest

from lianode.hpc.settings import FILE_NAME, MongoSettings, SQLiteSettings, find_project, load_settings, write_default
from lianode.hpc.store import open_project
from lianode.structures.errors import InputError


def load(folder: Path, text: str | bytes) -> object:
    file = folder / FILE_NAME
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_settings(file)


def test_template_gives_the_defaults(tmp_path: Path) -> None:
    settings = load_settings(write_default(tmp_path))
    assert settings.store == SQLiteSettings(path=Path("lianode.db"))
    assert (settings.runs, settings.blobs, settings.workers) == (Path("runs"), Path("blobs"), None)
    assert settings.resolve(settings.runs) == tmp_path / "runs"
    assert settings.resolve(Path("~/x")) == Path.home() / "x"
    assert settings.resolve(Path("/abs")) == Path("/abs")


def test_commented_mongodb_part_of_the_template_is_right(tmp_path: Path) -> None:
    template = write_default(tmp_path).read_text().split("# [store]")[1]
    lines = [line.removeprefix("# ") for line in template.splitlines()]
    settings = load_settings((tmp_path / FILE_NAME).rename(tmp_path / "old"))
    (tmp_path / FILE_NAME).write_text("\n".join(["[store]", *lines]))
    settings = load_settings(tmp_path / FILE_NAME)
    assert isinstance(settings.store, MongoSettings)
    assert settings.store.uri == "mongodb://user@host:27017"


def test_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("")
    assert load_settings(tmp_path / FILE_NAME).store == SQLiteSettings()


def test_a_settings_file_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("workers = 3\n")
    with pytest.raises(InputError, match="already"):
        write_default(tmp_path)
    assert (tmp_path / FILE_NAME).read_text() == "workers = 3\n"
    with pytest.raises(InputError, match="cannot be written"):
        write_default(tmp_path / "missing")


def test_the_nearest_settings_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    outer = write_default(tmp_path)
    assert find_project(deep) == outer
    inner = write_default(tmp_path / "a")
    monkeypatch.chdir(deep)
    assert find_project() == inner
    (tmp_path / "a" / FILE_NAME).unlink()
    outer.unlink()
    with pytest.raises(InputError, match="lianode init"):
        find_project(deep)


def test_project_opens_from_a_folder_inside(tmp_path: Path) -> None:
    write_default(tmp_path)
    (tmp_path / "inside").mkdir()
    store = open_project(tmp_path / "inside")
    assert store.run_directory("k") == tmp_path / "runs" / "k"
    assert (tmp_path / "lianode.db").is_file()
    store.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("wokers = 2", ["key 'wokers'", "did you mean 'workers'?"]),
        ("[store]\npth = 'a.db'", ["key 'store.pth'", "did you mean 'path'?"]),
        ("[stor]\npath = 'a.db'", ["key 'stor'", "did you mean 'store'?"]),
        ("project = '/x'", ["key 'project'", "not known"]),
        ("file = '/x'", ["key 'file'", "not known"]),
        ("[store]\nkind = 'sqllite'", ["store.kind", "did you mean 'sqlite'?"]),
        ("[store]\nkind = 1", ["store.kind"]),
        ("[store]\nkind = 'mongodb'", ["store.uri", "missing"]),
        ("[store]\nkind = 'sqlite'\nuri = 'mongodb://h'", ["store.uri", "not known"]),
        ("[store]\nkind = 'mongodb'\nuri = 'http://h'", ["store.uri", "mongodb://"]),
        ("[store]\nkind = 'mongodb'\nuri = 'mongodb://h'\ndatabase = 'a/b'", ["store.database"]),
        ("store = 'lianode.db'", ["key 'store'", "[store]"]),
        ("workers = 0", ["key 'workers'", "greater than or equal to 1"]),
        ("workers = -2", ["key 'workers'"]),
        ("workers = 'many'", ["key 'workers'", "integer"]),
        ("workers = 1.5", ["key 'workers'", "integer"]),
        ("workers = true", ["key 'workers'", "integer"]),
        ("runs = 3", ["key 'runs'", "path"]),
        ("workers = 2\nruns 'x'", ["line 2", "not TOML"]),
        ("workers = 2\nworkers = 3", ["end of document", "not TOML"]),
        ("store:\n  path: x", ["line 1", "not TOML"]),
        (b"runs = '\xff'", ["UTF-8"]),
    ],
    ids=str,
)
def test_mistakes_get_one_sentence(tmp_path: Path, text: str | bytes, expected: list[str]) -> None:
    with pytest.raises(InputError) as refused:
        load(tmp_path, text)
    message = str(refused.value)
    assert str(tmp_path / FILE_NAME) in message
    assert "\n" not in message
    for part in expected:
        assert part in message


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_settings(tmp_path / FILE_NAME)


@pytest.mark.parametrize(
    "uri",
    [
        "mongodb://user:hunter2@host",
        "mongodb+srv://user:hunter2@host/db",
        "mongodb://host/?tlsCertificateKeyFilePassword=hunter2",
        "mongodb://user@host/?authMechanismProperties=AWS_SESSION_TOKEN:hunter2",
    ],
)
def test_passwords_in_the_address_are_refused_and_not_repeated(tmp_path: Path, uri: str) -> None:
    with pytest.raises(InputError, match="LIANODE_MONGODB_PASSWORD") as refused:
        load(tmp_path, f"[store]\nkind = 'mongodb'\nuri = '{uri}'\n")
    assert "hunter2" not in str(refused.value)
    assert "hunter2" not in repr(refused.value.__context__)


def test_a_password_key_is_refused_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="password_file") as refused:
        load(tmp_path, "[store]\nkind = 'mongodb'\nuri = 'mongodb://h'\npassword = 'hunter2'\n")
    assert "hunter2" not in str(refused.value)
    assert "hunter2" not in repr(refused.value.__context__)
