"""Checker of a run: compares what clients were told with what the services hold. Pure functions, one for each promise.

| promise | violation |
|---|---|
| an order that was answered is stored, under the id of the answer | lost order |
| an order that is stored was asked for, and a payment has one order | phantom order |
| a request is answered with 200, 201, or an error that says "later" | wrong answer |
| a cancellation that was answered is stored; one that is stored was asked for | lost or phantom cancellation |
| a stored order has the events of its status on the topic, and none is pending | lost event |
| an event on the topic is of a stored order, of its status | phantom event |
| an event that is there twice has the same id and the same bytes | changed event |
| the events of an order are in one partition, the payment's first | events out of order |
| an event is published again only until the publisher was told that it is marked | doubled event |
| each event has one entry in the ledger, which is settled | lost or phantom notification |
| a notification that is sent has its mail, to the customer of its order | lost mail |
| a mail is of a notification | phantom mail |
| a notification with two mails is marked as a possible duplicate | doubled mail |
| a mail is sent again only until its sender was told that it is marked as sent | doubled mail |
| a mail is sent again only if its own answer or mark was lost, or its sender ended before the mark | doubled mail |
| a notification has no more second mails than such sends | doubled mail |
| a claim that was not released is taken over only when its lease is over | broken lease |
| the mail about the payment was sent before the first one about the cancellation | mails out of order |
| a record that cannot be read, and a notification that failed, has a dead letter | lost dead letter |
| nothing else has a dead letter | phantom dead letter |
| the mapping discards no batch, and no part of the stack ends by itself | discarded batch, unexpected end |
| half of the payments are told yes, and each order placed after healing is told yes and mailed | no service |
| everything is done soon after the last fault is healed | backlog |
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from tools.chaos.clock_skew import MAX_SKEW
from tools.chaos.customers import PROBE, PROBES, address_of
from tools.chaos.evidence import Evidence, LedgerItem, OrderItem, StoredMail, TopicRecord
from tools.chaos.history import DeadLetterSend, History
from tools.chaos.repeated_sends import repeated_sends

PAID, CANCELLED = "order.paid.v1", "order.cancelled.v1"
# Seconds in which the backlog has to be done.
MAX_BACKLOG = 60.0
# Seconds by which the clock of a producer, which dates its records, may be behind.
_SKEW = 1.0

# Seconds by which a time that is written down may differ.
_ROUNDING = 0.05

# Share of the payments that have to be told yes. Under the faults of a plan it was 88 % on a busy machine, and up to
# 100 %: customers insist. Without the rule, a run in which the API answers nothing would keep every other promise.
MIN_ANSWERED = 0.5

_TOLD = {200, 201}
# 429 and 5xx say "later": the customer asks again.
_LATER = {429, *range(500, 600)}


@dataclass(frozen=True, kw_only=True, order=True)
class Violation:
    """Promise that was broken: which one, and with which order, record or part."""

    kind: str
    subject: str
    text: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.subject}" + (f": {self.text}" if self.text else "")


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Case to judge: the history and the evidence, and both by their keys."""

    history: History
    evidence: Evidence
    max_backlog: float = MAX_BACKLOG
    orders: dict[str, OrderItem] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "orders", {order.order_id: order for order in self.evidence.orders})

    @cached_property
    def events(self) -> dict[str, list[TopicRecord]]:
        """The records of each order, in the order of the topic."""
        found = defaultdict(list)
        for record in sorted(self.evidence.records, key=lambda each: (each.partition, each.offset)):
            if record.type:
                found[record.order_id].append(record)
        return found

    @cached_property
    def mails(self) -> dict[str, list[StoredMail]]:
        """The mails of each notification, in the order in which they were sent."""
        found = defaultdict(list)
        for mail in sorted(self.evidence.mails, key=lambda each: each.position):
            found[mail.notification_id].append(mail)
        return found

    @cached_property
    def dead_letters(self) -> dict[tuple[int, int], DeadLetterSend]:
        """The dead letters by the places of their records."""
        return {(each.partition, each.offset): each for each in self.history.dead_letters}

    def places(self, notification_id: str) -> set[tuple[int, int]]:
        """Return the places of the records of a notification."""
        event_id = notification_id.removesuffix("#mail")
        return {record.place for record in self.evidence.records if record.id == event_id}

    @cached_property
    def entries(self) -> dict[str, LedgerItem]:
        return {entry.notification_id: entry for entry in self.evidence.ledger}


