"""MIME messages, decoded. Any bytes are a message: a part that cannot be decoded is shown as it is."""

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message as MimeMessage
from email.utils import getaddresses, parseaddr, parsedate_to_datetime
from html.parser import HTMLParser

_BLOCKS = {"br", "div", "h1", "h2", "h3", "h4", "h5", "h6", "li", "p", "table", "tr"}
_UNSEEN = {"head", "script", "style", "title"}


@dataclass(frozen=True, kw_only=True)
class Address:
    """A mailbox; `name` is empty if it has an address only."""

    name: str
    address: str


def address(text: str) -> Address:
    """Return the mailbox in `text`, such as `ada@example.com` or `Ada Lovelace <ada@example.com>`."""
    name, found = parseaddr(text)
    return Address(name=_decoded(name), address=found or text)


@dataclass(frozen=True, kw_only=True)
class Part:
    """An attachment, or a picture that the HTML shows. `content_id` is without its angle brackets."""

    id: str
    filename: str
    content_type: str
    content_id: str
    inline: bool
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Message:
    """A decoded message. `text` comes from the HTML if the message has no text part."""

    message_id: str
    subject: str
    sender: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    return_path: str
    list_unsubscribe: str
    list_unsubscribe_post: str
    date: datetime | None
    text: str
    html: str
    parts: tuple[Part, ...]
    size: int


def parse_message(raw: bytes) -> Message:
    """Return the decoded message of raw bytes."""
    mime = email.message_from_bytes(raw)
    texts = [part for part in _leaves(mime) if not _is_file(part)]
    html = next((_content(part) for part in texts if part.get_content_type() == "text/html"), "")
    text = next((_content(part) for part in texts if part.get_content_type() == "text/plain"), None)
    return Message(
        message_id=_header(mime, "Message-ID").strip("<>"),
        subject=_header(mime, "Subject"),
        sender=_addresses(mime, "From"),
        to=_addresses(mime, "To"),
        cc=_addresses(mime, "Cc"),
        bcc=_addresses(mime, "Bcc"),
        reply_to=_addresses(mime, "Reply-To"),
        return_path=_header(mime, "Return-Path").strip("<>"),
        list_unsubscribe=_header(mime, "List-Unsubscribe"),
        list_unsubscribe_post=_header(mime, "List-Unsubscribe-Post"),
        date=_date(mime),
        text=_text_of(html) if text is None else text,
        html=html,
        parts=tuple(_part(number, part) for number, part in enumerate(_leaves(mime), 1) if _is_file(part)),
        size=len(raw),
    )


def headers(raw: bytes) -> dict[str, list[str]]:
    """Return the message's decoded headers, sorted by name."""
    mime = email.message_from_bytes(raw)
    names = sorted({name.title() for name in mime})
    return {name: [_decoded(str(value)) for value in mime.get_all(name, [])] for name in names}


def _leaves(mime: MimeMessage) -> Iterator[MimeMessage]:
    return (part for part in mime.walk() if not part.is_multipart())


def _is_file(part: MimeMessage) -> bool:
    is_text = part.get_content_type() in {"text/plain", "text/html"}
    return part.get_content_disposition() == "attachment" or bool(part.get_filename()) or not is_text


def _part(number: int, part: MimeMessage) -> Part:
    return Part(
        id=str(number),
        filename=_decoded(part.get_filename() or ""),
        content_type=part.get_content_type(),
        content_id=str(part.get("Content-ID", "")).strip().strip("<>"),
        inline=part.get_content_disposition() != "attachment" and "Content-ID" in part,
        content=_bytes(part),
    )


def _bytes(part: MimeMessage) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _content(part: MimeMessage) -> str:
    charset = part.get_content_charset("utf-8")
    try:
        return _bytes(part).decode(charset, errors="replace")
    except LookupError:  # Python does not know the charset
        return _bytes(part).decode("utf-8", errors="replace")


def _header(mime: MimeMessage, name: str) -> str:
    return _decoded(str(mime.get(name, "")))


def _decoded(value: str) -> str:
    """Return a header's text without folding, and with its encoded words (RFC 2047) decoded."""
    value = " ".join(value.split())
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return value


def _addresses(mime: MimeMessage, name: str) -> tuple[Address, ...]:
    values = [" ".join(str(value).split()) for value in mime.get_all(name, [])]
    return tuple(
        Address(name=_decoded(display), address=address) for display, address in getaddresses(values) if address
    )


def _date(mime: MimeMessage) -> datetime | None:
    try:
        date = parsedate_to_datetime(str(mime["Date"]))
    except (TypeError, ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _text_of(html: str) -> str:
    reader = _TextReader()
    reader.feed(html)
    reader.close()
    lines = [" ".join(line.split()) for line in "".join(reader.pieces).splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _TextReader(HTMLParser):
    """Reader of an HTML document: `pieces` has its visible text."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in _UNSEEN
        if tag in _BLOCKS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN and self._unseen > 0
        if tag in _BLOCKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.pieces.append(" ".join(data.splitlines()) if data.strip() else " ")
