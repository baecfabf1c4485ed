"""Processor of the records of a shard: invokes the function until every record of a batch is done or discarded."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from samrun.counted import counted
from samrun.functions.back_off import UNAVAILABLE_PAUSE, back_off
from samrun.functions.batch_item_failures import MalformedBatchResponseError
from samrun.functions.invoker import FunctionUnavailableError, InvocationResult, PayloadTooLargeError
from samrun.functions.threaded_invocation import Invoke, wait_for_result
from samrun.streams.on_failure import Condition, DiscardedRecords, event
from samrun.streams.partial_response import first_failed
from samrun.streams.stream_source import StreamRecord
from samrun.template.model.triggers import StreamTrigger


@dataclass(frozen=True)
class _Part:
    """A part of a batch, with the invocations that it had, alone or in a larger part that was not split since."""

    records: Sequence[StreamRecord]
    attempts: int = 0
    result: InvocationResult | None = None


@dataclass(frozen=True, kw_only=True)
class ShardRecordProcessor:
    """Processor of the records of one shard. `discard` takes records for which no attempt is left, and `done`
    a sequence number.
    """

    trigger: StreamTrigger
    shard: str
    invoke: Invoke
    report: Callable[[str], None]
    discard: Callable[[DiscardedRecords], None]
    done: Callable[[str], None]
    stopping: threading.Event

    def process(self, records: Sequence[StreamRecord]) -> None:
        """Return when every record is done or discarded, or `stopping` is set."""
        parts, count_done = [_Part(records)], 0
        while parts and not self.stopping.is_set():
            part = self._without_old_records(parts.pop(0))
            if part.records:
                parts = [*self._send(part), *parts]
            before, count_done = count_done, len(records) - sum(len(part.records) for part in parts)
            if count_done > before:
                self.done(records[count_done - 1].sequence_number)

    def _send(self, part: _Part) -> list[_Part]:
        """Invoke the function with a part, and return the parts of it that are not done."""
        self.report(f"{self.trigger.name} ({counted(len(part.records), 'record')}) → {self.trigger.function}")
        try:
            result = wait_for_result(self.invoke(self.trigger.function, event(part.records).encode()), self.stopping)
        except PayloadTooLargeError:
            return self._halve_or_discard(part)
        except FunctionUnavailableError as error:
            # The function has not seen the records: that is no attempt.
            self.report(str(error))
            self.stopping.wait(UNAVAILABLE_PAUSE)
            return [part]
        if result is None:
            return [part]
        place, is_named = self._first_failed(part, result)
        if place is None:
            return []
        attempts = part.attempts + 1
        failed = replace(part, records=part.records[place:], attempts=attempts, result=result)
        if self.trigger.bisect and len(failed.records) > 1 and not (is_named and place > 0):
            # "Splitting a batch does not count towards the retry quota":
            # https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html
            return _halves(replace(failed, attempts=part.attempts))
        if self.trigger.maximum_retries is not None and attempts > self.trigger.maximum_retries:
            self._discard(failed, failed.records, "RetryAttemptsExhausted")
            return []
        self.stopping.wait(back_off(attempts))
        return [failed]

    def _halve_or_discard(self, part: _Part) -> list[_Part]:
        """Return the halves of a part too large for one invocation; discard it if it is one record."""
        if len(part.records) > 1:
            return _halves(part)
        # Lambda has this condition for Kafka; what it does with such a record of a stream is not documented.
        self._discard(part, part.records, "MaximumPayloadSizeExceeded")
        return []

    def _first_failed(self, part: _Part, result: InvocationResult) -> tuple[int | None, bool]:
        """Return the place of the first record that failed, and whether the function named it. Report a failure."""
        place: int | None = 0
        if result.function_error:
            why, is_named = f"failed ({result.error_type})", False
        elif not self.trigger.report_batch_item_failures:
            return None, False
        else:
            try:
                place = first_failed(result.payload, [record.sequence_number for record in part.records])
                why, is_named = "named failed records", True
            except MalformedBatchResponseError as error:
                why, is_named = f"returned a malformed partial batch response: {error}", False
        if place is not None:
            self.report(
                f"{self.trigger.function} {why}: {len(part.records) - place} of {len(part.records)} records of "
                f"{self.trigger.name} are not done"
            )
        return place, is_named

    def _without_old_records(self, part: _Part) -> _Part:
        """Return the part without the records that are older than the trigger's maximum, which are discarded."""
        maximum, now = self.trigger.maximum_age, datetime.now(UTC)
        if maximum is None:
            return part
        old = [each for each in part.records if (now - each.arrived.astimezone(UTC)).total_seconds() > maximum]
        if old:
            self._discard(part, old, "RecordAgeExceeded")
        return replace(part, records=part.records[len(old) :])

    def _discard(self, part: _Part, records: Sequence[StreamRecord], condition: Condition) -> None:
        self.discard(
            DiscardedRecords(
                trigger=self.trigger,
                shard=self.shard,
                records=records,
                condition=condition,
                attempts=part.attempts,
                result=part.result,
            )
        )


def _halves(part: _Part) -> list[_Part]:
    half = len(part.records) // 2
    return [replace(part, records=part.records[:half]), replace(part, records=part.records[half:])]
