"""What of a stack runs: every part is watched while it runs, and ended in the opposite order of the starts."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor

from starlette.types import ASGIApp

from local.process import Process
from local.server import serving


class Parts:
    """Takes parts as they are started. The failure of one cancels the task that started them, and ends the rest."""

    def __init__(self, group: asyncio.TaskGroup, exits: contextlib.AsyncExitStack) -> None:
        self._group = group
        self._exits = exits

    async def process(self, start: Awaitable[Process]) -> Process:
        """Take a process; its death is raised as ProcessDiedError."""
        process = await start
        self._exits.push_async_callback(process.stop)
        self.task(_raise_when_dead(process))
        return process

    def task(self, work: Coroutine[None, None, None]) -> None:
        """Take a coroutine that goes on until it is cancelled."""
        self._exits.callback(self._group.create_task(work).cancel)

    def thread(self, name: str, run: Callable[[], None], stop: Callable[[], None]) -> None:
        """Take a function that blocks until `stop` is called."""
        executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        thread = asyncio.get_running_loop().run_in_executor(executor, run)

        async def watch() -> None:
            # Shielded: a thread ends by `stop` and not because somebody no longer waits for it.
            await asyncio.shield(thread)

        self._group.create_task(watch())
        self._exits.push_async_callback(asyncio.wait, [thread])
        self._exits.callback(stop)

    async def server(self, app: ASGIApp, listener: socket.socket) -> None:
        """Take a web application, served on a socket that listens."""
        await self._exits.enter_async_context(serving(app, listener))

    def at_end(self, end: Callable[[], object]) -> None:
        """Call `end` when all that was taken later has ended."""
        self._exits.callback(end)

    def at_end_wait(self, end: Callable[[], Awaitable[object]]) -> None:
        """Await `end` when all that was taken later has ended."""
        self._exits.push_async_callback(end)


@contextlib.asynccontextmanager
async def parts() -> AsyncIterator[Parts]:
    """Take parts for as long as the context lasts."""
    async with asyncio.TaskGroup() as group, contextlib.AsyncExitStack() as exits:
        yield Parts(group, exits)


async def _raise_when_dead(process: Process) -> None:
    raise await process.died()
