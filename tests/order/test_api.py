"""The order function as API Gateway calls it: its handler, driven by the events of events/api."""

from __future__ import annotations

import base64
import importlib.util
import io
import json
import logging
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kafka.errors import KafkaTimeoutError, NotLeaderForPartitionError

from functions.order.dynamodb import StoreUnavailableError, dynamodb_client
from functions.order.listing import Page
from functions.order.orders import ORDER_CANCELLED, ORDER_PAID
from functions.order.publisher import KafkaPublisher, NotPublishedError, Receipt, RefusedError
from functions.order.store import AlreadyCancelledError, OrderStore, OrderUnknownError, PaymentTakenError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from mypy_boto3_dynamodb import DynamoDBClient

    from functions.order.events import Message
    from functions.order.orders import Cancellation, Order

Event = dict[str, Any]

ADA = "ord_a7yuqahkcwyojza3z7chx7dkkq"
CREATE_EVENTS = sorted((Path(__file__).parents[2] / "events/api").glob("create-order-*.json"))


class Answer:
    """What the handler answered, with its JSON read."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.status: int = raw["statusCode"]
        self.headers: dict[str, str] = raw["headers"]
        self.json: dict[str, Any] = json.loads(raw["body"])

    def is_problem(self, status: int) -> bool:
        is_typed = self.headers["Content-Type"] == "application/problem+json"
        return is_typed and self.status == self.json["status"] == status and bool(self.json["detail"])


class Call(Protocol):
    def __call__(self, event: Event, *, remaining_ms: int = ...) -> Answer: ...


@dataclass
class FakePublisher:
    """Acknowledges what it is given, or fails with `error`."""

    error: Exception | None = None
    messages: list[Message] = field(default_factory=list)
    budgets: list[float] = field(default_factory=list)

    def publish(self, message: Message, *, budget: float) -> Receipt:
        if self.error:
            raise self.error
        self.budgets.append(budget)
        self.messages.append(message)
        return Receipt(topic="order-events", partition=1, offset=7)


@dataclass
class FakeStore:
    """Store, outbox and listing over a dictionary. Every call fails with `error`, marking with `mark_error`."""

    error: Exception | None = None
    mark_error: Exception | None = None
    orders: dict[str, Order] = field(default_factory=dict)

    def add(self, order: Order) -> Order | None:
        if self.error:
            raise self.error
        earlier = self.orders.setdefault(order.order_id, order)
        if earlier.content_hash != order.content_hash:
            raise PaymentTakenError
        return None if earlier is order else earlier

    def get(self, order_id: str) -> Order:
        if self.error:
            raise self.error
        if order_id not in self.orders:
            raise OrderUnknownError
        return self.orders[order_id]

    def cancel(self, order_id: str, cancellation: Cancellation, *, customer_id: str | None) -> tuple[Order, bool]:
        order = self.get(order_id)
        if customer_id not in {None, order.customer.id}:
            raise OrderUnknownError
        if order.cancellation:
            if order.cancellation.reason != cancellation.reason:
                raise AlreadyCancelledError
            return order, False
        pending = (*order.pending, ORDER_CANCELLED)
        cancelled = replace(order, status="cancelled", cancellation=cancellation, pending=pending)
        self.orders[order_id] = cancelled
        return cancelled, True

    def mark_published(self, order: Order, event_type: str) -> tuple[str, ...]:
        if self.mark_error:
            raise self.mark_error
        left = tuple(each for each in order.pending if each != event_type)
        self.orders[order.order_id] = replace(order, pending=left)
        return left

    def of_all(self, **_: Any) -> Page:
        if self.error:
            raise self.error
        return Page(orders=(), next_cursor=None)

    of_customer = of_all


@pytest.fixture
def publisher(app: ModuleType, monkeypatch: pytest.MonkeyPatch) -> FakePublisher:
    publisher = FakePublisher()
    monkeypatch.setattr(app, "publisher", publisher)
    return publisher


@pytest.fixture
def store(app: ModuleType, monkeypatch: pytest.MonkeyPatch) -> FakeStore:
    store = FakeStore()
    for name in ("store", "outbox", "listing"):
        monkeypatch.setattr(app, name, store)
    return store


@pytest.fixture
def call(app: ModuleType, publisher: FakePublisher, context: Callable[..., Any]) -> Call:
    def call(event: Event, *, remaining_ms: int = 10_000) -> Answer:
        return Answer(app.handler(event, context(remaining_ms=remaining_ms)))

    return call


@pytest.fixture
def log(app: ModuleType, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the function logs."""
    log = io.StringIO()
    monkeypatch.setattr(app.logger.registered_handler, "stream", log)
    return log


