"""Messages: rendered from templates/<event type>/<locale>/, one notification in one language each.

A template sees the fields of the event's `data` by their names, the `values` of the type's notification.json, the
`recipient`, and `locale`, `shop_name`, `shop_url` and `support_address`. The last two may be empty. Everything of the
recipient but its `email` may be none. A field that somebody typed, such as a name, needs the filter `user_text`. A new
notification or language is a new folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING, Any

from babel import Locale, UnknownLocaleError
from jinja2 import Template, UndefinedError

from functions.notify.domain.send_errors import RenderError
from functions.notify.events.customer_events import ChannelName, channels_of
from functions.notify.events.notification_fields import FILE, BrokenFieldsError, read_all_fields, read_fields
from functions.notify.messages import formats, sms_segments
from functions.notify.messages.templating import BrokenTemplatesError, compile_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jinja2 import Environment

    from functions.notify.events.customer_events import CustomerEvent
    from functions.notify.events.notification_fields import NotificationFields

TEMPLATES = Path(__file__).parents[1] / "templates"
FALLBACK = "en"
MAX_LOCALE = 35  # the length of buffers by RFC 5646; the rest is not searched

SUBJECT, TEXT, HTML = "subject.txt.jinja", "mail.txt.jinja", "mail.html.jinja"
TEXT_MESSAGE = "text_message.txt.jinja"
MAIL = frozenset({SUBJECT, TEXT, HTML})


@dataclass(frozen=True, kw_only=True)
class Message:
    """A mail as a customer reads it: the subject on one line, and the same content twice."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, kw_only=True)
class TextMessage:
    """A text message as a customer reads it, on one line."""

    text: str

    @property
    def segments(self) -> int:
        """The number of segments: each is paid for."""
        return sms_segments.count(self.text)


class Messages:
    """All messages, compiled once. Raises BrokenTemplatesError if any of them cannot be rendered.

    Without `text_messages`, no event asks for one, whatever its customer wants.
    """

    def __init__(
        self,
        *,
        shop_name: str,
        shop_url: str = "",
        support_address: str = "",
        templates: Path = TEMPLATES,
        text_messages: bool = True,
    ) -> None:
        environment = compile_all(templates)
        folders = sorted(path for path in templates.iterdir() if path.is_dir())
        if problems := [problem for folder in folders for problem in _problems(folder)]:
            raise BrokenTemplatesError("\n".join(problems))
        self._shop = {"shop_name": shop_name, "shop_url": shop_url, "support_address": support_address}
        self._channels = frozenset(ChannelName) if text_messages else frozenset({ChannelName.MAIL})
        self._languages: dict[str, dict[str, _Language]] = {
            folder.name: {
                locale.name.lower(): _Language.load(environment, f"{folder.name}/{locale.name}")
                for locale in _locales(folder)
            }
            for folder in folders
        }
        self._fields = read_all_fields(templates)

    @property
    def fields(self) -> Mapping[str, NotificationFields]:
        """The types of events that have a message, each with the fields that the message needs."""
        return self._fields

    def locales(self, event_type: str) -> tuple[str, ...]:
        """Return the locales of an event type's message, as BCP 47 tags in lower case."""
        return tuple(self._languages[event_type])

    def channels(self, event: CustomerEvent) -> tuple[ChannelName, ...]:
        """Choose the channels for the notification of an event: at least one, the mail before the text message."""
        return channels_of(event.recipient, offered=self._language(event).channels & self._channels)

    def render(self, event: CustomerEvent) -> Message:
        """Render the mail about an event in its customer's language. Raises RenderError."""
        language, values = self._language(event), self._values(event)
        return Message(
            subject=_on_one_line(language.render(SUBJECT, values)),
            text=language.render(TEXT, values),
            html=language.render(HTML, values),
        )

    def render_text_message(self, event: CustomerEvent) -> TextMessage | None:
        """Render the text message about an event, if its notification has one. Raises RenderError."""
        language = self._language(event)
        if ChannelName.TEXT not in language.channels:
            return None
        return TextMessage(text=_on_one_line(language.render(TEXT_MESSAGE, self._values(event))))

    def _values(self, event: CustomerEvent) -> dict[str, Any]:
        return event.values | {"recipient": event.recipient} | self._shop

    def _language(self, event: CustomerEvent) -> _Language:
        """Find the nearest language: vi-VN, then vi, then English (RFC 4647, lookup)."""
        languages = self._languages[event.type]
        locale = event.recipient.locale or FALLBACK
        subtags = locale[:MAX_LOCALE].replace("_", "-").lower().split("-")
        for length in range(len(subtags), 0, -1):
            if found := languages.get("-".join(subtags[:length])):
                return found
        return languages[FALLBACK]


