"""The local AWS: clients of it, and a process of it without a stack."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from samrun.endpoints import url
from samrun.services import moto_server, resources
from samrun.services.clients import CREDENTIALS
from samrun.supervision import ports
from samrun.template.model.application import Application

__all__ = ["CREDENTIALS", "REGION", "client", "create_queues", "running_aws"]

REGION = "us-east-1"


def client(service: Any, endpoint: str, **options: Any) -> Any:
    """Return a boto3 client of a service that is at the URL `endpoint`; `options` are those of botocore's Config.

    It goes through no proxy, and its credentials are those that samrun gives functions.
    """
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=Config(proxies={}, **options),
    )


def create_queues(application: Application, endpoint: str) -> None:
    """Create the queues that an application declares, in the local AWS at the URL `endpoint`."""
    queues = [each for each in application.resources if each.type == "AWS::SQS::Queue"]
    resources.create_resources(queues, lambda service: client(service, endpoint))


@contextmanager
def running_aws(folder: Path) -> Iterator[str]:
    """Run the local AWS on a free port, with its mails and logs in `folder`, and yield its URL."""
    port = ports.claim("aws", 0)
    with asyncio.Runner() as runner:
        process = runner.run(
            moto_server.start(port=port, addresses=[ports.LOOPBACK], mails=folder / "mails", logs=folder / "logs")
        )
        try:
            runner.run(moto_server.wait_until_ready(port))
            yield url(port)
        finally:
            runner.run(process.stop())