@pytest.fixture
def ada(event: Callable[[str], Event]) -> Event:
    """The request that places Ada's order."""
    return event("api/create-order-ada.json")


def with_body(event: Event, body: object) -> Event:
    return {**event, "body": body if isinstance(body, str) else json.dumps(body)}


def with_header(event: Event, name: str, value: str) -> Event:
    return {**event, "headers": {**event["headers"], name: value}}


def with_route(event: Event, method: str, path: str) -> Event:
    gateway = event["requestContext"]
    return {
        **event,
        "rawPath": path,
        "requestContext": {**gateway, "http": {**gateway["http"], "method": method, "path": path}},
    }


def as_caller(event: Event, *, sub: str | None = "cus_eve", scope: str = "") -> Event:
    """The same request with the token of somebody else."""
    jwt = {"claims": {"sub": sub, "scope": scope}, "scopes": None}
    return {**event, "requestContext": {**event["requestContext"], "authorizer": {"jwt": jwt}}}


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def stored_item(dynamodb: DynamoDBClient, order_id: str) -> dict[str, Any]:
    item: dict[str, Any] = dynamodb.get_item(TableName="orders", Key={"order_id": {"S": order_id}})["Item"]
    return item


@pytest.mark.parametrize("path", CREATE_EVENTS, ids=lambda path: path.stem)
def test_each_sample_order_is_recorded_published_and_readable(
    path: Path, call: Call, publisher: FakePublisher, dynamodb: DynamoDBClient
) -> None:
    request: Event = json.loads(path.read_text(encoding="utf-8"))
    sent = json.loads(request["body"])
    placed = call(request)
    order = placed.json
    assert placed.status == 201
    assert placed.headers["Location"] == f"/orders/{order['order_id']}"
    assert order == {
        "order_id": order["order_id"],
        "status": "paid",
        "customer": sent["customer"],
        "items": sent["items"],
        "currency": sent["currency"],
        "total": order["total"],
        "created_at": order["created_at"],
    }

    read = call(as_caller(with_route(request, "GET", placed.headers["Location"]), sub=sent["customer"]["id"]))
    assert (read.status, read.json) == (200, order)

    [message] = publisher.messages
    assert message.key == order["order_id"]
    facts = {name: order[name] for name in ("order_id", "customer", "items", "currency", "total")}
    assert json.loads(message.value)["data"] == {**facts, "paid_at": order["created_at"]}

    item = stored_item(dynamodb, order["order_id"])
    assert item["pending"] == {"L": []}
    assert "pending_shard" not in item


def test_the_sample_read_finds_the_sample_order(
    call: Call, ada: Event, event: Callable[[str], Event], dynamodb: DynamoDBClient
) -> None:
    assert call(event("api/get-order.json")).is_problem(404)
    call(ada)
    assert call(event("api/get-order.json")).json["order_id"] == ADA


def test_the_callers_trace_goes_into_the_event(
    call: Call, ada: Event, publisher: FakePublisher, store: FakeStore
) -> None:
    call(ada)
    traceparent = json.loads(publisher.messages[0].value)["traceparent"]
    assert traceparent == ada["headers"]["traceparent"] == store.orders[ADA].traceparent


def test_a_repeated_request_is_answered_with_the_stored_order(
    call: Call, ada: Event, publisher: FakePublisher, dynamodb: DynamoDBClient
) -> None:
    placed = call(ada)
    body = json.loads(ada["body"])
    repeated = call(with_body(ada, dict(reversed(body.items()))))
    assert repeated.status == 200
    assert repeated.headers["Idempotent-Replayed"] == "true"
    assert repeated.json == placed.json
    assert len(publisher.messages) == 1


