"""Timeline of a flow: its steps in their order, its state, and messages of batches."""

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest

from samrun.console.flow.flow_index import FlowId, FlowIndex
from samrun.console.flow.timeline import Step, Timeline
from samrun.console.flow.timeline_builder import TimelineBuilder
from support.seen_stack import TRACE, SeenStack


@pytest.fixture
def stack(tmp_path: Path) -> SeenStack:
    return SeenStack(tmp_path)


def timeline(stack: SeenStack, key: str = "ord_000001", kind: str = "key") -> Timeline:
    index = FlowIndex(stack.parts)
    index.update(index.look())
    return TimelineBuilder(stack.parts, index).build(index.flows[FlowId(kind, key)])


def kinds(shown: Timeline) -> list[str]:
    return [step.kind for step in shown.steps]


def step(shown: Timeline, kind: str) -> Step:
    [found] = [each for each in shown.steps if each.kind == kind]
    return found


def test_order_becomes_a_mail(stack: SeenStack) -> None:
    stack.request()
    invocation = stack.deliver(stack.record("ord_000001"))
    mail = stack.mail("Confirmed: your order", invocation)
    stack.text_message("Confirmed", invocation)
    shown = timeline(stack)
    assert sorted(kinds(shown)) == sorted(["request", "invocation", "record", "delivery", "mail", "text message"])
    assert (shown.state, shown.result) == ("good", "done")
    assert step(shown, "mail").link == f"/inbox/{mail}"
    delivery = step(shown, "delivery")
    assert (delivery.title, delivery.result, delivery.seconds) == ("Mailer", "done", 0.25)
    assert delivery.notes == ("attempt 1", "ToMailer", "cold start 123 ms", "70 of 256 MB")
    assert [each.title for each in delivery.contents] == ["Event", "Result", "Log"]
    assert "mailing" in delivery.contents[2].shown.text
    assert '"type": "order.paid.v1"' in step(shown, "record").contents[0].shown.text


def test_delivery_names_its_record_if_there_are_several(stack: SeenStack) -> None:
    stack.deliver(stack.record("ord_000001"), stack.record("ord_000001"))
    deliveries = [each for each in timeline(stack).steps if each.kind == "delivery"]
    assert [each.notes[0] for each in deliveries] == ["of orders/0/0", "of orders/0/1"]


def test_failed_attempt_is_retried_and_then_done(stack: SeenStack) -> None:
    record = stack.record("ord_000001")
    stack.deliver(record, error="RuntimeError")
    assert (timeline(stack).state, timeline(stack).result) == ("busy", "retrying")
    first = step(timeline(stack), "delivery")
    assert (first.state, first.result, first.notes[:3]) == (
        "bad",
        "RuntimeError",
        ("attempt 1", "ToMailer", "retried in 0.2 s"),
    )
    stack.deliver(record, attempt=2)
    shown = timeline(stack)
    assert [each.result for each in shown.steps if each.kind == "delivery"] == ["RuntimeError", "done"]
    assert shown.result == "done"


def test_failed_item_of_a_batch_fails_alone(stack: SeenStack) -> None:
    good, bad = stack.record("ord_000001"), stack.record("ord_000002", trace="")
    stack.deliver(good, bad, failed=[bad])
    assert step(timeline(stack), "delivery").result == "done"
    failed = step(timeline(stack, "ord_000002"), "delivery")
    assert (failed.state, failed.result) == ("bad", "reported as failed")
    assert "a batch of 2 records" in failed.notes


def test_discarded_record_says_where_it_is(stack: SeenStack) -> None:
    record = stack.record("ord_000001")
    stack.deliver(record, error="RuntimeError")
    stack.discard(record)
    shown = timeline(stack)
    assert (shown.state, shown.result) == ("bad", "discarded")
    discarded = step(shown, "discarded")
    assert (discarded.result, discarded.notes) == ("RetryAttemptsExhausted", ("sent to the queue dlq",))
    assert discarded.link == "/dead-letters"


def test_record_that_is_lost_says_so(stack: SeenStack) -> None:
    record = stack.record("ord_000001")
    stack.deliver(record)
    stack.discard(record, destination=None)
    assert step(timeline(stack), "discarded").notes == ("lost: no on-failure destination has it",)


def test_message_of_a_batch_belongs_to_the_flow_whose_key_it_names(stack: SeenStack) -> None:
    invocation = stack.deliver(stack.record("ord_000001"), stack.record("ord_000002", trace=""))
    stack.mail("Your order ord_000001", invocation, to="ada@example.com")
    stack.mail("Your order ord_000002", invocation, to="bob@example.com")
    assert step(timeline(stack), "mail").title == "Your order ord_000001"
    assert step(timeline(stack, "ord_000002"), "mail").title == "Your order ord_000002"


