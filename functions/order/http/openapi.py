"""OpenAPI document: its texts and answers, beside the models. People read it as a page."""

from __future__ import annotations

from typing import Any, get_args

from functions.order.domain.order import Status
from functions.order.domain.order_number import TYPED_NUMBER
from functions.order.http import problems
from functions.order.http.field_types import MAX_REFERENCE, REFERENCE
from functions.order.http.problems import Problem
from functions.order.http.schema import OrderPage, StoredOrder

API: dict[str, Any] = {
    "title": "Orders",
    "version": "1.0.0",
    "summary": "Records paid orders.",
    "description": (
        "Place an order after its payment was taken. The API records the order before it answers. Then it publishes "
        "an event of type `order.paid.v1` to the other services; one of them mails the confirmation.\n\n"
        "The payment's reference is the idempotency key. If you do not know whether an order got through, send the "
        "same request again. Errors are answered as problem details (RFC 9457).\n\n"
        "Every request needs a token. With it you read the orders whose `customer.id` is the token's `sub`; with the "
        "scope `orders:read:all` you read all orders. With the scope `orders:write` you place orders, and cancel "
        "those that you may read. API Gateway itself answers if a token is not valid (401, 403), if a path or method "
        "does not exist (404), if there are too many requests (429), or if the function does not answer (500, 503); "
        "its answer has only a `message`."
    ),
    # Not Powertools' class HTTPBearer: to import its models takes a tenth of a cold start, and no request needs them.
    "security_schemes": {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "A token of the issuer that the API was deployed with.",
        },
    },
    "security": [{"token": []}],
}

_EXAMPLE = {
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
    "ada": {"summary": "Two books in euros", "value": {**_EXAMPLE, "payment": {"reference": "pay_123"}}}
}
_STORED_ORDER_EXAMPLES = {
    "ada": {
        "summary": "Two books in euros",
        "value": {
            "order_id": "ord_a7yuqahkcwyojza3z7chx7dkkq",
            "order_number": "A7YUQ-AHKC7",
            "status": "paid",
            **_EXAMPLE,
            "total": "25.00",
            "created_at": "2026-11-22T10:15:30.000Z",
        },
    }
}

# An optional parameter is never `null`, as Pydantic would describe it. A cursor is an order's place, in base64url.
STATUS: dict[str, Any] = {"type": "string", "enum": [*get_args(Status)]}
CURSOR: dict[str, Any] = {"type": "string", "minLength": 76, "maxLength": 76, "pattern": "^[A-Za-z0-9_-]{74}==$"}

CUSTOMER_ID: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": MAX_REFERENCE, "pattern": REFERENCE}
NUMBER: dict[str, Any] = {"type": "string", "pattern": TYPED_NUMBER}


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}


def _order(description: str) -> dict[str, Any]:
    content = {"model": StoredOrder, "examples": _STORED_ORDER_EXAMPLES}
    links = {
        operation: {"operationId": operation, "parameters": {"order_id": "$response.body#/order_id"}}
        for operation in ("getOrder", "cancelOrder", "listNotifications")
    }
    return {"description": description, "content": {"application/json": content}, "links": links}


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {problems.CONTENT_TYPE: {"model": Problem}}}


# API Gateway gives these answers, in front of the function. Without `content` Powertools would document them as a 200.
_UNAUTHORIZED = {
    "description": "The token is missing, expired or not for this API.",
    "headers": {"WWW-Authenticate": _header("Bearer")},
    "content": {},
}
_FORBIDDEN = {"description": "The token does not have the scope for this.", "content": {}}
_TOO_MANY = {
    "description": "There are more requests than the API takes in a second. Send the same request again, later.",
    "content": {},
}
_NOT_JSON = _problem("The body is not JSON in UTF-8, or an object in it has a key twice.")
_TOO_LARGE = _problem("The body is larger than 256 KiB.")
_NOT_SUPPORTED = {
    **_problem("The body's media type is not application/json, or the body is compressed."),
    "headers": {"Accept": _header("application/json"), "Accept-Encoding": _header("identity")},
}
_OUR_FAULT = _problem("An unexpected error. Send the same request again, later.")
_UNAVAILABLE = {
    **_problem("The database is unavailable or throttles. Send the same request again."),
    "headers": {"Retry-After": _header("Seconds to wait before you send it again.")},
}

PLACE_ORDER: dict[str, Any] = {
    "operation_id": "placeOrder",
    "summary": "Place an order",
    "description": "Records an order that was just paid. The API computes the total.",
    "responses": {
        200: {
            **_order("The same request came before; this is its order."),
            "headers": {"Idempotent-Replayed": _header("Always true.")},
        },
        201: {
            **_order("The order is recorded."),
            "headers": {"Location": _header("The path of the order.")},
        },
        400: _NOT_JSON,
        401: _UNAUTHORIZED,
        403: _FORBIDDEN,
        409: _problem("Another order was recorded for this payment."),
        413: _TOO_LARGE,
        415: _NOT_SUPPORTED,
        422: _problem("The body is JSON but not an order; `errors` names every wrong field."),
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
        "Lists the orders that you may read, newest first. A new order appears after a moment, not at once. "
        "Follow `next_cursor` until it is null. To find an order by its number, name its customer, too."
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
        "Cancels a paid order, and publishes an event of type `order.cancelled.v1` to the other services, after the "
        "order's `order.paid.v1`. If you do not know whether a cancellation got through, send the same request again."
    ),
    "responses": {
        200: {
            **_order("The order is cancelled."),
            "headers": {
                "Idempotent-Replayed": _header("`true` if the order was cancelled before, for the same reason.")
            },
        },
        400: _NOT_JSON,
        401: _UNAUTHORIZED,
        403: _FORBIDDEN,
        404: _problem("There is no order with this id that you may read."),
        409: _problem(
            "The order was cancelled before, for another reason; or its customer's personal data was erased."
        ),
        413: _TOO_LARGE,
        415: _NOT_SUPPORTED,
        422: _problem("The body is JSON but not a cancellation; `errors` names every wrong field."),
        429: _TOO_MANY,
        500: _OUR_FAULT,
        503: _UNAVAILABLE,
    },
}
