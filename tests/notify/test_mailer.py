from __future__ import annotations

import base64
import re
import socket
import threading
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    ProxyConnectionError,
    ReadTimeoutError,
    ResponseStreamingError,
    SSLError,
)
from botocore.parsers import ResponseParserError
from botocore.stub import Stubber
from hypothesis import example, given
from hypothesis import strategies as st

from functions.notify.aws_clients import NO_RETRY_CONFIG
from functions.notify.channels import mailer, mime
from functions.notify.channels.mailer import Mailer, SesClient
from functions.notify.channels.provider_errors import CONNECTION_ERRORS
from functions.notify.domain.send_errors import (
    AnswerLostError,
    DeferredError,
    RefusedError,
    SendError,
    ThrottledError,
    UnlistedRefusalError,
)
from functions.notify.messages.messages import Message
from tests.notify.fakes import NOW
from tests.notify.sockets import server

if TYPE_CHECKING:
    from collections.abc import Callable

    import boto3
    from mypy_boto3_sesv2 import SESV2Client

    from tests.notify.fakes import FakeSes

MESSAGE = Message(subject="Your order is confirmed", text="Thank you.\n", html="<p>Thank you.</p>\n")
SENDER = mailer.parse_address("orders@shop.example", name="The Shop")
FAILED_CHECK = "Email address is not verified. The following identities failed the check in region EU-CENTRAL-1: "
NASTY = st.text() | st.text(alphabet='ab ,;:<>@()[]\\"=?_\r\n\0\x85\u2028\u1ec7.', max_size=200)
ANY_TEXT = NASTY | st.text(alphabet="ab .,", max_size=200) | st.text(alphabet="a", min_size=900, max_size=1000)
# code, status and text of SES's answer, and its meaning
ERRORS_OF_SES: list[tuple[str, int, str, type[SendError]]] = [
    ("TooManyRequestsException", 429, "", ThrottledError),
    ("LimitExceededException", 400, "", DeferredError),
    ("SendingPausedException", 400, "", DeferredError),
    ("AccountSuspendedException", 400, "", DeferredError),
    ("MailFromDomainNotVerifiedException", 400, "", DeferredError),
    ("NotFoundException", 404, "Configuration set <orders> does not exist.", DeferredError),
    ("NewInThisYear", 400, "about ada@example.com", UnlistedRefusalError),
    ("MessageRejected", 400, FAILED_CHECK + "The Shop <orders@shop.example>, ada@example.com", DeferredError),
    ("MessageRejected", 400, FAILED_CHECK + "Orders@Shop.example...", DeferredError),
    ("MessageRejected", 400, FAILED_CHECK + "shop.example", DeferredError),
    ("MessageRejected", 400, FAILED_CHECK + "arn:aws:ses:eu-central-1:1:identity/shop.example", DeferredError),
    ("MessageRejected", 400, FAILED_CHECK + "ada@example.com", RefusedError),
    ("MessageRejected", 400, FAILED_CHECK + "ada@shop.example", RefusedError),
    ("MessageRejected", 400, "Did not have authority to send from email orders@shop.example", DeferredError),
    ("InternalFailure", 500, "", DeferredError),
    ("ServiceUnavailable", 503, "", DeferredError),
    ("AccessDeniedException", 403, "", DeferredError),
    ("BadRequestException", 400, "Invalid address ada@example.com", RefusedError),
    ("MessageRejected", 400, "Message contains a virus for ada@example.com", RefusedError),
]
ERRORS_OF_THE_CONNECTION: list[tuple[Exception, type[SendError]]] = [
    (EndpointConnectionError(endpoint_url=""), DeferredError),
    (ConnectTimeoutError(endpoint_url=""), DeferredError),
    (ProxyConnectionError(proxy_url=""), DeferredError),
    (SSLError(endpoint_url="", error=OSError()), AnswerLostError),
    (NoCredentialsError(), DeferredError),
    (CredentialRetrievalError(provider="", error_msg=""), DeferredError),
    (ReadTimeoutError(endpoint_url=""), AnswerLostError),
    (ConnectionClosedError(endpoint_url=""), AnswerLostError),
    (HTTPClientError(error=""), AnswerLostError),
    (ResponseStreamingError(error=""), AnswerLostError),
    (ResponseParserError(), AnswerLostError),
]


