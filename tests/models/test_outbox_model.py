"""The outbox keeps its promises, whatever the requests, two relays and their faults do and in whatever order.

docs/architecture.md has the promises beside the table of states. Each planted error breaks one, and the model finds it.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from functions.order.logs import logger
from functions.order.outbox import event_publisher, lease, relay
from functions.order.outbox.event_publisher import EventPublisher
from functions.order.outbox.lease import Lease, LeaseTakenError
from functions.order.producer.kafka_publisher import RecordMetadata
from functions.order.storage import store
from functions.order.storage.store import OrderStore
from tests.models import outbox_model, outbox_programs
from tests.models.explorer import PromiseBrokenError, explore
from tests.models.outbox_model import SLOW_RELAY, OutboxModel
from tests.models.outbox_programs import NAMES, ModelKafka
from tests.models.planted_errors import change_writes, forget_the_condition
from tests.models.programs import InlineExecutor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from functions.order.domain.order import Order
    from functions.order.outbox.event_publisher import PublishResult
    from tests.models.planted_errors import Plant

TWICE = ("cancel", "cancel", "place", "place")
MAX_STATES = 3_000_000


@pytest.fixture(autouse=True)
def _programs_repeat_themselves(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give a program the same ids each time it runs, and keep its log lines out of the way."""
    for module in (store, lease):
        monkeypatch.setattr(module, "uuid", NAMES)
    monkeypatch.setattr(event_publisher, "ThreadPoolExecutor", InlineExecutor)
    level = logger.log_level
    logger.setLevel("CRITICAL")
    yield
    logger.setLevel(level)


def test_no_interleaving_loses_reorders_or_invents_an_event() -> None:
    """With these settings, the model also finds the planted errors below."""
    exploration = explore(OutboxModel(faults=1, requests=TWICE), max_states=MAX_STATES)
    assert len(exploration.numbers) > 50_000  # with fewer, the model would have lost some of its steps


@pytest.mark.proof
@pytest.mark.parametrize(
    ("model", "states"),
    [
        pytest.param(partial(OutboxModel, faults=2), 73_000, id="two faults"),
        pytest.param(partial(OutboxModel, faults=2, may_be_late=True), 2_000_000, id="two faults, late writes"),
        pytest.param(partial(OutboxModel, faults=2, requests=TWICE), 278_000, id="two faults, repeated requests"),
        pytest.param(partial(OutboxModel, faults=2, relay_time=SLOW_RELAY), 390_000, id="two faults, slow relays"),
    ],
)
def test_no_interleaving_of_more_faults_loses_reorders_or_invents_an_event(
    model: Callable[[], OutboxModel], states: int
) -> None:
    exploration = explore(model(), max_states=MAX_STATES)
    assert len(exploration.numbers) > states


