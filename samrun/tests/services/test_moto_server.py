"""Mails that boto3 sends through the local AWS, and the copies that the local AWS stores."""

import socket
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from samrun.services import moto_server
from samrun.services.mail_store import Mail, MailStore
from samrun.services.moto_server import MessageStoringMiddleware
from samrun.services.send_options import SendOptions
from samrun.services.text_message_store import TextMessageStore
from samrun.trace_ids import header_of_invocation, segment_of
from support.local_aws import LocalAws
from support.stored_mails import mails_in

SENDER = "orders@shop.example"


@pytest.fixture
def recipient(local_aws: LocalAws) -> str:
    """An address to which no other test sends. The sender's domain is verified."""
    local_aws.client("ses").verify_domain_identity(Domain="shop.example")
    return f"{uuid.uuid4().hex}@example.com"


def stored(local_aws: LocalAws, recipient: str) -> tuple[Mail, EmailMessage]:
    """Return the one stored mail to this recipient."""
    [mail] = [mail for mail in mails_in(local_aws.mails) if recipient in mail.recipients]
    return mail, message_from_bytes(local_aws.mails.raw(mail.id), policy=default)


def mime(recipient: str) -> bytes:
    message = EmailMessage()
    message["From"] = f'"The Analytical Bookshop" <{SENDER}>'
    message["To"] = f'"Lovelace, Ada" <{recipient}>'
    message["Subject"] = "Đơn hàng của bạn"
    message["X-Own"] = "kept"
    message.set_content("Cảm ơn bạn!", cte="base64")
    message.add_alternative("<p>Cảm ơn bạn!</p>", subtype="html", cte="base64")
    message.set_boundary("always-the-same")
    return message.as_bytes()


def send_raw_v2(aws: LocalAws, recipient: str) -> str:
    sent = aws.client("sesv2").send_email(
        FromEmailAddress=f'"The Analytical Bookshop" <{SENDER}>',
        Destination={"ToAddresses": [recipient], "BccAddresses": ["archive@example.com"]},
        Content={"Raw": {"Data": mime(recipient)}},
    )
    return str(sent["MessageId"])


def send_raw_v1(aws: LocalAws, recipient: str) -> str:
    sent = aws.client("ses").send_raw_email(
        Source=SENDER, Destinations=[recipient, "archive@example.com"], RawMessage={"Data": mime(recipient)}
    )
    return str(sent["MessageId"])


@pytest.mark.parametrize("send", [send_raw_v2, send_raw_v1])
def test_raw_mail_is_stored_once_as_it_was_sent(
    local_aws: LocalAws, recipient: str, send: Callable[[LocalAws, str], str]
) -> None:
    identifier = send(local_aws, recipient)
    mail, message = stored(local_aws, recipient)
    assert mail.sender == SENDER
    assert sorted(mail.recipients) == sorted([recipient, "archive@example.com"])
    assert identifier in message["message-id"]
    assert message["subject"] == "Đơn hàng của bạn"
    assert message["x-own"] == "kept"
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert message.get_body(("plain",)).get_content().strip() == "Cảm ơn bạn!"  # type: ignore[union-attr]
    assert local_aws.mails.raw(mail.id).endswith(mime(recipient))


@pytest.mark.parametrize(
    ("body", "kind"), [({"Text": {"Data": "Thank you!"}}, "text/plain"), ({"Html": {"Data": "<p>1</p>"}}, "text/html")]
)
def test_simple_mail_is_stored_once(local_aws: LocalAws, recipient: str, body: Any, kind: str) -> None:
    sent = local_aws.client("sesv2").send_email(
        FromEmailAddress=f"Shop <{SENDER}>",
        Destination={"ToAddresses": [f"Ada <{recipient}>"], "CcAddresses": ["copy@example.com"]},
        Content={"Simple": {"Subject": {"Data": "Your order"}, "Body": body}},
    )
    mail, message = stored(local_aws, recipient)
    assert mail.sender == SENDER
    assert mail.recipients == (recipient, "copy@example.com")
    assert sent["MessageId"] in message["message-id"]
    assert (message["from"], message["to"]) == (f"Shop <{SENDER}>", f"Ada <{recipient}>")
    assert (message["cc"], message["subject"]) == ("copy@example.com", "Your order")
    assert message.get_content_type() == kind


