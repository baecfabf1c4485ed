"""The functions: where they run, and time enough for what they do."""

from datetime import timedelta

import pytest

from functions.notify.notifier import TIME_TO_ANSWER, TIME_TO_SEND
from functions.order.publisher import SEND_BUDGET
from tests.template.conftest import PLAIN
from tests.template.deployment import Deployment, deploy

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


@pytest.mark.parametrize(("parameters", "days"), [({}, "30"), ({"LogRetentionDays": "7"}, "7")])
def test_every_function_has_a_log_that_ends(parameters: dict[str, str], days: str) -> None:
    deployment = deploy(**PLAIN, **parameters)
    functions = deployment.of_type("AWS::Lambda::Function").values()
    groups = {function["LoggingConfig"]["LogGroup"] for function in functions}
    assert len(groups) == len(functions)
    logs = deployment.of_type("AWS::Logs::LogGroup")
    assert groups | {"ApiLogs"} == logs.keys()
    assert {group["RetentionInDays"] for group in logs.values()} == {days}


def test_functions_are_reached_without_a_version(deployment: Deployment) -> None:
    # A version would not follow a parameter: see "SnapStart is an edit" in docs/decisions.md.
    assert not deployment.of_type("AWS::Lambda::Version")


def test_concurrency_is_reserved_for_notify_alone_and_by_choice(deployment: Deployment) -> None:
    reserved = "ReservedConcurrentExecutions"
    assert not [each for each in deployment.of_type("AWS::Lambda::Function").values() if reserved in each]
    functions = deploy(**PLAIN, NotifyConcurrency="6").of_type("AWS::Lambda::Function")
    assert {name: each[reserved] for name, each in functions.items() if reserved in each} == {"NotifyFunction": "6"}


def test_runtime_and_processor_are_parameters_and_one_for_all() -> None:
    deployment = deploy(**PLAIN, PythonRuntime="python3.12", Architecture="x86_64")
    functions = deployment.of_type("AWS::Lambda::Function").values()
    assert {(each["Runtime"], *each["Architectures"]) for each in functions} == {("python3.12", "x86_64")}


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
