"""Search queries in Mailpit's language: https://mailpit.axllent.org/docs/usage/search-filters/.

A mail matches if it has all terms, in upper or lower case. A term in "quotes" may have spaces; `-` or `!` before a term
excludes the mails that have it. A term is a text, or an operator with a value.

    from: to: cc: bcc: reply-to: addressed:    a text in these addresses and their names; addressed: is any of them
    subject: message-id: tag:                  a text in the subject or in the message's id; the whole name of a tag
    is:read is:unread is:tagged
    has:attachment has:inline                  and their plurals
    before: after:                             a date, or a date and time: 2026-11-30, "2026-11-30 12:15"
    larger: smaller:                           a number of bytes, or with a unit: 100, 2K, 1.5MB

Mailpit searches for the text of an operator that it does not know, and ignores a value that it cannot read: a test that
expects no mail would pass. Here, both are errors.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import chain

from samrun.console.inbox.message import Address
from samrun.console.inbox.summary import Summary
from samrun.errors import SamrunError

_TERM = re.compile(r'(?:[^\s"]|"[^"]*(?:"|\Z))+')
# The words before a colon that are no operators: of URLs, and of subjects.
_OPERATOR = re.compile(r"([a-z][a-z-]*):(?!//)(.*)", re.IGNORECASE | re.DOTALL)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s?([km]?)b?", re.IGNORECASE)
_BYTES = {"": 1, "k": 1024, "m": 1024 * 1024}

Predicate = Callable[[Summary, Callable[[], str]], bool]
"""Predicate of a mail: its summary, and a function that returns its whole text, as `on_one_line` does."""


class SearchQueryError(SamrunError):
    """A query cannot be understood; the message says which term, and what to write instead."""


@dataclass(frozen=True, kw_only=True)
class _Term:
    text: str
    quoted: bool
    excluded: bool


@dataclass(frozen=True, kw_only=True)
class _Filter:
    """An operator and its value, in lower case, and the time zone of its date."""

    name: str
    value: str
    zone: tzinfo | None


def matcher(query: str, zone: tzinfo | None = None) -> Predicate:
    """Return the predicate of a query. Dates are in `zone`, or in this machine's. Raises SearchQueryError."""
    predicates = [_predicate(term, zone) for term in _terms(query)]
    return lambda summary, text: all(predicate(summary, text) for predicate in predicates)


def on_one_line(text: str) -> str:
    """Return a text as it is compared: in lower case, and with one space between its words."""
    return " ".join(text.lower().split())


def _terms(query: str) -> Iterator[_Term]:
    for found in _TERM.findall(query):
        text = found.replace('"', "")
        excluded = len(text) > 1 and text[0] in "-!"
        text = text[1:] if excluded else text
        if text.strip():
            yield _Term(text=text.strip(), quoted=found.lstrip("-!").startswith('"'), excluded=excluded)


def _predicate(term: _Term, zone: tzinfo | None) -> Predicate:
    predicate = _included(term, zone)
    return (lambda summary, text: not predicate(summary, text)) if term.excluded else predicate


def _included(term: _Term, zone: tzinfo | None) -> Predicate:
    operator = _OPERATOR.fullmatch(term.text)
    name, value = (operator[1].lower(), on_one_line(operator[2])) if operator else ("", "")
    if not operator or (term.quoted and name not in _OPERATORS):
        wanted = on_one_line(term.text)
        return lambda summary, text: wanted in text()
    if name not in _OPERATORS:
        names = ", ".join(f"{each}:" for each in sorted(_OPERATORS))
        raise SearchQueryError(
            f'{name}: is no search operator. These are: {names}. To search for the text itself, quote it: "{term.text}"'
        )
    if not value:
        raise SearchQueryError(f"{name}: needs a value, directly after the colon")
    return _OPERATORS[name](_Filter(name=name, value=value, zone=zone))


def _of_addresses(wanted: _Filter) -> Predicate:
    def matches(summary: Summary, _: object) -> bool:
        boxes = _addresses(summary, wanted.name)
        return any(wanted.value in on_one_line(f"{each.name} {each.address}") for each in boxes)

    return matches


def _addresses(summary: Summary, field: str) -> Iterable[Address]:
    fields = {
        "from": (summary.sender,),
        "to": summary.to,
        "cc": summary.cc,
        "bcc": summary.bcc,
        "reply-to": summary.reply_to,
    }
    return chain.from_iterable(fields.values()) if field == "addressed" else fields[field]


def _of_subject(wanted: _Filter) -> Predicate:
    return lambda summary, _: wanted.value in on_one_line(summary.subject)


def _of_message_id(wanted: _Filter) -> Predicate:
    return lambda summary, _: wanted.value.strip("<>") in summary.message_id.lower()


def _of_tag(wanted: _Filter) -> Predicate:
    return lambda summary, _: any(wanted.value == tag.lower() for tag in summary.mail.tags)


def _of_size(wanted: _Filter) -> Predicate:
    name, size = wanted.name, _SIZE.fullmatch(wanted.value)
    if size is None:
        raise SearchQueryError(f"{name}:{wanted.value}: write a size, such as {name}:100, {name}:2K or {name}:1.5MB")
    limit = float(size[1]) * _BYTES[size[2]]
    return (lambda summary, _: summary.size > limit) if name == "larger" else (lambda summary, _: summary.size < limit)


def _of_state(wanted: _Filter) -> Predicate:
    value = wanted.value.removesuffix("s") if wanted.name == "has" else wanted.value
    predicate = _STATES.get(f"{wanted.name}:{value}")
    if predicate is None:
        known = ", ".join(each for each in _STATES if each.startswith(f"{wanted.name}:"))
        raise SearchQueryError(f"{wanted.name}:{wanted.value} is no filter. These are: {known}")
    return predicate


def _of_time(wanted: _Filter) -> Predicate:
    name = wanted.name
    try:
        moment = datetime.fromisoformat(wanted.value.upper().replace("/", "-"))
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=wanted.zone)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        example = f'{name}:2026-11-30 or {name}:"2026-11-30 12:15"'
        raise SearchQueryError(f"{name}:{wanted.value}: write a date, or a date and time, such as {example}") from None
    if name == "before":
        return lambda summary, _: summary.mail.created <= moment
    return lambda summary, _: summary.mail.created >= moment


_STATES: dict[str, Predicate] = {
    "is:read": lambda summary, _: summary.mail.read,
    "is:unread": lambda summary, _: not summary.mail.read,
    "is:tagged": lambda summary, _: bool(summary.mail.tags),
    "has:attachment": lambda summary, _: summary.attachments > 0,
    "has:inline": lambda summary, _: summary.inline > 0,
}
_OPERATORS: dict[str, Callable[[_Filter], Predicate]] = {
    **dict.fromkeys(("addressed", "bcc", "cc", "from", "reply-to", "to"), _of_addresses),
    "subject": _of_subject,
    "message-id": _of_message_id,
    "tag": _of_tag,
    **dict.fromkeys(("larger", "smaller"), _of_size),
    **dict.fromkeys(("is", "has"), _of_state),
    **dict.fromkeys(("before", "after"), _of_time),
}
