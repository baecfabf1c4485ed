"""The local AWS in a process of its own, for the tests that speak to it over HTTP."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from samrun.services.mail_store import MailStore


@dataclass(frozen=True, kw_only=True)
class LocalAws:
    """Its URL, the mails that it kept, and a maker of boto3 clients for it."""

    url: str
    mails: MailStore
    client: Callable[[Any], Any]
