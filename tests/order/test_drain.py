"""Draining the outbox, against a hand-written outbox, publisher and clock: what is sent, when, and when not."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from functions.order import drain as module
from functions.order.drain import LEAST_AGE, LONGEST_BATCH, MOST_IDLE_BATCHES, Drain, Drained
from functions.order.dynamodb import StoreUnavailableError
from functions.order.events import event_of
from functions.order.orders import ORDER_CANCELLED, ORDER_PAID, Cancellation
from functions.order.outbox import Outbox, PendingOrder
from functions.order.publisher import NotPublishedError, Receipt, RefusedError
from functions.order.store import OrderStore
from tests.order.conftest import order_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from functions.order.events import Message
    from functions.order.orders import Order

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
CANCELLATION = Cancellation(
    reason="Ordered twice by mistake",
    cancelled_at=datetime(2026, 11, 22, 10, 18, 5, 250_000, tzinfo=UTC),
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
)
AWAY = NotPublishedError("no acknowledgement from Kafka: KafkaTimeoutError")
TOO_LARGE = RefusedError("Kafka refuses it for good: MessageSizeTooLargeError")

Step = tuple[str, str, str]
Batches = list[list[PendingOrder]]


class FakeClock:
    now = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class FakeOutbox:
    """Gives out `batches`, and notes in `steps` what becomes of each event; marks of the orders `stuck` stay."""

    steps: list[Step]
    batches: Batches
    stuck: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    reasons: dict[str, str] = field(default_factory=dict)
    asked_before: datetime | None = None
    read: int = 0

    def pending(self, *, before: datetime) -> Iterator[list[PendingOrder]]:
        self.asked_before = before
        for batch in self.batches:
            self.read += 1
            yield batch

    def mark_published(self, order: Order, event_type: str) -> tuple[str, ...]:
        self._change("marked", order, event_type)
        return tuple(pending for pending in order.pending if pending != event_type)

    def set_aside(self, order: Order, event_type: str, *, reason: str, now: datetime) -> None:
        self._change("set aside", order, event_type)
        assert now == FakeClock.now
        self.reasons[order.order_id] = reason

    def _change(self, step: str, order: Order, event_type: str) -> None:
        if order.order_id in self.stuck:
            raise StoreUnavailableError
        if order.order_id in self.broken:
            raise ValueError("about ada@example.com")
        self.steps.append((step, order.order_id, event_type))


@dataclass
class FakePublisher:
    """Acknowledges what it is given, but for the orders that have an outcome of their own in `failures`."""

    steps: list[Step]
    failures: dict[str, NotPublishedError] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    on_send: Callable[[], object] = lambda: None

    def publish_all(self, messages: Sequence[Message]) -> list[Receipt | NotPublishedError]:
        self.messages += messages
        self.steps += [("sent", message.key, message.event_type) for message in messages]
        self.on_send()
        acknowledged = Receipt(topic="order-events", partition=1, offset=7)
        return [self.failures.get(message.key, acknowledged) for message in messages]


@dataclass
class Scene:
    """An outbox, a publisher, and the drain between them."""

    outbox: Any
    publisher: FakePublisher
    steps: list[Step]

    def run(self, *, time_left: Callable[[], float] = lambda: 60.0) -> Drained:
        publisher: Any = self.publisher
        return Drain(outbox=self.outbox, publisher=publisher, clock=FakeClock()).run(time_left=time_left)

    def steps_of(self, pending: PendingOrder) -> list[tuple[str, str]]:
        return [(step, event_type) for step, order_id, event_type in self.steps if order_id == pending.order.order_id]


def scene(*batches: list[PendingOrder]) -> Scene:
    steps: list[Step] = []
    return Scene(outbox=FakeOutbox(steps, list(batches)), publisher=FakePublisher(steps), steps=steps)


def pending(number: int, *event_types: str, **changes: Any) -> PendingOrder:
    """Order `number` of the tests, pending for that many minutes; order.paid.v1 unless told otherwise."""
    order = order_of(f"pay_{number}", pending=event_types or (ORDER_PAID,), **changes)
    return PendingOrder(order=order, since=NOON - timedelta(minutes=number))


def cancelled(number: int) -> PendingOrder:
    return pending(number, ORDER_PAID, ORDER_CANCELLED, status="cancelled", cancellation=CANCELLATION)


def id_of(pending: PendingOrder) -> str:
    return pending.order.order_id


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is logged."""
    log = io.StringIO()
    monkeypatch.setattr(module.logger.registered_handler, "stream", log)
    return log


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_where_nothing_pends_nothing_is_done() -> None:
    nothing = scene()
    assert nothing.run() == Drained()
    assert nothing.steps == []
    assert Drained().oldest_left is None


