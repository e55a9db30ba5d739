"""Who is answered: names of the server, tokens, methods, and what browsers are told."""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING, Any

import pytest

from lianode.hpc.serve.guard import is_loopback, names_of
from lianode.hpc.serve.token import FILE, VARIABLE, read_token
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "a-token-of-some-length"  # noqa: S105  made up


@pytest.mark.parametrize(
    "host", ["example.org", "127.0.0.1.example.org", "attacker.localhost.example", "", "10.0.0.7", "[::2]:80", "a:b:c"]
)
def test_names_of_others_are_refused(site: Any, host: str) -> None:
    """A page whose name was made to point here (DNS rebinding) asks by its own name."""
    answer = site.get("/", Host=host)
    assert answer.status == 421
    assert "Li-In" not in answer.text


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST."])
def test_names_of_loopback_are_answered(site: Any, host: str) -> None:
    assert site.get("/", Host=f"{host}:{site.port}").status == 200
    assert site.get("/", Host=host).status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_nothing_is_changed(site: Any, method: str) -> None:
    answer = site.get("/", method)
    assert answer.status == 405
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/nowhere", "/result/none", "/optimade/v1/info", "/?page=x"])
def test_what_browsers_are_told(site: Any, path: str) -> None:
    headers = site.get(path, Origin="http://example.org").headers
    assert not [name for name in headers if name.startswith("access-control")]
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


@pytest.fixture
def locked(store: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    from lianode_test_serving import served

    monkeypatch.setenv(VARIABLE, TOKEN)
    with served(store, with_token=True) as running:
        yield running


def test_a_token_opens(locked: Any, capfd: pytest.CaptureFixture[str]) -> None:
    for headers in ({}, {"Cookie": "lianode_token=wrong"}, {"Authorization": "Bearer wrong"}, {"Cookie": "\x01;;=="}):
        answer = locked.get("/", **headers)
        assert answer.status == 401
        assert "Li-In" not in answer.text
    assert locked.get("/?token=wrong").status == 401
    assert locked.get("/optimade/v1/structures").status == 401
    assert locked.get("/?token=" + TOKEN, Host="example.org").status == 421
    assert locked.address.endswith(f"/?token={TOKEN}")

    welcome = locked.get(f"/?property=hull&token={TOKEN}")
    assert welcome.status == 303
    assert welcome.headers["location"] == "/?property=hull"  # the token leaves the address
    cookie = welcome.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert locked.get("/", Cookie=cookie.split(";")[0]).status == 200
    assert locked.get("/optimade/v1/structures", Authorization=f"Bearer {TOKEN}").status == 200
    said = capfd.readouterr()
    assert TOKEN not in said.out + said.err


def test_a_welcome_stays_on_this_server(locked: Any) -> None:
    assert locked.get(f"//example.org/?token={TOKEN}").headers["location"] == "/example.org/"
    assert locked.get(f"/%5Cexample.org?token={TOKEN}").headers["location"].startswith("/example.org")


def test_beyond_loopback_a_token_is_needed(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from lianode_test_serving import served

    monkeypatch.setenv(VARIABLE, TOKEN)
    with served(store, "0.0.0.0") as running:  # noqa: S104  what is tested
        assert running.get("/").status == 401
        assert running.get("/", Authorization=f"Bearer {TOKEN}").status == 200
        assert running.get("/", Authorization=f"Bearer {TOKEN}", Host="192.168.3.4:1").status == 200
        assert running.get("/", Authorization=f"Bearer {TOKEN}", Host="example.org").status == 421


def test_a_new_token_is_kept_for_its_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    token = read_token(tmp_path)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token)
    file = tmp_path / FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read_token(tmp_path) == token
    file.chmod(0o640)
    with pytest.raises(InputError, match="others may read"):
        read_token(tmp_path)
    file.unlink()
    file.symlink_to(tmp_path / "other")
    (tmp_path / "other").write_text(token)
    (tmp_path / "other").chmod(0o600)
    with pytest.raises(InputError, match="others may read"):
        read_token(tmp_path)


@pytest.mark.parametrize("token", ["", "short", "with blanks and more", "x" * 201, "semicolons;are;separators"])
def test_a_token_that_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setenv(VARIABLE, token)
    with pytest.raises(InputError, match="16 to 200"):
        read_token(tmp_path)


def test_what_loopback_is() -> None:
    assert is_loopback("127.0.0.1")
    assert is_loopback("::1")
    assert is_loopback("localhost")
    assert not is_loopback("0.0.0.0")  # noqa: S104
    assert not is_loopback("node1.cluster")
    assert "localhost" in names_of("127.0.0.1")