def send(client: SesClient, *, to: str = "ada@example.com", name: str = "Ada", message: Message = MESSAGE) -> str:
    tags = {"order_id": "ord_1", "notification_id": "event-1#mail"}
    sender = Mailer(client=client, sender=SENDER, configuration_set="orders", clock=lambda: NOW)
    return sender.send(message, to=to, name=name, tags=tags)


def compose(name: str, subject: str = "Your order", **options: Any) -> bytes:
    recipient = mailer.parse_address("ada@example.com", name=name)
    message = Message(subject=subject, text="Thank you.", html="<p>Thank you.</p>")
    return mime.compose(message, **{"date": NOW, "sender": SENDER, "recipient": recipient, **options})


def head_of(mail: bytes) -> list[str]:
    """Return the lines of a mail's header."""
    return mail.partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")


def read_address(mail: bytes, header: str) -> tuple[str, str]:
    """Read a header's name and address as RFC 2047 says. EmailMessage puts spaces between the encoded words of a name.

    Python's issue: https://github.com/python/cpython/issues/128110
    """
    folded = message_from_bytes(mail)[header]
    name, address = parseaddr(folded.replace("\r\n", ""))
    return str(make_header(decode_header(name))), address


def encoded_words(lines: list[str]) -> list[str]:
    return [word for line in lines for word in re.findall(r"=\?utf-8\?b\?[^? ]*\?=", line)]


def parse(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


def test_the_request_has_sender_recipient_and_tags(ses: FakeSes) -> None:
    assert send(ses) == "mail-1"
    (request,) = ses.sent
    assert request["FromEmailAddress"] == "orders@shop.example"
    assert request["Destination"] == {"ToAddresses": ["ada@example.com"]}
    assert [tag["Name"] for tag in request["EmailTags"]] == ["order_id", "notification_id"]
    assert request["ConfigurationSetName"] == "orders"


def test_the_mail_has_both_bodies_and_is_marked_as_automatic(ses: FakeSes) -> None:
    send(ses, message=Message(subject="Đơn hàng", text="Cảm ơn.\n", html="<p>Cảm ơn.</p>\n"))
    mail = parse(ses.sent[0]["Content"]["Raw"]["Data"])
    assert mail["From"] == "The Shop <orders@shop.example>"
    assert mail["To"] == "Ada <ada@example.com>"
    assert mail["Subject"] == "Đơn hàng"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Notification-Id"] == "event-1#mail"
    assert mail["Reply-To"] is None
    assert mail["Date"] == "Sun, 22 Nov 2026 10:20:00 +0000"
    assert mail.get_content_type() == "multipart/alternative"
    parts = [(part.get_content_type(), part.get_content().replace("\r\n", "\n")) for part in mail.iter_parts()]
    assert parts == [("text/plain", "Cảm ơn.\n"), ("text/html", "<p>Cảm ơn.</p>\n")]


def test_the_mail_is_ascii_in_short_lines(ses: FakeSes) -> None:
    send(ses, name="Nguyễn", message=Message(subject="Đơn hàng " * 20, text="Cảm ơn " * 300, html="ệ" * 2000))
    raw = ses.sent[0]["Content"]["Raw"]["Data"]
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 76
    assert b"\n" not in raw.replace(b"\r\n", b"")


def test_an_international_domain_is_punycoded(ses: FakeSes) -> None:
    send(ses, to="ada@Bücher.example")
    assert ses.sent[0]["Destination"] == {"ToAddresses": ["ada@xn--bcher-kva.example"]}


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "@example.com",
        "ada@",
        "ada@exa mple.com",
        "ada@a..b",
        "ada@foo_bar.example",
        "ada@[192.0.2.1]",
        "ada@" + "a" * 64 + ".example",
        "ada@\ud800.example",
        "\u00e4da@example.com",
        "ada lovelace@example.com",
        "ada@example.com, eve@example.com",
        "ada\r\nBcc: eve@example.com",
        "<ada@example.com>",
    ],
)
def test_an_address_that_ses_cannot_mail_is_refused_for_good(ses: FakeSes, address: str) -> None:
    with pytest.raises(RefusedError, match="of the address"):
        send(ses, to=address)
    assert ses.sent == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ada Lovelace", "Ada Lovelace"),
        ("Nguyễn Thị Minh Khai", "Nguyễn Thị Minh Khai"),
        ("Lovelace, Ada", "Lovelace Ada"),
        ("J. R. O'Neill-Łukasz", "J. R. O'Neill-Łukasz"),
        ("", ""),
        ("Ada\r\nBcc: eve@example.com", "Ada Bcc eve example.com"),
        ("=?utf-8?q?a=0d=0aBcc:eve@example.com?=", "utf-8?q?a=0d=0aBcc eve example.com?="),
        ("Ada, " * 30, ("Ada " * 30)[:100].strip()),
    ],
)
def test_a_display_name_stays_a_name(name: str, shown: str) -> None:
    assert read_address(compose(name), "To") == (shown, "ada@example.com")


