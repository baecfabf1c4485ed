from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from functions.notify.events.customer_events import (
    ChannelName,
    CustomerEvent,
    Recipient,
    Skipped,
    Unreadable,
    channels_of,
    read_customer_event,
)
from functions.notify.events.records import Record
from functions.notify.messages.formats import FormatError, date_time
from tests.notify.samples import FIELDS, read_event

if TYPE_CHECKING:
    from tests.notify.samples import RecordMaker

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=8,
)


def why_unreadable(record: Record) -> str:
    found = read_customer_event(record, FIELDS)
    assert isinstance(found, Unreadable)
    return found.reason


def test_the_sample_event_is_read(make_record: RecordMaker, paid: dict[str, Any]) -> None:
    event = read_event(paid)
    assert event.id == "3d340d65-4092-54eb-b504-a38ead16a186"
    assert event.time == datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC)
    assert event.key == "ord_a7yuqahkcwyojza3z7chx7dkkq"
    assert (event.recipient.email, event.recipient.locale) == ("ada@example.com", "en")
    assert event.values == paid["data"]


def test_unknown_fields_are_ignored(make_record: RecordMaker, paid: dict[str, Any]) -> None:
    paid |= {"dataschema": "https://example.com", "loyaltypoints": 7}
    paid["data"]["customer"]["vip"] = True
    assert read_event(paid).recipient.name == "Ada Lovelace"


@pytest.mark.parametrize("optional", [{}, {"name": None, "phone": None, "locale": None, "channels": None}])
def test_only_the_fields_that_notify_uses_are_required(make_record: RecordMaker, optional: dict[str, None]) -> None:
    event = read_event(
        {
            "id": "1",
            "type": "order.paid.v1",
            "time": "2026-11-22T10:15:30+01:00",
            "data": {"order_id": "ord_1", "customer": {"email": "ada@example.com", **optional}},
        },
    )
    customer = event.recipient
    assert (customer.name, customer.phone, customer.locale, customer.channels) == (None, None, None, None)


PHONE = "+14155550100"
MAIL, TEXT = ChannelName.MAIL, ChannelName.TEXT


@pytest.mark.parametrize(
    ("channels", "phone", "used"),
    [
        (None, PHONE, (MAIL, TEXT)),
        (None, None, (MAIL,)),
        (["mail"], PHONE, (MAIL,)),
        (["text"], PHONE, (TEXT,)),
        (["text", "mail"], PHONE, (MAIL, TEXT)),
        (["mail", "mail"], PHONE, (MAIL,)),
        (["pigeon", "text"], PHONE, (TEXT,)),
        (["text"], None, (MAIL,)),
        (["text"], "", (MAIL,)),
        (["pigeon"], PHONE, (MAIL,)),
        ([], PHONE, (MAIL,)),
    ],
)
def test_the_customer_chooses_the_channels_and_always_has_one(
    channels: list[str] | None, phone: str | None, used: tuple[ChannelName, ...]
) -> None:
    recipient = Recipient(email="ada@example.com", phone=phone, channels=channels)
    assert channels_of(recipient, offered=frozenset(ChannelName)) == used


@pytest.mark.parametrize("channels", [None, ["mail"], ["text"], ["mail", "text"]])
def test_the_mail_is_sent_if_there_is_no_text_message(channels: list[str] | None) -> None:
    recipient = Recipient(email="ada@example.com", phone=PHONE, channels=channels)
    assert channels_of(recipient, offered={MAIL}) == (MAIL,)


def test_channels_are_read(make_record: RecordMaker, paid: dict[str, Any]) -> None:
    paid["data"]["customer"]["channels"] = ["text"]
    customer = read_event(paid).recipient
    assert (customer.phone, customer.channels) == (PHONE, ["text"])


TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize("traceparent", [f"00-{TRACE}-00f067aa0ba902b7-01", f"7f-{TRACE}-00f067aa0ba902b7-01-more"])
def test_the_correlation_id_is_the_trace_of_the_request(
    make_record: RecordMaker, paid: dict[str, Any], traceparent: str
) -> None:
    assert read_event(paid | {"traceparent": traceparent}).correlation_id == TRACE