def test_a_new_order_whose_answer_was_lost_is_answered_and_published_as_new(
    app: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    call: Call,
    ada: Event,
    publisher: FakePublisher,
    dynamodb: DynamoDBClient,
) -> None:
    statuses = []

    def lose_the_first(attempts: int, response: Any, **_: Any) -> float | None:
        statuses.append(response[0].status_code)
        return 0.0 if attempts == 1 else None  # how long botocore waits before it makes the call again

    client = dynamodb_client()
    events: Any = client.meta.events  # typed for handlers without an answer
    events.register("needs-retry.dynamodb.PutItem", lose_the_first)
    monkeypatch.setattr(app, "store", OrderStore(client=client, table="orders"))
    assert call(ada).status == 201
    assert statuses == [200, 400]  # the second try finds what the first has written
    assert len(publisher.messages) == 1
    assert stored_item(dynamodb, ADA)["pending"] == {"L": []}


def test_what_a_repeated_request_finds_pending_is_left_to_the_relay(
    call: Call, ada: Event, publisher: FakePublisher, dynamodb: DynamoDBClient
) -> None:
    publisher.error = NotPublishedError("no acknowledgement")
    placed = call(ada)
    publisher.error = None
    repeated = call(ada)
    assert (repeated.status, repeated.headers["Idempotent-Replayed"], repeated.json) == (200, "true", placed.json)
    assert publisher.messages == []
    assert stored_item(dynamodb, ADA)["pending"] == {"L": [{"S": ORDER_PAID}]}


def test_another_order_for_the_same_payment_learns_nothing_of_the_first(
    call: Call, ada: Event, new_order_body: Callable[[], Event], dynamodb: DynamoDBClient
) -> None:
    call(ada)
    body = new_order_body()
    body["customer"] = {"id": "cus_eve", "name": "Eve", "email": "eve@example.com"}
    refused = call(with_body(ada, body))
    assert refused.is_problem(409)
    assert not any(word in json.dumps(refused.json) for word in ("Ada", "ada@example.com", "25.00", ADA))


@pytest.mark.parametrize(
    "producer_error", [OSError("away"), KafkaTimeoutError("slow"), NotLeaderForPartitionError("failing")]
)
def test_whatever_ails_the_broker_the_order_is_placed_and_stays_marked(
    app: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    call: Call,
    ada: Event,
    dynamodb: DynamoDBClient,
    log: io.StringIO,
    producer_error: Exception,
) -> None:
    def connect(_: float) -> Any:
        raise producer_error

    monkeypatch.setattr(app, "publisher", KafkaPublisher(topic="order-events", connect=connect))
    assert call(ada).status == 201
    assert stored_item(dynamodb, ADA)["pending"] == {"L": [{"S": "order.paid.v1"}]}
    deferred = lines(log)[-1]
    assert (deferred["level"], deferred["message"]) == ("WARNING", "event deferred")
    assert type(producer_error).__name__ in deferred["reason"]


def test_an_event_that_cannot_be_unmarked_is_deferred_and_the_order_placed(
    call: Call, ada: Event, store: FakeStore, log: io.StringIO
) -> None:
    store.mark_error = StoreUnavailableError()
    assert call(ada).status == 201
    assert store.orders[ADA].pending == ("order.paid.v1",)
    assert [line["message"] for line in lines(log)] == ["order recorded", "event published", "event deferred"]


def test_the_send_leaves_time_for_taking_off_the_mark(
    call: Call, ada: Event, store: FakeStore, publisher: FakePublisher
) -> None:
    call(ada, remaining_ms=9_000)
    assert publisher.budgets == [1.5]


def test_while_the_store_is_away_nothing_is_published_and_the_caller_may_retry(
    call: Call, ada: Event, store: FakeStore, publisher: FakePublisher, event: Callable[[str], Event]
) -> None:
    store.error = StoreUnavailableError()
    for answer in (call(ada), call(event("api/get-order.json"))):
        assert answer.is_problem(503)
        assert int(answer.headers["Retry-After"]) > 0
    assert publisher.messages == []


