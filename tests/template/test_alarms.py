"""The alarms: on what the relay counts, heard although it counts nothing, and allowed to reach their topic."""

from typing import Any

import pytest

from tests.template.deployment import Deployment

ALARMS = ["EventsWaitTooLong", "EventsUnpublishable"]


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_looks_at_the_metric_of_the_relay(deployment: Deployment, name: str) -> None:
    # That the relay emits these is tested with it, in tests/order/test_relay.py.
    alarm = deployment.properties(name)
    variables = deployment.properties("RelayFunction")["Environment"]["Variables"]
    assert alarm["Namespace"] == variables["POWERTOOLS_METRICS_NAMESPACE"]
    assert alarm["Dimensions"] == [{"Name": "service", "Value": variables["POWERTOOLS_SERVICE_NAME"]}]


def test_events_that_wait_too_long_raise_an_alarm_and_so_does_a_relay_that_does_not_run(
    deployment: Deployment,
) -> None:
    alarm = deployment.properties("EventsWaitTooLong")
    assert (alarm["MetricName"], alarm["Statistic"]) == ("OldestPendingSeconds", "Maximum")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 300)
    assert alarm["TreatMissingData"] == "breaching"
    # A run that another's lease turned away has no metrics: one minute without any is no trouble yet.
    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (60, 3)


def test_one_event_that_kafka_refuses_raises_an_alarm_at_once(deployment: Deployment) -> None:
    alarm = deployment.properties("EventsUnpublishable")
    assert (alarm["MetricName"], alarm["Statistic"]) == ("EventsUnpublishable", "Sum")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)
    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (60, 1)
    assert alarm["TreatMissingData"] == "notBreaching"


def test_every_alarm_reaches_the_topic(deployment: Deployment) -> None:
    alarms = deployment.of_type("AWS::CloudWatch::Alarm")
    assert set(ALARMS) <= alarms.keys()
    for alarm in alarms.values():
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
