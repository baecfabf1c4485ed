"""Claims on notifications: the decisions before a send, carried out on the ledger.

Most notifications are new: so the first write claims or expires, and the ledger is not read before. The write's answer
is the entry, as it is now or as it stood in the way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.notify.domain.decisions import Hold, Reclaim, Wait, decide_claimed, decide_taken, decide_too_old

if TYPE_CHECKING:
    from datetime import datetime

    from functions.notify.domain.decisions import AfterClaim, Expire, Settled
    from functions.notify.domain.notification import Notification, UnknownPolicy
    from functions.notify.ledger.ledger import Ledger


def claim(
    ledger: Ledger,
    notification: Notification,
    *,
    owner: str,
    now: datetime,
    lease_until: datetime,
    policy: UnknownPolicy,
    replay: bool = False,
) -> AfterClaim:
    """Claim a notification if the state transition table allows it; return what the worker does next.

    Raises LedgerUnavailableError.
    """
    entry = ledger.claim(notification, owner=owner, now=now, lease_until=lease_until)
    decision = decide_taken(entry, owner=owner, now=now, policy=policy, replay=replay)
    match decision:
        case Hold():
            return decision if ledger.hold(entry, now=now) else Wait()
        case Reclaim(possible_duplicate=possible_duplicate, restarts=restarts):
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


def expire(ledger: Ledger, notification: Notification, *, owner: str, now: datetime) -> Expire | Settled:
    """Mark a notification as expired if the state transition table allows it; return what the worker does next.

    Raises LedgerUnavailableError.
    """
    return decide_too_old(ledger.mark_expired(notification, owner=owner, now=now), owner=owner)
