"""The addresses of the OPTIMADE endpoint.

Written for the store, and not on the server of ``optimade-python-tools``: that one is configured by a file for the
whole process, keeps structures in MongoDB or in a list of dictionaries, and brings FastAPI. Its validator accepts this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from lianode.analysis.report.blocks import Facts
from lianode.analysis.report.markup import tag
from lianode.analysis.report.written import Writer
from lianode.hpc.serve.frame import page as html_page
from lianode.hpc.serve.optimade.answers import API_VERSION, answer, base_url, refusal
from lianode.hpc.serve.optimade.described import FILTERED, KINDS, SORTABLE, properties, unknown_here
from lianode.hpc.serve.optimade.entries import Entries, ordered
from lianode.hpc.serve.optimade.fields import PREFIX
from lianode.hpc.serve.optimade.filters import NotImplementedFilterError, compiled
from lianode.structures.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from lianode.hpc.store import ResultsStore

SAID: Final = (
    "Clients of the OPTIMADE standard (https://www.optimade.org) find the structures of finished calculations here, "
    "with what was derived from them. Structures of rehearsals are left out."
)
PER_PAGE: Final = 20
MOST_PER_PAGE: Final = 500
WORDS: Final = ("filter", "response_format", "email_address", "response_fields", "sort", "page_limit", "page_offset",
                "include", "api_hint", "property_ranges")  # fmt: skip
_VERSIONS: Final = ("v1", "v1.2", "v1.2.0")


def optimade_routes(store: ResultsStore) -> list[BaseRoute]:
    """Return the addresses below ``/optimade``."""
    endpoint = _Endpoint(Entries(store))
    common: list[BaseRoute] = [
        Route("/info", endpoint.answering(endpoint.info)),
        Route("/info/{entry}", endpoint.answering(endpoint.info_of)),
        Route("/links", endpoint.answering(endpoint.links)),
        Route("/structures", endpoint.answering(endpoint.structures)),
        Route("/structures/{id}", endpoint.answering(endpoint.structure)),
    ]
    return [
        Route("/", _welcome),
        Route("/versions", _versions),
        *(Mount(f"/{version}", routes=[*common, Route("/{rest:path}", endpoint.answering(_nothing))])
          for version in _VERSIONS),
        *common,
        Route("/{rest:path}", endpoint.answering(_nothing)),
    ]  # fmt: skip


class _NotFoundError(InputError):
    """There is no such thing."""


class _Endpoint:
    def __init__(self, entries: Entries) -> None:
        self._entries = entries

    def answering(self, ask: Callable[[Request], Response]) -> Callable[[Request], Response]:
        """Let what is wrong with a request be an answer of the standard."""

        def answered(request: Request) -> Response:
            try:
                _check_words(request)
                return ask(request)
            except _NotFoundError as error:
                return refusal(request, 404, str(error))
            except NotImplementedFilterError as error:
                return refusal(request, 501, str(error))
            except InputError as error:
                return refusal(request, 400, str(error))

        return answered

    def info(self, request: Request) -> Response:
        place = base_url(request).removesuffix("/").rsplit("/v1", 1)[0]
        attributes = {
            "api_version": API_VERSION,
            "available_api_versions": [{"url": f"{place}/v1", "version": API_VERSION}],
            "formats": ["json"],
            "entry_types_by_format": {"json": ["structures"]},
            "available_endpoints": ["info", "links", "structures"],
            "is_index": False,
        }
        return answer(request, {"data": {"type": "info", "id": "/", "attributes": attributes}})

    def info_of(self, request: Request) -> Response:
        if request.path_params["entry"] != "structures":
            raise _NotFoundError("only structures are described")
        data = {
            "id": "structures",
            "type": "info",
            "description": "Structures of finished calculations; those of rehearsals are left out.",
            "formats": ["json"],
            "properties": properties(),
            "output_fields_by_format": {"json": list(KINDS)},
        }
        return answer(request, {"data": data})

    def links(self, request: Request) -> Response:
        root = {
            "id": PREFIX,
            "type": "links",
            "attributes": {
                "name": "lianode",
                "description": "This project.",
                "base_url": base_url(request).rsplit("/v1", 1)[0],
                "homepage": None,
                "link_type": "root",
            },
        }
        return answer(request, {"data": [root]}, data_returned=1, data_available=1)

    def structures(self, request: Request) -> Response:
        words = request.query_params
        rows = self._entries.rows()
        available = len(rows)
        if words.get("filter", "").strip():
            holds = compiled(words["filter"], FILTERED, PREFIX, unknown_here())
            rows = [row for row in rows if holds(row) is True]
        rows = ordered(rows, _order(words.get("sort", "")))
        limit, offset = _number(words, "page_limit", PER_PAGE), _number(words, "page_offset", 0)
        if not 1 <= limit <= MOST_PER_PAGE:
            raise InputError(f"page_limit is between 1 and {MOST_PER_PAGE}")
        more = offset + limit < len(rows)
        found = self._entries.whole(rows[offset : offset + limit])
        fields = _response_fields(words)
        content = {
            "data": [_resource(row, fields) for row in found],
            "links": {"next": _next(request, offset + limit) if more else None},
        }
        return answer(
            request, content,
            data_returned=len(rows), data_available=available, more_data_available=more,
        )  # fmt: skip

    def structure(self, request: Request) -> Response:
        wanted = request.path_params["id"]
        found = self._entries.whole([row for row in self._entries.rows() if row["id"] == wanted])
        fields = _response_fields(request.query_params)
        data = _resource(found[0], fields) if found else None
        return answer(request, {"data": data}, data_returned=len(found), data_available=len(self._entries.rows()))


def _resource(row: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    """Return a structure with the fields that were asked for; what is not known is null."""
    chosen = {name: row.get(name) for name in fields if name not in {"id", "type"}}
    return {"id": row["id"], "type": "structures", "attributes": chosen}


def _response_fields(words: Mapping[str, str]) -> list[str]:
    asked = [name for name in words.get("response_fields", "").split(",") if name]
    for name in asked:
        if name not in KINDS and not name.startswith("_") and name not in unknown_here():
            raise InputError(f"structures have no field '{name}'{nearest(name, list(KINDS))}")
    return asked or list(KINDS)


def _order(text: str) -> list[tuple[str, bool]]:
    fields = [(name.removeprefix("-"), name.startswith("-")) for name in text.split(",") if name]
    for name, _ in fields:
        if name not in SORTABLE:
            raise InputError(f"structures are not sorted by '{name}'{nearest(name, sorted(SORTABLE))}")
    return fields


def _number(words: Mapping[str, str], name: str, usual: int) -> int:
    written = words.get(name, str(usual))
    if not written.isdecimal() or len(written) > 9:
        raise InputError(f"{name} is a whole number that is not negative")
    return int(written)


def _check_words(request: Request) -> None:
    for name in request.query_params:
        if name not in WORDS and not name.startswith("_"):
            raise InputError(f"there is no word '{name}'{nearest(name, WORDS)}")
    if request.query_params.get("response_format", "json") != "json":
        raise InputError("answers are JSON")
    if request.query_params.get("include", ""):
        raise InputError("structures have no related entries to include")


def _next(request: Request, offset: int) -> str:
    words = {**request.query_params, "page_offset": str(offset)}
    return f"{request.url.scheme}://{request.url.netloc}{request.url.path}?{urlencode(words)}"


def _nothing(request: Request) -> Response:
    first = request.path_params["rest"].split("/")[0]
    if first[:1] == "v" and first[1:2].isdecimal() and first not in _VERSIONS:
        versioned = base_url(request).rsplit("/", 1)[-1] in _VERSIONS
        return refusal(request, 404 if versioned else 553, f"this endpoint speaks version {API_VERSION}")
    raise _NotFoundError("there is nothing at this address")


def _versions(_request: Request) -> Response:
    return PlainTextResponse("version\n1\n", media_type="text/csv; header=present")


def _welcome(request: Request) -> Response:
    """Return a page for people who open the address in a browser."""
    place = f"{base_url(request)}/v1/structures"
    example = f'elements HAS ALL "Li","In" AND _{PREFIX}_energy_above_hull_per_atom<0.01'
    link = tag("a", f"{place}?filter={example}", href=f"{place}?{urlencode({'filter': example})}")
    fields = {
        name: f"{said['description']}{' (' + said['unit'] + ')' if said['unit'] else ''}"
        for name, said in properties().items()
    }
    parts = [
        tag("p", SAID),
        tag("dl", tag("div", tag("dt", "address for clients"), tag("dd", base_url(request))),
            tag("div", tag("dt", "example"), tag("dd", link))),
        tag("h2", "Fields"), Writer().block(Facts(facts=fields)),
    ]  # fmt: skip
    return html_page("OPTIMADE", parts)
