"""Dead letter: a record that the notify function dead-lettered or that its mapping discarded."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from functions.order.domain.order import is_order_id
from functions.order.domain.order_number import order_number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class UnreadableError(Exception):
    """A message or an object is not a dead letter; the error's message says which and why."""


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """A record, with the reason, the time and the location of its failure.

    `record` has the form of the mapping's event; it is None if the record was too large for the queue. `where` is
    `queue` or `bucket`. `place` is the id of the message, or the key of the object, that holds the record.
    """

    topic: str
    partition: int
    offset: int
    reason: str
    when: datetime
    where: str
    place: str
    record: Mapping[str, Any] | None

    @property
    def id(self) -> str:
        """The name of the record (topic, partition and offset), the same for each copy."""
        return f"{self.topic}-{self.partition}-{self.offset}"

    @property
    def order_number(self) -> str:
        """The number of the record's order, by the record's key; empty if the key is no order's id."""
        key = _text(self.content("key"))
        return order_number(key) if is_order_id(key) else ""

    def content(self, name: str) -> bytes:
        """Return the record's `key` or `value`, decoded; empty if there is none, or if it is not base64."""
        try:
            return base64.b64decode((self.record or {}).get(name) or "")
        except (TypeError, ValueError):
            return b""

    def readable(self) -> dict[str, Any]:
        """Return the whole dead letter for JSON, with key, value and headers as text. It has personal data."""
        record = self.record or {}
        return {
            "id": self.id,
            "order_number": self.order_number,
            "reason": self.reason,
            "when": self.when.isoformat(timespec="seconds"),
            "where": f"{self.where}: {self.place}",
            **record,
            **{name: _text(content) for name in ("key", "value") if (content := self.content(name))},
            "headers": _readable_headers(record.get("headers") or []),
        }


def _readable_headers(headers: Any) -> Any:
    """Return the headers with their values as text, or as they are if they have another form than Lambda's."""
    try:
        return [
            {name: _text(bytes(byte & 0xFF for byte in value)) for name, value in header.items()} for header in headers
        ]
    except (AttributeError, TypeError):
        return headers


def _text(content: bytes) -> str:
    return content.decode(errors="backslashreplace")
