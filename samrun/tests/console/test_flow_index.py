"""Flows: what belongs together by traces, keys, places and names, and how a flow is found."""

from pathlib import Path

import pytest

from samrun.console.flow import flow_index as module
from samrun.console.flow import waiting_records
from samrun.console.flow.flow_index import FlowId, FlowIndex, is_mentioned
from samrun.console.flow.timeline_builder import TimelineBuilder
from samrun.mapping.records import TopicPartition
from samrun.testing.kafka_records import record
from support.seen_stack import TRACE, SeenStack, WaitingPoller

OTHER_TRACE = "a" * 32


@pytest.fixture
def stack(tmp_path: Path) -> SeenStack:
    return SeenStack(tmp_path)


@pytest.fixture
def index(stack: SeenStack) -> FlowIndex:
    return FlowIndex(stack.parts)


def names(index: FlowIndex) -> list[str]:
    index.update(index.look())
    return [flow.id.name for flow in index.newest()]


def test_request_without_a_record_is_a_flow_by_its_trace(stack: SeenStack, index: FlowIndex) -> None:
    stack.request(status=422)
    assert names(index) == [TRACE]


def test_request_and_its_record_are_one_flow_by_the_key(stack: SeenStack, index: FlowIndex) -> None:
    stack.request()
    assert names(index) == [TRACE]
    stack.deliver(stack.record("ord_1"))
    assert names(index) == ["ord_1"]
    flow = index.flows[FlowId("key", "ord_1")]
    assert [request.access.path for request in flow.requests] == ["/orders"]
    assert [seen.invocation.function for seen in flow.invocations.values()] == ["Api"]
    assert index.get(FlowId("trace", TRACE)) is flow


def test_record_that_is_seen_before_the_answer_of_its_request_takes_it(stack: SeenStack, index: FlowIndex) -> None:
    stack.deliver(stack.record("ord_1"))
    index.update(index.look())
    stack.request()
    assert names(index) == ["ord_1"]
    assert len(index.flows[FlowId("key", "ord_1")].requests) == 1


def test_request_with_records_of_two_keys_belongs_to_both_flows(stack: SeenStack, index: FlowIndex) -> None:
    stack.request("/orders/batch")
    stack.deliver(stack.record("ord_1"), stack.record("ord_2"))
    assert sorted(names(index)) == ["ord_1", "ord_2"]
    assert all(len(flow.requests) == 1 for flow in index.flows.values())


def test_record_without_a_trace_finds_the_request_that_names_its_key(stack: SeenStack, index: FlowIndex) -> None:
    stack.request(result={"statusCode": 201, "body": '{"order_id": "ord_123"}'})
    stack.deliver(stack.record("ord_123", trace=""))
    assert names(index) == ["ord_123"]
    assert len(index.flows[FlowId("key", "ord_123")].requests) == 1


def test_request_whose_path_has_the_key_belongs_to_its_flow(stack: SeenStack, index: FlowIndex) -> None:
    stack.deliver(stack.record("ord_1"))
    index.update(index.look())
    stack.request("/orders/ord_1/cancellation", trace=OTHER_TRACE)
    assert names(index) == ["ord_1"]


def test_flows_of_other_keys_stay_apart(stack: SeenStack, index: FlowIndex) -> None:
    stack.request()
    stack.deliver(stack.record("ord_1"))
    stack.request(trace=OTHER_TRACE)
    stack.deliver(stack.record("ord_2", trace=OTHER_TRACE))
    assert names(index) == ["ord_2", "ord_1"]
    assert [len(flow.requests) for flow in index.flows.values()] == [1, 1]


def test_record_without_a_key_is_a_flow_by_its_trace_or_its_place(stack: SeenStack, index: FlowIndex) -> None:
    stack.deliver(stack.record(None))
    stack.deliver(stack.record(None, trace=""))
    assert names(index) == ["orders/0/1", TRACE]


def test_flow_that_changes_comes_first(stack: SeenStack, index: FlowIndex) -> None:
    first, second = stack.record("ord_1"), stack.record("ord_2", trace=OTHER_TRACE)
    stack.deliver(first)
    stack.deliver(second)
    assert names(index) == ["ord_2", "ord_1"]
    stack.deliver(first, attempt=2)
    assert names(index) == ["ord_1", "ord_2"]


@pytest.mark.parametrize(
    "query",
    ["ord_1", "ORD_1", TRACE, "orders/0/0", "orders-0@0", "0/0", "ada@example.com", "ada@", "+14155550100", "/orders"],
)
def test_flow_is_found(stack: SeenStack, index: FlowIndex, query: str) -> None:
    stack.request()
    invocation = stack.deliver(stack.record("ord_1"))
    stack.mail("Confirmed", invocation)
    stack.text_message("Confirmed", invocation)
    stack.deliver(stack.record("other", trace="", topic="others"))
    index.update(index.look())
    assert [flow.id.name for flow in index.find(query)] == ["ord_1"]


