"""Search in a topic: its newest records, or those from an offset or a time on, that contain a text.

A search reads some records at a time, and ends when it has found enough, or has read so much that somebody who looks at
a page would not wait for more. The next one goes on where it ended.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from samrun.administration.partition_offsets import Offsets
from samrun.mapping.records import KafkaRecord, TopicPartition
from samrun.mapping.topic_reader import TopicReader

_T = TypeVar("_T")

# Of one search. Records and bytes that it reads, and seconds.
_MAX_READ = 50_000
_MAX_BYTES = 64 * 1024 * 1024
_MAX_SECONDS = 4.0
# Records of each partition that are read at once: few at first, in case they are large.
_FIRST_STEP, _MAX_STEP = 16, 4096


@dataclass(frozen=True, kw_only=True)
class SearchResult(Generic[_T]):
    """Result of a search.

    `found` has what the caller made of each record, in the order of their timestamps, the newest first if the search
    went backwards. `read` counts the records that were read. `rest` says where the next search goes on: at the end of
    what is left of each partition, or, forwards, at its beginning. It is empty if nothing is left.
    """

    found: list[_T]
    read: int
    rest: Offsets


@dataclass(frozen=True)
class _Match(Generic[_T]):
    record: tuple[int, TopicPartition, int]  # timestamp, partition, offset: their order
    content: _T


@dataclass(frozen=True, kw_only=True)
class RecordSearch(Generic[_T]):
    """Search in the partitions of a topic. It returns what `summarize` makes of a record, and forgets the record.

    Only records that contain `text`, in the key, the value or a header, are found. Methods raise KafkaException.
    """

    reader: TopicReader
    summarize: Callable[[KafkaRecord], _T]
    text: str = ""
    limit: int = 50

    def newest(self, ends: Offsets) -> SearchResult[_T]:
        """Return the newest records before the offsets `ends`."""
        begins = {each: self.reader.bounds(each)[0] for each in ends}
        return self._search(begins, ends, backwards=True)

    def from_offsets(self, begins: Offsets) -> SearchResult[_T]:
        """Return the first records from these offsets on."""
        bounds = {each: self.reader.bounds(each) for each in begins}
        ends = {each: end for each, (_, end) in bounds.items()}
        return self._search({each: max(at, bounds[each][0]) for each, at in begins.items()}, ends, backwards=False)

    def _search(self, begins: Offsets, ends: Offsets, *, backwards: bool) -> SearchResult[_T]:
        left = {each: (begins[each], end) for each, end in ends.items()}
        matches: list[_Match[_T]] = []
        read = size = steps = 0
        step, deadline = _FIRST_STEP, time.monotonic() + _MAX_SECONDS
        while any(begin < end for begin, end in left.values()):
            # Without a text, every record is found: so many of each partition are enough to know the newest of all.
            if (self.text and len(matches) >= self.limit) or (not self.text and steps >= self.limit):
                break
            if read >= _MAX_READ or size >= _MAX_BYTES or time.monotonic() > deadline:
                break
            spans = {
                each: (max(begin, end - step), end) if backwards else (begin, min(end, begin + step))
                for each, (begin, end) in left.items()
            }
            size_before = size
            for record in self.reader.read_spans(spans):
                read += 1
                size += _size(record)
                if contains(record, self.text):
                    order = (record.timestamp, record.topic_partition, record.offset)
                    matches.append(_Match(order, self.summarize(record)))
            left = {
                each: (begin, spans[each][0]) if backwards else (spans[each][1], end)
                for each, (begin, end) in left.items()
            }
            steps += step
            if size - size_before < _MAX_BYTES // 16:
                step = min(4 * step, _MAX_STEP)
        matches.sort(key=lambda match: match.record, reverse=backwards)
        shown, cut = matches[: self.limit], matches[self.limit :]
        return SearchResult(
            found=[each.content for each in shown], read=read, rest=_rest(left, cut, backwards=backwards)
        )


def contains(record: KafkaRecord, text: str) -> bool:
    """Tell whether a record has a text in its key, its value or a header, in upper or lower case."""
    if not text:
        return True
    wanted = text.lower().encode(errors="surrogatepass")
    return any(wanted in content.lower() for content in _contents(record))


def _contents(record: KafkaRecord) -> Iterator[bytes]:
    yield record.key or b""
    yield record.value or b""
    for name, value in record.headers:
        yield b"%s: %s" % (name.encode(errors="surrogatepass"), value or b"")


def _size(record: KafkaRecord) -> int:
    return sum(map(len, _contents(record)))


def _rest(left: dict[TopicPartition, tuple[int, int]], cut: Iterable[_Match[_T]], *, backwards: bool) -> Offsets:
    """Return where the next search goes on, so that it finds what was read, but is not on this page."""
    rest = {each: end if backwards else begin for each, (begin, end) in left.items() if begin < end}
    for match in cut:
        _, partition, offset = match.record
        if backwards:
            rest[partition] = max(rest.get(partition, 0), offset + 1)
        else:
            rest[partition] = min(rest.get(partition, offset), offset)
    return rest
