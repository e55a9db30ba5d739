"""Who may ask, and what a browser may do with the answer.

A page that another site serves must not read results through the reader's browser: requests have to name this server
(a name that resolves to it, as in DNS rebinding, is not enough), nothing is shared across origins, and no page may
embed another or load anything from elsewhere. Beyond loopback, and where it is asked for, a token is needed as well.
"""

from __future__ import annotations

import hmac
import ipaddress
import socket
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlencode

from starlette.responses import PlainTextResponse, RedirectResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE: Final = "lianode_token"
PARAMETER: Final = "token"
METHODS: Final = frozenset({"GET", "HEAD"})
LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def names_of(host: str) -> frozenset[str]:
    """Return the names by which a server at an address may be asked for."""
    if is_loopback(host):
        return LOOPBACK_NAMES | {host}
    own = {socket.gethostname(), socket.getfqdn()}
    return frozenset({host.lower(), *(name.lower() for name in own)}) | LOOPBACK_NAMES


@dataclass(frozen=True)
class Guard:
    """Lets requests through that may be answered.

    Attributes
    ----------
    app
        What answers.
    names
        Host names it answers to.
    any_address
        Whether it also answers to any address that is a number: a name of another site is none.
    token
        What a reader has to show; None for nothing.
    policy
        Content-Security-Policy of every answer.
    """

    app: ASGIApp
    names: frozenset[str]
    any_address: bool
    token: str | None
    policy: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope, headers)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"], *HEADERS, (b"content-security-policy", self.policy.encode("ascii")),
                ]  # fmt: skip
            await send(message)

        await (self.app if refusal is None else refusal)(scope, receive, guarded)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> ASGIApp | None:
        if not self._names_us(headers.get("host", "")):
            return PlainTextResponse("This server does not go by that name.\n", 421)
        if scope["method"] not in METHODS:
            return PlainTextResponse("Results are only read here.\n", 405, {"allow": "GET, HEAD"})
        if self.token is None:
            return None
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = [value for name, value in query if name == PARAMETER]
        if any(self._is_token(value) for value in given):
            return self._welcome(scope["path"], [pair for pair in query if pair[0] != PARAMETER])
        if self._is_token(_cookie(headers)) or self._is_token(_bearer(headers)):
            return None
        return PlainTextResponse("Open the address that `lianode serve` printed, with its token.\n", 401)

    def _names_us(self, host: str) -> bool:
        name, _, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
        name = (name if port.isdecimal() else host).strip("[]").lower().rstrip(".")
        if name in self.names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return self.any_address

    def _is_token(self, given: str) -> bool:
        return self.token is not None and hmac.compare_digest(given.encode(), self.token.encode())

    def _welcome(self, path: str, query: list[tuple[str, str]]) -> RedirectResponse:
        """Keep the token in a cookie of this browser, and take it out of the address."""
        # two slashes at the beginning would name another host
        place = "/" + path.lstrip("/\\") + (f"?{urlencode(query)}" if query else "")
        answer = RedirectResponse(place, 303)
        answer.set_cookie(COOKIE, self.token or "", httponly=True, samesite="strict", path="/")
        return answer


def _cookie(headers: dict[str, str]) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return "" if found is None else found.value


def _bearer(headers: dict[str, str]) -> str:
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""
