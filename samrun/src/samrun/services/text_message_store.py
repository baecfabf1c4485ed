"""Store of the text messages (SMS) that the local SNS accepted: a folder that one process writes and others read.

A text message is a file, `<id>.json`, written whole or not at all.
"""

import json
import os
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from samrun.errors import SamrunError
from samrun.rfc3339 import rfc3339
from samrun.supervision.files import write_atomically

_ID = re.compile("[0-9a-f]{22}")


@dataclass(frozen=True, kw_only=True)
class TextMessage:
    """A text message to a phone number, such as `+4930123456`. `created` is when SNS accepted it (UTC).

    `sender_id` is empty if the application gave none; then the phone shows a number of AWS.
    `invocation` is the segment of the invocation that sent it; empty if it is not known.
    """

    id: str
    to: str
    text: str
    sender_id: str
    created: datetime
    invocation: str = ""


class TextMessageNotFoundError(SamrunError):
    """No text message has that id. Somebody may have deleted it."""


class TextMessageStore:
    """The text messages in one folder. The first one creates the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Text messages never change, so the store reads each only once.
        self._known: dict[str, TextMessage] = {}

    def add(self, text: str, *, to: str, sender_id: str = "", invocation: str = "", created: datetime) -> str:
        """Store a text message and return its id. Ids sort by `created`, an aware datetime."""
        identifier = f"{int(created.timestamp() * 1_000_000):014x}{secrets.token_hex(4)}"
        content = {
            "to": to,
            "text": text,
            "sender_id": sender_id,
            "created": rfc3339(created.astimezone(UTC)),
            "invocation": invocation,
        }
        write_atomically(self._path(identifier), json.dumps(content))
        return identifier

    def identifiers(self) -> list[str]:
        """Return the ids of all text messages, newest first. It opens none of the files."""
        try:
            names = [file.name.removesuffix(".json") for file in os.scandir(self.folder)]
        except FileNotFoundError:
            return []
        found = sorted(filter(_ID.fullmatch, names), reverse=True)
        if len(self._known) > len(found):  # some were deleted
            present = set(found)
            self._known = {key: value for key, value in list(self._known.items()) if key in present}
        return found

    def get(self, identifier: str) -> TextMessage:
        """Return one text message. Raises TextMessageNotFoundError."""
        try:
            content = json.loads(self._path(identifier).read_bytes())
        except FileNotFoundError:
            raise TextMessageNotFoundError(identifier) from None
        return TextMessage(id=identifier, **content | {"created": datetime.fromisoformat(content["created"])})

    def newest(self, limit: int) -> list[TextMessage]:
        """Return the newest text messages, newest first."""
        found = []
        for identifier in self.identifiers()[:limit]:
            try:
                self._known[identifier] = self._known.get(identifier) or self.get(identifier)
            except TextMessageNotFoundError:
                continue
            found.append(self._known[identifier])
        return found

    def delete(self, identifier: str) -> None:
        """Remove a text message; it is no error if it is gone already."""
        self._known.pop(identifier, None)
        self._path(identifier).unlink(missing_ok=True)

    def _path(self, identifier: str) -> Path:
        # Ids also come from URLs, and must not lead out of the folder.
        if not _ID.fullmatch(identifier):
            raise TextMessageNotFoundError(identifier)
        return self.folder / f"{identifier}.json"
