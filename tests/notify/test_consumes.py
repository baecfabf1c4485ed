"""The declaration of what notify reads, consumes.yaml, against its code: reader model and templates."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from functions.notify.events.customer_events import CustomerEvent, read_customer_event
from functions.notify.messages.messages import Messages
from tests.notify.samples import EVENTS, ROOT, make_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DECLARED: dict[str, list[str]] = yaml.safe_load((ROOT / "functions/notify/consumes.yaml").read_text("utf-8"))["events"]
FIELDS = [(event_type, field) for event_type, fields in DECLARED.items() for field in fields]
# Notify reads them of every event.
ENVELOPE = {"id", "type", "time", "traceparent"}


@pytest.fixture(scope="module")
def messages() -> Messages:
    return Messages(shop_name="The Analytical Bookshop")


@pytest.fixture(scope="module")
def notification(messages: Messages) -> Callable[[Any], object]:
    """Everything that notify makes of an event, in each language; the reason if it makes nothing."""

    def make(event: Any) -> object:
        read = read_customer_event(make_record(event), messages.fields)
        if not isinstance(read, CustomerEvent):
            return read
        recipient = read.recipient
        try:
            return (
                (read.id, read.time, read.key, read.correlation_id),
                (recipient.email, recipient.name, recipient.phone),
                messages.channels(read),
                [
                    (messages.render(each), messages.render_text_message(each))
                    for each in in_each_locale(read, messages)
                ],
            )
        except Exception as error:  # noqa: BLE001 that it fails is what the field is for
            return repr(error)

    return make


def in_each_locale(event: CustomerEvent, messages: Messages) -> Iterator[CustomerEvent]:
    yield event
    for locale in messages.locales(event.type):
        yield event.model_copy(update={"recipient": event.recipient.model_copy(update={"locale": locale})})


def full_event(event_type: str) -> Any:
    """Return the sample with every field that the schema has, none with a value that its absence would stand for."""
    event = deepcopy(EVENTS[event_type])
    event["data"]["customer"] |= {"locale": "vi", "channels": ["mail"]}
    return event


def only(value: Any, declared: set[str], prefix: str = "") -> Any:
    """Return a value with nothing but the declared fields."""
    return {
        name: [only(each, declared, f"{prefix}{name}[].") if isinstance(each, dict) else each for each in field]
        if isinstance(field, list)
        else only(field, declared, f"{prefix}{name}.")
        if isinstance(field, dict)
        else field
        for name, field in value.items()
        if f"{prefix}{name}" in declared
    }


def test_declaration_names_the_events_that_have_templates(messages: Messages) -> None:
    assert DECLARED.keys() == messages.fields.keys()


@pytest.mark.parametrize("event_type", DECLARED)
def test_notify_makes_the_same_of_an_event_that_has_only_the_declared_fields(
    event_type: str, notification: Callable[[Any], object]
) -> None:
    event = full_event(event_type)
    reduced = only(event, set(DECLARED[event_type]))
    assert "sku" not in json.dumps(reduced)
    expected = notification(event)
    assert isinstance(expected, tuple), expected
    assert notification(reduced) == expected


@pytest.mark.parametrize(("event_type", "field"), FIELDS)
def test_notify_makes_something_else_of_an_event_without_a_declared_field(
    event_type: str, field: str, notification: Callable[[Any], object]
) -> None:
    event = full_event(event_type)
    without = only(event, {each for each in DECLARED[event_type] if each != field})
    assert notification(without) != notification(event)


@pytest.mark.parametrize("event_type", DECLARED)
def test_every_path_of_the_notification_json_is_declared(event_type: str, messages: Messages) -> None:
    fields = messages.fields[event_type]
    paths = {path for each in (fields.key, *fields.recipient.paths.values(), *fields.values.values()) for path in each}
    assert ENVELOPE | paths <= set(DECLARED[event_type])
