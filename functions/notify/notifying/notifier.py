"""Works off one record: claims the notification of its event, writes it, sends it, and keeps the ledger."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from functions.notify.aws import LONGEST_SEND
from functions.notify.deadletters import DeadLetters, DeadLettersUnavailableError
from functions.notify.events import OrderEvent, Skipped, Unreadable, read
from functions.notify.ledger import (
    Claim,
    Found,
    Ledger,
    LedgerUnavailableError,
    Notification,
    Status,
    UnknownPolicy,
)
from functions.notify.messages import RenderError
from functions.notify.metrics import Metric, Metrics
from functions.notify.sending import AnswerLostError, DeferredError, RefusedError, ThrottledError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from functions.notify import events
    from functions.notify.channels import Channel
    from functions.notify.messages import Messages
    from functions.notify.records import Record

TIME_TO_ANSWER = timedelta(seconds=2)
TIME_TO_SEND = timedelta(seconds=LONGEST_SEND)
LEASE_MARGIN = timedelta(seconds=1)
MOST_MARKS = 3
TOO_LATE = "the invocation has too little time left for one more"
NO_ANSWER = "the provider has left others without an answer"

logger = Logger()


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """The invocation that a record came with, and when Lambda ends it.

    `id` is no other invocation's: Lambda itself repeats an asynchronous one under the same request id.
    """

    id: str
    deadline: datetime


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A record and what it says; no content where a bug kept us from reading it."""

    record: Record
    content: OrderEvent | Skipped | Unreadable | None

    @property
    def correlation_id(self) -> str | None:
        """The id that all lines about the same request have in common, where the record tells it."""
        return self.content.correlation_id if self.content else None


