"""Declarations of the fields that a notification needs: what they lead to in an event, and what is refused in them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from functions.notify.events.customer_events import CustomerEvent, Unreadable, parse_event
from functions.notify.events.notification_fields import (
    FILE,
    BrokenFieldsError,
    NotificationFields,
    RecipientFields,
    read_fields,
)

if TYPE_CHECKING:
    from pathlib import Path

# An event that is about no order, and has its recipient elsewhere.
FIELDS = NotificationFields(
    key=("data.account.id", "subject"),
    recipient=RecipientFields(email=("data.owner.mail", "data.mail"), name=("data.owner.called",)),
    values={"plan_name": ("data.plan.name", "data.plan.code")},
)
EVENT: dict[str, Any] = {
    "id": "1",
    "type": "account.closed.v1",
    "subject": "acc_2",
    "time": "2026-11-22T10:15:30Z",
    "data": {
        "account": {"id": "acc_1"},
        "owner": {"mail": "ada@example.com", "called": "Ada"},
        "plan": {"name": "", "code": "P1"},
    },
}


def parse(event: dict[str, Any]) -> CustomerEvent | Unreadable:
    found = parse_event(event, {"account.closed.v1": FIELDS})
    assert isinstance(found, CustomerEvent | Unreadable)
    return found


def test_paths_lead_to_key_recipient_and_values() -> None:
    event = parse(EVENT)
    assert isinstance(event, CustomerEvent)
    assert event.key == "acc_1"
    assert (event.recipient.email, event.recipient.name, event.recipient.phone) == ("ada@example.com", "Ada", None)
    assert event.values == {**EVENT["data"], "plan_name": "P1"}


@pytest.mark.parametrize("data", [{"mail": "eve@example.com"}, {"mail": "eve@example.com", "account": {"id": None}}])
def test_the_first_path_counts_that_leads_to_something(data: dict[str, Any]) -> None:
    event = parse(EVENT | {"data": data})
    assert isinstance(event, CustomerEvent)
    assert (event.key, event.recipient.email) == ("acc_2", "eve@example.com")
    assert "plan_name" not in event.values


@pytest.mark.parametrize("name", ["key", "recipient", "values"])
def test_an_attribute_of_the_event_is_none_of_these_by_its_name_alone(name: str) -> None:
    more = {"key": "acc_9", "recipient": {"email": "eve@example.com"}, "values": {"plan_name": "P9"}}
    assert parse(EVENT | {name: more[name]}) == parse(EVENT)
    without = {field: value for field, value in EVENT.items() if field not in {"subject", "data"}}
    assert parse(without | {name: more[name]}) == Unreadable(
        reason="data.account.id: missing, data.owner.mail: missing"
    )


def test_a_reason_names_the_first_path_and_no_value() -> None:
    event = parse(EVENT | {"subject": "ada@example.com", "data": {"owner": {"called": ["Ada"]}}})
    assert event == Unreadable(
        reason=("data.account.id: string_pattern_mismatch, data.owner.mail: missing, data.owner.called: string_type")
    )


@pytest.mark.parametrize("data", [None, 7, "text", [], [{"owner": 1}]])
def test_data_that_is_no_object_has_no_field(data: Any) -> None:
    assert parse(EVENT | {"data": data}) == Unreadable(reason="data.owner.mail: missing")


MINIMAL: dict[str, Any] = {"key": "data.id", "recipient": {"email": "data.mail"}}
EXAMPLE = "such as data.customer.email"


@pytest.mark.parametrize(
    ("content", "problems"),
    [
        ("{", [" is not JSON: EOF while parsing an object at line 1 column 1"]),
        (
            {},
            [
                f": {name} is missing; name the field of the event that has it, {EXAMPLE}"
                for name in ("key", "recipient")
            ],
        ),
        (
            MINIMAL | {"recipient": {}},
            [f": recipient.email is missing; name the field of the event that has it, {EXAMPLE}"],
        ),
        (MINIMAL | {"mail": "data.mail"}, [": mail is nothing that a notification has; remove it"]),
        (MINIMAL | {"key": 7}, [": key is not the path of a field, or a list of them; write one, " + EXAMPLE]),
        (MINIMAL | {"key": ["data..id"]}, [": key.0 is not the path of a field; write one, " + EXAMPLE]),
        (MINIMAL | {"key": []}, [": key has no path; write one, " + EXAMPLE]),
        (
            MINIMAL | {"values": {"Order-Number": "data.n"}},
            [": values.Order-Number is no name that a template can write; use a-z, 0-9 and _"],
        ),
    ],
    ids=["no JSON", "empty", "no email", "unknown", "a number", "no path", "no paths", "a name with a hyphen"],
)
def test_a_wrong_declaration_says_what_is_wrong_and_what_to_do(
    tmp_path: Path, content: Any, problems: list[str]
) -> None:
    folder = tmp_path / "account.closed.v1"
    folder.mkdir()
    (folder / FILE).write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(BrokenFieldsError) as error:
        read_fields(folder)
    assert str(error.value).splitlines() == [f"account.closed.v1/notification.json{problem}" for problem in problems]
