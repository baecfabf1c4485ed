"""An environment that slept (SIGSTOP) until its connections were dead: it still takes the next order."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import psutil
import pytest

from samrun.testing.broker import Broker
from samrun.testing.waiting import eventually
from tests.project import ROOT
from tests.system.order_stack import OrderStack
from tests.system.published_events import PAID, Published
from tests.system.stack_outbox import StackOutbox

pytestmark = pytest.mark.xdist_group("thaw")

TOPIC = "order-events"
IDLE_LIMIT_MS = 1000
SLEEPS = 3


@dataclass(frozen=True, kw_only=True)
class Sleeper:
    """A stack with one environment of the order function, which has a producer."""

    stack: OrderStack
    broker: Broker
    outbox: StackOutbox
    environment: psutil.Process

    def place(self, reference: str) -> str:
        """Place an order, and return its id."""
        answer = self.stack.place(reference)
        assert answer.status_code == httpx.codes.CREATED, answer.text
        order_id: str = answer.json()["order_id"]
        return order_id

    def place_at_once(self, name: str) -> None:
        """Place orders until one is published with the order: a failure before makes a pause."""
        numbers = iter(range(10_000))
        eventually(
            lambda: self.place(f"{name}-{next(numbers)}") not in self.outbox.deferred(),
            what="an order's event to be published with the order",
        )

    @contextlib.contextmanager
    def asleep(self) -> Iterator[None]:
        """Stop the environment; before it goes on, wait until the broker has closed its connections."""
        assert self._is_connected()
        self.environment.send_signal(signal.SIGSTOP)
        try:
            yield
            eventually(lambda: not self._is_connected(), what="the broker to close the idle connections")
        finally:
            self.environment.send_signal(signal.SIGCONT)

    def _is_connected(self) -> bool:
        port = int(self.broker.bootstrap.rpartition(":")[2])
        connections = self.environment.net_connections("tcp4")
        return any(
            each.raddr and each.raddr.port == port and each.status == psutil.CONN_ESTABLISHED for each in connections
        )

    def assert_published(self, order_ids: list[str]) -> None:
        """Fail unless these orders' events are in the topic; run the relay first if the function deferred some."""
        if set(order_ids) & set(self.outbox.deferred()):
            self.outbox.relay_all()
        published, ambiguous = Published(self.broker.records(TOPIC)), self.outbox.ambiguous()
        for order_id in order_ids:
            published.has(order_id, [PAID], extra=ambiguous.get(order_id, {}))


@pytest.fixture(scope="module")
def sleeper(start_broker: Callable[..., Broker], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sleeper]:
    broker = start_broker(properties={"connections.max.idle.ms": IDLE_LIMIT_MS})
    stack = OrderStack(
        ROOT,
        tmp_path_factory.mktemp("thaw") / "data",
        environment={"KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap},
        eager=True,
    )
    try:
        stack.wait_until_ready()
        [environment] = [each for each in stack.processes() if "functions.order.handlers.api.handler" in each.cmdline()]
        with contextlib.closing(StackOutbox(stack)) as outbox:
            yield Sleeper(stack=stack, broker=broker, outbox=outbox, environment=environment)
    finally:
        stack.kill()


def test_connections_that_died_while_the_environment_slept_cost_no_order_and_no_event(sleeper: Sleeper) -> None:
    placed = []
    for number in range(SLEEPS):
        sleeper.place_at_once(f"awake-{number}")
        with sleeper.asleep():
            pass
        placed.append(sleeper.place(f"thawed-{number}"))
    sleeper.place_at_once("again")
    sleeper.assert_published(placed)


def test_a_broker_restarted_while_the_environment_slept_costs_no_order_and_no_event(sleeper: Sleeper) -> None:
    sleeper.place_at_once("before")
    with sleeper.asleep():
        sleeper.broker.stop()
        sleeper.broker.start()
    placed = sleeper.place("restarted")
    sleeper.place_at_once("after")
    sleeper.assert_published([placed])
