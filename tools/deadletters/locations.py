"""Where the dead letters are, and the function that can deliver them: on this machine, or of a stack in AWS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from local import settings, template
from local.endpoints import Endpoints
from local.errors import PlainError
from local.services import CREDENTIALS

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

# Logical ids in template.yaml.
FUNCTION, QUEUE, BUCKET = "NotifyFunction", "DeadLetterQueue", "DeadLetterBucket"

# An invocation is not repeated by the client, which would not know what became of the first. Seconds.
_ONCE = Config(read_timeout=50, retries={"mode": "standard", "total_max_attempts": 1})
_ON_THIS_MACHINE = Config(proxies={})


class PlacesError(PlainError):
    """The stack does not run, or has not what belongs to dead letters."""


@dataclass(frozen=True, kw_only=True)
class Places:
    """The queue, the bucket and the function, by name, with the clients that reach them."""

    sqs: SQSClient
    s3: S3Client
    functions: LambdaClient
    queue_url: str
    bucket: str
    function: str


def on_this_machine(data: Path, template_path: Path) -> Places:
    """Return those of the stack that runs on a data folder. Raises PlainError."""
    endpoints = Endpoints.read(data)
    if endpoints.lambda_ is None:
        raise PlacesError(f"The stack on {data} runs without functions: start it with `make run` to replay.")
    project = settings.read(["--data", str(data), "--template", str(template_path)])
    application = template.load(
        template_path,
        parameters=endpoints.fill_in(project.parameters),
        region=project.region,
        aws=endpoints.aws,
    )
    names = {resource.logical_id: resource.name for resource in application.resources}
    if missing := {QUEUE, BUCKET} - names.keys():
        raise PlacesError(f"{template_path} declares no {' and no '.join(sorted(missing))}.")
    session = boto3.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=project.region,
    )
    sqs = session.client("sqs", endpoint_url=endpoints.aws, config=_ON_THIS_MACHINE)
    return Places(
        sqs=sqs,
        s3=session.client("s3", endpoint_url=endpoints.aws, config=_ON_THIS_MACHINE),
        functions=session.client("lambda", endpoint_url=endpoints.lambda_, config=_ONCE.merge(_ON_THIS_MACHINE)),
        queue_url=sqs.get_queue_url(QueueName=names[QUEUE])["QueueUrl"],
        bucket=names[BUCKET],
        function=FUNCTION,
    )


def deployed(stack: str, *, region: str | None) -> Places:
    """Return those of a stack of CloudFormation's, found with the credentials and, without `region`, the region that
    the environment has.

    Raises PlacesError.
    """
    session = boto3.Session(region_name=region)
    try:
        resources = session.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    except ClientError as error:
        raise PlacesError(f"The stack {stack} cannot be looked up: {error}") from error
    names = {each["LogicalResourceId"]: each.get("PhysicalResourceId", "") for each in resources}
    if missing := {FUNCTION, QUEUE, BUCKET} - names.keys():
        raise PlacesError(f"The stack {stack} has no {' and no '.join(sorted(missing))}: is it one of template.yaml?")
    return Places(
        sqs=session.client("sqs"),
        s3=session.client("s3"),
        functions=session.client("lambda", config=_ONCE),
        queue_url=names[QUEUE],
        bucket=names[BUCKET],
        function=names[FUNCTION],
    )
