"""Durable functions and state machines of a stack: executions that invoke, wait, and are continued by a callback."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from samrun.testing.aws import client
from samrun.testing.stack import RunningStack
from samrun.testing.waiting import eventually

APP = Path(__file__).parents[1] / "apps" / "durable"

pytestmark = [pytest.mark.xdist_group("durable-stack"), pytest.mark.emulated_aws]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with RunningStack(APP, tmp_path_factory.mktemp("durable") / "data") as stack:
        yield stack


def _asked(stack: RunningStack) -> dict[str, str]:
    """Return the question of an execution that waits for its answer."""
    sqs = client("sqs", stack.endpoints["aws"])
    url = sqs.get_queue_url(QueueName="approvals")["QueueUrl"]
    [message] = eventually(
        lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages"), what="the question"
    )
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    asked: dict[str, str] = json.loads(message["Body"])
    return asked


def _approve(lambda_: Any, asked: dict[str, str], answer: str) -> None:
    lambda_.send_durable_execution_callback_success(CallbackId=asked["id"], Result=json.dumps(answer))


def test_invocation_of_a_durable_function_waits_until_its_execution_ends(stack: RunningStack) -> None:
    lambda_ = client("lambda", stack.endpoints["lambda"])
    with ThreadPoolExecutor(1) as caller:
        answer = caller.submit(lambda_.invoke, FunctionName="Approval:live", Payload=b'{"thing": "apple"}')
        _approve(lambda_, _asked(stack), "by Ada")
        invoked = answer.result()
    assert json.loads(json.load(invoked["Payload"])["approved"]) == "by Ada"
    execution = lambda_.get_durable_execution(DurableExecutionArn=invoked["DurableExecutionArn"])
    assert execution["Status"] == "SUCCEEDED"
    # The code ran again after the wait and after the answer; its steps did not.
    assert len(stack.logged("asked for the price, once")) == 1


def test_execution_of_a_name_starts_once(stack: RunningStack) -> None:
    lambda_ = client("lambda", stack.endpoints["lambda"])
    named = {"FunctionName": "Approval", "InvocationType": "Event", "DurableExecutionName": "once"}
    first = lambda_.invoke(**named, Payload=b'{"thing": "apple"}')
    repeated = lambda_.invoke(**named, Payload=b'{"thing": "apple"}')
    assert first["DurableExecutionArn"] == repeated["DurableExecutionArn"]
    with pytest.raises(lambda_.exceptions.DurableExecutionAlreadyStartedException):
        lambda_.invoke(**named, Payload=b'{"thing": "pear"}')
    _approve(lambda_, _asked(stack), "yes")


def test_execution_that_fails_is_the_error_of_its_invocation(stack: RunningStack) -> None:
    invoked = client("lambda", stack.endpoints["lambda"]).invoke(FunctionName="Approval", Payload=b'{"thing": "moon"}')
    assert invoked["FunctionError"] == "Unhandled"
    assert "moon" in json.load(invoked["Payload"])["errorMessage"]


def test_trigger_starts_an_execution_and_keeps_its_message_until_that_ends(stack: RunningStack) -> None:
    sqs = client("sqs", stack.endpoints["aws"])
    url = sqs.get_queue_url(QueueName="Orders")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"thing": "apple"}))
    asked = _asked(stack)

    def left() -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(map(int, counts.values()))

    assert left() == 1
    _approve(client("lambda", stack.endpoints["lambda"]), asked, "yes")
    eventually(lambda: left() == 0, what="the message to be deleted")


def test_reset_ends_executions_and_forgets_their_names(stack: RunningStack) -> None:
    lambda_ = client("lambda", stack.endpoints["lambda"])
    named = {"FunctionName": "Approval", "InvocationType": "Event", "DurableExecutionName": "ended"}
    arn = lambda_.invoke(**named, Payload=b'{"thing": "apple"}')["DurableExecutionArn"]
    _asked(stack)
    stack.reset()
    assert lambda_.get_durable_execution(DurableExecutionArn=arn)["Status"] == "STOPPED"
    assert lambda_.invoke(**named, Payload=b'{"thing": "apple"}')["DurableExecutionArn"] != arn
    _approve(lambda_, _asked(stack), "yes")


def _execution(stack: RunningStack, thing: str) -> dict[str, Any]:
    """Return an execution of the state machine that has ended."""
    machines = client("stepfunctions", stack.endpoints["aws"])
    arn = "arn:aws:states:us-east-1:123456789012:stateMachine:pricing"
    started = machines.start_execution(stateMachineArn=arn, input=json.dumps({"thing": thing}))["executionArn"]

    def ended() -> dict[str, Any] | None:
        execution: dict[str, Any] = machines.describe_execution(executionArn=started)
        return None if execution["status"] == "RUNNING" else execution

    return eventually(ended, what="the end of the execution")


def test_state_machine_calls_the_functions_and_the_tables_of_the_stack(stack: RunningStack) -> None:
    execution = _execution(stack, "apple")
    assert execution["status"] == "SUCCEEDED"
    assert json.loads(execution["output"])["found"]["Payload"] == {"price": 3}
    dynamodb = client("dynamodb", stack.endpoints["dynamodb"])
    assert dynamodb.get_item(TableName="Found", Key={"thing": {"S": "apple"}})["Item"]["price"] == {"N": "3"}


def test_error_of_a_function_is_caught_by_its_state(stack: RunningStack) -> None:
    execution = _execution(stack, "moon")
    assert (execution["status"], execution["error"]) == ("FAILED", "Unknown")


def test_rule_starts_a_state_machine(stack: RunningStack) -> None:
    dynamodb = client("dynamodb", stack.endpoints["dynamodb"])
    dynamodb.delete_item(TableName="Found", Key={"thing": {"S": "apple"}})
    entry = {"Source": "shop", "DetailType": "asked", "Detail": json.dumps({"thing": "apple"})}
    client("events", stack.endpoints["aws"]).put_events(Entries=[entry])
    eventually(lambda: "Item" in dynamodb.get_item(TableName="Found", Key={"thing": {"S": "apple"}}), what="the item")


def test_everything_of_the_template_runs(stack: RunningStack) -> None:
    assert stack.logged("not run here") == []
