"""Which functions' files change while a stack runs."""

import asyncio
from collections.abc import AsyncIterator, Collection
from pathlib import Path

import watchfiles

from local.model import Function


async def changed(functions: Collection[Function], *, watching: asyncio.Event) -> AsyncIterator[list[Function]]:
    """Watch the functions' files for ever, and yield those that changed at a time.

    From `watching` on, no change goes unseen.
    """
    folders = {function.name: function.watched.resolve() for function in functions}
    # It yields after its timeout too, and only that tells that it watches.
    async for changes in watchfiles.awatch(*set(folders.values()), step=100, rust_timeout=200, yield_on_timeout=True):
        watching.set()
        paths = [Path(path) for _, path in changes]
        if found := [
            function for function in functions if any(path.is_relative_to(folders[function.name]) for path in paths)
        ]:
            yield found
