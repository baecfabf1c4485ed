"""Docs of the API: its OpenAPI document at /openapi.json, and a page to read and try it at /docs. Both work offline."""

from collections.abc import Callable
from importlib.metadata import distribution
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from samrun.gateway.responses import message_response
from samrun.template.model.http_apis import HttpApi

_STATIC = Path(__file__).with_name("static")
# Swagger UI's own files. An import of the package that brings them would import Flask.
_SWAGGER_UI = Path(str(distribution("flask-swagger-ui").locate_file("flask_swagger_ui/dist")))
_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"


def docs(api: HttpApi, token: Callable[[], str | None]) -> Starlette:
    """Return the application for the paths without a route: the docs if the API has a document, else 404.

    The page sends the token that `token` returns, unless it is None, with the requests that people try.
    """
    return Starlette(
        routes=_pages(api, api.openapi_document, token) if api.openapi_document else [],
        exception_handlers={HTTPException: lambda _request, _error: message_response(404, "Not Found")},
    )


def _pages(api: HttpApi, document: Path, token: Callable[[], str | None]) -> list[BaseRoute]:
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

    def local_token(_: Request) -> Response:
        # A page of another origin cannot read it: no header allows that, and no browser takes it for a script.
        headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
        return Response(token() or "", media_type="text/plain", headers=headers)

    return [
        Route("/openapi.json", openapi),
        Route("/docs", page),
        Route("/docs/token", local_token),
        Mount("/docs/static", StaticFiles(directory=_STATIC)),
        Mount("/docs/swagger-ui", StaticFiles(directory=_SWAGGER_UI)),
    ]
