"""Request schema: which orders the API accepts, and how it names wrong fields."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from functions.order.domain.order import snapshot
from functions.order.http.problems import wrong_fields
from functions.order.http.schema import NewOrder

if TYPE_CHECKING:
    from collections.abc import Callable

    from functions.order.domain.order import Order

Body = dict[str, Any]

DIGITS = {"EUR": 2, "USD": 2, "JPY": 0, "VND": 0, "BHD": 3, "CLF": 4}


@pytest.fixture
def body(new_order_body: Callable[[], Body]) -> Body:
    return new_order_body()


def placed(body: Body) -> Order:
    new_order = NewOrder.model_validate(body)
    return new_order.to_order(now=datetime(2026, 11, 22, 10, 15, 30, 999, tzinfo=UTC), traceparent="00-…")


def wrong(body: object) -> dict[str, str]:
    """Return the message of each wrong field."""
    with pytest.raises(ValidationError) as raised:
        NewOrder.model_validate(body)
    # Powertools puts "body" in front of every location.
    errors = [{**error, "loc": ("body", *error["loc"])} for error in raised.value.errors()]
    return {each["field"]: each["message"] for each in wrong_fields(errors)}


def test_the_total_is_computed(body: Body) -> None:
    order = placed(body)
    assert order.total == Decimal("25.00")
    assert str(order.total) == "25.00"


def test_an_order_keeps_its_time_to_the_millisecond(body: Body) -> None:
    assert placed(body).created_at == datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC)


def test_phone_and_locale_may_be_absent(body: Body) -> None:
    del body["customer"]["phone"], body["customer"]["locale"]
    customer = placed(body).customer
    assert customer.phone is None
    assert customer.locale is None


@pytest.mark.parametrize("channels", [["mail"], ["text"], ["mail", "text"], ["text", "mail"]])
def test_the_customer_chooses_the_channels(body: Body, channels: list[str]) -> None:
    body["customer"]["channels"] = channels
    assert placed(body).customer.channels == tuple(channels)
    assert snapshot(placed(body))["customer"]["channels"] == channels


def test_channels_may_be_absent(body: Body) -> None:
    assert placed(body).customer.channels is None
    assert "channels" not in snapshot(placed(body))["customer"]


@pytest.mark.parametrize("channels", [[], ["mail", "mail"], ["text", "mail", "text"], "mail", None, {"mail": True}])
def test_channels_is_a_list_that_names_each_once(body: Body, channels: object) -> None:
    body["customer"]["channels"] = channels
    assert wrong(body).keys() == {"/customer/channels"}


@pytest.mark.parametrize("channel", ["sms", "", "MAIL", "mail ", 1, None])
def test_the_error_names_an_unknown_channel(body: Body, channel: object) -> None:
    body["customer"]["channels"] = ["mail", channel]
    assert wrong(body).keys() == {"/customer/channels/1"}


def test_a_text_message_needs_a_phone(body: Body) -> None:
    body["customer"]["channels"] = ["mail", "text"]
    del body["customer"]["phone"]
    assert wrong(body) == {"/customer/channels": "A text message needs the customer's phone"}


def test_a_missing_phone_is_named_beside_other_wrong_fields(body: Body) -> None:
    body["customer"]["channels"] = ["text"]
    del body["customer"]["phone"]
    body["items"][0]["quantity"] = 0
    assert wrong(body).keys() == {"/customer/channels", "/items/0/quantity"}


def test_the_content_hash_ignores_the_order_of_fields(body: Body) -> None:
    order = placed(body)
    assert placed(dict(reversed(body.items()))).content_hash == order.content_hash
    body["items"][0]["quantity"] = 3
    assert placed(body).content_hash != order.content_hash


def test_the_error_names_every_wrong_field(body: Body) -> None:
    body["customer"] |= {"id": "", "email": "nowhere", "shoe_size": 38}
    body["items"].append({"sku": "X", "quantity": 0, "unit_price": "1.234"})
    body["items"][0]["unit_price"] = "12.5"
    del body["payment"]
    body["coupon"] = "SUMMER"
    assert wrong(body).keys() == {
        "/customer/id",
        "/customer/email",
        "/customer/shoe_size",
        "/items/0/unit_price",
        "/items/1/name",
        "/items/1/quantity",
        "/items/1/unit_price",
        "/payment",
        "/coupon",
    }


@pytest.mark.parametrize("quantity", [0, -1, 10_001, True, "2", 2.0, 2.5, None, 10**400])
def test_a_quantity_is_a_whole_number_in_bounds(body: Body, quantity: object) -> None:
    body["items"][0]["quantity"] = quantity
    assert wrong(body).keys() == {"/items/0/quantity"}


@pytest.mark.parametrize(
    "price",
    [
        "12.5",
        "12.500",
        "12",
        "12,50",
        "-1.00",
        "+1.00",
        "01.00",
        ".50",
        "1e2",
        "NaN",
        "\u0661\u0662.\u0665\u0660",  # 12.50 in Arabic digits
        "12.50\n",
        "1000000000000.00",
        "",
        12.5,
        12,
        None,
    ],
)
def test_a_price_is_a_string_with_the_digits_of_the_currency(body: Body, price: object) -> None:
    body["items"][0]["unit_price"] = price
    assert wrong(body).keys() == {"/items/0/unit_price"}


def test_a_price_in_yen_has_no_digits_after_the_point(body: Body) -> None:
    body["currency"] = "JPY"
    assert wrong(body) == {"/items/0/unit_price": "Amounts in JPY have 0 digits after the point"}


@pytest.mark.parametrize("currency", ["XAU", "XXX", "eur", "EU", "EURO", "ABC", "", "\ud800UR", 978, None])
def test_a_currency_has_a_code_and_a_minor_unit(body: Body, currency: object) -> None:
    body["currency"] = currency
    assert wrong(body).keys() == {"/currency"}


@pytest.mark.parametrize(
    "name", ["", " ", "\u200b", "Ada\nBcc: all", "Ada\x00", "Ada\u2028", "\ud800", "Zo\ufffd", "a" * 201, 5]
)
def test_a_name_can_be_read(body: Body, name: object) -> None:
    body["customer"]["name"] = name
    body["items"][0]["name"] = name
    assert wrong(body).keys() == {"/customer/name", "/items/0/name"}


@pytest.mark.parametrize(
    "name",
    ["Nguyễn Thị Minh Khai", "山田 花子", "O'Brien-Smith, Jr.", "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627", "🦊"],
)
def test_a_name_of_any_script_is_kept(body: Body, name: str) -> None:
    body["customer"]["name"] = name
    assert placed(body).customer.name == name


@pytest.mark.parametrize(
    "email",
    [
        "ada",
        "ada@",
        "@example.com",
        "ada@localhost",
        "ädä@example.com",
        "Ada <ada@example.com>",
        "ada@example.com\r\nBcc: x@example.com",
        "ada@\uff45xample.com",
        "ada@example.com,bob@example.com",
        "a" * 250 + "@example.com",
        "\ud800@example.com",
        None,
    ],
)
def test_an_address_that_no_mail_can_reach_is_wrong(body: Body, email: object) -> None:
    body["customer"]["email"] = email
    assert wrong(body).keys() == {"/customer/email"}


@pytest.mark.parametrize(
    "email", ["Ada@Example.com", "ada@bücher.example", "ada@xn--bcher-kva.example", "ada@shop.test"]
)
def test_an_address_is_kept_as_given(body: Body, email: str) -> None:
    body["customer"]["email"] = email
    assert placed(body).customer.email == email


@pytest.mark.parametrize("phone", ["4155550100", "+0155550100", "+1 415 555 0100", "+1", "+1234567890123456", "", None])
def test_a_phone_number_is_in_e164(body: Body, phone: object) -> None:
    body["customer"]["phone"] = phone
    assert wrong(body).keys() == {"/customer/phone"}


@pytest.mark.parametrize("locale", ["", "e", "en_US", "english!", "en-", "en" + "-abcdefgh" * 4, None])
def test_a_locale_is_a_language_tag(body: Body, locale: object) -> None:
    body["customer"]["locale"] = locale
    assert wrong(body).keys() == {"/customer/locale"}


@pytest.mark.parametrize("items", [[], {}, "BOOK-1", None])
def test_an_order_has_items(body: Body, items: object) -> None:
    body["items"] = items
    assert wrong(body).keys() == {"/items"}


def test_an_order_has_a_hundred_items_at_most(body: Body) -> None:
    body["items"] *= 101
    assert wrong(body).keys() == {"/items"}


def test_an_invented_field_name_is_not_echoed(body: Body) -> None:
    body["customer"]["ada@example.com"] = 1
    assert wrong(body) == {"/customer": "Extra inputs are not permitted"}


def test_no_more_than_a_hundred_fields_are_named(body: Body) -> None:
    assert len(wrong({f"field{number}": 1 for number in range(1000)})) == 100


@given(
    currency=st.sampled_from(sorted(DIGITS)),
    lines=st.lists(st.tuples(st.integers(1, 10_000), st.integers(0, 10**12 - 1)), min_size=1, max_size=100),
)
def test_the_total_is_the_sum_whatever_the_currency(currency: str, lines: list[tuple[int, int]]) -> None:
    digits = DIGITS[currency]
    order = placed(
        {
            "customer": {"id": "cus_1", "name": "Ada", "email": "ada@example.com"},
            "currency": currency,
            "items": [
                {"sku": "X", "name": "X", "quantity": quantity, "unit_price": f"{Decimal(units).scaleb(-digits):f}"}
                for quantity, units in lines
            ],
            "payment": {"reference": "pay_1"},
        }
    )
    units = sum(quantity * price for quantity, price in lines)
    assert str(order.total) == f"{Decimal(units).scaleb(-digits):f}"


@given(st.text(max_size=20) | st.from_regex(r"-?[0-9]{1,13}([.,][0-9]{0,5})?"))
def test_a_price_is_taken_only_if_it_reads_the_same_as_money(price: str) -> None:
    body = {
        "customer": {"id": "cus_1", "name": "Ada", "email": "ada@example.com"},
        "currency": "EUR",
        "items": [{"sku": "X", "name": "X", "quantity": 1, "unit_price": price}],
        "payment": {"reference": "pay_1"},
    }
    try:
        total = str(placed(body).total)
    except ValidationError:
        return
    assert total == price
    assert price.isascii()
    assert len(price.partition(".")[2]) == 2
