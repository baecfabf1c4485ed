"""Requests, cancellations and relays at the same moment: an order stays one order, and has each event once."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
import pytest
from boto3.dynamodb.types import TypeDeserializer

from functions.order.domain.order import ORDER_CANCELLED, ORDER_PAID, OrderLine, order_id_for
from functions.order.storage.store import OrderStore
from samrun.testing.aws import client
from samrun.testing.broker import Broker
from samrun.testing.waiting import eventually
from tests.contract.wire_event import read_wire_event
from tests.order.orders import order_of
from tests.project import ROOT
from tests.system.order_stack import OrderStack

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.xdist_group("races")

TOPIC, TABLE, RELAY = "order-events", "OrdersTable", "RelayFunction"
# In bytes: more than a batch of small events, which is 16 KiB, and less than a big order's event.
MAX_RECORD = 64 * 1024
# As many relays as the stack has environments for them.
RELAYS = 4
REASON = "Ordered twice by mistake"
# Of a send whose result the sender does not know, so that its event may come twice.
AMBIGUOUS = ("no acknowledgement", "it could not be published", "its pending entry could not be")

_T = TypeVar("_T")
Call = Callable[[], _T]


def at_once(calls: Sequence[Call[_T]], *, threads: int | None = None) -> list[_T]:
    """Make the calls at the same moment, or as near to it as `threads` allow; return their results."""
    threads = threads or len(calls)
    together = threading.Barrier(threads)

    def work(first: int) -> list[_T]:
        together.wait()
        return [call() for call in calls[first::threads]]

    with ThreadPoolExecutor(threads) as executor:
        shares = list(executor.map(work, range(threads)))
    return [shares[number % threads][number // threads] for number in range(len(calls))]


class RacedShop:
    """A stack, what is done to it from many threads, and what is then in its table, its topic and its logs."""

    def __init__(self, stack: OrderStack, broker: Broker) -> None:
        self.stack = stack
        self.dynamodb: DynamoDBClient = _client("dynamodb", stack.endpoints["dynamodb"])
        self._broker = broker
        self._lambda = _client("lambda", stack.endpoints["lambda"])
        self._store = OrderStore(client=self.dynamodb, table=TABLE)
        self._http = httpx.Client(
            base_url=stack.endpoints["api"],
            headers={"authorization": f"Bearer {stack.token(scope='orders:write')}"},
            timeout=60,
            limits=httpx.Limits(max_connections=50),
        )

    def close(self) -> None:
        self._http.close()

    def pause_notify(self) -> None:
        """Pause the mapping of notify: thousands of mails, which no test here looks at, take as long as the tests."""
        [mapping] = self._lambda.list_event_source_mappings()["EventSourceMappings"]
        self._lambda.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)

    def place(self, reference: str, *, sku: str = "BOOK-1") -> httpx.Response:
        order = {
            "customer": {"id": "cus_ada", "name": "Ada Lovelace", "email": f"{reference}@example.com"},
            "items": [{"sku": sku, "name": "Notes on the Engine", "quantity": 2, "unit_price": "12.50"}],
            "currency": "EUR",
            "payment": {"reference": reference},
        }
        return self._http.post("/orders", json=order)

    def cancel(self, order_id: str, *, reason: str = REASON) -> httpx.Response:
        return self._http.post(f"/orders/{order_id}/cancellation", json={"reason": reason})

    def cancel_once_there(self, order_id: str) -> httpx.Response:
        """Cancel an order that is being placed, again and again until there is one."""
        while (answer := self.cancel(order_id)).status_code == httpx.codes.NOT_FOUND:
            pass
        return answer

    def leave_pending(self, prefix: str, count: int, **changes: Any) -> list[str]:
        """Store orders as if their sends had failed a minute ago, and return their ids."""
        minute_ago = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
        orders = [order_of(f"{prefix}-{number}", created_at=minute_ago, **changes) for number in range(count)]
        with ThreadPoolExecutor(8) as executor:
            assert set(executor.map(self._store.add, orders)) == {None}
        return [order.order_id for order in orders]

    def relay(self) -> dict[str, Any]:
        """Invoke the relay, which the stack's schedule does too, and return its answer."""
        answer = self._lambda.invoke(FunctionName=RELAY)
        report: dict[str, Any] = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, report
        return report

    def settle(self) -> None:
        """Invoke the relay until no event is pending."""
        eventually(lambda: self._nothing_is_pending() or (self.relay(), None)[1], what="no event to be pending")

    def _nothing_is_pending(self) -> bool:
        return self.dynamodb.scan(TableName=TABLE, IndexName="pending", Select="COUNT")["Count"] == 0

    def items(self, order_ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return the items of orders, without those that are not there."""
        read = partial(self.dynamodb.get_item, TableName=TABLE, ConsistentRead=True)
        answers = (read(Key={"order_id": {"S": order_id}}) for order_id in order_ids)
        deserialize = TypeDeserializer().deserialize
        return [
            {name: deserialize(value) for name, value in answer["Item"].items()}
            for answer in answers
            if "Item" in answer
        ]

    def orders_paid_by(self, payment_reference: str) -> list[str]:
        """Return the ids of all orders with this payment, however they came into the table."""
        pages = self.dynamodb.get_paginator("scan").paginate(
            TableName=TABLE,
            FilterExpression="payment_reference = :reference",
            ExpressionAttributeValues={":reference": {"S": payment_reference}},
        )
        return [item["order_id"]["S"] for page in pages for item in page["Items"]]

    def events(self, order_ids: Sequence[str]) -> Mapping[str, list[dict[str, Any]]]:
        """Return the events that the topic holds of orders, in its order."""
        found: dict[str, list[dict[str, Any]]] = {order_id: [] for order_id in order_ids}
        for record in self._broker.records(TOPIC):
            if record.key and record.key.decode() in found:
                found[record.key.decode()].append(read_wire_event(record))
        return found

    def logged(self, function: str) -> list[dict[str, Any]]:
        """Return what a function has logged as JSON."""
        log = self.stack.data / "logs" / "functions" / f"{function}.log"
        lines = log.read_text().splitlines() if log.exists() else []
        return [json.loads(line) for line in lines if line.startswith("{")]

    def ambiguous_sends(self) -> Counter[tuple[str, str]]:
        """Return how many sends of an order's event have failed in a way that does not tell whether Kafka has it."""
        return Counter(
            (line["order_id"], line["event_type"])
            for function in ("OrderFunction", RELAY)
            for line in self.logged(function)
            if line.get("message") == "event deferred" and line["reason"].startswith(AMBIGUOUS)
        )


def _client(service: Any, endpoint: str) -> Any:
    # An invocation that took too long must not be made again unseen.
    return client(service, endpoint, read_timeout=90, retries={"total_max_attempts": 1}, max_pool_connections=50)


@pytest.fixture(scope="module")
def shop(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RacedShop]:
    """A stack on a broker of its own, whose topic takes no record over MAX_RECORD and which nobody reads."""
    broker.create_topic(TOPIC, partitions=3, max_message_bytes=MAX_RECORD)
    stack = OrderStack(
        ROOT, tmp_path_factory.mktemp("races") / "data", environment={"KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap}
    )
    try:
        stack.wait_until_ready()
        shop = RacedShop(stack, broker)
        shop.pause_notify()
        yield shop
        shop.close()
    finally:
        stack.kill()


def assert_each_published_once(shop: RacedShop, order_ids: Sequence[str], *event_types: str, extra: int = 0) -> None:
    """Assert that of each order these events are in the topic, in this order, and that no event is pending.

    An event may be there once more for each send that failed without saying whether Kafka has it, and `extra` times.
    """
    assert [item["pending"] for item in shop.items(order_ids)] == [[]] * len(order_ids)
    ambiguous = shop.ambiguous_sends()
    for order_id, events in shop.events(order_ids).items():
        assert list(dict.fromkeys(event["type"] for event in events)) == list(event_types), order_id
        for event_type in event_types:
            same = [event for event in events if event["type"] == event_type]
            assert len(same) <= 1 + extra + ambiguous[order_id, event_type], (
                f"{order_id} has {event_type} {len(same)} times"
            )
            assert all(event == same[0] for event in same)


def texts_in(document: object) -> Iterator[str]:
    """Yield the texts that a JSON document holds, without its names."""
    match document:
        case str():
            yield document
        case dict():
            for value in document.values():
                yield from texts_in(value)
        case list():
            for value in document:
                yield from texts_in(value)


# ---------------------------------------------------------------- placed at once


def test_fifty_requests_at_once_for_one_payment_are_one_order_and_one_event(shop: RacedShop) -> None:
    answers = at_once([partial(shop.place, "pay-fifty")] * 50)
    assert Counter(answer.status_code for answer in answers) == {httpx.codes.CREATED: 1, httpx.codes.OK: 49}
    for answer in answers:
        replayed = "true" if answer.status_code == httpx.codes.OK else None
        assert answer.headers.get("idempotent-replayed") == replayed
    assert len({answer.content for answer in answers}) == 1
    order = answers[0].json()
    assert shop.orders_paid_by("pay-fifty") == [order["order_id"]]
    shop.settle()
    assert_each_published_once(shop, [order["order_id"]], ORDER_PAID)

    other = shop.place("pay-fifty", sku="BOOK-2")
    assert other.status_code == httpx.codes.CONFLICT
    told = f"{other.headers}{other.text}"
    assert [text for text in texts_in(order) if text in told] == []
    assert shop.events([order["order_id"]])[order["order_id"]][-1]["data"]["items"][0]["sku"] == "BOOK-1"


def test_only_one_of_two_orders_at_once_for_one_payment_is_recorded(shop: RacedShop) -> None:
    skus = ["BOOK-1", "BOOK-2"] * 10
    answers = at_once([partial(shop.place, "pay-either", sku=sku) for sku in skus])
    assert Counter(answer.status_code for answer in answers) == {
        httpx.codes.CREATED: 1,
        httpx.codes.OK: 9,
        httpx.codes.CONFLICT: 10,
    }
    [recorded] = {sku for sku, answer in zip(skus, answers, strict=True) if answer.is_success}
    order_id = order_id_for("pay-either")
    assert [item["items"][0]["sku"] for item in shop.items([order_id])] == [recorded]
    shop.settle()
    assert_each_published_once(shop, [order_id], ORDER_PAID)


# ---------------------------------------------------------------- cancelled at once


def test_a_cancellation_while_the_order_is_being_placed_comes_after_it(shop: RacedShop) -> None:
    references = [f"pay-hasty-{number}" for number in range(100)]
    order_ids = [order_id_for(reference) for reference in references]
    calls: list[Call[httpx.Response]] = []
    for reference, order_id in zip(references, order_ids, strict=True):
        calls += [partial(shop.place, reference), partial(shop.cancel_once_there, order_id)]
    answers = at_once(calls, threads=8)
    placed, cancelled = answers[::2], answers[1::2]
    assert [(answer.status_code, answer.json()["status"]) for answer in placed] == [(httpx.codes.CREATED, "paid")] * 100
    assert [(answer.status_code, answer.json()["status"]) for answer in cancelled] == [
        (httpx.codes.OK, "cancelled")
    ] * 100
    shop.settle()
    assert_each_published_once(shop, order_ids, ORDER_PAID, ORDER_CANCELLED)


def test_a_cancellation_while_the_relay_is_at_the_order_comes_after_it(shop: RacedShop) -> None:
    for number in range(4):
        order_ids = shop.leave_pending(f"pay-relayed-{number}", 25)
        ended = threading.Event()

        def relay(ended: threading.Event = ended) -> None:
            while not ended.is_set():
                shop.relay()

        with ThreadPoolExecutor(1) as executor:
            relaying = executor.submit(relay)
            try:
                answers = at_once([partial(shop.cancel, order_id) for order_id in order_ids])
            finally:
                ended.set()
            relaying.result()
        assert [answer.status_code for answer in answers] == [httpx.codes.OK] * 25
        shop.settle()
        assert_each_published_once(shop, order_ids, ORDER_PAID, ORDER_CANCELLED)


def test_two_cancellations_at_once_are_one(shop: RacedShop) -> None:
    order_ids = shop.leave_pending("pay-cancelled", 100)
    shop.settle()
    same, different = order_ids[:50], order_ids[50:]
    calls = [partial(shop.cancel, order_id) for order_id in same for _ in range(2)]
    calls += [partial(shop.cancel, order_id, reason=reason) for order_id in different for reason in ("One", "Other")]
    answers = at_once(calls, threads=8)
    pairs = list(zip(answers[::2], answers[1::2], strict=True))
    for one, other in pairs[:50]:
        assert (one.status_code, other.status_code) == (httpx.codes.OK, httpx.codes.OK)
        assert one.content == other.content
        replayed = [answer.headers.get("idempotent-replayed", "") for answer in (one, other)]
        assert sorted(replayed) == ["", "true"]
    stands = {}
    for order_id, pair in zip(different, pairs[50:], strict=True):
        assert sorted(answer.status_code for answer in pair) == [httpx.codes.OK, httpx.codes.CONFLICT]
        [stands[order_id]] = [answer.json()["cancellation"]["reason"] for answer in pair if answer.is_success]
    shop.settle()
    assert_each_published_once(shop, order_ids, ORDER_PAID, ORDER_CANCELLED)
    assert {order_id: events[-1]["data"]["reason"] for order_id, events in shop.events(different).items()} == stands


# ---------------------------------------------------------------- relayed at once


def test_only_one_of_several_relays_at_once_works(shop: RacedShop) -> None:
    at_once([shop.relay] * RELAYS)  # so that each has an environment that runs
    order_ids = shop.leave_pending("pay-many-relays", 300)
    reports = at_once([shop.relay] * RELAYS)
    assert sum(bool(report.get("published")) for report in reports) <= 1, reports
    assert {"skipped": "another relay is at work"} in reports
    shop.settle()
    assert_each_published_once(shop, order_ids, ORDER_PAID)


def test_a_relay_beside_live_orders_doubles_nothing(shop: RacedShop) -> None:
    pending = shop.leave_pending("pay-late", 100)
    references = [f"pay-live-{number}" for number in range(50)]
    calls: list[Call[Any]] = [partial(shop.place, reference) for reference in references]
    for place in range(0, 50, 5):
        calls.insert(place, shop.relay)
    answers = at_once(calls, threads=6)
    placed = [answer for answer in answers if isinstance(answer, httpx.Response)]
    assert [answer.status_code for answer in placed] == [httpx.codes.CREATED] * 50
    shop.settle()
    assert_each_published_once(shop, [*pending, *map(order_id_for, references)], ORDER_PAID)


# ---------------------------------------------------------------- rejected permanently


def test_an_event_that_kafka_refuses_is_quarantined_and_holds_up_no_other(shop: RacedShop) -> None:
    lines_before = len(shop.logged(RELAY))
    line = OrderLine(sku="BOOK-1", name="書" * 200, quantity=1, unit_price=Decimal("1.00"))  # 3 bytes each
    early = shop.leave_pending("pay-early", 25)
    [big] = shop.leave_pending("pay-big", 1, lines=(line,) * 110)
    late = shop.leave_pending("pay-late-good", 25)
    shop.settle()
    # The publisher sends the records beside it again, one by one, and Kafka may have had them.
    assert_each_published_once(shop, [*early, *late], ORDER_PAID, extra=1)

    [refused] = shop.items([big])
    assert refused["unpublishable"]["event_type"] == ORDER_PAID
    assert refused["unpublishable"]["reason"] == "Kafka rejected the event permanently: MessageSizeTooLargeError"
    assert refused["pending"] == [ORDER_PAID]
    assert not refused.keys() & {"pending_shard", "pending_since"}
    assert shop.events([big])[big] == []

    # In the log of the next run, and not only in its answer: the stack's schedule invokes the relay as well.
    eventually(lambda: shop.relay().get("quarantined") == 0, what="a relay that finds nothing")
    lines = shop.logged(RELAY)[lines_before:]
    assert [line["order_id"] for line in lines if line.get("message") == "event quarantined"] == [big]
    counts = [line["EventsQuarantined"] for line in lines if "EventsQuarantined" in line]
    assert sum(sum(count) if isinstance(count, list) else count for count in counts) == 1
    assert len(counts) >= 2
