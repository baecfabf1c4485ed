"""Model of the ledger: the notifications of one order, two environments of notify, and the faults around them.

The invocations are the product's own code (ledger_programs.py). The model has what is around them: the mapping, the
entries, the provider and its feedback, the dead letters, the clocks, and what can fail.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from functions.notify.domain.notification import Status, UnknownPolicy
from functions.notify.feedback.delivery_status import DeliveryStatus, DeliveryStatusStore, Feedback
from tests.models.conditional_writes import ConditionNotMetError, condition_not_met, write
from tests.models.explorer import Step
from tests.models.ledger_items import NOTIFICATIONS, START, StoredEntry, frozen_entry, thawed_entry
from tests.models.ledger_programs import (
    ACCEPTED,
    DEFERRED,
    LOST,
    REFUSED,
    TIMEOUT,
    UNLISTED,
    Batch,
    BatchEnd,
    Memory,
    SendReply,
    invoke,
)
from tests.models.programs import CallResult, ClockView, PendingCall, Programs, Reply, Returned

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

# In seconds. Time passes in such steps: after one, an invocation has no time for another send. Before the next, it is
# over, and so are its leases.
TICK = 14

Entries = tuple[StoredEntry | None, ...]


class Invoked(NamedTuple):
    """An invocation under way, and the number of its progress."""

    progress: int
    records: tuple[int, ...]
    dead_letters: int | None = None  # of a replay: the dead letters that it removes if its record is done
    elapsed: int = 0


class Environment(NamedTuple):
    """An environment, what it remembers, and its invocation."""

    memory: Memory = ()
    execution: Invoked | None = None


class LateWrite(NamedTuple):
    """A write that got no answer, and that DynamoDB may still make: that of an invocation, so long after its start."""

    progress: int
    elapsed: int


class LedgerState(NamedTuple):
    """All that the future depends on, and what the promises are about. Each tuple has a value for each notification."""

    faults: int  # those that can still happen
    redeliveries: int  # those of records that are done, or under way
    replays: int
    entries: Entries
    is_done: tuple[bool, ...]
    accepted: tuple[int, ...]
    dead_letters: tuple[int, ...]
    is_held: tuple[bool, ...]
    environments: tuple[Environment, ...] = (Environment(), Environment())
    late_writes: tuple[LateWrite, ...] = ()
    is_old: bool = False

    def changing(self, environment: Environment, changed: Environment) -> LedgerState:
        """Return the state with an environment changed. It does not matter which of the two is the first."""
        others = list(self.environments)
        others.remove(environment)
        return self._replace(environments=tuple(sorted([*others, changed], key=_rank)))

    def executions(self) -> list[Invoked]:
        """Return the invocations under way."""
        return [each.execution for each in self.environments if each.execution]

    def later(self) -> LedgerState:
        """Return the state a tick later. How long a lease has been over makes no difference."""
        entries = tuple(entry and entry._replace(lease_left=max(entry.lease_left - TICK, 0)) for entry in self.entries)
        environments = tuple(
            each._replace(execution=each.execution and each.execution._replace(elapsed=each.execution.elapsed + TICK))
            for each in self.environments
        )
        late = tuple(each._replace(elapsed=min(each.elapsed + TICK, 2 * TICK)) for each in self.late_writes)
        return self._replace(entries=entries, environments=environments, late_writes=late)


WriteReply = tuple[bool, StoredEntry | None]


@dataclass
class LedgerModel:
    """The model, with so many notifications, and bounds of what can happen."""

    notifications: int = 1
    policy: UnknownPolicy = UnknownPolicy.RESEND
    faults: int = 2
    redeliveries: int = 1
    replays: int = 1
    may_be_late: bool = False
    has_unlisted: bool = False
    may_be_old: bool = False
    feedback: tuple[DeliveryStatus, ...] = (DeliveryStatus.DELAYED, DeliveryStatus.DELIVERED)
    programs: Programs = field(default_factory=lambda: Programs(invoke))
    _names: dict[int, frozenset[str]] = field(default_factory=dict)
    _writes: dict[tuple[LateWrite, StoredEntry | None], WriteReply] = field(default_factory=dict)
    _reports: dict[tuple[int, StoredEntry | None, DeliveryStatus], StoredEntry | None] = field(default_factory=dict)

    def initial(self) -> LedgerState:
        size = self.notifications
        return LedgerState(
            faults=self.faults,
            redeliveries=self.redeliveries,
            replays=self.replays,
            entries=(None,) * size,
            is_done=(False,) * size,
            accepted=(0,) * size,
            dead_letters=(0,) * size,
            is_held=(False,) * size,
        )

    def is_settled(self, state: LedgerState) -> bool:
        """Tell whether every record is done, and nothing is under way."""
        return all(state.is_done) and not state.executions()

    def broken_promises(self, before: LedgerState, after: LedgerState) -> Iterator[str]:
        for number in range(self.notifications):
            yield from self._broken_by_the_mails(number, before, after)
            yield from _broken_by_the_entry(before.entries[number], after.entries[number])
            entry = after.entries[number]
            if entry and entry.status == Status.FAILED and not after.dead_letters[number]:
                yield "an entry is failed, and its record is not in the dead letters"
            if after.is_done[number] and not _is_accounted_for(number, after):
                yield "a record is done, and its mail is neither sent nor dead-lettered, held or expired"
        if after.accepted[1:] != before.accepted[1:] and not _is_accounted_for(0, after):
            yield "the mail about the cancellation comes before the one about the payment"

    def _broken_by_the_mails(self, number: int, before: LedgerState, after: LedgerState) -> Iterator[str]:
        accepted, entry = after.accepted[number], after.entries[number]
        if accepted > 1 + self.faults - after.faults:
            yield "more mails are sent than one and one for each fault"
        if accepted > 1 and not (entry and entry.possible_duplicate):
            yield "two mails are sent, and the entry does not say possible_duplicate"
        if accepted > 1 and self.policy is UnknownPolicy.HOLD and after.replays == self.replays:
            yield "two mails are sent under the policy hold, and nobody replayed a record"
        for execution in after.executions():
            if self._sends(execution) == number and not (
                entry and _name_of(entry.owner) == self._batch(execution).name and entry.status not in _NOT_CLAIMED
            ):
                yield "an invocation sends a mail, and has no claim"

    def _sends(self, execution: Invoked) -> int | None:
        call = self.programs.call(execution.progress)
        number: int | None = call.content if call.kind.startswith("send") else None
        return number

    def _batch(self, execution: Invoked) -> Batch:
        batch = self.programs.program(execution.progress)
        assert isinstance(batch, Batch)
        return batch

    def steps(self, state: LedgerState) -> Iterator[Step[LedgerState]]:
        for step in self._all_steps(state):
            yield Step(step.words, self._forgetting(step.state), step.is_fault)

    def _all_steps(self, state: LedgerState) -> Iterator[Step[LedgerState]]:
        for environment in set(state.environments):
            if environment.execution:
                yield from self._ends_of_call(state, environment, environment.execution)
            else:
                yield from self._starts(state, environment)
                if environment.memory:
                    ended = state.changing(environment, Environment())
                    yield Step("Lambda ends an environment", ended, is_fault=True)
        yield from self._passing_time(state)
        for number in range(self.notifications):
            if state.accepted[number]:
                yield from self._feedback(state, number)
        for late in set(state.late_writes):
            yield from self._late_write(state, late)

    def _passing_time(self, state: LedgerState) -> Iterator[Step[LedgerState]]:
        executions = state.executions()
        if all(each.elapsed + TICK < TIMEOUT for each in executions):
            yield Step(f"{TICK} s pass", state.later())
        if executions:
            return
        later = state.later().later()
        if any(entry and entry.is_paused for entry in state.entries):
            entries = tuple(entry and entry._replace(is_paused=False) for entry in later.entries)
            yield Step("minutes pass", later._replace(entries=entries))
        if self.may_be_old and not state.is_old:
            yield Step("days pass", later._replace(is_old=True))

    def _starts(self, state: LedgerState, environment: Environment) -> Iterator[Step[LedgerState]]:
        """Yield each start of an invocation with the end of its first call: before that, it has done nothing."""
        size = self.notifications
        is_delivering = any(each.dead_letters is None for each in state.executions())
        first = state.is_done.index(False) if False in state.is_done else size
        if not is_delivering:
            for end in range(first + 1, size + 1):
                yield from self._start(state, environment, tuple(range(first, end)))
        if state.redeliveries:
            repeated = state._replace(redeliveries=state.redeliveries - 1)
            for start in range(min(first + 1, size)):
                yield from self._start(repeated, environment, tuple(range(start, size)), words="redelivery: ")
        if state.replays:
            replayed = state._replace(replays=state.replays - 1)
            for number in range(size):
                entry = state.entries[number]
                if state.dead_letters[number] or (state.is_held[number] and entry and entry.status == Status.UNKNOWN):
                    yield from self._start(
                        replayed, environment, (number,), dead_letters=state.dead_letters[number], words="replay: "
                    )

    def _start(
        self,
        state: LedgerState,
        environment: Environment,
        records: tuple[int, ...],
        *,
        dead_letters: int | None = None,
        words: str = "",
    ) -> Iterator[Step[LedgerState]]:
        memory = environment.memory
        batch = Batch(
            name=self._unused_name(state),
            records=records,
            is_replay=dead_letters is not None,
            is_old=state.is_old,
            policy=self.policy,
            memory=memory,
        )
        progress = self.programs.start(batch)
        self._names.setdefault(progress, frozenset([batch.name, *(_name_of(each.owner) for each in memory)]))
        started = Invoked(progress, records, dead_letters)
        invoked = Environment(memory, started)
        after = state.changing(environment, invoked)
        for step in self._ends_of_call(after, invoked, started):
            yield Step(
                f"{words}records {records}, invocation {step.words}", step.state, is_fault=step.is_fault or bool(words)
            )

    def _unused_name(self, state: LedgerState) -> str:
        used = self._known_names(state) | {_name_of(entry.owner) for entry in state.entries if entry}
        return next(name for name in "abcdefgh" if name not in used)

    def _known_names(self, state: LedgerState) -> frozenset[str]:
        """Return the names of invocations that still matter to somebody."""
        progress = [each.progress for each in state.executions()]
        names = [self._names[each] for each in [*progress, *(late.progress for late in state.late_writes)]]
        memory = [_name_of(each.owner) for environment in state.environments for each in environment.memory]
        return frozenset(memory).union(*names)

    def _forgetting(self, state: LedgerState) -> LedgerState:
        """Return the state with one name for all owners who matter to nobody: such states do not differ."""
        known = self._known_names(state)
        if FORGOTTEN in known:
            return state
        entries = tuple(
            entry._replace(owner=FORGOTTEN) if entry and _name_of(entry.owner) not in known else entry
            for entry in state.entries
        )
        return state if entries == state.entries else state._replace(entries=entries)

    def _ends_of_call(
        self, state: LedgerState, environment: Environment, execution: Invoked
    ) -> Iterator[Step[LedgerState]]:
        """Yield each way in which the call of an invocation can end, and its death before and after the call."""
        call, faults = self.programs.call(execution.progress), state.faults - 1
        name = f"{self._batch(execution).name}: {call.kind}"
        for result in self._results(state, environment, execution, call):
            if not result.is_fault:
                yield Step(f"{name}: {result.words}", self._answered(result, environment, execution))
            elif state.faults:
                answered = self._answered(result, environment, execution)._replace(faults=faults)
                yield Step(f"{name}: {result.words}", answered, is_fault=True)
            if state.faults and not result.is_fault and result.state != state:
                dead = result.state.changing(environment, Environment())._replace(faults=faults)
                yield Step(f"{name}: {result.words}; it dies", dead, is_fault=True)
        if state.faults:
            dead = state.changing(environment, Environment())._replace(faults=faults)
            yield Step(f"{name}: it dies before", dead, is_fault=True)

    def _answered(self, result: CallResult[LedgerState], environment: Environment, execution: Invoked) -> LedgerState:
        state = result.state
        progress = self.programs.answer(execution.progress, Reply(execution.elapsed, result.reply))
        if progress not in self._names:
            names = self._names[execution.progress]
            match result.reply:
                case bool(), StoredEntry(owner=owner):
                    names |= {_name_of(owner)}
            self._names[progress] = names
        match self.programs.at(progress):
            case Returned(end):
                return _ended(state, environment, execution, end)
        return state.changing(environment, Environment(environment.memory, execution._replace(progress=progress)))

    def _results(
        self, state: LedgerState, environment: Environment, execution: Invoked, call: PendingCall
    ) -> Iterable[CallResult[LedgerState]]:
        match call.kind.split()[0]:
            case "send":
                accepted = _with(state.accepted, call.content, state.accepted[call.content] + 1)
                taken = state._replace(accepted=accepted)
                yield CallResult("accepted", ACCEPTED, taken)
                for reply in (DEFERRED, REFUSED, *((UNLISTED,) if self.has_unlisted else ())):
                    yield CallResult(reply.words, reply, state)
                for answers in (True, False):
                    others = "others get answers" if answers else "nobody gets an answer"
                    lost = SendReply(LOST, provider_answers=answers)
                    yield CallResult(f"accepted, no answer; {others}", lost, taken, is_fault=True)
                    yield CallResult(f"not accepted, no answer; {others}", lost, state, is_fault=True)
            case "dead":
                taken = state._replace(
                    dead_letters=_with(state.dead_letters, call.content, state.dead_letters[call.content] + 1)
                )
                yield CallResult("taken", "taken", taken)
                yield CallResult("taken, no answer", LOST, taken, is_fault=True)
                yield CallResult("not taken, no answer", LOST, state, is_fault=True)
            case _:
                yield from self._results_of_write(state, environment, execution, call)

    def _results_of_write(
        self, state: LedgerState, environment: Environment, execution: Invoked, call: PendingCall
    ) -> Iterator[CallResult[LedgerState]]:
        source = LateWrite(execution.progress, execution.elapsed)
        number, _ = call.content
        reply, written = self._written(state, source, call)
        succeeds, _ = reply
        yield CallResult(f"{written.entries[number].status if succeeds else 'condition not met'}", reply, written)
        if succeeds:
            repeated, _ = self._written(written, source, call)
            yield CallResult("made, and repeated by the client", repeated, written, is_fault=True)
            yield CallResult("made, no answer", LOST, written, is_fault=True)
        yield CallResult("not made, no answer", LOST, state, is_fault=True)
        if self.may_be_late:
            late = state._replace(late_writes=tuple(sorted((*state.late_writes, source))))
            yield CallResult("made later, no answer", LOST, late, is_fault=True)

    def _late_write(self, state: LedgerState, late: LateWrite) -> Iterator[Step[LedgerState]]:
        left = list(state.late_writes)
        left.remove(late)
        call = self.programs.call(late.progress)
        _, written = self._written(state, late, call)
        yield Step(f"DynamoDB makes a late {call.kind}", written._replace(late_writes=tuple(left)))

    def _written(self, state: LedgerState, source: LateWrite, call: PendingCall) -> tuple[WriteReply, LedgerState]:
        """Make a write. Return the reply to the program, and the state after it."""
        number, request = call.content
        found = state.entries[number]
        if (source, found) not in self._writes:
            self._writes[source, found] = _write(number, found, request, ClockView(source.elapsed))
        reply = self._writes[source, found]
        succeeds, stored = reply
        return reply, state._replace(entries=_with(state.entries, number, stored)) if succeeds else state

    def _feedback(self, state: LedgerState, number: int) -> Iterator[Step[LedgerState]]:
        for status in self.feedback:
            found = state.entries[number]
            if (number, found, status) not in self._reports:
                self._reports[number, found, status] = _after_feedback(number, found, status)
            entry = self._reports[number, found, status]
            if entry != found:
                yield Step(f"SES reports {status}", state._replace(entries=_with(state.entries, number, entry)))


FORGOTTEN = "somebody"
_NOT_CLAIMED = {Status.WAITING, Status.UNKNOWN, Status.FAILED, Status.EXPIRED}
_REPORTED = set(DeliveryStatus)


def _broken_by_the_entry(before: StoredEntry | None, after: StoredEntry | None) -> Iterator[str]:
    if before is None or before == after:
        return
    if after is None:
        yield "an entry is gone"
        return
    if before.possible_duplicate and not after.possible_duplicate:
        yield "an entry is no longer a possible duplicate"
    if after.feedback < before.feedback or (after.feedback and after.status not in _REPORTED):
        yield "an entry loses what SES reported, or gets a lower rank"
    if before.status in {Status.SENT, Status.EXPIRED} and after.status not in {before.status, *_REPORTED}:
        yield "a final status is replaced by one that is not SES's"
    if before.status == Status.FAILED and after.status not in {Status.FAILED, Status.CLAIMED, *_REPORTED}:
        yield "the status failed is replaced, and not by the claim of a replay or by SES's"


def _is_accounted_for(number: int, state: LedgerState) -> bool:
    entry = state.entries[number]
    return bool(
        state.accepted[number]
        or state.dead_letters[number]
        or state.is_held[number]
        or (entry and (entry.status == Status.EXPIRED or state.is_old))
    )


def _ended(state: LedgerState, environment: Environment, execution: Invoked, end: BatchEnd) -> LedgerState:
    """Return the state after the answer of an invocation: to the mapping, or to the tool that replays."""
    is_done, is_held, dead_letters = state.is_done, state.is_held, state.dead_letters
    for number in end.held:
        is_held = _with(is_held, number, True)
    for number in set(execution.records) - set(end.failed):
        if execution.dead_letters is None:
            is_done = _with(is_done, number, True)
        else:
            dead_letters = _with(dead_letters, number, dead_letters[number] - execution.dead_letters)
    ended = state._replace(is_done=is_done, is_held=is_held, dead_letters=dead_letters)
    return ended.changing(environment, Environment(memory=end.memory))


def _write(number: int, found: StoredEntry | None, request: Mapping[str, Any], view: ClockView) -> WriteReply:
    try:
        item = write(thawed_entry(found, NOTIFICATIONS[number], view), request)
    except ConditionNotMetError:
        return False, found
    assert item
    return True, frozen_entry(item, view)


@dataclass
class FeedbackTable:
    """A table with one entry, which is updated at once."""

    number: int
    entry: StoredEntry | None

    def update_item(self, **request: Any) -> Any:
        status = self.entry.status if self.entry else ""
        succeeds, self.entry = _write(self.number, self.entry, request, ClockView())
        if not succeeds:
            raise condition_not_met(thawed_entry(self.entry, NOTIFICATIONS[self.number], ClockView()))
        return {"Attributes": {"status": {"S": status}}}


def _after_feedback(number: int, entry: StoredEntry | None, status: DeliveryStatus) -> StoredEntry | None:
    notification = NOTIFICATIONS[number]
    table = FeedbackTable(number, entry)
    feedback = Feedback(
        order_id=notification.key,
        notification_id=notification.id,
        status=status,
        reason="",
        at=START + timedelta(seconds=1),
        message_id="mail",
        sent_at=START,
    )
    DeliveryStatusStore(client=cast("DynamoDBClient", table), table="notifications").record(feedback)
    return table.entry


def _rank(environment: Environment) -> tuple[int, list[str]]:
    execution = environment.execution
    return execution.progress if execution else -1, [each.owner for each in environment.memory]


def _name_of(owner: str) -> str:
    return owner.partition("/")[0]


def _with(values: tuple[Any, ...], place: int, value: Any) -> tuple[Any, ...]:
    return (*values[:place], value, *values[place + 1 :])
