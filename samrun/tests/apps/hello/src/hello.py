"""Answers requests, and prints the topics of the records that a Kafka trigger brings."""

from typing import Any


def handler(event: dict[str, Any], _context: object) -> str:
    print("received", *event.get("records", {"a request": []}))
    return f"Hello, {event.get('pathParameters', event).get('name')}!"
