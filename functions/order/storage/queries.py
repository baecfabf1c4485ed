"""Lists of orders, newest first, page by page."""

from __future__ import annotations

import base64
import heapq
import re
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, get_args

from functions.order.dynamodb import unavailability
from functions.order.items import STATUS_SHARDS, serialized, summary_of
from functions.order.orders import OrderSummary, Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

BY_STATUS = "by_status"
BY_CUSTOMER = "by_customer"

_LISTED_AT = re.compile(r"[0-9T:.Z-]{24}#ord_[a-z2-7]{26}")
_END = "~"  # sorts after every moment


class CursorInvalidError(Exception):
    """The cursor is none of ours."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some orders of a list, newest first. `next_cursor` leads to the page after it; None: this is the last."""

    orders: tuple[OrderSummary, ...]
    next_cursor: str | None


class OrderListing:
    """The indexes that orders are listed by. They lag behind the table by a moment.

    A cursor is the place of the last order that was shown. So pages neither repeat nor skip an order, whatever is
    placed meanwhile.
    """

    def __init__(self, *, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def of_customer(self, customer_id: str, *, status: Status | None, cursor: str | None, limit: int) -> Page:
        """A page of one customer's orders. Raises CursorInvalidError and StoreUnavailableError."""
        partition: dict[str, Any] = {
            "IndexName": BY_CUSTOMER,
            "KeyConditionExpression": "customer_id = :partition AND listed_at < :place",
        }
        if status is not None:
            partition["FilterExpression"] = "#status = :status"
            partition["ExpressionAttributeNames"] = {"#status": "status"}
        values = {":partition": customer_id, **({":status": status} if status else {})}
        place = _place(cursor)
        return _page(self._entries(partition, {**values, ":place": place}, limit), limit)

    def of_all(self, *, status: Status | None, cursor: str | None, limit: int) -> Page:
        """A page of everybody's orders. Raises CursorInvalidError and StoreUnavailableError."""
        partition = {
            "IndexName": BY_STATUS,
            "KeyConditionExpression": "status_shard = :partition AND listed_at < :place",
        }
        place = _place(cursor)
        partitions = (
            self._entries(partition, {":partition": f"{each}#{shard}", ":place": place}, limit)
            for each in ([status] if status else get_args(Status))
            for shard in range(STATUS_SHARDS)
        )
        return _page(heapq.merge(*partitions, key=itemgetter(0), reverse=True), limit)

    def _entries(
        self, partition: Mapping[str, Any], values: Mapping[str, str], limit: int
    ) -> Iterator[tuple[str, OrderSummary]]:
        """The place and the summary of each order of a partition, newest first."""
        start: dict[str, Any] = {}
        while True:
            with unavailability():
                page = self._client.query(
                    TableName=self._table,
                    ExpressionAttributeValues=serialized(values),
                    ScanIndexForward=False,
                    Limit=limit + 1,
                    **partition,
                    **start,
                )
            for entry in page["Items"]:
                yield entry["listed_at"]["S"], summary_of(entry)
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def _page(entries: Iterator[tuple[str, OrderSummary]], limit: int) -> Page:
    shown = list(islice(entries, limit))
    is_last = next(entries, None) is None
    return Page(
        orders=tuple(order for _, order in shown),
        next_cursor=None if is_last else base64.urlsafe_b64encode(shown[-1][0].encode()).decode(),
    )


def _place(cursor: str | None) -> str:
    """The place in the list that a cursor stands for; without one, the list's beginning."""
    if cursor is None:
        return _END
    try:
        place = base64.b64decode(cursor, altchars=b"-_", validate=True).decode()
    except ValueError:
        raise CursorInvalidError from None
    if not _LISTED_AT.fullmatch(place):
        raise CursorInvalidError
    return place
