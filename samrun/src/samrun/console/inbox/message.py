"""MIME messages, decoded. Any bytes are a message: what cannot be read is shown as it is, and the text says so.

Python's email package raises for some bytes that a stranger can send, and takes quadratic time for others. So each part
of a message is read by a guard with a fallback, and what costs too much is bounded.
"""

import binascii
import codecs
import email
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message as MimeMessage
from email.policy import Compat32
from email.quoprimime import header_decode
from email.utils import getaddresses, parsedate_to_datetime
from html import escape
from itertools import islice
from typing import TypeVar

from samrun.console.inbox.html_text import text_of
from samrun.services.mailbox import split_mailbox

_T = TypeVar("_T")
_Fallback = TypeVar("_Fallback")

# Characters of a header; SES allows 50 recipients, which have half as many.
_MAX_HEADER = 10_000
_MAX_PARTS = 500
# Characters of the name that an attached message gets from its subject.
_MAX_NAME = 100
# Characters of the text; a part in HTML is longer.
_MAX_TEXT = 1_000_000
_MAX_HTML_FOR_TEXT = 5_000_000
# Nested parts, and their number times that of the lines: the parser compares each line with the end of each part. A
# mail of SES's 40 MB with three levels has 2 million.
_MAX_NESTING = 50
_MAX_COST = 5_000_000
# Bytes of a message that is too deep to be read: its headers are in them.
_MAX_HEAD = 200_000
# The second class has characters that Python strips from the name of a parameter.
_BOUNDARY = re.compile(rb"boundary[\s\x1c-\x1f]*[*=]", re.IGNORECASE)
_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,100}+)\?([bq])\?([^?]*+)\?=", re.IGNORECASE)
# Codecs of Python that are no charsets of a text: some raise whatever the bytes are, some take quadratic time.
_NO_CHARSETS = {"idna", "mbcs", "oem", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"}
_LONE_SURROGATES = re.compile("[\ud800-\udc7f\udd00-\udfff]")


@dataclass(frozen=True, kw_only=True)
class Address:
    """A mailbox; `name` is empty if it has an address only."""

    name: str
    address: str


def address(text: str) -> Address:
    """Return the mailbox in `text`, such as `ada@example.com` or `Ada Lovelace <ada@example.com>`."""
    name, found = split_mailbox(text)
    return Address(name=_MessageReader().decoded(name), address=_clean(found))


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
    """A decoded message. `text` comes from the HTML if the message has no text part.

    `unreadable` names what is not shown, or shown as it was sent; the last line of `text` does, too.
    """

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
    unreadable: tuple[str, ...] = ()


def parse_message(raw: bytes) -> Message:
    """Return the decoded message of raw bytes."""
    return _MessageReader().message(raw)


def headers(raw: bytes) -> dict[str, list[str]]:
    """Return the message's decoded headers, sorted by name."""
    return _MessageReader().headers(raw)


def in_words(unreadable: Iterable[str]) -> str:
    """Return the line that says what of a mail could not be read."""
    return f"[samrun could not read all of this mail: {'; '.join(unreadable)}. The source has it.]"


class _BoundedPolicy(Compat32):
    """Policy of the parser that cuts headers, and reads bytes in them as UTF-8.

    The email package takes quadratic time for their parameters, and replaces what is not ASCII.
    """

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, _clean(value[:_MAX_HEADER])


_POLICY = _BoundedPolicy()


@dataclass(frozen=True, kw_only=True)
class _Leaf:
    """A part without parts, as far as its own headers can be read."""

    mime: MimeMessage
    content_type: str
    disposition: str | None
    filename: str

    @property
    def is_file(self) -> bool:
        is_text = self.content_type in {"text/plain", "text/html"}
        return self.disposition == "attachment" or bool(self.filename) or not is_text


@dataclass(frozen=True, kw_only=True)
class _Body:
    """Texts that a part shows: None where it has no such text."""

    plain: str | None = None
    html: str | None = None


class _MessageReader:
    """Reader of one message; it keeps what it could not read."""

    def __init__(self) -> None:
        # A dictionary keeps the order, and has each only once.
        self._unreadable: dict[str, None] = {}

    def message(self, raw: bytes) -> Message:
        mime = self._parsed(raw)
        leaves = self._leaves(mime)
        body = self._body(mime, {id(leaf.mime): leaf for leaf in leaves if not leaf.is_file})
        plain, html = body.plain, body.html or ""
        parts = [self._part(number, leaf) for number, leaf in enumerate(leaves, 1) if leaf.is_file]
        fields = {name.lower(): value for name, value in reversed(list(mime.raw_items()))}
        if any(len(value) >= _MAX_HEADER for value in fields.values()):
            self._note(f"a header after its first {_MAX_HEADER} characters")

        def header(name: str) -> str:
            return self.decoded(fields.get(name.lower(), ""), what=f"the header {name}")

        return Message(
            message_id=header("Message-ID").strip("<>"),
            subject=header("Subject"),
            sender=self._addresses(mime, "From"),
            to=self._addresses(mime, "To"),
            cc=self._addresses(mime, "Cc"),
            bcc=self._addresses(mime, "Bcc"),
            reply_to=self._addresses(mime, "Reply-To"),
            return_path=header("Return-Path").strip("<>"),
            list_unsubscribe=header("List-Unsubscribe"),
            list_unsubscribe_post=header("List-Unsubscribe-Post"),
            date=_date(fields.get("date", "")),
            html=html,
            parts=tuple(parts),
            size=len(raw),
            # The last two, when everything has been read.
            text=self._text(plain, html),
            unreadable=tuple(self._unreadable),
        )

    def headers(self, raw: bytes) -> dict[str, list[str]]:
        values: dict[str, list[str]] = {}
        for name, value in self._parsed(raw).raw_items():
            values.setdefault(_clean(name.title()), []).append(self.decoded(value))
        return dict(sorted(values.items()))

    def decoded(self, value: str, *, what: str = "a header") -> str:
        """Return a header's text without folding, and with its encoded words (RFC 2047) decoded."""
        value, decoded, position = " ".join(value.split()), "", 0
        charset, encoded = "", b""  # of adjacent words: a character may be divided between them
        for word in _ENCODED_WORD.finditer(value):
            between = value[position : word.start()]
            content = _word_content(word[2], word[3])
            name = word[1].partition("*")[0].lower()  # RFC 2231 allows a language
            if content is None or not _is_charset(name):
                self._note(what)
                continue
            position = word.end()
            if between.strip() or name != charset:
                decoded += _decode(encoded, charset) + (between if between.strip() or not charset else "")
                charset, encoded = name, b""
            encoded += content
        return _clean(decoded + _decode(encoded, charset) + value[position:])

    def _parsed(self, raw: bytes) -> MimeMessage:
        nesting = len(_BOUNDARY.findall(raw))
        if nesting <= _MAX_NESTING and (nesting + 1) * raw.count(b"\n") <= _MAX_COST:
            with suppress(Exception):  # see the module
                return email.message_from_bytes(raw, policy=_POLICY)
        self._note("its parts, which are nested too deep")
        # Without its type, the whole is a text.
        head, blank, body = raw[:_MAX_HEAD].replace(b"\r\n", b"\n").partition(b"\n\n")
        try:
            mime = email.message_from_bytes(head + blank, policy=_POLICY)
        except Exception:  # noqa: BLE001 - see the module
            mime, body = MimeMessage(), raw[:_MAX_HEAD]
        for name in ("Content-Type", "Content-Transfer-Encoding", "Content-Disposition"):
            del mime[name]
        mime.set_payload(body.decode("ascii", "surrogateescape"))
        return mime

    def _guarded(self, what: str, read: Callable[[], _T], fallback: _Fallback) -> _T | _Fallback:
        try:
            return read()
        except Exception:  # noqa: BLE001 - see the module
            self._note(what)
            return fallback

    def _note(self, what: str) -> None:
        self._unreadable[what] = None

    def _leaves(self, mime: MimeMessage) -> list[_Leaf]:
        leaves = [self._leaf(part) for part in islice(_leaves_of(mime), _MAX_PARTS + 1)]
        if len(leaves) > _MAX_PARTS:
            self._note(f"its parts after the first {_MAX_PARTS}")
        return leaves[:_MAX_PARTS]

    def _leaf(self, mime: MimeMessage) -> _Leaf:
        filename = self._guarded("the name of a part", mime.get_filename, "unnamed") or ""
        if not filename and _is_message(mime):
            filename = f"{self._subject(mime) or 'message'}.eml"
        return _Leaf(
            mime=mime,
            content_type=_clean(self._guarded("the type of a part", mime.get_content_type, "application/octet-stream")),
            disposition=self._guarded("the disposition of a part", mime.get_content_disposition, "attachment"),
            filename=self.decoded(filename, what="the name of a part"),
        )

    def _subject(self, mime: MimeMessage) -> str:
        """Return the subject of the message that is attached as a part."""
        headers = [header for message in _children(mime)[:1] for header in message.raw_items()]
        values = [value for name, value in headers if name.lower() == "subject"]
        return self.decoded(values[0], what="the name of a part")[:_MAX_NAME] if values else ""

    def _body(self, mime: MimeMessage, texts: Mapping[int, _Leaf]) -> _Body:
        """Return what a part shows with the parts in it; `texts` are the leaves that are no files, by their identity.

        The parts of multipart/alternative say the same, the best last. All others follow one another (RFC 2046).
        """
        if leaf := texts.get(id(mime)):
            content = self._content(leaf)
            return _Body(html=content) if leaf.content_type == "text/html" else _Body(plain=content)
        if _is_leaf(mime):
            return _Body()
        found = [self._body(part, texts) for part in _children(mime)]
        plains = [body.plain for body in found if body.plain is not None]
        htmls = [body.html for body in found if body.html is not None]
        if mime.get_content_type() == "multipart/alternative":
            return _Body(plain=plains[0] if plains else None, html=htmls[-1] if htmls else None)
        return _Body(
            plain="\n\n".join(_plain(body) for body in found if body != _Body()) if plains else None,
            html="\n".join(_html(body) for body in found if body != _Body()) if htmls else None,
        )

    def _part(self, number: int, leaf: _Leaf) -> Part:
        identifier = next((value for name, value in leaf.mime.raw_items() if name.lower() == "content-id"), None)
        return Part(
            id=str(number),
            filename=leaf.filename,
            content_type=leaf.content_type,
            content_id=_clean(identifier or "").strip().strip("<>"),
            inline=leaf.disposition != "attachment" and identifier is not None,
            content=self._bytes(leaf.mime),
        )

    def _content(self, leaf: _Leaf) -> str:
        content, what = self._bytes(leaf.mime), "the charset of a part, which is shown as UTF-8"
        charset = self._guarded(what, leaf.mime.get_content_charset, None) or "utf-8"
        if _is_charset(charset):
            return _clean(self._guarded("the text of a part", lambda: _decode(content, charset), ""))
        text = _decode(content, "utf-8")
        if "\N{REPLACEMENT CHARACTER}" in text:
            self._note(what)
        return text

    def _bytes(self, mime: MimeMessage) -> bytes:
        def content() -> bytes:
            if mime.is_multipart():  # an attached message
                return mime.as_bytes(policy=_POLICY).partition(b"\n\n")[2]
            decoded = mime.get_payload(decode=True)
            return decoded if isinstance(decoded, bytes) else b""

        return self._guarded("the content of a part", content, b"")

    def _addresses(self, mime: MimeMessage, name: str) -> tuple[Address, ...]:
        values = [" ".join(value.split()) for field, value in mime.raw_items() if field.lower() == name.lower()]
        whole = ", ".join(values)
        if len(whole) > _MAX_HEADER:
            self._note(f"the header {name} after its first {_MAX_HEADER} characters")
            values = [whole[:_MAX_HEADER]]
        found = self._guarded(f"the addresses in {name}", lambda: getaddresses(values), [("", whole[:_MAX_HEADER])])
        return tuple(
            Address(name=self.decoded(display, what=f"the header {name}"), address=_clean(address))
            for display, address in found
            if address
        )

    def _text(self, plain: str | None, html: str) -> str:
        text = text_of(html[:_MAX_HTML_FOR_TEXT]) if plain is None else plain
        if len(text) > _MAX_TEXT or (plain is None and len(html) > _MAX_HTML_FOR_TEXT):
            self._note("the end of its text")
        if not self._unreadable:
            return text
        return f"{text[:_MAX_TEXT].rstrip()}\n\n{in_words(self._unreadable)}".lstrip()


def _leaves_of(mime: MimeMessage) -> Iterator[MimeMessage]:
    """Yield the parts that have no parts, in their order. Without recursion, unlike `Message.walk`."""
    waiting = [mime]
    while waiting:
        part = waiting.pop()
        if _is_leaf(part):
            yield part
        else:
            waiting += reversed(_children(part))


def _is_leaf(mime: MimeMessage) -> bool:
    return not mime.is_multipart() or _is_message(mime)


def _is_message(mime: MimeMessage) -> bool:
    """Tell whether a part is a message, as in an attachment or a report, which the parser has parsed, too."""
    return mime.is_multipart() and mime.get_content_maintype() == "message"


def _children(mime: MimeMessage) -> list[MimeMessage]:
    return [each for each in mime.get_payload() if isinstance(each, MimeMessage)]


def _plain(body: _Body) -> str:
    return text_of((body.html or "")[:_MAX_HTML_FOR_TEXT]) if body.plain is None else body.plain.rstrip()


def _html(body: _Body) -> str:
    return f"<pre>{escape((body.plain or '').rstrip())}</pre>" if body.html is None else body.html


def _word_content(encoding: str, content: str) -> bytes | None:
    """Return the bytes of an encoded word; None if it is broken."""
    try:
        if encoding.lower() == "q":
            return header_decode(content).encode("latin-1")
        return binascii.a2b_base64(content.encode("ascii") + b"=" * (-len(content) % 4))
    except ValueError:
        return None


def _is_charset(name: str) -> bool:
    """Tell whether Python decodes this charset, whatever the bytes are."""
    try:
        codec = codecs.lookup(name)
        known = name.isascii() and codec.name.replace("_", "-") not in _NO_CHARSETS
        return known and isinstance(b"a".decode(name), str)
    except (LookupError, ValueError):  # a name may contain anything
        return False


def _decode(content: bytes, charset: str) -> str:
    return content.decode(charset, errors="replace") if content else ""


def _clean(text: str) -> str:
    """Return a text that can be encoded: bytes that the parser could not decode are read as UTF-8."""
    text = _LONE_SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except Exception:  # noqa: BLE001 - of a mail without a readable date, the console shows when it arrived
        return None
