"""Samples: examples of OpenAPI documents, their fields, and what a form may ask for."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from samrun.console import console
from samrun.console.flow.api_operations import ApiOperation, operations_of
from samrun.console.flow.body_fields import fields_of, set_text, with_values
from samrun.console.flow.sample_sender import SampleRequest
from samrun.template.model.application import Application
from samrun.template.model.http_apis import HttpApi
from support.console_pages import page
from support.idle_stack import idle_stack


def application(folder: Path, document: Any, **options: Any) -> Application:
    file = folder / "openapi.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    api = HttpApi(logical_id="Api", routes=(), openapi_document=file, **options)
    return Application(functions=(), apis=(api,), mappings=(), schedules=(), resources=(), ignored=())


def document(content: Any, *, summary: str = "Place an order", **components: Any) -> dict[str, Any]:
    body = {"content": {"application/json": content}}
    return {"paths": {"/orders": {"post": {"summary": summary, "requestBody": body}}}, "components": components}


def operation(folder: Path, content: Any, **options: Any) -> ApiOperation:
    [found] = operations_of(application(folder, document(content, **options)))
    return found


@pytest.mark.parametrize(
    ("content", "example"),
    [
        ({"example": {"a": 1}}, {"a": 1}),
        ({"examples": {"first": {"value": {"a": 1}}, "second": {"value": {"a": 2}}}}, {"a": 1}),
        ({"examples": {"first": {"$ref": "#/components/examples/E"}}}, {"a": 3}),
        ({"schema": {"$ref": "#/components/schemas/S"}}, {"name": "Ada", "count": 2, "tags": ["text"], "ok": False}),
        ({"schema": {"type": ["string", "null"]}}, "text"),
        ({"schema": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}, 1),
        ({"schema": {"enum": ["paid", "cancelled"]}}, "paid"),
        ({"schema": {"$ref": "other.json#/S"}}, "text"),
        ({}, "text"),
    ],
)
def test_example_is_the_document_s_or_made_by_its_schema(tmp_path: Path, content: Any, example: Any) -> None:
    schema = {
        "properties": {
            "name": {"type": "string", "examples": ["Ada"]},
            "count": {"type": "integer", "minimum": 2},
            "tags": {"type": "array", "items": {"type": "string"}},
            "ok": {"type": "boolean"},
        }
    }
    found = operation(tmp_path, content, schemas={"S": schema}, examples={"E": {"value": {"a": 3}}})
    assert found.example == example


def test_schema_that_contains_itself_has_an_example(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/S"}}}
    example = operation(tmp_path, {"schema": {"$ref": "#/components/schemas/S"}}, schemas={"S": schema}).example
    assert example["next"]["next"]


def test_references_in_a_circle_end(tmp_path: Path) -> None:
    found = operation(
        tmp_path, {"schema": {"$ref": "#/components/schemas/S"}}, schemas={"S": {"$ref": "#/components/schemas/S"}}
    )
    assert found.example == "text"


@pytest.mark.parametrize("text", ["", "[]", "no JSON", '{"paths": []}', '{"paths": {"/a": []}}', "[" * 100_000])
def test_document_that_cannot_be_read_offers_nothing(tmp_path: Path, text: str) -> None:
    assert operations_of(application(tmp_path, text)) == []


@pytest.mark.parametrize(
    ("summary", "title"),
    [
        ("Place an order", "Place a sample order"),
        ("Create a user", "Create a sample user"),
        ("Upload", "Upload (sample)"),
    ],
)
def test_title_is_made_of_the_summary(tmp_path: Path, summary: str, title: str) -> None:
    assert operation(tmp_path, {}, summary=summary).sample_title == title


def test_each_value_has_a_field_with_a_name_of_its_own() -> None:
    fields = list(fields_of({"a/b": {"c~": "text"}, "list": [{"n": 1}, {"n": 2.5}], "ok": True, "none": None, "e": []}))
    assert [(field.name, field.group, field.label, field.value, field.kind) for field in fields] == [
        ("/a~1b/c~0", "a/b", "c~", "text", "text"),
        ("/list/0/n", "list", "1 n", "1", "number"),
        ("/list/1/n", "list", "2 n", "2.5", "number"),
        ("/ok", "", "ok", "true", "bool"),
        ("/none", "", "none", "null", "json"),
        ("/e", "", "e", "[]", "json"),
    ]


def test_values_of_a_form_keep_their_types() -> None:
    example = {"a/b": "x", "list": [{"n": 1}], "ok": True}
    values = {"/a~1b": "12", "/list/0/n": "7", "/ok": "false", "/other": "ignored"}
    assert with_values(example, values) == {"a/b": "12", "list": [{"n": 7}], "ok": False}
    assert example == {"a/b": "x", "list": [{"n": 1}], "ok": True}


def test_number_that_is_none_is_sent_as_a_text() -> None:
    assert with_values({"n": 1}, {"/n": "many"}) == {"n": "many"}


@pytest.mark.parametrize("pointer", ["/no/such/place", "/list/9", "/list/x", "/text/deeper"])
def test_text_at_a_place_that_is_not_there_changes_nothing(pointer: str) -> None:
    body = {"list": [1], "text": "t"}
    assert set_text(body, pointer, "new") == {"list": [1], "text": "t"}


def test_path_values_and_stage_are_in_the_target(tmp_path: Path) -> None:
    api = HttpApi(logical_id="Api", routes=(), openapi_document=None, stage="live")
    cancel = ApiOperation(
        api=api, method="POST", path="/orders/{id}/cancel", summary="", example={}, path_parameters=("id",)
    )
    request = SampleRequest(
        operation=cancel, url="http://127.0.0.1:1", path_values={"id": "a/b"}, body={}, token=lambda: None
    )
    assert request.target == "http://127.0.0.1:1/live/orders/a%2Fb/cancel"


def test_command_gets_the_token_by_another_command(tmp_path: Path) -> None:
    found = operation(tmp_path, {"example": {}})
    request = SampleRequest(operation=found, url="http://x", path_values={}, body={}, token=lambda: "secret")
    command = request.as_curl("samrun token")
    assert '-H "authorization: Bearer $(samrun token)"' in command
    assert "secret" not in command


# ---------------------------------------------------------------- pages


@pytest.fixture
def app(tmp_path: Path) -> ASGIApp:
    return console(idle_stack(tmp_path, application=application(tmp_path, document({"example": {"a": 1}}))))


def post(app: ASGIApp, **fields: str) -> httpx.Response:
    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.post("/flow/new", data=fields)

    return asyncio.run(request())


@pytest.mark.parametrize(
    ("name", "value"),
    [("count", "0"), ("count", "1001"), ("count", "many"), ("rate", "0"), ("rate", "51"), ("count", "9" * 5000)],
)
def test_number_out_of_bounds_is_refused(app: ASGIApp, name: str, value: str) -> None:
    answer = post(app, operation="POST /orders", **{name: value})
    assert answer.status_code == 400
    assert "Write a count from 1 to 1000" in answer.text


def test_field_without_a_group_is_not_below_one(tmp_path: Path) -> None:
    body = {"customer": {"name": "Ada"}, "currency": "EUR", "payment": {"reference": "pay"}}
    parts = idle_stack(tmp_path, application=application(tmp_path, document({"example": body})))
    text = page(parts, "/flow/new")
    shown = re.findall(r"<legend>(\w+)</legend>|<label>\s*<span>(\w+)</span>", text)
    assert ["".join(each) for each in shown][:5] == ["currency", "customer", "name", "payment", "reference"]


def test_operation_that_is_not_there_is_not_found(app: ASGIApp) -> None:
    assert post(app, operation="POST /others").status_code == 404


def test_api_that_does_not_answer_is_named(app: ASGIApp) -> None:
    answer = post(app, operation="POST /orders")
    assert answer.status_code == 502
    assert "does not answer" in answer.text
