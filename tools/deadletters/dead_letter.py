"""A dead letter: a record that was set aside, by the notify function or by its mapping."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class UnreadableError(Exception):
    """Something else than a dead letter lies among them; the message says where and what it lacks."""


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A record, and why, when and where it was set aside.

    `record` is as in the mapping's event; None where it was too large for the queue. `place` is the queue's or the
    bucket's own name for what holds it: a message's id or an object's key.
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
        """The record's name, the same for each copy of it: topic, partition and offset."""
        return f"{self.topic}-{self.partition}-{self.offset}"

    def readable(self) -> dict[str, Any]:
        """Return all that is known of it as JSON, with key, value and headers as text. This has personal data."""
        record = self.record or {}
        return {
            "id": self.id,
            "reason": self.reason,
            "when": self.when.isoformat(timespec="seconds"),
            "where": f"{self.where}: {self.place}",
            **record,
            **{name: _text(base64.b64decode(record[name])) for name in ("key", "value") if record.get(name)},
            "headers": [
                {name: _text(bytes(byte & 0xFF for byte in value)) for name, value in header.items()}
                for header in record.get("headers") or []
            ],
        }


def _text(content: bytes) -> str:
    return content.decode(errors="backslashreplace")
