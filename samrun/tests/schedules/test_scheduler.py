"""Scheduler: when it invokes a function, and what it does after an error."""

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from samrun.event_triggers.dead_letters import UndeliveredEvent
from samrun.functions.asynchronous_invoker import AsynchronousInvoker, Timing
from samrun.functions.invoker import InvocationResult, Invoker
from samrun.functions.process_runtime import ProcessRuntime
from samrun.pythons.current_python import CurrentPython
from samrun.schedules.scheduler import Clock, Scheduler
from samrun.template.model.functions import AsynchronousInvocation, Function
from samrun.template.model.triggers import Schedule
from samrun.template.triggers.schedule_expressions import At
from support.asynchronous import RecordingDestinations
from support.fake_invoker import FakeInvoker, success
from support.python_function import create_function
from support.schedules import MINUTE, READY, RULE, SCHEDULE

GOOD = success(None)
BAD = InvocationResult.of_error("ValueError", "x")


class VirtualTime:
    """A clock that stands still until a test lets time pass."""

    def __init__(self) -> None:
        self.time = READY
        self._sleepers: list[tuple[datetime, asyncio.Future[None]]] = []
        self.clock = Clock(now=lambda: self.time, sleep=self._sleep)

    async def _sleep(self, seconds: float) -> None:
        sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.time + timedelta(seconds=seconds), sleeper))
        await sleeper

    async def pass_(self, duration: timedelta) -> None:
        """Wake the sleepers whose time comes within `duration`, one after the other."""
        end = self.time + duration
        await _settle()
        while due := [each for each in self._sleepers if each[0] <= end]:
            first = min(due, key=lambda each: each[0])
            self._sleepers.remove(first)
            self.time = max(self.time, first[0])
            if not first[1].done():
                first[1].set_result(None)
            await _settle()
        self.time = end


def _fail(undelivered: UndeliveredEvent) -> None:
    pytest.fail(f"a dead letter: {undelivered}")


def _start_nothing(arn: str, _text: str) -> None:
    pytest.fail(f"the scheduler starts {arn}")


async def _settle() -> None:
    """Let every task run until it waits for something other than its turn."""
    for _ in range(20):
        await asyncio.sleep(0)


class InvocationRecorder(FakeInvoker):
    """Fake that also records when it is invoked. It returns `results` in turn, and then GOOD."""

    def __init__(self, virtual: VirtualTime, *results: InvocationResult) -> None:
        super().__init__(function=self._invoked)
        self._virtual = virtual
        self._results = list(results)
        self.moments: list[timedelta] = []
        self.busy: asyncio.Event | None = None

    async def _invoked(self, name: str, _payload: bytes) -> InvocationResult:
        assert name == "Fn"
        self.moments.append(self._virtual.time - READY)
        if self.busy is not None:
            await self.busy.wait()
        return self._results.pop(0) if self._results else GOOD


def _asynchronous(invoker: Invoker, clock: Clock, said: list[str], *, retries: int = 2) -> AsynchronousInvoker:
    """Return the asynchronous invoker of the function Fn, with the waits of AWS."""
    function = create_function(Path(), None)
    return AsynchronousInvoker(
        invoker,
        [replace(function, asynchronous=AsynchronousInvocation(maximum_retries=retries))],
        destinations=RecordingDestinations(),
        report=said.append,
        timing=Timing(now=lambda: clock.now().timestamp(), sleep=clock.sleep),
    )


def _run(
    schedule: Schedule,
    scenario: Callable[[VirtualTime, InvocationRecorder], Awaitable[None]],
    *results: InvocationResult,
    retries: int = 2,
    dead_letter: Callable[[UndeliveredEvent], None] = _fail,
) -> tuple[InvocationRecorder, list[str]]:
    """Run a schedule while the scenario lasts. Return its invocations and the lines that it reported."""

    async def run() -> tuple[InvocationRecorder, list[str]]:
        virtual, said = VirtualTime(), list[str]()
        recorder = InvocationRecorder(virtual, *results)
        invoker = _asynchronous(recorder, virtual.clock, said, retries=retries)
        scheduler = Scheduler(
            invoker=invoker,
            report=said.append,
            dead_letter=dead_letter,
            clock=virtual.clock,
            start_execution=_start_nothing,
        )
        run = asyncio.create_task(scheduler.run(schedule))
        await scenario(virtual, recorder)
        run.cancel()
        await asyncio.wait([run])
        if not run.cancelled():
            run.result()
        return recorder, said

    return asyncio.run(run())


def _minutes(*numbers: int) -> list[timedelta]:
    return [number * MINUTE for number in numbers]


