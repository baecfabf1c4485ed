"""The local AWS in a process of its own, for the tests that speak to it over HTTP."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from local.mails import MailStore
from tests.local_aws import running


@dataclass(frozen=True, kw_only=True)
class LocalAws:
    """Where it is, what mails it kept, and a maker of boto3 clients for it."""

    url: str
    mails: MailStore
    client: Callable[[Any], Any]


@pytest.fixture(scope="session")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    folder = tmp_path_factory.mktemp("aws")
    session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name="eu-central-1")
    with running(folder) as url:
        yield LocalAws(
            url=url,
            mails=MailStore(folder / "mails"),
            client=lambda service: session.client(service, endpoint_url=url),
        )
