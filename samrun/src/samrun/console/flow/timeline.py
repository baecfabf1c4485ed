"""Timeline of one flow: each step that samrun saw, from the request to the messages and what came back."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Literal, NamedTuple

from samrun.console.flow.flow_index import Flow, FlowIndex, is_mentioned, texts_of
from samrun.console.flow.message_owners import MessageOwners, texts_of_tags
from samrun.console.inbox.message import parse_message
from samrun.console.shell.content import Content, content_of
from samrun.control.stack_parts import StackParts
from samrun.counted import counted
from samrun.functions.invocation_log import LoggedInvocation
from samrun.journal.entries import ApiRequest, BatchAnswered, BatchDiscarded, BatchRetried
from samrun.journal.seen_invocation import KAFKA, SeenInvocation, SeenRecord, record_in_event
from samrun.mapping.batch import Place
from samrun.services.mail_store import Mail, MailNotFoundError
from samrun.services.text_message_store import TextMessage

State = Literal["good", "bad", "busy", ""]
Kind = Literal["request", "invocation", "record", "delivery", "discarded", "mail", "text message"]

# Records, newest first, and steps that one timeline shows.
_MAX_RECORDS = 100
_MAX_STEPS = 500
_MAX_MENTIONS = 20
_MAX_READ = 2_000
# Things of one kind that the summary names.
_MAX_NAMED = 3
# Characters of an event, a result or a value.
_MAX_SHOWN = 20_000
_NOT_SURE = "perhaps of another record of the batch"
# The order of steps of one moment.
_ORDER: tuple[Kind, ...] = (
    "request",
    "invocation",
    "record",
    "delivery",
    "mail",
    "text message",
    "discarded",
)


@dataclass(frozen=True, kw_only=True)
class StepContent:
    """Text that a step can show: an event, a result, the log or the value of a record. It is read when it is shown."""

    title: str
    read: Callable[[], str | bytes]

    @property
    def shown(self) -> Content:
        """The content as a page shows it: cut if it is long."""
        text = self.read()
        return content_of(text.encode(errors="replace") if isinstance(text, str) else text, limit=_MAX_SHOWN)


@dataclass(frozen=True, kw_only=True)
class Step:
    """Step of a timeline. `id` is the same each time, `at` is in UTC, and `notes` are short texts."""

    id: str
    at: datetime
    kind: Kind
    title: str
    state: State = ""
    result: str = ""
    seconds: float | None = None
    notes: tuple[str, ...] = ()
    contents: tuple[StepContent, ...] = ()
    link: str = ""
    link_text: str = ""


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """Steps of a flow in their order, and its state now. `left_out` counts older records that are not among them."""

    steps: tuple[Step, ...]
    state: State
    result: str
    left_out: int = 0

    @property
    def began(self) -> datetime:
        """The time of the first step."""
        return self.steps[0].at if self.steps else datetime.now(UTC)

    def summary(self) -> Iterator[tuple[State, str]]:
        """Yield what happened in few words, each with its state."""
        counts = Counter(step.kind for step in self.steps)
        for step in [step for step in self.steps if step.kind == "request"][:_MAX_NAMED]:
            yield step.state, f"{step.title} {step.result}"
        types = [step.notes[0] if len(step.notes) > 1 else step.title for step in self.steps if step.kind == "record"]
        yield from (("", each) for each in list(dict.fromkeys(types))[:_MAX_NAMED])
        last = {step.title: step for step in self.steps if step.kind in {"delivery", "invocation"}}
        # Errors first: they are named in any case.
        by_state = sorted(last.items(), key=lambda each: each[1].state == "good")
        yield from ((step.state, f"{name}: {step.result}") for name, step in by_state[:_MAX_NAMED])
        if len(last) > _MAX_NAMED:
            yield "", f"{len(last) - _MAX_NAMED} more"
        for kind in ("mail", "text message"):
            if counts[kind]:
                yield "good", counted(counts[kind], kind)

    def offset(self, step: Step) -> timedelta:
        """Return the time between the first step and another one."""
        return step.at - self.began


class _ReadMail(NamedTuple):
    """Content of a mail: its subject, its text with that, and the id that SES gave it."""

    subject: str
    text: bytes
    ses_id: str


class TimelineBuilder:
    """Builder of the timelines of one stack. Its caller holds the lock of the index."""

    def __init__(self, parts: StackParts, index: FlowIndex) -> None:
        self._parts = parts
        self._index = index
        # A mail never changes, so each is read and parsed only once.
        self._mails: dict[str, _ReadMail] = {}
        self._owners = MessageOwners()

    def build(self, flow: Flow, *, with_mentions: bool = True) -> Timeline:
        """Return the timeline of a flow. Without mentions, what is joined only by a name in a text is left out."""
        steps = [*map(_request_step, flow.requests), *map(_invocation_step, flow.invocations.values())]
        places = list(flow.records)[-_MAX_RECORDS:]
        for place in places:
            steps += self._record_steps(flow, flow.records[place])
        if with_mentions:
            steps += self._mentions(flow, steps)
        unique = {step.id: step for step in steps}
        ordered = sorted(unique.values(), key=lambda step: (step.at, _ORDER.index(step.kind)))[-_MAX_STEPS:]
        state, result = _state_of(ordered)
        return Timeline(
            steps=tuple(ordered), state=state, result=result, left_out=max(0, len(flow.records) - len(places))
        )

    def message_steps(self, flow: Flow) -> set[str]:
        """Return the ids of the steps of a flow's messages."""
        kinds = {"mail", "text message"}
        return {step.id for step in self.build(flow, with_mentions=False).steps if step.kind in kinds}

    def _record_steps(self, flow: Flow, record: SeenRecord) -> Iterator[Step]:
        deliveries = self._index.invocations_of_place[record.place]
        yield _record_step(record, deliveries)
        for seen in deliveries:
            yield self._delivery_step(record.place, seen)
            yield from self._message_steps(flow, seen)
        for note in self._index.notes.get(record.place, ()):
            if isinstance(note, BatchDiscarded):
                yield _discarded_step(note, record.place)

    def _delivery_step(self, place: Place, seen: SeenInvocation) -> Step:
        invocation = seen.invocation
        answer = self._index.answers.get(invocation.request_id)
        notes = [f"attempt {answer.attempt}" if answer else "", answer.mapping if answer else ""]
        notes.extend(self._retry_notes(place, answer))
        if len(seen.records) > 1:
            notes.append(f"a batch of {counted(len(seen.records), 'record')}")
        # A delivery is its invocation, as one record of the batch saw it.
        step = _invocation_step(seen)
        state, result = step.state, step.result
        if answer and state == "good":
            failed = place in answer.failed
            state, result = ("bad", answer.error or "reported as failed") if failed else ("good", "done")
        return replace(
            step,
            id=f"delivery-{invocation.number}-{_place_id(place)}",
            kind="delivery",
            state=state,
            result=result,
            notes=(*filter(None, notes), *_measures(invocation)),
        )

    def _retry_notes(self, place: Place, answer: BatchAnswered | None) -> Iterator[str]:
        """Yield when a record is sent again after an attempt."""
        if answer is None:
            return
        for note in self._index.notes.get(place, ()):
            if isinstance(note, BatchRetried) and (note.mapping, note.attempts) == (answer.mapping, answer.attempt):
                yield f"retried in {note.back_off:.1f} s{' with a part of its batch' if note.split else ''}"

    def _message_steps(self, flow: Flow, seen: SeenInvocation) -> Iterator[Step]:
        mails, text_messages = self._index.messages_of(seen.invocation.request_id)
        for mail in mails:
            if read := self._read(mail.id):
                texts = partial(_texts_of, mail, read)
                yield from self._if_about(flow, seen, texts, mail.recipients, _mail_step(mail, read.subject))
        for message in text_messages:
            texts = partial(_text_of, message)
            yield from self._if_about(flow, seen, texts, [message.to], _text_message_step(message))

    def _if_about(
        self,
        flow: Flow,
        seen: SeenInvocation,
        texts: Callable[[], Iterable[bytes]],
        recipients: Iterable[str],
        step: Step,
    ) -> Iterator[Step]:
        """Yield the step of a message if it is about this flow, or may be."""
        owners = self._owners.of(step.id, seen, texts, recipients)
        if owners.places.isdisjoint(flow.records):
            return
        yield step if owners.is_sure else replace(step, notes=(*step.notes, _NOT_SURE))

    def _mentions(self, flow: Flow, steps: Sequence[Step]) -> Iterator[Step]:
        """Yield the other invocations that have the key, a trace or the id of a mail in their event, result or log."""
        shown = {step.id for step in steps}
        names = [flow.id.name, *flow.traces, *self._message_ids(steps)]
        found = (
            _invocation_step(seen)
            for seen in reversed(self._index.seen.values())
            if seen.trigger != KAFKA and any(is_mentioned(name, texts_of(seen.invocation)) for name in names)
        )
        yield from islice((step for step in found if step.id not in shown), _MAX_MENTIONS)

    def _message_ids(self, steps: Iterable[Step]) -> Iterator[str]:
        for step in steps:
            if step.kind == "mail" and (read := self._read(step.id.removeprefix("mail-"))):
                yield read.ses_id

    def _read(self, identifier: str) -> "_ReadMail | None":
        """Return what a mail says; None if somebody has deleted it."""
        if not self._parts.mails.exists(identifier):
            return None
        if identifier not in self._mails:
            try:
                message = parse_message(self._parts.mails.raw(identifier))
            except MailNotFoundError:
                return None
            if len(self._mails) >= _MAX_READ:
                self._mails.clear()
            text = f"{message.subject}\n{message.text[:_MAX_SHOWN]}".encode(errors="replace")
            ses_id = message.message_id.partition("@")[0]
            self._mails[identifier] = _ReadMail(subject=message.subject, text=text, ses_id=ses_id)
        return self._mails[identifier]