def test_each_step_is_logged_by_order_id(call: Call, ada: Event, store: FakeStore, log: io.StringIO) -> None:
    call(ada)
    recorded, published = lines(log)
    assert (recorded["message"], recorded["order_id"]) == ("order recorded", ADA)
    assert published["message"] == "event published"
    subject = {"order_id": ADA, "event_type": "order.paid.v1"}
    assert published.items() >= {**subject, "topic": "order-events", "partition": 1, "offset": 7}.items()


@pytest.mark.parametrize("error", [None, NotPublishedError("no acknowledgement"), ValueError("ada@example.com")])
def test_no_log_line_has_personal_data(
    call: Call,
    ada: Event,
    store: FakeStore,
    publisher: FakePublisher,
    log: io.StringIO,
    caplog: pytest.LogCaptureFixture,
    error: Exception | None,
) -> None:
    publisher.error = error
    call(ada)
    call(with_body(ada, ada["body"].replace("EUR", "XXX")))
    store.error = error
    call(ada)
    assert ADA in log.getvalue()
    for personal in ("Ada", "Lovelace", "ada@", "+1415", "cus_ada"):
        assert personal not in log.getvalue() + caplog.text


def test_a_bug_is_answered_and_logged_without_its_message(
    call: Call, ada: Event, store: FakeStore, log: io.StringIO
) -> None:
    store.error = RuntimeError("ada@example.com")
    assert call(ada).is_problem(500)
    [line] = lines(log)
    assert (line["message"], line["error_type"]) == ("request failed", "RuntimeError")
    assert "in add" in line["frames"][-1]


def test_an_error_of_aws_is_logged_by_its_code(call: Call, ada: Event, store: FakeStore, log: io.StringIO) -> None:
    answer: Any = {"Error": {"Code": "AccessDeniedException", "Message": "about ada@example.com"}}
    store.error = ClientError(answer, "PutItem")
    assert call(ada).is_problem(500)
    [line] = lines(log)
    assert line["error_type"] == "AccessDeniedException"
    assert "ada@" not in log.getvalue()


