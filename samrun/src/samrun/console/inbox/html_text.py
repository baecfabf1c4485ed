"""Visible text of an HTML document. It takes time in proportion to the document's length, whatever is in it.

`html.parser` of Python 3.11 takes minutes for 100 KB of unfinished tags, and raises for `<![`.
"""

import html
import re
from contextlib import suppress

_BLOCKS = {"br", "div", "h1", "h2", "h3", "h4", "h5", "h6", "li", "p", "table", "tr"}
_UNSEEN = {"head", "script", "style", "title"}
# A comment, a tag with its attributes, or another declaration. Possessive: nothing is read twice.
_MARKUP = re.compile(
    r"""<!--.*?(?:-->|\Z)|<(/?)([a-zA-Z][a-zA-Z0-9]*+)(?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+>|<[!?/][^<>]*+>""",
    re.DOTALL,
)


def text_of(document: str) -> str:
    """Return the visible text of a document, with its blocks on lines of their own."""
    pieces: list[str] = []
    unseen = position = 0
    for markup in _MARKUP.finditer(document):
        if not unseen:
            pieces.append(_shown(document[position : markup.start()]))
        position = markup.end()
        tag = (markup[2] or "").lower()
        if tag in _BLOCKS:
            pieces.append("\n")
        if tag in _UNSEEN:
            unseen = unseen + 1 if not markup[1] else max(0, unseen - 1)
    if not unseen:
        pieces.append(_shown(document[position:]))
    lines = [" ".join(line.split()) for line in "".join(pieces).splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _shown(text: str) -> str:
    """Return a text between tags on one line, with its character references replaced."""
    if not text.strip():
        return " " if text else ""
    with suppress(ValueError):  # a number with thousands of digits
        text = html.unescape(text)
    return " ".join(text.splitlines())
