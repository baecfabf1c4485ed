"""Index of what samrun saw: which requests, invocations, records and messages belong to one flow.

A flow is everything about one key of Kafka's records (an order, say). A request whose trace has no record yet is a flow
by its trace, and a record without a key one by its place. The index reads the journal only when somebody looks, and
each entry only once.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote

from samrun.console.flow.waiting_records import Asked, WaitingRecords
from samrun.control.stack_parts import StackParts
from samrun.functions.invocation_log import LoggedInvocation
from samrun.journal.entries import ApiRequest, BatchAnswered, BatchDiscarded, BatchRetried, DeliveryEntry
from samrun.journal.seen_invocation import API, SeenInvocation, SeenRecord, seen_invocation, seen_record
from samrun.mapping.batch import Place
from samrun.services.mail_store import Mail, MailNotFoundError
from samrun.services.text_message_store import TextMessage
from samrun.trace_ids import segment_of

# The index is built again once it has so many invocations, or bytes of them, that their log has forgotten.
_MAX_FORGOTTEN = 2_000
_MAX_FORGOTTEN_BYTES = 16 * 1024 * 1024
# Text messages and mails, newest first, that are looked at.
_MAX_MESSAGES = 10_000
# Invocations by an API among which the one is looked for that made a key, if its record has no trace.
_MAX_SEARCHED = 50
# Seconds. The time of a folder's change is not exact.
_MESSAGES_SETTLED = 1.0
# Keys that are shorter are found by chance in any text.
MIN_MENTIONED = 6


class FlowId(NamedTuple):
    """Subject of a flow: a `key`, a `trace` or a `record`, and its name.

    A `message` names the flow in which a mail or a text message was sent, by the id in the inbox.
    """

    kind: str
    name: str

    @property
    def path(self) -> str:
        """The path of its page."""
        return f"/flow/{self.kind}/{quote(self.name, safe='')}"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Things to be indexed, `since` a number of an invocation. Numbers count all that there ever were."""

    since: int
    invocations: Sequence[LoggedInvocation]
    requests: tuple[int, Sequence[ApiRequest]]
    deliveries: tuple[int, Sequence[DeliveryEntry]]
    waiting: Asked


