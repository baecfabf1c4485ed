"""Tests of the application, as its developers would write them: the one in samrun's README, and more."""

from collections.abc import Callable

import httpx
import pytest

from samrun.testing.stack import RunningStack
from samrun.testing.stack_client import UnknownNameError, WaitError


def test_a_new_member_is_welcomed(samrun: RunningStack) -> None:
    samrun.produce("registrations", {"email": "ada@example.com", "name": "Ada"}, key="ada")
    mail = samrun.wait_for_mail(to="ada@example.com")
    assert mail.subject == "Welcome, Ada"
    samrun.wait_until_idle()
    assert samrun.items("Members") == [{"email": "ada@example.com", "name": "Ada"}]
    assert samrun.http.get("/members/ada@example.com").json() == {"member": True}


def test_nothing_of_an_earlier_test_is_left(samrun: RunningStack) -> None:
    assert samrun.mails() == []
    assert samrun.items("Members") == []
    assert samrun.records("registrations") == []
    assert samrun.invocations() == []
    assert samrun.http.get("/members/ada@example.com").json() == {"member": False}


def test_an_invocation_shows_what_the_function_got_and_returned(samrun: RunningStack) -> None:
    partition, offset = samrun.produce("registrations", {"email": "bob@example.com", "name": "Bob"}, headers={"a": "b"})
    invocation = samrun.wait_for_invocation("Welcome")
    [record] = invocation.event["records"][f"registrations-{partition}"]
    assert (record["offset"], record["headers"]) == (offset, [{"a": [98]}])
    assert (invocation.result, invocation.error) == ({}, None)
    assert "bob@example.com is a member\n" in invocation.log


def test_a_record_that_cannot_be_read_goes_to_the_queue(samrun: RunningStack) -> None:
    samrun.produce("registrations", b"\xff", partition=0)
    samrun.wait_until_idle()
    assert [invocation.error for invocation in samrun.invocations("Welcome")] == ["Unhandled", "Unhandled"]
    [dead_letter] = samrun.messages("Refused")
    assert "RetryAttemptsExhausted" in dead_letter.body
    assert samrun.messages("Refused") == [dead_letter]


def test_messages_have_their_attributes(samrun: RunningStack) -> None:
    sqs = samrun.aws("sqs")
    queue = sqs.get_queue_url(QueueName=samrun.resource_name("Refused"))["QueueUrl"]
    attributes = {
        "reason": {"DataType": "String", "StringValue": "unreadable"},
        "record": {"DataType": "Binary", "BinaryValue": b"\xff"},
    }
    sqs.send_message(QueueUrl=queue, MessageBody="by hand", MessageAttributes=attributes)
    [message] = samrun.messages("Refused")
    assert (message.body, message.attributes) == ("by hand", {"reason": "unreadable", "record": b"\xff"})


def test_a_member_with_a_phone_gets_a_text_message(samrun: RunningStack) -> None:
    for name in ("Ada", "Bob"):
        member = {"email": f"{name}@example.com", "name": name, "phone": "+4930123456"}
        samrun.produce("registrations", member, partition=0)
        samrun.wait_until_idle()
    assert samrun.wait_for_text_message(to="+4930123456").text == "Welcome, Bob"
    assert [message.text for message in samrun.text_messages()] == ["Welcome, Ada", "Welcome, Bob"]


def test_text_messages_of_an_earlier_test_are_gone(samrun: RunningStack) -> None:
    assert samrun.text_messages() == []
    with pytest.raises(WaitError, match=r"a text message to \+4930123456"):
        samrun.wait_for_text_message(to="+4930123456", patience=0.1)


def test_a_function_can_be_invoked(samrun: RunningStack) -> None:
    assert samrun.invoke("Welcome", {"pathParameters": {"email": "eve@example.com"}}) == {"member": False}
    with pytest.raises(AssertionError, match=r"Welcome failed: .*KeyError"):
        samrun.invoke("Welcome", {})


def test_a_wait_that_fails_shows_what_happened(samrun: RunningStack) -> None:
    samrun.produce("registrations", {"email": "ada@example.com", "name": "Ada"}, partition=2)
    samrun.wait_for_mail(to="ada@example.com")
    with pytest.raises(WaitError) as failure:
        samrun.wait_for_mail(to="bob@example.com", patience=0.2)
    assert "waited 0.2 s in vain for a mail to bob@example.com." in str(failure.value)
    assert "registrations-2@" in str(failure.value)
    assert "→ Welcome" in str(failure.value)
    assert "The stack has left to do:\n(nothing: the stack is idle)\n" in str(failure.value)
    samrun.disturb("Welcome", "delay", seconds=2)
    samrun.produce("registrations", {"email": "bob@example.com", "name": "Bob"}, partition=0)
    with pytest.raises(
        WaitError,
        match=r"left to do:\nWelcomeRegistrations: registrations-0 has 1 record not done, from offset \d+ on\n",
    ):
        samrun.wait_for_mail(to="bob@example.com", patience=0.2)


def test_a_batch_that_waits_for_a_retry_does_not_meet_the_next_test(samrun: RunningStack) -> None:
    samrun.produce("registrations", {"email": "no name"}, partition=1)
    samrun.wait_for_invocation("Welcome")


def test_a_reset_takes_the_retry_away(samrun: RunningStack) -> None:
    samrun.wait_until_idle()
    assert samrun.invocations() == []
    assert samrun.messages("Refused") == []
    samrun.produce("registrations", {"email": "ada@example.com", "name": "Ada"}, partition=1)
    samrun.wait_for_mail(to="ada@example.com")


def test_lag_is_a_metric(samrun: RunningStack) -> None:
    partition, _ = samrun.produce("registrations", {"email": "ada@example.com", "name": "Ada"})
    samrun.wait_until_idle()
    metrics = httpx.get(f"{samrun.endpoints['console']}/metrics").text
    labels = f'function="Welcome",mapping="WelcomeRegistrations",partition="{partition}",topic="registrations"'
    assert f"samrun_mapping_lag_records{{{labels}}} 0.0" in metrics


@pytest.mark.parametrize(
    ("look", "message"),
    [
        (lambda samrun: samrun.items("Member"), "no table 'Member'; it has Members"),
        (lambda samrun: samrun.messages("Refuse"), "no queue 'Refuse'; it has Refused"),
        (lambda samrun: samrun.records("registration"), "no topic 'registration'; it has registrations"),
        (lambda samrun: samrun.produce("registration", "x"), "no topic 'registration'; it has registrations"),
        (lambda samrun: samrun.invoke("welcome", {}), "no function 'welcome'; it has Welcome"),
        (lambda samrun: samrun.invocations("welcome"), "no function 'welcome'; it has Welcome"),
        (lambda samrun: samrun.wait_for_invocation("welcome"), "no function 'welcome'; it has Welcome"),
    ],
)
def test_a_name_that_nothing_has_is_an_error_with_the_names_that_there_are(
    samrun: RunningStack, look: Callable[[RunningStack], object], message: str
) -> None:
    with pytest.raises(UnknownNameError, match=message):
        look(samrun)