@pytest.mark.parametrize("event", [{"type": "order.lost.v9"}, {"type": "order.paid.v1"}, {"type": 1}])
def test_a_skipped_or_unreadable_record_has_its_correlation_id_too(
    make_record: RecordMaker, event: dict[str, Any]
) -> None:
    found = read_customer_event(make_record(event | {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}), FIELDS)
    assert isinstance(found, Skipped | Unreadable)
    assert found.correlation_id == TRACE


@pytest.mark.parametrize(
    "traceparent",
    [
        None,
        7,
        ["00"],
        "",
        "ada@example.com",
        TRACE,
        f"00-{TRACE.upper()}-00f067aa0ba902b7-01",
        f"00-{TRACE}-00f067aa0ba902b7",
        f"ff-{TRACE}-00f067aa0ba902b7-01",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE}-{'0' * 16}-01",
    ],
)
def test_an_invalid_trace_context_counts_as_none(
    make_record: RecordMaker, paid: dict[str, Any], traceparent: Any
) -> None:
    assert read_event(paid | {"traceparent": traceparent}).correlation_id is None


def test_an_event_cannot_name_a_correlation_id_of_its_own(make_record: RecordMaker, paid: dict[str, Any]) -> None:
    del paid["traceparent"]
    assert read_event(paid | {"correlation_id": "ada@example.com"}).correlation_id is None


def test_a_tombstone_is_skipped(make_record: RecordMaker) -> None:
    assert read_customer_event(make_record(None), FIELDS) == Skipped(reason="tombstone")


def test_an_event_of_a_backfill_is_skipped(make_record: RecordMaker, paid: dict[str, Any]) -> None:
    record = make_record(paid, headers={"backfill": b"true"})
    assert read_customer_event(record, FIELDS) == Skipped(reason="backfill")


def test_an_unknown_type_is_skipped_whatever_its_other_fields(make_record: RecordMaker) -> None:
    assert read_customer_event(make_record({"type": "order.lost.v9"}), FIELDS) == Skipped(reason="unknown type")


@pytest.mark.parametrize(
    "content_type", [b"application/cloudevents+json", b"Application/CloudEvents+JSON; charset=utf-8"]
)
def test_structured_events_are_read(make_record: RecordMaker, paid: dict[str, Any], content_type: bytes) -> None:
    assert isinstance(
        read_customer_event(make_record(paid, headers={"content-type": content_type}), FIELDS), CustomerEvent
    )


def test_a_record_without_a_content_type_is_read(make_record: RecordMaker, paid: dict[str, Any]) -> None:
    assert isinstance(read_customer_event(make_record(paid, headers={}), FIELDS), CustomerEvent)


def test_another_content_type_is_unreadable(make_record: RecordMaker, paid: dict[str, Any]) -> None:
    record = make_record(paid, headers={"content-type": b"application/avro"})
    assert why_unreadable(record) == "content-type: not application/cloudevents+json"


@pytest.mark.parametrize(
    "value", [b"", b"\xff", b"{", b'{"type": NaN}', b'{"name": "\\ud800"}', b"[" * 100_000, b"9" * 10_000]
)
def test_a_value_that_is_not_json_is_unreadable(make_record: RecordMaker, value: bytes) -> None:
    assert why_unreadable(make_record(value)) == "the value is not JSON"


@pytest.mark.parametrize("value", [[], 1, None, {}, {"type": 1}])
def test_an_event_without_a_type_is_unreadable(make_record: RecordMaker, value: Any) -> None:
    assert why_unreadable(make_record(json.dumps(value).encode())) == "type: missing"


def test_wrong_fields_are_named_without_their_values(make_record: RecordMaker, paid: dict[str, Any]) -> None:
    paid["time"] = "yesterday, said ada@example.com"
    paid["data"]["order_id"] = "ada@example.com\n"
    paid["data"]["customer"]["email"] = ["ada@example.com"]
    reason = why_unreadable(make_record(paid))
    assert reason == (
        "time: datetime_from_date_parsing, data.order_id: string_pattern_mismatch, data.customer.email: string_type"
    )


def test_a_missing_field_is_named(make_record: RecordMaker, paid: dict[str, Any]) -> None:
    del paid["data"]["customer"]["email"]
    assert why_unreadable(make_record(paid)) == "data.customer.email: missing"


