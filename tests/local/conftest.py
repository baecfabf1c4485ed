"""The local AWS in a process of its own, for the tests that speak to it over HTTP."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from local import aws, ports
from local.endpoints import url
from local.mails import MailStore


@dataclass(frozen=True, kw_only=True)
class LocalAws:
    """Where it is, what mails it kept, and a maker of boto3 clients for it."""

    url: str
    mails: MailStore
    client: Callable[[Any], Any]


@pytest.fixture(scope="session")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    folder = tmp_path_factory.mktemp("aws")
    port = ports.claim("aws", 0)
    session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name="eu-central-1")
    with asyncio.Runner() as runner:
        process = runner.run(
            aws.start(port=port, addresses=[ports.LOOPBACK], mails=folder / "mails", logs=folder / "logs")
        )
        try:
            runner.run(aws.ready(port))
            yield LocalAws(
                url=url(port),
                mails=MailStore(folder / "mails"),
                client=lambda service: session.client(service, endpoint_url=url(port)),
            )
        finally:
            runner.run(process.stop())
