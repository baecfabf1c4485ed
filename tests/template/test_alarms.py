"""Alarms and dashboard: they use metrics that exist, and the alarms may publish to their topic."""

import ast
import functools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from functions.notify.metrics import Metric
from tests.template.deployment import ROOT, Deployment, deploy
from tests.template.parameter_sets import KEY, PLAIN

MAPPINGS = {"NotifyFromMsk", "NotifyFromSelfManagedKafka"}
ABOVE, FROM = "GreaterThanThreshold", "GreaterThanOrEqualToThreshold"
# Namespace, metric, statistic, comparison, threshold; seconds of a period, periods that must breach, and of how many.
ALARMS = {
    "ApiFails": ("AWS/ApiGateway", "5xx", "Sum", ABOVE, 0, 60, 2, 30),
    "OrderFails": ("AWS/Lambda", "Errors", "Sum", ABOVE, 0, 60, 2, 30),
    # A run that another run's lease stopped publishes no metrics, so one minute without any is normal.
    "EventsWaitTooLong": ("shop", "OldestPendingSeconds", "Maximum", ABOVE, 300, 60, 3, 3),
    "EventsQuarantined": ("shop", "EventsQuarantined", "Sum", ABOVE, 0, 60, 1, 1),
    "NotifyLags": ("AWS/Lambda", "MaxOffsetLag", "Maximum", ABOVE, 100, 60, 5, 5),
    "PollersFail": ("AWS/Lambda", "PollingErrorCount", "Sum", ABOVE, 0, 60, 3, 15),
    "NotifyFails": ("AWS/Lambda", "Errors", "Sum", ABOVE, 0, 60, 3, 15),
    "NotificationsUnexpected": ("shop", "UnexpectedErrors", "Sum", ABOVE, 0, 60, 1, 1),
    "NotificationsDeferred": ("shop", "NotificationsDeferred", "Sum", ABOVE, 0, 300, 3, 3),
    "NotificationsHeld": ("shop", "NotificationsHeld", "Sum", ABOVE, 0, 60, 1, 1),
    "DeadLettersWait": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", ABOVE, 0, 300, 1, 1),
    "BatchesDiscarded": ("AWS/Lambda", "OnFailureDestinationDeliveredEventCount", "Sum", ABOVE, 0, 60, 1, 1),
    "RecordsLost": ("AWS/Lambda", "DroppedEventCount", "Sum", ABOVE, 0, 60, 1, 1),
    "FeedbackLost": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", ABOVE, 0, 300, 1, 1),
    # SES reviews an account from these: https://docs.aws.amazon.com/ses/latest/dg/reputationdashboardmessages.html
    "BouncesTooMany": ("AWS/SES", "Reputation.BounceRate", "Maximum", FROM, 0.05, 3600, 1, 1),
    "ComplaintsTooMany": ("AWS/SES", "Reputation.ComplaintRate", "Maximum", FROM, 0.001, 3600, 1, 1),
}
# Dimensions of the metrics of AWS's services. The dimension of our own metrics is the service.
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
    for path in (ROOT / "functions/order").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Name(id="count"), args=[ast.Constant(value=str(name))]):
                    yield name
                case ast.Call(func=ast.Attribute(attr="add_metric"), keywords=keywords):
                    named = (each.value for each in keywords if each.arg == "name")
                    yield from (str(each.value) for each in named if isinstance(each, ast.Constant))


def test_template_has_these_alarms_with_these_limits(deployment: Deployment) -> None:
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


def test_alarms_on_our_metrics_use_metrics_that_the_code_counts(deployment: Deployment) -> None:
    variables = deployment.properties("RelayFunction")["Environment"]["Variables"]
    ours = [alarm for alarm in _alarms(deployment).values() if not alarm["Namespace"].startswith("AWS/")]
    assert ours
    for alarm in ours:
        [dimension] = alarm["Dimensions"]
        assert dimension["Name"] == "service"
        assert alarm["MetricName"] in _emitted()[dimension["Value"]]
        assert alarm["Namespace"] == variables["POWERTOOLS_METRICS_NAMESPACE"]


def test_alarms_on_aws_metrics_are_limited_to_our_resources(deployment: Deployment) -> None:
    for name, alarm in _alarms(deployment).items():
        if alarm["Namespace"] in {"AWS/ApiGateway", "AWS/Lambda", "AWS/SQS"}:
            [dimension] = alarm["Dimensions"]
            if name in DIMENSIONS:
                assert (dimension["Name"], dimension["Value"]) == DIMENSIONS[name]
            else:
                assert dimension["Name"] == "EventSourceMappingUUID"
                assert {dimension["Value"]} == deployment.resources.keys() & MAPPINGS