def test_rate_is_due_one_period_after_the_start_and_then_each_period() -> None:
    recorder, said = _run(RULE, lambda virtual, _: virtual.pass_(3.5 * MINUTE))
    assert recorder.moments == _minutes(1, 2, 3)
    assert said == ["Every → Fn, now and whenever it is due"], "an idle stack is silent"


def test_slow_function_delays_no_other_invocation() -> None:
    async def scenario(virtual: VirtualTime, recorder: InvocationRecorder) -> None:
        recorder.busy = asyncio.Event()
        await virtual.pass_(3.5 * MINUTE)

    assert _run(RULE, scenario)[0].moments == _minutes(1, 2, 3)


def test_failed_invocation_is_retried_after_one_minute_and_after_two_more() -> None:
    once = replace(SCHEDULE, times=At(time=READY + MINUTE))
    recorder, said = _run(once, lambda virtual, _: virtual.pass_(60 * MINUTE), BAD, BAD, BAD)
    assert recorder.moments == _minutes(1, 2, 4)
    assert len(set(recorder.payloads)) == 1, "the same event each time"
    assert said == [
        "Every → Fn, now and whenever it is due",
        "Fn failed (ValueError): retry in 60 s",
        "Fn failed (ValueError): retry in 120 s",
        "Fn failed (ValueError): no retry is left",
        "Every ended: no further run is due",
    ]


def test_invocation_that_succeeds_at_the_second_attempt_is_not_retried() -> None:
    once = replace(SCHEDULE, times=At(time=READY + MINUTE))
    recorder, said = _run(once, lambda virtual, _: virtual.pass_(60 * MINUTE), BAD)
    assert recorder.moments == _minutes(1, 2)
    assert said[-1] == "Every ended: no further run is due"


@pytest.mark.parametrize(("retries", "attempts"), [(0, 1), (1, 2)])
def test_function_may_limit_its_retries(retries: int, attempts: int) -> None:
    once = replace(SCHEDULE, times=At(time=READY + MINUTE))
    recorder, said = _run(once, lambda virtual, _: virtual.pass_(60 * MINUTE), BAD, BAD, BAD, retries=retries)
    assert len(recorder.moments) == attempts
    assert "Fn failed (ValueError): no retry is left" in said


def test_event_that_the_function_of_a_rule_cannot_get_is_a_dead_letter() -> None:
    sent = threading.Event()
    dead: list[UndeliveredEvent] = []

    def dead_letter(undelivered: UndeliveredEvent) -> None:
        dead.append(undelivered)
        sent.set()

    async def scenario(virtual: VirtualTime, _: InvocationRecorder) -> None:
        await virtual.pass_(1.5 * MINUTE)
        await asyncio.to_thread(sent.wait)

    rule = replace(RULE, template="<nothing>", dead_letter_queue="arn:aws:sqs:us-east-1:123456789012:dead")
    recorder, _ = _run(rule, scenario, dead_letter=dead_letter)
    assert recorder.invocations == []
    [undelivered] = dead
    assert (undelivered.source, undelivered.rule_arn, undelivered.queue) == ("Every", RULE.arn, rule.dead_letter_queue)
    assert undelivered.target_arn == "arn:aws:lambda:us-east-1:123456789012:function:Fn"
    assert undelivered.event["time"] == "2026-11-22T10:16:07Z"


def test_function_that_fails_makes_no_dead_letter_of_its_schedule() -> None:
    schedule = replace(SCHEDULE, times=At(time=READY + MINUTE), dead_letter_queue="arn:aws:sqs:us-east-1:1:dead")
    _, said = _run(schedule, lambda virtual, _: virtual.pass_(60 * MINUTE), BAD, BAD, BAD)  # a dead letter would fail
    assert "Fn failed (ValueError): no retry is left" in said


def test_retries_of_one_event_do_not_delay_the_next_event() -> None:
    recorder, _ = _run(RULE, lambda virtual, _: virtual.pass_(2.5 * MINUTE), BAD)
    assert recorder.moments == _minutes(1, 2, 2)
    assert len(set(recorder.payloads)) == 2


def test_invocations_due_while_the_machine_was_suspended_are_skipped() -> None:
    async def scenario(virtual: VirtualTime, _: InvocationRecorder) -> None:
        await virtual.pass_(1.5 * MINUTE)
        virtual.time += 10 * MINUTE
        await virtual.pass_(MINUTE)

    moments = _run(RULE, scenario)[0].moments
    assert moments == [MINUTE, 11.5 * MINUTE, 12 * MINUTE], "the first one is late, the next one on time"


