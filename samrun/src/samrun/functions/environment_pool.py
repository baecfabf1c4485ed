"""The environments of one function: reused when idle, started when needed, ended when its code changed."""

import asyncio
from collections import deque
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from local.invoker import PAYLOAD_LIMIT, Answer, PayloadTooLargeError
from local.lambdas.environment import Environment, LogLine
from local.lambdas.runtime_api import Outcome
from local.model import Function

_T = TypeVar("_T")


class InitError(Exception):
    """The function's init failed; `outcome` holds the error as the function's callers get it."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.payload.decode(errors="replace"))
        self.outcome = outcome


class Pool:
    """Runs the invocations of a function, each in an environment that nothing else uses meanwhile.

    Lambda would answer 429 over the limit on environments; here the caller waits for one to come free.
    """

    def __init__(self, function: Function, *, variables: Mapping[str, str], limit: int, log: LogLine) -> None:
        self.function = function
        self._variables = variables
        self._limit = limit
        self._log = log
        self._environments: set[Environment] = set()
        self._idle: list[Environment] = []
        self._retired: set[Environment] = set()
        self._waiting: deque[asyncio.Future[Environment]] = deque()
        self._starts: set[asyncio.Task[None]] = set()
        self._work: set[asyncio.Task[Any]] = set()

    async def warm(self) -> None:
        """Have one environment ready. Raises InitError."""
        self._release(await self._acquire())

    async def invoke(self, payload: bytes) -> Answer:
        """Invoke the function, to the end even if the caller gives up waiting. Raises PayloadTooLargeError."""
        if len(payload) > PAYLOAD_LIMIT:
            raise PayloadTooLargeError(
                f"{len(payload)} bytes for {self.function.name}: an invocation takes {PAYLOAD_LIMIT} at most"
            )
        return await asyncio.shield(self._in_background(self._run(payload)))

    async def retire(self) -> None:
        """End every environment, the busy ones after their invocation: the code has changed."""
        idle, self._idle = self._idle, []
        self._retired |= self._environments.difference(idle)
        self._environments.clear()
        await asyncio.gather(*(environment.stop() for environment in idle))

    async def stop(self) -> None:
        """End every environment, whatever it does."""
        for start in self._starts:
            start.cancel()
        for waiting in self._waiting:
            waiting.cancel()
        environments, self._environments = self._environments | self._retired, set()
        self._limit = 0
        await asyncio.gather(*self._starts, return_exceptions=True)
        await asyncio.gather(*(environment.stop() for environment in environments))
        await asyncio.gather(*self._work, return_exceptions=True)

    async def _run(self, payload: bytes) -> Answer:
        try:
            environment = await self._acquire()
        except InitError as error:
            return Answer(request_id="", payload=error.outcome.payload, function_error="Unhandled")
        try:
            request_id, outcome = await environment.invoke(payload)
        finally:
            self._release(environment)
        return Answer(
            request_id=request_id,
            payload=outcome.payload,
            function_error="Unhandled" if outcome.failed else None,
            log_tail=environment.log_tail,
        )

    async def _acquire(self) -> Environment:
        while self._idle:
            # The one used last: the others may come to rest, as in Lambda.
            environment = self._idle.pop()
            if environment.alive:
                return environment
            self._end(environment)
        waiting: asyncio.Future[Environment] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        self._start_if_short()
        return await waiting

    def _start_if_short(self) -> None:
        if len(self._waiting) > len(self._starts) and len(self._environments) < self._limit:
            environment = Environment(self.function, self._variables, self._log)
            self._environments.add(environment)
            self._starts.add(asyncio.create_task(self._start(environment)))

    async def _start(self, environment: Environment) -> None:
        try:
            failure = await environment.start()
        except OSError as error:  # no process or socket to be had; what waits must not wait for ever
            failure = Outcome.error("Sandbox.StartFailed", str(error))
        finally:
            # At once, not when the task is done: whoever waits next must not take it for one still under way.
            self._starts = {start for start in self._starts if start is not asyncio.current_task()}
        if failure is None:
            self._release(environment)
        else:
            self._end(environment)
            if waiting := self._next_waiting():
                waiting.set_exception(InitError(failure))
            self._start_if_short()

    def _release(self, environment: Environment) -> None:
        if environment not in self._environments or not environment.alive:
            # Retired while it was busy, or dead.
            self._end(environment)
        elif waiting := self._next_waiting():
            waiting.set_result(environment)
        else:
            self._idle.append(environment)
        self._start_if_short()

    def _end(self, environment: Environment) -> None:
        self._environments.discard(environment)
        self._retired.discard(environment)
        self._in_background(environment.stop())

    def _next_waiting(self) -> asyncio.Future[Environment] | None:
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                return waiting
        return None

    def _in_background(self, work: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        return task
