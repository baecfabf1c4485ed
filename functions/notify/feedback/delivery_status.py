"""What becomes of a mail once SES has it, in the ledger: by rank, whatever order SES's events come in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from functions.notify.aws import CALL_ERRORS, name_of
from functions.notify.ledger import LedgerUnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient


class Outcome(StrEnum):
    """What SES tells of a mail, by rank: each gives way to those after it. They are statuses of the ledger."""

    DELAYED = "delayed"
    SOFT_BOUNCED = "soft_bounced"
    """SES has given up. An auto-reply comes like that, too, but after the delivery, which it does not undo."""
    REJECTED = "rejected"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"

    @property
    def rank(self) -> int:
        """Its place among all."""
        return list(Outcome).index(self)


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """What SES tells of one mail. `message_id` and `sent_at` are SES's of that mail; the times have their zone."""

    order_id: str
    notification_id: str
    outcome: Outcome
    reason: str
    at: datetime
    message_id: str
    sent_at: datetime


class Effect(StrEnum):
    """What a feedback has done to the ledger."""

    MOVED = "moved"
    """The notification has another status now."""
    KEPT = "kept"
    """Its status was that one already, or one of a higher rank."""
    NO_ENTRY = "no entry"
    """There is no such notification, or not any more."""


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """The table of notifications, as SES's feedback writes it."""

    client: DynamoDBClient
    table: str

    def record(self, feedback: Feedback) -> Effect:
        """Move a notification on, unless a feedback of higher rank, or the same one, was there before.

        Whatever notify itself has written gives way: SES tells only of mails that it has taken, so a claim whose
        sender died, or whose answer was lost, is settled by it, too. Raises LedgerUnavailableError.
        """
        values = _values(feedback)
        try:
            answer = self.client.update_item(
                TableName=self.table,
                Key={"order_id": {"S": feedback.order_id}, "notification_id": {"S": feedback.notification_id}},
                UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
                ConditionExpression=(
                    "attribute_exists(order_id) AND (attribute_not_exists(#feedback) OR #feedback < :feedback)"
                ),
                ExpressionAttributeNames={f"#{name}": name for name in values},
                ExpressionAttributeValues={f":{name}": {"S": value} for name, value in values.items()},
                ReturnValues="ALL_OLD",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self.client.exceptions.ConditionalCheckFailedException as error:
            response: Mapping[str, Any] = error.response
            return Effect.KEPT if response.get("Item") else Effect.NO_ENTRY
        except CALL_ERRORS as error:
            raise LedgerUnavailableError(name_of(error)) from error
        was = answer["Attributes"]["status"]["S"]
        return Effect.KEPT if was == feedback.outcome else Effect.MOVED


def _values(feedback: Feedback) -> dict[str, str]:
    at = _to_text(feedback.at)
    # Compared as text: all that is written is in it, so that of two feedbacks the same one wins in either order.
    order = f"{feedback.outcome.rank} {at} {feedback.message_id} {_to_text(feedback.sent_at)} {feedback.reason}"
    return {
        "status": feedback.outcome,
        "feedback": order,
        "feedback_at": at,
        "feedback_reason": feedback.reason,
        "provider_id": feedback.message_id,
        "sent_at": _to_text(feedback.sent_at),
    }


def _to_text(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds")
