"""Changes of the inbox as server-sent events, with the JSON of Mailpit's websocket: a `Type` and its `Data`.

new      the summary of a mail that arrived
update   {"ID", "Read", "Tags"} of a mail whose state changed
delete   {"ID"} of a mail that was deleted
prune    null: many mails were deleted, so load the list again
stats    {"Total", "Unread", "Version"} after each change, and in the beginning
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

import samrun
from samrun.console.inbox import schemas
from samrun.console.inbox.inbox import Inbox
from samrun.services.mail_store import MailEntry

# Seconds.
_INTERVAL = 0.5
_KEEP_ALIVE = 15.0
# Mails; Mailpit says "prune" instead of more deletions.
_MAX_DELETIONS = 200


def inbox_events(inbox: Inbox) -> StreamingResponse:
    """Return the answer that goes on until the client leaves."""
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    return StreamingResponse(_lines(inbox), media_type="text/event-stream", headers=headers)


async def _lines(inbox: Inbox) -> AsyncIterator[str]:
    known = await run_in_threadpool(lambda: _states(inbox))
    yield _line("stats", _stats(known))
    silent = 0.0
    while True:
        await asyncio.sleep(_INTERVAL)
        before, known = known, await run_in_threadpool(lambda: _states(inbox))
        silent += _INTERVAL
        if known == before:
            if silent >= _KEEP_ALIVE:
                silent = 0.0
                yield ": nothing new\n\n"
            continue
        silent = 0.0
        for line in await run_in_threadpool(lambda old, new: list(_changes(inbox, old, new)), before, known):
            yield line


def _states(inbox: Inbox) -> Mapping[str, tuple[MailEntry, tuple[str, ...]]]:
    """Return the entry and the tags of each mail, newest first."""
    return {entry.id: (entry, inbox.store.tags(entry)) for entry in inbox.entries()}


def _changes(
    inbox: Inbox,
    before: Mapping[str, tuple[MailEntry, tuple[str, ...]]],
    now: Mapping[str, tuple[MailEntry, tuple[str, ...]]],
) -> Iterator[str]:
    deleted = [identifier for identifier in before if identifier not in now]
    if len(deleted) > _MAX_DELETIONS:
        yield _line("prune", None)
    else:
        yield from (_line("delete", {"ID": identifier}) for identifier in deleted)
    for identifier, (entry, tags) in reversed(list(now.items())):
        if identifier not in before:
            if summary := inbox.summary(entry):
                yield _line("new", schemas.message_summary(summary))
        elif before[identifier] != (entry, tags):
            yield _line("update", {"ID": identifier, "Read": entry.read, "Tags": list(tags)})
    yield _line("stats", _stats(now))


def _stats(states: Mapping[str, tuple[MailEntry, tuple[str, ...]]]) -> Mapping[str, Any]:
    unread = sum(not entry.read for entry, _ in states.values())
    return {"Total": len(states), "Unread": unread, "Version": samrun.__version__}


def _line(kind: str, data: Any) -> str:
    return f"data: {json.dumps({'Type': kind, 'Data': data})}\n\n"
