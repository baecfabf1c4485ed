"""Decoding of MIME messages."""

import asyncio
import base64
import json
from datetime import UTC, datetime
from email.message import EmailMessage
from encodings.aliases import aliases
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samrun.console import console
from samrun.console.inbox import rendering
from samrun.console.inbox.message import Address, headers, parse_message
from samrun.services.mail_store import MailStore
from support.idle_stack import idle_stack


def test_message_is_decoded() -> None:
    message = EmailMessage()
    message["From"] = "Café Zoë <orders@shop.example.com>"
    message["To"] = "Ada Lovelace <ada@example.com>, bob@example.com"
    message["Cc"] = "carol@example.com"
    message["Reply-To"] = "help@shop.example.com"
    message["Message-ID"] = "<id@amazonses.com>"
    message["Subject"] = "Your order: " + "ünïcödé " * 20
    message["Date"] = datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC)
    message.set_content("Größe ☕\n")
    message.add_alternative('<p>Größe</p><img src="cid:logo">', subtype="html")
    html = message.get_payload()[1]  # type: ignore[index]
    html.add_related(b"GIF89a", "image", "gif", cid="<logo>")  # type: ignore[union-attr]
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="Rechnung ä.pdf")

    read = parse_message(bytes(message))
    assert read.sender == (Address(name="Café Zoë", address="orders@shop.example.com"),)
    assert read.to == (
        Address(name="Ada Lovelace", address="ada@example.com"),
        Address(name="", address="bob@example.com"),
    )
    assert read.cc == (Address(name="", address="carol@example.com"),)
    assert read.reply_to == (Address(name="", address="help@shop.example.com"),)
    assert read.message_id == "id@amazonses.com"
    assert read.subject == ("Your order: " + "ünïcödé " * 20).strip()
    assert read.date == datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC)
    assert read.text.strip() == "Größe ☕"
    assert "<p>Größe</p>" in read.html
    [picture, invoice] = read.parts
    assert (picture.content_id, picture.inline, picture.content) == ("logo", True, b"GIF89a")
    assert (invoice.filename, invoice.inline, invoice.content) == ("Rechnung ä.pdf", False, b"%PDF")
    assert read.size == len(bytes(message))


def test_message_with_html_only_has_its_text_from_the_html() -> None:
    html = (
        "<html><head><title>Unseen</title><style>p { color: red }</style></head><body><h1>Thank  you</h1>\n"
        "<p>for <b>2</b> books<br>&amp; a pen</p><script>unseen()</script></body></html>"
    )
    assert parse_message(b"Content-Type: text/html\r\n\r\n" + html.encode()).text == "Thank you\n\nfor 2 books\n& a pen"


def test_unknown_charset_is_read_as_utf_8() -> None:
    assert parse_message("Content-Type: text/plain; charset=klingon\r\n\r\nGröße".encode()).text == "Größe"


def test_broken_encoded_word_is_shown_as_it_is() -> None:
    assert parse_message(b"Subject: =?utf-8?b?A?=\r\n\r\n").subject == "=?utf-8?b?A?="
    assert parse_message(b"Subject: =?klingon?q?nuqneH?=\r\n\r\n").subject == "=?klingon?q?nuqneH?="


def test_invalid_or_missing_date_is_none() -> None:
    assert parse_message(b"Date: soon\r\n\r\n").date is None
    assert parse_message(b"\r\n").date is None


def test_headers_are_sorted_by_name_with_all_their_values() -> None:
    raw = b"X-Tag: b\r\nReceived: one\r\nReceived: two\r\nsubject: =?utf-8?q?Gr=C3=B6=C3=9Fe?=\r\n\r\n"
    assert headers(raw) == {"Received": ["one", "two"], "Subject": ["Größe"], "X-Tag": ["b"]}


NAMES = [
    "Subject",
    "From",
    "To",
    "Date",
    "Content-Type",
    "Content-Disposition",
    "Content-Transfer-Encoding",
    "Content-ID",
]
VALUES = [
    b"multipart/mixed; boundary=b",
    b"text/html; charset=",
    b"message/rfc822",
    b"attachment; filename*=x'y'%ff",
    b"base64",
    b"uuencode",
    b"=?utf-8?b?/?=",
    b"<a@b",
    b"99 Foo 99999 25:61",
]


@given(
    fields=st.lists(st.tuples(st.sampled_from(NAMES), st.binary(max_size=20) | st.sampled_from(VALUES))),
    body=st.binary() | st.just(b"--b\r\n\r\nx\r\n--b\r\nContent-Type: text/html\r\n\r\n<p\r\n--b--"),
)
def test_any_bytes_are_a_message(fields: list[tuple[str, bytes]], body: bytes) -> None:
    raw = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in fields) + b"\r\n" + body
    assert parse_message(raw).size == len(raw)
    assert all(isinstance(value, str) for values in headers(raw).values() for value in values)


