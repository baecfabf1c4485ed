"""The whole function against moto, with the sample events of the mapping."""

from __future__ import annotations

import copy
import importlib
import json
import logging
from dataclasses import dataclass, replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import pytest
from moto.ses.models import ses_backends

from tests.notify.conftest import ses_of, with_ses

if TYPE_CHECKING:
    import boto3
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

    from functions.notify.notifier import Notifier
    from tests.notify.conftest import Clock

SAMPLES = Path(__file__).parents[2] / "events/kafka"
ACCOUNT, REGION = "123456789012", "eu-central-1"
ENVIRONMENT = {
    "AWS_DEFAULT_REGION": REGION,
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "NOTIFICATIONS_TABLE": "notifications",
    "DEAD_LETTER_QUEUE_URL": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/dead-letters",
    "CONFIGURATION_SET": "orders",
    "MAILS_PER_SECOND": "1000",
    "MOST_ENVIRONMENTS": "1",
    "REPLY_TO_ADDRESS": "help@shop.example.com",
    "SENDER_ADDRESS": "orders@shop.example.com",
    "TEXTS_PER_SECOND": "1000",
    "TEXT_SENDER_ID": "",
    "SHOP_NAME": "The Analytical Bookshop",
    "UNKNOWN_POLICY": "resend",
    "MAXIMUM_EVENT_AGE_SECONDS": "259200",
    "POWERTOOLS_METRICS_NAMESPACE": "Shop",
}


MAIL_OF_MSK = {
    "order_id": {"S": "ord_a7yuqahkcwyojza3z7chx7dkkq"},
    "notification_id": {"S": "3d340d65-4092-54eb-b504-a38ead16a186#mail"},
}


class App(Protocol):
    """functions/notify/app.py, which reads its environment when it is imported."""

    notifier: Notifier

    def handler(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]: ...


@dataclass
class Context:
    """What Lambda says of an invocation."""

    milliseconds: int = 15_000
    aws_request_id: str = "request-1"
    function_name: str = "notify"
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:notify"

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


@pytest.fixture(scope="session")
def imported_app() -> App:
    with pytest.MonkeyPatch.context() as environment:
        for name, value in ENVIRONMENT.items():
            environment.setenv(name, value)
        return cast("App", importlib.import_module("functions.notify.app"))


@pytest.fixture
def app(
    imported_app: App,
    dynamodb: DynamoDBClient,
    session: boto3.Session,
    dead_letters: str,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> App:
    """The function, its AWS empty but set up, its clock a few minutes after the sample events."""
    ses = session.client("sesv2")
    ses.create_email_identity(EmailIdentity="shop.example.com")
    ses.create_configuration_set(ConfigurationSetName="orders")
    # moto does not know the ledger's statements; tests/system/test_ledger_statements.py has them.
    ledger = replace(imported_app.notifier.ledger, statements=None)
    monkeypatch.setattr(imported_app, "notifier", replace(imported_app.notifier, clock=clock, ledger=ledger))
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
    """Invoke the function and return the places of the records that are to come again."""
    answer = app.handler(event, cast("LambdaContext", Context(milliseconds=milliseconds)))
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
    assert mail["Subject"] == "Your order ord_a7yuqahkcwyojza3z7chx7dkkq is confirmed"
    text, html = mail.iter_parts()
    assert "Notes on the Engine" in cast("EmailMessage", text).get_content()
    assert "€25.00</td>" in cast("EmailMessage", html).get_content()


def test_an_invocation_that_lambda_repeats_does_not_take_the_first_ones_claim_for_its_own(
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


def test_several_partitions_are_mailed_and_what_is_no_event_is_set_aside(
    app: App, sqs: SQSClient, dead_letters: str
) -> None:
    assert invoke(app, load("several-partitions.json")) == []
    assert sorted(mail["Subject"].partition(" ord_")[0] for mail in mails()) == [
        "Your order",
        "Your order",
        "Your order",
        "Đơn hàng",
    ]
    (letter,) = sqs.receive_message(QueueUrl=dead_letters, MessageAttributeNames=["All"])["Messages"]
    assert json.loads(letter["Body"]) == load("several-partitions.json")["records"]["order-events-1"][1]
    assert letter["MessageAttributes"]["id"]["StringValue"] == "order-events-1-5"


def test_a_batch_that_comes_again_sends_nothing_again(app: App) -> None:
    event = load("several-partitions.json")
    assert invoke(app, event) == []
    assert invoke(app, event) == []
    assert len(mails()) == 4


def test_a_key_stops_at_its_first_failure_and_other_keys_go_on(app: App, session: boto3.Session) -> None:
    """Ada's first mail goes to nobody yet, so her other record waits behind it."""
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


def test_an_unverified_sender_loses_nothing(app: App, session: boto3.Session) -> None:
    client = session.client("sesv2")
    client.delete_email_identity(EmailIdentity="shop.example.com")
    assert invoke(app, load("msk.json")) == [("order-events-0", 7)]
    client.create_email_identity(EmailIdentity="shop.example.com")
    assert invoke(app, load("msk.json")) == []
    assert len(mails()) == 1


def test_without_the_queue_a_record_that_cannot_be_read_comes_again(
    app: App, sqs: SQSClient, dead_letters: str
) -> None:
    sqs.delete_queue(QueueUrl=dead_letters)
    assert invoke(app, load("several-partitions.json")) == [("order-events-1", 5)]
    assert len(mails()) == 4


def test_what_does_not_fit_into_the_time_comes_again(app: App) -> None:
    event = load("several-partitions.json")
    assert len(invoke(app, event, milliseconds=3_000)) == 5
    assert mails() == []
    assert invoke(app, event) == []


def test_nobody_is_named_in_the_log(app: App, logs: list[dict[str, Any]], sqs: SQSClient, dead_letters: str) -> None:
    event = load("several-partitions.json")
    invoke(app, event)
    invoke(app, event)
    letters = sqs.receive_message(QueueUrl=dead_letters, MessageAttributeNames=["All"])["Messages"]
    written = json.dumps([logs, *(letter["MessageAttributes"] for letter in letters)], ensure_ascii=False)
    assert len(logs) == 22
    for secret in ("@", "Ada", "Grace", "Nguy", "Ludoviko", "+1415", "This is no event"):
        assert secret not in written


def test_not_even_debug_logs_personal_data(app: App, caplog: pytest.LogCaptureFixture) -> None:
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
def test_libraries_that_log_what_they_send_do_not(app: App, caplog: pytest.LogCaptureFixture, library: str) -> None:
    with caplog.at_level(logging.DEBUG):
        assert not logging.getLogger(library).isEnabledFor(logging.INFO)


@dataclass
class SendsTo:
    """SES but for one recipient, whom it has no quota for."""

    notifier: Notifier
    refusing: str

    def __post_init__(self) -> None:
        self._client = ses_of(self.notifier)

    def send_email(self, **request: Any) -> Any:
        if self.refusing in request["Destination"]["ToAddresses"]:
            response = {"Error": {"Code": "LimitExceededException", "Message": "Daily quota"}}
            raise self._client.exceptions.LimitExceededException(cast("Any", response), "SendEmail")
        return self._client.send_email(**request)