@given(name=NASTY, subject=NASTY)
def test_names_and_subjects_add_no_header_and_no_recipient(name: str, subject: str) -> None:
    raw = compose(name, subject)
    names = [line.partition(":")[0] for line in head_of(raw) if not line.startswith((" ", "\t"))]
    assert names == ["Date", "From", "To", "Subject", "Auto-Submitted", "MIME-Version", "Content-Type"]
    assert [address.addr_spec for address in parse(raw)["To"].addresses] == ["ada@example.com"]


@given(
    subject=ANY_TEXT,
    name=ANY_TEXT,
    shop=ANY_TEXT,
    notification_id=st.from_regex(r"[!-?A-~]{1,100}#mail", fullmatch=True),
)
@example(subject="Đơn hàng A7YUQ-AHKC7 đã được xác nhận", name="", shop="", notification_id="a")
@example(subject="ệ" * 500, name="ệ" * 100, shop="👩\u200d🔬" * 33, notification_id="=?" * 50)
def test_a_mail_program_reads_every_header_as_it_was_written_from_short_lines(
    subject: str, name: str, shop: str, notification_id: str
) -> None:
    shop_address = mailer.parse_address("orders@shop.example", name=shop)
    raw = compose(name, subject, sender=shop_address, reply_to=shop_address, notification_id=notification_id)
    mail, lines = parse(raw), head_of(raw)
    assert max(map(len, raw.split(b"\r\n"))) <= 76
    assert max(map(len, encoded_words(lines)), default=0) <= 75
    for word in encoded_words(lines):  # each has whole characters
        base64.b64decode(word.split("?")[3], validate=True).decode()
    assert mail["Subject"] == mime.header_text(subject)
    assert mail["X-Notification-Id"] == mime.header_text(notification_id)
    for header, written in [("To", name), ("From", shop), ("Reply-To", shop)]:
        shown, address = read_address(raw, header)
        assert shown == mailer.parse_address("ada@example.com", name=written).display_name
        assert [each.addr_spec for each in mail[header].addresses] == [address]
        assert address == ("ada@example.com" if header == "To" else "orders@shop.example")
    assert mail["Date"].datetime == NOW
    assert [part.defects for part in mail.walk() if part.defects] == []
    assert [header for header, value in mail.items() if getattr(value, "defects", ())] == []


def test_a_line_of_a_header_is_longer_only_for_an_address_that_is_longer() -> None:
    address = "a" * 64 + "@" + "b" * 60 + ".example"
    for name, lines in [
        ("", ["To: ", f" <{address}>"]),
        ("Ada Lovelace", ["To: Ada Lovelace", f" <{address}>"]),
        ("J. R. Lovelace", ["To: =?utf-8?b?Si4gUi4gTG92ZWxhY2U=?=", f" <{address}>"]),
    ]:
        raw = compose("", recipient=mailer.parse_address(address, name=name))
        assert head_of(raw)[2:4] == lines
        assert [(each.display_name, each.addr_spec) for each in parse(raw)["To"].addresses] == [(name, address)]


