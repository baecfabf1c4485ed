"""JSON of the API: the models of requests and answers."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, NotRequired, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_validator,
    with_config,
)
from pydantic_core import InitErrorDetails, PydanticCustomError
from pydantic_core.core_schema import ValidationInfo  # noqa: TC002 - pydantic reads validators' annotations
from typing_extensions import TypedDict

from functions.order.domain import money
from functions.order.domain.order import (
    ChannelName,
    Order,
    OrderLine,
    Status,
    customer_of,
    order_id_for,
    snapshot,
    total_of,
)
from functions.order.domain.order_number import ORDER_NUMBER, order_number
from functions.order.domain.timestamps import rfc3339, to_milliseconds
from functions.order.http.field_types import (
    Amount,
    Channels,
    CurrencyCode,
    LanguageTag,
    MailAddress,
    Name,
    PhoneNumber,
    Reference,
    amount,
)

if TYPE_CHECKING:
    from datetime import datetime

    from pydantic.config import JsonDict

    from functions.order.domain.order_page import OrderSummary, Page

_STRICT = ConfigDict(extra="forbid", strict=True)

# Rules of several fields, as validators below check them, in the words of JSON Schema.
_TEXTS_NEED_A_PHONE: JsonDict = {
    "if": {"properties": {"channels": {"contains": {"const": "text"}}}, "required": ["channels"]},
    "then": {"required": ["phone"]},
}
_PRICES_FIT_THE_CURRENCY: JsonDict = {
    "allOf": [
        {
            "if": {"properties": {"currency": {"enum": [*codes]}}},
            "then": {"properties": {"items": {"items": {"properties": {"unit_price": {"pattern": amount(digits)}}}}}},
        }
        for digits, codes in money.codes_by_digits().items()
    ]
}


@with_config(_STRICT | ConfigDict(json_schema_extra=_TEXTS_NEED_A_PHONE))
class NewCustomer(TypedDict):
    """The customer who paid, and how to reach them."""

    id: Annotated[Reference, Field(description="Your id for the customer.")]
    name: Annotated[Name, Field(description="The mail greets them by this name. At least one character is visible.")]
    email: Annotated[
        MailAddress,
        Field(
            description="The confirmation goes here. At most 64 ASCII characters before the @, not quoted; any domain."
        ),
    ]
    phone: NotRequired[Annotated[PhoneNumber, Field(description="In E.164, such as +14155550100.")]]
    locale: NotRequired[Annotated[LanguageTag, Field(description="The mail's language, in BCP 47, such as pt-BR.")]]
    channels: NotRequired[
        Annotated[
            Channels,
            Field(description="How to notify them. Without it: by mail, and by text message if there is a phone."),
        ]
    ]


@with_config(_STRICT)
class NewOrderLine(TypedDict):
    """One line of the order."""

    sku: Annotated[Reference, Field(description="Your id for the product.")]
    name: Annotated[
        Name, Field(description="The mail lists the product by this name. At least one character is visible.")
    ]
    quantity: Annotated[int, Field(ge=1, le=10_000, description="Without a point: 2, not 2.0.")]
    unit_price: Annotated[
        Amount, Field(description="With exactly the currency's number of digits: 12.50 in EUR, 1250 in JPY.")
    ]


@with_config(_STRICT)
class Payment(TypedDict):
    """The payment that was taken. It is the idempotency key: one payment has one order."""

    reference: Annotated[Reference, Field(description="Your payment provider's id.")]


class NewOrder(BaseModel):
    """An order that was just paid."""

    model_config = _STRICT | ConfigDict(json_schema_extra=_PRICES_FIT_THE_CURRENCY)

    customer: NewCustomer
    # Validated before the prices, whose digits depend on it.
    currency: Annotated[CurrencyCode, Field(description="An ISO 4217 code.")]
    items: Annotated[list[NewOrderLine], Field(min_length=1, max_length=100)]
    payment: Payment

    @field_validator("customer")
    @classmethod
    def _texts_need_a_phone(cls, customer: NewCustomer) -> NewCustomer:
        if "text" in customer.get("channels", []) and "phone" not in customer:
            message = "A text message needs the customer's phone"
            raise ValidationError.from_exception_data("customer", [_error(("channels",), "no_phone", message)])
        return customer

    @field_validator("items", mode="wrap")
    @classmethod
    def _prices_fit_the_currency(
        cls, items: object, validate: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> object:
        # Wrapped around the validation of the lines, so that one answer names all wrong fields.
        misfits = _prices_that_misfit(info.data.get("currency"), items)
        try:
            valid = validate(items)
        except ValidationError as error:
            others = [_error(each["loc"], each["type"], each["msg"]) for each in error.errors(include_input=False)]
            raise ValidationError.from_exception_data("items", others + misfits) from None
        if misfits:
            raise ValidationError.from_exception_data("items", misfits)
        return valid

    def to_order(self, *, now: datetime, traceparent: str) -> Order:
        """Build the order to record. `now` is in UTC; the order keeps it to the millisecond."""
        lines = tuple(
            OrderLine(
                sku=item["sku"],
                name=item["name"],
                quantity=item["quantity"],
                unit_price=Decimal(item["unit_price"]),
            )
            for item in self.items
        )
        return Order(
            order_id=order_id_for(self.payment["reference"]),
            payment_reference=self.payment["reference"],
            content_hash=self._content_hash(),
            customer=customer_of(self.customer),
            lines=lines,
            currency=self.currency,
            total=total_of(lines),
            created_at=to_milliseconds(now),
            traceparent=traceparent,
        )

    def _content_hash(self) -> str:
        """Return a hash that is the same for a repeated request, whatever the order and spacing of its JSON.

        It covers the fields that the caller sent, and no defaults: a field that a later version adds leaves the hashes
        of stored orders as they are. This is version 1, which has no prefix. Another algorithm would write `2:` in
        front of its hashes, and would compare an order with the algorithm that the stored hash names.
        """
        content = json.dumps(self.model_dump(exclude_unset=True), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()


class NewCancellation(BaseModel):
    """The reason of a cancellation."""

    model_config = _STRICT

    reason: Annotated[Name, Field(description="The customer and the shop read it. At least one character is visible.")]


def _prices_that_misfit(currency: str | None, items: object) -> list[InitErrorDetails]:
    if currency is None or not isinstance(items, list):
        return []
    digits = money.digits(currency)
    prices = ((index, item.get("unit_price")) for index, item in enumerate(items) if isinstance(item, dict))
    return [
        _error((index, "unit_price"), "digits", f"Amounts in {currency} have {digits} digits after the point")
        for index, price in prices
        if isinstance(price, str) and len(price.partition(".")[2]) != digits
    ]


def _error(location: tuple[str | int, ...], type_: str, message: str) -> InitErrorDetails:
    return InitErrorDetails(type=PydanticCustomError(type_, message), loc=location, input=None)


class OrderCustomer(TypedDict):
    """The customer who paid."""

    id: str
    name: str
    email: str
    phone: NotRequired[str]
    locale: NotRequired[str]
    channels: NotRequired[list[ChannelName]]


class StoredOrderLine(TypedDict):
    """One line of the order."""

    sku: str
    name: str
    quantity: int
    unit_price: str


class OrderCancellation(TypedDict):
    """The reason and the time of the cancellation."""

    reason: str
    cancelled_at: Annotated[str, Field(description="In UTC, RFC 3339.")]


OrderNumber = Annotated[
    str,
    Field(
        description="A short name of the order, for people. Another order may have it, too, but hardly ever does.",
        pattern=ORDER_NUMBER,
    ),
]


class StoredOrder(TypedDict):
    """An order as it is stored."""

    order_id: Annotated[str, Field(description="Derived from the payment's reference.")]
    order_number: OrderNumber
    status: Status
    customer: OrderCustomer
    items: list[StoredOrderLine]
    currency: str
    total: Annotated[str, Field(description="The sum of the items, with the currency's number of digits.")]
    created_at: Annotated[str, Field(description="In UTC, RFC 3339.")]
    cancellation: NotRequired[OrderCancellation]
    erased_at: NotRequired[
        Annotated[
            str,
            Field(
                description="When the customer's personal data was erased, in UTC, RFC 3339. The name and the reason"
                " are then `erased`, and the address is one that nobody has. Without it, nothing was erased."
            ),
        ]
    ]


def stored_order(order: Order) -> StoredOrder:
    """Build the API's answer for an order."""
    document = {
        **snapshot(order),
        "order_number": order_number(order.order_id),
        "status": order.status,
        "created_at": rfc3339(order.created_at),
    }
    if cancellation := order.cancellation:
        document["cancellation"] = {
            "reason": cancellation.reason,
            "cancelled_at": rfc3339(cancellation.cancelled_at),
        }
    if order.erased_at:
        document["erased_at"] = rfc3339(order.erased_at)
    return cast("StoredOrder", document)


class ListedOrder(TypedDict):
    """An order as a list shows it."""

    order_id: str
    order_number: OrderNumber
    status: Status
    customer_id: str
    currency: str
    total: str
    created_at: Annotated[str, Field(description="In UTC, RFC 3339.")]


class OrderPage(TypedDict):
    """Some orders, newest first."""

    orders: list[ListedOrder]
    next_cursor: Annotated[
        str | None, Field(description="Send it as `cursor` to get the next page; null on the last page.")
    ]


def order_page(page: Page) -> OrderPage:
    """Build the API's answer for a page."""
    return {"orders": [_listed_order(order) for order in page.orders], "next_cursor": page.next_cursor}


def _listed_order(order: OrderSummary) -> ListedOrder:
    return {
        "order_id": order.order_id,
        "order_number": order_number(order.order_id),
        "status": order.status,
        "customer_id": order.customer_id,
        "currency": order.currency,
        "total": str(order.total),
        "created_at": rfc3339(order.created_at),
    }
