"""Reader of a shard: collects its records into batches, and has one batch after the other processed."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from samrun.error_code import error_code
from samrun.streams.shard_record_processor import ShardRecordProcessor
from samrun.streams.stream_source import Position, StreamRecord, StreamSource
from samrun.template.model.triggers import StreamTrigger

# Seconds. Lambda reads a shard of a table's stream four times a second.
_PAUSE = 0.25
_PAUSE_AFTER_ERROR = 2.0


@dataclass(kw_only=True)
class ShardReader:
    """Reader of one shard, from an iterator on. `position` is where the iterator is, to make another one there."""

    trigger: StreamTrigger
    source: StreamSource
    shard: str
    iterator: str | None
    position: Position
    processor: ShardRecordProcessor
    report: Callable[[str], None]
    stopping: threading.Event
    _collected: list[StreamRecord] = field(default_factory=list, init=False)
    _closes: float = field(default=0.0, init=False)
    _needs_iterator: bool = field(default=False, init=False)
    empty_reads: int = field(default=0, init=False)
    """Number of the reads that found nothing, while nothing waited for its delivery."""

    def run(self) -> None:
        """Read until the shard ends, or `stopping` is set."""
        while self.iterator is not None and not self.stopping.is_set():
            found = self._read(self.iterator)
            self._collect(found)
            self._process_full_batches()
            if not found:
                self.empty_reads += not self._collected
                self.stopping.wait(_PAUSE)
        if not self.stopping.is_set():
            self._process(len(self._collected))

    def _read(self, iterator: str) -> Sequence[StreamRecord]:
        try:
            if self._needs_iterator:
                iterator = self.source.iterator(self.shard, self.position)
            records, self.iterator = self.source.read(self.shard, iterator, limit=self.trigger.batch_size)
            self._needs_iterator = False
        except (BotoCoreError, ClientError) as error:
            if not self.stopping.is_set():
                self.report(f"{self.trigger.logical_id} cannot read {self.trigger.name}, and retries: {error}")
            # An iterator expires in minutes: the function may have kept a batch longer. Another one at LATEST would
            # miss the records that came since, so there it replaces an expired one alone.
            self._needs_iterator = self.position.kind != "LATEST" or error_code(error) == "ExpiredIteratorException"
            self.stopping.wait(_PAUSE_AFTER_ERROR)
            return []
        if records:
            self.position = Position(kind="AFTER_SEQUENCE_NUMBER", sequence_number=records[-1].sequence_number)
        return records

    def _collect(self, records: Sequence[StreamRecord]) -> None:
        passed = [record for record in records if self._passes(record)]
        if passed and not self._collected:
            self._closes = time.monotonic() + self.trigger.window
        if records and not passed and not self._collected:
            self.processor.done(records[-1].sequence_number)  # all of them are filtered out
        self._collected += passed

    def _passes(self, record: StreamRecord) -> bool:
        filters = self.trigger.filters
        return not filters or any(each.matches(record.fields) for each in filters)

    def _process_full_batches(self) -> None:
        while len(self._collected) >= self.trigger.batch_size and not self.stopping.is_set():
            self._process(self.trigger.batch_size)
        if self._collected and time.monotonic() >= self._closes:
            self._process(len(self._collected))

    def _process(self, count: int) -> None:
        batch, self._collected = self._collected[:count], self._collected[count:]
        if batch:
            self.processor.process(batch)
