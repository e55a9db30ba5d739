"""The application: which address shows what."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount, Route

from lianode.hpc.provenance import explain
from lianode.hpc.serve.asked import asked
from lianode.hpc.serve.frame import policy, refusal
from lianode.hpc.serve.guard import Guard, is_loopback, names_of
from lianode.hpc.serve.listing import listing
from lianode.hpc.serve.result import result
from lianode.structures.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from lianode.hpc.store import ResultsStore

ANY_ADDRESS: Final = frozenset({"0.0.0.0", "::", "[::]"})  # noqa: S104  compared with, not listened on


def application(store: ResultsStore, *, host: str = "127.0.0.1", token: str | None = None) -> ASGIApp:
    """Return the pages of a store and its OPTIMADE endpoint.

    Parameters
    ----------
    store
        Only read.
    host
        Address that is listened on.
    token
        What readers have to show; None for nothing.
    """
    from lianode.hpc.serve.optimade.routes import optimade_routes

    def results(request: Request) -> Response:
        return listing(store, asked(request.query_params.multi_items()))

    def one(request: Request) -> Response:
        return result(store, request.path_params["key"])

    def one_as_json(request: Request) -> Response:
        found = explain(store, request.path_params["key"]).model_dump(mode="json")
        return Response(json.dumps(found, ensure_ascii=True, indent=1), media_type="application/json")

    routes = [
        Route("/", results),
        Route("/result/{key}.json", _or_not_found(one_as_json)),
        Route("/result/{key}", _or_not_found(one)),
        Mount("/optimade", routes=optimade_routes(store)),
    ]
    handlers: dict[Any, Any] = {InputError: _bad_words, 404: _not_found, 500: _failed}
    app = Starlette(routes=routes, exception_handlers=handlers)
    numbers = host in ANY_ADDRESS or not is_loopback(host)
    return Guard(app, names_of(host), numbers, token, policy())


def _or_not_found(endpoint: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """Let a key that is not there be a page that is not there."""

    def found(request: Request) -> Response:
        try:
            return endpoint(request)
        except InputError as error:
            return refusal(str(error), 404)

    return found


def _bad_words(_request: Request, error: Exception) -> Response:
    return refusal(str(error), 400)


def _not_found(_request: Request, _error: Exception) -> Response:
    return refusal("There is nothing at this address.", 404)


def _failed(_request: Request, _error: Exception) -> Response:
    return refusal("The page could not be made; the terminal of `lianode serve` says why.", 500)
