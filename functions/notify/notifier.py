"""Works off one record: claims the notification of its event, writes it, sends it, and keeps the ledger."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

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
from functions.notify.mailer import LONGEST_SEND, AnswerLostError, MailDeferredError, Mailer, MailRefusedError
from functions.notify.messages import Messages, RenderError
from functions.notify.metrics import Metric, Metrics

if TYPE_CHECKING:
    from collections.abc import Callable

    from functions.notify.records import Record

CHANNEL = "mail"
TIME_TO_ANSWER = timedelta(seconds=2)
TIME_TO_SEND = timedelta(seconds=LONGEST_SEND)
LEASE_MARGIN = timedelta(seconds=1)
TOO_LATE = "the invocation has too little time left for one more"

logger = Logger()


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """The invocation that a record came with, and when Lambda ends it."""

    request_id: str
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
    """What is needed to notify of an event. `clock` gives the time with its zone."""

    ledger: Ledger
    messages: Messages
    mailer: Mailer
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
        if not self._has_time(invocation):
            return self._defer(reading, reason=TOO_LATE)
        try:
            return self._work_off(reading, invocation)
        except (LedgerUnavailableError, DeadLettersUnavailableError) as error:
            return self._defer(reading, reason=f"{type(error).__name__}: {error}")
        except Exception as error:  # noqa: BLE001 a bug in one record is not the whole batch's
            self._report_bug(error, reading)
            return False

    def _has_time(self, invocation: Invocation) -> bool:
        """Tell whether a whole send still fits into the invocation."""
        return invocation.deadline - self.clock() >= TIME_TO_SEND + TIME_TO_ANSWER

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
        notification = Notification(order_id=event.data.order_id, event_id=event.id, channel=CHANNEL)
        owner, now = f"{invocation.request_id}/{reading.record.id}", self.clock()
        replay = "replay" in reading.record.headers()
        if now - event.time > self.maximum_age and not replay:
            self.ledger.mark_expired(notification, owner=owner, now=now)
            self.metrics.count(Metric.EXPIRED)
            logger.info("mail expired", extra=_keys(reading, notification))
            return True
        claim = self.ledger.claim(
            notification, owner=owner, now=now, lease_until=invocation.deadline + LEASE_MARGIN, replay=replay
        )
        if isinstance(claim, Found):
            return self._leave(claim, reading, notification)
        if claim.is_exhausted:
            return self._give_up(claim, reading, reason="every attempt to send ended without a word")
        if not self._has_time(invocation):  # a slow ledger has used it up
            self.ledger.give_back(claim, now=self.clock())
            return self._defer(reading, notification, reason=TOO_LATE)
        return self._send(event, claim, reading)

    def _send(self, event: OrderEvent, claim: Claim, reading: Reading) -> bool:
        customer, notification = event.data.customer, claim.notification
        try:
            message_id = self.mailer.send(
                self.messages.render(event),
                to=customer.email,
                name=customer.name or "",
                tags={"order_id": notification.order_id, "notification_id": notification.id},
            )
        except (RenderError, MailRefusedError) as error:
            return self._give_up(claim, reading, reason=str(error))
        except MailDeferredError as error:
            self.ledger.give_back(claim, now=self.clock())
            return self._defer(reading, notification, reason=str(error))
        except AnswerLostError as error:
            return self._lose(claim, reading, reason=str(error))
        self._mark_sent(claim, message_id, reading)
        return True

    def _mark_sent(self, claim: Claim, message_id: str, reading: Reading) -> None:
        """Write down that the mail is out. Never raises: whatever fails here, the record must not come again."""
        keys = _keys(
            reading,
            claim.notification,
            message_id=message_id,
            possible_duplicate=claim.possible_duplicate,
        )
        self.metrics.count(Metric.SENT)
        if claim.possible_duplicate:
            self.metrics.count(Metric.POSSIBLE_DUPLICATE)
        logger.info("mail sent", extra=keys)
        try:
            if not self.ledger.mark_sent(claim, provider_id=message_id, now=self.clock()):
                logger.warning("mail sent, but somebody else has claimed it meanwhile", extra=keys)
        except Exception as error:  # noqa: BLE001 a bug here would send the mail again
            reason = str(error) if isinstance(error, LedgerUnavailableError) else type(error).__name__
            logger.warning("mail sent, but not written down", extra={**keys, "reason": reason})

    def _lose(self, claim: Claim, reading: Reading, *, reason: str) -> bool:
        self.ledger.mark_unknown(claim, now=self.clock())
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
            logger.error("mail held: it may have been sent", extra=_keys(reading, notification))
        else:
            message = f"mail already {found.status}"
            logger.info(message, extra=_keys(reading, notification))
        return True

    def _defer(self, reading: Reading, notification: Notification | None = None, *, reason: str) -> bool:
        self.metrics.count(Metric.DEFERRED)
        logger.warning("mail deferred", extra=_keys(reading, notification, reason=reason))
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
        names |= {"order_id": notification.order_id, "event_id": notification.event_id}
    return names
