"""A DynamoDB in a test's own hands, with the template's table of orders: to be stopped, frozen and started again."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import boto3
from botocore.config import Config

from local import dynamodb, java, resources
from local.endpoints import url
from local.model import Application
from local.services import CREDENTIALS

if TYPE_CHECKING:
    from local.process import Process


class Database:
    """DynamoDB Local on a free port, with its data in `folder` and the tables of `application`; used by one thread.

    A context manager: leaving it ends the process, in whatever state it is.
    """

    def __init__(self, folder: Path, *, port: int, application: Application) -> None:
        self._folder = folder
        self._port = port
        self._process: Process | None = None
        self._runner = asyncio.Runner()
        try:
            self.start()
            tables = [each for each in application.resources if each.type == "AWS::DynamoDB::Table"]
            resources.make(tables, self._client)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start it, again or for the first time, on the same port and data; wait until it answers."""
        assert self._process is None, "DynamoDB runs already"
        self._runner.run(self._start())

    async def _start(self) -> None:
        class_paths = await java.class_paths(
            [dynamodb.PROGRAM], remembered=Path(sys.prefix, "java-programs.json"), progress=print
        )
        self._process = await dynamodb.start(
            port=self._port,
            class_path=class_paths[dynamodb.PROGRAM],
            data=self._folder / "data",
            logs=self._folder / "logs",
        )
        await dynamodb.ready(self._port)

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        assert self._process, "DynamoDB does not run"
        self._runner.run(self._process.stop())
        self._process = None

    def freeze(self) -> None:
        """Stop its time (SIGSTOP): connections are made, but nothing is answered."""
        assert self._process, "DynamoDB does not run"
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on (SIGCONT); it then works off what has arrived meanwhile."""
        assert self._process, "DynamoDB does not run"
        os.kill(self._process.pid, signal.SIGCONT)

    def close(self) -> None:
        """End it for good; it may have ended already."""
        if self._process:
            os.kill(self._process.pid, signal.SIGKILL)
            self.stop()
        self._runner.close()

    def _client(self, service: Any) -> Any:
        return boto3.client(
            service,
            endpoint_url=url(self._port),
            region_name="us-east-1",
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=Config(proxies={}),
        )