def test_what_pends_is_sent_as_the_event_that_it_is_and_marked() -> None:
    orders = [pending(2), pending(1)]
    two = scene(orders)
    drained = two.run()
    assert two.publisher.messages == [event_of(each.order, ORDER_PAID) for each in orders]
    for each in orders:
        assert two.steps_of(each) == [("sent", ORDER_PAID), ("marked", ORDER_PAID)]
    assert (drained.published, drained.refused, drained.left) == (2, 0, [])


def test_only_what_nobody_else_can_be_at_is_asked_for() -> None:
    nothing = scene()
    nothing.run()
    assert nothing.outbox.asked_before == NOON - LEAST_AGE


def test_the_next_event_of_an_order_goes_out_only_after_the_one_before_is_marked() -> None:
    both = cancelled(3)
    orders = [both, pending(2), cancelled(1)]
    three = scene(orders)
    drained = three.run()
    in_order = [
        ("sent", ORDER_PAID),
        ("marked", ORDER_PAID),
        ("sent", ORDER_CANCELLED),
        ("marked", ORDER_CANCELLED),
    ]
    assert three.steps_of(orders[0]) == three.steps_of(orders[2]) == in_order
    assert three.steps_of(orders[1]) == in_order[:2]
    assert event_of(both.order, ORDER_CANCELLED) in three.publisher.messages
    assert drained.published == 5


def test_a_failed_event_keeps_the_later_ones_of_its_order_back() -> None:
    order = cancelled(1)
    one = scene([order])
    one.publisher.failures[id_of(order)] = AWAY
    drained = one.run()
    assert one.steps_of(order) == [("sent", ORDER_PAID)]
    assert (drained.published, drained.left) == (0, [order])


def test_a_mark_that_cannot_be_taken_off_keeps_the_later_events_of_its_order_back() -> None:
    stuck, other = cancelled(2), cancelled(1)
    two = scene([stuck, other])
    two.outbox.stuck.add(id_of(stuck))
    drained = two.run()
    assert two.steps_of(stuck) == [("sent", ORDER_PAID)]
    assert two.steps_of(other)[-1] == ("marked", ORDER_CANCELLED)
    assert (drained.published, drained.left, drained.oldest_left) == (2, [stuck], stuck.since)


def test_what_is_refused_is_set_aside_with_its_reason_and_the_rest_goes_on() -> None:
    refused, other, later = cancelled(3), pending(2), pending(1)
    two_batches = scene([refused, other], [later])
    two_batches.publisher.failures[id_of(refused)] = TOO_LARGE
    drained = two_batches.run()
    assert two_batches.steps_of(refused) == [("sent", ORDER_PAID), ("set aside", ORDER_PAID)]
    assert two_batches.outbox.reasons == {id_of(refused): str(TOO_LARGE)}
    assert two_batches.steps_of(other)[-1] == two_batches.steps_of(later)[-1] == ("marked", ORDER_PAID)
    assert (drained.published, drained.refused, drained.left) == (2, 1, [])


def test_a_batch_of_refusals_alone_does_not_stop_the_next() -> None:
    refused, later = pending(2), pending(1)
    two_batches = scene([refused], [later])
    two_batches.publisher.failures[id_of(refused)] = TOO_LARGE
    drained = two_batches.run()
    assert (drained.published, drained.refused) == (1, 1)


def test_a_refusal_shows_that_kafka_is_there_although_another_event_failed() -> None:
    refused, failing, later = pending(3), pending(2), pending(1)
    two_batches = scene([refused, failing], [later])
    two_batches.publisher.failures |= {id_of(refused): TOO_LARGE, id_of(failing): AWAY}
    drained = two_batches.run()
    assert (drained.published, drained.refused, drained.left) == (1, 1, [failing])


