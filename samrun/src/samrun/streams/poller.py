"""Poller of a stream's trigger: reads the stream, and the one that takes its place if it is made again."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from samrun.counted import counted
from samrun.functions.threaded_invocation import Invoke
from samrun.streams.checkpoints import Checkpoints
from samrun.streams.on_failure import DiscardedRecords, send_to_destination
from samrun.streams.stream_reading import StreamReading
from samrun.streams.stream_source import TRIM_HORIZON, Position, StreamSource
from samrun.template.model.triggers import StreamTrigger

# Seconds between two looks for another stream and for new shards.
_LOOK = 5.0
_PAUSE_AFTER_ERROR = 2.0
_MAX_SHARDS = 256


@dataclass(kw_only=True)
class StreamPoller:
    """Poller of one trigger; `run` blocks until `stop`. It calls `on_ready` once it misses no record.

    `client` returns the boto3 client of a service, for the on-failure destination. `report` takes lines about what
    happened. `checkpoints` is the file that remembers what is done, or None.
    """

    trigger: StreamTrigger
    source: StreamSource
    invoke: Invoke
    client: Callable[[str], Any]
    report: Callable[[str], None]
    on_ready: Callable[[], object]
    checkpoints: Path | None
    _stopping: threading.Event = field(default_factory=threading.Event, init=False)
    _is_ready: threading.Event = field(default_factory=threading.Event, init=False)
    _wakes: threading.Event = field(default_factory=threading.Event, init=False)
    _reading: StreamReading | None = field(default=None, init=False)

    def run(self) -> None:
        """Read the stream until `stop` is called."""
        with ThreadPoolExecutor(_MAX_SHARDS, thread_name_prefix=self.trigger.logical_id) as executor:
            try:
                while not self._stopping.is_set():
                    self._look(executor)
            finally:
                if self._reading is not None:
                    self._reading.end()

    def _look(self, executor: ThreadPoolExecutor) -> None:
        """Look once for another stream and for new shards, and wait until the next look."""
        self._wakes.clear()
        try:
            stream, reading = self.source.identity(), self._reading
            if reading is not None and reading.checkpoints.stream != stream:
                self.report(
                    f"{self.trigger.name} was made again: {self.trigger.logical_id} reads it from its beginning"
                )
                reading.end()  # before its checkpoints are overwritten
                reading = self._new_reading(stream, TRIM_HORIZON, executor)
            self._reading = reading or self._new_reading(stream, self._starting_position(), executor)
            self._reading.start_readers()
        except (BotoCoreError, ClientError) as error:
            self._report_error(error)
            self._stopping.wait(_PAUSE_AFTER_ERROR)
            return
        if not self._is_ready.is_set():
            self._is_ready.set()
            self.on_ready()
        if not self._stopping.is_set():  # `stop` may have come before `clear`
            self._wakes.wait(_LOOK)

    def stop(self) -> None:
        """End `run`. Records that are not done are delivered after the next start, or again."""
        self._stopping.set()
        self._wakes.set()

    def look_again(self) -> None:
        """Look for another stream now: the table or the stream was made again. For any thread."""
        self._wakes.set()

    def empty_reads(self) -> Mapping[str, int]:
        """Return how often each shard was read without finding a record. For any thread."""
        reading = self._reading
        return reading.empty_reads() if reading else {}

    def _starting_position(self) -> Position:
        return Position(kind=self.trigger.starting_position, timestamp=self.trigger.starting_timestamp)

    def _report_error(self, error: Exception) -> None:
        if not self._stopping.is_set():
            self.report(f"{self.trigger.logical_id} cannot read {self.trigger.name}, and retries: {error}")

    def _new_reading(self, stream: str, start: Position, executor: ThreadPoolExecutor) -> StreamReading:
        checkpoints = Checkpoints(file=self.checkpoints, stream=stream)
        return StreamReading(
            trigger=self.trigger,
            source=self.source,
            checkpoints=checkpoints,
            start=TRIM_HORIZON if checkpoints else start,
            executor=executor,
            invoke=self.invoke,
            report=self.report,
            discard=self._discard,
        )

    def _discard(self, discarded: DiscardedRecords) -> None:
        count = counted(len(discarded.records), "record")
        self.report(f"{count} of {self.trigger.name} discarded ({discarded.condition})")
        if self.trigger.on_failure is None:
            return
        try:
            send_to_destination(discarded, self.trigger.on_failure, self.client)
        except (BotoCoreError, ClientError) as error:
            self.report(f"{self.trigger.on_failure} does not get them: {error}")