# ---------------------------------------------------------------- steps


def _request_step(request: ApiRequest) -> Step:
    access = request.access
    state: State = "good" if access.status < 400 else "bad"
    return Step(
        id=f"request-{request.started:%H%M%S%f}",
        at=request.started,
        kind="request",
        title=f"{access.method} {access.path}",
        state=state,
        result=str(access.status),
        seconds=access.milliseconds / 1000,
        notes=tuple(f"trace {trace}" for trace in access.trace_ids[:1]),
    )


def _invocation_step(seen: SeenInvocation) -> Step:
    invocation = seen.invocation
    state, result = _result_of(invocation)
    return Step(
        id=f"invocation-{invocation.number}",
        at=invocation.started,
        kind="invocation",
        title=invocation.function,
        state=state,
        result=result,
        seconds=None if invocation.is_running else invocation.seconds,
        notes=(f"by {seen.trigger}", *_measures(invocation)),
        contents=tuple(_contents(invocation)),
    )


def _record_step(record: SeenRecord, deliveries: Sequence[SeenInvocation]) -> Step:
    (topic, partition), offset = record.place
    at = datetime.fromtimestamp(record.timestamp / 1000, UTC) if 0 <= record.timestamp < 2**42 else None
    return Step(
        id=f"record-{_place_id(record.place)}",
        at=at or (deliveries[0].invocation.started if deliveries else datetime.now(UTC)),
        kind="record",
        title=f"{topic}/{partition}/{offset}",
        notes=tuple(filter(None, (record.type, f"key {record.key}" if record.key is not None else "without a key"))),
        contents=(StepContent(title="Value", read=partial(_value, deliveries[0], record.place)),) if deliveries else (),
    )


