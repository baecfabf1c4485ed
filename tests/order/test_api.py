"""The order function as API Gateway calls it: its handler, driven by the events of events/api."""

from __future__ import annotations

import base64
import importlib.util
import io
import json
import logging
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kafka.errors import KafkaTimeoutError, NotLeaderForPartitionError

from functions.order.publisher import KafkaPublisher, NotPublishedError, Receipt
from functions.order.store import OrderStore, OrderUnknownError, PaymentTakenError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from mypy_boto3_dynamodb import DynamoDBClient

    from functions.order.events import Message
    from functions.order.orders import Order

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
    """Orders in a dictionary. Every call fails with `error`, taking off marks with `mark_error`."""

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

    def mark_published(self, order: Order, event_type: str) -> None:
        if self.mark_error:
            raise self.mark_error
        left = tuple(each for each in order.pending if each != event_type)
        self.orders[order.order_id] = replace(order, pending=left)


@pytest.fixture
def publisher(app: ModuleType, monkeypatch: pytest.MonkeyPatch) -> FakePublisher:
    publisher = FakePublisher()
    monkeypatch.setattr(app, "publisher", publisher)
    return publisher


@pytest.fixture
def store(app: ModuleType, monkeypatch: pytest.MonkeyPatch) -> FakeStore:
    store = FakeStore()
    monkeypatch.setattr(app, "store", store)
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

    read = call(with_route(request, "GET", placed.headers["Location"]))
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

    client = boto3.client("dynamodb", config=app.DYNAMODB_CONFIG)
    events: Any = client.meta.events  # typed for handlers without an answer
    events.register("needs-retry.dynamodb.PutItem", lose_the_first)
    monkeypatch.setattr(app, "store", OrderStore(client=client, table="orders"))
    assert call(ada).status == 201
    assert statuses == [200, 400]  # the second try finds what the first has written
    assert len(publisher.messages) == 1
    assert stored_item(dynamodb, ADA)["pending"] == {"L": []}


def test_a_repeated_request_publishes_what_is_still_pending(
    call: Call, ada: Event, publisher: FakePublisher, dynamodb: DynamoDBClient
) -> None:
    publisher.error = NotPublishedError("no acknowledgement")
    placed = call(ada)
    publisher.error = None
    repeated = call(ada)
    assert (repeated.status, repeated.headers["Idempotent-Replayed"], repeated.json) == (200, "true", placed.json)
    [message] = publisher.messages
    assert json.loads(message.value)["data"]["paid_at"] == placed.json["created_at"]
    assert stored_item(dynamodb, ADA)["pending"] == {"L": []}
    call(ada)
    assert len(publisher.messages) == 1


def test_what_a_repeated_request_cannot_publish_stays_pending(
    call: Call, ada: Event, publisher: FakePublisher, dynamodb: DynamoDBClient
) -> None:
    publisher.error = NotPublishedError("no acknowledgement")
    call(ada)
    assert call(ada).status == 200
    assert stored_item(dynamodb, ADA)["pending"] == {"L": [{"S": "order.paid.v1"}]}


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


def test_names_of_headers_have_no_case(call: Call, ada: Event, store: FakeStore) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    assert call({**ada, "headers": headers}).status == 201


@pytest.mark.parametrize(("raw", "status"), [(b"\xff", 400), (b" " * (256 * 1024 + 1), 413)])
def test_the_bytes_behind_base64_count(call: Call, ada: Event, store: FakeStore, raw: bytes, status: int) -> None:
    encoded = base64.b64encode(raw).decode()
    assert call({**ada, "body": encoded, "isBase64Encoded": True}).is_problem(status)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
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


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/orders"),
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
    "name", ["ORDERS_TABLE", "ORDER_EVENTS_TOPIC", "KAFKA_BOOTSTRAP_SERVERS", "KAFKA_AUTHENTICATION"]
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
