"""Decisions about a notification: the state transition tables in docs/architecture.md, as pure functions.

`decide_after_send` reads the table for a notification that the worker tried to send; `decide`, for one that it finds.

The worker does not call `decide`, because it reads no entry before its first write. It takes the same decision in
steps: `is_too_old` chooses the write, DynamoDB's condition is `is_free`, and `decide_too_old` or `decide_taken` decides
about the entry that the write made or found (notifying/claiming.py). tests/notify/test_ledger.py proves that the steps
decide as `decide` does, for all rows of the table.

An environment remembers what it could not write to the ledger, because DynamoDB did not answer: the release of a claim
that it did not use, the mark of a message that it sent. `has_pending_write` says that the entry which was found still
has the claim of such an owner (notifying/pending_writes.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from functions.notify.domain.notification import RETENTION, Status, UnknownPolicy
from functions.notify.domain.send_errors import AnswerLostError, DeferredError, UnlistedRefusalError

if TYPE_CHECKING:
    from datetime import datetime

    from functions.notify.domain.notification import Claim, Entry
    from functions.notify.domain.send_errors import RefusedError, RenderError

MAX_ATTEMPTS = 3
# The ledger must still know what was sent. The day is to spare.
MAX_AGE_OF_REPLAY = RETENTION - timedelta(days=1)
# A disturbance of the provider, with a code that nobody has listed, should be over before the attempts are.
PAUSE_AFTER_REFUSAL = timedelta(minutes=2)


@dataclass(frozen=True, kw_only=True)
class Expire:
    """Decision to mark it `expired`: its event is too old, and nobody has claimed it."""


@dataclass(frozen=True, kw_only=True)
class MakeClaim:
    """Decision to claim it: it is new, or it waits."""


@dataclass(frozen=True, kw_only=True)
class Reclaim:
    """Decision to claim it again, from the owner that the entry names. With `restarts`, its attempts start at one."""

    possible_duplicate: bool
    restarts: bool = False


@dataclass(frozen=True, kw_only=True)
class Send:
    """Decision to render and send it: the claim is ours."""

    claim: Claim


@dataclass(frozen=True, kw_only=True)
class GiveUp:
    """Decision to put its record into the dead letters and then mark it `failed`: the claim is ours."""

    claim: Claim
    reason: str


@dataclass(frozen=True, kw_only=True)
class FinishWrite:
    """Decision to repeat the write that this environment could not make about the owner, and then to decide again."""


@dataclass(frozen=True, kw_only=True)
class Wait:
    """Decision to do nothing, because another worker has the claim, or a pause runs. Lambda retries the record."""

    reason: str = "another worker has the claim"


@dataclass(frozen=True, kw_only=True)
class Hold:
    """Decision to mark it `unknown` for a person to decide: it may have been sent."""


@dataclass(frozen=True, kw_only=True)
class Settled:
    """Decision to do nothing: it has a final status, or its event is too old and it has any status but `waiting`."""

    status: str


NotClaimed = Wait | Hold | Settled
AfterClaim = Send | GiveUp | NotClaimed
Decision = Expire | MakeClaim | Reclaim | FinishWrite | AfterClaim


@dataclass(frozen=True, kw_only=True)
class MarkSent:
    """Decision to mark it `sent`."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """Decision to release the claim: it is `waiting`, and Lambda retries the record. If `counts`, it is an attempt.

    Nobody claims it before the end of the `pause`.
    """

    reason: str
    counts: bool
    pause: timedelta = timedelta()


@dataclass(frozen=True, kw_only=True)
class MarkUnknown:
    """Decision to mark it `unknown`: the answer was lost. The policy sets `then`. If `counts`, it is an attempt."""

    reason: str
    then: Wait | Hold
    counts: bool


AfterSend = MarkSent | GiveUp | Release | MarkUnknown


def decide(
    found: Entry | None,
    *,
    owner: str,
    now: datetime,
    policy: UnknownPolicy,
    replay: bool = False,
    age: timedelta = timedelta(),
    max_age: timedelta = timedelta.max,
    has_pending_write: bool = False,
) -> Decision:
    """Decide what the worker `owner` does about a notification; `found` is its entry in the ledger, if it has one.

    `age` is that of the event. `replay` says that the record has the header `replay`.
    """
    if is_too_old(age, max_age=max_age, replay=replay):
        return decide_too_old(found, owner=owner, has_pending_write=has_pending_write)
    if found is None or is_free(found, now=now):
        return MakeClaim()
    return decide_taken(found, owner=owner, now=now, policy=policy, replay=replay, has_pending_write=has_pending_write)


def is_too_old(age: timedelta, *, max_age: timedelta, replay: bool) -> bool:
    """Tell whether an event of this age is too old to be sent. A replay may be older than other records."""
    return age > (max(max_age, MAX_AGE_OF_REPLAY) if replay else max_age)


def decide_too_old(
    found: Entry | None, *, owner: str, has_pending_write: bool = False
) -> Expire | FinishWrite | Settled:
    """Decide about a notification whose event is too old: it expires if nobody has claimed it.

    Any other entry stays as it is. If `owner` itself has marked the entry as expired, the decision is Expire again.
    """
    if found is None or found.status == Status.WAITING or found.is_as(Status.EXPIRED, owner):
        return Expire()
    if has_pending_write and is_unfinished(found):
        return FinishWrite()
    return Settled(status=found.status)


def is_free(found: Entry, *, now: datetime) -> bool:
    """Tell whether a worker may claim the entry. The ledger's condition _IS_FREE is this rule."""
    return found.status == Status.WAITING and found.retry_at <= now


