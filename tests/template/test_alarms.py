"""The alarms and the dashboard: on metrics that there are, and allowed to reach their topic."""

import ast
import functools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from functions.notify.metrics import Metric
from tests.template.conftest import KEY, PLAIN
from tests.template.deployment import ROOT, Deployment, deploy

MAPPINGS = {"NotifyFromMsk", "NotifyFromSelfManagedKafka"}
ABOVE, FROM = "GreaterThanThreshold", "GreaterThanOrEqualToThreshold"
# Metric, how it is added up, and what is too much of it; seconds of a period; how many make an alarm, and of how many.
ALARMS = {
    "ApiFails": ("AWS/ApiGateway", "5xx", "Sum", ABOVE, 0, 60, 2, 30),
    "OrderFails": ("AWS/Lambda", "Errors", "Sum", ABOVE, 0, 60, 2, 30),
    # A run that another's lease turned away has no metrics: one minute without any is no trouble yet.
    "EventsWaitTooLong": ("shop", "OldestPendingSeconds", "Maximum", ABOVE, 300, 60, 3, 3),
    "EventsUnpublishable": ("shop", "EventsUnpublishable", "Sum", ABOVE, 0, 60, 1, 1),
    "NotifyLags": ("AWS/Lambda", "MaxOffsetLag", "Maximum", ABOVE, 100, 60, 5, 5),
    "PollersFail": ("AWS/Lambda", "PollingErrorCount", "Sum", ABOVE, 0, 60, 3, 15),
    "NotifyFails": ("AWS/Lambda", "Errors", "Sum", ABOVE, 0, 60, 3, 15),
    "NotificationsUnexpected": ("shop", "UnexpectedErrors", "Sum", ABOVE, 0, 60, 1, 1),
    "NotificationsDeferred": ("shop", "NotificationsDeferred", "Sum", ABOVE, 0, 300, 3, 3),
    "NotificationsHeld": ("shop", "NotificationsHeld", "Sum", ABOVE, 0, 60, 1, 1),
    "DeadLettersWait": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", ABOVE, 0, 300, 1, 1),
    "BatchesGivenUp": ("AWS/Lambda", "OnFailureDestinationDeliveredEventCount", "Sum", ABOVE, 0, 60, 1, 1),
    "RecordsLost": ("AWS/Lambda", "DroppedEventCount", "Sum", ABOVE, 0, 60, 1, 1),
    "FeedbackLost": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", ABOVE, 0, 300, 1, 1),
    # Where SES begins to review an account: https://docs.aws.amazon.com/ses/latest/dg/reputationdashboardmessages.html
    "BouncesTooMany": ("AWS/SES", "Reputation.BounceRate", "Maximum", FROM, 0.05, 3600, 1, 1),
    "ComplaintsTooMany": ("AWS/SES", "Reputation.ComplaintRate", "Maximum", FROM, 0.001, 3600, 1, 1),
}
# What metrics of AWS's services are told by; of our own, it is the service.
DIMENSIONS = {
    "ApiFails": ("ApiId", "OrderApi"),
    "OrderFails": ("FunctionName", "OrderFunction"),
    "NotifyFails": ("FunctionName", "NotifyFunction"),
    "DeadLettersWait": ("QueueName", "DeadLetterQueue"),
    "FeedbackLost": ("QueueName", "FeedbackDeadLetterQueue"),
}


def _alarms(deployment: Deployment) -> dict[str, dict[str, Any]]:
    return deployment.of_type("AWS::CloudWatch::Alarm")


@functools.cache
def _emitted() -> dict[str, set[str]]:
    """Return the metrics that the code counts, by service."""
    return {"order": set(_counted_by_order()), "notify": set(Metric)}


def _counted_by_order() -> Iterator[str]:
    """Yield NAME of each count("NAME") and add_metric(name="NAME", …)."""
    for path in (ROOT / "functions/order").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Name(id="count"), args=[ast.Constant(value=str(name))]):
                    yield name
                case ast.Call(func=ast.Attribute(attr="add_metric"), keywords=keywords):
                    named = (each.value for each in keywords if each.arg == "name")
                    yield from (str(each.value) for each in named if isinstance(each, ast.Constant))


def test_there_is_an_alarm_for_each_trouble(deployment: Deployment) -> None:
    assert {
        name: (
            alarm["Namespace"],
            alarm["MetricName"],
            alarm["Statistic"],
            alarm["ComparisonOperator"],
            float(alarm["Threshold"]),
            alarm["Period"],
            alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"]),
            alarm["EvaluationPeriods"],
        )
        for name, alarm in _alarms(deployment).items()
    } == ALARMS


def test_an_alarm_of_ours_looks_at_what_the_code_counts(deployment: Deployment) -> None:
    variables = deployment.properties("RelayFunction")["Environment"]["Variables"]
    ours = [alarm for alarm in _alarms(deployment).values() if not alarm["Namespace"].startswith("AWS/")]
    assert ours
    for alarm in ours:
        [dimension] = alarm["Dimensions"]
        assert dimension["Name"] == "service"
        assert alarm["MetricName"] in _emitted()[dimension["Value"]]
        assert alarm["Namespace"] == variables["POWERTOOLS_METRICS_NAMESPACE"]


