"""The OpenAPI document: valid, up to date, and true to what the function answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from tools import openapi

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType


@pytest.fixture
def document() -> Any:
    return json.loads(openapi.DOCUMENT.read_text(encoding="utf-8"))


def test_the_document_is_up_to_date(app: ModuleType) -> None:
    written = openapi.DOCUMENT.read_text(encoding="utf-8")
    assert openapi.first_difference(written, openapi.generate()) is None, "run python -m tools.openapi"


def test_the_document_is_valid_openapi(document: Any) -> None:
    validate(document, cls=OpenAPIV31SpecValidator)
    assert document["openapi"].startswith("3.1.")


def test_every_answer_is_documented_and_every_error_as_a_problem(document: Any) -> None:
    paths = document["paths"]
    place_order = paths["/orders"]["post"]["responses"]
    get_order = paths["/orders/{order_id}"]["get"]["responses"]
    assert place_order.keys() == {"200", "201", "400", "409", "413", "415", "422", "503"}
    assert get_order.keys() == {"200", "404", "503"}
    for status, response in [*place_order.items(), *get_order.items()]:
        expected = "application/json" if status.startswith("2") else "application/problem+json"
        assert response["content"].keys() == {expected}


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
