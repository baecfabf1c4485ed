"""Writes the messages: templates/<event type>/<locale>/ holds one notification in one language.

A template sees the fields of the event's `data` by their names, and `locale` and `shop_name`. A new
notification or language is a new folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel import Locale
from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    UndefinedError,
    pass_context,
    select_autoescape,
)

from functions.notify import formats

if TYPE_CHECKING:
    from jinja2.runtime import Context

    from functions.notify.events import OrderEvent

TEMPLATES = Path(__file__).parent / "templates"
FALLBACK = "en"
LONGEST_LOCALE = 35  # what RFC 5646 asks of buffers; more is not searched


class RenderError(Exception):
    """An event has not what its message needs; the message says which template and what, no values."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """A mail as a customer reads it: the subject on one line, and the same content twice."""

    subject: str
    text: str
    html: str


class Messages:
    """All messages that there are, compiled once."""

    def __init__(self, *, shop_name: str, templates: Path = TEMPLATES) -> None:
        environment = _environment(templates)
        self._shop_name = shop_name
        self._languages: dict[str, dict[str, _Language]] = {}
        for folder in sorted(path for path in templates.glob("*/*") if path.is_dir()):
            language = _Language.load(environment, folder.relative_to(templates).as_posix())
            self._languages.setdefault(folder.parent.name, {})[folder.name.lower()] = language
        for event_type, languages in self._languages.items():
            if FALLBACK not in languages:
                raise FileNotFoundError(
                    f"{templates / event_type} has no folder {FALLBACK}, which unknown locales fall back to. Add it."
                )

    @property
    def types(self) -> frozenset[str]:
        """The types of the events that have a message."""
        return frozenset(self._languages)

    def render(self, event: OrderEvent) -> Message:
        """Write the message of an event in its customer's language. Raises RenderError."""
        language = self._language(event.type, event.data.customer.locale or FALLBACK)
        return language.render(event.data.model_dump() | {"shop_name": self._shop_name})

    def _language(self, event_type: str, locale: str) -> _Language:
        """Find the nearest language that there is: vi-VN, then vi, then English (RFC 4647, lookup)."""
        languages = self._languages[event_type]
        subtags = locale[:LONGEST_LOCALE].replace("_", "-").lower().split("-")
        for length in range(len(subtags), 0, -1):
            if found := languages.get("-".join(subtags[:length])):
                return found
        return languages[FALLBACK]


@dataclass(frozen=True, kw_only=True)
class _Language:
    locale: Locale
    subject: Template
    text: Template
    html: Template

    @classmethod
    def load(cls, environment: Environment, folder: str) -> _Language:
        return cls(
            locale=Locale.parse(folder.rpartition("/")[2], sep="-"),
            subject=environment.get_template(f"{folder}/subject.txt.jinja"),
            text=environment.get_template(f"{folder}/mail.txt.jinja"),
            html=environment.get_template(f"{folder}/mail.html.jinja"),
        )

    def render(self, values: dict[str, Any]) -> Message:
        values = values | {"locale": self.locale}
        return Message(
            subject=" ".join(_render(self.subject, values).split()),
            text=_render(self.text, values),
            html=_render(self.html, values),
        )


def _render(template: Template, values: dict[str, Any]) -> str:
    try:
        return template.render(values)
    except (UndefinedError, formats.FormatError) as error:
        raise RenderError(f"{template.name}: {error}") from error
    except Exception as error:  # filters meet whatever the event holds
        raise RenderError(f"{template.name}: {type(error).__name__}") from error


def _environment(templates: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(templates),
        autoescape=select_autoescape(enabled_extensions=["html.jinja"]),
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    environment.filters |= {"money": _money, "date_time": _date_time, "times": formats.multiply}
    environment.globals["spread"] = formats.spread
    for name in environment.list_templates():
        environment.get_template(name)
    return environment


def _printable(value: Any) -> Any:
    """Refuse what would reach the customer as None or {}."""
    if value is None or isinstance(value, dict | list):
        raise formats.FormatError("a value is neither text nor a number")
    return value


@pass_context
def _money(context: Context, amount: Any, currency: Any) -> str:
    return formats.money(amount, currency, context["locale"])


@pass_context
def _date_time(context: Context, timestamp: Any) -> str:
    return formats.date_time(timestamp, context["locale"])
