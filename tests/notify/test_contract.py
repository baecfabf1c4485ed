"""The consumer's side of events/: the samples, and the fields that both events share."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker, ValidationError

from functions.notify.events.records import read_records

EVENTS = Path(__file__).parents[2] / "events"
TYPES = ["order.paid.v1", "order.cancelled.v1"]
REQUESTS = sorted((EVENTS / "api").glob("*.json"))


def load(name: str) -> Any:
    return json.loads((EVENTS / name).read_text(encoding="utf-8"))


def validate(event: Any) -> None:
    schema = load(f"{event['type']}.schema.json")
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(event)


@pytest.mark.parametrize("event_type", TYPES)
def test_a_sample_event_fits_its_schema(event_type: str) -> None:
    event = load(f"{event_type}.json")
    validate(event)
    assert event["subject"] == event["data"]["order_id"]
    assert event["id"] == str(uuid.uuid5(uuid.NAMESPACE_URL, f"/orders/{event['subject']}/{event_type}"))


def test_every_event_in_the_sample_batches_fits_its_schema() -> None:
    values = [record.value() or b"" for path in (EVENTS / "kafka").glob("*.json") for record in batch(path)]
    events = [json.loads(value) for value in values if value.startswith(b"{")]
    assert len(events) == 6
    for event in events:
        validate(event)


def batch(path: Path) -> Any:
    return read_records(json.loads(path.read_text()))


def test_a_cancellation_has_all_fields_of_the_payment() -> None:
    paid, cancelled = (load(f"{event_type}.json")["data"] for event_type in TYPES)
    assert {name: cancelled[name] for name in paid} == paid
    assert cancelled.keys() - paid.keys() == {"cancelled_at", "reason"}
    assert datetime.fromisoformat(cancelled["cancelled_at"]) > datetime.fromisoformat(cancelled["paid_at"])


def test_both_schemas_agree_about_the_fields_of_both_events() -> None:
    paid, cancelled = (load(f"{event_type}.schema.json") for event_type in TYPES)
    assert cancelled["$defs"] == paid["$defs"]
    paid_data, cancelled_data = (schema["properties"]["data"] for schema in (paid, cancelled))
    assert {name: cancelled_data["properties"][name] for name in paid_data["properties"]} == paid_data["properties"]
    assert cancelled_data["required"][: len(paid_data["required"])] == paid_data["required"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reason", ""),
        ("reason", "x" * 201),
        ("reason", None),
        ("cancelled_at", "2026-11-22T10:18:05Z"),
        ("cancelled_at", "2026-11-22T10:18:05.250000Z"),
        ("cancelled_at", "2026-11-22T11:18:05.250+01:00"),
        ("cancelled_at", "2026-11-32T10:18:05.250Z"),
    ],
)
def test_an_event_that_breaks_the_contract_does_not_fit_the_schema(field: str, value: Any) -> None:
    event = load("order.cancelled.v1.json")
    event["data"][field] = value
    with pytest.raises(ValidationError):
        validate(event)


@pytest.mark.parametrize("event_type", TYPES)
@pytest.mark.parametrize("channels", [["mail"], ["text"], ["mail", "text"]])
def test_a_customer_may_choose_channels(event_type: str, channels: list[str]) -> None:
    event = load(f"{event_type}.json")
    event["data"]["customer"]["channels"] = channels
    validate(event)


@pytest.mark.parametrize("channels", [[], ["mail", "mail"], ["sms"], "mail", None])
def test_channels_that_break_the_contract_do_not_fit_the_schema(channels: object) -> None:
    event = load("order.paid.v1.json")
    event["data"]["customer"]["channels"] = channels
    with pytest.raises(ValidationError):
        validate(event)


@pytest.mark.parametrize("path", REQUESTS, ids=lambda path: path.stem)
def test_a_sample_request_has_passed_api_gateway(path: Path) -> None:
    context = json.loads(path.read_text(encoding="utf-8"))["requestContext"]
    jwt = context["authorizer"]["jwt"]
    assert all(isinstance(value, str) for value in jwt["claims"].values()), "as API Gateway passes all claims on"
    assert int(jwt["claims"]["iat"]) < context["timeEpoch"] / 1000 < int(jwt["claims"]["exp"])
    assert set(jwt["scopes"] or []) <= set(jwt["claims"].get("scope", "").split())


def test_the_sample_cancellation_causes_the_sample_event() -> None:
    request, event = load("api/cancel-order.json"), load("order.cancelled.v1.json")
    assert request["pathParameters"] == {"order_id": event["subject"]}
    assert request["rawPath"] == request["requestContext"]["http"]["path"] == f"/orders/{event['subject']}/cancellation"
    assert request["headers"]["traceparent"] == event["traceparent"]
    assert json.loads(request["body"]) == {"reason": event["data"]["reason"]}
    assert datetime.fromisoformat(event["time"]).timestamp() * 1000 == request["requestContext"]["timeEpoch"]
