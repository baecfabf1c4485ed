"""Order queries: lists of orders, newest first, page by page."""

from __future__ import annotations

import base64
import heapq
import re
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from functions.order.domain.order import Status
from functions.order.domain.order_page import Page
from functions.order.errors import OrderError
from functions.order.storage.client import dynamodb_errors
from functions.order.storage.order_item import STATUS_SHARDS, serialize_attributes, summary_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from functions.order.domain.order_page import OrderSummary

T = TypeVar("T")

BY_STATUS = "by_status"
BY_CUSTOMER = "by_customer"

_LISTED_AT = re.compile(r"[0-9T:.Z-]{24}#ord_[a-z2-7]{26}")
_START = "~"  # sorts after every time, and lists begin with the newest order


class CursorInvalidError(OrderError):
    """The cursor does not come from this API."""


class OrderQueries:
    """The indexes that list orders. They lag behind the table by a moment.

    A cursor is the place of the last order on a page. So pages neither repeat nor skip an order, even if orders are
    placed in between.
    """

    def __init__(self, *, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def of_customer(
        self, customer_id: str, *, status: Status | None, cursor: str | None, limit: int, id_start: str | None = None
    ) -> Page:
        """Return a page of one customer's orders, of those whose ids begin with `id_start`.

        Raises CursorInvalidError and StoreUnavailableError.
        """
        partition: dict[str, Any] = {
            "IndexName": BY_CUSTOMER,
            "KeyConditionExpression": "customer_id = :partition AND listed_at < :place",
        }
        filters, values = [], {":partition": customer_id}
        if status is not None:
            filters.append("#status = :status")
            partition["ExpressionAttributeNames"] = {"#status": "status"}
            values[":status"] = status
        if id_start is not None:
            filters.append("begins_with(order_id, :id_start)")
            values[":id_start"] = id_start
        if filters:
            partition["FilterExpression"] = " AND ".join(filters)
        place = _place(cursor)
        return _page(self._entries(partition, {**values, ":place": place}, limit), limit)

    def of_all(self, *, status: Status | None, cursor: str | None, limit: int) -> Page:
        """Return a page of all customers' orders. Raises CursorInvalidError and StoreUnavailableError."""
        partition = {
            "IndexName": BY_STATUS,
            "KeyConditionExpression": "status_shard = :partition AND listed_at < :place",
        }
        place = _place(cursor)
        partitions = [
            self._entries(partition, {":partition": f"{each}#{shard}", ":place": place}, limit)
            for each in ([status] if status else get_args(Status))
            for shard in range(STATUS_SHARDS)
        ]
        return _page(heapq.merge(*_begun(partitions), key=itemgetter(0), reverse=True), limit)

    def _entries(
        self, partition: Mapping[str, Any], values: Mapping[str, str], limit: int
    ) -> Iterator[tuple[str, OrderSummary]]:
        """Yield the place and the summary of each order of a partition, newest first."""
        # DynamoDB counts before it filters: with a filter, small pages would be many calls.
        page_size: dict[str, Any] = {} if "FilterExpression" in partition else {"Limit": limit + 1}
        start: dict[str, Any] = {}
        while True:
            with dynamodb_errors():
                page = self._client.query(
                    TableName=self._table,
                    ExpressionAttributeValues=serialize_attributes(values),
                    ScanIndexForward=False,
                    **page_size,
                    **partition,
                    **start,
                )
            for entry in page["Items"]:
                yield entry["listed_at"]["S"], summary_of(entry)
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def _begun(partitions: Sequence[Iterator[T]]) -> Sequence[Iterator[T]]:
    """Read the first entry of each partition, side by side, and return the partitions with it in front.

    Its page comes with it: one after another, a list would wait for DynamoDB as many times as there are partitions.
    """
    with ThreadPoolExecutor(len(partitions)) as threads:
        firsts = threads.map(lambda entries: list(islice(entries, 1)), partitions)
    return [chain(first, rest) for first, rest in zip(firsts, partitions, strict=True)]


def _page(entries: Iterator[tuple[str, OrderSummary]], limit: int) -> Page:
    shown = list(islice(entries, limit))
    is_last = next(entries, None) is None
    return Page(
        orders=tuple(order for _, order in shown),
        next_cursor=None if is_last else base64.urlsafe_b64encode(shown[-1][0].encode()).decode(),
    )


def _place(cursor: str | None) -> str:
    """Return the place in the list that a cursor stands for; without a cursor, the beginning of the list."""
    if cursor is None:
        return _START
    try:
        place = base64.b64decode(cursor, altchars=b"-_", validate=True).decode()
    except ValueError:
        raise CursorInvalidError from None
    if not _LISTED_AT.fullmatch(place):
        raise CursorInvalidError
    return place
