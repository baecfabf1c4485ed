"""Previews: messages that a command of the application rendered into a folder, so that people can look at them.

Each folder below it that has such a file is a preview, and has the name of its path:

    *.eml               a mail, as it would be sent
    *.html, *.txt       a mail's HTML, its text, and whatever else is to be read beside them
    text_message.txt    a text message, shown as on a phone, with its segments
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from samrun.console.inbox.message import Message, parse_message
from samrun.errors import SamrunError

_TEXT_MESSAGE = "text_message.txt"
_SUFFIXES = {".eml", ".html", ".txt"}
_MAX_PREVIEWS = 2000
_MAX_BYTES = 10_000_000


class PreviewNotFoundError(SamrunError):
    """No preview has that name: the application's command has not written it, or has removed it."""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A preview: the HTML of a mail if it has one, texts by the names of their files, and a text message."""

    name: str
    message: Message | None
    texts: dict[str, str]
    text_message: str | None


class Previews:
    """The previews in some folders, read again each time: a command may write them while people look."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self.folders = tuple(folders)

    def names(self) -> list[str]:
        """Return the names of all previews, sorted."""
        return sorted(set(islice(self._names(), _MAX_PREVIEWS)))

    def get(self, name: str) -> Preview:
        """Return a preview. Raises PreviewNotFoundError."""
        for root in self.folders:
            if files := _files(root / name, root.resolve()):
                return _read(name, files)
        raise PreviewNotFoundError(name)

    def _names(self) -> Iterator[str]:
        for root in self.folders:
            found = (file.parent.relative_to(root) for file in root.rglob("*") if file.suffix in _SUFFIXES)
            yield from (each.as_posix() for each in found if each.parts)  # those in the folder itself are its index


def _files(folder: Path, root: Path) -> list[Path]:
    """Return the files of a preview, but none outside the root: its name comes from a URL."""
    if not folder.resolve().is_relative_to(root) or not folder.is_dir() or folder.resolve() == root:
        return []
    inside = (file for file in sorted(folder.iterdir()) if file.resolve().is_relative_to(root))
    return [file for file in inside if file.suffix in _SUFFIXES and file.is_file()]


def _read(name: str, files: Iterable[Path]) -> Preview:
    contents = {file.name: _content(file) for file in files}
    mails = [content for file, content in contents.items() if file.endswith(".eml")]
    pages = [content for file, content in contents.items() if file.endswith(".html")]
    # Without headers, it is a message in HTML.
    raw = mails[0] if mails else b"Content-Type: text/html; charset=utf-8\n\n" + pages[0] if pages else None
    message = parse_message(raw) if raw is not None else None
    texts = {file: content.decode(errors="replace") for file, content in contents.items() if file.endswith(".txt")}
    text_message = texts.pop(_TEXT_MESSAGE, None)
    if mails and message:
        texts.setdefault("text", message.text)
    stripped = text_message.rstrip("\n") if text_message is not None else None
    return Preview(name=name, message=message, texts=texts, text_message=stripped)


def _content(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(_MAX_BYTES)
