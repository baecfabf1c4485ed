"""The local AWS: clients of it, and a process of it without a stack."""

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
from samrun.supervision.process import Process
from samrun.template.model.application import Application
from samrun.testing.killable_service import KillableService

__all__ = ["CREDENTIALS", "REGION", "LocalAws", "client", "create_declared", "running_aws"]

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


def create_declared(application: Application, endpoint: str) -> None:
    """Create what an application declares, but for its tables, in the local AWS at the URL `endpoint`."""
    declared = [each for each in application.resources if each.type != "AWS::DynamoDB::Table"]
    resources.create_resources(declared, lambda service: client(service, endpoint))


class LocalAws(KillableService):
    """The local AWS (moto) at `url`, with its mails and logs in `folder`; used by one thread.

    The mails stay when it ends. Queues, buckets and all else are in its memory: `create_declared` creates them again.

    A context manager: leaving it ends the process, in whatever state it is.
    """

    def __init__(self, folder: Path, *, port: int = 0) -> None:
        """Start it on `port` (0: a free one)."""
        self._port = ports.claim("aws", port)
        self.url = url(self._port)
        self.mails = folder / "mails"
        super().__init__(folder, name="the local AWS")

    async def _start(self, folder: Path) -> Process:
        return await moto_server.start(
            port=self._port,
            addresses=[ports.LOOPBACK],
            mails=self.mails,
            text_messages=folder / "text-messages",
            logs=folder / "logs",
        )

    async def _wait_until_ready(self) -> None:
        await moto_server.wait_until_ready(self._port)


@contextmanager
def running_aws(folder: Path) -> Iterator[str]:
    """Run the local AWS on a free port, with its mails and logs in `folder`, and yield its URL."""
    with LocalAws(folder) as aws:
        yield aws.url