def test_clock_that_is_set_back_makes_no_time_due_twice() -> None:
    async def scenario() -> list[str]:
        virtual = VirtualTime()
        recorder = InvocationRecorder(virtual)
        to_set_back = [timedelta(seconds=30)]

        def now() -> datetime:
            reading = virtual.time
            if reading >= READY + MINUTE and to_set_back:
                virtual.time -= to_set_back.pop()
            return reading

        clock = Clock(now=now, sleep=virtual.clock.sleep)
        scheduler = Scheduler(
            invoker=_asynchronous(recorder, clock, []),
            report=lambda _: None,
            dead_letter=_fail,
            clock=clock,
            start_execution=_start_nothing,
        )
        run = asyncio.create_task(scheduler.run(RULE))
        await virtual.pass_(2.5 * MINUTE)
        run.cancel()
        await asyncio.wait([run])
        return [json.loads(event)["time"] for event in recorder.payloads]

    assert asyncio.run(scenario()) == ["2026-11-22T10:16:07Z", "2026-11-22T10:17:07Z"]


def test_schedule_of_a_state_machine_starts_executions() -> None:
    arn = "arn:aws:states:us-east-1:123456789012:stateMachine:Pricing"
    machine = replace(RULE, function=None, target=arn)
    started: list[tuple[str, str]] = []

    async def scenario() -> None:
        virtual = VirtualTime()
        scheduler = Scheduler(
            invoker=_asynchronous(InvocationRecorder(virtual), virtual.clock, []),
            report=lambda _: None,
            dead_letter=_fail,
            clock=virtual.clock,
            start_execution=lambda target, text: started.append((target, text)),
        )
        run = asyncio.create_task(scheduler.run(machine))
        await virtual.pass_(1.5 * MINUTE)
        while not started:  # noqa: ASYNC110 - it starts them in a thread
            await asyncio.sleep(0.01)
        run.cancel()
        await asyncio.wait([run])

    asyncio.run(scenario())
    [(target, text)] = started
    assert (target, json.loads(text)["detail-type"]) == (arn, "Scheduled Event")


def test_cancelled_scheduler_leaves_no_task_behind() -> None:
    async def scenario() -> None:
        virtual = VirtualTime()
        recorder = InvocationRecorder(virtual, BAD)
        invoker = _asynchronous(recorder, virtual.clock, [])
        scheduler = Scheduler(
            invoker=invoker,
            report=lambda _: None,
            dead_letter=_fail,
            clock=virtual.clock,
            start_execution=_start_nothing,
        )
        run = asyncio.create_task(scheduler.run(RULE))
        await virtual.pass_(1.5 * MINUTE)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(scenario())


CODE = """
import json

seen = []

def handler(event, context):
    seen.append(event["id"])
    print(json.dumps(event))
    if len(seen) == 1:
        raise ValueError("the first time")
"""


@dataclass
class PrintedEvents:
    """Events that the function of CODE printed. `enough` is set once three came, the first one twice."""

    events: list[dict[str, str]] = field(default_factory=list)
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    def log(self, _: Function, line: str) -> None:
        if line.startswith('{"version"'):
            self.events.append(json.loads(line))
            ids = [event["id"] for event in self.events]
            if len(set(ids)) >= 3 and ids.count(ids[0]) == 2:
                self.enough.set()


def _clock_with_minutes_of_half_a_second() -> Clock:
    begun = time.monotonic()
    return Clock(
        now=lambda: READY + timedelta(seconds=(time.monotonic() - begun) * 120),
        sleep=lambda seconds: asyncio.sleep(seconds / 120),
    )


@pytest.mark.processes
def test_scheduler_invokes_a_real_function_until_it_is_cancelled(tmp_path: Path) -> None:
    function = create_function(tmp_path, CODE, handler="main.handler")
    clock = _clock_with_minutes_of_half_a_second()
    said: list[str] = []

    async def scenario() -> list[dict[str, str]]:
        printed = PrintedEvents()
        runtime = await ProcessRuntime.create(
            [function], pythons=CurrentPython(), variables={}, limit=1, log=printed.log, data=tmp_path / "data"
        )
        try:
            await runtime.warm(lambda _: pytest.fail("its init failed"))
            scheduler = Scheduler(
                invoker=_asynchronous(runtime, clock, said),
                report=said.append,
                dead_letter=_fail,
                clock=clock,
                start_execution=_start_nothing,
            )
            run = asyncio.create_task(scheduler.run(RULE))
            await asyncio.wait_for(printed.enough.wait(), 60)
            run.cancel()
            await asyncio.wait([run])
        finally:
            await runtime.stop()
        return printed.events

    events = asyncio.run(scenario())
    by_id = {event["id"]: datetime.fromisoformat(event["time"]) for event in events}
    # Whole minutes apart, even on a busy machine.
    assert {(due - min(by_id.values())) % MINUTE for due in by_id.values()} == {timedelta()}
    assert len(set(by_id.values())) == len(by_id)
    assert "Fn failed (ValueError): retry in 60 s" in said
