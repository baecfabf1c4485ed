"""Locations of a customer's personal data in a stack, on this machine or in AWS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3

from tools.deadletters import locations as dead_letter_locations
from tools.stack_outputs import stack_outputs

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_dynamodb import DynamoDBClient

    from tools.deadletters.locations import Locations

# Logical ids in template.yaml.
ORDERS, FEEDBACK_QUEUE = "OrdersTable", "FeedbackDeadLetterQueue"
# Outputs of template.yaml.
_ORDERS_NAME, _FEEDBACK_QUEUE_URL = "OrdersTableName", "FeedbackDeadLetterQueueUrl"


@dataclass(frozen=True, kw_only=True)
class PersonalDataLocations:
    """The table of orders, the dead letters, and the queue of SES's reports, with the clients that reach them."""

    dynamodb: DynamoDBClient
    orders: str
    dead_letters: Locations
    feedback_queue_url: str


def on_this_machine(data: Path, template_path: Path) -> PersonalDataLocations:
    """Return the locations of the stack that runs on a data folder. Raises UserError."""
    dead_letters = dead_letter_locations.on_this_machine(data, template_path)
    names = dead_letter_locations.local_names(data, template_path, {ORDERS, FEEDBACK_QUEUE})
    return PersonalDataLocations(
        dynamodb=dead_letter_locations.local_dynamodb(data),
        orders=names[ORDERS],
        dead_letters=dead_letters,
        feedback_queue_url=dead_letters.sqs.get_queue_url(QueueName=names[FEEDBACK_QUEUE])["QueueUrl"],
    )


def deployed(stack: str, *, region: str | None) -> PersonalDataLocations:
    """Return the locations of a CloudFormation stack, by the environment's credentials. Raises StackOutputsError."""
    session = boto3.Session(region_name=region)
    outputs = stack_outputs(session, stack, {_ORDERS_NAME, _FEEDBACK_QUEUE_URL})
    return PersonalDataLocations(
        dynamodb=session.client("dynamodb"),
        orders=outputs[_ORDERS_NAME],
        dead_letters=dead_letter_locations.deployed(stack, region=region),
        feedback_queue_url=outputs[_FEEDBACK_QUEUE_URL],
    )
