"""Builder of timelines: the steps of a flow in their order, from the request to the messages and what came back."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice

from samrun.console.flow.flow_index import Flow, FlowIndex, is_mentioned, texts_of
from samrun.console.flow.mail_reader import MailReader, ReadMail
from samrun.console.flow.message_owners import MessageOwners, texts_of_tags
from samrun.console.flow.steps import (
    discarded_step,
    invocation_step,
    mail_step,
    measures,
    place_id,
    place_text,
    record_step,
    request_step,
    text_message_step,
)
from samrun.console.flow.timeline import Kind, Step, Timeline, state_of
from samrun.control.stack_parts import StackParts
from samrun.counted import counted
from samrun.journal.entries import BatchAnswered, BatchDiscarded, BatchRetried
from samrun.journal.seen_invocation import KAFKA, SeenInvocation, SeenRecord
from samrun.mapping.batch import Place
from samrun.services.mail_store import Mail
from samrun.services.text_message_store import TextMessage

# Records, newest first, and steps that one timeline shows.
_MAX_RECORDS = 100
_MAX_STEPS = 500
_MAX_MENTIONS = 20
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


class TimelineBuilder:
    """Builder of the timelines of one stack. Its caller holds the lock of the index."""

    def __init__(self, parts: StackParts, index: FlowIndex) -> None:
        self._index = index
        self._mails = MailReader(parts.mails)
        self._owners = MessageOwners()

    def build(self, flow: Flow, *, with_mentions: bool = True) -> Timeline:
        """Return the timeline of a flow. Without mentions, what is joined only by a name in a text is left out."""
        steps = [*map(request_step, flow.requests), *map(invocation_step, flow.invocations.values())]
        places = list(flow.records)[-_MAX_RECORDS:]
        for place in places:
            steps += self._record_steps(flow, flow.records[place])
        if with_mentions:
            steps += self._mentions(flow, steps)
        unique = {step.id: step for step in steps}
        ordered = sorted(unique.values(), key=lambda step: (step.at, _ORDER.index(step.kind)))[-_MAX_STEPS:]
        state, result = state_of(ordered)
        return Timeline(
            steps=tuple(ordered), state=state, result=result, left_out=max(0, len(flow.records) - len(places))
        )

    def message_steps(self, flow: Flow) -> set[str]:
        """Return the ids of the steps of a flow's messages."""
        kinds = {"mail", "text message"}
        return {step.id for step in self.build(flow, with_mentions=False).steps if step.kind in kinds}

    def _record_steps(self, flow: Flow, record: SeenRecord) -> Iterator[Step]:
        deliveries = self._index.invocations_of_place[record.place]
        yield record_step(record, deliveries, waits_for=self._index.waiting.mappings_of(record.place))
        for seen in deliveries:
            yield self._delivery_step(flow, record.place, seen)
            yield from self._message_steps(flow, seen)
        for note in self._index.notes.get(record.place, ()):
            if isinstance(note, BatchDiscarded):
                yield discarded_step(note, record.place)

    def _delivery_step(self, flow: Flow, place: Place, seen: SeenInvocation) -> Step:
        invocation = seen.invocation
        answer = self._index.answers.get(invocation.request_id)
        # One record needs no name: it is the only one.
        notes = [f"of {place_text(place)}"] if len(flow.records) > 1 else []
        notes += [f"attempt {answer.attempt}", answer.mapping] if answer else []
        notes.extend(self._retry_notes(place, answer))
        if len(seen.records) > 1:
            notes.append(f"a batch of {counted(len(seen.records), 'record')}")
        # A delivery is its invocation, as one record of the batch saw it.
        step = invocation_step(seen)
        state, result = step.state, step.result
        if answer and state == "good":
            failed = place in answer.failed
            state, result = ("bad", answer.error or "reported as failed") if failed else ("good", "done")
        return replace(
            step,
            id=f"delivery-{invocation.number}-{place_id(place)}",
            kind="delivery",
            state=state,
            result=result,
            notes=(*notes, *measures(invocation)),
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
            if read := self._mails.read(mail.id):
                texts = partial(_texts_of, mail, read)
                yield from self._if_about(flow, seen, texts, mail.recipients, mail_step(mail, read.subject))
        for message in text_messages:
            texts = partial(_text_of, message)
            yield from self._if_about(flow, seen, texts, [message.to], text_message_step(message))

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
            invocation_step(seen)
            for seen in reversed(self._index.seen.values())
            if seen.trigger != KAFKA and any(is_mentioned(name, texts_of(seen.invocation)) for name in names)
        )
        yield from islice((step for step in found if step.id not in shown), _MAX_MENTIONS)

    def _message_ids(self, steps: Iterable[Step]) -> Iterator[str]:
        for step in steps:
            if step.kind == "mail" and (read := self._mails.read(step.id.removeprefix("mail-"))):
                yield read.ses_id


def _texts_of(mail: Mail, read: ReadMail) -> list[bytes]:
    """Return the texts in which a mail may name a key."""
    return [*texts_of_tags(mail.options.tags.values()), read.text]


def _text_of(message: TextMessage) -> list[bytes]:
    return [message.text.encode(errors="replace")]