def test_not_even_debug_logs_personal_data(
    call: Call, ada: Event, dynamodb: DynamoDBClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        call(ada)
        call(ada)
        call(with_route(ada, "GET", f"/orders/{ADA}"))
        call(with_body(ada, ada["body"].replace("EUR", "XXX")))
    assert caplog.records
    for personal in ("Ada", "Lovelace", "ada@", "+1415", "cus_ada"):
        assert personal not in caplog.text


@pytest.mark.parametrize(
    "library",
    [
        "aws_lambda_powertools.event_handler",
        "boto3",
        "botocore.endpoint",
        "botocore.parsers",
        "urllib3.connectionpool",
        "kafka",
    ],
)
def test_libraries_that_log_what_they_send_do_not(
    app: ModuleType, caplog: pytest.LogCaptureFixture, library: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        assert not logging.getLogger(library).isEnabledFor(logging.INFO)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", 400),
        ("{'a': 1}", 400),
        ('{"a": NaN}', 400),
        ('{"a": 1' + "0" * 5000 + "}", 400),
        ("[" * 100_000, 400),
        ('{"a":' * 40_000, 400),
        ('{"a": "unfinished', 400),
        ('{"a": "\ud800"}', 400),  # a surrogate on its own has no bytes in UTF-8
        ("", 422),
        ("null", 422),
        ("[]", 422),
        ('"order"', 422),
        ("5", 422),
        ("{}", 422),
        ('{"\\ud800": 1}', 422),
        ("x" * (256 * 1024 + 1), 413),
        ("ü" * (128 * 1024 + 1), 413),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_body_that_is_no_order_is_a_problem(call: Call, ada: Event, store: FakeStore, body: str, status: int) -> None:
    assert call(with_body(ada, body)).is_problem(status)
    assert store.orders == {}


def test_an_array_of_orders_is_not_an_order(call: Call, ada: Event, store: FakeStore) -> None:
    assert call(with_body(ada, f"[{ada['body']}]")).is_problem(422)
    assert store.orders == {}


@pytest.mark.parametrize("depth", range(880, 1000, 7))
def test_json_nested_near_the_limit_is_a_problem(call: Call, ada: Event, store: FakeStore, depth: int) -> None:
    answer = call(with_body(ada, '{"a":' * depth + "1" + "}" * depth))
    assert answer.is_problem(400) or answer.is_problem(422)


def test_a_body_in_base64_is_read(call: Call, ada: Event, store: FakeStore) -> None:
    encoded = base64.b64encode(ada["body"].encode()).decode()
    assert call({**ada, "body": encoded, "isBase64Encoded": True}).status == 201


def test_an_event_made_by_hand_needs_no_more_than_its_body(call: Call, ada: Event, store: FakeStore) -> None:
    bare = {name: ada[name] for name in ("version", "routeKey", "rawPath", "requestContext", "body")}
    assert call(bare).status == 201


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON;charset=UTF-8"])
def test_headers_have_no_case(call: Call, ada: Event, store: FakeStore, content_type: str) -> None:
    assert call({**ada, "headers": {"Content-Type": content_type}}).status == 201


@pytest.mark.parametrize(("raw", "status"), [(b"\xff", 400), (b" " * (256 * 1024 + 1), 413)])
def test_the_bytes_behind_base64_count(call: Call, ada: Event, store: FakeStore, raw: bytes, status: int) -> None:
    encoded = base64.b64encode(raw).decode()
    assert call({**ada, "body": encoded, "isBase64Encoded": True}).is_problem(status)


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/json-seq",
        "application/json; charset=utf-16",
        "",
    ],
)
def test_what_is_not_sent_as_json_is_not_guessed_at(
    call: Call, ada: Event, store: FakeStore, content_type: str
) -> None:
    assert call(with_header(ada, "content-type", content_type)).is_problem(415)
    assert store.orders == {}


def test_wrong_fields_are_listed(call: Call, ada: Event, store: FakeStore) -> None:
    answer = call(with_body(ada, ada["body"].replace('"quantity": 2', '"quantity": 0')))
    assert answer.is_problem(422)
    message = "Input should be greater than or equal to 1"
    assert answer.json["errors"] == [{"field": "/items/0/quantity", "message": message}]


@pytest.fixture
def cancel(event: Callable[[str], Event]) -> Event:
    """The request that cancels Ada's order."""
    return event("api/cancel-order.json")


def test_a_cancellation_is_answered_with_the_order_and_published(
    call: Call, ada: Event, cancel: Event, publisher: FakePublisher, dynamodb: DynamoDBClient
) -> None:
    placed = call(ada).json
    cancelled = call(cancel)
    assert cancelled.status == 200
    cancellation = cancelled.json["cancellation"]
    assert cancelled.json == {**placed, "status": "cancelled", "cancellation": cancellation}
    assert cancellation["reason"] == "Ordered twice by mistake"

    paid, published = publisher.messages
    assert paid.key == published.key
    event = json.loads(published.value)
    assert (event["type"], event["traceparent"]) == (ORDER_CANCELLED, cancel["headers"]["traceparent"])
    assert event["data"]["cancelled_at"] == cancellation["cancelled_at"]
    item = stored_item(dynamodb, ADA)
    assert item["pending"] == {"L": []}
    assert "pending_shard" not in item


def test_a_repeated_cancellation_is_answered_alike_and_not_published_again(
    call: Call, ada: Event, cancel: Event, publisher: FakePublisher, dynamodb: DynamoDBClient
) -> None:
    call(ada)
    first = call(cancel)
    repeated = call(cancel)
    assert "Idempotent-Replayed" not in first.headers
    assert (repeated.status, repeated.headers["Idempotent-Replayed"]) == (200, "true")
    assert repeated.json == first.json
    assert len(publisher.messages) == 2


