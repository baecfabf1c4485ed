"""Alarms and dashboard: they use metrics that exist, and the alarms may publish to their topic."""

import ast
import functools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from functions.notify.metrics import Metric
from tests.template.alarm_evaluation import MetricAlarm
from tests.template.deployment import ROOT, Deployment, deploy
from tests.template.known import ALARMS, BROKERS, DIMENSIONS, EXPRESSIONS
from tests.template.parameter_sets import CLUSTER, KEY, OTHER_TOPICS, PLAIN, REQUIRED, VPC
from tools.cost.declared import metrics_watched, read_declared

OF_TOPICS = {"RewardEventsTopic": "RewardsLag", "ShipmentEventsTopic": "ShipmentsLag"}
OF_TEXTS = {"TextsFail", "TextsCostTooMuch"}


ALL: dict[str, str] = {"TextMessages": "true", **OTHER_TOPICS}


@pytest.fixture(scope="module", params=[PLAIN, {**REQUIRED, **VPC, "MskClusterArn": CLUSTER}], ids=["self", "msk"])
def deployment(request: pytest.FixtureRequest) -> Deployment:
    """Each kind of cluster in turn, with text messages and all topics: the deployments that have all alarms."""
    return deploy(**request.param, **ALL)


def _alarms(deployment: Deployment) -> dict[str, dict[str, Any]]:
    return deployment.of_type("AWS::CloudWatch::Alarm")


