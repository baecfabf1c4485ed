"""The functions killed (SIGKILL) at every step between write, send, acknowledgement and mark: no order is lost."""

import itertools
import re
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from samrun.testing.broker import Broker
from tests.system.isolated_order import TOPIC, isolated_order
from tests.system.killable_functions import Call, Functions, Result, to_cancel, to_place
from tests.system.orders_table import OrdersTable
from tests.system.published_events import CANCELLED, PAID, Published

pytestmark = pytest.mark.xdist_group("kills")

# Seconds: older than what the relay takes, and later than the lease of a relay that was killed.
LATER = 120.0


@dataclass(kw_only=True)
class KilledShop:
    """The functions and the services that they call. Each relay runs some time after the one before."""

    broker: Broker
    functions: Functions
    table: OrdersTable
    relayed: Iterator[float] = field(default_factory=lambda: itertools.count(LATER, LATER))

    def answers(self, events: Sequence[dict[str, Any]]) -> list[int]:
        """Return the statuses that these requests are answered with."""
        results = self.functions.invoke([Call(event=event) for event in events])
        return [result.answer["statusCode"] for result in results]

    def kill(self, events: Sequence[dict[str, Any]], *, step: str) -> None:
        """Make these requests, each killed at the step."""
        self.functions.kill([Call(event=event, dies=step) for event in events])

    def relay(self, *, dies: str | None = None) -> Result:
        [result] = self.functions.invoke([Call(function="relay", event={}, dies=dies, ahead=next(self.relayed))])
        return result

    def relay_the_rest(self) -> None:
        """Invoke the relay once, and check that no event is left."""
        relayed = self.relay()
        assert relayed.answer["deferred"] == relayed.answer["quarantined"] == 0, relayed
        assert self.table.pending() == []
        assert self.table.index() == []

    def published(self) -> Published:
        return Published(self.broker.records(TOPIC))

    def recorded(self, references: Sequence[str]) -> list[str]:
        """Return the orders of these payments, of which each must have one."""
        orders = [order for order in self.table.orders() if order["payment_reference"] in set(references)]
        assert sorted(order["payment_reference"] for order in orders) == sorted(references)
        return [order["order_id"] for order in orders]


@pytest.fixture(scope="module")
def shop(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KilledShop]:
    with isolated_order(broker, tmp_path_factory.mktemp("dynamodb")) as order:
        yield KilledShop(broker=broker, functions=order.functions, table=order.table)


@pytest.fixture(params=[2, pytest.param(20, marks=pytest.mark.proof)])
def kills(request: pytest.FixtureRequest) -> int:
    """The number of processes that are killed at each step."""
    number: int = request.param
    return number


def references_of(name: str, kills: int) -> list[str]:
    prefix = re.sub(r"\W+", "-", name)
    return [f"{prefix}-{number}-of-{kills}" for number in range(kills)]


@pytest.mark.parametrize(
    ("step", "status"),
    [
        ("before the order is written", httpx.codes.CREATED),
        ("after the order is written", httpx.codes.OK),
        ("before the send", httpx.codes.OK),
        ("after the producer has the record", httpx.codes.OK),
        ("after the acknowledgement", httpx.codes.OK),
        ("after the mark is off", httpx.codes.OK),
    ],
)
def test_placing_an_order_that_was_killed_can_be_repeated(shop: KilledShop, step: str, status: int, kills: int) -> None:
    references = references_of(step, kills)
    requests = [to_place(reference) for reference in references]
    shop.kill(requests, step=step)
    assert shop.answers(requests) == [status] * kills
    shop.relay_the_rest()
    published = shop.published()
    for order_id in shop.recorded(references):
        published.has(order_id, [PAID], extra=1)


@pytest.mark.parametrize(
    "step",
    [
        "before the cancellation is written",
        "after the cancellation is written",
        "before the send",
        "after the producer has the record",
        "after the acknowledgement",
        "after the mark is off",
    ],
)
def test_a_cancellation_that_was_killed_can_be_repeated(shop: KilledShop, step: str, kills: int) -> None:
    references = references_of(f"cancelled, {step}", kills)
    assert shop.answers([to_place(reference) for reference in references]) == [httpx.codes.CREATED] * kills
    requests = [to_cancel(reference) for reference in references]
    shop.kill(requests, step=step)
    assert shop.answers(requests) == [httpx.codes.OK] * kills
    shop.relay_the_rest()
    published = shop.published()
    for order_id in shop.recorded(references):
        published.has(order_id, [PAID, CANCELLED], extra={CANCELLED: 1})


@pytest.mark.parametrize("step", ["the relay, after its acknowledgements", "the relay, after its first mark is off"])
def test_the_next_relay_finishes_the_work_of_one_that_was_killed(shop: KilledShop, step: str, kills: int) -> None:
    references = references_of(step, kills)
    shop.kill([to_place(reference) for reference in references], step="before the send")
    # Not published either, since the paid event comes first.
    assert shop.answers([to_cancel(reference) for reference in references]) == [httpx.codes.OK] * kills
    for _ in range(kills):
        assert shop.relay(dies=step).status == -signal.SIGKILL
    shop.relay_the_rest()
    published = shop.published()
    for order_id in shop.recorded(references):
        published.has(order_id, [PAID, CANCELLED], extra=kills)
    repeats = sum(len(published.of(order_id)) - 2 for order_id in shop.recorded(references))
    assert repeats <= kills * kills, "a relay repeated more than what it had under way when it was killed"
