"""The producer's side of events/: what it publishes is what the contract promises."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker, ValidationError

from functions.order.events import CONTENT_TYPE, order_paid
from functions.order.orders import ORDER_PAID, order_id_for
from functions.order.schema import NewOrder

if TYPE_CHECKING:
    from collections.abc import Callable

    from functions.order.orders import Order

EVENTS = Path(__file__).parents[2] / "events"
CREATE_EVENTS = sorted((EVENTS / "api").glob("create-order-*.json"))


def place(request: dict[str, Any]) -> Order:
    """The order of a request of events/api, placed when the sample event says."""
    return NewOrder.model_validate(json.loads(request["body"])).to_order(
        now=datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC),
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )


@pytest.fixture
def ada(event: Callable[[str], Any]) -> Order:
    return place(event("api/create-order-ada.json"))


@pytest.fixture(scope="module")
def schema(event: Callable[[str], Any]) -> Draft202012Validator:
    document = event("order.paid.v1.schema.json")
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document, format_checker=FormatChecker())


@pytest.fixture(scope="module")
def asyncapi() -> Any:
    return yaml.safe_load((EVENTS / "asyncapi.yaml").read_text(encoding="utf-8"))


def test_the_sample_order_makes_the_sample_event(ada: Order, event: Callable[[str], Any]) -> None:
    message = order_paid(ada)
    assert json.loads(message.value) == event("order.paid.v1.json")
    assert message.key == ada.order_id
    assert message.headers == (("content-type", b"application/cloudevents+json; charset=UTF-8"),)


def test_an_event_is_the_same_byte_for_byte_after_a_cancellation(ada: Order) -> None:
    assert order_paid(replace(ada, status="cancelled", pending=())) == order_paid(ada)


def test_the_sample_event_fits_the_schema(event: Callable[[str], Any], schema: Draft202012Validator) -> None:
    schema.validate(event("order.paid.v1.json"))


@pytest.mark.parametrize("path", CREATE_EVENTS, ids=lambda path: path.stem)
def test_the_event_of_each_sample_order_fits_the_schema(path: Path, schema: Draft202012Validator) -> None:
    schema.validate(json.loads(order_paid(place(json.loads(path.read_text(encoding="utf-8")))).value))


def test_more_fields_fit_the_schema(event: Callable[[str], Any], schema: Draft202012Validator) -> None:
    sample = event("order.paid.v1.json")
    sample["tracestate"] = "vendor=1"
    sample["data"]["coupon"] = "SUMMER"
    sample["data"]["customer"]["tier"] = "gold"
    sample["data"]["items"][0]["weight_grams"] = 350
    schema.validate(sample)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("total", 25.0),
        ("total", "25,00"),
        ("order_id", "ord_1"),
        ("currency", "eur"),
        ("items", []),
        ("paid_at", "2026-11-22T10:15:30+01:00"),
        ("paid_at", "yesterdayZ"),
    ],
)
def test_what_breaks_the_contract_does_not_fit_the_schema(
    event: Callable[[str], Any], schema: Draft202012Validator, field: str, value: object
) -> None:
    sample = event("order.paid.v1.json")
    sample["data"][field] = value
    with pytest.raises(ValidationError):
        schema.validate(sample)


def test_the_asyncapi_document_describes_what_is_sent(ada: Order, asyncapi: Any) -> None:
    message = asyncapi["components"]["messages"]["orderPaidV1"]
    sent = order_paid(ada)
    assert message["name"] == ORDER_PAID
    assert message["contentType"] == asyncapi["defaultContentType"] == CONTENT_TYPE
    Draft202012Validator(message["bindings"]["kafka"]["key"]).validate(sent.key)
    headers = {name: value.decode() for name, value in sent.headers}
    Draft202012Validator(message["headers"]).validate(headers)
    assert message["payload"] == {"$ref": "./order.paid.v1.schema.json"}


def test_every_reference_of_the_asyncapi_document_leads_somewhere(asyncapi: Any) -> None:
    references = list(references_in(asyncapi))
    assert references
    for reference in references:
        file, _, pointer = reference.partition("#")
        target = json.loads((EVENTS / file).read_text(encoding="utf-8")) if file else asyncapi
        for name in filter(None, pointer.split("/")):
            target = target[name]
        assert target


def references_in(node: Any) -> Any:
    if isinstance(node, dict):
        yield from (value for name, value in node.items() if name == "$ref")
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from references_in(each)


def test_the_sample_orders_differ_in_payment_and_customer() -> None:
    bodies = [json.loads(json.loads(path.read_text(encoding="utf-8"))["body"]) for path in CREATE_EVENTS]
    assert len(bodies) >= 4
    assert len({body["payment"]["reference"] for body in bodies}) == len(bodies)
    assert len({body["customer"]["id"] for body in bodies}) == len(bodies)


def test_the_sample_read_names_the_sample_order(event: Callable[[str], Any]) -> None:
    request = event("api/get-order.json")
    assert request["pathParameters"] == {"order_id": order_id_for("pay_123")}
    assert request["rawPath"] == request["requestContext"]["http"]["path"] == f"/orders/{order_id_for('pay_123')}"