def _discarded_step(note: BatchDiscarded, place: Place) -> Step:
    destination = note.destination
    return Step(
        id=f"discarded-{note.mapping}-{_place_id(place)}-{note.at:%H%M%S%f}",
        at=note.at,
        kind="discarded",
        title=note.mapping,
        state="bad",
        result=note.condition,
        notes=(f"sent to {destination}" if destination else "lost: no on-failure destination has it",),
        link="/dead-letters" if destination else "",
        link_text="Dead letters",
    )


def _mail_step(mail: Mail, subject: str) -> Step:
    return Step(
        id=f"mail-{mail.id}",
        at=mail.created,
        kind="mail",
        title=subject or "(no subject)",
        state="good",
        result="accepted",
        notes=(f"to {', '.join(mail.recipients)}",),
        link=f"/inbox/{mail.id}",
        link_text="Open the mail",
    )


def _text_message_step(message: TextMessage) -> Step:
    return Step(
        id=f"text-message-{message.id}",
        at=message.created,
        kind="text message",
        title=message.text,
        state="good",
        result="accepted",
        notes=(f"to {message.to}",),
        link=f"/inbox/{message.id}",
        link_text="Open the text message",
    )


# ---------------------------------------------------------------- texts


def _result_of(invocation: LoggedInvocation) -> tuple[State, str]:
    result = invocation.result
    if invocation.is_running:
        return "busy", "under way"
    if result is None:
        return "bad", "refused"
    if result.function_error:
        return "bad", result.error_type
    return "good", "done"


def _measures(invocation: LoggedInvocation) -> Iterator[str]:
    """Yield the cold start and the memory of an invocation, where samrun runs the function."""
    metrics = invocation.result.metrics if invocation.result else None
    if metrics and metrics.init_duration is not None:
        yield f"cold start {metrics.init_duration:.0f} ms"
    if metrics and metrics.memory_used is not None:
        yield f"{metrics.memory_used} of {metrics.memory_size} MB"


def _contents(invocation: LoggedInvocation) -> Iterator[StepContent]:
    yield StepContent(title="Event", read=lambda: invocation.event)
    if result := invocation.result:
        yield StepContent(title="Result", read=lambda: result.payload)
        if log := result.log_tail.strip():
            yield StepContent(title="Log", read=lambda: log)


def _value(seen: SeenInvocation, place: Place) -> str:
    record = record_in_event(seen.invocation.event, place)
    return (record or {}).get("value") or "null"


def _texts_of(mail: Mail, read: _ReadMail) -> list[bytes]:
    """Return the texts in which a mail may name a key."""
    return [*texts_of_tags(mail.options.tags.values()), read.text]


def _text_of(message: TextMessage) -> list[bytes]:
    return [message.text.encode(errors="replace")]


def _place_id(place: Place) -> str:
    (topic, partition), offset = place
    return f"{topic}-{partition}-{offset}"


def _state_of(steps: Sequence[Step]) -> tuple[State, str]:
    """Return the state of a flow, and its word: the worst of what is not mended."""
    if any(step.kind == "discarded" for step in steps):
        return "bad", "discarded"
    if any(step.result == "under way" for step in steps):
        return "busy", "under way"
    last_of: dict[str, Step] = {}
    for step in steps:
        if step.kind == "delivery":
            last_of[step.title + step.id.split("-", 2)[2]] = step
    if any(step.state == "bad" for step in last_of.values()):
        return "busy", "retrying"
    failed = [step for step in steps if step.kind in {"request", "invocation"} and step.state == "bad"]
    if failed:
        return "bad", "failed" if failed[-1].kind == "invocation" else failed[-1].result
    return "good", "done"
