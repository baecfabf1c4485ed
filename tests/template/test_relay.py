"""Relay: its schedule, its timeout, and the same access to orders and Kafka as the order function."""

from datetime import timedelta

from functions.order.outbox.relay import MAX_BATCH, MIN_AGE
from tests.template.deployment import Deployment


def _timeout(deployment: Deployment, function: str) -> timedelta:
    return timedelta(seconds=deployment.properties(function)["Timeout"])


def test_one_rule_starts_the_relay_each_minute_and_may_invoke_it(deployment: Deployment) -> None:
    [(name, rule)] = (
        (name, rule) for name, rule in deployment.of_type("AWS::Events::Rule").items() if "ScheduleExpression" in rule
    )
    assert rule["ScheduleExpression"] == "rate(1 minute)"
    assert rule.get("State", "ENABLED") == "ENABLED"
    assert [target["Arn"].rpartition(":")[2] for target in rule["Targets"]] == ["RelayFunction"]
    permission = deployment.properties(f"{name}Permission")
    assert permission["Principal"] == "events.amazonaws.com"
    assert permission["FunctionName"] == "RelayFunction"


def test_lambda_does_not_retry_a_failed_run_of_the_relay(deployment: Deployment) -> None:
    [config] = (
        each
        for each in deployment.of_type("AWS::Lambda::EventInvokeConfig").values()
        if each["FunctionName"] == "RelayFunction"
    )
    assert config["MaximumRetryAttempts"] == 0


def test_relay_has_time_for_two_of_the_longest_batches(
    deployment: Deployment,
) -> None:
    timeout = _timeout(deployment, "RelayFunction")
    assert timeout == timedelta(seconds=60)
    assert 2 * timedelta(seconds=MAX_BATCH) < timeout


def test_relay_takes_no_order_that_an_order_invocation_may_still_be_publishing(deployment: Deployment) -> None:
    assert _timeout(deployment, "OrderFunction") < MIN_AGE


def test_relay_uses_the_same_orders_and_the_same_kafka_as_the_order_function(deployment: Deployment) -> None:
    order, relay = (
        deployment.properties(function)["Environment"]["Variables"] for function in ("OrderFunction", "RelayFunction")
    )
    # Only the API uses scopes.
    assert relay == {name: value for name, value in order.items() if not name.endswith("_SCOPE")}
    assert relay["ORDERS_TABLE"] == "OrdersTable"
    assert order.keys() - relay.keys() == {"ORDERS_WRITE_SCOPE", "ORDERS_READ_ALL_SCOPE"}


def test_relay_runs_the_order_functions_code(deployment: Deployment) -> None:
    order, relay = (deployment.properties(function) for function in ("OrderFunction", "RelayFunction"))
    assert relay["Handler"] == "functions.order.handlers.relay.handler"
    assert [relay[name] for name in ("Runtime", "Architectures", "MemorySize")] == [
        order[name] for name in ("Runtime", "Architectures", "MemorySize")
    ]
