"""DynamoDB Local that a test may stop, freeze and start again; and a table, read from outside the functions."""

from pathlib import Path
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from samrun.endpoints import url
from samrun.services import dynamodb, resources
from samrun.supervision import ports
from samrun.supervision.process import Process
from samrun.template.model.application import Application
from samrun.testing.aws import client
from samrun.testing.killable_service import KillableService, class_path

_deserialize = TypeDeserializer().deserialize


class Database(KillableService):
    """DynamoDB Local at `url`, with its data in `folder`; used by one thread.

    A context manager: leaving it ends the process, in whatever state it is.
    """

    def __init__(self, folder: Path, *, port: int = 0) -> None:
        """Start it on `port` (0: a free one)."""
        self._port = ports.claim("dynamodb", port)
        self.url = url(self._port)
        super().__init__(folder, name="DynamoDB")

    async def _start(self, folder: Path) -> Process:
        return await dynamodb.start(
            port=self._port,
            class_path=await class_path(dynamodb.PROGRAM),
            data=folder / "data",
            logs=folder / "logs",
            shared=True,
        )

    async def _wait_until_ready(self) -> None:
        await dynamodb.wait_until_ready(self._port)

    def create_tables(self, application: Application) -> None:
        """Create the tables that an application declares; those that exist stay as they are."""
        tables = [each for each in application.resources if each.type == "AWS::DynamoDB::Table"]
        resources.create_resources(tables, lambda service: client(service, self.url))


class Table:
    """The table `name` of the DynamoDB at the URL `endpoint`."""

    def __init__(self, endpoint: str, name: str) -> None:
        self._name = name
        self._client = client("dynamodb", endpoint)

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def scan(self, **options: Any) -> list[dict[str, Any]]:
        """Return all items without DynamoDB's types; with `IndexName`, those of an index."""
        return scan(self._client, self._name, **options)


def scan(dynamodb: Any, table: str, **options: Any) -> list[dict[str, Any]]:
    """Return all items of a table without DynamoDB's types, by a boto3 client; `options` are those of its `scan`."""
    pages = dynamodb.get_paginator("scan").paginate(TableName=table, **options)
    return [{name: _deserialize(value) for name, value in item.items()} for page in pages for item in page["Items"]]