def check(history: History, evidence: Evidence, *, max_backlog: float = MAX_BACKLOG) -> list[Violation]:
    """Return every promise that the run broke."""
    judgement = Judgement(history=history, evidence=evidence, max_backlog=max_backlog)
    return sorted({violation for rule in _RULES for violation in rule(judgement)})


def _orders_are_stored(case: Judgement) -> Iterator[Violation]:
    by_reference: dict[str, set[str]] = defaultdict(set)
    for call in case.history.calls:
        if call.action == "place" and call.status in _TOLD and call.order_id:
            by_reference[call.reference].add(call.order_id)
            stored = case.orders.get(call.order_id)
            if stored is None or stored.reference != call.reference:
                yield Violation(kind="lost order", subject=call.order_id, text=f"answered with {call.status}")
    for reference, order_ids in by_reference.items():
        if len(order_ids) > 1:
            yield Violation(kind="wrong answer", subject=reference, text=f"one payment, orders {sorted(order_ids)}")


def _orders_were_asked_for(case: Judgement) -> Iterator[Violation]:
    asked = {call.reference for call in case.history.calls if call.action == "place"}
    seen: set[str] = set()
    for order in case.evidence.orders:
        if order.reference not in asked:
            yield Violation(kind="phantom order", subject=order.order_id, text=f"nobody placed {order.reference}")
        if order.reference in seen:
            yield Violation(kind="phantom order", subject=order.order_id, text=f"another one for {order.reference}")
        seen.add(order.reference)


def _answers_are_right(case: Judgement) -> Iterator[Violation]:
    recorded: dict[str, float] = {}
    for call in sorted(case.history.calls, key=lambda each: each.ended):
        if call.status is not None and call.status not in _TOLD | _LATER:
            yield Violation(kind="wrong answer", subject=call.reference, text=f"{call.action}: {call.status}")
        if call.action == "place" and call.status == 201:
            if call.reference in recorded and recorded[call.reference] < call.began:
                yield Violation(kind="wrong answer", subject=call.reference, text="recorded twice")
            recorded.setdefault(call.reference, call.ended)


def _cancellations_are_stored(case: Judgement) -> Iterator[Violation]:
    asked = {call.reference for call in case.history.calls if call.action == "cancel"}
    told = {call.reference for call in case.history.calls if call.action == "cancel" and call.status in _TOLD}
    for order in case.evidence.orders:
        if order.reference in told and order.status != "cancelled":
            yield Violation(kind="lost cancellation", subject=order.order_id)
        if order.status == "cancelled" and order.reference not in asked:
            yield Violation(kind="phantom cancellation", subject=order.order_id)


def _expected_types(order: OrderItem) -> list[str]:
    return [PAID, CANCELLED] if order.status == "cancelled" else [PAID]


def _events_are_published(case: Judgement) -> Iterator[Violation]:
    for order in case.evidence.orders:
        types = {record.type for record in case.events.get(order.order_id, [])}
        for missing in [each for each in _expected_types(order) if each not in types]:
            pending = "pending" if missing in order.pending else "not even pending"
            yield Violation(kind="lost event", subject=order.order_id, text=f"{missing} is {pending}")
        if order.pending and types.issuperset(order.pending):
            yield Violation(kind="lost event", subject=order.order_id, text=f"{list(order.pending)} still pending")


def _events_are_of_orders(case: Judgement) -> Iterator[Violation]:
    for order_id, records in case.events.items():
        order = case.orders.get(order_id)
        expected = _expected_types(order) if order else []
        for unexpected in {record.type for record in records}.difference(expected):
            yield Violation(kind="phantom event", subject=order_id, text=unexpected)


def _events_keep_their_bytes(case: Judgement) -> Iterator[Violation]:
    for order_id, records in case.events.items():
        versions = {(record.type, record.id, record.value) for record in records}
        if len(versions) > len({record.type for record in records}):
            yield Violation(kind="changed event", subject=order_id, text="one event in several versions")