def test_another_reason_is_a_conflict_that_tells_nothing(
    call: Call, ada: Event, cancel: Event, dynamodb: DynamoDBClient
) -> None:
    call(ada)
    call(cancel)
    refused = call(with_body(cancel, {"reason": "Out of stock"}))
    assert refused.is_problem(409)
    assert "Ordered twice" not in json.dumps(refused.json)


def test_while_the_paid_event_is_pending_its_cancellation_waits_behind_it(
    call: Call, ada: Event, cancel: Event, publisher: FakePublisher, dynamodb: DynamoDBClient
) -> None:
    publisher.error = NotPublishedError("no acknowledgement")
    call(ada)
    publisher.error = None
    assert call(cancel).json["status"] == "cancelled"
    assert publisher.messages == []
    assert stored_item(dynamodb, ADA)["pending"] == {"L": [{"S": ORDER_PAID}, {"S": ORDER_CANCELLED}]}


def test_an_unknown_order_is_not_cancelled(call: Call, cancel: Event, store: FakeStore) -> None:
    assert call(cancel).is_problem(404)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "/reason"),
        ({"reason": ""}, "/reason"),
        ({"reason": "x" * 201}, "/reason"),
        ({"reason": "two\nlines"}, "/reason"),
        ({"reason": 5}, "/reason"),
        ({"reason": "late", "status": "paid"}, "/status"),
    ],
)
def test_a_cancellation_without_a_proper_reason_is_a_problem(
    call: Call, ada: Event, cancel: Event, store: FakeStore, body: object, field: str
) -> None:
    call(ada)
    refused = call(with_body(cancel, body))
    assert refused.is_problem(422)
    assert [error["field"] for error in refused.json["errors"]] == [field]
    assert store.orders[ADA].status == "paid"


def test_customers_read_their_own_orders_and_nobody_elses(
    call: Call, ada: Event, event: Callable[[str], Event], store: FakeStore
) -> None:
    call(ada)
    read = event("api/get-order.json")
    assert call(read).status == 200
    assert call(as_caller(read, sub="cus_eve")).is_problem(404)
    assert call(as_caller(read, sub="cus_eve", scope="orders:write")).is_problem(404)
    assert call(as_caller(read, sub="cus_eve", scope="openid orders:read:all")).status == 200


def test_who_may_write_cancels_what_it_may_read_and_nothing_else(
    call: Call, ada: Event, cancel: Event, dynamodb: DynamoDBClient
) -> None:
    call(ada)
    unknown = call(with_route(cancel, "POST", "/orders/ord_aaaaaaaaaaaaaaaaaaaaaaaaaa/cancellation"))
    for subject in ("cus_eve", "", None):
        refused = call(as_caller(cancel, sub=subject, scope="orders:write"))
        assert (refused.status, refused.json) == (404, unknown.json)
    assert stored_item(dynamodb, ADA)["status"] == {"S": "paid"}
    assert call(as_caller(cancel, sub="cus_ada", scope="orders:write")).status == 200
    # Also where it is cancelled already, for the same reason.
    assert call(as_caller(cancel, sub="cus_eve", scope="orders:write")).is_problem(404)


def test_without_the_scope_nothing_is_placed_or_cancelled(
    call: Call, ada: Event, cancel: Event, store: FakeStore, publisher: FakePublisher
) -> None:
    assert call(as_caller(ada, scope="orders:read:all")).is_problem(403)
    assert store.orders == {}
    call(ada)
    assert call(as_caller(cancel, sub="cus_ada")).is_problem(403)
    assert store.orders[ADA].status == "paid"
    assert len(publisher.messages) == 1


def test_what_came_through_no_authorizer_is_refused(
    app: ModuleType, monkeypatch: pytest.MonkeyPatch, call: Call, ada: Event, store: FakeStore
) -> None:
    gateway = {name: value for name, value in ada["requestContext"].items() if name != "authorizer"}
    bare = {**ada, "requestContext": gateway}
    refused = call(bare)
    assert refused.is_problem(401)
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert store.orders == {}

    monkeypatch.setattr(app, "IS_SAM_LOCAL", True)
    assert call(bare).status == 201
    assert call(with_route(bare, "GET", f"/orders/{ADA}")).status == 200


