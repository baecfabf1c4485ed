"""List of what people got: mails and text messages in one list, the newest first."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice

from samrun.console.inbox.inbox import Inbox
from samrun.console.inbox.message import Address
from samrun.console.inbox.search_query import matcher, on_one_line
from samrun.console.inbox.sms_segments import SmsSegments, sms_segments
from samrun.console.inbox.summary import Summary
from samrun.services.mail_store import Mail, MailEntry
from samrun.services.text_message_store import TextMessage, TextMessageNotFoundError, TextMessageStore

# A search looks at the newest of them; a stack that runs for a test has fewer.
_MAX_TEXT_MESSAGES = 50_000


@dataclass(frozen=True, kw_only=True)
class ListedMessage:
    """A mail or a text message in the list."""

    summary: Summary
    text_message: TextMessage | None = None

    @property
    def segments(self) -> SmsSegments | None:
        """The segments of a text message; None for a mail."""
        return sms_segments(self.text_message.text) if self.text_message else None

    @property
    def id(self) -> str:
        """The id in its store. The ids of both kinds sort by time."""
        return self.summary.mail.id

    @property
    def recipients(self) -> str:
        """The names of all recipients, or their addresses."""
        boxes = (*self.summary.to, *self.summary.cc, *self.summary.bcc)
        return ", ".join(each.name or each.address for each in boxes)


@dataclass(frozen=True, kw_only=True)
class MessagePage:
    """The newest messages of those that were found, and the numbers of all and of those found."""

    total: int
    unread: int
    found: int
    messages: Sequence[ListedMessage]


class MessageList:
    """The mails of an inbox and the text messages of a store."""

    def __init__(self, inbox: Inbox, text_messages: TextMessageStore) -> None:
        self._inbox = inbox
        self._text_messages = text_messages

    def page(self, *, limit: int, query: str = "") -> MessagePage:
        """Return the newest messages that match the query. Raises SearchQueryError."""
        entries, identifiers = self._inbox.entries(), self._text_messages.identifiers()
        mails, texts = entries, identifiers
        if query:
            found_mails = set(self._inbox.identifiers(query))
            mails = [entry for entry in entries if entry.id in found_mails]
            texts = self._matching_texts(query)
        newest = merge(((entry.id, entry) for entry in mails), ((each, None) for each in texts), reverse=True, key=_id)
        page = MessagePage(
            total=len(entries) + len(identifiers),
            unread=sum(not entry.read for entry in entries),
            found=len(mails) + len(texts),
            messages=list(self._listed(islice(newest, limit))),
        )
        self._inbox.read_ahead(entries)  # who looks at the list may search next
        return page

    def text_message(self, identifier: str) -> ListedMessage:
        """Return a text message. Raises TextMessageNotFoundError."""
        return _of_text(self._text_messages.get(identifier))

    def delete_all(self) -> None:
        """Delete all mails and text messages."""
        for identifier in self._inbox.identifiers():
            self._inbox.store.delete(identifier)
        for identifier in self._text_messages.identifiers():
            self._text_messages.delete(identifier)

    def _listed(self, newest: Iterable[tuple[str, MailEntry | None]]) -> Iterator[ListedMessage]:
        for identifier, entry in newest:
            try:
                summary = self._inbox.summary(entry) if entry else None
                if summary:
                    yield ListedMessage(summary=summary)
                elif entry is None:
                    yield self.text_message(identifier)
            except TextMessageNotFoundError:
                continue

    def _matching_texts(self, query: str) -> list[str]:
        matches, found = matcher(query), []
        for message in self._text_messages.newest(_MAX_TEXT_MESSAGES):
            line = on_one_line(f"{message.to} {message.sender_id} {message.text}")
            if matches(_of_text(message).summary, lambda line=line: line):  # type: ignore[misc]
                found.append(message.id)
        return found


def _id(each: tuple[str, MailEntry | None]) -> str:
    return each[0]


def _of_text(message: TextMessage) -> ListedMessage:
    """Return a text message with the summary that lists and searches need; it has no state of being read."""
    mail = Mail(id=message.id, sender=message.sender_id, recipients=(message.to,), created=message.created, read=True)
    summary = Summary(
        mail=mail,
        message_id=message.id,
        sender=Address(name="", address=message.sender_id),
        to=(Address(name="", address=message.to),),
        cc=(),
        bcc=(),
        reply_to=(),
        subject="",
        size=len(message.text.encode(errors="replace")),
        attachments=0,
        inline=0,
        snippet=" ".join(message.text.split()),
    )
    return ListedMessage(summary=summary, text_message=message)
