from __future__ import annotations

import re
import shutil
from copy import deepcopy
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from functions.notify.domain.send_errors import RenderError
from functions.notify.events.customer_events import ChannelName
from functions.notify.messages.messages import TEMPLATES, Messages, TextMessage
from functions.notify.messages.templating import BrokenTemplatesError
from tests.notify.known_words import first_words, reply_words
from tests.notify.samples import EVENTS, read_event

if TYPE_CHECKING:
    from pathlib import Path

    from functions.notify.messages.messages import Message

SHOP = "The Analytical Bookshop"
FOLDERS = sorted(path.relative_to(TEMPLATES).parts for path in TEMPLATES.glob("*/*") if path.is_dir())
PHONE = "+14155550100"
WITH_SUPPORT = Messages(shop_name=SHOP, shop_url="https://shop.example", support_address="help@shop.example")


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


@pytest.fixture
def samples() -> dict[str, dict[str, Any]]:
    """The sample events by their types, to be changed at will."""
    return deepcopy(EVENTS)


def render(messages: Messages, event: dict[str, Any]) -> Message:
    return messages.render(read_event(event, messages.fields))


def text_message(messages: Messages, event: dict[str, Any]) -> TextMessage:
    found = messages.render_text_message(read_event(event))
    assert found is not None
    return found


def in_locale(event: dict[str, Any], locale: str) -> dict[str, Any]:
    event["data"]["customer"]["locale"] = locale
    return event


@pytest.mark.parametrize(("event_type", "locale"), FOLDERS)
def test_every_template_renders_the_sample_event(
    messages: Messages, samples: dict[str, dict[str, Any]], event_type: str, locale: str
) -> None:
    event = in_locale(samples[event_type], locale)
    message = render(messages, event)
    order_number = event["data"]["order_number"]
    seen = str(Text(message.html))
    assert order_number in message.subject
    assert "\n" not in message.subject
    assert f'<html lang="{locale}" dir="ltr">' in message.html
    for body in (message.text, seen):
        for part in (
            SHOP,
            order_number,
            "Ada Lovelace",
            "2026",
            "UTC",
            *(["Notes on the Engine", "2 \N{MULTIPLICATION SIGN}", "12", "25"] if "items" in event["data"] else []),
            *(
                str(event["data"][name])
                for name in ("reason", "points", "carrier", "tracking_code")
                if name in event["data"]
            ),
        ):
            assert part in body
    assert max(map(len, message.text.splitlines())) <= 72


@pytest.mark.parametrize("missing", [{}, {"order_number": None}, {"order_number": ""}])
def test_an_event_without_a_number_is_named_by_its_id(
    messages: Messages, paid: dict[str, Any], missing: dict[str, Any]
) -> None:
    del paid["data"]["order_number"]
    paid["data"] |= missing
    assert render(messages, paid).subject == "Confirmed: your order ord_a7yuqahkcwyojza3z7chx7dkkq"


def test_the_plain_text_of_a_payment_reads_well(paid: dict[str, Any]) -> None:
    assert (
        render(WITH_SUPPORT, paid).text.replace("\N{NARROW NO-BREAK SPACE}", " ")
        == """\
Your order is confirmed.

Thank you, Ada Lovelace. We have received your payment of €25.00. We are
now getting your order ready: there is nothing more for you to do.

Order   A7YUQ-AHKC7
Paid    November 22, 2026, 10:15 AM UTC

------------------------------------------------------------------------
Notes on the Engine
  2 \N{MULTIPLICATION SIGN} €12.50                                                      €25.00
------------------------------------------------------------------------
Total paid                                                        €25.00

Questions? Just reply to this mail, or write to help@shop.example.

The Analytical Bookshop
https://shop.example

You receive this mail because an order was placed with your address
at The Analytical Bookshop.
"""
    )


