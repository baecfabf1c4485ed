"""The mails that the local SES accepted: a folder that one process writes and others read.

A mail is up to three files, each written whole or not at all: `<id>.json`, the envelope; `<id>.eml`, the
message as it was sent; and `<id>.read`, empty, there once somebody has read it. The .eml is written last and
removed first: a mail is there when its .eml is.
"""

import json
import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from local.files import write_whole

_ID = re.compile("[0-9a-f]{22}")


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail's envelope: who sent it, to whom it goes (blind copies too), when it was accepted (UTC)."""

    id: str
    sender: str
    recipients: tuple[str, ...]
    created: datetime
    read: bool


class MailNotFoundError(Exception):
    """There is no mail with that id: it never was, or somebody deleted it."""


class MailStore:
    """The mails in one folder, which is made with the first mail."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Envelopes never change, so each is read once; `read` is looked up every time.
        self._envelopes: dict[str, Mail] = {}

    def add(self, raw: bytes, *, sender: str, recipients: Sequence[str], created: datetime) -> str:
        """Keep a mail and return its id. Ids sort by `created`, an aware datetime."""
        identifier = f"{int(created.timestamp() * 1_000_000):014x}{secrets.token_hex(4)}"
        envelope = {
            "sender": sender,
            "recipients": list(recipients),
            "created": created.astimezone(UTC).isoformat(),
        }
        write_whole(self._path(identifier, "json"), json.dumps(envelope))
        write_whole(self._path(identifier, "eml"), raw)
        return identifier

    def newest_first(self) -> list[Mail]:
        """Return all mails."""
        names = {entry.name for entry in os.scandir(self.folder)} if self.folder.is_dir() else set()
        mails = []
        for identifier in sorted((name[:-4] for name in names if name.endswith(".eml")), reverse=True):
            try:
                envelope = self._envelope(identifier)
            except MailNotFoundError:
                continue  # deleted since the folder was listed, or no mail of ours
            mails.append(replace(envelope, read=f"{identifier}.read" in names))
        return mails

    def get(self, identifier: str) -> Mail:
        """Return one mail's envelope. Raises MailNotFoundError."""
        if not self._path(identifier, "eml").exists():
            raise MailNotFoundError(identifier)
        return replace(self._envelope(identifier), read=self._path(identifier, "read").exists())

    def raw(self, identifier: str) -> bytes:
        """Return the message as it was sent. Raises MailNotFoundError."""
        return self._bytes(identifier, "eml")

    def mark_read(self, identifier: str, *, read: bool = True) -> None:
        """Note that a mail is read, or unread again. Raises MailNotFoundError."""
        self.get(identifier)
        if read:
            self._path(identifier, "read").touch()
        else:
            self._path(identifier, "read").unlink(missing_ok=True)

    def delete(self, identifier: str) -> None:
        """Remove a mail; one that is gone already is no error."""
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
        # Ids come from URLs too, and must not lead out of the folder.
        if not _ID.fullmatch(identifier):
            raise MailNotFoundError(identifier)
        return self.folder / f"{identifier}.{suffix}"
