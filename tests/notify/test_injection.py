"""Injection: any value of an event reaches the customer as text, from the record to the MIME mail."""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from functions.notify.channels.mailer import parse_address
from functions.notify.channels.mime import compose
from functions.notify.domain.send_errors import RefusedError, RenderError
from functions.notify.events.customer_events import (
    BIDIRECTIONAL_CONTROLS,
    CustomerEvent,
    Skipped,
    Unreadable,
    read_customer_event,
)
from functions.notify.events.records import Record
from functions.notify.messages.messages import Message, Messages
from functions.notify.messages.user_text import WORD_JOINER
from tests.notify.samples import EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

MESSAGES = Messages(
    shop_name="The Analytical Bookshop", shop_url="https://shop.example", support_address="help@shop.example"
)
SENDER = parse_address("orders@shop.example", name="The Analytical Bookshop")
REPLY_TO = parse_address("help@shop.example", name="The Analytical Bookshop")
HEADERS = [
    *("Date", "From", "To", "Reply-To", "Subject", "X-Notification-Id"),
    *("Auto-Submitted", "MIME-Version", "Content-Type"),
]
NOW = datetime(2026, 11, 22, 10, 20, tzinfo=UTC)
# Texts that a mail program may make a link of: a scheme, and a letter behind a dot in a word.
LINK = re.compile(r"[a-z]://|\w[.\u3002\uff0e\uff61][^\W\d]|www\.", re.IGNORECASE)
LONG = 12  # characters: no reason has so many of a text's by chance
FOLDERS = [(event_type, locale) for event_type in sorted(MESSAGES.fields) for locale in MESSAGES.locales(event_type)]

TRICKS = st.sampled_from(
    [
        *("\r\nBcc: eve@evil.example", "\nTo: eve@evil.example", "\r\n\r\n", "\x85Bcc: eve@evil.example", "\r\n.\r\n"),
        *("\u2028Subject: Won", "=?utf-8?q?=0D=0ABcc:_eve@evil.example?=", "=?utf-8?b?DQpCY2M6IGU=?=", "--==", "\x00"),
        *(">, eve@evil.example", "<eve@evil.example>", '"', "\\", "(", ")", ";", ",", "@", ":", "\x1b[31m", "\x7f"),
        *("{{ 7*7 }}", "{{ shop_name }}", "{% include 'parts.html.jinja' %}", "{# #}", "{%", "}}", "${7*7}", "%(x)s"),
        *("{{ ''.__class__.__mro__ }}", "{0.__class__}", "{", "%s", "#{7*7}", "<%= 7*7 %>"),
        *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</title>", "</td></tr></table>", "<!--", "-->"),
        *('" onmouseover="x', "' style='x", "&lt;b&gt;", "&#60;b&#62;", "<![CDATA[", "</style>", "]]>", "<", ">", "&"),
        *(
            "\u202e",
            "\u2066",
            "\u200b",
            "\ufeff",
            "\N{NO-BREAK SPACE}",
            *("https://evil.example", "www.evil.example", "evil.example/pay", "eve@evil.example", "evil。example"),
            "ệ",
            "中",
            "👩\u200d🔬",
        ),
    ]
)
# from_json refuses halves of surrogate pairs, which no JSON in UTF-8 can hold.
TEXT = st.lists(TRICKS | st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=5).map("".join)
JSON = st.none() | st.booleans() | st.integers() | TEXT | st.lists(TEXT, max_size=2) | st.dictionaries(TEXT, TEXT)


