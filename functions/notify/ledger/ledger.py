"""The ledger of notifications: who sends which one, and what became of it. One DynamoDB item each.

A notification is `claimed` by whoever sends it, and then `sent` or `failed`. It is `waiting` if SES said later,
`unknown` if SES's answer was lost, `expired` if it was too old. A claim whose lease is over is unknown too: its
sender died. Every write has a condition on what it follows from, so that of two senders one wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from functions.notify.aws import CALL_ERRORS, name_of
from functions.notify.statements import Statement, Statements

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEPT = timedelta(days=30)
MAXIMUM_ATTEMPTS = 3

Attributes = Mapping[str, Any]

_AS_FOUND = "#status = :found_status AND #owner = :found_owner"


class Status(StrEnum):
    """Where a notification stands. SES's feedback adds further ones (outcomes.py), which are as final as `sent`."""

    CLAIMED = "claimed"
    WAITING = "waiting"
    UNKNOWN = "unknown"
    SENT = "sent"
    FAILED = "failed"
    EXPIRED = "expired"


class UnknownPolicy(StrEnum):
    """What to do where nobody knows whether a notification went out."""

    RESEND = "resend"
    HOLD = "hold"


class LedgerUnavailableError(Exception):
    """DynamoDB has not written, or has not said so; the message is the error's name."""