def test_simple_mail_does_not_name_its_hidden_recipients(local_aws: LocalAws, recipient: str) -> None:
    local_aws.client("sesv2").send_email(
        FromEmailAddress=SENDER,
        Destination={"BccAddresses": [recipient]},
        Content={"Simple": {"Subject": {"Data": "Your order"}, "Body": {"Text": {"Data": "Thank you!"}}}},
    )
    _, message = stored(local_aws, recipient)
    assert "to" not in message
    assert recipient not in message.as_string()


@pytest.mark.parametrize(
    ("subject", "body", "shown"), [("Your\norder", "Thank you!", "Your order"), ("Order \ud83d", "\udcff", "Order ?")]
)
def test_simple_mail_with_unencodable_text_is_stored_with_replacements(
    local_aws: LocalAws, recipient: str, subject: str, body: str, shown: str
) -> None:
    local_aws.client("sesv2").send_email(
        FromEmailAddress=SENDER,
        Destination={"ToAddresses": [recipient]},
        Content={"Simple": {"Subject": {"Data": subject}, "Body": {"Text": {"Data": body}}}},
    )
    assert stored(local_aws, recipient)[1]["subject"] == shown


@pytest.fixture
def template(local_aws: LocalAws) -> str:
    name = uuid.uuid4().hex
    local_aws.client("ses").create_template(
        Template={"TemplateName": name, "SubjectPart": "{{a}}", "TextPart": "{{a}}", "HtmlPart": "{{a}}"}
    )
    return name


def test_templated_mail_is_stored_as_an_explanation(local_aws: LocalAws, recipient: str, template: str) -> None:
    local_aws.client("ses").send_templated_email(
        Source=SENDER, Destination={"ToAddresses": [recipient]}, Template=template, TemplateData='{"a": "b"}'
    )
    _, message = stored(local_aws, recipient)
    assert (message["to"], message["subject"]) == (recipient, f"The template {template}")
    assert "the local AWS does not" in message.get_content()
    assert '{"a": "b"}' in message.get_content()


def test_each_mail_of_a_bulk_is_stored_as_an_explanation(local_aws: LocalAws, recipient: str, template: str) -> None:
    local_aws.client("ses").send_bulk_templated_email(
        Source=SENDER,
        Template=template,
        DefaultTemplateData='{"a": "all"}',
        Destinations=[
            {"Destination": {"ToAddresses": [recipient]}, "ReplacementTemplateData": '{"a": "own"}'},
            {"Destination": {"ToAddresses": [f"other-{recipient}"]}},
        ],
    )
    assert "own" in stored(local_aws, recipient)[1].get_content()
    assert "all" in stored(local_aws, f"other-{recipient}")[1].get_content()


def test_mail_of_an_unverified_sender_is_refused_and_not_stored(local_aws: LocalAws, recipient: str) -> None:
    client = local_aws.client("sesv2")
    with pytest.raises(client.exceptions.MessageRejected):
        client.send_email(
            FromEmailAddress="orders@elsewhere.example",
            Destination={"ToAddresses": [recipient]},
            Content={"Raw": {"Data": mime(recipient)}},
        )
    assert [mail for mail in mails_in(local_aws.mails) if recipient in mail.recipients] == []


def test_other_requests_store_no_mail_twice(local_aws: LocalAws, recipient: str) -> None:
    send_raw_v2(local_aws, recipient)
    for _ in range(3):
        local_aws.client("sqs").list_queues()
    assert stored(local_aws, recipient)


def test_mails_are_stored_after_a_reset_of_moto_too(local_aws: LocalAws, recipient: str) -> None:
    send_raw_v2(local_aws, recipient)
    httpx.post(f"{local_aws.url}/moto-api/reset").raise_for_status()
    local_aws.client("ses").verify_domain_identity(Domain="shop.example")
    send_raw_v2(local_aws, f"again-{recipient}")
    assert stored(local_aws, recipient)
    assert stored(local_aws, f"again-{recipient}")


