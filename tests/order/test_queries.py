"""Lists of orders: newest first, in pages that neither repeat nor skip an order."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.order.domain.order import Cancellation, Customer, order_id_for
from functions.order.domain.order_page import OrderSummary, Page
from functions.order.storage.client import StoreUnavailableError
from functions.order.storage.order_item import STATUS_SHARDS, status_shard
from functions.order.storage.queries import CursorInvalidError, OrderQueries
from functions.order.storage.store import OrderStore
from tests.order.fakes import AwayClient, CountingClient, MeetingClient
from tests.order.orders import NOON, order_of, store_orders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from functions.order.domain.order import Order, Status


@pytest.fixture
def queries(dynamodb: DynamoDBClient) -> OrderQueries:
    return queries_of(dynamodb)


def queries_of(client: Any) -> OrderQueries:
    return OrderQueries(client=client, table="orders")


def placed(
    number: int, *, at: float | None = None, customer: str = "cus_ada", status: Status = "paid", **changes: Any
) -> Order:
    """Order `number` of the tests, placed that many seconds after noon, or `at` seconds."""
    return order_of(
        f"pay_{number}",
        created_at=NOON + timedelta(seconds=number if at is None else at),
        customer=Customer(id=customer, name="Ada Lovelace", email="ada@example.com"),
        status=status,
        **changes,
    )


def newest_first(orders: Sequence[Order]) -> list[str]:
    return [each.order_id for each in sorted(orders, key=lambda each: (each.created_at, each.order_id), reverse=True)]


@dataclass(frozen=True, kw_only=True)
class View:
    """A list to read page by page: the orders of a customer, or of all customers."""

    customer: str | None = None
    status: Status | None = None
    limit: int = 3

    def page(self, queries: OrderQueries, cursor: str | None = None) -> Page:
        if self.customer is None:
            return queries.of_all(status=self.status, cursor=cursor, limit=self.limit)
        return queries.of_customer(self.customer, status=self.status, cursor=cursor, limit=self.limit)

    def pages(self, queries: OrderQueries, *, between: Callable[[], object] = lambda: None) -> Iterator[list[str]]:
        """Yield the order ids of each page; call `between` after each page that has a next one."""
        page = self.page(queries)
        yield ids(page)
        while page.next_cursor is not None:
            between()
            page = self.page(queries, page.next_cursor)
            yield ids(page)

    def whole(self, queries: OrderQueries) -> list[str]:
        return [order_id for page in self.pages(queries) for order_id in page]

    def shows(self, order: Order) -> bool:
        return self.customer in {None, order.customer.id} and self.status in {None, order.status}


def ids(page: Page) -> list[str]:
    return [order.order_id for order in page.orders]


VIEWS = [View(), View(customer="cus_ada")]
BOTH = pytest.mark.parametrize("view", VIEWS, ids=["all customers'", "one customer's"])


@BOTH
def test_a_list_without_orders_is_one_empty_page(queries: OrderQueries, view: View) -> None:
    assert view.page(queries) == Page(orders=(), next_cursor=None)


@BOTH
def test_a_page_has_a_summary_of_each_order(queries: OrderQueries, dynamodb: DynamoDBClient, view: View) -> None:
    order = placed(1, at=0.25)
    store_orders(dynamodb, [order])
    [summary] = view.page(queries).orders
    assert summary == OrderSummary(
        order_id=order.order_id,
        status="paid",
        customer_id="cus_ada",
        currency="EUR",
        total=order.total,
        created_at=datetime(2026, 11, 22, 12, 0, 0, 250_000, tzinfo=UTC),
    )


@BOTH
def test_orders_of_all_shards_come_newest_first(queries: OrderQueries, dynamodb: DynamoDBClient, view: View) -> None:
    orders = [placed(number) for number in range(20)]
    assert len({status_shard(each.status, each.order_id) for each in orders}) == STATUS_SHARDS
    store_orders(dynamodb, orders)
    pages = list(view.pages(queries))
    assert [len(page) for page in pages] == [3, 3, 3, 3, 3, 3, 2]
    assert [order_id for page in pages for order_id in page] == newest_first(orders)


@BOTH
@pytest.mark.parametrize(("count", "limit", "pages"), [(1, 1, 1), (2, 1, 2), (3, 3, 1), (4, 3, 2), (5, 100, 1)])
def test_only_the_last_page_has_no_cursor(
    queries: OrderQueries, dynamodb: DynamoDBClient, view: View, count: int, limit: int, pages: int
) -> None:
    store_orders(dynamodb, [placed(number) for number in range(count)])
    view = View(customer=view.customer, limit=limit)
    assert len(list(view.pages(queries))) == pages


@BOTH
def test_orders_of_one_moment_are_each_shown_once(queries: OrderQueries, dynamodb: DynamoDBClient, view: View) -> None:
    orders = [placed(number, at=0) for number in range(8)]
    store_orders(dynamodb, orders)
    assert view.whole(queries) == newest_first(orders)


def test_a_customer_sees_no_orders_of_others(queries: OrderQueries, dynamodb: DynamoDBClient) -> None:
    own = [placed(number) for number in range(0, 8, 2)]
    others = [placed(number, customer="cus_ada2") for number in range(1, 8, 2)]
    store_orders(dynamodb, [*own, *others])
    assert View(customer="cus_ada").whole(queries) == newest_first(own)
    assert View(customer="cus").whole(queries) == []


@BOTH
@pytest.mark.parametrize("status", ["paid", "cancelled"])
def test_a_list_can_be_filtered_by_status(
    queries: OrderQueries, dynamodb: DynamoDBClient, view: View, status: Status
) -> None:
    paid = [placed(number) for number in range(0, 10, 2)]
    cancelled = [placed(number, status="cancelled") for number in range(1, 10, 2)]
    store_orders(dynamodb, [*paid, *cancelled])
    expected = newest_first(paid if status == "paid" else cancelled)
    assert View(customer=view.customer, status=status).whole(queries) == expected


def test_a_filter_finds_the_oldest_order(queries: OrderQueries, dynamodb: DynamoDBClient) -> None:
    oldest = placed(0, status="cancelled")
    store_orders(dynamodb, [oldest, *(placed(number) for number in range(1, 30))])
    page = View(customer="cus_ada", status="cancelled", limit=2).page(queries)
    assert ids(page) == [oldest.order_id]
    assert page.next_cursor is None


@BOTH
def test_pages_neither_repeat_nor_skip_orders_if_others_are_placed_between_them(
    queries: OrderQueries, dynamodb: DynamoDBClient, view: View
) -> None:
    orders = [placed(number) for number in range(10)]
    store_orders(dynamodb, orders)
    later = iter(range(10, 100))

    def place_two_more() -> None:
        store_orders(dynamodb, [placed(next(later)), placed(next(later))])

    shown = [order_id for page in view.pages(queries, between=place_two_more) for order_id in page]
    assert next(later) > 10
    assert shown == newest_first(orders)


@BOTH
def test_pages_neither_repeat_nor_skip_orders_that_are_cancelled_between_them(
    queries: OrderQueries, dynamodb: DynamoDBClient, view: View
) -> None:
    orders = [placed(number) for number in range(10)]
    store_orders(dynamodb, orders)
    store = OrderStore(client=dynamodb, table="orders")
    # The newest, which a page has shown, and the oldest, which none has.
    to_cancel = iter([orders[9], orders[0], orders[5]])

    def cancel_one() -> None:
        cancellation = Cancellation(reason="Changed my mind", cancelled_at=NOON, traceparent="00-" + "1" * 52)
        store.cancel(next(to_cancel).order_id, cancellation)

    shown = [order_id for page in view.pages(queries, between=cancel_one) for order_id in page]
    assert list(to_cancel) == []
    assert shown == newest_first(orders)


def test_a_cancelled_order_moves_to_the_list_of_cancelled_orders(
    queries: OrderQueries, dynamodb: DynamoDBClient
) -> None:
    order = placed(1)
    store = OrderStore(client=dynamodb, table="orders")
    store.add(order)
    cancellation = Cancellation(reason="Changed my mind", cancelled_at=NOON, traceparent="00-" + "1" * 52)
    store.cancel(order.order_id, cancellation)
    for customer in (None, "cus_ada"):
        assert View(customer=customer, status="paid").whole(queries) == []
        assert View(customer=customer, status="cancelled").whole(queries) == [order.order_id]


def cursor_at(place: str) -> str:
    return base64.urlsafe_b64encode(place.encode()).decode()


ID = order_id_for("pay_1")


@BOTH
@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "====",
        "§",
        "🙂" * 10,
        "not a cursor",
        base64.b64encode(b"\xff" * 55).decode(),
        cursor_at(""),
        cursor_at("~"),
        cursor_at("2026-11-22T12:00:00.000Z"),
        cursor_at(ID),
        cursor_at(f"2026-11-22T12:00:00Z#{ID}"),
        cursor_at(f"2026-11-22T12:00:00.000Z#{ID}~"),
        cursor_at(f"2026-11-22T12:00:00.000Z#{ID}\n"),
        cursor_at(f"2026-11-22T12:00:00.000Z#{ID.upper()}"),
        cursor_at(f"2026-11-22T12:00:00.000Z#{ID}").replace("M", "M\n", 1),
        cursor_at(f"2026-11-22T12:00:00.000Z#{ID}") + "=",
        cursor_at(f"paid#1#2026-11-22T12:00:00.000Z#{ID}"),
    ],
)
def test_a_foreign_cursor_is_refused_without_a_query(dynamodb: DynamoDBClient, view: View, cursor: str) -> None:
    queries = queries_of(AwayClient(dynamodb))
    with pytest.raises(CursorInvalidError):
        view.page(queries, cursor)


@BOTH
def test_a_cursor_that_was_cut_off_is_refused(queries: OrderQueries, dynamodb: DynamoDBClient, view: View) -> None:
    store_orders(dynamodb, [placed(number) for number in range(4)])
    cursor = view.page(queries).next_cursor
    assert cursor is not None
    for length in range(len(cursor)):
        with pytest.raises(CursorInvalidError):
            view.page(queries, cursor[:length])


def test_a_cursor_fits_its_query_parameter(queries: OrderQueries, dynamodb: DynamoDBClient) -> None:
    store_orders(dynamodb, [placed(number) for number in range(4)])
    cursor = View().page(queries).next_cursor
    assert cursor is not None
    assert len(cursor) <= 128
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=")


def test_a_cursor_of_another_list_is_a_place_in_this_one(queries: OrderQueries, dynamodb: DynamoDBClient) -> None:
    own = [placed(number) for number in range(0, 10, 2)]
    others = [placed(number, customer="cus_grace") for number in range(1, 10, 2)]
    store_orders(dynamodb, [*own, *others])
    cursor = View(limit=4).page(queries).next_cursor  # orders 9 to 6 were shown
    assert ids(View(customer="cus_ada").page(queries, cursor)) == newest_first(own[:3])


@pytest.mark.parametrize(
    ("view", "count"),
    [
        (View(customer="cus_ada", limit=5), 1),
        (View(status="paid", limit=5), STATUS_SHARDS),
        (View(limit=5), 2 * STATUS_SHARDS),
    ],
    ids=["one customer's", "one status's", "all customers'"],
)
def test_a_page_takes_one_query_of_each_partition(dynamodb: DynamoDBClient, view: View, count: int) -> None:
    store_orders(dynamodb, [placed(number) for number in range(40)])
    client = CountingClient(dynamodb)
    assert len(view.page(queries_of(client)).orders) == 5
    assert client.queries == count


def test_a_page_reads_its_partitions_side_by_side(dynamodb: DynamoDBClient) -> None:
    orders = [placed(number) for number in range(40)]
    store_orders(dynamodb, orders)
    page = View(status="paid", limit=5).page(queries_of(MeetingClient(dynamodb, STATUS_SHARDS)))
    assert ids(page) == newest_first(orders)[:5]


def test_a_search_reads_a_partition_in_as_few_queries_as_one_that_finds_nothing(dynamodb: DynamoDBClient) -> None:
    orders = [placed(number) for number in range(40)]
    store_orders(dynamodb, orders)
    client = CountingClient(dynamodb)
    oldest = orders[0].order_id
    page = queries_of(client).of_customer("cus_ada", status=None, cursor=None, limit=1, id_start=oldest[:13])
    assert ids(page) == [oldest]
    assert client.queries == 1


@BOTH
def test_a_list_is_unavailable_without_dynamodb(dynamodb: DynamoDBClient, view: View) -> None:
    queries = queries_of(AwayClient(dynamodb))
    with pytest.raises(StoreUnavailableError):
        view.page(queries)


# Few customers and few times, so that orders coincide.
PLACED = st.tuples(st.integers(0, 3), st.sampled_from(["cus_ada", "cus_grace"]), st.sampled_from(["paid", "cancelled"]))
LISTS = st.builds(
    View,
    customer=st.sampled_from([None, "cus_ada"]),
    status=st.sampled_from([None, "paid", "cancelled"]),
    limit=st.integers(1, 5),
)


@given(placings=st.lists(PLACED, max_size=14), view=LISTS)
@settings(
    max_examples=min(30, settings().max_examples),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_following_the_cursors_gives_exactly_the_sorted_list(
    queries: OrderQueries, dynamodb: DynamoDBClient, placings: list[tuple[int, str, Status]], view: View
) -> None:
    for item in dynamodb.scan(TableName="orders")["Items"]:
        dynamodb.delete_item(TableName="orders", Key={"order_id": item["order_id"]})
    orders = [
        placed(number, at=moment / 1000, customer=customer, status=status)
        for number, (moment, customer, status) in enumerate(placings)
    ]
    store_orders(dynamodb, orders)
    pages = list(view.pages(queries))
    assert all(len(page) == view.limit for page in pages[:-1])
    assert len(pages[-1]) <= view.limit
    assert [order_id for page in pages for order_id in page] == newest_first(list(filter(view.shows, orders)))
