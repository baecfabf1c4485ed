"""Cases of the state transition tables of notify in docs/architecture.md.

An id says in short what the row says of its case; tests/test_tables_of_states.py has the rows, and names their cases.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.notify.domain.decisions import (
    PAUSE_AFTER_REFUSAL,
    Decision,
    Expire,
    FinishWrite,
    GiveUp,
    Hold,
    MakeClaim,
    MarkSent,
    MarkUnknown,
    Reclaim,
    Release,
    Send,
    Settled,
    Wait,
)
from functions.notify.domain.notification import Claim, Entry, Notification, Status, UnknownPolicy
from functions.notify.domain.send_errors import (
    AnswerLostError,
    DeferredError,
    RefusedError,
    RenderError,
    ThrottledError,
    UnlistedRefusalError,
)
from tests.notify.fakes import NOW

OURS, THEIRS = "request-2/order-events-0-7", "request-1/order-events-0-7"
RESEND, HOLD = UnknownPolicy.RESEND, UnknownPolicy.HOLD
SECOND = timedelta(seconds=1)
MAX_AGE = timedelta(days=3)
OLDEST_REPLAY = timedelta(days=29)
CLAIMED = Entry(
    notification=Notification(key="ord_1", event_id="event-1", channel="mail"),
    status=Status.CLAIMED,
    owner=THEIRS,
    attempts=1,
    lease_until=NOW + SECOND,
)
LEASE_OVER = replace(CLAIMED, lease_until=NOW)
UNKNOWN = replace(CLAIMED, status=Status.UNKNOWN)
MINE = replace(CLAIMED, owner=OURS)
PAUSING = Wait(reason="the provider has refused it, and the pause before the next attempt is not over")
# Statuses that SES reports, the lowest rank first.
RANKS = ["delayed", "soft_bounced", "rejected", "delivered", "bounced", "complained"]
FINAL = ["sent", "failed", "expired", *RANKS]


def row(words: str, found: Entry | None, decision: Decision, **situation: Any) -> Any:
    return pytest.param(found, situation, decision, id=words)


def in_status(status: str, **changes: Any) -> Entry:
    return replace(CLAIMED, status=status, **changes)


# The entry that the worker finds, its situation, and the decision.
FOUND = [
    row("nothing: claim", None, MakeClaim()),
    row("nothing: claim; then, as the owner: render, send", MINE, Send(claim=MINE.claim)),
    row("claimed, lease running, other owner: nothing", CLAIMED, Wait()),
    row("claimed, lease running, other owner: nothing, policy hold", CLAIMED, Wait(), policy=HOLD),
    row(
        "claimed, lease over (its sender died): policy resend: reclaim, possible_duplicate",
        LEASE_OVER,
        Reclaim(possible_duplicate=True),
    ),
    row("claimed, lease over (its sender died): policy hold: mark unknown", LEASE_OVER, Hold(), policy=HOLD),
    row(
        "the answer was lost: policy resend: reclaim, possible_duplicate",
        UNKNOWN,
        Reclaim(possible_duplicate=True),
    ),
    row("the answer was lost: policy hold: mark unknown", UNKNOWN, Hold(), policy=HOLD),
    row(
        "attempts already 3, this claim is the fourth: failed, to the dead letters",
        replace(MINE, attempts=4),
        GiveUp(claim=replace(MINE, attempts=4).claim, reason="no attempt to send got an answer"),
    ),
    row(
        "attempts already 2, this claim is the third: send",
        replace(MINE, attempts=3),
        Send(claim=replace(MINE, attempts=3).claim),
    ),
    row("waiting: claim", in_status("waiting"), MakeClaim()),
    row("waiting, lease over: claim", in_status("waiting", lease_until=NOW - SECOND), MakeClaim(), policy=HOLD),
    row(
        "waiting, the pause after a refusal runs: nothing",
        in_status("waiting", retry_at=NOW + SECOND),
        PAUSING,
    ),
    row(
        "waiting, the pause after a refusal runs: nothing, policy hold, replay",
        in_status("waiting", retry_at=NOW + SECOND),
        PAUSING,
        policy=HOLD,
        replay=True,
    ),
    row("waiting, the pause after a refusal is over: claim", in_status("waiting", retry_at=NOW), MakeClaim()),
    *(
        row(
            f"{words}, this environment owes a write about it: finish the write, policy {policy}, replay {replay}",
            found,
            FinishWrite(),
            has_pending_write=True,
            policy=policy,
            replay=replay,
        )
        for words, found in [
            ("claimed, lease running", CLAIMED),
            ("claimed, lease over", LEASE_OVER),
            ("held", UNKNOWN),
        ]
        for policy in UnknownPolicy
        for replay in (False, True)
    ),
    row(
        "claimed, this environment owes a write about it, event older than MaximumEventAgeSeconds: finish the write",
        LEASE_OVER,
        FinishWrite(),
        has_pending_write=True,
        age=MAX_AGE + SECOND,
    ),
    *(
        row(
            f"{status}, this environment owed a write about it: as if it did not",
            in_status(status),
            Settled(status=status),
            has_pending_write=True,
        )
        for status in FINAL
    ),
    row(
        "waiting, this environment owed a write about it: as if it did not",
        in_status("waiting"),
        MakeClaim(),
        has_pending_write=True,
    ),
    row("event older than MaximumEventAgeSeconds: expired, not sent", None, Expire(), age=MAX_AGE + SECOND),
    row(
        "event older than MaximumEventAgeSeconds: waiting: expired, not sent",
        in_status("waiting"),
        Expire(),
        age=MAX_AGE + SECOND,
    ),
    row(
        "event older than MaximumEventAgeSeconds: waiting, the pause after a refusal runs: expired, not sent",
        in_status("waiting", retry_at=NOW + SECOND),
        Expire(),
        age=MAX_AGE + SECOND,
    ),
    row(
        "event older than MaximumEventAgeSeconds: expired by the same worker: expired, not sent",
        in_status("expired", owner=OURS),
        Expire(),
        age=MAX_AGE + SECOND,
    ),
    *(
        row(
            f"event older than MaximumEventAgeSeconds: {status}: left as it is",
            in_status(status),
            Settled(status=status),
            age=MAX_AGE + SECOND,
        )
        for status in ["claimed", "unknown", *FINAL]
    ),
    row(
        "event older than MaximumEventAgeSeconds: claimed, lease over, policy hold: left as it is",
        LEASE_OVER,
        Settled(status="claimed"),
        age=MAX_AGE + SECOND,
        policy=HOLD,
    ),
    row("event as old as MaximumEventAgeSeconds: claim", None, MakeClaim(), age=MAX_AGE),
    *(row(f"{status}: nothing", in_status(status), Settled(status=status)) for status in FINAL),
    row("held: nothing is sent; mark unknown and log the error again", UNKNOWN, Hold(), policy=HOLD),
    row(
        "held, attempts already 3: nothing is sent; mark unknown and log the error again",
        replace(UNKNOWN, attempts=3),
        Hold(),
        policy=HOLD,
    ),
    row(
        "record carries the header replay: nothing found, event 29 days old: claim",
        None,
        MakeClaim(),
        replay=True,
        age=OLDEST_REPLAY,
    ),
    row(
        "record carries the header replay: nothing found, event older than 29 days: expired, not sent",
        None,
        Expire(),
        replay=True,
        age=OLDEST_REPLAY + SECOND,
    ),
    row(
        "record carries the header replay: event as old as a longer MaximumEventAgeSeconds: claim",
        None,
        MakeClaim(),
        replay=True,
        age=2 * OLDEST_REPLAY,
        max_age=2 * OLDEST_REPLAY,
    ),
    row(
        "record carries the header replay: failed may be claimed again",
        in_status("failed", attempts=4),
        Reclaim(possible_duplicate=False, restarts=True),
        replay=True,
    ),
    row(
        "record carries the header replay: failed may be claimed again, event 29 days old",
        in_status("failed"),
        Reclaim(possible_duplicate=False, restarts=True),
        replay=True,
        age=OLDEST_REPLAY,
    ),
    *(
        row(
            f"record carries the header replay: {status}, event older than 29 days: left as it is",
            in_status(status),
            Settled(status=status),
            replay=True,
            policy=HOLD,
            age=OLDEST_REPLAY + SECOND,
        )
        for status in ["failed", "unknown"]
    ),
    row(
        "record carries the header replay: held may be claimed again",
        UNKNOWN,
        Reclaim(possible_duplicate=True, restarts=True),
        replay=True,
        policy=HOLD,
    ),
    row("record carries the header replay: claimed, lease running: as above", CLAIMED, Wait(), replay=True),
    row(
        "record carries the header replay: claimed, lease over: as above",
        LEASE_OVER,
        Reclaim(possible_duplicate=True),
        replay=True,
    ),
    row(
        "record carries the header replay: claimed, lease over, hold: as above",
        LEASE_OVER,
        Hold(),
        replay=True,
        policy=HOLD,
    ),
    *(
        row(
            f"record carries the header replay: {status}: as above",
            in_status(status),
            Settled(status=status),
            replay=True,
        )
        for status in FINAL
        if status != "failed"
    ),
]

CLAIM = Claim(notification=CLAIMED.notification, owner=OURS, attempts=1, possible_duplicate=False)

# The error of a send, the policy, and the decision about a first attempt.
AFTER_SEND = [
    pytest.param(None, RESEND, MarkSent(), id="sent: mark sent"),
    pytest.param(
        AnswerLostError("ReadTimeoutError"),
        RESEND,
        MarkUnknown(reason="ReadTimeoutError", then=Wait(), counts=True),
        id="the answer was lost: unknown; policy resend: failed",
    ),
    pytest.param(
        AnswerLostError("ReadTimeoutError"),
        HOLD,
        MarkUnknown(reason="ReadTimeoutError", then=Hold(), counts=True),
        id="the answer was lost: unknown; policy hold: held",
    ),
    *(
        pytest.param(
            error("why"),
            policy,
            Release(reason="why", counts=False),
            id=f"SES says later ({error.__name__}, {policy}): waiting",
        )
        for error in (DeferredError, ThrottledError)
        for policy in UnknownPolicy
    ),
    *(
        pytest.param(
            error("why"),
            policy,
            GiveUp(claim=CLAIM, reason="why"),
            id=f"permanent ({error.__name__}, {policy}): to the dead letters, then failed",
        )
        for error in (RenderError, RefusedError)
        for policy in UnknownPolicy
    ),
    *(
        pytest.param(
            UnlistedRefusalError("why"),
            policy,
            Release(reason="why", counts=True, pause=PAUSE_AFTER_REFUSAL),
            id=f"refused with a code that is not listed ({policy}): waiting, after a pause",
        )
        for policy in UnknownPolicy
    ),
]

# The attempts of a claim whose send was refused with a code that is not listed, and the decision.
REFUSALS = [
    pytest.param(
        1,
        Release(reason="why", counts=True, pause=PAUSE_AFTER_REFUSAL),
        id="refused with a code that is not listed, attempt 1: counts, and waits",
    ),
    pytest.param(
        2,
        Release(reason="why", counts=True, pause=2 * PAUSE_AFTER_REFUSAL),
        id="refused with a code that is not listed, attempt 2: counts, and waits twice as long",
    ),
    *(
        pytest.param(
            attempts,
            GiveUp(claim=replace(CLAIM, attempts=attempts), reason="why"),
            id=f"refused with a code that is not listed, attempt {attempts}: to the dead letters, then failed",
        )
        for attempts in (3, 4)
    ),
]

# The error of a send, whether the provider has accepted another message, and whether the claim counts as an attempt.
ATTEMPTS = [
    pytest.param(AnswerLostError("why"), True, True, id="attempts: an answer lost while somebody else got one counts"),
    pytest.param(
        AnswerLostError("why"), False, False, id="attempts: an answer lost while nobody else got one does not count"
    ),
    *(
        pytest.param(error("why"), True, False, id=f"attempts: waiting ({error.__name__}) does not count")
        for error in (DeferredError, ThrottledError)
    ),
]