def test_a_list_has_the_callers_orders_newest_first(
    call: Call, event: Callable[[str], Event], new_order_body: Callable[[], Event], dynamodb: DynamoDBClient
) -> None:
    placed = []
    for number in range(3):
        body = new_order_body()
        body["payment"]["reference"] = f"pay_{number}"
        body["customer"]["id"] = "cus_ada" if number != 1 else "cus_eve"
        placed.append(call(with_body(event("api/create-order-ada.json"), body)).json)
        time.sleep(0.002)  # times are in milliseconds
    request = {**event("api/list-orders.json"), "queryStringParameters": None, "rawQueryString": ""}

    own = call(as_caller(request, sub="cus_ada")).json
    assert [order["order_id"] for order in own["orders"]] == [placed[2]["order_id"], placed[0]["order_id"]]
    assert own["next_cursor"] is None
    assert own["orders"][0] == {
        "customer_id": "cus_ada",
        **{name: placed[2][name] for name in ("order_id", "status", "currency", "total", "created_at")},
    }

    everybodys = call(as_caller(request, scope="orders:read:all")).json
    assert [order["order_id"] for order in everybodys["orders"]] == [each["order_id"] for each in reversed(placed)]


@pytest.mark.parametrize("subject", ["", "x" * 129, "x" * 3000])
def test_whoever_can_have_no_orders_has_none(
    call: Call, event: Callable[[str], Event], dynamodb: DynamoDBClient, subject: str
) -> None:
    listed = call(as_caller(event("api/list-orders.json"), sub=subject))
    assert (listed.status, listed.json) == (200, {"orders": [], "next_cursor": None})


def test_a_list_is_followed_page_by_page_and_by_status(
    call: Call, event: Callable[[str], Event], new_order_body: Callable[[], Event], dynamodb: DynamoDBClient
) -> None:
    for number in range(5):
        body = new_order_body()
        body["payment"]["reference"] = f"pay_{number}"
        order_id = call(with_body(event("api/create-order-ada.json"), body)).json["order_id"]
        if number % 2:
            cancel = with_route(event("api/cancel-order.json"), "POST", f"/orders/{order_id}/cancellation")
            assert call(cancel).status == 200

    def page(**parameters: str) -> Answer:
        request = {**event("api/list-orders.json"), "queryStringParameters": parameters}
        return call(as_caller(request, scope="orders:read:all"))

    first = page(limit="2").json
    second = page(limit="2", cursor=first["next_cursor"]).json
    third = page(limit="2", cursor=second["next_cursor"]).json
    shown = [order["order_id"] for each in (first, second, third) for order in each["orders"]]
    assert len(set(shown)) == 5
    assert third["next_cursor"] is None
    assert {order["status"] for order in page(status="cancelled").json["orders"]} == {"cancelled"}
    assert len(page(status="paid").json["orders"]) == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [("limit", "0"), ("limit", "101"), ("limit", "x"), ("status", "lost"), ("cursor", "x"), ("cursor", "e30=")],
)
def test_a_wrong_parameter_of_a_list_is_named(
    call: Call, event: Callable[[str], Event], dynamodb: DynamoDBClient, name: str, value: str
) -> None:
    refused = call({**event("api/list-orders.json"), "queryStringParameters": {name: value}})
    assert refused.is_problem(422)
    assert [error["field"] for error in refused.json["errors"]] == [f"/{name}"]


def test_every_line_about_a_request_has_the_id_of_its_trace(
    call: Call, ada: Event, store: FakeStore, log: io.StringIO
) -> None:
    call(ada)
    trace = ada["headers"]["traceparent"].split("-")[1]
    assert [line["correlation_id"] for line in lines(log)] == [trace, trace]


