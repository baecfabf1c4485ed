"""What the OpenAPI document says beyond the models: people read it, as a page."""

from __future__ import annotations

from typing import Any

from functions.order import problems
from functions.order.problems import Problem
from functions.order.schema import StoredOrder

API: dict[str, Any] = {
    "title": "Orders",
    "version": "1.0.0",
    "summary": "Records paid orders.",
    "description": (
        "Place an order once its payment was taken. It is recorded before it is answered, and an event of type "
        "`order.paid.v1` tells the other services; one of them mails the confirmation.\n\n"
        "The payment's reference is the idempotency key: when in doubt whether an order got through, send the "
        "same request again. Whatever goes wrong is answered as problem details (RFC 9457)."
    ),
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
            "created_at": "2026-11-22T10:15:30Z",
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
        409: _problem("Another order was recorded for this payment."),
        413: _problem("The body is over 256 KiB."),
        415: _problem("The body is not sent as application/json."),
        422: _problem("The body is JSON but no order; `errors` names every wrong field."),
        503: _UNAVAILABLE,
    },
}

GET_ORDER: dict[str, Any] = {
    "operation_id": "getOrder",
    "summary": "Read an order",
    "responses": {
        200: _order("The order."),
        404: _problem("There is no order with this id."),
        503: _UNAVAILABLE,
    },
}
