"""A lease: of all who want to do something, one at a time does it."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

from functions.order.dynamodb import StoreUnavailableError, unavailability
from functions.order.items import serialized

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_dynamodb import DynamoDBClient


class LeaseTakenError(Exception):
    """Somebody else has the lease."""


class Lease:
    """An item of the table of orders, which no index and no order's id leads to.

    It ends by itself, so that nobody waits for an owner who died. `clock` gives Unix seconds.
    """

    def __init__(self, *, client: DynamoDBClient, table: str, name: str, clock: Callable[[], float]) -> None:
        self._client = client
        self._table = table
        self._key = serialized({"order_id": f"lease#{name}"})
        self._clock = clock

    @contextmanager
    def held(self, *, seconds: float) -> Iterator[None]:
        """Hold the lease for the context; nobody else gets it before `seconds`, to the next full one, are over.

        Raises LeaseTakenError and StoreUnavailableError.
        """
        # Of this one call: Lambda may deliver an event twice, under one request id.
        owner = uuid.uuid4().hex
        self._acquire(owner, seconds)
        try:
            yield
        finally:
            self._release(owner)

    def _acquire(self, owner: str, seconds: float) -> None:
        now = self._clock()
        try:
            with unavailability():
                self._client.update_item(
                    TableName=self._table,
                    Key=self._key,
                    UpdateExpression="SET lease_owner = :owner, lease_until = :until",
                    # Its own, too: the client makes a call again whose answer got lost.
                    ConditionExpression="attribute_not_exists(order_id) OR lease_until < :now OR lease_owner = :owner",
                    ExpressionAttributeValues=serialized(
                        {":owner": owner, ":now": int(now), ":until": int(now + seconds) + 1}
                    ),
                )
        except self._client.exceptions.ConditionalCheckFailedException:
            raise LeaseTakenError from None

    def _release(self, owner: str) -> None:
        try:
            with unavailability():
                self._client.delete_item(
                    TableName=self._table,
                    Key=self._key,
                    ConditionExpression="lease_owner = :owner",
                    ExpressionAttributeValues=serialized({":owner": owner}),
                )
        except self._client.exceptions.ConditionalCheckFailedException:
            return  # it ran out, and somebody else has it now
        except StoreUnavailableError:
            return  # it will run out, and what was done under it is done
