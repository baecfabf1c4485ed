"""Pool of one function's execution environments: reused when idle, started when needed, ended when the code changes."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from samrun.errors import SamrunError
from samrun.functions.execution_environment import ExecutionEnvironment, LogLine
from samrun.functions.invoker import InvocationOptions, InvocationResult
from samrun.functions.runtime_api import RuntimeResponse
from samrun.pythons.function_python import FunctionPython
from samrun.template.model.functions import Function

_T = TypeVar("_T")


class InitError(SamrunError):
    """The init of the function failed. `response` has the error as the function's callers get it."""

    def __init__(self, response: RuntimeResponse) -> None:
        super().__init__(response.payload.decode(errors="replace"))
        self.response = response


class EnvironmentPool:
    """Execution environments of a function. Each runs one invocation at a time.

    If all `limit` environments are busy, Lambda answers 429. Here the caller waits for a free one. Of a function that
    is debugged, one environment listens on the debugger's port until its process has ended, and then the next one.
    """

    def __init__(
        self,
        function: Function,
        python: FunctionPython | SamrunError,
        *,
        variables: Mapping[str, str],
        limit: int,
        log: LogLine,
    ) -> None:
        self.function = function
        self._python = python
        self._variables = variables
        self._limit = limit
        self._log = log
        self._environments: set[ExecutionEnvironment] = set()
        self._idle: list[ExecutionEnvironment] = []
        self._retired: set[ExecutionEnvironment] = set()
        self._waiting: deque[asyncio.Future[ExecutionEnvironment]] = deque()
        self._starts: dict[asyncio.Task[None], ExecutionEnvironment] = {}
        self._work: set[asyncio.Task[Any]] = set()
        self._debug_turn = asyncio.Lock() if function.debug_port else None

    async def warm(self) -> None:
        """Start one environment. Raises InitError."""
        self._release(await self._acquire())

    def warm_in_background(self) -> None:
        """Start one environment, and return at once. The log of the function says whether its init failed."""

        async def warm() -> None:
            with contextlib.suppress(InitError):
                await self.warm()

        self._in_background(warm())

    async def invoke(self, payload: bytes, options: InvocationOptions) -> InvocationResult:
        """Invoke the function. The invocation runs to its end even if the caller stops waiting."""
        return await asyncio.shield(self._in_background(self._run(payload, options)))

    async def retire(self, changed: Function, python: FunctionPython | SamrunError) -> None:
        """End every environment, a busy one after its invocation, because the function's code or packages changed."""
        self.function, self._python = changed, python
        idle, self._idle = self._idle, []
        starts, self._starts = self._starts, {}
        for start in starts:
            start.cancel()
        self._retired |= self._environments.difference(idle, starts.values())
        self._environments.clear()
        await asyncio.gather(*starts, return_exceptions=True)
        await asyncio.gather(*(environment.stop() for environment in (*idle, *starts.values())))
        for _ in starts:
            self._start_if_short()

    async def stop(self) -> None:
        """End every environment, busy or idle."""
        for start in self._starts:
            start.cancel()
        for waiting in self._waiting:
            waiting.cancel()
        environments, self._environments = self._environments | self._retired, set()
        self._limit = 0
        await asyncio.gather(*self._starts, return_exceptions=True)
        await asyncio.gather(*(environment.stop() for environment in environments))
        await asyncio.gather(*self._work, return_exceptions=True)

    async def _run(self, payload: bytes, options: InvocationOptions) -> InvocationResult:
        try:
            environment = await self._acquire()
        except InitError as error:
            return InvocationResult(
                request_id=options.request_id, payload=error.response.payload, function_error="Unhandled"
            )
        try:
            response = await environment.invoke(payload, options)
        finally:
            self._release(environment)
        return InvocationResult(
            request_id=options.request_id,
            payload=response.payload,
            function_error="Unhandled" if response.failed else None,
            log_tail=response.log_tail,
            metrics=response.metrics,
        )

    async def _acquire(self) -> ExecutionEnvironment:
        while self._idle:
            # Lambda too prefers the environment that was used last.
            environment = self._idle.pop()
            if environment.alive:
                return environment
            self._end(environment)
        waiting: asyncio.Future[ExecutionEnvironment] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        self._start_if_short()
        return await waiting

    def _start_if_short(self) -> None:
        if len(self._waiting) > len(self._starts) and len(self._environments) < self._limit:
            environment = ExecutionEnvironment(
                self.function, self._python, self._variables, self._log, self._debug_turn
            )
            self._environments.add(environment)
            self._starts[asyncio.create_task(self._start(environment))] = environment

    async def _start(self, environment: ExecutionEnvironment) -> None:
        try:
            failure = await environment.start()
        # No process or socket is available, a variable holds what no variable can (ValueError), or the function has no
        # Python. The caller must not wait for ever.
        except (OSError, ValueError, SamrunError) as error:
            failure = RuntimeResponse.error("Sandbox.StartFailed", str(error))
        finally:
            # Now and not when the task is done: `_start_if_short` must not count this start as one that still runs.
            self._starts = {start: each for start, each in self._starts.items() if each is not environment}
        if failure is None:
            self._release(environment)
        else:
            self._end(environment)
            if waiting := self._next_waiting():
                waiting.set_exception(InitError(failure))
            self._start_if_short()

    def _release(self, environment: ExecutionEnvironment) -> None:
        if environment not in self._environments or not environment.alive:
            # It died, or it was retired while it was busy.
            self._end(environment)
        elif waiting := self._next_waiting():
            waiting.set_result(environment)
        else:
            self._idle.append(environment)
        self._start_if_short()

    def _end(self, environment: ExecutionEnvironment) -> None:
        self._environments.discard(environment)
        self._retired.discard(environment)
        self._in_background(environment.stop())

    def _next_waiting(self) -> asyncio.Future[ExecutionEnvironment] | None:
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
