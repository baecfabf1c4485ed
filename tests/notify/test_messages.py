from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from functions.notify.events import OrderEvent
from functions.notify.messages import TEMPLATES, Messages, RenderError

if TYPE_CHECKING:
    from pathlib import Path

    from functions.notify.messages import Message

SHOP = "The Analytical Bookshop"
FOLDERS = sorted(path.relative_to(TEMPLATES).parts for path in TEMPLATES.glob("*/*") if path.is_dir())


class Text(HTMLParser):
    """Collects the text that a reader sees, on one line, and checks that elements close."""

    VOID = frozenset({"meta", "br", "img", "hr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.parts: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.parts.append(data)

    def __str__(self) -> str:
        return " ".join(" ".join(self.parts).split())


@pytest.fixture(scope="module")
def messages() -> Messages:
    return Messages(shop_name=SHOP)


def render(messages: Messages, event: dict[str, Any]) -> Message:
    return messages.render(OrderEvent.model_validate(event))


def in_locale(event: dict[str, Any], locale: str) -> dict[str, Any]:
    event["data"]["customer"]["locale"] = locale
    return event


@pytest.mark.parametrize(("event_type", "locale"), FOLDERS)
def test_every_template_renders_the_sample_event(
    messages: Messages, paid: dict[str, Any], event_type: str, locale: str
) -> None:
    message = render(messages, in_locale(paid, locale) | {"type": event_type})
    order_id = paid["data"]["order_id"]
    seen = str(Text(message.html))
    assert order_id in message.subject
    assert "\n" not in message.subject
    assert f'<html lang="{locale}">' in message.html
    for body in (message.text, seen):
        for part in (
            SHOP,
            order_id,
            "Ada Lovelace",
            "Notes on the Engine",
            "2 \N{MULTIPLICATION SIGN}",
            "12",
            "25",
            "2026",
            "UTC",
        ):
            assert part in body
    assert max(map(len, message.text.splitlines())) <= 72


def test_the_plain_text_of_the_sample_reads_well(messages: Messages, paid: dict[str, Any]) -> None:
    assert (
        render(messages, paid).text.replace("\N{NARROW NO-BREAK SPACE}", " ")
        == """\
The Analytical Bookshop

Thank you, Ada Lovelace.

We have received your payment, and your order is confirmed.

Order   ord_a7yuqahkcwyojza3z7chx7dkkq
Paid    November 22, 2026, 10:15 AM UTC

------------------------------------------------------------------------
Notes on the Engine
  2 \N{MULTIPLICATION SIGN} €12.50                                                      €25.00
------------------------------------------------------------------------
Total paid                                                        €25.00

You receive this mail because an order was placed with your address
at The Analytical Bookshop.
"""
    )


@pytest.mark.parametrize(
    ("locale", "subject"),
    [
        ("en", "Your order"),
        ("en-GB", "Your order"),
        ("vi", "Đơn hàng"),
        ("vi-VN", "Đơn hàng"),
        ("vi_VN", "Đơn hàng"),
        ("VI-Latn-VN", "Đơn hàng"),
        ("xx", "Your order"),
        ("", "Your order"),
        ("../vi", "Your order"),
        pytest.param("vi-" * 100_000, "Đơn hàng", id="endless"),
    ],
)
def test_the_nearest_language_is_taken(messages: Messages, paid: dict[str, Any], locale: str, subject: str) -> None:
    assert render(messages, in_locale(paid, locale)).subject.startswith(subject)


def test_an_exact_locale_goes_before_its_language(tmp_path: Path, paid: dict[str, Any]) -> None:
    write_templates(tmp_path, "order.paid.v1", en="Order", vi="Đơn", **{"vi-VN": "Đơn VN"})
    messages = Messages(shop_name=SHOP, templates=tmp_path)
    assert render(messages, in_locale(paid, "vi-vn")).subject == "Đơn VN"
    assert render(messages, in_locale(paid, "vi-US")).subject == "Đơn"


def test_text_and_numbers_are_of_one_language(messages: Messages, paid: dict[str, Any]) -> None:
    paid["data"] |= {"currency": "VND", "total": "250000"}
    assert "₫250,000" in render(messages, in_locale(paid, "de-CH")).text
    assert "250.000\N{NO-BREAK SPACE}₫" in render(messages, in_locale(paid, "vi-VN")).text


def test_a_new_folder_is_a_new_notification(tmp_path: Path, paid: dict[str, Any]) -> None:
    write_templates(tmp_path, "order.shipped.v1", en="{{ parcel }} of {{ order_id }}\n is under way")
    messages = Messages(shop_name=SHOP, templates=tmp_path)
    paid["type"] = "order.shipped.v1"
    paid["data"] |= {"order_id": "ord_1", "parcel": "One parcel"}
    assert messages.types == {"order.shipped.v1"}
    assert render(messages, paid).subject == "One parcel of ord_1 is under way"


def test_a_notification_without_english_is_refused_at_once(tmp_path: Path) -> None:
    write_templates(tmp_path, "order.paid.v1", vi="Đơn hàng")
    with pytest.raises(FileNotFoundError, match=r"order\.paid\.v1 has no folder en"):
        Messages(shop_name=SHOP, templates=tmp_path)


@pytest.mark.parametrize("nasty", ["<script>alert(1)</script>", "{{ 7*7 }}", "{% raw %}", "\"'&", "</title>"])
def test_values_are_shown_and_never_run(messages: Messages, paid: dict[str, Any], nasty: str) -> None:
    paid["data"]["customer"]["name"] = nasty
    paid["data"]["items"][0]["name"] = nasty
    message = render(messages, paid)
    assert f"Thank you, {nasty}." in message.text
    assert f"Thank you, {nasty}." in str(Text(message.html))
    assert "<script" not in message.html


def test_a_customer_without_a_name_is_greeted(messages: Messages, paid: dict[str, Any]) -> None:
    paid["data"]["customer"]["name"] = ""
    assert "\nThank you.\n" in render(messages, paid).text
    assert "Thank you." in str(Text(render(messages, paid).html))
    assert "Xin cảm ơn quý khách." in render(messages, in_locale(paid, "vi")).text


def test_long_names_are_wrapped_in_plain_text(messages: Messages, paid: dict[str, Any]) -> None:
    paid["data"]["items"][0]["name"] = "Sketch of the Analytical Engine " * 5 + "x" * 100
    assert max(map(len, render(messages, paid).text.splitlines())) == 72


def test_nothing_is_loaded_from_elsewhere(messages: Messages, paid: dict[str, Any]) -> None:
    html = render(messages, paid).html
    assert not re.search(r"src=|url\(|@import|<link|https?:", html)


def without(*path: str) -> Any:
    """Make a change that takes a field out of the event's data."""

    def change(data: dict[str, Any]) -> None:
        for step in path[:-1]:
            data = data[step] if step != "items" else data["items"][0]
        del data[path[-1]]

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (without("currency"), "a currency is not a code of ISO 4217 such as EUR"),
        (without("items"), "'items' is undefined"),
        (without("items", "name"), "'dict object' has no attribute 'name'"),
        (lambda data: data.update(total="ada@example.com"), "an amount is not a decimal string such as 12.50"),
        (lambda data: data.update(paid_at=["ada@example.com"]), "a time is not a timestamp of RFC 3339"),
        (lambda data: data.update(items=7), "TypeError"),
        (lambda data: data["items"][0].update(name=None), "AttributeError"),
        (lambda data: data["items"][0].update(quantity={}), "a quantity is not a whole number"),
    ],
)
def test_what_is_missing_is_named_with_its_template(
    messages: Messages, paid: dict[str, Any], change: Any, reason: str
) -> None:
    change(paid["data"])
    with pytest.raises(RenderError) as error:
        render(messages, paid)
    assert str(error.value) == f"order.paid.v1/en/mail.txt.jinja: {reason}"


@pytest.mark.parametrize("parcel", [None, [], {"of": "ada@example.com"}])
def test_what_is_no_text_is_not_printed(tmp_path: Path, paid: dict[str, Any], parcel: Any) -> None:
    write_templates(tmp_path, "order.paid.v1", en="{{ parcel }}")
    paid["data"]["parcel"] = parcel
    with pytest.raises(RenderError, match=r"subject\.txt\.jinja: a value is neither text nor a number"):
        render(Messages(shop_name=SHOP, templates=tmp_path), paid)


def write_templates(folder: Path, event_type: str, **subjects: str) -> None:
    for locale, subject in subjects.items():
        (folder / event_type / locale).mkdir(parents=True)
        for name, content in {"subject.txt": subject, "mail.txt": "", "mail.html": ""}.items():
            (folder / event_type / locale / f"{name}.jinja").write_text(content)
