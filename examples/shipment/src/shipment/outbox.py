"""Transactional outbox: the events of items that Kafka has not acknowledged yet. They are attributes of the items.

The write that changes an item's state also records the event, so there is never one without the other. The event is
then published at once. If that fails, it stays in the item, and the relay publishes it later: at least once, in all.

    pending_event   the event as the value of the record
    pending         the key of the sparse index, which has the items with an event to publish, and no others
    pending_since   when it was recorded, the index's sort key: the relay begins with the oldest
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

from boto3.dynamodb.conditions import Key
from botocore.exceptions import BotoCoreError, ClientError

from shipment.kafka_publisher import NotPublishedError
from shipment.logs import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb.service_resource import Table

INDEX = "pending"
# The one partition of the index: 1,000 events a second, which DynamoDB allows a partition, are enough here.
_PENDING = "pending"


@dataclass(frozen=True, kw_only=True)
class PendingEvent:
    """An event to publish. `order_id` is the key of its item and of its record; `since` is in RFC 3339."""

    order_id: str
    value: str
    since: str

    def attributes(self) -> dict[str, str]:
        """Return the attributes for the write that changes the item's state."""
        return {"pending_event": self.value, "pending": _PENDING, "pending_since": self.since}


class Disposition(Enum):
    """The state of an event after an attempt to publish it."""

    PUBLISHED = auto()
    DEFERRED = auto()


@dataclass(frozen=True, kw_only=True)
class RelayResult:
    """The number of published events, and when the oldest of the others was recorded (None: there is no other)."""

    published: int
    oldest_deferred: str | None


class Publisher(Protocol):
    """Sender of records to Kafka, such as kafka_publisher.py."""

    def publish(self, *, key: str, value: str) -> None:
        """Send a record. Raises NotPublishedError."""


class Outbox:
    """Outbox in a table whose key is `order_id`."""

    def __init__(self, *, table: Table, publisher: Publisher) -> None:
        self._table = table
        self._publisher = publisher

    def publish(self, event: PendingEvent) -> Disposition:
        """Publish an event. Whatever fails, it stays pending, and nothing is raised."""
        try:
            self._publisher.publish(key=event.order_id, value=event.value)
            self._mark_published(event)
        except (NotPublishedError, BotoCoreError, ClientError) as error:
            reason = str(error) if isinstance(error, NotPublishedError) else type(error).__name__
            logger.warning("event deferred", extra={"order_id": event.order_id, "reason": reason})
            return Disposition.DEFERRED
        logger.info("event published", extra={"order_id": event.order_id})
        return Disposition.PUBLISHED

    def publish_pending(self, *, before: str, has_time: Callable[[], bool]) -> RelayResult:
        """Publish the events recorded before a moment (RFC 3339), the oldest first, while there is time."""
        published, oldest_deferred = 0, None
        for event in self._pending(before):
            if not has_time():
                oldest_deferred = oldest_deferred or event.since
                break
            if self.publish(event) is Disposition.PUBLISHED:
                published += 1
            else:
                oldest_deferred = oldest_deferred or event.since
        return RelayResult(published=published, oldest_deferred=oldest_deferred)

    def _pending(self, before: str) -> Iterator[PendingEvent]:
        condition = Key("pending").eq(_PENDING) & Key("pending_since").lt(before)
        page = self._table.query(IndexName=INDEX, KeyConditionExpression=condition)
        while True:
            for item in page["Items"]:
                yield PendingEvent(
                    order_id=str(item["order_id"]),
                    value=str(item["pending_event"]),
                    since=str(item["pending_since"]),
                )
            if "LastEvaluatedKey" not in page:
                return
            page = self._table.query(
                IndexName=INDEX, KeyConditionExpression=condition, ExclusiveStartKey=page["LastEvaluatedKey"]
            )

    def _mark_published(self, event: PendingEvent) -> None:
        try:
            self._table.update_item(
                Key={"order_id": event.order_id},
                UpdateExpression="REMOVE pending_event, pending, pending_since",
                ConditionExpression="pending_event = :event",
                ExpressionAttributeValues={":event": event.value},
            )
        except self._table.meta.client.exceptions.ConditionalCheckFailedException:
            return  # the relay and the first attempt have both published it: its id tells consumers so
