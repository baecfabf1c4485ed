"""Store of the mails that the local SES accepted: a folder that one process writes and others read.

A mail has up to four files, each written whole or not at all. `<id>.json` is the envelope, `<id>.eml` the message
as it was sent. `<id>.read` is empty and exists once somebody has read the mail, and `<id>.tags` has its tags.
The .eml is written last and removed first, so a mail exists exactly as long as its .eml.
"""

import json
import os
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from samrun.errors import SamrunError
from samrun.rfc3339 import rfc3339
from samrun.services.mail_tags import clean_tags, own_tags
from samrun.services.send_options import SendOptions
from samrun.supervision.files import write_atomically

_ID = re.compile("[0-9a-f]{22}")


@dataclass(frozen=True, kw_only=True)
class Mail:
    """Envelope of a mail: its sender, all its recipients (Bcc included), and when SES accepted it (UTC).

    `options` is what else the request said. `tags` are those of the inbox, not of SES.
    """

    id: str
    sender: str
    recipients: tuple[str, ...]
    created: datetime
    read: bool
    options: SendOptions = field(default_factory=SendOptions)
    tags: tuple[str, ...] = ()


class MailEntry(NamedTuple):
    """Entry of a mail in the list of all. One that is `tagged` has or had tags."""

    id: str
    read: bool
    tagged: bool


class MailNotFoundError(SamrunError):
    """No mail, or no part of the mail, has that id. Somebody may have deleted it."""


class MailStore:
    """The mails in one folder. The first mail creates the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Envelopes never change, so the store reads each only once. It looks up `read` every time.
        self._envelopes: dict[str, Mail] = {}
        # This process alone changes tags; the one that adds a mail writes them before the mail is there.
        self._known_tags: dict[str, tuple[str, ...]] = {}

    def add(
        self,
        raw: bytes,
        *,
        sender: str,
        recipients: Sequence[str],
        created: datetime,
        options: SendOptions | None = None,
    ) -> str:
        """Store a mail and return its id. Ids sort by `created`, an aware datetime."""
        options = options or SendOptions()
        identifier = f"{int(created.timestamp() * 1_000_000):014x}{secrets.token_hex(4)}"
        envelope = {
            "sender": sender,
            "recipients": list(recipients),
            "created": rfc3339(created.astimezone(UTC)),
            "configuration_set": options.configuration_set,
            "ses_tags": dict(options.tags),
            "invocation": options.invocation,
        }
        write_atomically(self._path(identifier, "json"), json.dumps(envelope))
        if tags := own_tags(raw, recipients):
            write_atomically(self._path(identifier, "tags"), json.dumps(tags))
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
            MailEntry(id=identifier, read=f"{identifier}.read" in names, tagged=f"{identifier}.tags" in names)
            for identifier in sorted(filter(_ID.fullmatch, identifiers), reverse=True)
        ]

    def envelope(self, entry: MailEntry) -> Mail:
        """Return the envelope of a mail. Raises MailNotFoundError."""
        tags = self.tags(entry)
        return replace(self._envelope(entry.id), read=entry.read, tags=tags)

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
        if not self.exists(identifier):
            raise MailNotFoundError(identifier)
        read = self._path(identifier, "read").exists()
        return replace(self._envelope(identifier), read=read, tags=self._tags(identifier))

    def exists(self, identifier: str) -> bool:
        """Tell whether there is a mail with this id."""
        return self._path(identifier, "eml").exists()

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

    def tags(self, entry: MailEntry) -> tuple[str, ...]:
        """Return the tags of a mail; none if it was deleted after the store listed it."""
        return self._tags(entry.id) if entry.tagged else ()

    def set_tags(self, identifier: str, tags: Sequence[str]) -> None:
        """Give a mail exactly these tags, after `clean_tags`. Raises MailNotFoundError."""
        self.get(identifier)
        cleaned = clean_tags(tags)
        write_atomically(self._path(identifier, "tags"), json.dumps(cleaned))
        self._known_tags[identifier] = cleaned

    def delete(self, identifier: str) -> None:
        """Remove a mail; it is no error if the mail is gone already."""
        self._envelopes.pop(identifier, None)
        self._known_tags.pop(identifier, None)
        for suffix in ("eml", "json", "read", "tags"):
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
                options=SendOptions(
                    # Mails of earlier versions of samrun have no options.
                    configuration_set=content.get("configuration_set", ""),
                    tags=content.get("ses_tags", {}),
                    invocation=content.get("invocation", ""),
                ),
            )
        return self._envelopes[identifier]

    def _tags(self, identifier: str) -> tuple[str, ...]:
        if identifier not in self._known_tags:
            try:
                self._known_tags[identifier] = tuple(json.loads(self._path(identifier, "tags").read_bytes()))
            except FileNotFoundError:
                return ()
        return self._known_tags[identifier]

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
