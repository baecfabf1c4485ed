"""Delivery status of a mail that SES has taken, in the ledger: by rank, in whatever order SES's events arrive."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from functions.notify.aws_clients import CALL_ERRORS, CONDITION_FAILED, error_code, found_item
from functions.notify.ledger.unavailable import LedgerUnavailableError
from functions.notify.timestamps import stored_feedback_form

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_dynamodb import DynamoDBClient


class DeliveryStatus(StrEnum):
    """Statuses that SES reports, by rank: a later one in this list replaces an earlier one. The ledger has them too."""

    DELAYED = "delayed"
    SOFT_BOUNCED = "soft_bounced"
    """SES has given up. An auto-reply looks the same, but arrives after the delivery, and does not undo it."""
    REJECTED = "rejected"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"

    @property
    def rank(self) -> int:
        """Its place among all."""
        return list(DeliveryStatus).index(self)


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """A report of SES about one mail. `message_id` and `sent_at` are SES's own; the times have their zone."""

    order_id: str
    notification_id: str
    status: DeliveryStatus
    reason: str
    at: datetime
    message_id: str
    sent_at: datetime


class UpdateResult(StrEnum):
    """Effect of a feedback event on the ledger."""

    UPDATED = "updated"
    """The notification has a new status."""
    UNCHANGED = "unchanged"
    """The notification had this status already, or one of a higher rank."""
    NO_ENTRY = "no entry"
    """The ledger does not have the notification, or no longer has it."""


@dataclass(frozen=True, kw_only=True)
class DeliveryStatusStore:
    """Store of delivery statuses: the table of notifications, as SES's feedback changes it."""

    client: DynamoDBClient
    table: str

    def record(self, feedback: Feedback) -> UpdateResult:
        """Give a notification the status of `feedback`, unless it already has this one or one of higher rank.

        The feedback replaces any status that notify itself has written: SES reports only mails that it has taken. So
        it also settles a claim whose sender died or whose answer was lost. Raises LedgerUnavailableError.
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
        except CALL_ERRORS as error:
            if error_code(error) == CONDITION_FAILED:
                return UpdateResult.UNCHANGED if found_item(error) else UpdateResult.NO_ENTRY
            raise LedgerUnavailableError(error_code(error)) from error
        was = answer["Attributes"]["status"]["S"]
        return UpdateResult.UNCHANGED if was == feedback.status else UpdateResult.UPDATED


def _values(feedback: Feedback) -> dict[str, str]:
    at = stored_feedback_form(feedback.at)
    sent_at = stored_feedback_form(feedback.sent_at)
    # DynamoDB compares it as text. It holds all values, so that of two feedbacks the same one wins in either order.
    order = f"{feedback.status.rank} {at} {feedback.message_id} {sent_at} {feedback.reason}"
    return {
        "status": feedback.status,
        "feedback": order,
        "feedback_at": at,
        "feedback_reason": feedback.reason,
        "provider_id": feedback.message_id,
        "sent_at": sent_at,
    }
