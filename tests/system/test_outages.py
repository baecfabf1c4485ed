"""Orders while Kafka is away: all are taken, hardly one waits, and afterwards the topic has every event."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from functions.order.publisher import PAUSE_AFTER_FAILURE
from tests.system.broker import Broker
from tests.system.outbox_of_stack import StackOutbox
from tests.system.proxy import Proxy
from tests.system.published import CANCELLED, PAID, Published
from tests.system.running import ROOT, RunningStack, eventually

pytestmark = pytest.mark.xdist_group("outages")

ORDERS, CANCELLATIONS = 200, 10
CUSTOMERS_AT_ONCE = 8
ENVIRONMENTS = 4  # that the stack runs of a function at most, by default
TOPIC = "order-events"


class Outage:
    """A stack on a broker that a test takes away."""

    def __init__(self, stack: RunningStack, broker: Broker) -> None:
        self.stack = stack
        self.broker = broker
        self.outbox = StackOutbox(stack)
        self._token = stack.token(scope="orders:write")

    def close(self) -> None:
        self.outbox.close()

    def place(self, reference: str) -> str:
        """Place an order, and return its id."""
        answer = self.stack.place(reference, token=self._token)
        assert answer.status_code == httpx.codes.CREATED, answer.text
        order_id: str = answer.json()["order_id"]
        return order_id

    def cancel(self, order_id: str) -> None:
        answer = httpx.post(
            f"{self.stack.endpoints['api']}/orders/{order_id}/cancellation",
            json={"reason": "Ordered twice by mistake"},
            headers={"authorization": f"Bearer {self._token}"},
            timeout=30,
        )
        assert answer.status_code == httpx.codes.OK, answer.text

    def warm(self, name: str) -> None:
        """Have as many environments as there can be, each with a producer that works."""
        with ThreadPoolExecutor(CUSTOMERS_AT_ONCE) as customers:
            list(customers.map(self.place, [f"{name}-warm-{number}" for number in range(4 * ENVIRONMENTS)]))

    def sell(self, name: str) -> dict[str, Sequence[str]]:
        """Place many orders while Kafka is away, cancel a few; return which events each is to have.

        Fails if more orders waited for Kafka than one in each environment and pause.
        """
        waited_before = len(self.outbox.waited_for())
        started = time.monotonic()
        with ThreadPoolExecutor(CUSTOMERS_AT_ONCE) as customers:
            orders = list(customers.map(self.place, [f"{name}-{number}" for number in range(ORDERS)]))
            list(customers.map(self.cancel, orders[:CANCELLATIONS]))
        pauses = 1 + int((time.monotonic() - started) / PAUSE_AFTER_FAILURE)
        assert set(orders) <= set(self.outbox.deferred())
        assert len(self.outbox.waited_for()) - waited_before <= ENVIRONMENTS * pauses
        return {order: [PAID, CANCELLED] if order in orders[:CANCELLATIONS] else [PAID] for order in orders}

    def recovers(self, wanted: dict[str, Sequence[str]], *, name: str) -> None:
        """Fail unless every event gets to the topic, and the next orders' at once again."""
        self.outbox.empty()
        published = Published(self.broker.records(TOPIC))
        ambiguous = self.outbox.ambiguous()
        for order_id, types in wanted.items():
            published.has(order_id, types, extra=ambiguous.get(order_id, {}))
        numbers = iter(range(ORDERS))
        eventually(
            lambda: self.place(f"{name}-after-{next(numbers)}") not in self.outbox.deferred(),
            what="an order's event to be published with the order again",
        )


@pytest.fixture(scope="module")
def start_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Broker, str], Outage]]:
    """Starts stacks on a broker, at one of its addresses; they end with the module, and must end well."""
    with contextlib.ExitStack() as started:

        def start_one(broker: Broker, bootstrap: str) -> Outage:
            stack = RunningStack(
                ROOT,
                tmp_path_factory.mktemp("outage") / "data",
                environment={"KAFKA_BOOTSTRAP_SERVERS": bootstrap},
            )
            started.callback(stack.kill)
            stack.wait_until_ready()
            return started.enter_context(contextlib.closing(Outage(stack, broker)))

        yield start_one


@pytest.fixture(scope="module")
def outage(start_stack: Callable[[Broker, str], Outage], broker: Broker) -> Outage:
    return start_stack(broker, broker.bootstrap)


@pytest.fixture(scope="module")
def proxied(
    start_stack: Callable[[Broker, str], Outage], start_broker: Callable[..., Broker]
) -> Iterator[tuple[Outage, Proxy]]:
    broker = start_broker()
    with broker.proxy() as proxy:
        yield start_stack(broker, proxy.bootstrap), proxy


def test_a_stopped_broker_costs_no_order_and_no_event(outage: Outage) -> None:
    outage.warm("stopped")
    outage.broker.stop()
    wanted = outage.sell("stopped")
    outage.broker.start()
    outage.recovers(wanted, name="stopped")


def test_a_frozen_broker_costs_no_order_and_no_event(outage: Outage) -> None:
    outage.warm("frozen")
    outage.broker.freeze()
    try:
        wanted = outage.sell("frozen")
    finally:
        outage.broker.thaw()
    outage.broker.wait_until_ready()
    outage.recovers(wanted, name="frozen")


def test_acknowledgements_that_get_lost_cost_no_order_and_no_event(proxied: tuple[Outage, Proxy]) -> None:
    outage, proxy = proxied
    outage.warm("silent")
    proxy.swallow_acknowledgements()
    wanted = outage.sell("silent")
    assert proxy.swallowed
    stored = [record.key.decode() for record in outage.broker.records(TOPIC) if record.key]
    assert any(order_id in stored for order_id in outage.outbox.waited_for())
    proxy.pass_acknowledgements()
    outage.recovers(wanted, name="silent")
