"""Answers of the endpoint: JSON:API documents with what the standard wants to know of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response

from lianode.hpc.serve.optimade.fields import PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

API_VERSION: Final = "1.2.0"
SCHEMA: Final = "https://schemas.optimade.org/openapi/v1.2/optimade.json"
TITLES: Final = {
    400: "Bad Request",
    404: "Not Found",
    500: "Internal Server Error",
    501: "Not Implemented",
    553: "Version Not Supported",
}


def answer(request: Request, content: Mapping[str, Any], *, status: int = 200, **counted: Any) -> Response:
    """Return an answer.

    Parameters
    ----------
    request
        That it is to.
    content
        ``data`` or ``errors``, and ``links``.
    status
        HTTP status.
    **counted
        ``data_returned``, ``data_available`` and ``more_data_available``, where there is something to count.
    """
    path = request.url.path.removeprefix(base_path(request))
    query = f"?{request.url.query}" if request.url.query else ""
    meta = {
        "query": {"representation": f"{path}{query}"},
        "api_version": API_VERSION,
        "more_data_available": False,
        "schema": SCHEMA,
        "time_stamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "provider": {
            "name": "lianode",
            "description": "Structures and properties of one project of lianode.",
            "prefix": PREFIX,
        },
        "implementation": {"name": "lianode", "version": version("lianode")},
        **counted,
    }
    body = json.dumps({"links": {"next": None}, **content, "meta": meta}, ensure_ascii=True, allow_nan=False)
    return Response(body, status, media_type="application/vnd.api+json")


def refusal(request: Request, status: int, sentence: str) -> Response:
    """Return why there is no other answer."""
    error = {"status": str(status), "title": TITLES[status], "detail": sentence}
    return answer(request, {"errors": [error], "data": []}, status=status)


def base_path(request: Request) -> str:
    """Return where the endpoint stands, with the version that was asked for: ``/optimade/v1``."""
    return str(request.scope.get("root_path", "")).rstrip("/")


def base_url(request: Request) -> str:
    """Return the same with the name of the server."""
    return f"{request.url.scheme}://{request.url.netloc}{base_path(request)}"
