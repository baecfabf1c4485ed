"""Ledger: the owner and the status of each notification. A notification is one DynamoDB item.

An adapter: domain/decisions.py decides, and the ledger writes the decision down. Every write has a condition on the
entry that it follows from, so that of two workers one wins. The statuses are in domain/notification.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from functions.notify.aws_clients import CALL_ERRORS, CONDITION_FAILED, error_code, found_item
from functions.notify.domain.notification import RETENTION, Claim, Entry, Notification, Status
from functions.notify.ledger.batch_writer import BatchWriter, Statement
from functions.notify.ledger.entry_item import Attributes, entry_of
from functions.notify.ledger.unavailable import LedgerUnavailableError
from functions.notify.timestamps import stored_form

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_dynamodb import DynamoDBClient

_AS_FOUND = "#status = :found_status AND #owner = :found_owner"
# No entry, or one that nobody has claimed.
_IS_UNCLAIMED = "attribute_not_exists(order_id) OR #status = :waiting"
# No entry, or decisions.is_free, as DynamoDB checks it.
_IS_FREE = (
    "attribute_not_exists(order_id) OR (#status = :waiting AND (attribute_not_exists(retry_at) OR retry_at <= :now))"
)
_WAITING: Attributes = {":waiting": {"S": Status.WAITING}}
_IS_CLAIMED = "#status = :claimed AND #owner = :owner"
_CLAIMED: Attributes = {":claimed": {"S": Status.CLAIMED}}
# The owner was late, and another worker has marked its claim as unknown.
_IS_CLAIMED_OR_HELD = "(#status = :claimed OR #status = :unknown) AND #owner = :owner"


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """Ledger: the writes to the table of notifications.

    If the client repeats a write, the second one finds the first and succeeds.

    Nearly every notification needs a first claim and the mark `sent`. `batch_writer` writes them in one call with the
    writes of other threads. If that fails, the ledger writes alone, and gets the reason.

    Every method raises LedgerUnavailableError.
    """

    client: DynamoDBClient
    table: str
    batch_writer: BatchWriter | None = None

    def claim(self, notification: Notification, *, owner: str, now: datetime, lease_until: datetime) -> Entry:
        """Claim a notification that is new or waiting. Return its entry: the owner's claim, or what stood in the way.

        `owner` names one attempt at one record. Once `lease_until` is past, another worker can reclaim it.
        """
        values = _claimed(notification, owner=owner, now=now, lease_until=lease_until)
        if self._insert(notification, {**values, "attempts": {"N": "1"}}):
            return Entry(
                notification=notification, status=Status.CLAIMED, owner=owner, attempts=1, lease_until=lease_until
            )
        given = {**_WAITING, ":now": _seconds(now)}
        _, item = self._update(notification, values, attempts=1, condition=_IS_FREE, given=given)
        return entry_of(notification, item)

    def reclaim(
        self,
        found: Entry,
        *,
        owner: str,
        now: datetime,
        lease_until: datetime,
        possible_duplicate: bool,
        restarts: bool = False,
    ) -> Entry | None:
        """Claim a notification from the owner that was found; None if another worker was faster.

        With `restarts`, this is the first attempt again.
        """
        values = _claimed(found.notification, owner=owner, now=now, lease_until=lease_until)
        if possible_duplicate:
            values |= {"possible_duplicate": {"BOOL": True}}
        won, item = self._update(
            found.notification,
            values,
            attempts=1 - found.attempts if restarts else 1,
            condition=_AS_FOUND,
            given=_as_given(found),
        )
        entry = entry_of(found.notification, item) if item else None
        return entry if entry and (won or entry.is_as(Status.CLAIMED, owner)) else None

    def hold(self, found: Entry, *, now: datetime) -> bool:
        """Mark a notification as unknown if its entry is still the one that was found. Return False if it is not."""
        held = {"status": {"S": Status.UNKNOWN}, "owner": {"S": found.owner}, **_stamps(now)}
        won, _ = self._update(found.notification, held, condition=_AS_FOUND, given=_as_given(found))
        return won

    def mark_sent(self, claim: Claim, *, provider_id: str, now: datetime, together: bool = False) -> bool:
        """Mark a notification as sent. Return False if the owner no longer had the claim.

        With `together`, the mark is written in a batch if it can: while DynamoDB hangs, that takes twice as long.
        """
        sent: Attributes = {"provider_id": {"S": provider_id}, "sent_at": {"S": stored_form(now)}}
        if together and self._settle_together(claim, Status.SENT, now, sent):
            return True
        return self._settle(claim, Status.SENT, now, also=sent, held=True)

    def mark_failed(self, claim: Claim, *, reason: str, now: datetime) -> bool:
        """Mark a notification that can never be sent as failed. Return False if the owner no longer had the claim."""
        return self._settle(claim, Status.FAILED, now, also={"reason": {"S": reason}})

    def mark_unknown(self, claim: Claim, *, counts: bool = True, now: datetime) -> bool:
        """Mark a notification as unknown: the answer to its send was lost. Return False if it was no longer claimed.

        Unless `counts` is true, the claim does not count as an attempt.
        """
        return self._settle(claim, Status.UNKNOWN, now, attempts=0 if counts else -1)

    def release(self, claim: Claim, *, counts: bool = False, pause: timedelta = timedelta(), now: datetime) -> bool:
        """Release a claim: the notification waits, for the `pause` at least. Return False if it was not the owner's.

        Unless `counts` is true, the claim does not count as an attempt.
        """
        also = {"retry_at": _seconds(now + pause)} if pause else {}
        return self._settle(claim, Status.WAITING, now, attempts=0 if counts else -1, also=also)

    def undo(self, claim: Claim, *, to: Status, now: datetime) -> bool:
        """Undo a claim that nobody used: give its entry the status `to`. Return False if it was not the owner's."""
        return self._settle(claim, to, now, attempts=-1)

    def mark_expired(self, notification: Notification, *, owner: str, now: datetime) -> Entry:
        """Mark a notification as expired that is new or waiting. Return its entry: the mark, or what stood in the way.

        `owner` names one attempt at one record, as in `claim`.
        """
        _, item = self._update(
            notification,
            {"status": {"S": Status.EXPIRED}, "owner": {"S": owner}, **_type_of(notification), **_stamps(now)},
            condition=_IS_UNCLAIMED,
            given=_WAITING,
        )
        return entry_of(notification, item)

    def _settle(
        self,
        claim: Claim,
        status: Status,
        now: datetime,
        *,
        attempts: int = 0,
        also: Attributes | None = None,
        held: bool = False,
    ) -> bool:
        """Write what became of a claim, if it still is its owner's; with `held`, also if it has been marked unknown."""
        won, item = self._update(
            claim.notification,
            {"status": {"S": status}, "owner": {"S": claim.owner}, **_stamps(now), **(also or {})},
            attempts=attempts,
            condition=_IS_CLAIMED_OR_HELD if held else _IS_CLAIMED,
            given={**_CLAIMED, ":unknown": {"S": Status.UNKNOWN}} if held else _CLAIMED,
        )
        return won or (bool(item) and entry_of(claim.notification, item).is_settled(status, claim.owner))

    def _insert(self, notification: Notification, values: Attributes) -> bool:
        """Write a new entry in a batch; False if that failed."""
        item = {**_key(notification), **values}
        placeholders = ", ".join(f"'{name}': ?" for name in item)
        return self._write(notification, f'INSERT INTO "{self.table}" VALUE {{{placeholders}}}', item.values())

    def _settle_together(self, claim: Claim, status: Status, now: datetime, also: Attributes) -> bool:
        """Settle a claim in a batch, if it still is its owner's; False if that failed."""
        values = {"status": {"S": status}, **_stamps(now), **also}
        given = {**_key(claim.notification), "status": {"S": Status.CLAIMED}, "owner": {"S": claim.owner}}
        sets = " ".join(f'SET "{name}" = ?' for name in values)
        conditions = " AND ".join(f'"{name}" = ?' for name in given)
        text = f'UPDATE "{self.table}" {sets} WHERE {conditions}'
        return self._write(claim.notification, text, [*values.values(), *given.values()])

    def _write(self, notification: Notification, text: str, parameters: Iterable[Any]) -> bool:
        if not self.batch_writer:
            return False
        item = f"{notification.key}/{notification.id}"
        try:
            return self.batch_writer.write(Statement(item=item, text=text, parameters=list(parameters)))
        except CALL_ERRORS as error:
            raise LedgerUnavailableError(error_code(error)) from error

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

        Return whether the condition held, and the item: as it is now, or as it stood in the way.
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
        except CALL_ERRORS as error:
            if error_code(error) == CONDITION_FAILED:
                return False, found_item(error)
            raise LedgerUnavailableError(error_code(error)) from error
        return True, answer["Attributes"]


def _claimed(notification: Notification, *, owner: str, now: datetime, lease_until: datetime) -> dict[str, Any]:
    return {
        "status": {"S": Status.CLAIMED},
        "owner": {"S": owner},
        "lease_until": _seconds(lease_until),
        **_type_of(notification),
        **_stamps(now),
    }


def _seconds(moment: datetime) -> dict[str, str]:
    return {"N": str(moment.timestamp())}


def _as_given(found: Entry) -> Attributes:
    return {":found_status": {"S": found.status}, ":found_owner": {"S": found.owner}}


def _key(notification: Notification) -> dict[str, Any]:
    return {"order_id": {"S": notification.key}, "notification_id": {"S": notification.id}}


def _type_of(notification: Notification) -> Attributes:
    return {"event_type": {"S": notification.event_type}} if notification.event_type else {}


def _stamps(now: datetime) -> Attributes:
    return {
        "updated_at": {"S": stored_form(now)},
        "expires_at": {"N": str(int((now + RETENTION).timestamp()))},
    }
