"""Event destinations of SES's configuration sets."""

from pathlib import Path

import pytest

from samrun.template.model.application import Application
from samrun.template.model.triggers import MailEventDestination
from support.templates import FUNCTION, load_template

SET = "Mails: {Type: AWS::SES::ConfigurationSet, Properties: {Name: shop}}"


def load(tmp_path: Path, destination: str) -> Application:
    properties = f"{{ConfigurationSetName: !Ref Mails, EventDestination: {{{destination}}}}}"
    events = f"Events: {{Type: AWS::SES::ConfigurationSetEventDestination, Properties: {properties}}}"
    topic = "Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: mails}}"
    return load_template(tmp_path, f"\n  Fn:{FUNCTION}\n  {SET}\n  {topic}\n  {events}\n")


@pytest.mark.parametrize(
    ("declared", "topic"),
    [
        ("EventBridgeDestination: {EventBusArn: a}", None),
        ("SnsDestination: {TopicARN: !Ref Topic}", "arn:aws:sns:us-east-1:123456789012:mails"),
    ],
)
def test_destination_is_the_default_bus_or_a_topic(tmp_path: Path, declared: str, topic: str | None) -> None:
    application = load(tmp_path, f"Enabled: true, MatchingEventTypes: [bounce, delivery], {declared}")
    assert application.mail_event_destinations == (
        MailEventDestination(
            logical_id="Events", configuration_set="shop", event_types=frozenset({"bounce", "delivery"}), topic=topic
        ),
    )
    assert application.ignored == ()


@pytest.mark.parametrize(
    "declared",
    [
        "Enabled: false, MatchingEventTypes: [bounce], EventBridgeDestination: {EventBusArn: a}",
        "MatchingEventTypes: [bounce], EventBridgeDestination: {EventBusArn: a}",
        "Enabled: true, MatchingEventTypes: [bounce], CloudWatchDestination: {DimensionConfigurations: []}",
    ],
)
def test_destination_that_is_disabled_or_elsewhere_gets_nothing(tmp_path: Path, declared: str) -> None:
    assert load(tmp_path, declared).mail_event_destinations == ()
