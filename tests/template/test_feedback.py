"""The feedback: SES tells of the mails that notify sends, and the function hears of all that it reads."""

from typing import Any

import pytest

from functions.notify.ses_events import KINDS
from tests.template.deployment import Deployment

EVENT_TYPES = {
    "deliveryDelay": "Email Delivery Delayed",
    "reject": "Email Rejected",
    "renderingFailure": "Email Rendering Failed",
    "delivery": "Email Delivered",
    "bounce": "Email Bounced",
    "complaint": "Email Complaint Received",
}


@pytest.fixture
def pattern(deployment: Deployment) -> dict[str, Any]:
    [pattern] = (
        rule["EventPattern"] for rule in deployment.of_type("AWS::Events::Rule").values() if "EventPattern" in rule
    )
    found: dict[str, Any] = pattern
    return found


def test_mails_are_sent_with_the_set_whose_events_go_to_the_default_bus(deployment: Deployment) -> None:
    [events] = deployment.of_type("AWS::SES::ConfigurationSetEventDestination").values()
    variables = deployment.properties("NotifyFunction")["Environment"]["Variables"]
    assert events["ConfigurationSetName"] == variables["CONFIGURATION_SET"] == "ConfigurationSet"
    destination = events["EventDestination"]
    assert destination["Enabled"] is True
    assert destination["EventBridgeDestination"] == {
        "EventBusArn": "arn:aws:events:eu-central-1:123456789012:event-bus/default"
    }


def test_ses_tells_all_that_the_function_reads_and_the_rule_lets_it_through(
    deployment: Deployment, pattern: dict[str, Any]
) -> None:
    [events] = deployment.of_type("AWS::SES::ConfigurationSetEventDestination").values()
    told = {EVENT_TYPES[name] for name in events["EventDestination"]["MatchingEventTypes"]}
    assert told == set(pattern["detail-type"]) == KINDS.keys()


def test_the_rule_takes_the_events_of_these_mails_alone(pattern: dict[str, Any]) -> None:
    assert pattern["source"] == ["aws.ses"]
    assert pattern["detail"] == {"mail": {"tags": {"ses:configuration-set": ["ConfigurationSet"]}}}


def test_the_rule_is_of_the_default_bus_and_may_start_the_function(deployment: Deployment) -> None:
    [(name, rule)] = (
        (name, rule) for name, rule in deployment.of_type("AWS::Events::Rule").items() if "EventPattern" in rule
    )
    assert "EventBusName" not in rule
    assert [target["Arn"].rpartition(":")[2] for target in rule["Targets"]] == ["FeedbackFunction"]
    permission = deployment.properties(f"{name}Permission")
    assert (permission["Principal"], permission["FunctionName"]) == ("events.amazonaws.com", "FeedbackFunction")


def test_an_event_that_the_ledger_could_not_take_is_tried_again_and_then_kept(deployment: Deployment) -> None:
    [config] = (
        each
        for each in deployment.of_type("AWS::Lambda::EventInvokeConfig").values()
        if each["FunctionName"] == "FeedbackFunction"
    )
    assert config["MaximumRetryAttempts"] == 2
    [destination] = config["DestinationConfig"].values()
    assert destination["Destination"].endswith(":FeedbackDeadLetterQueue")


def test_addresses_that_bounce_or_complain_are_mailed_no_more(deployment: Deployment) -> None:
    options = deployment.properties("ConfigurationSet")["SuppressionOptions"]
    assert set(options["SuppressedReasons"]) == {"BOUNCE", "COMPLAINT"}


def test_feedback_and_history_are_notifys_code_on_its_ledger(deployment: Deployment) -> None:
    table = deployment.properties("NotifyFunction")["Environment"]["Variables"]["NOTIFICATIONS_TABLE"]
    for name, module in (("FeedbackFunction", "feedback"), ("HistoryFunction", "history")):
        function = deployment.properties(name)
        assert function["Handler"] == f"functions.notify.{module}.handler"
        assert function["Environment"]["Variables"]["NOTIFICATIONS_TABLE"] == table
