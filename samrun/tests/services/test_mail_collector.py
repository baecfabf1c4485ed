"""Collector of the mails that an external moto accepts."""

import asyncio
import uuid
from email import message_from_bytes
from pathlib import Path

import pytest

from samrun.endpoints import url
from samrun.services.external import check_endpoint
from samrun.services.mail_collector import MailCollector
from samrun.services.mail_store import Mail, MailStore
from samrun.services.text_message_store import TextMessageStore
from samrun.testing.waiting import eventually
from support.local_aws import LocalAws
from support.stored_mails import mails_in

REGION = "eu-central-1"


@pytest.fixture
def inbox(tmp_path: Path) -> MailStore:
    return MailStore(tmp_path / "mails")


@pytest.fixture
def text_messages(tmp_path: Path) -> TextMessageStore:
    return TextMessageStore(tmp_path / "text-messages")


def send(aws: LocalAws, recipient: str, *, raw: bool) -> str:
    """Send a mail and return the id that SES gave it."""
    text = f"From: orders@shop.example\r\nTo: {recipient}\r\nSubject: Hi\r\n\r\nHi\r\n".encode()
    simple = {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": "Hi"}}}
    sent = aws.client("sesv2").send_email(
        FromEmailAddress="orders@shop.example",
        Destination={"ToAddresses": [recipient], "BccAddresses": ["archive@example.com"]},
        Content={"Raw": {"Data": text}} if raw else {"Simple": simple},
    )
    return str(sent["MessageId"])


async def collect(collector: MailCollector, inbox: MailStore, *, count: int) -> list[Mail]:
    """Collect until the inbox has `count` mails, and then once more."""
    collecting = asyncio.create_task(collector.collect())
    await asyncio.to_thread(eventually, lambda: len(mails_in(inbox)) >= count, what=f"{count} mails")
    await asyncio.sleep(0.5)
    collecting.cancel()
    return mails_in(inbox)


def test_collector_stores_each_new_mail_and_text_message_of_an_external_moto_once(
    local_aws: LocalAws, inbox: MailStore, text_messages: TextMessageStore
) -> None:
    local_aws.client("ses").verify_domain_identity(Domain="shop.example")
    earlier, first, second = (f"{uuid.uuid4().hex}@example.com" for _ in range(3))
    send(local_aws, earlier, raw=True)
    local_aws.client("sns").publish(PhoneNumber="+4930000001", Message="Earlier")

    async def run() -> tuple[list[Mail], set[str]]:
        collector = MailCollector(local_aws.url, inbox, text_messages, region=REGION)
        assert await collector.skip_earlier_mails()
        sent = {send(local_aws, first, raw=True), send(local_aws, second, raw=False)}
        local_aws.client("sns").publish(PhoneNumber="+4930000002", Message="Paid")
        return await collect(collector, inbox, count=2), sent

    mails, sent = asyncio.run(run())
    assert {mail.recipients for mail in mails} == {(each, "archive@example.com") for each in (first, second)}
    identifiers = {str(message_from_bytes(inbox.raw(mail.id))["Message-ID"]) for mail in mails}
    assert [(each.to, each.text) for each in text_messages.newest(9)] == [("+4930000002", "Paid")]
    assert identifiers == {f"<{each}@{REGION}.amazonses.com>" for each in sent}


def test_collector_finds_no_mails_where_the_service_is_not_moto(
    inbox: MailStore, text_messages: TextMessageStore
) -> None:
    async def answer_with_a_list(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n[]")
        writer.close()

    async def run() -> bool:
        async with await asyncio.start_server(answer_with_a_list, "127.0.0.1", 0) as server:
            address = url(server.sockets[0].getsockname()[1])
            await check_endpoint(address, variable="AWS_ENDPOINT_URL")
            return await MailCollector(address, inbox, text_messages, region=REGION).skip_earlier_mails()

    assert not asyncio.run(run())
