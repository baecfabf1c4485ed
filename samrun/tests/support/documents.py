"""Documents of samrun: their blocks of code, and the commands in them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SAMRUN = Path(__file__).parents[2]
DOCUMENTS = (SAMRUN / "README.md", *sorted((SAMRUN / "docs").glob("*.md")))

_BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"\s{2,}# .*$")


class Block(NamedTuple):
    """A block of code: the name of its language, which may be empty, and its text."""

    language: str
    text: str


def blocks(document: Path) -> list[Block]:
    """Return the blocks of code of a document, in their order."""
    return [Block(*found) for found in _BLOCK.findall(document.read_text(encoding="utf-8"))]


def commands(document: Path) -> Iterator[str]:
    """Yield each command of a document for a shell, as it stands there but for comments.

    In a block `console`, a command begins with `$ `, and the rest is output. In a block `sh`, everything is commands.
    """
    for language, text in blocks(document):
        if language not in {"sh", "console"}:
            continue
        unfinished = ""
        for line in text.splitlines():
            begins = unfinished or language == "sh" or line.startswith("$ ")
            if not begins or not line.strip():
                continue
            unfinished += _COMMENT.sub("", line if unfinished else line.removeprefix("$ ")) + "\n"
            if not line.endswith("\\"):
                yield unfinished.rstrip("\n")
                unfinished = ""
