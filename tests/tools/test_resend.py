"""Resend: the record of an order's event, built from its item, is the one that Kafka has."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from functions.notify.domain.decisions import MAX_AGE_OF_REPLAY
from functions.notify.events.customer_events import CustomerEvent, read_customer_event
from functions.notify.events.records import read_records
from functions.order.domain.events import event_of
from functions.order.domain.order import ORDER_CANCELLED, ORDER_PAID
from functions.order.storage.order_item import item_of
from tests.notify.samples import FIELDS
from tests.order.orders import NOON, cancelled_order, order_of
from tools import resend as command
from tools.resend import Resend, ResendError
from tools.stack_outputs import StackOutputsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from functions.order.domain.order import Order


@dataclass
class FakeTable:
    """A table with these orders."""

    orders: tuple[Order, ...] = ()

    def get_item(self, *, TableName: str, Key: Mapping[str, Any], ConsistentRead: bool) -> Mapping[str, Any]:  # noqa: N803
        assert (TableName, ConsistentRead) == ("orders", True)
        found = [order for order in self.orders if order.order_id == Key["order_id"]["S"]]
        return {"Item": item_of(found[0])} if found else {}


@dataclass
class FakeLambda:
    """Answers each invocation with `answer`."""

    answer: dict[str, Any] = field(default_factory=lambda: {"batchItemFailures": []})
    error: str | None = None
    invoked: list[dict[str, Any]] = field(default_factory=list)

    def invoke(self, *, FunctionName: str, Payload: bytes) -> Mapping[str, Any]:  # noqa: N803
        assert FunctionName == "notify"
        self.invoked.append(json.loads(Payload))
        payload = io.BytesIO(json.dumps(self.answer).encode())
        return {"Payload": payload} | ({"FunctionError": self.error} if self.error else {})


def resend_of(*orders: Order, functions: FakeLambda | None = None) -> Resend:
    return Resend(tables=FakeTable(orders), functions=functions or FakeLambda(), table="orders", function="notify")


@pytest.mark.parametrize(("order", "event_type"), [(order_of(), ORDER_PAID), (cancelled_order(), ORDER_CANCELLED)])
def test_notify_reads_the_same_event_as_from_kafka_and_a_replay(order: Order, event_type: str) -> None:
    functions = FakeLambda()
    resend = resend_of(order, functions=functions)
    resend.send(resend.record(order.order_id, event_type, now=NOON))
    [event] = functions.invoked
    [record] = read_records(event)
    assert base64.b64decode(record.source["value"]) == event_of(order, event_type).value
    read = read_customer_event(record, {event_type: FIELDS[event_type]})
    assert isinstance(read, CustomerEvent)
    assert read.key == order.order_id
    assert base64.b64decode(record.key or "").decode() == order.order_id
    assert "replay" in record.headers()


def test_an_unknown_order_is_named() -> None:
    with pytest.raises(ResendError, match="The table orders has no order ord_nobody"):
        resend_of().record("ord_nobody", ORDER_PAID, now=NOON)


def test_an_order_that_was_not_cancelled_has_no_such_event() -> None:
    order = order_of()
    with pytest.raises(ResendError, match=f"{order.order_id} has no event of type order.cancelled.v1"):
        resend_of(order).record(order.order_id, ORDER_CANCELLED, now=NOON)


def test_an_erased_order_is_refused_also_by_force() -> None:
    order = order_of(pending=(), erased_at=NOON)
    with pytest.raises(ResendError, match=f"The personal data of {order.order_id} was erased"):
        resend_of(order).record(order.order_id, ORDER_PAID, now=NOON, force=True)


@pytest.mark.parametrize("event_type", [ORDER_PAID, ORDER_CANCELLED])
def test_an_event_that_the_ledger_may_have_forgotten_is_sent_by_force_only(event_type: str) -> None:
    order = cancelled_order(created_at=NOON - timedelta(days=100))
    assert order.cancellation
    happened = order.cancellation.cancelled_at if event_type == ORDER_CANCELLED else order.created_at
    resend, last = resend_of(order), happened + MAX_AGE_OF_REPLAY
    kept = resend.record(order.order_id, event_type, now=last)
    with pytest.raises(ResendError, match=r"is older than 29 days.*--force"):
        resend.record(order.order_id, event_type, now=last + timedelta(seconds=1))
    forced = resend.record(order.order_id, event_type, now=last + timedelta(seconds=1), force=True)
    assert forced["headers"].pop() == {"replay": list(b"forced")}
    assert kept["headers"].pop() == {"replay": list(b"true")}
    assert forced == kept


@pytest.mark.parametrize(
    "functions",
    [
        FakeLambda(answer={"batchItemFailures": [{"itemIdentifier": {"partition": "resend--1", "offset": 0}}]}),
        FakeLambda(answer={"errorType": "Runtime.ExitError"}, error="Unhandled"),
    ],
    ids=["partial batch response", "function error"],
)
def test_a_notification_that_could_not_be_sent_is_an_error(functions: FakeLambda) -> None:
    order = order_of()
    resend = resend_of(order, functions=functions)
    with pytest.raises(ResendError, match="notify could not send it now"):
        resend.send(resend.record(order.order_id, ORDER_PAID, now=NOON))


def test_command_sends_nothing_in_a_dry_run_and_shows_nothing_about_the_customer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    order, functions = order_of(created_at=datetime.now(UTC)), FakeLambda()
    monkeypatch.setattr(command, "of_stack", lambda stack, region: resend_of(order, functions=functions))
    assert command.main([order.order_id, "--stack", "orders", "--dry-run"]) == 0
    assert functions.invoked == []
    assert command.main([order.order_id, "--stack", "orders"]) == 0
    assert len(functions.invoked) == 1
    out = capsys.readouterr().out
    assert "would be sent" in out
    assert "was processed" in out
    assert order.customer.email not in out


def test_command_sends_an_old_event_with_force_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    order, functions = order_of(created_at=datetime.now(UTC) - timedelta(days=31)), FakeLambda()
    monkeypatch.setattr(command, "of_stack", lambda stack, region: resend_of(order, functions=functions))
    assert command.main([order.order_id, "--stack", "orders"]) == 1
    assert "the ledger may have forgotten that its notification was sent" in capsys.readouterr().err
    assert functions.invoked == []
    assert command.main([order.order_id, "--stack", "orders", "--force"]) == 0
    assert len(functions.invoked) == 1


def test_command_fails_with_the_reason(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(command, "of_stack", lambda stack, region: resend_of())
    assert command.main(["ord_nobody", "--stack", "orders"]) == 1
    assert capsys.readouterr().err == "The table orders has no order ord_nobody.\n"


class FakeSession:
    """A session whose CloudFormation has a stack with these outputs."""

    def __init__(self, outputs: Mapping[str, str]) -> None:
        self._outputs = outputs

    def client(self, service: str, **options: object) -> Any:
        return self if service == "cloudformation" else service

    def describe_stacks(self, *, StackName: str) -> Mapping[str, Any]:  # noqa: N803
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in self._outputs.items()]
        return {"Stacks": [{"StackName": StackName, "Outputs": outputs}]}


def test_table_and_function_are_the_stacks_outputs(monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = {"OrdersTableName": "orders-restored", "NotifyFunctionName": "orders-NotifyFunction-1", "Other": "x"}
    monkeypatch.setattr("boto3.Session", lambda region_name: FakeSession(outputs))
    found = command.of_stack("orders", "eu-central-1")
    assert (found.table, found.function) == ("orders-restored", "orders-NotifyFunction-1")
    assert [str(found.tables), str(found.functions)] == ["dynamodb", "lambda"]


def test_a_stack_without_these_outputs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boto3.Session", lambda region_name: FakeSession({"OrdersTableName": "orders"}))
    with pytest.raises(StackOutputsError, match="The stack kafka has no output NotifyFunctionName"):
        command.of_stack("kafka", None)
