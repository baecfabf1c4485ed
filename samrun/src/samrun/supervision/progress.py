"""Progress of work that takes seconds: one updating line on a terminal, and elsewhere a line before and one after."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from samrun.supervision.terminal import Terminal

_INTERVAL = 0.2  # seconds


@contextlib.asynccontextmanager
async def progress(terminal: Terminal, source: str, doing: str, done: str) -> AsyncIterator[None]:
    """Show what `source` is doing for as long as the context lasts, and at its end that it is done, and the time.

    After an error, it shows nothing more: whoever handles the error says what happened.
    """
    begun = time.monotonic()
    if not terminal.updates:
        terminal.step(source, f"{doing} …")
    updating = asyncio.create_task(_update(terminal, source, doing, begun)) if terminal.updates else None
    try:
        yield
    finally:
        if updating:
            updating.cancel()
            await asyncio.wait([updating])
    terminal.step(source, f"{done} in {time.monotonic() - begun:.1f} s")


async def _update(terminal: Terminal, source: str, doing: str, begun: float) -> None:
    try:
        while True:
            terminal.show_status(source, f"{time.monotonic() - begun:.0f} s: {doing} …")
            await asyncio.sleep(_INTERVAL)
    finally:
        terminal.clear_status()
