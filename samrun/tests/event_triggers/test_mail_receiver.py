"""Receipt rules, with the mails that the local SES accepted."""

import json
import threading
import uuid
from concurrent.futures import Future
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

from samrun.event_triggers.mail_receiver import MailReceiver
from samrun.template.model.mail_receipts import ReceiptRule
from samrun.testing.waiting import eventually
from support.fake_invoker import success
from support.local_aws import LocalAws

if TYPE_CHECKING:
    from samrun.functions.invoker import InvocationResult

ARN = "arn:aws:lambda:eu-central-1:123456789012:function:Fn"
NOTIFY: dict[str, Any] = {"LambdaAction": {"FunctionArn": ARN}}


def rule(*actions: dict[str, Any], name: str = "rule", recipient: str) -> ReceiptRule:
    return ReceiptRule(
        logical_id=name, name=name, rule_set="set", recipients=[recipient], actions=actions, functions={ARN: "Fn"}
    )


class ReceivedMails:
    """A receiver, and what its function got."""

    def __init__(self, local_aws: LocalAws, *rules: ReceiptRule, answer: Any = None) -> None:
        self.events: list[Any] = []
        self.reports: list[str] = []
        self._aws = local_aws
        self._answer = answer
        self.receiver = MailReceiver(
            rules=rules,
            mails=local_aws.mails,
            accept=self._take,
            invoke=self._invoke,
            client=local_aws.client,
            report=self.reports.append,
        )

    def _take(self, _function: str, payload: bytes) -> None:
        self.events.append(json.loads(payload))

    def _invoke(self, function: str, payload: bytes) -> "Future[InvocationResult]":
        self._take(function, payload)
        result: Future[InvocationResult] = Future()
        result.set_result(success(self._answer))
        return result

    def send(self, to: str) -> str:
        """Send a mail by SES, have it received, and return its id."""
        before = {each.id for each in self._aws.mails.entries()}
        send(self._aws, to)
        [identifier] = {each.id for each in self._aws.mails.entries()} - before
        self.receiver.receive(identifier)
        return identifier


def send(local_aws: LocalAws, to: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Ada <ada@home.example>", to, "Hello"
    mail.set_content("How are you?")
    ses = local_aws.client("ses")
    ses.verify_email_identity(EmailAddress="ada@home.example")
    ses.send_raw_email(Source="ada@home.example", RawMessage={"Data": mail.as_bytes()})


def address() -> str:
    return f"{uuid.uuid4().hex}@shop.example"


def test_function_gets_the_mail_in_the_form_of_ses(local_aws: LocalAws) -> None:
    to = address()
    mails = ReceivedMails(local_aws, rule(NOTIFY, recipient=to))
    identifier = mails.send(to)
    [record] = mails.events[0]["Records"]
    mail, receipt = record["ses"]["mail"], record["ses"]["receipt"]
    assert (record["eventSource"], mail["messageId"], mail["source"]) == ("aws:ses", identifier, "ada@home.example")
    assert mail["commonHeaders"]["from"] == ["Ada <ada@home.example>"]
    assert (mail["commonHeaders"]["subject"], receipt["recipients"]) == ("Hello", [to])
    assert receipt["action"] == {"type": "Lambda", "invocationType": "Event", "functionArn": ARN}


def test_bucket_gets_the_message_with_the_headers_that_were_added(local_aws: LocalAws) -> None:
    to, bucket = address(), f"inbound-{uuid.uuid4().hex}"
    s3 = local_aws.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    header = {"AddHeaderAction": {"HeaderName": "X-Seen", "HeaderValue": "yes"}}
    store = {"S3Action": {"BucketName": bucket, "ObjectKeyPrefix": "mail/"}}
    identifier = ReceivedMails(local_aws, rule(header, store, recipient=to)).send(to)
    content = s3.get_object(Bucket=bucket, Key=f"mail/{identifier}")["Body"].read()
    assert content.startswith(b"X-Seen: yes\r\n")
    assert b"How are you?" in content


def test_topic_gets_the_content(local_aws: LocalAws) -> None:
    to = address()
    topic = local_aws.client("sns").create_topic(Name=uuid.uuid4().hex)["TopicArn"]
    sqs = local_aws.client("sqs")
    url = sqs.create_queue(QueueName=uuid.uuid4().hex)["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    local_aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    ReceivedMails(local_aws, rule({"SNSAction": {"TopicArn": topic}}, recipient=to)).send(to)
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    notification = json.loads(json.loads(message["Body"])["Message"])
    assert (notification["notificationType"], "How are you?" in notification["content"]) == ("Received", True)


def test_function_that_is_asked_may_stop_the_rules_after_it(local_aws: LocalAws) -> None:
    to = address()
    asks = {"LambdaAction": {"FunctionArn": ARN, "InvocationType": "RequestResponse"}}
    rules = (rule(asks, recipient=to), rule(NOTIFY, name="second", recipient=to))
    for answer, invocations in ((None, 2), ({"disposition": "STOP_RULE_SET"}, 1), ({"disposition": "CONTINUE"}, 2)):
        mails = ReceivedMails(local_aws, *rules, answer=answer)
        mails.send(to)
        assert len(mails.events) == invocations


def test_stop_action_ends_its_rule_set(local_aws: LocalAws) -> None:
    to = address()
    mails = ReceivedMails(
        local_aws, rule({"StopAction": {"Scope": "RuleSet"}}, NOTIFY, recipient=to), rule(NOTIFY, recipient=to)
    )
    mails.send(to)
    assert mails.events == []


def test_action_that_fails_is_said_and_the_next_one_runs(local_aws: LocalAws) -> None:
    to = address()
    mails = ReceivedMails(local_aws, rule({"S3Action": {"BucketName": "no-such-bucket"}}, NOTIFY, recipient=to))
    mails.send(to)
    assert ("S3Action failed" in mails.reports[1], len(mails.events)) == (True, 1)


def test_mails_are_received_as_they_come_but_not_the_earlier_ones(local_aws: LocalAws) -> None:
    to = address()
    send(local_aws, to)
    mails = ReceivedMails(local_aws, rule(NOTIFY, recipient="shop.example"))
    thread = threading.Thread(target=mails.receiver.run)
    thread.start()
    try:
        eventually(lambda: bool(mails.events) or _sent(local_aws, to), what="a mail", patience=30)
    finally:
        mails.receiver.stop()
        thread.join()
    assert mails.events


def _sent(local_aws: LocalAws, to: str) -> bool:
    send(local_aws, to)
    return False
