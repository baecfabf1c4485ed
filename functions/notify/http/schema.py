"""JSON of the API: the models of its answers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

_STATUSES = (
    "`claimed` (it is being sent), `waiting` (it will be), `unknown` (nobody knows whether it was sent), `sent`, "
    "`failed` (it could not be sent, or no send got an answer) or `expired` (its event was too old); once the mail "
    "service has reported more, `delayed`, `soft_bounced`, `rejected`, `delivered`, `bounced` or `complained`."
)


class NotificationRecord(TypedDict):
    """The notification of one event over one channel, and its status."""

    event_id: str
    event_type: str | None
    channel: Annotated[str, Field(description="`mail` or `text`.")]
    status: Annotated[str, Field(description=_STATUSES)]
    reason: str | None
    attempts: int
    possible_duplicate: Annotated[bool, Field(description="The customer may have got it twice: an answer was lost.")]
    sent_at: str | None
    updated_at: Annotated[str, Field(description="Since when the status is known.")]


class OrderNotifications(TypedDict):
    """The notifications about an order, oldest first."""

    order_id: str
    notifications: list[NotificationRecord]
