"""Inbox: lists and searches the stored mails by the contents of their messages."""

import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import tzinfo
from itertools import chain

from samrun.console.inbox.message import Message, parse_message
from samrun.console.inbox.read_ahead import ReadAhead
from samrun.console.inbox.search_query import matcher, on_one_line
from samrun.console.inbox.summary import Summary, searched_text, summarize
from samrun.services.mail_store import Mail, MailEntry, MailNotFoundError, MailStore

# Limits of the memory; the inbox reads the mails beyond them again.
_MAX_SUMMARIES = 50_000
_MAX_TEXTS = 100_000_000  # characters


@dataclass(frozen=True, kw_only=True)
class Page:
    """Page of the mails that were found, newest first, from the one with the number `start` on; and their numbers."""

    total: int
    unread: int
    found: int
    found_unread: int
    start: int
    summaries: tuple[Summary, ...]
    tags: tuple[str, ...]


class Inbox:
    """The mails of a store."""

    def __init__(self, store: MailStore) -> None:
        self.store = store
        # Messages never change, so the inbox parses each only once, when a page or a search needs it, or ahead of that.
        self._summaries: dict[str, Summary] = {}
        self._texts: dict[str, str] = {}
        self._characters = 0
        # The thread that reads ahead adds to them, too.
        self._lock = threading.Lock()
        self.ahead = ReadAhead(self._read_one_ahead)

    def page(self, *, start: int, limit: int, query: str = "", zone: tzinfo | None = None) -> Page:
        """Return a page of the mails that match the query, as `matcher` says. Raises SearchQueryError."""
        entries = self.entries()
        found = self._matches(entries, query, zone)
        summaries = (self.summary(entry) for entry in found[start : start + limit])
        return Page(
            total=len(entries),
            unread=_unread(entries),
            found=len(found),
            found_unread=_unread(found),
            start=start,
            summaries=tuple(summary for summary in summaries if summary),
            tags=tuple(self._counted(entries)),
        )

    def identifiers(self, query: str = "", zone: tzinfo | None = None) -> list[str]:
        """Return the ids of the mails that match the query, newest first. Raises SearchQueryError."""
        return [entry.id for entry in self._matches(self.entries(), query, zone)]

    def identifier(self, name: str, query: str = "", zone: tzinfo | None = None) -> str:
        """Return `name`, or the id of the newest match if `name` is `latest`.

        Raises MailNotFoundError and SearchQueryError.
        """
        if name != "latest":
            return name
        newest = self.identifiers(query, zone)[:1]
        if not newest:
            raise MailNotFoundError(name)
        return newest[0]

    def tags(self) -> Mapping[str, int]:
        """Return all tags, in the order of the alphabet, and the number of mails that have each."""
        return self._counted(self.entries())

    def replace_tag(self, tag: str, names: Sequence[str]) -> bool:
        """Give the mails that have a tag these names in its place. Return whether a mail had it."""
        tagged = [(entry.id, tags) for entry in self.entries() if tag in (tags := self.store.tags(entry))]
        for identifier, tags in tagged:
            with suppress(MailNotFoundError):
                self.store.set_tags(identifier, [*(each for each in tags if each != tag), *names])
        return bool(tagged)

    def entries(self) -> list[MailEntry]:
        """Return an entry of each mail, newest first."""
        entries = self.store.entries()
        if len(self._summaries) > len(entries):  # mails were deleted
            present = {entry.id for entry in entries}
            with self._lock:
                self._summaries = {each: summary for each, summary in self._summaries.items() if each in present}
                self._texts = {each: text for each, text in self._texts.items() if each in present}
                self._characters = sum(len(text) for text in self._texts.values())
        return entries

    def read_ahead(self, entries: Iterable[MailEntry]) -> None:
        """Read these mails in the background, as far as there is room, so that a search need not."""
        if len(self._summaries) < _MAX_SUMMARIES and self._characters < _MAX_TEXTS:
            self.ahead.start([entry for entry in entries if entry.id not in self._summaries])

    def _read_one_ahead(self, entry: MailEntry) -> bool:
        """Read a mail; return whether there is room for another one."""
        with suppress(MailNotFoundError):  # it was deleted meanwhile
            if entry.id not in self._summaries:
                self._read(self.store.envelope(entry))
        return len(self._summaries) < _MAX_SUMMARIES and self._characters < _MAX_TEXTS

    def summary(self, entry: MailEntry) -> Summary | None:
        """Return the summary of a mail; None if the mail was deleted after the store listed it."""
        try:
            mail = self.store.envelope(entry)
            summary = self._summaries.get(entry.id) or self._read(mail)[0]
        except MailNotFoundError:
            return None
        return summary if summary.mail == mail else replace(summary, mail=mail)

    def open(self, identifier: str) -> tuple[Summary, Message]:
        """Return a mail and its message. Raises MailNotFoundError."""
        mail = self.store.get(identifier)
        message = parse_message(self.store.raw(identifier))
        return summarize(mail, message), message

    def _matches(self, entries: list[MailEntry], query: str, zone: tzinfo | None) -> list[MailEntry]:
        if not query:
            return entries
        matches = matcher(query, zone)

        def is_match(entry: MailEntry) -> bool:
            summary = self.summary(entry)
            return summary is not None and matches(summary, lambda: self._text(summary.mail))

        return [entry for entry in entries if is_match(entry)]

    def _text(self, mail: Mail) -> str:
        """Return the text in which words are searched; an empty one if the mail was deleted meanwhile."""
        try:
            return self._texts.get(mail.id) or self._read(mail)[1]
        except MailNotFoundError:
            return ""

    def _read(self, mail: Mail) -> tuple[Summary, str]:
        """Return what the inbox keeps of a mail, and keep it while there is room. Raises MailNotFoundError."""
        message = parse_message(self.store.raw(mail.id))
        summary = summarize(mail, message)
        text = on_one_line(searched_text(summary, message))
        with self._lock:
            if len(self._summaries) < _MAX_SUMMARIES:
                self._summaries[mail.id] = summary
            if mail.id not in self._texts and self._characters + len(text) <= _MAX_TEXTS:
                self._texts[mail.id] = text
                self._characters += len(text)
        return summary, text

    def _counted(self, entries: Iterable[MailEntry]) -> Mapping[str, int]:
        counted = Counter(chain.from_iterable(self.store.tags(entry) for entry in entries if entry.tagged))
        return dict(sorted(counted.items(), key=lambda each: each[0].lower()))


def _unread(entries: Iterable[MailEntry]) -> int:
    return sum(not entry.read for entry in entries)
