"""The local AWS in a process of its own, for the tests that speak to it over HTTP."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from samrun.services.mail_store import MailStore
from samrun.services.text_message_store import TextMessageStore


@dataclass(frozen=True, kw_only=True)
class LocalAws:
    """Its URL, the mails and text messages that it kept, and a maker of boto3 clients for it."""

    url: str
    mails: MailStore
    text_messages: TextMessageStore
    client: Callable[[Any], Any]