def test_a_time_without_a_zone_is_unreadable(make_record: RecordMaker, paid: dict[str, Any]) -> None:
    paid["time"] = "2026-11-22T10:15:30"
    assert why_unreadable(make_record(paid)) == "time: timezone_aware"
    paid["time"] = "9999-12-31T23:59:59-14:00"
    assert why_unreadable(make_record(paid)) == "time: datetime_out_of_range"


FORMS = ["2026-11-22T10:15:30.000Z", "2026-11-22t10:15:30z", "2026-11-22 10:15:30.5-00:00", "2026-11-22T17:15:30+07:00"]
NO_FORMS = [1795342530, "1795342530", "20261122T101530Z", "2026-W47-7T10:15:30Z", "2026-11-22T10:15:30", "10:15:30Z"]


@pytest.mark.parametrize("form", FORMS)
def test_both_times_of_an_event_are_read_alike(make_record: RecordMaker, paid: dict[str, Any], form: str) -> None:
    paid["time"] = paid["data"]["paid_at"] = form
    event = read_event(paid)
    assert event.time.replace(microsecond=0) == datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC)
    shown = date_time(event.values["paid_at"], Locale("en"))
    assert shown.startswith("November 22, 2026, 10:15")


@pytest.mark.parametrize("form", NO_FORMS)
def test_what_is_no_time_here_is_none_there(make_record: RecordMaker, paid: dict[str, Any], form: Any) -> None:
    assert why_unreadable(make_record(paid | {"time": form})).startswith("time: ")
    with pytest.raises(FormatError):
        date_time(form, Locale("en"))


def test_every_text_is_put_on_one_line(make_record: RecordMaker, paid: dict[str, Any]) -> None:
    paid["data"]["customer"]["name"] = "Ada\r\nBcc: eve@example.com\x00\u2028\x85"
    paid["data"]["items"][0]["name"] = "Notes\n\ton\x07the Engine"
    event = read_event(paid)
    assert event.recipient.name == "Ada Bcc: eve@example.com"
    assert event.values["items"][0]["name"] == "Notes on the Engine"


def test_no_text_reverses_the_text_after_it(make_record: RecordMaker, paid: dict[str, Any]) -> None:
    paid["data"]["customer"]["name"] = "Ada \u202e\u2066Lovelace\u2069\u202c"
    assert read_event(paid).recipient.name == "Ada Lovelace"


def test_scripts_keep_the_marks_that_they_need(make_record: RecordMaker, paid: dict[str, Any]) -> None:
    name = "\u200fעדה\u200f ക്\u200dഷ 👩\u200d🔬"
    paid["data"]["customer"]["name"] = name
    assert read_event(paid).recipient.name == name


@given(value=st.binary() | st.none(), headers=st.dictionaries(st.text(), st.binary()))
def test_no_bytes_make_the_reader_raise(value: bytes | None, headers: dict[str, bytes]) -> None:
    source: dict[str, Any] = {
        "value": None if value is None else base64.b64encode(value).decode(),
        "headers": [{name: list(content)} for name, content in headers.items()],
    }
    assert isinstance(read_customer_event(_record(source), FIELDS), Skipped | Unreadable)


@given(source=st.fixed_dictionaries({}, optional={"value": JSON, "headers": JSON}))
def test_no_record_makes_the_reader_raise(source: dict[str, Any]) -> None:
    assert isinstance(read_customer_event(_record(source), FIELDS), Skipped | Unreadable)


@given(
    event=st.fixed_dictionaries(
        {"type": st.just("order.paid.v1")},
        optional={
            "id": JSON,
            "time": JSON,
            "data": JSON
            | st.fixed_dictionaries(
                {},
                optional={
                    "order_id": JSON,
                    "customer": JSON | st.fixed_dictionaries({}, optional={"email": JSON, "name": JSON}),
                },
            ),
        },
    )
)
def test_no_event_makes_the_reader_raise(event: dict[str, Any]) -> None:
    value = base64.b64encode(json.dumps(event).encode()).decode()
    assert isinstance(read_customer_event(_record({"value": value}), FIELDS), CustomerEvent | Skipped | Unreadable)


def _record(source: dict[str, Any]) -> Record:
    return Record(partition_id="t-0", topic="t", partition=0, offset=0, key=None, source=source)
