"""Model of the outbox: one order, the requests about it, two relays and Kafka, and the faults of each.

The programs are the product's own code (outbox_programs.py). The model has what is around them: the items, Kafka's log,
the clocks, and what can fail.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from functions.order.domain.order import ORDER_CANCELLED, ORDER_PAID
from functions.order.outbox.relay import LEASE, MAX_BATCH
from functions.order.outbox.table import Outbox
from tests.models.conditional_writes import ConditionNotMetError, write
from tests.models.explorer import Step
from tests.models.outbox_items import ORDER, START, Stored, StoredLease, StoredOrder, frozen, thawed
from tests.models.outbox_programs import LOST, NAMES, cancel, is_of_lease, place, relay
from tests.models.programs import CallResult, ClockView, PendingCall, Programs, Reply, Returned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.models.programs import Calls

# In seconds. Time passes in such steps: a request lives for one of them, and its event is old enough for the relay
# after two.
TICK = 9
OLD = 2 * TICK

NOBODY = ""
READ, OF_LEASE = "BatchGetItem", "of the lease"  # kinds of calls


# Result of a write: whether its condition held, and the item.
WriteReply = tuple[bool, Stored]


class ModelProgram(NamedTuple):
    """A program: its code, and how far its clock is ahead of the others."""

    code: Callable[[Calls, int], str]
    ahead: int = 0


REQUEST_TIMEOUT = 10  # OrderFunction's
PROGRAMS = {
    "place": ModelProgram(place),
    "cancel": ModelProgram(cancel),
    "relay 1": ModelProgram(relay),
    "relay 2": ModelProgram(relay, ahead=1),
}
RELAYS = ("relay 1", "relay 2")
# The longest time of a relay in the model, in seconds. A slow one outlives its lease.
QUICK_RELAY = MAX_BATCH
SLOW_RELAY = LEASE + TICK


class Execution(NamedTuple):
    """A program under way, and the number of its progress. One run of a program at a time is enough."""

    program: str
    progress: int
    elapsed: int = 0


class State(NamedTuple):
    """All that the future depends on, and what the promises are about."""

    faults: int  # those that can still happen
    requests: tuple[str, ...]  # those that customers will still make
    order: StoredOrder | None = None
    lease: StoredLease | None = None
    executions: tuple[Execution, ...] = ()
    log: tuple[str, ...] = ()  # Kafka's
    in_flight: tuple[str, ...] = ()  # sends that got no acknowledgement: Kafka may still append them
    late_writes: tuple[Execution, ...] = ()  # those that got no answer, and that DynamoDB may still make
    is_misled: bool = False  # a request was answered with 201 or 200, and no order was stored

    def events(self) -> list[str]:
        """Return the events of the stored order."""
        if self.order is None:
            return []
        return [ORDER_PAID, ORDER_CANCELLED] if self.order.status == "cancelled" else [ORDER_PAID]

    def without(self, ended: Execution) -> State:
        """Return the state after the end of a program. Nobody will compare anything with its name any more."""
        order, lease = self.order, self.lease
        if order and order.write_id == ended.program:
            order = order._replace(write_id=NOBODY)
        if lease and lease.owner == ended.program:
            lease = lease._replace(owner=NOBODY)
        return self._replace(
            order=order, lease=lease, executions=tuple(each for each in self.executions if each != ended)
        )

    def having(self, started: Execution, *, instead_of: Execution | None = None) -> State:
        """Return the state with another program."""
        others = [each for each in self.executions if each != instead_of]
        return self._replace(executions=tuple(sorted((*others, started))))

    def later(self, *, reading: int) -> State:
        """Return the state a tick later. It makes no difference for how long a lease has been over.

        A relay looks for events that were old when it started. `reading` is the time of the longest that still reads:
        nor does it make a difference how old an event is that was old before.
        """
        order, lease = self.order, self.lease
        if order and order.age is not None:
            order = order._replace(age=min(order.age + TICK, OLD + reading))
        if lease:
            lease = lease._replace(left=max(lease.left - TICK, -1))
        executions = tuple(each._replace(elapsed=each.elapsed + TICK) for each in self.executions)
        late = tuple(each._replace(elapsed=min(each.elapsed + TICK, 2 * OLD)) for each in self.late_writes)
        return self._replace(order=order, lease=lease, executions=executions, late_writes=late)


def run(program: str, calls: Calls) -> str:
    """Run a program, which takes its own name for every random id."""
    NAMES.current = program
    return PROGRAMS[program].code(calls, PROGRAMS[program].ahead)


@dataclass
class OutboxModel:
    """The model, with so many faults in all, and these requests. With `may_be_late`, DynamoDB makes some writes late.

    A late mark of a published event lets its order's cancellation be sent while the relay still sends the event again.
    Then two promises do not hold: the event is a duplicate, but it can follow the cancellation.

    With SLOW_RELAY as `relay_time`, a relay can be at work for longer than its lease. That is a fault, and after it the
    same two promises do not hold, and two relays can be at work. A relay that only reads is not at work: it renews the
    lease next, and learns if another has had it. One call about the lease never takes so long.
    """

    faults: int = 2
    requests: tuple[str, ...] = ("cancel", "place")
    may_be_late: bool = False
    relay_time: float = QUICK_RELAY
    programs: Programs = field(default_factory=lambda: Programs(run))
    _writes: dict[tuple[Execution, Stored], WriteReply] = field(default_factory=dict)

    def initial(self) -> State:
        return State(faults=self.faults, requests=self.requests)

    def is_settled(self, state: State) -> bool:
        """Tell whether nothing is under way, and each event of a stored order is published."""
        return not state.executions and not state.requests and not (state.order and state.order.pending)

    def broken_promises(self, before: State, after: State) -> Iterator[str]:
        yield from self._broken_by_the_table(after)
        yield from self._broken_by_the_log(before, after)
        if len(self._relays_at_work(after)) > 1 and not self._may_have_lapsed(after):
            yield "two relays are at work at the same time"
        sends = sum(self._call_kind(each).startswith("send") for each in after.executions)
        if sends > 1 and not self._may_have_duplicates(after):
            yield "two programs send at the same time"

    def _relays_at_work(self, state: State) -> list[str]:
        relays = {each.program: self._call_kind(each) for each in state.executions if each.program in RELAYS}
        return [relay for relay, call in relays.items() if call != READ and not call.endswith(OF_LEASE)]

    def _call_kind(self, execution: Execution) -> str:
        return self.programs.call(execution.progress).kind

    def _may_have_lapsed(self, state: State) -> bool:
        """Tell whether a relay may have been at work for longer than its lease."""
        return self.relay_time > LEASE and state.faults < self.faults

    def _may_have_duplicates(self, state: State) -> bool:
        """Tell whether a program may send an event that another has published, without knowing it."""
        return self.may_be_late or self._may_have_lapsed(state)

    def _broken_by_the_table(self, after: State) -> Iterator[str]:
        order, events = after.order, after.events()
        if not set(after.log) <= set(events):
            yield "an event is published without a stored order or cancellation"
        if after.is_misled:
            yield "a request was answered with 201 or 200, and the order is not stored"
        if order and set(events) - set(order.pending) - set(after.log):
            yield "an event is no longer pending, and not published"
        if order and order.pending and order.age is None and not order.is_quarantined:
            yield "neither the relay nor a person can find the pending event"

    def _broken_by_the_log(self, before: State, after: State) -> Iterator[str]:
        if after.log == before.log:
            return
        event, was_in_flight = after.log[-1], after.in_flight != before.in_flight
        if event == ORDER_CANCELLED and ORDER_PAID not in before.log:
            yield "order.cancelled.v1 is published before order.paid.v1"
        if (
            event == ORDER_PAID
            and ORDER_CANCELLED in before.log
            and not was_in_flight
            and not self._may_have_duplicates(after)
        ):
            yield "order.paid.v1 is sent after order.cancelled.v1 was published"
        if after.log.count(event) > 1 + self.faults - after.faults:
            yield "an event is published more often than once and once for each fault"

    def steps(self, state: State) -> Iterator[Step[State]]:
        for execution in state.executions:
            yield from self._ends_of_call(state, execution)
        yield from self._starts(state)
        for event_type in sorted(set(state.in_flight)):
            in_flight = _without(state.in_flight, event_type)
            words = f"Kafka appends {event_type}, whose send got no acknowledgement"
            yield Step(words, state._replace(in_flight=in_flight, log=(*state.log, event_type)))
        for late in set(state.late_writes):
            yield self._late_write(state, late)
        yield from self._passing_time(state)
        if state.order and state.order.is_quarantined:
            yield Step("a person requeues the order", state._replace(order=_requeued(state.order)))

    def _passing_time(self, state: State) -> Iterator[Step[State]]:
        times = dict.fromkeys(PROGRAMS, REQUEST_TIMEOUT) | dict.fromkeys(RELAYS, self.relay_time)
        if any(each.elapsed + TICK >= times[each.program] for each in state.executions):
            return
        reading = [each.elapsed + TICK for each in state.executions if self._call_kind(each) == READ]
        words, later, lease = f"{TICK} s pass", state.later(reading=max(reading, default=0)), state.lease
        owners = [each for each in state.executions if lease and lease.left < TICK and each.program == lease.owner]
        calls = [self._call_kind(each) for each in owners]
        if all(call == READ for call in calls):
            yield Step(words, later)
        elif state.faults and not any(call.endswith(OF_LEASE) for call in calls):
            yield Step(f"{words}; a lease ends", later._replace(faults=state.faults - 1), is_fault=True)

    def _starts(self, state: State) -> Iterator[Step[State]]:
        """Yield each program's start with the end of its first call: before that, it has done nothing."""
        started_before = {each.program for each in (*state.executions, *state.late_writes)}  # one of each name
        for program in sorted({*state.requests, *(RELAYS if state.order else ())} - started_before):
            started = Execution(program, self.programs.start(program))
            requests = _without(state.requests, program) if program in state.requests else state.requests
            yield from self._ends_of_call(state._replace(requests=requests).having(started), started)

    def _ends_of_call(self, state: State, execution: Execution) -> Iterator[Step[State]]:
        """Yield each way in which the call of a program can end, and its death before and after the call."""
        call, faults = self.programs.call(execution.progress), state.faults - 1
        name = f"{execution.program}: {call.kind}"
        for result in self._results(state, execution, call):
            if not result.is_fault:
                yield Step(f"{name}: {result.words}", self._answered(result, execution))
            elif state.faults:
                answered = self._answered(result, execution)._replace(faults=faults)
                yield Step(f"{name}: {result.words}", answered, is_fault=True)
            if state.faults and not result.is_fault and result.state != state:
                dead = result.state.without(execution)._replace(faults=faults)
                yield Step(f"{name}: {result.words}; it dies", dead, is_fault=True)
        if state.faults:
            yield Step(f"{name}: it dies before", state.without(execution)._replace(faults=faults), is_fault=True)

    def _answered(self, result: CallResult[State], execution: Execution) -> State:
        # A request does not look at its clock later.
        elapsed = execution.elapsed if execution.program in RELAYS else 0
        progress = self.programs.answer(execution.progress, Reply(elapsed, result.reply))
        match self.programs.at(progress):
            case Returned(status):
                is_misled = status in {"201", "200"} and not result.state.order
                return result.state.without(execution)._replace(is_misled=is_misled)
        return result.state.having(execution._replace(progress=progress), instead_of=execution)

    def _results(self, state: State, execution: Execution, call: PendingCall) -> Iterable[CallResult[State]]:
        match call.kind.split()[0]:
            case "send":
                in_flight = tuple(sorted((*state.in_flight, call.content)))
                yield CallResult("acknowledged", "acknowledged", state._replace(log=(*state.log, call.content)))
                yield CallResult("no acknowledgement", LOST, state._replace(in_flight=in_flight), is_fault=True)
                yield CallResult("refused permanently", "refused", state, is_fault=True)
            case "BatchGetItem":
                yield CallResult("answered", state.order, state)
                yield CallResult("no answer", LOST, state, is_fault=True)
            case _:
                yield from self._results_of_write(state, execution, call)

    def _results_of_write(self, state: State, execution: Execution, call: PendingCall) -> Iterator[CallResult[State]]:
        reply, written = self._written(state, execution, call.content)
        succeeds, _ = reply
        yield CallResult("done" if succeeds else "condition not met", reply, written)
        if succeeds:
            repeated, _ = self._written(written, execution, call.content)
            yield CallResult("done, and repeated by the client", repeated, written, is_fault=True)
            yield CallResult("done, no answer", LOST, written, is_fault=True)
        yield CallResult("not done, no answer", LOST, state, is_fault=True)
        if self.may_be_late:
            late = state._replace(late_writes=tuple(sorted((*state.late_writes, execution))))
            yield CallResult("done later, no answer", LOST, late, is_fault=True)

    def _late_write(self, state: State, late: Execution) -> Step[State]:
        left = list(state.late_writes)
        left.remove(late)
        call = self.programs.call(late.progress)
        _, written = self._written(state, late, call.content)
        return Step(f"DynamoDB makes a late {call.kind}", written._replace(late_writes=tuple(left)).without(late))

    def _written(self, state: State, execution: Execution, request: Mapping[str, Any]) -> tuple[WriteReply, State]:
        """Carry a write out. Return the reply to the program, and the state after it."""
        found = state.lease if is_of_lease(request) else state.order
        if (execution, found) not in self._writes:
            view = ClockView(execution.elapsed, PROGRAMS[execution.program].ahead)
            self._writes[execution, found] = _write(found, request, view)
        match reply := self._writes[execution, found]:
            case True, StoredOrder() as order:
                return reply, state._replace(order=order)
            case True, (StoredLease() | None) as lease:
                return reply, state._replace(lease=lease)
        return reply, state


@dataclass
class RequeueingTable:
    """A table with the order, which is updated at once."""

    order: Stored

    def update_item(self, **request: Any) -> None:
        self.order = frozen(write(thawed(self.order, ClockView()), request), ClockView())


def _requeued(order: StoredOrder) -> StoredOrder:
    table = RequeueingTable(order)
    Outbox(client=cast("DynamoDBClient", table), table="orders").requeue(ORDER.order_id, now=START)
    assert isinstance(table.order, StoredOrder)
    return table.order


def _write(found: Stored, request: Mapping[str, Any], view: ClockView) -> WriteReply:
    try:
        return True, frozen(write(thawed(found, view), request), view)
    except ConditionNotMetError:
        return False, found


def _without(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    left = list(names)
    left.remove(name)
    return tuple(left)
