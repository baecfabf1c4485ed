"""Preview of every notification in every locale, from the sample events: python -m tools.preview [--check].

It writes .preview/index.html, and for each event the mail, its headers, the text message and pictures of the mail.
The pictures need Chromium: CHROMIUM holds its path, or it is on the PATH.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from copy import deepcopy
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from playwright.sync_api import sync_playwright

from functions.notify.channels.mailer import parse_address
from functions.notify.channels.mime import compose
from functions.notify.domain.send_errors import RenderError
from functions.notify.events.customer_events import CustomerEvent, parse_event, read_customer_event
from functions.notify.events.notification_fields import find_field
from functions.notify.events.records import read_records
from functions.notify.messages.messages import TEMPLATES, Message, Messages, TextMessage
from functions.notify.messages.templating import BrokenTemplatesError
from tools import chromium
from tools.contract.schemas import contract_folders

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path()
FOLDER = Path(".preview")
SHOP = "The Analytical Bookshop"
SHOP_URL = "https://shop.example"
SUPPORT = "help@shop.example"
SENDER = "orders@shop.example"

WIDTHS = (360, 800)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PICTURES = [f"{width}-{scheme}.png" for width in WIDTHS for scheme in SCHEMES]


class SampleError(Exception):
    """A sample event lacks what its notification needs. The message names the fields."""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """The notification of one customer. `path` is its folder in the preview."""

    path: str
    headers: str
    mail: Message
    text_message: TextMessage | None


def sample_events(root: Path, messages: Messages) -> list[CustomerEvent]:
    """Return the sample events that have a notification, each once, from files of their own and from batches."""
    return [_read(event, messages) for event in _samples(root, messages)]


def find_problems(messages: Messages, root: Path) -> Iterator[str]:
    """Yield each problem of the templates once, with the first event that shows it."""
    samples = _samples(root, messages)
    for event_type in sorted(messages.fields.keys() - {event["type"] for event in samples}):
        yield f"{event_type}: there is no sample event; add events/{event_type}.json"
    seen = set()
    for sample in samples:
        for event in (_read(sample, messages), _read(_without_optional_fields(sample, messages), messages)):
            for variant in _in_every_locale(event, messages):
                try:
                    messages.render(variant)
                    messages.render_text_message(variant)
                except RenderError as error:
                    if str(error) not in seen:
                        seen.add(str(error))
                        yield f"{error}, with the event {event.id}"


def render_previews(messages: Messages, events: Sequence[CustomerEvent]) -> Iterator[Preview]:
    """Yield a preview of each event in each locale. Raises RenderError."""
    for event in events:
        for variant in _in_every_locale(event, messages):
            recipient, mail = variant.recipient, messages.render(variant)
            composed = compose(
                mail,
                date=event.time,
                sender=parse_address(SENDER, name=SHOP),
                recipient=parse_address(recipient.email, name=recipient.name or ""),
                reply_to=parse_address(SUPPORT, name=SHOP),
            )
            headers = message_from_bytes(composed, policy=default)
            yield Preview(
                path=f"{event.type}/{recipient.locale}/{event.key}",
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


def _samples(root: Path, messages: Messages) -> list[dict[str, Any]]:
    folders = contract_folders(root)
    events = [json.loads(path.read_bytes()) for folder in folders for path in sorted(folder.glob("*.json"))]
    for batch in (path for folder in folders for path in sorted(folder.glob("kafka/*.json"))):
        events += [
            json.loads(record.value() or b"")
            for record in read_records(json.loads(batch.read_bytes()))
            if isinstance(read_customer_event(record, messages.fields), CustomerEvent)
        ]
    return list({event["id"]: event for event in events if event.get("type") in messages.fields}.values())


def _read(event: dict[str, Any], messages: Messages) -> CustomerEvent:
    """Read a sample. Raises SampleError."""
    found = parse_event(event, messages.fields)
    if not isinstance(found, CustomerEvent):
        raise SampleError(f"the sample event {event['id']} of {event['type']} cannot be read: {found.reason}")
    return found


def _without_optional_fields(event: dict[str, Any], messages: Messages) -> dict[str, Any]:
    """Return the event of a customer of whom nothing is known but the address."""
    reduced = deepcopy(event)
    for name, paths in messages.fields[event["type"]].recipient.paths.items():
        for path in paths if name != "email" else ():
            parents, _, field = path.rpartition(".")
            parent = find_field(reduced, parents)
            if isinstance(parent, dict):
                parent.pop(field, None)
    return reduced


def _in_every_locale(event: CustomerEvent, messages: Messages) -> list[CustomerEvent]:
    return [
        event.model_copy(update={"recipient": event.recipient.model_copy(update={"locale": locale})})
        for locale in messages.locales(event.type)
    ]


def main(
    arguments: Sequence[str] | None = None,
    *,
    templates: Path = TEMPLATES,
    root: Path = ROOT,
    folder: Path = FOLDER,
) -> int:
    """Check the notifications, or write their previews. Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.preview", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a notification cannot be rendered")
    check = parser.parse_args(arguments).check
    try:
        messages = Messages(shop_name=SHOP, shop_url=SHOP_URL, support_address=SUPPORT, templates=templates)
        problems = list(find_problems(messages, root))
    except (BrokenTemplatesError, SampleError) as error:
        problems = str(error).splitlines()
    if problems:
        print(f"In {templates}:\n  " + "\n  ".join(problems), file=sys.stderr)
        return 1
    if check:
        return 0
    shutil.rmtree(folder, ignore_errors=True)
    previews = list(render_previews(messages, sample_events(root, messages)))
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