def test_the_plain_text_of_a_cancellation_reads_well(messages: Messages, cancelled: dict[str, Any]) -> None:
    assert (
        render(messages, cancelled).text.replace("\N{NARROW NO-BREAK SPACE}", " ")
        == """\
Your order is cancelled.

Hello Ada Lovelace. Below you see why, and what was in the order.

Order       A7YUQ-AHKC7
Paid        November 22, 2026, 10:15 AM UTC
Cancelled   November 22, 2026, 10:18 AM UTC
Reason      Ordered twice by mistake

------------------------------------------------------------------------
Notes on the Engine
  2 \N{MULTIPLICATION SIGN} €12.50                                                      €25.00
------------------------------------------------------------------------
Total paid                                                        €25.00

You paid €25.00. If a refund is due to you, we make it as agreed.

If you did not expect this, or have a question, just reply to this
mail.

We hope to see you again.

The Analytical Bookshop

You receive this mail because an order was placed with your address
at The Analytical Bookshop.
"""
    )


@pytest.mark.parametrize(
    ("event_type", "locale", "text", "segments"),
    [
        (
            "order.paid.v1",
            "en",
            "Confirmed: your order {} at {}. We have received €25.00 and are getting your order ready. Thank you.",
            1,
        ),
        (
            "order.paid.v1",
            "vi",
            "Đã xác nhận: đơn hàng {} tại {}. Đã nhận thanh toán 25,00 €. Xin cảm ơn quý khách.",
            2,
        ),
        (
            "order.cancelled.v1",
            "en",
            "Cancelled: your order {} at {}. If a refund is due, we make it as agreed. Questions? help@shop.example",
            1,
        ),
        (
            "order.cancelled.v1",
            "vi",
            "Đã hủy: đơn hàng {} tại {}. Khoản hoàn tiền (nếu có) theo thỏa thuận. Hỗ trợ: help@shop.example",
            2,
        ),
        (
            "shipment.dispatched.v1",
            "en",
            "On its way: your order {} at {}. Tracking number: PP-7F3A9C2E41D8.",
            1,
        ),
        (
            "shipment.dispatched.v1",
            "vi",
            "Đang được giao: đơn hàng {} tại {}. Mã vận đơn: PP-7F3A9C2E41D8.",
            2,
        ),
    ],
)
def test_a_text_message_is_short_and_of_plain_characters(
    samples: dict[str, dict[str, Any]],
    event_type: str,
    locale: str,
    text: str,
    segments: int,
) -> None:
    event = in_locale(samples[event_type], locale)
    message = text_message(WITH_SUPPORT, event)
    assert message == TextMessage(text=text.format(event["data"]["order_number"], SHOP))
    assert message.segments == segments


@pytest.mark.parametrize(("points", "shown"), [(1, "1 point for"), (2, "2 points for")])
def test_one_point_is_no_points(
    messages: Messages, samples: dict[str, dict[str, Any]], points: int, shown: str
) -> None:
    event = samples["reward.granted.v1"]
    event["data"]["points"] = points
    assert render(messages, event).subject.startswith(shown)
    assert f" {shown.removesuffix(' for')}." in render(messages, event).text
    assert messages.render_text_message(read_event(event)) is None


def test_a_text_message_without_a_support_address_does_without(messages: Messages, cancelled: dict[str, Any]) -> None:
    assert text_message(messages, cancelled).text.endswith("we make it as agreed. Questions? Please ask us.")
    assert text_message(messages, in_locale(cancelled, "vi")).text.endswith("theo thỏa thuận.")


def test_a_currency_that_is_set_apart_costs_no_second_segment(messages: Messages, paid: dict[str, Any]) -> None:
    paid["data"] |= {"currency": "CHF", "total": "25.00"}
    message = text_message(messages, paid)
    assert "CHF 25.00" in message.text
    assert message.segments == 1


@pytest.mark.parametrize("event_type", ["order.paid.v1", "order.cancelled.v1", "shipment.dispatched.v1"])
def test_a_customer_with_a_phone_gets_mail_and_text_message(
    messages: Messages, samples: dict[str, dict[str, Any]], event_type: str
) -> None:
    event = read_event(samples[event_type])
    assert event.recipient.phone
    assert messages.channels(event) == (ChannelName.MAIL, ChannelName.TEXT)


