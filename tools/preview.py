"""Preview of every notification in every locale, from the sample events: python -m tools.preview [--check].

It writes .preview/index.html, and for each event the mail, its headers, the text message and pictures of the mail.
The pictures need Chromium: CHROMIUM holds its path, or it is on the PATH.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from playwright.sync_api import sync_playwright

from functions.notify.channels.mailer import parse_address
from functions.notify.channels.mime import compose
from functions.notify.domain.send_errors import RenderError
from functions.notify.events.order_events import Customer, OrderEvent, read_order_event
from functions.notify.events.records import read_records
from functions.notify.messages.messages import TEMPLATES, Message, Messages, TextMessage
from functions.notify.messages.templating import BrokenTemplatesError
from tools import chromium

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

EVENTS = Path("events")
FOLDER = Path(".preview")
SHOP = "The Analytical Bookshop"
SHOP_URL = "https://shop.example"
SUPPORT = "help@shop.example"
SENDER = "orders@shop.example"

WIDTHS = (360, 800)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PICTURES = [f"{width}-{scheme}.png" for width in WIDTHS for scheme in SCHEMES]


@dataclass(frozen=True, kw_only=True)
class Preview:
    """The notification of one customer. `path` is its folder in the preview."""

    path: str
    headers: str
    mail: Message
    text_message: TextMessage | None


def sample_events(folder: Path, messages: Messages) -> list[OrderEvent]:
    """Return the sample events that have a notification, each once, from files of their own and from batches."""
    files = [path for path in folder.glob("*.json") if not path.name.endswith(".schema.json")]
    events = [OrderEvent.model_validate_json(path.read_bytes()) for path in files]
    for batch in folder.glob("kafka/*.json"):
        contents = [
            read_order_event(record, types=messages.types)
            for record in read_records(json.loads(batch.read_text("utf-8")))
        ]
        events += [content for content in contents if isinstance(content, OrderEvent)]
    return [event for event in {event.id: event for event in events}.values() if event.type in messages.types]


def find_problems(messages: Messages, events: Sequence[OrderEvent]) -> Iterator[str]:
    """Yield each problem of the templates once, with the first event that shows it."""
    for event_type in sorted(messages.types - {event.type for event in events}):
        yield f"{event_type}: there is no sample event; add events/{event_type}.json"
    seen = set()
    for event in events:
        minimal = _with_customer(event, Customer(email=event.data.customer.email))
        for variant in (*_in_every_locale(event, messages), *_in_every_locale(minimal, messages)):
            try:
                messages.render(variant)
                messages.render_text_message(variant)
            except RenderError as error:
                if str(error) not in seen:
                    seen.add(str(error))
                    yield f"{error}, with the event {event.id}"


def render_previews(messages: Messages, events: Sequence[OrderEvent]) -> Iterator[Preview]:
    """Yield a preview of each event in each locale. Raises RenderError."""
    for event in events:
        for variant in _in_every_locale(event, messages):
            customer, mail = variant.data.customer, messages.render(variant)
            composed = compose(
                mail,
                date=event.time,
                sender=parse_address(SENDER, name=SHOP),
                recipient=parse_address(customer.email, name=customer.name or ""),
                reply_to=parse_address(SUPPORT, name=SHOP),
            )
            headers = message_from_bytes(composed, policy=default)
            yield Preview(
                path=f"{event.type}/{customer.locale}/{event.data.order_id}",
                headers="".join(f"{name}: {value}\n" for name, value in headers.items()),
                mail=mail,
                text_message=messages.render_text_message(variant),
            )


def write_previews(previews: Sequence[Preview], folder: Path, *, pictures: Sequence[str]) -> None:
    """Write the notifications into a folder, with an index.html that shows the pictures with these names."""
    for preview in previews:
        subfolder = folder / preview.path
        subfolder.mkdir(parents=True)
        files = {"headers.txt": preview.headers, "mail.txt": preview.mail.text, "mail.html": preview.mail.html}
        if preview.text_message:
            files["text_message.txt"] = preview.text_message.text + "\n"
        for name, content in files.items():
            (subfolder / name).write_text(content, encoding="utf-8")
    pages = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined)
    index = pages.get_template("preview.html.jinja").render(
        previews=sorted(previews, key=lambda each: each.path), pictures=pictures
    )
    (folder / "index.html").write_text(index, encoding="utf-8")


def take_pictures(previews: Sequence[Preview], folder: Path, executable: str) -> None:
    """Write pictures of the mails in `folder`: on a phone and on a desktop, light and dark."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=chromium.ARGUMENTS)
        for width in WIDTHS:
            for scheme in SCHEMES:
                page = browser.new_page(viewport={"width": width, "height": 640}, color_scheme=scheme)
                for preview in previews:
                    page.goto((folder / preview.path / "mail.html").resolve().as_uri())
                    page.screenshot(path=folder / preview.path / f"{width}-{scheme}.png", full_page=True)
                page.close()
        browser.close()


def _in_every_locale(event: OrderEvent, messages: Messages) -> list[OrderEvent]:
    customer = event.data.customer
    return [
        _with_customer(event, customer.model_copy(update={"locale": locale})) for locale in messages.locales(event.type)
    ]


def _with_customer(event: OrderEvent, customer: Customer) -> OrderEvent:
    return event.model_copy(update={"data": event.data.model_copy(update={"customer": customer})})


def main(
    arguments: Sequence[str] | None = None,
    *,
    templates: Path = TEMPLATES,
    events: Path = EVENTS,
    folder: Path = FOLDER,
) -> int:
    """Check the notifications, or write their previews. Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.preview", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a notification cannot be rendered")
    check = parser.parse_args(arguments).check
    try:
        messages = Messages(shop_name=SHOP, shop_url=SHOP_URL, support_address=SUPPORT, templates=templates)
        samples = sample_events(events, messages)
        problems = list(find_problems(messages, samples))
    except BrokenTemplatesError as error:
        problems = str(error).splitlines()
    if problems:
        print(f"In {templates}:\n  " + "\n  ".join(problems), file=sys.stderr)
        return 1
    if check:
        return 0
    shutil.rmtree(folder, ignore_errors=True)
    previews = list(render_previews(messages, samples))
    executable = chromium.find()
    write_previews(previews, folder, pictures=PICTURES if executable else ())
    if executable:
        take_pictures(previews, folder, executable)
    else:
        print(f"There are no pictures. {chromium.MISSING}", file=sys.stderr)
    print(folder / "index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
