"""Events of shipment: what it reads, as it declares, and what it publishes, as its schema promises."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ValidationError

from examples.shipment.tests.order_events import order_event
from shipment.events import OrderEvent, shipment_dispatched

if TYPE_CHECKING:
    from collections.abc import Iterator

APPLICATION = Path(__file__).parents[1]
TYPES = ("order.paid.v1", "order.cancelled.v1")


def fields(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield the paths of the fields of a model."""
    for name, field in model.model_fields.items():
        yield f"{prefix}{name}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from fields(field.annotation, f"{prefix}{name}.")


def sample() -> dict[str, Any]:
    event: dict[str, Any] = json.loads((APPLICATION / "events/shipment.dispatched.v1.json").read_text())
    return event


def test_the_declaration_names_what_the_code_reads() -> None:
    declared = yaml.safe_load((APPLICATION / "consumes.yaml").read_text())["events"]
    assert sorted(declared) == sorted(TYPES)
    assert all(set(read) == set(fields(OrderEvent)) for read in declared.values())


@pytest.mark.parametrize("event_type", TYPES)
def test_an_event_with_fields_that_nobody_knows_is_read(event_type: str) -> None:
    event = order_event(event_type)
    more = event | {"new": 1, "data": event["data"] | {"new": 1, "customer": event["data"]["customer"] | {"new": 1}}}
    assert OrderEvent.model_validate(more) == OrderEvent.model_validate(event)


@pytest.mark.parametrize("data", [{"order_id": ""}, {"customer": {}}])
def test_an_event_that_breaks_the_contract_is_refused(data: dict[str, Any]) -> None:
    event = order_event("order.paid.v1")
    with pytest.raises(ValidationError):
        OrderEvent.model_validate(event | {"data": event["data"] | data})


def test_a_channel_that_is_new_is_passed_on() -> None:
    event = order_event("order.paid.v1")
    customer = event["data"]["customer"] | {"channels": ["mail", "pigeon"]}
    read = OrderEvent.model_validate(event | {"data": event["data"] | {"customer": customer}})
    assert read.data.customer.channels == ["mail", "pigeon"]


def test_an_error_of_an_event_quotes_no_person() -> None:
    event = order_event("order.paid.v1")
    broken = event | {"data": event["data"] | {"customer": "Ada Lovelace"}}
    with pytest.raises(ValidationError) as error:
        OrderEvent.model_validate(broken)
    assert "Ada" not in str(error.value)


def test_the_published_event_is_the_sample() -> None:
    expected = sample()
    order = OrderEvent.model_validate(order_event("order.paid.v1", expected["subject"]))
    value = shipment_dispatched(
        order=order.data.model_dump(exclude_none=True),
        traceparent=order.traceparent,
        carrier=expected["data"]["carrier"],
        tracking_code=expected["data"]["tracking_code"],
        dispatched_at=expected["time"],
    )
    assert json.loads(value) == expected


def test_the_sample_is_valid_by_the_schema() -> None:
    schema = json.loads((APPLICATION / "events/shipment.dispatched.v1.schema.json").read_text())
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    validator.validate(sample())
    assert not validator.is_valid(sample() | {"data": {}})
    assert datetime.fromisoformat(sample()["time"]).tzinfo == UTC
