"""Program of the ledger's model: an invocation of the notify function, in an environment with a memory.

It is the product's own code, from the batch to the ledger's writes, with a DynamoDB, an SES and an SQS that reply as
the model says.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from botocore.exceptions import ReadTimeoutError

from functions.notify.channels.rate_limiter import RateLimiter
from functions.notify.dead_letters import DeadLetters
from functions.notify.domain.notification import Claim, UnknownPolicy
from functions.notify.domain.send_errors import AnswerLostError, DeferredError, RefusedError, UnlistedRefusalError
from functions.notify.events.customer_events import ChannelName
from functions.notify.ledger.ledger import Ledger
from functions.notify.metrics import Metric
from functions.notify.notifying.batch import process_batch
from functions.notify.notifying.delivery import Invocation, ParsedRecord
from functions.notify.notifying.notifier import Notifier
from tests.models.conditional_writes import condition_not_met
from tests.models.ledger_items import EVENTS, NOTIFICATIONS, RECORDS, START, thawed_entry
from tests.models.programs import ClockView, InlineExecutor
from tests.notify.samples import FIELDS

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient

    from functions.notify.channels.channels import Channel
    from functions.notify.events.customer_events import CustomerEvent
    from functions.notify.messages.messages import Messages
    from functions.notify.metrics import Metrics
    from functions.notify.notifying.delivery import Result
    from functions.notify.notifying.pending_writes import PendingWrites
    from tests.models.programs import Calls

TIMEOUT = 15  # NotifyFunction's, in seconds
MAX_AGE = timedelta(days=3)
LOST = "no answer"
AHEAD = 1  # every clock may be as many seconds ahead of the one that wrote the lease which it looks at


class SendReply(NamedTuple):
    """Reply of the provider. `provider_answers`: it has accepted another message since the last lost answer."""

    words: str
    provider_answers: bool = True


ACCEPTED = SendReply("accepted")
DEFERRED = SendReply("not now")
UNLISTED = SendReply("refused with an unlisted code")
REFUSED = SendReply("refused permanently")
ERRORS = {DEFERRED: DeferredError, UNLISTED: UnlistedRefusalError, REFUSED: RefusedError}


class Remembered(NamedTuple):
    """A pending write of an environment: the ledger's method and its arguments, but for the time."""

    number: int  # of the notification
    owner: str
    method: str
    arguments: tuple[tuple[str, Any], ...]
    is_lost_claim: bool
    is_due: bool


Memory = tuple[Remembered, ...]


class Batch(NamedTuple):
    """The start of an invocation: the numbers of its records, and what its environment remembers."""

    name: str
    records: tuple[int, ...]
    is_replay: bool
    is_old: bool
    policy: UnknownPolicy
    memory: Memory


class BatchEnd(NamedTuple):
    """The end of an invocation: the records that failed and those that are held, and what is still to be written."""

    failed: tuple[int, ...]
    held: tuple[int, ...]
    memory: Memory


@dataclass(frozen=True)
class ModelLedgerTable:
    """The table of notifications. A write's reply is whether its condition held, and the entry."""

    calls: Calls

    def update_item(self, **request: Any) -> Any:
        number = number_of(request["Key"]["notification_id"]["S"])
        reply = self.calls(f"write of entry {number}", (number, request))
        if reply == LOST:
            raise ReadTimeoutError(endpoint_url="https://dynamodb.example")
        succeeds, stored = reply
        item = thawed_entry(stored, NOTIFICATIONS[number], ClockView(self.calls.elapsed, AHEAD))
        if not succeeds:
            raise condition_not_met(item)
        return {"Attributes": item}


@dataclass
class ModelChannel:
    """The channel for mail, with its circuit breaker."""

    calls: Calls
    rate_limiter: RateLimiter
    name: ChannelName = ChannelName.MAIL
    reply: SendReply = ACCEPTED

    @property
    def circuit_breaker(self) -> ModelChannel:
        return self

    def send(self, event: CustomerEvent, *, notification_id: str) -> str:
        number = number_of(notification_id)
        self.reply = self.calls(f"send of mail {number}", number)
        if self.reply == ACCEPTED:
            return "mail"
        raise ERRORS.get(self.reply, AnswerLostError)(self.reply.words)

    def allow_request(self, *, possible_duplicate: bool) -> bool:
        return True

    def record_success(self) -> None:
        """Do nothing: the model decides what the provider does next."""

    def record_failure(self) -> bool:
        return self.reply.provider_answers