def test_a_refusal_that_cannot_be_noted_is_left() -> None:
    refused = pending(1)
    one = scene([refused])
    one.publisher.failures[id_of(refused)] = TOO_LARGE
    one.outbox.stuck.add(id_of(refused))
    drained = one.run()
    assert (drained.refused, drained.left) == (0, [refused])


@pytest.mark.parametrize("unknown", ["order.paid.v99", ORDER_CANCELLED], ids=["new type", "no cancellation"])
def test_an_event_that_this_version_cannot_write_is_left_to_another_and_the_rest_goes_on(
    unknown: str, log: io.StringIO
) -> None:
    strange, other = pending(2, unknown), pending(1)
    two = scene([strange, other])
    drained = two.run()
    assert two.steps_of(strange) == []
    assert two.steps_of(other) == [("sent", ORDER_PAID), ("marked", ORDER_PAID)]
    assert (drained.published, drained.refused, drained.left) == (1, 0, [strange])
    assert (lines(log)[0]["level"], lines(log)[0]["reason"]) == ("ERROR", "its type is unknown")


def test_a_bug_in_one_order_does_not_keep_the_others_waiting(log: io.StringIO) -> None:
    broken, other = pending(2), pending(1)
    two = scene([broken, other])
    two.outbox.broken.add(id_of(broken))
    drained = two.run()
    assert two.steps_of(other)[-1] == ("marked", ORDER_PAID)
    assert (drained.published, drained.left) == (1, [broken])
    assert "ValueError" in lines(log)[0]["reason"] + lines(log)[1].get("reason", "")


def test_outcomes_belong_to_their_orders_although_some_were_not_sent() -> None:
    strange, failing, well = pending(3, "order.paid.v99"), pending(2), pending(1)
    three = scene([strange, failing, well])
    three.publisher.failures[id_of(failing)] = AWAY
    drained = three.run()
    assert drained.left == [strange, failing]
    assert three.steps_of(well)[-1] == ("marked", ORDER_PAID)


def test_where_nothing_moves_for_some_batches_the_rest_is_not_tried() -> None:
    batches = [[pending(number)] for number in range(9, 9 - MOST_IDLE_BATCHES - 1, -1)]
    idle = scene(*batches)
    idle.publisher.failures |= {id_of(each): AWAY for batch in batches for each in batch}
    drained = idle.run()
    assert idle.outbox.read == len(idle.publisher.messages) == MOST_IDLE_BATCHES
    assert (drained.published, drained.oldest_left) == (0, batches[0][0].since)
    assert drained.left == [each for batch in batches[:-1] for each in batch]


def test_a_partition_that_is_away_keeps_the_others_not_waiting() -> None:
    dead = [[pending(number)] for number in (9, 8)]
    mixed = scene(*dead, [pending(7)], *[[pending(number)] for number in (6, 5)], [pending(4)])
    mixed.publisher.failures |= {id_of(pending(number)): AWAY for number in (9, 8, 6, 5)}
    drained = mixed.run()
    assert drained.published == 2
    assert len(drained.left) == 4


def test_where_no_mark_can_be_changed_the_rest_is_not_tried() -> None:
    orders = [pending(number) for number in range(9, 9 - MOST_IDLE_BATCHES - 1, -1)]
    idle = scene(*[[order] for order in orders])
    idle.outbox.stuck |= {id_of(order) for order in orders}
    drained = idle.run()
    assert idle.steps == [("sent", id_of(order), ORDER_PAID) for order in orders[:-1]]
    assert drained.left == orders[:-1]


def test_where_some_move_the_rest_is_tried() -> None:
    failing, well, later = pending(3), pending(2), pending(1)
    two_batches = scene([failing, well], [later])
    two_batches.publisher.failures[id_of(failing)] = AWAY
    drained = two_batches.run()
    assert two_batches.steps_of(later)[-1] == ("marked", ORDER_PAID)
    assert (drained.published, drained.left, drained.oldest_left) == (2, [failing], failing.since)


def test_a_batch_that_was_published_by_others_meanwhile_does_not_stop_the_next() -> None:
    later = pending(1)
    drained = scene([], [later]).run()
    assert drained.published == 1


