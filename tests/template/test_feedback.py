"""Feedback: SES publishes events about notify's mails, and the function gets every kind that it reads."""

from typing import Any

import pytest

from functions.notify.feedback.ses_events import KINDS
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


def test_mails_use_the_configuration_set_whose_events_go_to_the_default_bus(deployment: Deployment) -> None:
    [events] = deployment.of_type("AWS::SES::ConfigurationSetEventDestination").values()
    variables = deployment.properties("NotifyFunction")["Environment"]["Variables"]
    assert events["ConfigurationSetName"] == variables["CONFIGURATION_SET"] == "ConfigurationSet"
    destination = events["EventDestination"]
    assert destination["Enabled"] is True
    assert destination["EventBridgeDestination"] == {
        "EventBusArn": "arn:aws:events:eu-central-1:123456789012:event-bus/default"
    }


def test_ses_publishes_every_event_that_the_function_reads_and_the_rule_matches_it(
    deployment: Deployment, pattern: dict[str, Any]
) -> None:
    [events] = deployment.of_type("AWS::SES::ConfigurationSetEventDestination").values()
    published = {EVENT_TYPES[name] for name in events["EventDestination"]["MatchingEventTypes"]}
    assert published == set(pattern["detail-type"]) == KINDS.keys()


def test_rule_matches_only_events_of_this_configuration_set(pattern: dict[str, Any]) -> None:
    assert pattern["source"] == ["aws.ses"]
    assert pattern["detail"] == {"mail": {"tags": {"ses:configuration-set": ["ConfigurationSet"]}}}


def test_rule_is_on_the_default_bus_and_may_invoke_the_function(deployment: Deployment) -> None:
    [(name, rule)] = (
        (name, rule) for name, rule in deployment.of_type("AWS::Events::Rule").items() if "EventPattern" in rule
    )
    assert "EventBusName" not in rule
    assert [target["Arn"].rpartition(":")[2] for target in rule["Targets"]] == ["FeedbackFunction"]
    permission = deployment.properties(f"{name}Permission")
    assert (permission["Principal"], permission["FunctionName"]) == ("events.amazonaws.com", "FeedbackFunction")


def test_lambda_retries_a_failed_feedback_event_twice_and_then_dead_letters_it(deployment: Deployment) -> None:
    [config] = (
        each
        for each in deployment.of_type("AWS::Lambda::EventInvokeConfig").values()
        if each["FunctionName"] == "FeedbackFunction"
    )
    assert config["MaximumRetryAttempts"] == 2
    [destination] = config["DestinationConfig"].values()
    assert destination["Destination"].endswith(":FeedbackDeadLetterQueue")


def test_rule_dead_letters_events_that_it_could_not_pass_on(deployment: Deployment) -> None:
    [(name, rule)] = (
        (name, rule) for name, rule in deployment.of_type("AWS::Events::Rule").items() if "EventPattern" in rule
    )
    queue = "arn:aws:sqs:eu-central-1:123456789012:FeedbackDeadLetterQueue"
    assert [target["DeadLetterConfig"] for target in rule["Targets"]] == [{"Arn": queue}]
    # As in https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html.
    [allowed] = (
        statement
        for statement in deployment.properties("FeedbackDeadLetterQueuePolicy")["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    )
    assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
    assert (allowed["Action"], allowed["Resource"]) == ("sqs:SendMessage", queue)
    assert allowed["Condition"] == {
        "ArnEquals": {"aws:SourceArn": f"arn:aws:events:eu-central-1:123456789012:rule/{name}"}
    }


def test_ses_suppresses_addresses_that_bounce_or_complain(deployment: Deployment) -> None:
    options = deployment.properties("ConfigurationSet")["SuppressionOptions"]
    assert set(options["SuppressedReasons"]) == {"BOUNCE", "COMPLAINT"}


def test_feedback_and_history_use_notifys_code_and_ledger(deployment: Deployment) -> None:
    table = deployment.properties("NotifyFunction")["Environment"]["Variables"]["NOTIFICATIONS_TABLE"]
    for name, module in (("FeedbackFunction", "feedback"), ("HistoryFunction", "history")):
        function = deployment.properties(name)
        assert function["Handler"] == f"functions.notify.handlers.{module}.handler"
        assert function["Environment"]["Variables"]["NOTIFICATIONS_TABLE"] == table