@pytest.mark.parametrize("channels", [None, ["mail", "text"], ["text"]])
def test_a_deployment_without_text_messages_asks_for_the_mail_alone(
    paid: dict[str, Any], channels: list[str] | None
) -> None:
    messages = Messages(shop_name=SHOP, text_messages=False)
    paid["data"]["customer"]["channels"] = channels
    event = read_event(paid)
    assert event.recipient.phone
    assert messages.channels(event) == (ChannelName.MAIL,)


def test_a_notification_without_a_text_message_is_a_mail_alone(tmp_path: Path, paid: dict[str, Any]) -> None:
    write_templates(tmp_path, "order.paid.v1", en="Order")
    paid["data"]["customer"]["channels"] = ["text"]
    messages, event = Messages(shop_name=SHOP, templates=tmp_path), read_event(paid)
    assert messages.channels(event) == (ChannelName.MAIL,)
    assert messages.render_text_message(event) is None


@pytest.mark.parametrize(
    ("locale", "subject"),
    [
        ("en", "Confirmed:"),
        ("en-GB", "Confirmed:"),
        ("vi", "Đã xác nhận:"),
        ("vi-VN", "Đã xác nhận:"),
        ("vi_VN", "Đã xác nhận:"),
        ("VI-Latn-VN", "Đã xác nhận:"),
        ("xx", "Confirmed:"),
        ("", "Confirmed:"),
        ("../vi", "Confirmed:"),
        pytest.param("vi-" * 100_000, "Đã xác nhận:", id="endless"),
    ],
)
def test_the_nearest_language_is_chosen(messages: Messages, paid: dict[str, Any], locale: str, subject: str) -> None:
    assert render(messages, in_locale(paid, locale)).subject.startswith(subject)


def test_an_exact_locale_is_chosen_before_its_language(tmp_path: Path, paid: dict[str, Any]) -> None:
    write_templates(tmp_path, "order.paid.v1", en="Order", vi="Đơn", **{"vi-VN": "Đơn VN"})
    messages = Messages(shop_name=SHOP, templates=tmp_path)
    assert render(messages, in_locale(paid, "vi-vn")).subject == "Đơn VN"
    assert render(messages, in_locale(paid, "vi-US")).subject == "Đơn"


def test_text_and_numbers_are_of_one_language(messages: Messages, paid: dict[str, Any]) -> None:
    paid["data"] |= {"currency": "VND", "total": "250000"}
    assert "₫250,000" in render(messages, in_locale(paid, "ia")).text  # no notification is written in it
    assert "250.000\N{NO-BREAK SPACE}₫" in render(messages, in_locale(paid, "vi-VN")).text


def test_a_new_folder_is_a_new_notification(tmp_path: Path, paid: dict[str, Any]) -> None:
    write_templates(tmp_path, "order.shipped.v1", en="{{ parcel }} of {{ order_id }}\n is under way")
    messages = Messages(shop_name=SHOP, templates=tmp_path)
    paid["type"] = "order.shipped.v1"
    paid["data"] |= {"order_id": "ord_1", "parcel": "One parcel"}
    assert messages.fields.keys() == {"order.shipped.v1"}
    assert render(messages, paid).subject == "One parcel of ord_1 is under way"


def broken(templates: Path) -> list[str]:
    """The problems of templates that are found before any event."""
    with pytest.raises(BrokenTemplatesError) as error:
        Messages(shop_name=SHOP, templates=templates)
    return str(error.value).splitlines()


def test_a_notification_without_english_is_refused_before_any_event(tmp_path: Path) -> None:
    write_templates(tmp_path, "order.paid.v1", vi="Đơn hàng")
    (tmp_path / "order.lost.v9").mkdir()
    assert broken(tmp_path) == [
        "order.lost.v9/notification.json is missing; add it",
        "order.lost.v9 has no folder en, which unknown locales fall back to; add it",
        "order.paid.v1 has no folder en, which unknown locales fall back to; add it",
    ]