@dataclass(frozen=True)
class ModelQueue:
    """The dead-letter queue."""

    calls: Calls

    def send_message(self, **request: Any) -> Any:
        offset = int(request["MessageAttributes"]["offset"]["StringValue"])
        if self.calls(f"dead letter of record {offset}", offset) == LOST:
            raise ReadTimeoutError(endpoint_url="https://sqs.example")
        return {"MessageId": "1"}


@dataclass
class ModelMetrics:
    """The records that were counted as held."""

    record: int = 0
    held: list[int] = field(default_factory=list)

    def count(self, metric: Metric) -> None:
        assert metric is not Metric.UNEXPECTED, "the model, or the product, has a bug"
        if metric is Metric.HELD:
            self.held.append(self.record)

    def expect(self, metric: Metric) -> None:
        """Do nothing: this only shows a metric's zero."""


class OneChannel:
    """Messages by mail only."""

    fields = FIELDS

    def channels(self, event: CustomerEvent) -> tuple[ChannelName, ...]:
        return (ChannelName.MAIL,)


def invoke(batch: Batch, calls: Calls) -> BatchEnd:
    """Process a batch, as handlers/notify.py does."""

    def now() -> datetime:
        return START + timedelta(seconds=calls.elapsed)

    metrics = ModelMetrics()
    ledger = Ledger(client=cast("DynamoDBClient", ModelLedgerTable(calls)), table="notifications")
    limiter = RateLimiter(math.inf, clock=lambda: 0.0)  # the rate is never in the way
    notifier = Notifier(
        ledger=ledger,
        messages=cast("Messages", OneChannel()),
        channels={ChannelName.MAIL: cast("Channel", ModelChannel(calls, limiter))},
        dead_letters=DeadLetters(client=ModelQueue(calls), queue_url=""),
        metrics=cast("Metrics", metrics),
        max_age=MAX_AGE,
        clock=now,
        unknown_policy=batch.policy,
    )
    invocation, threads = Invocation(id=batch.name, deadline=START + timedelta(seconds=TIMEOUT)), InlineExecutor()

    def process(parsed: ParsedRecord) -> Result:
        metrics.record = parsed.record.offset
        return notifier.process_record(parsed, invocation)

    _remember(batch.memory, notifier.pending_writes, ledger)
    notifier.finish_pending_writes(invocation, rounds=1, threads=threads)
    failed = process_batch(
        [_parsed(number, batch) for number in batch.records],
        key=lambda parsed: parsed.record.key,
        process=process,
        threads=threads,
    )
    notifier.finish_pending_writes(invocation, rounds=3, threads=threads)
    return BatchEnd(
        failed=tuple(each.record.offset for each in failed),
        held=tuple(metrics.held),
        memory=_memory(notifier.pending_writes),
    )


def number_of(notification_id: str) -> int:
    """Return the number of a notification, and of its record, in the model."""
    return [each.id for each in NOTIFICATIONS].index(notification_id)


def _parsed(number: int, batch: Batch) -> ParsedRecord:
    record, event = RECORDS[number], EVENTS[number]
    if batch.is_replay:
        source = {**record.source, "headers": [*record.source["headers"], {"replay": list(b"true")}]}
        record = replace(record, source=source)
    if batch.is_old:
        event = event.model_copy(update={"time": START - MAX_AGE - timedelta(days=1)})
    return ParsedRecord(record=record, content=event)


def _memory(pending_writes: PendingWrites) -> Memory:
    return tuple(
        _remembered(key, each.write, is_lost_claim=each.is_lost_claim, is_due=each.is_due)
        for key, each in pending_writes._writes.items()
    )


def _remembered(key: tuple[str, str, str], write: Any, *, is_lost_claim: bool, is_due: bool) -> Remembered:
    _, notification_id, owner = key
    return Remembered(
        number=number_of(notification_id),
        owner=owner,
        method=write.func.__name__,
        arguments=tuple(sorted((name, value) for name, value in write.keywords.items() if name != "now")),
        is_lost_claim=is_lost_claim,
        is_due=is_due,
    )


def _remember(memory: Memory, pending_writes: PendingWrites, ledger: Ledger) -> None:
    for each in memory:
        claim = Claim(notification=NOTIFICATIONS[each.number], owner=each.owner, attempts=1, possible_duplicate=False)
        write = partial(getattr(ledger, each.method), claim, now=START, **dict(each.arguments))
        pending_writes.add(claim, write, is_lost_claim=each.is_lost_claim)
        if not each.is_due:
            key = next(reversed(pending_writes._writes))
            pending_writes._writes[key] = replace(pending_writes._writes[key], is_due=False)