@pytest.mark.parametrize(
    "address",
    ["ada@example.com", "a" * 40 + "@example.com", "ada@" + "b" * 56 + ".example", "a" * 56 + "@xn--p1ai.example"],
)
@pytest.mark.parametrize(
    "name", ["", "Ada", "Augusta Ada King, Countess of Lovelace", "J.R.", "Nguyễn Thị Minh Khai", "a" * 100]
)
def test_an_address_with_a_name_is_in_short_lines(address: str, name: str) -> None:
    recipient = mailer.parse_address(address, name=name)
    raw = compose("", recipient=recipient)
    assert max(map(len, head_of(raw))) <= 76
    assert read_address(raw, "To") == (recipient.display_name, address)


@given(body=st.text(alphabet='ab. =_-\n\t"\u1ec7'))
def test_a_mail_program_reads_the_body_as_it_was_written(body: str) -> None:
    mail = parse(mime.compose(Message(subject="", text=body, html=body), date=NOW, sender=SENDER, recipient=SENDER))
    for part in mail.iter_parts():
        assert part.get_content().splitlines() == (body.splitlines() or [""])


@given(text=st.text(max_size=60))
def test_a_tag_has_the_alphabet_of_tags_and_can_be_decoded(text: str) -> None:
    value = mailer.tag_value(text)
    assert re.fullmatch("[A-Za-z0-9_-]{0,256}", value)
    assert base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode() == text


@pytest.mark.parametrize(("code", "status", "text", "meaning"), ERRORS_OF_SES)
def test_each_error_of_ses_has_its_meaning(
    session: boto3.Session, code: str, status: int, text: str, meaning: type[SendError]
) -> None:
    client = session.client("sesv2")
    with Stubber(client) as stubber:
        stubber.add_client_error("send_email", code, text, http_status_code=status)
        with pytest.raises(meaning) as error:
            send(client)
    assert str(error.value).startswith(code)
    assert "@" not in str(error.value)


@pytest.mark.parametrize(("error", "meaning"), ERRORS_OF_THE_CONNECTION)
def test_each_error_of_the_connection_has_its_meaning(ses: FakeSes, error: Exception, meaning: type[SendError]) -> None:
    ses.answers = [error]
    with pytest.raises(meaning):
        send(ses)


def test_every_error_of_the_tables_has_a_test() -> None:
    tested = {code for code, *_ in ERRORS_OF_SES} | {type(error).__name__ for error, _ in ERRORS_OF_THE_CONNECTION}
    assert mailer.SES_ERRORS.keys() | CONNECTION_ERRORS.keys() <= tested


def test_a_bug_of_ours_is_not_a_send_error(ses: FakeSes) -> None:
    ses.answers = [ParamValidationError(report="")]
    with pytest.raises(ParamValidationError):
        send(ses)


@pytest.fixture
def client_of(session: boto3.Session) -> Callable[[int], SESV2Client]:
    """Make real clients, as in production but with a short time-out, for an SES at a port of this machine."""

    def make(port: int) -> SESV2Client:
        return session.client(
            "sesv2",
            endpoint_url=f"http://127.0.0.1:{port}",
            config=NO_RETRY_CONFIG.merge(Config(read_timeout=0.3, proxies={})),
        )

    return make


def test_a_refused_connection_defers_the_mail(client_of: Callable[[int], SESV2Client]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(DeferredError, match="EndpointConnectionError"):
        send(client_of(port))


def test_a_connection_that_drops_after_the_send_loses_the_answer(client_of: Callable[[int], SESV2Client]) -> None:
    with server(lambda _: None) as (port, requests), pytest.raises(AnswerLostError, match="ConnectionClosedError"):
        send(client_of(port))
    assert len(requests) == 1, "a send that is repeated is a second mail"


def test_a_missing_answer_is_lost_and_the_send_is_not_repeated(client_of: Callable[[int], SESV2Client]) -> None:
    waiting = threading.Event()
    with server(lambda _: bool(waiting.wait(5))) as (port, requests):
        with pytest.raises(AnswerLostError, match="ReadTimeoutError"):
            send(client_of(port))
        waiting.set()
    assert len(requests) == 1, "a send that is repeated is a second mail"


def test_an_outage_of_ses_defers_the_mail(client_of: Callable[[int], SESV2Client]) -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")

    with server(answer) as (port, requests), pytest.raises(DeferredError):
        send(client_of(port))
    assert len(requests) == 1
