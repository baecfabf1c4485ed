"""Content hash: a repeated request is recognised across deployments, and whatever its JSON looks like."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NotRequired

import pytest
from pydantic import Field, ValidationError

from functions.order.http.schema import NewCustomer, NewOrder

if TYPE_CHECKING:
    from collections.abc import Callable

Body = dict[str, Any]

# The hashes that are stored with the orders of these requests, since the first version.
STORED = {
    "create-order-ada": "63059e462c64ee39e3ef9ac7353d592c06da954717201fde54a483d73a5c0d85",
    "create-order-minimal": "dc28f609eef5a9337ca394f726a9929af67456cf0f035897465ec4c60fa717f9",
    "create-order-vi": "cf248ae2d4399ff4d65d3645ffa334cd674604e3d04bd45b71901f495ab796bf",
    "create-order-yen": "9d999ae977642c32f3ecd7a7f112bd4b426788c86b92448fcd1186338e12de5e",
}


class NewCustomerWithTitle(NewCustomer):
    """A customer of a later version of the API."""

    title: NotRequired[str]


class NewOrderWithGift(NewOrder):
    """An order of a later version of the API: it has optional fields, with and without a default."""

    customer: NewCustomerWithTitle
    coupon: str | None = None
    is_gift: bool = Field(default=False)


def content_hash(body: Body, *, model: type[NewOrder] = NewOrder) -> str:
    new_order = model.model_validate(body)
    return new_order.to_order(now=datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC), traceparent="00-…").content_hash


@pytest.fixture
def body(new_order_body: Callable[[], Body]) -> Body:
    return new_order_body()


@pytest.mark.parametrize("model", [NewOrder, NewOrderWithGift])
@pytest.mark.parametrize("name", STORED)
def test_a_request_has_the_hash_that_earlier_versions_stored(
    event: Callable[[str], Any], name: str, model: type[NewOrder]
) -> None:
    body = json.loads(event(f"api/{name}.json")["body"])
    assert content_hash(body, model=model) == STORED[name]


@pytest.mark.parametrize("extra", [{"coupon": "SUMMER"}, {"coupon": None}, {"is_gift": False}, {"is_gift": True}])
def test_a_field_that_was_sent_counts_even_with_its_default(body: Body, extra: Body) -> None:
    sent = content_hash({**body, **extra}, model=NewOrderWithGift)
    assert sent != content_hash(body, model=NewOrderWithGift)
    assert sent == content_hash({**extra, **body}, model=NewOrderWithGift)


def test_the_spelling_of_the_json_does_not_count(body: Body) -> None:
    body["customer"]["name"] = "Zoë"
    spelled = json.dumps(body, ensure_ascii=True, indent=2)
    assert content_hash(json.loads(spelled)) == content_hash(json.loads(json.dumps(body, ensure_ascii=False)))


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body["customer"].update(name="Zoe\u0308"),  # the same letters in another normal form
        lambda body: body["customer"].update(email="Ada@example.com"),
        lambda body: body["customer"].update(channels=["text", "mail"]),
        lambda body: body["items"].reverse(),
        lambda body: body["customer"].pop("locale"),
    ],
)
def test_other_values_and_another_sequence_are_other_content(body: Body, change: Callable[[Body], object]) -> None:
    body["customer"] |= {"name": "Zoë", "channels": ["mail", "text"]}
    body["items"].append({"sku": "BOOK-2", "name": "Sketch", "quantity": 1, "unit_price": "3.00"})
    before = content_hash(body)
    change(body)
    assert content_hash(body) != before


@pytest.mark.parametrize(
    ("field", "value"), [("unit_price", "12.5"), ("unit_price", 12.5), ("quantity", 2.0), ("name", None)]
)
def test_a_value_has_one_form_so_other_forms_cannot_be_compared(body: Body, field: str, value: object) -> None:
    body["items"][0][field] = value
    with pytest.raises(ValidationError):
        content_hash(body)