def test_without_time_for_another_batch_it_stops_and_says_what_it_left() -> None:
    first, second, third = pending(3), pending(2), pending(1)
    times = iter([LONGEST_BATCH, LONGEST_BATCH - 0.001])
    three_batches = scene([first], [second], [third])
    drained = three_batches.run(time_left=lambda: next(times))
    assert three_batches.outbox.read == 2
    assert three_batches.steps_of(second) == []
    assert (drained.published, drained.left, drained.oldest_left) == (1, [second], second.since)


def test_the_oldest_that_was_left_is_told_whenever_it_was_left() -> None:
    young, old = pending(1), pending(9)
    assert Drained(left=[young, old]).oldest_left == old.since


def test_an_outbox_that_cannot_be_read_on_ends_the_run_and_not_what_it_did() -> None:
    class FailingOutbox(FakeOutbox):
        def pending(self, *, before: datetime) -> Iterator[list[PendingOrder]]:
            yield from super().pending(before=before)
            raise StoreUnavailableError

    steps: list[Step] = []
    failing = Scene(outbox=FailingOutbox(steps, [[pending(1)]]), publisher=FakePublisher(steps), steps=steps)
    drained = failing.run()
    assert (drained.published, drained.interrupted) == (1, True)


def test_an_order_that_is_cancelled_while_its_first_event_is_sent_is_published_whole_and_in_order(
    dynamodb: DynamoDBClient,
) -> None:
    store, outbox = OrderStore(client=dynamodb, table="orders"), Outbox(client=dynamodb, table="orders")
    order = order_of()
    store.add(order)
    steps: list[Step] = []
    cancellations = iter([CANCELLATION])

    def cancel_once() -> None:
        for cancellation in cancellations:
            store.cancel(order.order_id, cancellation)

    race = Scene(outbox=outbox, publisher=FakePublisher(steps, on_send=cancel_once), steps=steps)
    published = race.run().published + race.run().published
    assert [event_type for _, _, event_type in steps] == [ORDER_PAID, ORDER_CANCELLED]
    assert published == 2
    assert store.get(order.order_id).pending == ()
    assert list(outbox.pending(before=NOON)) == []


def test_it_is_logged_what_became_of_each_event(log: io.StringIO) -> None:
    well, failing, refused, stuck = pending(4), pending(3), pending(2), pending(1)
    four = scene([well, failing, refused, stuck])
    four.publisher.failures |= {id_of(failing): AWAY, id_of(refused): TOO_LARGE}
    four.outbox.stuck.add(id_of(stuck))
    four.run()
    logged = {line["order_id"]: line for line in lines(log)}
    told = {order_id: (line["level"], line["message"], line.get("reason")) for order_id, line in logged.items()}
    assert told == {
        id_of(well): ("INFO", "event published", None),
        id_of(failing): ("WARNING", "event left", str(AWAY)),
        id_of(refused): ("ERROR", "event set aside", str(TOO_LARGE)),
        id_of(stuck): ("WARNING", "event left", "its mark could not be changed: StoreUnavailableError"),
    }
    assert {line["event_type"] for line in logged.values()} == {ORDER_PAID}
    assert {line["correlation_id"] for line in logged.values()} == {"4bf92f3577b34da6a3ce929d0e0e4736"}
    assert (logged[id_of(well)]["partition"], logged[id_of(well)]["offset"]) == (1, 7)


def test_an_event_is_logged_under_the_trace_of_the_request_that_caused_it(log: io.StringIO) -> None:
    scene([cancelled(1)]).run()
    traces = [(line["event_type"], line["correlation_id"]) for line in lines(log)]
    assert traces == [
        (ORDER_PAID, "4bf92f3577b34da6a3ce929d0e0e4736"),
        (ORDER_CANCELLED, "0af7651916cd43dd8448eb211c80319c"),
    ]


def test_no_log_line_has_personal_data(log: io.StringIO) -> None:
    well, failing, refused = cancelled(3), cancelled(2), cancelled(1)
    three = scene([well, failing, refused])
    three.publisher.failures |= {id_of(failing): AWAY, id_of(refused): TOO_LARGE}
    three.run()
    assert len(lines(log)) == 4
    for personal in ("Ada", "Lovelace", "ada@", "cus_ada", "pay_", CANCELLATION.reason):
        assert personal not in log.getvalue()
