"""Reader of a shard: what it does when a read fails."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from samrun.functions.invoker import InvocationResult
from samrun.streams import shard_reader
from samrun.streams.shard_reader import ShardReader
from samrun.streams.shard_record_processor import ShardRecordProcessor
from samrun.streams.stream_source import TRIM_HORIZON, Position, Shard, StreamRecord
from support.polled_stream import stream_trigger

ARN = "arn:aws:kinesis:eu-central-1:123456789012:stream/S"
EXPIRED = ClientError({"Error": {"Code": "ExpiredIteratorException", "Message": "too old"}}, "GetRecords")
UNREACHABLE = EndpointConnectionError(endpoint_url="http://localhost")
AFTER_7 = Position(kind="AFTER_SEQUENCE_NUMBER", sequence_number="7")
LATEST = Position(kind="LATEST")

Page = Sequence[str] | Exception


class Stream:
    """A stream with one shard whose reads end in these pages, each the numbers of its records, or an error."""

    def __init__(self, *pages: Page) -> None:
        self.read_with: list[str] = []
        self.positions: list[Position] = []
        self._pages = list(pages)

    def identity(self) -> str:
        return ARN

    def shards(self) -> Sequence[Shard]:
        return [Shard(id="shard", parent=None)]

    def iterator(self, _shard: str, position: Position) -> str:
        self.positions.append(position)
        return f"renewed {len(self.positions)}"

    def read(self, _shard: str, iterator: str, *, limit: int) -> tuple[Sequence[StreamRecord], str | None]:
        assert limit > 0
        self.read_with.append(iterator)
        page = self._pages.pop(0)
        if isinstance(page, Exception):
            raise page
        now = datetime.now(UTC)
        records = [StreamRecord(sequence_number=each, arrived=now, entry={}, fields={}) for each in page]
        return records, f"after read {len(self.read_with)}" if self._pages else None


def read(stream: Stream, position: Position) -> None:
    trigger, stopping, reports = stream_trigger("kinesis", "S", ARN), threading.Event(), list[str]()

    def invoke(_function: str, _payload: bytes) -> Future[InvocationResult]:
        future: Future[InvocationResult] = Future()
        future.set_result(InvocationResult(request_id="r", payload=b"null"))
        return future

    processor = ShardRecordProcessor(
        trigger=trigger,
        shard="shard",
        invoke=invoke,
        report=reports.append,
        discard=lambda discarded: pytest.fail(discarded.condition),
        done=lambda _: None,
        stopping=stopping,
    )
    ShardReader(
        trigger=trigger,
        source=stream,
        shard="shard",
        iterator="first",
        position=position,
        processor=processor,
        report=reports.append,
        stopping=stopping,
    ).run()


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shard_reader, "_PAUSE", 0.01)
    monkeypatch.setattr(shard_reader, "_PAUSE_AFTER_ERROR", 0.01)


@pytest.mark.parametrize("start", [AFTER_7, TRIM_HORIZON, LATEST])
def test_iterator_that_expires_before_the_first_record_is_renewed_where_the_reader_began(start: Position) -> None:
    stream = Stream(EXPIRED, [])
    read(stream, start)
    assert (stream.positions, stream.read_with) == ([start], ["first", "renewed 1"])


def test_iterator_is_renewed_after_the_last_record() -> None:
    stream = Stream(["6", "7"], [], UNREACHABLE, [])
    read(stream, LATEST)
    assert stream.positions == [AFTER_7]
    assert stream.read_with[-1] == "renewed 1"


def test_iterator_at_latest_is_kept_if_it_may_still_be_good() -> None:
    stream = Stream(UNREACHABLE, [])
    read(stream, LATEST)
    assert (stream.positions, stream.read_with) == ([], ["first", "first"])