def _events_are_in_order(case: Judgement) -> Iterator[Violation]:
    for order_id, records in case.events.items():
        if len({record.partition for record in records}) > 1:
            yield Violation(kind="events out of order", subject=order_id, text="in several partitions")
        elif records[0].type == CANCELLED:
            yield Violation(kind="events out of order", subject=order_id, text="the cancellation is first")


def _events_are_doubled_for_a_reason(case: Judgement) -> Iterator[Violation]:
    marked: dict[tuple[str, str], float] = {}
    for mark in case.history.outbox_marks:
        marked.setdefault((mark.order_id, mark.event_type), mark.at)
    for order_id, records in case.events.items():
        for record in records:
            at = marked.get((order_id, record.type))
            if at is not None and record.timestamp > at + _SKEW:
                text = f"{record.type} published {record.timestamp - at:.1f} s after it was marked"
                yield Violation(kind="doubled event", subject=order_id, text=text)


def _notifications_are_settled(case: Judgement) -> Iterator[Violation]:
    expected = {f"{record.id}#mail": record for records in case.events.values() for record in records if record.type}
    marked = {mark.notification_id for mark in case.history.ledger_marks}
    lost = {mark.notification_id for mark in case.history.lost_marks}
    for notification_id, record in expected.items():
        entry = case.entries.get(notification_id)
        if entry is None:
            yield Violation(kind="lost notification", subject=record.order_id, text=record.type)
        elif (
            entry.status == "claimed"
            and notification_id in case.mails
            and notification_id not in marked
            and notification_id in lost
        ):
            continue  # it is sent, and the ledger did not answer: no second mail is worth the mark
        elif entry.status not in {"sent", "failed"}:
            text = f"{record.type} is {entry.status} after {entry.attempts} attempts"
            yield Violation(kind="lost notification", subject=record.order_id, text=text)
    for notification_id in case.entries.keys() - expected.keys():
        unexpected = case.entries[notification_id]
        yield Violation(kind="phantom notification", subject=unexpected.order_id, text=unexpected.event_type)


def _mails_are_sent(case: Judgement) -> Iterator[Violation]:
    for notification_id, entry in case.entries.items():
        order, mails = case.orders.get(entry.order_id), case.mails.get(notification_id, [])
        if entry.status == "sent" and not mails:
            yield Violation(kind="lost mail", subject=entry.order_id, text=entry.event_type)
        for mail in mails:
            if order and mail.address != address_of(order.reference):
                yield Violation(kind="phantom mail", subject=entry.order_id, text="to another customer")
    for notification_id in case.mails.keys() - case.entries.keys():
        yield Violation(kind="phantom mail", subject=notification_id, text="of no notification")


def _mails_are_doubled_for_a_reason(case: Judgement) -> Iterator[Violation]:
    for notification_id, mails in case.mails.items():
        entry = case.entries.get(notification_id)
        if len(mails) > 1 and entry and not entry.possible_duplicate:
            text = f"{len(mails)} mails about {entry.event_type}, and no mark of a possible duplicate"
            yield Violation(kind="doubled mail", subject=entry.order_id, text=text)
    marked: dict[str, float] = {}
    for mark in case.history.ledger_marks:
        marked.setdefault(mark.notification_id, mark.at)
    for send in case.history.sends:
        at = marked.get(send.notification_id)
        if at is not None and send.began > at:
            text = f"sent {send.began - at:.1f} s after it was marked as sent"
            yield Violation(kind="doubled mail", subject=send.order_id, text=text)


def _mails_are_repeated_for_a_disturbance(case: Judgement) -> Iterator[Violation]:
    explained: dict[str, int] = defaultdict(int)
    for repeated in repeated_sends(case.history):
        if repeated.disturbance is None:
            text = "sent again, although its answer and its mark were not lost, and its sender did not end"
            yield Violation(kind="doubled mail", subject=repeated.send.order_id, text=text)
        elif repeated.send.accepted:
            explained[repeated.send.notification_id] += 1
    for notification_id, mails in case.mails.items():
        extra = len(mails) - 1
        if extra > explained[notification_id]:
            text = f"{extra} mails too many, of which {explained[notification_id]} are explained"
            yield Violation(kind="doubled mail", subject=notification_id, text=text)


