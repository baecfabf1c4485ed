"""Contract of events/, the producer's side: the published events are those that the contract promises."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker, ValidationError

from functions.order.domain.events import CONTENT_TYPE, NoSuchEventError, event_of
from functions.order.domain.order import ORDER_CANCELLED, ORDER_PAID, Cancellation, order_id_for
from functions.order.http.schema import NewOrder

if TYPE_CHECKING:
    from collections.abc import Callable

    from functions.order.domain.order import Order

EVENTS = Path(__file__).parents[2] / "events"
CREATE_EVENTS = sorted((EVENTS / "api").glob("create-order-*.json"))


def place(request: dict[str, Any]) -> Order:
    """Return the order of a request of events/api, placed at the time of the sample event."""
    return NewOrder.model_validate(json.loads(request["body"])).to_order(
        now=datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC),
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )


def test_body_that_the_template_suggests_to_send_is_an_order() -> None:
    """samrun prints the command: it replaces NEW, so that each call pays another order."""
    template = (EVENTS.parent / "template.yaml").read_text(encoding="utf-8")
    [file] = re.findall(r'sed "s/NEW/\$\(date \+%s\)/" (\S+)\)', template)
    body = (EVENTS.parent / file).read_text(encoding="utf-8")
    orders = {NewOrder.model_validate_json(body.replace("NEW", number)).payment["reference"] for number in ("1", "2")}
    assert orders == {"pay_1", "pay_2"}


@pytest.fixture
def ada(event: Callable[[str], Any]) -> Order:
    return place(event("api/create-order-ada.json"))


@pytest.fixture
def cancelled_ada(ada: Order) -> Order:
    """Return Ada's order, cancelled at the time of the sample event."""
    cancellation = Cancellation(
        reason="Ordered twice by mistake",
        cancelled_at=datetime(2026, 11, 22, 10, 18, 5, 250_000, tzinfo=UTC),
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    return replace(ada, status="cancelled", cancellation=cancellation, pending=())


def schema_of(document: Any) -> Draft202012Validator:
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document, format_checker=FormatChecker())


@pytest.fixture(scope="module")
def schema(event: Callable[[str], Any]) -> Draft202012Validator:
    return schema_of(event("order.paid.v1.schema.json"))


@pytest.fixture(scope="module")
def cancelled_schema(event: Callable[[str], Any]) -> Draft202012Validator:
    return schema_of(event("order.cancelled.v1.schema.json"))


@pytest.fixture(scope="module")
def asyncapi() -> Any:
    return yaml.safe_load((EVENTS / "asyncapi.yaml").read_text(encoding="utf-8"))


def test_the_sample_order_makes_the_sample_event(ada: Order, event: Callable[[str], Any]) -> None:
    message = event_of(ada, ORDER_PAID)
    assert json.loads(message.value) == event("order.paid.v1.json")
    assert message.key == ada.order_id
    assert message.headers == (("content-type", b"application/cloudevents+json; charset=UTF-8"),)


def test_the_sample_cancellation_makes_the_sample_event(cancelled_ada: Order, event: Callable[[str], Any]) -> None:
    message = event_of(cancelled_ada, ORDER_CANCELLED)
    assert json.loads(message.value) == event("order.cancelled.v1.json")
    assert message.key == cancelled_ada.order_id


def test_the_events_of_an_order_differ_in_id_and_agree_in_key(cancelled_ada: Order) -> None:
    paid, cancelled = (event_of(cancelled_ada, event_type) for event_type in (ORDER_PAID, ORDER_CANCELLED))
    assert paid.key == cancelled.key
    assert json.loads(paid.value)["id"] != json.loads(cancelled.value)["id"]


def test_an_event_is_the_same_byte_for_byte_after_a_cancellation(ada: Order, cancelled_ada: Order) -> None:
    assert event_of(cancelled_ada, ORDER_PAID) == event_of(ada, ORDER_PAID)


@pytest.mark.parametrize("event_type", [ORDER_CANCELLED, "order.shipped.v1"])
def test_an_order_has_no_event_of_a_type_that_did_not_happen(ada: Order, event_type: str) -> None:
    with pytest.raises(NoSuchEventError, match=event_type):
        event_of(ada, event_type)


def test_the_sample_events_fit_their_schemas(
    event: Callable[[str], Any], schema: Draft202012Validator, cancelled_schema: Draft202012Validator
) -> None:
    schema.validate(event("order.paid.v1.json"))
    cancelled_schema.validate(event("order.cancelled.v1.json"))


@pytest.mark.parametrize("path", CREATE_EVENTS, ids=lambda path: path.stem)
def test_the_event_of_each_sample_order_fits_the_schema(path: Path, schema: Draft202012Validator) -> None:
    schema.validate(json.loads(event_of(place(json.loads(path.read_text(encoding="utf-8"))), ORDER_PAID).value))


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
def test_an_event_that_breaks_the_contract_does_not_fit_the_schema(
    event: Callable[[str], Any], schema: Draft202012Validator, field: str, value: object
) -> None:
    sample = event("order.paid.v1.json")
    sample["data"][field] = value
    with pytest.raises(ValidationError):
        schema.validate(sample)


@pytest.mark.parametrize(("event_type", "name"), [(ORDER_PAID, "orderPaidV1"), (ORDER_CANCELLED, "orderCancelledV1")])
def test_the_asyncapi_document_describes_the_events(
    cancelled_ada: Order, asyncapi: Any, event_type: str, name: str
) -> None:
    message = asyncapi["components"]["messages"][name]
    sent = event_of(cancelled_ada, event_type)
    assert message["name"] == event_type
    assert message["contentType"] == asyncapi["defaultContentType"] == CONTENT_TYPE
    Draft202012Validator(message["bindings"]["kafka"]["key"]).validate(sent.key)
    headers = {name: value.decode() for name, value in sent.headers}
    Draft202012Validator(message["headers"]).validate(headers)
    assert message["payload"] == {"$ref": f"./{event_type}.schema.json"}


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


def test_the_sample_cancellation_request_makes_the_sample_event(event: Callable[[str], Any]) -> None:
    request = event("api/cancel-order.json")
    sample = event("order.cancelled.v1.json")
    assert request["pathParameters"] == {"order_id": sample["data"]["order_id"]}
    assert json.loads(request["body"]) == {"reason": sample["data"]["reason"]}
    assert request["headers"]["traceparent"] == sample["traceparent"]