def with_charset(charset: str) -> bytes:
    return f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode() + "Größe \ud800".encode(errors="replace")


NESTED = 3000
DEEP = b"".join(
    b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number) for number in range(NESTED)
)
ODD = {
    "idna": with_charset("idna"),
    "punycode": with_charset("punycode"),
    "undefined": with_charset("undefined"),
    "unicode_escape": with_charset("unicode_escape"),
    "hex": with_charset("hex"),
    "charset with a null": with_charset("utf\0"),
    "charset of RFC 2231": b"Content-Type: text/plain; charset*=idna''%ff%ff\r\n\r\nx",
    "filename of RFC 2231": b"Content-Disposition: attachment; filename*=punycode''%ff\r\n\r\nx",
    "charset of a word": b"Subject: =?utf\xf8?q?x?= =?idna?q?=ff?= =?punycode?b?/w==?=\r\n\r\n",
    "bytes in a header": "Subject: Größe\r\nTo: Zoë <zoe@example.com>\r\n\r\n".encode(),
    "no UTF-8 in a header": b"Subject: \xff\r\nMessage-ID: <\xfe>\r\nContent-Type: text/\xff\r\n\r\n",
    "brackets in To": b"To: " + b"(" * 3000 + b"\r\n\r\n",
    "brackets in Reply-To": b"Reply-To: " + b"<(:" * 3000 + b"\r\n\r\n",
    "brackets in From": b"From: " + b":" * 3000 + b"\r\n\r\n",
    "deep multipart": DEEP + b"text",
    "deep message": b"Content-Type: message/rfc822\r\n\r\n" * NESTED + b"text",
    "declarations": b"Content-Type: text/html\r\n\r\n" + b"<![" * 1000,
    "unfinished tags": b"Content-Type: text/html\r\n\r\n" + b"<a " * 300_000,
    "unfinished comments": b"Content-Type: text/html\r\n\r\n" + b"<!--" * 300_000,
    "a number of 5,000 digits": b"Content-Type: text/html\r\n\r\n&#" + b"9" * 5000 + b";",
    "long parameters": b"Content-Type: text/plain" + b'; a="' * 300_000 + b"\r\n\r\nx",
    "long words": b"Subject: " + b"=?utf-8?q?x" * 100_000 + b"\r\n\r\nx",
    "many headers": b"".join(b"X-%d: a\r\n" % number for number in range(50_000)) + b"\r\n",
    "many parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 5000,
    "many short lines": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + b"\n" * 10_000_000,
    "the last moment": b"Date: Fri, 31 Dec 9999 23:59:59 -1400\r\n\r\n",
}


@pytest.mark.parametrize("raw", ODD.values(), ids=ODD)
def test_odd_mail_is_shown_as_far_as_it_can_be_read(raw: bytes, tmp_path: Path) -> None:
    message = parse_message(raw)
    assert message.size == len(raw)
    store = MailStore(tmp_path)
    recipients = ["(" * 3000, "Ada <ada@example.com>"]
    identifier = store.add(raw, sender="<" * 3000, recipients=recipients, created=datetime.now(UTC))
    app = console(idle_stack(store.folder))

    async def answers() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            of_mail = [f"/api/v1/message/{identifier}{suffix}" for suffix in ("", "/headers", "/raw")]
            views = [f"/view/{identifier}.html", f"/view/{identifier}.txt"]
            parts = [f"/api/v1/message/{identifier}/part/{part.id}" for part in message.parts[:3]]
            lists = ["/api/v1/messages", "/api/v1/search?query=x", "/api/v1/info"]
            return [await client.get(path) for path in (*of_mail, *views, *parts, *lists)]

    for answer in asyncio.run(answers()):
        assert answer.status_code == 200 or (answer.status_code == 404 and not message.html)


@pytest.mark.parametrize(
    ("odd", "what"),
    [
        ("idna", None),  # it is valid UTF-8
        ("charset of a word", "the header Subject"),
        ("brackets in To", "the addresses in To"),
        ("brackets in Reply-To", "the addresses in Reply-To"),
        ("deep multipart", "its parts, which are nested too deep"),
        ("deep message", "its parts, which are nested too deep"),
        ("many parts", "its parts after the first 500"),
        ("many short lines", "its parts, which are nested too deep"),
        ("long parameters", "a header after its first 10000 characters"),
    ],
)
def test_last_line_of_the_text_says_what_could_not_be_read(odd: str, what: str | None) -> None:
    message = parse_message(ODD[odd])
    *_, last = message.text.splitlines()
    assert message.unreadable == ((what,) if what else ())
    assert (last == f"[samrun could not read all of this mail: {what}. The source has it.]") is bool(what)


