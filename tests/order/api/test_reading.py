"""Reading and listing orders, and who may do it."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from tests.order.api.requests import ADA, ApiResponse, CallApi, Event, as_caller, with_body, with_route
from tests.order.orders import NOON, stored_item
from tools import openapi
from tools.erase_customer.customer_orders import CustomerOrders

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.order.fakes import FakeOrders, FakePublisher


def test_customers_read_their_own_orders_and_nobody_elses(
    call: CallApi, ada: Event, event: Callable[[str], Event], store: FakeOrders
) -> None:
    call(ada)
    read = event("api/get-order.json")
    assert call(read).status == 200
    assert call(as_caller(read, sub="cus_eve")).is_problem(404)
    assert call(as_caller(read, sub="cus_eve", scope="orders:write")).is_problem(404)
    assert call(as_caller(read, sub="cus_eve", scope="openid orders:read:all")).status == 200


@pytest.mark.parametrize("body", ["{", "x" * (256 * 1024 + 1), '{"a": 1, "a": 2}'])
def test_a_body_of_a_read_request_means_nothing(
    call: CallApi, ada: Event, event: Callable[[str], Event], store: FakeOrders, body: str
) -> None:
    call(ada)
    read = event("api/get-order.json")
    plain = {**read, "body": body, "headers": {**read["headers"], "content-type": "text/plain"}}
    assert call(plain).json["order_id"] == ADA


def test_a_writer_cancels_only_orders_that_it_may_read(
    call: CallApi, ada: Event, cancel: Event, dynamodb: DynamoDBClient
) -> None:
    call(ada)
    unknown = call(with_route(cancel, "POST", "/orders/ord_aaaaaaaaaaaaaaaaaaaaaaaaaa/cancellation"))
    for subject in ("cus_eve", "", None):
        refused = call(as_caller(cancel, sub=subject, scope="orders:write"))
        assert (refused.status, refused.json) == (404, unknown.json)
    assert stored_item(dynamodb, ADA)["status"] == {"S": "paid"}
    assert call(as_caller(cancel, sub="cus_ada", scope="orders:write")).status == 200
    # An order that is cancelled already, for the same reason, is as unknown.
    assert call(as_caller(cancel, sub="cus_eve", scope="orders:write")).is_problem(404)


def test_nothing_is_placed_or_cancelled_without_the_scope(
    call: CallApi, ada: Event, cancel: Event, store: FakeOrders, publisher: FakePublisher
) -> None:
    assert call(as_caller(ada, scope="orders:read:all")).is_problem(403)
    assert store.orders == {}
    call(ada)
    assert call(as_caller(cancel, sub="cus_ada")).is_problem(403)
    assert store.orders[ADA].status == "paid"
    assert len(publisher.records) == 1


def test_a_request_without_the_authorizers_claims_is_refused(
    app: ModuleType, monkeypatch: pytest.MonkeyPatch, call: CallApi, ada: Event, store: FakeOrders
) -> None:
    gateway = {name: value for name, value in ada["requestContext"].items() if name != "authorizer"}
    bare = {**ada, "requestContext": gateway}
    refused = call(bare)
    assert refused.is_problem(401)
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert store.orders == {}

    monkeypatch.setattr(app, "settings", replace(app.settings, is_sam_local=True))
    assert call(bare).status == 201
    assert call(with_route(bare, "GET", f"/orders/{ADA}")).status == 200


def test_a_list_has_the_callers_orders_newest_first(
    call: CallApi, event: Callable[[str], Event], new_order_body: Callable[[], Event], dynamodb: DynamoDBClient
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
        **{name: placed[2][name] for name in ("order_id", "order_number", "status", "currency", "total", "created_at")},
    }

    everybodys = call(as_caller(request, scope="orders:read:all")).json
    assert [order["order_id"] for order in everybodys["orders"]] == [each["order_id"] for each in reversed(placed)]


@pytest.mark.parametrize("subject", ["", "x" * 129, "x" * 3000])
def test_a_subject_that_can_have_no_orders_gets_an_empty_list(
    call: CallApi, event: Callable[[str], Event], dynamodb: DynamoDBClient, subject: str
) -> None:
    listed = call(as_caller(event("api/list-orders.json"), sub=subject))
    assert (listed.status, listed.json) == (200, {"orders": [], "next_cursor": None})


def test_a_list_has_pages_and_a_filter_by_status(
    call: CallApi, event: Callable[[str], Event], new_order_body: Callable[[], Event], dynamodb: DynamoDBClient
) -> None:
    for number in range(5):
        body = new_order_body()
        body["payment"]["reference"] = f"pay_{number}"
        order_id = call(with_body(event("api/create-order-ada.json"), body)).json["order_id"]
        if number % 2:
            cancel = with_route(event("api/cancel-order.json"), "POST", f"/orders/{order_id}/cancellation")
            assert call(cancel).status == 200

    def page(**parameters: str) -> ApiResponse:
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
def test_the_answer_names_a_wrong_parameter_of_a_list(
    call: CallApi, event: Callable[[str], Event], dynamodb: DynamoDBClient, name: str, value: str
) -> None:
    refused = call({**event("api/list-orders.json"), "queryStringParameters": {name: value}})
    assert refused.is_problem(422)
    assert [error["field"] for error in refused.json["errors"]] == [f"/{name}"]


def test_an_order_is_found_by_its_number_and_customer(
    call: CallApi, event: Callable[[str], Event], new_order_body: Callable[[], Event], dynamodb: DynamoDBClient
) -> None:
    placed = []
    for number in range(3):
        body = new_order_body()
        body["payment"]["reference"] = f"pay_{number}"
        placed.append(call(with_body(event("api/create-order-ada.json"), body)).json)
    request = event("api/list-orders.json")

    def found(*, sub: str, scope: str = "", **parameters: str) -> list[str]:
        answer = call(as_caller({**request, "queryStringParameters": parameters}, sub=sub, scope=scope))
        assert answer.status == 200
        return [order["order_id"] for order in answer.json["orders"]]

    wanted = placed[1]["order_id"]
    number = placed[1]["order_number"]
    support = {"sub": "support", "scope": "orders:read:all"}
    assert found(sub="cus_ada", number=number) == [wanted]
    assert found(sub="cus_ada", number=number.lower(), customer_id="cus_ada") == [wanted]
    assert found(**support, customer_id="cus_ada", number=number) == [wanted]
    assert found(**support, customer_id="cus_ada", number=number, status="cancelled") == []
    assert len(found(**support, customer_id="cus_ada")) == 3
    assert found(**support, customer_id="cus_eve", number=number) == []
    assert found(sub="cus_eve", number=number) == []
    assert found(sub="cus_eve", customer_id="cus_ada") == []


@pytest.mark.parametrize(
    ("parameters", "field", "message"),
    [
        ({"number": "A7YUQ-AHKC6"}, "/number", "wrong"),
        ({"number": "ord_a7yuqahkc"}, "/number", "such as"),
        ({"number": "A7YUQ-AHKC7"}, "/number", "customer_id"),
        ({"customer_id": ""}, "/customer_id", "pattern"),
        ({"customer_id": "x" * 129}, "/customer_id", "128"),
    ],
)
def test_a_wrong_number_or_customer_is_named(
    call: CallApi,
    event: Callable[[str], Event],
    dynamodb: DynamoDBClient,
    parameters: dict[str, str],
    field: str,
    message: str,
) -> None:
    request = {**event("api/list-orders.json"), "queryStringParameters": parameters}
    refused = call(as_caller(request, sub="support", scope="orders:read:all"))
    assert refused.is_problem(422)
    [error] = refused.json["errors"]
    assert error["field"] == field
    assert message in error["message"]


def test_the_answer_for_an_erased_order_follows_the_document(
    call: CallApi, ada: Event, cancel: Event, event: Callable[[str], Event], dynamodb: DynamoDBClient
) -> None:
    call(ada)
    placed = call(cancel).json
    orders = CustomerOrders(client=dynamodb, table="orders", customer_id="cus_ada")
    [_] = [orders.erase(each, now=NOON) for each in orders.all()]
    read = call(event("api/get-order.json"))
    components = json.loads(openapi.DOCUMENT.read_text(encoding="utf-8"))["components"]
    schema = {"$ref": "#/components/schemas/StoredOrder", "components": components}
    Draft202012Validator(schema).validate(read.json)
    assert read.json == {
        **placed,
        "customer": {"id": "cus_ada", "name": "erased", "email": "erased@erased.invalid"},
        "cancellation": {**placed["cancellation"], "reason": "erased"},
        "erased_at": "2026-11-22T12:00:00.000Z",
    }
