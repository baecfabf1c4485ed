"""Outbox relay with a hand-written outbox, publisher and clock: which events it sends, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from functions.order.domain.events import event_of
from functions.order.domain.order import ORDER_CANCELLED, ORDER_PAID
from functions.order.outbox.event_publisher import EventPublisher
from functions.order.outbox.relay import MAX_BATCH, MAX_IDLE_BATCHES, MIN_AGE, OutboxRelay, RelayResult
from functions.order.outbox.table import Outbox
from functions.order.storage.store import OrderStore
from tests.order.fakes import AWAY, TOO_LARGE, FakeEpochClock, FakeLog, FakeOutbox, FakePublisher, Step
from tests.order.orders import CANCELLATION, NOON, order_of, pending_cancellation, pending_order

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient

    from functions.order.outbox.table import PendingOrder


@dataclass
class Scene:
    """An outbox, a publisher, and the relay between them."""

    outbox: FakeOutbox
    publisher: FakePublisher

    def run(
        self, *, time_left: Callable[[], float] = lambda: 60.0, renew_lease: Callable[[], bool] = lambda: True
    ) -> RelayResult:
        return relay_of(self.outbox, self.publisher).run(time_left=time_left, renew_lease=renew_lease)

    def steps_of(self, pending: PendingOrder) -> list[tuple[str, str]]:
        return [
            (step, event_type) for step, order_id, event_type in self.outbox.steps if order_id == pending.order.order_id
        ]


def scene(*batches: list[PendingOrder]) -> Scene:
    steps: list[Step] = []
    return Scene(outbox=FakeOutbox(steps, list(batches)), publisher=FakePublisher(steps=steps))


def relay_of(outbox: FakeOutbox | Outbox, publisher: FakePublisher) -> OutboxRelay:
    clock = FakeEpochClock().utc
    event_publisher = EventPublisher(publisher=publisher, outbox=outbox, clock=clock, quarantines=True)
    return OutboxRelay(outbox=outbox, event_publisher=event_publisher, clock=clock)


def id_of(pending: PendingOrder) -> str:
    return pending.order.order_id


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> FakeLog:
    return FakeLog(monkeypatch)


def test_relay_does_nothing_without_pending_events() -> None:
    nothing = scene()
    assert nothing.run() == RelayResult()
    assert nothing.outbox.steps == []
    assert RelayResult().oldest_deferred is None


def test_relay_sends_each_pending_event_and_marks_it() -> None:
    orders = [pending_order(2), pending_order(1)]
    two = scene(orders)
    result = two.run()
    assert two.publisher.records == [event_of(each.order, ORDER_PAID) for each in orders]
    for each in orders:
        assert two.steps_of(each) == [("sent", ORDER_PAID), ("marked", ORDER_PAID)]
    assert (result.published, result.quarantined, result.deferred) == (2, 0, [])


def test_relay_renews_its_lease_before_each_batch_and_stops_when_another_relay_has_it() -> None:
    first, second, third = pending_order(3), pending_order(2), pending_order(1)
    three_batches = scene([first], [second], [third])
    renewed = iter([True, True, False])
    result = three_batches.run(renew_lease=lambda: next(renewed))
    assert three_batches.publisher.records == [event_of(each.order, ORDER_PAID) for each in (first, second)]
    assert (result.published, result.deferred) == (2, [third])


def test_relay_asks_only_for_orders_that_no_request_can_still_be_publishing() -> None:
    nothing = scene()
    nothing.run()
    assert nothing.outbox.asked_before == NOON - MIN_AGE


def test_relay_sends_the_next_event_of_an_order_only_after_the_one_before_is_marked() -> None:
    both = pending_cancellation(3)
    orders = [both, pending_order(2), pending_cancellation(1)]
    three = scene(orders)
    result = three.run()
    in_order = [
        ("sent", ORDER_PAID),
        ("marked", ORDER_PAID),
        ("sent", ORDER_CANCELLED),
        ("marked", ORDER_CANCELLED),
    ]
    assert three.steps_of(orders[0]) == three.steps_of(orders[2]) == in_order
    assert three.steps_of(orders[1]) == in_order[:2]
    assert event_of(both.order, ORDER_CANCELLED) in three.publisher.records
    assert result.published == 5


def test_a_failed_event_keeps_back_the_later_events_of_its_order() -> None:
    order = pending_cancellation(1)
    one = scene([order])
    one.publisher.failures[id_of(order)] = AWAY
    result = one.run()
    assert one.steps_of(order) == [("sent", ORDER_PAID)]
    assert (result.published, result.deferred) == (0, [order])


def test_an_event_that_cannot_be_marked_keeps_back_the_later_events_of_its_order() -> None:
    stuck, other = pending_cancellation(2), pending_cancellation(1)
    two = scene([stuck, other])
    two.outbox.stuck.add(id_of(stuck))
    result = two.run()
    assert two.steps_of(stuck) == [("sent", ORDER_PAID)]
    assert two.steps_of(other)[-1] == ("marked", ORDER_CANCELLED)
    assert (result.published, result.deferred, result.oldest_deferred) == (2, [stuck], stuck.since)


def test_a_refused_event_is_quarantined_with_its_reason_and_the_others_go_on() -> None:
    refused, other, later = pending_cancellation(3), pending_order(2), pending_order(1)
    two_batches = scene([refused, other], [later])
    two_batches.publisher.failures[id_of(refused)] = TOO_LARGE
    result = two_batches.run()
    assert two_batches.steps_of(refused) == [("sent", ORDER_PAID), ("quarantined", ORDER_PAID)]
    assert two_batches.outbox.reasons == {id_of(refused): str(TOO_LARGE)}
    assert two_batches.steps_of(other)[-1] == two_batches.steps_of(later)[-1] == ("marked", ORDER_PAID)
    assert (result.published, result.quarantined, result.deferred) == (2, 1, [])


def test_a_batch_of_refusals_alone_does_not_stop_the_next() -> None:
    refused, later = pending_order(2), pending_order(1)
    two_batches = scene([refused], [later])
    two_batches.publisher.failures[id_of(refused)] = TOO_LARGE
    result = two_batches.run()
    assert (result.published, result.quarantined) == (1, 1)


def test_a_refusal_shows_that_kafka_is_there_although_another_event_failed() -> None:
    refused, failing, later = pending_order(3), pending_order(2), pending_order(1)
    two_batches = scene([refused, failing], [later])
    two_batches.publisher.failures |= {id_of(refused): TOO_LARGE, id_of(failing): AWAY}
    result = two_batches.run()
    assert (result.published, result.quarantined, result.deferred) == (1, 1, [failing])


def test_a_refusal_that_cannot_be_recorded_is_deferred() -> None:
    refused = pending_order(1)
    one = scene([refused])
    one.publisher.failures[id_of(refused)] = TOO_LARGE
    one.outbox.stuck.add(id_of(refused))
    result = one.run()
    assert (result.quarantined, result.deferred) == (0, [refused])


@pytest.mark.parametrize("unknown", ["order.paid.v99", ORDER_CANCELLED], ids=["new type", "no cancellation"])
def test_an_event_of_an_unknown_type_is_deferred_and_the_others_go_on(unknown: str, log: FakeLog) -> None:
    strange, other = pending_order(2, unknown), pending_order(1)
    two = scene([strange, other])
    result = two.run()
    assert two.steps_of(strange) == []
    assert two.steps_of(other) == [("sent", ORDER_PAID), ("marked", ORDER_PAID)]
    assert (result.published, result.quarantined, result.deferred) == (1, 0, [strange])
    assert (log.lines()[0]["level"], log.lines()[0]["reason"]) == ("ERROR", "its type is unknown")


def test_a_bug_in_one_order_does_not_keep_the_others_waiting(log: FakeLog) -> None:
    broken, other = pending_order(2), pending_order(1)
    two = scene([broken, other])
    two.outbox.broken.add(id_of(broken))
    result = two.run()
    assert two.steps_of(other)[-1] == ("marked", ORDER_PAID)
    assert (result.published, result.deferred) == (1, [broken])
    [reason] = [line["reason"] for line in log.lines() if "reason" in line]
    assert reason == "its pending entry could not be updated: ValueError"


def test_each_order_gets_its_own_result_if_some_were_not_sent() -> None:
    strange, failing, well = pending_order(3, "order.paid.v99"), pending_order(2), pending_order(1)
    three = scene([strange, failing, well])
    three.publisher.failures[id_of(failing)] = AWAY
    result = three.run()
    assert result.deferred == [strange, failing]
    assert three.steps_of(well)[-1] == ("marked", ORDER_PAID)


def test_relay_stops_after_some_batches_without_progress() -> None:
    batches = [[pending_order(number)] for number in range(9, 9 - MAX_IDLE_BATCHES - 1, -1)]
    idle = scene(*batches)
    idle.publisher.failures |= {id_of(each): AWAY for batch in batches for each in batch}
    result = idle.run()
    assert idle.outbox.read == len(idle.publisher.records) == MAX_IDLE_BATCHES
    assert (result.published, result.oldest_deferred) == (0, batches[0][0].since)
    assert result.deferred == [each for batch in batches[:-1] for each in batch]


def test_a_partition_that_is_away_does_not_keep_the_others_waiting() -> None:
    dead = [[pending_order(number)] for number in (9, 8)]
    mixed = scene(*dead, [pending_order(7)], *[[pending_order(number)] for number in (6, 5)], [pending_order(4)])
    mixed.publisher.failures |= {id_of(pending_order(number)): AWAY for number in (9, 8, 6, 5)}
    result = mixed.run()
    assert result.published == 2
    assert len(result.deferred) == 4


def test_relay_stops_after_some_batches_that_it_cannot_mark() -> None:
    orders = [pending_order(number) for number in range(9, 9 - MAX_IDLE_BATCHES - 1, -1)]
    idle = scene(*[[order] for order in orders])
    idle.outbox.stuck |= {id_of(order) for order in orders}
    result = idle.run()
    assert idle.outbox.steps == [("sent", id_of(order), ORDER_PAID) for order in orders[:-1]]
    assert result.deferred == orders[:-1]


def test_relay_goes_on_while_some_events_are_published() -> None:
    failing, well, later = pending_order(3), pending_order(2), pending_order(1)
    two_batches = scene([failing, well], [later])
    two_batches.publisher.failures[id_of(failing)] = AWAY
    result = two_batches.run()
    assert two_batches.steps_of(later)[-1] == ("marked", ORDER_PAID)
    assert (result.published, result.deferred, result.oldest_deferred) == (2, [failing], failing.since)


def test_a_batch_that_others_have_published_does_not_stop_the_next() -> None:
    later = pending_order(1)
    result = scene([], [later]).run()
    assert result.published == 1


def test_relay_stops_without_time_for_another_batch_and_reports_it_as_deferred() -> None:
    first, second, third = pending_order(3), pending_order(2), pending_order(1)
    times = iter([MAX_BATCH, MAX_BATCH - 0.001])
    three_batches = scene([first], [second], [third])
    result = three_batches.run(time_left=lambda: next(times))
    assert three_batches.outbox.read == 2
    assert three_batches.steps_of(second) == []
    assert (result.published, result.deferred, result.oldest_deferred) == (1, [second], second.since)


def test_the_result_gives_the_oldest_deferred_order_whatever_their_sequence() -> None:
    young, old = pending_order(1), pending_order(9)
    assert RelayResult(deferred=[young, old]).oldest_deferred == old.since


def test_an_outbox_that_becomes_unreadable_ends_the_run_and_keeps_its_result() -> None:
    failing = scene([pending_order(1)])
    failing.outbox.fails_at_the_end = True
    result = failing.run()
    assert (result.published, result.interrupted) == (1, True)


def test_an_order_that_is_cancelled_during_a_send_has_both_events_published_in_order(
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

    relay = relay_of(outbox, FakePublisher(steps=steps, on_send=cancel_once))
    published = sum(relay.run(time_left=lambda: 60.0, renew_lease=lambda: True).published for _ in range(2))
    assert [event_type for _, _, event_type in steps] == [ORDER_PAID, ORDER_CANCELLED]
    assert published == 2
    assert store.get_order(order.order_id).pending == ()
    assert list(outbox.pending(before=NOON)) == []


def test_relay_logs_the_disposition_of_each_event(log: FakeLog) -> None:
    well, failing, refused, stuck = pending_order(4), pending_order(3), pending_order(2), pending_order(1)
    four = scene([well, failing, refused, stuck])
    four.publisher.failures |= {id_of(failing): AWAY, id_of(refused): TOO_LARGE}
    four.outbox.stuck.add(id_of(stuck))
    four.run()
    logged = {line["order_id"]: line for line in log.lines()}
    logged_as = {order_id: (line["level"], line["message"], line.get("reason")) for order_id, line in logged.items()}
    assert logged_as == {
        id_of(well): ("INFO", "event published", None),
        id_of(failing): ("WARNING", "event deferred", str(AWAY)),
        id_of(refused): ("ERROR", "event quarantined", str(TOO_LARGE)),
        id_of(stuck): ("WARNING", "event deferred", "its pending entry could not be updated: StoreUnavailableError"),
    }
    assert {line["event_type"] for line in logged.values()} == {ORDER_PAID}
    assert {line["correlation_id"] for line in logged.values()} == {"4bf92f3577b34da6a3ce929d0e0e4736"}
    assert (logged[id_of(well)]["partition"], logged[id_of(well)]["offset"]) == (1, 7)


def test_a_log_line_has_the_trace_of_the_request_that_caused_the_event(log: FakeLog) -> None:
    scene([pending_cancellation(1)]).run()
    traces = [(line["event_type"], line["correlation_id"]) for line in log.lines()]
    assert traces == [
        (ORDER_PAID, "4bf92f3577b34da6a3ce929d0e0e4736"),
        (ORDER_CANCELLED, "0af7651916cd43dd8448eb211c80319c"),
    ]


def test_no_log_line_has_personal_data(log: FakeLog) -> None:
    well, failing, refused = pending_cancellation(3), pending_cancellation(2), pending_cancellation(1)
    three = scene([well, failing, refused])
    three.publisher.failures |= {id_of(failing): AWAY, id_of(refused): TOO_LARGE}
    three.run()
    assert len(log.lines()) == 4
    for personal in ("Ada", "Lovelace", "ada@", "cus_ada", "pay_", CANCELLATION.reason):
        assert personal not in log.getvalue()
