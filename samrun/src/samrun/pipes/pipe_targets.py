"""Targets of pipes that are services of the local AWS, or API destinations.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-target.html
"""

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from samrun.errors import SamrunError
from samrun.event_triggers.destination_request import send_to_api_destination
from samrun.pipes.pipe_input import parameter
from samrun.services.clients import Clients
from samrun.services.message_sender import send_message, service_of, start_execution
from samrun.template.model.pipes import Pipe, PipeStep

# Seconds. An Express workflow takes 5 minutes at most.
_MAX_EXECUTION = 300.0
_POLL = 0.1

FIRE_AND_FORGET = "FIRE_AND_FORGET"


class PipeError(SamrunError):
    """The enrichment or the target of a pipe failed; the message says which, and why."""


def as_body(value: Any) -> str:
    """Return what a service gets: a text as it is, and any other value as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def send_events(pipe: Pipe, events: Sequence[Any], inputs: Sequence[Any], client: Clients) -> None:
    """Send the inputs that were made of the events to the target. For a thread.

    Raises PipeError, ApiDestinationError and the errors of boto3.
    """
    step = pipe.target
    if service_of(step.arn) == "states":
        run_state_machine(step, list(inputs), client)
        return
    for event, value in zip(events, inputs, strict=True):
        if step.destination is not None:
            send_to_api_destination(step.destination, json.dumps(value), step.parameters)
        else:
            _send(pipe, event, value, client)


def run_state_machine(step: PipeStep, value: Any, client: Clients) -> Any:
    """Run a state machine with the value. Return its output, or None if nobody waits for it. Raises PipeError."""
    if step.parameters.get("InvocationType") == FIRE_AND_FORGET:
        start_execution(step.arn, json.dumps(value), client)
        return None
    machines = client("stepfunctions")
    arn = machines.start_execution(stateMachineArn=step.arn, input=json.dumps(value))["executionArn"]
    ends = time.monotonic() + _MAX_EXECUTION
    while True:
        execution = machines.describe_execution(executionArn=arn)
        if execution["status"] == "SUCCEEDED":
            return json.loads(execution.get("output") or "null")
        if execution["status"] != "RUNNING" or time.monotonic() > ends:
            raise PipeError(f"{step.arn}: {execution.get('error', execution['status'])} {execution.get('cause', '')}")
        time.sleep(_POLL)


def _send(pipe: Pipe, event: Any, value: Any, client: Clients) -> None:
    arn = pipe.target.arn
    given = {name: parameter(each, event) for name, each in pipe.target.parameters.items()}
    match service_of(arn):
        case "sqs":
            options = {name: given[name] for name in ("MessageGroupId", "MessageDeduplicationId") if name in given}
            send_message(arn, as_body(value), client, **options)
        case "sns":
            send_message(arn, as_body(value), client)
        case "kinesis":
            client("kinesis").put_record(
                StreamARN=arn, Data=as_body(value).encode(), PartitionKey=str(given.get("PartitionKey", pipe.name))
            )
        case "logs":
            _log(arn, as_body(value), given, client)
        case _:
            _put_event(pipe, value, given, client)


def _put_event(pipe: Pipe, value: Any, given: Mapping[str, Any], client: Clients) -> None:
    entry = {
        "EventBusName": pipe.target.arn,
        "Source": given.get("Source", f"Pipe {pipe.name}"),
        "DetailType": given.get("DetailType", f"Event from aws:{service_of(pipe.source_arn)}"),
        "Detail": as_body(value),
        "Resources": given.get("Resources", []),
    }
    [answer] = client("events").put_events(Entries=[entry])["Entries"]
    if "ErrorCode" in answer:  # the call itself succeeds
        raise PipeError(f"{pipe.target.arn}: {answer['ErrorCode']} {answer.get('ErrorMessage', '')}")


def _log(arn: str, text: str, given: Mapping[str, Any], client: Clients) -> None:
    logs, group = client("logs"), arn.split(":")[6]
    stream = str(given.get("LogStreamName", "events"))
    with suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName=group)
    with suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    try:
        logs.put_log_events(
            logGroupName=group,
            logStreamName=stream,
            logEvents=[{"timestamp": int(time.time() * 1000), "message": text}],
        )
    except ClientError as error:
        raise PipeError(f"{arn}: {error}") from error
