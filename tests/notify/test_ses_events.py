"""SES's events from EventBridge: those that report a status of a notification, and those that are ignored."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.notify.channels.mailer import tag_value
from functions.notify.feedback.delivery_status import DeliveryStatus, Feedback
from functions.notify.feedback.ses_events import KINDS, Ignored, read
from functions.notify.timestamps import stored_feedback_form

SAMPLES = Path(__file__).parents[2] / "events/ses"
ORDER_ID = "ord_a7yuqahkcwyojza3z7chx7dkkq"


def load(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())
    return event


def must_read(event: dict[str, Any]) -> Feedback:
    feedback = read(event)
    assert isinstance(feedback, Feedback)
    return feedback


def bounced(**details: Any) -> dict[str, Any]:
    event = load("bounced")
    event["detail"]["bounce"] |= details
    return event


def test_a_delivery_is_read_with_the_tags_of_its_mail() -> None:
    assert read(load("delivered")) == Feedback(
        order_id=ORDER_ID,
        notification_id="3d340d65-4092-54eb-b504-a38ead16a186#mail",
        status=DeliveryStatus.DELIVERED,
        reason="",
        at=datetime(2026, 11, 22, 10, 15, 33, 10_000, tzinfo=UTC),
        message_id="010701a2b3c4d5e6-6f0d1c2b-3a49-4857-96a5-b4c3d2e1f001-000000",
        sent_at=datetime(2026, 11, 22, 10, 15, 31, 204_000, tzinfo=UTC),
    )


def test_the_samples_are_about_the_mail_of_the_sample_order(paid: dict[str, Any]) -> None:
    for name in ("delivered", "bounced", "complained"):
        feedback = must_read(load(name))
        assert (feedback.order_id, feedback.notification_id) == (paid["data"]["order_id"], f"{paid['id']}#mail")


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("delivery-delayed", "delayed", "MailboxFull"),
        ("soft-bounced", "soft_bounced", "Transient/MailboxFull"),
        ("rejected", "rejected", "bad content"),
        ("rendering-failed", "rejected", "rendering failure"),
        ("delivered", "delivered", ""),
        ("bounced", "bounced", "Permanent/NoEmail"),
        ("complained", "complained", "abuse"),
    ],
)
def test_each_type_of_event_has_its_status_and_reason(name: str, status: str, reason: str) -> None:
    feedback = must_read(load(name))
    assert (feedback.status, feedback.reason) == (status, reason)


def test_each_type_of_event_has_a_sample() -> None:
    samples = {json.loads(path.read_text())["detail-type"] for path in SAMPLES.glob("*.json")}
    assert samples == KINDS.keys() | {"Email Sent", "Email Opened", "Email Clicked"}


@pytest.mark.parametrize(
    ("bounce_type", "status"),
    [("Permanent", "bounced"), ("Transient", "soft_bounced"), ("Undetermined", "soft_bounced"), (None, "soft_bounced")],
)
def test_only_a_permanent_bounce_is_bounced(bounce_type: str | None, status: str) -> None:
    assert must_read(bounced(bounceType=bounce_type)).status == status


@pytest.mark.parametrize("name", ["rejected", "rendering-failed"])
def test_an_event_without_a_time_of_its_own_has_the_time_of_eventbridge(name: str) -> None:
    assert must_read(load(name)).at == datetime(2026, 11, 22, 10, 15, 32, tzinfo=UTC)


@pytest.mark.parametrize("name", ["sent", "opened", "clicked"])
def test_an_event_that_reports_no_status_is_ignored(name: str) -> None:
    assert read(load(name)) == Ignored(reason="unknown kind")


@pytest.mark.parametrize(
    "change",
    [{"detail-type": "Email Subscribed"}, {"detail-type": ["Email Delivered"]}, {"source": "shop"}, {"source": None}],
)
def test_an_unknown_type_of_event_is_ignored(change: dict[str, Any]) -> None:
    assert read(load("delivered") | change) == Ignored(reason="unknown kind")


def test_an_empty_event_is_ignored() -> None:
    assert read({}) == Ignored(reason="unknown kind")


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"order_id": [tag_value(ORDER_ID)]},
        {"order_id": [], "notification_id": [tag_value("event#mail")]},
        {"order_id": ["a", "b"], "notification_id": [tag_value("event#mail")]},
        {"order_id": "text", "notification_id": [tag_value("event#mail")]},
        {"order_id": ["not base64!"], "notification_id": [tag_value("event#mail")]},
        {"order_id": ["_____w"], "notification_id": [tag_value("event#mail")]},
        {"order_id": [tag_value("ada@example.com")], "notification_id": [tag_value("event#mail")]},
    ],
)
def test_an_event_without_our_tags_is_ignored(tags: dict[str, Any]) -> None:
    event = load("delivered")
    event["detail"]["mail"]["tags"] = tags
    assert read(event) == Ignored(reason="no tags of ours")


@pytest.mark.parametrize(
    "detail",
    [None, "text", {}, {"mail": None}, {"mail": {"messageId": "a"}}, {"mail": {"timestamp": "now", "messageId": "a"}}],
)
def test_an_event_in_another_form_is_ignored(detail: Any) -> None:
    assert read(load("delivered") | {"detail": detail}) == Ignored(reason="not in the form of SES's events")


FIELDS_WITH_TIMES = [("time",), ("detail", "mail", "timestamp"), ("detail", "bounce", "timestamp")]
OFFSETS = st.timedeltas(min_value=timedelta(hours=-23), max_value=timedelta(hours=23)).map(timezone)
TIMES = st.datetimes(timezones=OFFSETS).map(datetime.isoformat) | st.from_regex(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}.*\Z")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TIMES | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=3,
)


def with_value(event: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """Return the event with another value in one place."""
    name, *rest = path
    return event | {name: with_value(event[name], tuple(rest), value) if rest else value}


def check(result: Feedback | Ignored) -> None:
    """Fail if the times of a feedback cannot be stored as texts that sort like the times."""
    if isinstance(result, Feedback):
        for moment in (result.at, result.sent_at):
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", stored_feedback_form(moment))


@pytest.mark.parametrize("path", FIELDS_WITH_TIMES, ids=".".join)
@pytest.mark.parametrize("time", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "9999-12-31T24:00:00Z"])
def test_an_event_of_a_time_that_utc_does_not_have_is_ignored(path: tuple[str, ...], time: str) -> None:
    assert read(with_value(bounced(), path, time)) == Ignored(reason="not in the form of SES's events")


@given(path=st.sampled_from(FIELDS_WITH_TIMES), time=TIMES | JSON)
def test_an_event_of_any_time_is_read_or_ignored(path: tuple[str, ...], time: Any) -> None:
    check(read(with_value(bounced(), path, time)))


@given(
    path=st.sampled_from(
        [
            *(("time",), ("detail",), ("detail-type",), ("source",), ("detail", "mail"), ("detail", "bounce")),
            *(("detail", "mail", name) for name in ("timestamp", "messageId", "tags")),
            *(("detail", "mail", "tags", name) for name in ("order_id", "notification_id")),
            *(("detail", "bounce", name) for name in ("bounceType", "bounceSubType", "timestamp")),
        ]
    ),
    value=JSON | st.lists(st.text(st.characters()), max_size=1),
)
def test_an_event_with_any_value_in_a_field_is_read_or_ignored(path: tuple[str, ...], value: Any) -> None:
    check(read(with_value(bounced(), path, value)))


@pytest.mark.parametrize("subtype", ["ada@example.com", "Ada Lovelace", "+14155550100", "x" * 41, 7, None])
def test_a_reason_that_may_name_a_person_is_left_out(subtype: Any) -> None:
    assert must_read(bounced(bounceSubType=subtype)).reason == "Permanent"


@given(st.text(alphabet=st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="@"), min_size=1))
def test_tags_are_read_as_the_mailer_writes_them(order_id: str) -> None:
    event = load("delivered")
    event["detail"]["mail"]["tags"]["order_id"] = [tag_value(order_id[:100])]
    assert must_read(event).order_id == order_id[:100]
