"""The functions killed (SIGKILL) at every step between write, send, acknowledgement and mark: no order is lost."""

import contextlib
import itertools
import re
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from local import ports
from local.endpoints import url
from tests.system.broker import Broker
from tests.system.database import Database
from tests.system.invoking import ORDER, Call, Functions, Outcome, application, to_cancel, to_place
from tests.system.orders_table import OrdersTable
from tests.system.published import CANCELLED, PAID, Published

pytestmark = pytest.mark.xdist_group("kills")

KILLS = 20
TOPIC = "order-events"
# Seconds: older than what the relay takes, and later than the lease of a relay that was killed.
LATER = 120.0


@dataclass(kw_only=True)
class Shop:
    """The functions, and what they talk to. Every relay comes some time after the one before."""

    broker: Broker
    functions: Functions
    table: OrdersTable
    relayed: Iterator[float] = field(default_factory=lambda: itertools.count(LATER, LATER))

    def answers(self, events: Sequence[dict[str, Any]]) -> list[int]:
        """Return the statuses that these requests are answered with."""
        outcomes = self.functions.invoke([Call(event=event) for event in events])
        return [outcome.answer["statusCode"] for outcome in outcomes]

    def kill(self, events: Sequence[dict[str, Any]], *, step: str) -> None:
        """Make these requests, each killed at the step."""
        self.functions.kill([Call(event=event, dies=step) for event in events])

    def relay(self, *, dies: str | None = None) -> Outcome:
        [outcome] = self.functions.invoke([Call(function="relay", event={}, dies=dies, ahead=next(self.relayed))])
        return outcome

    def relay_the_rest(self) -> None:
        """Have the relay do its work once, and see that there is none left."""
        relayed = self.relay()
        assert relayed.answer["left"] == relayed.answer["unpublishable"] == 0, relayed
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
def shop(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    broker.create_topic(TOPIC, partitions=3)
    folder, port = tmp_path_factory.mktemp("dynamodb"), ports.claim("dynamodb", 0)
    template = application(kafka=broker.bootstrap, dynamodb=url(port))
    with (
        Database(folder, port=port, application=template),
        contextlib.closing(OrdersTable(url(port))) as table,
        Functions(ORDER, template, services={"dynamodb": url(port)}, log=folder / "functions.log") as functions,
    ):
        yield Shop(broker=broker, functions=functions, table=table)


def references_of(name: str) -> list[str]:
    prefix = re.sub(r"\W+", "-", name)
    return [f"{prefix}-{number}" for number in range(KILLS)]


@pytest.mark.parametrize(
    ("step", "again"),
    [
        ("before the order is written", httpx.codes.CREATED),
        ("after the order is written", httpx.codes.OK),
        ("before the send", httpx.codes.OK),
        ("after the producer has the record", httpx.codes.OK),
        ("after the acknowledgement", httpx.codes.OK),
        ("after the mark is off", httpx.codes.OK),
    ],
)
def test_placing_an_order_that_was_killed_can_be_repeated(shop: Shop, step: str, again: int) -> None:
    references = references_of(step)
    requests = [to_place(reference) for reference in references]
    shop.kill(requests, step=step)
    assert shop.answers(requests) == [again] * KILLS
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
def test_a_cancellation_that_was_killed_can_be_repeated(shop: Shop, step: str) -> None:
    references = references_of(f"cancelled, {step}")
    assert shop.answers([to_place(reference) for reference in references]) == [httpx.codes.CREATED] * KILLS
    requests = [to_cancel(reference) for reference in references]
    shop.kill(requests, step=step)
    assert shop.answers(requests) == [httpx.codes.OK] * KILLS
    shop.relay_the_rest()
    published = shop.published()
    for order_id in shop.recorded(references):
        published.has(order_id, [PAID, CANCELLED], extra={CANCELLED: 1})


@pytest.mark.parametrize("step", ["the relay, after its acknowledgements", "the relay, after its first mark is off"])
def test_a_relay_that_was_killed_is_made_up_for_by_the_next(shop: Shop, step: str) -> None:
    references = references_of(step)
    shop.kill([to_place(reference) for reference in references], step="before the send")
    # Not published either, since the paid event comes first.
    assert shop.answers([to_cancel(reference) for reference in references]) == [httpx.codes.OK] * KILLS
    for _ in range(KILLS):
        assert shop.relay(dies=step).status == -signal.SIGKILL
    shop.relay_the_rest()
    published = shop.published()
    for order_id in shop.recorded(references):
        published.has(order_id, [PAID, CANCELLED], extra=KILLS)
    repeats = sum(len(published.of(order_id)) - 2 for order_id in shop.recorded(references))
    assert repeats <= KILLS * KILLS, "a relay repeated more than what it had under way when it was killed"
