"""An AWS that runs elsewhere: that it is there, and what becomes of the mails that it accepts."""

import asyncio
import uuid
from email import message_from_bytes
from pathlib import Path

import pytest

from local.attached import AttachedError, SentMails, check
from local.endpoints import url
from local.mails import Mail, MailStore
from local.ports import claim
from tests.local.conftest import LocalAws
from tests.system.running import eventually

REGION = "eu-central-1"


@pytest.fixture
def inbox(tmp_path: Path) -> MailStore:
    return MailStore(tmp_path / "mails")


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


async def collected(mails: SentMails, inbox: MailStore, *, count: int) -> list[Mail]:
    """Collect mails until there are so many, and once again."""
    collecting = asyncio.create_task(mails.collect())
    await asyncio.to_thread(eventually, lambda: len(inbox.newest_first()) >= count, what=f"{count} mails")
    await asyncio.sleep(0.5)
    collecting.cancel()
    return inbox.newest_first()


def test_each_mail_that_a_moto_elsewhere_accepts_is_kept_once(local_aws: LocalAws, inbox: MailStore) -> None:
    local_aws.client("ses").verify_domain_identity(Domain="shop.example")
    earlier, first, second = (f"{uuid.uuid4().hex}@example.com" for _ in range(3))
    send(local_aws, earlier, raw=True)

    async def run() -> tuple[list[Mail], set[str]]:
        mails = SentMails(local_aws.url, inbox, region=REGION)
        assert await mails.begin()
        sent = {send(local_aws, first, raw=True), send(local_aws, second, raw=False)}
        return await collected(mails, inbox, count=2), sent

    mails, sent = asyncio.run(run())
    assert {mail.recipients for mail in mails} == {(each, "archive@example.com") for each in (first, second)}
    identifiers = {str(message_from_bytes(inbox.raw(mail.id))["Message-ID"]) for mail in mails}
    assert identifiers == {f"<{each}@{REGION}.amazonses.com>" for each in sent}


def test_what_is_no_moto_has_no_mails_to_keep(inbox: MailStore) -> None:
    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n[]")
        writer.close()

    async def run() -> bool:
        async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
            address = url(server.sockets[0].getsockname()[1])
            await check(address, variable="AWS_ENDPOINT_URL")
            return await SentMails(address, inbox, region=REGION).begin()

    assert not asyncio.run(run())


def test_what_does_not_answer_is_an_error_that_says_what_to_do() -> None:
    address = url(claim("aws", 0))
    with pytest.raises(AttachedError, match=f"^Nothing answers at {address}, .* or unset AWS_ENDPOINT_URL.$"):
        asyncio.run(check(address, variable="AWS_ENDPOINT_URL"))
