"""Rules of an event bus and their targets."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

import pytest

from samrun.event_triggers.event_bus import EventBus, rules_by_bus
from samrun.filtering.filter_pattern import FilterPattern
from samrun.template.model.triggers import EventRule, EventTarget
from support.local_aws import LocalAws

EVENT = {
    "version": "0",
    "id": "e-1",
    "source": "shop",
    "detail-type": "Placed",
    "account": "123456789012",
    "time": "2026-11-29T12:00:00Z",
    "region": "eu-central-1",
    "resources": [],
    "detail": {"total": 150},
}


def target(arn: str = "arn:aws:lambda:eu-central-1:123456789012:function:Fn", **fields: Any) -> EventTarget:
    return EventTarget(arn=arn, function="Fn" if ":lambda:" in arn else None, **fields)


def rule(*targets: EventTarget, bus: str = "default", pattern: Mapping[str, Any] | None = None) -> EventRule:
    return EventRule(
        logical_id="Rule",
        arn="arn:aws:events:eu-central-1:123456789012:rule/Rule",
        bus=bus,
        pattern=FilterPattern.of_rule(pattern or {"source": ["shop"]}),
        targets=targets,
    )


class Recorded:
    """A bus, what its functions got, and what it reported."""

    def __init__(self, local_aws: LocalAws, *rules: EventRule, name: str = "default") -> None:
        self.accepted: list[tuple[str, Any]] = []
        self.reports: list[str] = []
        self.bus = EventBus(
            name=name,
            rules=rules,
            accept=lambda function, payload: self.accepted.append((function, json.loads(payload))),
            client=local_aws.client,
            report=self.reports.append,
        )

    def pass_on(self, **fields: Any) -> None:
        self.bus.pass_on(json.dumps(EVENT | fields))


def test_function_gets_the_events_that_its_rule_matches(local_aws: LocalAws) -> None:
    recorded = Recorded(local_aws, rule(target(), pattern={"detail": {"total": [{"numeric": [">", 100]}]}}))
    recorded.pass_on()
    recorded.pass_on(detail={"total": 50})
    assert recorded.accepted == [("Fn", EVENT)]


def test_each_rule_and_target_gets_the_event(local_aws: LocalAws) -> None:
    recorded = Recorded(local_aws, rule(target(), target(input='"constant"')), rule(target(input_path="$.detail")))
    recorded.pass_on()
    assert [payload for _, payload in recorded.accepted] == [EVENT, "constant", EVENT["detail"]]


def test_ingestion_time_is_no_field_of_the_event(local_aws: LocalAws) -> None:
    recorded = Recorded(local_aws, rule(target()))
    recorded.pass_on(**{"ingestion-time": 1.5})
    assert recorded.accepted == [("Fn", EVENT)]


def test_events_of_aws_services_come_on_the_default_bus_alone_and_have_ids_of_their_own(local_aws: LocalAws) -> None:
    of_s3 = rule(target(), pattern={"source": ["aws.s3"]})
    default, custom = Recorded(local_aws, of_s3), Recorded(local_aws, of_s3, name="orders")
    for recorded in (default, default, custom):
        recorded.pass_on(source="aws.s3")
    assert len({payload["id"] for _, payload in default.accepted}) == 2
    assert custom.accepted == []


def test_queue_topic_and_bus_are_targets(local_aws: LocalAws) -> None:
    name = f"events-{uuid.uuid4().hex}"
    sqs, sns = local_aws.client("sqs"), local_aws.client("sns")
    url = sqs.create_queue(
        QueueName=f"{name}.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    )["QueueUrl"]
    of_topic = sqs.create_queue(QueueName=name)["QueueUrl"]
    topic = sns.create_topic(Name=name)["TopicArn"]
    prefix = "arn:aws:sqs:eu-central-1:123456789012"
    sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=f"{prefix}:{name}", Attributes={"RawMessageDelivery": "true"}
    )
    local_aws.client("events").create_event_bus(Name=name)
    to_bus = target(f"arn:aws:events:eu-central-1:123456789012:event-bus/{name}")
    recorded = Recorded(
        local_aws,
        rule(target(f"{prefix}:{name}.fifo", message_group="group", input_path="$.detail"), target(topic), to_bus),
    )
    recorded.pass_on()
    assert recorded.reports == []
    [message] = sqs.receive_message(QueueUrl=url, MessageSystemAttributeNames=["All"])["Messages"]
    assert (json.loads(message["Body"]), message["Attributes"]["MessageGroupId"]) == (EVENT["detail"], "group")
    [message] = sqs.receive_message(QueueUrl=of_topic)["Messages"]
    assert json.loads(message["Body"]) == EVENT


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"arn": "arn:aws:sqs:eu-central-1:123456789012:nowhere"}, "nowhere: .*does not exist"),
        ({"template": "<nothing>"}, "is not JSON"),
    ],
)
def test_target_that_cannot_get_an_event_is_reported_and_the_next_one_gets_it(
    local_aws: LocalAws, fields: dict[str, Any], message: str
) -> None:
    recorded = Recorded(local_aws, rule(target(**fields), target()))
    recorded.pass_on()
    assert recorded.accepted == [("Fn", EVENT)]
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(recorded.reports[0])


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({"arn": "arn:aws:sqs:eu-central-1:123456789012:nowhere"}, "NO_RESOURCE", "does not exist"),
        ({"arn": "arn:aws:sns:eu-central-1:123456789012:nowhere"}, "NO_RESOURCE", "does not exist"),
        ({"template": "<nothing>"}, "INVALID_JSON", "is not JSON"),
    ],
)
def test_event_that_a_target_cannot_get_goes_to_its_dead_letter_queue(
    local_aws: LocalAws, fields: dict[str, Any], code: str, message: str
) -> None:
    name, sqs = f"dead-{uuid.uuid4().hex}", local_aws.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    failing = target(**fields, dead_letter_queue=f"arn:aws:sqs:eu-central-1:123456789012:{name}")
    Recorded(local_aws, rule(failing)).pass_on()
    [dead] = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    assert json.loads(dead["Body"]) == EVENT
    attributes = {name: each["StringValue"] for name, each in dead["MessageAttributes"].items()}
    assert message in attributes.pop("ERROR_MESSAGE")
    assert attributes == {
        "RULE_ARN": "arn:aws:events:eu-central-1:123456789012:rule/Rule",
        "TARGET_ARN": failing.arn,
        "ERROR_CODE": code,
        "RETRY_ATTEMPTS": "0",
    }


def test_dead_letter_that_is_lost_is_reported(local_aws: LocalAws) -> None:
    queue = "arn:aws:sqs:eu-central-1:123456789012:no-queue"
    recorded = Recorded(local_aws, rule(target(template="<nothing>", dead_letter_queue=queue)))
    recorded.pass_on()
    assert f"Rule could not send an event to {queue} either; it is lost: " in recorded.reports[1]


def test_rules_are_grouped_by_their_bus() -> None:
    one, two, three = rule(), rule(bus="orders"), rule()
    assert rules_by_bus([one, two, three]) == {"default": [one, three], "orders": [two]}


def test_event_that_another_bus_refuses_is_a_dead_letter(local_aws: LocalAws) -> None:
    sqs, name = local_aws.client("sqs"), f"queue-{uuid.uuid4().hex}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    queue_arn = f"arn:aws:sqs:eu-central-1:123456789012:{name}"
    bus = target("arn:aws:events:eu-central-1:123456789012:event-bus/default", dead_letter_queue=queue_arn)
    recorded = Recorded(local_aws, rule(bus, pattern={"detail-type": ["Placed"]}))
    recorded.pass_on(source="")
    [message] = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    assert json.loads(message["Body"]) == EVENT | {"source": ""}
    assert "InvalidArgument" in message["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]
