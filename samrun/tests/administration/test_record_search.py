"""Search in a topic, on librdkafka's mock cluster: each record is found once, whatever page it is on."""

from collections.abc import Iterator

import pytest

from samrun.administration.record_search import RecordSearch, SearchResult
from samrun.mapping.records import KafkaRecord, TopicPartition
from samrun.mapping.topic_reader import TopicReader
from support.mock_broker import MockBroker

PARTITION = TopicPartition("orders", 0)


@pytest.fixture
def broker() -> Iterator[MockBroker]:
    broker = MockBroker()
    broker.create("orders")
    yield broker
    broker.close()


@pytest.fixture
def reader(broker: MockBroker) -> Iterator[TopicReader]:
    with TopicReader(broker.bootstrap) as reader:
        yield reader


def offset(record: KafkaRecord) -> int:
    return record.offset


def search(reader: TopicReader, text: str = "", limit: int = 50) -> RecordSearch[int]:
    return RecordSearch(reader=reader, summarize=offset, text=text, limit=limit)


def append(broker: MockBroker, *values: bytes) -> None:
    for place, value in enumerate(values):
        broker.append("orders", (b"key", value, []), timestamp=1000 + place)


def pages_backwards(reader: TopicReader, text: str, limit: int) -> list[SearchResult[int]]:
    pages = [search(reader, text, limit).newest({PARTITION: reader.bounds(PARTITION)[1]})]
    while pages[-1].rest:
        pages.append(search(reader, text, limit).newest(pages[-1].rest))
    return pages


def test_newest_records_come_first_page_by_page(broker: MockBroker, reader: TopicReader) -> None:
    append(broker, *[b"x"] * 25)
    pages = pages_backwards(reader, "", 10)
    assert [page.found for page in pages] == [[*range(24, 14, -1)], [*range(14, 4, -1)], [*range(4, -1, -1)]]


def test_records_from_an_offset_on_come_in_their_order_page_by_page(broker: MockBroker, reader: TopicReader) -> None:
    append(broker, *[b"x"] * 25)
    first = search(reader, limit=10).from_offsets({PARTITION: 7})
    second = search(reader, limit=10).from_offsets(first.rest)
    assert (first.found, second.found, second.rest) == ([*range(7, 17)], [*range(17, 25)], {})


def test_search_finds_each_record_with_the_text_once(broker: MockBroker, reader: TopicReader) -> None:
    append(broker, *[b"Ada" if number % 7 == 0 else b"Bob" for number in range(200)])
    pages = pages_backwards(reader, "ada", 5)
    assert [each for page in pages for each in page.found] == [*range(196, -1, -7)]


def test_search_ends_after_so_many_bytes_and_the_next_one_goes_on(
    broker: MockBroker, reader: TopicReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("samrun.administration.record_search._MAX_BYTES", 1000)
    append(broker, b"needle", *[b"x" * 100] * 60)
    first, *_, last = pages = pages_backwards(reader, "needle", 5)
    assert len(pages) > 2
    assert (first.found, last.found) == ([], [0])
    assert sum(page.read for page in pages) == 61


@pytest.mark.parametrize("text", ["KEY", "value", "header: here", "ä"])
def test_text_is_found_in_key_value_and_header(broker: MockBroker, reader: TopicReader, text: str) -> None:
    append(broker, b"other")
    broker.append("orders", ("my key ä".encode(), b"A Value", [(b"header", b"here"), (b"null", None)]))
    broker.append("orders", (None, None, []))
    assert search(reader, text).from_offsets({PARTITION: 1}).found == [1]


def test_offsets_that_are_gone_or_to_come_find_what_is_there(broker: MockBroker, reader: TopicReader) -> None:
    append(broker, b"x", b"y")
    assert search(reader).from_offsets({PARTITION: 9}).found == []
    assert search(reader).newest({PARTITION: 0}).found == []
