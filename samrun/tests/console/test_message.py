"""Decoding of MIME messages."""

from datetime import UTC, datetime
from email.message import EmailMessage

from hypothesis import given
from hypothesis import strategies as st

from samrun.console.message import Address, headers, parse_message


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