def is_unfinished(found: Entry) -> bool:
    """Tell whether a write about the owner's claim can still be missing: the claim, or what others made of it."""
    return found.status in {Status.CLAIMED, Status.UNKNOWN}


def decide_taken(
    found: Entry,
    *,
    owner: str,
    now: datetime,
    policy: UnknownPolicy,
    replay: bool = False,
    has_pending_write: bool = False,
) -> Reclaim | FinishWrite | AfterClaim:
    """Decide about a notification that is not free: a worker has claimed it before, perhaps `owner` itself."""
    if found.is_as(Status.CLAIMED, owner):
        return decide_claimed(found.claim)
    if has_pending_write and is_unfinished(found):
        return FinishWrite()
    if found.status == Status.WAITING:
        return Wait(reason="the provider has refused it, and the pause before the next attempt is not over")
    is_unknown = found.status == Status.UNKNOWN or (found.status == Status.CLAIMED and found.lease_until <= now)
    if replay and found.status in {Status.FAILED, Status.UNKNOWN}:
        return Reclaim(possible_duplicate=is_unknown, restarts=True)
    if not is_unknown:
        return Wait() if found.status == Status.CLAIMED else Settled(status=found.status)
    return Hold() if policy is UnknownPolicy.HOLD else Reclaim(possible_duplicate=True)


def decide_claimed(claim: Claim) -> Send | GiveUp:
    """Decide what follows a claim that the worker has made."""
    if is_exhausted(claim):
        return GiveUp(claim=claim, reason="no attempt to send got an answer")
    return Send(claim=claim)


def is_exhausted(claim: Claim) -> bool:
    """Tell whether a claim has no attempt left: MAX_ATTEMPTS earlier attempts got no answer."""
    return claim.attempts > MAX_ATTEMPTS


def decide_after_send(
    error: DeferredError | UnlistedRefusalError | RefusedError | AnswerLostError | RenderError | None,
    *,
    claim: Claim,
    policy: UnknownPolicy,
    provider_answers: bool,
) -> AfterSend:
    """Decide what follows a send; `error` is None if the provider took the message.

    `provider_answers` says that the provider has accepted another message since the last lost answer.
    """
    if error is None:
        return MarkSent()
    if isinstance(error, DeferredError):
        return Release(reason=str(error), counts=False)
    if isinstance(error, UnlistedRefusalError) and claim.attempts < MAX_ATTEMPTS:
        return Release(reason=str(error), counts=True, pause=claim.attempts * PAUSE_AFTER_REFUSAL)
    if isinstance(error, AnswerLostError):
        then = Hold() if policy is UnknownPolicy.HOLD else Wait()
        return MarkUnknown(reason=str(error), then=then, counts=provider_answers)
    return GiveUp(claim=claim, reason=str(error))
