"""The local AWS in a process of its own, for the tests that speak to it over HTTP."""

from collections.abc import Iterator

import boto3
import pytest

from samrun.services.mail_store import MailStore
from samrun.services.text_message_store import TextMessageStore
from samrun.testing.aws import running_aws
from support.local_aws import LocalAws


@pytest.fixture(scope="session")
def local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    folder = tmp_path_factory.mktemp("aws")
    session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name="eu-central-1")
    with running_aws(folder) as url:
        yield LocalAws(
            url=url,
            mails=MailStore(folder / "mails"),
            text_messages=TextMessageStore(folder / "text-messages"),
            client=lambda service: session.client(service, endpoint_url=url),
        )