@pytest.mark.parametrize(
    ("error", "counted"),
    [
        (None, {"OrdersRecorded", "EventsPublished"}),
        (NotPublishedError("no acknowledgement"), {"OrdersRecorded", "EventsDeferred"}),
        (RefusedError("too large"), {"OrdersRecorded", "EventsDeferred"}),
    ],
)
def test_what_becomes_of_an_order_is_counted(
    call: Call,
    ada: Event,
    cancel: Event,
    store: FakeStore,
    publisher: FakePublisher,
    capsys: pytest.CaptureFixture[str],
    error: Exception | None,
    counted: set[str],
) -> None:
    publisher.error = error
    call(ada)
    assert counts(capsys) == counted
    call(ada)
    assert counts(capsys) == {"OrdersReplayed"}
    publisher.error = NotPublishedError("no acknowledgement")
    call(cancel)
    assert "OrdersCancelled" in counts(capsys)
    call(with_route(ada, "GET", f"/orders/{ADA}"))
    assert counts(capsys) == set()


def counts(capsys: pytest.CaptureFixture[str]) -> set[str]:
    """The metrics that the function has written since this was asked last, in CloudWatch's embedded format."""
    metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    for each in metrics:
        [directive] = each["_aws"]["CloudWatchMetrics"]
        assert (directive["Namespace"], directive["Dimensions"]) == ("shop", [["service"]])
        assert each["service"] == "order"
    return {metric["Name"] for each in metrics for metric in each["_aws"]["CloudWatchMetrics"][0]["Metrics"]}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("DELETE", f"/orders/{ADA}"),
        ("PUT", "/orders"),
        ("GET", f"/orders/{ADA}/items"),
        ("GET", "/orders/" + "x" * 3000),
    ],
)
def test_what_the_api_does_not_have_is_a_problem(
    call: Call, event: Callable[[str], Event], store: FakeStore, method: str, path: str
) -> None:
    assert call(with_route(event("api/get-order.json"), method, path)).is_problem(404)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda children: st.lists(children, max_size=5) | st.dictionaries(st.text(st.characters()), children),
    max_leaves=20,
)
FIELDS = st.sampled_from(["customer", "currency", "items", "payment"])


@given(body=JSON, changes=st.dictionaries(FIELDS, JSON, min_size=1), is_whole=st.booleans())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_json_makes_it_fail(
    call: Call,
    ada: Event,
    store: FakeStore,
    new_order_body: Callable[[], Event],
    body: object,
    changes: dict[str, Any],
    is_whole: bool,
) -> None:
    answer = call(with_body(ada, json.dumps(body if is_whole else {**new_order_body(), **changes})))
    assert answer.is_problem(400) or answer.is_problem(422)
    assert store.orders == {}


@pytest.mark.parametrize(
    ("initialization", "warmed"), [("on-demand", True), ("provisioned-concurrency", True), ("snap-start", False)]
)
def test_the_producer_is_built_in_init_but_never_before_a_snapshot(
    app: ModuleType, monkeypatch: pytest.MonkeyPatch, initialization: str, warmed: bool
) -> None:
    calls: list[KafkaPublisher] = []
    monkeypatch.setattr(KafkaPublisher, "warm", lambda publisher: calls.append(publisher))
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", initialization)
    reimport(app)
    assert bool(calls) is warmed


def test_a_broker_that_is_away_does_not_fail_init(
    app: ModuleType, monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    def fail(_: KafkaPublisher) -> None:
        raise NotPublishedError("no acknowledgement from Kafka: KafkaTimeoutError")

    monkeypatch.setattr(KafkaPublisher, "warm", fail)
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
    reimport(app)
    assert lines(log)[-1]["message"] == "kafka not warmed up"


@pytest.mark.parametrize(
    "name",
    [
        "KAFKA_AUTHENTICATION",
        "KAFKA_BOOTSTRAP_SERVERS",
        "ORDERS_READ_ALL_SCOPE",
        "ORDERS_TABLE",
        "ORDERS_WRITE_SCOPE",
        "ORDER_EVENTS_TOPIC",
    ],
)
def test_a_missing_setting_fails_init_by_name(app: ModuleType, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(KeyError, match=name):
        reimport(app)


def reimport(app: ModuleType) -> None:
    """Runs the entry point's init once more, as another module than `app`."""
    spec = importlib.util.spec_from_file_location("functions.order.app_once_more", app.__file__)
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
