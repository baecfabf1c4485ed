"""Store of the mails that the local SES accepted: a folder that one process writes and others read.

A mail has up to three files, each written whole or not at all. `<id>.json` is the envelope, `<id>.eml` the message
as it was sent. `<id>.read` is empty and exists once somebody has read the mail. The .eml is written last and removed
first, so a mail exists exactly as long as its .eml.
"""

import json
import os
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from samrun.errors import SamrunError
from samrun.rfc3339 import rfc3339
from samrun.supervision.files import write_atomically

_ID = re.compile("[0-9a-f]{22}")


@dataclass(frozen=True, kw_only=True)
class Mail:
    """Envelope of a mail: its sender, all its recipients (Bcc included), and when SES accepted it (UTC)."""

    id: str
    sender: str
    recipients: tuple[str, ...]
    created: datetime
    read: bool


class MailEntry(NamedTuple):
    """Entry of a mail in the list of all."""

    id: str
    read: bool


class MailNotFoundError(SamrunError):
    """No mail, or no part of the mail, has that id. Somebody may have deleted it."""


class MailStore:
    """The mails in one folder. The first mail creates the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Envelopes never change, so the store reads each only once. It looks up `read` every time.
        self._envelopes: dict[str, Mail] = {}

    def add(self, raw: bytes, *, sender: str, recipients: Sequence[str], created: datetime) -> str:
        """Store a mail and return its id. Ids sort by `created`, an aware datetime."""
        identifier = f"{int(created.timestamp() * 1_000_000):014x}{secrets.token_hex(4)}"
        envelope = {
            "sender": sender,
            "recipients": list(recipients),
            "created": rfc3339(created.astimezone(UTC)),
        }
        write_atomically(self._path(identifier, "json"), json.dumps(envelope))
        write_atomically(self._path(identifier, "eml"), raw)
        return identifier

    def entries(self) -> list[MailEntry]:
        """Return an entry of each mail, newest first. It opens none of their files."""
        try:
            names = {file.name for file in os.scandir(self.folder)}
        except FileNotFoundError:
            return []
        identifiers = (name[:-4] for name in names if name.endswith(".eml"))
        return [
            MailEntry(id=identifier, read=f"{identifier}.read" in names)
            for identifier in sorted(filter(_ID.fullmatch, identifiers), reverse=True)
        ]

    def envelope(self, entry: MailEntry) -> Mail:
        """Return the envelope of a mail. Raises MailNotFoundError."""
        return replace(self._envelope(entry.id), read=entry.read)

    def size(self) -> int:
        """Return how many bytes all messages have."""
        if not self.folder.is_dir():
            return 0
        size = 0
        for file in os.scandir(self.folder):
            with suppress(FileNotFoundError):
                size += file.stat().st_size if file.name.endswith(".eml") else 0
        return size

    def get(self, identifier: str) -> Mail:
        """Return one mail's envelope. Raises MailNotFoundError."""
        if not self._path(identifier, "eml").exists():
            raise MailNotFoundError(identifier)
        return replace(self._envelope(identifier), read=self._path(identifier, "read").exists())

    def raw(self, identifier: str) -> bytes:
        """Return the message as it was sent. Raises MailNotFoundError."""
        return self._bytes(identifier, "eml")

    def mark_read(self, identifier: str, *, read: bool = True) -> None:
        """Mark a mail as read or unread. Raises MailNotFoundError."""
        self.get(identifier)
        if read:
            self._path(identifier, "read").touch()
        else:
            self._path(identifier, "read").unlink(missing_ok=True)

    def delete(self, identifier: str) -> None:
        """Remove a mail; it is no error if the mail is gone already."""
        self._envelopes.pop(identifier, None)
        for suffix in ("eml", "json", "read"):
            self._path(identifier, suffix).unlink(missing_ok=True)

    def _envelope(self, identifier: str) -> Mail:
        if identifier not in self._envelopes:
            content = json.loads(self._bytes(identifier, "json"))
            self._envelopes[identifier] = Mail(
                id=identifier,
                sender=content["sender"],
                recipients=tuple(content["recipients"]),
                created=datetime.fromisoformat(content["created"]),
                read=False,
            )
        return self._envelopes[identifier]

    def _bytes(self, identifier: str, suffix: str) -> bytes:
        try:
            return self._path(identifier, suffix).read_bytes()
        except FileNotFoundError:
            raise MailNotFoundError(identifier) from None

    def _path(self, identifier: str, suffix: str) -> Path:
        # Ids also come from URLs, and must not lead out of the folder.
        if not _ID.fullmatch(identifier):
            raise MailNotFoundError(identifier)
        return self.folder / f"{identifier}.{suffix}"