@pytest.mark.parametrize("name", ["subject.txt.jinja", "mail.txt.jinja", "mail.html.jinja"])
def test_a_missing_file_is_named_before_any_event(tmp_path: Path, name: str) -> None:
    write_templates(tmp_path, "order.paid.v1", en="Order", vi="Đơn")
    (tmp_path / "order.paid.v1" / "vi" / name).unlink()
    assert broken(tmp_path) == [f"order.paid.v1/vi/{name} is missing; add it"]


def test_every_language_has_the_text_message_if_one_has(tmp_path: Path) -> None:
    write_templates(tmp_path, "order.paid.v1", en="Order", vi="Đơn")
    (tmp_path / "order.paid.v1/en/text_message.txt.jinja").write_text("Order")
    assert broken(tmp_path) == ["order.paid.v1/vi/text_message.txt.jinja is missing; add it"]


def test_a_file_or_folder_with_an_unknown_name_is_refused_before_any_event(tmp_path: Path) -> None:
    write_templates(tmp_path, "order.paid.v1", en="Order", english="Order")
    (tmp_path / "order.paid.v1/en/text-message.txt.jinja").write_text("Order")
    assert broken(tmp_path) == [
        "order.paid.v1/en/text-message.txt.jinja is no part of a notification; rename it",
        "order.paid.v1/english is not named for a locale that Babel knows, such as en or pt-BR",
    ]


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("Order\n{{ order_id", "line 2: unexpected end of template, expected 'end of print statement'."),
        ("{% if name %}\nOrder", "line 2: Unexpected end of template."),
        ("Order\n\n{{ total | mony(currency) }}", "line 3: No filter named 'mony'."),
        ("Order {% frobnicate %}", "line 1: Encountered unknown tag 'frobnicate'."),
        ('Order\n{% include "itemz.txt.jinja" %}', "line 2: there is no template itemz.txt.jinja"),
        ('{% extends "layouts.html.jinja" %}', "line 1: there is no template layouts.html.jinja"),
        ('\n{% import "part.html.jinja" as parts %}', "line 2: there is no template part.html.jinja"),
        ('\n{% from "part.html.jinja" import heading %}', "line 2: there is no template part.html.jinja"),
    ],
)
def test_a_broken_template_is_named_with_its_line_before_any_event(tmp_path: Path, source: str, problem: str) -> None:
    write_templates(tmp_path, "order.paid.v1", en=source, vi="Đơn")
    found = broken(tmp_path)
    assert len(found) == 1
    assert found[0].startswith(f"order.paid.v1/en/subject.txt.jinja, {problem}")


def test_all_broken_templates_are_named_together(tmp_path: Path) -> None:
    write_templates(tmp_path, "order.paid.v1", en="{{", vi="Đơn")
    (tmp_path / "order.paid.v1/vi/mail.txt.jinja").write_bytes(b"Xin c\xff")
    (tmp_path / "parts.html.jinja").write_text("{% macro heading(text) %}\n")
    places = [problem.partition(":")[0] for problem in broken(tmp_path)]
    assert places == [
        "order.paid.v1/en/subject.txt.jinja, line 1",
        "order.paid.v1/vi/mail.txt.jinja",
        "parts.html.jinja, line 1",
    ]


@pytest.mark.parametrize("nasty", ["<script>alert(1)</script>", "{{ 7*7 }}", "{% raw %}", "\"'&", "</title>"])
def test_values_are_shown_and_never_executed(messages: Messages, paid: dict[str, Any], nasty: str) -> None:
    paid["data"]["customer"]["name"] = nasty
    paid["data"]["items"][0]["name"] = nasty
    message = render(messages, paid)
    assert f"Thank you, {nasty}." in message.text
    assert nasty in Text(message.html).parts
    assert "<script" not in message.html


