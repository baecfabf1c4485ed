"""From order to notify: whatever the order function accepts, the notify function can read, render and address.

The functions share no code. The rules of a customer's fields are in the contract, events/*.schema.json; these tests
hold both functions to them.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.headerregistry import Address
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from functions.notify.channels import mailer
from functions.notify.channels.mime import compose
from functions.notify.events.customer_events import CustomerEvent, read_customer_event
from functions.notify.events.records import Record
from functions.notify.messages.messages import Messages
from functions.order.domain.events import event_of
from functions.order.domain.order import ORDER_CANCELLED, ORDER_ID, ORDER_PAID, Cancellation
from functions.order.domain.order_number import ORDER_NUMBER
from functions.order.http import field_types
from functions.order.http.schema import NewCancellation, NewOrder

EVENTS = Path(__file__).parents[1] / "events"
SCHEMAS = {name: json.loads((EVENTS / f"{name}.schema.json").read_text()) for name in (ORDER_PAID, ORDER_CANCELLED)}
CUSTOMER = SCHEMAS[ORDER_PAID]["$defs"]["customer"]["properties"]
SENDER = Address("The Shop", "orders", "shop.example.com")


@pytest.fixture(scope="module")
def messages() -> Messages:
    return Messages(shop_name="The Analytical Bookshop")


def body_with(**customer: Any) -> dict[str, Any]:
    return {
        "customer": {"id": "cus_1", "name": "Ada", "email": "ada@example.com", **customer},
        "currency": "EUR",
        "items": [{"sku": "BOOK-1", "name": "Notes", "quantity": 2, "unit_price": "12.50"}],
        "payment": {"reference": "pay_1"},
    }


def notify_can_send(body: dict[str, Any], reason: str, messages: Messages) -> bool:
    """Tell whether the order function accepts the order; fail if notify then cannot mail its events."""
    try:
        new_order, cancellation = NewOrder.model_validate(body), NewCancellation(reason=reason)
    except ValidationError:
        return False
    now = datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC)
    order = replace(
        new_order.to_order(now=now, traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        cancellation=Cancellation(reason=cancellation.reason, cancelled_at=now, traceparent="00-…"),
    )
    for event_type in (ORDER_PAID, ORDER_CANCELLED):
        value = event_of(order, event_type).value
        document = json.loads(value)
        Draft202012Validator(
            SCHEMAS[event_type]["properties"]["data"] | {"$defs": SCHEMAS[event_type]["$defs"]}
        ).validate(document["data"])
        event = read_customer_event(record_of(value), messages.fields)
        assert isinstance(event, CustomerEvent), event
        customer = event.recipient
        message = messages.render(event)
        recipient = mailer.parse_address(customer.email, name=customer.name or "")
        mail = message_from_bytes(compose(message, date=now, sender=SENDER, recipient=recipient), policy=default)
        [to] = mail["To"].addresses
        assert (to.username, to.domain) == (recipient.username, recipient.domain)
        assert mail["Subject"] == message.subject
        text_message = messages.render_text_message(event)
        assert text_message
        assert text_message.text
    return True


def record_of(value: bytes) -> Record:
    source = {"value": base64.b64encode(value).decode(), "headers": []}
    return Record(partition_id="order-events-0", topic="order-events", partition=0, offset=0, key=None, source=source)


# Parts of addresses near the bounds of RFC 5321: 64 before the @, 63 in a label, 253 in a domain, 254 in all.
ATEXT = "abcXYZ019.!#$%&'*+/=?^_`{|}~-"
LOCAL_PARTS = st.text(ATEXT, min_size=1, max_size=5) | st.text("a", min_size=60, max_size=66) | st.text(max_size=4)
LABELS = st.text("abZ09-", min_size=1, max_size=5) | st.text("b", min_size=61, max_size=65)
UNICODE_LABELS = st.text(st.characters(categories=["L", "M", "N"]), min_size=1, max_size=8)
DOMAINS = st.lists(LABELS | UNICODE_LABELS, min_size=1, max_size=5).map(".".join)
ADDRESSES = st.emails() | st.builds("{}@{}".format, LOCAL_PARTS, DOMAINS) | st.from_regex(field_types.MAIL_ADDRESS)
NAMES = st.text(min_size=1, max_size=200) | st.from_regex(field_types.ONE_LINE, fullmatch=True)


@given(
    customer=st.fixed_dictionaries(
        {"email": ADDRESSES, "name": NAMES},
        optional={
            "phone": st.from_regex(field_types.PHONE_NUMBER, fullmatch=True),
            "locale": st.sampled_from(["en", "vi-VN", "de", "pt-BR", "zz-zz"])
            | st.from_regex("[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", fullmatch=True),
            "channels": st.sampled_from([["mail"], ["text"], ["mail", "text"]]),
        },
    ),
    product=NAMES,
    reason=NAMES,
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_notify_mails_whatever_order_accepts(
    messages: Messages, customer: dict[str, Any], product: str, reason: str
) -> None:
    body = body_with(**customer)
    body["items"][0]["name"] = product
    notify_can_send(body, reason, messages)
    # Even if a name was refused, the address meets notify's reader.
    notify_can_send(body_with(email=customer["email"]), "Ordered twice", messages)


MAX_DOMAIN = ".".join(["b" * 63, "b" * 63, "b" * 61, "example"])
MAX_LABEL = "b" * 63 + ".example"


@pytest.mark.parametrize(
    ("email", "accepted"),
    [
        ("a" * 64 + "@example.com", True),
        ("a" * 65 + "@example.com", False),
        (f"a@{MAX_LABEL}", True),
        (f"a@b{MAX_LABEL}", False),
        ("a" * (253 - len(MAX_DOMAIN)) + f"@{MAX_DOMAIN}", True),
        ("a" * (254 - len(MAX_DOMAIN)) + f"@{MAX_DOMAIN}", False),
        (f"a@{'ü' * 60}.example", False),  # in ASCII, its label has more than 63 characters
        ("ada@bücher.example", True),
        ("ada@xn--bcher-kva.example", True),
        ("o'brien+books@example.com", True),
        ('"ada lovelace"@example.com', False),
        ("=?utf-8?b?DQpCY2M6IGU=?=@example.com", False),  # an encoded line break and "Bcc: e"
        ("ada=?@example.com", False),
        ("ada?=l@example.com", True),
        ("ada..l@example.com", False),
        (".ada@example.com", False),
        ("ada.@example.com", False),
        ("ada@[192.0.2.1]", False),
        ("ada@example", False),
        ("ada@exa_mple.com", False),
        ("ada@-example.com", False),
        ("ada@example.com.", False),
        ("ada\x00@example.com", False),
        ("ada@exam\u00adple.com", False),
        ("ada@example.com\n", False),
        ("ädä@example.com", False),
    ],
)
def test_order_accepts_the_addresses_that_notify_can_mail(messages: Messages, email: str, accepted: bool) -> None:
    assert notify_can_send(body_with(email=email), "Ordered twice", messages) is accepted


@pytest.mark.parametrize(
    "name",
    ['(),:;<>@[]\\"', "=?utf-8?q?Ada?=", "\u202eAda", "a" * 200, "ü" * 200, "🦊" * 200, "\ufffe\uffff.", "Ada\u0301"],
)
def test_notify_mails_names_that_order_accepts(messages: Messages, name: str) -> None:
    assert notify_can_send(body_with(name=name), name, messages)


def test_the_rules_of_a_customers_fields_stand_in_the_contract() -> None:
    assert CUSTOMER["email"]["pattern"] == field_types.MAIL_ADDRESS
    assert CUSTOMER["phone"]["pattern"] == field_types.PHONE_NUMBER
    assert SCHEMAS[ORDER_PAID]["$defs"]["line"]["pattern"] == field_types.ONE_LINE
    assert SCHEMAS[ORDER_PAID]["$defs"]["orderNumber"]["pattern"] == ORDER_NUMBER
    assert SCHEMAS[ORDER_PAID]["$defs"]["orderId"]["pattern"] == ORDER_ID
    document = NewOrder.model_json_schema()["$defs"]
    for name in ("email", "phone"):
        asked = document["NewCustomer"]["properties"][name]
        assert {rule: asked.get(rule) for rule in ("pattern", "maxLength")} == {
            rule: CUSTOMER[name].get(rule) for rule in ("pattern", "maxLength")
        }


def test_notify_takes_the_local_parts_of_the_contract() -> None:
    assert CUSTOMER["email"]["pattern"].startswith(f"^{mailer.LOCAL_PART.pattern}@")
    assert re.fullmatch(CUSTOMER["email"]["pattern"], "ada@example.com")