class Skeleton(HTMLParser):
    """The elements of an HTML page with all their attributes, and the text that a reader sees."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Any] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # The templates let a long amount wrap, and no other: so one of the two styles is as harmless as the other.
        styled = [
            (name, value and value.replace("white-space:nowrap;", "overflow-wrap:anywhere;")) for name, value in attrs
        ]
        # A link to write a mail has the order's number, with every other character percent-encoded.
        styled = [
            (name, value and re.sub(r"(?<=\?subject=)[\w.~/%-]*", "", value, flags=re.ASCII)) for name, value in styled
        ]
        self.elements.append((tag, styled))

    def handle_endtag(self, tag: str) -> None:
        self.elements.append(tag)

    def handle_comment(self, data: str) -> None:
        self.elements.append(("comment", data))

    def handle_pi(self, data: str) -> None:
        self.elements.append(("instruction", data))

    def unknown_decl(self, data: str) -> None:
        self.elements.append(("declaration", data))

    def handle_data(self, data: str) -> None:
        self.text += data


def event_with(
    event_type: str,
    locale: str,
    data: dict[str, Any],
    customer: dict[str, Any],
    envelope: dict[str, Any] | None = None,
) -> dict[str, Any]:
    sample: dict[str, Any] = EVENTS[event_type]
    customer = sample["data"]["customer"] | {"locale": locale} | customer
    return sample | {"data": sample["data"] | data | {"customer": customer}} | (envelope or {})


def read_event(event: dict[str, Any]) -> CustomerEvent | Unreadable:
    """Read an event as Kafka's mapping passes it."""
    value = base64.b64encode(json.dumps(event).encode()).decode()
    record = Record(partition_id="t-0", topic="t", partition=0, offset=0, key=None, source={"value": value})
    found = read_customer_event(record, MESSAGES.fields)
    assert not isinstance(found, Skipped)
    return found


def check_reason(reason: str, values: Any) -> None:
    """Fail if the reason for a refusal, which is logged, contains any of the values."""
    assert [text for text in texts_of(values) if text in reason] == []


def texts_of(value: Any) -> Iterator[str]:
    """Yield the long texts in a value."""
    match value:
        case str() if len(value) >= LONG:
            yield value
        case list() | tuple():
            yield from (text for each in value for text in texts_of(each))
        case dict():
            yield from (text for item in value.items() for text in texts_of(item))


def check_mail(message: Message, event: CustomerEvent, *, benign: Message) -> None:
    """Fail if the mail has other headers, recipients, parts or elements than a benign one."""
    try:
        recipient = parse_address(event.recipient.email, name=event.recipient.name or "")
    except RefusedError as error:
        check_reason(str(error), event.recipient.email)
        return
    mime = compose(
        message,
        date=NOW,
        sender=SENDER,
        recipient=recipient,
        reply_to=REPLY_TO,
        notification_id=f"{event.id}#mail",
    )
    mail = message_from_bytes(mime, policy=default)
    assert mail.keys() == HEADERS
    assert [address.addr_spec for address in mail["To"].addresses] == [recipient.addr_spec]
    assert [address.addr_spec for address in mail["From"].addresses] == ["orders@shop.example"]
    assert [address.addr_spec for address in mail["Reply-To"].addresses] == ["help@shop.example"]
    # Without what begins an encoded word, which mail programs would decode; folding may add or lose a space.
    assert squeezed(mail["Subject"]) == squeezed(message.subject.replace("=?", ""))
    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert Skeleton(message.html).elements == Skeleton(benign.html).elements


def check_text_message(event: CustomerEvent) -> None:
    """Fail if the text message has more than one line of plain text."""
    message = MESSAGES.render_text_message(event)
    if message is None:
        assert event.type == "reward.granted.v1"
        return
    assert [character for character in message.text if unicodedata.category(character) in {"Cc", "Zl", "Zp"}] == []
    assert not BIDIRECTIONAL_CONTROLS.intersection(message.text)
    assert " The Analytical Bookshop. " in message.text


def check_links(message: Message) -> None:
    """Fail if a mail program would make other links than the shop's own. The templates themselves have no URL."""
    for text in (message.text, Skeleton(message.html).text):
        assert LINK.search(re.sub(r"(https://|help@)?shop\.example", "", text)) is None


def squeezed(text: str) -> str:
    """Remove the characters that wrapping may change, and the one that keeps words from becoming links."""
    return "".join(text.replace(WORD_JOINER, "").split())