def test_a_customer_without_a_name_is_greeted(messages: Messages, paid: dict[str, Any]) -> None:
    paid["data"]["customer"]["name"] = ""
    assert "\nThank you. We have" in render(messages, paid).text
    assert "Thank you." in str(Text(render(messages, paid).html))
    assert "Xin cảm ơn quý khách." in render(messages, in_locale(paid, "vi")).text


@pytest.mark.parametrize(("event_type", "locale"), FOLDERS)
def test_long_values_are_wrapped_in_plain_text(
    messages: Messages, samples: dict[str, dict[str, Any]], event_type: str, locale: str
) -> None:
    event = in_locale(samples[event_type], locale)
    long = "Sketch of the Analytical Engine " * 5 + "x" * 100
    event["data"] |= {"reason": long, "total": "999999999999999900.0000", "carrier": long}
    event["data"]["customer"]["name"] = long
    for item in event["data"].get("items", ()):
        item["name"] = long
    lines = render(messages, event).text.splitlines()
    assert max(map(len, lines)) == 72
    assert sum("Sketch of" in line for line in lines) >= 2


def test_a_mail_loads_nothing_from_elsewhere(messages: Messages, paid: dict[str, Any]) -> None:
    assert not re.search(r"src=|url\(|@import|<link|https?:|href=", render(messages, paid).html)
    html = render(WITH_SUPPORT, paid).html
    assert not re.search(r"src=|url\(|@import|<link", html)
    links = {"https://shop.example", "mailto:help@shop.example?subject=A7YUQ-AHKC7"}
    assert set(re.findall(r'href="([^"]*)"', html)) == links


@pytest.mark.parametrize(("event_type", "locale"), FOLDERS)
def test_the_first_thirty_characters_say_what_happened(
    messages: Messages, samples: dict[str, dict[str, Any]], event_type: str, locale: str
) -> None:
    message = render(messages, in_locale(samples[event_type], locale))
    words = first_words(event_type, locale)
    preheader = re.split('mso-hide:all;">|&#847;', message.html)[1]
    for shown, begins in zip((message.subject, message.text, preheader.strip()), words, strict=True):
        assert len(begins) <= 30
        assert shown.replace("\N{NO-BREAK SPACE}", " ").startswith(begins)


@pytest.mark.parametrize(("event_type", "locale"), FOLDERS)
def test_a_mail_says_whom_to_ask(samples: dict[str, dict[str, Any]], event_type: str, locale: str) -> None:
    event = in_locale(samples[event_type], locale)
    reply = reply_words(locale)
    for messages, address in [(WITH_SUPPORT, "help@shop.example"), (Messages(shop_name=SHOP), "")]:
        message = render(messages, event)
        for body in (message.text, str(Text(message.html))):
            assert reply in " ".join(body.split())
            assert address in body
            assert bool(address) == ("@" in body)


def test_a_locale_from_right_to_left_turns_the_page(tmp_path: Path, paid: dict[str, Any]) -> None:
    layout = (TEMPLATES / "layout.html.jinja", TEMPLATES / "parts.html.jinja")
    write_templates(tmp_path, "order.paid.v1", en="Order", he="Order")
    for path in layout:
        (tmp_path / path.name).write_text(path.read_text())
    for locale in ("en", "he"):
        (tmp_path / f"order.paid.v1/{locale}/mail.html.jinja").write_text('{% extends "layout.html.jinja" %}')
    messages = Messages(shop_name=SHOP, templates=tmp_path)
    for locale, direction in [("en", "ltr"), ("he", "rtl")]:
        html = render(messages, in_locale(paid, locale)).html
        assert html.count(f'lang="{locale}" dir="{direction}"') == 2