def test_what_can_be_read_of_an_odd_mail_is_shown() -> None:
    assert parse_message(ODD["bytes in a header"]).subject == "Größe"
    assert parse_message(ODD["bytes in a header"]).to == (Address(name="Zoë", address="zoe@example.com"),)
    assert parse_message(ODD["charset of a word"]).subject == "=?utf�?q?x?= =?idna?q?=ff?= =?punycode?b?/w==?="
    assert parse_message(ODD["brackets in To"]).to == (Address(name="", address="(" * 3000),)
    assert parse_message(b"Subject: Hi\r\n" + ODD["deep multipart"]).subject == "Hi"
    assert "boundary=b9" in parse_message(ODD["deep multipart"]).text
    assert parse_message(ODD["idna"]).text == "Größe ?"


@pytest.mark.parametrize(
    ("value", "decoded"),
    [
        ("=?utf-8?q?Gr=C3=B6=C3=9Fe?=", "Größe"),
        ("=?UTF-8*en?Q?a_b?= c", "a b c"),
        ("a =?utf-8?b?w7Y=?= c", "a ö c"),
        ("=?utf-8?q?=C3?= =?utf-8?q?=B6?=", "ö"),
        ("=?utf-8?q?a?=\r\n =?iso-8859-1?q?=F6?=", "aö"),
        ("=?utf-8?b?w7Y?=", "ö"),
        (r"C:\users\new =?utf-8?q?=C3=B6?=", r"C:\users\new ö"),
        ("=?utf-8?q?a?= =?klingon?q?b?= =?utf-8?q?c?=", "a =?klingon?q?b?= c"),
        ("=?utf-8?q?=FF?=", "�"),
    ],
)
def test_encoded_words_are_decoded(value: str, decoded: str) -> None:
    assert parse_message(f"Subject: {value}\r\n\r\n".encode()).subject == decoded


def test_a_picture_that_is_shown_often_does_not_multiply() -> None:
    message = EmailMessage()
    message.set_content("<img src='cid:a'>" * 2000, subtype="html")
    message.add_related(b"x" * 1_000_000, "image", "gif", cid="<a>")
    page = rendering.page(parse_message(bytes(message)), links_in_new_tab=False)
    assert 1_000_000 < len(page.body) < 60_000_000


def test_page_says_what_could_not_be_read() -> None:
    page = rendering.page(parse_message(b"To: " + b"(" * 3000 + b"\r\n" + ODD["declarations"]), links_in_new_tab=True)
    assert b"<p>[samrun could not read all of this mail: the addresses in To." in page.body


SAMPLES = [*(raw for raw in ODD.values() if len(raw) < 10_000), (Path(__file__).with_name("sample.eml")).read_bytes()]
CHUNKS = st.binary(max_size=8) | st.sampled_from(
    [
        *(
            b"\r\n",
            b"\n\n",
            b"--b\r\n",
            b"--b--",
            b"=?",
            b"?=",
            b"?b?",
            b"*0*=",
            b"%ff",
            b"\xff",
            b"\0",
            b"<![",
            b"&#x",
        ),
        *(b"boundary=", b"charset=", b"Content-Type: ", b"multipart/digest", b"message/partial", b"uuencode", b"idna"),
    ]
)


@given(data=st.data())
def test_changed_bytes_are_a_message(data: st.DataObject) -> None:
    raw = data.draw(st.sampled_from(SAMPLES))
    for _ in range(data.draw(st.integers(0, 6))):
        at, length = data.draw(st.integers(0, len(raw))), data.draw(st.integers(0, 20))
        raw = raw[:at] + data.draw(CHUNKS) * data.draw(st.sampled_from([1, 1, 2, 100])) + raw[at + length :]
    message = parse_message(raw)
    assert message.size == len(raw)
    json.dumps([str(message), headers(raw)], ensure_ascii=False).encode()
    rendering.page(message, links_in_new_tab=True)


MIXED = """Subject: Größe
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=utf-8

First ö
--b
Content-Type: message/rfc822

Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
Content-Type: text/plain

of another mail
--b
Content-Type: application/pdf; name="Größe.pdf"

%PDF
--b
Content-Type: text/plain

Second
--b--
""".encode()


def test_message_shows_each_text_of_a_mixed_mail_and_no_text_of_one_in_it() -> None:
    message = parse_message(MIXED)
    assert message.text == "First ö\n\nSecond"
    [forwarded, pdf] = message.parts
    assert (forwarded.filename, forwarded.content_type) == ("Grüße.eml", "message/rfc822")
    assert parse_message(forwarded.content).text == "of another mail"
    assert (pdf.filename, message.subject) == ("Größe.pdf", "Größe")