@dataclass(frozen=True, kw_only=True)
class _Language:
    locale: Locale
    templates: dict[str, Template]

    @classmethod
    def load(cls, environment: Environment, folder: str) -> _Language:
        names = environment.list_templates(filter_func=lambda name: name.startswith(f"{folder}/"))
        return cls(
            locale=Locale.parse(folder.rpartition("/")[2], sep="-"),
            templates={name.rpartition("/")[2]: environment.get_template(name) for name in names},
        )

    @property
    def channels(self) -> frozenset[ChannelName]:
        return frozenset(ChannelName) if TEXT_MESSAGE in self.templates else frozenset({ChannelName.MAIL})

    def render(self, name: str, values: dict[str, Any]) -> str:
        template = self.templates[name]
        try:
            return template.render(values | {"locale": self.locale})
        except (UndefinedError, formats.FormatError) as error:
            raise RenderError(f"{_place(error, template)}: {error}") from error
        except Exception as error:  # filters get any value that an event can hold
            raise RenderError(f"{_place(error, template)}: {type(error).__name__}") from error


def _place(error: Exception, template: Template) -> str:
    """Name a template and the line of the error, which may be in a template that it uses."""
    name, filename = template.name or "", template.filename or ""
    root = filename.removesuffix(name)
    frames = [frame for frame in extract_tb(error.__traceback__) if frame.filename.startswith(root)]
    if not frames:
        return name
    *_, innermost = frames  # Jinja puts the lines of templates into tracebacks
    used = "" if innermost.filename == filename else f", {innermost.filename.removeprefix(root)}"
    return f"{name}{used}, line {innermost.lineno}"


def _problems(folder: Path) -> list[str]:
    """List the problems of a notification's files: each language has a folder, with the same files."""
    locales = {locale.name: {path.name for path in locale.iterdir()} for locale in _locales(folder)}
    needed = MAIL | {TEXT_MESSAGE for names in locales.values() if TEXT_MESSAGE in names}
    problems = list(_fields_problems(folder))
    if FALLBACK not in locales:
        problems.append(f"{folder.name} has no folder {FALLBACK}, which unknown locales fall back to; add it")
    for locale, names in locales.items():
        place = f"{folder.name}/{locale}"
        if not _is_locale(locale):
            problems.append(f"{place} is not named for a locale that Babel knows, such as en or pt-BR")
        problems += [f"{place}/{name} is missing; add it" for name in sorted(needed - names)]
        problems += [f"{place}/{name} is no part of a notification; rename it" for name in sorted(names - needed)]
    return problems


def _fields_problems(folder: Path) -> Iterator[str]:
    try:
        read_fields(folder)
    except BrokenFieldsError as error:
        yield from str(error).splitlines()
    others = sorted(path.name for path in folder.iterdir() if not path.is_dir() and path.name != FILE)
    yield from (f"{folder.name}/{name} is no part of a notification; rename it" for name in others)


def _locales(folder: Path) -> list[Path]:
    """Return the folders of a notification's languages."""
    return sorted(path for path in folder.iterdir() if path.is_dir())


def _is_locale(name: str) -> bool:
    try:
        return Locale.parse(name, sep="-") is not None
    except (ValueError, UnknownLocaleError):
        return False


def _on_one_line(text: str) -> str:
    """Put a text on one line, with plain spaces: a space of the locale would double the price of a text message."""
    return " ".join(text.split())