def cancel_inline(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(outbox_programs, "is_published_inline", lambda order: True)


def put_the_cancellation_first(patch: pytest.MonkeyPatch) -> None:
    build = OrderStore._cancellation_request

    def wrong(self: OrderStore, *arguments: Any) -> dict[str, Any]:
        request = build(self, *arguments)
        update = request["UpdateExpression"].replace("list_append(pending, :event)", "list_append(:event, pending)")
        return request | {"UpdateExpression": update}

    patch.setattr(OrderStore, "_cancellation_request", wrong)


def relay_without_a_lease(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Lease, "_take", lambda self, owner, seconds, **condition: None)
    patch.setattr(Lease, "_release", lambda self, owner: None)


def end_the_lease_too_early(patch: pytest.MonkeyPatch) -> None:
    take = Lease._take
    patch.setattr(Lease, "_take", lambda self, owner, seconds, **condition: take(self, owner, seconds / 2, **condition))


def renew_as_if_it_was_free(patch: pytest.MonkeyPatch) -> None:
    def wrong(self: Lease, owner: str, seconds: float) -> bool:
        try:
            self._acquire(owner, seconds)
        except LeaseTakenError:
            return False
        return True

    patch.setattr(Lease, "_renew", wrong)


def relay_young_events(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(relay, "MIN_AGE", timedelta(seconds=10))


def mark_before_the_send(patch: pytest.MonkeyPatch) -> None:
    publish = EventPublisher.publish

    def wrong(self: EventPublisher, order: Order, *, budget: float) -> PublishResult:
        self.outbox.mark_published(order, order.pending[0])
        return publish(self, order, budget=budget)

    patch.setattr(EventPublisher, "publish", wrong)


def take_silence_for_an_acknowledgement(patch: pytest.MonkeyPatch) -> None:
    def wrong(self: ModelKafka, record: Any, *, budget: float | None = None) -> RecordMetadata:
        self.calls(f"send of {record.event_type}", record.event_type)
        return RecordMetadata(topic="order-events", partition=0, offset=0)

    patch.setattr(ModelKafka, "publish", wrong)


def never_run_the_relay(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(outbox_model, "RELAYS", ())


FIND_AND_MARK = "SET unpublishable = :refusal REMOVE pending_shard, pending_since"
LEASE_IS_FREE = "attribute_not_exists(order_id) OR lease_until < :now OR lease_owner = :owner"

# The error, and the promise that it breaks first.
PLANTED = {
    "a request sends its cancellation while the payment is pending": (cancel_inline, "two programs send at"),
    "a cancellation goes before the payment": (
        put_the_cancellation_first,
        "order.cancelled.v1 is published before order.paid.v1",
    ),
    "no lease": (relay_without_a_lease, "two relays are at work at the same time"),
    "the lease ends too early": (end_the_lease_too_early, "two relays are at work at the same time"),
    "anybody gets the lease": (
        forget_the_condition(outbox_model, LEASE_IS_FREE),
        "two relays are at work at the same time",
    ),
    "the relay takes events of requests that may still be at work": (relay_young_events, "two programs send at"),
    "the mark comes before the send": (mark_before_the_send, "an event is no longer pending, and not published"),
    "silence is taken for an acknowledgement": (
        take_silence_for_an_acknowledgement,
        "an event is no longer pending, and not published",
    ),
    "a mark forgets events that were added meanwhile": (
        forget_the_condition(outbox_model, "pending = :read"),
        "an event is no longer pending, and not published",
    ),
    "a repeated order is stored again": (
        forget_the_condition(outbox_model, "attribute_not_exists(order_id)"),
        "two programs send at",
    ),
    "a cancelled order is cancelled again": (
        change_writes(
            outbox_model,
            "ConditionExpression",
            "#status = :paid AND attribute_not_exists(erased_at)",
            "attribute_exists(order_id)",
        ),
        "an event is published more often than once and once for each fault",
    ),
    "an event is quarantined without a reason": (
        change_writes(outbox_model, "UpdateExpression", FIND_AND_MARK, "REMOVE pending_shard, pending_since"),
        "neither the relay nor a person can find the pending event",
    ),
    "there is no relay": (never_run_the_relay, "from here, no steps without a fault lead to a settled state"),
}


@pytest.mark.parametrize(("plant", "promise"), PLANTED.values(), ids=PLANTED.keys())
def test_the_model_of_the_outbox_finds_a_planted_error(
    monkeypatch: pytest.MonkeyPatch, plant: Plant, promise: str
) -> None:
    plant(monkeypatch)
    with pytest.raises(PromiseBrokenError) as caught:
        explore(OutboxModel(faults=1, requests=TWICE), max_states=MAX_STATES)
    assert str(caught.value).startswith(promise)


def test_the_model_finds_a_late_relay_that_publishes_what_another_has_published(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    renew_as_if_it_was_free(monkeypatch)
    with pytest.raises(PromiseBrokenError) as caught:
        explore(OutboxModel(faults=1, relay_time=SLOW_RELAY), max_states=MAX_STATES)
    assert str(caught.value).startswith("an event is published more often than once and once for each fault")
