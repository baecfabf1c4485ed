"""Notifier: takes one record from its bytes to the mail and the text message, and updates the ledger."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from functions.notify.aws_clients import error_code
from functions.notify.dead_letters import DeadLetters, DeadLettersUnavailableError
from functions.notify.domain.decisions import (
    AfterClaim,
    Expire,
    GiveUp,
    Hold,
    MarkSent,
    MarkUnknown,
    Release,
    Send,
    Settled,
    Wait,
    decide_after_send,
    is_too_old,
)
from functions.notify.domain.notification import UnknownPolicy
from functions.notify.domain.send_errors import (
    AnswerLostError,
    DeferredError,
    RefusedError,
    RenderError,
    ThrottledError,
    UnlistedRefusalError,
)
from functions.notify.events.customer_events import ChannelName, CustomerEvent, Skipped, Unreadable, read_customer_event
from functions.notify.ledger.unavailable import LedgerUnavailableError
from functions.notify.logs import logger
from functions.notify.metrics import Metric, Metrics
from functions.notify.notifying import claiming
from functions.notify.notifying.delivery import Delivery, Invocation, ParsedRecord, Result
from functions.notify.notifying.pending_writes import PendingWrites

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Executor

    from functions.notify.channels.channels import Channel
    from functions.notify.domain.notification import Claim
    from functions.notify.events.records import Record
    from functions.notify.ledger.ledger import Ledger
    from functions.notify.messages.messages import Messages

TOO_LATE = "not enough time is left in the invocation for another send"
CIRCUIT_OPEN = "circuit breaker is open: the provider did not answer other sends"


@dataclass(frozen=True, kw_only=True)
class Notifier:
    """Notifier of customers. It has `channels` by their names; `clock` gives the time with its zone."""

    ledger: Ledger
    messages: Messages
    channels: Mapping[ChannelName, Channel]
    dead_letters: DeadLetters
    metrics: Metrics
    max_age: timedelta
    clock: Callable[[], datetime]
    unknown_policy: UnknownPolicy = UnknownPolicy.RESEND
    pending_writes: PendingWrites = field(default_factory=PendingWrites)

    def parse(self, record: Record) -> ParsedRecord:
        """Parse a record. Never raises."""
        try:
            return ParsedRecord(record=record, content=read_customer_event(record, self.messages.fields))
        except Exception as error:  # noqa: BLE001 a bug in one record must not fail the whole batch
            parsed = ParsedRecord(record=record, content=None)
            self._report_bug(error, parsed)
            return parsed

    def process_record(self, parsed: ParsedRecord, invocation: Invocation) -> Result:
        """Send the notifications that a record asks for. Return RETRY if Lambda has to redeliver it. Never raises."""
        if self._is_too_late(invocation):
            return self._defer(parsed, reason=TOO_LATE)
        return self._guarded(parsed, partial(self._process, parsed, invocation))

    def finish_pending_writes(self, invocation: Invocation, *, rounds: int, threads: Executor) -> None:
        """Repeat the writes to the ledger that got no answer, while the invocation has time. Never raises."""
        self.pending_writes.finish_due(
            threads,
            rounds=rounds,
            has_time=lambda: invocation.has_time_to_write(self.clock()),
            report_bug=self._report_bug_of_write,
        )

    def _guarded(self, parsed: ParsedRecord, process: Callable[[], Result]) -> Result:
        try:
            return process()
        except (LedgerUnavailableError, DeadLettersUnavailableError) as error:
            return self._defer(parsed, reason=f"{type(error).__name__}: {error}")
        except Exception as error:  # noqa: BLE001 a bug in one record must not fail the whole batch
            self._report_bug(error, parsed)
            return Result.RETRY

    def _process(self, parsed: ParsedRecord, invocation: Invocation) -> Result:
        match parsed.content:
            case CustomerEvent() as event:
                return self._notify(event, parsed, invocation)
            case Unreadable(reason=reason):
                self._dead_letter(parsed, reason=reason)
                return Result.DONE
            case Skipped(reason=reason):
                self.metrics.count(Metric.SKIPPED)
                logger.info("record skipped", extra=parsed.log_keys(reason=reason))
                return Result.DONE
            case None:
                return Result.RETRY

    def _notify(self, event: CustomerEvent, parsed: ParsedRecord, invocation: Invocation) -> Result:
        # Each channel by itself: a retry of one that failed finds the others done.
        deliveries = [
            Delivery(parsed=parsed, event=event, channel=self.channels[name], invocation=invocation)
            for name in self.messages.channels(event)
        ]
        results = [self._guarded(parsed, partial(self._deliver, delivery)) for delivery in deliveries]
        return Result.RETRY if Result.RETRY in results else Result.DONE

    def _deliver(self, delivery: Delivery) -> Result:
        match self._decide(delivery):
            case Expire():
                self.metrics.count(Metric.EXPIRED)
                logger.info("notification expired", extra=delivery.log_keys())
                return Result.DONE
            case None:
                return self._defer(delivery, reason=TOO_LATE)
            case Send(claim=claim):
                return self._send(delivery, claim)
            case GiveUp() as give_up:
                return self._give_up(delivery, give_up)
            case Wait(reason=reason):
                return self._defer(delivery, reason=reason)
            case Hold():
                return self._hold(delivery)
            case Settled(status=status):
                logger.info("notification already %s", status, extra=delivery.log_keys())
                return Result.DONE

    def _decide(self, delivery: Delivery) -> Expire | AfterClaim | None:
        """Decide about a notification, and claim it or mark it as expired; None if no time is left for a send."""
        now, replay = self.clock(), delivery.is_replay
        age = now - delivery.event.time
        if not delivery.is_forced and is_too_old(age, max_age=self.max_age, replay=replay):
            return claiming.expire(
                self.ledger, self.pending_writes, delivery.notification, owner=delivery.owner, now=now
            )
        if self._is_too_late(delivery.invocation):  # another channel took the time
            return None
        return claiming.claim(
            self.ledger,
            self.pending_writes,
            delivery.notification,
            owner=delivery.owner,
            now=now,
            lease_until=delivery.lease_until,
            policy=self.unknown_policy,
            replay=replay,
        )

    def _send(self, delivery: Delivery, claim: Claim) -> Result:
        error: DeferredError | UnlistedRefusalError | RefusedError | AnswerLostError | RenderError | None = None
        provider_id, provider_answers = "", True
        try:
            provider_id = self._send_at_the_rate(delivery, claim)
            delivery.channel.circuit_breaker.record_success()
        except (DeferredError, UnlistedRefusalError, RefusedError, RenderError) as failure:
            error = failure
        except AnswerLostError as failure:
            error, provider_answers = failure, delivery.channel.circuit_breaker.record_failure()
        after = decide_after_send(error, claim=claim, policy=self.unknown_policy, provider_answers=provider_answers)
        match after:
            case MarkSent():
                self._mark_sent(delivery, claim, provider_id)
                return Result.DONE
            case GiveUp() as give_up:
                return self._give_up(delivery, give_up)
            case Release(reason=reason, counts=counts, pause=pause):
                self._write(claim, self.ledger.release, counts=counts, pause=pause)
                return self._defer(delivery, reason=reason)
            case MarkUnknown(reason=reason, then=then, counts=counts):
                self._write(claim, self.ledger.mark_unknown, counts=counts)
                return self._hold(delivery) if isinstance(then, Hold) else self._defer(delivery, reason=reason)

    def _send_at_the_rate(self, delivery: Delivery, claim: Claim) -> str:
        """Send once the rate limit allows it, and again as often as the provider throttles."""
        channel = delivery.channel
        while channel.rate_limiter.wait(at_most=self._spare_time(delivery.invocation).total_seconds()):
            if not channel.circuit_breaker.allow_request(possible_duplicate=claim.possible_duplicate):
                raise DeferredError(CIRCUIT_OPEN)
            try:
                return channel.send(delivery.event, notification_id=claim.notification.id)
            except ThrottledError:
                channel.rate_limiter.back_off()
        raise DeferredError(TOO_LATE)

    def _mark_sent(self, delivery: Delivery, claim: Claim, provider_id: str) -> None:
        """Mark a notification as sent. Never raises: whatever fails here, Lambda must not retry the record."""
        keys = delivery.log_keys(provider_id=provider_id, possible_duplicate=claim.possible_duplicate)
        self.metrics.count(Metric.SENT)
        if delivery.channel.name is ChannelName.MAIL:
            self.metrics.expect(Metric.DELIVERED)  # the alarm FeedbackStaysAway rings if no event of SES follows
        if claim.possible_duplicate:
            self.metrics.count(Metric.POSSIBLE_DUPLICATE)
        logger.info("notification sent", extra=keys)
        # In the time for the answer, not in a batch: it might wait for a call that hangs before its own does.
        together = not self._is_too_late(delivery.invocation)
        try:
            if not self._write(claim, self.ledger.mark_sent, provider_id=provider_id, together=together):
                logger.warning("notification sent, but another worker has claimed it meanwhile", extra=keys)
        except Exception as error:  # noqa: BLE001 a bug here would send the mail again
            reason = str(error) if isinstance(error, LedgerUnavailableError) else error_code(error)
            logger.warning("notification sent, but not marked as sent", extra={**keys, "reason": reason})

    def _write(self, claim: Claim, write: Callable[..., bool], *, together: bool = False, **values: object) -> bool:
        """Write to the ledger what became of a claim. If the ledger does not answer, the write stays pending.

        A pending write is made alone: a round of them has the time of one call. Raises LedgerUnavailableError.
        """
        alone = partial(write, claim, now=self.clock(), **values)
        return self.pending_writes.write(claim, partial(alone, together=True) if together else alone, repeated=alone)

    def _give_up(self, delivery: Delivery, give_up: GiveUp) -> Result:
        try:
            self._dead_letter(delivery.parsed, reason=give_up.reason)
        except DeadLettersUnavailableError:
            self._write(give_up.claim, self.ledger.release)
            raise
        self._write(give_up.claim, self.ledger.mark_failed, reason=give_up.reason)
        return Result.DONE

    def _dead_letter(self, parsed: ParsedRecord, *, reason: str) -> None:
        self.dead_letters.put(parsed.record, reason=reason)
        self.metrics.count(Metric.FAILED)
        logger.warning("record dead-lettered", extra=parsed.log_keys(reason=reason))

    def _hold(self, delivery: Delivery) -> Result:
        self.metrics.count(Metric.HELD)
        logger.error("notification held: it may have been sent", extra=delivery.log_keys())
        return Result.DONE

    def _defer(self, subject: ParsedRecord | Delivery, *, reason: str) -> Result:
        self.metrics.count(Metric.DEFERRED)
        logger.warning("notification deferred", extra=subject.log_keys(reason=reason))
        return Result.RETRY

    def _report_bug(self, error: Exception, parsed: ParsedRecord) -> None:
        """Log where an error came from, without its message, which may hold what the record holds."""
        self.metrics.count(Metric.UNEXPECTED)
        logger.error("record failed unexpectedly", extra=parsed.log_keys(**_origin(error)))

    def _report_bug_of_write(self, error: Exception) -> None:
        self.metrics.count(Metric.UNEXPECTED)
        logger.error("write to the ledger failed unexpectedly", extra=_origin(error))

    def _is_too_late(self, invocation: Invocation) -> bool:
        return self._spare_time(invocation) < timedelta()

    def _spare_time(self, invocation: Invocation) -> timedelta:
        return invocation.spare_time(self.clock())


def _origin(error: Exception) -> dict[str, object]:
    return {"error_type": error_code(error), "stack_trace": traceback.format_tb(error.__traceback__)}
