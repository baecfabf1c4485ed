"""Refusals with a code that is not listed: such a message may be wrong, or something else may be, for a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from functions.notify.domain.decisions import MAX_ATTEMPTS, PAUSE_AFTER_REFUSAL
from functions.notify.domain.notification import UnknownPolicy
from tests.notify.notifier.deliveries import DONE, LOST, RETRY, UNLISTED, Mapping, status

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.notify.fakes import FakeQueue, FakeSes, FakeSns

# Between two deliveries of a record that the mapping retries.
RETRIED_AFTER = timedelta(seconds=5)


def deliver_until_done(mapping: Mapping) -> timedelta:
    """Deliver the record as the mapping does, until it is done; return how long that took."""
    began = mapping.clock.now
    while mapping.deliver() is RETRY:
        mapping.clock.now += RETRIED_AFTER
    return mapping.clock.now - began


@pytest.mark.parametrize("policy", UnknownPolicy)
def test_a_message_whose_code_is_not_listed_is_dead_lettered_after_three_attempts_in_six_minutes(
    mapping: Mapping, ses: FakeSes, queue: FakeQueue, dynamodb: DynamoDBClient, policy: UnknownPolicy
) -> None:
    mapping.notifier = replace(mapping.notifier, unknown_policy=policy)
    ses.answers = [UNLISTED] * 100
    lasted = deliver_until_done(mapping)
    assert len(ses.sent) == MAX_ATTEMPTS
    assert queue.reasons == ["NewInThisYear"]
    assert status(dynamodb) == "failed"
    assert (1 + 2) * PAUSE_AFTER_REFUSAL <= lasted <= timedelta(minutes=7)
    assert mapping.deliver() is DONE
    assert (len(ses.sent), len(queue.messages)) == (MAX_ATTEMPTS, 1)


def test_a_text_message_whose_code_is_not_listed_ends_as_a_mail_does(
    mapping: Mapping, sns: FakeSns, queue: FakeQueue, dynamodb: DynamoDBClient
) -> None:
    mapping.event["data"]["customer"]["channels"] = ["text"]
    sns.answers = [UNLISTED] * 100
    deliver_until_done(mapping)
    assert (len(sns.sent), queue.reasons, status(dynamodb)) == (MAX_ATTEMPTS, ["NewInThisYear"], "failed")


def test_a_disturbance_of_less_than_six_minutes_dead_letters_nothing(
    mapping: Mapping, ses: FakeSes, queue: FakeQueue, logs: list[dict[str, Any]]
) -> None:
    ses.answers = [UNLISTED, UNLISTED]
    deliver_until_done(mapping)
    assert queue.messages == []
    assert logs[-1]["message"] == "notification sent"
    assert logs[-1]["possible_duplicate"] is False
    assert {line["reason"] for line in logs if line["message"] == "notification deferred"} == {
        "NewInThisYear",
        "the provider has refused it, and the pause before the next attempt is not over",
    }


def test_a_refused_message_is_sent_by_a_replay(mapping: Mapping, ses: FakeSes) -> None:
    ses.answers = [UNLISTED] * MAX_ATTEMPTS
    deliver_until_done(mapping)
    assert mapping.deliver(headers={"replay": b""}) is DONE
    assert len(ses.sent) == MAX_ATTEMPTS + 1


def test_a_message_in_its_pause_does_not_hold_up_the_other_channel(both: Mapping, ses: FakeSes, sns: FakeSns) -> None:
    ses.answers = [UNLISTED]
    assert both.deliver() is RETRY
    assert len(sns.sent) == 1


def test_a_success_without_a_message_id_is_a_lost_answer(
    mapping: Mapping, ses: FakeSes, dynamodb: DynamoDBClient, logs: list[dict[str, Any]]
) -> None:
    ses.answers = [""]
    assert mapping.deliver() is RETRY
    assert (status(dynamodb), logs[-1]["reason"]) == ("unknown", "the answer has no MessageId")
    assert mapping.deliver() is DONE
    assert logs[-1]["possible_duplicate"] is True


def test_refusals_and_lost_answers_together_are_no_more_than_three_attempts(
    mapping: Mapping, ses: FakeSes, queue: FakeQueue
) -> None:
    assert mapping.deliver(mapping.event | {"id": "of-another-order"}) is DONE  # so a lost answer counts
    ses.sent.clear()
    ses.answers = [UNLISTED, LOST, UNLISTED, "never asked for"]
    deliver_until_done(mapping)
    assert len(ses.sent) == MAX_ATTEMPTS
    assert queue.reasons == ["NewInThisYear"]