@dataclass(frozen=True, kw_only=True)
class Notification:
    """One event told over one channel. `event_type` is for those who read the ledger."""

    order_id: str
    event_id: str
    channel: str
    event_type: str | None = None

    @property
    def id(self) -> str:
        """The ledger's name for it, unique within the order."""
        return f"{self.event_id}#{self.channel}"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to send a notification, which its owner alone has."""

    notification: Notification
    owner: str
    attempts: int
    possible_duplicate: bool

    @property
    def is_exhausted(self) -> bool:
        """Whether this claim is only there to give up: every claim that might send ended without a word."""
        return self.attempts > MAXIMUM_ATTEMPTS


@dataclass(frozen=True, kw_only=True)
class Found:
    """A notification that is not to be sent now: `claimed` by another, held as `unknown`, or settled."""

    status: str


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """The table of notifications. A write that its client repeats finds its own work and takes it as done.

    What nearly every notification needs, a first claim and the mark that it is sent, is written together with what
    other threads write, by `statements`; whatever does not come off so is written alone, and looked into.

    Every method raises LedgerUnavailableError.
    """

    client: DynamoDBClient
    table: str
    statements: Statements | None = None
    unknown_policy: UnknownPolicy = UnknownPolicy.RESEND

    def claim(
        self,
        notification: Notification,
        *,
        owner: str,
        now: datetime,
        lease_until: datetime,
        replay: bool = False,
    ) -> Claim | Found:
        """Claim a notification that is new, waiting, or left behind by a sender that died.

        `owner` names one try of one record. Once `lease_until` is past, the claim is anybody's. With `replay`, a
        failed or held notification is claimed like a new one.
        """
        claim = {
            "status": {"S": Status.CLAIMED},
            "owner": {"S": owner},
            "lease_until": {"N": str(lease_until.timestamp())},
            **_type_of(notification),
            **_stamps(now),
        }
        if self._insert(notification, {**claim, "attempts": {"N": "1"}}):
            return Claim(notification=notification, owner=owner, attempts=1, possible_duplicate=False)
        won, item = self._update(
            notification,
            claim,
            attempts=1,
            condition="attribute_not_exists(order_id) OR #status = :waiting",
            given={":waiting": {"S": Status.WAITING}},
        )
        found = _Entry.read(item)
        if won or found.is_as(Status.CLAIMED, owner):
            return found.claim(notification)
        if found.is_left_behind(now):
            claim["possible_duplicate"] = {"BOOL": True}
        if replay and found.status in {Status.FAILED, Status.UNKNOWN}:
            return self._take_over(notification, found, claim, attempts=1 - found.attempts)
        if not found.is_left_behind(now):
            return Found(status=found.status)
        if self.unknown_policy is UnknownPolicy.HOLD:
            return self._hold(notification, found, now)
        return self._take_over(notification, found, claim, attempts=1)

    def mark_sent(self, claim: Claim, *, provider_id: str, now: datetime, together: bool = True) -> bool:
        """Settle a claim; False if it was no longer the owner's.

        Unless `together`, it is written alone at once: while DynamoDB hangs, that takes half as long.
        """
        sent: Attributes = {"provider_id": {"S": provider_id}, "sent_at": {"S": now.isoformat()}}
        if together and self._settle_together(claim, Status.SENT, now, sent):
            return True
        return self._settle(claim, Status.SENT, now, **sent)

    def mark_failed(self, claim: Claim, *, reason: str, now: datetime) -> bool:
        """Settle a claim whose notification will never be sent; False if it was no longer the owner's."""
        return self._settle(claim, Status.FAILED, now, reason={"S": reason})

    def mark_unknown(self, claim: Claim, *, counts: bool = True, now: datetime) -> bool:
        """Leave a claim behind at once: the answer to its send was lost. False if it was no longer the owner's.

        Unless it `counts`, it was no attempt: the provider answered nobody.
        """
        return self._settle(claim, Status.UNKNOWN, now, attempts=0 if counts else -1)

    def give_back(self, claim: Claim, *, now: datetime) -> bool:
        """Let the notification wait, as if never claimed. False if the claim was no longer the owner's."""
        return self._settle(claim, Status.WAITING, now, attempts=-1)

    def mark_expired(self, notification: Notification, *, owner: str, now: datetime) -> None:
        """Settle a notification that is too old to send, unless it was claimed before."""
        self._update(
            notification,
            {"status": {"S": Status.EXPIRED}, "owner": {"S": owner}, **_type_of(notification), **_stamps(now)},
            condition="attribute_not_exists(order_id) OR #status = :waiting",
            given={":waiting": {"S": Status.WAITING}},
        )

    def _take_over(
        self, notification: Notification, found: _Entry, claim: Attributes, *, attempts: int
    ) -> Claim | Found:
        won, item = self._update(notification, claim, attempts=attempts, condition=_AS_FOUND, given=found.as_given())
        if won or (item and _Entry.read(item).is_as(Status.CLAIMED, claim["owner"]["S"])):
            return _Entry.read(item).claim(notification)
        return Found(status=Status.CLAIMED)

    def _hold(self, notification: Notification, found: _Entry, now: datetime) -> Found:
        held = {"status": {"S": Status.UNKNOWN}, "owner": {"S": found.owner}, **_stamps(now)}
        won, _ = self._update(notification, held, condition=_AS_FOUND, given=found.as_given())
        return Found(status=Status.UNKNOWN if won else Status.CLAIMED)

    def _settle(self, claim: Claim, status: Status, now: datetime, *, attempts: int = 0, **also: Attributes) -> bool:
        won, item = self._update(
            claim.notification,
            {"status": {"S": status}, "owner": {"S": claim.owner}, **_stamps(now), **also},
            attempts=attempts,
            condition="#status = :claimed AND #owner = :owner",
            given={":claimed": {"S": Status.CLAIMED}},
        )
        return won or (bool(item) and _Entry.read(item).is_settled(status, claim.owner))

    def _insert(self, notification: Notification, values: Attributes) -> bool:
        """Write an entry that is not there yet; False if that did not come off."""
        item = {**_key(notification), **values}
        placeholders = ", ".join(f"'{name}': ?" for name in item)
        return self._write(notification, f'INSERT INTO "{self.table}" VALUE {{{placeholders}}}', item.values())

    def _settle_together(self, claim: Claim, status: Status, now: datetime, also: Attributes) -> bool:
        """Settle a claim that still is its owner's; False if that did not come off."""
        values = {"status": {"S": status}, **_stamps(now), **also}
        given = {**_key(claim.notification), "status": {"S": Status.CLAIMED}, "owner": {"S": claim.owner}}
        sets = " ".join(f'SET "{name}" = ?' for name in values)
        conditions = " AND ".join(f'"{name}" = ?' for name in given)
        text = f'UPDATE "{self.table}" {sets} WHERE {conditions}'
        return self._write(claim.notification, text, [*values.values(), *given.values()])

    def _write(self, notification: Notification, text: str, parameters: Iterable[Any]) -> bool:
        if not self.statements:
            return False
        item = f"{notification.order_id}/{notification.id}"
        try:
            return self.statements.write(Statement(item=item, text=text, parameters=list(parameters)))
        except CALL_ERRORS as error:
            raise LedgerUnavailableError(name_of(error)) from error

    def _update(
        self,
        notification: Notification,
        values: Attributes,
        *,
        condition: str,
        given: Attributes,
        attempts: int = 0,
    ) -> tuple[bool, Attributes]:
        """Set `values` and add to the attempts, on a condition.

        Returns whether it held, and the item: as it now is, or as it stood in the way.
        """
        sets = ", ".join(f"#{name} = :{name}" for name in values)
        try:
            answer = self.client.update_item(
                TableName=self.table,
                Key=_key(notification),
                UpdateExpression=f"SET {sets} ADD attempts :attempts",
                ConditionExpression=condition,
                ExpressionAttributeNames={f"#{name}": name for name in values},
                ExpressionAttributeValues={
                    **{f":{name}": value for name, value in values.items()},
                    ":attempts": {"N": str(attempts)},
                    **given,
                },
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self.client.exceptions.ConditionalCheckFailedException as error:
            response: Mapping[str, Any] = error.response
            return False, response.get("Item", {})
        except CALL_ERRORS as error:
            raise LedgerUnavailableError(name_of(error)) from error
        return True, answer["Attributes"]


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """An item of the table."""

    status: str
    owner: str
    attempts: int
    lease_until: float
    possible_duplicate: bool
    has_feedback: bool

    @classmethod
    def read(cls, item: Attributes) -> _Entry:
        return cls(
            status=item["status"]["S"],
            owner=item["owner"]["S"],
            attempts=int(item["attempts"]["N"]),
            lease_until=float(item.get("lease_until", {"N": "0"})["N"]),
            possible_duplicate=item.get("possible_duplicate", {"BOOL": False})["BOOL"],
            has_feedback="feedback" in item,
        )

    def claim(self, notification: Notification) -> Claim:
        return Claim(
            notification=notification,
            owner=self.owner,
            attempts=self.attempts,
            possible_duplicate=self.possible_duplicate,
        )

    def is_as(self, status: str, owner: str) -> bool:
        return (self.status, self.owner) == (status, owner)

    def is_settled(self, status: str, owner: str) -> bool:
        """Tell whether the owner has done so, or SES has told more before: its event can be first."""
        return self.is_as(status, owner) or (self.has_feedback and self.owner == owner)

    def is_left_behind(self, now: datetime) -> bool:
        """Tell whether nobody knows if it was sent: the answer was lost, or the sender with its lease over."""
        return self.status == Status.UNKNOWN or (self.status == Status.CLAIMED and self.lease_until <= now.timestamp())

    def as_given(self) -> Attributes:
        return {":found_status": {"S": self.status}, ":found_owner": {"S": self.owner}}


def _key(notification: Notification) -> dict[str, Any]:
    return {"order_id": {"S": notification.order_id}, "notification_id": {"S": notification.id}}


def _type_of(notification: Notification) -> Attributes:
    return {"event_type": {"S": notification.event_type}} if notification.event_type else {}


def _stamps(now: datetime) -> Attributes:
    return {
        "updated_at": {"S": now.isoformat()},
        "expires_at": {"N": str(int((now + KEPT).timestamp()))},
    }