def test_reputation_alarms_are_for_the_whole_account(deployment: Deployment) -> None:
    assert all("Dimensions" not in alarm for alarm in _alarms(deployment).values() if alarm["Namespace"] == "AWS/SES")


def test_only_the_relays_alarm_fires_without_data(deployment: Deployment) -> None:
    breaching = [name for name, alarm in _alarms(deployment).items() if alarm["TreatMissingData"] == "breaching"]
    assert breaching == ["EventsWaitTooLong"]


def test_lag_threshold_is_a_parameter() -> None:
    assert deploy(**PLAIN, LagThreshold="25").properties("NotifyLags")["Threshold"] == "25"


def test_every_alarm_has_a_description_and_publishes_to_the_topic(deployment: Deployment) -> None:
    for alarm in _alarms(deployment).values():
        assert alarm["AlarmDescription"]
        assert [arn.rpartition(":")[2] for arn in alarm["AlarmActions"]] == ["AlarmTopic"]


def test_alarm_topic_is_encrypted_with_a_key_that_cloudwatch_may_use_for_this_account(deployment: Deployment) -> None:
    assert deployment.properties("AlarmTopic")["KmsMasterKeyId"] == "alias/AlarmKey"
    key = deployment.properties("AlarmKey")
    assert key["EnableKeyRotation"] is True
    for_services: list[dict[str, Any]] = [
        statement for statement in key["KeyPolicy"]["Statement"] if "Service" in statement["Principal"]
    ]
    [statement] = for_services
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert set(statement["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey*"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_your_own_key_replaces_the_alarm_key(under_a_key: Deployment) -> None:
    assert under_a_key.properties("AlarmTopic")["KmsMasterKeyId"] == KEY
    assert "AlarmKey" not in under_a_key.resources


def test_alarm_email_subscribes_to_the_topic(deployment: Deployment) -> None:
    assert deployment.of_type("AWS::SNS::Subscription") == {}
    [subscription] = deploy(**PLAIN, AlarmEmail="ops@shop.example").of_type("AWS::SNS::Subscription").values()
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "ops@shop.example")
    assert subscription["TopicArn"].endswith(":AlarmTopic")


@pytest.fixture
def metrics(deployment: Deployment) -> list[tuple[str, ...]]:
    """Metrics on the dashboard: namespace, name, dimension and its value, with CloudWatch's short forms expanded."""
    body = json.loads(deployment.properties("Dashboard")["DashboardBody"])
    return [metric for widget in body["widgets"] for metric in _written_out(widget["properties"]["metrics"])]


def _written_out(metrics: list[list[Any]]) -> Iterator[tuple[str, ...]]:
    """Expand the short forms of one widget: "." repeats the value above, "..." all values but the last."""
    above: list[str] = []
    for metric in metrics:
        texts = [each for each in metric if isinstance(each, str)]
        if texts[0] == "...":
            texts = [*above[:-1], texts[1]]
        above = [before if text == "." else text for text, before in zip(texts, above or texts, strict=True)]
        yield tuple(above)


def test_dashboard_shows_every_metric_that_the_code_counts(metrics: list[tuple[str, ...]]) -> None:
    shown = [metric[1:] for metric in metrics if metric[0] == "shop"]
    assert all(dimension == "service" and name in _emitted()[value] for name, dimension, value in shown)
    # Except the metrics that count records without work.
    missing = {name for names in _emitted().values() for name in names} - {name for name, *_ in shown}
    assert missing == {"RecordsSkipped", "FeedbackIgnored"}


def test_dashboard_shows_every_metric_that_has_an_alarm(deployment: Deployment, metrics: list[tuple[str, ...]]) -> None:
    shown = {name for _, name, *_ in metrics}
    alarmed = {alarm["MetricName"] for alarm in _alarms(deployment).values() if alarm["Namespace"] != "AWS/SES"}
    assert alarmed - shown == {"PollingErrorCount"}


def test_dashboard_shows_errors_and_durations_of_every_function(
    deployment: Deployment, metrics: list[tuple[str, ...]]
) -> None:
    functions = deployment.of_type("AWS::Lambda::Function").keys()
    for name in ("Errors", "Duration"):
        assert {metric[3] for metric in metrics if metric[:3] == ("AWS/Lambda", name, "FunctionName")} == functions


def test_dashboard_shows_only_metrics_of_this_stack(deployment: Deployment, metrics: list[tuple[str, ...]]) -> None:
    ours = deployment.resources.keys()
    assert all(metric[3] in ours for metric in metrics if metric[0] != "shop")
