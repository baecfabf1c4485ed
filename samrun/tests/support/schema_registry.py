"""Schema registry of Confluent's kind for tests: its API, as far as serializers and samrun call it."""

import base64
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from support.web_server import serve_in_thread

NOT_FOUND = JSONResponse({"error_code": 40403, "message": "Schema not found"}, status_code=404)


class FakeRegistry:
    """A registry that keeps schemas in memory. `requests` are the paths that were asked for, `schemas` its answers.

    With `credentials`, it wants this user and password. While `broken` is set, it answers with an error.
    """

    def __init__(self) -> None:
        self.url = ""
        self.credentials: tuple[str, str] | None = None
        self.broken = threading.Event()
        self.requests: list[str] = []
        self.schemas: dict[int, dict[str, Any]] = {}
        self._ids: dict[str, int] = {}

    def register(
        self,
        definition: object,
        kind: str = "AVRO",
        *,
        subject: str = "subject",
        references: Sequence[Mapping[str, Any]] = (),
    ) -> int:
        """Keep a schema, of Protobuf in its serialized form in base64, and return its id."""
        text = definition if isinstance(definition, str) else json.dumps(definition)
        schema_id = len(self.schemas) + 1
        schema = {"schema": text, "references": list(references)}
        self.schemas[schema_id] = schema | ({} if kind == "AVRO" else {"schemaType": kind})
        self._ids[subject] = schema_id
        return schema_id

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/schemas/types", self._answer_types),
                Route("/schemas/ids/{id:int}", self._answer_schema),
                Route("/subjects/{subject}/versions/{version}", self._answer_version),
                Route("/subjects/{subject}/versions", self._register, methods=["POST"]),
            ]
        )

    async def _answer_types(self, request: Request) -> Response:
        return self._refusal(request) or JSONResponse(["AVRO", "JSON", "PROTOBUF"])

    async def _answer_schema(self, request: Request) -> Response:
        schema = self.schemas.get(request.path_params["id"])
        return self._refusal(request) or (JSONResponse(schema) if schema else NOT_FOUND)

    async def _answer_version(self, request: Request) -> Response:
        schema_id = self._ids.get(request.path_params["subject"])
        return self._refusal(request) or (
            JSONResponse(self.schemas[schema_id] | {"id": schema_id}) if schema_id else NOT_FOUND
        )

    async def _register(self, request: Request) -> Response:
        wanted = await request.json()
        schema_id = self.register(
            wanted["schema"], wanted.get("schemaType", "AVRO"), subject=request.path_params["subject"]
        )
        return JSONResponse({"id": schema_id})

    def _refusal(self, request: Request) -> Response | None:
        self.requests.append(request.url.path)
        if self.broken.is_set():
            return JSONResponse({"error_code": 50001, "message": "Error in the backend data store"}, status_code=500)
        if self.credentials:
            encoded = base64.b64encode(":".join(self.credentials).encode()).decode()
            if request.headers.get("authorization") != f"Basic {encoded}":
                return JSONResponse({"error_code": 401, "message": "Unauthorized"}, status_code=401)
        return None


@contextmanager
def running_registry() -> Iterator[FakeRegistry]:
    """Serve a registry while the context lasts."""
    registry = FakeRegistry()
    with serve_in_thread(registry.app()) as url:
        registry.url = url
        yield registry


def framed(schema_id: int, content: bytes) -> bytes:
    """Return a content as Confluent's serializers write it: behind the byte 0 and the id of its schema."""
    return b"\0" + schema_id.to_bytes(4, "big") + content
