"""Claims on notifications: the decisions before a send, carried out on the ledger.

Most notifications are new: so the first write claims or expires, and the ledger is not read before. The write's answer
is the entry, as it is now or as it stood in the way.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from functions.notify.domain.decisions import (
    FinishWrite,
    Hold,
    Reclaim,
    Wait,
    decide_claimed,
    decide_taken,
    decide_too_old,
)
from functions.notify.domain.notification import Claim, Status
from functions.notify.ledger.unavailable import LedgerUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from functions.notify.domain.decisions import AfterClaim, Expire, Settled
    from functions.notify.domain.notification import Notification, UnknownPolicy
    from functions.notify.ledger.ledger import Ledger
    from functions.notify.notifying.pending_writes import PendingWrites


def claim(
    ledger: Ledger,
    pending_writes: PendingWrites,
    notification: Notification,
    *,
    owner: str,
    now: datetime,
    lease_until: datetime,
    policy: UnknownPolicy,
    replay: bool = False,
) -> AfterClaim:
    """Claim a notification if the state transition table allows it; return what the worker does next.

    A claim whose answer was lost is undone, at once or later, and nothing is sent under it. Raises
    LedgerUnavailableError.
    """
    lost = Claim(notification=notification, owner=owner, attempts=1, possible_duplicate=False)
    while True:
        with _undone_if_lost(lost, ledger, pending_writes, to=Status.WAITING, now=now):
            entry = ledger.claim(notification, owner=owner, now=now, lease_until=lease_until)
        has_pending_write = pending_writes.has(entry.claim)
        decision = decide_taken(
            entry, owner=owner, now=now, policy=policy, replay=replay, has_pending_write=has_pending_write
        )
        if not isinstance(decision, FinishWrite):
            break
        pending_writes.finish(entry.claim)
    match decision:
        case Hold():
            return decision if ledger.hold(entry, now=now) else Wait()
        case Reclaim(possible_duplicate=possible_duplicate, restarts=restarts):
            # A person decided on this claim. Without it, no delivery may send the notification, as before.
            to = Status(entry.status) if restarts else Status.WAITING
            with _undone_if_lost(lost, ledger, pending_writes, to=to, now=now):
                reclaimed = ledger.reclaim(
                    entry,
                    owner=owner,
                    now=now,
                    lease_until=lease_until,
                    possible_duplicate=possible_duplicate,
                    restarts=restarts,
                )
            return decide_claimed(reclaimed.claim) if reclaimed else Wait()
    return decision


def expire(
    ledger: Ledger, pending_writes: PendingWrites, notification: Notification, *, owner: str, now: datetime
) -> Expire | Settled:
    """Mark a notification as expired if the state transition table allows it; return what the worker does next.

    Raises LedgerUnavailableError.
    """
    while True:
        entry = ledger.mark_expired(notification, owner=owner, now=now)
        decision = decide_too_old(entry, owner=owner, has_pending_write=pending_writes.has(entry.claim))
        if not isinstance(decision, FinishWrite):
            return decision
        pending_writes.finish(entry.claim)


@contextmanager
def _undone_if_lost(
    lost: Claim, ledger: Ledger, pending_writes: PendingWrites, *, to: Status, now: datetime
) -> Iterator[None]:
    """Undo the claim that is made in this context, once the ledger answers, if its own answer is lost."""
    try:
        yield
    except LedgerUnavailableError:
        pending_writes.add(lost, partial(ledger.undo, lost, to=to, now=now), is_lost_claim=True)
        raise
