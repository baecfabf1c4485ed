"""Handlers to stop in: one of records and requests, and one with a breakpoint of its own."""

import base64
from typing import Any


def handle_records(event: dict[str, Any], _context: object) -> str:
    """Print the value of each record, or the id in the path of a request."""
    for records in event.get("records", {}).values():
        for record in records:
            value = base64.b64decode(record["value"]).decode()
            print("handled", value)
    order_id = event.get("pathParameters", {}).get("id")
    return f"order {order_id}"


def stop_here(event: dict[str, Any], _context: object) -> int:
    """Return twice the number of the event."""
    number: int = event["number"]
    breakpoint()
    return 2 * number