@given(folder=st.sampled_from(FOLDERS), name=TEXT, item=TEXT, sku=TEXT, reason=TEXT, locale=TEXT, extra=JSON)
@settings(suppress_health_check=list(HealthCheck))
def test_free_text_is_shown_unchanged_and_changes_no_other_part(
    folder: tuple[str, str], name: str, item: str, sku: str, reason: str, locale: str, extra: Any
) -> None:
    event_type, language = folder
    items = [each | {"name": item, "sku": sku} for each in EVENTS[event_type]["data"].get("items", ())]
    customer = {"name": name, "id": sku, "tier": extra}
    typed = {"items": items, "reason": reason, "carrier": reason}
    event = read_event(event_with(event_type, language, typed | {"gift": extra}, customer))
    assert isinstance(event, CustomerEvent)
    # A name that is blank is left out, as a name that is missing.
    plain = read_event(event_with(event_type, language, {}, {"name": "Ada" if event_name(event) else ""}))
    assert isinstance(plain, CustomerEvent)
    message = MESSAGES.render(event)
    benign = MESSAGES.render(plain)
    check_mail(message, event, benign=benign)
    check_links(message)
    check_text_message(event)
    assert message.subject == benign.subject
    shown = [event_name(event), *(each["name"] for each in event.values["items"])]
    shown += [event.values["reason"]] if event_type in {"order.cancelled.v1", "shipment.dispatched.v1"} else []
    html = Skeleton(message.html).text
    for value in shown:
        assert squeezed(value) in squeezed(message.text)
        assert squeezed(value) in squeezed(html)
    assert MESSAGES.render_text_message(event) == MESSAGES.render_text_message(plain)


def event_name(event: CustomerEvent) -> str:
    return event.recipient.name or ""


ITEM = st.fixed_dictionaries(
    {"sku": TEXT, "name": TEXT, "quantity": st.integers(), "unit_price": st.just("12.50") | TEXT}
)
DATA = {
    "order_number": TEXT | JSON,
    "order_id": TEXT.map(lambda text: re.sub("[^!-?A-~]", "", text)[:100]) | JSON,
    "items": st.lists(ITEM, min_size=1, max_size=1) | JSON,
    "currency": st.from_regex("[A-Z]{3}", fullmatch=True) | JSON,
    "total": st.from_regex(r"-?[0-9]{1,20}(\.[0-9]{1,6})?", fullmatch=True) | JSON,
    "paid_at": st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat) | JSON,
    "points": st.integers() | JSON,
    **dict.fromkeys(("cancelled_at", "granted_at", "dispatched_at"), TEXT | JSON),
    **dict.fromkeys(("reason", "carrier", "tracking_code", "specversion", "type"), TEXT | JSON),
    **dict.fromkeys(("shop_name", "shop_url", "support_address"), TEXT | JSON),
}
CUSTOMER = {
    "email": TEXT | TEXT.map("{}@example.com".format) | TEXT.map("ada@{}".format),
    "channels": st.lists(TEXT) | JSON,
    **dict.fromkeys(("id", "name", "phone", "locale"), TEXT | JSON),
}
# The id becomes a header of the mail.
ENVELOPE = {name: TEXT | TEXT.map("paid-{}".format) | JSON for name in ("id", "subject", "source", "traceparent")}
# One field of the event, its data or its customer at a time: with more, hardly any event would be rendered.
CHANGES = st.one_of(
    *(st.tuples(st.fixed_dictionaries({name: values}), st.just({}), st.just({})) for name, values in DATA.items()),
    *(st.tuples(st.just({}), st.fixed_dictionaries({name: values}), st.just({})) for name, values in CUSTOMER.items()),
    *(st.tuples(st.just({}), st.just({}), st.fixed_dictionaries({name: values})) for name, values in ENVELOPE.items()),
)


@given(folder=st.sampled_from(FOLDERS), changes=CHANGES)
@example(
    folder=("order.cancelled.v1", "vi"),
    changes=({"items": [{"sku": "", "name": "", "quantity": -8000000, "unit_price": "12.50"}]}, {}, {}),
)
@example(folder=("order.cancelled.v1", "en"), changes=({}, {"email": "=?utf-8?b?DQpCY2M6IGU=?=@example.com"}, {}))
@settings(suppress_health_check=list(HealthCheck))
def test_any_value_of_a_field_is_refused_or_harmless(
    folder: tuple[str, str], changes: tuple[dict[str, Any], dict[str, Any], dict[str, Any]]
) -> None:
    event = read_event(event_with(*folder, *changes))
    changed = [list(each.values()) for each in changes]  # a reason may name the field
    if isinstance(event, Unreadable):
        check_reason(event.reason, changed)
        return
    try:
        message = MESSAGES.render(event)
        check_text_message(event)
    except RenderError as error:
        check_reason(str(error), changed)
        return
    locale, has_name = event.recipient.locale or "en", bool(event_name(event))
    data: dict[str, Any] = {} if event.values.get("items") else {"items": []}
    plain = read_event(event_with(folder[0], locale, data, {"name": "Ada" if has_name else ""}))
    assert isinstance(plain, CustomerEvent)
    check_mail(message, event, benign=MESSAGES.render(plain))
