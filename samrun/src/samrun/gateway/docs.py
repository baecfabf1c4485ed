"""Docs of the API: its OpenAPI document at /openapi.json, and a page to read and try it at /docs. Both work offline."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from swagger_ui_bundle import swagger_ui_path

from samrun.gateway.responses import message_response
from samrun.template.model.http_apis import HttpApi

_STATIC = Path(__file__).with_name("static")
_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"


def docs(api: HttpApi) -> Starlette:
    """Return the application for the paths without a route: the docs if the API has a document, else 404."""
    return Starlette(
        routes=_pages(api, api.openapi_document) if api.openapi_document else [],
        exception_handlers={HTTPException: lambda _request, _error: message_response(404, "Not Found")},
    )


def _pages(api: HttpApi, document: Path) -> list[BaseRoute]:
    def openapi(_: Request) -> Response:
        try:
            content = document.read_bytes()  # on each request, so that a change shows at once
        except OSError as error:
            return message_response(
                404,
                f"{document} cannot be read: {error.strerror}. Metadata.OpenApiDocument of {api.logical_id} "
                "in the template names this file. Create it, or name another file.",
            )
        return Response(content, media_type="application/json", headers={"cache-control": "no-store"})

    def page(_: Request) -> Response:
        return FileResponse(_STATIC / "index.html", headers={"content-security-policy": _POLICY})

    return [
        Route("/openapi.json", openapi),
        Route("/docs", page),
        Mount("/docs/static", StaticFiles(directory=_STATIC)),
        Mount("/docs/swagger-ui", StaticFiles(directory=swagger_ui_path)),
    ]