def _leases_are_kept(case: Judgement) -> Iterator[Violation]:
    leases = {claim.owner: claim.lease_until for claim in case.history.ledger_claims}
    for claim in case.history.ledger_claims:
        # No proxy sees a claim whose connection broke before DynamoDB's answer: then nothing is known of its lease.
        left = leases.get(claim.taken_from, 0.0) - claim.at
        if left > MAX_SKEW + _ROUNDING:
            text = f"taken over {left:.1f} s before the end of its lease"
            yield Violation(kind="broken lease", subject=claim.notification_id, text=text)


def _mails_are_in_order(case: Judgement) -> Iterator[Violation]:
    first: dict[tuple[str, str], str] = {}
    for notification_id, entry in case.entries.items():
        if mails := case.mails.get(notification_id):
            first[entry.order_id, entry.event_type] = mails[0].position
    for (order_id, event_type), position in first.items():
        if event_type == CANCELLED and first.get((order_id, PAID), position) > position:
            yield Violation(kind="mails out of order", subject=order_id, text="the cancellation's came first")


def _records_have_dead_letters(case: Judgement) -> Iterator[Violation]:
    for record in case.evidence.records:
        if not record.type and record.place not in case.dead_letters:
            subject = f"{record.partition}@{record.offset}"
            yield Violation(kind="lost dead letter", subject=subject, text="it cannot be read")
    for notification_id, entry in case.entries.items():
        if entry.status == "failed" and case.places(notification_id).isdisjoint(case.dead_letters):
            yield Violation(kind="lost dead letter", subject=entry.order_id, text=entry.event_type)


def _dead_letters_have_a_reason(case: Judgement) -> Iterator[Violation]:
    for record in case.evidence.records:
        if record.type and record.place in case.dead_letters:
            entry = case.entries.get(f"{record.id}#mail")
            status = entry.status if entry else "nowhere"
            if status != "failed":
                text = f"{record.type} is {status}: {case.dead_letters[record.place].reason}"
                yield Violation(kind="phantom dead letter", subject=record.order_id, text=text)


def _nothing_is_discarded(case: Judgement) -> Iterator[Violation]:
    for each in case.history.discarded:
        yield Violation(kind="discarded batch", subject=each.path)
    for end in case.history.unexpected:
        yield Violation(kind="unexpected end", subject=end.what)


def _service_is_given(case: Judgement) -> Iterator[Violation]:
    placed = [call for call in case.history.calls if call.action == "place"]
    asked = {call.reference for call in placed}
    told = {call.reference for call in placed if call.status in _TOLD}
    if len(told) < max(1.0, MIN_ANSWERED * len(asked)):
        yield Violation(kind="no service", subject="the API", text=f"{len(told)} of {len(asked)} payments told yes")
    order_ids = {order.reference: order.order_id for order in case.evidence.orders}
    mailed = {case.entries[each].order_id for each in case.mails if each in case.entries}
    for probe in [f"{PROBE}{number}" for number in range(1, PROBES + 1)]:
        if probe not in told:
            yield Violation(kind="no service", subject=probe, text="not told yes, although all was healed")
        elif order_ids.get(probe) not in mailed:
            yield Violation(kind="no service", subject=probe, text="not mailed, although all was healed")


def _backlog_is_done(case: Judgement) -> Iterator[Violation]:
    after = case.evidence.drained_after
    if after is None:
        yield Violation(kind="backlog", subject="the stack", text="it was never done")
    elif after > case.max_backlog:
        text = f"{after:.0f} s after healing instead of {case.max_backlog:.0f} s"
        yield Violation(kind="backlog", subject="the stack", text=text)


_RULES: tuple[Callable[[Judgement], Iterator[Violation]], ...] = (
    _orders_are_stored,
    _orders_were_asked_for,
    _answers_are_right,
    _cancellations_are_stored,
    _events_are_published,
    _events_are_of_orders,
    _events_keep_their_bytes,
    _events_are_in_order,
    _events_are_doubled_for_a_reason,
    _notifications_are_settled,
    _mails_are_sent,
    _mails_are_doubled_for_a_reason,
    _mails_are_repeated_for_a_disturbance,
    _leases_are_kept,
    _mails_are_in_order,
    _records_have_dead_letters,
    _dead_letters_have_a_reason,
    _nothing_is_discarded,
    _service_is_given,
    _backlog_is_done,
)
