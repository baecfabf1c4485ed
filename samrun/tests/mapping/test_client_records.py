"""Records as the real client reads them, with any bytes in them: each becomes an event, and none ends the poller."""

import base64
import json
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samrun.functions.invoker import InvocationResult
from samrun.mapping.discarded_batch import DiscardedBatch
from samrun.mapping.poller import KafkaPoller
from samrun.mapping.records import KafkaRecord, TopicPartition
from samrun.mapping.topic_reader import TopicReader
from samrun.testing.kafka_records import batch, kafka_mapping
from support.mock_broker import Headers, MockBroker

FIRST = TopicPartition("any-bytes", 0)
GOOD: tuple[bytes, bytes, Headers] = (b"key", b"good", [(b"k", b"v")])


@pytest.fixture(scope="module")
def broker() -> Iterator[MockBroker]:
    broker = MockBroker()
    yield broker
    broker.close()


@pytest.fixture(scope="module")
def reader(broker: MockBroker) -> Iterator[TopicReader]:
    broker.create(FIRST.topic)
    with TopicReader(broker.bootstrap) as reader:
        yield reader


_contents = st.none() | st.binary(max_size=20)
_keys = st.binary(max_size=5) | st.text(max_size=5).map(str.encode) | st.sampled_from([b"", b"\xff\xfe", b"a\x00b"])
_records = st.tuples(_contents, _contents, st.lists(st.tuples(_keys, _contents), max_size=3))


# A few examples with many records, since each read takes a second.
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(produced=st.lists(_records, min_size=5, max_size=60), timestamp=st.integers(-1, 2**63 - 1))
def test_any_record_that_kafka_has_becomes_an_event(
    broker: MockBroker,
    reader: TopicReader,
    produced: list[tuple[bytes | None, bytes | None, Headers]],
    timestamp: int,
) -> None:
    offset = broker.append(FIRST.topic, *produced, timestamp=timestamp)
    read = reader.read(FIRST, offset, offset + len(produced))
    assert [(each.key, each.value) for each in read] == [(key, value) for key, value, _ in produced]
    for record, (_, _, headers) in zip(read, produced, strict=True):
        assert_has(record, headers)
    discarded = DiscardedBatch(
        batch=batch(*read),
        condition="RetryAttemptsExhausted",
        attempts=1,
        last_result=None,
        at=datetime.now(UTC),
        mapping=kafka_mapping(),
        bootstrap="b:1",
    )
    json.dumps([discarded.metadata(), *map(discarded.invocation_record, read)])


def assert_has(record: KafkaRecord, headers: Headers) -> None:
    """Assert that a record has these headers, as far as the client can read them."""
    [[in_event]] = json.loads(batch(record).event("b:1", source_arn=None))["records"].values()
    found = [
        (name, bytes(byte % 256 for byte in content)) for each in in_event["headers"] for name, content in each.items()
    ]
    try:
        # The client cuts a key at a byte 0.
        expected = [(key.split(b"\0")[0].decode(), content or b"") for key, content in headers]
    except UnicodeDecodeError:
        expected = []
    assert found == expected
    assert record.lacks_headers is (bool(headers) and not expected)


class PollerThread:
    """A poller in a thread of its own, and what its function got."""

    def __init__(self, broker: MockBroker, topic: str) -> None:
        self.reports: list[str] = []
        self.got: list[dict[str, object]] = []
        self._got_all = threading.Event()
        self._count = 0
        self._poller = KafkaPoller(
            mapping=kafka_mapping(topic=topic, consumer_group=topic, starting_position="TRIM_HORIZON", window=0.1),
            bootstrap=broker.bootstrap,
            invoke=self._invoke,
            report=self.reports.append,
        )
        self._executor = ThreadPoolExecutor(1)

    def wait_for(self, count: int) -> None:
        """Run until so many records came, or the poller ended; raise the error with which it ended."""
        self._count = count
        ended = self._executor.submit(self._poller.run)
        ended.add_done_callback(lambda _: self._got_all.set())
        self._got_all.wait(30)
        self._poller.stop()
        ended.result(10)
        self._executor.shutdown()

    def _invoke(self, _name: str, payload: bytes) -> Future[InvocationResult]:
        for records in json.loads(payload)["records"].values():
            self.got += records
        if len(self.got) >= self._count:
            self._got_all.set()
        done: Future[InvocationResult] = Future()
        done.set_result(InvocationResult(request_id="r", payload=b"null"))
        return done


def test_record_with_a_header_key_that_is_not_utf_8_ends_nothing(broker: MockBroker) -> None:
    topic = f"topic-{uuid.uuid4().hex[:8]}"
    broker.create(topic)
    broker.append(topic, GOOD, (b"key", b"bad", [(b"k", b"v"), (b"\xff\xfe", b"v")]), GOOD)
    poller = PollerThread(broker, topic)
    poller.wait_for(3)
    values = [base64.b64decode(str(each["value"])) for each in poller.got]
    assert values == [b"good", b"bad", b"good"]
    assert [each["headers"] for each in poller.got] == [[{"k": [118]}], [], [{"k": [118]}]]
    [said] = [line for line in poller.reports if "headers" in line]
    assert said.startswith(f"{topic}-0@1 is delivered without its headers: ")
