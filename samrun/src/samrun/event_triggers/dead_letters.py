"""Dead letters of rules: the events that a target cannot get go to the queue of its DeadLetterConfig.

The errors of a function are none of these: it has accepted the event then, and its own DeadLetterConfig or
destination gets it. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from samrun.event_triggers.destination_request import ApiDestinationError
from samrun.event_triggers.target_input import TransformError
from samrun.services.clients import Clients
from samrun.services.message_sender import send_message

TargetError = BotoCoreError | ClientError | ApiDestinationError | TransformError

_NO_RESOURCE = {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "NotFound", "ResourceNotFoundException"}


@dataclass(frozen=True, kw_only=True)
class UndeliveredEvent:
    """An event that a target did not get. `source` is the logical id of the rule, and `queue` the ARN of the queue."""

    event: Mapping[str, Any]
    source: str
    rule_arn: str
    target_arn: str
    queue: str | None
    error: TargetError


def send_dead_letter(undelivered: UndeliveredEvent, *, client: Clients, report: Callable[[str], None]) -> None:
    """Send the event to the queue, if there is one. `report` takes lines about the errors.

    EventBridge tries for a day before if the error may pass. Here, an event is sent once.
    """
    report(f"{undelivered.source} could not send an event to {undelivered.target_arn}: {undelivered.error}")
    if undelivered.queue is None:
        return
    attributes = {
        "RULE_ARN": undelivered.rule_arn,
        "TARGET_ARN": undelivered.target_arn,
        "ERROR_CODE": _code(undelivered.error),
        "ERROR_MESSAGE": str(undelivered.error),
        "RETRY_ATTEMPTS": "0",
    }
    texts = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
    try:
        send_message(undelivered.queue, json.dumps(undelivered.event), client, MessageAttributes=texts)
    except (BotoCoreError, ClientError) as error:
        report(f"{undelivered.source} could not send an event to {undelivered.queue} either; it is lost: {error}")


def _code(error: TargetError) -> str:
    """Return the code that EventBridge has for an error."""
    if isinstance(error, TransformError):
        return "INVALID_JSON"
    if isinstance(error, ClientError):
        return "NO_RESOURCE" if error.response["Error"]["Code"] in _NO_RESOURCE else "SDK_CLIENT_ERROR"
    return "SDK_CLIENT_ERROR" if isinstance(error, ApiDestinationError) else "CONNECTION_FAILURE"
