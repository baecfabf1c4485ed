"""The functions: where they run, and time enough for what they do."""

from datetime import timedelta

import pytest

from functions.notify.notifier import TIME_TO_ANSWER, TIME_TO_SEND
from functions.order.publisher import SEND_BUDGET
from tests.template.deployment import Deployment

API_GATEWAY_PATIENCE = timedelta(seconds=30)


def _timeout(deployment: Deployment, function: str) -> timedelta:
    return timedelta(seconds=deployment.properties(function)["Timeout"])


def test_order_answers_before_api_gateway_gives_up(deployment: Deployment) -> None:
    timeout = _timeout(deployment, "OrderFunction")
    assert timeout == timedelta(seconds=10)
    assert timedelta(seconds=SEND_BUDGET) < timeout < API_GATEWAY_PATIENCE


def test_notify_has_time_for_two_of_the_longest_sends_and_the_answer(deployment: Deployment) -> None:
    timeout = _timeout(deployment, "NotifyFunction")
    assert timeout == timedelta(seconds=15)
    assert timeout >= 2 * TIME_TO_SEND + TIME_TO_ANSWER


def test_order_gets_requests_in_the_format_that_it_reads(deployment: Deployment) -> None:
    paths = deployment.properties("OrderApi")["Body"]["paths"]
    integrations = [
        operation["x-amazon-apigateway-integration"] for methods in paths.values() for operation in methods.values()
    ]
    assert {integration["payloadFormatVersion"] for integration in integrations} == {"2.0"}


@pytest.mark.parametrize("function", ["OrderFunction", "RelayFunction"])
def test_order_and_relay_run_in_the_network_of_the_brokers(deployment: Deployment, function: str) -> None:
    assert deployment.properties(function)["VpcConfig"] == {
        "SubnetIds": ["subnet-a", "subnet-b"],
        "SecurityGroupIds": ["sg-a"],
    }


@pytest.mark.parametrize("function", ["NotifyFunction", "FeedbackFunction", "HistoryFunction"])
def test_notify_runs_outside_of_it(deployment: Deployment, function: str) -> None:
    assert "VpcConfig" not in deployment.properties(function)


def test_every_function_logs_in_json(deployment: Deployment) -> None:
    functions = deployment.of_type("AWS::Lambda::Function").values()
    assert {function["LoggingConfig"]["LogFormat"] for function in functions} == {"JSON"}


def test_every_function_is_traced(deployment: Deployment) -> None:
    functions = deployment.of_type("AWS::Lambda::Function")
    assert set(functions) == {
        "OrderFunction",
        "RelayFunction",
        "NotifyFunction",
        "FeedbackFunction",
        "HistoryFunction",
    }
    assert all(function["TracingConfig"] == {"Mode": "Active"} for function in functions.values())
