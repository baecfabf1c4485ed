"""Lease: only one relay works at a time, and one that dies holds up the next for seconds only."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from functions.order.errors import OrderError
from functions.order.storage.client import ConditionFailedError, StoreUnavailableError, dynamodb_errors
from functions.order.storage.order_item import serialize_attributes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient


class LeaseTakenError(OrderError):
    """Somebody else holds the lease."""


class Lease:
    """An item of the table of orders. It is in no index, and its key is no order's id.

    It expires, so that nobody waits for an owner that died. `clock` gives Unix seconds.
    """

    def __init__(self, *, client: DynamoDBClient, table: str, name: str, clock: Callable[[], float]) -> None:
        self._client = client
        self._table = table
        self._key = serialize_attributes({"order_id": f"lease#{name}"})
        self._clock = clock

    @contextmanager
    def held(self, *, seconds: float) -> Iterator[Callable[[], bool]]:
        """Hold the lease for the context. Nobody else gets it for `seconds`, rounded up.

        The context is a function that renews the lease for so long from now on; it returns False if somebody else has
        had the lease meanwhile. Both raise StoreUnavailableError, and `held` raises LeaseTakenError.
        """
        # An id of this one call: Lambda may deliver an event twice, under one request id.
        owner = uuid.uuid4().hex
        self._acquire(owner, seconds)
        try:
            yield partial(self._renew, owner, seconds)
        finally:
            self._release(owner)

    def _acquire(self, owner: str, seconds: float) -> None:
        # The owner may take it again: the client repeats a call whose answer got lost.
        is_free = "attribute_not_exists(order_id) OR lease_until < :now OR lease_owner = :owner"
        try:
            self._take(owner, seconds, condition=is_free, given={":now": int(self._clock())})
        except ConditionFailedError:
            raise LeaseTakenError from None

    def _renew(self, owner: str, seconds: float) -> bool:
        # Not if the lease is free: then it was over, and another owner has had and released it meanwhile. What this
        # one has read before, the other may have done.
        try:
            self._take(owner, seconds, condition="lease_owner = :owner", given={})
        except ConditionFailedError:
            return False
        return True

    def _take(self, owner: str, seconds: float, *, condition: str, given: Mapping[str, int]) -> None:
        with dynamodb_errors():
            self._client.update_item(
                TableName=self._table,
                Key=self._key,
                UpdateExpression="SET lease_owner = :owner, lease_until = :until",
                ConditionExpression=condition,
                ExpressionAttributeValues=serialize_attributes(
                    {":owner": owner, ":until": int(self._clock() + seconds) + 1, **given}
                ),
            )

    def _release(self, owner: str) -> None:
        try:
            with dynamodb_errors():
                self._client.delete_item(
                    TableName=self._table,
                    Key=self._key,
                    ConditionExpression="lease_owner = :owner",
                    ExpressionAttributeValues=serialize_attributes({":owner": owner}),
                )
        except ConditionFailedError:
            return  # it expired, and somebody else holds it now
        except StoreUnavailableError:
            return  # it will expire, and the work under it is done