@dataclass(frozen=True, kw_only=True)
class Notifier:
    """What is needed to notify of an event; `channels` by their names. `clock` gives the time with its zone."""

    ledger: Ledger
    messages: Messages
    channels: Mapping[events.Channel, Channel]
    dead_letters: DeadLetters
    metrics: Metrics
    maximum_age: timedelta
    clock: Callable[[], datetime]

    def read(self, record: Record) -> Reading:
        """Read a record. Never raises."""
        try:
            return Reading(record=record, content=read(record, types=self.messages.types))
        except Exception as error:  # noqa: BLE001 a bug in one record is not the whole batch's
            reading = Reading(record=record, content=None)
            self._report_bug(error, reading)
            return reading

    def work_off(self, reading: Reading, invocation: Invocation) -> bool:
        """Do what a record asks for and tell whether it is done; one that is not has to come again. Never raises."""
        if self._spare_time(invocation) < timedelta():
            return self._defer(reading, reason=TOO_LATE)
        return self._guarded(reading, partial(self._work_off, reading, invocation))

    def _guarded(self, reading: Reading, work: Callable[[], bool]) -> bool:
        try:
            return work()
        except (LedgerUnavailableError, DeadLettersUnavailableError) as error:
            return self._defer(reading, reason=f"{type(error).__name__}: {error}")
        except Exception as error:  # noqa: BLE001 a bug in one record is not the whole batch's
            self._report_bug(error, reading)
            return False

    def _spare_time(self, invocation: Invocation) -> timedelta:
        """Return how long a send may wait; less than nothing if it no longer fits into the invocation."""
        return invocation.deadline - self.clock() - TIME_TO_SEND - TIME_TO_ANSWER

    def _work_off(self, reading: Reading, invocation: Invocation) -> bool:
        match reading.content:
            case OrderEvent() as event:
                return self._notify(event, reading, invocation)
            case Unreadable(reason=reason):
                self._set_aside(reading, reason=reason)
                return True
            case Skipped(reason=reason):
                self.metrics.count(Metric.SKIPPED)
                logger.info("record skipped", extra=_keys(reading, reason=reason))
                return True
            case None:
                return False

    def _notify(self, event: OrderEvent, reading: Reading, invocation: Invocation) -> bool:
        # Each channel by itself: what is not done over one comes again, and finds the others done.
        done = [
            self._guarded(reading, partial(self._tell, event, self.channels[name], reading, invocation))
            for name in self.messages.channels(event)
        ]
        return all(done)

    def _tell(self, event: OrderEvent, channel: Channel, reading: Reading, invocation: Invocation) -> bool:
        """Tell the customer of an event over one channel, and tell whether that is done."""
        notification = Notification(
            order_id=event.data.order_id, event_id=event.id, channel=channel.name, event_type=event.type
        )
        owner, now = f"{invocation.id}/{reading.record.id}", self.clock()
        replay = "replay" in reading.record.headers()
        if now - event.time > self.maximum_age and not replay:
            self.ledger.mark_expired(notification, owner=owner, now=now)
            self.metrics.count(Metric.EXPIRED)
            logger.info("notification expired", extra=_keys(reading, notification))
            return True
        if self._spare_time(invocation) < timedelta():  # another channel took it
            return self._defer(reading, notification, reason=TOO_LATE)
        claim = self.ledger.claim(
            notification, owner=owner, now=now, lease_until=invocation.deadline + LEASE_MARGIN, replay=replay
        )
        if isinstance(claim, Found):
            return self._leave(claim, reading, notification)
        if claim.is_exhausted:
            return self._give_up(claim, reading, reason="every attempt to send ended without a word")
        return self._send(event, channel, claim, reading, invocation)

    def _send(
        self, event: OrderEvent, channel: Channel, claim: Claim, reading: Reading, invocation: Invocation
    ) -> bool:
        try:
            provider_id = self._send_at_its_pace(event, channel, claim, invocation)
        except (RenderError, RefusedError) as error:
            return self._give_up(claim, reading, reason=str(error))
        except DeferredError as error:
            self.ledger.give_back(claim, now=self.clock())
            return self._defer(reading, claim.notification, reason=str(error))
        except AnswerLostError as error:
            return self._lose(claim, reading, counts=channel.breaker.lost(), reason=str(error))
        channel.breaker.answered()
        self._mark_sent(claim, provider_id, reading, invocation)
        return True

    def _send_at_its_pace(self, event: OrderEvent, channel: Channel, claim: Claim, invocation: Invocation) -> str:
        """Send as soon as the channel's pace allows, as often as its provider says that it was too soon."""
        while channel.pace.wait(at_most=self._spare_time(invocation).total_seconds()):
            if not channel.breaker.allows(again=claim.possible_duplicate):
                raise DeferredError(NO_ANSWER)
            try:
                return channel.send(event, claim.notification)
            except ThrottledError:
                channel.pace.back_off()
        raise DeferredError(TOO_LATE)

    def _mark_sent(self, claim: Claim, provider_id: str, reading: Reading, invocation: Invocation) -> None:
        """Write down that it is out. Never raises: whatever fails here, the record must not come again."""
        keys = _keys(
            reading,
            claim.notification,
            provider_id=provider_id,
            possible_duplicate=claim.possible_duplicate,
        )
        self.metrics.count(Metric.SENT)
        if claim.possible_duplicate:
            self.metrics.count(Metric.POSSIBLE_DUPLICATE)
        logger.info("notification sent", extra=keys)
        try:
            if not self._mark_while_there_is_time(claim, provider_id, invocation):
                logger.warning("notification sent, but somebody else has claimed it meanwhile", extra=keys)
        except Exception as error:  # noqa: BLE001 a bug here would send the mail again
            reason = str(error) if isinstance(error, LedgerUnavailableError) else type(error).__name__
            logger.warning("notification sent, but not written down", extra={**keys, "reason": reason})

    def _mark_while_there_is_time(self, claim: Claim, provider_id: str, invocation: Invocation) -> bool:
        """Try a few times: of all writes, this is the one whose loss doubles a mail, should its record come again.

        Raises LedgerUnavailableError.
        """

        def mark() -> bool:
            # Not with others in the time for the answer: it might wait for a call that hangs before its own does.
            together = self._spare_time(invocation) >= timedelta()
            return self.ledger.mark_sent(claim, provider_id=provider_id, now=self.clock(), together=together)

        for _ in range(MOST_MARKS - 1):
            try:
                return mark()
            except LedgerUnavailableError:
                if self._spare_time(invocation) < timedelta():
                    raise
        return mark()

    def _lose(self, claim: Claim, reading: Reading, *, counts: bool, reason: str) -> bool:
        self.ledger.mark_unknown(claim, counts=counts, now=self.clock())
        if self.ledger.unknown_policy is UnknownPolicy.HOLD:
            return self._leave(Found(status=Status.UNKNOWN), reading, claim.notification)
        return self._defer(reading, claim.notification, reason=reason)

    def _give_up(self, claim: Claim, reading: Reading, *, reason: str) -> bool:
        try:
            self._set_aside(reading, reason=reason)
        except DeadLettersUnavailableError:
            self.ledger.give_back(claim, now=self.clock())
            raise
        self.ledger.mark_failed(claim, reason=reason, now=self.clock())
        return True

    def _set_aside(self, reading: Reading, *, reason: str) -> None:
        self.dead_letters.put(reading.record, reason=reason)
        self.metrics.count(Metric.FAILED)
        logger.warning("record set aside", extra=_keys(reading, reason=reason))

    def _leave(self, found: Found, reading: Reading, notification: Notification) -> bool:
        if found.status == Status.CLAIMED:
            return self._defer(reading, notification, reason="claimed by another")
        if found.status == Status.UNKNOWN:
            self.metrics.count(Metric.HELD)
            logger.error("notification held: it may have been sent", extra=_keys(reading, notification))
        else:
            message = f"notification already {found.status}"
            logger.info(message, extra=_keys(reading, notification))
        return True

    def _defer(self, reading: Reading, notification: Notification | None = None, *, reason: str) -> bool:
        self.metrics.count(Metric.DEFERRED)
        logger.warning("notification deferred", extra=_keys(reading, notification, reason=reason))
        return False

    def _report_bug(self, error: Exception, reading: Reading) -> None:
        """Tell where an error came from, without its message, which may hold what the record holds."""
        self.metrics.count(Metric.UNEXPECTED)
        stack = traceback.format_tb(error.__traceback__)
        keys = _keys(reading, error=type(error).__qualname__, stack=stack)
        logger.error("record failed unexpectedly", extra=keys)


def _keys(reading: Reading, notification: Notification | None = None, **more: object) -> dict[str, object]:
    """Name a record, its request and its notification in the log."""
    record = reading.record
    names = {"topic": record.topic, "partition": record.partition, "offset": record.offset, **more}
    if reading.correlation_id:
        names |= {"correlation_id": reading.correlation_id}
    if notification:
        names |= {
            "order_id": notification.order_id,
            "event_id": notification.event_id,
            "channel": notification.channel,
        }
    return names
