"""Functions: code, network, timeouts, logs, runtime and concurrency."""

import re
from datetime import timedelta
from importlib.metadata import packages_distributions

import pytest

from functions.notify.notifying.delivery import TIME_TO_ANSWER, TIME_TO_SEND
from functions.order.producer.kafka_publisher import SEND_BUDGET
from tests.project import ROOT
from tests.template.deployment import Deployment, deploy
from tests.template.known import FUNCTIONS
from tests.template.parameter_sets import PLAIN

API_GATEWAY_TIMEOUT = timedelta(seconds=30)
FOLDERS = sorted(path.parent.name for path in ROOT.glob("functions/*/requirements.in"))
IN_THE_NETWORK = [name for name, known in FUNCTIONS.items() if known.in_the_network]


def _timeout(deployment: Deployment, function: str) -> timedelta:
    return timedelta(seconds=deployment.properties(function)["Timeout"])


@pytest.mark.parametrize("function", FOLDERS)
def test_no_folder_of_a_function_has_the_name_of_a_package_that_it_needs(function: str) -> None:
    # `sam build` puts both into one folder, and then moves what the function has a name for below functions/.
    pins = re.findall(r"^([\w.-]+)", (ROOT / f"functions/{function}/requirements.txt").read_text(), re.MULTILINE)
    needed = {_normalized(name) for name in pins}
    packages = {
        package
        for package, distributions in packages_distributions().items()
        if needed & {_normalized(name) for name in distributions}
    }
    assert "boto3" in packages
    assert packages & {path.stem for path in (ROOT / "functions" / function).iterdir()} == set()


def _normalized(distribution: str) -> str:
    """Return the name of a distribution as indexes compare it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def test_order_answers_before_api_gateway_times_out(deployment: Deployment) -> None:
    timeout = _timeout(deployment, "OrderFunction")
    assert timeout == timedelta(seconds=10)
    assert timedelta(seconds=SEND_BUDGET) < timeout < API_GATEWAY_TIMEOUT


def test_notify_has_time_for_two_of_the_longest_sends_and_the_answer(deployment: Deployment) -> None:
    timeout = _timeout(deployment, "NotifyFunction")
    assert timeout == timedelta(seconds=15)
    assert timeout >= 2 * TIME_TO_SEND + TIME_TO_ANSWER


def test_api_sends_requests_in_payload_format_2(deployment: Deployment) -> None:
    paths = deployment.properties("OrderApi")["Body"]["paths"]
    integrations = [
        operation["x-amazon-apigateway-integration"] for methods in paths.values() for operation in methods.values()
    ]
    assert {integration["payloadFormatVersion"] for integration in integrations} == {"2.0"}


@pytest.mark.parametrize("function", IN_THE_NETWORK)
def test_functions_that_speak_with_kafka_run_in_its_network(deployment: Deployment, function: str) -> None:
    assert deployment.properties(function)["VpcConfig"] == {
        "SubnetIds": ["subnet-a", "subnet-b"],
        "SecurityGroupIds": ["sg-a"],
    }


@pytest.mark.parametrize("function", [name for name in FUNCTIONS if name not in IN_THE_NETWORK])
def test_all_other_functions_run_outside_the_network(deployment: Deployment, function: str) -> None:
    assert "VpcConfig" not in deployment.properties(function)


def test_every_function_logs_in_json(deployment: Deployment) -> None:
    functions = deployment.of_type("AWS::Lambda::Function").values()
    assert {function["LoggingConfig"]["LogFormat"] for function in functions} == {"JSON"}


@pytest.mark.parametrize(("parameters", "days"), [({}, "30"), ({"LogRetentionDays": "7"}, "7")])
def test_every_function_has_a_log_group_with_a_retention(parameters: dict[str, str], days: str) -> None:
    deployment = deploy(**PLAIN, **parameters)
    functions = deployment.of_type("AWS::Lambda::Function").values()
    groups = {function["LoggingConfig"]["LogGroup"] for function in functions}
    assert len(groups) == len(functions)
    logs = deployment.of_type("AWS::Logs::LogGroup")
    assert groups | {"ApiLogs"} == logs.keys()
    assert {group["RetentionInDays"] for group in logs.values()} == {days}


def test_logs_that_a_service_writes_share_a_statement_of_the_accounts_resource_policy(deployment: Deployment) -> None:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html
    assert deployment.properties("ApiLogs")["LogGroupName"] == "/aws/vendedlogs/shop/api"


def test_template_publishes_no_version(deployment: Deployment) -> None:
    # A version would not follow a changed parameter: see "SnapStart is an edit" in docs/decisions.md.
    assert not deployment.of_type("AWS::Lambda::Version")


def test_only_notify_reserves_concurrency_and_only_by_parameter(deployment: Deployment) -> None:
    reserved = "ReservedConcurrentExecutions"
    assert not [each for each in deployment.of_type("AWS::Lambda::Function").values() if reserved in each]
    functions = deploy(**PLAIN, NotifyConcurrency="6").of_type("AWS::Lambda::Function")
    assert {name: each[reserved] for name, each in functions.items() if reserved in each} == {"NotifyFunction": "6"}


def test_runtime_and_processor_are_parameters_for_all_functions() -> None:
    deployment = deploy(**PLAIN, PythonRuntime="python3.12", Architecture="x86_64")
    functions = deployment.of_type("AWS::Lambda::Function").values()
    assert {(each["Runtime"], *each["Architectures"]) for each in functions} == {("python3.12", "x86_64")}


def test_tracing_is_a_parameter() -> None:
    functions = deploy(**PLAIN, Tracing="PassThrough").of_type("AWS::Lambda::Function").values()
    assert {function["TracingConfig"]["Mode"] for function in functions} == {"PassThrough"}


@pytest.mark.parametrize("function", FOLDERS)
def test_traces_are_lambdas_own_since_no_library_adds_to_them(function: str) -> None:
    pins = (ROOT / f"functions/{function}/requirements.txt").read_text()
    assert "aws-lambda-powertools==" in pins
    assert re.findall(r"^(aws-xray-sdk|opentelemetry[\w-]*|aws-opentelemetry[\w-]*)==", pins, re.MULTILINE) == []


def test_every_function_is_traced(deployment: Deployment) -> None:
    functions = deployment.of_type("AWS::Lambda::Function").values()
    assert {function["TracingConfig"]["Mode"] for function in functions} == {"Active"}
