"""Orders while Kafka is unavailable: all are recorded, few of them wait, and afterwards the topic has every event."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import httpx
import pytest

from functions.order.producer.kafka_publisher import PAUSE_AFTER_FAILURE
from samrun.testing.broker import Broker
from samrun.testing.proxy import Proxy
from samrun.testing.waiting import eventually
from tests.project import ROOT
from tests.system.order_stack import OrderStack
from tests.system.published_events import CANCELLED, PAID, Published
from tests.system.stack_outbox import StackOutbox

pytestmark = pytest.mark.xdist_group("outages")

CUSTOMERS_AT_ONCE = 8
ENVIRONMENTS = 4  # that the stack runs of a function at most, by default
TOPIC = "order-events"


class Sale(NamedTuple):
    """Numbers of the orders that are placed during an outage, and of those that are cancelled."""

    orders: int
    cancellations: int


class BrokerOutage:
    """A stack on a broker that a test takes away."""

    def __init__(self, stack: OrderStack, broker: Broker) -> None:
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
        answer = self.stack.cancel(order_id, reason="Ordered twice by mistake", token=self._token)
        assert answer.status_code == httpx.codes.OK, answer.text

    def warm(self, name: str) -> None:
        """Start as many environments as there can be, each with a producer that works."""
        with ThreadPoolExecutor(CUSTOMERS_AT_ONCE) as customers:
            list(customers.map(self.place, [f"{name}-warm-{number}" for number in range(4 * ENVIRONMENTS)]))

    def sell(self, name: str, sale: Sale) -> dict[str, Sequence[str]]:
        """Place the orders while Kafka is away, cancel a few; return the events that each must have.

        Fails if more orders waited for Kafka than one in each environment and pause.
        """
        waited_before = len(self.outbox.waited_for())
        started = time.monotonic()
        with ThreadPoolExecutor(CUSTOMERS_AT_ONCE) as customers:
            orders = list(customers.map(self.place, [f"{name}-{number}" for number in range(sale.orders)]))
            list(customers.map(self.cancel, orders[: sale.cancellations]))
        pauses = 1 + int((time.monotonic() - started) / PAUSE_AFTER_FAILURE)
        assert set(orders) <= set(self.outbox.deferred())
        assert len(self.outbox.waited_for()) - waited_before <= ENVIRONMENTS * pauses
        return {order: [PAID, CANCELLED] if order in orders[: sale.cancellations] else [PAID] for order in orders}

    def recovers(self, expected: dict[str, Sequence[str]], *, name: str) -> None:
        """Fail unless every event gets to the topic, and the next orders' at once again."""
        self.outbox.relay_all()
        published = Published(self.broker.records(TOPIC))
        ambiguous = self.outbox.ambiguous()
        for order_id, types in expected.items():
            published.has(order_id, types, extra=ambiguous.get(order_id, {}))
        numbers = iter(range(200))
        eventually(
            lambda: self.place(f"{name}-after-{next(numbers)}") not in self.outbox.deferred(),
            what="an order's event to be published with the order again",
        )


@pytest.fixture(
    params=[Sale(40, 5), pytest.param(Sale(200, 10), marks=pytest.mark.proof)], ids=lambda sale: f"{sale.orders}-orders"
)
def sale(request: pytest.FixtureRequest) -> Sale:
    made: Sale = request.param
    return made


@pytest.fixture(scope="module")
def start_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Broker, str], BrokerOutage]]:
    """A function that starts a stack on a broker, at one of its addresses. The stacks end with the module."""
    with contextlib.ExitStack() as started:

        def start_one(broker: Broker, bootstrap: str) -> BrokerOutage:
            stack = OrderStack(
                ROOT,
                tmp_path_factory.mktemp("outage") / "data",
                environment={"KAFKA_BOOTSTRAP_SERVERS": bootstrap},
            )
            started.callback(stack.kill)
            stack.wait_until_ready()
            return started.enter_context(contextlib.closing(BrokerOutage(stack, broker)))

        yield start_one


@pytest.fixture(scope="module")
def outage(start_stack: Callable[[Broker, str], BrokerOutage], broker: Broker) -> BrokerOutage:
    return start_stack(broker, broker.bootstrap)


@pytest.fixture(scope="module")
def proxied(
    start_stack: Callable[[Broker, str], BrokerOutage], start_broker: Callable[..., Broker]
) -> Iterator[tuple[BrokerOutage, Proxy]]:
    broker = start_broker()
    with broker.proxy() as proxy:
        yield start_stack(broker, proxy.bootstrap), proxy


def test_a_stopped_broker_costs_no_order_and_no_event(outage: BrokerOutage, sale: Sale) -> None:
    outage.warm(name := f"stopped-{sale.orders}")
    outage.broker.stop()
    expected = outage.sell(name, sale)
    outage.broker.start()
    outage.recovers(expected, name=name)


def test_a_frozen_broker_costs_no_order_and_no_event(outage: BrokerOutage, sale: Sale) -> None:
    outage.warm(name := f"frozen-{sale.orders}")
    outage.broker.freeze()
    try:
        expected = outage.sell(name, sale)
    finally:
        outage.broker.thaw()
    outage.broker.wait_until_ready()
    outage.recovers(expected, name=name)


def test_acknowledgements_that_get_lost_cost_no_order_and_no_event(
    proxied: tuple[BrokerOutage, Proxy], sale: Sale
) -> None:
    outage, proxy = proxied
    outage.warm(name := f"silent-{sale.orders}")
    proxy.swallow_acknowledgements()
    expected = outage.sell(name, sale)
    assert proxy.swallowed
    stored = [record.key.decode() for record in outage.broker.records(TOPIC) if record.key]
    assert any(order_id in stored for order_id in outage.outbox.waited_for())
    proxy.pass_acknowledgements()
    outage.recovers(expected, name=name)
