"""The notify function against moto, with the sample events of the mapping."""

from __future__ import annotations

import copy
import json
import logging
import re
from dataclasses import dataclass, replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import TYPE_CHECKING, Any, Protocol, cast

import pytest
from botocore.exceptions import ClientError
from moto.ses.models import ses_backends

from functions.notify.notifying.pending_writes import PendingWrites
from tests.lambda_context import FakeContext
from tests.notify.notifier.lossy_dynamodb import Loss, LossyDynamoDb
from tests.notify.samples import ACCOUNT, NOTIFY_ENVIRONMENT, REGION, ROOT, mail_of, with_ses

if TYPE_CHECKING:
    import boto3
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

    from functions.notify.aws_clients import MessageId
    from functions.notify.notifying.notifier import Notifier
    from tests.notify.fakes import FakeClock

SAMPLES = ROOT / "events/kafka"
MAIL_OF_MSK = {
    "order_id": {"S": "ord_a7yuqahkcwyojza3z7chx7dkkq"},
    "notification_id": {"S": "3d340d65-4092-54eb-b504-a38ead16a186#mail"},
}


class App(Protocol):
    """functions/notify/handlers/notify.py, which reads its environment when it is imported."""

    notifier: Notifier

    def handler(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]: ...


@pytest.fixture(scope="session")
def imported_app() -> App:
    with pytest.MonkeyPatch.context() as environment:
        for name, value in NOTIFY_ENVIRONMENT.items():
            environment.setenv(name, value)
        from functions.notify.handlers import notify

        return notify