@dataclass(kw_only=True)
class Flow:
    """Flow: its records by place, its requests and the invocations for these, and the time of its last change."""

    id: FlowId
    last: datetime
    records: dict[Place, SeenRecord] = field(default_factory=dict)
    requests: list[ApiRequest] = field(default_factory=list)
    invocations: dict[int, SeenInvocation] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The name that people know: that of a trace is its first request."""
        if self.id.kind == "trace" and self.requests:
            return f"{self.requests[0].access.method} {self.requests[0].access.path}"
        return self.id.name

    @property
    def traces(self) -> set[str]:
        """The traces of its records and its requests."""
        of_records = {trace for each in self.records.values() for trace in each.trace_ids}
        return of_records | {trace for each in self.requests for trace in each.access.trace_ids}


class FlowIndex:
    """Index of the flows of one stack. One thread at a time uses it: `lock` is held meanwhile."""

    def __init__(self, parts: StackParts) -> None:
        self._parts = parts
        self.lock = threading.Lock()
        self.waiting = WaitingRecords(parts.mappings)
        self._clear()

    def _clear(self) -> None:
        self._since = 0
        self._last_invocation = self._last_request = self._last_delivery = 0
        self.seen: dict[int, SeenInvocation] = {}
        # The flow that changed last is the last one.
        self.flows: dict[FlowId, Flow] = {}
        self._flow_of_trace: dict[str, set[FlowId]] = defaultdict(set)
        self._unjoined: dict[int, SeenInvocation] = {}
        self.flows_of_place: dict[Place, FlowId] = {}
        self.invocations_of_place: dict[Place, list[SeenInvocation]] = defaultdict(list)
        self.answers: dict[str, BatchAnswered] = {}
        self.notes: dict[Place, list[BatchRetried | BatchDiscarded]] = defaultdict(list)
        self.mails: dict[str, list[Mail]] = defaultdict(list)
        self.text_messages: dict[str, list[TextMessage]] = defaultdict(list)
        self._segment_of_message: dict[str, str] = {}
        self._looked = 0.0
        self._invocation_of_segment: dict[str, SeenInvocation] = {}

    def look(self) -> Seen:
        """Return what is new. Only the thread of the event loop calls this."""
        log, journal = self._parts.invocations, self._parts.journal
        return Seen(
            since=journal.invocations_before,
            invocations=list(log.after(journal.invocations_before)),
            requests=journal.requests(self._last_request),
            deliveries=journal.deliveries(self._last_delivery),
            waiting=self.waiting.ask(),
        )

    def version(self) -> str:
        """Return a text that changes whenever something new was seen. Only the thread of the event loop calls this."""
        log, journal = self._parts.invocations, self._parts.journal
        counts = (log.started, log.under_way, journal.invocations_before, *journal.version, *self.waiting.counts())
        return "-".join(map(str, counts))

    def update(self, seen: Seen) -> None:
        """Add what is new, and read the messages that came. Called with the `lock`."""
        first = seen.invocations[0].number if seen.invocations else self._last_invocation + 1
        if self._since != seen.since or self._has_forgotten(first):
            kept = self.seen
            self._clear()
            self._since = seen.since
            journal = self._parts.journal
            seen = replace(seen, requests=journal.requests(), deliveries=journal.deliveries())
        else:
            kept = {}
        for request in seen.requests[1]:
            self._add_request(request)
        for invocation in seen.invocations:
            if invocation.number > self._last_invocation:
                self._add_invocation(kept.get(invocation.number) or seen_invocation(invocation))
        for entry in seen.deliveries[1]:
            self._add_delivery(entry)
        self._last_request, self._last_delivery = seen.requests[0], seen.deliveries[0]
        for record in self.waiting.update(seen.waiting):
            if (record.topic_partition, record.offset) not in self.flows_of_place:
                self._add_record(seen_record(record), datetime.now(UTC))
        self._add_messages()

    def _has_forgotten(self, first: int) -> bool:
        """Tell whether the index holds too much that comes before the `first` invocation of the log."""
        number = size = 0
        for each in takewhile(lambda each: each.invocation.number < first, self.seen.values()):
            number, size = number + 1, size + each.invocation.size
            if number > _MAX_FORGOTTEN or size > _MAX_FORGOTTEN_BYTES:
                return True
        return False

    # ------------------------------------------------------------ what was seen

    def _add_request(self, request: ApiRequest) -> None:
        ids = self._flows_of(request.access.trace_ids, request.access.path)
        for each in ids:
            self._touch(each, request.started).requests.append(request)

    def _add_invocation(self, seen: SeenInvocation) -> None:
        number, started = seen.invocation.number, seen.invocation.started
        self._last_invocation = number
        self.seen[number] = seen
        self._invocation_of_segment[segment_of(seen.invocation.request_id)] = seen
        if seen.trigger == API:
            for each in self._flows_of(seen.trace_ids, ""):
                self._touch(each, started).invocations[number] = seen
            self._unjoined[number] = seen
            if len(self._unjoined) > _MAX_SEARCHED:
                self._unjoined.pop(next(iter(self._unjoined)))
        for record in seen.records:
            self.invocations_of_place[record.place].append(seen)
            self._add_record(record, started)

    def _add_record(self, record: SeenRecord, at: datetime) -> None:
        flow_id = _flow_of(record)
        flow = self._touch(flow_id, at)
        if record.place in flow.records:
            return
        is_first = not flow.records
        flow.records[record.place] = record
        self.flows_of_place[record.place] = flow_id
        if flow_id.kind != "key":
            return
        for trace in record.trace_ids:
            self._join(trace, flow)
        if is_first and not flow.requests:
            self._join_by_mention(flow)

    def _join(self, trace: str, flow: Flow) -> None:
        """Make everything in a trace a part of a flow by its key. A request may have records of several keys."""
        for other_id in list(self._flow_of_trace[trace]):
            other = self.flows.get(other_id)
            if other is None or other is flow or (other_id.kind == "key" and trace not in other.traces):
                continue
            flow.requests += [
                each for each in other.requests if trace in each.access.trace_ids and each not in flow.requests
            ]
            flow.invocations |= {number: each for number, each in other.invocations.items() if trace in each.trace_ids}
            for number in flow.invocations:
                self._unjoined.pop(number, None)
            if other_id.kind == "trace":
                del self.flows[other_id]
                self._flow_of_trace[trace].discard(other_id)
        self._flow_of_trace[trace].add(flow.id)

    def _join_by_mention(self, flow: Flow) -> None:
        """Find the requests that made a key whose records have no trace: the event or the result names the key."""
        for seen in list(self._unjoined.values()):
            if is_mentioned(flow.id.name, texts_of(seen.invocation)):
                for trace in seen.trace_ids:
                    self._join(trace, flow)

    def _add_delivery(self, entry: DeliveryEntry) -> None:
        if isinstance(entry, BatchAnswered):
            self.answers[entry.request_id] = entry
        else:
            for place in entry.places:
                self.notes[place].append(entry)
        for place in entry.places:
            if place in self.flows_of_place:
                self._touch(self.flows_of_place[place], entry.at)

    def _add_messages(self) -> None:
        mails, text_messages = self._parts.mails, self._parts.text_messages
        if self._looked_after(max(map(_changed, (mails.folder, text_messages.folder)))):
            return
        for entry in mails.entries()[:_MAX_MESSAGES]:
            if entry.id in self._segment_of_message:
                break  # they are sorted by the time at which they came
            try:
                mail = mails.envelope(entry)
            except MailNotFoundError:
                continue
            self._segment_of_message[entry.id] = mail.options.invocation
            self.mails[mail.options.invocation].append(mail)
        for message in text_messages.newest(_MAX_MESSAGES):
            if message.id in self._segment_of_message:
                break
            self._segment_of_message[message.id] = message.invocation
            self.text_messages[message.invocation].append(message)

    def _looked_after(self, changed: float) -> bool:
        """Tell whether the index has listed the messages since their folders changed at that time, in Unix seconds."""
        looked, self._looked = self._looked, time.time()
        return changed < looked - _MESSAGES_SETTLED

    # ------------------------------------------------------------ flows

    def _flows_of(self, traces: Sequence[str], path: str) -> Iterable[FlowId]:
        """Return the flows of a request: those of the keys in its path or its trace, or else one by its trace."""
        in_path = {FlowId("key", unquote(segment)) for segment in path.split("/") if segment}
        known = {each for each in in_path if each in self.flows}
        by_trace = {each for trace in traces for each in self._flow_of_trace.get(trace, ())}
        found = known | by_trace
        if not found and traces:
            found = {FlowId("trace", traces[0])}
        for trace in traces:
            self._flow_of_trace[trace] |= found
        return found

    def _touch(self, flow_id: FlowId, at: datetime) -> Flow:
        """Return a flow, new if need be, as the one that changed last."""
        flow = self.flows.pop(flow_id, None) or Flow(id=flow_id, last=at)
        flow.last = max(flow.last, at)
        self.flows[flow_id] = flow
        return flow

    def get(self, flow_id: FlowId) -> Flow | None:
        """Return a flow. A trace that has become a part of another flow is that flow."""
        if flow := self.flows.get(flow_id):
            return flow
        joined = self._flow_of_trace.get(flow_id.name, set()) if flow_id.kind == "trace" else set()
        return next((flow for each in joined if (flow := self.flows.get(each))), None)

    def flows_of_message(self, identifier: str) -> list[Flow]:
        """Return the flows of the invocation that sent a message: one for each of its records, or of its requests."""
        seen = self._invocation_of_segment.get(self._segment_of_message.get(identifier, ""))
        if seen is None:
            return []
        by_place = [self.flows_of_place[each.place] for each in seen.records]
        by_trace = [flow_id for trace in seen.trace_ids for flow_id in self._flow_of_trace.get(trace, ())]
        return [flow for each in dict.fromkeys([*by_place, *by_trace]) if (flow := self.flows.get(each))]

    def newest(self) -> Iterator[Flow]:
        """Yield the flows, the one that changed last first."""
        yield from sorted(self.flows.values(), key=lambda each: each.last, reverse=True)

    def messages_of(self, request_id: str) -> tuple[Sequence[Mail], Sequence[TextMessage]]:
        """Return the mails and the text messages that an invocation sent."""
        segment = segment_of(request_id)
        return self.mails.get(segment, ()), self.text_messages.get(segment, ())

    def find(self, query: str) -> list[Flow]:
        """Return the flows that a query names, newest first.

        A query is a key, a part of one, a trace id, an offset (topic/partition/offset, or parts of that), a path, a
        mail address, a phone number, or a text in a request.
        """
        wanted = query.strip()
        exact = [flow for kind in ("key", "trace") if (flow := self.get(FlowId(kind, wanted)))]
        return exact or [flow for flow in self.newest() if self._matches(flow, wanted.lower())]

    def _matches(self, flow: Flow, wanted: str) -> bool:
        return (
            wanted in flow.id.name.lower()
            or any(wanted in trace for trace in flow.traces)
            or any(_is_place(wanted, place) for place in flow.records)
            or any(wanted in f"{each.access.method} {each.access.path}".lower() for each in flow.requests)
            or any(wanted in address.lower() for address in self._addresses(flow))
            or any(wanted.encode() in each.invocation.event.lower() for each in flow.invocations.values())
        )

    def _addresses(self, flow: Flow) -> Iterator[str]:
        for place in flow.records:
            for seen in self.invocations_of_place[place]:
                mails, text_messages = self.messages_of(seen.invocation.request_id)
                if len(seen.records) == 1:
                    yield from (recipient for mail in mails for recipient in mail.recipients)
                    yield from (message.to for message in text_messages)


def _changed(folder: Path) -> float:
    """Return when the list of files in a folder last changed, in Unix seconds; 0 if there is no folder."""
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def texts_of(invocation: LoggedInvocation) -> list[bytes]:
    """Return the event, the result and the log of an invocation."""
    result = invocation.result
    return [invocation.event, *((result.payload, result.log_tail) if result else ())]


def is_mentioned(name: str, texts: Iterable[bytes]) -> bool:
    """Tell whether a name stands in one of the texts, as a word of its own. A short one would be found by chance."""
    wanted = name.encode(errors="replace")
    if len(wanted) < MIN_MENTIONED:
        return False
    for text in texts:
        start = text.find(wanted)
        while start >= 0:
            around = text[max(0, start - 1) : start] + text[start + len(wanted) : start + len(wanted) + 1]
            if not any(chr(each).isalnum() for each in around):
                return True
            start = text.find(wanted, start + 1)
    return False


def _flow_of(record: SeenRecord) -> FlowId:
    if record.key:
        return FlowId("key", record.key)
    if record.trace_ids:
        return FlowId("trace", record.trace_ids[0])
    (topic, partition), offset = record.place
    return FlowId("record", f"{topic}/{partition}/{offset}")


def _is_place(wanted: str, place: Place) -> bool:
    """Tell whether a text is topic/partition/offset, partition/offset, or an offset; or topic-partition@offset."""
    (topic, partition), offset = place
    texts = (f"{topic}/{partition}/{offset}", f"{topic}-{partition}@{offset}", f"{partition}/{offset}", f"{offset}")
    return wanted in {text.lower() for text in texts} or wanted == topic.lower()