class Styles(HTMLParser):
    """Collects the elements that hold text of their own, each with its style attribute, and the style element."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.of_text: list[tuple[str, str]] = []
        self.sheet = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in Text.VOID:
            self.open.append((tag, dict(attrs).get("style") or ""))

    def handle_endtag(self, tag: str) -> None:
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1][0] == "style":
            self.sheet += data
        elif data.strip() and self.open[-1][0] != "title":
            self.of_text.append(next(element for element in reversed(self.open) if element[0] != "bdi"))


@pytest.mark.parametrize(("event_type", "locale"), FOLDERS)
def test_a_mail_needs_a_style_sheet_only_for_phones_and_dark_mode(
    messages: Messages, samples: dict[str, dict[str, Any]], event_type: str, locale: str
) -> None:
    styles = Styles(render(WITH_SUPPORT, in_locale(samples[event_type], locale)).html)
    assert len(styles.of_text) > 10
    for tag, style in styles.of_text:
        assert "display:none" in style or ("font:" in style and "color:" in style), f"{tag} has no style of its own"
    selectors = re.findall(r"^    (\S.*?) \{", styles.sheet, re.MULTILINE)
    assert selectors
    assert {selector for selector in selectors if not selector.startswith("@media ")} == {":root"}


def without(*path: str) -> Any:
    """Make a change that removes a field of the event's data."""

    def change(data: dict[str, Any]) -> None:
        for step in path[:-1]:
            data = data[step] if step != "items" else data["items"][0]
        del data[path[-1]]

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (without("paid_at"), "line 12: 'paid_at' is undefined"),
        (without("currency"), "line 7: 'currency' is undefined"),
        (without("items"), "items.txt.jinja, line 2: 'items' is undefined"),
        (without("items", "name"), "items.txt.jinja, line 3: 'dict object' has no attribute 'name'"),
        (
            lambda data: data.update(total="ada@example.com"),
            "line 7: an amount is not a decimal string such as 12.50",
        ),
        (lambda data: data.update(paid_at=["ada@example.com"]), "line 12: a time is not a timestamp of RFC 3339"),
        (lambda data: data.update(items=7), "items.txt.jinja, line 2: TypeError"),
        (
            lambda data: data["items"][0].update(name=None),
            "items.txt.jinja, line 3: a value is neither text nor a number",
        ),
        (
            lambda data: data["items"][0].update(quantity={}),
            "items.txt.jinja, line 6: a quantity is not a whole number",
        ),
    ],
)
def test_a_missing_value_is_named_with_its_template(
    messages: Messages, paid: dict[str, Any], change: Any, reason: str
) -> None:
    change(paid["data"])
    with pytest.raises(RenderError) as error:
        render(messages, paid)
    assert str(error.value) == f"order.paid.v1/en/mail.txt.jinja, {reason}"


def test_a_missing_value_of_a_text_message_is_named_too(messages: Messages, paid: dict[str, Any]) -> None:
    del paid["data"]["total"]
    with pytest.raises(
        RenderError, match=r"^order\.paid\.v1/en/text_message\.txt\.jinja, line 1: 'total' is undefined$"
    ):
        messages.render_text_message(read_event(paid))


@pytest.mark.parametrize("parcel", [None, [], {"of": "ada@example.com"}])
def test_a_value_that_is_neither_text_nor_number_is_refused(tmp_path: Path, paid: dict[str, Any], parcel: Any) -> None:
    write_templates(tmp_path, "order.paid.v1", en="{{ parcel }}")
    paid["data"]["parcel"] = parcel
    with pytest.raises(RenderError, match=r"subject\.txt\.jinja, line 1: a value is neither text nor a number"):
        render(Messages(shop_name=SHOP, templates=tmp_path), paid)


def write_templates(folder: Path, event_type: str, **subjects: str) -> None:
    for locale, subject in subjects.items():
        (folder / event_type / locale).mkdir(parents=True, exist_ok=True)
        for name, content in {"subject.txt": subject, "mail.txt": "", "mail.html": ""}.items():
            (folder / event_type / locale / f"{name}.jinja").write_text(content)
        shutil.copy(TEMPLATES / "order.paid.v1/notification.json", folder / event_type)
