"""Logs and metrics of the notifier."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Never

import pytest
from botocore.exceptions import ConnectTimeoutError

from functions.notify.domain.notification import Claim, Notification
from functions.notify.events.customer_events import CustomerEvent
from functions.notify.messages.messages import Messages
from tests.notify.notifier.deliveries import (
    ADDRESS,
    DONE,
    LATER,
    LOST,
    RETRY,
    TRACE,
    Mapping,
    messages_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from functions.notify.notifying.delivery import Invocation
    from functions.notify.notifying.notifier import Notifier
    from tests.notify.fakes import FakeQueue, FakeSes
    from tests.notify.samples import RecordMaker


def test_a_bug_fails_its_record_and_is_logged_without_values_of_the_record(
    mapping: Mapping, ses: FakeSes, logs: list[dict[str, Any]]
) -> None:
    ses.answers = [RuntimeError(ADDRESS)]
    assert mapping.deliver() is RETRY
    (line,) = logs
    assert (line["level"], line["message"], line["error_type"]) == (
        "ERROR",
        "record failed unexpectedly",
        "RuntimeError",
    )
    assert any("send_email" in frame for frame in line["stack_trace"])
    assert ADDRESS not in json.dumps(logs)


def test_a_bug_in_parsing_fails_its_record(
    notifier: Notifier, make_record: RecordMaker, invocation: Invocation, logs: list[dict[str, Any]]
) -> None:
    class Broken(Messages):
        @property
        def fields(self) -> Never:
            raise RuntimeError(ADDRESS)

    broken = replace(notifier, messages=Broken(shop_name="The Shop"))
    parsed = broken.parse(make_record({"type": "order.paid.v1"}))
    assert broken.process_record(parsed, invocation) is RETRY
    assert messages_of(logs) == ["record failed unexpectedly"]
    assert ADDRESS not in json.dumps(logs)


def test_a_parsed_record_keeps_its_record(notifier: Notifier, make_record: RecordMaker, paid: dict[str, Any]) -> None:
    record = make_record(paid)
    parsed = notifier.parse(record)
    assert parsed.record is record
    assert isinstance(parsed.content, CustomerEvent)


def test_every_log_line_about_a_record_has_the_trace_of_its_request(
    mapping: Mapping, ses: FakeSes, queue: FakeQueue, logs: list[dict[str, Any]]
) -> None:
    ses.answers = [LATER, LOST, RuntimeError("a bug"), "mail-1"]
    for _ in ses.answers.copy():
        mapping.deliver(seconds=15)
    mapping.clock.advance(seconds=16)
    assert mapping.deliver() is DONE
    assert mapping.deliver() is DONE
    assert mapping.deliver(seconds=1) is RETRY
    assert mapping.deliver(mapping.event | {"type": "order.lost.v1"}) is DONE
    assert mapping.deliver(mapping.event | {"id": 1}) is DONE
    mapping.clock.advance(days=4)
    assert mapping.deliver(mapping.event | {"id": "of-another-order"}) is DONE
    assert set(messages_of(logs)) == {
        "notification deferred",
        "record failed unexpectedly",
        "notification sent",
        "notification already sent",
        "record skipped",
        "record dead-lettered",
        "notification expired",
    }
    assert {line["correlation_id"] for line in logs} == {TRACE}


def test_a_log_line_about_a_record_without_a_trace_has_no_correlation_id(
    mapping: Mapping, logs: list[dict[str, Any]]
) -> None:
    assert mapping.deliver(mapping.event | {"traceparent": ADDRESS}) is DONE
    assert messages_of(logs) == ["notification sent"]
    assert "correlation_id" not in logs[0]


def test_a_mail_is_counted_once_and_a_repeated_record_not_at_all(
    mapping: Mapping, counted: Callable[[], dict[str, float]]
) -> None:
    assert mapping.deliver() is DONE
    assert counted() == {"NotificationsSent": 1}
    assert mapping.deliver() is DONE
    assert counted() == {}


def test_every_deferred_try_is_counted(mapping: Mapping, ses: FakeSes, counted: Callable[[], dict[str, float]]) -> None:
    ses.answers = [LATER, LATER]
    mapping.deliver()
    mapping.deliver()
    mapping.deliver(seconds=1)
    assert counted() == {"NotificationsDeferred": 3}


def test_a_possible_duplicate_is_counted_beside_its_mail(
    mapping: Mapping, ses: FakeSes, counted: Callable[[], dict[str, float]]
) -> None:
    ses.answers = [LOST]
    mapping.deliver()
    assert counted() == {"NotificationsDeferred": 1}
    mapping.deliver()
    assert counted() == {"NotificationsSent": 1, "PossibleDuplicates": 1}


def test_a_held_mail_is_counted(holding: Mapping, ses: FakeSes, counted: Callable[[], dict[str, float]]) -> None:
    ses.answers = [LOST]
    holding.deliver()
    assert counted() == {"NotificationsHeld": 1}


def test_a_bug_is_counted(mapping: Mapping, ses: FakeSes, counted: Callable[[], dict[str, float]]) -> None:
    ses.answers = [RuntimeError("a bug")]
    mapping.deliver()
    assert counted() == {"UnexpectedErrors": 1}


def test_a_bug_in_a_pending_write_is_counted_and_logged_without_its_message(
    mapping: Mapping, logs: list[dict[str, Any]], counted: Callable[[], dict[str, float]]
) -> None:
    def fail() -> bool:
        raise RuntimeError(ADDRESS)

    notification = Notification(key="ord_1", event_id="event-1", channel="mail")
    claim = Claim(notification=notification, owner="request-0", attempts=1, possible_duplicate=False)
    mapping.notifier.pending_writes.add(claim, fail)
    assert mapping.deliver() is DONE
    assert counted() == {"UnexpectedErrors": 1, "NotificationsSent": 1}
    assert (logs[0]["message"], logs[0]["error_type"]) == ("write to the ledger failed unexpectedly", "RuntimeError")
    assert ADDRESS not in json.dumps(logs)


@pytest.mark.parametrize("change", [{"id": 1}, {"data": {"order_id": "ord_1", "customer": {"email": ADDRESS}}}])
def test_a_dead_lettered_record_is_counted_once_the_queue_has_it(
    mapping: Mapping, queue: FakeQueue, counted: Callable[[], dict[str, float]], change: dict[str, Any]
) -> None:
    queue.error = ConnectTimeoutError(endpoint_url="")
    mapping.deliver(mapping.event | change)
    assert counted() == {"NotificationsDeferred": 1}
    queue.error = None
    mapping.deliver(mapping.event | change)
    assert counted() == {"NotificationsFailed": 1}


def test_an_expired_mail_is_counted_once(mapping: Mapping, counted: Callable[[], dict[str, float]]) -> None:
    mapping.clock.advance(days=3)
    mapping.deliver()
    assert counted() == {"NotificationsExpired": 1}
    mapping.deliver()
    assert counted() == {}


def test_a_sent_mail_is_not_counted_as_expired_when_its_event_is_too_old(
    mapping: Mapping, counted: Callable[[], dict[str, float]]
) -> None:
    mapping.deliver()
    assert counted() == {"NotificationsSent": 1}
    mapping.clock.advance(days=3)
    mapping.deliver()
    assert counted() == {}


def test_an_event_without_a_template_folder_is_skipped_and_counted(
    mapping: Mapping,
    cancelled: dict[str, Any],
    queue: FakeQueue,
    ses: FakeSes,
    logs: list[dict[str, Any]],
    counted: Callable[[], dict[str, float]],
) -> None:
    assert mapping.deliver(cancelled | {"type": "order.lost.v9"}) is DONE
    assert (ses.sent, queue.messages) == ([], [])
    assert counted() == {"RecordsSkipped": 1}
    assert [(line["message"], line["correlation_id"]) for line in logs] == [
        ("record skipped", "0af7651916cd43dd8448eb211c80319c")
    ]
