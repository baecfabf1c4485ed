"""OpenAPI document: valid, up to date, and true to the answers of the function."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from tests.order.environment import plain_deployment
from tools import openapi
from tools.generated_file import first_difference

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType


@pytest.fixture
def document() -> Any:
    return json.loads(openapi.DOCUMENT.read_text(encoding="utf-8"))


def test_the_document_is_up_to_date(app: ModuleType) -> None:
    written = openapi.DOCUMENT.read_text(encoding="utf-8")
    assert first_difference(written, openapi.generate()) is None, "run python -m tools.openapi"


def test_the_document_is_valid_openapi(document: Any) -> None:
    validate(document, cls=OpenAPIV31SpecValidator)
    assert document["openapi"].startswith("3.1.")


# API Gateway gives these answers, not the function.
OF_THE_GATEWAY = {"401", "403", "429"}


@pytest.mark.parametrize(
    ("method", "path", "statuses"),
    [
        ("post", "/orders", {"200", "201", "400", "401", "403", "409", "413", "415", "422", "429", "500", "503"}),
        ("get", "/orders", {"200", "401", "422", "429", "500", "503"}),
        ("get", "/orders/{order_id}", {"200", "401", "404", "429", "500", "503"}),
        ("get", "/orders/{order_id}/notifications", {"200", "401", "403", "404", "429", "500", "503"}),
        (
            "post",
            "/orders/{order_id}/cancellation",
            {"200", "400", "401", "403", "404", "409", "413", "415", "422", "429", "500", "503"},
        ),
    ],
)
def test_every_answer_is_documented_and_every_error_as_a_problem(
    document: Any, method: str, path: str, statuses: set[str]
) -> None:
    responses = document["paths"][path][method]["responses"]
    assert responses.keys() == statuses
    for status in statuses - OF_THE_GATEWAY:
        expected = "application/json" if status.startswith("2") else "application/problem+json"
        assert responses[status]["content"].keys() == {expected}
    for status in statuses & OF_THE_GATEWAY:
        assert responses[status]["content"] == {}


def test_every_route_of_the_template_is_documented_and_no_other(document: Any) -> None:
    paths = plain_deployment().properties("OrderApi")["Body"]["paths"]
    routes = {(method, path) for path, methods in paths.items() for method in methods}
    assert {(method, path) for path, methods in document["paths"].items() for method in methods} == routes


def test_every_request_takes_a_token(document: Any) -> None:
    assert document["security"] == [{"token": []}]
    scheme = document["components"]["securitySchemes"]["token"]
    assert (scheme["type"], scheme["scheme"], scheme["bearerFormat"]) == ("http", "bearer", "JWT")


def test_the_example_is_the_sample_request(document: Any, new_order_body: Callable[[], Any]) -> None:
    content = document["paths"]["/orders"]["post"]["requestBody"]["content"]["application/json"]
    assert content["examples"]["ada"]["value"] == new_order_body()


def test_a_stale_document_fails_the_check_with_the_first_difference(
    app: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stale = tmp_path / "openapi.json"
    stale.write_text(openapi.DOCUMENT.read_text(encoding="utf-8").replace('"Orders"', '"Odrers"'), encoding="utf-8")
    monkeypatch.setattr(openapi, "DOCUMENT", stale)
    assert openapi.main(["--check"]) == 1
    assert 'line 4: "title": "Odrers", should be "title": "Orders",' in capsys.readouterr().out

    assert openapi.main([]) == 0
    assert openapi.main(["--check"]) == 0


def test_two_functions_cannot_document_one_schema_in_two_ways() -> None:
    order: dict[str, Any] = {"paths": {"/a": {}}, "components": {"schemas": {"Problem": {"type": "object"}}}}
    other: dict[str, Any] = {"paths": {"/b": {}}, "components": {"schemas": {"Problem": {"type": "string"}}}}
    with pytest.raises(openapi.NameTakenError, match="Problem"):
        openapi.add(order, other)
