"""Bugs to plant into a copy of the project, each with the faults that show it, and what the checker then says."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tools.chaos.fault_plan import Fault

SECONDS = 6.0  # of load


@dataclass(frozen=True, kw_only=True)
class PlantedBug:
    """One exact replacement in a file, below the project's folder or below samrun's. `caught_as` is a violation."""

    name: str
    file: str
    text: str
    replacement: str
    caught_as: str
    faults: Sequence[Fault] = ()


_KAFKA_AWAY = (Fault(at=0.5, target="producer", kind="cut off", seconds=3.0),)
_SLOW_SES = Fault(at=0.2, target="ses", kind="delay", seconds=5.5, delay=2.0)

BUGS = (
    PlantedBug(
        name="the API answers 503",
        file="functions/order/handlers/api.py",
        text="    caller().must_write()\n    order = new_order",
        replacement='    return Response(503, "application/json", "{}")\n    order = new_order',
        caught_as="no service",
    ),
    PlantedBug(
        name="the relay is skipped",
        file="functions/order/outbox/relay.py",
        text="                self._publish(batch, result)\n",
        replacement="",
        faults=_KAFKA_AWAY,
        caught_as="lost event",
    ),
    PlantedBug(
        name="an event is marked as published before it is sent",
        file="functions/order/outbox/event_publisher.py",
        text="        try:\n            send_result: RecordMetadata",
        replacement=(
            "        self.outbox.mark_published(order, order.pending[0])\n"
            "        try:\n            send_result: RecordMetadata"
        ),
        faults=_KAFKA_AWAY,
        caught_as="lost event",
    ),
    PlantedBug(
        name="an event is published before its order is stored",
        file="functions/order/handlers/api.py",
        text="    earlier = store.add(order)\n",
        replacement="    publish(order)\n    earlier = store.add(order)\n",
        faults=(Fault(at=1.0, target="dynamodb", kind="cut off", seconds=3.0),),
        caught_as="changed event",
    ),
    PlantedBug(
        name="an order is stored without a condition",
        file="functions/order/storage/store.py",
        text='_RECORD_CONDITION = "attribute_not_exists(order_id)"',
        replacement='_RECORD_CONDITION = "attribute_not_exists(no_such_attribute)"',
        caught_as="wrong answer",
    ),
    PlantedBug(
        name="the relay publishes the newest event of an order first",
        file="functions/order/outbox/event_publisher.py",
        text="        return event_of(order, order.pending[0])\n",
        replacement="        return event_of(order, order.pending[-1])\n",
        faults=_KAFKA_AWAY,
        caught_as="events out of order",
    ),
    PlantedBug(
        name="the mapping commits a batch before the function has succeeded",
        file="src/samrun/mapping/partition_queue.py",
        text="self.in_flight if self.in_flight and not self._is_stale else next(iter(self.retries), None)",
        replacement="None",
        faults=(_SLOW_SES, Fault(at=3.0, target="samrun", kind="kill", seconds=0.1)),
        caught_as="lost notification",
    ),
    PlantedBug(
        name="the ledger claims without a condition",
        file="functions/notify/ledger/ledger.py",
        text="attribute_not_exists(order_id) OR (#status = :waiting",
        replacement="attribute_not_exists(no_such_attribute) OR (#status = :waiting",
        faults=(_SLOW_SES, Fault(at=3.0, target="deliveries", kind="repeat", chance=0.5)),
        caught_as="doubled mail",
    ),
    PlantedBug(
        name="the lease of a claim is ignored",
        file="functions/notify/domain/decisions.py",
        text="(found.status == Status.CLAIMED and found.lease_until <= now)",
        replacement="found.status == Status.CLAIMED",
        faults=(
            _SLOW_SES,
            *(
                Fault(at=at, target="deliveries", kind="repeat", chance=each)
                for at in (1.0, 2.5)  # a busy machine has nothing under way after one second
                for each in (0.5, 0.1, 0.9)
            ),
        ),
        caught_as="broken lease",
    ),
    PlantedBug(
        name="a notification is marked as sent before the send",
        file="functions/notify/notifying/notifier.py",
        text="            provider_id = self._send_at_the_rate(delivery, claim)\n",
        replacement=(
            "            self._mark_sent(delivery, claim, 'before')\n"
            "            provider_id = self._send_at_the_rate(delivery, claim)\n"
        ),
        faults=(Fault(at=0.5, target="ses", kind="cut off", seconds=4.0),),
        caught_as="lost mail",
    ),
    PlantedBug(
        name="a lost answer counts as a refusal to take the mail now",
        file="functions/notify/channels/provider_errors.py",
        text='    "ReadTimeoutError": AnswerLostError,\n',
        replacement='    "ReadTimeoutError": DeferredError,\n',
        faults=(Fault(at=1.0, target="ses", kind="swallow", seconds=2.0),),
        caught_as="doubled mail",
    ),
    PlantedBug(
        name="a mail is sent twice at once",
        file="functions/notify/notifying/notifier.py",
        text="                return channel.send(delivery.event, notification_id=claim.notification.id)\n",
        replacement=(
            "                channel.send(delivery.event, notification_id=claim.notification.id)\n"
            "                return channel.send(delivery.event, notification_id=claim.notification.id)\n"
        ),
        caught_as="doubled mail",
    ),
    PlantedBug(
        name="the first answer to each send counts as lost",  # so each second mail is marked as a possible duplicate
        file="functions/notify/domain/decisions.py",
        text="    if error is None:\n        return MarkSent()\n",
        replacement=(
            "    if error is None and not claim.possible_duplicate:\n"
            "        return MarkUnknown(reason='planted', then=Wait(), counts=True)\n"
            "    if error is None:\n        return MarkSent()\n"
        ),
        caught_as="doubled mail",
    ),
    PlantedBug(
        name="a dead letter is dropped",
        file="functions/notify/notifying/notifier.py",
        text="        self.dead_letters.put(parsed.record, reason=reason)\n",
        replacement="",
        caught_as="lost dead letter",
    ),
    PlantedBug(
        name="the records of a key are processed from the last one to the first",
        file="functions/notify/handlers/notify.py",
        text="            records,\n",
        replacement="            records[::-1],\n",
        # Twice, so that on a slow machine, too, a batch has both events of an order.
        faults=tuple(Fault(at=at, target="ses", kind="cut off", seconds=5.5) for at in (0.2, 0.2 + SECONDS)),
        caught_as="mails out of order",
    ),
)


def faults_of_all() -> Iterator[Fault]:
    """Yield the faults of all bugs, one plan after the other."""
    for number, faults in enumerate(dict.fromkeys(tuple(bug.faults) for bug in BUGS)):
        yield from (replace(fault, at=fault.at + number * SECONDS) for fault in faults)