def test_an_alarm_of_awss_looks_at_our_part_of_it(deployment: Deployment) -> None:
    for name, alarm in _alarms(deployment).items():
        if alarm["Namespace"] in {"AWS/ApiGateway", "AWS/Lambda", "AWS/SQS"}:
            [dimension] = alarm["Dimensions"]
            if name in DIMENSIONS:
                assert (dimension["Name"], dimension["Value"]) == DIMENSIONS[name]
            else:
                assert dimension["Name"] == "EventSourceMappingUUID"
                assert {dimension["Value"]} == deployment.resources.keys() & MAPPINGS


def test_the_reputation_is_the_accounts(deployment: Deployment) -> None:
    assert all("Dimensions" not in alarm for alarm in _alarms(deployment).values() if alarm["Namespace"] == "AWS/SES")


def test_a_relay_that_does_not_run_is_an_alarm_too(deployment: Deployment) -> None:
    breaching = [name for name, alarm in _alarms(deployment).items() if alarm["TreatMissingData"] == "breaching"]
    assert breaching == ["EventsWaitTooLong"]


def test_how_far_behind_notify_may_be_is_a_parameter() -> None:
    assert deploy(**PLAIN, LagThreshold="25").properties("NotifyLags")["Threshold"] == "25"


def test_every_alarm_says_what_it_means_and_reaches_the_topic(deployment: Deployment) -> None:
    for alarm in _alarms(deployment).values():
        assert alarm["AlarmDescription"]
        assert [arn.rpartition(":")[2] for arn in alarm["AlarmActions"]] == ["AlarmTopic"]


def test_the_topic_is_encrypted_by_a_key_that_cloudwatch_may_use_for_this_account(deployment: Deployment) -> None:
    assert deployment.properties("AlarmTopic")["KmsMasterKeyId"] == "AlarmKey"
    key = deployment.properties("AlarmKey")
    assert key["EnableKeyRotation"] is True
    for_services: list[dict[str, Any]] = [
        statement for statement in key["KeyPolicy"]["Statement"] if "Service" in statement["Principal"]
    ]
    [statement] = for_services
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert set(statement["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey*"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_a_key_of_ones_own_takes_the_place_of_that_key(under_a_key: Deployment) -> None:
    assert under_a_key.properties("AlarmTopic")["KmsMasterKeyId"] == KEY
    assert "AlarmKey" not in under_a_key.resources


def test_alarms_are_mailed_where_wanted(deployment: Deployment) -> None:
    assert deployment.of_type("AWS::SNS::Subscription") == {}
    [subscription] = deploy(**PLAIN, AlarmEmail="ops@shop.example").of_type("AWS::SNS::Subscription").values()
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "ops@shop.example")
    assert subscription["TopicArn"].endswith(":AlarmTopic")


@pytest.fixture
def metrics(deployment: Deployment) -> list[tuple[str, ...]]:
    """The metrics on the dashboard: namespace, name, dimension and its value, with CloudWatch's short forms undone."""
    body = json.loads(deployment.properties("Dashboard")["DashboardBody"])
    return [metric for widget in body["widgets"] for metric in _written_out(widget["properties"]["metrics"])]


def _written_out(metrics: list[list[Any]]) -> Iterator[tuple[str, ...]]:
    """Undo the short forms of one widget: "." is the same as above, "..." all that comes before the last."""
    above: list[str] = []
    for metric in metrics:
        texts = [each for each in metric if isinstance(each, str)]
        if texts[0] == "...":
            texts = [*above[:-1], texts[1]]
        above = [before if text == "." else text for text, before in zip(texts, above or texts, strict=True)]
        yield tuple(above)


def test_the_dashboard_shows_what_the_code_counts(metrics: list[tuple[str, ...]]) -> None:
    shown = [metric[1:] for metric in metrics if metric[0] == "shop"]
    assert all(dimension == "service" and name in _emitted()[value] for name, dimension, value in shown)
    # All of it but what says that there was nothing to do.
    missing = {name for names in _emitted().values() for name in names} - {name for name, *_ in shown}
    assert missing == {"RecordsSkipped", "FeedbackIgnored"}


def test_the_dashboard_shows_what_there_is_an_alarm_for(deployment: Deployment, metrics: list[tuple[str, ...]]) -> None:
    shown = {name for _, name, *_ in metrics}
    alarmed = {alarm["MetricName"] for alarm in _alarms(deployment).values() if alarm["Namespace"] != "AWS/SES"}
    assert alarmed - shown == {"PollingErrorCount"}


def test_the_dashboard_shows_errors_and_durations_of_every_function(
    deployment: Deployment, metrics: list[tuple[str, ...]]
) -> None:
    functions = deployment.of_type("AWS::Lambda::Function").keys()
    for name in ("Errors", "Duration"):
        assert {metric[3] for metric in metrics if metric[:3] == ("AWS/Lambda", name, "FunctionName")} == functions


def test_what_the_dashboard_shows_belongs_to_the_stack(deployment: Deployment, metrics: list[tuple[str, ...]]) -> None:
    ours = deployment.resources.keys()
    assert all(metric[3] in ours for metric in metrics if metric[0] != "shop")
