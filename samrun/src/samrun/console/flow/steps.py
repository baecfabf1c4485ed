"""Steps of a timeline: one for each thing that samrun has seen."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial

from samrun.console.flow.timeline import State, Step, StepContent
from samrun.functions.invocation_log import LoggedInvocation
from samrun.journal.entries import ApiRequest, BatchDiscarded
from samrun.journal.seen_invocation import SeenInvocation, SeenRecord, record_in_event
from samrun.mapping.batch import Place
from samrun.services.mail_store import Mail
from samrun.services.text_message_store import TextMessage


def request_step(request: ApiRequest) -> Step:
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


def invocation_step(seen: SeenInvocation) -> Step:
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
        notes=(f"by {seen.trigger}", *measures(invocation)),
        contents=tuple(_contents(invocation)),
    )


def record_step(record: SeenRecord, deliveries: Sequence[SeenInvocation], *, waits_for: Sequence[str] = ()) -> Step:
    at = datetime.fromtimestamp(record.timestamp / 1000, UTC) if 0 <= record.timestamp < 2**42 else None
    return Step(
        id=f"record-{place_id(record.place)}",
        at=at or (deliveries[0].invocation.started if deliveries else datetime.now(UTC)),
        kind="record",
        title=place_text(record.place),
        state="busy" if waits_for else "",
        result=f"waiting for {', '.join(waits_for)}" if waits_for else "",
        notes=tuple(filter(None, (record.type, f"key {record.key}" if record.key is not None else "without a key"))),
        contents=(StepContent(title="Value", read=partial(_value, deliveries[0], record.place)),) if deliveries else (),
    )


def discarded_step(note: BatchDiscarded, place: Place) -> Step:
    destination = note.destination
    return Step(
        id=f"discarded-{note.mapping}-{place_id(place)}-{note.at:%H%M%S%f}",
        at=note.at,
        kind="discarded",
        title=note.mapping,
        state="bad",
        result=note.condition,
        notes=(f"sent to {destination}" if destination else "lost: no on-failure destination has it",),
        link="/dead-letters" if destination else "",
        link_text="Dead letters",
    )


def mail_step(mail: Mail, subject: str) -> Step:
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


def text_message_step(message: TextMessage) -> Step:
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


def place_text(place: Place) -> str:
    """Return a place as people write it."""
    (topic, partition), offset = place
    return f"{topic}/{partition}/{offset}"


def place_id(place: Place) -> str:
    """Return a place as a part of the id of a step."""
    (topic, partition), offset = place
    return f"{topic}-{partition}-{offset}"


def _result_of(invocation: LoggedInvocation) -> tuple[State, str]:
    result = invocation.result
    if invocation.is_running:
        return "busy", "under way"
    if result is None:
        return "bad", "refused"
    if result.function_error:
        return "bad", result.error_type
    return "good", "done"


def measures(invocation: LoggedInvocation) -> Iterator[str]:
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