def test_message_names_the_flows_of_its_invocation(stack: SeenStack, index: FlowIndex) -> None:
    invocation = stack.deliver(stack.record("ord_1"), stack.record("ord_2"))
    mail, text_message = stack.mail("Confirmed", invocation), stack.text_message("Confirmed", invocation)
    index.update(index.look())
    for message in (mail, text_message):
        assert [flow.id.name for flow in index.flows_of_message(message)] == ["ord_1", "ord_2"]
    assert index.flows_of_message("0" * 22) == []


def test_query_that_names_nothing_finds_nothing(stack: SeenStack, index: FlowIndex) -> None:
    stack.request()
    stack.deliver(stack.record("ord_1"))
    index.update(index.look())
    assert index.find("nobody@example.com") == []


def test_index_forgets_what_the_log_forgot(stack: SeenStack, index: FlowIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("samrun.functions.invocation_log._MAX_INVOCATIONS", 10)
    monkeypatch.setattr(module, "_MAX_FORGOTTEN", 5)
    for number in range(100):
        stack.deliver(stack.record(f"ord_{number}", trace=""))
        index.update(index.look())
    assert len(index.seen) <= 16
    assert len(index.flows) <= 16
    assert "ord_99" in names(index)
    assert "ord_0" not in names(index)


def test_record_that_waits_is_a_part_of_its_flow_until_it_is_delivered(stack: SeenStack, index: FlowIndex) -> None:
    poller, timelines = WaitingPoller(), TimelineBuilder(stack.parts, index)
    stack.parts.mappings.append(poller)
    stack.request()
    assert names(index) == [TRACE]
    version = index.version()
    waiting = stack.record("ord_1")
    poller.records = [waiting]
    assert index.version() != version
    assert names(index) == ["ord_1"]
    timeline = timelines.build(index.flows[FlowId("key", "ord_1")])
    results = {step.kind: step.result for step in timeline.steps}
    assert results == {"request": "201", "invocation": "done", "record": "waiting for ToMailer"}
    assert (timeline.state, timeline.result) == ("busy", "waiting")

    poller.records = []
    stack.deliver(waiting)
    assert names(index) == ["ord_1"]
    timeline = timelines.build(index.flows[FlowId("key", "ord_1")])
    results = {step.kind: step.result for step in timeline.steps}
    assert results == {"request": "201", "invocation": "done", "record": "", "delivery": "done"}
    assert timeline.result == "done"


def test_record_goes_on_waiting_while_its_mapping_has_no_broker(
    stack: SeenStack, index: FlowIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_records, "_PATIENCE", 0.01)
    poller = WaitingPoller()
    stack.parts.mappings.append(poller)
    poller.records = [stack.record("ord_1")]
    assert names(index) == ["ord_1"]
    poller.is_away = True
    assert names(index) == ["ord_1"]
    assert index.waiting.mappings_of((TopicPartition("orders", 0), 0)) == ["ToMailer"]
    poller.records = []  # a reset, for one, forgot them
    assert names(index) == ["ord_1"]
    assert index.waiting.mappings_of((TopicPartition("orders", 0), 0)) == []


def test_waiting_record_of_any_form_is_shown(stack: SeenStack, index: FlowIndex) -> None:
    poller, timelines = WaitingPoller(), TimelineBuilder(stack.parts, index)
    stack.parts.mappings.append(poller)
    poller.records = [
        record(0, key=b"\xff\x00", value=b"\xff"),
        record(1, timestamp=2**63 - 1),
        record(2, timestamp=-(2**63), headers=[("traceparent", None), ("\u202e", b"\xff")]),
        record(3, key=b"key", value=b"[" * 5_000),
    ]
    assert len(names(index)) == 4
    assert {timelines.build(flow).result for flow in index.newest()} == {"waiting"}


def test_reset_begins_with_no_flows(stack: SeenStack, index: FlowIndex) -> None:
    stack.request()
    stack.mail("Confirmed", stack.deliver(stack.record("ord_1")))
    assert names(index) == ["ord_1"]
    before = index.version()
    stack.parts.journal.clear(invocations=stack.parts.invocations.started)
    assert index.version() != before
    assert names(index) == []
    stack.deliver(stack.record("ord_2"))
    assert names(index) == ["ord_2"]


def test_index_reads_each_event_once(stack: SeenStack, index: FlowIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.deliver(stack.record("ord_1"))
    index.update(index.look())
    monkeypatch.setattr(module, "seen_invocation", lambda _: pytest.fail("it was read already"))
    index.update(index.look())


def test_version_changes_with_what_is_seen(stack: SeenStack, index: FlowIndex) -> None:
    versions = [index.version()]
    stack.request()
    versions.append(index.version())
    stack.deliver(stack.record("ord_1"))
    versions.append(index.version())
    assert len(set(versions)) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'{"id": "ord_123"}', True),
        (b"ord_123", True),
        (b"ord_1234 ord_123", True),
        (b"ord_1234", False),
        (b"xord_123", False),
        (b"", False),
    ],
)
def test_name_is_mentioned_as_a_word_of_its_own(text: bytes, expected: bool) -> None:
    assert is_mentioned("ord_123", [text]) is expected


def test_short_name_is_never_mentioned() -> None:
    assert not is_mentioned("42", [b"42"])
