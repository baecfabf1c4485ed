"""Responses of custom resources: each request has a URL of its own, to which its function sends one."""

import asyncio
import json
import secrets
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from samrun.supervision.bounded_body import read_at_most

# Bytes: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
_LIMIT = 4096

ResourceResponse = dict[str, Any]


class ResourceResponses:
    """The answers that are awaited. `url` is that of `app`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._awaited: dict[str, asyncio.Future[ResourceResponse]] = {}
        self.app = Starlette(routes=[Route("/{token}", self._take, methods=["PUT"])])

    def expect(self) -> tuple[str, asyncio.Future[ResourceResponse]]:
        """Return the URL for an answer, and the answer."""
        token = secrets.token_urlsafe(16)
        self._awaited[token] = asyncio.get_running_loop().create_future()
        return f"{self._url}/{token}", self._awaited[token]

    async def _take(self, request: Request) -> Response:
        awaited = self._awaited.get(request.path_params["token"])
        if awaited is None:
            return Response(status_code=404)
        body = await read_at_most(request, _LIMIT)
        try:
            answer = json.loads(body or b"")
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            answer = {"Status": "FAILED", "Reason": f"its answer is not an object in JSON of {_LIMIT} bytes at most"}
        if not awaited.done():
            awaited.set_result(answer)
        return Response()
