"""The relay: each minute, with time enough for what it begins, and all that the order function has to reach Kafka."""

from datetime import timedelta

from functions.order.drain import LEAST_AGE, LONGEST_BATCH
from tests.template.deployment import Deployment


def _timeout(deployment: Deployment, function: str) -> timedelta:
    return timedelta(seconds=deployment.properties(function)["Timeout"])


def test_it_is_started_each_minute_by_one_rule_that_may(deployment: Deployment) -> None:
    [(name, rule)] = (
        (name, rule) for name, rule in deployment.of_type("AWS::Events::Rule").items() if "ScheduleExpression" in rule
    )
    assert rule["ScheduleExpression"] == "rate(1 minute)"
    assert rule.get("State", "ENABLED") == "ENABLED"
    assert [target["Arn"].rpartition(":")[2] for target in rule["Targets"]] == ["RelayFunction"]
    permission = deployment.properties(f"{name}Permission")
    assert permission["Principal"] == "events.amazonaws.com"
    assert permission["FunctionName"] == "RelayFunction"


def test_a_run_that_failed_is_not_repeated_beside_the_next_minutes(deployment: Deployment) -> None:
    [config] = (
        each
        for each in deployment.of_type("AWS::Lambda::EventInvokeConfig").values()
        if each["FunctionName"] == "RelayFunction"
    )
    assert config["MaximumRetryAttempts"] == 0


def test_it_has_time_for_two_of_the_longest_batches(
    deployment: Deployment,
) -> None:
    timeout = _timeout(deployment, "RelayFunction")
    assert timeout == timedelta(seconds=60)
    assert 2 * timedelta(seconds=LONGEST_BATCH) < timeout


def test_it_takes_no_order_that_an_invocation_of_the_order_function_may_still_be_at(deployment: Deployment) -> None:
    assert _timeout(deployment, "OrderFunction") < LEAST_AGE


def test_it_reaches_the_same_orders_and_the_same_kafka_as_the_order_function(deployment: Deployment) -> None:
    order, relay = (
        deployment.properties(function)["Environment"]["Variables"] for function in ("OrderFunction", "RelayFunction")
    )
    # Scopes are of the API.
    assert relay == {name: value for name, value in order.items() if not name.endswith("_SCOPE")}
    assert relay["ORDERS_TABLE"] == "OrdersTable"
    assert order.keys() - relay.keys() == {"ORDERS_WRITE_SCOPE", "ORDERS_READ_ALL_SCOPE"}


def test_it_is_the_order_functions_code(deployment: Deployment) -> None:
    order, relay = (deployment.properties(function) for function in ("OrderFunction", "RelayFunction"))
    assert relay["Handler"] == "functions.order.relay.handler"
    assert [relay[name] for name in ("Runtime", "Architectures", "MemorySize")] == [
        order[name] for name in ("Runtime", "Architectures", "MemorySize")
    ]