def test_message_of_a_batch_belongs_to_the_flow_whose_record_has_its_recipient(stack: SeenStack) -> None:
    records = [
        stack.record("ord_000001", email="ada@example.com"),
        stack.record("ord_000002", trace="", email="bob@example.com"),
    ]
    stack.mail("Thank you", stack.deliver(*records), to="bob@example.com")
    assert "mail" not in kinds(timeline(stack))
    assert step(timeline(stack, "ord_000002"), "mail").title == "Thank you"


def test_key_in_a_message_counts_more_than_the_recipient(stack: SeenStack) -> None:
    records = [
        stack.record("ord_000001", email="ada@example.com"),
        stack.record("ord_000002", trace="", email="ada@example.com"),
    ]
    invocation = stack.deliver(*records)
    stack.mail("Your order ord_000001", invocation)
    key_in_base64 = base64.urlsafe_b64encode(b"ord_000002").decode().rstrip("=")
    stack.mail("Thank you", invocation, tags={"order": key_in_base64})
    assert step(timeline(stack), "mail").title == "Your order ord_000001"
    assert step(timeline(stack, "ord_000002"), "mail").title == "Thank you"


def test_message_that_may_be_about_another_record_says_so(stack: SeenStack) -> None:
    records = [
        stack.record("ord_000001", phone="+14155550100"),
        stack.record("ord_000002", trace="", phone="+14155550100"),
        stack.record("ord_000003", trace="", phone="+14155550199"),
    ]
    stack.text_message("Thank you", stack.deliver(*records))
    for key in ("ord_000001", "ord_000002"):
        assert "perhaps of another record of the batch" in step(timeline(stack, key), "text message").notes
    assert "text message" not in kinds(timeline(stack, "ord_000003"))


def test_deleted_mail_leaves_the_timeline(stack: SeenStack) -> None:
    mail = stack.mail("Confirmed", stack.deliver(stack.record("ord_000001")))
    stack.parts.mails.delete(mail)
    assert "mail" not in kinds(timeline(stack))


def test_feedback_about_a_mail_is_a_step(stack: SeenStack) -> None:
    stack.mail("Confirmed", stack.deliver(stack.record("ord_000001")), ses_id="ses-0102030405")
    stack.invoke("Feedback", {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "ses-0102030405 bounced"}}]})
    stack.invoke("Feedback", {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "another mail"}}]})
    feedback = step(timeline(stack), "invocation")
    assert (feedback.title, feedback.notes) == ("Feedback", ("by SNS",))


def test_invocation_that_logs_the_trace_is_a_step(stack: SeenStack) -> None:
    stack.deliver(stack.record("ord_000001"))
    stack.invoke("Relay", {"detail-type": "Scheduled Event"}, log=f"published {TRACE}")
    assert step(timeline(stack), "invocation").title == "Relay"


def test_refused_request_is_a_flow_that_failed(stack: SeenStack) -> None:
    stack.request(status=422)
    shown = timeline(stack, TRACE, "trace")
    assert (shown.state, shown.result) == ("bad", "422")


def test_invocation_under_way_makes_the_flow_busy(stack: SeenStack) -> None:
    record = stack.record("ord_000001")
    stack.deliver(record)
    event = stack.parts.invocations
    [*_, last] = event.after(0)
    last.is_running, last.result = True, None
    assert (timeline(stack).state, timeline(stack).result) == ("busy", "under way")


def test_summary_names_what_happened(stack: SeenStack) -> None:
    stack.request()
    stack.mail("Confirmed", stack.deliver(stack.record("ord_000001")))
    assert [text for _, text in timeline(stack).summary()] == [
        "POST /orders 201",
        "order.paid.v1",
        "Api: done",
        "Mailer: done",
        "1 mail",
    ]


def test_records_of_a_key_that_has_too_many_are_counted(stack: SeenStack) -> None:
    for _ in range(105):
        stack.deliver(stack.record("ord_000001", trace=""))
    shown = timeline(stack)
    assert kinds(shown).count("record") == 100
    assert shown.left_out == 5


def test_summary_names_what_went_wrong_before_what_is_done() -> None:
    at = datetime(2026, 11, 30, tzinfo=UTC)
    steps = [
        Step(id=name, at=at, kind="delivery", title=name, state="bad" if name == "Fifth" else "good", result="it")
        for name in ("First", "Second", "Third", "Fourth", "Fifth")
    ]
    shown = Timeline(steps=tuple(steps), state="bad", result="failed")
    assert list(shown.summary()) == [
        ("bad", "Fifth: it"),
        ("good", "First: it"),
        ("good", "Second: it"),
        ("", "2 more"),
    ]
