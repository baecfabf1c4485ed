"""What the OpenAPI document says beyond the models: people read it, as a page."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer

from functions.order import problems
from functions.order.problems import Problem
from functions.order.schema import OrderPage, StoredOrder

API: dict[str, Any] = {
    "title": "Orders",
    "version": "1.0.0",
    "summary": "Records paid orders.",
    "description": (
        "Place an order once its payment was taken. It is recorded before it is answered, and an event of type "
        "`order.paid.v1` tells the other services; one of them mails the confirmation.\n\n"
        "The payment's reference is the idempotency key: when in doubt whether an order got through, send the "
        "same request again. What is wrong with a request is answered as problem details (RFC 9457).\n\n"
        "Every request takes a token. It reads the orders whose `customer.id` is its `sub`, with the scope "
        "`orders:read:all` everybody's. With `orders:write` it places orders, and cancels those that it may read. "
        "A token that will not do, too many requests and paths that there are not are answered by API Gateway, "
        "with a `message` and no more."
    ),
    "security_schemes": {
        "token": HTTPBearer(bearerFormat="JWT", description="Of the issuer that the API was deployed with."),
    },
    "security": [{"token": []}],
}

_FACTS = {
    "customer": {
        "id": "cus_ada",
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "phone": "+14155550100",
        "locale": "en",
    },
    "items": [{"sku": "BOOK-1", "name": "Notes on the Engine", "quantity": 2, "unit_price": "12.50"}],
    "currency": "EUR",
}
NEW_ORDER_EXAMPLES: dict[str, Any] = {
    "ada": {"summary": "Two books in euros", "value": {**_FACTS, "payment": {"reference": "pay_123"}}}
}
_STORED_ORDER_EXAMPLES = {
    "ada": {
        "summary": "Two books in euros",
        "value": {
            "order_id": "ord_a7yuqahkcwyojza3z7chx7dkkq",
            "status": "paid",
            **_FACTS,
            "total": "25.00",
            "created_at": "2026-11-22T10:15:30.000Z",
        },
    }
}


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}


def _order(description: str) -> dict[str, Any]:
    content = {"model": StoredOrder, "examples": _STORED_ORDER_EXAMPLES}
    return {"description": description, "content": {"application/json": content}}


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {problems.CONTENT_TYPE: {"model": Problem}}}


# API Gateway answers these, in front of the function; without `content` they would be documented as a 200.
_UNAUTHORIZED = {"description": "The token is missing, expired or not for this API.", "content": {}}
_FORBIDDEN = {"description": "The token has not the scope for this.", "content": {}}
_TOO_MANY = {
    "description": "More requests than the API takes in a second. Send the same request again, later.",
    "content": {},
}
_OUR_FAULT = _problem("Something that nobody expected. Send the same request again, later.")
_UNAVAILABLE = {
    **_problem("The store is away or throttles. Send the same request again."),
    "headers": {"Retry-After": _header("Seconds to wait before that.")},
}

PLACE_ORDER: dict[str, Any] = {
    "operation_id": "placeOrder",
    "summary": "Place an order",
    "description": "Records an order that was just paid. The total is computed here.",
    "responses": {
        200: {
            **_order("The same request was recorded before; this is its order."),
            "headers": {"Idempotent-Replayed": _header("Always true.")},
        },
        201: {
            **_order("The order is recorded."),
            "headers": {"Location": _header("Where to read the order.")},
        },
        400: _problem("The body is not JSON."),
        401: _UNAUTHORIZED,
        403: _FORBIDDEN,
        409: _problem("Another order was recorded for this payment."),
        413: _problem("The body is over 256 KiB."),
        415: _problem("The body is not sent as application/json."),
        422: _problem("The body is JSON but no order; `errors` names every wrong field."),
        429: _TOO_MANY,
        500: _OUR_FAULT,
        503: _UNAVAILABLE,
    },
}

GET_ORDER: dict[str, Any] = {
    "operation_id": "getOrder",
    "summary": "Read an order",
    "responses": {
        200: _order("The order."),
        401: _UNAUTHORIZED,
        404: _problem("There is no order with this id that you may read."),
        429: _TOO_MANY,
        500: _OUR_FAULT,
        503: _UNAVAILABLE,
    },
}

LIST_ORDERS: dict[str, Any] = {
    "operation_id": "listOrders",
    "summary": "List orders",
    "description": (
        "The orders that you may read, newest first. A new order appears within a moment, not at once. "
        "Follow `next_cursor` until it is null."
    ),
    "responses": {
        200: {"description": "A page of orders.", "content": {"application/json": {"model": OrderPage}}},
        401: _UNAUTHORIZED,
        422: _problem("A parameter is wrong; `errors` names it."),
        429: _TOO_MANY,
        500: _OUR_FAULT,
        503: _UNAVAILABLE,
    },
}

CANCEL_ORDER: dict[str, Any] = {
    "operation_id": "cancelOrder",
    "summary": "Cancel an order",
    "description": (
        "Cancels a paid order; an event of type `order.cancelled.v1` tells the other services, after the one that "
        "told of the order. When in doubt whether a cancellation got through, send the same request again."
    ),
    "responses": {
        200: {
            **_order("The order is cancelled."),
            "headers": {"Idempotent-Replayed": _header("true, if it was cancelled before for the same reason.")},
        },
        400: _problem("The body is not JSON."),
        401: _UNAUTHORIZED,
        403: _FORBIDDEN,
        404: _problem("There is no order with this id that you may read."),
        409: _problem("The order was cancelled before, for another reason."),
        413: _problem("The body is over 256 KiB."),
        415: _problem("The body is not sent as application/json."),
        422: _problem("The body is JSON but no cancellation; `errors` names every wrong field."),
        429: _TOO_MANY,
        500: _OUR_FAULT,
        503: _UNAVAILABLE,
    },
}
