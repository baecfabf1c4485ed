"""Simulated feedback: the events have SES's form, and go where the template says."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from samrun.console.inbox.feedback import FeedbackResult, FeedbackSimulator
from samrun.console.inbox.mail_events import FEEDBACK, mail_event
from samrun.console.inbox.message import headers, parse_message
from samrun.console.inbox.summary import Summary, summarize
from samrun.filtering.filter_pattern import FilterPattern
from samrun.services.mail_store import Mail
from samrun.services.send_options import SendOptions
from samrun.template.model.application import Application
from samrun.template.model.triggers import EventRule, EventTarget, MailEventDestination
from support.local_aws import LocalAws

RAW = b"""Message-ID: <0100-ab@eu-central-1.amazonses.com>
From: The Shop <orders@shop.example>
To: Ada <ada@example.com>
Subject: Paid
X-SES-MESSAGE-TAGS: campaign=spring, order=other

Hi
"""
NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
NOTHING = Application(functions=(), apis=(), mappings=(), schedules=(), resources=(), ignored=())
BUS = MailEventDestination(
    logical_id="MailEvents", configuration_set="shop", event_types=frozenset({"bounce", "deliveryDelay"}), topic=None
)


def summary(configuration_set: str = "shop") -> Summary:
    mail = Mail(
        id="1",
        sender="orders@shop.example",
        recipients=("ada@example.com",),
        created=datetime(2026, 11, 22, 12, tzinfo=UTC),
        read=True,
        options=SendOptions(configuration_set=configuration_set, tags={"order": "ord_1"}),
    )
    return summarize(mail, parse_message(RAW))


def rule(pattern: dict[str, Any]) -> EventRule:
    target = EventTarget(arn="arn:aws:lambda:::function:Feedback", function="Feedback")
    return EventRule(
        logical_id="Mails", arn="arn", bus="default", pattern=FilterPattern.of_rule(pattern), targets=(target,)
    )


def send(aws: LocalAws, application: Application, kind: str = "bounce", name: str = "shop") -> FeedbackResult:
    simulator = FeedbackSimulator(application=application, client=aws.client)
    return simulator.send(FEEDBACK[kind], summary(name), headers(RAW))


def received(aws: LocalAws, queue: str) -> dict[str, Any]:
    [message] = aws.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    body: dict[str, Any] = json.loads(message["Body"])
    return body


@pytest.mark.parametrize("kind", FEEDBACK)
def test_event_has_the_form_of_ses(kind: str) -> None:
    event = mail_event(FEEDBACK[kind], summary(), headers(RAW), region="eu-central-1", now=NOW).in_event_bridge
    detail = event["detail"]
    assert event["resources"] == ["arn:aws:ses:eu-central-1:123456789012:configuration-set/shop"]
    assert (event["source"], event["time"]) == ("aws.ses", "2026-11-22T12:30:00Z")
    assert detail["mail"]["messageId"] == "0100-ab"
    assert detail["mail"]["timestamp"] == "2026-11-22T12:00:00.000Z"
    assert detail["mail"]["commonHeaders"]["to"] == ["Ada <ada@example.com>"]
    assert detail["mail"]["tags"]["ses:configuration-set"] == ["shop"]
    assert detail["mail"]["tags"]["order"] == ["ord_1"], "the tags of the request win over those of the header"
    assert detail["mail"]["tags"]["campaign"] == ["spring"]
    assert "ada@example.com" in json.dumps(detail[FEEDBACK[kind].details_name])
    assert detail[FEEDBACK[kind].details_name]["timestamp"] == "2026-11-22T12:30:00.000Z"


def test_names_are_those_of_ses_and_of_eventbridge() -> None:
    names = [(each.event, each.event_type, each.details_name, each.detail_type) for each in FEEDBACK.values()]
    assert names == [
        ("Delivery", "delivery", "delivery", "Email Delivered"),
        ("Bounce", "bounce", "bounce", "Email Bounced"),
        ("Complaint", "complaint", "complaint", "Email Complaint Received"),
        ("DeliveryDelay", "deliveryDelay", "deliveryDelay", "Email Delivery Delayed"),
    ]


def test_event_goes_to_the_default_event_bus(local_aws: LocalAws) -> None:
    sqs, events = local_aws.client("sqs"), local_aws.client("events")
    queue = sqs.create_queue(QueueName="feedback-of-the-bus")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="feedback", EventPattern=json.dumps({"source": ["aws.ses"]}))
    events.put_targets(Rule="feedback", Targets=[{"Id": "1", "Arn": arn}])
    matching = rule({"source": ["aws.ses"], "detail": {"mail": {"tags": {"ses:configuration-set": ["shop"]}}}})
    application = replace(NOTHING, mail_event_destinations=(BUS,), event_rules=(matching,))

    result = send(local_aws, application)

    assert (result.sent, result.problem) == (("MailEvents: sent to the default event bus; Feedback gets it",), "")
    event = received(local_aws, queue)
    assert (event["detail-type"], event["detail"]["eventType"]) == ("Email Bounced", "Bounce")
    events.remove_targets(Rule="feedback", Ids=["1"])


def test_event_goes_to_a_topic_as_it_is(local_aws: LocalAws) -> None:
    sqs, sns = local_aws.client("sqs"), local_aws.client("sns")
    queue = sqs.create_queue(QueueName="feedback-of-a-topic")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name="feedback")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    result = send(local_aws, replace(NOTHING, mail_event_destinations=(replace(BUS, topic=topic),)))

    assert result.sent == ("MailEvents: sent to the topic feedback",)
    assert json.loads(received(local_aws, queue)["Message"])["eventType"] == "Bounce"


def test_event_that_no_rule_matches_says_so(local_aws: LocalAws) -> None:
    others = rule({"source": ["shop"]})
    [line] = send(local_aws, replace(NOTHING, mail_event_destinations=(BUS,), event_rules=(others,))).sent
    assert line.endswith("no rule of the template matches it, so no function gets it")


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("bounce", "", "sent without a configuration set"),
        ("bounce", "other", "takes bounce for the configuration set other"),
        ("complaint", "shop", "takes complaint for the configuration set shop"),
    ],
)
def test_event_that_nobody_gets_is_not_sent(local_aws: LocalAws, kind: str, name: str, words: str) -> None:
    result = send(local_aws, replace(NOTHING, mail_event_destinations=(BUS,)), kind, name)
    assert result.sent == ()
    assert words in result.problem


def test_topic_that_is_not_there_is_a_problem_in_words(local_aws: LocalAws) -> None:
    missing = replace(BUS, topic="arn:aws:sns:eu-central-1:123456789012:missing")
    result = send(local_aws, replace(NOTHING, mail_event_destinations=(missing,)))
    assert "The local AWS did not take the event" in result.problem
