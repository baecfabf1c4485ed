"""Mails as a timeline reads them: each is parsed once, since it never changes."""

from typing import NamedTuple

from samrun.console.inbox.message import parse_message
from samrun.services.mail_store import MailNotFoundError, MailStore

_MAX_READ = 2_000
# Characters of the text of a mail in which a key is looked for.
_MAX_TEXT = 20_000


class ReadMail(NamedTuple):
    """Content of a mail: its subject, its text with that, and the id that SES gave it."""

    subject: str
    text: bytes
    ses_id: str


class MailReader:
    """Reader of the mails of a store. It remembers some thousands."""

    def __init__(self, mails: MailStore) -> None:
        self._store = mails
        self._mails: dict[str, ReadMail] = {}

    def read(self, identifier: str) -> ReadMail | None:
        """Return what a mail says; None if somebody has deleted it."""
        if not self._store.exists(identifier):
            return None
        if identifier not in self._mails:
            try:
                message = parse_message(self._store.raw(identifier))
            except MailNotFoundError:
                return None
            if len(self._mails) >= _MAX_READ:
                self._mails.clear()
            text = f"{message.subject}\n{message.text[:_MAX_TEXT]}".encode(errors="replace")
            ses_id = message.message_id.partition("@")[0]
            self._mails[identifier] = ReadMail(subject=message.subject, text=text, ses_id=ses_id)
        return self._mails[identifier]