@pytest.fixture
def app(
    imported_app: App,
    dynamodb: DynamoDBClient,
    session: boto3.Session,
    dead_letters: str,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> App:
    """The function, with an empty AWS, and a clock a few minutes after the sample events."""
    ses = session.client("sesv2")
    ses.create_email_identity(EmailIdentity="shop.example.com")
    ses.create_configuration_set(ConfigurationSetName="orders")
    # moto does not support the batch writer's statements; tests/system/test_ledger_batch_writer.py has them.
    ledger = replace(imported_app.notifier.ledger, batch_writer=None)
    notifier = replace(imported_app.notifier, clock=clock, ledger=ledger, pending_writes=PendingWrites())
    monkeypatch.setattr(imported_app, "notifier", notifier)
    return imported_app


@pytest.fixture
def sqs(aws: None, session: boto3.Session) -> SQSClient:
    return session.client("sqs")


@pytest.fixture
def dead_letters(sqs: SQSClient) -> str:
    return sqs.create_queue(QueueName="dead-letters")["QueueUrl"]


def load(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((SAMPLES / name).read_text())
    return event


def invoke(app: App, event: dict[str, Any], *, milliseconds: int = 15_000) -> list[tuple[str, int]]:
    """Invoke the function and return the places of the failed records."""
    answer = app.handler(event, FakeContext("notify", remaining_ms=milliseconds))
    assert list(answer) == ["batchItemFailures"]
    identifiers = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
    assert all(isinstance(identifier["offset"], int) for identifier in identifiers)
    return [(identifier["partition"], identifier["offset"]) for identifier in identifiers]


def mails() -> list[EmailMessage]:
    sent = [
        message_from_bytes(message.raw_data.encode(), policy=default)
        for message in cast("Any", ses_backends[ACCOUNT][REGION]).sent_messages
    ]
    assert all(isinstance(mail, EmailMessage) for mail in sent)
    return sent


@pytest.mark.parametrize("sample", ["msk.json", "self-managed.json"])
def test_a_paid_order_is_mailed(app: App, sample: str) -> None:
    assert invoke(app, load(sample)) == []
    (mail,) = mails()
    assert mail["From"] == "The Analytical Bookshop <orders@shop.example.com>"
    assert mail["To"] == "Ada Lovelace <ada@example.com>"
    assert mail["Reply-To"] == "The Analytical Bookshop <help@shop.example.com>"
    assert mail["X-Notification-Id"] == "3d340d65-4092-54eb-b504-a38ead16a186#mail"
    assert mail["Subject"] == "Confirmed: your order A7YUQ-AHKC7"
    text, html = mail.iter_parts()
    assert "Notes on the Engine" in cast("EmailMessage", text).get_content()
    assert "€25.00</td>" in cast("EmailMessage", html).get_content()


def test_an_invocation_that_lambda_repeats_has_claims_of_its_own(
    app: App,
) -> None:
    owners = set()
    for _ in range(2):
        app.notifier.ledger.client.delete_item(TableName="notifications", Key=MAIL_OF_MSK)
        assert invoke(app, load("msk.json")) == []
        item = app.notifier.ledger.client.get_item(TableName="notifications", Key=MAIL_OF_MSK)["Item"]
        owners.add(item["owner"]["S"])
    assert len(owners) == 2, "both under the request id request-1"
    assert all(owner.startswith("request-1/") for owner in owners)


@pytest.fixture
def lossy(app: App) -> LossyDynamoDb:
    """The function's DynamoDB, which a test makes lose answers."""
    lossy = LossyDynamoDb(client=app.notifier.ledger.client)
    app.notifier = replace(app.notifier, ledger=replace(app.notifier.ledger, client=cast("Any", lossy)))
    return lossy


def status_in_ledger(lossy: LossyDynamoDb) -> str:
    return lossy.client.get_item(TableName="notifications", Key=MAIL_OF_MSK)["Item"]["status"]["S"]


def test_a_lost_claim_is_released_before_the_invocation_ends(app: App, lossy: LossyDynamoDb) -> None:
    lossy.lose(Loss.ANSWER)
    assert invoke(app, load("msk.json")) == [("order-events-0", 7)]
    assert status_in_ledger(lossy) == "waiting"
    assert invoke(app, load("msk.json")) == []
    assert len(mails()) == 1


def test_a_mark_that_got_no_answer_is_made_when_the_next_invocation_begins(app: App, lossy: LossyDynamoDb) -> None:
    lossy.lose(None, Loss.WRITE, None, None, Loss.WRITE)  # the mail's mark, and at the end of the invocation once more
    assert invoke(app, load("msk.json")) == []
    assert status_in_ledger(lossy) == "claimed"
    assert invoke(app, load("msk.json") | {"records": {}}) == []
    assert status_in_ledger(lossy) == "sent"
    assert len(mails()) == 1


def test_several_partitions_are_mailed_and_an_unreadable_record_is_dead_lettered(
    app: App, sqs: SQSClient, dead_letters: str
) -> None:
    assert invoke(app, load("several-partitions.json")) == []
    assert sorted(re.split(" [A-Z2-7]{5}-[A-Z2-7]{5}", mail["Subject"])[0] for mail in mails()) == [
        "Confirmed: your order",
        "Confirmed: your order",
        "Confirmed: your order",
        "Đã xác nhận: đơn hàng",
    ]
    (message,) = sqs.receive_message(QueueUrl=dead_letters, MessageAttributeNames=["All"])["Messages"]
    assert json.loads(message["Body"]) == load("several-partitions.json")["records"]["order-events-1"][1]
    assert message["MessageAttributes"]["id"]["StringValue"] == "order-events-1-5"


def test_a_retried_batch_sends_no_second_mail(app: App) -> None:
    event = load("several-partitions.json")
    assert invoke(app, event) == []
    assert invoke(app, event) == []
    assert len(mails()) == 4


def test_a_key_group_stops_at_its_first_failure_and_the_others_continue(app: App, session: boto3.Session) -> None:
    """Ada's first mail is deferred, so her other record waits behind it."""
    event = load("several-partitions.json")
    first = event["records"]["order-events-0"][0]
    event["records"]["order-events-0"].append(copy.deepcopy(first) | {"offset": 9})
    ses = SendsTo(app.notifier, refusing="ada@example.com")
    app.notifier = with_ses(app.notifier, ses)

    assert invoke(app, event) == [("order-events-0", 7), ("order-events-0", 9)]
    assert len(mails()) == 3

    ses.refusing = ""
    assert invoke(app, event) == []
    assert len(mails()) == 4


def test_an_unverified_sender_loses_no_record(app: App, session: boto3.Session) -> None:
    client = session.client("sesv2")
    client.delete_email_identity(EmailIdentity="shop.example.com")
    assert invoke(app, load("msk.json")) == [("order-events-0", 7)]
    client.create_email_identity(EmailIdentity="shop.example.com")
    assert invoke(app, load("msk.json")) == []
    assert len(mails()) == 1


def test_an_unreadable_record_is_retried_without_the_queue(app: App, sqs: SQSClient, dead_letters: str) -> None:
    sqs.delete_queue(QueueUrl=dead_letters)
    assert invoke(app, load("several-partitions.json")) == [("order-events-1", 5)]
    assert len(mails()) == 4


def test_records_that_do_not_fit_into_the_time_are_retried(app: App) -> None:
    event = load("several-partitions.json")
    assert len(invoke(app, event, milliseconds=3_000)) == 5
    assert mails() == []
    assert invoke(app, event) == []


def test_the_log_names_no_person(app: App, logs: list[dict[str, Any]], sqs: SQSClient, dead_letters: str) -> None:
    event = load("several-partitions.json")
    invoke(app, event)
    invoke(app, event)
    messages = sqs.receive_message(QueueUrl=dead_letters, MessageAttributeNames=["All"])["Messages"]
    written = json.dumps([logs, *(message["MessageAttributes"] for message in messages)], ensure_ascii=False)
    assert len(logs) == 22
    for secret in ("@", "Ada", "Grace", "Nguy", "Ludoviko", "+1415", "This is no event"):
        assert secret not in written


def test_the_log_at_debug_names_no_person(app: App, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        invoke(app, load("several-partitions.json"))
    assert len(mails()) == 4
    assert caplog.records
    for secret in ("@", "Ada", "Grace", "Nguy", "Ludoviko", "+1415", "This is no event"):
        assert secret not in caplog.text


@pytest.mark.parametrize(
    "library",
    [
        "aws_lambda_powertools.metrics",
        "aws_xray_sdk.core.emitters.udp_emitter",
        "boto3",
        "botocore.endpoint",
        "botocore.parsers",
        "urllib3.connectionpool",
    ],
)
def test_libraries_that_log_their_requests_do_not(app: App, caplog: pytest.LogCaptureFixture, library: str) -> None:
    with caplog.at_level(logging.DEBUG):
        assert not logging.getLogger(library).isEnabledFor(logging.INFO)


@dataclass
class SendsTo:
    """SES with no quota left for one recipient."""

    notifier: Notifier
    refusing: str

    def __post_init__(self) -> None:
        self._client = mail_of(self.notifier).mailer.client

    def send_email(self, **request: Any) -> MessageId:
        if self.refusing in request["Destination"]["ToAddresses"]:
            raise ClientError({"Error": {"Code": "LimitExceededException", "Message": "Daily quota"}}, "SendEmail")
        return self._client.send_email(**request)
