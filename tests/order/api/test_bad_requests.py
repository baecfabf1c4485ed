"""Requests that cannot be carried out: each is answered with a problem, and none makes the function fail."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.order.api.requests import ADA, CallApi, Event, with_body, with_header, with_route

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.order.fakes import FakeOrders


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
def test_a_body_that_is_no_order_is_a_problem(
    call: CallApi, ada: Event, store: FakeOrders, body: str, status: int
) -> None:
    assert call(with_body(ada, body)).is_problem(status)
    assert store.orders == {}


def test_an_array_of_orders_is_not_an_order(call: CallApi, ada: Event, store: FakeOrders) -> None:
    assert call(with_body(ada, f"[{ada['body']}]")).is_problem(422)
    assert store.orders == {}


@pytest.mark.parametrize("depth", range(880, 1000, 7))
def test_json_nested_near_the_limit_is_a_problem(call: CallApi, ada: Event, store: FakeOrders, depth: int) -> None:
    answer = call(with_body(ada, '{"a":' * depth + "1" + "}" * depth))
    assert answer.is_problem(400) or answer.is_problem(422)


def test_a_body_in_base64_is_read(call: CallApi, ada: Event, store: FakeOrders) -> None:
    encoded = base64.b64encode(ada["body"].encode()).decode()
    assert call({**ada, "body": encoded, "isBase64Encoded": True}).status == 201


def test_an_event_made_by_hand_needs_no_more_than_its_body(call: CallApi, ada: Event, store: FakeOrders) -> None:
    bare = {name: ada[name] for name in ("version", "routeKey", "rawPath", "requestContext", "body")}
    assert call(bare).status == 201


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON;charset=UTF-8"])
def test_headers_are_read_in_any_case(call: CallApi, ada: Event, store: FakeOrders, content_type: str) -> None:
    assert call({**ada, "headers": {"Content-Type": content_type}}).status == 201


@pytest.mark.parametrize(("raw", "status"), [(b"\xff", 400), (b" " * (256 * 1024 + 1), 413)])
def test_the_decoded_bytes_of_base64_count(
    call: CallApi, ada: Event, store: FakeOrders, raw: bytes, status: int
) -> None:
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
def test_a_body_of_another_media_type_is_refused(
    call: CallApi, ada: Event, store: FakeOrders, content_type: str
) -> None:
    assert call(with_header(ada, "content-type", content_type)).is_problem(415)
    assert store.orders == {}


def test_the_answer_lists_wrong_fields(call: CallApi, ada: Event, store: FakeOrders) -> None:
    answer = call(with_body(ada, ada["body"].replace('"quantity": 2', '"quantity": 0')))
    assert answer.is_problem(422)
    message = "Input should be greater than or equal to 1"
    assert answer.json["errors"] == [{"field": "/items/0/quantity", "message": message}]


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
def test_a_route_that_does_not_exist_is_a_problem(
    call: CallApi, event: Callable[[str], Event], store: FakeOrders, method: str, path: str
) -> None:
    assert call(with_route(event("api/get-order.json"), method, path)).is_problem(404)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda children: st.lists(children, max_size=5) | st.dictionaries(st.text(st.characters()), children),
    max_leaves=20,
)
FIELDS = st.sampled_from(["customer", "currency", "items", "payment"])


@given(body=JSON, changes=st.dictionaries(FIELDS, JSON, min_size=1), is_whole=st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_no_json_makes_the_function_fail(
    call: CallApi,
    ada: Event,
    store: FakeOrders,
    new_order_body: Callable[[], Event],
    body: object,
    changes: dict[str, Any],
    is_whole: bool,
) -> None:
    answer = call(with_body(ada, json.dumps(body if is_whole else {**new_order_body(), **changes})))
    assert answer.is_problem(400) or answer.is_problem(422)
    assert store.orders == {}