def test_send_quota_counts_the_stored_mails(local_aws: LocalAws, recipient: str) -> None:
    client = local_aws.client("ses")
    before = client.get_send_quota()["SentLast24Hours"]
    send_raw_v1(local_aws, recipient)
    assert client.get_send_quota()["SentLast24Hours"] > before


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example.com"}, 403),
        ({"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 403),
        ({"Host": "evil.example.com:4566"}, 400),
        ({}, 200),
    ],
)
def test_motos_own_api_is_closed_to_browsers(local_aws: LocalAws, headers: dict[str, str], status: int) -> None:
    for path in ("", "/data.json"):
        assert httpx.get(f"{local_aws.url}/moto-api{path}", headers=headers).status_code == status
    if status != 200:
        queue = local_aws.client("sqs").create_queue(QueueName=uuid.uuid4().hex)["QueueUrl"]
        assert httpx.post(f"{local_aws.url}/moto-api/reset", headers=headers).status_code == status
        assert queue in local_aws.client("sqs").list_queues()["QueueUrls"]


def test_a_page_of_a_bucket_is_shown_but_may_not_call_services(local_aws: LocalAws) -> None:
    s3 = local_aws.client("s3")
    s3.create_bucket(Bucket="pages", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket="pages", Key="index.html", Body=b"<p>A page</p>")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "pages", "Key": "index.html"})
    assert httpx.get(url, headers={"Sec-Fetch-Site": "none"}).text == "<p>A page</p>"
    call = {"X-Amz-Target": "secretsmanager.ListSecrets", "Content-Type": "application/x-amz-json-1.1"}
    assert httpx.post(local_aws.url, json={}, headers=call).status_code == 200
    of_page = {"Sec-Fetch-Site": "same-origin", "Origin": local_aws.url}
    assert httpx.post(local_aws.url, json={}, headers=call | of_page).status_code == 403


def test_buckets_are_reached_by_their_names(local_aws: LocalAws) -> None:
    host = local_aws.url.removeprefix("http://").replace("127.0.0.1", "orders.localhost")
    assert httpx.get(local_aws.url, headers={"Host": host}).status_code != 400


def test_moto_lists_only_the_newest_mails(local_aws: LocalAws, recipient: str) -> None:
    for number in range(15):
        local_aws.client("sesv2").send_email(
            FromEmailAddress=SENDER,
            Destination={"ToAddresses": [recipient]},
            Content={"Raw": {"Data": f"To: {recipient}\r\nSubject: {number}\r\n\r\n".encode() + b"x" * 1_000_000}},
        )
    listed = [each["raw_data"] for each in httpx.get(f"{local_aws.url}/moto-api/data.json").json()["ses"]["RawMessage"]]
    assert sum(map(len, listed)) < 11_000_000
    assert "Subject: 14" in listed[-1]
    assert len([mail for mail in mails_in(local_aws.mails) if recipient in mail.recipients]) == 15


def test_moto_lists_only_the_newest_of_each_kind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from moto.sqs.models import Message

    monkeypatch.setattr(moto_server, "_MAX_LISTED", 3)
    monkeypatch.setattr(Message, "instances_tracked", [])
    stores = MailStore(tmp_path / "mails"), TextMessageStore(tmp_path / "text-messages")
    middleware = MessageStoringMiddleware(lambda _, __: [], *stores)
    messages = [Message(str(number), "text") for number in range(7)]
    for _ in range(3):
        middleware({"REQUEST_METHOD": "GET"}, lambda *_: lambda _: None)
    kind: Any = Message
    assert kind.instances_tracked == messages[-3:]


def test_body_of_a_refused_request_is_no_request(local_aws: LocalAws) -> None:
    queue = local_aws.client("sqs").create_queue(QueueName=uuid.uuid4().hex)["QueueUrl"]
    host = local_aws.url.removeprefix("http://")
    smuggled = f"POST /moto-api/reset HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n".encode()
    head = f"POST / HTTP/1.1\r\nHost: {host}\r\nOrigin: http://evil.example.com\r\nContent-Length: {len(smuggled)}\r\n"
    with socket.create_connection((host.partition(":")[0], int(host.partition(":")[2])), timeout=20) as connection:
        connection.sendall(head.encode() + b"\r\n" + smuggled)
        answer = b"".join(iter(lambda: connection.recv(1000), b""))
    assert answer.count(b"HTTP/1.1") == 1
    assert answer.split()[1] == b"403"
    assert queue in local_aws.client("sqs").list_queues()["QueueUrls"]


