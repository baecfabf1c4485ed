"""A customer with two channels, and throttled sends."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from functions.notify.ledger.batch_writer import BatchWriter
from tests.notify.fakes import NoStatements
from tests.notify.notifier.deliveries import (
    ADDRESS,
    DONE,
    LATER,
    LOST,
    RETRY,
    THROTTLED,
    Mapping,
    messages_of,
    status,
)

if TYPE_CHECKING:
    import pytest
    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.notify.fakes import FakeQueue, FakeSes, FakeSns


def statuses(dynamodb: DynamoDBClient) -> dict[str, str]:
    """The status of each notification, by its channel."""
    items = dynamodb.scan(TableName="notifications")["Items"]
    return {item["notification_id"]["S"].rpartition("#")[2]: item["status"]["S"] for item in items}


def test_a_customer_with_a_phone_gets_mail_and_text_message_once(
    both: Mapping, ses: FakeSes, sns: FakeSns, dynamodb: DynamoDBClient
) -> None:
    assert both.deliver() is DONE
    assert both.deliver() is DONE
    assert len(ses.sent) == len(sns.sent) == 1
    assert sns.sent[0]["PhoneNumber"] == "+14155550100"
    assert statuses(dynamodb) == {"mail": "sent", "text": "sent"}


def test_a_mail_that_fails_does_not_fail_the_text_message(
    both: Mapping, ses: FakeSes, sns: FakeSns, dynamodb: DynamoDBClient
) -> None:
    ses.answers = [LATER]
    assert both.deliver() is RETRY
    assert statuses(dynamodb) == {"mail": "waiting", "text": "sent"}
    assert both.deliver() is DONE
    assert statuses(dynamodb) == {"mail": "sent", "text": "sent"}
    assert len(sns.sent) == 1


def test_a_text_message_that_fails_does_not_fail_the_mail(
    both: Mapping, ses: FakeSes, sns: FakeSns, dynamodb: DynamoDBClient
) -> None:
    sns.answers = [LOST]
    assert both.deliver() is RETRY
    assert statuses(dynamodb) == {"mail": "sent", "text": "unknown"}
    assert both.deliver() is DONE
    assert len(ses.sent) == 1
    assert len(sns.sent) == 2


def test_a_bug_in_one_channel_does_not_fail_the_other(
    both: Mapping, ses: FakeSes, sns: FakeSns, logs: list[dict[str, Any]]
) -> None:
    ses.answers = [RuntimeError(ADDRESS)]
    assert both.deliver() is RETRY
    assert len(sns.sent) == 1
    assert messages_of(logs)[0] == "record failed unexpectedly"


def test_a_channel_that_can_never_be_used_does_not_fail_the_other(
    both: Mapping, ses: FakeSes, sns: FakeSns, queue: FakeQueue, dynamodb: DynamoDBClient
) -> None:
    both.event["data"]["customer"]["email"] = "ada@foo_bar"
    assert both.deliver() is DONE
    assert statuses(dynamodb) == {"mail": "failed", "text": "sent"}
    assert len(queue.messages) == 1
    both.event["data"]["customer"]["email"] = ADDRESS
    assert both.deliver(headers={"replay": b""}) is DONE
    assert len(ses.sent) == len(sns.sent) == 1


def test_a_channel_that_takes_all_the_time_leaves_the_other_for_a_retry(
    both: Mapping, ses: FakeSes, sns: FakeSns, dynamodb: DynamoDBClient, logs: list[dict[str, Any]]
) -> None:
    ses.before_answer = lambda _: both.clock.advance(seconds=4)
    assert both.deliver(seconds=9) is RETRY
    assert statuses(dynamodb) == {"mail": "sent"}
    assert (logs[-1]["channel"], logs[-1]["reason"]) == (
        "text",
        "not enough time is left in the invocation for another send",
    )
    assert both.deliver() is DONE
    assert statuses(dynamodb) == {"mail": "sent", "text": "sent"}
    assert len(sns.sent) == 1


def test_a_mark_at_the_end_of_the_time_is_not_written_in_a_batch(
    mapping: Mapping, ses: FakeSes, dynamodb: DynamoDBClient
) -> None:
    client = NoStatements()
    ledger = replace(mapping.notifier.ledger, batch_writer=BatchWriter(client))
    mapping.notifier = replace(mapping.notifier, ledger=ledger)
    ses.before_answer = lambda _: mapping.clock.advance(seconds=4)
    assert mapping.deliver(seconds=9) is DONE
    assert (client.verbs, status(dynamodb)) == (["INSERT"], "sent")

    client.verbs.clear()
    mapping.event["id"] = "another"
    assert mapping.deliver(seconds=15) is DONE
    assert client.verbs == ["INSERT", "UPDATE"]


def test_a_throttled_send_is_repeated_after_a_second(both: Mapping, ses: FakeSes, logs: list[dict[str, Any]]) -> None:
    ses.answers = [THROTTLED, THROTTLED]
    before = both.clock.now
    assert both.deliver() is DONE
    assert len(ses.sent) == 3
    assert both.clock.now - before >= timedelta(seconds=2)
    assert [line["possible_duplicate"] for line in logs if line["message"] == "notification sent"] == [False, False]


def test_a_record_is_retried_if_throttling_leaves_no_time(
    mapping: Mapping, ses: FakeSes, dynamodb: DynamoDBClient, logs: list[dict[str, Any]]
) -> None:
    ses.answers = [THROTTLED] * 100
    assert mapping.deliver() is RETRY
    assert status(dynamodb) == "waiting"
    assert logs[-1]["reason"] == "not enough time is left in the invocation for another send"


def test_events_of_ses_are_expected_after_a_mail_and_not_after_a_text_message(
    both: Mapping, ses: FakeSes, capsys: pytest.CaptureFixture[str]
) -> None:
    ses.answers = [LATER]
    for expected in (None, 0.0):
        both.deliver()
        both.notifier.metrics.flush()
        (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
        assert line["NotificationsSent"] == [1.0]
        assert line.get("MailsDelivered", [None]) == [expected]
