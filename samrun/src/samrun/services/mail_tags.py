"""Tags that a mail brings itself, as Mailpit reads them: from X-Tags, and from bob+tag@example.com."""

import re
from collections.abc import Iterable, Sequence

_MAX_TAG = 100  # characters
_MAX_HEAD = 200_000  # bytes of a message in which its headers are
_HEADER = re.compile(rb"^x-tags:([^\r\n]*(?:\r?\n[ \t][^\r\n]*)*)", re.IGNORECASE | re.MULTILINE)
_NOT_ALLOWED = re.compile(r"[^a-zA-Z0-9\-_.@]+")
_PLUS_ADDRESS = re.compile(r"[^+@]+\+([^@]+)@")


def own_tags(raw: bytes, recipients: Iterable[str]) -> tuple[str, ...]:
    """Return the tags in the header of a message and in the addresses of its recipients."""
    head = re.split(rb"\r?\n\r?\n", raw[:_MAX_HEAD], maxsplit=1)[0]
    header = _HEADER.search(head)
    named = header[1].decode(errors="replace").split(",") if header else []
    plus = [tag for each in recipients if (found := _PLUS_ADDRESS.match(each)) for tag in found[1].split("+")]
    return clean_tags([*named, *plus])


def clean_tags(tags: Sequence[str]) -> tuple[str, ...]:
    """Return the tags in their order of the alphabet, each once, with a space for each character that none may have."""
    cleaned = (_NOT_ALLOWED.sub(" ", tag).strip()[:_MAX_TAG].strip() for tag in tags)
    by_name = {tag.lower(): tag for tag in reversed(list(cleaned)) if tag}
    return tuple(by_name[name] for name in sorted(by_name))
