"""Inbox: lists and searches the stored mails by the contents of their messages."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from samrun.console.inbox.message import Address, Message, address, parse_message
from samrun.services.mail_store import Mail, MailEntry, MailNotFoundError, MailStore

_SNIPPET = 200
_TERM = re.compile(r'(?:(to|from|subject):)?(?:"([^"]*)"|(\S+))', re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Summary of a mail, for lists. `bcc` includes the recipients that only the envelope names."""

    mail: Mail
    message_id: str
    sender: Address
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    subject: str
    size: int
    attachments: int
    text: str

    @property
    def snippet(self) -> str:
        """The beginning of the text, on one line."""
        text = " ".join(self.text.split())
        return text if len(text) <= _SNIPPET else f"{text[:_SNIPPET]}..."


@dataclass(frozen=True, kw_only=True)
class Page:
    """Page of the mails that were found, newest first, from the one with the number `start` on; and their numbers."""

    total: int
    unread: int
    found: int
    found_unread: int
    start: int
    summaries: tuple[Summary, ...]


class Inbox:
    """The mails of a store."""

    def __init__(self, store: MailStore) -> None:
        self.store = store
        # Messages never change, so the inbox parses each only once, when a page or a search needs it.
        self._summaries: dict[str, Summary] = {}

    def page(self, *, start: int, limit: int, query: str = "") -> Page:
        """Return a page of the mails that match the query. `matcher` explains the query."""
        entries = self._entries()
        found = self._matches(entries, query)
        summaries = (self._summary(entry) for entry in found[start : start + limit])
        return Page(
            total=len(entries),
            unread=_unread(entries),
            found=len(found),
            found_unread=_unread(found),
            start=start,
            summaries=tuple(summary for summary in summaries if summary),
        )

    def identifiers(self, query: str = "") -> list[str]:
        """Return the ids of the mails that match the query, newest first."""
        return [entry.id for entry in self._matches(self._entries(), query)]

    def identifier(self, name: str, query: str = "") -> str:
        """Return `name`, or the id of the newest match if `name` is `latest`. Raises MailNotFoundError."""
        if name != "latest":
            return name
        newest = self.identifiers(query)[:1]
        if not newest:
            raise MailNotFoundError(name)
        return newest[0]

    def _entries(self) -> list[MailEntry]:
        entries = self.store.entries()
        if len(self._summaries) > len(entries):  # mails were deleted
            present = {entry.id for entry in entries}
            known = list(self._summaries.items())  # at once: other requests add to it
            self._summaries = {each: summary for each, summary in known if each in present}
        return entries

    def _matches(self, entries: list[MailEntry], query: str) -> list[MailEntry]:
        if not query:
            return entries
        matches = matcher(query)
        return [entry for entry in entries if (summary := self._summary(entry)) and matches(summary)]

    def _summary(self, entry: MailEntry) -> Summary | None:
        """Return the summary of a mail; None if the mail was deleted after the store listed it."""
        try:
            mail = self.store.envelope(entry)
            summary = self._summaries.get(entry.id)
            if summary is None:
                summary = self._summaries[entry.id] = _summary(mail, parse_message(self.store.raw(entry.id)))
            return replace(summary, mail=mail)
        except MailNotFoundError:
            return None

    def open(self, identifier: str) -> tuple[Summary, Message]:
        """Return a mail and its message. Raises MailNotFoundError."""
        mail = self.store.get(identifier)
        message = parse_message(self.store.raw(identifier))
        return _summary(mail, message), message


def matcher(query: str) -> Callable[[Summary], bool]:
    """Return the predicate of a query. A mail matches if it has all the words, in upper or lower case.

    `to:`, `from:` and `subject:` limit a word to that field; "words in quotes" belong together.
    """
    terms = [(field.lower(), (quoted or word).lower()) for field, quoted, word in _TERM.findall(query)]
    return lambda summary: all(word in _searched(summary, field) for field, word in terms)


def _unread(entries: Iterable[MailEntry]) -> int:
    return sum(not entry.read for entry in entries)


def _searched(summary: Summary, field: str) -> str:
    sender = f"{summary.sender.name} {summary.sender.address}"
    to = " ".join(f"{each.name} {each.address}" for each in (*summary.to, *summary.cc, *summary.bcc))
    everywhere = "\n".join((summary.subject, sender, to, summary.text))
    return {"to": to, "from": sender, "subject": summary.subject}.get(field, everywhere).lower()


def _summary(mail: Mail, message: Message) -> Summary:
    in_headers = {each.address.lower() for each in (*message.to, *message.cc, *message.bcc)}
    hidden = tuple(each for each in map(address, mail.recipients) if each.address.lower() not in in_headers)
    return Summary(
        mail=mail,
        message_id=message.message_id,
        sender=message.sender[0] if message.sender else address(mail.sender),
        to=message.to,
        cc=message.cc,
        bcc=message.bcc + hidden,
        reply_to=message.reply_to,
        subject=message.subject,
        size=message.size,
        attachments=len(message.parts),
        text=message.text,
    )
