"""Locations of the dead letters of a stack, on this machine or in AWS, and the function that processes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from samrun import CREDENTIALS, Endpoints, UserError, load_application, region
from tools.stack_outputs import stack_outputs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from tools.deadletters.replay import FunctionClient

# Logical ids in template.yaml.
FUNCTION, QUEUE, BUCKET = "NotifyFunction", "DeadLetterQueue", "DeadLetterBucket"
# Outputs of template.yaml.
_FUNCTION_NAME, _QUEUE_URL, _BUCKET_NAME = "NotifyFunctionName", "DeadLetterQueueUrl", "DeadLetterBucketName"

# The client must not repeat an invocation, because it cannot know the result of the first. Seconds.
_ONCE = Config(read_timeout=50, retries={"mode": "standard", "total_max_attempts": 1})
_ON_THIS_MACHINE = Config(proxies={})


class LocationsError(UserError):
    """The stack on this machine does not run, or lacks the queue, the bucket or the function."""


@dataclass(frozen=True, kw_only=True)
class Locations:
    """The names of the queue, the bucket and the function, with the clients that reach them."""

    sqs: SQSClient
    s3: S3Client
    functions: FunctionClient
    queue_url: str
    bucket: str
    function: str


def on_this_machine(data: Path, template_path: Path) -> Locations:
    """Return the locations of the stack that runs on a data folder. Raises UserError."""
    endpoints = Endpoints.read(data)
    if endpoints.lambda_ is None:
        raise LocationsError(f"The stack on {data} runs without functions. To replay, start it with `make run`.")
    names = local_names(data, template_path, {QUEUE, BUCKET})
    session = _local_session()
    sqs = session.client("sqs", endpoint_url=endpoints.aws, config=_ON_THIS_MACHINE)
    return Locations(
        sqs=sqs,
        s3=session.client("s3", endpoint_url=endpoints.aws, config=_ON_THIS_MACHINE),
        functions=session.client("lambda", endpoint_url=endpoints.lambda_, config=_ONCE.merge(_ON_THIS_MACHINE)),
        queue_url=sqs.get_queue_url(QueueName=names[QUEUE])["QueueUrl"],
        bucket=names[BUCKET],
        function=FUNCTION,
    )


def local_names(data: Path, template_path: Path, wanted: AbstractSet[str]) -> Mapping[str, str]:
    """Return the names of the resources of the stack on a data folder, by logical id. Raises UserError.

    Those of `wanted` are among them.
    """
    application = load_application(template_path, endpoints=Endpoints.read(data))
    names = {resource.logical_id: resource.name for resource in application.resources}
    if missing := wanted - names.keys():
        raise LocationsError(f"{template_path} declares no {' and no '.join(sorted(missing))}.")
    return names


def local_dynamodb(data: Path) -> DynamoDBClient:
    """Build a client of the DynamoDB of the stack that runs on a data folder. Raises UserError."""
    endpoint = Endpoints.read(data).dynamodb
    return _local_session().client("dynamodb", endpoint_url=endpoint, config=_ON_THIS_MACHINE)


def _local_session() -> boto3.Session:
    return boto3.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=region(),
    )


def deployed(stack: str, *, region: str | None) -> Locations:
    """Return the locations of a CloudFormation stack. Raises StackOutputsError.

    The credentials are the environment's, and so is the region if `region` is None.
    """
    session = boto3.Session(region_name=region)
    outputs = stack_outputs(session, stack, {_FUNCTION_NAME, _QUEUE_URL, _BUCKET_NAME})
    return Locations(
        sqs=session.client("sqs"),
        s3=session.client("s3"),
        functions=session.client("lambda", config=_ONCE),
        queue_url=outputs[_QUEUE_URL],
        bucket=outputs[_BUCKET_NAME],
        function=outputs[_FUNCTION_NAME],
    )
