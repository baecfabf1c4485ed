"""Supervisor of a stack: it watches every part while the part runs, and ends the parts in the opposite order."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor

from starlette.types import ASGIApp

from samrun.supervision.browser_guard import Pages
from samrun.supervision.process import Process
from samrun.supervision.server import serving


class Supervisor:
    """Supervisor of the parts of a stack. The failure of one part cancels the body and ends all other parts."""

    def __init__(self, group: asyncio.TaskGroup, exits: contextlib.AsyncExitStack) -> None:
        self._group = group
        self._exits = exits

    async def start_process(self, start: Awaitable[Process]) -> Process:
        """Start a process and watch it. Its death is raised as ProcessDiedError."""
        process = await start
        self._exits.push_async_callback(process.stop)
        self.start_task(_raise_when_dead(process))
        return process

    def start_task(self, work: Coroutine[None, None, None]) -> None:
        """Start a coroutine that runs until it is cancelled."""
        self._exits.callback(self._group.create_task(work).cancel)

    def watch_task(self, work: Coroutine[None, None, None]) -> None:
        """Start a coroutine that ends by itself, at the latest when the stack ends."""
        self._group.create_task(work)

    def start_thread(self, name: str, run: Callable[[], None], stop: Callable[[], None]) -> None:
        """Start a thread with a function that blocks until `stop` is called."""
        thread = self.watch_thread(name, run)
        self._exits.push_async_callback(asyncio.wait, [thread])
        self._exits.callback(stop)

    def watch_thread(self, name: str, run: Callable[[], None]) -> "asyncio.Future[None]":
        """Start a thread that the caller ends, also before the stack does, and return the future of its end."""
        executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        thread = asyncio.get_running_loop().run_in_executor(executor, run)
        executor.shutdown(wait=False)  # it ends with this one call

        async def watch() -> None:
            # Shielded: the thread ends when `run` returns, and not because a waiting task is cancelled.
            await asyncio.shield(thread)

        self.watch_task(watch())
        return thread

    async def start_server(self, app: ASGIApp, listener: socket.socket, *, pages: Pages = Pages.NONE) -> None:
        """Serve a web application on a socket that listens, to programs and to `pages`."""
        await self._exits.enter_async_context(serving(app, listener, pages=pages))

    def on_exit(self, clean_up: Callable[[], object]) -> None:
        """Call `clean_up` when all parts that were started later have ended."""
        self._exits.callback(clean_up)

    def on_exit_await(self, clean_up: Callable[[], Awaitable[object]]) -> None:
        """Await `clean_up` when all parts that were started later have ended."""
        self._exits.push_async_callback(clean_up)


@contextlib.asynccontextmanager
async def supervise() -> AsyncIterator[Supervisor]:
    """Supervise the parts that the body starts, while the context lasts."""
    async with asyncio.TaskGroup() as group, contextlib.AsyncExitStack() as exits:
        yield Supervisor(group, exits)


async def _raise_when_dead(process: Process) -> None:
    raise await process.died()