@pytest.mark.parametrize(
    "odd", ["(" * 3000, "<" * 3000, ":" * 3000, "\ud800 <a@b>", "=?idna?q?=ff?= <a@b>", "a\r\nB: c"]
)
def test_message_with_odd_addresses_is_stored(odd: str, tmp_path: Path) -> None:
    store = MailStore(tmp_path)
    simple = {"source": odd, "destinations": {"ToAddresses": [odd]}, "subject": odd, "body": odd}
    raw = {"source": odd, "destinations": [odd], "raw_data": f"To: {odd}\r\n\r\n"}
    for message in (simple, raw):
        moto_server.store_mails(SimpleNamespace(id="1", **message), "us-east-1", store)
    assert len(mails_in(store)) == 2


def test_mail_keeps_the_configuration_set_and_the_tags_of_its_request(local_aws: LocalAws, recipient: str) -> None:
    options = SendOptions(configuration_set="shop", tags={"order": "ord_1", "kind": "a b&c"})
    tags = [{"Name": name, "Value": value} for name, value in options.tags.items()]
    local_aws.client("ses").send_raw_email(
        Source=SENDER,
        Destinations=[recipient],
        RawMessage={"Data": mime(recipient)},
        ConfigurationSetName="shop",
        Tags=tags,
    )
    other = f"second-{recipient}"
    local_aws.client("sesv2").send_email(
        FromEmailAddress=SENDER,
        Destination={"ToAddresses": [other]},
        Content={"Raw": {"Data": mime(other)}},
        ConfigurationSetName="shop",
        EmailTags=tags,
    )
    assert stored(local_aws, recipient)[0].options == options
    assert stored(local_aws, other)[0].options == options


@pytest.mark.parametrize("service", ["ses", "sesv2", "sns"])
def test_message_names_the_invocation_whose_call_sent_it(
    local_aws: LocalAws, recipient: str, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    request_id = str(uuid.uuid4())
    # As in a function: boto3 makes a header of these.
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "Fn")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header_of_invocation(request_id))
    client, content = local_aws.client(service), {"Raw": {"Data": mime(recipient)}}
    match service:
        case "ses":
            client.send_raw_email(Source=SENDER, Destinations=[recipient], RawMessage=content["Raw"])
        case "sesv2":
            client.send_email(FromEmailAddress=SENDER, Destination={"ToAddresses": [recipient]}, Content=content)
        case "sns":
            client.publish(PhoneNumber="+14155550100", Message=recipient)
            [message] = [each for each in local_aws.text_messages.newest(100) if each.text == recipient]
            assert message.invocation == segment_of(request_id)
            return
    assert stored(local_aws, recipient)[0].options.invocation == segment_of(request_id)


def test_mails_that_are_sent_at_once_keep_their_own_options(local_aws: LocalAws, recipient: str) -> None:
    def send(number: int) -> None:
        local_aws.client("sesv2").send_email(
            FromEmailAddress=SENDER,
            Destination={"ToAddresses": [f"{number}-{recipient}"]},
            Content={"Raw": {"Data": mime(f"{number}-{recipient}")}},
            EmailTags=[{"Name": "number", "Value": str(number)}],
        )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(24)))
    for number in range(24):
        assert stored(local_aws, f"{number}-{recipient}")[0].options.tags == {"number": str(number)}


def test_text_message_is_stored_with_its_sender(local_aws: LocalAws) -> None:
    sns, number = local_aws.client("sns"), f"+4930{uuid.uuid4().int % 10**8:08d}"
    sns.publish(PhoneNumber=number, Message="Đơn hàng €1")
    attributes = {"AWS.SNS.SMS.SenderID": {"DataType": "String", "StringValue": "Bookshop"}}
    sns.publish(PhoneNumber=number, Message="Paid", MessageAttributes=attributes)
    found = [each for each in local_aws.text_messages.newest(100) if each.to == number]
    assert [(each.text, each.sender_id) for each in found] == [("Paid", "Bookshop"), ("Đơn hàng €1", "")]


def test_messages_of_topics_are_no_text_messages(local_aws: LocalAws) -> None:
    before = local_aws.text_messages.identifiers()
    topic = local_aws.client("sns").create_topic(Name=uuid.uuid4().hex)["TopicArn"]
    local_aws.client("sns").publish(TopicArn=topic, Message="PhoneNumber=1")
    assert local_aws.text_messages.identifiers() == before
