"""Reading of a stream: starts a reader for each of its shards, after the one of the shard's parent."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial

from samrun.functions.threaded_invocation import Invoke
from samrun.streams.checkpoints import Checkpoints
from samrun.streams.on_failure import DiscardedRecords
from samrun.streams.shard_reader import ShardReader
from samrun.streams.shard_record_processor import ShardRecordProcessor
from samrun.streams.stream_source import TRIM_HORIZON, Position, Shard, StreamSource
from samrun.template.model.triggers import StreamTrigger


@dataclass(kw_only=True)
class StreamReading:
    """Reading of one stream, until `end`. The readers run in threads of `executor`.

    `start` is where the shards are read from that have no checkpoint. `checkpoints` are those of this stream.
    """

    trigger: StreamTrigger
    source: StreamSource
    checkpoints: Checkpoints
    start: Position
    executor: ThreadPoolExecutor
    invoke: Invoke
    report: Callable[[str], None]
    discard: Callable[[DiscardedRecords], None]
    _stopping: threading.Event = field(default_factory=threading.Event, init=False)
    _readers: dict[str, ShardReader] = field(default_factory=dict, init=False)
    _runs: dict[str, Future[None]] = field(default_factory=dict, init=False)

    def start_readers(self) -> None:
        """Start a reader for each shard that can be read and has none. Raises the errors of boto3."""
        shards = self.source.shards()
        known = {shard.id for shard in shards}
        for shard in shards:
            if shard.id in self._runs:
                if self._runs[shard.id].done():
                    self._runs[shard.id].result()  # raises a fault of our own
            elif shard.parent not in known or self._is_read(shard.parent):
                self._readers[shard.id] = self._reader(shard)
                self._runs[shard.id] = self.executor.submit(self._readers[shard.id].run)
        self.start = TRIM_HORIZON  # a shard that comes later is read from its beginning

    def end(self) -> None:
        """Return when no reader runs any more. Records that are not done have no checkpoint."""
        self._stopping.set()
        wait(self._runs.values())

    def empty_reads(self) -> Mapping[str, int]:
        """Return how often each shard that is not read to its end was read without finding a record."""
        return {shard: reader.empty_reads for shard, reader in list(self._readers.items()) if not self._is_read(shard)}

    def _is_read(self, shard: str | None) -> bool:
        return shard in self._runs and self._runs[shard].done()

    def _reader(self, shard: Shard) -> ShardReader:
        done = self.checkpoints.get(shard.id)
        position = Position(kind="AFTER_SEQUENCE_NUMBER", sequence_number=done) if done else self.start
        processor = ShardRecordProcessor(
            trigger=self.trigger,
            shard=shard.id,
            invoke=self.invoke,
            report=self.report,
            discard=self.discard,
            done=partial(self.checkpoints.set, shard.id),
            stopping=self._stopping,
        )
        return ShardReader(
            trigger=self.trigger,
            source=self.source,
            shard=shard.id,
            iterator=self.source.iterator(shard.id, position),
            position=position,
            processor=processor,
            report=self.report,
            stopping=self._stopping,
        )