def _metrics_of(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the metrics that an alarm watches, each with its namespace, name and dimensions."""
    if "Metrics" not in alarm:
        return [alarm]
    return [query["MetricStat"]["Metric"] for query in alarm["Metrics"] if "MetricStat" in query]


def _limits(alarm: dict[str, Any]) -> tuple[Any, ...]:
    periods = alarm["EvaluationPeriods"]
    return (
        alarm["ComparisonOperator"],
        float(alarm["Threshold"]),
        MetricAlarm.of(alarm).period * 60,
        alarm.get("DatapointsToAlarm", periods),
        periods,
    )


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
    on_metrics = {name: _alarms(deployment)[name] for name in ALARMS}
    assert {
        name: (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"], *_limits(alarm))
        for name, alarm in on_metrics.items()
    } == ALARMS


def test_template_has_these_alarms_on_expressions(deployment: Deployment) -> None:
    found = {
        name: (alarm["Metrics"][-1]["Expression"], *_limits(alarm))
        for name, alarm in _alarms(deployment).items()
        if name in EXPRESSIONS
    }
    assert found == EXPRESSIONS
    for name in EXPRESSIONS:
        *sources, result = _alarms(deployment)[name]["Metrics"]
        assert [query["ReturnData"] for query in sources] == [False] * len(sources)
        assert "ReturnData" not in result
        assert set(re.findall(r"\b[a-z]\w*", result["Expression"])) == {query["Id"] for query in sources}


def test_alarms_on_msk_watch_the_worst_broker_of_the_cluster(deployment: Deployment) -> None:
    alarms = {name: alarm for name, alarm in _alarms(deployment).items() if name in BROKERS}
    assert bool(alarms) == ("NotifyFromMsk" in deployment.resources)
    for name, alarm in alarms.items():
        [query] = alarm["Metrics"]
        selected, *limits = BROKERS[name]
        assert _limits(alarm) == tuple(limits)
        dimensions = '"Cluster Name"' if name == "PartitionsOffline" else '"Broker ID", "Cluster Name"'
        assert query["Expression"] == (
            f'SELECT {selected} FROM SCHEMA("AWS/Kafka", {dimensions}) WHERE "Cluster Name" = \'shop\''  # noqa: S608 of metrics, not of SQL
        )


def test_all_alarms_for_msk_exist() -> None:
    deployment = deploy(**REQUIRED, **VPC, MskClusterArn=CLUSTER, **ALL)
    assert _alarms(deployment).keys() >= {*ALARMS, *EXPRESSIONS, *BROKERS}


@pytest.mark.parametrize(("topic", "alarm"), OF_TOPICS.items())
def test_topic_of_another_service_has_an_alarm_only_if_notify_reads_it(topic: str, alarm: str) -> None:
    without, with_it = deploy(**PLAIN), deploy(**PLAIN, **{topic: "events-of-others"})
    assert _alarms(with_it).keys() - _alarms(without).keys() == {alarm}


def test_without_text_messages_no_alarm_watches_those_of_others(
    on_msk: Deployment, with_text_messages: Deployment
) -> None:
    assert _alarms(with_text_messages).keys() - _alarms(on_msk).keys() == OF_TEXTS
    assert "AWS/SNS" not in {metric["Namespace"] for each in _alarms(on_msk).values() for metric in _metrics_of(each)}


def test_alarms_on_our_metrics_use_metrics_that_the_code_counts(deployment: Deployment) -> None:
    variables = deployment.properties("RelayFunction")["Environment"]["Variables"]
    ours = [
        metric
        for alarm in _alarms(deployment).values()
        for metric in _metrics_of(alarm)
        if not metric["Namespace"].startswith("AWS/")
    ]
    assert ours
    filtered = _filtered(deployment)
    for metric in ours:
        assert metric["Namespace"] == variables["POWERTOOLS_METRICS_NAMESPACE"]
        if "Dimensions" in metric:
            [dimension] = metric["Dimensions"]
            assert dimension["Name"] == "service"
            assert metric["MetricName"] in _emitted()[dimension["Value"]]
        else:
            filtered.remove(metric["MetricName"])
    assert filtered == [], "each metric from a log has its alarm"


def _filtered(deployment: Deployment) -> list[str]:
    """Return the metrics from logs, which have no dimension."""
    filters = deployment.of_type("AWS::Logs::MetricFilter").values()
    return [each["MetricName"] for one in filters for each in one["MetricTransformations"]]


def test_metrics_from_the_log_of_the_api_read_keys_that_it_has(deployment: Deployment) -> None:
    [stage] = deployment.of_type("AWS::ApiGatewayV2::Stage").values()
    keys = json.loads(stage["AccessLogSettings"]["Format"]).keys()
    assert stage["AccessLogSettings"]["DestinationArn"].endswith(":log-group:ApiLogs:*")
    for one in deployment.of_type("AWS::Logs::MetricFilter").values():
        assert one["LogGroupName"] == "ApiLogs"
        assert (read := set(re.findall(r"\$\.(\w+)", one["FilterPattern"])))
        assert read <= keys
        [transformation] = one["MetricTransformations"]
        assert (transformation["MetricNamespace"], transformation["MetricValue"]) == ("shop", "1")


def test_metrics_from_the_log_count_orders_that_the_api_refuses(deployment: Deployment) -> None:
    patterns = {
        name: one["FilterPattern"].strip("{} ") for name, one in deployment.of_type("AWS::Logs::MetricFilter").items()
    }
    assert patterns == {
        "WriteRequests": '$.method = "POST"',
        "WriteRequestsRefused": '$.method = "POST" && ($.status = "401" || $.status = "403" || $.status = "429")',
    }
    # API Gateway answers paths that do not exist with 404, so strangers who try them count as nothing.
    paths = deployment.properties("OrderApi")["Body"]["paths"]
    assert {path for path, methods in paths.items() if "post" in methods} == {
        "/orders",
        "/orders/{order_id}/cancellation",
    }


def test_alarms_on_aws_metrics_are_limited_to_our_resources(deployment: Deployment) -> None:
    for name, alarm in _alarms(deployment).items():
        if alarm.get("Namespace") in {"AWS/ApiGateway", "AWS/Lambda", "AWS/SQS"}:
            [dimension] = alarm["Dimensions"]
            assert dimension["Value"] in deployment.resources
            if name in ALARMS:
                kind, values = DIMENSIONS[name]
                assert dimension["Name"] == kind
                assert dimension["Value"] in values


def test_alarms_of_mails_and_text_messages_are_for_the_whole_account(deployment: Deployment) -> None:
    metrics = [metric for alarm in _alarms(deployment).values() for metric in _metrics_of(alarm)]
    of_account = [metric for metric in metrics if metric["Namespace"] in {"AWS/SES", "AWS/SNS"}]
    assert {(metric["MetricName"], str(metric.get("Dimensions"))) for metric in of_account} == {
        ("Reputation.BounceRate", "None"),
        ("Reputation.ComplaintRate", "None"),
        ("SMSMonthToDateSpentUSD", "None"),
        # SNS has no series without this dimension for messages to numbers.
        ("NumberOfNotificationsFailed", "[{'Name': 'PhoneNumber', 'Value': 'PhoneNumberDirect'}]"),
    }


def test_only_the_alarms_of_the_relay_and_of_the_mappings_fire_without_data(deployment: Deployment) -> None:
    breaching = {name for name, alarm in _alarms(deployment).items() if alarm["TreatMissingData"] == "breaching"}
    assert breaching == {"EventsWaitTooLong", "MappingStops", *OF_TOPICS.values()}


def test_runbook_says_how_many_alarms_there_are_and_what_they_cost(
    on_msk: Deployment, on_self_managed: Deployment, with_text_messages: Deployment
) -> None:
    text = " ".join((ROOT / "docs/operations.md").read_text().split())
    numbers = re.search(
        r"The stack has (\d+) alarms, (\d+) with MSK, and two more with `TextMessages=true`. .*: (\d+) of them, and "
        r"with three brokers (\d+) more, so ([\d.]+) USD. Text messages add (\d+) metrics and ([\d.]+) USD.",
        text,
    )
    assert numbers
    assert len(_alarms(with_text_messages)) == len(_alarms(on_msk)) + 2
    alone, with_brokers, with_texts = map(_billed, (on_self_managed, on_msk, with_text_messages))
    assert numbers.groups() == (
        str(len(_alarms(on_self_managed))),
        str(len(_alarms(on_msk))),
        str(alone),
        str(with_brokers - alone),
        f"{with_brokers * 0.10:.2f}",
        str(with_texts - with_brokers),
        f"{(with_texts - with_brokers) * 0.10:.2f}",
    )


def test_cost_bills_the_alarms_that_a_deployment_has(on_msk: Deployment) -> None:
    assert read_declared().alarms == _billed(on_msk)


def _billed(deployment: Deployment) -> int:
    """Return the metrics that CloudWatch bills for the alarms, with three brokers."""
    return sum(metrics_watched(alarm, brokers=3) for alarm in _alarms(deployment).values())


def test_runbook_says_which_alarms_exist_only_with_text_messages() -> None:
    sections = re.split(r"^### ", (ROOT / "docs/operations.md").read_text(), flags=re.MULTILINE)
    said = {each.split()[0] for each in sections if "This alarm exists only with `TextMessages=true`." in each}
    assert said == OF_TEXTS


def test_alarm_for_tests_mails_when_it_rings_and_when_it_ends(deployment: Deployment) -> None:
    alarm = _alarms(deployment)[deployment.outputs["TestAlarmName"]]
    assert alarm["AlarmActions"] == alarm["OKActions"] == [deployment.outputs["AlarmTopicArn"]]
    guide = (ROOT / "docs/deployment.md").read_text()
    assert "aws cloudwatch set-alarm-state" in guide
    assert guide.count("$(output orders-dev TestAlarmName)") == 2


def test_text_spend_threshold_is_a_parameter() -> None:
    assert (
        deploy(**PLAIN, TextMessages="true", TextSpendThreshold="40").properties("TextsCostTooMuch")["Threshold"]
        == "40"
    )


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
    alarmed = {
        metric["MetricName"]
        for alarm in _alarms(deployment).values()
        for metric in _metrics_of(alarm)
        if metric["Namespace"] not in {"AWS/SES", "AWS/SNS"}
    }
    assert alarmed - shown == {
        *("PollingErrorCount", "PolledEventCount", "InvokeErrorCount"),
        *("WriteRequests", "WriteRequestsRefused"),
    }


def test_dashboard_shows_errors_and_durations_of_every_function(
    deployment: Deployment, metrics: list[tuple[str, ...]]
) -> None:
    functions = deployment.of_type("AWS::Lambda::Function").keys()
    for name in ("Errors", "Duration"):
        shown = {metric[3] for metric in metrics if metric[:3] == ("AWS/Lambda", name, "FunctionName")}
        assert shown == functions, f"the widget with {name} of the Dashboard in template.yaml shows each function"


def test_dashboard_shows_only_metrics_of_this_stack(deployment: Deployment, metrics: list[tuple[str, ...]]) -> None:
    ours = deployment.resources.keys()
    assert all(metric[3] in ours for metric in metrics if metric[0] != "shop")