def test_report_of_a_bounce_has_its_text_and_its_attachments() -> None:
    report = b"""Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

Not delivered
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; a.example

Final-Recipient: rfc822; ada@example.com
--b
Content-Type: message/rfc822

Subject: Order

Hi
--b--
"""
    message = parse_message(report)
    assert message.text == "Not delivered"
    assert [part.content_type for part in message.parts] == ["message/delivery-status", "message/rfc822"]
    assert b"Final-Recipient: rfc822; ada@example.com" in message.parts[0].content


def test_html_shows_the_plain_texts_beside_it() -> None:
    message = EmailMessage()
    message.set_content("The same in plain")
    message.add_alternative("<p>Shown</p>", subtype="html")
    message.add_attachment("<footer>", disposition="inline")
    read = parse_message(bytes(message))
    assert read.text.split("\n\n") == ["The same in plain", "<footer>"]
    assert read.html == "<p>Shown</p>\n\n<pre>&lt;footer&gt;</pre>"


def test_forwarded_mail_without_a_text_of_its_own_is_an_attachment() -> None:
    message = parse_message(b"Content-Type: message/rfc822\r\n\r\nSubject: Inner\r\n\r\nHi")
    assert (message.text, [part.filename for part in message.parts]) == ("", ["Inner.eml"])


BOUNDARIES = st.sampled_from(["a", "b"])
LEAF_HEADERS = st.sampled_from(
    [
        "Content-Type: text/plain",
        "Content-Type: text/html; charset=utf-16",
        "Content-Type: message/rfc822",
        "Content-Type: message/delivery-status",
        "Content-Type: message/partial",
        "Content-Type: image/gif\nContent-ID: <x>",
        "Content-Disposition: attachment; filename*=utf-8''%ff%00",
        "Content-Transfer-Encoding: base64",
        "Content-Type: text/html; name=Ö",
        "Reply-To: " + "(" * 3000,
        "To: " + "<[" * 3000,
        "From: " + '"(' * 3000,
        "Cc: ,;:<>@[]\\",
        "X-Tags: a,b,,é",
        "X-SES-MESSAGE-TAGS: a=b, c",
        "Subject: \udcff=?utf-8?q?=ff?=",
    ]
)


@st.composite
def mimes(draw: st.DrawFn, depth: int = 3) -> str:
    """Return a tree of parts with odd headers."""
    head = "\n".join(draw(st.lists(LEAF_HEADERS, max_size=3)))
    if depth == 0 or draw(st.booleans()):
        return f"{head}\n\n{draw(st.text(max_size=20))}\n"
    kind, boundary = draw(st.sampled_from(["mixed", "alternative", "related", "digest"])), draw(BOUNDARIES)
    parts = draw(st.lists(mimes(depth - 1), max_size=3))
    inside = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return f"Content-Type: multipart/{kind}; boundary={boundary}\n{head}\n\n{inside}--{boundary}--\n"


# One store for all examples; each adds a mail to it and takes it away again.
@settings(
    max_examples=settings().max_examples // 5,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(mime=mimes(), box=st.text(max_size=20) | st.sampled_from(["(" * 3000, "<" * 3000, "+a+@"]))
def test_no_mail_breaks_a_list_a_search_or_a_page(mime: str, box: str, tmp_path: Path) -> None:
    parts = idle_stack(tmp_path)
    raw = mime.encode("utf-8", "surrogateescape" if "\udcff" in mime else "replace")
    identifier = parts.mails.add(raw, sender=box, recipients=[box], created=datetime.now(UTC))
    app = console(parts)
    queries = ("x", "-x", "to:x", "addressed:x", "has:attachment", "larger:1", "subject:x", "tag:x")
    paths = [
        "/api/v1/messages",
        *(f"/api/v1/search?query={query}" for query in queries),
        *(f"/api/v1/message/{identifier}{suffix}" for suffix in ("", "/headers", "/raw")),
        *(f"/api/v1/message/{identifier}/part/{part.id}" for part in parse_message(raw).parts),
        "/api/v1/tags",
        f"/view/{identifier}.txt",
        "/inbox",
        "/inbox?q=x",
        *(f"/inbox/{identifier}?view={view}" for view in ("html", "text", "headers", "source")),
    ]

    async def statuses() -> dict[str, int]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            found = {path: (await client.get(path)).status_code for path in paths}
            found["feedback"] = (await client.post(f"/inbox/{identifier}/feedback/bounce")).status_code
            return found

    assert set(asyncio.run(statuses()).values()) == {200}
    parts.mails.delete(identifier)


@given(charset=st.sampled_from(sorted(set(aliases.values()))) | st.text(max_size=8), content=st.binary(max_size=30))
def test_every_charset_is_read(charset: str, content: bytes) -> None:
    word = b"=?%s?b?%s?=" % (charset.encode(errors="replace"), base64.b64encode(content))
    kind = f'text/plain; charset="{charset}"'.encode(errors="replace")
    parse_message(b"Subject: " + word + b"\r\nContent-Type: " + kind + b"\r\n\r\n" + content)
