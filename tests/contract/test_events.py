"""The files of events/: each event has a schema, a sample and a message in asyncapi.yaml, and all are what they say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from cloudevents.core.exceptions import CloudEventValidationError
from jsonschema import Draft7Validator, ValidationError

from samrun.testing.broker import Record
from tests.contract.wire_event import CONTENT_TYPE, EVENTS, read_wire_event
from tools.contract.schemas import resolve

TYPES = sorted(path.name.removesuffix(".schema.json") for path in EVENTS.glob("*.schema.json"))
OFFICIAL = Path(__file__).parent / "schemas"


def sample(event_type: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / f"{event_type}.json").read_text("utf-8"))
    return event


def read(event: dict[str, Any], *, key: str | None = None, headers: Any = (("content-type", CONTENT_TYPE),)) -> Any:
    value = json.dumps(event).encode()
    return read_wire_event(Record(0, 0, (key or event["data"]["order_id"]).encode(), value, list(headers), 0))


@pytest.fixture(scope="module")
def asyncapi() -> Any:
    return yaml.safe_load((EVENTS / "asyncapi.yaml").read_text("utf-8"))


@pytest.fixture(scope="module")
def official() -> Draft7Validator:
    return Draft7Validator(json.loads((OFFICIAL / "asyncapi-3.0.0.json").read_text("utf-8")))


def test_asyncapi_document_is_valid_by_the_official_schema(asyncapi: Any, official: Draft7Validator) -> None:
    official.validate(asyncapi)


@pytest.mark.parametrize("event_type", TYPES)
def test_asyncapi_document_with_a_payload_in_place_is_valid_by_the_official_schema(
    asyncapi: Any, official: Draft7Validator, event_type: str
) -> None:
    messages = asyncapi["components"]["messages"]
    [name] = [name for name, message in messages.items() if message["name"] == event_type]
    payload = resolve(json.loads((EVENTS / f"{event_type}.schema.json").read_text("utf-8")))
    components = {"messages": messages | {name: messages[name] | {"payload": payload}}}
    official.validate(asyncapi | {"components": components})


@pytest.mark.parametrize(
    "broken",
    [
        {"asyncapi": "2.6.0"},
        {"operations": {"publish": {"action": "shout"}}},
        {"channels": {"order-events": {"messages": []}}},
    ],
)
def test_official_schema_refuses_a_broken_document(asyncapi: Any, official: Draft7Validator, broken: Any) -> None:
    assert not official.is_valid(asyncapi | broken)


def test_each_event_has_a_schema_a_sample_and_a_message(asyncapi: Any) -> None:
    files = {path.stem for path in EVENTS.glob("*.json")} - {f"{event_type}.schema" for event_type in TYPES}
    messages = {message["name"] for message in asyncapi["components"]["messages"].values()}
    assert files == messages == set(TYPES)
    assert len(TYPES) >= 2


@pytest.mark.parametrize("event_type", TYPES)
def test_sample_is_a_cloud_event_that_keeps_the_contract(event_type: str) -> None:
    assert read(sample(event_type))["type"] == event_type


def test_event_without_its_content_type_is_not_the_contracts() -> None:
    with pytest.raises(AssertionError):
        read(sample("order.paid.v1"), headers=())


def test_event_with_another_key_is_not_the_contracts() -> None:
    with pytest.raises(AssertionError):
        read(sample("order.paid.v1"), key="ord_another")


@pytest.mark.parametrize(
    "broken",
    [{"id": ""}, {"source": 1}, {"specversion": "0.3"}, {"data": {"order_id": "ord_1"}}, {"time": "yesterday"}],
)
def test_event_that_breaks_a_schema_is_not_the_contracts(broken: dict[str, Any]) -> None:
    with pytest.raises((ValidationError, CloudEventValidationError)):
        read(sample("order.paid.v1") | broken)
