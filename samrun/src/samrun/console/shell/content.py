"""Content of records, events and messages as a page shows it, whatever bytes it is: JSON, a text, or bytes in hex."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from samrun.json_values import json_value

Kind = Literal["null", "JSON", "text", "bytes"]

MAX_SHOWN = 64 * 1024
"""Characters of a content that a page shows."""

_MAX_JSON = 8 * 1024 * 1024  # bytes
_HEX_BYTES, _HEX_LINE = 4096, 16
# The second alternative is a list of numbers, such as a header's bytes in an event of Lambda: it stays on one line.
_TOKEN = re.compile(
    r'"(?:[^"\\]|\\.)*+"|\[\s*+-?\d[\d.eE+-]*+(?:\s*+,\s*+-?\d[\d.eE+-]*+)*+\s*+\]|[{}\[\],:]|[^\s{}\[\],:"]++',
    re.DOTALL,
)
_INDENT = "  "
# Control characters but for tabs and line feeds, and those that change the direction of what follows.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


@dataclass(frozen=True, kw_only=True)
class Content:
    """Content as a page shows it. `size` is in bytes; `text` is only the beginning if `is_cut`."""

    kind: Kind
    text: str
    size: int
    is_cut: bool = False


def content_of(value: bytes | None, *, limit: int = MAX_SHOWN) -> Content:
    """Return what a page shows of a value: JSON with its lines indented, a text, or the bytes in hex."""
    if value is None:
        return Content(kind="null", text="", size=0)
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return Content(kind="bytes", text=_hex_dump(value), size=len(value), is_cut=len(value) > _HEX_BYTES)
    kind: Kind = "text"
    if len(value) <= _MAX_JSON and _is_json(text):
        kind, text = "JSON", _joined(_indented(text), limit + 1)
    return Content(kind=kind, text=visible(text[:limit]), size=len(value), is_cut=len(text) > limit)


def one_line(value: bytes | None, limit: int) -> str:
    """Return the beginning of a value on one line: of a text, or of the bytes in hex. It is empty for null."""
    beginning = (value or b"")[: 4 * limit]
    try:
        text = beginning.decode()
    except UnicodeDecodeError as error:
        is_cut = len(beginning) < len(value or b"")
        if not is_cut or error.start < len(beginning) - 3:  # the cut itself may be within a character
            return f"0x{beginning[: limit // 2].hex()}"
        text = beginning[: error.start].decode()
    text = visible(" ".join(text.split()))
    return text if len(text) <= limit and len(beginning) == len(value or b"") else f"{text[:limit]}…"


def plain_text(value: bytes) -> str | None:
    """Return the text that a value is; None if a form cannot hold it and return it unchanged."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return None
    return None if _UNSEEN.search(text) else text


def visible(text: str) -> str:
    """Return a text in which control characters, and those that turn the direction, are seen and do nothing."""
    return _UNSEEN.sub(_symbol, text.replace("\r\n", "\n"))


def _symbol(match: re.Match[str]) -> str:
    code = ord(match[0])
    return chr(0x2400 + code) if code < 0x20 else f"\\u{code:04x}"


def _is_json(text: str) -> bool:
    """Tell whether a text is a JSON object or array: numbers and words are texts as well."""
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        json_value(text)
    except ValueError:
        return False
    return True


def _joined(pieces: Iterator[str], limit: int) -> str:
    found, length = [], 0
    for piece in pieces:
        found.append(piece)
        length += len(piece)
        if length >= limit:
            break
    return "".join(found)


def _indented(text: str) -> Iterator[str]:
    """Yield a JSON text, a line for each member. Numbers, order and repeated names stay as they are written."""
    depth, previous = 0, ""
    for match in _TOKEN.finditer(text):
        piece = match[0]
        if piece[0] == "[" and piece != "[":
            piece = ", ".join(piece[1:-1].replace(",", " ").split())
            piece = f"[{piece}]"
        if piece in "}]":
            depth -= 1
            yield piece if previous in "{[" else f"\n{_INDENT * depth}{piece}"
        else:
            if previous and previous in "{[":
                yield f"\n{_INDENT * depth}"
            if piece in "{[":
                depth += 1
                yield piece
            elif piece == ",":
                yield f",\n{_INDENT * depth}"
            else:
                yield ": " if piece == ":" else _unescaped(piece)
        previous = piece


def _unescaped(piece: str) -> str:
    """Return a string with its letters instead of their numbers."""
    return json.dumps(json.loads(piece), ensure_ascii=False) if "\\u" in piece else piece


def _hex_dump(value: bytes) -> str:
    lines = []
    for start in range(0, min(len(value), _HEX_BYTES), _HEX_LINE):
        part = value[start : start + _HEX_LINE]
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in part)
        lines.append(f"{start:06x}  {part.hex(' '):<{3 * _HEX_LINE - 1}}  {text}")
    return "\n".join(lines)
